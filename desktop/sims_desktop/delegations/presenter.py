"""What is lent to whom, and the form that lends. Qt-free."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from secrets import token_hex
from typing import Protocol

from sims_desktop.client.errors import ClientError, ProblemAnswer, TryLater
from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import plural
from sims_shared.access import ColleagueView, DelegationView, User
from sims_shared.catalog import DepartmentView
from sims_shared.problems import Fault

# Roles that reach departments are those a person goes away from; others are the administrator's to give.
USUALLY_LENT = ("head", "dean")


class Calls(Protocol):
    def me(self) -> User: ...
    def list_departments(self) -> list[DepartmentView]: ...
    def list_delegations(self) -> list[DelegationView]: ...
    def find_colleagues(self, words: str) -> list[ColleagueView]: ...
    def lend(
        self, to: int, role: str, department_id: int, first: date | None, last: date, reason: str, key: str
    ) -> DelegationView: ...
    def take_back(self, delegation_id: int, key: str) -> DelegationView: ...


@dataclass(frozen=True, slots=True)
class Loaded:
    delegations: Sequence[DelegationView]
    departments: Sequence[DepartmentView]
    """Those the person has a role in."""
    roles: Sequence[str]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be lent; without a first day from today on, by the calendar of the campus, which may be a
    day ahead of this computer's."""

    to: ColleagueView
    role: str
    department_id: int
    first: date | None
    last: date
    reason: str


@dataclass(slots=True)
class DelegationsPresenter:
    calls: Calls
    user_id: int
    loaded: Loaded | None = None
    complaint: str = ""
    faults: list[Fault] = field(default_factory=list)
    on_change: Callable[[], None] = lambda: None
    _keys: dict[object, str] = field(default_factory=dict)

    def load(self) -> Loaded:
        me = self.calls.me()
        departments = [one for one in self.calls.list_departments() if one.id in me.departments]
        roles = sorted(me.roles, key=lambda role: (role not in USUALLY_LENT, role))
        return Loaded(self.calls.list_delegations(), departments, roles)

    def take(self, loaded: Loaded) -> None:
        self.loaded, self.complaint = loaded, ""
        self.on_change()

    def not_loaded(self, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        self.complaint = phrase("{error}. Lending needs the server; F5 asks again.", error=error)
        self.on_change()

    @property
    def sentence(self) -> str:
        if self.complaint:
            return self.complaint
        if self.loaded is None:
            return phrase("Reading what is lent …")
        lent = [one for one in self.loaded.delegations if one.in_force and one.by.id == self.user_id]
        borrowed = [one for one in self.loaded.delegations if one.in_force and one.to.id == self.user_id]
        parts = []
        if lent:
            parts.append(phrase("You lend {roles} now.", roles=plural(len(lent), "role")))
        if borrowed:
            parts.append(phrase("You act in {roles} of others now.", roles=plural(len(borrowed), "role")))
        return " ".join(parts) or phrase("Nothing is lent now.")

    def find(self, words: str) -> list[ColleagueView]:
        return [one for one in self.calls.find_colleagues(words.strip()) if one.id != self.user_id]

    def check(
        self,
        to: ColleagueView | None,
        role: str,
        department_id: int | None,
        first: date | None,
        last: date,
        reason: str,
    ) -> Wish | None:
        """The wish, or None with every fault beside its field."""
        self.faults = []
        if to is None:
            self.faults.append(Fault("/search", "request.missing", phrase("Find the colleague first.")))
        if not role:
            self.faults.append(Fault("/role", "request.missing", phrase("You have no role to lend.")))
        if department_id is None:
            detail = phrase("Your roles reach no department.")
            self.faults.append(Fault("/department_id", "request.missing", detail))
        if first is not None and last < first:
            detail = phrase("It ends before it begins.")
            self.faults.append(Fault("/until", "request.wrong", detail))
        if not reason.strip():
            self.faults.append(Fault("/reason", "request.missing", phrase("Say why you are away.")))
        if self.faults or to is None or department_id is None:
            return None
        return Wish(to, role, department_id, first, last, reason.strip())

    def lend(self, wish: Wish) -> str:
        """Raises ProblemAnswer."""
        about = (wish.to.id, wish.role, wish.department_id, wish.first, wish.last, wish.reason)
        key = self._keys.setdefault(about, token_hex(16))
        made = self.calls.lend(
            wish.to.id, wish.role, wish.department_id, wish.first, wish.last, wish.reason, key
        )
        # Taken back and lent anew is another wish, though it says the same.
        self._keys.pop(about)
        return phrase(
            "Lent: {name} acts as {role} until {day}.",
            name=made.to.name,
            role=made.role,
            day=made.until_date.isoformat(),
        )

    def why_not_back(self, delegation: DelegationView | None) -> str:
        if delegation is None:
            return phrase("Choose what is lent first.")
        if delegation.revoked_at is not None:
            return phrase("It was taken back already.")
        return ""

    def take_back(self, delegation: DelegationView) -> str:
        key = self._keys.setdefault(("back", delegation.id), token_hex(16))
        made = self.calls.take_back(delegation.id, key)
        if made.to.id == self.user_id:
            return phrase("Laid down: you act as {role} no longer.", role=made.role)
        name = made.to.name
        return phrase("Taken back: {name} acts as {role} no longer.", name=name, role=made.role)

    def refused(self, error: Exception) -> str:
        """The server's no; its faults stand beside their fields."""
        if not isinstance(error, ClientError):
            raise error
        if isinstance(error, TryLater):
            return phrase(
                "{error}. Nothing may have been done; asked again it counts only once.", error=error
            )
        self.faults = list(error.errors) if isinstance(error, ProblemAnswer) else []
        return str(error)

    def department_words(self, department_id: int) -> str:
        known = {one.id: one.code for one in self.loaded.departments} if self.loaded else {}
        return known.get(department_id, str(department_id))


def state_words(delegation: DelegationView, today: date) -> str:
    if delegation.revoked_at is not None:
        by = delegation.revoked_by.name if delegation.revoked_by else ""
        return phrase("taken back by {name}", name=by)
    if delegation.in_force:
        return phrase("in force")
    if today < delegation.from_date:
        return phrase("begins {day}", day=delegation.from_date.isoformat())
    return phrase("over")
