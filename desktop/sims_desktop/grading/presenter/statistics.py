"""How a column of marks is distributed. Absent students are counted, not averaged.

Averages are shown to one or two places and decide nothing, so floats are enough; marks themselves never
become floats on their way to the store.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import fsum, sqrt
from statistics import fmean, median

from sims_desktop.grading.presenter.entry import ABSENT, Value
from sims_desktop.kit.language import phrase


@dataclass(frozen=True, slots=True)
class Distribution:
    """Of one column. `bars` are counts of ten equal ranges of the maximum, the last one closed;
    mean, middle and spread are in marks; `pass_rate` is passed / (scored + absent), 0 … 1."""

    scored: int
    absent: int
    other: int
    missing: int
    mean: float | None
    middle: float | None
    spread: float | None
    lowest: Decimal | None
    highest: Decimal | None
    pass_rate: float | None
    total: Decimal
    bars: Sequence[int]

    @property
    def in_words(self) -> str:
        if self.mean is None:
            return phrase("Nothing entered, {missing:,} missing", missing=self.missing)
        rate = "" if self.pass_rate is None else phrase(", {pass_rate:.0%} pass", pass_rate=self.pass_rate)
        return phrase(
            "Mean {mean:.1f}, median {middle:.1f}{rate}, {missing:,} missing",
            mean=self.mean,
            middle=self.middle,
            rate=rate,
            missing=self.missing,
        )


def spread_of(values: Collection[float]) -> float:
    """The standard deviation. Python's own is exact, and slower than a window can wait."""
    if not values or min(values) == max(values):
        return 0.0
    middle = fmean(values)
    return sqrt(fsum((value - middle) ** 2 for value in values) / len(values))


def distribution(
    values: Iterable[Value], maximum: Decimal, pass_share: Decimal = Decimal("0.5"), bars: int = 10
) -> Distribution:
    """Of the values of everybody who takes marks. `pass_share` of the maximum passes."""
    scores: list[Decimal] = []
    absent = other = missing = 0
    for value in values:
        if value.score is not None:
            scores.append(value.score)
        elif value.mark is None:
            missing += 1
        elif value.mark == ABSENT:
            absent += 1
        else:
            other += 1
    counts = [0] * bars
    for score in scores:
        counts[min(bars - 1, int(score * bars // maximum))] += 1
    plain = [float(score) for score in scores]
    judged = len(scores) + absent
    enough = maximum * pass_share
    passed = sum(score >= enough for score in scores)
    return Distribution(
        scored=len(scores),
        absent=absent,
        other=other,
        missing=missing,
        mean=fmean(plain) if plain else None,
        middle=median(plain) if plain else None,
        spread=spread_of(plain) if plain else None,
        lowest=min(scores, default=None),
        highest=max(scores, default=None),
        pass_rate=passed / judged if judged else None,
        total=sum(scores, Decimal(0)),
        bars=counts,
    )
