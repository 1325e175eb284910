"""Entries of one kind, changed in place: what is typed into which, what is sent, whose change came between.
Qt-free.

The rules a newcomer would get wrong: what is typed belongs to its entry and waits there while the cursor goes
elsewhere; and before it is sent, the entry is read anew. Where somebody else changed the same entry
meanwhile, nothing is sent: their change is said, what they changed and nobody typed here is taken over.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from secrets import token_hex
from typing import Any, Generic, Protocol, TypeVar

from sims_desktop.client.errors import ClientError, ProblemAnswer, TryLater
from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import plural
from sims_shared.messages import Page
from sims_shared.problems import Fault
from sims_shared.values import parse_decimal


class HasId(Protocol):
    id: int


V = TypeVar("V", bound=HasId)
Typed = dict[str, Any]
NEW = 0
STALE = "request.stale"
NOT_FOUND = 404
TEXT, CHOICE, YES, DAY, OWN = "text", "choice", "yes", "day", "own"


@dataclass(frozen=True, slots=True)
class Entry:
    """One field of the form. `read` makes of what is typed what is sent, or raises ValueError with why not.
    `fixed`: only a new entry has it. `choices`: what is shown, and what it stands for."""

    name: str
    label: str
    kind: str = TEXT
    read: Callable[[Any], Any] = lambda typed: typed
    choices: Callable[[], Sequence[tuple[str, Any]]] = tuple
    hint: str = ""
    fixed: bool = False


def words(typed: str) -> str:
    """Needed."""
    said = " ".join(typed.split())
    if not said:
        raise ValueError(phrase("This is needed."))
    return said


def words_or_none(typed: str) -> str | None:
    return " ".join(typed.split()) or None


def figure(typed: str) -> str:
    """A decimal, as the wire has it; a comma is as good as a point."""
    said = "".join(typed.split()).replace(",", ".")
    if parse_decimal(said) is None:
        raise ValueError(phrase("A number is needed, as 3 or 1.5."))
    return said


def figure_or_none(typed: str) -> str | None:
    return figure(typed) if typed.strip() else None


def whole(typed: str) -> int:
    said = "".join(typed.split())
    if not (said.isascii() and said.isdigit() and len(said) < 7):
        raise ValueError(phrase("A whole number is needed, as 40."))
    return int(said)


def day(typed: str) -> str:
    """A day of the calendar, as 2026-12-05."""
    found = day_of(typed)
    if found is None:
        raise ValueError(phrase("A day is needed, as 2026-12-05."))
    return found.isoformat()


def day_or_none(typed: str) -> str | None:
    return day(typed) if typed.strip() else None


def day_of(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed.strip())
    except ValueError:
        return None


def chosen(value: Any) -> Any:
    if value is None:
        raise ValueError(phrase("Choose one."))
    return value


@dataclass(frozen=True, slots=True)
class Draft(Generic[V]):
    """What is typed, and the entry it was typed over; none for a new one."""

    base: V | None
    typed: Typed


class Meanwhile(Exception):
    """Somebody else changed the entry since it was read here; nothing was sent."""

    def __init__(self, now: Any) -> None:
        super().__init__()
        self.now = now


class Calls(Protocol[V]):
    def list_entries(self, given: Mapping[str, Any]) -> Page[V]: ...
    def read_on(self, path: str) -> Page[V]: ...
    def read(self, id: int) -> tuple[V, str]: ...
    def create(self, body: dict[str, Any], key: str) -> V: ...
    def change(self, id: int, body: dict[str, Any], etag: str) -> V: ...
    def delete(self, id: int) -> None: ...


@dataclass(slots=True)
class EntriesPresenter(Generic[V]):
    """What differs from kind to kind stands in a subclass. `load` and the acts ask the server and run off
    the window's thread."""

    calls: Calls[V]
    records: list[V] = field(default_factory=list)
    next: str | None = None
    filters: dict[str, Any] = field(default_factory=dict)
    words: str = ""
    is_loaded: bool = False
    complaint: str = ""
    faults: list[Fault] = field(default_factory=list)
    drafts: dict[int, Draft[V]] = field(default_factory=dict)
    on_change: Callable[[], None] = lambda: None
    _forgotten: dict[int, Draft[V]] = field(default_factory=dict)
    _keys: dict[str, str] = field(default_factory=dict)

    # What a subclass says

    noun: str = ""
    """One of them, for counting; a phrase."""
    many: str = ""
    """Several of them, where adding an s is wrong."""
    ordering: str = "code"
    beside: Mapping[str, str] = field(default_factory=dict)
    """Field by code of a refusal that is about one field."""

    @property
    def entries(self) -> Sequence[Entry]:
        raise NotImplementedError

    def name_of(self, record: V) -> str:
        raise NotImplementedError

    def look_up(self) -> Any:
        """What the form needs besides, from the server."""

    def take_up(self, found: Any) -> None:
        """Keeps what `look_up` found."""

    def proposal(self) -> Typed:
        """What a new one begins with."""
        return {one.name: _nothing(one) for one in self.entries}

    def typed_of(self, record: V) -> Typed:
        """An entry as its form shows it."""
        return {one.name: _shown(one, getattr(record, one.name)) for one in self.entries}

    def complete(self, body: dict[str, Any]) -> dict[str, Any]:
        """Resolves, off the window's thread, what only the server knows. Raises Unresolved."""
        return body

    # Reading

    def asked(self, found: Any) -> dict[str, Any]:
        """Filters of the list; `found` is what was looked up."""
        return self.filters

    def load(self) -> tuple[Page[V], Any]:
        found = self.look_up()
        given = {"ordering": self.ordering, "search": self.words or None, **self.asked(found)}
        return self.calls.list_entries(given), found

    def take(self, loaded: tuple[Page[V], Any]) -> None:
        page, found = loaded
        self.take_up(found)
        self.records, self.next = list(page.results), page.next
        self.is_loaded, self.complaint = True, ""
        self.on_change()

    def read_on(self, path: str) -> Page[V]:
        return self.calls.read_on(path)

    def take_more(self, page: Page[V]) -> None:
        self.records, self.next = [*self.records, *page.results], page.next

    def not_loaded(self, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        self.complaint = phrase("{error}. This desk needs the server; F5 asks again.", error=error)
        self.on_change()

    @property
    def sentence(self) -> str:
        if self.complaint:
            return self.complaint
        if not self.is_loaded:
            return phrase("Reading …")
        if not self.records:
            if self.words:
                return phrase("Nothing is found for “{words}”.", words=self.words)
            return phrase("There is none yet. Ctrl+N makes the first.")
        count = plural(len(self.records), self.noun, self.many or None)
        if self.next is not None:
            count = phrase("The first {count}", count=count)
        unsaved = len(self.drafts)
        return phrase("{count} · {unsaved:,} not saved", count=count, unsaved=unsaved) if unsaved else count

    # Typing

    def typed_in(self, record: V | None) -> Typed:
        """What the form shows: what was typed, else what stands."""
        draft = self.drafts.get(_id(record))
        if draft is not None:
            return draft.typed
        return self.proposal() if record is None else self.typed_of(record)

    def keep(self, record: V | None, typed: Typed) -> None:
        """Typed into this entry. What is again as it stands is no longer a draft."""
        id = _id(record)
        before = self.drafts.get(id)
        base = before.base if before is not None else record
        if base is not None and typed == self.typed_of(base):
            self.drafts.pop(id, None)
        else:
            self.drafts[id] = Draft(base, typed)

    def forget(self, record: V | None) -> None:
        """What was typed into it goes, until it is recalled."""
        draft = self.drafts.pop(_id(record), None)
        if draft is not None:
            self._forgotten[_id(record)] = draft

    def recall(self, id: int) -> bool:
        """What was typed last into this entry, or a new one, and left; whether there is any."""
        draft = self._forgotten.pop(id, None)
        if draft is not None and id not in self.drafts:
            self.drafts[id] = draft
            return True
        return False

    def check(self, draft: Draft[V]) -> dict[str, Any] | None:
        """What is to be sent: all of a new entry, of another what differs. None with every fault."""
        self.faults = []
        before = {} if draft.base is None else self.typed_of(draft.base)
        body: dict[str, Any] = {}
        for one in self.entries:
            if draft.base is not None and (one.fixed or draft.typed[one.name] == before[one.name]):
                continue
            try:
                body[one.name] = one.read(draft.typed[one.name])
            except ValueError as error:
                self.faults.append(Fault(f"/{one.name}", "request.wrong", str(error)))
        return None if self.faults else body

    # Acts

    def save(self, draft: Draft[V], body: dict[str, Any]) -> V:
        """Raises Meanwhile, Unresolved, ClientError."""
        body = self.complete(body)
        if draft.base is None:
            key = self._keys.setdefault(repr(body), token_hex(16))
            made = self.calls.create(body, key)
            self._keys.pop(repr(body))
            return made
        id = _id(draft.base)
        now, etag = self.calls.read(id)
        if self.typed_of(now) != self.typed_of(draft.base):
            raise Meanwhile(now)
        try:
            return self.calls.change(id, body, etag)
        except ProblemAnswer as problem:
            if problem.code != STALE:
                raise
            raise Meanwhile(self.calls.read(id)[0]) from problem

    def saved(self, draft: Draft[V], made: V) -> str:
        """It is sent; what was typed is what stands."""
        self.drafts.pop(_id(draft.base), None)
        self.replace(made)
        name = self.name_of(made)
        return (
            phrase("Added: {name}.", name=name) if draft.base is None else phrase("Saved: {name}.", name=name)
        )

    def replace(self, made: V) -> None:
        self.records = [made if _id(one) == _id(made) else one for one in self.records]

    def meet(self, draft: Draft[V], now: V) -> str:
        """Takes over what somebody else changed and nobody typed here. Answers what it was, in words."""
        assert draft.base is not None
        before, theirs = self.typed_of(draft.base), self.typed_of(now)
        told, typed = [], dict(draft.typed)
        for one in self.entries:
            if theirs[one.name] == before[one.name]:
                continue
            said = self.said(one, theirs[one.name])
            told.append(phrase("{field} is now {value}", field=bare(one.label), value=said))
            if typed[one.name] == before[one.name]:
                typed[one.name] = theirs[one.name]
        self.replace(now)
        self.drafts[_id(now)] = Draft(now, typed)
        return phrase(
            "Somebody changed it meanwhile: {what}. What you typed stands; Ctrl+Enter saves it.",
            what=phrase(", ").join(told),
        )

    def said(self, one: Entry, typed: Any) -> str:
        """A value of the form in words."""
        if one.kind == CHOICE:
            return next((said for said, value in one.choices() if value == typed), "–")
        if one.kind == YES:
            return phrase("yes") if typed else phrase("no")
        return str(typed) or "–"

    def delete(self, record: V) -> str:
        self.calls.delete(_id(record))
        return phrase("Deleted: {name}.", name=self.name_of(record))

    def deleted(self, record: V) -> None:
        self.forget(record)
        self.records = [one for one in self.records if _id(one) != _id(record)]

    def refused(self, error: Exception) -> str:
        """The server's no; its faults stand beside their fields."""
        self.faults = []
        if isinstance(error, Unresolved):
            self.faults = list(error.faults)
            return ""
        if not isinstance(error, ClientError):
            raise error
        if isinstance(error, TryLater):
            return phrase(
                "{error}. Nothing may have been done; asked again it counts only once.", error=error
            )
        if isinstance(error, ProblemAnswer) and error.status == NOT_FOUND:
            return phrase("It is not there any more: somebody deleted it. F5 reads the list anew.")
        if isinstance(error, ProblemAnswer):
            self.faults = list(error.errors)
            if not self.faults and error.code in self.beside:
                self.faults = [Fault(f"/{self.beside[error.code]}", error.code, str(error))]
        return str(error)


class Unresolved(Exception):
    """What was typed means nothing to the server; each fault beside its field."""

    def __init__(self, faults: Collection[Fault]) -> None:
        super().__init__()
        self.faults = faults


def bare(label: str) -> str:
    """A label without the sign of its key."""
    return phrase(label).replace("&", "")


def _id(record: Any) -> int:
    return NEW if record is None else int(record.id)


def _nothing(one: Entry) -> Any:
    if one.kind == CHOICE:
        choices = one.choices()
        return choices[0][1] if choices else None
    return {YES: False, OWN: ()}.get(one.kind, "")


def _shown(one: Entry, value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return tuple(value)
    if one.kind in (TEXT, DAY):
        return "" if value is None else str(value)
    return value
