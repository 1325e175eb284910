"""Applicants over HTTP and beneath it: how they move, who sees them, and how they become students."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from sims_server.admissions.rules import LAWFUL
from tests.support.api import Api, Client
from tests.support.database import server_connection
from tests.support.university import University

Scene = dict[str, Any]
ACCEPTING = ("shortlisted", "offered", "accepted")


@pytest.fixture
def scene(university: University) -> Scene:
    return university.stand(students=1)


@pytest.fixture
def registrar(api: Api, scene: Scene) -> Client:
    return api.as_("registrar")


def application(scene: Scene, name: str = "Zara Ahmed", **more: Any) -> dict[str, Any]:
    return {"name": name, "program_id": scene["program"], "term_id": scene["term"], **more}


def apply(registrar: Client, scene: Scene, name: str = "Zara Ahmed", **more: Any) -> int:
    made = registrar.post("/api/applicants/", application(scene, name, **more))
    assert made.status == 201, made.json
    id: int = made.json["id"]
    return id


def accept(registrar: Client, scene: Scene, name: str = "Zara Ahmed", **more: Any) -> int:
    id = apply(registrar, scene, name, **more)
    for status in ACCEPTING:
        moved = registrar.post(f"/api/applicants/{id}/transition/", {"status": status})
        assert (moved.status, moved.json["status"]) == (200, status)
    return id


def admit(client: Client, *ids: int, **more: Any) -> Any:
    return client.post("/api/applicants/admit/", {"ids": list(ids), **more})


def test_an_application_holds_what_a_student_needs(registrar: Client, scene: Scene) -> None:
    person = {
        "name_native": "زارا احمد",
        "father_name": "Ahmed Ali",
        "national_id": "00000-1234567-8",
        "date_of_birth": "2007-03-01",
        "email": "zara@example.edu",
        "phone": "0300-5550000",
        "address": "Exampleabad",
    }
    papers = [{"name": "Certificate", "received": True}, {"name": "Photograph", "received": False}]
    made = registrar.post("/api/applicants/", application(scene, **person, documents=papers))
    assert made.status == 201
    assert made.headers["location"] == f"/api/applicants/{made.json['id']}/"
    assert made.json["status"] == "applied"
    assert made.json["documents"] == papers
    assert {name: made.json[name] for name in person} == person
    assert (made.json["student_id"], made.json["reg_no"]) == (None, None)
    complete = [{**paper, "received": True} for paper in papers]
    patched = registrar.patch(made.headers["location"], {"documents": complete, "name": "Zara A."})
    assert (patched.json["documents"], patched.json["name"]) == (complete, "Zara A.")
    assert registrar.delete(made.headers["location"]).code == "applicants.in_use"


def test_every_fault_of_an_application_is_named_at_once(registrar: Client, scene: Scene) -> None:
    bad = {"name": " ", "program_id": "x", "documents": [{"received": 1}], "status": "accepted"}
    faults = registrar.post("/api/applicants/", bad).json["errors"]
    assert {fault["pointer"] for fault in faults} == {
        "/name",
        "/program_id",
        "/documents/0/name",
        "/documents/0/received",
        "/status",
        "/term_id",
    }
    known = application(scene, program_id=99999, term_id=99999, date_of_birth="1066-10-14")
    faults = registrar.post("/api/applicants/", known).json["errors"]
    assert {fault["pointer"] for fault in faults} == {"/program_id", "/term_id", "/date_of_birth"}


def test_applicants_are_filtered_searched_and_ordered(registrar: Client, scene: Scene) -> None:
    zara, ali = apply(registrar, scene), apply(registrar, scene, "Ali Raza", name_native="علی رضا")
    registrar.post(f"/api/applicants/{ali}/transition/", {"status": "withdrawn", "reason": "went abroad"})

    def ids(query: str) -> list[int]:
        return [row["id"] for row in registrar.get(f"/api/applicants/?{query}").json["results"]]

    assert ids("status=applied") == [zara]
    assert ids(f"program_id={scene['program']}&ordering=name") == [ali, zara]
    assert ids(f"term_id={scene['term']}&status=withdrawn") == [ali]
    assert ids("search=AHMED zara") == [zara]
    assert ids("search=رضا") == [ali]
    assert ids("program_id=99999") == []
    assert registrar.get("/api/applicants/?status=enrolled").status == 400


def test_the_table_of_moves_is_the_rule_of_moves(database_url: Any) -> None:
    with server_connection(database_url.app_url) as connection:
        rows = connection.execute("SELECT from_status, to_status FROM applicant_transition").fetchall()
    assert sorted(rows) == sorted((status, wanted) for status, after in LAWFUL.items() for wanted in after)


def test_a_refused_move_names_what_may_follow(registrar: Client, scene: Scene) -> None:
    id = apply(registrar, scene)
    refused = registrar.post(f"/api/applicants/{id}/transition/", {"status": "accepted"})
    assert (refused.status, refused.code) == (409, "applicants.wrong_state")
    assert refused.json["lawful"] == ["shortlisted", "rejected", "withdrawn"]
    registrar.post(f"/api/applicants/{id}/transition/", {"status": "rejected"})
    final = registrar.post(f"/api/applicants/{id}/transition/", {"status": "applied"})
    assert (final.json["lawful"], "is final" in final.json["detail"]) == ([], True)
    assert registrar.post(f"/api/applicants/{id}/transition/", {"status": "enrolled"}).status == 400
    assert registrar.post("/api/applicants/99999/transition/", {"status": "x"}).status == 404


def test_the_database_holds_the_moves_of_an_application(
    registrar: Client, scene: Scene, database_url: Any
) -> None:
    id, admitted = apply(registrar, scene), accept(registrar, scene, "Ali Raza")
    assert admit(registrar, admitted).status == 200
    registration = scene["registrations"][0]
    student = scene["students"][0]
    for statement in (
        f"UPDATE applicant SET status = 'offered' WHERE id = {id}",
        (
            f"UPDATE applicant SET student_id = {student}, registration_id = {registration}, "
            f"admitted_at = now() WHERE id = {id}"
        ),  # not accepted
        f"UPDATE applicant SET student_id = {student} WHERE id = {id}",
        f"UPDATE applicant SET name = 'Somebody Else' WHERE id = {admitted}",
        f"UPDATE applicant SET status = 'withdrawn' WHERE id = {admitted}",
        f"UPDATE applicant SET documents = '{{}}' WHERE id = {id}",
        (
            f"INSERT INTO applicant (name, program_id, term_id, status) VALUES ('x', {scene['program']}, "
            f"{scene['term']}, 'accepted')"
        ),
        f"DELETE FROM applicant WHERE id = {id}",
        "TRUNCATE applicant",
        "UPDATE applicant_transition SET to_status = 'accepted'",
    ):
        with server_connection(database_url.app_url) as connection, pytest.raises(psycopg.Error) as error:
            connection.execute(statement)
        assert error.value.sqlstate in {"23514", "42501"}, statement


def test_a_person_has_one_open_application_for_a_program_and_term(registrar: Client, scene: Scene) -> None:
    first = apply(registrar, scene, national_id="00000-1234567-8")
    again = registrar.post("/api/applicants/", application(scene, national_id="0000012345678"))
    assert (again.status, again.code) == (409, "applicants.applied_already")
    registrar.post(f"/api/applicants/{first}/transition/", {"status": "withdrawn"})
    apply(registrar, scene, national_id="0000012345678")


def test_admitting_numbers_from_the_series_and_makes_students(
    registrar: Client, scene: Scene, university: University
) -> None:
    papers = [{"name": "Certificate", "received": True}]
    ids = [
        accept(registrar, scene, "Zara Ahmed", phone="0300-5550000", documents=papers),
        accept(registrar, scene, "Ali Raza", father_name="Raza Khan"),
    ]
    year = university.row("SELECT extract(year FROM start_date)::integer FROM term")
    # A number given by hand is passed over.
    other = university.student("By Hand")
    university.registration(other, scene["program"], scene["regulation"], f"{year}-BSCS-0002")
    answer = admit(registrar, *ids, batch="2026")
    assert answer.status == 200, answer.json
    rows = answer.json["admitted"]
    assert [row["applicant_id"] for row in rows] == ids
    assert [row["reg_no"] for row in rows] == [f"{year}-BSCS-0001", f"{year}-BSCS-0003"]
    student = registrar.get(f"/api/students/{rows[0]['student_id']}/").json
    assert (student["name"], student["phone"], student["batch"]) == ("Zara Ahmed", "0300-5550000", "2026")
    assert (student["reg_no"], student["status"]) == (rows[0]["reg_no"], "active")
    assert (student["intake"], student["regulation_id"]) == (f"{year}F", scene["regulation"])
    became = registrar.get(f"/api/applicants/{ids[0]}/").json
    assert (became["status"], became["student_id"]) == ("accepted", student["id"])
    assert (became["reg_no"], became["registration_id"]) == (student["reg_no"], student["registration_id"])
    assert registrar.get("/api/applicants/?admitted=true&count=true").json["count"] == 2
    # From here on the student is corrected, the application only collects papers.
    refused = registrar.patch(f"/api/applicants/{ids[0]}/", {"name": "Zahra Ahmed"})
    assert (refused.status, refused.code, refused.json["student_id"]) == (
        409,
        "applicants.admitted",
        student["id"],
    )
    assert registrar.patch(f"/api/applicants/{ids[0]}/", {"documents": []}).status == 200
    back = registrar.post(f"/api/applicants/{ids[0]}/transition/", {"status": "withdrawn"})
    assert back.code == "applicants.admitted"


def test_admitting_is_all_or_nothing_with_every_fault_listed(
    registrar: Client, scene: Scene, university: University
) -> None:
    good, early = accept(registrar, scene), apply(registrar, scene, "Ali Raza")
    done = accept(registrar, scene, "Sana Malik")
    assert admit(registrar, done).status == 200
    refused = admit(registrar, early, good, done)
    assert (refused.status, refused.code) == (409, "applicants.not_admitted")
    assert [(fault["pointer"], fault["code"]) for fault in refused.json["errors"]] == [
        ("/ids/0", "not_accepted"),
        ("/ids/2", "admitted_already"),
    ]
    assert registrar.get(f"/api/applicants/{good}/").json["student_id"] is None
    lists = admit(registrar, good, good, 99999, same_person=[early])
    assert lists.status == 400
    assert [(fault["pointer"], fault["code"]) for fault in lists.json["errors"]] == [
        ("/ids/1", "repeated"),
        ("/ids/2", "unknown"),
        ("/same_person/0", "unknown"),
    ]
    university.run("UPDATE regulation SET status = 'withdrawn', withdrawn_at = now()")
    assert admit(registrar, good).json["errors"][0]["code"] == "no_regulation"
    assert university.row("SELECT count(*) FROM student") == 2
    assert admit(registrar).status == 400


def test_sixteen_admissions_at_once_have_one_effect(api: Api, registrar: Client, scene: Scene) -> None:
    ids = [accept(registrar, scene, f"Applicant {number}") for number in range(3)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda order: admit(registrar, *order), [ids, ids[::-1]] * 8))
    assert sorted(answer.status for answer in answers) == [200] + [409] * 15
    assert registrar.get("/api/students/?search=Applicant&count=true").json["count"] == 3
    key = {"Idempotency-Key": "admit-once"}
    more = accept(registrar, scene, "Applicant 4")
    body = {"ids": [more]}
    first = registrar.post("/api/applicants/admit/", body, headers=key)
    again = registrar.post("/api/applicants/admit/", body, headers=key)
    assert (first.status, again.status, again.json == first.json) == (200, 200, True)


def test_a_national_id_seen_before_names_the_student_and_asks(
    registrar: Client, scene: Scene, university: University
) -> None:
    university.run(
        "UPDATE student SET national_id = '00000-7654321-0' WHERE id = %(id)s", id=scene["students"][0]
    )
    other = university.program(scene["department"], "BSSE")
    id = accept(registrar, scene, "Student No One", national_id="0000076543210", program_id=other)
    refused = admit(registrar, id)
    assert (refused.status, refused.json["errors"][0]["code"]) == (409, "national_id_known")
    assert "Student Number 1 (2024-CS-0001)" in refused.json["errors"][0]["detail"]
    assert refused.json["known"] == [
        {
            "applicant_id": id,
            "student_id": scene["students"][0],
            "name": "Student Number 1",
            "reg_no": "2024-CS-0001",
        }
    ]
    assert admit(registrar, id, same_person=[id], another_person=[id]).status == 400
    # The same person: a further registration, the student keeps the name of the certificate.
    same = admit(registrar, id, same_person=[id]).json["admitted"][0]
    assert (same["student_id"], same["name"]) == (scene["students"][0], "Student Number 1")
    assert (
        university.row("SELECT count(*) FROM registration WHERE student_id = %(id)s", id=same["student_id"])
        == 2
    )
    again = accept(registrar, scene, "Student No One", national_id="0000076543210")
    refused = admit(registrar, again, same_person=[again])
    assert refused.json["errors"][0]["code"] == "registered_already"
    # Another person: a number mistyped long ago must not keep somebody out.
    another = admit(registrar, again, another_person=[again]).json["admitted"][0]
    assert another["student_id"] != scene["students"][0]


def test_a_person_who_stands_twice_in_one_call_is_not_made_twice(
    registrar: Client, scene: Scene, university: University
) -> None:
    other = university.program(scene["department"], "BSSE")
    ids = [
        accept(registrar, scene, national_id="00000-7654321-0"),
        accept(registrar, scene, national_id="00000-7654321-0", program_id=other),
    ]
    refused = admit(registrar, *ids)
    assert [fault["code"] for fault in refused.json["errors"]] == ["person_twice"]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda id: admit(registrar, id), ids))
    assert sorted(answer.status for answer in answers) == [200, 409]
    assert university.row("SELECT count(*) FROM student WHERE national_id IS NOT NULL") == 1


def test_the_form_of_the_series_is_a_setting(
    api: Api, registrar: Client, scene: Scene, university: University
) -> None:
    admin = api.as_("admin")
    path = "/api/settings/admissions.reg_no_form/"
    for bad in (
        "{year}-{program}",
        "{number}{number}",
        "{intake}-{number}",
        "نمبر-{number}",
        "{year:02}{number}",
    ):
        refused = admin.patch(path, {"value": bad})
        assert (refused.status, refused.code) == (400, "settings.invalid"), bad
    assert admin.patch(path, {"value": "{department}/{yy}{season}/{number:03}"}).status == 200
    made = admit(registrar, accept(registrar, scene)).json["admitted"][0]
    assert made["reg_no"] == f"CS/{university.row('SELECT start_date FROM term').year % 100}F/001"


def test_who_sees_and_who_writes_applicants(
    api: Api, registrar: Client, scene: Scene, university: University
) -> None:
    own = apply(
        registrar, scene, father_name="Ahmed Ali", national_id="00000-1234567-8", date_of_birth="2007-03-01"
    )
    elsewhere = university.program(university.department("EE"), "BSEE")
    foreign = apply(registrar, scene, "Ali Raza", program_id=elsewhere)
    for name in ("examcell", "faculty", "accounts", "student"):
        assert api.as_(name).get("/api/applicants/").status == 403, name
    assert api.anonymous.get("/api/applicants/").status == 401
    for name in ("admin", "registrar", "auditor", "counter"):
        assert len(api.as_(name).get("/api/applicants/").json["results"]) == 2, name
    for name in ("head", "dean", "office"):
        client = api.as_(name)
        assert [row["id"] for row in client.get("/api/applicants/").json["results"]] == [own], name
        assert client.get(f"/api/applicants/{own}/").json["national_id"] == "00000-1234567-8"
        assert client.get(f"/api/applicants/{foreign}/").status == 404
    masked = api.as_("counter").get(f"/api/applicants/{own}/").json
    assert (masked["national_id"], masked["date_of_birth"], masked["father_name"], masked["private"]) == (
        "••••-8",
        None,
        "A••••",
        "masked",
    )
    for name in ("admin", "auditor", "counter", "head", "dean", "office", "examcell"):
        client = api.as_(name)
        for path in ("", f"{own}/transition/", "admit/"):
            assert client.post(f"/api/applicants/{path}").status == 403, (name, path)
        assert client.patch(f"/api/applicants/{own}/", {}).status == 403


def test_an_admission_is_in_the_audit(api: Api, registrar: Client, scene: Scene) -> None:
    id = accept(registrar, scene)
    admit(registrar, id)
    rows = api.as_("auditor").get(f"/api/audit/?entity=applicant&entity_id={id}").json["results"]
    assert [row["action"] for row in rows] == [
        "applicants.admit",
        *["applicants.transition"] * 3,
        "applicants.create",
    ]
    assert rows[1]["changes"]["status"] == ["offered", "accepted"]
