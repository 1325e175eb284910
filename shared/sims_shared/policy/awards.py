"""What averages lead to: standing, division, distinction, position.

The rule a newcomer would get wrong: standing is judged by the figure that was rounded and printed,
a distinction by the exact fraction (unless the regulation rounds the class), and a tie in merit is
broken by the regulation, never by whoever was sorted first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

import msgspec

from .document import DivisionRow, Policy, StandingRow
from .rounding import cut, plain
from .trace import (
    LeftOut,
    Trace,
    given,
    judged_of,
    percentage_of,
    product_of,
    quotient_of,
    rounded_of,
    sum_of,
    under_regulation,
)


class Standing(msgspec.Struct, frozen=True):
    """A student's standing after a term; `code` None where nothing counts yet and none was before."""

    code: str | None
    trace: Trace


def standing_for(
    policy: Policy,
    *,
    cgpa: Decimal | None,
    sgpa: Decimal | None,
    before: Sequence[str] = (),
) -> Standing:
    """The first rung whose conditions all hold, judged by the declared (rounded) figures. `before` are
    the standings of earlier terms, oldest first. Without a CGPA the last standing stays."""
    if cgpa is None:
        last = before[-1] if before else None
        trace = judged_of("Standing", last or "-", "nothing counts yet: it stays as it was")
        return Standing(last, _signed(policy, trace))
    for row in policy.standing:
        if _holds(row, cgpa, sgpa, before):
            parts = [given("CGPA", Fraction(cgpa))] + (
                [given("SGPA", Fraction(sgpa))] if sgpa is not None else []
            )
            return Standing(row.code, _signed(policy, judged_of("Standing", row.code, _in_words(row), parts)))
    return Standing(None, _signed(policy, judged_of("Standing", "-", "the regulation has no ladder")))


def _holds(row: StandingRow, cgpa: Decimal, sgpa: Decimal | None, before: Sequence[str]) -> bool:
    if row.cgpa_min is not None and cgpa < row.cgpa_min:
        return False
    if row.sgpa_min is not None and (sgpa is None or sgpa < row.sgpa_min):
        return False
    if row.terms_min is not None and len(before) < row.terms_min:
        return False
    return not row.after or tuple(before[-len(row.after) :]) == row.after


def _in_words(row: StandingRow) -> str:
    words = [f"CGPA at least {row.cgpa_min}"] if row.cgpa_min is not None else []
    words += [f"SGPA at least {row.sgpa_min}"] if row.sgpa_min is not None else []
    words += [f"after {', '.join(row.after)}"] if row.after else []
    words += [f"after {row.terms_min} terms"] if row.terms_min is not None else []
    return "; ".join(words) or "below every other rung"


class Paper(msgspec.Struct, frozen=True):
    """A paper of an examination, in marks. `head` is what a distinction may ask for ("written")."""

    name: str
    obtained: Decimal
    maximum: Decimal
    head: str | None = None


class Division(msgspec.Struct, frozen=True, kw_only=True):
    """The highest division or distinction reached, None below all. `grace_paper` got `grace` marks for
    it, the lowest paper; `bars` are the honours that costs."""

    code: str | None
    obtained: Decimal
    maximum: Decimal
    grace: Decimal | None
    grace_paper: str | None
    bars: tuple[str, ...]
    trace: Trace


def award_division(policy: Policy, papers: Sequence[Paper], *, with_grace: bool = True) -> Division:
    """The division of the aggregate of all papers (of both parts, of every sitting)."""
    maximum = sum((Fraction(p.maximum) for p in papers), Fraction(0))
    plainly = _reached(policy, papers, Fraction(0))
    limit = policy.grace.division if policy.grace is not None and with_grace else None
    code, trace = plainly
    grace: Decimal | None = None
    lowest: str | None = None
    bars: tuple[str, ...] = ()
    if limit is not None and maximum and policy.grace is not None:
        # Whole marks, the fewest that reach a higher division.
        for marks in range(1, int(limit) + 1):
            better, better_trace = _reached(policy, papers, Fraction(marks))
            if better != code:
                code, trace, grace, bars = better, better_trace, Decimal(marks), policy.grace.bars
                lowest = min(papers, key=lambda p: (Fraction(p.obtained) / Fraction(p.maximum), p.name)).name
                break
    obtained = sum((Fraction(p.obtained) for p in papers), Fraction(0)) + Fraction(grace or 0)
    return Division(
        code=code,
        obtained=cut(obtained),
        maximum=cut(maximum),
        grace=grace,
        grace_paper=lowest,
        bars=bars,
        trace=_signed(policy, trace),
    )


def _reached(policy: Policy, papers: Sequence[Paper], grace: Fraction) -> tuple[str | None, Trace]:
    parts = [given(p.name, Fraction(p.obtained)) for p in papers]
    if grace:
        parts.append(given("grace for the division", grace))
    obtained = sum_of("Aggregate", parts)
    maximum = given("Maximum", sum((Fraction(p.maximum) for p in papers), Fraction(0)))
    if not maximum.value:
        return None, judged_of("Division", "-", "there are no papers")
    share = rounded_of("Class", percentage_of("Percentage", obtained, maximum), policy.gpa.class_)
    heads = _head_shares(papers)
    left_out: list[LeftOut] = []
    for row in sorted(policy.division, key=lambda row: row.min, reverse=True):
        missing = _missing(row, share.value, heads)
        if not missing:
            rule = f"{plain(row.min)} % and above" + "".join(
                f", {h} {plain(m)} %" for h, m in row.heads.items()
            )
            return row.code, judged_of("Division", row.code, rule, (share,), left_out)
        left_out.append(LeftOut(row.code, missing))
    return None, judged_of("Division", "none", "below every division", (share,), left_out)


def _head_shares(papers: Sequence[Paper]) -> dict[str, Fraction]:
    heads: dict[str, tuple[Fraction, Fraction]] = {}
    for paper in papers:
        if paper.head is not None:
            obtained, maximum = heads.get(paper.head, (Fraction(0), Fraction(0)))
            heads[paper.head] = obtained + Fraction(paper.obtained), maximum + Fraction(paper.maximum)
    return {head: obtained * 100 / maximum for head, (obtained, maximum) in heads.items() if maximum}


def _missing(row: DivisionRow, share: Fraction, heads: Mapping[str, Fraction]) -> str:
    if share < Fraction(row.min):
        return f"needs {plain(row.min)} % in the aggregate"
    for head, minimum in row.heads.items():
        if heads.get(head, Fraction(0)) < Fraction(minimum):
            return f"needs {plain(minimum)} % in {head}"
    return ""


class TermCourse(msgspec.Struct, frozen=True):
    """A course of one term as compensation sees it: its total in percent, and whether it was passed."""

    key: str
    total: Decimal
    credits: Decimal
    passed: bool


class Compensated(msgspec.Struct, frozen=True, kw_only=True):
    """Keys of the failed courses whose credits are earned by compensation, best total first."""

    keys: tuple[str, ...]
    trace: Trace


def compensate(policy: Policy, courses: Sequence[TermCourse]) -> Compensated:
    """Which failed courses of a term its average makes good. The average is over all its courses, the
    failed ones too, and is never rounded."""
    rule = policy.compensation
    weights = [given(course.key, Fraction(course.credits)) for course in courses]
    if rule is None or not sum((weight.value for weight in weights), Fraction(0)):
        why = "the regulation knows no compensation" if rule is None else "there are no credits"
        return Compensated(keys=(), trace=_signed(policy, judged_of("Compensation", "none", why)))
    products = [
        product_of(course.key, (given("total", Fraction(course.total)), weight))
        for course, weight in zip(courses, weights, strict=True)
    ]
    average = quotient_of("Average", sum_of("Totals × credits", products), sum_of("Credits", weights))
    kept: list[str] = []
    left_out: list[LeftOut] = []
    used = Fraction(0)
    failed = sorted((c for c in courses if not c.passed), key=lambda c: (-c.total, c.key))
    for course in failed:
        if average.value < Fraction(rule.average_min):
            why = f"the average is below {plain(rule.average_min)}"
        elif course.total < rule.from_:
            why = f"{plain(course.total)} is below {plain(rule.from_)}"
        elif rule.max_credits is not None and used + Fraction(course.credits) > Fraction(rule.max_credits):
            why = f"at most {plain(rule.max_credits)} credits are compensated"
        else:
            kept.append(course.key)
            used += Fraction(course.credits)
            continue
        left_out.append(LeftOut(course.key, why))
    verdict = ", ".join(kept) or "none"
    trace = judged_of("Compensation", verdict, "a good average makes a near fail good", (average,), left_out)
    return Compensated(keys=tuple(kept), trace=_signed(policy, trace))


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may get a position. `marred` names what happened ("repeat", "fail", "exemption",
    "ufm", "grace"); `barred` that grace or a supplementary already cost the position."""

    id: int
    cgpa: Decimal | None = None
    percentage: Decimal | None = None
    born_on: date | None = None
    marred: frozenset[str] = frozenset()
    barred: bool = False


class Placed(msgspec.Struct, frozen=True):
    """A position; equal candidates share it and the next one is skipped."""

    id: int
    position: int


class MeritList(msgspec.Struct, frozen=True, kw_only=True):
    """Positions from the first, and who has none and why (`what` is the id as text)."""

    placed: tuple[Placed, ...]
    left_out: tuple[LeftOut, ...]


def rank_by_merit(policy: Policy, candidates: Sequence[Candidate]) -> MeritList:
    """The merit list; empty where the regulation knows no positions."""
    rule = policy.merit
    if rule is None:
        return MeritList(placed=(), left_out=())
    left_out, eligible = [], []
    for candidate in candidates:
        marred = [what for what in rule.exclude if what in candidate.marred]
        if marred or candidate.barred:
            left_out.append(
                LeftOut(str(candidate.id), f"excluded for {', '.join(marred) or 'a barred position'}")
            )
        elif (candidate.cgpa if rule.by == "cgpa" else candidate.percentage) is None:
            left_out.append(LeftOut(str(candidate.id), f"has no {rule.by}"))
        else:
            eligible.append(candidate)
    order = (rule.by, *rule.ties)
    ranked = sorted(eligible, key=lambda c: (_worth(order, c), c.id))
    placed: list[Placed] = []
    for index, candidate in enumerate(ranked):
        tied = index > 0 and _worth(order, candidate) == _worth(order, ranked[index - 1])
        placed.append(Placed(candidate.id, placed[-1].position if tied else index + 1))
    return MeritList(placed=tuple(placed), left_out=tuple(sorted(left_out, key=lambda row: row.what)))


def _worth(order: Sequence[str], candidate: Candidate) -> tuple[Fraction, ...]:
    """Lower is better in every place; what is not known comes last."""
    worth: list[Fraction] = []
    for by in order:
        if by in ("cgpa", "percentage"):
            figure = candidate.cgpa if by == "cgpa" else candidate.percentage
            worth.append(Fraction(1) if figure is None else -Fraction(figure))
        else:
            born = candidate.born_on.toordinal() if candidate.born_on is not None else None
            worth.append(Fraction(10**9 if born is None else -born if by == "younger" else born))
    return tuple(worth)


def _signed(policy: Policy, trace: Trace) -> Trace:
    return under_regulation(trace, policy.code or "", policy.version or 1)
