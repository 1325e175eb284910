"""Quiet guards: marks that look as if a hand slipped. They note, they never stop anybody.

Three slips are known: from some row down every mark stands one line too high or too low; two digits were
swapped; a column holds another assessment's marks. Each is judged by what the other columns say of the
same students. The rule a newcomer would get wrong: a guard that cries often is switched off, so it speaks
only where the other reading fits far better; `tests/desktop/grading/test_guards.py` measures how often it
is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import atanh, sqrt
from statistics import fmean, median

from sims_desktop.grading.presenter.entry import number_text
from sims_desktop.grading.presenter.grid import GridPresenter
from sims_desktop.grading.presenter.sheet import Key
from sims_desktop.grading.presenter.statistics import spread_of
from sims_desktop.kit.language import phrase

FEWEST = 12  # students with marks in this column and another
SHORTEST_SHIFT = 8
MOST_SWAPS = 3


@dataclass(frozen=True, slots=True)
class Suspicion:
    """`sentence` is shown; `keys` are the cells it speaks of, the first of them where the cursor goes."""

    kind: str  # shift, swap or column
    assessment_id: int
    keys: tuple[Key, ...]
    sentence: str


def _correlation(one: Sequence[float], other: Sequence[float]) -> float:
    spread = spread_of(one) * spread_of(other)
    if spread == 0:
        return 0.0
    middle, middle_other = fmean(one), fmean(other)
    return fmean((a - middle) * (b - middle_other) for a, b in zip(one, other, strict=True)) / spread


def find_shift(marks: Sequence[float], expected: Sequence[float]) -> tuple[int, int] | None:
    """(first row, +1 where from there each mark fits the next student better, -1 the one before), of rows
    in the order they were entered in. `expected` is what the other columns say, on any scale."""
    own, here = _standings(marks), _standings(expected)
    if not own or not here:
        return None
    best: tuple[float, int, int] | None = None
    for step in (1, -1):
        first = _where_it_begins(own, here, step)
        if first is None:
            continue
        if step == 1:  # the mark of row i belongs to i + 1; the last one to nobody here
            given, as_is, moved = own[first:-1], here[first:-1], here[first + 1 :]
        else:
            given, as_is, moved = own[first:], here[first:], here[first - 1 : -1]
        entered, shifted = _correlation(given, as_is), _correlation(given, moved)
        before = _correlation(own[:first], here[:first]) if first >= 5 else shifted
        # The class above the row must follow the other columns, or nothing can be said of those below.
        if shifted < 0.6 or shifted - entered < 0.4 or before < 0.3:
            continue
        gain = (atanh(min(shifted, 0.999)) - atanh(max(entered, -0.999))) * sqrt((len(given) - 3) / 2)
        if best is None or gain > best[0]:
            best = (gain, first, step)
    return (best[1], best[2]) if best is not None and best[0] > 3.0 else None


def _standings(values: Sequence[float]) -> list[float]:
    """In deviations from the mean; empty where all are equal."""
    spread = spread_of(values)
    middle = fmean(values)
    return [(value - middle) / spread for value in values] if spread else []


def _where_it_begins(own: Sequence[float], here: Sequence[float], step: int) -> int | None:
    """The row from which on the shifted reading leaves least unexplained, with as entered above it."""
    count = len(own)
    cost = sum((own[at] - here[at + step]) ** 2 for at in range(1, count - 1))
    least, best = cost, 1
    for first in range(2, count - SHORTEST_SHIFT):
        row = first - 1
        cost += (own[row] - here[row]) ** 2 - (own[row] - here[row + step]) ** 2
        if cost < least:
            least, best = cost, first
    return best if count - best > SHORTEST_SHIFT else None


def find_swaps(marks: Sequence[float], expected: Sequence[float], maximum: float) -> list[int]:
    """Rows whose two digits fit far better the other way round: 69 for 96."""
    spread = spread_of(expected)
    tie = _correlation(marks, expected)
    if tie < 0.6 or spread == 0:
        return []
    slope = tie * spread_of(marks) / spread
    start = median(mark - slope * value for mark, value in zip(marks, expected, strict=True))
    rests = [mark - start - slope * value for mark, value in zip(marks, expected, strict=True)]
    usual = 1.4826 * median(abs(rest) for rest in rests)
    if usual == 0:
        return []
    found = []
    for at, (mark, rest) in enumerate(zip(marks, rests, strict=True)):
        if mark != int(mark) or not 10 <= mark <= 99:
            continue
        swapped = int(str(int(mark))[::-1])
        other = rest + swapped - mark
        if swapped <= maximum and abs(rest) > 4.5 * usual and abs(other) < usual:
            found.append(at)
    return found[:MOST_SWAPS]


def suspicions(grid: GridPresenter, column: int) -> list[Suspicion]:
    """What looks wrong in one column of the sheet, whatever filter is on."""
    if not grid.columns:
        return []
    found = _other_column(grid, column)
    rows, marks, expected = _paired(grid, column)
    if len(rows) < FEWEST:
        return found
    head = grid.columns[column]
    keys = [(enrollment, head.assessment_id) for enrollment in rows]
    places = {row.enrollment_id: number for number, row in enumerate(grid.sheet.rows, 1)}
    shift = find_shift(marks, expected)
    if shift is not None:
        first, step = shift
        whom = phrase("next") if step == 1 else phrase("previous")
        found.append(
            Suspicion(
                "shift",
                head.assessment_id,
                tuple(keys[first:]),
                phrase(
                    "From row {places} down the marks of {name} fit the {whom} student better.",
                    places=places[rows[first]],
                    name=head.name,
                    whom=whom,
                ),
            )
        )
        return found  # shifted marks make every other look at the column idle
    by_id = {row.enrollment_id: row for row in grid.sheet.rows}
    for at in find_swaps(marks, expected, float(head.max_score)):
        mark = str(int(marks[at]))
        found.append(
            Suspicion(
                "swap",
                head.assessment_id,
                (keys[at],),
                phrase(
                    "{name} has {mark} in {name_2}; {mark_2} would fit the other marks.",
                    name=by_id[rows[at]].name,
                    mark=mark,
                    name_2=head.name,
                    mark_2=mark[::-1],
                ),
            )
        )
    return found


def _scores(grid: GridPresenter, column: int) -> dict[int, float]:
    scores = grid.cells.scores(column)
    return {
        row.enrollment_id: score
        for row, score in zip(grid.sheet.rows, scores, strict=True)
        if score is not None
    }


def _paired(grid: GridPresenter, column: int) -> tuple[list[int], list[float], list[float]]:
    """Enrollments with a mark here and elsewhere, in the sheet's order: their marks, and the mean of their
    standings in the other columns (in deviations from that column's mean)."""
    others = [grid.cells.standings(other) for other in range(len(grid.columns)) if other != column]
    usable = [held for held in others if held is not None and held.entered >= FEWEST]
    if not usable:
        return [], [], []
    sums = map(sum, zip(*(held.deviations for held in usable), strict=True))
    counts = map(sum, zip(*(held.known for held in usable), strict=True))
    rows, marks, expected = [], [], []
    for row, own, whole, count in zip(grid.sheet.rows, grid.cells.scores(column), sums, counts, strict=True):
        if own is not None and count:
            rows.append(row.enrollment_id)
            marks.append(own)
            expected.append(whole / count)
    return rows, marks, expected


def _other_column(grid: GridPresenter, column: int) -> list[Suspicion]:
    own, head = _scores(grid, column), grid.columns[column]
    if len(own) < FEWEST or len(set(own.values())) < 5:
        return []
    key = ((next(iter(own)), head.assessment_id),)
    for other, column_there in enumerate(grid.columns):
        if other == column:
            continue
        scores = _scores(grid, other)
        both = [row for row in own if row in scores]
        if len(both) >= FEWEST and sum(own[row] == scores[row] for row in both) >= 0.9 * len(both):
            return [
                Suspicion(
                    "column",
                    head.assessment_id,
                    key,
                    phrase("{name} holds the marks of {name_2}.", name=head.name, name_2=column_there.name),
                )
            ]
        highest, limit = max(own.values()), float(column_there.max_score)
        if not scores and highest <= limit < float(head.max_score) / 2 and highest > 0.7 * limit:
            told = phrase(
                "No mark of {name} is above {max_score}",
                name=head.name,
                max_score=number_text(column_there.max_score),
            )
            return [
                Suspicion(
                    "column",
                    head.assessment_id,
                    key,
                    phrase(
                        "{told}, the maximum of {name}, which is empty. Is this the right column?",
                        told=told,
                        name=column_there.name,
                    ),
                )
            ]
    return []
