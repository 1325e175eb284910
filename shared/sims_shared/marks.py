"""One course's result from its assessments: what both the sheet's preview and the record compute.

Pure: the same marks under the same regulation give the same outcome on a desktop and on the server.
The rule a newcomer would get wrong: an absence is not a blank. An absent student counts zero and is
flagged, an excused one is reweighed, a blank stops the publication, and an unfair-means case
withholds until somebody decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import msgspec

from .policy.document import Policy, symbols_of
from .policy.marking import Assessment, Line, Score, Sitting, Sum, add_up, lines_of, matches
from .policy.rounding import Rounding, Threshold, cut, plain, shown
from .policy.scales import (
    CutOff,
    CutOffs,
    Graded,
    failing_grade,
    freeze_cutoffs,
    grade_for,
    lowest_pass,
    points_of,
)
from .policy.trace import LeftOut, Trace, given, judged_of, least_of, rounded_of, under_regulation

__all__ = [
    "Assessment",
    "Block",
    "CourseOutcome",
    "CutOff",
    "CutOffs",
    "Deficit",
    "HeadOutcome",
    "Score",
    "Sitting",
    "display_mark",
    "freeze_cutoffs",
    "judge_course",
    "recheck_total",
    "settle_examiners",
]

Outcome = Literal[
    "pass",
    "fail",
    "incomplete",
    "withheld",
    "withdrawn",
    "barred",
    "absent",
    "exempt",
    "transfer",
    "audit",
    "void",
]
Grading = Literal["letter", "pass_fail", "non_credit", "audit"]
RosterStatus = Literal["enrolled", "completed", "withdrawn", "barred", "incomplete"]


MAIN = Sitting()


class Block(msgspec.Struct, frozen=True):
    """Why a result cannot be published as it is. `code` is "scores_missing" (blank or pending cells),
    "weights_incomplete" or "cutoffs_missing"; `assessments` the columns concerned."""

    code: str
    detail: str
    assessments: tuple[int, ...] = ()


class HeadOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """One head or segment, in marks (basis weights: in percent of the course). `grace` is what was
    given; `obtained` never includes it unless the regulation adds it. Encodes with msgspec."""

    code: str
    obtained: Decimal
    maximum: Decimal
    minimum: Decimal | None
    passed: bool
    grace: Decimal | None = None


class Deficit(msgspec.Struct, frozen=True):
    """What is missing to pass a head ("total" for the course), exactly."""

    head: str
    needed: Fraction
    maximum: Fraction


class CourseOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one enrollment.

    `total` is the rounded total of the regulation in percent, or the exact fraction cut to 6 places;
    `total_exact` the fraction the grade was judged on; `percentage` what it was before rounding and
    cap, like `marks_obtained` and `marks_max` cut to 2 places, for show only. `grade` is ASCII ("A-"),
    `grade_shown` as printed ("F(ABS)", "C*"). `failed_in` names heads, segments, "total", "grade",
    "absent" or "must_sit". `flags`: ABS, UFM, *, "attempt 2". `bars`: honours it costs.
    """

    outcome: Outcome
    total: Decimal | None = None
    total_exact: Fraction | None = None
    marks_obtained: Decimal | None = None
    marks_max: Decimal | None = None
    percentage: Decimal | None = None
    heads: tuple[HeadOutcome, ...] = ()
    grade: str | None = None
    grade_shown: str | None = None
    grade_points: Decimal | None = None
    failed_in: tuple[str, ...] = ()
    deficits: tuple[Deficit, ...] = ()
    flags: tuple[str, ...] = ()
    bars: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()
    trace: Trace

    @property
    def publishable(self) -> bool:
        """Whether nothing stands in the way but a withholding."""
        return not self.blocks


def judge_course(
    policy: Policy,
    assessments: Sequence[Assessment],
    scores: Mapping[int, Score],
    *,
    grading: Grading = "letter",
    status: RosterStatus = "enrolled",
    marks_total: Decimal | None = None,
    sitting: Sitting = MAIN,
    grace: Mapping[str, Decimal] | None = None,
    cutoffs: CutOffs | None = None,
) -> CourseOutcome:
    """The outcome of one enrollment under `policy`.

    `scores` is by assessment id, a missing one is a blank. `marks_total` is the course's, checked where
    the basis is marks. `grace` is what `grant_grace` gave, by head ("total" for the course). `cutoffs`
    are the sheet's frozen ones, for a relative scale. Never raises for what a sheet can hold: what
    stands in the way of publishing is in `blocks`.
    """
    if status == "withdrawn":
        return _by_symbol(policy, "withdrawn", "W", "withdrawn from the course")
    if status == "barred":
        symbol = policy.attendance.shortage or policy.scale.fail
        return _by_symbol(policy, "barred", symbol, "barred from the examination for shortage of attendance")
    if status == "incomplete":
        return _by_symbol(policy, "incomplete", "I", "work is outstanding with permission")
    if grading == "audit":
        return _by_symbol(policy, "audit", "AU", "audited: no marks count")

    lines = lines_of(policy, assessments, scores, sitting)
    added = add_up(policy, lines, grace or {})
    flags = _flags(lines, sitting)
    blocks = _blocks(policy, lines, added, marks_total)
    if any(line.mark == "ufm" for line in lines):
        trace = judged_of("Result", "withheld", "an unfair-means case is open", (added.trace,))
        return CourseOutcome(
            outcome="withheld",
            flags=flags,
            blocks=tuple(block for block in blocks if block.code != "scores_missing"),
            trace=_signed(policy, trace),
        )
    missing = any(block.code == "scores_missing" for block in blocks)
    if missing or _is_incomplete(policy, lines) or added.maximum == 0:
        rule = "an assessment is missing" if lines else "there are no assessments"
        trace = judged_of("Result", "incomplete", rule, (added.trace,))
        grade = "I" if _is_incomplete(policy, lines) else None
        return CourseOutcome(
            outcome="incomplete",
            grade=grade,
            grade_shown=grade,
            flags=flags,
            blocks=blocks,
            trace=_signed(policy, trace),
        )
    return _judge_total(policy, lines, added, grading, sitting, cutoffs, flags, blocks)


def _judge_total(
    policy: Policy,
    lines: Sequence[Line],
    added: Sum,
    grading: Grading,
    sitting: Sitting,
    cutoffs: CutOffs | None,
    flags: tuple[str, ...],
    blocks: tuple[Block, ...],
) -> CourseOutcome:
    total = rounded_of("Total", added.trace, policy.total.round)
    failed, deficits, heads = _judge_parts(policy, added)
    if _missed_a_must(policy, lines):
        failed.append("must_sit")
    if policy.total.absent == "fail" and any(line.mark == "absent" for line in lines):
        failed.append("absent")

    least = policy.pass_.total_min
    graced_total = Fraction(0)
    if least is not None and total.value < Fraction(least):
        needed = Fraction(least) - total.value
        deficits.append(Deficit("total", needed, Fraction(100)))
        graced_total = added.grace.get("total", Fraction(0))
        if graced_total < needed:
            failed.append("total")
    graced = bool(graced_total) or any(head.grace is not None for head in heads)

    capped = _cap_course(policy, total, sitting, passing=not failed)
    graded = grade_for(policy.scale, capped.value, cutoffs)
    if policy.scale.kind == "relative" and graded is None:
        blocks = (
            *blocks,
            Block("cutoffs_missing", "the cut-offs of this relatively graded sheet are not frozen"),
        )
    if graded is not None and graded.failing and not failed:
        if graced:
            graded = lowest_pass(policy.scale)
        else:
            failed.append("grade")
    if failed and graded is not None and not graded.failing:
        graded = failing_grade(policy.scale)

    bars: tuple[str, ...] = ()
    if graced:
        flags = (*flags, "*")
        bars += policy.grace.bars if policy.grace else ()
    if sitting.kind == "supplementary" and policy.supplementary is not None:
        bars += policy.supplementary.bars
    outcome: Outcome = "fail" if failed else "pass"
    if not failed and graded is None and policy.scale.kind == "relative":
        outcome = "incomplete"
    grade, points = _letter(policy, grading, graded, failed)
    trace = judged_of(
        "Result",
        f"{outcome}{f', {grade}' if grade else ''}",
        _verdict_in_words(policy, failed, graded),
        (capped,),
        tuple(LeftOut(line.name, line.left_out) for line in lines if line.left_out),
    )
    return CourseOutcome(
        outcome=outcome,
        total=shown(capped.value, policy.total.round),
        total_exact=capped.value,
        marks_obtained=cut(added.obtained, 2),
        marks_max=cut(added.maximum, 2),
        percentage=cut(added.trace.value, 2),
        heads=tuple(heads),
        grade=grade,
        grade_shown=_printed(grade, failed, flags),
        grade_points=points,
        failed_in=tuple(failed),
        deficits=tuple(deficits),
        flags=flags,
        bars=tuple(dict.fromkeys(bars)),
        blocks=blocks,
        trace=_signed(policy, trace),
    )


def _judge_parts(policy: Policy, added: Sum) -> tuple[list[str], list[Deficit], list[HeadOutcome]]:
    """Heads first, then segments. What a regulation names and the course has not is passed over: a
    course without a practical cannot fail it."""
    failed: list[str] = []
    deficits: list[Deficit] = []
    outcomes: list[HeadOutcome] = []
    named = [
        (head.code, head.min, added.heads[head.code]) for head in policy.heads if head.code in added.heads
    ]
    for segment in policy.pass_.other:
        part = added.part(segment.of)
        if part is not None:
            named.append((segment.code, segment.min, part))
    for code, (obtained, maximum) in added.heads.items():
        if code not in {name for name, _, _ in named}:
            named.append((code, None, (obtained, maximum)))
    for code, threshold, (obtained, maximum) in named:
        minimum = _minimum(threshold, maximum)
        given_grace = None
        passed = minimum is None or obtained >= minimum
        if not passed and minimum is not None:
            deficits.append(Deficit(code, minimum - obtained, maximum))
            granted = added.grace.get(code, Fraction(0))
            if granted and obtained + granted >= minimum:
                passed, given_grace = True, granted
            else:
                failed.append(code)
        elif code in added.graced_heads:
            given_grace = added.graced_heads[code]
        outcomes.append(
            HeadOutcome(
                code=code,
                obtained=cut(obtained),
                maximum=cut(maximum),
                minimum=None if minimum is None else cut(minimum),
                passed=passed,
                grace=None if given_grace is None else cut(given_grace),
            )
        )
    return failed, deficits, outcomes


def _minimum(threshold: Threshold | None, maximum: Fraction) -> Fraction | None:
    return None if threshold is None else threshold.of(maximum)


def _blocks(
    policy: Policy, lines: Sequence[Line], added: Sum, marks_total: Decimal | None
) -> tuple[Block, ...]:
    blocks = []
    blank = [
        line
        for line in lines
        if line.mark == "pending" or (line.mark is None and policy.total.blank == "block")
    ]
    if blank:
        names = ", ".join(line.name for line in blank)
        blocks.append(Block("scores_missing", f"no mark for {names}", tuple(line.id for line in blank)))
    if policy.total.basis == "weights" and added.weights != 100:
        blocks.append(
            Block("weights_incomplete", f"the weights add up to {plain(cut(added.weights))}, not 100")
        )
    if policy.total.basis == "marks" and marks_total is not None and added.weights != Fraction(marks_total):
        sums = f"{plain(cut(added.weights))}, not the course's {plain(marks_total)}"
        blocks.append(Block("weights_incomplete", f"the maxima add up to {sums}"))
    return tuple(blocks)


def _is_incomplete(policy: Policy, lines: Sequence[Line]) -> bool:
    return any(
        (line.mark is None and policy.total.blank == "incomplete")
        or (line.mark == "excused" and policy.total.excused == "incomplete")
        for line in lines
    )


def _missed_a_must(policy: Policy, lines: Sequence[Line]) -> bool:
    """Absent where it must be sat; excused is not absent."""
    return any(
        line.mark == "absent" and (line.must_sit or any(matches(line, key) for key in policy.total.must_sit))
        for line in lines
    )


def _cap_course(policy: Policy, total: Trace, sitting: Sitting, *, passing: bool) -> Trace:
    """A passed supplementary is worth the cap at most; what it would have been stays in the trace."""
    cap = policy.supplementary.cap if policy.supplementary is not None else None
    if sitting.kind != "supplementary" or cap is None or cap.level != "course" or not passing:
        return total
    limit = given("Cap of a supplementary", Fraction(cap.to))
    return least_of("Capped total", (total, limit), f"a supplementary is worth {plain(cap.to)} at most")


def _letter(
    policy: Policy, grading: Grading, graded: Graded | None, failed: Sequence[str]
) -> tuple[str | None, Decimal | None]:
    if grading == "pass_fail":
        return ("NP" if failed else "P"), None
    if grading == "non_credit":
        return ("U" if failed else "S"), None
    return (graded.grade, graded.points) if graded is not None else (None, None)


def _printed(grade: str | None, failed: Sequence[str], flags: Sequence[str]) -> str | None:
    if grade is None:
        return None
    if "must_sit" in failed or "absent" in failed:
        return f"{grade}(ABS)"
    return f"{grade}*" if "*" in flags else grade


def _verdict_in_words(policy: Policy, failed: Sequence[str], graded: Graded | None) -> str:
    if failed:
        words = {"must_sit": "absent where it must be sat", "total": "the total is below its minimum"}
        return "fails: " + "; ".join(words.get(name, name) for name in failed)
    return graded.rule if graded is not None else "every minimum is met"


def _flags(lines: Sequence[Line], sitting: Sitting) -> tuple[str, ...]:
    flags = []
    if any(line.mark == "absent" for line in lines):
        flags.append("ABS")
    if any(line.mark == "ufm" for line in lines):
        flags.append("UFM")
    if sitting.attempt > 1:
        flags.append(f"attempt {sitting.attempt}")
    return tuple(flags)


def _by_symbol(policy: Policy, outcome: Outcome, symbol: str, why: str) -> CourseOutcome:
    """A result that marks do not decide: its letter, and the points where the letter counts as a grade."""
    meaning = symbols_of(policy).get(symbol)
    points = None
    if meaning is None:
        points = points_of(policy, symbol)
    elif meaning.as_ is not None:
        points = points_of(policy, meaning.as_)
    elif meaning.gpa:
        points = meaning.points
    words = why if meaning is None or meaning.as_ is None else f"{why}; {symbol} counts as {meaning.as_}"
    return CourseOutcome(
        outcome=outcome,
        grade=symbol,
        grade_shown=symbol,
        grade_points=points,
        trace=_signed(policy, judged_of("Result", symbol, words)),
    )


def _signed(policy: Policy, trace: Trace) -> Trace:
    return under_regulation(trace, policy.code or "", policy.version or 1)


def display_mark(policy: Policy, stage: str, value: Fraction | Decimal) -> Decimal:
    """A figure as `display` prints it at this stage ("component", "total" …); never computed with."""
    rounding: Rounding | None = policy.display.get(stage)
    return shown(Fraction(value), rounding)


def recheck_total(policy: Policy, before: Decimal, after: Decimal) -> Decimal:
    """The mark that stands after a recheck: the new one, or the higher where it may not fall."""
    return after if policy.recheck.may_fall else max(before, after)


def settle_examiners(
    policy: Policy, first: Decimal, second: Decimal, maximum: Decimal, third: Decimal | None = None
) -> Fraction | None:
    """The mark of a script that was re-evaluated, exactly. The mean of two examiners who agree within
    the regulation's difference; else the third settles it. None while a third is needed."""
    rule = policy.recheck.third_examiner
    one, two = Fraction(first), Fraction(second)
    if rule is None or abs(one - two) <= rule.difference.of(Fraction(maximum)):
        return (one + two) / 2
    if third is None:
        return None
    three = Fraction(third)
    if rule.take == "third":
        return three
    if rule.take == "mean_of_all":
        return (one + two + three) / 3
    ordered = sorted((one, two, three))
    higher = (ordered[1] + ordered[2]) / 2
    if rule.take == "mean_of_higher":
        return higher
    # Of two equally near pairs the student gets the better.
    return higher if ordered[2] - ordered[1] <= ordered[1] - ordered[0] else (ordered[0] + ordered[1]) / 2
