"""Accounts, the roles they hold, and the institution's settings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from sims_server.access import queries
from sims_server.access.model import account, role
from sims_server.access.rules import SHIPPED_ROLES, check_codes, check_grants, check_password, check_setting
from sims_server.kernel.database import DEFAULT_SETTINGS
from sims_server.kernel.execute import operation
from sims_server.kernel.secrets import (
    hash_password,
)
from sims_server.kernel.work import Work
from sims_shared.access import (
    AccountInUse,
    AccountView,
    ChangeAccount,
    ChangeRole,
    CreateAccount,
    CreateRole,
    DeleteAccount,
    DeleteRole,
    EndSessions,
    Permission,
    PutSetting,
    RoleGrant,
    RoleUnknown,
    RoleView,
    SettingUnknown,
    SettingView,
)  # fmt: skip


def _put_grants(work: Work, account_id: int, grants: Iterable[RoleGrant]) -> None:
    wanted = list(grants)
    known = {row["name"]: row["id"] for row in work.rows("SELECT id, name FROM role")}
    for grant in wanted:
        if grant.role not in known:
            raise RoleUnknown(f"There is no role “{grant.role}”.")
    ids = [known[grant.role] for grant in wanted]
    departments = [grant.department_id for grant in wanted]
    check_grants(wanted)
    # What others have lent is theirs to take back.
    work.run(
        "DELETE FROM account_role g WHERE g.account_id = %(account)s AND g.delegation_id IS NULL "
        "AND NOT EXISTS (SELECT FROM "
        "unnest(%(roles)s::bigint[], %(departments)s::bigint[]) w (r, d) "
        "WHERE w.r = g.role_id AND w.d IS NOT DISTINCT FROM g.department_id)",
        account=account_id,
        roles=ids,
        departments=departments,
    )
    work.run(
        "INSERT INTO account_role AS g (account_id, role_id, department_id, valid_from, valid_until) "
        "SELECT %(account)s, r, d, f, u FROM unnest(%(roles)s::bigint[], %(departments)s::bigint[], "
        "%(first)s::date[], %(last)s::date[]) w (r, d, f, u) "
        "ON CONFLICT (account_id, role_id, department_id, delegation_id) DO UPDATE "
        "SET valid_from = EXCLUDED.valid_from, valid_until = EXCLUDED.valid_until "
        "WHERE (g.valid_from, g.valid_until) IS DISTINCT FROM (EXCLUDED.valid_from, EXCLUDED.valid_until)",
        account=account_id,
        roles=ids,
        departments=departments,
        first=[grant.valid_from or None for grant in wanted],
        last=[grant.valid_until or None for grant in wanted],
    )


@operation(Permission.MANAGE_ACCOUNTS, "accounts.create")
def create_account(work: Work, command: CreateAccount) -> AccountView:
    """Create an account with its roles."""
    check_password(command.password, command.username)
    values = {
        "username": command.username.lower(),
        "name": command.name.strip(),
        "email": command.email,
        "password_hash": hash_password(command.password),
        "student_id": command.student_id,
        "disabled": command.disabled,
    }
    account_id = work.insert(account, values)
    _put_grants(work, account_id, command.roles)
    return queries.get_account(work, account_id)


@operation(Permission.MANAGE_ACCOUNTS, "accounts.change")
def change_account(work: Work, command: ChangeAccount) -> AccountView:
    """Change an account: name, password, roles, disabled; `has_codes: false` takes its one-time codes off, so
    that who lost them can set up new ones. Any of the last but roles ends its sessions."""
    resets = command.has_codes is False
    check_codes(command.has_codes, own=command.id == work.caller.id)
    values: dict[str, Any] = {
        name: value
        for name in ("name", "email", "disabled")
        if (value := getattr(command, name)) is not msgspec.UNSET
    }
    if command.password is not msgspec.UNSET:
        check_password(command.password, queries.get_account(work, command.id).username)
        values["password_hash"] = hash_password(command.password)
    if resets:
        values |= {"otp_secret": None, "otp_confirmed_at": None, "recovery_hashes": []}
    work.update(account, command.id, values)
    if command.roles is not msgspec.UNSET:
        _put_grants(work, command.id, command.roles)
    if command.disabled is True or command.password is not msgspec.UNSET or resets:
        _end_sessions(work, command.id)
    return queries.get_account(work, command.id)


def _end_sessions(work: Work, account_id: int) -> None:
    work.run(
        "UPDATE login_session SET ended_at = %(now)s WHERE account_id = %(id)s AND ended_at IS NULL",
        now=work.now,
        id=account_id,
    )


@operation(Permission.MANAGE_ACCOUNTS, "accounts.end_sessions")
def end_sessions(work: Work, command: EndSessions) -> None:
    """End every session of an account; it may sign in again."""
    _end_sessions(work, command.id)


@operation(Permission.MANAGE_ACCOUNTS, "accounts.delete")
def delete_account(work: Work, command: DeleteAccount) -> None:
    """Refused: the audit names every account from its first day, so none is ever deleted."""
    raise AccountInUse("The audit names it. Disable it instead.")


@operation(Permission.MANAGE_ACCOUNTS, "roles.create")
def create_role(work: Work, command: CreateRole) -> RoleView:
    """Create a role: a set of permissions and how far they reach."""
    id = work.insert(
        role, {"name": command.name, "permissions": sorted(set(command.permissions)), "scope": command.scope}
    )
    return queries.get_role(work, id)


@operation(Permission.MANAGE_ACCOUNTS, "roles.change")
def change_role(work: Work, command: ChangeRole) -> RoleView:
    """Change a role's permissions; it bites on the next request of whoever holds it."""
    work.update(role, command.id, {"permissions": sorted(set(command.permissions))})
    return queries.get_role(work, command.id)


@operation(Permission.MANAGE_ACCOUNTS, "roles.delete")
def delete_role(work: Work, command: DeleteRole) -> None:
    """Delete a role that nobody holds."""
    work.run("DELETE FROM role WHERE id = %(id)s", id=command.id)


@operation(Permission.MANAGE_SETTINGS, "settings.put")
def put_setting(work: Work, command: PutSetting) -> SettingView:
    """Write a setting."""
    if command.key not in DEFAULT_SETTINGS:
        raise SettingUnknown(f"There is no setting “{command.key}”.")
    check_setting(command.key, command.value, DEFAULT_SETTINGS[command.key])
    work.run(
        "INSERT INTO setting (key, value) VALUES (%(key)s, %(value)s) ON CONFLICT (key) DO UPDATE SET "
        "value = EXCLUDED.value, updated_at = %(now)s WHERE setting.value IS DISTINCT FROM EXCLUDED.value",
        key=command.key,
        value=Jsonb(command.value),
        now=work.now,
    )
    work.after_commit(work.database.forget_settings)
    return queries.get_setting(work, command.key)


def ship_roles(work: Work, _: None = None) -> None:
    """Bring the shipped roles to what this version ships. Roles people added are left alone."""
    for name, (scope, permissions) in SHIPPED_ROLES.items():
        work.run(
            "INSERT INTO role (name, permissions, scope, shipped) VALUES (%(name)s, %(permissions)s, "
            "%(scope)s, true) "
            "ON CONFLICT (name) DO UPDATE SET permissions = EXCLUDED.permissions, scope = EXCLUDED.scope "
            "WHERE role.shipped AND (role.permissions, role.scope) IS DISTINCT FROM "
            "(EXCLUDED.permissions, EXCLUDED.scope)",
            name=name,
            permissions=sorted(permissions),
            scope=scope,
        )
