"""An unsorted stack of scripts: the last digits of a number, Enter, the mark, Enter, and the next script.

The rule a newcomer would get wrong: a script whose mark is already there is the moment two graders took
the same bundle, or a number was misread. It asks, once, and Enter keeps what stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from sims_desktop.grading.presenter.entry import Mistake, number_text, read_entry, shown
from sims_desktop.grading.presenter.grid import GridPresenter
from sims_desktop.grading.presenter.sheet import Cell, Row
from sims_desktop.kit.wording import left_to_right

LAST_DIGITS = re.compile(r"([0-9]+)[^0-9]*\Z")


class Asking(Enum):
    NUMBER = "number"
    MARK = "mark"
    KEEP_OR_REPLACE = "keep or replace"


@dataclass(frozen=True, slots=True)
class Progress:
    entered: int
    total: Decimal
    left: int

    @property
    def sentence(self) -> str:
        return f"{self.entered:,} entered, sum {number_text(self.total)}, {self.left:,} left"


class StackPresenter:
    """The strip above the grid, for one column. Give it each line a person enters; read `asking`,
    `student`, `candidates` and `sentence`."""

    def __init__(self, grid: GridPresenter, column: int) -> None:
        self.grid = grid
        self.column = column
        self.student: Row | None = None
        self.candidates: list[Row] = []
        self.asking = Asking.NUMBER
        self.sentence = "Type the last digits of the registration number"
        self._meant = ""

    def enter(self, text: str) -> None:
        """One line, ended with Enter."""
        text = text.strip()
        if self.asking is Asking.NUMBER:
            self._take_number(text)
        elif self.asking is Asking.MARK:
            self._take_mark(text)
        elif text.casefold() == "r":
            self._write(self._meant)
        else:
            self._next("Kept what stood")

    def choose(self, row: Row) -> None:
        """One of several students with the same last digits."""
        self.student, self.candidates = row, []
        cell = self._cell(row)
        closed = self.grid.closed_key((row.enrollment_id, self.grid.columns[self.column].assessment_id))
        if closed:
            self._next(f"{row.name}: {closed}")
            return
        self.asking = Asking.MARK
        stands = f", has {cell.text}" if not cell.is_blank else ""
        self.sentence = f"{row.name} · {left_to_right(row.reg_no)}{stands}"

    def back(self) -> bool:
        """Esc: one question back; False when there is none left and the strip may close."""
        if self.asking is Asking.NUMBER and not self.candidates:
            return False
        self._next("Type the last digits of the registration number")
        return True

    @property
    def progress(self) -> Progress:
        spread = self.grid.distribution(self.column)
        return Progress(spread.scored + spread.absent + spread.other, spread.total, spread.missing)

    def _take_number(self, text: str) -> None:
        if not text:
            return
        found = self._students(text)
        if len(found) == 1:
            self.choose(found[0])
        elif found:
            self.candidates = found
            self.sentence = f"{len(found)} students end with {text}: more digits, or choose"
        else:
            self.sentence = f"Nobody in this section ends with {text}"

    def _students(self, text: str) -> list[Row]:
        rows = self.grid.sheet.rows
        wanted = text.casefold()
        if wanted.isdigit():
            exact = [
                row
                for row in rows
                if (last := LAST_DIGITS.search(row.reg_no)) and last[1].lstrip("0") == wanted.lstrip("0")
            ]
            if exact:
                return exact
        return [row for row in rows if row.reg_no.casefold().endswith(wanted)]

    def _take_mark(self, text: str) -> None:
        assert self.student is not None
        meant = read_entry(text, self.grid.columns[self.column].max_score, self.grid.aliases)
        if not text or isinstance(meant, Mistake):
            reason = meant.reason if isinstance(meant, Mistake) else "type the mark"
            self.sentence = f"{self.student.name}: {reason}"
            return
        cell = self._cell(self.student)
        if not cell.is_blank and (cell.typed is not None or cell.value != meant):
            self._meant, self.asking = text, Asking.KEEP_OR_REPLACE
            by = f", by {cell.by}" if cell.by else ""
            stands = f"{self.student.name}: already {cell.text}{by}"
            self.sentence = f"{stands}. Enter keeps it, R replaces it by {shown(meant)}"
            return
        self._write(text)

    def _write(self, text: str) -> None:
        assert self.student is not None
        row, head = self.student, self.grid.columns[self.column]
        self.grid.put_texts(
            {(row.enrollment_id, head.assessment_id): text}, f"typing {text} for {row.name}, {head.name}"
        )
        self._next(f"{row.name}: {self._cell(row).text} of {number_text(head.max_score)}")

    def _cell(self, row: Row) -> Cell:
        return self.grid.cell_of((row.enrollment_id, self.grid.columns[self.column].assessment_id))

    def _next(self, sentence: str) -> None:
        self.student, self.candidates, self.asking, self._meant = None, [], Asking.NUMBER, ""
        self.sentence = sentence
