"""Students over HTTP: who sees whom, and how much."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from sims_server.kernel.actor import SYSTEM_CALLER
from sims_server.kernel.paging import Listing, ListRequest, Search, statement_of
from sims_server.kernel.work import Work
from sims_server.people.queries import REGISTRATIONS, STUDENTS, student_scope
from tests.support.api import Api
from tests.support.database import TestDatabase
from tests.support.query_count import counted
from tests.support.university import University


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=3)


def body(scene: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "name": "Ayesha Khan",
        "reg_no": "007-BSCS-26",
        "program_id": scene["program"],
        "admitted_on": "2026-09-01",
        **more,
    }


PRIVATE = {
    "father_name": "Imran Khan",
    "national_id": "35202-1234567-8",
    "date_of_birth": "2007-03-04",
    "phone": "+92 300 1234567",
    "address": "House 5, Lahore",
}


def test_a_student_is_made_with_the_first_registration(api: Api, scene: dict[str, Any]) -> None:
    made = api.as_("registrar").post("/api/students/", body(scene, name_native="عائشہ خان", **PRIVATE))
    assert made.status == 201, made.json
    assert made.json["reg_no"] == "007-BSCS-26"
    assert (made.json["intake"], made.json["status"]) == ("2026F", "active")
    assert made.json["regulation_id"] == scene["regulation"]
    assert (made.json["cgpa"], made.json["credits_earned"]) == (None, "0.00")
    assert made.json["private"] == "whole"
    registrations = (
        api.as_("registrar").get(f"/api/registrations/?student_id={made.json['id']}").json["results"]
    )
    assert [(row["reg_no"], row["is_current"]) for row in registrations] == [("007-BSCS-26", True)]


def test_spring_begins_in_january(api: Api, scene: dict[str, Any]) -> None:
    registrar = api.as_("registrar")
    spring = registrar.post("/api/students/", body(scene, admitted_on="2026-06-30"))
    autumn = registrar.post("/api/students/", body(scene, reg_no="2", admitted_on="2026-07-01"))
    given = registrar.post("/api/students/", body(scene, reg_no="3", intake="2025S"))
    assert [made.json["intake"] for made in (spring, autumn, given)] == ["2026S", "2026F", "2025S"]


def test_the_regulation_is_the_one_in_force_for_program_and_intake(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    from sims_shared.regulations import default_policy

    policy = default_policy()
    newer = university.regulation(policy, "NEW", 2, intake_from="2026F")
    university.regulation(policy, "NEW", 1, intake_from="2026F")
    university.regulation(policy, "OTHER", 9, intake_from="2026F", programs=["ELSE"])
    registrar = api.as_("registrar")
    before = registrar.post("/api/students/", body(scene, intake="2026S"))
    after = registrar.post("/api/students/", body(scene, reg_no="2"))
    assert before.json["regulation_id"] == scene["regulation"]
    assert after.json["regulation_id"] == newer
    university.run("UPDATE regulation SET status = 'withdrawn', withdrawn_at = now()")
    refused = registrar.post("/api/students/", body(scene, reg_no="3"))
    assert (refused.status, refused.code) == (409, "regulations.none_in_force")


def test_every_fault_of_a_student_is_named_at_once(api: Api, scene: dict[str, Any]) -> None:
    bad = {
        "name": " ",
        "reg_no": "naïve",
        "program_id": "one",
        "intake": "2026X",
        "cgpa": "4.00",
        "is_current": True,
    }
    refused = api.as_("registrar").post("/api/students/", bad)
    assert refused.status == 400
    pointers = {fault["pointer"] for fault in refused.json["errors"]}
    assert pointers == {"/name", "/reg_no", "/program_id", "/intake", "/cgpa", "/is_current", "/admitted_on"}


def test_who_is_not_signed_in_or_lacks_the_permission_is_told_before_any_look_up(
    api: Api, scene: dict[str, Any]
) -> None:
    assert api.anonymous.get("/api/students/").status == 401
    assert api.anonymous.post("/api/students/", {}).status == 401
    for name in (
        "faculty",
        "head",
        "counter",
        "examcell",
        "student",
        "admin",
        "auditor",
        "accounts",
        "office",
    ):
        client = api.as_(name)
        assert client.post("/api/students/", {"nonsense": 1}).status == 403
        assert client.patch("/api/students/999999/", {"nonsense": 1}).status == 403
        assert client.post("/api/registrations/999999/status/", {}).status == 403
    registrar = api.as_("registrar")
    assert registrar.patch("/api/students/999999/", {"nonsense": 1}).status == 404
    assert registrar.patch(f"/api/students/{scene['students'][0]}/", {"nonsense": 1}).status == 400


def test_each_role_sees_the_students_of_its_scope_and_no_others(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    elsewhere = university.student("Far Away")
    other = university.program(university.department("EE"), "BSEE")
    university.registration(elsewhere, other, scene["regulation"], "EE-1")
    mine, first = scene["students"], scene["students"][0]
    everybody = [*mine, elsewhere]
    expected = {
        "registrar": everybody,
        "examcell": everybody,
        "counter": everybody,
        "admin": everybody,
        "auditor": everybody,
        "accounts": everybody,
        "head": mine,
        "dean": mine,
        "office": mine,
        "faculty": mine,
        "faculty2": mine,
        "stranger": [],
        "student": [first],
    }
    for name, ids in expected.items():
        client = api.as_(name)
        assert [row["id"] for row in client.get("/api/students/").json["results"]] == ids, name
        registered = {row["student_id"] for row in client.get("/api/registrations/").json["results"]}
        assert registered == set(ids), name
        for id in everybody:
            assert client.get(f"/api/students/{id}/").status == (200 if id in ids else 404), (name, id)
        assert (
            client.get("/api/students/?search=far").json["results"]
            == (client.get("/api/students/?search=far&reg_no=EE-1").json["results"])
        )


def test_a_teacher_loses_sight_of_a_section_that_was_taken_away(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    faculty = api.as_("faculty")
    assert faculty.get("/api/students/").json["results"]
    university.run("UPDATE section_staff SET until = now()")
    assert faculty.get("/api/students/").json["results"] == []


def test_private_fields_are_whole_masked_or_hidden_by_the_reader(api: Api, scene: dict[str, Any]) -> None:
    id = api.as_("registrar").post("/api/students/", body(scene, **PRIVATE)).json["id"]
    for name in ("registrar", "examcell", "head", "dean", "auditor"):
        shown = api.as_(name).get(f"/api/students/{id}/").json
        assert {field: shown[field] for field in PRIVATE} == PRIVATE, name
    masked = api.as_("counter").get(f"/api/students/{id}/").json
    assert masked["private"] == "masked"
    assert masked["phone"] == "••••67"
    assert masked["national_id"] == "••••-8"
    assert masked["father_name"] == "I••••"
    assert (masked["date_of_birth"], masked["address"]) == (None, "••••")


def test_a_teacher_sees_no_private_field(api: Api, scene: dict[str, Any], university: University) -> None:
    id = scene["students"][1]
    assert api.as_("registrar").patch(f"/api/students/{id}/", PRIVATE).status == 200
    for shown in (
        api.as_("faculty").get(f"/api/students/{id}/").json,
        api.as_("faculty").get("/api/students/?reg_no=2024-CS-0002").json["results"][0],
    ):
        assert shown["private"] == "hidden"
        assert all(shown[field] is None for field in PRIVATE)


def test_private_fields_follow_the_row_for_a_head_who_teaches_elsewhere(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    department = university.department("EE")
    program = university.program(department, "BSEE")
    own = university.student("Own", phone="111")
    university.registration(own, program, scene["regulation"], "EE-1")
    university.run("UPDATE student SET phone = '222' WHERE id = %(id)s", id=scene["students"][0])
    both = university.account("both", ("head", department), "faculty")
    university.insert("section_staff", section_id=scene["section"], account_id=both)
    phones = {row["id"]: row["phone"] for row in api.as_("both").get("/api/students/").json["results"]}
    assert phones[own] == "111"
    assert phones[scene["students"][0]] is None


def test_students_see_their_own_private_fields(api: Api, scene: dict[str, Any]) -> None:
    id = scene["students"][0]
    api.as_("registrar").patch(f"/api/students/{id}/", PRIVATE)
    shown = api.as_("student").get(f"/api/students/{id}/").json
    assert {field: shown[field] for field in PRIVATE} == PRIVATE


def test_search_takes_words_in_any_order_and_any_accent(api: Api, scene: dict[str, Any]) -> None:
    registrar = api.as_("registrar")
    registrar.post("/api/students/", body(scene, name="Zoë Müller", name_native="زوئی", phone="0300-777"))

    def found(search: str) -> int:
        return len(registrar.get("/api/students/", params={"search": search}).json["results"])

    assert [
        found(s) for s in ("mull zoe", "MÜLLER", "زوئی", "007-bscs", "0300-777", "100%", "mull ayesha")
    ] == [
        1,
        1,
        1,
        1,
        1,
        0,
        0,
    ]


def test_a_former_name_stays_findable(api: Api, scene: dict[str, Any]) -> None:
    registrar = api.as_("registrar")
    id = registrar.post("/api/students/", body(scene)).json["id"]
    registrar.patch(f"/api/students/{id}/", {"name": "Ayesha Malik"})
    for search in ("khan", "malik"):
        assert [row["id"] for row in registrar.get(f"/api/students/?search={search}").json["results"]] == [id]


def test_registration_numbers_order_by_code_point(api: Api, scene: dict[str, Any]) -> None:
    registrar = api.as_("registrar")
    for reg_no in ("a-1", "B-1", "010", "9"):
        assert registrar.post("/api/students/", body(scene, reg_no=reg_no)).status == 201
    page = registrar.get("/api/students/?ordering=reg_no&page_size=2")
    found: list[str] = []
    while True:
        found += [row["reg_no"] for row in page.json["results"]]
        if page.json["next"] is None:
            break
        page = registrar.get(page.json["next"])
    assert found == sorted(found)
    assert len(found) == 7


def test_a_stale_if_match_is_refused(api: Api, scene: dict[str, Any]) -> None:
    registrar = api.as_("registrar")
    path = f"/api/students/{scene['students'][0]}/"
    tag = registrar.get(path).headers["etag"]
    changed = registrar.patch(path, {"phone": "1"}, headers={"If-Match": tag})
    assert changed.status == 200
    assert registrar.patch(path, {"phone": "2"}, headers={"If-Match": tag}).status == 412
    assert registrar.patch(path, {"phone": "2"}, headers={"If-Match": changed.headers["etag"]}).status == 200


def test_a_student_is_never_deleted(api: Api, scene: dict[str, Any]) -> None:
    refused = api.as_("registrar").delete(f"/api/students/{scene['students'][0]}/")
    assert (refused.status, refused.code) == (409, "students.in_use")
    assert api.as_("registrar").delete("/api/students/999999/").status == 404


def test_of_many_who_take_the_same_number_one_gets_it(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    clients = [api.as_("registrar") for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda client: client.post("/api/students/", body(scene)), clients))
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409, 409, 409]
    assert {answer.code for answer in answers} == {"", "students.reg_no_taken"}
    assert university.row("SELECT count(*) FROM student WHERE name = 'Ayesha Khan'") == 1


def test_a_student_sent_twice_under_one_key_is_one_student(api: Api, scene: dict[str, Any]) -> None:
    registrar = api.as_("registrar")
    answers = [
        registrar.post("/api/students/", body(scene), headers={"Idempotency-Key": "form-1"}) for _ in range(2)
    ]
    assert [answer.status for answer in answers] == [201, 201]
    assert answers[0].json == answers[1].json
    assert answers[1].headers["idempotent-replay"] == "true"


def test_opening_a_record_is_a_disclosure_and_a_list_is_none(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    id = scene["students"][0]
    api.as_("counter").get("/api/students/")
    api.as_("student").get(f"/api/students/{id}/")
    assert university.rows("SELECT * FROM disclosure") == []
    api.as_("counter").get(f"/api/students/{id}/")
    rows = university.rows("SELECT actor_id, student_id, what FROM disclosure")
    assert rows == [{"actor_id": scene["counter"], "student_id": id, "what": "student"}]


def test_a_page_of_students_takes_two_statements_for_every_role(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    for name in ("registrar", "counter", "head", "faculty"):
        client = api.as_(name)
        client.get("/api/students/")
        with counted() as statements:
            client.get("/api/students/?page_size=3&search=student")
        assert len(statements) == 2, (name, statements)


def test_a_page_of_students_is_an_index_walk_and_a_search_asks_the_trigram_index(
    api: Api, scene: dict[str, Any], university: University, database_url: TestDatabase
) -> None:
    with psycopg.connect(database_url.owner_url, autocommit=True) as connection:
        connection.execute("INSERT INTO student (name) SELECT md5(n::text) FROM generate_series(1, 30000) n")
        connection.execute(
            "INSERT INTO registration (student_id, program_id, regulation_id, reg_no, intake, admitted_on) "
            "SELECT id, %(program)s, %(regulation)s, 'R-' || id, '2026F', '2026-09-01' FROM student "
            "WHERE id > %(last)s",
            {"program": scene["program"], "regulation": scene["regulation"], "last": scene["students"][-1]},
        )
        connection.execute("ANALYZE student, registration")
    _, values = student_scope(SYSTEM_CALLER)

    def plan(conditions: str, order: str) -> str:
        sql = f"EXPLAIN {STUDENTS.select()} {conditions} ORDER BY {order} LIMIT 51"
        return "\n".join(str(row["QUERY PLAN"]) for row in university.rows(sql, **values))

    for order in ("s.id", "r.reg_no, s.id", 's.name COLLATE "C", s.id'):
        found = plan("", order)
        assert "Seq Scan" not in found, found
    assert callable(STUDENTS.search)
    search = STUDENTS.search(SYSTEM_CALLER)
    assert isinstance(search, Search)
    for order in ("s.id", "r.reg_no, s.id"):
        found = plan("WHERE " + search.words.format("folded('%%abc12%%')"), order)
        assert "ix_student_search_text" in found, found
        found = plan("WHERE " + search.numbers.format("folded('%%R-12345%%')", "'r-12345'"), order)
        assert "student_number_pkey" in found, found
        assert "ix_student_search_text" not in found, found

    # And a page far down begins in the index, and does not read the table before it, in every order.
    for listing in (STUDENTS, REGISTRATIONS):
        for order in listing.every_order:
            for sign in ("", "-"):
                first, deep = _blocks_read(api, listing, f"{sign}{order}", 20_000)
                assert deep <= 2 * first + 50, (listing.entity, sign, order, first, deep)


def _blocks_read(api: Api, listing: Listing, order: str, depth: int) -> tuple[int, int]:
    """How many blocks the first page touches, and the one after `depth` rows."""

    def read(work: Work, _: None) -> tuple[int, int]:
        values = listing.scope(work.caller)[1]
        by = listing.every_order[order.lstrip("-")].sql
        way = "DESC" if order.startswith("-") else "ASC"
        where = f"WHERE {listing.where}" if listing.where else ""
        last = work.row(
            f"SELECT ({by})::text AS value, {listing.key} AS id FROM {listing.source} {where} "
            f"ORDER BY {by} {way}, {listing.key} {way} OFFSET {depth} LIMIT 1",
            **values,
        )
        assert last is not None
        blocks = []
        for after in (None, (last["value"], last["id"])):
            request = ListRequest({}, [], order.lstrip("-"), order.startswith("-"), after, 50, False)
            page: dict[str, Any] = {"limit": 51}
            if after is not None:
                page |= {"after": after[0], "after_id": after[1]}
            lines = work.rows(
                f"EXPLAIN (ANALYZE, BUFFERS) {statement_of(listing, request, '', None)}", **page, **values
            )
            touched = next(line["QUERY PLAN"] for line in lines if "Buffers:" in line["QUERY PLAN"])
            blocks.append(sum(int(count) for count in re.findall(r"(?:hit|read)=(\d+)", touched)))
        return blocks[0], blocks[1]

    found: tuple[int, int] = api.run(read, None)
    return found
