from tests.desktop.approvals.program import program  # noqa: F401
