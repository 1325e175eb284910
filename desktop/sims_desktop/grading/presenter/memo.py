"""The hall memo: whom the invigilators saw missing, beside whom the sheet says was absent. Qt-free.

The rule a newcomer would get wrong: the memo is no mark. It changes nothing on the sheet; it only says where
paper and sheet differ, and a person decides which of the two is right. What was typed of it stays with the
column on this computer, encrypted as the sheet is, and the sheet says so until the two agree.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from sims_desktop.grading.presenter.entry import spoken
from sims_desktop.grading.presenter.grid import GridPresenter
from sims_desktop.grading.presenter.sheet import Row
from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import left_to_right, plural, when

ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Difference:
    row: Row
    on_sheet: str
    on_memo: str


class HallMemo:
    """Of one assessment. `count` is what the memo states; `listed` are the numbers it names."""

    def __init__(self, grid: GridPresenter, assessment_id: int) -> None:
        self.grid = grid
        self.assessment_id = assessment_id
        self.count: int | None = None
        self.listed: dict[int, Row] = {}
        self.typed_at: datetime | None = None
        kept = grid.shelf.read_memo(grid.section_id, assessment_id)
        if kept:
            told = json.loads(kept)
            self.count, self.typed_at = told["count"], datetime.fromisoformat(told["at"])
            rows = grid.sheet.rows
            self.listed = {id: rows[grid.row_of[id]] for id in told["listed"] if id in grid.row_of}

    def _keep(self) -> None:
        """With the column, on this computer."""
        self.typed_at = datetime.now(UTC)
        told = {"count": self.count, "listed": list(self.listed), "at": self.typed_at.isoformat()}
        kept = json.dumps(told) if self.is_known else ""
        self.grid.shelf.keep_memo(self.grid.section_id, self.assessment_id, kept)

    @property
    def is_known(self) -> bool:
        return self.count is not None or bool(self.listed)

    def take(self, typed: str) -> str:
        """`=11` is the memo's count; anything else the end of a number it names, and once more takes it off.
        Answers what was understood, or why nothing was."""
        text = typed.strip()
        if text == "=":
            self.count, self.listed = None, {}
            self._keep()
            return phrase("Nothing is typed in of the memo any more.")
        if text.startswith("="):
            if not text[1:].strip().isdecimal():
                return phrase("After = comes how many the memo says were absent.")
            self.count = int(text[1:])
            self._keep()
            return phrase("The memo says {students}.", students=plural(self.count, "student"))
        found = [
            row for row in self.grid.sheet.rows if text and row.reg_no.casefold().endswith(text.casefold())
        ]
        if not found:
            return phrase("No number here ends with “{text}”.", text=text)
        if len(found) > 1:
            return phrase(
                "{count:,} numbers end with “{text}”; type more of it.", count=len(found), text=text
            )
        row = found[0]
        number = left_to_right(row.reg_no)
        if self.listed.pop(row.enrollment_id, None) is not None:
            self._keep()
            return phrase("Off the memo: {number} {name}", number=number, name=row.name)
        self.listed[row.enrollment_id] = row
        self._keep()
        return phrase("On the memo: {number} {name}", number=number, name=row.name)

    @property
    def is_here(self) -> bool:
        """False once a colleague took the assessment away."""
        return self.assessment_id in self.grid.column_of

    @property
    def absent(self) -> int:
        """How many the sheet calls absent."""
        return len(self._absent())

    def _absent(self) -> dict[int, Row]:
        if not self.is_here:
            return {}
        return {
            row.enrollment_id: row
            for row in self.grid.sheet.rows
            if self.grid.cell_of((row.enrollment_id, self.assessment_id)).value.mark == ABSENT
        }

    @property
    def differences(self) -> list[Difference]:
        """Whom only one of the two calls absent, as the sheet has them; none while the memo names none."""
        if not self.listed or not self.is_here:
            return []
        absent, maximum = self._absent(), self.grid.columns[self.grid.column_of[self.assessment_id]].max_score
        told = []
        for row in self.grid.sheet.rows:
            on_sheet, on_memo = row.enrollment_id in absent, row.enrollment_id in self.listed
            if on_sheet != on_memo:
                value = self.grid.cell_of((row.enrollment_id, self.assessment_id)).value
                told.append(
                    Difference(
                        row,
                        spoken(value, maximum) or phrase("blank"),
                        phrase("absent") if on_memo else phrase("not named"),
                    )
                )
        return told

    @property
    def to_look_at(self) -> list[Difference]:
        """Where to look for what differs. While the memo is a bare count: everybody whom the sheet calls
        absent, for it is one of them, or somebody who is missing among them."""
        if self.listed or not self.differing:
            return self.differences
        called = phrase("absent")
        return [Difference(row, called, phrase("not named")) for row in self._absent().values()]

    @property
    def source(self) -> str:
        """Where the hall's number comes from."""
        if not self.is_known or self.typed_at is None:
            return phrase("Nothing here knows the hall: type what the invigilators' memo says.")
        return phrase(
            "Typed in from the memo {at}; kept with the column on this computer, not sent. = takes it off.",
            at=when(self.typed_at, datetime.now(UTC)),
        )

    @property
    def differing(self) -> int:
        """How many, or 0 where they agree or nothing is known."""
        if not self.is_known or not self.is_here:
            return 0
        memo = len(self.listed) if self.count is None else self.count
        return len(self.differences) if self.listed else abs(self.absent - memo)

    @property
    def sentence(self) -> str:
        if not self.is_here:
            return phrase("This assessment was taken off the sheet meanwhile.")
        absent = len(self._absent())
        if not self.is_known:
            return phrase("{absent:,} marked absent; the hall memo is not typed in yet.", absent=absent)
        memo = len(self.listed) if self.count is None else self.count
        said = phrase("{absent:,} marked absent; the hall memo says {memo:,}", absent=absent, memo=memo)
        differ = self.differing
        said += phrase(": {differ:,} differ.", differ=differ) if differ else phrase(": they agree.")
        if self.count is not None and self.listed and self.count != len(self.listed):
            said += " " + phrase(
                "It names {listed:,} and says {count:,}.", listed=len(self.listed), count=self.count
            )
        return said
