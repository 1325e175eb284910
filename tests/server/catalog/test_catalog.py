"""Departments, programs and courses over HTTP."""

from __future__ import annotations

import pytest

from tests.support.api import Api
from tests.support.query_count import counted
from tests.support.university import University


@pytest.fixture
def scene(university: University) -> dict[str, int]:
    university.setting("security.require_otp", False)
    department = university.department("CS")
    university.account("registrar", "registrar")
    university.account("faculty", "faculty")
    university.account("head", ("head", department))
    person = university.student("A Student")
    university.account("student", "student", student_id=person)
    return {"department": department}


def test_a_department_is_made_read_changed_and_deleted(api: Api, scene: dict[str, int]) -> None:
    registrar = api.as_("registrar")
    made = registrar.post(
        "/api/departments/", {"code": "EE", "name": " Electrical ", "faculty_name": "Engineering"}
    )
    assert made.status == 201, made.json
    path = made.headers["location"]
    assert made.json["name"] == "Electrical"
    assert made.json["head"] is None
    found = registrar.get(path)
    assert found.json == made.json
    changed = registrar.patch(path, {"name": "Electronics"}, headers={"If-Match": found.headers["etag"]})
    assert changed.status == 200
    stale = registrar.patch(path, {"name": "X"}, headers={"If-Match": found.headers["etag"]})
    assert (stale.status, stale.code) == (412, "request.stale")
    assert registrar.delete(path).status == 204
    assert registrar.get(path).status == 404


def test_the_head_of_a_department_is_who_holds_the_role(api: Api, scene: dict[str, int]) -> None:
    shown = api.as_("student").get(f"/api/departments/{scene['department']}/").json
    assert shown["head"]["name"] == "Head"


def test_who_may_read_the_catalog_is_not_who_may_change_it(api: Api, scene: dict[str, int]) -> None:
    body = {"code": "EE", "name": "Electrical"}
    assert api.anonymous.get("/api/departments/").status == 401
    assert api.anonymous.post("/api/departments/", body).status == 401
    for name in ("faculty", "head", "student"):
        client = api.as_(name)
        assert client.get("/api/departments/").status == 200
        assert client.get("/api/programs/").status == 200
        assert client.get("/api/courses/").status == 200
        assert client.post("/api/departments/", body).status == 403
        assert client.patch("/api/departments/999999/", {}).status == 403


def test_a_department_in_use_is_not_deleted(api: Api, scene: dict[str, int], university: University) -> None:
    university.program(scene["department"])
    refused = api.as_("registrar").delete(f"/api/departments/{scene['department']}/")
    assert (refused.status, refused.code) == (409, "departments.in_use")


def test_codes_and_names_are_unique(api: Api, scene: dict[str, int]) -> None:
    registrar = api.as_("registrar")
    department = scene["department"]
    code = registrar.post("/api/departments/", {"code": "CS", "name": "Other"})
    assert (code.status, code.code) == (409, "departments.code_taken")
    program = {"code": "BSCS", "name": "Computing", "department_id": department}
    assert registrar.post("/api/programs/", program).status == 201
    assert registrar.post("/api/programs/", {**program, "name": "Other"}).code == "programs.code_taken"
    assert registrar.post("/api/programs/", {**program, "code": "Other"}).code == "programs.name_taken"


def test_every_fault_of_a_course_is_named_at_once(api: Api, scene: dict[str, int]) -> None:
    bad = {
        "code": "",
        "credits": "3.005",
        "department_id": 0,
        "grading": "stars",
        "prerequisites": ["x"],
        "actor": 5,
    }
    refused = api.as_("registrar").post("/api/courses/", bad)
    assert refused.status == 400
    pointers = {fault["pointer"] for fault in refused.json["errors"]}
    assert pointers == {
        "/code",
        "/credits",
        "/department_id",
        "/grading",
        "/prerequisites/0",
        "/actor",
        "/title",
    }


def test_references_to_nothing_are_named(api: Api, scene: dict[str, int]) -> None:
    registrar = api.as_("registrar")
    refused = registrar.post("/api/courses/", {"code": "A", "title": "A", "credits": 3, "department_id": 999})
    assert refused.status == 400
    assert refused.json["errors"][0]["pointer"] == "/department_id"
    body = {
        "code": "A",
        "title": "A",
        "credits": 3,
        "department_id": scene["department"],
        "prerequisites": [7, 8],
    }
    refused = registrar.post("/api/courses/", body)
    assert [fault["pointer"] for fault in refused.json["errors"]] == ["/prerequisites/0", "/prerequisites/1"]


def test_a_course_never_comes_to_be_required_before_itself(
    api: Api, scene: dict[str, int], university: University
) -> None:
    registrar = api.as_("registrar")
    first, second, third = (university.course(scene["department"]) for _ in range(3))
    assert registrar.patch(f"/api/courses/{second}/", {"prerequisites": [first]}).json["prerequisites"] == [
        first
    ]
    assert registrar.patch(f"/api/courses/{third}/", {"prerequisites": [second]}).status == 200
    named = registrar.get(f"/api/courses/{third}/").json
    of_second = registrar.get(f"/api/courses/{second}/").json["code"]
    assert (named["prerequisite_codes"], named["equivalent_codes"]) == ([of_second], [])
    for course in (first, second):
        refused = registrar.patch(f"/api/courses/{course}/", {"prerequisites": [third]})
        assert (refused.status, refused.code) == (400, "courses.prerequisite_circle")
    assert (
        registrar.patch(f"/api/courses/{first}/", {"prerequisites": [first]}).code
        == "courses.prerequisite_circle"
    )


def test_equivalence_holds_both_ways_and_is_taken_back_both_ways(
    api: Api, scene: dict[str, int], university: University
) -> None:
    registrar = api.as_("registrar")
    old, new = university.course(scene["department"]), university.course(scene["department"])
    registrar.patch(f"/api/courses/{new}/", {"equivalents": [old]})
    assert registrar.get(f"/api/courses/{old}/").json["equivalents"] == [new]
    registrar.patch(f"/api/courses/{old}/", {"equivalents": []})
    assert registrar.get(f"/api/courses/{new}/").json["equivalents"] == []


def test_changed_prerequisites_are_audited_as_changes_of_the_course(
    api: Api, scene: dict[str, int], university: University
) -> None:
    first, second = university.course(scene["department"]), university.course(scene["department"])
    api.as_("registrar").patch(f"/api/courses/{second}/", {"prerequisites": [first]})
    row = university.rows("SELECT * FROM audit WHERE entity = 'course' AND changes ? 'prerequisites'")[0]
    assert row["entity_id"] == second
    assert row["actor_name"] == "Registrar"
    assert row["changes"] == {"prerequisites": [None, [first]]}


def test_a_course_that_was_taught_is_not_deleted(
    api: Api, scene: dict[str, int], university: University
) -> None:
    course = university.course(scene["department"])
    university.section(course, university.term())
    registrar = api.as_("registrar")
    assert registrar.delete(f"/api/courses/{course}/").code == "courses.in_use"
    unused = university.course(scene["department"])
    registrar.patch(f"/api/courses/{unused}/", {"prerequisites": [course]})
    assert registrar.delete(f"/api/courses/{unused}/").status == 204


def test_a_renamed_course_leaves_past_sections_as_they_were(
    api: Api, scene: dict[str, int], university: University
) -> None:
    course = university.course(scene["department"], "CS-1")
    section = university.section(course, university.term())
    assert (
        api.as_("registrar").patch(f"/api/courses/{course}/", {"code": "CS-2", "credits": "4"}).status == 200
    )
    row = university.rows("SELECT course_code, credits FROM section WHERE id = %(id)s", id=section)[0]
    assert (row["course_code"], str(row["credits"])) == ("CS-1", "3.00")


def test_courses_are_searched_filtered_and_ordered(
    api: Api, scene: dict[str, int], university: University
) -> None:
    for code, credits in (("MT-1", 3), ("MT-2", 4), ("PH-1", 3)):
        university.course(scene["department"], code, credits)
    reader = api.as_("faculty")

    def codes(query: str) -> list[str]:
        return [row["code"] for row in reader.get(f"/api/courses/?{query}").json["results"]]

    assert codes("search=course mt") == ["MT-1", "MT-2"]
    assert codes("credits=3&ordering=-code") == ["PH-1", "MT-1"]
    assert reader.get("/api/courses/?colour=red").status == 400
    assert reader.get("/api/courses/?ordering=marks_total").status == 400


def test_a_list_of_courses_takes_two_statements_however_many_there_are(
    api: Api, scene: dict[str, int], university: University
) -> None:
    reader = api.as_("faculty")
    reader.get("/api/courses/")
    for size in (1, 20):
        for _ in range(size):
            university.course(scene["department"])
        with counted() as statements:
            assert reader.get("/api/courses/").status == 200
        assert len(statements) == 2, statements


def test_a_program_that_a_regulation_names_keeps_its_code(
    api: Api, scene: dict[str, int], university: University
) -> None:
    from sims_shared.regulations import default_policy

    program = university.program(scene["department"], "BSCS")
    university.regulation(default_policy(), programs=["BSCS"])
    registrar = api.as_("registrar")
    assert registrar.patch(f"/api/programs/{program}/", {"code": "BCS"}).code == "programs.code_fixed"
    assert (
        registrar.patch(f"/api/programs/{program}/", {"code": "BSCS", "semesters": 10}).json["semesters"]
        == 10
    )
    assert registrar.delete(f"/api/programs/{program}/").code == "programs.in_use"
