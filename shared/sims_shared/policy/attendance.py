"""Attendance as a percentage, and who may sit.

The rule a newcomer would get wrong: the percentage is judged as a fraction. 74.996 % may print as
75.00 somewhere, but it is short.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import msgspec

from .document import Attendance, Policy
from .rounding import Rounding, cut, plain, round_exact, shown
from .trace import LeftOut, Trace, given, judged_of, percentage_of, rounded_of, under_regulation


class Attended(msgspec.Struct, frozen=True, kw_only=True):
    """One class that was held. `status` None: nothing was recorded for this student, which is absent
    from the day the regulation counts from."""

    held_on: date
    status: Literal["present", "late", "leave", "absent"] | None
    head: str | None = None


class AttendanceOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """`total` classes and `attended` of them (a fraction where being late is worth one); `percentage`
    is None before the first class, for show it is cut to 2 places where nothing is rounded.
    `condonable`: short, but within what may be condoned."""

    total: int
    attended: Decimal
    percentage: Decimal | None
    exact: Fraction | None
    threshold: Decimal
    eligible: bool
    condonable: bool
    short_heads: tuple[str, ...]
    trace: Trace


def attendance_of(
    policy: Policy,
    classes: Sequence[Attended],
    *,
    term_start: date,
    admitted_on: date,
    condoned: bool = False,
    threshold: Decimal | None = None,
) -> AttendanceOutcome:
    """One student's attendance in one section. `threshold` answers a what-if in place of the
    regulation's; who was condoned is eligible within the limits of condonation."""
    rule = policy.attendance
    least = threshold if threshold is not None else rule.min
    start = {"term_start": term_start, "admitted": admitted_on}.get(rule.from_, max(term_start, admitted_on))
    counted = [c for c in classes if c.held_on >= start]
    left_out = [LeftOut(f"{len(classes) - len(counted)} classes", f"held before {start.isoformat()}")]
    if len(classes) == len(counted):
        left_out = []
    if rule.leave == "excluded":
        on_leave = sum(c.status == "leave" for c in counted)
        counted = [c for c in counted if c.status != "leave"]
        if on_leave:
            left_out.append(LeftOut(f"{on_leave} classes", "on leave"))
    attended = _attended(rule, counted)
    short = []
    if rule.per_head:
        for head in sorted({c.head for c in counted if c.head is not None}):
            own = [c for c in counted if c.head == head]
            if round_exact(_attended(rule, own) * 100 / len(own), rule.round) < Fraction(least):
                short.append(head)
    if not counted:
        trace = judged_of("Attendance", "-", "no class has been held", (), left_out)
        exact, percentage, reached, condonable = None, None, True, False
    else:
        over = given("Attended", attended, _late_in_words(rule))
        exact_trace = percentage_of("Attendance, exact", over, given("Held", Fraction(len(counted))))
        stage = rounded_of("Attendance", exact_trace, rule.round)
        exact = exact_trace.value
        reached = stage.value >= Fraction(least) and not short
        condonable = (
            not reached and rule.condone_from is not None and stage.value >= Fraction(rule.condone_from)
        )
        percentage = _printed(exact, rule.round)
        verdict = "eligible" if reached else "short, may be condoned" if condonable else "short"
        trace = judged_of("Attendance", verdict, f"at least {plain(least)} %", (stage,), left_out)
    return AttendanceOutcome(
        total=len(counted),
        attended=cut(attended),
        percentage=percentage,
        exact=exact,
        threshold=least,
        eligible=reached or (condoned and condonable),
        condonable=condonable,
        short_heads=tuple(short),
        trace=under_regulation(trace, policy.code or "", policy.version or 1),
    )


def _printed(exact: Fraction, rounding: Rounding | None) -> Decimal:
    if rounding is not None and rounding.mode != "none":
        return shown(exact, rounding)
    return shown(exact, Rounding("down", 2))


def _attended(rule: Attendance, classes: Sequence[Attended]) -> Fraction:
    present = sum(c.status == "present" or (c.status == "leave" and rule.leave == "present") for c in classes)
    late = sum(c.status == "late" for c in classes)
    if rule.late.count is not None:
        return Fraction(present + late - late // rule.late.count * rule.late.as_absent)
    return present + late * Fraction(rule.late.presence)


def _late_in_words(rule: Attendance) -> str:
    if rule.late.count is not None:
        return f"every {rule.late.count} times late are {rule.late.as_absent} absent"
    return f"late counts {plain(rule.late.presence)} of a presence"
