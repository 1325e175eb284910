"""Merges asked for and done, and two records side by side. Qt-free."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from secrets import token_hex
from typing import Protocol

from sims_desktop.client.errors import ClientError, TryLater
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import left_to_right, plural, status_words, when
from sims_desktop.students.presenter import FIELDS
from sims_shared.access import Permission
from sims_shared.people import StudentMergeView, StudentView
from sims_shared.record import RecordView

DASH = "–"
STATE_WORDS = {
    "pending": later("waits for a second person"),
    "merged": later("one record"),
    "rejected": later("rejected"),
    "undone": later("taken apart again"),
}


class Calls(Protocol):
    def list_merges(self) -> list[StudentMergeView]: ...
    def find(self, words: str) -> list[StudentView]: ...
    def read_record(self, student_id: int) -> RecordView: ...
    def ask(self, stays: int, duplicate: int, reason: str, key: str) -> StudentMergeView: ...
    def decide(self, merge_id: int, approved: bool, reason: str, key: str) -> StudentMergeView: ...
    def undo(self, merge_id: int, reason: str, key: str) -> StudentMergeView: ...


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that the two records say."""

    what: str
    stays: str
    duplicate: str


@dataclass(slots=True)
class MergingPresenter:
    """`load`, `read`, `find` and the acts ask the server and run off the window's thread."""

    calls: Calls
    permissions: Collection[str]
    user_id: int
    merges: Sequence[StudentMergeView] = ()
    picked: list[StudentView] = field(default_factory=list)
    """For a new merge: first the record that stays, then its duplicate."""
    loaded: bool = False
    complaint: str = ""
    on_change: Callable[[], None] = lambda: None
    _keys: dict[object, str] = field(default_factory=dict)

    @property
    def may_ask(self) -> bool:
        return Permission.MANAGE_STUDENTS in self.permissions

    @property
    def sentence(self) -> str:
        if not self.loaded:
            return self.complaint or phrase("Reading the merges …")
        mine = [one for one in self.merges if not self.why_not_decide(one)]
        if mine:
            return phrase("{merges} for you to confirm", merges=plural(len(mine), "merge"))
        waiting = sum(one.status == "pending" for one in self.merges)
        if waiting:
            return phrase("{merges} waiting for another person", merges=plural(waiting, "merge"))
        return phrase("No merge is waiting.")

    def load(self) -> list[StudentMergeView]:
        return self.calls.list_merges()

    def take(self, merges: Sequence[StudentMergeView]) -> None:
        self.merges, self.loaded, self.complaint = merges, True, ""
        self.on_change()

    def not_loaded(self, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        self.loaded = False
        self.complaint = phrase("{error}. Merging needs the server; F5 asks again.", error=error)
        self.on_change()

    def read(self, stays: int, duplicate: int) -> list[Line]:
        """Both records side by side; nothing where they answer as one already."""
        one, other = self.calls.read_record(stays), self.calls.read_record(duplicate)
        return [] if one.student.id == other.student.id else side_by_side(one, other)

    # A new one

    def find(self, words: str) -> list[StudentView]:
        return self.calls.find(words.strip())

    def pick(self, student: StudentView) -> str:
        """Takes a student as the next of the two. Answers why not, or nothing."""
        if any(one.id == student.id for one in self.picked):
            return phrase("This is the same record; choose the other one.")
        if len(self.picked) == 2:
            return phrase("Two are chosen already; Esc begins again, X swaps them.")
        self.picked.append(student)
        self.on_change()
        return ""

    def swap(self) -> None:
        self.picked.reverse()
        self.on_change()

    def begin_again(self) -> None:
        self.picked.clear()
        self.on_change()

    @property
    def picked_words(self) -> str:
        if not self.picked:
            return phrase("Find the record that stays; Enter takes it.")
        stays = named(self.picked[0])
        if len(self.picked) == 1:
            return phrase("{stays} stays. Find its duplicate; Enter takes it.", stays=stays)
        other = named(self.picked[1])
        return phrase("{stays} stays, {other} is read as the same person.", stays=stays, other=other)

    def ask(self, reason: str) -> str:
        """Raises ProblemAnswer."""
        stays, duplicate = self.picked
        wish = ("ask", stays.id, duplicate.id, reason)
        self.calls.ask(stays.id, duplicate.id, reason, self._keys.setdefault(wish, token_hex(16)))
        # Rejected and asked for once more is another wish, though it says the same.
        self._keys.pop(wish)
        self.picked.clear()
        return phrase("Asked for. Another person confirms it.")

    # Deciding

    def why_not_decide(self, merge: StudentMergeView | None) -> str:
        if merge is None:
            return phrase("Choose a merge first.")
        if merge.status != "pending":
            return phrase("It is decided: {state}.", state=phrase(STATE_WORDS[merge.status]))
        if merge.requested_by.id == self.user_id:
            return phrase("You asked for it; another person confirms it.")
        return ""

    def why_not_undo(self, merge: StudentMergeView | None) -> str:
        if merge is None or merge.status != "merged":
            return phrase("Only what was made one can be taken apart again.")
        return ""

    def question(self, merge: StudentMergeView) -> str:
        return phrase(
            "From now on {duplicate} is read as {survivor}: whoever asks for either is answered for both. "
            "Ctrl+Enter confirms.",
            duplicate=merge.duplicate_name,
            survivor=merge.survivor_name,
        )

    def decide(self, merge: StudentMergeView, approved: bool, reason: str) -> str:
        key = self._keys.setdefault(("decide", merge.id, approved, reason), token_hex(16))
        self.calls.decide(merge.id, approved, reason, key)
        pair = f"{merge.survivor_name}, {merge.duplicate_name}"
        return (
            phrase("One record now: {pair}.", pair=pair)
            if approved
            else phrase("Rejected: {pair}.", pair=pair)
        )

    def undo(self, merge: StudentMergeView, reason: str) -> str:
        key = self._keys.setdefault(("undo", merge.id, reason), token_hex(16))
        self.calls.undo(merge.id, reason, key)
        pair = f"{merge.survivor_name}, {merge.duplicate_name}"
        return phrase("Taken apart again: {pair}.", pair=pair)

    def refused(self, error: Exception) -> str:
        if not isinstance(error, ClientError):
            raise error
        if isinstance(error, TryLater):
            return phrase(
                "{error}. Nothing may have been done; asked again it counts only once.", error=error
            )
        return str(error)

    def lead(self, merge: StudentMergeView, now: datetime) -> str:
        """Who asked, decided and undid, with their words."""
        at = when(merge.requested_at, now)
        asked = phrase("Asked for by {name}, {when}", name=merge.requested_by.name, when=at)
        acts = [(asked, merge.reason)]
        if merge.decided_by is not None:
            did = phrase("Confirmed") if merge.status != "rejected" else phrase("Rejected")
            said = phrase("by {name}, {when}", name=merge.decided_by.name, when=when(merge.decided_at, now))
            acts.append((f"{did} {said}", merge.decision_reason))
        if merge.undone_by is not None:
            at = when(merge.undone_at, now)
            said = phrase("Taken apart by {name}, {when}", name=merge.undone_by.name, when=at)
            acts.append((said, merge.undo_reason or ""))
        return "\n".join(f"{act}: {words}" if words else f"{act}." for act, words in acts)


def named(student: StudentView) -> str:
    return f"{left_to_right(student.reg_no)} {student.name}"


def side_by_side(stays: RecordView, duplicate: RecordView) -> list[Line]:
    """Field by field, then what hangs on each record."""
    lines = []
    for name, words in FIELDS.items():
        one, other = getattr(stays.student, name), getattr(duplicate.student, name)
        if one is not None or other is not None:
            lines.append(Line(phrase(words), _text(one), _text(other)))
    for number in range(max(len(stays.registrations), len(duplicate.registrations))):
        one, other = (_registration(record, number) for record in (stays, duplicate))
        lines.append(Line(phrase("Registration"), one, other))
    for part, words in (
        ("enrollments", later("Enrollments")),
        ("results", later("Results")),
        ("holds", later("Holds")),
        ("requests", later("Requests")),
        ("documents", later("Documents issued")),
    ):
        counts = [getattr(record, part) for record in (stays, duplicate)]
        if any(counts):
            lines.append(Line(phrase(words), *(DASH if one is None else f"{len(one):,}" for one in counts)))
    return lines


def _registration(record: RecordView, number: int) -> str:
    if number >= len(record.registrations):
        return DASH
    one = record.registrations[number]
    return f"{left_to_right(one.reg_no)} · {status_words(one.status)} · {one.intake}"


def _text(value: object) -> str:
    if value is None:
        return DASH
    return value.isoformat() if isinstance(value, date) else str(value)
