"""Where the cut-off lines of a relatively graded class stand, and how far its lead may move them.

The rule a newcomer would get wrong: a line that nobody moved is no number. μ + 1.5σ is seldom a decimal,
so it is shown rounded up to two places and still judged exactly; only a moved line is the number it shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import isqrt

import msgspec

from .document import Scale
from .rounding import plain
from .scales import CutOff, CutOffs

WHOLE = 100
PLACES = 100  # two of them


def place_of(cutoffs: CutOffs, row: CutOff) -> Decimal:
    """Where the rule puts this line: the least percentage of two places at or above it, within 0 … 100."""
    if cutoffs.method == "marks":
        return _two_places(-(-Fraction(row.at_least) * PLACES // 1))
    mean, variance, times = Fraction(cutoffs.mean), Fraction(cutoffs.variance), Fraction(row.at_least)
    square = times * times * variance * PLACES * PLACES
    return _two_places(_least(mean * PLACES, square, up=times >= 0))


def _least(mean: Fraction, square: Fraction, *, up: bool) -> int:
    """The least whole number at or above mean + √square, or mean − √square."""
    root = isqrt(int(square))
    number = int(mean // 1) + (root if up else -root) - 2

    def reached(number: int) -> bool:
        distance = number - mean
        return (distance >= 0 and distance**2 >= square) if up else distance >= 0 or distance**2 <= square

    while not reached(number):
        number += 1
    return number


def _two_places(steps: int) -> Decimal:
    return Decimal(min(max(int(steps), 0), WHOLE * PLACES)).scaleb(-2)


def reach_of(scale: Scale, place: Decimal) -> tuple[Decimal, Decimal]:
    """The lowest and the highest total to which a line at `place` may be moved; without latitude the
    place itself."""
    room = scale.latitude or Decimal(0)
    return max(place - room, Decimal(0)), min(place + room, Decimal(WHOLE))


def move_lines(cutoffs: CutOffs, moved: Mapping[str, Decimal]) -> CutOffs:
    """The same cut-offs with these lines elsewhere, by grade. A line at the place where the rule puts it
    was not moved."""
    return msgspec.structs.replace(
        cutoffs,
        rows=tuple(
            msgspec.structs.replace(row, moved_to=to)
            if (to := moved.get(row.grade)) is not None and to != place_of(cutoffs, row)
            else row
            for row in cutoffs.rows
        ),
    )


def stands_at(cutoffs: CutOffs, row: CutOff) -> Decimal:
    return row.moved_to if row.moved_to is not None else place_of(cutoffs, row)


def faults_of_lines(
    scale: Scale, cutoffs: CutOffs, moved: Mapping[str, Decimal]
) -> Iterator[tuple[str, str, str]]:
    """What stands against moving these lines: (grade, code, in words), every fault at once."""
    rows = {row.grade: row for row in cutoffs.rows}
    for grade, to in moved.items():
        row = rows.get(grade)
        if row is None:
            yield grade, "unknown_grade", f"{grade} is no line of the scale."
            continue
        place = place_of(cutoffs, row)
        lowest, highest = reach_of(scale, place)
        if to != place and scale.latitude is None:
            yield (
                grade,
                "fixed",
                f"The regulation does not let its lines be moved; {grade} begins at {place}.",
            )
        elif not lowest <= to <= highest:
            words = (
                f"{grade} may begin from {plain(lowest)} to {plain(highest)}; the rule puts it at {place}."
            )
            yield grade, "out_of_reach", words
    standing = [(row.grade, stands_at(cutoffs, row)) for row in move_lines(cutoffs, moved).rows]
    for (better, above), (worse, below) in pairwise(standing):
        if above < below and (better in moved or worse in moved):
            yield worse, "out_of_order", f"{worse} cannot begin above {better}, which begins at {above}."
