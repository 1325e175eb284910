"""Averages beyond the numbered cases: a whole transcript, transfers, repeats that may not count,
standing, and the properties that hold for every record."""

# A mark is compared with a plain number where that says it best.
# mypy: disable-error-code="comparison-overlap"

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sims_shared.gpa import (
    Attended,
    Candidate,
    CourseRow,
    TermCourse,
    attendance_of,
    compensate,
    convert_cgpa,
    credits_of,
    cumulative_gpa,
    effective_rows,
    rank_by_merit,
    standing_for,
    term_gpa,
)
from sims_shared.policy.trace import adds_up, walk
from sims_shared.regulations import check_policy, default_policy
from tests.support.policies import base_twelve, policy, row

DEFAULT = check_policy(default_policy())


def transcript() -> list[CourseRow]:
    """The sample transcript of a program in progress: four terms, an F repeated, a W, an I, a course
    without credit, and six credits from another college."""
    return [
        row("FE", "TR", "3", 0, source="transfer"),
        row("PS", "TR", "3", 0, source="transfer"),
        row("CS-101", "A-", "4", 1),
        row("MT-101", "F", "3", 1),
        row("PH-101", "B-", "4", 1),
        row("EN-102", "B+", "3", 1),
        row("QT-001", "S", "1", 1, grading="non_credit"),
        row("CS-112", "B", "4", 2),
        row("MT-102", "C+", "3", 2),
        row("CS-114", "C", "4", 2),
        row("HU-104", "A", "2", 2),
        row("SS-103", "W", "3", 2),
        row("MT-101", "B-", "3", 3, attempt=2),
        row("CS-211", "B+", "4", 4),
        row("CS-213", "I", "3", 4),
        row("MT-203", "A-", "3", 4),
        row("SS-103", "B", "3", 4),
        row("CS-215", "D", "3", 4),
    ]


def test_a_transcript_adds_up_term_by_term() -> None:
    rows = transcript()
    assert [term_gpa(DEFAULT, rows, term).printed for term in (1, 2, 3, 4)] == [
        "2.54",
        "2.68",
        "2.70",
        "2.79",
    ]
    assert [cumulative_gpa(DEFAULT, rows, upto=term).printed for term in (1, 2, 3, 4)] == [
        "2.54",
        "2.61",
        "2.91",
        "2.87",
    ]
    average = cumulative_gpa(DEFAULT, rows)
    assert (average.quality_points, average.credits) == (Decimal("114.8"), 40)
    totals = credits_of(DEFAULT, rows)
    assert (totals.attempted, totals.earned, totals.transferred, totals.total) == (49, 40, 6, 46)


def test_a_trace_names_what_was_left_out_and_why() -> None:
    average = cumulative_gpa(DEFAULT, transcript())
    why = {left.what: left.why for left in average.left_out}
    assert why["MT-101, term 1"] == "repeated: the better attempt counts"
    assert why["SS-103, term 2"] == "W is not in the average"
    assert why["CS-213, term 4"] == "I is not in the average"
    assert set(why) | set(average.counted) == {r.key for r in transcript()}
    assert (average.trace.regulation, average.trace.version) == ("BS-STANDARD", 1)
    assert any(node.left_out for node in walk(average.trace))


def test_each_row_knows_whether_it_counts() -> None:
    fates = effective_rows(DEFAULT, transcript())
    assert fates["MT-101, term 1"] == "replaced"
    assert fates["MT-101, term 3"] == "counted"
    assert fates["SS-103, term 2"] == "excluded"


def test_points_pinned_on_a_result_are_not_looked_up_again() -> None:
    assert cumulative_gpa(DEFAULT, [row("X", "B", points="3.10")]).printed == "3.10"


def test_a_pass_that_is_good_enough_may_not_be_improved() -> None:
    rule = policy(repeat={"count": "best", "improve_below": "C"})
    rows = [*base_twelve(), row("X", "C"), row("X", "A", term=2)]
    average = cumulative_gpa(rule, rows)
    assert average.printed == "2.80"
    assert [left.why for left in average.left_out] == ["C is not below C; the earlier stays"]


def test_repeating_after_a_fail_uses_up_no_improvement() -> None:
    rule = policy(repeat={"count": "best", "max_courses": 1})
    rows = [row("X", "F"), row("X", "B", term=2), row("Y", "D"), row("Y", "B", term=3)]
    assert cumulative_gpa(rule, rows).printed == "3.00"


def test_the_last_attempt_stands_even_when_it_is_worse() -> None:
    rule = policy(repeat={"count": "last"})
    rows = [row("X", "C"), row("X", "F", term=2)]
    assert cumulative_gpa(rule, rows).printed == "0.00"
    assert credits_of(rule, rows).earned == 0
    best = policy(repeat={"count": "best"})
    assert (cumulative_gpa(best, rows).printed, credits_of(best, rows).earned) == ("2.00", 3)


@pytest.mark.parametrize(
    ("gpa", "printed", "credits"),
    [("exclude", "3.00", 12), ("band_minimum", "2.80", 15), ("as_earned", "2.94", 15)],
)
def test_transferred_credit(gpa: str, printed: str, credits: int) -> None:
    rule = policy(transfer={"symbol": "TR", "min_grade": "C", "gpa": gpa, "conversion": {"2:1": "C"}})
    moved = row("X", "TR", source="transfer", transfer_grade="2:1", points="2.70")
    average = cumulative_gpa(rule, [*base_twelve(), moved])
    assert (average.printed, average.credits) == (printed, credits)
    assert credits_of(rule, [*base_twelve(), moved]).transferred == 3


def test_transfer_at_band_minimum_takes_the_least_points_of_the_band() -> None:
    rows = [["60", "B", "3.0"], ["61", "B", "3.05"], ["62", "B", "3.1"]]
    whole = {"mode": "half_up", "places": 0}
    rule = policy(
        scale={"kind": "table", "rows": rows}, total={"round": whole}, transfer={"gpa": "band_minimum"}
    )
    moved = row("X", "TR", source="transfer", transfer_grade="B")
    assert cumulative_gpa(rule, [moved]).exact == 3


def test_a_grade_below_the_least_does_not_transfer_and_no_more_than_the_share() -> None:
    rule = policy(transfer={"min_grade": "C", "max_share": "50%"})
    rows = [row(f"X{n}", "TR", source="transfer", transfer_grade="B") for n in range(3)]
    assert credits_of(rule, rows, credits_required=Decimal(12)).transferred == 6
    low = [row("Y", "TR", source="transfer", transfer_grade="D")]
    assert credits_of(rule, low).transferred == 0


def test_a_ladder_of_standing_remembers() -> None:
    ladder = [
        {"code": "good", "cgpa_min": "2.00"},
        {"code": "dismissed", "after": ["probation", "probation"]},
        {"code": "probation"},
    ]
    rule = policy(standing=ladder)

    def after(cgpa: str | None, *before: str) -> str | None:
        return standing_for(rule, cgpa=None if cgpa is None else Decimal(cgpa), sgpa=None, before=before).code

    assert after("2.00") == "good"
    assert after("1.99") == "probation"
    assert after("1.99", "probation") == "probation"
    assert after("1.99", "probation", "probation") == "dismissed"
    assert after("1.99", "probation", "good", "probation") == "probation"
    assert after("2.10", "probation", "probation") == "good"
    assert after(None, "probation") == "probation"
    assert after(None) is None


def test_a_good_average_makes_a_near_fail_good_within_its_credits() -> None:
    rule = policy(compensation={"from": "35", "average_min": "50", "max_credits": "20"})
    marks = {"A": "70", "B": "65", "C": "38", "D": "36", "E": "34.99"}

    def made_good(**other: str) -> tuple[str, ...]:
        courses = [
            TermCourse(key, Decimal(total), Decimal(15 if key == "C" else 10), Decimal(total) >= 40)
            for key, total in {**marks, **other}.items()
        ]
        outcome = compensate(rule, courses)
        assert adds_up(outcome.trace)
        return outcome.keys

    assert made_good() == ()  # 2629.90 / 55 = 47.8
    assert made_good(A="95") == ("C",)  # D would make it 25 credits, E is too far below
    assert made_good(A="95", C="50") == ("D",)


def test_equal_candidates_share_a_position() -> None:
    rule = policy(merit={"by": "cgpa", "ties": ["percentage"]})
    people = [
        Candidate(id=n, cgpa=Decimal(c), percentage=Decimal(80))
        for n, c in ((1, "3.9"), (2, "3.9"), (3, "3.8"))
    ]
    assert [(p.id, p.position) for p in rank_by_merit(rule, people).placed] == [(1, 1), (2, 1), (3, 3)]


def test_attendance_is_judged_as_a_fraction() -> None:
    day = date(2026, 2, 2)
    classes = [Attended(held_on=day, status="present" if n < 14999 else "absent") for n in range(20000)]
    outcome = attendance_of(DEFAULT, classes, term_start=day, admitted_on=day)
    assert (str(outcome.percentage), outcome.eligible) == ("74.99", False)  # 74.995 is short
    rounded = policy(attendance={"min": "75", "round": {"mode": "half_up", "places": 0}})
    assert attendance_of(rounded, classes, term_start=day, admitted_on=day).eligible
    none_held = attendance_of(DEFAULT, [], term_start=day, admitted_on=day)
    assert (none_held.percentage, none_held.eligible) == (None, True)


def test_attendance_is_needed_in_each_head() -> None:
    day = date(2026, 2, 2)
    theory = [Attended(held_on=day, status="present", head="theory")] * 9
    practical = [Attended(held_on=day, status="absent", head="practical")]
    rule = policy(attendance={"min": "75", "per_head": True})
    outcome = attendance_of(rule, [*theory, *practical], term_start=day, admitted_on=day)
    assert (str(outcome.percentage), outcome.eligible, outcome.short_heads) == (
        "90.00",
        False,
        ("practical",),
    )


def test_a_cgpa_converts_by_the_regulations_formula() -> None:
    rule = policy(conversion={"factor": "9.5", "offset": "0", "round": {"mode": "half_up", "places": 1}})
    assert convert_cgpa(rule, Decimal("8.37")) == Decimal("79.5")
    assert convert_cgpa(DEFAULT, Decimal("3.00")) is None


# Properties

grades = st.sampled_from(["A", "B+", "B", "C-", "D", "F", "W", "I", "S", "XF", "FW", "AU", "TR"])


@st.composite
def records(draw: st.DrawFn) -> list[CourseRow]:
    count = draw(st.integers(0, 12))
    return [
        row(
            draw(st.sampled_from(["X", "Y", "Z", "V"])),
            draw(grades),
            str(draw(st.integers(1, 4))),
            draw(st.integers(1, 4)),
            key=f"row {index}",
            replaces=draw(st.sampled_from([None, None, None, "X", "Y"])),
        )
        for index in range(count)
    ]


RULES = [
    policy(
        repeat={"count": count, **more},
        gpa={"sgpa": {"mode": "half_up", "places": 2}, "cgpa": {"from": source}},
    )
    for count in ("best", "last", "average", "all", "first")
    for more in ({}, {"improve_below": "C", "max_courses": 1, "cap": "B"})
    for source in ("quality_points", "rounded_sgpa")
]


@settings(max_examples=200, deadline=None)
@given(records(), st.sampled_from(range(len(RULES))), st.randoms(use_true_random=False))
def test_every_average_adds_up_whatever_the_order_of_rows(
    rows: list[CourseRow], which: int, random: Random
) -> None:
    rule = RULES[which]
    average = cumulative_gpa(rule, rows)
    assert adds_up(average.trace)
    assert average.exact is None or 0 <= average.exact <= 4
    if rule.gpa.cgpa.from_ == "quality_points":
        accounted = [*average.counted, *(left.what for left in average.left_out)]
        assert sorted(accounted) == sorted(r.key for r in rows)  # each row once: used, or left out with why
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert cumulative_gpa(rule, shuffled) == average
    assert credits_of(rule, shuffled) == credits_of(rule, rows)
    for term in range(1, 5):
        assert adds_up(term_gpa(rule, rows, term).trace)


@given(records())
def test_the_better_attempt_is_never_worse_than_all_of_them(rows: list[CourseRow]) -> None:
    single = [r for r in rows if r.replaces is None and r.grade != "XF"]
    equal = [
        CourseRow(**{f: getattr(r, f) for f in r.__struct_fields__} | {"credits": Decimal(3)}) for r in single
    ]
    best = cumulative_gpa(policy(repeat={"count": "best"}), equal).exact
    last = cumulative_gpa(policy(repeat={"count": "last"}), equal).exact
    assert (best or Fraction(0)) >= (last or Fraction(0))
