"""What marks come to, through the API: G38 to the last digit, the what-if, the derivation, the summary."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from sims_server.attendance.operations import ClassMark, record_attendance
from sims_server.kernel import clock
from sims_shared.policy.trace import Trace, adds_up
from sims_shared.regulations import default_policy
from tests.support.api import Api, Client
from tests.support.query_count import counted
from tests.support.university import University

# G38: 45 classes, admitted after 5 of them; then 28 present, 4 late, 2 on leave, 6 absent.
MARKS: list[Any] = ["present"] * 28 + ["late"] * 4 + ["leave"] * 2 + ["absent"] * 6
CASES: dict[str, tuple[dict[str, Any], str, str, int, Any, bool]] = {
    "late is present": ({"late": "1"}, "80.00", "80", 40, 32, True),
    "late is half": ({"late": "0.5"}, "75.00", "75", 40, 30, True),
    "three late are one absent": ({"late": {"count": 3, "as_absent": 1}}, "77.50", "155/2", 40, 31, True),
    "leave is left out": ({"leave": "excluded"}, "84.21", "1600/19", 38, 32, True),
    "from the term's start": (
        {"from": "term_start", "condone_from": "60"},
        "71.11",
        "640/9",
        45,
        32,
        False,
    ),
}


def day(ago: int) -> date:
    """A day of the campus, where "today" is judged."""
    return clock.now().astimezone(ZoneInfo("Asia/Karachi")).date() - timedelta(days=ago)


@pytest.fixture
def g38(api: Api, university: University) -> dict[str, Any]:
    """One section, five students with the same marks, each under a regulation of its own."""
    scene = university.stand(students=1)
    university.run(
        "UPDATE term SET start_date = %(start)s WHERE id = %(id)s", start=day(60), id=scene["term"]
    )
    scene["student_of"] = {}
    for number, (case, (rule, *_)) in enumerate(CASES.items()):
        policy = {**default_policy(), "attendance": {"min": "75", "shortage": "FW", **rule}}
        regulation = university.regulation(policy, f"G38-{number}")
        student = university.student(f"Student {case}")
        registration = university.registration(student, scene["program"], regulation, f"38-{number}")
        university.run(
            "UPDATE registration SET admitted_on = %(day)s WHERE id = %(id)s", day=day(45), id=registration
        )
        university.enrollment(registration, scene["section"])
        scene["student_of"][case] = student
    (scene["other"],) = scene["students"]
    marks = []
    for number in range(45):
        held_on = day(50 - number)
        marks.append(ClassMark(held_on, scene["other"], "present", reason="From the paper register"))
        if number >= 5:
            marks += [
                ClassMark(held_on, student, MARKS[number - 5], reason="From the paper register")
                for student in scene["student_of"].values()
            ]
    done = api.run(lambda work, section: record_attendance(work, section, marks), scene["section"])
    assert (done.made, len(done.sessions)) == (45 + 5 * 40, 45)
    return scene


def ask(client: Client, what: str, student: int, section: int, **more: str) -> Any:
    query = "&".join(
        [f"student_id={student}", f"section_id={section}", *(f"{k}={v}" for k, v in more.items())]
    )
    found = client.get(f"/api/attendance/{what}/?{query}")
    assert found.status == 200, found.json
    return found.json


def test_g38_every_way_to_count_to_the_last_digit(api: Api, g38: dict[str, Any]) -> None:
    head, section = api.as_("head"), g38["section"]
    for case, (_, percentage, exact, total, attended, eligible) in CASES.items():
        student = g38["student_of"][case]
        assert ask(head, "percentage", student, section) == {
            "student_id": student,
            "section_id": section,
            "total": total,
            "attended": attended,
            "percentage": percentage,
        }, case
        judged = ask(head, "eligibility", student, section)
        assert (judged["eligible"], judged["percentage"], judged["threshold"]) == (
            eligible,
            percentage,
            "75",
        ), case
        assert judged["what_if"] is False
        told = head.get(f"/api/students/{student}/explain/attendance/{section}/").json
        assert (told["exact"], told["percentage"], told["total"]) == (exact, percentage, total), case
    short = ask(head, "eligibility", g38["student_of"]["from the term's start"], section)
    assert (short["condonable"], short["condoned"]) == (True, False)


def test_the_derivation_names_each_session_and_adds_up(api: Api, g38: dict[str, Any]) -> None:
    section = g38["section"]
    student = g38["student_of"]["leave is left out"]
    told = api.as_("registrar").get(f"/api/students/{student}/explain/attendance/{section}/").json
    assert len(told["rows"]) == 45
    counted_rows = [row for row in told["rows"] if row["counts"]]
    assert len(counted_rows) == told["total"] == 38
    before = [row["why"] for row in told["rows"][:5]]
    assert before == [f"held before {day(45)}, from which this student counts"] * 5
    assert [row["why"] for row in told["rows"] if row["status"] == "leave"] == [
        "on leave, which this regulation leaves out"
    ] * 2
    assert told["counts_from"] == str(day(45))
    trace = msgspec.convert(told["trace"], Trace, strict=False)
    assert adds_up(trace)
    assert trace.parts[0].value == Fraction(told["exact"]) == Fraction(3200, 38)
    assert (trace.regulation, trace.version) == ("G38-3", 1)
    assert (told["regulation"]["code"], told["regulation"]["version"]) == ("G38-3", 1)
    assert any("Attendance of 75 % is needed to sit" in rule for rule in told["regulation"]["in_words"])


def test_a_what_if_says_so_and_changes_nothing(api: Api, g38: dict[str, Any]) -> None:
    registrar, student = api.as_("registrar"), g38["student_of"]["late is half"]
    asked = ask(registrar, "eligibility", student, g38["section"], threshold="75.01")
    assert (asked["eligible"], asked["threshold"], asked["what_if"], asked["source"]) == (
        False,
        "75.01",
        True,
        "what_if",
    )
    assert ask(registrar, "eligibility", student, g38["section"])["eligible"] is True
    for nonsense in ("101", "-1", "75.001", "x", "NaN"):
        path = f"/api/attendance/eligibility/?student_id={student}&section_id={g38['section']}"
        assert registrar.get(f"{path}&threshold={nonsense}").status == 400, nonsense


def test_a_class_nobody_was_marked_in_counts_for_nobody(api: Api, university: University) -> None:
    scene = university.stand(students=2)
    faculty, first = api.as_("faculty"), scene["students"][0]
    empty = {"section_id": scene["section"], "held_on": str(day(1))}
    assert faculty.post("/api/class-sessions/", empty).status == 201
    none_yet = ask(faculty, "percentage", first, scene["section"])
    assert (none_yet["total"], none_yet["attended"], none_yet["percentage"]) == (0, 0, None)
    assert ask(faculty, "eligibility", first, scene["section"])["eligible"] is True
    told = faculty.get(f"/api/students/{first}/explain/attendance/{scene['section']}/").json
    assert [row["why"] for row in told["rows"]] == ["attendance was not taken"]
    mark = {"section_id": scene["section"], "date": str(day(1)), "student_id": first, "status": "present"}
    assert faculty.post("/api/attendance/", mark).status == 201
    # The other one, of whom nothing was recorded, was absent.
    second = ask(faculty, "percentage", scene["students"][1], scene["section"])
    assert (second["total"], second["attended"], second["percentage"]) == (1, 0, "0.00")


def test_each_head_has_its_own_least(api: Api, university: University) -> None:
    policy = {**default_policy(), "attendance": {"min": "75", "per_head": True}}
    scene = university.stand(students=1, policy=policy)
    faculty, (student,) = api.as_("faculty"), scene["students"]
    for slot, (head, status) in enumerate(
        [("theory", "present")] * 9 + [("practical", "present"), ("practical", "absent")], 1
    ):
        body = {
            "section_id": scene["section"],
            "date": str(day(0)),
            "slot": slot,
            "head": head,
            "marks": [{"student_id": student, "status": status}],
        }
        assert faculty.post("/api/attendance/bulk/", body).status == 201
    judged = ask(faculty, "eligibility", student, scene["section"])
    assert (judged["percentage"], judged["eligible"], judged["short_heads"]) == (
        "90.90",
        False,
        ["practical"],
    )


def test_the_summary_agrees_with_each_student_and_costs_the_same_for_many(
    api: Api, g38: dict[str, Any]
) -> None:
    examcell, section = api.as_("examcell"), g38["section"]
    with counted() as statements:
        summary = examcell.get(f"/api/attendance/section-summary/?section_id={section}").json
    assert len(statements) <= 8, statements
    assert (summary["totals"]["sessions"], summary["totals"]["students"]) == (45, 6)
    assert (summary["totals"]["short"], summary["totals"]["condonable"]) == (1, 1)
    for row in summary["rows"]:
        alone = ask(examcell, "percentage", row["student_id"], section)
        assert (row["total"], row["attended"], row["percentage"]) == (
            alone["total"],
            alone["attended"],
            alone["percentage"],
        )
        assert row["present"] + row["absent"] + row["late"] + row["leave"] + row["unmarked"] == 45
    assert Decimal(summary["rows"][0]["percentage"]) == 100


def test_a_class_called_off_no_longer_counts(api: Api, university: University) -> None:
    scene = university.stand(students=1)
    faculty, (student,) = api.as_("faculty"), scene["students"]
    for slot, status in enumerate(["present", "absent"], 1):
        mark = {"section_id": scene["section"], "date": str(day(0)), "slot": slot}
        made = faculty.post("/api/attendance/", {**mark, "student_id": student, "status": status}).json
    session = f"/api/class-sessions/{made['class_session_id']}/"
    assert ask(faculty, "percentage", student, scene["section"])["percentage"] == "50.00"
    removed = faculty.delete(session)
    assert (removed.status, removed.code) == (409, "attendance.session_in_use")
    off = faculty.post(f"{session}call-off/", {"reason": "The hall was flooded"})
    assert (off.status, off.json["called_off_reason"]) == (200, "The hall was flooded")
    assert ask(faculty, "percentage", student, scene["section"])["percentage"] == "100.00"
    again = faculty.post(f"{session}call-off/", {"reason": "again"})
    assert (again.status, again.code) == (409, "attendance.session_called_off")
    late = {"section_id": scene["section"], "date": str(day(0)), "slot": 2}
    late["marks"] = [{"student_id": student, "status": "present"}]
    refused = faculty.post("/api/attendance/bulk/", late)
    assert (refused.status, refused.code) == (409, "attendance.session_called_off")
