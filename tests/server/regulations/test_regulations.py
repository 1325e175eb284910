"""Regulations over HTTP: drafted, put in force, and then standing still."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from sims_server.regulations.operations import install_default_regulation
from sims_shared.regulations import default_policy
from tests.support.api import Api
from tests.support.database import TestDatabase, server_connection
from tests.support.university import University


@pytest.fixture(autouse=True)
def program(university: University) -> int:
    university.account("registrar", "registrar")
    university.account("faculty", "faculty")
    return university.program(university.department("CS"), "BSCS")


def body(**more: Any) -> dict[str, Any]:
    return {"policy": default_policy(), "code": "BS-2026", "authority": "Academic Council 41/7", **more}


def test_a_draft_is_changed_put_in_force_and_then_immutable(api: Api) -> None:
    registrar = api.as_("registrar")
    made = registrar.post("/api/regulations/", body())
    assert made.status == 201, made.json
    assert (made.json["status"], made.json["version"], made.json["authority"]) == (
        "draft",
        1,
        "Academic Council 41/7",
    )
    assert made.json["in_words"]
    path = made.headers["location"]
    changed = registrar.patch(path, {"applies": {"intake_from": "2026F"}})
    assert changed.json["applies"] == {
        "level": None,
        "programs": None,
        "intake_from": "2026F",
        "intake_to": None,
    }
    assert changed.json["policy"]["applies"]["intake_from"] == "2026F"
    assert registrar.patch(path, {"status": "in_force"}).json["status"] == "in_force"
    refused = registrar.patch(path, {"authority": "Somebody"})
    assert (refused.status, refused.code) == (409, "regulations.fixed")
    assert registrar.patch(path, {"status": "draft"}).code == "regulations.fixed"
    assert registrar.delete(path).code == "regulations.fixed"


def test_in_force_stands_still_for_the_application_role_too(api: Api, database_url: TestDatabase) -> None:
    api.as_("registrar").post("/api/regulations/", body(status="in_force"))
    for statement in (
        "UPDATE regulation SET policy = '{}'",
        "UPDATE regulation SET status = 'draft', in_force_at = NULL",
        "DELETE FROM regulation",
    ):
        with (
            server_connection(database_url.app_url) as connection,
            pytest.raises(psycopg.errors.CheckViolation),
        ):
            connection.execute(statement)


def test_every_fault_of_a_policy_is_named_with_its_pointer(api: Api) -> None:
    policy = {**default_policy(), "colour": "red", "scale": {"kind": "bands", "rows": [["x", "A", "4"]]}}
    del policy["code"]
    refused = api.as_("registrar").post("/api/regulations/", {"policy": policy})
    assert (refused.status, refused.code) == (400, "regulations.policy_invalid")
    pointers = {fault["pointer"] for fault in refused.json["errors"]}
    assert {"/code", "/policy/colour", "/policy/scale/rows/0"} <= pointers


def test_the_next_version_of_a_code_follows(api: Api) -> None:
    registrar = api.as_("registrar")
    policy = default_policy()
    del policy["version"]
    assert registrar.post("/api/regulations/", {"policy": policy}).json["version"] == 1
    assert registrar.post("/api/regulations/", {"policy": policy}).json["version"] == 2
    taken = registrar.post("/api/regulations/", {"policy": policy, "version": 2})
    assert (taken.status, taken.code) == (409, "regulations.exists")


def test_programs_are_named_by_code_or_id_and_must_exist(api: Api, program: int) -> None:
    registrar = api.as_("registrar")
    made = registrar.post("/api/regulations/", body(applies={"programs": [program]}))
    assert made.json["applies"]["programs"] == ["BSCS"]
    refused = registrar.post(
        "/api/regulations/", body(version=2, applies={"programs": ["BSCS", "NONE", 999]})
    )
    assert [fault["pointer"] for fault in refused.json["errors"]] == [
        "/applies/programs/1",
        "/applies/programs/2",
    ]
    odd = body(version=3)
    odd["policy"]["applies"] = {"programs": [["nested"]]}
    assert registrar.post("/api/regulations/", odd).status == 400


def test_a_regulation_is_withdrawn_only_before_use(api: Api, university: University, program: int) -> None:
    registrar = api.as_("registrar")
    draft = registrar.post("/api/regulations/", body(version=1)).headers["location"]
    assert registrar.patch(draft, {"status": "withdrawn"}).code == "regulations.fixed"
    assert registrar.delete(draft).status == 204
    unused = registrar.post("/api/regulations/", body(version=2, status="in_force")).headers["location"]
    assert registrar.patch(unused, {"status": "withdrawn"}).json["status"] == "withdrawn"
    used = registrar.post("/api/regulations/", body(version=3, status="in_force"))
    university.registration(university.student(), program, used.json["id"])
    refused = registrar.patch(used.headers["location"], {"status": "withdrawn"})
    assert (refused.status, refused.code) == (409, "regulations.in_use")


def test_decimals_written_as_numbers_stay_exact(api: Api) -> None:
    policy = default_policy()
    text = (
        api.as_("registrar").post("/api/regulations/", {"policy": policy}).json["policy"]["pass"]["total_min"]
    )
    assert text == "50"
    policy = {**default_policy(), "code": "N"}
    policy["pass"] = {"total_min": 50.1}
    made = api.as_("registrar").post("/api/regulations/", {"policy": policy})
    assert made.status == 201, made.json
    assert made.json["policy"]["pass"]["total_min"] == "50.1"


def test_only_the_registry_writes_regulations(api: Api) -> None:
    assert api.anonymous.get("/api/regulations/").status == 401
    assert api.as_("faculty").get("/api/regulations/").status == 200
    assert api.as_("faculty").post("/api/regulations/", body()).status == 403
    assert api.as_("registrar").get("/api/regulations/9999/").status == 404


def test_an_empty_server_gets_a_regulation_once(api: Api) -> None:
    assert api.run(install_default_regulation, None) is not None
    assert api.run(install_default_regulation, None) is None
    found = api.as_("faculty").get("/api/regulations/?status=in_force").json["results"]
    assert [row["code"] for row in found] == ["BS-STANDARD"]
    assert "in_words" not in found[0]
