"""Marks of grace: passing by a hair, within a budget, and what it costs.

The rule a newcomer would get wrong: under "all or nothing" a candidate who needs more than the budget
gets nothing at all, not even in the paper that one mark would have saved; and grace is not added to
the marks unless the regulation says so, it prints as an asterisk.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import msgspec

from .document import Grace, Policy
from .rounding import cut, plain, round_exact
from .trace import LeftOut, Trace, given, judged_of, sum_of, under_regulation


class Shortfall(msgspec.Struct, frozen=True):
    """A head of a paper that misses its minimum by `needed` of `maximum` marks."""

    paper: str
    head: str
    needed: Fraction
    maximum: Fraction


class Granted(msgspec.Struct, frozen=True):
    """Grace given in one head of one paper, in marks."""

    paper: str
    head: str
    marks: Decimal


class GraceOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What was given (empty for nothing), of which budget, and the honours it bars."""

    granted: tuple[Granted, ...]
    used: Fraction
    budget: Fraction | None
    bars: tuple[str, ...]
    trace: Trace

    def for_paper(self, paper: str) -> dict[str, Decimal]:
        """By head, as `judge_course(grace=…)` takes it."""
        return {grant.head: grant.marks for grant in self.granted if grant.paper == paper}


def grant_grace(
    policy: Policy, shortfalls: Sequence[Shortfall], *, aggregate: Decimal, papers: int
) -> GraceOutcome:
    """The grace for one candidate in one examination. `aggregate` is the maximum of all its papers in
    marks, `papers` how many there are."""
    grace = policy.grace
    if grace is None or not shortfalls:
        why = "nothing is missing" if grace is not None else "the regulation knows no grace"
        return GraceOutcome(
            granted=(), used=Fraction(0), budget=None, bars=(), trace=_trace(policy, why, (), ())
        )
    budget = _budget(grace, aggregate)
    most = _most_heads(grace, papers)
    ordered = sorted(shortfalls, key=lambda s: (s.needed, s.paper, s.head))
    kept, refused = _allocate(grace, ordered, budget, most)
    used = sum((s.needed for s in kept), Fraction(0))
    granted = tuple(Granted(s.paper, s.head, cut(s.needed)) for s in kept)
    verdict = f"{plain(cut(used))} marks" if granted else "none"
    parts = [given(f"{s.paper}, {s.head}", s.needed, "marks needed") for s in kept]
    trace = _trace(policy, verdict, refused, (sum_of("Marks of grace", parts, _in_words(budget, most)),))
    return GraceOutcome(
        granted=granted, used=used, budget=budget, bars=grace.bars if granted else (), trace=trace
    )


def _allocate(
    grace: Grace, ordered: Sequence[Shortfall], budget: Fraction | None, most: int | None
) -> tuple[list[Shortfall], list[LeftOut]]:
    kept: list[Shortfall] = []
    refused: list[LeftOut] = []
    left = budget
    for shortfall in ordered:
        limit = _slab(grace, shortfall.maximum)
        why = ""
        if limit is not None and shortfall.needed > limit:
            why = (
                f"needs {plain(cut(shortfall.needed))}, a paper of its size gets {plain(cut(limit))} at most"
            )
        elif most is not None and len(kept) >= most:
            why = f"grace is given in {most} papers at most"
        elif left is not None and shortfall.needed > left:
            why = f"needs {plain(cut(shortfall.needed))}, {plain(cut(left))} of the budget are left"
        if why:
            refused.append(LeftOut(f"{shortfall.paper}, {shortfall.head}", why))
            continue
        kept.append(shortfall)
        left = None if left is None else left - shortfall.needed
    if refused and grace.allocation == "all_or_nothing":
        refused += [LeftOut(f"{s.paper}, {s.head}", "all or nothing: no part award") for s in kept]
        kept = []
    return kept, refused


def _budget(grace: Grace, aggregate: Decimal) -> Fraction | None:
    if grace.budget is None:
        return None
    if grace.budget.marks is not None:
        return Fraction(grace.budget.marks)
    return round_exact(Fraction(grace.budget.percent or 0) * Fraction(aggregate) / 100, grace.budget.round)


def _most_heads(grace: Grace, papers: int) -> int | None:
    if grace.max_heads is None or isinstance(grace.max_heads, int):
        return grace.max_heads
    most = round_exact(grace.max_heads.share.of(Fraction(papers)), grace.max_heads.round)
    return most.numerator // most.denominator


def _slab(grace: Grace, maximum: Fraction) -> Fraction | None:
    """The most that a paper of this size may be given; None without slabs, 0 above the last."""
    if not grace.per_head:
        return None
    return next((Fraction(slab.marks) for slab in grace.per_head if maximum <= slab.upto), Fraction(0))


def _in_words(budget: Fraction | None, most: int | None) -> str:
    words = [f"a budget of {plain(cut(budget))} marks"] if budget is not None else []
    words += [f"in {most} papers at most"] if most is not None else []
    return ", ".join(words)


def _trace(policy: Policy, verdict: str, left_out: Sequence[LeftOut], parts: Sequence[Trace]) -> Trace:
    rule = (
        "all or nothing"
        if policy.grace and policy.grace.allocation == "all_or_nothing"
        else "least need first"
    )
    return under_regulation(
        judged_of("Grace", verdict, rule, parts, left_out), policy.code or "", policy.version or 1
    )
