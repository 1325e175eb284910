"""Accounts: who is found, the one at hand, and what is about to be changed of it. Qt-free.

The rules a newcomer would get wrong: what is being typed is kept as the difference to the account it began
from, so that it can be laid over the account as somebody else has left it meanwhile; and a password that was
made here is shown once and kept nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from secrets import choice, token_hex
from typing import Any, Protocol

import msgspec

from sims_desktop.accounts.words import holds_power, powers_words, role_words
from sims_desktop.client.errors import ClientError, ProblemAnswer, TryLater
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import left_to_right, listed, plural, when
from sims_shared.access import AccountView, Permission, RoleGrant, RoleView, SessionView
from sims_shared.catalog import DepartmentView
from sims_shared.messages import Page
from sims_shared.people import StudentView
from sims_shared.problems import Fault

# Read out over a telephone and typed from a slip: none that is taken for another.
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
STATES: dict[str, tuple[str, bool | None]] = {
    "all": (later("All accounts"), None),
    "open": (later("That may sign in"), False),
    "disabled": (later("Disabled"), True),
}
STALE = "request.stale"
Place = tuple[str, int | None]  # a role, and the department it is given in
Fact = tuple[str, str]


class Calls(Protocol):
    def list_accounts(self, words: str, role: str | None, disabled: bool | None) -> Page[AccountView]: ...
    def more_accounts(self, path: str) -> Page[AccountView]: ...
    def read_account(self, account_id: int) -> tuple[AccountView, str]: ...
    def list_sessions(self, account_id: int) -> list[SessionView]: ...
    def end_session(self, session_id: str) -> None: ...
    def end_sessions(self, account_id: int) -> None: ...
    def create(self, account: dict[str, Any], key: str) -> AccountView: ...
    def change(self, account_id: int, changes: dict[str, Any], etag: str) -> AccountView: ...
    def find_students(self, reg_no: str) -> list[StudentView]: ...
    def list_departments(self) -> list[DepartmentView]: ...
    def list_roles(self) -> list[RoleView]: ...


@dataclass(frozen=True, slots=True)
class Loaded:
    page: Page[AccountView]
    roles: Sequence[RoleView]
    departments: Sequence[DepartmentView]


@dataclass(frozen=True, slots=True)
class Shown:
    """An account as it was read, with the mark that a change of it brings back."""

    account: AccountView
    etag: str
    sessions: Sequence[SessionView]


@dataclass(slots=True)
class Draft:
    """What is being typed: of `shown`, or of an account that is yet to be. `ticks` are those that differ."""

    shown: Shown | None
    username: str = ""
    name: str = ""
    email: str = ""
    reg_no: str = ""
    password: str = ""
    ticks: dict[Place, bool] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    """Of each account that was sent: sent again as it is, it is made only once."""

    @property
    def held(self) -> dict[Place, RoleGrant]:
        grants = self.shown.account.roles if self.shown is not None else []
        return {(one.role, one.department_id): one for one in grants}

    @property
    def wanted(self) -> list[RoleGrant]:
        """What is held with its days, but for what was ticked off, and what was ticked on."""
        kept = [one for place, one in self.held.items() if self.ticks.get(place, True)]
        new = [place for place, on in self.ticks.items() if on and place not in self.held]
        return [*kept, *(RoleGrant(role=role, department_id=department) for role, department in new)]

    @property
    def given(self) -> list[str]:
        """Roles that are given in a department where they were not held."""
        return sorted({place[0] for place, on in self.ticks.items() if on and place not in self.held})

    @property
    def is_touched(self) -> bool:
        if self.shown is None:
            return bool(self.username or self.name or self.email or self.reg_no or self.ticks)
        account = self.shown.account
        return bool(self.ticks) or (self.name, self.email) != (account.name, account.email or "")


@dataclass(slots=True)
class AccountsPresenter:
    """`load`, `open` and the acts ask the server and run off the window's thread."""

    calls: Calls
    permissions: Collection[str]
    user_id: int
    now: Callable[[], datetime]
    words: str = ""
    role: str | None = None
    state: str = "all"
    accounts: list[AccountView] = field(default_factory=list)
    next: str | None = None
    roles: Sequence[RoleView] = ()
    departments: Sequence[DepartmentView] = ()
    is_loaded: bool = False
    complaint: str = ""
    faults: list[Fault] = field(default_factory=list)
    shown: Shown | None = None
    on_change: Callable[[], None] = lambda: None

    @property
    def may_change(self) -> bool:
        return Permission.MANAGE_ACCOUNTS in self.permissions

    @property
    def why_not_change(self) -> str:
        return "" if self.may_change else phrase("You see the accounts; administrators change them.")

    # Finding

    def load(self) -> Loaded:
        page = self.calls.list_accounts(self.words.strip(), self.role, STATES[self.state][1])
        return Loaded(page, self.calls.list_roles(), self.calls.list_departments())

    def take(self, loaded: Loaded) -> None:
        self.accounts, self.next = list(loaded.page.results), loaded.page.next
        self.roles, self.departments = loaded.roles, loaded.departments
        self.is_loaded, self.complaint = True, ""
        self.on_change()

    def not_loaded(self, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        self.complaint = phrase("{error}. Accounts need the server; F5 asks again.", error=error)
        self.on_change()

    def take_more(self, page: Page[AccountView]) -> None:
        self.accounts += page.results
        self.next = page.next

    @property
    def sentence(self) -> str:
        if self.complaint:
            return self.complaint
        if not self.is_loaded:
            return phrase("Reading the accounts …")
        if not self.accounts:
            return phrase("No account is found. Try a part of the name, or another role.")
        count = plural(len(self.accounts), "account")
        return phrase("The first {accounts}; the list goes on below.", accounts=count) if self.next else count

    def open(self, account_id: int) -> Shown:
        account, etag = self.calls.read_account(account_id)
        return Shown(account, etag, self.calls.list_sessions(account_id))

    # Words

    def department_words(self, department_id: int | None) -> str:
        codes = {one.id: one.code for one in self.departments}
        return "" if department_id is None else codes.get(department_id, str(department_id))

    def grant_words(self, grant: RoleGrant) -> str:
        said = role_words(grant.role)
        if grant.department_id is not None:
            said = phrase(
                "{role} ({department})", role=said, department=self.department_words(grant.department_id)
            )
        days = days_words(grant)
        return f"{said}, {days}" if days else said

    def roles_words(self, account: AccountView) -> str:
        return listed((self.grant_words(one) for one in account.roles), 3)

    def facts(self, shown: Shown) -> list[Fact]:
        account = shown.account
        student = account.student
        codes = phrase("confirmed") if account.has_codes else phrase("not set up")
        last = max((one.last_seen_at for one in shown.sessions), default=None)
        lines = [
            (phrase("User name"), left_to_right(account.username)),
            (phrase("Name"), account.name),
            (phrase("E-mail"), account.email or phrase("none")),
            *((phrase("Role"), self.grant_words(one)) for one in account.roles),
            (phrase("One-time codes"), codes),
            (phrase("Signed in"), self._signed_in(shown, last)),
            (phrase("Made"), when(account.created_at, self.now())),
        ]
        if not account.roles:
            lines.insert(3, (phrase("Role"), phrase("none: it may sign in and do nothing")))
        if student is not None:
            whose = f"{left_to_right(student.reg_no)} {student.name}" if student.reg_no else student.name
            lines.insert(3, (phrase("Opens the record of"), whose))
        return lines

    def _signed_in(self, shown: Shown, last: datetime | None) -> str:
        if last is None:
            return phrase("nowhere now")
        count = plural(len(shown.sessions), "computer")
        return phrase("on {computers}, last seen {when}", computers=count, when=when(last, self.now()))

    def heading(self, shown: Shown) -> str:
        account = shown.account
        if account.disabled:
            return phrase("{name}: disabled", name=account.name)
        return account.name

    def power_of(self, account: AccountView) -> bool:
        return holds_power({one.role for one in account.roles}, self.roles)

    # Making and changing

    def begin(self, shown: Shown | None) -> Draft:
        self.faults = []
        if shown is None:
            return Draft(None, password=new_password())
        return Draft(shown, shown.account.username, shown.account.name, shown.account.email or "")

    def may_tick(self, role: RoleView, department_id: int | None) -> bool:
        """A role that reaches departments is given in one; any other is given as a whole."""
        return (role.scope == "department") == (department_id is not None)

    def tick(self, draft: Draft, place: Place) -> None:
        is_held, is_on = place in draft.held, self.is_ticked(draft, place)
        if is_held == (not is_on):
            draft.ticks.pop(place, None)
        else:
            draft.ticks[place] = not is_on

    def is_ticked(self, draft: Draft, place: Place) -> bool:
        return draft.ticks.get(place, place in draft.held)

    def check(self, draft: Draft) -> bool:
        """Whether it is worth asking; each fault stands beside its field."""
        self.faults = []
        if draft.shown is None and not draft.username.strip():
            self.faults.append(Fault("/username", "request.missing", phrase("What they type to sign in.")))
        if not draft.name.strip():
            self.faults.append(Fault("/name", "request.missing", phrase("The person's name.")))
        return not self.faults

    def warning(self, draft: Draft) -> str:
        """What is said before a power over grades is given; empty where none is."""
        permissions = {
            permission for role in self.roles if role.name in draft.given for permission in role.permissions
        }
        powers = powers_words(permissions)
        if not powers:
            return ""
        return phrase(
            "{name} will be able to {powers}. Everybody who reads the audit is told, on their page Today for "
            "seven days and in the audit for ever. Ctrl+Enter gives it, Esc leaves it.",
            name=draft.name.strip() or draft.username,
            powers=powers,
        )

    def save(self, draft: Draft) -> str:
        """Raises ProblemAnswer."""
        if draft.shown is None:
            return self._create(draft)
        account = draft.shown.account
        changes: dict[str, Any] = {}
        if draft.name.strip() != account.name:
            changes["name"] = draft.name.strip()
        if (draft.email.strip() or None) != account.email:
            changes["email"] = draft.email.strip() or None
        if draft.ticks:
            changes["roles"] = draft.wanted
        if not changes:
            return phrase("Nothing was changed.")
        made = self.calls.change(account.id, changes, draft.shown.etag)
        return phrase("Saved: {name}.", name=made.name)

    def _create(self, draft: Draft) -> str:
        body: dict[str, Any] = {
            "username": draft.username.strip(),
            "name": draft.name.strip(),
            "password": draft.password,
            "roles": draft.wanted,
        }
        if draft.email.strip():
            body["email"] = draft.email.strip()
        if draft.reg_no.strip():
            found = self.calls.find_students(draft.reg_no.strip())
            if not found:
                detail = phrase("No student has this registration number.")
                raise ProblemAnswer(
                    400, "request.wrong", detail=detail, errors=(Fault("/reg_no", "request.wrong", detail),)
                )
            body["student_id"] = found[0].id
        made = self.calls.create(body, draft.keys.setdefault(repr(body), token_hex(16)))
        return phrase("Made: {name} signs in as {username}.", name=made.name, username=made.username)

    def rebase(self, draft: Draft, shown: Shown) -> None:
        """What was typed, over the account as it is now. Ticks that it has already fall away."""
        before = draft.shown.account if draft.shown is not None else shown.account
        if draft.name == before.name:
            draft.name = shown.account.name
        if draft.email == (before.email or ""):
            draft.email = shown.account.email or ""
        draft.shown = shown
        draft.ticks = {place: on for place, on in draft.ticks.items() if (place in draft.held) != on}

    # Single acts

    def why_not_disable(self, account: AccountView) -> str:
        """Whoever locked themselves out would need another administrator to come back."""
        if account.id == self.user_id and not account.disabled:
            return phrase("This is your own account; another administrator disables it.")
        return ""

    def disable_question(self, account: AccountView) -> str:
        if account.disabled:
            return phrase(
                "{name} may sign in again. D or Ctrl+Enter allows it, Esc leaves it.", name=account.name
            )
        return phrase(
            "{name} can no longer sign in, and every session ends now. D or Ctrl+Enter disables, "
            "Esc leaves it.",
            name=account.name,
        )

    def disable(self, shown: Shown) -> str:
        account = shown.account
        self.calls.change(account.id, {"disabled": not account.disabled}, shown.etag)
        if account.disabled:
            return phrase("{name} may sign in again.", name=account.name)
        return phrase("{name} is disabled; every session has ended.", name=account.name)

    def why_not_reset(self, account: AccountView) -> str:
        if not account.has_codes:
            return phrase("{name} has set up no one-time codes.", name=account.name)
        if account.id == self.user_id:
            return phrase("Another administrator resets your one-time codes.")
        return ""

    def reset_question(self, account: AccountView) -> str:
        said = phrase(
            "{name} signs in with the password alone until new codes are set up, and every session ends now.",
            name=account.name,
        )
        return self._told(said, account, phrase("O or Ctrl+Enter resets, Esc leaves it."))

    def reset_codes(self, shown: Shown) -> str:
        self.calls.change(shown.account.id, {"has_codes": False}, shown.etag)
        return phrase("The one-time codes of {name} are reset.", name=shown.account.name)

    def password_question(self, account: AccountView) -> str:
        said = phrase(
            "{name} gets a new password, which you will see once, and every session ends now.",
            name=account.name,
        )
        return self._told(said, account, phrase("P or Ctrl+Enter makes it, Esc leaves it."))

    def _told(self, said: str, account: AccountView, ending: str) -> str:
        told = ""
        if self.power_of(account) and account.id != self.user_id:
            told = phrase("The account has power over grades: everybody who reads the audit is told.")
        return " ".join(part for part in (said, told, ending) if part)

    def set_password(self, shown: Shown, password: str) -> str:
        self.calls.change(shown.account.id, {"password": password}, shown.etag)
        return phrase("{name} has a new password.", name=shown.account.name)

    def end_session(self, session: SessionView) -> str:
        self.calls.end_session(session.id)
        return phrase("Ended: {device}.", device=session.device or phrase("a computer without a name"))

    def end_sessions(self, account: AccountView) -> str:
        self.calls.end_sessions(account.id)
        return phrase("Every session of {name} has ended.", name=account.name)

    def refused(self, error: Exception) -> str:
        """The server's no; its faults stand beside their fields."""
        if not isinstance(error, ClientError):
            raise error
        if isinstance(error, TryLater):
            return phrase("{error}. It may have been carried out; look before you do it again.", error=error)
        assert isinstance(error, ProblemAnswer)
        self.faults = [_own(fault) for fault in error.errors]
        if error.code == STALE:
            return phrase(
                "Somebody changed this account meanwhile. It was read anew; look, then do it again."
            )
        if error.title and error.detail not in ("", error.title):
            return f"{error.title}: {error.detail}"
        return str(error)


def _own(fault: Fault) -> Fault:
    """A fault of a grant stands at the roles; one of the student at the number that was typed."""
    pointer = "/reg_no" if fault.pointer == "/student_id" else fault.pointer
    return msgspec.structs.replace(fault, pointer=pointer)


def days_words(grant: RoleGrant) -> str:
    """From when until when it holds; empty where it holds always."""
    first = "" if isinstance(grant.valid_from, msgspec.UnsetType | None) else grant.valid_from.isoformat()
    last = "" if isinstance(grant.valid_until, msgspec.UnsetType | None) else grant.valid_until.isoformat()
    if first and last:
        return phrase("from {first} until {last}", first=first, last=last)
    if first:
        return phrase("from {first}", first=first)
    return phrase("until {last}", last=last) if last else ""


def new_password() -> str:
    """Four groups of four: eighty bits, and a person types it without a mistake."""
    return "-".join("".join(choice(LETTERS) for _ in range(4)) for _ in range(4))
