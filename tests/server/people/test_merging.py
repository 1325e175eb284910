"""Two records of one person: read as one, with nothing moved, by two people, and undone without loss."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests.server.results.classes import PASS_50, Class
from tests.server.results.scene import results
from tests.support.api import Api, Reply
from tests.support.database import TestDatabase, server_connection
from tests.support.policies import S1, document
from tests.support.university import University


@pytest.fixture
def scene(api: Api, university: University) -> Class:
    """Two students with a published course each; the second is the same person, in another program."""
    scene = Class(api, university, document(S1, **PASS_50))
    other = university.program(scene.scene["department"], "MSCS")
    twin = university.student("Student Number 2")
    registration = university.registration(twin, other, scene.scene["regulation"], "2024-CS-0002")
    scene.scene["students"].append(twin)
    scene.scene["registrations"].append(registration)
    scene.marks(70)
    registrar = api.as_("registrar")
    registrar.patch(f"/api/students/{twin}/", {"name": "Twin Record", "phone": "0333-7654321"})
    registrar.post("/api/holds/", {"student_id": twin, "kind": "library", "reason": "a book"})
    registrar.post("/api/requests/", {"student_id": twin, "type": "noc"})
    return scene


def ask(api: Api, scene: Class, who: str = "registrar") -> Reply:
    one, twin = scene.scene["students"]
    body = {"duplicate_id": twin, "reason": "entered twice"}
    return api.as_(who).post(f"/api/students/{one}/merge/", body)


def merge(api: Api, scene: Class) -> int:
    asked = ask(api, scene)
    assert asked.status == 201, asked.content
    decided = api.as_("examcell").post(f"{asked.headers['location']}decide/", {"approved": True})
    assert (decided.status, decided.json["status"]) == (200, "merged")
    return int(asked.json["id"])


def test_a_second_person_confirms_a_merge(api: Api, scene: Class) -> None:
    one, twin = scene.scene["students"]
    assert ask(api, scene, "counter").status == 403
    asked = ask(api, scene)
    path = asked.headers["location"]
    assert asked.json["status"] == "pending"
    assert api.as_("registrar").get(f"/api/students/{twin}/").json["redirected_from"] is None
    own = api.as_("registrar").post(f"{path}decide/", {"approved": True})
    assert (own.status, own.code) == (403, "students.merge_second_person")
    assert ask(api, scene).code == "students.merge_pending"
    rejected = api.as_("examcell").post(f"{path}decide/", {"approved": False, "reason": "cousins"})
    assert rejected.json["status"] == "rejected"
    again = api.as_("examcell").post(f"{path}decide/", {"approved": True})
    assert (again.status, again.code) == (409, "students.merge_decided")
    assert ask(api, scene).status == 201
    assert api.as_("registrar").get(f"/api/students/{one}/").json["merged"] == []


def test_questions_about_either_record_are_answered_for_the_person(api: Api, scene: Class) -> None:
    one, twin = scene.scene["students"]
    registrar = api.as_("registrar")
    before = {id: registrar.get(f"/api/results/?student_id={id}").json["results"] for id in (one, twin)}
    merge(api, scene)
    survivor = registrar.get(f"/api/students/{twin}/").json
    assert (survivor["id"], survivor["redirected_from"], survivor["merged"]) == (one, twin, [twin])
    for words in ("twin record", "2024-CS-0002", "student number 1"):
        (found,) = registrar.get("/api/students/", params={"search": words}).json["results"]
        assert found["id"] == one
    for id in (one, twin):
        rows = registrar.get(f"/api/results/?student_id={id}").json["results"]
        assert rows == before[one] + before[twin]  # not a mark of them changed
        record = registrar.get(f"/api/students/{id}/record/").json
        assert (len(record["registrations"]), len(record["results"]), len(record["holds"])) == (2, 2, 1)
        assert [row["is_current"] for row in record["registrations"]] == [True, False]
        assert len(record["requests"]) == 1
        for question in ("holds", "requests", "registrations", "enrollments", "term-results"):
            listed = registrar.get(f"/api/{question}/?student_id={id}").json["results"]
            assert {row["student_id"] for row in listed} >= {twin}, question
    assert registrar.patch(f"/api/students/{twin}/", {"name": "Nobody"}).status == 404


def test_a_phone_number_of_a_merged_record_is_not_read_aloud_by_a_search(api: Api, scene: Class) -> None:
    merge(api, scene)
    for who in ("registrar", "faculty", "counter"):
        assert api.as_(who).get("/api/students/?search=7654321").json["results"] == []


def test_a_merge_is_undone_without_loss_while_nothing_was_printed_of_it(
    api: Api, university: University, scene: Class
) -> None:
    one, twin = scene.scene["students"]
    account = university.account("twin", "student", student_id=twin)
    registrar = api.as_("registrar")
    before = [registrar.get(f"/api/students/{id}/record/").json for id in (one, twin)]
    university.run("UPDATE account SET student_id = NULL WHERE username = 'student'")
    id = merge(api, scene)
    mine = "SELECT student_id FROM account WHERE id = %(a)s"
    assert university.row(mine, a=account) == one
    undone = api.as_("registrar").post(f"/api/student-merges/{id}/undo/", {"reason": "brothers"})
    assert (undone.status, undone.json["status"]) == (200, "undone")
    assert [registrar.get(f"/api/students/{id}/record/").json for id in (one, twin)] == before
    assert university.row(mine, a=account) == twin
    assert registrar.get("/api/students/?search=twin").json["results"][0]["id"] == twin
    again = api.as_("registrar").post(f"/api/student-merges/{id}/undo/", {"reason": "brothers"})
    assert again.code == "students.merge_decided"


def test_live_registrations_in_one_program_are_for_an_order_to_settle(
    api: Api, university: University, scene: Class
) -> None:
    one = scene.scene["students"][0]
    double = university.student("Double")
    registration = university.registration(double, scene.scene["program"], scene.scene["regulation"])
    path, body = f"/api/students/{one}/merge/", {"duplicate_id": double, "reason": "entered twice"}
    refused = api.as_("registrar").post(path, body)
    assert (refused.status, refused.code) == (409, "students.registrations_overlap")
    assert "BSCS" in refused.json["detail"]
    order = {"status": "cancelled", "effective_on": "2026-11-01", "order_no": "1", "reason": "a duplicate"}
    ordered = api.as_("registrar").post(f"/api/registrations/{registration}/status/", order)
    assert ordered.status == 200
    assert api.as_("registrar").post(path, body).status == 201


def test_merges_make_no_chain_and_nobody_is_a_twin_of_oneself(
    api: Api, university: University, scene: Class
) -> None:
    one, twin = scene.scene["students"]
    registrar = api.as_("registrar")
    body: dict[str, Any] = {"duplicate_id": one, "reason": "x"}
    assert registrar.post(f"/api/students/{one}/merge/", body).status == 400
    assert registrar.post(f"/api/students/{one}/merge/", {**body, "duplicate_id": 99999}).status == 400
    merge(api, scene)
    third = university.student("Third")
    university.registration(third, university.program(scene.scene["department"]), scene.scene["regulation"])
    assert registrar.post(f"/api/students/{third}/merge/", body).code == "students.merge_refused"
    into_twin = registrar.post(f"/api/students/{twin}/merge/", {**body, "duplicate_id": third})
    assert into_twin.status == 404
    assert results(api, scene.sit([("Final", "final", 100, 100)], [["60"], ["60"]]))[0]["grade"] == "C"


def test_as_the_application_nobody_merges_alone(api: Api, scene: Class, database_url: TestDatabase) -> None:
    one, twin = scene.scene["students"]
    asked = ask(api, scene).json["id"]
    with server_connection(database_url.app_url, autocommit=True) as connection:
        alone = "UPDATE student_merge SET status = 'merged', decided_by = requested_by, decided_at = now()"
        begun = "INSERT INTO student_merge (survivor_id, duplicate_id, status, reason, requested_by)"
        for attempt in (
            f"UPDATE student SET merged_into = {one} WHERE id = {twin}",
            f"{alone} WHERE id = {asked}",
            f"UPDATE student_merge SET status = 'merged' WHERE id = {asked}",
            f"{begun} VALUES ({one}, {twin}, 'merged', 'x', 1)",
            f"DELETE FROM student_merge WHERE id = {asked}",
        ):
            with pytest.raises(psycopg.Error) as refused:
                connection.execute(attempt)
            assert refused.value.sqlstate in ("23514", "42501")
