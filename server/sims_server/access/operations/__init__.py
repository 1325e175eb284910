"""What can be done about access: sign in and out, passwords, one-time codes, accounts, roles, settings."""

from sims_server.access.operations.accounts import (
    change_account,
    change_role,
    create_account,
    create_role,
    delete_account,
    delete_role,
    end_sessions,
    put_setting,
    ship_roles,
)
from sims_server.access.operations.delegating import delegate_role, revoke_delegation
from sims_server.access.operations.signing_in import (
    change_password,
    check_code_of_now,
    confirm_otp,
    end_session,
    enroll_otp,
    open_session,
    refresh_session,
    sign_in,
    sign_out,
)

__all__ = [
    "change_account",
    "change_password",
    "change_role",
    "check_code_of_now",
    "confirm_otp",
    "create_account",
    "create_role",
    "delegate_role",
    "delete_account",
    "delete_role",
    "end_session",
    "end_sessions",
    "enroll_otp",
    "open_session",
    "put_setting",
    "refresh_session",
    "revoke_delegation",
    "ship_roles",
    "sign_in",
    "sign_out",
]
