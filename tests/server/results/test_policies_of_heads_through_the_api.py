"""The cases of heads, segments, tables, second sittings and versions, from cells to what is published."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.server.results.classes import HALF_UP, PASS_50, Class, Column
from tests.server.results.scene import approve, publish, results
from tests.support.api import Api
from tests.support.policies import S1, S2, document
from tests.support.university import University

MARKS = {"basis": "marks"}
TWO_HEADS = {"Theory": "theory", "Practical": "practical"}


@pytest.mark.parametrize(
    ("best_of", "obtained"),
    [
        ([{"group": "quiz", "keep": 3, "absent_may_drop": True}], "11"),
        ([{"group": "quiz", "keep": 3, "absent_may_drop": False}], "8"),
        ([], "8.25"),
    ],
)
def test_g05_best_three_of_four(
    api: Api, university: University, best_of: list[dict[str, Any]], obtained: str
) -> None:
    scene = Class(api, university, document(S1, total={"best_of": best_of}, heads=[{"code": "internal"}]))
    columns: list[Column] = [(f"Quiz {n}", "quiz", "3.75", 10) for n in range(1, 5)]
    columns.append(("Final", "final", 85, 100))
    section = scene.sit(
        columns, [[7, 9, "absent", 6, 0]], heads={f"Quiz {n}": "internal" for n in range(1, 5)}
    )
    (row,) = results(api, section)
    (quizzes,) = [head for head in row["heads"] if head["code"] == "internal"]
    assert (Decimal(quizzes["obtained"]), Decimal(quizzes["maximum"])) == (Decimal(obtained), Decimal(15))


def test_g07_an_average_is_taken_of_what_was_computed_not_of_what_is_shown(
    api: Api, university: University
) -> None:
    policy = document(
        S2,
        display={"component": HALF_UP, "total": HALF_UP},
        gpa={"of": "percentage", "cgpa": {"from": "quality_points", "mode": "half_up", "places": 0}},
    )
    scene = Class(api, university, policy)
    units = (("65.2", 20), ("52.4", 20), ("52.3", 40), ("55.8", 30), ("46.0", 10))
    sections = [scene.marks(mark, course=scene.course(credits)) for mark, credits in units]
    explained = scene.explained()
    assert Decimal(explained["cgpa"]["quality_points"]) == 6578
    assert explained["cgpa"]["exact"] == "3289/60"  # 6578 / 120 = 54.817; the shown ones give 54.667
    assert explained["cgpa"]["printed"] == explained["declared"] == "55"
    student = scene.scene["students"][0]
    shown = []
    for section in sections:
        (row,) = results(api, section)
        path = f"/api/students/{student}/explain/result/{row['id']}/"
        shown.append(api.as_("registrar").get(path).json["total_shown"])
    assert shown == ["65", "52", "52", "56", "46"]


HEADS_40 = [{"code": "theory", "min": "40%"}, {"code": "practical", "min": "40%"}]


def test_g08_every_head_is_passed_on_its_own(api: Api, university: University) -> None:
    policy = document(S2, total=MARKS, heads=HEADS_40, pass_={"total_min": "40"})
    scene = Class(api, university, policy, students=2)
    columns = [("Theory", "final", 0, 40), ("Practical", "practical", 0, 20)]
    section = scene.sit(columns, [["15", "18"], ["16", "18"]], scene.course(marks_total=60), heads=TWO_HEADS)
    failed, passed = results(api, section)
    assert (failed["grade"], failed["outcome"]) == ("F", "fail")
    assert [head["passed"] for head in failed["heads"]] == [False, True]
    assert (passed["grade"], passed["grade_points"], passed["outcome"]) == ("C", "2.00", "pass")


def test_g08b_without_grades_it_is_passed_or_failed(api: Api, university: University) -> None:
    heads = [{"code": "theory", "min": "50%"}, {"code": "practical", "min": "50%"}]
    scene = Class(api, university, document(scale={"kind": "none"}, total=MARKS, heads=heads), students=2)
    columns = [("Theory", "final", 0, 200), ("Practical", "practical", 0, 100)]
    section = scene.sit(
        columns, [["130", "48"], ["100", "50"]], scene.course(marks_total=300), heads=TWO_HEADS
    )
    publish(api, section)
    assert [(r["outcome"], r["grade"], r["percentage"]) for r in results(api, section)] == [
        ("fail", None, "59.33"),
        ("pass", None, "50.00"),
    ]


def test_g10_a_segment_together_and_its_written_part_alone(api: Api, university: University) -> None:
    segments = [
        {"code": "segment", "of": ["written", "viva", "internal"], "min": "50%"},
        {"code": "written", "of": ["written"], "min": "40%"},
    ]
    policy = document(scale={"kind": "none"}, total=MARKS, pass_={"other": segments})
    scene = Class(api, university, policy, students=2)
    columns = [("Written", "final", 0, 100), ("Viva", "viva", 0, 30), ("Internal", "assignment", 0, 20)]
    section = scene.sit(columns, [["39", "25", "16"], ["40", "20", "15"]], scene.course(marks_total=150))
    failed, passed = results(api, section)
    assert (failed["outcome"], passed["outcome"]) == ("fail", "pass")
    assert {h["code"]: h["passed"] for h in failed["heads"]} == {
        "segment": True,
        "written": False,
        "theory": True,
    }


@pytest.mark.parametrize(
    ("written", "clinical", "expected"), [("79.9", "92.1", None), ("80.0", "90.0", "distinction")]
)
def test_g11_a_distinction_needs_the_aggregate_and_the_written_part(
    api: Api, university: University, written: str, clinical: str, expected: str | None
) -> None:
    division = [{"code": "distinction", "min": "85", "heads": {"theory": "80"}}]
    scene = Class(api, university, document(scale={"kind": "none"}, total=MARKS, division=division))
    columns = [("Theory", "final", 0, 100), ("Practical", "practical", 0, 100)]
    course = scene.course(marks_total=200)
    publish(api, scene.sit(columns, [[written, clinical]], course, heads=TWO_HEADS))
    path = f"/api/students/{scene.scene['students'][0]}/explain/division/"
    answer = api.as_("registrar").get(path).json
    assert (answer["division"], answer["obtained"]) == (expected, "172" if expected is None else "170")


def ready_reckoner() -> list[list[str]]:
    """101 rows, one a whole mark."""
    rows = []
    for mark in range(101):
        points, grade = Decimal(0), "F"
        if 50 <= mark < 60:
            points, grade = Decimal("2.0") + Decimal("0.1") * (mark - 50), "D"
        elif 60 <= mark < 80:
            points, grade = Decimal("3.0") + Decimal("0.05") * (mark - 60), "B"
        elif mark >= 80:
            points, grade = Decimal("4.0"), "A"
        rows.append([str(mark), grade, str(points)])
    return rows


def test_g18_points_by_whole_mark(api: Api, university: University) -> None:
    two = {"mode": "half_up", "places": 2}
    scale = {"kind": "table", "rows": ready_reckoner()}
    policy = document(scale=scale, total={"round": HALF_UP}, gpa={"sgpa": two, "cgpa": two})
    scene = Class(api, university, policy)
    points = [results(api, scene.marks(mark))[0]["grade_points"] for mark in ("68", "57")]
    assert points == ["3.40", "2.70"]
    assert scene.declared() == [("3.05", "3.05")]
    assert [results(api, scene.marks(mark))[0]["grade_points"] for mark in ("60", "78")] == ["3.00", "3.90"]


def test_g20_one_section_two_intakes(api: Api, university: University) -> None:
    scene = Class(api, university, document(S1, **PASS_50), students=2)
    older = university.regulation(document(S2, pass_={"total_min": "40"}), "BS-2019")
    for n in range(2):
        person = university.student(f"Of 2019, {n}")
        scene.scene["registrations"].append(
            university.registration(person, scene.scene["program"], older, f"2019-{n}", intake="2019F")
        )
    section = scene.sit([("Final", "final", 100, 100)], [["78"], ["45"], ["78"], ["45"]])
    publish(api, section)
    assert [(grade, points) for _, grade, points in scene.graded(section)] == [
        ("B+", "3.30"),
        ("F", "0.00"),
        ("B", "3.00"),
        ("D", "1.00"),
    ]
    regulations = [row["regulation_id"] for row in results(api, section)]
    assert regulations == [scene.scene["regulation"]] * 2 + [older] * 2


def test_g21_a_registration_stays_under_the_version_that_was_in_force(
    api: Api, university: University
) -> None:
    scene = Class(api, university, document(S1, **PASS_50))
    registrar = api.as_("registrar")
    scene.scene["registrations"], versions = [], []
    for version, least in enumerate(("50", "70", "65", "50"), 1):
        policy = document(S1, pass_={"total_min": least})
        body = {"policy": policy, "code": "MED", "version": version, "status": "in_force"}
        body["applies"] = {"programs": ["BSCS"], "intake_from": "2026S"}
        made = registrar.post("/api/regulations/", body)
        assert made.status == 201, made.content
        versions.append(made.json["id"])
        student = registrar.post(
            "/api/students/",
            {
                "name": f"Candidate {version}",
                "reg_no": f"MED-{version}",
                "program_id": scene.scene["program"],
                "admitted_on": "2026-02-01",
            },
        )
        assert student.json["regulation_id"] == made.json["id"]
        scene.scene["registrations"].append(student.json["registration_id"])
    section = scene.sit([("Final", "final", 100, 100)], [["57"]] * 4)
    publish(api, section)
    rows = results(api, section)
    assert [row["outcome"] for row in rows] == ["pass", "fail", "fail", "pass"]
    assert [row["regulation_id"] for row in rows] == versions


MODULE: list[Column] = [("Coursework", "project", 40, 100), ("Exam", "final", 60, 100)]


@pytest.mark.parametrize(
    ("clause", "total", "outcome"),
    [
        ({"cap": {"level": "component", "to": "40"}}, "49", "pass"),
        ({"cap": {"level": "course", "to": "40"}}, "40", "pass"),
        ({"cap": {"level": "course", "to": "40"}, "retake": "all_heads"}, "40", "pass"),
        ({}, "67", "pass"),
    ],
)
def test_g36_a_supplementary_carries_what_was_not_sat_again(
    api: Api, university: University, clause: dict[str, Any], total: str, outcome: str
) -> None:
    policy = document(S2, total={"round": HALF_UP}, pass_={"total_min": "40"}, supplementary=clause)
    scene = Class(api, university, policy)
    course = scene.course()
    first = scene.sit(MODULE, [["62", "20"]], course)
    publish(api, first)
    (row,) = results(api, first)
    assert (row["total"], row["percentage"], row["outcome"]) == ("37", "36.80", "fail")
    scene.next_term()
    again = scene.sit(MODULE, [[None, "70"]], course, attempt=2, kind="supplementary")
    publish(api, again)
    (row,) = results(api, again)
    assert (row["total"], row["outcome"], row["attempt"], row["flags"]) == (total, outcome, 2, ["attempt 2"])
    if "retake" in clause:
        assert row["percentage"] == "70.00"  # the coursework is sat anew, or left away
    path = f"/api/students/{scene.scene['students'][0]}/explain/result/{row['id']}/"
    trace = api.as_("registrar").get(path).content.decode()
    assert ("67" in trace) or clause.get("cap", {}).get("level") == "component" or "retake" in clause


def test_g36_who_sat_nothing_again_has_no_supplementary_to_publish(api: Api, university: University) -> None:
    policy = document(S2, supplementary={"cap": {"level": "course", "to": "40"}}, pass_={"total_min": "40"})
    scene = Class(api, university, policy)
    course = scene.course()
    publish(api, scene.sit(MODULE, [["62", "20"]], course))
    scene.next_term()
    again = scene.sit(MODULE, [[None, None]], course, attempt=2, kind="supplementary")
    refused = api.as_("examcell").post("/api/results/publish/", {"section_id": again})
    assert refused.code == "results.scores_missing"


def test_g36c_in_the_annual_system_the_marks_are_uncapped_and_the_position_is_lost(
    api: Api, university: University
) -> None:
    policy = document(
        S2,
        pass_={"total_min": "40"},
        supplementary={"bars": ["position"]},
        merit={"by": "percentage", "exclude": [], "ties": []},
    )
    scene = Class(api, university, policy)
    course = scene.course()
    publish(api, scene.sit(MODULE, [["62", "20"]], course))
    scene.next_term()
    again = scene.sit(MODULE, [[None, "70"]], course, attempt=2, kind="supplementary")
    publish(api, again)
    (row,) = results(api, again)
    assert (row["total"], row["flags"]) == ("66.8", ["attempt 2"])
    question = f"/api/merit/?program_id={scene.scene['program']}&intake=2024F"
    (merit,) = api.as_("examcell").get(question).json["lists"]
    assert (merit["placed"], [left["why"] for left in merit["left_out"]]) == (
        [],
        ["excluded for a barred position"],
    )


FIRST_SECOND_THIRD = [
    {"code": "First", "min": "60"},
    {"code": "Second", "min": "45"},
    {"code": "Third", "min": "33"},
]


@pytest.mark.parametrize(
    ("grace", "division", "obtained"),
    [(None, "Second", "719"), ({"division": "1", "bars": ["position"]}, "First", "720")],
)
def test_g40_the_division_of_both_parts_with_a_paper_passed_in_supplementary(
    api: Api, university: University, grace: dict[str, Any] | None, division: str, obtained: str
) -> None:
    """G16 decides: with one mark of grace for the division it is 720 of 1200."""
    clauses: dict[str, Any] = {"grace": grace} if grace else {}
    policy = document(
        scale={"kind": "none"},
        total=MARKS,
        pass_={"total_min": "33"},
        division=FIRST_SECOND_THIRD,
        supplementary={},
        **clauses,
    )
    scene = Class(api, university, policy)
    paper: list[Column] = [("Paper", "final", 0, 600)]
    publish(api, scene.sit(paper, [["348"]], scene.course(marks_total=600)))
    scene.next_term()
    second = scene.course(marks_total=600)
    publish(api, scene.sit(paper, [["120"]], second))
    scene.next_term()
    publish(api, scene.sit(paper, [["371"]], second, attempt=2, kind="supplementary"))
    path = f"/api/students/{scene.scene['students'][0]}/explain/division/"
    answer = api.as_("registrar").get(path).json
    assert (answer["division"], answer["obtained"], answer["maximum"]) == (division, obtained, "1200")
    assert [Decimal(paper["obtained"]) for paper in answer["papers"]] == [348, 371]
    assert answer["bars"] == (["position"] if grace else [])


def test_a_column_of_another_maximum_is_another_paper_and_is_not_carried(
    api: Api, university: University
) -> None:
    scene = Class(api, university, document(S2, supplementary={}, pass_={"total_min": "40"}))
    course = scene.course()
    publish(api, scene.sit(MODULE, [["62", "20"]], course))
    scene.next_term()
    columns: list[Column] = [("Coursework", "project", 40, 50), ("Exam", "final", 60, 100)]
    again = scene.sit(columns, [[None, "70"]], course, attempt=2, kind="supplementary")
    assert results(api, again)[0]["outcome"] == "incomplete"


def test_cutting_at_every_stage_loses_at_every_stage(api: Api, university: University) -> None:
    down = {"mode": "down", "places": 0}
    policy = document(
        S1,
        total={"component": down, "round": down},
        gpa={"sgpa": {"mode": "down", "places": 1}, "cgpa": {"mode": "down", "places": 1}},
        **PASS_50,
    )
    scene = Class(api, university, policy)
    columns: list[Column] = [("A", "quiz", 33, 100), ("B", "midterm", 33, 100), ("C", "final", 34, 100)]
    publish(api, scene.sit(columns, [["86.9", "86.9", "86.9"]]))  # 28.677 + 28.677 + 29.546
    assert scene.declared() == [("4.0", "4.0")]
    publish(api, scene.sit(columns, [["84.9", "84.9", "84.9"]]))  # 28 + 28 + 28 = 84: A-
    assert scene.declared() == [("3.8", "3.8")]  # 3.85


def test_ects_shares_are_of_those_who_pass_and_outliers_are_left_out(
    api: Api, university: University
) -> None:
    shares = [["10", "A", "4"], ["25", "B", "3"], ["30", "C", "2"], ["25", "D", "1.5"], ["10", "E", "1"]]
    policy = document(scale={"kind": "relative", "method": "share", "rows": shares}, **PASS_50)
    scene = Class(api, university, policy, students=11)
    marks = [95, 90, 88, 85, 80, 78, 75, 70, 65, 60, 30]
    section = scene.sit([("Final", "final", 100, 100)], [[mark] for mark in marks])
    assert [grade for _, grade, _ in scene.graded(section)] == [*"ABBBCCCDDE", "F"]


def test_outliers_and_hopeless_totals_are_left_out_of_the_statistics(
    api: Api, university: University
) -> None:
    rows = [["1", "A", "4"], ["0", "B", "3"], ["-1", "C", "2"]]
    scale = {"kind": "relative", "rows": rows, "exclude_below": "20", "exclude_outliers": "2"}
    scene = Class(api, university, document(scale=scale), students=10)
    marks = [60, 60, 60, 60, 50, 70, 60, 60, 100, 5]
    section = scene.sit([("Final", "final", 100, 100)], [[mark] for mark in marks])
    # Without 5 and without 100, which is beyond 2 σ of the other nine: μ 60, σ² 25.
    graded = [grade for _, grade, _ in scene.graded(section)]
    assert graded == ["B", "B", "B", "B", "F", "A", "B", "B", "A", "F"]


def test_a_sheet_of_a_relative_class_is_approved_with_its_cut_offs(api: Api, university: University) -> None:
    scene = Class(
        api, university, document(scale={"kind": "relative", "rows": [["0", "P", "2"]]}), students=2
    )
    section = university.section(scene.course(), scene.terms[-1], "B", 10, (scene.scene["faculty"],))
    final = university.assessment(section)
    for registration, mark in zip(scene.scene["registrations"], (40, 60), strict=True):
        university.score(university.enrollment(registration, section), final, mark)
    approve(api, section)
    assert [row["grade"] for row in results(api, section)] == ["F", "P"]
