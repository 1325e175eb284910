"""A grade sheet as a window holds it: columns, rows, and cells with a badge.

A cell shows the conflict's own value, else what was typed here, else what is being sent, else what the
server confirmed; the badge tells which. The rule a newcomer would get wrong: a cell's identity is
(enrollment, assessment), never its position, because a roster changes while the sheet is open.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple, Protocol

from sims_desktop.grading.presenter.entry import BLANK, Mistake, Value, number_text, shown
from sims_desktop.kit.language import later, phrase

Key = tuple[int, int]
"""(enrollment_id, assessment_id)"""

OPEN = "open"


class Badge(IntEnum):
    """Where the shown value stands."""

    SAVED = 0  # the server has it
    WAITING = 1  # durable on this computer, not sent
    SENDING = 2  # in the batch under way
    CONFLICT = 3  # somebody else wrote the cell meanwhile
    REFUSED = 4  # the server said no; the value is kept here
    INVALID = 5  # typed text that is no mark; kept in this window only


BADGE_WORDS: dict[Badge, str] = {
    Badge.SAVED: later("saved"),
    Badge.WAITING: later("saved on this computer, waiting to be sent"),
    Badge.SENDING: later("being sent"),
    Badge.CONFLICT: later("in conflict"),
    Badge.REFUSED: later("refused"),
    Badge.INVALID: later("not a mark"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One assessment. `closed` says in words why nobody here can type in it, or is empty; `released` and
    `locked` are since when, as people say it, or empty."""

    assessment_id: int
    name: str
    max_score: Decimal
    weight: Decimal
    type: str = ""
    closed: str = ""
    released: str = ""
    locked: str = ""
    head: str = "theory"
    must_sit: bool = False

    @property
    def heading(self) -> str:
        words = phrase(
            "{name}\nof {max_score} · {weight} %",
            name=self.name,
            max_score=number_text(self.max_score),
            weight=number_text(self.weight),
        )
        short = []
        if self.released:
            short.append(phrase("released {when}", when=self.released))
        if self.locked:
            short.append(phrase("locked {when}", when=self.locked))
        return "\n".join((words, " · ".join(short))) if short else words

    @property
    def standing(self) -> str:
        """What its students see, and whether it takes marks, in a sentence's words; or nothing."""
        words = []
        if self.released:
            words.append(phrase("released to students {when}", when=self.released))
        if self.locked:
            words.append(phrase("locked {when}", when=self.locked))
        return ", ".join(words)


class Row(NamedTuple):
    """One enrollment. Only rows that are `enrolled` take marks and count as missing."""

    enrollment_id: int
    reg_no: str
    name: str
    status: str = "enrolled"

    @property
    def takes_marks(self) -> bool:
        return self.status == "enrolled"


class Cell(NamedTuple):
    """What one cell shows. `typed` is text that is no mark; `note` is the reason of a badge. Never changed:
    a sheet of a million cells is a few hundred of these, each in many places."""

    value: Value = BLANK
    badge: Badge = Badge.SAVED
    text: str = ""
    typed: str | None = None
    note: str = ""

    @property
    def is_blank(self) -> bool:
        return self.value.mark is None and self.typed is None

    def mistaken(self, mistake: Mistake) -> Cell:
        """With the text that stands over its value."""
        return Cell(self.value, Badge.INVALID, mistake.text, mistake.text, mistake.reason)


@lru_cache(maxsize=65_536)
def cell_of(value: Value, badge: Badge = Badge.SAVED, note: str = "") -> Cell:
    """The one cell that shows this."""
    return Cell(value, badge, shown(value), None, note)


class Author(NamedTuple):
    """Who wrote a mark that the server has."""

    name: str
    at: datetime | None


@dataclass(slots=True)
class Conflict:
    """Two people's values of a cell, or one person's at two computers. `theirs` is on the server now; `mine`
    is kept here. `by_id`: two colleagues may have one name."""

    section_id: int
    key: Key
    base: Value
    mine: Value
    theirs: Value
    theirs_ver: int
    by: str
    at: datetime | None
    by_id: int | None = None
    reg_no: str = ""
    name: str = ""
    assessment: str = ""

    @property
    def in_words(self) -> str:
        """`14 typed here; Dr Saad Aziz wrote 12 (14:02): Ctrl+J decides`."""
        return phrase(
            "in conflict: {mine} typed here, {theirs} by {who} {when}; Ctrl+J decides",
            mine=shown(self.mine) or phrase("blank"),
            theirs=shown(self.theirs) or phrase("blank"),
            who=self.by or phrase("somebody else"),
            when=f"{self.at.astimezone():%d %b %H:%M}" if self.at is not None else "",
        )


@dataclass(slots=True)
class Sheet:
    """A sheet as read from the local store: `cells[row][column]`. `refused_elsewhere` counts refused marks
    of students and assessments that are on the sheet no longer: no cell shows them, so the page says so."""

    section_id: int
    title: str
    section: str
    term: str
    state: str
    rev: int
    columns: Sequence[Column]
    rows: Sequence[Row]
    cells: list[list[Cell]]
    returned_because: str = ""
    submitted: str = ""  # when, as people say it
    refused_elsewhere: int = 0


class Edit(NamedTuple):
    """One new value of one cell, as the local store takes it."""

    enrollment_id: int
    assessment_id: int
    value: Value


class SheetNotHere(Exception):
    """The sheet is not on this computer, or no longer."""


class SheetShelf(Protocol):
    """The local store as this desk needs it. Every method is local and quick; none waits for a server.
    `write` is one durable transaction: when it returns, the marks survive a power cut."""

    def read_sheet(self, section_id: int) -> Sheet:
        """Raises SheetNotHere. May be called off the window's thread."""
        ...

    def read_digest(self, section_id: int) -> str:
        """The digest of the marks that both sides hold, hexadecimal; "" while some wait to be sent."""
        ...

    def read_cells(self, section_id: int, keys: Sequence[Key]) -> dict[Key, Cell]: ...

    def read_author(self, section_id: int, key: Key) -> Author | None:
        """Who wrote the mark that the server has of this cell; None when nobody did."""
        ...

    def read_others(self, section_id: int, keys: Sequence[Key]) -> Set[Key]:
        """Those of these cells whose mark on the server somebody else wrote."""
        ...

    def read_typed_at(self, section_id: int, key: Key) -> datetime | None:
        """When this cell was last typed on this computer."""
        ...

    def read_memo(self, section_id: int, assessment_id: int) -> str:
        """What was typed here of the hall memo, as `keep_memo` got it; empty when nothing was."""
        ...

    def keep_memo(self, section_id: int, assessment_id: int, memo: str) -> None: ...

    def write(self, section_id: int, edits: Sequence[Edit]) -> dict[Key, Cell]: ...

    def read_conflicts(self, section_id: int) -> list[Conflict]: ...

    def keep_mine(self, conflicts: Sequence[Conflict]) -> None: ...

    def keep_theirs(self, conflicts: Sequence[Conflict]) -> None: ...

    def send_again(self, section_id: int, keys: Sequence[Key]) -> None: ...

    def give_up(self, section_id: int, keys: Sequence[Key]) -> None: ...
