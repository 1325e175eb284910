"""Who may mark which class, when, and what a class list refuses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sims_server.kernel import clock
from tests.support.api import Api, Client, Reply
from tests.support.query_count import counted
from tests.support.university import University


def day(ago: int) -> str:
    """A day of the campus, where "today" is judged."""
    return str(clock.now().astimezone(ZoneInfo("Asia/Karachi")).date() - timedelta(days=ago))


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=3)


def mark(client: Client, scene: dict[str, Any], ago: int = 0, **more: Any) -> Reply:
    body = {"section_id": scene["section"], "student_id": scene["students"][0], "date": day(ago)}
    return client.post("/api/attendance/", {**body, "status": "present", **more})


def send(client: Client, scene: dict[str, Any], statuses: list[str], ago: int = 0, **more: Any) -> Reply:
    marks = [
        {"student_id": student, "status": status}
        for student, status in zip(scene["students"], statuses, strict=False)
    ]
    body = {"section_id": scene["section"], "date": day(ago), "marks": marks, **more}
    return client.post("/api/attendance/bulk/", body)


def test_a_date_alone_means_slot_one_and_makes_the_session(api: Api, scene: dict[str, Any]) -> None:
    faculty = api.as_("faculty")
    made = mark(faculty, scene)
    assert made.status == 201, made.json
    assert (made.json["date"], made.json["slot"], made.json["status"]) == (day(0), 1, "present")
    assert made.json["updated_by"] == {"id": scene["faculty"], "name": "Faculty"}
    assert faculty.get(made.headers["location"]).json == made.json
    (session,) = faculty.get(f"/api/class-sessions/?section_id={scene['section']}").json["results"]
    assert (session["held_on"], session["slot"]) == (day(0), 1)
    assert session["taken_at"] is not None
    again = mark(faculty, scene, status="absent")
    assert (again.status, again.code) == (409, "attendance.duplicate")
    second = mark(faculty, scene, slot=2).json
    assert second["class_session_id"] != made.json["class_session_id"]
    by_session = {"class_session_id": session["id"], "student_id": scene["students"][1], "status": "late"}
    assert faculty.post("/api/attendance/", by_session).json["class_session_id"] == session["id"]


def test_a_mark_without_its_class_or_with_two_is_refused(api: Api, scene: dict[str, Any]) -> None:
    faculty, person = api.as_("faculty"), {"student_id": scene["students"][0], "status": "present"}
    bare = faculty.post("/api/attendance/", person)
    assert [fault["pointer"] for fault in bare.json["errors"]] == ["/section_id", "/date"]
    session = mark(faculty, scene).json["class_session_id"]
    other = {**person, "class_session_id": session, "date": day(3), "slot": 4}
    refused = faculty.post("/api/attendance/", other)
    assert (refused.status, [fault["pointer"] for fault in refused.json["errors"]]) == (
        400,
        ["/date", "/slot"],
    )
    assert faculty.post("/api/attendance/", {**person, "class_session_id": 999}).status == 404
    assert faculty.post("/api/attendance/", {**person, "section_id": 999, "date": day(0)}).status == 404


def test_lists_are_filtered_by_section_student_and_date(api: Api, scene: dict[str, Any]) -> None:
    faculty, first = api.as_("faculty"), scene["students"][0]
    assert send(faculty, scene, ["present", "absent", "late"], 1).status == 201
    assert send(faculty, scene, ["absent", "leave"], 0).status == 201
    of = {
        f"section_id={scene['section']}": 5,
        f"student_id={first}": 2,
        f"date={day(1)}": 3,
        f"student_id={first}&date={day(0)}&status=absent": 1,
    }
    for query, count in of.items():
        found = faculty.get(f"/api/attendance/?{query}&count=true").json
        assert (len(found["results"]), found["count"]) == (count, count), query
    for query, count in {f"student_id={first}": 2, f"date={day(0)}": 1, "section_id=77": 0}.items():
        assert len(faculty.get(f"/api/class-sessions/?{query}").json["results"]) == count, query
    assert faculty.get("/api/class-sessions/?ordering=-held_on").json["results"][0]["held_on"] == day(0)
    assert faculty.get("/api/attendance/?nonsense=1").status == 400


def test_a_class_list_is_saved_in_one_statement_and_sent_again_corrects(
    api: Api, scene: dict[str, Any]
) -> None:
    faculty = api.as_("faculty")
    with counted() as statements:
        made = send(faculty, scene, ["present", "absent", "leave"])
    assert made.status == 201, made.json
    assert sum("INSERT INTO attendance" in statement for statement in statements) == 1
    assert (made.json["made"], made.json["changed"], made.json["unchanged"]) == (3, 0, 0)
    assert made.json["counts"] == {"present": 1, "absent": 1, "late": 0, "leave": 1}
    with counted() as more:
        again = send(faculty, scene, ["present", "present", "leave"]).json
    assert len(more) <= len(statements)
    assert (again["made"], again["changed"], again["unchanged"]) == (0, 1, 2)
    assert again["counts"] == {"present": 2, "absent": 0, "late": 0, "leave": 1}


def test_every_fault_of_a_class_list_is_named_and_nothing_is_saved(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    university.run(
        "UPDATE enrollment SET status = 'dropped', ended_at = now() WHERE id = %(id)s",
        id=scene["enrollments"][1],
    )
    faculty, (first, dropped, third) = api.as_("faculty"), scene["students"]
    body = {
        "section_id": scene["section"],
        "date": day(0),
        "marks": [
            {"student_id": first, "status": "present"},
            {"student_id": dropped, "status": "present"},
            {"student_id": 4711, "status": "absent"},
            {"student_id": first, "status": "late"},
        ],
    }
    refused = faculty.post("/api/attendance/bulk/", body)
    assert refused.status == 400
    assert [(fault["pointer"], fault["code"]) for fault in refused.json["errors"]] == [
        ("/marks/1/student_id", "not_on_roster"),
        ("/marks/2/student_id", "not_on_roster"),
        ("/marks/3/student_id", "duplicate"),
    ]
    malformed = {**body, "marks": [{"student_id": "x", "status": "here"}, {"status": "late", "colour": 1}]}
    pointers = [fault["pointer"] for fault in faculty.post("/api/attendance/bulk/", malformed).json["errors"]]
    assert sorted(pointers) == [
        "/marks/0/status",
        "/marks/0/student_id",
        "/marks/1/colour",
        "/marks/1/student_id",
    ]
    assert faculty.post("/api/attendance/bulk/", {**body, "marks": []}).status == 400
    only = {**body, "marks": [{"student_id": dropped, "status": "present"}]}
    assert faculty.post("/api/attendance/bulk/", only).code == "attendance.not_on_roster"
    assert faculty.get("/api/class-sessions/").json["results"] == []
    assert faculty.get("/api/attendance/").json["results"] == []
    kept = {**body, "marks": [{"student_id": third, "status": "present"}]}
    assert faculty.post("/api/attendance/bulk/", kept).status == 201


def test_what_somebody_else_marked_meanwhile_is_not_written_over(api: Api, scene: dict[str, Any]) -> None:
    mine, other = api.as_("faculty"), api.as_("faculty2")
    assert send(other, scene, ["late", "present"]).status == 201
    seen_nothing = [
        {"student_id": student, "status": "present", "was": None} for student in scene["students"]
    ]
    body = {"section_id": scene["section"], "date": day(0), "marks": seen_nothing}
    refused = mine.post("/api/attendance/bulk/", body)
    assert (refused.status, refused.code) == (409, "attendance.marked_meanwhile")
    (met,) = refused.json["meanwhile"]
    assert (met["student_id"], met["status"], met["by"]) == (scene["students"][0], "late", "Faculty2")
    assert [fault["pointer"] for fault in refused.json["errors"]] == ["/marks/0/status"]
    assert len(mine.get("/api/attendance/").json["results"]) == 2
    seen = [{**line, "was": "late"} if not index else line for index, line in enumerate(seen_nothing)]
    assert mine.post("/api/attendance/bulk/", {**body, "marks": seen}).status == 201


def test_a_teacher_marks_own_sections_within_the_days_of_the_setting(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    university.setting("attendance.edit_days", 7)
    faculty = api.as_("faculty")
    assert mark(faculty, scene, 7).status == 201
    late = mark(faculty, scene, 8)
    assert (late.status, late.code, late.json["edit_days"]) == (400, "attendance.outside_days", 7)
    assert "Ask the registrar" in late.json["detail"]
    early = mark(faculty, scene, -1)
    assert (early.code, early.json["detail"]) == (
        "attendance.outside_days",
        f"The class of {day(-1)} has not been held yet.",
    )
    assert send(faculty, scene, ["present"], 8).json["errors"][0]["pointer"] == "/date"
    assert mark(api.as_("stranger"), scene).status == 404
    assert api.as_("stranger").get("/api/attendance/").json["results"] == []
    university.run("UPDATE section_staff SET until = now() WHERE account_id = %(id)s", id=scene["faculty"])
    assert mark(faculty, scene, 1).status == 404


def test_the_registrar_marks_any_day_of_the_term_and_says_why(api: Api, scene: dict[str, Any]) -> None:
    registrar = api.as_("registrar")
    silent = mark(registrar, scene, 20)
    assert (silent.status, silent.code) == (400, "attendance.reason_required")
    assert silent.json["errors"][0]["pointer"] == "/reason"
    assert mark(registrar, scene, 20, reason="Medical board").json["reason"] == "Medical board"
    quiet = send(registrar, scene, ["present", "present"], 21)
    assert [fault["pointer"] for fault in quiet.json["errors"]] == ["/marks/0/reason", "/marks/1/reason"]
    assert send(registrar, scene, ["present", "present"], 21, reason="Register found").status == 201
    path = "/api/attendance/1/"
    assert registrar.patch(path, {"status": "leave"}).code == "attendance.reason_required"
    changed = registrar.patch(path, {"status": "leave", "reason": "Board, case 12"})
    assert (changed.status, changed.json["status"]) == (200, "leave")
    outside = mark(registrar, scene, 33, reason="x")
    assert (outside.status, outside.code) == (400, "attendance.outside_term")


def test_the_table_of_roles(api: Api, scene: dict[str, Any]) -> None:
    assert send(api.as_("faculty"), scene, ["present"] * 3).status == 201
    asked = f"?student_id={scene['students'][0]}&section_id={scene['section']}"
    readers = {"admin", "examcell", "head", "dean", "office", "auditor", "student"}
    for who in (*readers, "accounts", "counter"):
        client, reads = api.as_(who), 200 if who in readers else 403
        for path in ("/api/attendance/", "/api/class-sessions/"):
            assert client.get(path).status == reads, (who, path)
        for path in ("percentage", "eligibility"):
            assert client.get(f"/api/attendance/{path}/{asked}").status == reads, (who, path)
        assert mark(client, scene, 1).status == 403, who
        assert client.patch("/api/attendance/1/", {"status": "absent"}).status == 403, who
        assert client.post("/api/class-sessions/", {}).status == 403, who


def test_a_head_sees_the_own_department_and_a_student_the_own_marks(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    assert send(api.as_("faculty"), scene, ["present"] * 3).status == 201
    university.account("otherhead", ("head", university.department("EE")))
    elsewhere = api.as_("otherhead")
    assert elsewhere.get("/api/attendance/").json["results"] == []
    assert elsewhere.get(f"/api/attendance/section-summary/?section_id={scene['section']}").status == 404
    student, (own, other, _) = api.as_("student"), scene["students"]
    assert [row["student_id"] for row in student.get("/api/attendance/").json["results"]] == [own]
    asked = f"section_id={scene['section']}"
    assert student.get(f"/api/attendance/percentage/?student_id={own}&{asked}").json["percentage"] == "100.00"
    assert student.get(f"/api/attendance/percentage/?student_id={other}&{asked}").status == 404
    assert student.get(f"/api/students/{other}/explain/attendance/{scene['section']}/").status == 404
    rows = student.get(f"/api/attendance/section-summary/?{asked}").json["rows"]
    assert [row["student_id"] for row in rows] == [own]
    assert student.get(f"/api/attendance/percentage/?{asked}").json["errors"][0]["pointer"] == "?student_id"


def test_a_correction_is_in_the_audit_with_old_and_new(api: Api, scene: dict[str, Any]) -> None:
    faculty = api.as_("faculty")
    path = mark(faculty, scene).headers["location"]
    tag = faculty.get(path).headers["etag"]
    changed = faculty.patch(path, {"status": "late"}, headers={"If-Match": tag})
    assert changed.json["status"] == "late"
    stale = faculty.patch(path, {"status": "absent"}, headers={"If-Match": tag})
    assert stale.status == 412
    id = changed.json["id"]
    entries = api.as_("registrar").get(f"/api/audit/?entity=attendance&entity_id={id}").json["results"]
    newest, oldest = entries
    assert newest["changes"]["status"] == ["present", "late"]
    assert (newest["actor"]["name"], newest["action"]) == ("Faculty", "attendance.change")
    assert oldest["changes"]["status"] == [None, "present"]


def test_a_session_moves_with_its_marks_and_an_empty_one_goes(api: Api, scene: dict[str, Any]) -> None:
    faculty = api.as_("faculty")
    made = mark(faculty, scene, 0).json
    session = f"/api/class-sessions/{made['class_session_id']}/"
    moved = faculty.patch(session, {"held_on": day(1), "head": "practical"})
    assert (moved.status, moved.json["held_on"], moved.json["head"]) == (200, day(1), "practical")
    assert faculty.get(f"/api/attendance/{made['id']}/").json["date"] == day(1)
    assert faculty.patch(session, {"held_on": day(33)}).code == "attendance.outside_term"
    body = {"section_id": scene["section"], "held_on": day(1)}
    taken = faculty.post("/api/class-sessions/", body)
    assert (taken.status, taken.code) == (409, "attendance.session_duplicate")
    empty = faculty.post("/api/class-sessions/", {**body, "slot": 3})
    assert empty.status == 201
    assert faculty.delete(empty.headers["location"]).status == 204
    assert api.as_("stranger").delete(session).status == 404


def test_a_cancelled_section_holds_no_classes(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    university.run("UPDATE section SET status = 'cancelled' WHERE id = %(id)s", id=scene["section"])
    refused = mark(api.as_("faculty"), scene)
    assert (refused.status, refused.code) == (409, "attendance.section_cancelled")
    session = {"section_id": scene["section"], "held_on": day(0)}
    assert api.as_("faculty").post("/api/class-sessions/", session).code == "attendance.section_cancelled"


def test_a_class_list_for_the_screen_says_who_may_write_it(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    faculty, asked = api.as_("faculty"), f"/api/attendance/roster/?section_id={scene['section']}"
    first = faculty.get(asked).json
    assert (first["date"], first["slot"], first["session"], first["closed"]) == (day(0), 1, None, "")
    assert [row["mark"] for row in first["rows"]] == [None] * 3
    assert send(faculty, scene, ["present", "absent"]).status == 201
    rows = faculty.get(asked).json["rows"]
    assert [row["mark"] for row in rows] == ["present", "absent", None]
    assert rows[1]["marked_by"]["name"] == "Faculty"
    assert (rows[1]["percentage"], rows[1]["eligible"]) == ("0.00", False)
    university.setting("attendance.edit_days", 7)
    assert "could be marked until" in faculty.get(f"{asked}&date={day(12)}").json["closed"]
    assert api.as_("head").get(asked).json["closed"] == "You may read this list, not write it."


def test_one_key_has_one_effect(api: Api, scene: dict[str, Any]) -> None:
    faculty = api.as_("faculty")
    body = {"section_id": scene["section"], "date": day(0)}
    body["marks"] = [{"student_id": student, "status": "present"} for student in scene["students"]]
    answers = [
        faculty.post("/api/attendance/bulk/", body, headers={"Idempotency-Key": "lecture-1"})
        for _ in range(3)
    ]
    assert [answer.json for answer in answers] == [answers[0].json] * 3
    assert answers[0].json["made"] == 3
    assert answers[0].json["date"] == day(0)
