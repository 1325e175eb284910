"""Figures over many sections: counted as published, added up once, and only of what the caller reads."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sims_server.kernel import clock
from tests.server.results.scene import approve, enter, publish
from tests.support.api import Api
from tests.support.query_count import counted
from tests.support.university import University

MARKS: list[Any] = [[20, 50, 100], [16, 40, 70], [4, 10, 20], [16, 40, "absent"]]


@pytest.fixture
def scene(api: Api, university: University) -> dict[str, Any]:
    """Four students of BSCS and their published section, and one of another department and program."""
    scene = university.stand(students=4)
    for row, marks in enumerate(MARKS):
        enter(university, scene, row, marks)
    approve(api, scene["section"])
    publish(api, scene["section"])
    physics = university.department("PH")
    scene["other_program"] = university.program(physics, "BSPH")
    scene["other_course"] = university.course(physics, "PH-101")
    scene["other_section"] = university.section(scene["other_course"], scene["term"], "B", 30)
    guest = university.registration(
        scene["students"][0], scene["other_program"], scene["regulation"], "PH-1", is_current=False
    )
    scene["guest"] = university.enrollment(guest, scene["other_section"])
    return scene


def ask(api: Api, who: str, path: str) -> dict[str, Any]:
    answer = api.as_(who).get(f"/api/reports/{path}")
    assert answer.status == 200, answer.content
    found: dict[str, Any] = answer.json
    return found


def test_grades_are_counted_as_they_were_published(api: Api, scene: dict[str, Any]) -> None:
    report = ask(api, "registrar", f"grades/?by=section&term_id={scene['term']}")

    published = api.as_("registrar").get(f"/api/results/?section_id={scene['section']}").json["results"]
    (line,) = report["lines"]
    assert (line["code"], line["title"], line["results"]) == ("CS-101 A", "Course CS-101", 4)
    by_grade = dict(zip(report["grades"], line["counts"], strict=True))
    assert by_grade == {grade: [row["grade"] for row in published].count(grade) for grade in report["grades"]}
    assert sum(by_grade.values()) == 4
    points = {row["grade"]: float(row["grade_points"]) for row in published}
    assert report["grades"] == sorted(points, key=lambda grade: (-points[grade], grade)), "the best first"
    assert line["passed"] == [row["outcome"] for row in published].count("pass") == 2
    assert line["failed"] == 2
    assert sum(Decimal(row["grade_points"]) for row in published) == Decimal("7.30")
    assert line["mean_points"] == "1.83", "7.30 / 4 = 1.825, half up"
    assert {**report["total"], "code": "", "title": "", "id": 0} == report["total"]
    assert report["total"]["counts"] == line["counts"]


def test_a_draft_is_in_no_figure(api: Api, university: University) -> None:
    scene = university.stand(students=2)
    for row in range(2):
        enter(university, scene, row, [16, 40, 70])
    approve(api, scene["section"])

    report = ask(api, "registrar", "grades/?by=course")

    assert (report["lines"], report["grades"], report["total"]["results"]) == ([], [], 0)
    assert report["total"]["mean_points"] is None


LINES = {
    "section": ["CS-101 A", "PH-101 B"],
    "course": ["CS-101", "PH-101"],
    "program": ["BSCS", "BSPH"],
    "department": ["CS", "PH"],
    "term": ["Fall 2026"],
}


def test_lines_stand_for_what_is_asked(api: Api, scene: dict[str, Any]) -> None:
    for by, codes in LINES.items():
        report = ask(api, "registrar", f"enrollment/?by={by}")

        assert [line["code"] for line in report["lines"]] == codes
        assert sum(line["enrolled"] + line["completed"] for line in report["lines"]) == 5
        assert report["total"]["students"] == 4, "who sits in two sections is one student"
        assert (report["total"]["seats"], report["total"]["sections"]) == (80, 2)
        assert all((line["seats"] is None) == (by == "program") for line in report["lines"])


def test_a_section_where_nobody_sits_is_a_line_too(
    api: Api, university: University, scene: dict[str, Any]
) -> None:
    university.section(scene["course"], scene["term"], "Z", 12)

    lines = ask(api, "registrar", "enrollment/?by=section")["lines"]

    assert [(line["code"], line["seats"], line["students"]) for line in lines] == [
        ("CS-101 A", 50, 4),
        ("CS-101 Z", 12, 0),
        ("PH-101 B", 30, 1),
    ]


def test_dropped_and_withdrawn_stand_beside(api: Api, university: University, scene: dict[str, Any]) -> None:
    university.run(
        "UPDATE enrollment SET status = 'dropped', ended_at = now(), end_reason = 'ill' WHERE id = %(id)s",
        id=scene["guest"],
    )

    line = ask(api, "registrar", f"enrollment/?course_id={scene['other_course']}")["lines"][0]

    assert (line["students"], line["enrolled"], line["dropped"]) == (0, 0, 1)


def test_a_program_counts_its_own_part_of_a_section(
    api: Api, university: University, scene: dict[str, Any]
) -> None:
    minor = university.registration(
        scene["students"][1], scene["other_program"], scene["regulation"], "PH-2", is_current=False
    )
    university.enrollment(minor, scene["other_section"])

    whole = ask(api, "registrar", "enrollment/?by=section")
    part = ask(api, "registrar", f"enrollment/?by=section&program_id={scene['program']}")

    assert [line["code"] for line in whole["lines"]] == ["CS-101 A", "PH-101 B"]
    assert [(line["code"], line["students"]) for line in part["lines"]] == [("CS-101 A", 4)]


def test_attendance_counts_classes_once_and_who_is_below(
    api: Api, university: University, scene: dict[str, Any]
) -> None:
    marks = ["present", "late", "absent", "leave"]
    today = clock.now().astimezone(ZoneInfo("Asia/Karachi")).date()
    teacher = api.as_("faculty")
    for ago in (1, 2, 3):
        answer = teacher.post(
            "/api/attendance/bulk/",
            {
                "section_id": scene["section"],
                "date": str(today - timedelta(days=ago)),
                "marks": [
                    {"student_id": student, "status": mark}
                    for student, mark in zip(scene["students"], marks, strict=True)
                ],
            },
        )
        assert answer.status in (200, 201), answer.content
    for body in ({"held_on": str(today - timedelta(days=4))}, {"held_on": str(today), "slot": 2}):
        answer = teacher.post("/api/class-sessions/", {"section_id": scene["section"], **body})
        assert answer.status == 201, answer.content

    by_program = ask(api, "registrar", "attendance/?by=program")
    by_section = ask(api, "registrar", "attendance/?by=section&threshold=0")

    (line,) = by_section["lines"]
    assert {name: line[name] for name in ("classes", "untaken", *marks)} == {
        "classes": 5,
        "untaken": 1,
        "present": 3,
        "late": 3,
        "absent": 3,
        "leave": 3,
    }
    assert line["share"] == "50.0"
    assert (line["below"], by_section["threshold"]) == (0, "0")
    assert (by_program["total"]["below"], by_program["threshold"]) == (2, "75")
    assert [line["code"] for line in by_program["lines"]] == ["BSCS"]
    assert by_program["total"]["classes"] == 5


def test_a_head_sees_the_own_department_and_a_teacher_the_own_sections(
    api: Api, scene: dict[str, Any]
) -> None:
    found = {
        who: [line["code"] for line in ask(api, who, "enrollment/?by=section")["lines"]]
        for who in ("registrar", "examcell", "auditor", "head", "dean", "office", "faculty", "stranger")
    }

    both, own = ["CS-101 A", "PH-101 B"], ["CS-101 A"]
    assert found == {
        "registrar": both,
        "examcell": both,
        "auditor": both,
        "head": own,
        "dean": own,
        "office": own,
        "faculty": own,
        "stranger": [],
    }
    assert api.as_("student").get("/api/reports/grades/").status == 403


def test_what_is_asked_wrongly_is_told_with_its_place(api: Api, scene: dict[str, Any]) -> None:
    answer = api.as_("registrar").get("/api/reports/attendance/?by=moon&threshold=101&term_id=x")

    assert answer.status == 400
    assert {fault["pointer"] for fault in answer.json["errors"]} == {"?by", "?threshold", "?term_id"}


def test_a_report_is_two_statements_however_many_sections(
    api: Api, university: University, scene: dict[str, Any]
) -> None:
    def statements() -> list[int]:
        found = []
        for kind in ("grades", "enrollment", "attendance"):
            with counted() as sent:
                ask(api, "registrar", f"{kind}/?by=section")
            found.append(len(sent))
        return found

    few = statements()
    for _ in range(6):
        section = university.section(university.course(scene["department"]), scene["term"], "A", 30)
        university.enrollment(scene["registrations"][0], section)

    assert statements() == few


def test_a_broadsheet_lays_a_class_out_and_hides_what_is_withheld(
    api: Api, university: University, scene: dict[str, Any]
) -> None:
    other = university.section(
        university.course(scene["department"], "CS-205"), scene["term"], "A", 30, [university.ids["faculty"]]
    )
    paper = university.assessment(other)
    for registration, mark in zip(scene["registrations"][:3], (81, 30, 64), strict=True):
        university.score(university.enrollment(registration, other), paper, mark)
    approve(api, other)
    drafts = {
        row["student_id"]: row
        for row in api.as_("examcell").get(f"/api/results/?section_id={other}").json["results"]
    }
    held = drafts[scene["students"][2]]["id"]
    assert (
        api.as_("examcell")
        .post("/api/results/withhold/", {"result_ids": [held], "reason": "fee", "note": "Hostel"})
        .status
        == 200
    )

    path = f"broadsheet/?term_id={scene['term']}&program_id={scene['program']}"
    sheet = ask(api, "examcell", path)

    assert [(course["code"], course["sat"], course["failed"]) for course in sheet["courses"]] == [
        ("CS-101", 4, 2),
        ("CS-205", 3, 0),
    ]
    assert [row["reg_no"] for row in sheet["rows"]] == [f"2024-CS-{n:04d}" for n in range(1, 5)]
    first, _, third, fourth = sheet["rows"]
    assert [cell["state"] for cell in first["cells"]] == ["published", "draft"]
    assert first["cells"][1]["grade"] == drafts[scene["students"][0]]["grade"]
    assert third["cells"][1] == {
        "total": None,
        "grade": None,
        "outcome": "withheld",
        "state": "draft",
        "attempt": 1,
        "withheld_for": "fee",
    }
    assert fourth["cells"][1] is None, "does not take it"
    assert (fourth["failed"], fourth["complete"], sheet["complete"]) == (1, True, 1)
    averages = api.as_("examcell").get(f"/api/term-results/?registration_id={scene['registrations'][0]}")
    (declared,) = averages.json["results"]
    assert (first["sgpa"], first["cgpa"]) == (declared["sgpa"], declared["cgpa"])
    assert ask(api, "head", path)["rows"] == sheet["rows"]
    assert ask(api, "faculty", path)["rows"] == [], "averages are not a teacher's to read"
    elsewhere = f"broadsheet/?term_id={scene['term']}&program_id={scene['other_program']}"
    assert ask(api, "head", elsewhere)["rows"] == []
    assert api.as_("student").get(f"/api/reports/{path}").status == 403
