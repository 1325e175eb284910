"""The cells of an open sheet, and everything that is counted over them: blanks, badges, problems, totals.

A sheet of thirty thousand cells is typed in one cell at a time, so every count is kept, never taken again.
The rule a newcomer would get wrong: equal cells are one object (`cell_of`), which is why a cell is never
changed in place. It is replaced, and only through `put`.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import lcm
from statistics import fmean
from typing import NamedTuple

from sims_desktop.grading.presenter.sheet import Badge, Cell, Sheet
from sims_desktop.grading.presenter.statistics import Distribution, distribution, spread_of

NOTABLE = int(Badge.CONFLICT)

Spot = tuple[int, int]
"""(row of the sheet, column), whatever filter is on"""


class Standings(NamedTuple):
    """Marks of one column by row, in deviations from their mean: 0 where there is none."""

    deviations: list[float]
    known: list[bool]
    entered: int


class Cells:
    """`blanks` by column and `blanks_in_row` count only rows and columns that take marks; `problems` are
    the spots that are in conflict, refused, or no mark."""

    def __init__(self, sheet: Sheet, pass_share: Decimal) -> None:
        self._sheet = sheet
        self.pass_share = pass_share
        self.lines = sheet.cells
        self.takes_marks = [row.takes_marks for row in sheet.rows]
        self.blanks = [0] * len(sheet.columns)
        self.blanks_in_row = array("H", bytes(2 * len(sheet.rows)))
        self.badges = [0] * len(Badge)
        self.problems: set[Spot] = set()
        self._is_open = [not column.closed for column in sheet.columns]
        self._computed: set[int] = set()  # columns of which one of these is kept
        self._totals: list[str | None] = [None] * len(sheet.rows)
        self._distributions: dict[int, Distribution] = {}
        self._scores: dict[int, list[float | None]] = {}
        self._standings: dict[int, Standings | None] = {}
        shares = [
            Fraction(column.weight) / Fraction(column.max_score) if column.max_score else Fraction(0)
            for column in sheet.columns
        ]
        self._whole = lcm(*(share.denominator for share in shares))
        self._shares = [share.numerator * (self._whole // share.denominator) for share in shares]
        self._count_all()

    def _count_all(self) -> None:
        """Most cells hold a mark that the server has, and are a few hundred objects: those are counted by
        what they are, and only the others one by one."""
        counts: Counter[int] = Counter()
        cells: dict[int, Cell] = {}
        for line in self.lines:
            counts.update(map(id, line))
        for line in self.lines:
            if len(cells) == len(counts):
                break
            cells.update(zip(map(id, line), line, strict=True))
        notable = set()
        for name, cell in cells.items():
            self.badges[cell.badge] += counts[name]
            if cell.is_blank or cell.badge >= Badge.CONFLICT:
                notable.add(name)
        for index, line in enumerate(self.lines):
            if not notable.isdisjoint(map(id, line)):
                for column, cell in enumerate(line):
                    if id(cell) in notable:
                        self._weigh(index, column, cell, 1)

    def _weigh(self, index: int, column: int, cell: Cell, sign: int) -> None:
        if cell.value.mark is None and cell.typed is None and self.takes_marks[index]:
            self.blanks[column] += sign
            if self._is_open[column]:
                self.blanks_in_row[index] += sign
        if cell.badge >= Badge.CONFLICT:
            if sign > 0:
                self.problems.add((index, column))
            else:
                self.problems.discard((index, column))

    def put(self, index: int, column: int, cell: Cell) -> None:
        line = self.lines[index]
        old = line[column]
        line[column] = cell
        if old.value.mark is None or old.badge >= NOTABLE:
            self._weigh(index, column, old, -1)
        if cell.value.mark is None or cell.badge >= NOTABLE:
            self._weigh(index, column, cell, 1)
        if cell.badge is not old.badge:
            self.badges[old.badge] -= 1
            self.badges[cell.badge] += 1
        self._totals[index] = None
        if column in self._computed:
            self._computed.discard(column)
            for kept in (self._distributions, self._scores, self._standings):
                kept.pop(column, None)

    def total(self, index: int) -> str:
        """The weighted marks entered so far, of 100; absent counts 0. What the result will be is the
        regulation's matter, and computed by the server at approval."""
        held = self._totals[index]
        if held is None:
            sum_, entered = 0, False
            for cell, share in zip(self.lines[index], self._shares, strict=True):
                score = cell.value.score
                if score is not None:
                    sum_ += int(score * 100) * share
                entered = entered or not cell.is_blank
            # Dividing whole numbers rounds once, so that what is shown is what an exact sum rounds to.
            held = self._totals[index] = f"{sum_ / (self._whole * 100):.1f}" if entered else ""
        return held

    def distribution(self, column: int) -> Distribution:
        held = self._distributions.get(column)
        if held is None:
            self._computed.add(column)
            head = self._sheet.columns[column]
            values = [
                line[column].value for line, takes in zip(self.lines, self.takes_marks, strict=True) if takes
            ]
            held = self._distributions[column] = distribution(values, head.max_score, self.pass_share)
        return held

    def scores(self, column: int) -> Sequence[float | None]:
        """The marks of one column by row, None where there is none or nobody takes any."""
        held = self._scores.get(column)
        if held is None:
            self._computed.add(column)
            held = self._scores[column] = [
                float(score) if takes and (score := line[column].value.score) is not None else None
                for line, takes in zip(self.lines, self.takes_marks, strict=True)
            ]
        return held

    def standings(self, column: int) -> Standings | None:
        """None when all marks are the same, or there are none."""
        if column not in self._standings:
            scores = self.scores(column)
            known = [score for score in scores if score is not None]
            spread = spread_of(known)
            middle = fmean(known) if known else 0.0
            self._standings[column] = (
                Standings(
                    [(score - middle) / spread if score is not None else 0.0 for score in scores],
                    [score is not None for score in scores],
                    len(known),
                )
                if spread
                else None
            )
        return self._standings[column]
