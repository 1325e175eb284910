"""Who acts, in which roles, how far they reach.

Read from the database on each request: the token names only account and session, so a removed role,
a disabled account or an ended session is refused on the very next request.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache

from sims_server.kernel.database import Connection
from sims_shared.problems import NotSignedIn
from sims_shared.values import Person

# A student alone runs under the role whose row-level security shows one student's rows.
_ACTOR = """
SELECT a.id, a.username, a.name, a.disabled, a.student_id, a.otp_confirmed_at IS NOT NULL AS has_otp,
       s.ended_at IS NOT NULL OR s.expires_at < %(now)s AS ended,
       r.name AS role, r.scope, g.department_id, g.delegated_by,
       array_to_string(r.permissions, ' ') AS permissions{told}
  FROM login_session s
  JOIN account a ON a.id = s.account_id{grants}
 WHERE s.id = %(session)s
"""
# A role that was lent counts only while the lender has it too.
_GRANTS = """
  LEFT JOIN account_role g ON g.account_id = a.id
       AND (g.valid_from IS NULL OR g.valid_from <= %(today)s)
       AND (g.valid_until IS NULL OR g.valid_until >= %(today)s)
       AND (g.delegation_id IS NULL OR delegation_stands(g.delegation_id, %(today)s))
  LEFT JOIN role r ON r.id = g.role_id"""
_TOLD = """,
       set_config('sims.actor', a.id::text, true), set_config('sims.actor_name', a.name, true),
       set_config('sims.action', %(action)s, true), set_config('sims.method', %(method)s, true),
       set_config('sims.path', %(path)s, true), set_config('sims.request_id', %(request_id)s, true)"""
READ_ACTOR = _ACTOR.format(told="", grants=_GRANTS)
TELL_ACTOR = _ACTOR.format(told=_TOLD, grants=_GRANTS)

TELL_SYSTEM = """
SELECT set_config('sims.actor', %(actor)s, true), set_config('sims.actor_name', %(name)s, true),
       set_config('sims.action', %(action)s, true), set_config('sims.method', %(method)s, true),
       set_config('sims.path', %(path)s, true), set_config('sims.request_id', %(request_id)s, true)
"""


@lru_cache(maxsize=256)
def _permission_set(words: str) -> frozenset[str]:
    return frozenset(words.split())


@dataclass(frozen=True, slots=True)
class Grant:
    """One role a person holds: its name, how far it reaches, in which department, and who lent it."""

    role: str
    scope: str
    department_id: int | None
    permissions: frozenset[str]
    delegated_by: int | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a permission reaches for one caller; the parts add up."""

    everything: bool = False
    departments: tuple[int, ...] = ()
    own_sections: bool = False
    student_id: int | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody signed in, nobody (anonymous), or the system itself. Both of the latter have no id."""

    id: int | None
    username: str
    name: str
    student_id: int | None = None
    session_id: str = ""
    has_otp: bool = False
    grants: tuple[Grant, ...] = ()
    permissions: frozenset[str] = field(default=frozenset())
    is_system: bool = False  # never true of anybody who came over the network

    @property
    def person(self) -> Person:
        return Person(self.id, self.name)

    @property
    def roles(self) -> list[str]:
        return sorted({grant.role for grant in self.grants})

    @property
    def is_only_student(self) -> bool:
        return bool(self.grants) and all(grant.scope == "self" for grant in self.grants)

    def may(self, permission: str) -> bool:
        return self.is_system or permission in self.permissions

    def reach(self, permission: str) -> Reach:
        """How far `permission` reaches. Nothing, when no role grants it."""
        if self.is_system:
            return Reach(everything=True)
        held = [grant for grant in self.grants if permission in grant.permissions]
        return Reach(
            everything=any(grant.scope == "all" for grant in held),
            departments=tuple(
                sorted({g.department_id for g in held if g.scope == "department" and g.department_id})
            ),
            own_sections=any(grant.scope == "sections" for grant in held),
            student_id=self.student_id if any(grant.scope == "self" for grant in held) else None,
        )

    def without_lent_by(self, lenders: frozenset[int]) -> Caller:
        """The same person without the roles that these have lent: nobody decides, in another's place,
        about what that other asked for."""
        kept = tuple(grant for grant in self.grants if grant.delegated_by not in lenders)
        if len(kept) == len(self.grants):
            return self
        return replace(
            self, grants=kept, permissions=frozenset().union(*(grant.permissions for grant in kept))
        )

    def departments_as(self, role: str) -> tuple[int, ...]:
        """The departments in which this person holds `role`."""
        return tuple(sorted({g.department_id for g in self.grants if g.role == role and g.department_id}))


SYSTEM_CALLER = Caller(id=None, username="system", name="system", is_system=True)
ANONYMOUS = Caller(id=None, username="", name="anonymous")


def read_caller(connection: Connection, sql: str, session_id: str | int, **told: object) -> Caller:
    """The caller behind a session, judged now; raises NotSignedIn when the session or account ended."""
    rows = connection.rows(sql, session=session_id, **told)
    if not rows or rows[0]["ended"] or rows[0]["disabled"]:
        raise NotSignedIn("This session has ended. Sign in again.")
    first = rows[0]
    grants = tuple(
        Grant(
            row["role"],
            row["scope"],
            row["department_id"],
            _permission_set(row["permissions"]),
            row["delegated_by"],
        )
        for row in rows
        if row["role"] is not None
    )
    if len(grants) == 1:
        permissions = grants[0].permissions
    else:
        permissions = frozenset().union(*(grant.permissions for grant in grants))
    return Caller(
        first["id"],
        first["username"],
        first["name"],
        first["student_id"],
        str(session_id),
        first["has_otp"],
        grants,
        permissions,
    )


_ACCOUNT = f"""
SELECT a.id, a.username, a.name, a.disabled, a.student_id, a.otp_confirmed_at IS NOT NULL AS has_otp,
       r.name AS role, r.scope, g.department_id, g.delegated_by,
       array_to_string(r.permissions, ' ') AS permissions, false AS ended
  FROM account a{_GRANTS}
 WHERE a.id = %(session)s
"""


def caller_of_account(connection: Connection, account_id: int, today: date) -> Caller:
    """The caller a job acts for, with the roles of this day; raises NotSignedIn when disabled."""
    return read_caller(connection, _ACCOUNT, account_id, today=today)
