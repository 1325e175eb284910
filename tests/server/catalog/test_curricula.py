"""Curricula: what a program teaches from an intake on, semester by semester."""

from __future__ import annotations

from typing import Any

import pytest

from sims_server.catalog.queries import curriculum_of
from tests.support.api import Api
from tests.support.university import University

Scene = dict[str, Any]


@pytest.fixture
def scene(university: University) -> Scene:
    return university.stand(students=1)


def row(scene: Scene, **more: Any) -> dict[str, Any]:
    given = {
        "program_id": scene["program"],
        "intake_from": "2024F",
        "semester": 1,
        "course_id": scene["course"],
    }
    return {**given, **more}


def test_a_course_stands_in_a_curriculum_once(api: Api, scene: Scene) -> None:
    registrar = api.as_("registrar")
    made = registrar.post("/api/curricula/", row(scene))
    assert made.status == 201
    path = made.headers["location"]
    assert (made.json["course_code"], made.json["kind"], made.json["credits"]) == ("CS-101", "core", "3.00")
    twice = registrar.post("/api/curricula/", row(scene, semester=2))
    assert (twice.status, twice.code) == (409, "curricula.course_taken")
    assert registrar.post("/api/curricula/", row(scene, intake_from="2025F")).status == 201
    changed = registrar.patch(path, {"semester": 3, "kind": "elective"})
    assert (changed.json["semester"], changed.json["kind"]) == (3, "elective")
    assert registrar.patch(path, {"semester": 9}).json["errors"][0]["pointer"] == "/semester"
    listed = registrar.get(f"/api/curricula/?program_id={scene['program']}&semester=3").json["results"]
    assert [one["id"] for one in listed] == [made.json["id"]]
    assert registrar.delete(path).status == 204
    assert registrar.get(path).status == 404


def test_faults_of_a_curriculum_are_named(api: Api, scene: Scene) -> None:
    registrar = api.as_("registrar")
    bad = registrar.post("/api/curricula/", row(scene, intake_from="2024", semester=0, kind="optional"))
    assert {fault["pointer"] for fault in bad.json["errors"]} == {"/intake_from", "/semester", "/kind"}
    for name in ("program_id", "course_id"):
        refused = registrar.post("/api/curricula/", row(scene, **{name: 99999}))
        assert refused.json["errors"][0]["pointer"] == f"/{name}"
    assert api.as_("head").post("/api/curricula/", row(scene)).status == 403
    assert api.as_("student").get("/api/curricula/").status == 200


def test_an_intake_follows_the_latest_curriculum_that_began(
    api: Api, scene: Scene, university: University
) -> None:
    registrar = api.as_("registrar")
    other = university.course(scene["department"], "CS-102")
    registrar.post("/api/curricula/", row(scene, intake_from="2024S"))
    registrar.post("/api/curricula/", row(scene, intake_from="2024F", course_id=other))

    def codes(intake: str) -> list[str]:
        rows = api.run(lambda work, _: curriculum_of(work, scene["program"], intake), None)
        return [one.course_code for one in rows]

    assert [codes(intake) for intake in ("2023F", "2024S", "2024F", "2026S")] == [
        [],
        ["CS-101"],
        ["CS-102"],
        ["CS-102"],
    ]
