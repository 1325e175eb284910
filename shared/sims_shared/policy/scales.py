"""From a total to a grade: bands, ready reckoners and relative scales.

The rule a newcomer would get wrong: relative grading uses the population's σ and compares squares,
so that nothing is lost to a square root, and its cut-offs freeze when the sheet is approved. A
recheck moves one student, never five classmates.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import msgspec

from .document import Policy, Scale, ScaleRow
from .rounding import plain


class Graded(msgspec.Struct, frozen=True):
    """A grade of the scale, its points (None in a system without) and why, in words."""

    grade: str
    points: Decimal | None
    failing: bool
    rule: str


class CutOff(msgspec.Struct, frozen=True):
    """Where a grade begins: a total in percent (method "marks"), or a multiple of σ ("z"). `moved_to`,
    in percent, stands in the place of that where the lead moved the line and it was approved so."""

    at_least: Decimal
    grade: str
    points: Decimal | None = None
    moved_to: Decimal | None = None


class CutOffs(msgspec.Struct, frozen=True, kw_only=True):
    """The frozen cut-offs of one sheet, kept with its approval; encodes with msgspec. `mean` and
    `variance` are exact fractions as text; `count` of totals they rest on; `left_out` of those not."""

    method: Literal["z", "marks"]
    rows: tuple[CutOff, ...]
    mean: str = "0"
    variance: str = "0"
    count: int = 0
    left_out: int = 0


def failing_grade(scale: Scale) -> Graded:
    """What stands below every row."""
    points = scale.fail_points if any(row.points is not None for row in scale.rows) else None
    for row in scale.rows:
        if row.grade == scale.fail:
            points = row.points
    return Graded(scale.fail, points, True, f"below every grade stands {scale.fail}")


def lowest_pass(scale: Scale) -> Graded:
    """The least grade that is not failing: what a pass by grace or a condoned fail is worth."""
    rows = [row for row in _descending(scale) if row.grade != scale.fail]
    return (
        Graded(rows[-1].grade, rows[-1].points, False, "the lowest passing grade")
        if rows
        else failing_grade(scale)
    )


def points_of(policy: Policy, grade: str) -> Decimal | None:
    """The points of a grade; where a grade has several (a table), the least of its band."""
    points = [row.points for row in policy.scale.rows if row.grade == grade and row.points is not None]
    if points:
        return min(points)
    return failing_grade(policy.scale).points if grade == policy.scale.fail else None


def rank_of(policy: Policy, grade: str) -> int | None:
    """0 for the failing grade, higher for better; None for what is no grade of the scale."""
    if grade == policy.scale.fail:
        return 0
    ascending = [row.grade for row in reversed(_descending(policy.scale)) if row.grade != policy.scale.fail]
    return ascending.index(grade) + 1 if grade in ascending else None


def grade_for(scale: Scale, total: Fraction, cutoffs: CutOffs | None = None) -> Graded | None:
    """The grade of a total (in percent, after its rounding). None for a scale without grades, and for
    a relative scale whose cut-offs are not frozen yet."""
    if scale.kind == "none":
        return None
    if scale.kind == "relative":
        return _relative_grade(scale, total, cutoffs) if cutoffs is not None else None
    for row in _descending(scale):
        if total >= Fraction(row.minimum):
            rule = f"{plain(row.minimum)} and above is {row.grade}"
            return Graded(row.grade, row.points, row.grade == scale.fail, rule)
    return failing_grade(scale)


def freeze_cutoffs(policy: Policy, totals: Iterable[Fraction]) -> CutOffs:
    """The cut-offs of a relatively graded class from the totals (percent) of those who sat it."""
    scale = policy.scale
    every = sorted(totals)
    kept = [t for t in every if scale.exclude_below is None or t >= Fraction(scale.exclude_below)]
    mean, variance = _moments(kept)
    if scale.exclude_outliers is not None and variance:
        reach = Fraction(scale.exclude_outliers) ** 2 * variance
        kept = [t for t in kept if (t - mean) ** 2 <= reach]
        mean, variance = _moments(kept)
    if scale.method == "share":
        return _freeze_shares(policy, kept, len(every) - len(kept))
    rows = tuple(CutOff(row.minimum, row.grade, row.points) for row in _descending(scale))
    return CutOffs(
        method="z",
        rows=rows,
        mean=str(mean),
        variance=str(variance),
        count=len(kept),
        left_out=len(every) - len(kept),
    )


def _freeze_shares(policy: Policy, kept: Sequence[Fraction], left_out: int) -> CutOffs:
    """Shares of those who pass, best first (ECTS: 10, 25, 30, 25, 10). Equal totals stand together,
    in the better grade."""
    least = policy.pass_.total_min
    passing = sorted((t for t in kept if least is None or t >= Fraction(least)), reverse=True)
    rows: list[CutOff] = []
    share = Fraction(0)
    for row in policy.scale.rows:  # in the order of the document: the best grade first
        share += Fraction(row.minimum)
        reached = -((-share * len(passing)) // 100)  # a part of a person is a person
        taken = passing[: int(reached)]
        # A total is a fraction; a cut-off is text in the record. Cutting six places down keeps >= true.
        at_least = _cut_below(taken[-1]) if taken else Decimal(100)
        rows.append(CutOff(at_least, row.grade, row.points))
    return CutOffs(method="marks", rows=tuple(rows), count=len(passing), left_out=left_out)


def _cut_below(value: Fraction) -> Decimal:
    return Decimal(value.numerator * 10**6 // value.denominator).scaleb(-6)


def _moments(totals: Sequence[Fraction]) -> tuple[Fraction, Fraction]:
    """Mean and variance of the population (divided by n: the class is all there is)."""
    if not totals:
        return Fraction(0), Fraction(0)
    mean = sum(totals, Fraction(0)) / len(totals)
    return mean, sum(((t - mean) ** 2 for t in totals), Fraction(0)) / len(totals)


def _relative_grade(scale: Scale, total: Fraction, cutoffs: CutOffs) -> Graded:
    if scale.exclude_below is not None and total < Fraction(scale.exclude_below):
        return failing_grade(scale)
    for row in sorted(cutoffs.rows, key=lambda row: row.at_least, reverse=True):
        at_least = Fraction(row.at_least)
        if row.moved_to is not None:
            reached = total >= Fraction(row.moved_to)
            rule = f"{plain(row.moved_to)} and above is {row.grade}, a line that was moved for this class"
        elif cutoffs.method == "marks":
            reached, rule = total >= at_least, f"{plain(row.at_least)} and above is {row.grade}"
        else:
            distance = total - Fraction(cutoffs.mean)
            reached = _signed_square(distance) >= _signed_square(at_least) * Fraction(cutoffs.variance)
            rule = f"{plain(row.at_least)} σ from the mean {cutoffs.mean} and above is {row.grade}"
        if reached:
            return Graded(row.grade, row.points, row.grade == scale.fail, rule)
    return failing_grade(scale)


def _signed_square(value: Fraction) -> Fraction:
    """Keeps order and needs no root: x >= zσ exactly when x|x| >= z|z|σ²."""
    return value * abs(value)


def _descending(scale: Scale) -> list[ScaleRow]:
    if scale.kind == "relative" and scale.method == "share":
        return list(scale.rows)
    return sorted(scale.rows, key=lambda row: row.minimum, reverse=True)
