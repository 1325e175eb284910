"""Registrations over HTTP: further programs, and office orders that stay."""

from __future__ import annotations

from typing import Any

import pytest

from sims_server.people.rules import status_after
from tests.support.api import Api
from tests.support.university import University


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=2)


def test_a_person_may_have_several_registrations_one_of_them_current(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    registrar = api.as_("registrar")
    second = university.program(scene["department"], "MSCS")
    body = {
        "student_id": scene["students"][0],
        "program_id": second,
        "reg_no": "MS-1",
        "admitted_on": "2026-09-01",
    }
    made = registrar.post("/api/registrations/", body)
    assert made.status == 201, made.json
    assert made.json["is_current"] is True
    shown = registrar.get(f"/api/students/{scene['students'][0]}/").json
    assert (shown["reg_no"], shown["program_id"]) == ("MS-1", second)
    old = registrar.patch(
        f"/api/registrations/{scene['registrations'][0]}/", {"is_current": True, "batch": "22"}
    )
    assert (old.json["is_current"], old.json["batch"]) == (True, "22")
    rows = registrar.get(f"/api/registrations/?student_id={scene['students'][0]}").json["results"]
    assert [row["is_current"] for row in rows] == [True, False]
    beside = registrar.post("/api/registrations/", {**body, "reg_no": "MS-2", "is_current": False})
    assert beside.json["is_current"] is False
    for number in ("MS-1", "2024-CS-0001"):
        assert len(registrar.get(f"/api/students/?search={number}").json["results"]) == 1


def test_references_of_a_registration_are_judged(api: Api, scene: dict[str, Any]) -> None:
    registrar = api.as_("registrar")
    body = {"student_id": 9999, "program_id": 9999, "reg_no": "X", "admitted_on": "2026-09-01"}
    assert registrar.post("/api/registrations/", body).status == 404
    refused = registrar.post("/api/registrations/", {**body, "student_id": scene["students"][0]})
    assert refused.status == 400
    assert refused.json["errors"][0]["pointer"] == "/program_id"
    taken = {
        **body,
        "student_id": scene["students"][0],
        "program_id": scene["program"],
        "reg_no": "2024-CS-0002",
    }
    assert registrar.post("/api/registrations/", taken).code == "students.reg_no_taken"


def test_every_status_order_stays_and_the_registration_shows_the_one_effective_last(
    api: Api, scene: dict[str, Any]
) -> None:
    registrar = api.as_("registrar")
    path = f"/api/registrations/{scene['registrations'][0]}/"

    def order(status: str, day: str) -> Any:
        body = {"status": status, "effective_on": day, "order_no": "ORD-1", "reason": "asked for"}
        return registrar.post(f"{path}status/", body)

    assert order("on_leave", "2026-02-01").json["status"] == "on_leave"
    assert order("active", "2026-09-01").json["status"] == "active"
    late = order("suspended", "2025-01-01")
    assert late.json["status"] == "active"
    assert [entry["status"] for entry in late.json["orders"]] == ["on_leave", "active", "suspended"]
    assert late.json["orders"][0]["by"] == {"id": scene["registrar"], "name": "Registrar"}
    own = api.as_("student").get(path)
    assert (own.status, len(own.json["orders"])) == (200, 3)
    assert registrar.post(f"{path}status/", {"status": "lost"}).status == 400
    assert registrar.get("/api/registrations/?status=active").json["results"][0]["status"] == "active"


def test_a_registration_is_never_deleted(api: Api, scene: dict[str, Any]) -> None:
    refused = api.as_("registrar").delete(f"/api/registrations/{scene['registrations'][0]}/")
    assert (refused.status, refused.code) == (409, "registrations.in_use")


def test_intakes_order_spring_before_autumn(api: Api, scene: dict[str, Any], university: University) -> None:
    for intake in ("2025F", "2025S"):
        university.registration(university.student(), scene["program"], scene["regulation"], intake=intake)
    rows = api.as_("registrar").get("/api/registrations/?ordering=intake").json["results"]
    assert [row["intake"] for row in rows] == ["2024F", "2024F", "2025S", "2025F"]


def test_of_two_orders_of_one_day_the_later_given_stands() -> None:
    from datetime import date

    day = date(2026, 1, 1)
    assert status_after([(day, 2, "active"), (day, 1, "on_leave")], day, "active") == "active"
