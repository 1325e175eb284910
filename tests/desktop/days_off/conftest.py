from tests.desktop.approvals.program import program  # noqa: F401
from tests.support.signed_in import sign_in  # noqa: F401
