"""Which holds stand, on whom, and the acts of whoever may: place, change, lift one or many. Qt-free.

The rules a newcomer would get wrong: who may lift follows from the kind, so it is said before anybody tries;
and of many holds each is lifted by itself, so that one refusal keeps none of the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from secrets import token_hex
from typing import Any, Protocol

from sims_desktop.client.errors import ClientError, ProblemAnswer, TryLater
from sims_desktop.holds.words import amount_words, kind_words, role_words, state_words, whole_words
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import plural
from sims_shared.access import Permission
from sims_shared.holds import HoldKindView, HoldView
from sims_shared.messages import Page
from sims_shared.people import StudentView
from sims_shared.problems import Fault
from sims_shared.values import parse_decimal

FILTERS = {"open": later("Open"), "lifted": later("Lifted"), "every": later("Open and lifted")}
LIFTED: dict[str, bool | None] = {"open": False, "lifted": True, "every": None}
STALE = "request.stale"
MOST = Decimal("999999999.99")
_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+(\.\d*)?")


class Calls(Protocol):
    def list_kinds(self) -> list[HoldKindView]: ...
    def list_holds(
        self, lifted: bool | None, kind: str, words: str, student_id: int | None
    ) -> Page[HoldView]: ...
    def read_on(self, path: str) -> Page[HoldView]: ...
    def read_student(self, student_id: int) -> StudentView: ...
    def read_hold(self, hold_id: int) -> tuple[HoldView, str]: ...
    def place(self, body: dict[str, Any], key: str) -> HoldView: ...
    def change(self, hold_id: int, body: dict[str, Any], etag: str) -> HoldView: ...
    def lift(self, hold_id: int, reason: str, key: str) -> HoldView: ...


@dataclass(frozen=True, slots=True)
class Loaded:
    kinds: Sequence[HoldKindView]
    kind: str
    """The kind that is shown; empty for every one."""
    page: Page[HoldView]
    student: StudentView | None


@dataclass(frozen=True, slots=True)
class Editing:
    """A hold as it was when its form was opened, and what a change of it brings back."""

    hold: HoldView
    etag: str


@dataclass(slots=True)
class HoldsPresenter:
    """`load` and the acts ask the server and run off the window's thread. `student_id`: the one whose
    holds are shown; 0 for everybody's."""

    calls: Calls
    permissions: Collection[str]
    roles: Collection[str]
    student_id: int = 0
    filter: str = "open"
    kind: str | None = None
    words: str = ""
    kinds: Mapping[str, HoldKindView] = field(default_factory=dict)
    holds: list[HoldView] = field(default_factory=list)
    next: str | None = None
    student: StudentView | None = None
    is_loaded: bool = False
    complaint: str = ""
    faults: list[Fault] = field(default_factory=list)
    refusals: dict[int, str] = field(default_factory=dict)
    """Why a hold was not lifted in the last act, by id."""
    chosen: set[int] = field(default_factory=set)
    """Those to be lifted together; empty where the one under the cursor is meant."""
    on_change: Callable[[], None] = lambda: None
    _keys: dict[object, str] = field(default_factory=dict)

    # Reading

    def load(self) -> Loaded:
        kinds = self.calls.list_kinds()
        kind = self.kind
        if kind is None:
            # Whoever lifts one kind alone begins with it: that is what Today counts.
            mine = [one.kind for one in kinds if self._may(one)]
            kind = mine[0] if len(mine) == 1 and not self.student_id else ""
        page = self.calls.list_holds(LIFTED[self.filter], kind, self.words, self.student_id or None)
        student = self.student
        if self.student_id and student is None:
            student = self.calls.read_student(self.student_id)
        return Loaded(kinds, kind, page, student)

    def take(self, loaded: Loaded) -> None:
        self.kinds = {one.kind: one for one in loaded.kinds}
        self.kind, self.student = loaded.kind, loaded.student
        self.holds, self.next = list(loaded.page.results), loaded.page.next
        self.is_loaded, self.complaint = True, ""
        self.chosen &= {hold.id for hold in self.holds}
        self.on_change()

    def read_on(self, path: str) -> Page[HoldView]:
        return self.calls.read_on(path)

    def take_more(self, page: Page[HoldView]) -> None:
        self.holds, self.next = [*self.holds, *page.results], page.next

    def not_loaded(self, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        self.complaint = phrase("{error}. Holds need the server; F5 asks again.", error=error)
        self.on_change()

    def next_filter(self) -> None:
        names = list(FILTERS)
        self.filter = names[(names.index(self.filter) + 1) % len(names)]

    # Words

    @property
    def sentence(self) -> str:
        if self.complaint:
            return self.complaint
        if not self.is_loaded:
            return phrase("Reading the holds …")
        whose = phrase("{name}: ", name=self.student.name) if self.student else ""
        if not self.holds:
            return whose + self._nothing
        count = plural(len(self.holds), "hold")
        if self.next is not None:
            count = phrase("The newest {count}", count=count)
        return f"{whose}{count} · {phrase(FILTERS[self.filter])}"

    @property
    def _nothing(self) -> str:
        if self.words:
            return phrase("No hold is found for “{words}”.", words=self.words)
        if self.filter == "lifted":
            return phrase("No hold was lifted.")
        return phrase("No hold stands.") if self.filter == "open" else phrase("There never was a hold.")

    def state_of(self, hold: HoldView, now: datetime) -> str:
        """Since when, or why it was not lifted."""
        return self.refusals.get(hold.id) or state_words(hold, now)

    def about(self, hold: HoldView, now: datetime) -> str:
        kind = self.kinds.get(hold.kind)
        return whole_words(hold, kind.lifted_by if kind else "", now)

    # Who may

    @property
    def may_place(self) -> bool:
        """Some kind at least; the kind says which."""
        return Permission.PLACE_FEE_HOLD in self.permissions

    def _may(self, kind: HoldKindView) -> bool:
        every_kind = Permission.PLACE_HOLD in self.permissions
        return self.may_place and (every_kind or kind.lifted_by in self.roles)

    @property
    def kinds_to_place(self) -> list[HoldKindView]:
        return [one for one in self.kinds.values() if self._may(one)]

    @property
    def usual_kind(self) -> str:
        """What a new hold is of until another kind is chosen: what is shown, else what most are."""
        return self.kind or "fee"

    def why_not(self, hold: HoldView | None) -> str:
        """Why this person may not lift or change it; empty when they may."""
        if hold is None:
            return phrase("Choose a hold first.")
        if hold.lifted_at is not None:
            name = hold.lifted_by.name if hold.lifted_by else ""
            return phrase("It was lifted by {name} already. A new one is placed with Ctrl+N.", name=name)
        kind = self.kinds.get(hold.kind)
        if kind is None or self._may(kind):
            return ""
        said = phrase(
            "A hold of the kind {kind} is placed and lifted by: {role}.",
            kind=kind_words(hold.kind),
            role=role_words(kind.lifted_by),
        )
        if not self.may_place:
            said += " " + phrase("You may only read holds.")
        return said

    # Placing and changing

    def check(
        self,
        student: StudentView | None,
        kind: str,
        reason: str,
        amount: str,
        effect: str,
        contact: str,
    ) -> dict[str, Any] | None:
        """What is to be placed, or None with every fault beside its field."""
        self.faults = []
        if student is None:
            self.faults.append(Fault("/student", "request.missing", phrase("Find the student first.")))
        if not kind:
            self.faults.append(Fault("/kind", "request.missing", phrase("You place no kind of hold.")))
        body = self._checked(reason, amount)
        if body is None or student is None:
            return None
        return {"student_id": student.id, "kind": kind, "effect": effect, "contact": contact.strip(), **body}

    def check_change(
        self, editing: Editing, reason: str, amount: str, effect: str, contact: str
    ) -> dict[str, Any] | None:
        """Only what is another than it was; None with the faults, or with nothing to change."""
        self.faults = []
        body = self._checked(reason, amount)
        if body is None:
            return None
        body |= {"effect": effect, "contact": contact.strip()}
        was = editing.hold
        before = {
            "reason": was.reason,
            "amount": None if was.amount is None else f"{was.amount:f}",
            "effect": was.effect,
            "contact": was.contact,
        }
        if body["amount"] is not None and was.amount is not None and Decimal(body["amount"]) == was.amount:
            body["amount"] = before["amount"]
        return {name: value for name, value in body.items() if value != before[name]}

    def _checked(self, reason: str, amount: str) -> dict[str, Any] | None:
        if not reason.strip():
            self.faults.append(
                Fault("/reason", "request.missing", phrase("Say why, as the student reads it."))
            )
        given, is_wrong = amount_of(amount)
        if is_wrong:
            self.faults.append(Fault("/amount", "request.wrong", phrase("An amount like 12,400 or 12400.50")))
        return None if self.faults else {"reason": reason.strip(), "amount": given}

    def place(self, body: dict[str, Any]) -> str:
        """Raises ProblemAnswer."""
        key = self._keys.setdefault(repr(sorted(body.items())), token_hex(16))
        made = self.calls.place(body, key)
        # The same hold placed anew, when this one was lifted, is another.
        self._keys.pop(repr(sorted(body.items())))
        return phrase("Placed on {name}: {kind}.", name=made.student_name, kind=kind_words(made.kind))

    def begin_change(self, hold: HoldView) -> Editing:
        """As it stands now. Raises ClientError."""
        return Editing(*self.calls.read_hold(hold.id))

    def change(self, editing: Editing, body: dict[str, Any]) -> str:
        """Raises ProblemAnswer `request.stale` when somebody else changed it meanwhile."""
        made = self.calls.change(editing.hold.id, body, editing.etag)
        return phrase("Changed: {kind}, {name}.", name=made.student_name, kind=kind_words(made.kind))

    def meanwhile(self, before: HoldView, now: HoldView) -> str:
        """What somebody else made of it, in words, while it was being changed here."""
        if now.lifted_at is not None:
            return self.why_not(now)
        told = []
        if now.reason != before.reason:
            told.append(phrase("the reason is now “{reason}”", reason=now.reason))
        if now.amount != before.amount:
            told.append(phrase("the amount is now {amount}", amount=amount_words(now) or "–"))
        if (now.effect, now.blocks, now.contact) != (before.effect, before.blocks, before.contact):
            told.append(phrase("its effect or contact is another"))
        return phrase(
            "Somebody changed it meanwhile: {what}. What you typed stands; Ctrl+Enter saves it.",
            what=phrase(", ").join(told),
        )

    # Lifting

    def toggle(self, hold: HoldView) -> str:
        """Chooses it, or no longer. Answers why not."""
        refusal = self.why_not(hold)
        if hold.id in self.chosen:
            self.chosen.discard(hold.id)
        elif not refusal:
            self.chosen.add(hold.id)
        self.on_change()
        return refusal

    def choose_every(self) -> None:
        """All that are shown and may be lifted; none when all of them are chosen."""
        every = {hold.id for hold in self.holds if not self.why_not(hold)}
        self.chosen = set() if self.chosen == every else every
        self.on_change()

    def meant(self, current: HoldView | None) -> list[HoldView]:
        """The chosen ones, else the one under the cursor."""
        return [hold for hold in self.holds if hold.id in self.chosen] or ([current] if current else [])

    def lift(self, holds: Sequence[HoldView], reason: str, report: Callable[[int, int, str], None]) -> str:
        """Each by itself. What is refused says why in the list. Raises ClientError when nothing was done."""
        lifted: list[HoldView] = []
        refused: dict[int, str] = {}
        trouble: TryLater | None = None
        for done, hold in enumerate(holds):
            report(done, len(holds), phrase("Lifting: {name}", name=hold.student_name))
            key = self._keys.setdefault(("lift", hold.id, reason), token_hex(16))
            try:
                self.calls.lift(hold.id, reason, key)
            except ProblemAnswer as problem:
                if len(holds) == 1:
                    raise
                refused[hold.id] = str(problem)
            except TryLater as error:
                if not lifted:
                    raise
                trouble = error
                break
            else:
                lifted.append(hold)
        self.refusals = refused
        if len(holds) == 1:
            only = holds[0]
            return phrase("Lifted: {kind}, {name}.", kind=kind_words(only.kind), name=only.student_name)
        said = phrase("Lifted: {holds}.", holds=plural(len(lifted), "hold"))
        if refused:
            said += " " + phrase("{count:,} were refused; see the list.", count=len(refused))
        if trouble is not None:
            left = len(holds) - len(lifted) - len(refused)
            said += " " + phrase("{error}: {count:,} were not lifted.", error=trouble, count=left)
        return said

    def refused(self, error: Exception) -> str:
        """The server's no; its faults stand beside their fields."""
        if not isinstance(error, ClientError):
            raise error
        self.faults = []
        if isinstance(error, TryLater):
            return phrase(
                "{error}. Nothing may have been done; asked again it counts only once.", error=error
            )
        if isinstance(error, ProblemAnswer):
            self.faults = list(error.errors)
        return str(error)


def amount_of(typed: str) -> tuple[str | None, bool]:
    """An amount as the wire has it, None for no amount, and whether it is none that can be read."""
    text = "".join(typed.split())
    if not text:
        return None, False
    text = text.replace(",", "") if _THOUSANDS.fullmatch(text) else text.replace(",", ".")
    value = parse_decimal(text)
    if value is None or not 0 <= value <= MOST or value != round(value, 2):
        return None, True
    return f"{value:f}", False
