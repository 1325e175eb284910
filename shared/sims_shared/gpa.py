"""Averages and credits of a student: SGPA, CGPA, what was attempted, earned and transferred, and why.

Pure, over the rows of one registration under its regulation. The rule a newcomer would get wrong: the
SGPA of a past term keeps the F that was later repeated; only the CGPA forgets it. And a term without
anything that counts has no SGPA: it prints "-", never 0.00.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import msgspec

from .policy.attendance import Attended, attendance_of
from .policy.awards import (
    Candidate,
    Compensated,
    Division,
    MeritList,
    Paper,
    Standing,
    TermCourse,
    award_division,
    compensate,
    rank_by_merit,
    standing_for,
)
from .policy.document import PROVISIONAL, Policy, symbols_of
from .policy.grace import GraceOutcome, Granted, Shortfall, grant_grace
from .policy.rounding import Rounding, cut, plain, shown
from .policy.rows import CourseRow, Meaning, course_roots, meanings_of, weigh_attempts
from .policy.scales import points_of, rank_of
from .policy.trace import (
    LeftOut,
    Trace,
    given,
    judged_of,
    product_of,
    quotient_of,
    rounded_of,
    sum_of,
    under_regulation,
)

__all__ = [
    "Attended",
    "Average",
    "Candidate",
    "Compensated",
    "CourseRow",
    "CreditTotals",
    "Division",
    "GraceOutcome",
    "Granted",
    "Lapse",
    "MeritList",
    "Paper",
    "Reconciled",
    "Shortfall",
    "Standing",
    "TermCourse",
    "attendance_of",
    "award_division",
    "compensate",
    "compensated",
    "completion_faults",
    "convert_cgpa",
    "credits_of",
    "cumulative_gpa",
    "effective_rows",
    "grant_grace",
    "honours_gpa",
    "lapse_incomplete",
    "rank_by_merit",
    "reconcile_recorded",
    "standing_for",
    "term_gpa",
]


class Average(msgspec.Struct, frozen=True, kw_only=True):
    """An SGPA or CGPA. `value` is rounded as the regulation says (exact: cut to 6 places), None when
    nothing counts; `printed` is it or the regulation's "-". `exact` is the fraction before rounding;
    `credits` and `quality_points` what it divides; `counted` the keys of the rows used."""

    value: Decimal | None
    printed: str
    exact: Fraction | None
    credits: Decimal
    quality_points: Decimal
    counted: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    trace: Trace


class CreditTotals(msgspec.Struct, frozen=True, kw_only=True):
    """Credits. `earned` were earned here, each course once; `transferred` stand beside them."""

    attempted: Decimal
    earned: Decimal
    transferred: Decimal

    @property
    def total(self) -> Decimal:
        """What counts towards the degree."""
        return self.earned + self.transferred


Weighed = tuple[Meaning, Trace]


def term_gpa(policy: Policy, rows: Sequence[CourseRow], term: int) -> Average:
    """The SGPA of one term. Takes all rows of the student: a repeat's cap needs the earlier attempt, and
    a regulation that recomputes past terms needs the later one."""
    counted, left_out = _term_rows(policy, rows, term)
    return _average(policy, "SGPA", counted, left_out, policy.gpa.sgpa)


def cumulative_gpa(
    policy: Policy,
    rows: Sequence[CourseRow],
    *,
    upto: int | None = None,
    credits_required: Decimal | None = None,
) -> Average:
    """The CGPA at the end of the term `upto` (None: of the whole record). `credits_required` is the
    program's, for the most that may be transferred."""
    rows = [row for row in rows if upto is None or row.term <= upto]
    counted, left_out = _counted(policy, rows, credits_required)
    if policy.gpa.cgpa.from_ == "rounded_sgpa":
        return _from_sgpas(policy, rows, left_out)
    return _average(policy, "CGPA", counted, left_out, policy.gpa.cgpa.rounding)


def honours_gpa(policy: Policy, rows: Sequence[CourseRow]) -> Average:
    """The average that honours are judged by: every attempt where the regulation says so."""
    if policy.repeat.honours == "as_cgpa":
        return cumulative_gpa(policy, rows)
    repeat = msgspec.structs.replace(
        policy.repeat, count="all", improve_below=None, max_courses=None, cap=None
    )
    counted, left_out = _counted(msgspec.structs.replace(policy, repeat=repeat), rows, None)
    return _average(policy, "Honours GPA", counted, left_out, policy.gpa.cgpa.rounding)


def effective_rows(
    policy: Policy, rows: Sequence[CourseRow], *, credits_required: Decimal | None = None
) -> dict[str, Literal["counted", "replaced", "excluded"]]:
    """By row key: whether it is in the CGPA, another attempt took its place, or it never weighs."""
    meanings = meanings_of(policy, rows)
    weighing = {m.row.key for m in meanings if m.points is not None}
    counted, _ = _counted(policy, rows, credits_required)
    used = {meaning.row.key for meaning, _ in counted}
    fates: dict[str, Literal["counted", "replaced", "excluded"]] = {}
    for row in rows:
        fates[row.key] = "counted" if row.key in used else "replaced" if row.key in weighing else "excluded"
    return fates


def credits_of(
    policy: Policy,
    rows: Sequence[CourseRow],
    *,
    upto: int | None = None,
    credits_required: Decimal | None = None,
) -> CreditTotals:
    """Credits up to the end of the term `upto`. Every attempt is attempted; a course is earned once."""
    rows = [row for row in rows if upto is None or row.term <= upto]
    meanings = meanings_of(policy, rows)
    accepted = _accepted_transfers(policy, meanings, credits_required)
    roots = course_roots(rows)
    made_good = compensated(policy, rows)
    earned: dict[str, Decimal] = {}
    for meaning in sorted(meanings, key=lambda m: (m.row.term, m.row.attempt, m.row.key)):
        root = roots.get(meaning.row.course, meaning.row.course)
        if meaning.earned or meaning.row.key in made_good:
            earned[root] = meaning.row.credits
        elif policy.repeat.count == "last" and meaning.points is not None:
            earned.pop(root, None)  # the last attempt stands, and it failed
    return CreditTotals(
        attempted=sum((m.row.credits for m in meanings if m.attempted), Decimal(0)),
        earned=sum(earned.values(), Decimal(0)),
        transferred=sum((m.row.credits for m in meanings if m.row.key in accepted), Decimal(0)),
    )


def compensated(policy: Policy, rows: Sequence[CourseRow]) -> frozenset[str]:
    """Keys of the failed courses that the average of their term makes good: credits are earned, marks and
    grades stay. Only what was graded by marks takes part."""
    if policy.compensation is None:
        return frozenset()
    terms: dict[int, list[TermCourse]] = {}
    for row in rows:
        if row.total is not None and row.grading == "letter" and row.outcome in ("pass", "fail"):
            course = TermCourse(row.key, row.total, row.credits, row.outcome == "pass")
            terms.setdefault(row.term, []).append(course)
    return frozenset(key for courses in terms.values() for key in compensate(policy, courses).keys)


def _accepted_transfers(
    policy: Policy, meanings: Sequence[Meaning], credits_required: Decimal | None
) -> set[str]:
    """Keys of the transferred rows that fit under the regulation's share, earliest first."""
    share = policy.transfer.max_share
    limit = None if share is None or credits_required is None else share.of(Fraction(credits_required))
    taken, accepted = Fraction(0), set()
    for meaning in sorted(meanings, key=lambda m: (m.row.term, m.row.key)):
        weight = Fraction(meaning.row.credits)
        if meaning.transferred and (limit is None or taken + weight <= limit):
            taken += weight
            accepted.add(meaning.row.key)
    return accepted


def _counted(
    policy: Policy, rows: Sequence[CourseRow], credits_required: Decimal | None
) -> tuple[list[Weighed], list[LeftOut]]:
    meanings = meanings_of(policy, rows)
    accepted = _accepted_transfers(policy, meanings, credits_required)
    weighing: list[Meaning] = []
    left_out = []
    for meaning in meanings:
        if meaning.points is None:
            left_out.append(LeftOut(meaning.row.key, meaning.why))
        elif meaning.transferred and meaning.row.key not in accepted:
            left_out.append(LeftOut(meaning.row.key, "beyond the share of credit that may be transferred"))
        else:
            weighing.append(meaning)
    counted: list[Weighed] = []
    for attempts in weigh_attempts(policy, weighing):
        counted += attempts.counted
        left_out += [LeftOut(meaning.row.key, why) for meaning, why in attempts.replaced]
    counted.sort(key=lambda pair: (pair[0].row.term, pair[0].row.key))
    return counted, sorted(left_out, key=lambda row: row.what)


def _term_rows(policy: Policy, rows: Sequence[CourseRow], term: int) -> tuple[list[Weighed], list[LeftOut]]:
    if policy.repeat.past_sgpa == "recomputed":
        counted, left_out = _counted(policy, rows, None)
        own = {row.key for row in rows if row.term == term}
        return [pair for pair in counted if pair[0].row.key in own], [r for r in left_out if r.what in own]
    # As it was obtained: every attempt weighs in its own term, only a repeat's cap follows it there.
    every = msgspec.structs.replace(policy.repeat, count="all", improve_below=None, max_courses=None)
    if every.cap is None:
        rows = [row for row in rows if row.term == term]
    else:
        rows = [row for row in rows if row.term <= term]
    counted, left_out = _counted(msgspec.structs.replace(policy, repeat=every), rows, None)
    own = {row.key for row in rows if row.term == term}
    return [pair for pair in counted if pair[0].row.key in own], [r for r in left_out if r.what in own]


def _quality_points(policy: Policy, meaning: Meaning, points: Trace) -> Trace:
    row = meaning.row
    label = f"{row.key} {meaning.letter or ''}".strip()
    weight = given("credits", Fraction(row.credits))
    rule = f"{plain(cut(points.value))} × {plain(row.credits)} credits"
    product = product_of(label, (points, weight), rule)
    return product if policy.gpa.points is None else rounded_of(label, product, policy.gpa.points)


def _average(
    policy: Policy,
    label: str,
    counted: Sequence[Weighed],
    left_out: Sequence[LeftOut],
    rounding: Rounding | None,
) -> Average:
    products = [_quality_points(policy, meaning, points) for meaning, points in counted]
    quality = sum_of("Quality points", products, "points × credits of the rows that count", left_out)
    weights = [given(meaning.row.key, Fraction(meaning.row.credits)) for meaning, _ in counted]
    credits = sum_of("GPA credits", weights, "credits of the rows that count")
    keys = tuple(meaning.row.key for meaning, _ in counted)
    return _divided(policy, label, quality, credits, keys, left_out, rounding)


def _divided(
    policy: Policy,
    label: str,
    quality: Trace,
    credits: Trace,
    keys: tuple[str, ...],
    left_out: Sequence[LeftOut],
    rounding: Rounding | None,
) -> Average:
    if not credits.value:
        nothing = judged_of(label, policy.gpa.empty, "nothing counts in the average", (quality, credits))
        return Average(
            value=None,
            printed=policy.gpa.empty,
            exact=None,
            credits=Decimal(0),
            quality_points=Decimal(0),
            counted=keys,
            left_out=tuple(left_out),
            trace=_signed(policy, nothing),
        )
    exact = quotient_of(f"{label}, exact", quality, credits, "quality points / GPA credits")
    rounded = rounded_of(label, exact, rounding)
    value = shown(exact.value, rounding)
    return Average(
        value=value,
        printed=str(value),
        exact=exact.value,
        credits=cut(credits.value),
        quality_points=cut(quality.value),
        counted=keys,
        left_out=tuple(left_out),
        trace=_signed(policy, rounded),
    )


def _from_sgpas(policy: Policy, rows: Sequence[CourseRow], left_out: Sequence[LeftOut]) -> Average:
    """What some ordinances do: the mean of the rounded SGPAs, weighted by their credits."""
    products: list[Trace] = []
    weights: list[Trace] = []
    keys: list[str] = []
    for term in sorted({row.term for row in rows}):
        average = term_gpa(policy, rows, term)
        if average.value is None:
            continue
        weight = given(f"credits of term {term}", Fraction(average.credits))
        products.append(product_of(f"Term {term}", (average.trace, weight), "rounded SGPA × credits"))
        weights.append(weight)
        keys += average.counted
    quality = sum_of("Weighted SGPAs", products, "rounded SGPA × credits of each term", left_out)
    credits = sum_of("GPA credits", weights)
    return _divided(policy, "CGPA", quality, credits, tuple(keys), left_out, policy.gpa.cgpa.rounding)


class Lapse(msgspec.Struct, frozen=True, kw_only=True):
    """What an incomplete is on a day: itself, or what it lapsed to. `grade_shown` is "F(I)"."""

    lapsed: bool
    grade: str
    grade_shown: str
    points: Decimal | None
    outcome: Literal["incomplete", "fail", "pass", "withdrawn"]
    trace: Trace


def lapse_incomplete(
    policy: Policy, *, due_on: date, today: date, symbol: str = "I", provisional: str | None = None
) -> Lapse:
    """The state of an unresolved incomplete on `today` (campus time). `due_on` is the last day to
    complete, itself included; `provisional` the grade with what is there."""
    meaning = symbols_of(policy).get(symbol)
    target = meaning.lapses_to if meaning is not None else None
    if target == PROVISIONAL:
        target = provisional
    if target is None or today <= due_on:
        rule = "it stays" if target is None else f"open until {due_on.isoformat()}"
        trace = _signed(policy, judged_of("Incomplete", symbol, rule))
        return Lapse(
            lapsed=False, grade=symbol, grade_shown=symbol, points=None, outcome="incomplete", trace=trace
        )
    rule = f"not completed by {due_on.isoformat()}: {symbol} lapses to {target}, by the regulation"
    rank = rank_of(policy, target)
    outcome: Literal["incomplete", "fail", "pass", "withdrawn"] = "withdrawn"
    if rank is not None:
        outcome = "fail" if rank == 0 else "pass"
    return Lapse(
        lapsed=True,
        grade=target,
        grade_shown=f"{target}({symbol})",
        points=points_of(policy, target),
        outcome=outcome,
        trace=_signed(policy, judged_of("Incomplete", f"{target}({symbol})", rule)),
    )


def completion_faults(
    policy: Policy,
    rows: Sequence[CourseRow],
    *,
    credits_required: Decimal,
    required_courses: Mapping[str, str] | None = None,
) -> list[str]:
    """Why a degree is not complete, in words; empty when it is. `required_courses`: key → title."""
    meanings = meanings_of(policy, rows)
    made_good = compensated(policy, rows)
    passed = {m.row.course for m in meanings if m.passing or m.row.key in made_good}
    faults = []
    totals = credits_of(policy, rows, credits_required=credits_required)
    if totals.total < credits_required:
        faults.append(f"{plain(totals.total)} of {plain(credits_required)} credits are earned")
    unmet = {m.row.course for m in meanings if m.row.grading == "non_credit" and m.row.course not in passed}
    faults += [f"{course}: the course without credit is not satisfied" for course in sorted(unmet)]
    for course, title in sorted((required_courses or {}).items()):
        if course not in passed and course not in unmet:
            faults.append(f"{title} is not passed")
    return faults


class Reconciled(msgspec.Struct, frozen=True):
    """A figure from before this system beside ours. What was recorded prints."""

    printed: Decimal
    note: str
    differs: bool


def reconcile_recorded(recorded: Decimal, recomputed: Decimal | None) -> Reconciled:
    """A legacy CGPA is printed as recorded, never corrected; a difference is listed."""
    return Reconciled(recorded, "as recorded", recomputed is not None and recorded != recomputed)


def convert_cgpa(policy: Policy, cgpa: Decimal) -> Decimal | None:
    """The CGPA as a percentage by the regulation's formula; None where it has none."""
    rule = policy.conversion
    if rule is None:
        return None
    return shown(Fraction(rule.factor) * Fraction(cgpa) + Fraction(rule.offset), rule.round)


def _signed(policy: Policy, trace: Trace) -> Trace:
    return under_regulation(trace, policy.code or "", policy.version or 1)
