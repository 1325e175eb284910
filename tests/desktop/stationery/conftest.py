from tests.desktop.approvals.program import program  # noqa: F401
from tests.server.transcripts.conftest import data, keys, record  # noqa: F401
