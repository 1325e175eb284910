"""My sheets: every section this person teaches, with its state in words, what is missing and what waits.

Reads the local store only, so it opens off line; the sync thread keeps it fresh.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import plural, when


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One sheet of the list. `waiting`, `conflicts` and `refused` count this computer's cells;
    `here` tells whether the sheet is on this computer and opens without a network."""

    section_id: int
    course_code: str
    course_title: str
    section: str
    term: str
    state: str
    filled: int
    total: int
    waiting: int = 0
    conflicts: int = 0
    refused: int = 0
    here: bool = True
    since: datetime | str | None = None
    returned_because: str = ""
    asked_at: datetime | None = None  # somebody reminded its teacher of it, and it has not moved since
    asked_by: str = ""
    asked_note: str = ""

    def state_words(self, now: datetime) -> str:
        at = f" {when(self.since, now)}" if self.since else ""
        if self.state == "submitted":
            return phrase("Submitted{at}, waiting for the head of department", at=at)
        if self.state == "approved":
            return phrase("Approved{at}, waiting to be published", at=at)
        if self.state == "published":
            return phrase("Published{at}", at=at)
        if self.state == "frozen":
            return phrase("Frozen{at}", at=at)
        if self.returned_because:
            words = phrase("Returned: {returned_because}", returned_because=self.returned_because)
        else:
            words = phrase("Open") if self.filled else phrase("Open, not started")
        return " · ".join(filter(None, (words, self._asked_words(now))))

    def _asked_words(self, now: datetime) -> str:
        if self.asked_at is None:
            return ""
        words = phrase("{who} asked for it {when}", who=self.asked_by, when=when(self.asked_at, now))
        return phrase("{words}: {note}", words=words, note=self.asked_note) if self.asked_note else words

    @property
    def missing_words(self) -> str:
        missing = self.total - self.filled
        if self.state in ("published", "frozen"):
            return phrase("complete")
        if not self.total:
            return phrase("no marks to enter yet")
        return (
            phrase("{missing:,} of {total:,} missing", missing=missing, total=self.total)
            if missing
            else phrase("complete")
        )

    @property
    def waiting_words(self) -> str:
        parts = []
        if self.waiting:
            parts.append(phrase("{marks} to send", marks=plural(self.waiting, "mark")))
        if self.conflicts:
            parts.append(plural(self.conflicts, "conflict"))
        if self.refused:
            parts.append(phrase("{refused:,} refused", refused=self.refused))
        if not self.here:
            parts.append(phrase("not on this computer yet"))
        return phrase(", ").join(parts) or phrase("all sent")


class SheetList(Protocol):
    def list_sheets(self) -> Sequence[SheetLine]: ...


class OverviewPresenter:
    def __init__(self, shelf: SheetList) -> None:
        self.shelf = shelf
        self.lines: Sequence[SheetLine] = ()
        self.on_change: Callable[[], None] = lambda: None
        self.refresh()

    def refresh(self) -> None:
        lines = sorted(self.shelf.list_sheets(), key=lambda line: (line.term, line.course_code, line.section))
        if lines != self.lines:
            self.lines = lines
            self.on_change()

    @property
    def sentence(self) -> str:
        if not self.lines:
            return phrase(
                "No sheets yet. They appear here as soon as you teach a section and were connected once."
            )
        open_ = [line for line in self.lines if line.state == "open"]
        missing = sum(line.total - line.filled for line in open_)
        waiting = sum(line.waiting for line in self.lines)
        conflicts = sum(line.conflicts for line in self.lines)
        parts = [plural(len(open_), "open sheet")]
        if returned := sum(bool(line.returned_because) for line in open_):
            parts.append(phrase("{returned:,} returned", returned=returned))
        parts.append(phrase("{missing:,} marks missing", missing=missing))
        if waiting:
            parts.append(phrase("{marks} waiting to be sent", marks=plural(waiting, "mark")))
        if conflicts:
            parts.append(plural(conflicts, "conflict"))
        return phrase("{facts}.", facts=phrase(", ").join(parts))
