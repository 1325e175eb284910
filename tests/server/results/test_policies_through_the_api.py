"""The cases of grading policy, from cells over an approved sheet to what is published.

The engine has its own tests; these show that nothing between the cell and the wire rounds, drops or
mistakes anything.
"""

from __future__ import annotations

import pytest

from tests.server.results.classes import HALF_UP, PASS_50, Class
from tests.server.results.scene import publish, results
from tests.support.api import Api
from tests.support.policies import S1, S3, document
from tests.support.university import University


def test_g01_a_total_is_rounded_up_where_the_regulation_says_so(api: Api, university: University) -> None:
    scene = Class(
        api, university, document(S1, total={"round": {"mode": "ceil", "places": 0}}, **PASS_50), students=4
    )
    columns = [("Quiz", "quiz", 35, 35), ("Mid", "midterm", 25, 25), ("Final", "final", 40, 40)]
    rows = [
        ["20.0", "16.4", "35.0"],
        ["20.0", "14.1", "30.0"],
        ["30.0", "19.01", "35.0"],
        ["30.0", "19.00", "35.0"],
    ]
    assert scene.graded(scene.sit(columns, rows)) == [
        ("72", "B", "3.00"),
        ("65", "B-", "2.70"),
        ("85", "A", "4.00"),
        ("84", "A-", "3.70"),
    ]


def test_g02_half_up_is_half_up(api: Api, university: University) -> None:
    scene = Class(api, university, document(S1, total={"round": HALF_UP}, **PASS_50), students=5)
    rows = [["84.5"], ["84.49"], ["49.5"], ["42.45"], ["42.53"]]
    graded = scene.graded(scene.sit([("Final", "final", 100, 100)], rows))
    assert [(total, grade) for total, grade, _ in graded] == [
        ("85", "A"),
        ("84", "A-"),
        ("50", "D"),
        ("42", "F"),
        ("43", "F"),
    ]


def test_g03_a_grade_is_judged_on_the_fraction_and_the_total_kept_to_six_places(
    api: Api, university: University
) -> None:
    scene = Class(api, university, document(S3, pass_={"total_min": "36"}), students=3)
    columns = [("CW", "project", 60, 100), ("Exam", "final", 40, 100)]
    rows = [["90", "89.99"], ["79.99", "79.99"], ["80", "80"]]
    assert scene.graded(scene.sit(columns, rows)) == [
        ("89.996", "A+", "9.00"),
        ("79.99", "A", "8.00"),
        ("80", "A+", "9.00"),
    ]


def test_g03_a_third_is_cut_to_six_places(api: Api, university: University) -> None:
    scene = Class(api, university, document(S1, **PASS_50))
    assert scene.graded(scene.sit([("Final", "final", 100, 30)], [["20"]])) == [("66.666666", "B-", "2.70")]


def test_g04_marks_are_added_as_marks(api: Api, university: University) -> None:
    scene = Class(api, university, document(S1, total={"basis": "marks"}, **PASS_50))
    course = scene.course(marks_total=60)
    section = scene.sit(
        [("Theory", "final", 0, 40), ("Practical", "practical", 0, 20)], [["24", "18"]], course
    )
    (row,) = results(api, section)
    assert (row["total"], row["grade"], row["marks_obtained"], row["marks_max"]) == (
        "70",
        "B",
        "42.00",
        "60.00",
    )
    assert publish(api, section)["published"] == 1


G06 = [("Quiz", "quiz", 20, 20), ("Mid", "midterm", 30, 100), ("Final", "final", 50, 100)]


def test_g06_zero_absent_excused_and_blank_are_four_things(api: Api, university: University) -> None:
    scene = Class(
        api,
        university,
        document(S1, total={"absent": "zero", "excused": "reweigh", "blank": "block"}, **PASS_50),
        students=4,
    )
    section = scene.sit(
        G06, [["16", "0", "70"], ["16", "absent", "70"], ["16", "excused", "70"], ["16", None, "70"]]
    )
    rows = results(api, section)
    assert [(r["total"], r["grade"], r["flags"]) for r in rows[:3]] == [
        ("51", "D", []),
        ("51", "D", ["ABS"]),
        ("72.857142", "B", []),
    ]
    assert (rows[3]["outcome"], rows[3]["grade"]) == ("incomplete", None)
    assert (
        api.as_("examcell").post("/api/results/publish/", {"section_id": section}).code
        == "results.scores_missing"
    )


def test_g06_absence_from_what_must_be_sat_fails_and_prints_so(api: Api, university: University) -> None:
    scene = Class(api, university, document(S1, **PASS_50))
    columns = [("Quiz", "quiz", 30, 30), ("Mid", "midterm", 30, 30), ("Final", "final", 40, 40)]
    section = scene.sit(columns, [["30", "30", "absent"]], must_sit="Final")
    publish(api, section)
    (row,) = results(api, section)
    assert (row["total"], row["grade"], row["grade_shown"], row["outcome"]) == ("60", "F", "F(ABS)", "fail")
    assert scene.declared() == [("0.00", "0.00")]


def test_g25_an_f_counts(api: Api, university: University) -> None:
    scene = Class(api, university, document(S1, **PASS_50))
    for total in (70, 61, 85, 80, 20):
        scene.marks(total)
    assert scene.declared() == [("2.60", "2.60")]


@pytest.mark.parametrize(
    ("status", "expected"), [("withdrawn", ("3.00", "3.00")), ("barred", ("2.40", "2.40"))]
)
def test_g26_a_withdrawal_weighs_nothing_and_a_shortage_as_the_regulation_says(
    api: Api, university: University, status: str, expected: tuple[str, str]
) -> None:
    policy = document(
        S1,
        symbols={"W": {"gpa": False, "attempted": True}, "FW": {"as": "F"}},
        attendance={"shortage": "FW"},
        **PASS_50,
    )
    scene = Class(api, university, policy)
    for _ in range(4):
        scene.marks(70)
    section = scene.sit(
        [("Final", "final", 100, 100)], [[None]], status=status, ended_at="2026-11-01T00:00:00Z"
    )
    publish(api, section)
    (row,) = results(api, section)
    assert (row["outcome"], row["grade"]) == {"withdrawn": ("withdrawn", "W"), "barred": ("barred", "FW")}[
        status
    ]
    assert scene.declared() == [expected]
    assert (scene.term_result()["attempted"], scene.term_result()["earned"]) == ("15.00", "12.00")


@pytest.mark.parametrize(
    ("count", "expected"),
    [("best", "2.94"), ("last", "2.94"), ("average", "2.67"), ("all", "2.45"), ("first", "2.40")],
)
def test_g28_a_repeat_after_an_f_counts_as_the_regulation_says(
    api: Api, university: University, count: str, expected: str
) -> None:
    scene = Class(api, university, document(S1, repeat={"count": count, "past_sgpa": "unchanged"}, **PASS_50))
    for _ in range(4):
        scene.marks(70)
    course = scene.course()
    failed = scene.marks(20, course=course)
    scene.next_term()
    passed = scene.marks(65, course=course, attempt=2, kind="repeat")
    assert scene.declared() == [("2.40", "2.40"), ("2.70", expected)]
    fates = {
        "best": ("replaced", "counted"),
        "last": ("replaced", "counted"),
        "average": ("replaced", "counted"),
        "all": ("counted", "counted"),
        "first": ("counted", "replaced"),
    }
    assert (results(api, failed)[0]["counts"], results(api, passed)[0]["counts"]) == fates[count]
    assert results(api, passed)[0]["attempt"] == 2
    student = api.as_("registrar").get(f"/api/students/{scene.scene['students'][0]}/").json
    assert student["cgpa"] == expected


@pytest.mark.parametrize(("source", "expected"), [("quality_points", "3.00"), ("rounded_sgpa", "2.99")])
def test_g31_a_cgpa_comes_from_points_or_from_rounded_averages(
    api: Api, university: University, source: str, expected: str
) -> None:
    rows = [["90", "P", "3.10"], ["80", "Q", "3.05"], ["70", "R", "2.88"]]
    two = {"mode": "half_up", "places": 2}
    scene = Class(api, university, document(rows, gpa={"sgpa": two, "cgpa": {"from": source, **two}}))
    scene.marks(75, course=scene.course(15))  # 15 × 2.88 = 43.2
    for _ in range(2):
        scene.next_term()
        scene.marks(85, course=scene.course(14))  # 14 × 3.05 + 1 × 3.10 = 45.8
        scene.marks(95, course=scene.course(1))
    assert [sgpa for sgpa, _ in scene.declared()] == ["2.88", "3.05", "3.05"]
    assert scene.declared()[-1][1] == expected


@pytest.mark.parametrize(
    ("mode", "expected", "standing"), [("half_up", "2.00", "good_standing"), ("down", "1.99", "probation")]
)
def test_g32_an_average_is_rounded_in_the_mode_of_the_regulation_and_standing_follows(
    api: Api, university: University, mode: str, expected: str, standing: str
) -> None:
    rows = [["80", "A", "2.10"], ["50", "B", "1.98"]]
    rounding = {"mode": mode, "places": 2}
    policy = document(
        rows,
        gpa={"sgpa": rounding, "cgpa": {"from": "quality_points", **rounding}},
        standing=[{"code": "good_standing", "cgpa_min": "2.00"}, {"code": "probation"}],
    )
    scene = Class(api, university, policy)
    # (2.10 × 2.5 + 1.98 × 17.5) / 20 = 39.9 / 20 = 1.995
    scene.marks(85, course=scene.course("2.5"))
    scene.marks(60, course=scene.course("17.5"))
    assert scene.declared() == [(expected, expected)]
    assert scene.term_result()["standing"] == standing


def test_g34_a_term_with_only_a_withdrawal_has_no_average_and_keeps_the_cgpa(
    api: Api, university: University
) -> None:
    scene = Class(api, university, document(S1, **PASS_50))
    scene.marks(70)
    scene.next_term()
    section = scene.sit(
        [("Final", "final", 100, 100)], [[None]], status="withdrawn", ended_at="2027-11-01T00:00:00Z"
    )
    publish(api, section)
    assert scene.declared() == [("3.00", "3.00"), (None, "3.00")]
    explained = api.as_("registrar").get(f"/api/students/{scene.scene['students'][0]}/explain/cgpa/").json
    assert [term["sgpa"]["printed"] for term in explained["terms"]] == ["3.00", "-"]
    assert [(row["counts"], bool(row["why"])) for row in explained["rows"]] == [
        ("counted", False),
        ("excluded", True),
    ]


def test_g34_a_term_of_pass_fail_courses_has_no_average(api: Api, university: University) -> None:
    scene = Class(api, university, document(S1, **PASS_50))
    section = scene.marks(70, course=scene.course(grading="pass_fail"))
    assert results(api, section)[0]["grade"] == "P"
    assert scene.declared() == [(None, None)]
    assert scene.term_result()["earned"] == "3.00"


def test_g23_relative_cut_offs_freeze_when_the_sheet_is_approved(api: Api, university: University) -> None:
    """G23 and G23b: a recheck moves one grade and nobody else's."""
    rows = [
        ["1.5", "A", "4.00"],
        ["1", "B+", "3.50"],
        ["0.5", "B", "3.00"],
        ["0", "C+", "2.50"],
        ["-0.5", "C", "2.00"],
        ["-1.5", "D", "1.00"],
    ]
    policy = document(scale={"kind": "relative", "method": "z", "rows": rows})
    scene = Class(api, university, policy, students=10)
    section = scene.sit(
        [("Final", "final", 100, 100)], [[m] for m in (40, 50, 60, 60, 60, 60, 60, 60, 70, 80)]
    )
    publish(api, section)
    assert [grade for _, grade, _ in scene.graded(section)] == ["F", "D", *["C+"] * 6, "B+", "A"]
    sixth = results(api, section)[2]["id"]
    final = university.row("SELECT id FROM assessment WHERE section_id = %(s)s", s=section)
    asked = (
        api.as_("faculty")
        .post(
            "/api/results/change-request/",
            {
                "result_id": sixth,
                "scores": [{"assessment_id": final, "mark": "scored", "score": "65"}],
                "reason": "recheck",
            },
        )
        .json
    )
    assert asked["new_grade"] == "B"
    for who in ("head", "examcell"):
        assert (
            api.as_(who)
            .post("/api/results/approve-change/", {"change_id": asked["id"], "approved": True})
            .status
            == 200
        )
    assert [grade for _, grade, _ in scene.graded(section)] == ["F", "D", "B", *["C+"] * 5, "B+", "A"]


def test_a_grade_of_the_scale_is_a_grade_whatever_else_its_letter_means(
    api: Api, university: University
) -> None:
    rows = [["40", "C", "5"], ["36", "P", "4"]]
    scene = Class(api, university, document(rows))
    scene.marks(37)
    assert scene.declared() == [("4.00", "4.00")]
    scene.marks(90, course=scene.course(grading="pass_fail"))
    assert scene.declared() == [("4.00", "4.00")]


def test_an_average_that_the_regulation_does_not_round_is_cut_to_six_places(
    api: Api, university: University
) -> None:
    scene = Class(api, university, document(S1, gpa={}, **PASS_50))
    for total in (70, 70, 75):
        scene.marks(total)
    assert scene.declared() == [("3.1", "3.1")]
    scene.marks(20)
    scene.marks(85)
    scene.marks(55)
    scene.marks(55)
    assert scene.declared() == [("2.385714", "2.385714")]
