"""Routes of access."""

from __future__ import annotations

from sims_shared.access import (
    AccountView, ChangeAccount, ChangePassword, ChangeRole, ConfirmOtp, CreateAccount, CreateRole, DeleteRole, EndSession, EnrollOtp, Hello,
    OtpInvalid, OtpRequired, OtpSecret, PasswordTooWeak, Permission, PutSetting, RecoveryCodes, RefreshInvalid, RefreshSession, RoleInUse,
    RoleUnknown, RoleView, SessionList, SettingUnknown, SettingView, SignIn, SignInInvalid, SignOut, Tokens, TooManyAttempts, User, UsernameTaken,
)  # fmt: skip

from sims_server.access import operations, queries
from sims_server.kernel.http import command, listing, read

routes = [
    read("/api/hello/", queries.hello, Hello, permission=None, anonymous=True),
    command("POST", "/api/auth/token/", SignIn, operations.sign_in, Tokens, anonymous=True, refusals=(SignInInvalid, OtpRequired, TooManyAttempts)),
    command("POST", "/api/auth/token/refresh/", RefreshSession, operations.refresh_session, Tokens, anonymous=True, refusals=(RefreshInvalid,)),
    command("POST", "/api/auth/logout/", SignOut, operations.sign_out, None, status=204),
    read("/api/auth/me/", queries.me, User, permission=None),
    read("/api/auth/sessions/", queries.own_sessions, SessionList, permission=None),
    command("DELETE", "/api/auth/sessions/{session_id:str}/", EndSession, operations.end_session, None, status=204),
    command("POST", "/api/auth/password/", ChangePassword, operations.change_password, None, status=204, refusals=(SignInInvalid, PasswordTooWeak)),
    command("POST", "/api/auth/otp/enroll/", EnrollOtp, operations.enroll_otp, OtpSecret, refusals=(OtpInvalid,)),
    command("POST", "/api/auth/otp/confirm/", ConfirmOtp, operations.confirm_otp, RecoveryCodes, refusals=(OtpInvalid,)),
    listing("/api/accounts/", queries.ACCOUNTS, AccountView, permission=Permission.READ_ACCOUNTS),
    read("/api/accounts/{id:int}/", queries.get_account, AccountView, permission=Permission.READ_ACCOUNTS),
    command("POST", "/api/accounts/", CreateAccount, operations.create_account, AccountView, status=201, location=lambda view: f"/api/accounts/{view.id}/", refusals=(UsernameTaken, RoleUnknown, PasswordTooWeak)),
    command("PATCH", "/api/accounts/{id:int}/", ChangeAccount, operations.change_account, AccountView, locate=queries.get_account, view=queries.get_account, refusals=(RoleUnknown, PasswordTooWeak)),
    listing("/api/roles/", queries.ROLES, RoleView, permission=Permission.READ_ACCOUNTS),
    read("/api/roles/{id:int}/", queries.get_role, RoleView, permission=Permission.READ_ACCOUNTS),
    command("POST", "/api/roles/", CreateRole, operations.create_role, RoleView, status=201, location=lambda view: f"/api/roles/{view.id}/"),
    command("PATCH", "/api/roles/{id:int}/", ChangeRole, operations.change_role, RoleView, locate=queries.get_role, view=queries.get_role),
    command("DELETE", "/api/roles/{id:int}/", DeleteRole, operations.delete_role, None, status=204, locate=queries.get_role, view=queries.get_role, refusals=(RoleInUse,)),
    listing("/api/settings/", queries.SETTINGS, SettingView, permission=Permission.MANAGE_SETTINGS),
    read("/api/settings/{key:str}/", queries.get_setting, SettingView, permission=Permission.MANAGE_SETTINGS),
    command("PATCH", "/api/settings/{key:str}/", PutSetting, operations.put_setting, SettingView, refusals=(SettingUnknown,)),
    command("POST", "/api/settings/", PutSetting, operations.put_setting, SettingView, status=201, refusals=(SettingUnknown,)),
]
