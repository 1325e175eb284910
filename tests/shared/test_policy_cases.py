"""The cases that every engine must get right, to the last digit. Each comment says what a plausible
engine answers instead, and why that is wrong."""

# A mark is compared with a plain number where that says it best.
# mypy: disable-error-code="comparison-overlap"

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from sims_shared.gpa import (
    Attended,
    CourseRow,
    Paper,
    Shortfall,
    attendance_of,
    award_division,
    cumulative_gpa,
    grant_grace,
    term_gpa,
)
from sims_shared.marks import (
    CourseOutcome,
    display_mark,
    freeze_cutoffs,
    judge_course,
)
from sims_shared.policy.trace import adds_up, walk
from sims_shared.regulations import Policy
from tests.support.policies import S1, S2, S3, base_twelve, cells, column, policy, row

CEIL = {"mode": "ceil", "places": 0}
HALF_UP = {"mode": "half_up", "places": 0}


def of_hundred(rule: Policy, mark: str, **rest: Any) -> CourseOutcome:
    """The outcome of a single paper of 100 marks."""
    outcome = judge_course(rule, [column(1, "Paper", of="100", weight="100")], cells(mark), **rest)
    assert adds_up(outcome.trace)
    return outcome


# G01 … G07: totals


@pytest.mark.parametrize(
    ("marks", "total", "grade", "points"),
    [
        (("20.0", "16.4", "35.0"), "72", "B", "3.00"),
        (("20.0", "16.4", "27.7"), "65", "B-", "2.70"),  # 64.1; half-up would give 64 C+
        (("35", "25", "24.01"), "85", "A", "4.00"),  # 84.01; half-up would give 84 A-
        (("35", "25", "24.00"), "84", "A-", "3.70"),
    ],
)
def test_g01_a_fraction_of_a_mark_counts_as_one(
    marks: tuple[str, ...], total: str, grade: str, points: str
) -> None:
    rule = policy(S1, total={"basis": "marks", "round": CEIL}, pass_={"total_min": "50"})
    sheet = [column(1, "Sessional", of="35"), column(2, "Practical", of="25"), column(3, "Final", of="40")]
    outcome = judge_course(rule, sheet, cells(*marks), marks_total=Decimal(100))
    assert (outcome.total, outcome.grade, outcome.grade_points) == (Decimal(total), grade, Decimal(points))
    assert outcome.outcome == "pass"
    assert outcome.publishable
    assert adds_up(outcome.trace)


@pytest.mark.parametrize(
    ("mark", "total", "grade"),
    [
        ("84.5", "85", "A"),  # Python's half-even makes it 84, A-
        ("84.49", "84", "A-"),
        ("49.5", "50", "D"),
        ("42.45", "42", "F"),
        ("42.53", "43", "F"),
    ],
)
def test_g02_half_up_is_half_up(mark: str, total: str, grade: str) -> None:
    outcome = of_hundred(policy(S1, total={"round": HALF_UP}, pass_={"total_min": "50"}), mark)
    assert (str(outcome.total), outcome.grade) == (total, grade)


def test_g03_a_total_that_is_not_rounded_stays_below_the_band() -> None:
    # A numeric(7,2) total stores 90.00 and gives O (10).
    rule = policy(S3)
    sheet = [column(1, "Coursework", weight="60"), column(2, "Exam", weight="40")]
    outcome = judge_course(rule, sheet, cells("90", "89.99"))
    assert outcome.total_exact == Fraction(89996, 1000)
    assert (outcome.total, outcome.grade, outcome.grade_points) == (Decimal("89.996"), "A+", Decimal(9))
    assert of_hundred(rule, "79.99").grade == "A"
    assert of_hundred(rule, "80").grade == "A+"
    nothing = of_hundred(rule, "ABS")
    assert (nothing.total, nothing.grade, nothing.grade_points) == (0, "F", 0)


def test_g04_marks_are_added_as_marks() -> None:
    # Weights 66.67 and 33.33 would make it 69.999, B-.
    rule = policy(S1, total={"basis": "marks"}, pass_={"total_min": "50"})
    sheet = [column(1, "Theory", of="40"), column(2, "Practical", of="20")]
    outcome = judge_course(rule, sheet, cells("24", "18"), marks_total=Decimal(60))
    assert (outcome.total_exact, outcome.grade) == (70, "B")
    assert (outcome.marks_obtained, outcome.marks_max) == (42, 60)


def test_g04_a_head_scaled_to_thirty_is_exactly_ten() -> None:
    # Decimal(10) / 30 * 30 is below 10.
    heads = [{"code": "theory", "min": "10"}]
    rule = policy(S2, total={"basis": "weights"}, heads=heads)
    sheet = [
        column(1, "Theory", of="30", weight="30", head="theory"),
        column(2, "Practical", of="70", weight="70", head="practical"),
    ]
    outcome = judge_course(rule, sheet, cells("10", "60"))
    assert outcome.heads[0].passed
    assert outcome.outcome == "pass"
    assert of_hundred(policy([["57", "P", "1"]]), "57").grade == "P"  # floor(0.57 * 100) is 56


@pytest.mark.parametrize(
    ("best_of", "obtained"),
    [
        ([{"group": "quiz", "keep": 3, "absent_may_drop": True}], "11"),
        ([{"group": "quiz", "keep": 3, "absent_may_drop": False}], "8"),
        ([], "8.25"),
    ],
)
def test_g05_best_three_of_four(best_of: list[dict[str, Any]], obtained: str) -> None:
    rule = policy(S1, total={"best_of": best_of}, heads=[{"code": "quizzes"}])
    quizzes = [
        column(n, f"Quiz {n}", of="10", weight="3.75", type="quiz", head="quizzes") for n in range(1, 5)
    ]
    outcome = judge_course(
        rule, [*quizzes, column(5, "Final", weight="85")], cells("7", "9", "ABS", "6", "0")
    )
    (head,) = outcome.heads
    assert (head.obtained, head.maximum) == (Decimal(obtained), 15)
    assert outcome.publishable
    assert adds_up(outcome.trace)


TWENTY_THIRTY_FIFTY = [
    column(1, "Quiz", of="20", weight="20"),
    column(2, "Mid", of="100", weight="30"),
    column(3, "Final", of="100", weight="50"),
]


def test_g06_zero_absent_excused_and_blank_are_four_things() -> None:
    rule = policy(S1, pass_={"total_min": "50"})

    zero = judge_course(rule, TWENTY_THIRTY_FIFTY, cells("16", "0", "70"))
    assert (zero.total, zero.grade, zero.flags) == (51, "D", ())

    absent = judge_course(rule, TWENTY_THIRTY_FIFTY, cells("16", "ABS", "70"))
    assert (absent.total, absent.grade, absent.flags) == (51, "D", ("ABS",))

    excused = judge_course(rule, TWENTY_THIRTY_FIFTY, cells("16", "EXC", "70"))  # not 51: excused is not zero
    assert excused.total_exact == Fraction(5100, 70)
    assert (excused.total, excused.grade) == (Decimal("72.857142"), "B")
    assert next(left.what for node in walk(excused.trace) for left in node.left_out) == "Mid"

    blank = judge_course(rule, TWENTY_THIRTY_FIFTY, cells("16", None, "70"))
    assert [(block.code, block.assessments) for block in blank.blocks] == [("scores_missing", (2,))]
    assert (blank.outcome, blank.grade) == ("incomplete", None)

    pending = judge_course(rule, TWENTY_THIRTY_FIFTY, cells("16", "PND", "70"))
    assert not pending.publishable


def test_g06_who_is_absent_where_it_must_be_sat_fails_whatever_the_total() -> None:
    rule = policy(S1, total={"must_sit": ["final"]}, pass_={"total_min": "50"})
    sheet = [column(1, "Quiz", weight="30"), column(2, "Mid", weight="30"), column(3, "Final", weight="40")]
    outcome = judge_course(rule, sheet, cells("100", "100", "ABS"))
    assert (outcome.total, outcome.outcome, outcome.grade) == (60, "fail", "F")
    assert (outcome.grade_shown, outcome.grade_points) == ("F(ABS)", 0)
    by_column = [*sheet[:2], column(3, "Final", weight="40", must_sit=True)]
    assert judge_course(policy(S1), by_column, cells("100", "100", "ABS")).grade_shown == "F(ABS)"


def test_g06_an_unfair_means_case_withholds_and_is_not_in_the_average() -> None:
    rule = policy(S1, pass_={"total_min": "50"})
    outcome = judge_course(rule, TWENTY_THIRTY_FIFTY, cells("16", "20", "UFM"))
    assert (outcome.outcome, outcome.grade, outcome.total) == ("withheld", None, None)
    withheld = row("X", None, outcome="withheld")
    assert cumulative_gpa(rule, [*base_twelve(), withheld]).credits == 12


def test_g07_what_is_displayed_is_not_what_is_computed() -> None:
    rule = policy(S2, total={"round": HALF_UP}, display={"component": HALF_UP})
    marks, weights = ("65.2", "52.4", "52.3", "55.8", "46.0"), ("20", "20", "40", "30", "10")
    # The credits are no percentages: 120 in all, so the average is taken as a year's, over credits.
    year = policy(S2, gpa={"of": "percentage", "cgpa": {"mode": "half_up", "places": 0}})
    rows = [
        CourseRow(
            key=f"Unit {n}", course=f"U{n}", term=1, credits=Decimal(w), grade=None, percentage=Decimal(m)
        )
        for n, (m, w) in enumerate(zip(marks, weights, strict=True))
    ]
    average = cumulative_gpa(year, rows)
    assert average.exact == Fraction(6578, 120)
    assert average.printed == "55"  # averaging the displayed units gives 54.667
    shown = [str(display_mark(rule, "component", Decimal(mark))) for mark in marks]
    assert shown == ["65", "52", "52", "56", "46"]


# G08 … G18: heads, segments, grace, tables


HEADS_40 = [{"code": "theory", "min": "40%"}, {"code": "practical", "min": "40%"}]


@pytest.mark.parametrize(
    ("marks", "grade", "failed"), [(("15", "18"), "F", ("theory",)), (("16", "18"), "C", ())]
)
def test_g08_every_head_is_passed_on_its_own(
    marks: tuple[str, str], grade: str, failed: tuple[str, ...]
) -> None:
    rule = policy(S2, total={"basis": "marks"}, heads=HEADS_40, pass_={"total_min": "40"})
    sheet = [column(1, "T", of="40", head="theory"), column(2, "P", of="20", head="practical")]
    outcome = judge_course(rule, sheet, cells(*marks))
    assert (outcome.grade, outcome.failed_in) == (grade, failed)  # 16 of 40 is exactly 40 %: a pass


@pytest.mark.parametrize(
    ("marks", "verdict", "failed"),
    [(("130", "48"), "fail", ("practical",)), (("100", "50"), "pass", ())],
)
def test_g08b_without_grades_it_is_passed_or_failed(
    marks: tuple[str, str], verdict: str, failed: tuple[str, ...]
) -> None:
    heads = [{"code": "theory", "min": "50%"}, {"code": "practical", "min": "50%"}]
    rule = policy(scale={"kind": "none"}, total={"basis": "marks"}, heads=heads)
    sheet = [column(1, "T", of="200", head="theory"), column(2, "P", of="100", head="practical")]
    outcome = judge_course(rule, sheet, cells(*marks))
    assert (outcome.outcome, outcome.failed_in, outcome.grade) == (verdict, failed, None)


@pytest.mark.parametrize(
    ("marks", "verdict", "failed"),
    [(("39", "25", "16"), "fail", ("written",)), (("40", "20", "15"), "pass", ())],
)
def test_g10_a_segment_together_and_its_written_part_alone(
    marks: tuple[str, ...], verdict: str, failed: tuple[str, ...]
) -> None:
    segments = [
        {"code": "segment", "of": ["written", "viva", "internal"], "min": "50%"},
        {"code": "written", "of": ["written"], "min": "40%"},
    ]
    rule = policy(scale={"kind": "none"}, total={"basis": "marks"}, pass_={"other": segments})
    sheet = [column(1, "Written", of="100"), column(2, "Viva", of="30"), column(3, "Internal", of="20")]
    outcome = judge_course(rule, sheet, cells(*marks))
    assert (outcome.outcome, outcome.failed_in) == (verdict, failed)


@pytest.mark.parametrize(
    ("aggregate", "written", "code"), [("86.0", "79.9", None), ("85.0", "80.0", "distinction")]
)
def test_g11_distinction_needs_aggregate_and_written(aggregate: str, written: str, code: str | None) -> None:
    division = [{"code": "distinction", "min": "85", "heads": {"written": "80"}}]
    rule = policy(scale={"kind": "none"}, division=division)
    other = Decimal(aggregate) * 2 - Decimal(written)
    papers = [
        Paper("Written", Decimal(written), Decimal(100), "written"),
        Paper("Clinical", other, Decimal(100), "clinical"),
    ]
    assert award_division(rule, papers).code == code


GRACE_13 = {
    "budget": {"of": "aggregate", "percent": "1", "round": "ceil"},
    "max_heads": {"share": "25%", "round": "ceil"},
    "allocation": "all_or_nothing",
    "added_to_marks": False,
    "bars": ["position", "distinction"],
}


def test_g13_grace_within_its_budget_passes_with_an_asterisk() -> None:
    rule = policy(S2, total={"basis": "marks"}, heads=HEADS_40, grace=GRACE_13, pass_={"total_min": "40"})
    needs = [
        Shortfall("P1", "theory", Fraction(2), Fraction(40)),
        Shortfall("P2", "theory", Fraction(3), Fraction(40)),
    ]
    grace = grant_grace(rule, needs, aggregate=Decimal(450), papers=13)
    assert (grace.budget, grace.used, grace.bars) == (5, 5, ("position", "distinction"))
    assert adds_up(grace.trace)

    sheet = [column(1, "T", of="40", head="theory"), column(2, "P", of="20", head="practical")]
    outcome = judge_course(rule, sheet, cells("14", "18"), grace=grace.for_paper("P1"))
    assert (outcome.outcome, outcome.grade_shown) == ("pass", "C*")
    assert (outcome.marks_obtained, outcome.heads[0].obtained, outcome.heads[0].grace) == (
        32,
        14,
        2,
    )  # unchanged
    assert outcome.bars == ("position", "distinction")


def test_g13_no_part_award_beyond_the_budget() -> None:
    rule = policy(S2, grace=GRACE_13)
    needs = [
        Shortfall("P1", "theory", Fraction(3), Fraction(40)),
        Shortfall("P2", "theory", Fraction(3), Fraction(40)),
    ]
    grace = grant_grace(rule, needs, aggregate=Decimal(450), papers=13)
    assert (grace.granted, grace.bars) == ((), ())
    assert {left.what for left in grace.trace.left_out} == {"P1, theory", "P2, theory"}


def test_g13_a_quarter_of_thirteen_papers_is_four() -> None:
    rule = policy(S2, grace={**GRACE_13, "budget": {"marks": "100"}})
    needs = [Shortfall(f"P{n}", "theory", Fraction(1), Fraction(40)) for n in range(5)]
    assert len(grant_grace(rule, needs[:4], aggregate=Decimal(450), papers=13).granted) == 4
    assert grant_grace(rule, needs, aggregate=Decimal(450), papers=13).granted == ()


def test_g14_more_than_the_budget_means_no_grace_at_all() -> None:
    rule = policy(S2, grace={"budget": {"marks": "16"}, "allocation": "all_or_nothing"})
    needs = [
        Shortfall("Medicine", "written", Fraction(3), Fraction(300)),
        Shortfall("Medicine", "clinical", Fraction(16), Fraction(300)),
    ]
    assert grant_grace(rule, needs, aggregate=Decimal(600), papers=1).granted == ()  # not even the 3


@pytest.mark.parametrize(("with_grace", "code"), [(False, "Second"), (True, "First")])
def test_g16_one_mark_for_the_division(with_grace: bool, code: str) -> None:
    rule = policy(
        scale={"kind": "none"},
        division=[
            {"code": "First", "min": "60"},
            {"code": "Second", "min": "45"},
            {"code": "Third", "min": "33"},
        ],
        grace={"division": "1", "bars": ["position"]},
    )
    papers = [Paper("Part I", Decimal(348), Decimal(600)), Paper("Part II", Decimal(371), Decimal(600))]
    division = award_division(rule, papers, with_grace=with_grace)
    assert division.code == code
    if with_grace:
        assert (division.obtained, division.grace_paper, division.bars) == (720, "Part I", ("position",))
    assert adds_up(division.trace)


def ready_reckoner() -> list[list[str]]:
    """101 rows, one per whole mark, not a formula."""
    rows = []
    for mark in range(101):
        points = Decimal(0)
        if 50 <= mark < 60:
            points = Decimal("2.0") + Decimal("0.1") * (mark - 50)
        elif 60 <= mark < 80:
            points = Decimal("3.0") + Decimal("0.05") * (mark - 60)
        elif mark >= 80:
            points = Decimal("4.0")
        rows.append(
            [str(mark), "F" if mark < 50 else "D" if mark < 60 else "B" if mark < 80 else "A", str(points)]
        )
    return rows


def test_g18_points_by_whole_mark() -> None:
    rule = policy(scale={"kind": "table", "rows": ready_reckoner()}, total={"round": HALF_UP})
    points = {mark: of_hundred(rule, mark).grade_points for mark in ("68", "57", "60", "78", "49")}
    assert [points[m] for m in ("68", "57", "60", "78", "49")] == [
        Decimal(p) for p in ("3.4", "2.7", "3.0", "3.9", "0")
    ]
    rows = [row("X", "B", points=str(points["68"])), row("Y", "D", points=str(points["57"]))]
    average = term_gpa(rule, rows, 1)
    assert (average.quality_points, average.printed) == (Decimal("18.3"), "3.05")


# G20 … G23b: versions and classes


@pytest.mark.parametrize(
    ("mark", "older", "newer"),
    [("78", ("B", "3.00"), ("B+", "3.30")), ("45", ("D", "1.00"), ("F", "0.00"))],
)
def test_g20_one_section_two_intakes(mark: str, older: tuple[str, str], newer: tuple[str, str]) -> None:
    for rows, least, (grade, points) in ((S2, "40", older), (S1, "50", newer)):
        outcome = of_hundred(policy(rows, pass_={"total_min": least}), mark)
        assert (outcome.grade, outcome.grade_points) == (grade, Decimal(points))


@pytest.mark.parametrize(
    ("version", "least", "attendance", "verdict", "eligible"),
    [
        (1, "50", "75", "pass", True),
        (2, "70", "90", "fail", False),
        (3, "65", "85", "fail", True),
        (4, "50", "75", "pass", True),
    ],
)
def test_g21_versions_of_one_session(
    version: int, least: str, attendance: str, verdict: str, eligible: bool
) -> None:
    rule = policy(S1, version=version, pass_={"total_min": least}, attendance={"min": attendance})
    outcome = of_hundred(rule, "57")
    assert (outcome.outcome, outcome.trace.version) == (verdict, version)
    start = date(2026, 2, 2)
    classes = [
        Attended(held_on=start + timedelta(n), status="present" if n < 88 else "absent") for n in range(100)
    ]
    assert attendance_of(rule, classes, term_start=start, admitted_on=start).eligible is eligible


Z_BANDS = [
    ["1.5", "A", "4.00"],
    ["1", "B+", "3.50"],
    ["0.5", "B", "3.00"],
    ["0", "C+", "2.50"],
    ["-0.5", "C", "2.00"],
    ["-1.5", "D", "1.00"],
]
CLASS = ["40", "50", "60", "60", "60", "60", "60", "60", "70", "80"]


def test_g23_relative_grades_use_the_population() -> None:
    rule = policy(scale={"kind": "relative", "rows": Z_BANDS})
    cutoffs = freeze_cutoffs(rule, [Fraction(mark) for mark in CLASS])
    assert (cutoffs.mean, cutoffs.variance, cutoffs.count) == ("60", "100", 10)
    grades = [of_hundred(rule, mark, cutoffs=cutoffs).grade for mark in CLASS]
    # The sample's σ of 10.54 gives 70 → B.
    assert grades == ["F", "D", "C+", "C+", "C+", "C+", "C+", "C+", "B+", "A"]


def test_g23b_a_recheck_moves_one_student_only() -> None:
    rule = policy(scale={"kind": "relative", "rows": Z_BANDS})
    frozen = freeze_cutoffs(rule, [Fraction(mark) for mark in CLASS])
    assert of_hundred(rule, "65", cutoffs=frozen).grade == "B"
    assert of_hundred(rule, "60", cutoffs=frozen).grade == "C+"
    again = freeze_cutoffs(rule, [Fraction(m) for m in [*CLASS[:2], "65", *CLASS[3:]]])
    assert again.mean == "121/2"  # recomputing drops five classmates to C
    assert of_hundred(rule, "60", cutoffs=again).grade == "C"
