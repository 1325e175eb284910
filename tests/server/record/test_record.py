"""A student's record at one glance, and as it stood."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sims_server.kernel import clock
from sims_server.record.rules import undo
from tests.support.api import Api
from tests.support.brought import bring_result
from tests.support.query_count import counted
from tests.support.university import University


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=2)


def path_of(scene: dict[str, Any], which: int = 0) -> str:
    return f"/api/students/{scene['students'][which]}/"


def test_the_record_shows_every_part_in_one_answer(api: Api, scene: dict[str, Any]) -> None:
    registrar = api.as_("registrar")
    registrar.post("/api/holds/", {"student_id": scene["students"][0], "kind": "fee", "reason": "due"})
    registrar.post("/api/requests/", {"student_id": scene["students"][0], "type": "noc"})
    record = registrar.get(f"{path_of(scene)}record/")
    assert record.status == 200, record.json
    assert record.json["student"]["reg_no"] == "2024-CS-0001"
    assert [row["reg_no"] for row in record.json["registrations"]] == ["2024-CS-0001"]
    line = record.json["enrollments"][0]
    assert (line["course_code"], line["term"], line["section"], line["credits"]) == (
        "CS-101",
        "Fall 2026",
        "A",
        "3.00",
    )
    assert [hold["kind"] for hold in record.json["holds"]] == ["fee"]
    assert [asked["type"] for asked in record.json["requests"]] == ["noc"]
    assert (record.json["results"], record.json["term_results"], record.json["documents"]) == ([], [], [])


def test_published_results_stand_in_the_record_with_what_counts(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    # A result brought from before this system needs no sheet: straight into the table.
    bring_result(
        university,
        registration_id=scene["registrations"][0],
        student_id=scene["students"][0],
        term_id=scene["term"],
        course_id=scene["course"],
        grade="A",
        grade_points="4.00",
        credits=3,
        outcome="pass",
        regulation_id=scene["regulation"],
        state="published",
        published_at=clock.now(),
        published_by=scene["examcell"],
    )
    university.run(
        "INSERT INTO result (enrollment_id, registration_id, student_id, section_id, term_id, course_id, "
        "credits, outcome, regulation_id) SELECT e.id, e.registration_id, e.student_id, e.section_id, "
        "e.term_id, e.course_id, 3, 'pass', %(regulation)s FROM enrollment e WHERE e.id = %(id)s",
        regulation=scene["regulation"],
        id=scene["enrollments"][0],
    )
    shown = api.as_("examcell").get(f"{path_of(scene)}record/").json["results"]
    assert [(row["grade"], row["state"]) for row in shown] == [("A", "published"), (None, "draft")]
    own = api.as_("student").get(f"{path_of(scene)}record/").json["results"]
    assert [row["state"] for row in own] == ["published"]


def test_what_a_role_does_not_include_is_null_and_not_empty(api: Api, scene: dict[str, Any]) -> None:
    api.as_("registrar").patch(path_of(scene), {"phone": "0300"})
    faculty = api.as_("faculty").get(f"{path_of(scene)}record/").json
    assert (faculty["holds"], faculty["requests"], faculty["documents"]) == (None, None, None)
    assert faculty["student"]["phone"] is None
    assert len(faculty["enrollments"]) == 1
    counter = api.as_("counter").get(f"{path_of(scene)}record/").json
    assert counter["results"] is None
    assert counter["documents"] == []
    own = api.as_("student").get(f"{path_of(scene)}record/").json
    assert own["student"]["phone"] == "0300"
    assert (own["results"], own["holds"], own["requests"], own["documents"]) == ([], [], [], None)


def test_a_record_out_of_scope_is_not_found(api: Api, scene: dict[str, Any]) -> None:
    assert api.anonymous.get(f"{path_of(scene)}record/").status == 401
    assert api.as_("stranger").get(f"{path_of(scene)}record/").status == 404
    assert api.as_("student").get(f"{path_of(scene, 1)}record/").status == 404
    assert api.as_("registrar").get("/api/students/999999/record/").status == 404


def test_opening_a_record_is_remembered(api: Api, scene: dict[str, Any], university: University) -> None:
    api.as_("counter").get(f"{path_of(scene)}record/")
    api.as_("student").get(f"{path_of(scene)}record/")
    rows = university.rows("SELECT actor_id, what FROM disclosure")
    assert rows == [{"actor_id": scene["counter"], "what": "record"}]


def test_a_record_takes_the_same_number_of_statements_however_long_it_is(
    api: Api, scene: dict[str, Any]
) -> None:
    registrar = api.as_("registrar")
    counts = []
    for _ in range(2):
        with counted() as statements:
            assert registrar.get(f"{path_of(scene)}record/").status == 200
        counts.append(len(statements))
        for _ in range(3):
            registrar.post(
                "/api/holds/", {"student_id": scene["students"][0], "kind": "fee", "reason": "due"}
            )
    assert counts[0] == counts[1]


def test_the_past_is_the_present_with_the_audit_undone(api: Api, scene: dict[str, Any]) -> None:
    registrar = api.as_("registrar")
    path = path_of(scene)
    registrar.patch(path, {"email": "first@example.edu"})
    between = datetime.now(UTC)
    registrar.patch(path, {"name": "Renamed", "email": "second@example.edu"})
    registrar.post(
        f"/api/registrations/{scene['registrations'][0]}/status/",
        {"status": "on_leave", "effective_on": "2026-11-01", "order_no": "7"},
    )
    registrar.post(
        "/api/holds/", {"student_id": scene["students"][0], "kind": "fee", "reason": "due", "amount": "10.50"}
    )
    then = registrar.get(f"{path}history/", params={"at": between.isoformat()})
    assert then.status == 200, then.json
    assert then.json["student"]["name"] == "Student Number 1"
    assert then.json["student"]["email"] == "first@example.edu"
    assert then.json["registrations"][0]["status"] == "active"
    assert then.json["registrations"][0]["credits_earned"] == "0.00"
    assert then.json["holds"] == []
    now = registrar.get(f"{path}history/", params={"at": (between + timedelta(hours=1)).isoformat()}).json
    assert now["student"]["name"] == "Renamed"
    assert now["holds"][0]["amount"] == "10.50"
    before = registrar.get(f"{path}history/", params={"at": "2020-01-01"}).json
    assert (before["student"], before["registrations"], before["enrollments"]) == (None, [], [])


def test_the_past_hides_what_the_present_hides(api: Api, scene: dict[str, Any]) -> None:
    api.as_("registrar").patch(path_of(scene), {"phone": "0300"})
    moment = {"at": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}
    assert (
        api.as_("registrar").get(f"{path_of(scene)}history/", params=moment).json["student"]["phone"]
        == "0300"
    )
    shown = api.as_("counter").get(f"{path_of(scene)}history/", params=moment).json
    assert "phone" not in shown["student"]
    assert shown["results"] is None
    assert api.as_("stranger").get(f"{path_of(scene)}history/", params=moment).status == 404
    assert api.as_("registrar").get(f"{path_of(scene)}history/").status == 400
    assert api.as_("registrar").get(f"{path_of(scene)}history/", params={"at": "noon"}).status == 400


def test_a_row_added_since_is_gone_and_one_deleted_since_is_back() -> None:
    now = {("hold", 1): {"id": 1, "reason": "b"}, ("hold", 2): {"id": 2, "reason": "x"}}
    entries: list[Any] = [
        (("hold", 3), "delete", {"id": [3, None], "reason": ["c", None]}),
        (("hold", 2), "insert", {"id": [None, 2]}),
        (("hold", 1), "update", {"reason": ["a", "b"]}),
    ]
    assert undo(now, entries) == {
        ("hold", 1): {"id": 1, "reason": "a"},
        ("hold", 3): {"id": 3, "reason": "c"},
    }
