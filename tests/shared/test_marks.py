"""One course's result beyond the numbered cases: what blocks, what withholds, and what never changes
with the order of the columns."""

# A mark is compared with a plain number where that says it best.
# mypy: disable-error-code="comparison-overlap"

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sims_shared.marks import Assessment, Score, freeze_cutoffs, judge_course, settle_examiners
from sims_shared.policy.rounding import MODES, Rounding, cut, round_exact, shown
from sims_shared.policy.trace import Trace, adds_up, walk
from sims_shared.regulations import Policy, check_policy, default_policy
from tests.support.policies import S1, S2, cells, column, policy

DEFAULT = check_policy(default_policy())


def test_weights_that_do_not_add_up_block_the_publication() -> None:
    outcome = judge_course(
        DEFAULT, [column(1, "Mid", weight="40"), column(2, "Final", weight="50")], cells("80", "80")
    )
    assert [block.code for block in outcome.blocks] == ["weights_incomplete"]
    assert outcome.total == 72  # out of a hundred, not of what is there
    assert adds_up(outcome.trace)


def test_maxima_that_are_not_the_courses_total_block_the_publication() -> None:
    rule = policy(total={"basis": "marks"})
    sheet = [column(1, "Theory", of="40"), column(2, "Practical", of="20")]
    outcome = judge_course(rule, sheet, cells("24", "18"), marks_total=Decimal(80))
    assert [block.code for block in outcome.blocks] == ["weights_incomplete"]
    assert judge_course(rule, sheet, cells("24", "18")).blocks == ()


def test_a_group_of_best_of_counts_only_its_kept_maxima() -> None:
    rule = policy(total={"basis": "marks", "best_of": [{"group": "quiz", "keep": 2}]})
    sheet = [column(n, f"Quiz {n}", of="10", type="quiz") for n in (1, 2, 3)] + [column(4, "Final", of="80")]
    outcome = judge_course(rule, sheet, cells("10", "2", "8", "60"), marks_total=Decimal(100))
    assert (outcome.total, outcome.blocks) == (78, ())


def test_a_withheld_row_with_a_blank_may_pass_the_publication() -> None:
    sheet = [column(1, "Mid", weight="50"), column(2, "Final", weight="50")]
    outcome = judge_course(DEFAULT, sheet, cells(None, "UFM"))
    assert (outcome.outcome, outcome.publishable) == ("withheld", True)


def test_a_sheet_without_assessments_is_incomplete_and_never_an_error() -> None:
    outcome = judge_course(DEFAULT, [], {})
    assert (outcome.outcome, outcome.total, outcome.publishable) == ("incomplete", None, False)
    excused = judge_course(DEFAULT, [column(1, "Final", weight="100")], cells("EXC"))
    assert (excused.outcome, excused.total) == ("incomplete", None)


@pytest.mark.parametrize(
    ("status", "grading", "outcome", "grade", "points"),
    [
        ("withdrawn", "letter", "withdrawn", "W", None),
        ("barred", "letter", "barred", "FW", Decimal(0)),
        ("incomplete", "letter", "incomplete", "I", None),
        ("enrolled", "audit", "audit", "AU", None),
        ("enrolled", "pass_fail", "pass", "P", None),
        ("enrolled", "non_credit", "pass", "S", None),
    ],
)
def test_what_marks_do_not_decide(
    status: str, grading: str, outcome: str, grade: str, points: Decimal | None
) -> None:
    got = judge_course(
        DEFAULT,
        [column(1, "Final", weight="100")],
        cells("90"),
        status=status,  # type: ignore[arg-type]
        grading=grading,  # type: ignore[arg-type]
    )
    assert (got.outcome, got.grade, got.grade_points) == (outcome, grade, points)


def test_a_failed_course_without_credit_is_unsatisfactory() -> None:
    got = judge_course(DEFAULT, [column(1, "Final", weight="100")], cells("49"), grading="non_credit")
    assert (got.outcome, got.grade) == ("fail", "U")


def test_cutting_at_every_stage_loses_at_every_stage() -> None:
    # 66.5 of 70 and 19.9 of 30: 86.4; cut per head 66 + 19 = 85; not the 86 of cutting once.
    cut_whole = {"mode": "down", "places": 0}
    heads = [{"code": "theory", "round": cut_whole}, {"code": "practical", "round": cut_whole}]
    rule = policy(total={"basis": "marks", "round": cut_whole}, heads=heads)
    sheet = [column(1, "T", of="70", head="theory"), column(2, "P", of="30", head="practical")]
    outcome = judge_course(rule, sheet, cells("66.5", "19.9"))
    assert (outcome.total, outcome.heads[0].obtained) == (85, 66)
    assert adds_up(outcome.trace)


def test_grace_that_is_added_changes_the_marks() -> None:
    heads = [{"code": "theory", "min": "40%"}]
    rule = policy(
        S2, total={"basis": "marks"}, heads=heads, grace={"budget": {"marks": "5"}, "added_to_marks": True}
    )
    sheet = [column(1, "T", of="40", head="theory"), column(2, "P", of="20")]
    outcome = judge_course(rule, sheet, cells("14", "16"), grace={"theory": Decimal(2)})
    assert (outcome.marks_obtained, outcome.outcome, outcome.grade_shown) == (32, "pass", "C*")


def test_a_total_may_pass_by_grace_with_the_lowest_grade() -> None:
    rule = policy(S1, pass_={"total_min": "50"}, grace={"budget": {"marks": "5"}})
    sheet = [column(1, "Final", weight="100")]
    short = judge_course(rule, sheet, cells("48"))
    assert [(d.head, d.needed) for d in short.deficits] == [("total", 2)]
    outcome = judge_course(rule, sheet, cells("48"), grace={"total": Decimal(2)})
    assert (outcome.total, outcome.grade_shown, outcome.outcome) == (48, "D*", "pass")


def test_a_course_without_a_practical_cannot_fail_it() -> None:
    rule = policy(heads=[{"code": "theory", "min": "40%"}, {"code": "practical", "min": "40%"}])
    outcome = judge_course(rule, [column(1, "T", weight="100", head="theory")], cells("60"))
    assert [head.code for head in outcome.heads] == ["theory"]
    assert outcome.outcome == "pass"


def test_ects_shares_are_of_those_who_pass_and_equals_stand_together() -> None:
    rows = [["10", "A", "5"], ["25", "B", "4"], ["30", "C", "3"], ["25", "D", "2"], ["10", "E", "1"]]
    rule = policy(scale={"kind": "relative", "method": "share", "rows": rows}, pass_={"total_min": "40"})
    totals = [Fraction(m) for m in (30, 41, 45, 50, 55, 60, 65, 70, 75, 80, 80)]
    cutoffs = freeze_cutoffs(rule, totals)
    assert cutoffs.count == 10
    sheet = [column(1, "Final", weight="100")]
    grades = [judge_course(rule, sheet, cells(str(t)), cutoffs=cutoffs).grade for t in totals]
    assert grades == ["F", "E", "D", "D", "C", "C", "C", "B", "B", "A", "A"]


def test_outliers_and_hopeless_totals_are_left_out_of_the_statistics() -> None:
    rows = [["0", "A", "4"], ["-2", "B", "3"]]
    rule = policy(scale={"kind": "relative", "rows": rows, "exclude_below": "20", "exclude_outliers": "2"})
    cutoffs = freeze_cutoffs(rule, [Fraction(m) for m in (5, 50, 50, 50, 50, 50, 50, 100)])
    assert (cutoffs.mean, cutoffs.count, cutoffs.left_out) == ("50", 6, 2)
    sheet = [column(1, "Final", weight="100")]
    assert judge_course(rule, sheet, cells("19"), cutoffs=cutoffs).grade == "F"
    waiting = judge_course(rule, sheet, cells("60"))
    assert (waiting.outcome, [block.code for block in waiting.blocks]) == ("incomplete", ["cutoffs_missing"])


@pytest.mark.parametrize(
    ("take", "settled"),
    [("third", 52), ("mean_of_all", Fraction(148, 3)), ("mean_of_higher", 54), ("mean_of_nearest", 54)],
)
def test_a_third_examiner_settles_a_wide_difference(take: str, settled: Fraction) -> None:
    rule = policy(recheck={"third_examiner": {"difference": "15%", "take": take}})
    assert settle_examiners(rule, Decimal(40), Decimal(55), Decimal(100)) == Fraction(95, 2)
    assert settle_examiners(rule, Decimal(40), Decimal(56), Decimal(100)) is None
    assert settle_examiners(rule, Decimal(40), Decimal(56), Decimal(100), Decimal(52)) == settled


def test_a_trace_names_its_regulation_and_survives_the_wire() -> None:
    outcome = judge_course(DEFAULT, [column(1, "Final", weight="100")], cells("71.5"))
    wire = msgspec.json.encode(outcome.trace)
    again = msgspec.json.decode(wire, type=Trace)
    assert again == outcome.trace
    assert (again.regulation, again.version) == ("BS-STANDARD", 1)
    assert adds_up(again)


def test_a_trace_that_was_tampered_with_does_not_add_up() -> None:
    outcome = judge_course(
        DEFAULT, [column(1, "A", weight="60"), column(2, "B", weight="40")], cells("70", "90")
    )

    def raised(trace: Trace) -> Trace:
        if not trace.parts and trace.label == "score":
            return msgspec.structs.replace(trace, exact=str(trace.value + 1))
        return msgspec.structs.replace(trace, parts=tuple(raised(part) for part in trace.parts))

    assert adds_up(outcome.trace)
    assert not adds_up(raised(outcome.trace))


# Properties

marks = st.decimals(min_value=0, max_value=100, places=2)
a_cell = st.one_of(
    marks.map(lambda mark: Score("scored", mark)),
    st.sampled_from([Score("absent"), Score("excused"), Score()]),
)


@st.composite
def sheets(draw: st.DrawFn) -> tuple[list[Assessment], dict[int, Score]]:
    count = draw(st.integers(1, 6))
    columns = [
        Assessment(
            id=index,
            name=f"A{index}",
            type=draw(st.sampled_from(["quiz", "midterm", "final"])),
            weight=draw(st.decimals(min_value=0, max_value=40, places=2)),
            max_score=Decimal(100),
            head=draw(st.sampled_from([None, "theory", "practical"])),
        )
        for index in range(1, count + 1)
    ]
    return columns, {column.id: draw(a_cell) for column in columns}


RULES = [
    DEFAULT,
    policy(S1, total={"basis": "marks", "round": {"mode": "ceil", "places": 0}, "blank": "zero"}),
    policy(
        S2,
        total={
            "blank": "zero",
            "component": {"mode": "down", "places": 0},
            "best_of": [{"group": "quiz", "keep": 2, "absent_may_drop": False}],
        },
        heads=[{"code": "theory", "min": "40%", "round": {"mode": "half_up", "places": 0}}],
    ),
]


@settings(max_examples=150, deadline=None)
@given(sheets(), st.sampled_from(RULES), st.randoms(use_true_random=False))
def test_every_result_adds_up_and_the_order_of_columns_is_nothing(
    sheet: tuple[list[Assessment], dict[int, Score]], rule: Policy, random: Random
) -> None:
    columns, row = sheet
    outcome = judge_course(rule, columns, row)
    assert adds_up(outcome.trace)
    for node in walk(outcome.trace):
        assert node.operation == "judged" or node.exact is not None
    shuffled = list(columns)
    random.shuffle(shuffled)
    again = judge_course(rule, shuffled, row)
    same = (again.outcome, again.total_exact, again.grade)
    assert same == (outcome.outcome, outcome.total_exact, outcome.grade)
    if outcome.total_exact is not None and not outcome.blocks:
        assert 0 <= outcome.total_exact <= 100


@given(st.fractions(min_value=-1000, max_value=1000), st.sampled_from(MODES[1:]), st.integers(0, 6))
def test_rounding_stays_within_one_unit_of_the_last_place(value: Fraction, mode: str, places: int) -> None:
    rounding = Rounding(mode, places)  # type: ignore[arg-type]
    rounded, unit = round_exact(value, rounding), Fraction(1, 10**places)
    assert (rounded / unit).denominator == 1
    bound = unit / 2 if mode.startswith("half") else unit
    assert abs(rounded - value) <= bound
    assert mode != "down" or abs(rounded) <= abs(value)
    assert mode != "ceil" or rounded >= value
    assert Fraction(shown(value, rounding)) == rounded
    assert round_exact(rounded, rounding) == rounded


@pytest.mark.parametrize(
    ("value", "mode", "rounded"),
    [
        ("2.5", "half_up", 3),
        ("-2.5", "half_up", -3),
        ("2.5", "half_even", 2),
        ("-2.5", "down", -2),
        ("-2.5", "ceil", -2),
    ],
)
def test_halves_go_where_the_mode_says(value: str, mode: str, rounded: int) -> None:
    assert round_exact(Fraction(value), Rounding(mode)) == rounded  # type: ignore[arg-type]


def test_what_is_not_rounded_is_cut_to_six_places() -> None:
    assert str(cut(Fraction(2, 3))) == "0.666666"
    assert str(cut(Fraction(70))) == "70"
    assert str(cut(Fraction(1, 8))) == "0.125"
