"""Another name by two people, over HTTP and against the database."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests.support.api import Api, Reply
from tests.support.database import TestDatabase, server_connection
from tests.support.university import University

PAPER = b"%PDF-1.4 matriculation certificate"


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=2)


def ask(api: Api, student: int, by: str = "registrar", **said: str) -> Reply:
    wanted = {"name": "Ayesha Siddiqua", "reason": "As per matriculation certificate", **said}
    return api.as_(by).request(
        "POST",
        f"/api/students/{student}/correct-name/",
        data=wanted,
        files={"file": ("../matric.pdf", PAPER, "application/pdf")},
    )


def test_another_name_stands_when_another_person_confirms_it(api: Api, scene: dict[str, Any]) -> None:
    student, second = scene["students"]
    registrar, cell = api.as_("registrar"), api.as_("examcell")
    made = ask(api, student, name_native="عائشہ صدیقہ")
    assert made.status == 201, made.json
    path = made.headers["location"]
    assert (made.json["from_name"], made.json["status"]) == ("Student Number 1", "pending")
    assert (made.json["evidence"], made.json["documents"]) == ("matric.pdf", [])
    assert registrar.get(f"/api/students/{student}/").json["name"] == "Student Number 1"
    assert cell.get("/api/dashboard/").json["cards"] != []
    waiting = {card["key"]: card["count"] for card in cell.get("/api/dashboard/").json["cards"]}
    assert waiting["names_to_confirm"] == 1
    waiting = {card["key"]: card["count"] for card in registrar.get("/api/dashboard/").json["cards"]}
    assert waiting["names_to_confirm"] == 0  # nobody waits for their own

    assert ask(api, student).code == "names.pending"
    assert registrar.post(f"{path}decide/", {"approved": True}).code == "names.second_person"
    assert cell.post(f"{path}decide/", {"approved": False}).json["errors"][0]["pointer"] == "/reason"
    assert api.as_("counter").get(path).status == 403
    assert cell.get(f"{path}evidence/").content == PAPER
    confirmed = cell.post(f"{path}decide/", {"approved": True}).json
    assert (confirmed["status"], confirmed["decided_by"]["name"]) == ("confirmed", "Examcell")
    now = registrar.get(f"/api/students/{student}/").json
    assert (now["name"], now["name_native"]) == ("Ayesha Siddiqua", "عائشہ صدیقہ")
    assert now["former_names"] == ["Student Number 1"]
    found = registrar.get("/api/students/?search=Student Number 1").json["results"]
    assert student in {one["id"] for one in found}
    assert cell.post(f"{path}decide/", {"approved": True}).code == "names.decided"

    # What was asked for of one name is not done to another; whoever asked takes it back.
    other = ask(api, second).headers["location"]
    assert registrar.patch(f"/api/students/{second}/", {"name": "Somebody Else"}).status == 200
    moved = cell.post(f"{other}decide/", {"approved": True})
    assert (moved.code, moved.json["name"]) == ("names.moved", "Somebody Else")
    assert registrar.post(f"{other}withdraw/").json["status"] == "withdrawn"
    rejected = ask(api, second).headers["location"]
    no = cell.post(f"{rejected}decide/", {"approved": False, "reason": "The certificate is another\u2019s"})
    assert no.json["status"] == "rejected"


def test_every_fault_of_a_correction_is_named_at_once(api: Api, scene: dict[str, Any]) -> None:
    student = scene["students"][0]
    faulty = ask(api, student, name="  ", reason=" ", name_native="a\nb")
    assert [one["pointer"] for one in faulty.json["errors"]] == ["/name", "/reason", "/name_native"]
    assert ask(api, student, name="Student Number 1").json["errors"][0]["code"] == "same"
    assert ask(api, student, by="head").status == 403
    assert ask(api, 99_999_999).status == 404
    bare = api.as_("registrar").request(
        "POST", f"/api/students/{student}/correct-name/", data={"name": "A", "reason": "b"}, files={}
    )
    assert bare.status == 400


def test_where_the_institution_wants_two_no_name_changes_by_one_hand(api: Api, scene: dict[str, Any]) -> None:
    student = scene["students"][0]
    registrar = api.as_("registrar")
    assert api.as_("admin").patch("/api/settings/students.name_by_two/", {"value": True}).status == 200
    refused = registrar.patch(f"/api/students/{student}/", {"name": "Alone"})
    assert (refused.status, refused.code) == (403, "names.second_person")
    assert registrar.patch(f"/api/students/{student}/", {"phone": "0300 1234567"}).status == 200
    path = ask(api, student).headers["location"]
    assert api.as_("examcell").post(f"{path}decide/", {"approved": True}).status == 200
    assert registrar.get(f"/api/students/{student}/").json["name"] == "Ayesha Siddiqua"


def test_the_database_lets_nobody_confirm_their_own_nor_edit_what_was_asked(
    api: Api, scene: dict[str, Any], database_url: TestDatabase
) -> None:
    made = ask(api, scene["students"][0]).json["id"]
    alone = "UPDATE name_correction SET status = 'confirmed', decided_by = %(me)s, decided_at = now()"
    for statement, broken in (
        (alone, "ck_name_correction_decided_by_a_second_person"),
        ("UPDATE name_correction SET status = 'rejected', decided_by = %(other)s, decided_at = now()",
         "ck_name_correction_decided_by_who_may"),
        ("UPDATE name_correction SET status = 'confirmed'", "ck_name_correction_decided_by_who_may"),
    ):  # fmt: skip
        with server_connection(database_url.app_url) as connection:
            connection.execute("SELECT set_config('sims.actor', %s, true)", (str(scene["registrar"]),))
            with pytest.raises(psycopg.errors.CheckViolation) as refused:
                connection.execute(
                    f"{statement} WHERE id = %(id)s",
                    {"id": made, "me": scene["registrar"], "other": scene["examcell"]},
                )
            assert refused.value.diag.constraint_name == broken
    edited = "UPDATE name_correction SET name = 'Mine' WHERE id = %(id)s"
    with (
        server_connection(database_url.app_url) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(edited, {"id": made})
