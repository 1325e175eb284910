"""Holds over HTTP: who places and lifts which."""

from __future__ import annotations

from typing import Any

import pytest

from sims_server.holds.queries import open_holds
from tests.support.api import Api
from tests.support.query_count import counted
from tests.support.university import University


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=2)


def fee(scene: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"student_id": scene["students"][0], "kind": "fee", "reason": "Fall 2026 unpaid", **more}


def test_a_hold_takes_from_its_kind_what_is_not_said(api: Api, scene: dict[str, Any]) -> None:
    made = api.as_("accounts").post("/api/holds/", fee(scene, amount="12400"))
    assert made.status == 201, made.json
    assert made.json["blocks"] == ["enrollment", "transcript", "exam_slip"]
    assert (made.json["effect"], made.json["contact"]) == ("block", "Accounts office")
    assert made.json["amount"] == "12400.00"
    assert made.json["placed_by"] == {"id": scene["accounts"], "name": "Accounts"}
    assert made.json["lifted_at"] is None
    given = {"blocks": ["results"], "effect": "warn", "contact": "Window 3"}
    other = api.as_("registrar").post("/api/holds/", fee(scene, kind="library", **given)).json
    assert {name: other[name] for name in given} == given


def test_accounts_place_and_lift_fee_holds_only(api: Api, scene: dict[str, Any]) -> None:
    accounts, registrar = api.as_("accounts"), api.as_("registrar")
    assert accounts.post("/api/holds/", fee(scene, kind="library")).status == 403
    library = registrar.post("/api/holds/", fee(scene, kind="library")).headers["location"]
    assert accounts.post(f"{library}lift/").status == 403
    own = accounts.post("/api/holds/", fee(scene)).headers["location"]
    lifted = accounts.post(f"{own}lift/", {"reason": "paid"})
    assert (lifted.status, lifted.json["lifted_by"]["name"], lifted.json["lift_reason"]) == (
        200,
        "Accounts",
        "paid",
    )
    assert registrar.post(f"{library}lift/").status == 200


def test_a_kind_of_ones_own_is_lifted_by_the_role_its_row_names(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    admin, registrar = api.as_("admin"), api.as_("registrar")
    admin.post(
        "/api/roles/",
        {"name": "sports_officer", "permissions": ["holds.read", "holds.place_fee", "students.read"]},
    )
    kind = {"kind": "sports", "lifted_by": "sports_officer", "blocks": ["transcript"], "contact": "Gym"}
    made = registrar.post("/api/hold-kinds/", kind)
    assert (made.status, made.headers["location"]) == (201, "/api/hold-kinds/sports/")
    assert registrar.post("/api/hold-kinds/", kind).code == "hold_kinds.taken"
    university.account("coach", "sports_officer")
    coach = api.as_("coach")
    own = coach.post("/api/holds/", fee(scene, kind="sports"))
    assert (own.status, own.json["contact"]) == (201, "Gym")
    assert coach.post("/api/holds/", fee(scene)).status == 403
    # The kind goes to another role: what stands is lifted by that one from now on.
    changed = registrar.patch("/api/hold-kinds/sports/", {"lifted_by": "accounts", "blocks": ["results"]})
    assert (changed.json["lifted_by"], changed.json["blocks"]) == ("accounts", ["results"])
    assert coach.get(own.headers["location"]).json["blocks"] == ["transcript"]
    assert coach.post(f"{own.headers['location']}lift/").status == 403
    assert api.as_("accounts").post(f"{own.headers['location']}lift/").status == 200
    rows = registrar.get("/api/audit/?entity=hold_kind").json["results"]
    assert [row["action"] for row in rows] == ["hold_kinds.change", "hold_kinds.create"]


def test_faults_of_a_kind_are_named_and_kinds_are_the_registrys(api: Api, scene: dict[str, Any]) -> None:
    registrar = api.as_("registrar")
    bad = {"kind": "Sports!", "blocks": ["sleep"], "effect": "shout"}
    assert {fault["pointer"] for fault in registrar.post("/api/hold-kinds/", bad).json["errors"]} == {
        "/kind",
        "/blocks/0",
        "/effect",
        "/lifted_by",
    }
    unknown = {"kind": "sports", "lifted_by": "nobody", "blocks": []}
    assert registrar.post("/api/hold-kinds/", unknown).json["errors"][0]["pointer"] == "/lifted_by"
    # What only a role may lift that may lift nothing, nobody would ever lift.
    never = registrar.patch("/api/hold-kinds/library/", {"lifted_by": "counter"})
    assert (never.status, never.json["errors"][0]["pointer"]) == (400, "/lifted_by")
    assert api.as_("admin").get("/api/hold-lifters/").json == {"roles": ["accounts", "registrar"]}
    assert registrar.patch("/api/hold-kinds/weather/", {}).status == 404
    for name in ("accounts", "counter", "head", "auditor", "student"):
        assert api.as_(name).post("/api/hold-kinds/", unknown).status == 403, name
        assert api.as_(name).patch("/api/hold-kinds/fee/", {}).status == 403, name


@pytest.mark.parametrize("kind", ["fee", "library", "discipline", "document", "hostel", "academic"])
def test_each_shipped_kind_is_placed_changed_and_lifted_by_its_role_and_the_registrar_alone(
    api: Api, scene: dict[str, Any], kind: str
) -> None:
    registrar = api.as_("registrar")
    shipped = registrar.get(f"/api/hold-kinds/{kind}/").json["lifted_by"]
    for name in ("accounts", "registrar", "admin", "examcell", "dean", "office", "faculty", "counter"):
        client = api.as_(name)
        path = registrar.post("/api/holds/", fee(scene, kind=kind)).headers["location"]
        expected = 200 if name in (shipped, "registrar") else 403
        assert client.post("/api/holds/", fee(scene, kind=kind)).status == (201 if expected == 200 else 403)
        assert client.patch(path, {"reason": "x"}).status == expected, name
        assert client.post(f"{path}lift/").status == expected, name


def test_a_hold_is_lifted_once_and_stays_as_a_row(api: Api, scene: dict[str, Any]) -> None:
    registrar = api.as_("registrar")
    path = registrar.post("/api/holds/", fee(scene)).headers["location"]
    assert registrar.patch(path, {"reason": "Still unpaid"}).json["reason"] == "Still unpaid"
    assert registrar.post(f"{path}lift/").status == 200
    again = registrar.post(f"{path}lift/")
    assert (again.status, again.code) == (409, "holds.already_lifted")
    assert registrar.patch(path, {"reason": "x"}).code == "holds.already_lifted"
    assert len(registrar.get("/api/holds/?lifted=true").json["results"]) == 1
    assert registrar.get("/api/holds/?lifted=false").json["results"] == []


def test_who_sees_holds(api: Api, scene: dict[str, Any]) -> None:
    registrar = api.as_("registrar")
    own = registrar.post("/api/holds/", fee(scene)).headers["location"]
    other = registrar.post("/api/holds/", fee(scene, student_id=scene["students"][1])).headers["location"]
    assert api.anonymous.get("/api/holds/").status == 401
    for name in ("faculty", "head", "dean", "office"):
        assert api.as_(name).get("/api/holds/").status == 403
    for name in ("admin", "examcell", "counter", "accounts", "auditor"):
        client = api.as_(name)
        assert len(client.get("/api/holds/").json["results"]) == 2
        if name != "accounts":
            assert client.post(f"{own}lift/").status == 403
    student = api.as_("student")
    assert [row["student_id"] for row in student.get("/api/holds/").json["results"]] == [scene["students"][0]]
    assert student.get(own).json["placed_by"]["name"] == "Registrar"
    assert student.get(other).status == 404
    assert len(student.get("/api/hold-kinds/").json["results"]) == 6


def test_every_fault_of_a_hold_is_named_at_once(api: Api, scene: dict[str, Any]) -> None:
    registrar = api.as_("registrar")
    bad = {"student_id": "x", "reason": "", "blocks": ["sleep"], "amount": "1.005", "placed_by": 1}
    refused = registrar.post("/api/holds/", bad)
    assert {fault["pointer"] for fault in refused.json["errors"]} == {
        "/student_id",
        "/reason",
        "/blocks/0",
        "/amount",
        "/placed_by",
        "/kind",
    }
    assert registrar.post("/api/holds/", fee(scene, kind="weather")).json["errors"][0]["pointer"] == "/kind"
    assert registrar.post("/api/holds/", fee(scene, student_id=99999)).status == 404


def test_open_holds_are_those_that_touch_what_is_asked(api: Api, scene: dict[str, Any]) -> None:
    registrar = api.as_("registrar")
    registrar.post("/api/holds/", fee(scene, effect="warn"))
    registrar.post("/api/holds/", fee(scene, kind="discipline"))
    lifted = registrar.post("/api/holds/", fee(scene, kind="academic")).headers["location"]
    registrar.post(f"{lifted}lift/")
    student = scene["students"][0]
    found = api.run(lambda work, _: open_holds(work, student, "enrollment"), None)
    assert [(row["kind"], row["effect"]) for row in found] == [("discipline", "block"), ("fee", "warn")]
    assert [row["kind"] for row in api.run(lambda work, _: open_holds(work, student, "results"), None)] == [
        "discipline"
    ]


def test_a_page_of_holds_takes_two_statements(api: Api, scene: dict[str, Any]) -> None:
    registrar = api.as_("registrar")
    for _ in range(3):
        registrar.post("/api/holds/", fee(scene))
    with counted() as statements:
        assert len(registrar.get("/api/holds/?kind=fee&ordering=-placed_at").json["results"]) == 3
    assert len(statements) == 2


def test_a_list_of_holds_names_its_students_and_finds_them_by_name_and_number(
    api: Api, scene: dict[str, Any]
) -> None:
    registrar = api.as_("registrar")
    registrar.post("/api/holds/", fee(scene, reason="Hostel unpaid"))
    registrar.post("/api/holds/", fee(scene, student_id=scene["students"][1]))

    def found(words: str, username: str = "registrar") -> list[tuple[str, str]]:
        rows = api.as_(username).get(f"/api/holds/?search={words}").json["results"]
        return [(row["student_name"], row["reg_no"]) for row in rows]

    first, second = ("Student Number 1", "2024-CS-0001"), ("Student Number 2", "2024-CS-0002")
    assert found("CS-0002") == found("2024-CS-0002") == [second]
    assert found("number") == [first, second]
    assert found("hostel") == [first]
    # A student searches their own holds by what those say.
    assert (found("hostel", "student"), found("2024-CS-0002", "student")) == ([first], [])
