"""What the record said at a moment, for whoever reads the record, to the second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.server.results.classes import PASS_50, Class
from tests.server.results.scene import results
from tests.support.api import Api
from tests.support.database import TestDatabase, server_connection
from tests.support.policies import S1, document
from tests.support.university import University


@pytest.fixture
def scene(api: Api, university: University) -> Class:
    return Class(api, university, document(S1, **PASS_50), students=2)


def history(api: Api, who: str, student: int, at: datetime) -> Any:
    answer = api.as_(who).get(f"/api/students/{student}/history/", params={"at": at.isoformat()})
    assert answer.status == 200, answer.content
    return answer.json


def test_a_grade_and_a_cgpa_are_told_as_they_stood(api: Api, university: University, scene: Class) -> None:
    student = scene.scene["students"][0]
    nothing = datetime.now(UTC)
    section = scene.marks(20)
    published = datetime.now(UTC)
    scene.change_grade(section, "B")
    changed = datetime.now(UTC)
    for who in ("registrar", "head", "student"):
        before = history(api, who, student, nothing)
        assert (before["results"], before["term_results"]) == ([], [])
        assert before["registrations"][0]["cgpa"] is None
        then = history(api, who, student, published)
        assert [(row["grade"], row["course_code"], row["term"]) for row in then["results"]] == [
            ("F", results(api, section)[0]["course_code"], "Fall 2026")
        ]
        assert [row["cgpa"] for row in then["term_results"]] == ["0.00"]
        assert (then["registrations"][0]["cgpa"], then["registrations"][0]["program"]) == ("0.00", "BSCS")
        now = history(api, who, student, changed)
        assert [row["grade"] for row in now["results"]] == ["B"]
        assert now["registrations"][0]["cgpa"] == "3.00"


def test_a_name_and_a_status_are_told_as_they_stood(api: Api, scene: Class) -> None:
    registrar, student = api.as_("registrar"), scene.scene["students"][0]
    first = datetime.now(UTC)
    registrar.patch(f"/api/students/{student}/", {"name": "Married Name"})
    path = f"/api/registrations/{scene.scene['registrations'][0]}/status/"
    order = {"status": "on_leave", "effective_on": "2026-11-01", "order_no": "7", "reason": "asked for"}
    assert registrar.post(path, order).status == 200
    later = datetime.now(UTC) + timedelta(seconds=1)
    then, now = history(api, "student", student, first), history(api, "student", student, later)
    assert (then["student"]["name"], then["registrations"][0]["status"]) == ("Student Number 1", "active")
    assert (now["student"]["name"], now["registrations"][0]["status"]) == ("Married Name", "on_leave")


def test_nobody_reads_in_the_past_what_the_present_does_not_show(
    api: Api, university: University, scene: Class
) -> None:
    """A teacher sees the own sections' rows, a student no draft, and who is held back no result."""
    student = scene.scene["students"][0]
    section = scene.marks(70)
    elsewhere = university.section(scene.course(), scene.terms[-1], "Z", 10, (scene.scene["stranger"],))
    university.enrollment(scene.scene["registrations"][0], elsewhere)
    scene.sit([("Final", "final", 100, 100)], [["90"], ["90"]])  # approved, and not published
    now = datetime.now(UTC) + timedelta(seconds=1)
    taught = history(api, "faculty", student, now)
    assert {row["section_id"] for row in taught["results"]} == {section}
    assert elsewhere not in {row["section_id"] for row in taught["enrollments"]}
    assert (taught["term_results"], taught["holds"]) == ([], None)
    assert "phone" not in taught["student"]
    own = history(api, "student", student, now)
    assert [row["section_id"] for row in own["results"]] == [section]
    hold = {"student_id": student, "kind": "discipline", "reason": "a case"}
    assert api.as_("registrar").post("/api/holds/", hold).status == 201
    held = history(api, "student", student, now)
    assert (held["results"], held["term_results"]) == ([], [])
    other = scene.scene["students"][1]
    assert api.as_("student").get(f"/api/students/{other}/history/?at=2026-11-23").status == 404


def test_a_student_acting_reads_of_the_audit_the_own_rows_since_they_were_out(
    api: Api, university: University, scene: Class, database_url: TestDatabase
) -> None:
    scene.marks(70)
    scene.sit([("Final", "final", 100, 100)], [["90"], ["90"]])
    mine, other = scene.scene["students"]
    with server_connection(database_url.app_url) as connection:
        connection.execute("SELECT set_config('sims.student', %s, true)", [str(mine)])
        connection.execute("SET LOCAL ROLE sims_student")
        rows = connection.execute(
            "SELECT entity, entity_id, changes FROM own_changes_since('2000-01-01')"
        ).fetchall()
        published = connection.execute("SELECT id FROM result").fetchall()
        assert {id for entity, id, _ in rows if entity == "result"} == {row[0] for row in published}
        assert {id for entity, id, _ in rows if entity == "student"} == {mine}
        assert not [row for row in rows if row[0] == "result" and "grade" in row[2]]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT 1 FROM audit")
    with server_connection(database_url.app_url) as connection:
        connection.execute("SET LOCAL ROLE sims_student")
        assert connection.execute("SELECT * FROM own_changes_since('2000-01-01')").fetchall() == []
    assert other != mine
