from tests.server.transcripts.conftest import data, keys, record  # noqa: F401
