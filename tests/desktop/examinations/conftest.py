from tests.desktop.approvals.program import program  # noqa: F401
from tests.server.examinations.conftest import scene  # noqa: F401
from tests.support.signed_in import sign_in  # noqa: F401
