"""The cases of averages, second sittings, attendance, merit and legacy (G25 and on), to the last digit."""

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
    Candidate,
    CourseRow,
    Paper,
    attendance_of,
    award_division,
    completion_faults,
    credits_of,
    cumulative_gpa,
    honours_gpa,
    lapse_incomplete,
    rank_by_merit,
    reconcile_recorded,
    standing_for,
    term_gpa,
)
from sims_shared.marks import (
    CourseOutcome,
    Sitting,
    judge_course,
    recheck_total,
)
from sims_shared.policy.trace import adds_up, walk
from sims_shared.regulations import Policy
from tests.support.policies import S1, S2, base_twelve, cells, column, policy, row

HALF_UP = {"mode": "half_up", "places": 0}


def of_hundred(rule: Policy, mark: str, **rest: Any) -> CourseOutcome:
    """The outcome of a single paper of 100 marks."""
    outcome = judge_course(rule, [column(1, "Paper", of="100", weight="100")], cells(mark), **rest)
    assert adds_up(outcome.trace)
    return outcome


# G25 … G34: averages


def test_g25_an_f_counts() -> None:
    rows = [row(f"C{n}", grade) for n, grade in enumerate(["B", "C+", "A", "A-", "F"])]
    average = term_gpa(policy(), rows, 1)
    assert (average.exact, average.printed) == (Fraction(39, 15), "2.60")  # not 39/12 = 3.25


SYMBOLS_26 = {"WP": {"gpa": False}, "FW": {"as": "F"}, "WF": {"as": "F"}}


@pytest.mark.parametrize(
    ("letter", "printed"),
    [("W", "3.00"), ("WP", "3.00"), ("F", "2.40"), ("FW", "2.40"), ("WF", "2.40")],
)
def test_g26_what_a_withdrawal_weighs(letter: str, printed: str) -> None:
    rows = [*base_twelve(), row("X", letter)]
    rule = policy(symbols=SYMBOLS_26)
    assert cumulative_gpa(rule, rows).printed == printed
    totals = credits_of(rule, rows)
    assert (totals.attempted, totals.earned) == (15, 12)


@pytest.mark.parametrize(("shortage", "printed"), [("W", "3.00"), ("FW", "2.40")])
def test_g26_a_shortage_is_what_the_regulation_calls_it(shortage: str, printed: str) -> None:
    rule = policy(symbols=SYMBOLS_26, attendance={"shortage": shortage})
    outcome = of_hundred(rule, "90", status="barred")
    assert (outcome.outcome, outcome.grade) == ("barred", shortage)
    rows = [*base_twelve(), row("X", outcome.grade, outcome=outcome.outcome)]
    assert cumulative_gpa(rule, rows).printed == printed
    assert (credits_of(rule, rows).attempted, credits_of(rule, rows).earned) == (15, 12)


def test_g26_in_a_system_of_percentages_a_letter_has_a_percentage() -> None:
    rule = policy(
        scale={"kind": "none"},
        symbols={"WF": {"gpa": True, "percentage": "50"}},
        gpa={"of": "percentage", "cgpa": {"mode": "half_up", "places": 1}},
    )
    base = [row(f"B{n}", None, percentage=Decimal(75)) for n in range(4)]
    assert cumulative_gpa(rule, [*base, row("X", "WF")]).printed == "70.0"


DUE = date(2026, 3, 31)


@pytest.mark.parametrize(
    ("lapses_to", "today", "shown", "printed"),
    [
        ("F", DUE, "I", "3.00"),
        ("F", date(2026, 4, 1), "F(I)", "2.40"),
        ("provisional", date(2026, 4, 1), "D(I)", "2.60"),
        (None, date(2026, 4, 1), "I", "3.00"),
        ("W", date(2026, 4, 1), "W(I)", "3.00"),
    ],
)
def test_g27_an_incomplete_lapses_the_day_after(
    lapses_to: str | None, today: date, shown: str, printed: str
) -> None:
    rule = policy(symbols={"I": {"lapses_to": lapses_to, "on": "next_term.marks_due", "final": False}})
    lapse = lapse_incomplete(rule, due_on=DUE, today=today, provisional="D")
    assert lapse.grade_shown == shown
    rows = [*base_twelve(), row("X", lapse.grade, outcome=lapse.outcome)]
    average = cumulative_gpa(rule, rows)
    assert average.printed == printed
    assert average.credits == (15 if printed in ("2.40", "2.60") else 12)


def test_g27_completed_on_the_last_day_it_is_an_ordinary_grade() -> None:
    assert of_hundred(policy(pass_={"total_min": "50"}), "71").grade == "B"
    assert cumulative_gpa(policy(), [*base_twelve(), row("X", "B")]).printed == "3.00"


@pytest.mark.parametrize(
    ("count", "printed"),
    [("best", "2.94"), ("last", "2.94"), ("average", "2.67"), ("all", "2.45"), ("first", "2.40")],
)
def test_g28_which_attempt_of_a_repeat_counts(count: str, printed: str) -> None:
    rule = policy(repeat={"count": count})
    rows = [*base_twelve(), row("X", "F"), row("X", "B-", term=2, attempt=2)]
    average = cumulative_gpa(rule, rows)
    assert average.printed == printed
    assert adds_up(average.trace)
    assert credits_of(rule, rows).earned == 15


@pytest.mark.parametrize("count", ["best", "last", "average", "all", "first"])
def test_g28c_a_withdrawal_never_replaces_a_grade(count: str) -> None:
    rows = [*base_twelve(), row("X", "C"), row("X", "W", term=2)]
    assert cumulative_gpa(policy(repeat={"count": count}), rows).printed == "2.80"


def test_g28c_a_fail_for_dishonesty_is_never_replaced() -> None:
    rule = policy(symbols={"XF": {"as": "F", "replaceable": False}})
    rows = [*base_twelve(), row("X", "XF"), row("X", "B", term=2)]
    assert cumulative_gpa(rule, rows).printed == "2.50"


def test_g28c_honours_count_every_attempt() -> None:
    rule = policy(repeat={"count": "best", "honours": "all_attempts"})
    rows = [*base_twelve(), row("X", "F"), row("X", "B-", term=2)]
    assert (cumulative_gpa(rule, rows).printed, honours_gpa(rule, rows).printed) == ("2.94", "2.45")


def test_g28c_a_repeat_may_be_capped() -> None:
    rule = policy(repeat={"count": "best", "cap": "B"})
    rows = [*base_twelve(), row("X", "F"), row("X", "A", term=2)]
    assert cumulative_gpa(rule, rows).printed == "3.00"  # not 3.20
    assert term_gpa(rule, rows, 2).printed == "3.00"


def test_g28c_the_seventh_improvement_of_six_changes_nothing() -> None:
    rule = policy(repeat={"count": "best", "max_courses": 6, "improve_below": "C"})
    rows = [row(f"C{n}", "D") for n in range(7)] + [row(f"C{n}", "B", term=2 + n) for n in range(7)]
    average = cumulative_gpa(rule, rows)
    assert average.quality_points == 6 * 9 + 3
    assert [left.what for left in average.left_out if "may be improved" in left.why] == ["C6, term 8"]


def test_g28c_a_failed_elective_is_replaced_by_another_course() -> None:
    rows = [*base_twelve(), row("ELECTIVE-1", "F"), row("ELECTIVE-2", "B", term=2, replaces="ELECTIVE-1")]
    assert cumulative_gpa(policy(), rows).printed == "3.00"


def test_g28c_the_sgpa_of_the_first_term_stays() -> None:
    rows = [*base_twelve(), row("X", "F"), row("X", "B-", term=2)]
    assert term_gpa(policy(), rows, 1).printed == "2.40"
    assert cumulative_gpa(policy(), rows, upto=1).printed == "2.40"
    assert term_gpa(policy(), rows, 2).printed == "2.70"


def g29(non_credit: str = "S", internship: str = "P") -> list[CourseRow]:
    base = [row(f"B{n}", "B") for n in range(5)]
    return [
        *base,
        row("QURAN", non_credit, "1", grading="non_credit", outcome="pass" if non_credit == "S" else "fail"),
        row("INTERNSHIP", internship, grading="pass_fail"),
        row("MUSIC", "AU", grading="audit"),
    ]


def test_g29_what_has_no_points_is_not_in_the_average() -> None:
    average = cumulative_gpa(policy(), g29())
    assert (average.printed, average.credits, credits_of(policy(), g29()).earned) == ("3.00", 15, 18)
    assert completion_faults(policy(), g29(), credits_required=Decimal(18)) == []

    assert cumulative_gpa(policy(), g29("U")).printed == "3.00"
    (fault,) = completion_faults(policy(), g29("U"), credits_required=Decimal(18))
    assert fault.startswith("QURAN")

    assert credits_of(policy(), g29(internship="NP")).earned == 15


def test_g31_from_points_and_from_rounded_sgpas() -> None:
    rows = []
    for term, most, rest in ((1, "2.9", "2.6"), (2, "3", "3.8"), (3, "3", "3.8")):
        rows.append(row(f"A{term}", "B", "14", term, points=most))  # 14 × 2.9 + 2.6 = 43.2
        rows.append(row(f"B{term}", "B", "1", term, points=rest))
    by_points = policy(
        gpa={"sgpa": {"mode": "half_up", "places": 2}, "cgpa": {"mode": "half_up", "places": 2}}
    )
    assert [term_gpa(by_points, rows, t).printed for t in (1, 2, 3)] == ["2.88", "3.05", "3.05"]
    average = cumulative_gpa(by_points, rows)
    assert (average.exact, average.printed) == (Fraction(1348, 450), "3.00")
    by_sgpas = policy(
        gpa={
            "sgpa": {"mode": "half_up", "places": 2},
            "cgpa": {"from": "rounded_sgpa", "mode": "half_up", "places": 2},
        }
    )
    average = cumulative_gpa(by_sgpas, rows)
    assert average.printed == "2.99"
    assert adds_up(average.trace)


@pytest.mark.parametrize(
    ("points", "credits", "mode", "printed"),
    [
        ("66.9", "20", "half_up", "3.35"),
        ("66.9", "20", "half_even", "3.34"),
        ("66.9", "20", "down", "3.34"),
        ("53.5", "20", "half_up", "2.68"),  # a float says 2.67
        ("39.9", "20", "half_up", "2.00"),
        ("39.9", "20", "down", "1.99"),
        ("1994.9", "1000", "half_up", "1.99"),
    ],
)
def test_g32_the_mode_decides(points: str, credits: str, mode: str, printed: str) -> None:
    rule = policy(gpa={"cgpa": {"mode": mode, "places": 2}})
    # One course per credit that carries the odd points keeps the quality points exactly as stated.
    whole = Decimal(credits) - 1
    each = Decimal(int(Decimal(points) / Decimal(credits)))
    rows = [
        row("A", "B", str(whole), points=str(each)),
        row("B", "B", "1", points=str(Decimal(points) - whole * each)),
    ]
    average = cumulative_gpa(rule, rows)
    assert (average.quality_points, average.printed) == (Decimal(points), printed)


@pytest.mark.parametrize(("mode", "code"), [("half_up", "good_standing"), ("down", "probation")])
def test_g32_standing_is_judged_by_the_rounded_figure(mode: str, code: str) -> None:
    ladder = [{"code": "good_standing", "cgpa_min": "2.00"}, {"code": "probation"}]
    rule = policy(gpa={"cgpa": {"mode": mode, "places": 2}}, standing=ladder)
    rows = [row("A", "D", "19", points="2"), row("B", "D", "1", points="1.9")]
    average = cumulative_gpa(rule, rows)
    assert standing_for(rule, cgpa=average.value, sgpa=None).code == code


@pytest.mark.parametrize("letter", ["W", "S", "U"])
def test_g34_a_term_with_nothing_that_counts_has_no_average(letter: str) -> None:
    rows = [*base_twelve(), row("X", letter, term=2)]
    empty = term_gpa(policy(gpa={"empty": "-", "cgpa": {"mode": "half_up", "places": 2}}), rows, 2)
    assert (empty.value, empty.printed, empty.exact, empty.credits) == (None, "-", None, 0)  # never 0.00
    assert cumulative_gpa(policy(), rows, upto=2).printed == "3.00"
    assert cumulative_gpa(policy(), rows, upto=2).exact == cumulative_gpa(policy(), rows, upto=1).exact


# G36 … G42: second sittings, attendance, merit, legacy


MODULE = [column(1, "Coursework", weight="40"), column(2, "Exam", weight="60")]
RESIT = Sitting(kind="supplementary", retaken=frozenset({2}), attempt=2)


def g36(**supplementary: Any) -> Policy:
    return policy(S2, total={"round": HALF_UP}, pass_={"total_min": "40"}, supplementary=supplementary)


def test_g36_the_first_sitting_fails() -> None:
    outcome = judge_course(g36(), MODULE, cells("62", "20"))
    assert (outcome.total_exact, outcome.percentage, outcome.outcome) == (37, Decimal("36.8"), "fail")


def test_g36_a_cap_on_the_component() -> None:
    outcome = judge_course(
        g36(cap={"level": "component", "to": "40"}), MODULE, cells("62", "70"), sitting=RESIT
    )
    assert (outcome.percentage, outcome.total) == (Decimal("48.8"), 49)


def test_g36_a_cap_on_the_module_keeps_what_it_would_have_been() -> None:
    outcome = judge_course(g36(cap={"level": "course", "to": "40"}), MODULE, cells("62", "70"), sitting=RESIT)
    assert (outcome.total, outcome.percentage) == (40, Decimal("66.8"))
    assert "67" in [node.shown for node in walk(outcome.trace)]
    assert adds_up(outcome.trace)


def test_g36_a_resit_that_replaces_everything_is_capped() -> None:
    rule = g36(cap={"level": "course", "to": "40"}, retake="all_heads")
    outcome = judge_course(rule, MODULE, cells("62", "70"), sitting=RESIT)
    assert (outcome.percentage, outcome.total, outcome.grade) == (70, 40, "D")


def test_g36_deferred_with_cause_is_a_first_sitting() -> None:
    rule = g36(cap={"level": "course", "to": "40"})
    deferred = Sitting(kind="deferred", retaken=frozenset({2}))
    assert judge_course(rule, MODULE, cells("62", "70"), sitting=deferred).total == 67


def test_g36c_in_the_annual_system_the_attempt_prints_and_the_position_is_lost() -> None:
    outcome = judge_course(g36(bars=["position"]), MODULE, cells("62", "70"), sitting=RESIT)
    assert (outcome.total, outcome.flags, outcome.bars) == (67, ("attempt 2",), ("position",))


def test_g37_retotalling_may_fall() -> None:
    rule = policy(S1, pass_={"total_min": "50"}, recheck={"may_fall": True})
    assert of_hundred(rule, "54").grade == "D"
    fallen = of_hundred(rule, str(recheck_total(rule, Decimal(54), Decimal(49))))
    assert (fallen.grade, fallen.outcome) == ("F", "fail")
    before, after = (credits_of(rule, [row("X", grade)]).earned for grade in ("D", "F"))
    assert (before, after) == (3, 0)
    assert recheck_total(policy(recheck={"may_fall": False}), Decimal(54), Decimal(49)) == 54


START = date(2026, 2, 2)


def g38_classes() -> list[Attended]:
    """45 sessions; nothing is recorded for the five before admission."""
    words: list[Any] = [None] * 5 + ["present"] * 28 + ["late"] * 4 + ["leave"] * 2 + ["absent"] * 6
    return [Attended(held_on=START + timedelta(n), status=word) for n, word in enumerate(words)]


@pytest.mark.parametrize(
    ("clause", "percentage", "eligible"),
    [
        ({"late": "1"}, "80.00", True),
        ({"late": "0.5"}, "75.00", True),
        ({"late": {"count": 3, "as_absent": 1}}, "77.50", True),
        ({"late": "1", "leave": "excluded"}, "84.21", True),
        ({"late": "1", "from": "term_start", "condone_from": "60"}, "71.11", False),
    ],
)
def test_g38_attendance(clause: dict[str, Any], percentage: str, eligible: bool) -> None:
    rule = policy(attendance={"min": "75", **clause})
    outcome = attendance_of(rule, g38_classes(), term_start=START, admitted_on=START + timedelta(5))
    assert (str(outcome.percentage), outcome.eligible) == (percentage, eligible)
    assert outcome.condonable is not eligible
    assert adds_up(outcome.trace)


def test_g39_merit() -> None:
    rule = policy(
        merit={
            "by": "cgpa",
            "exclude": ["repeat", "fail", "exemption", "ufm"],
            "ties": ["percentage", "younger"],
        }
    )
    a = Candidate(id=1, cgpa=Decimal("3.92"), percentage=Decimal("90"), marred=frozenset({"repeat"}))
    b = Candidate(id=2, cgpa=Decimal("3.90"), percentage=Decimal("88.1"), born_on=date(2003, 1, 1))
    c = Candidate(id=3, cgpa=Decimal("3.90"), percentage=Decimal("88.4"), born_on=date(2003, 1, 1))
    d = Candidate(id=4, cgpa=Decimal("3.90"), percentage=Decimal("88.4"), born_on=date(2004, 1, 1))
    merit = rank_by_merit(rule, [a, b, c, d])
    assert [(p.id, p.position) for p in merit.placed] == [(4, 1), (3, 2), (2, 3)]
    assert [left.what for left in merit.left_out] == ["1"]


def test_g40_the_division_of_both_parts() -> None:
    rule = policy(
        scale={"kind": "none"},
        division=[
            {"code": "First", "min": "60"},
            {"code": "Second", "min": "45"},
            {"code": "Third", "min": "33"},
        ],
    )
    papers = [Paper("Part I", Decimal(348), Decimal(600)), Paper("Part II", Decimal(371), Decimal(600))]
    division = award_division(rule, papers)
    assert (division.code, division.obtained, division.maximum) == ("Second", 719, 1200)


def test_g42_a_legacy_figure_prints_as_recorded() -> None:
    reconciled = reconcile_recorded(Decimal("2.87"), Decimal("2.86"))
    assert (reconciled.printed, reconciled.note, reconciled.differs) == (Decimal("2.87"), "as recorded", True)
