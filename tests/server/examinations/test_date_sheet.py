"""The date sheet: papers on days, in rooms; and what is wrong with it, by name."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
import pytest

from sims_server.examinations.rules import Paper, SeatedRoom, allot, crowded
from tests.server.examinations.conftest import campus_day, paper, room
from tests.support.api import Api
from tests.support.database import TestDatabase
from tests.support.university import University


def test_rooms_fill_in_order_and_the_last_takes_whoever_is_left() -> None:
    hall, lab, store = (
        SeatedRoom(1, "Hall", 40, 30),
        SeatedRoom(2, "Lab", 20, None),
        SeatedRoom(3, "Store", None, None),
    )
    assert allot(70, [hall, lab, store]) == [30, 20, 20]
    assert allot(25, [hall, lab]) == [25, 0]
    assert allot(70, [lab]) == [70]
    assert allot(5, []) == []


def test_a_room_is_too_small_only_for_those_who_are_there_at_one_time() -> None:
    day, hall = date(2026, 12, 14), SeatedRoom(1, "Hall", 50, None)

    def sits(id: int, at: str, minutes: int, sitting: int) -> Paper:
        return Paper(id, f"P{id}", day, at, minutes, sitting, [hall])

    assert crowded([sits(1, "09:00", 180, 30), sits(2, "12:00", 180, 30)]) == []
    (found,) = crowded([sits(1, "09:00", 180, 30), sits(2, "11:59", 60, 21), sits(3, "14:00", 60, 50)])
    assert (found.needed, found.seats, found.starts_at, found.paper_ids) == (51, 50, "11:59", [1, 2])
    unknown = SeatedRoom(1, "Hall", None, None)
    assert crowded([Paper(1, "P1", day, "09:00", 60, 900, [unknown])]) == []


def test_a_date_sheet_is_made_and_its_conflicts_are_named(api: Api, scene: dict[str, Any]) -> None:
    examcell = api.as_("examcell")
    small, hall = room(api, "Room 7", 2), room(api, "Hall A")
    assert examcell.post("/api/exam-rooms/", {"name": "Hall A"}).code == "examinations.room_taken"
    first = paper(api, scene["section"], 20, "09:00", [{"room_id": small}])
    assert (first["sitting"], first["minutes"], first["starts_at"]) == (3, 180, "09:00")
    assert first["rooms"] == [{"room_id": small, "name": "Room 7", "seats": None}]
    second = paper(api, scene["second"], 20, "11:30", [{"room_id": hall}], minutes=120)
    wrong = examcell.get(f"/api/exam-papers/conflicts/?term_id={scene['term']}").json
    assert [one["reg_no"] for one in wrong["clashes"]] == ["2024-CS-0001", "2024-CS-0002"], (
        "barred is not sent"
    )
    assert wrong["clashes"][0]["papers"] == "CS-101 A, CS-202 A"
    (crowd,) = wrong["crowded"]
    assert (crowd["room"], crowd["seats"], crowd["needed"]) == ("Room 7", 2, 3)
    # Moved to the afternoon and into two rooms, nothing is wrong any more.
    moved = {"starts_at": "14:00", "rooms": [{"room_id": small}, {"room_id": hall, "seats": 10}]}
    path = f"/api/exam-papers/{second['id']}/"
    assert examcell.patch(path, moved).status == 200
    kept = {"rooms": [{"room_id": small, "seats": 2}, {"room_id": hall}]}
    assert [
        one["name"] for one in examcell.patch(f"/api/exam-papers/{first['id']}/", kept).json["rooms"]
    ] == [
        "Room 7",
        "Hall A",
    ]
    wrong = examcell.get(f"/api/exam-papers/conflicts/?term_id={scene['term']}").json
    assert (wrong["clashes"], wrong["crowded"], wrong["sections_without_paper"]) == ([], [], 0)
    sections = examcell.get(f"/api/exam-sections/?term_id={scene['term']}&dated=true").json["results"]
    assert [(one["course_code"], len(one["papers"]), one["list_version"]) for one in sections] == [
        ("CS-101", 1, 1),
        ("CS-202", 1, None),
    ]
    assert examcell.delete(path).status == 204
    assert examcell.get("/api/exam-sections/?dated=false").json["results"][0]["id"] == scene["second"]
    # A student and a teacher see when their own sections write.
    for who in ("student", "faculty", "head"):
        assert [one["id"] for one in api.as_(who).get("/api/exam-papers/").json["results"]] == [first["id"]]
    assert api.as_("stranger").get("/api/exam-papers/").json["results"] == []


def test_what_cannot_be_is_refused_with_every_fault(api: Api, scene: dict[str, Any]) -> None:
    examcell = api.as_("examcell")
    hall = room(api, "Hall A", 100)
    body = {"section_id": scene["section"], "held_on": str(campus_day(20)), "starts_at": "09:00"}
    bad = {**body, "starts_at": "9:00", "minutes": 5, "part": " x", "rooms": [{"room_id": 0}]}
    faults = {fault["pointer"] for fault in examcell.post("/api/exam-papers/", bad).json["errors"]}
    assert faults == {"/starts_at", "/minutes", "/part", "/rooms/0/room_id"}
    rooms = {"rooms": [{"room_id": hall}, {"room_id": hall}, {"room_id": 99999}]}
    faults = {
        fault["pointer"] for fault in examcell.post("/api/exam-papers/", {**body, **rooms}).json["errors"]
    }
    assert faults == {"/rooms/1/room_id", "/rooms/2/room_id"}
    outside = examcell.post("/api/exam-papers/", {**body, "held_on": str(campus_day(120))})
    assert (outside.status, outside.code) == (400, "examinations.outside_term")
    late = examcell.post("/api/exam-papers/", {**body, "starts_at": "22:00"})
    assert [fault["pointer"] for fault in late.json["errors"]] == ["/minutes"]
    unknown = examcell.post("/api/exam-papers/", {**body, "section_id": 99999})
    assert [fault["pointer"] for fault in unknown.json["errors"]] == ["/section_id"]
    made = examcell.post("/api/exam-papers/", body)
    assert examcell.post("/api/exam-papers/", body).code == "examinations.paper_exists"
    assert examcell.post("/api/exam-papers/", {**body, "part": "Practical"}).status == 201
    path = f"/api/exam-papers/{made.json['id']}/"
    assert examcell.patch(path, {"held_on": str(campus_day(-60))}).code == "examinations.outside_term"
    etag = examcell.get(path).headers["etag"]
    assert examcell.patch(path, {"minutes": 90}, headers={"If-Match": etag}).status == 200
    assert examcell.patch(path, {"minutes": 60}, headers={"If-Match": etag}).code == "request.stale"


def test_the_database_is_the_last_judge_of_a_date_sheet(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    paper(api, scene["section"], 20, "09:00", [{"room_id": room(api, "Hall A")}])
    for sql, constraint in (
        ("UPDATE exam_paper SET held_on = held_on + 400", "ck_exam_paper_within_term"),
        ("UPDATE exam_paper SET minutes = 5", "ck_exam_paper_minutes"),
        ("UPDATE exam_paper SET starts_at = '23:30'", "ck_exam_paper_ends_on_its_day"),
        (
            "INSERT INTO exam_seating (paper_id, room_id, position) VALUES (1, 1, 2)",
            "uq_exam_seating_paper_room",
        ),
    ):
        with pytest.raises(psycopg.errors.IntegrityError) as refused:
            university.run(sql)
        assert refused.value.diag.constraint_name == constraint
    for sql in ("UPDATE exam_seating SET seats = 1", "UPDATE exam_paper SET section_id = section_id"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            university.run(sql)


def test_a_student_reads_the_papers_of_own_sections_and_no_other(
    api: Api, scene: dict[str, Any], university: University, database_url: TestDatabase
) -> None:
    own = paper(
        api, scene["section"], 20, "09:00", [{"room_id": room(api, "A", 1)}, {"room_id": room(api, "B")}]
    )
    other = university.section(university.course(scene["department"]), scene["term"], "A")
    paper(api, other, 21, "09:00", [{"room_id": own["rooms"][0]["room_id"]}])
    me, classmate = scene["students"][1], scene["students"][0]
    with psycopg.connect(database_url.app_url) as connection:
        connection.execute("SELECT set_config('sims.student', %s, true)", (str(me),))
        connection.execute("SET LOCAL ROLE sims_student")
        assert connection.execute("SELECT id FROM exam_paper").fetchall() == [(own["id"],)]
        assert len(connection.execute("SELECT FROM exam_seating").fetchall()) == 2
        rooms = connection.execute(
            "SELECT (SELECT name FROM exam_room WHERE id = exam_room_of(%(p)s, %(me)s)), "
            "exam_room_of(%(p)s, %(other)s)",
            {"p": own["id"], "me": me, "other": classmate},
        ).fetchone()
        assert rooms == ("B", None), "the first place is a classmate's, and nobody else's business"
