"""Corrections of names: what waits, what each would do, and the word of the second person. Qt-free.

The rule a newcomer would get wrong: a correction decided elsewhere meanwhile is not an error. It is read
anew, and the line says who decided it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import Protocol

from sims_desktop.client.errors import ClientError, TryLater
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import left_to_right, listed, plural, when
from sims_shared.access import Permission
from sims_shared.messages import Page
from sims_shared.naming import NameCorrectionView, OldNamePaper

STATE_WORDS = {
    "pending": later("waits for a second person"),
    "confirmed": later("confirmed"),
    "rejected": later("rejected"),
    "withdrawn": later("taken back"),
}


class Calls(Protocol):
    def read_page(self, waiting: bool) -> Page[NameCorrectionView]: ...
    def read_next(self, path: str) -> Page[NameCorrectionView]: ...
    def read_evidence(self, correction_id: int) -> bytes: ...
    def decide(self, correction_id: int, approved: bool, reason: str, key: str) -> NameCorrectionView: ...
    def withdraw(self, correction_id: int, key: str) -> NameCorrectionView: ...


@dataclass(frozen=True, slots=True)
class Loaded:
    """The beginning of the list; `next` is where it goes on."""

    corrections: Sequence[NameCorrectionView]
    next: str | None


@dataclass(slots=True)
class NamingPresenter:
    """`load`, `read_more`, `save` and the acts ask the server and run off the window's thread."""

    calls: Calls
    permissions: Collection[str]
    user_id: int
    waiting: bool = True
    """Only what waits, or all there ever were."""
    loaded: Loaded | None = None
    complaint: str = ""
    on_change: Callable[[], None] = lambda: None
    _keys: dict[object, str] = field(default_factory=dict)

    @property
    def may_withdraw(self) -> bool:
        return Permission.MANAGE_STUDENTS in self.permissions

    def load(self) -> Loaded:
        """As far as the person had read before, so that reading anew takes nobody back to the top."""
        wanted = len(self.loaded.corrections) if self.loaded is not None else 0
        page = self.calls.read_page(self.waiting)
        found = list(page.results)
        while page.next is not None and len(found) < wanted:
            page = self.calls.read_next(page.next)
            found += page.results
        return Loaded(found, page.next)

    def read_more(self) -> Page[NameCorrectionView] | None:
        if self.loaded is None or self.loaded.next is None:
            return None
        return self.calls.read_next(self.loaded.next)

    def take(self, loaded: Loaded) -> None:
        self.loaded, self.complaint = loaded, ""
        self.on_change()

    def take_more(self, page: Page[NameCorrectionView] | None, after: str | None) -> None:
        """`after` is where the list ended when this page was asked for; of another list it is no part."""
        if page is None or self.loaded is None or self.loaded.next != after:
            return
        self.loaded = Loaded([*self.loaded.corrections, *page.results], page.next)
        self.on_change()

    def not_loaded(self, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        self.complaint = phrase("{error}. Names need the server; F5 asks again.", error=error)
        self.on_change()

    def turn(self) -> None:
        """From what waits to all, and back."""
        self.waiting = not self.waiting
        self.loaded = None

    @property
    def corrections(self) -> Sequence[NameCorrectionView]:
        return self.loaded.corrections if self.loaded is not None else ()

    @property
    def sentence(self) -> str:
        if self.complaint:
            return self.complaint
        if self.loaded is None:
            return phrase("Reading the names …")
        if not self.waiting:
            count = plural(len(self.corrections), "correction of a name", "corrections of names")
            return phrase("{corrections} asked for, in any state.", corrections=count)
        mine = sum(not self.why_not_decide(one) for one in self.corrections)
        others = len(self.corrections) - mine
        if mine:
            return phrase("{names} for you to confirm.", names=plural(mine, "name"))
        if others:
            return phrase(
                "{names} that you asked for: another person confirms.", names=plural(others, "name")
            )
        return phrase("No name waits for a second person.")

    # One correction

    def detail(self, one: NameCorrectionView, now: datetime) -> str:
        at = when(one.requested_at, now)
        lines = [
            phrase("From “{old}” to “{new}”.", old=one.from_name, new=one.name),
            phrase(
                "Asked for by {name}, {when}: {reason}",
                name=one.requested_by.name,
                when=at,
                reason=one.reason,
            ),
            phrase(
                "Filed with it: {name}, {size:,} KB. E saves a copy.",
                name=one.evidence,
                size=-(-one.size // 1024),
            ),
            carried_words(one.documents),
        ]
        if one.name_native:
            lines.insert(1, phrase("In the native script: {name}.", name=one.name_native))
        if one.decided_by is not None:
            state, at = phrase(STATE_WORDS[one.status]), when(one.decided_at, now)
            said = phrase("{state} by {name}, {when}.", state=state, name=one.decided_by.name, when=at)
            lines.append(
                " ".join(part for part in (said[:1].upper() + said[1:], one.decision_reason) if part)
            )
        if one.status != "rejected":
            lines.append(phrase("“{old}” stays findable as a former name.", old=one.from_name))
        return "\n".join(lines)

    def why_not_decide(self, one: NameCorrectionView | None) -> str:
        if one is None:
            return phrase("Choose a name first.")
        if one.status != "pending":
            return phrase("It is decided: {state}.", state=phrase(STATE_WORDS[one.status]))
        if one.requested_by.id == self.user_id:
            return phrase("You asked for it; another person confirms it.")
        return ""

    def why_not_withdraw(self, one: NameCorrectionView | None) -> str:
        if one is None or one.status != "pending":
            return phrase("Only what waits is taken back.")
        if one.requested_by.id != self.user_id or not self.may_withdraw:
            return phrase("Whoever asked for it takes it back; you may reject it.")
        return ""

    def question(self, one: NameCorrectionView) -> str:
        return phrase(
            "{old} is called {new} from now on. {papers} Ctrl+Enter confirms.",
            old=one.from_name,
            new=one.name,
            papers=carried_words(one.documents),
        )

    def decide(self, one: NameCorrectionView, approved: bool, reason: str) -> str:
        wish = ("decide", one.id, approved, reason)
        self.calls.decide(one.id, approved, reason, self._keys.setdefault(wish, token_hex(16)))
        if approved:
            return phrase("{old} is called {new} now.", old=one.from_name, new=one.name)
        return phrase("Rejected: {new}. {old} keeps the name.", old=one.from_name, new=one.name)

    def withdraw(self, one: NameCorrectionView) -> str:
        self.calls.withdraw(one.id, self._keys.setdefault(("withdraw", one.id), token_hex(16)))
        return phrase("Taken back: {old} keeps the name.", old=one.from_name)

    def save(self, one: NameCorrectionView, path: Path) -> str:
        """A copy of the proof where the person says. Raises OSError as well."""
        path.write_bytes(self.calls.read_evidence(one.id))
        return phrase("Saved {file} in {folder}.", file=path.name, folder=path.parent.name)

    def refused(self, error: Exception) -> str:
        if isinstance(error, OSError):
            return phrase("It cannot be written there: {why}.", why=error.strerror or error)
        if not isinstance(error, ClientError):
            raise error
        if isinstance(error, TryLater):
            return phrase(
                "{error}. Nothing may have been done; asked again it counts only once.", error=error
            )
        return str(error)


def carried_words(papers: Sequence[OldNamePaper]) -> str:
    """The documents that carry the old name, and go on carrying it."""
    if not papers:
        return phrase("No valid document carries the old name.")
    return phrase(
        "The old name stands on {documents}, which stay as they are: {serials}.",
        documents=plural(len(papers), "valid document"),
        serials=listed((left_to_right(one.serial) for one in papers), 6),
    )
