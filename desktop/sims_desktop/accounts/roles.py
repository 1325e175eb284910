"""Which role may what, as ticks that are saved together. Qt-free.

The rule a newcomer would get wrong: a role that was shipped is brought back to what a release ships whenever
one is installed, so it is only read here; what is to be otherwise is a role of one's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Protocol

from sims_desktop.accounts.words import (
    grouped,
    permission_words,
    powers_words,
    role_words,
    scope_words,
)
from sims_desktop.client.errors import ClientError, ProblemAnswer, TryLater
from sims_desktop.kit.language import phrase
from sims_desktop.kit.matrix import Cell, Head
from sims_desktop.kit.wording import listed, plural
from sims_shared.access import POWERS_OVER_GRADES, Permission, RoleView
from sims_shared.problems import Fault

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
STALE = "request.stale"
Place = tuple[int, str]  # a role's id and a permission


class Calls(Protocol):
    def list_roles(self) -> list[RoleView]: ...
    def read_role(self, role_id: int) -> tuple[RoleView, str]: ...
    def create_role(self, name: str, scope: str, permissions: Sequence[str], key: str) -> RoleView: ...
    def change_role(self, role_id: int, permissions: Sequence[str], etag: str) -> RoleView: ...
    def delete_role(self, role_id: int) -> None: ...


@dataclass(slots=True)
class RolesPresenter:
    """`load` and the acts ask the server and run off the window's thread."""

    calls: Calls
    permissions: Collection[str]
    roles: list[RoleView] = field(default_factory=list)
    ticks: dict[Place, bool] = field(default_factory=dict)
    """Those that differ from what the server holds."""
    is_loaded: bool = False
    complaint: str = ""
    faults: list[Fault] = field(default_factory=list)
    on_change: Callable[[], None] = lambda: None
    _keys: dict[str, str] = field(default_factory=dict)

    @property
    def may_change(self) -> bool:
        return Permission.MANAGE_ACCOUNTS in self.permissions

    def load(self) -> list[RoleView]:
        return self.calls.list_roles()

    def take(self, roles: Sequence[RoleView]) -> None:
        """Ticks that are not saved stay, but for those that somebody else has set meanwhile."""
        self.roles = sorted(roles, key=lambda one: (not one.shipped, one.id))
        held = {(role.id, one) for role in self.roles for one in role.permissions}
        known = {role.id for role in self.roles}
        self.ticks = {
            place: on for place, on in self.ticks.items() if place[0] in known and (place in held) != on
        }
        self.is_loaded, self.complaint = True, ""
        self.on_change()

    def not_loaded(self, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        self.complaint = phrase("{error}. Roles need the server; F5 asks again.", error=error)
        self.on_change()

    @property
    def sentence(self) -> str:
        if self.complaint:
            return self.complaint
        if not self.is_loaded:
            return phrase("Reading the roles …")
        own = sum(not one.shipped for one in self.roles)
        said = phrase(
            "{shipped} shipped with the program, {own} of your own.",
            shipped=plural(len(self.roles) - own, "role"),
            own=f"{own:,}",
        )
        if self.ticks:
            said += " " + phrase(
                "{ticks} not saved yet: Ctrl+Enter saves.", ticks=plural(len(self.ticks), "tick")
            )
        return said

    # The matrix

    @property
    def lines(self) -> list[tuple[str, str]]:
        """(permission, ""), or ("", title) for a heading."""
        known = {one for role in self.roles for one in role.permissions}
        found: list[tuple[str, str]] = []
        for title, permissions in grouped(known):
            found.append(("", title))
            found += [(one, "") for one in permissions]
        return found

    def heads(self) -> tuple[list[Head], list[Head]]:
        lines = [
            Head(title, is_heading=True) if title else Head(permission_words(permission))
            for permission, title in self.lines
        ]
        columns = [
            Head(
                role_words(role.name).replace(" ", "\n"),
                role_words(role.name),
            )
            for role in self.roles
        ]
        return lines, columns

    def is_ticked(self, role: RoleView, permission: str) -> bool:
        return self.ticks.get((role.id, permission), permission in role.permissions)

    def cell(self, role: RoleView, permission: str) -> Cell:
        is_on = self.is_ticked(role, permission)
        power = permission in POWERS_OVER_GRADES
        return Cell(
            is_on=is_on,
            may=is_on or (self.may_change and not role.shipped),
            is_new=(role.id, permission) in self.ticks,
            note=phrase("A power over grades: that it is given is told.") if power else "",
        )

    def about(self, role: RoleView, permission: str) -> str:
        """Who may do what the cursor is on."""
        having = [role_words(one.name) for one in self.roles if self.is_ticked(one, permission)]
        who = listed(having, 11) or phrase("nobody")
        said = phrase("{permission}: {roles}.", permission=permission_words(permission), roles=who)
        scope = phrase("{role} reaches {scope}.", role=role_words(role.name), scope=scope_words(role.scope))
        return f"{said} {scope}"

    def tick(self, role: RoleView, permission: str) -> str:
        """Turns it over, or answers why not."""
        if not self.may_change:
            return phrase("You see the roles; administrators change them.")
        if role.shipped:
            return phrase(
                "“{role}” was shipped and stays as the release has it; Ctrl+N makes a role of your own "
                "like it.",
                role=role_words(role.name),
            )
        if self.ticks.pop((role.id, permission), None) is None:
            self.ticks[role.id, permission] = permission not in role.permissions
        self.on_change()
        return ""

    def drop_ticks(self) -> None:
        self.ticks = {}
        self.on_change()

    # Saving

    @property
    def touched(self) -> list[RoleView]:
        ids = {place[0] for place in self.ticks}
        return [one for one in self.roles if one.id in ids]

    def warning(self) -> str:
        """What is said before roles are widened by a power over grades; empty where none is."""
        said = []
        for role in self.touched:
            gained = [one for (id, one), on in self.ticks.items() if id == role.id and on]
            powers = powers_words(gained)
            if powers:
                said.append(
                    phrase(
                        "Everybody who holds “{role}” will be able to {powers}.",
                        role=role_words(role.name),
                        powers=powers,
                    )
                )
        if not said:
            return ""
        told = phrase(
            "Everybody who reads the audit is told, on their page Today for seven days and in the audit for "
            "ever. Ctrl+Enter saves it, Esc leaves it."
        )
        return " ".join([*said, told])

    def save(self) -> str:
        """Role by role, each over what it is now. Raises ProblemAnswer; roles before that one are saved."""
        names = []
        for role in self.touched:
            now, etag = self.calls.read_role(role.id)
            if set(now.permissions) != set(role.permissions):
                raise ProblemAnswer(412, STALE)
            wanted = {one for one in {*now.permissions, *self._of(role)} if self.is_ticked(role, one)}
            self.calls.change_role(role.id, sorted(wanted), etag)
            names.append(role_words(role.name))
        return phrase("Saved: {roles}. It holds from the next request on.", roles=listed(names))

    def _of(self, role: RoleView) -> list[str]:
        return [permission for id, permission in self.ticks if id == role.id]

    # One's own roles

    def check(self, name: str) -> bool:
        self.faults = []
        if not NAME.fullmatch(name):
            detail = phrase("Small letters, digits and _, beginning with a letter: front_desk.")
            self.faults.append(Fault("/name", "request.wrong", detail))
        return not self.faults

    def create(self, name: str, scope: str, like: RoleView | None) -> str:
        """Raises ProblemAnswer. Nobody holds it yet, so nothing is given by it."""
        permissions = list(like.permissions) if like is not None else []
        key = self._keys.setdefault(f"{name} {scope} {permissions}", token_hex(16))
        made = self.calls.create_role(name, scope, permissions, key)
        return phrase("Made: {role}. Space ticks what it may.", role=role_words(made.name))

    def why_not_delete(self, role: RoleView | None) -> str:
        if not self.may_change:
            return phrase("You see the roles; administrators change them.")
        if role is None:
            return phrase("Choose a role first.")
        if role.shipped:
            return phrase("A role that was shipped stays.")
        return ""

    def delete(self, role: RoleView) -> str:
        """Raises ProblemAnswer: `roles.in_use`."""
        self.calls.delete_role(role.id)
        return phrase("Deleted: {role}.", role=role_words(role.name))

    def refused(self, error: Exception) -> str:
        if not isinstance(error, ClientError):
            raise error
        if isinstance(error, TryLater):
            return phrase("{error}. It may have been carried out; look before you do it again.", error=error)
        assert isinstance(error, ProblemAnswer)
        self.faults = list(error.errors)
        if error.code == STALE:
            return phrase("Somebody changed a role meanwhile. They were read anew; look, then save again.")
        if error.title and error.detail not in ("", error.title):
            return f"{error.title}: {error.detail}"
        return str(error)
