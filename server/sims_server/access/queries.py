"""Every SELECT of access."""

from __future__ import annotations

import json
import uuid
from datetime import date
from typing import Any

import msgspec

from sims_server.kernel.actor import Caller
from sims_server.kernel.database import DEFAULT_SETTINGS, Connection
from sims_server.kernel.paging import Filter, Listing, Order
from sims_server.kernel.work import Work
from sims_shared.access import (
    AccountStudent,
    AccountView,
    DelegationView,
    Hello,
    Permission,
    RoleGrant,
    RoleView,
    SessionList,
    SessionView,
    SettingView,
    User,
)
from sims_shared.messages import PROTOCOL_MAX, PROTOCOL_MIN
from sims_shared.problems import NotFound, NotPermitted
from sims_shared.values import SYSTEM, Person

VERSION = "0.1.0"

# What an account holds of its own; what others have lent it stands among the delegations.
_GRANTS = """(SELECT coalesce(jsonb_agg(jsonb_build_object('role', r.name, 'department_id', g.department_id)
    || jsonb_strip_nulls(jsonb_build_object('valid_from', g.valid_from, 'valid_until', g.valid_until))
  ORDER BY r.name, g.department_id), '[]')
     FROM account_role g JOIN role r ON r.id = g.role_id
    WHERE g.account_id = a.id AND g.delegation_id IS NULL)"""

_STUDENT = """(SELECT jsonb_build_object('id', s.id, 'name', s.name, 'reg_no', (SELECT r.reg_no
    FROM registration r WHERE r.student_id = s.id ORDER BY r.is_current DESC, r.id DESC LIMIT 1))
     FROM student s WHERE s.id = a.student_id)"""

ACCOUNTS = Listing(
    entity="account",
    columns={
        "id": "a.id",
        "username": "a.username",
        "name": "a.name",
        "email": "a.email",
        "roles": _GRANTS,
        "disabled": "a.disabled",
        "has_codes": "(a.otp_confirmed_at IS NOT NULL)",
        "student_id": "a.student_id",
        "student": _STUDENT,
        "created_at": "a.created_at",
    },
    source="account a",
    key="a.id",
    filters={
        "role": Filter(
            "EXISTS (SELECT FROM account_role g JOIN role r ON r.id = g.role_id WHERE g.account_id = "
            "a.id AND r.name = {})",
            str,
        ),
        "username": Filter("a.username = {}", str),
        "disabled": Filter("a.disabled = {}", bool),
    },
    orders={"username": Order("a.username"), "name": Order("a.name")},
    search="folded(a.username || ' ' || a.name) LIKE {}",
)
ROLES = Listing(
    entity="role",
    columns={
        "id": "id",
        "name": "name",
        "permissions": "permissions",
        "scope": "scope",
        "shipped": "shipped",
    },
    source="role",
    orders={"name": Order("name")},
    filters={"name": Filter("name = {}", str)},
)


def _delegation_scope(caller: Caller) -> tuple[str, dict[str, Any]]:
    """One's own, given or received; whoever reads accounts sees all."""
    if caller.is_only_student:
        raise NotPermitted("Delegations are among the staff.")
    values = {"me": caller.id}
    if caller.may(Permission.READ_ACCOUNTS):
        return "", values
    return "(g.from_account_id = %(me)s OR g.to_account_id = %(me)s)", values


def _delegation(row: dict[str, Any]) -> dict[str, Any]:
    row["by"] = Person(row.pop("by_id"), row.pop("by_name"))
    row["to"] = Person(row.pop("to_id"), row.pop("to_name"))
    id, name = row.pop("revoked_by_id"), row.pop("revoked_by_name")
    row["revoked_by"] = None if row["revoked_at"] is None else SYSTEM if id is None else Person(id, name)
    return row


DELEGATIONS = Listing(
    entity="delegation",
    columns={
        "id": "g.id",
        "by_id": "g.from_account_id",
        "by_name": "b.name",
        "to_id": "g.to_account_id",
        "to_name": "t.name",
        "role": "r.name",
        "department_id": "g.department_id",
        "from": "g.from_date",
        "until": "g.until_date",
        "reason": "g.reason",
        "created_at": "g.created_at",
        "revoked_at": "g.revoked_at",
        "revoked_by_id": "g.revoked_by",
        "revoked_by_name": "v.name",
        "in_force": "delegation_stands(g.id, campus_today())",
    },
    source=(
        "delegation g JOIN account b ON b.id = g.from_account_id JOIN account t ON t.id = g.to_account_id "
        "JOIN role r ON r.id = g.role_id LEFT JOIN account v ON v.id = g.revoked_by"
    ),
    key="g.id",
    filters={
        "by": Filter("g.from_account_id = {}", int),
        "to": Filter("g.to_account_id = {}", int),
        "department_id": Filter("g.department_id = {}", int),
        "role": Filter("r.name = {}", str),
        "in_force": Filter("delegation_stands(g.id, campus_today()) = {}", bool),
    },
    default_order="-id",
    scope=_delegation_scope,
    shape=_delegation,
)
COLLEAGUES = Listing(
    entity="colleague",
    columns={"id": "a.id", "name": "a.name", "username": "a.username"},
    source="account a",
    key="a.id",
    orders={"name": Order("a.name")},
    search="folded(a.username || ' ' || a.name) LIKE {}",
    where=(
        "NOT a.disabled AND EXISTS (SELECT FROM account_role g JOIN role r ON r.id = g.role_id "
        "WHERE g.account_id = a.id AND r.scope <> 'self')"
    ),
)


def _literal(text: str) -> str:
    return text.replace("'", "''").replace("%", "%%")


def _every_setting() -> str:
    """All settings there are, as they apply: written, or the default. The id is the place in the alphabet."""
    defaults = ", ".join(
        f"({number}::bigint, '{key}', '{_literal(json.dumps(DEFAULT_SETTINGS[key]))}'::jsonb)"
        for number, key in enumerate(sorted(DEFAULT_SETTINGS), 1)
    )
    return (
        "(SELECT d.id, d.key, coalesce(w.value, d.value) AS value, d.value AS preset "
        f"FROM (VALUES {defaults}) AS d (id, key, value) LEFT JOIN setting w ON w.key = d.key) AS s"
    )


SETTINGS = Listing(
    entity="setting",
    columns={"id": "s.id", "key": "s.key", "value": "s.value", "default": "s.preset"},
    source=_every_setting(),
    key="s.id",
    orders={"key": Order("s.key")},
    filters={"key": Filter("s.key = {}", str)},
    search="s.key LIKE {}",
)


def get_account(work: Work, id: int) -> AccountView:
    """One account with its roles."""
    row = ACCOUNTS.one(work, id)
    if row is None:
        raise NotFound
    row["roles"] = msgspec.convert(row["roles"], list[RoleGrant])
    row["student"] = msgspec.convert(row["student"], AccountStudent | None)
    return AccountView(**row)


def get_role(work: Work, id: int) -> RoleView:
    """One role with its permissions."""
    row = ROLES.one(work, id)
    if row is None:
        raise NotFound
    return RoleView(**row)


def get_delegation(work: Work, id: int) -> DelegationView:
    """One delegation."""
    row = DELEGATIONS.one(work, id)
    if row is None:
        raise NotFound
    row["from_date"], row["until_date"] = row.pop("from"), row.pop("until")
    return DelegationView(**row)


def own_grant(
    work: Work, account_id: int, role: str, department_id: int, first: date, last: date
) -> int | None:
    """The id of the role, when the account holds it there in its own right on all those days."""
    found: int | None = work.value(
        "SELECT r.id FROM account_role g JOIN role r ON r.id = g.role_id WHERE g.account_id = %(account)s "
        "AND r.name = %(role)s AND r.scope = 'department' AND g.department_id = %(department)s "
        "AND g.delegation_id IS NULL AND (g.valid_from IS NULL OR g.valid_from <= %(first)s) "
        "AND (g.valid_until IS NULL OR g.valid_until >= %(last)s)",
        account=account_id,
        role=role,
        department=department_id,
        first=first,
        last=last,
    )
    return found


def why_unfit(work: Work, account_id: int, role_id: int, department_id: int) -> str | None:
    """Why an account cannot be lent a role, in words; None when it can. Raises NotFound."""
    row = work.row(
        "SELECT a.disabled, NOT EXISTS (SELECT FROM account_role g JOIN role r ON r.id = g.role_id "
        "WHERE g.account_id = a.id AND r.scope <> 'self') AS outsider, "
        "EXISTS (SELECT FROM account_role g WHERE g.account_id = a.id AND g.role_id = %(role)s "
        "AND g.department_id = %(department)s AND g.delegation_id IS NULL) AS holds, "
        "EXISTS (SELECT FROM account_role g JOIN role r ON r.id = g.role_id WHERE g.account_id = a.id "
        "AND 'accounts.manage' = ANY (r.permissions)) AND EXISTS (SELECT FROM role "
        "WHERE id = %(role)s AND permissions && powers_over_grades()) AS administers "
        "FROM account a WHERE a.id = %(id)s",
        id=account_id,
        role=role_id,
        department=department_id,
    )
    if row is None:
        raise NotFound("There is no such account.")
    if row["disabled"]:
        return "The account is disabled."
    if row["outsider"]:
        return "The account is not one of the staff."
    if row["administers"]:
        return "Who manages accounts is lent no power over grades."
    return "This colleague holds the role there already." if row["holds"] else None


def get_setting(work: Work, key: str) -> SettingView:
    """One setting as it applies: written, or its default."""
    row = work.row(f"{SETTINGS.select()} WHERE s.key = %(key)s", key=key)
    if row is None:
        raise NotFound
    return SettingView(**row)


def find_account_by_username(connection: Connection, username: str) -> dict[str, Any] | None:
    """With what it signs in by, which the database shows to the server alone."""
    return connection.row("SELECT * FROM account_credentials(%(username)s)", username=username)


def sections_taught(connection: Connection, account_id: int | None) -> list[int]:
    """The sections a person teaches now."""
    rows = connection.rows(
        "SELECT section_id FROM section_staff WHERE account_id = %(id)s AND until IS NULL ORDER BY "
        "section_id",
        id=account_id,
    )
    return [row["section_id"] for row in rows]


def user_of(work: Work, caller: Caller) -> User:
    """What the desktop chooses its window by."""
    assert caller.id is not None
    departments = sorted({g.department_id for g in caller.grants if g.department_id is not None})
    return User(
        id=caller.id,
        username=caller.username,
        name=caller.name,
        roles=caller.roles,
        permissions=sorted(caller.permissions),
        student_id=caller.student_id,
        sections_taught=sections_taught(work.connection, caller.id),
        departments=departments,
        has_codes=caller.has_otp,
        needs_codes=needs_codes(work, caller),
    )


def needs_codes(work: Work, caller: Caller) -> bool:
    """Whether something this person may do is refused until one-time codes are set up."""
    if caller.has_otp or caller.is_only_student:
        return False
    wanted = set(work.setting("security.otp_permissions").split())
    return bool(work.setting("security.require_otp") and wanted & caller.permissions)


def me(work: Work) -> User:
    """Who is signed in."""
    return user_of(work, work.caller)


def hello(work: Work) -> Hello:
    """What a client asks before it signs in."""
    system = work.row("SELECT epoch::text AS epoch, demo FROM system")
    assert system is not None
    return Hello(
        version=VERSION,
        protocol_min=PROTOCOL_MIN,
        protocol_max=PROTOCOL_MAX,
        epoch=system["epoch"],
        institution=work.setting("institution"),
        time_zone=work.setting("time_zone"),
        public_url=work.setting("public_url"),
        demo=system["demo"],
    )


def access_session(work: Work, session_id: str) -> str:
    """The id of a session the caller may end: one's own, or anyone's for an administrator."""
    try:
        wanted = str(uuid.UUID(session_id))
    except ValueError as error:
        raise NotFound from error
    found = work.value(
        "SELECT 1 FROM login_session WHERE id = %(id)s AND (account_id = %(account)s OR %(any)s)",
        id=wanted,
        account=work.caller.id,
        any=work.caller.may(Permission.MANAGE_ACCOUNTS),
    )
    if found is None:
        raise NotFound
    return wanted


def own_sessions(work: Work) -> SessionList:
    """The caller's live sessions, newest first."""
    assert work.caller.id is not None
    return _sessions_of(work, work.caller.id)


def account_sessions(work: Work, id: int) -> SessionList:
    """The live sessions of an account, newest first: where somebody is signed in, and since when."""
    get_account(work, id)
    return _sessions_of(work, id)


def _sessions_of(work: Work, account_id: int) -> SessionList:
    rows = work.rows(
        "SELECT id::text AS id, device, created_at, last_seen_at FROM login_session "
        "WHERE account_id = %(account)s AND ended_at IS NULL AND expires_at > %(now)s ORDER BY "
        "created_at DESC LIMIT 200",
        account=account_id,
        now=work.now,
    )
    return SessionList(
        results=[SessionView(current=row["id"] == work.caller.session_id, **row) for row in rows]
    )
