"""Sections: opened, staffed, resized, removed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.api import Api, Client
from tests.support.university import University

Scene = dict[str, Any]


@pytest.fixture
def scene(university: University) -> Scene:
    return university.stand(students=2)


@pytest.fixture
def registrar(api: Api, scene: Scene) -> Client:
    return api.as_("registrar")


def test_a_section_copies_its_course_and_the_first_of_faculty_leads(
    registrar: Client, scene: Scene, university: University
) -> None:
    body = {"course_id": scene["course"], "term_id": scene["term"], "code": "B", "capacity": 40}
    made = registrar.post("/api/sections/", {**body, "faculty": [scene["faculty2"], scene["faculty"]]})
    assert made.status == 201
    assert made.json["course_code"] == "CS-101"
    assert made.json["credits"] == "3.00"
    assert made.json["faculty"] == [scene["faculty2"], scene["faculty"]]
    assert [teacher["role"] for teacher in made.json["staff"]] == ["lead", "co"]
    university.run("UPDATE course SET code = 'CS-999', title = 'Renamed', credits = 4")
    assert registrar.get(made.headers["location"]).json == made.json
    assert registrar.post("/api/sections/", body).code == "sections.code_taken"


def test_every_fault_of_a_new_section_is_listed(registrar: Client, scene: Scene) -> None:
    answer = registrar.post("/api/sections/", {"course_id": 0, "code": "", "capacity": -1, "seats_taken": 3})
    assert answer.status == 400
    assert {fault["pointer"] for fault in answer.json["errors"]} == {
        "/course_id",
        "/code",
        "/capacity",
        "/seats_taken",
        "/term_id",
    }


def test_a_section_of_nothing_is_not_found(registrar: Client, scene: Scene) -> None:
    body = {"course_id": 999, "term_id": scene["term"], "code": "B", "capacity": 40}
    assert registrar.post("/api/sections/", body).status == 404


def test_a_section_has_one_lead_and_known_teachers(registrar: Client, scene: Scene) -> None:
    path = f"/api/sections/{scene['section']}/"
    leads = [{"user_id": scene[name], "role": "lead"} for name in ("faculty", "faculty2")]
    assert registrar.patch(path, {"staff": leads}).code == "sections.staff_invalid"
    assert registrar.patch(path, {"staff": [leads[0], leads[0]]}).code == "sections.staff_invalid"
    assert registrar.patch(path, {"faculty": [999_999]}).code == "sections.staff_invalid"
    assert registrar.patch(path, {"faculty": [], "staff": []}).status == 400


def test_who_leaves_the_staff_keeps_a_closed_row_and_may_come_back(
    registrar: Client, scene: Scene, university: University
) -> None:
    path = f"/api/sections/{scene['section']}/"
    swapped = registrar.patch(path, {"faculty": [scene["faculty2"]]})
    assert swapped.json["staff"] == [{"user_id": scene["faculty2"], "role": "lead"}]
    rows = university.rows("SELECT account_id, role, until IS NULL AS here FROM section_staff ORDER BY id")
    assert [(row["account_id"], row["here"]) for row in rows] == [
        (scene["faculty"], False),
        (scene["faculty2"], True),
    ]
    back = registrar.patch(path, {"faculty": [scene["faculty"], scene["faculty2"]]})
    assert back.json["faculty"] == [scene["faculty"], scene["faculty2"]]
    assert university.row("SELECT count(*) FROM section_staff") == 2


def test_the_capacity_cannot_sink_below_the_seats_taken(registrar: Client, scene: Scene) -> None:
    path = f"/api/sections/{scene['section']}/"
    low = registrar.patch(path, {"capacity": 1})
    assert (low.status, low.code) == (409, "sections.capacity_below_seats")
    assert low.json["seats_taken"] == 2
    assert registrar.patch(path, {"capacity": 2}).json["capacity"] == 2


def test_a_stale_change_of_a_section_is_refused(registrar: Client, scene: Scene) -> None:
    path = f"/api/sections/{scene['section']}/"
    tag = registrar.get(path).headers["etag"]
    fresh = registrar.patch(path, {"capacity": 70}, headers={"If-Match": tag})
    assert fresh.status == 200
    assert registrar.patch(path, {"capacity": 80}, headers={"If-Match": tag}).status == 412
    assert registrar.patch(path, {"capacity": 80}, headers={"If-Match": fresh.headers["etag"]}).status == 200


def test_a_section_in_use_is_not_removed_and_an_empty_one_is(
    registrar: Client, scene: Scene, university: University
) -> None:
    used = registrar.delete(f"/api/sections/{scene['section']}/")
    assert (used.status, used.code) == (409, "sections.in_use")
    empty = university.section(scene["course"], scene["term"], "Z", staff=[scene["faculty"]])
    assert registrar.delete(f"/api/sections/{empty}/").status == 204
    assert registrar.get(f"/api/sections/{empty}/").status == 404


def test_lists_filter_by_course_term_and_teacher(
    registrar: Client, scene: Scene, university: University
) -> None:
    other = university.section(
        university.course(scene["department"]), scene["term"], "Q", staff=[scene["stranger"]]
    )

    def listed(query: str) -> list[int]:
        return [row["id"] for row in registrar.get(f"/api/sections/?{query}").json["results"]]

    assert listed(f"course_id={scene['course']}") == [scene["section"]]
    assert listed(f"term_id={scene['term']}") == [scene["section"], other]
    assert listed(f"faculty={scene['stranger']}") == [other]
    assert listed("search=cs-101") == [scene["section"]]
    assert registrar.get("/api/sections/?colour=red").status == 400


def test_everybody_reads_sections_and_few_write_them(api: Api, scene: Scene) -> None:
    path = f"/api/sections/{scene['section']}/"
    for role in ("faculty", "head", "student", "counter", "auditor"):
        client = api.as_(role)
        assert client.get(path).json["faculty"] == [scene["faculty"], scene["faculty2"]], role
        assert client.patch(path, {"capacity": 99}).status == 403, role
        assert client.delete(path).status == 403, role


def test_teachers_are_chosen_by_name_among_those_whose_roles_teach(
    registrar: Client, api: Api, scene: Scene, university: University
) -> None:
    def found(words: str) -> list[str]:
        rows = registrar.get(f"/api/sections/teachers/?search={words}").json["results"]
        return [row["username"] for row in rows]

    assert found("facul") == ["faculty", "faculty2"]
    assert found("registrar") == found("student") == []
    university.run("UPDATE account SET disabled = true WHERE username = 'faculty2'")
    assert found("facul") == ["faculty"]
    assert api.as_("faculty").get("/api/sections/teachers/").status == 403
