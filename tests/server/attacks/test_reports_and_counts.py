"""Holes found in reports, counts of stationery and the audit's standing, each tried again as it was found."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from sims_server.audit.operations import anchoring
from tests.server.results.scene import approve, fill
from tests.server.transcripts.conftest import data, keys, record  # noqa: F401
from tests.support.api import Api
from tests.support.database import TestDatabase, server_connection
from tests.support.published import Record
from tests.support.university import University


@pytest.fixture
def scene(api: Api, university: University) -> dict[str, Any]:
    """A sheet that is approved and not published; one of its students teaches elsewhere."""
    scene = university.stand(students=2)
    fill(university, scene)
    approve(api, scene["section"])
    university.account("assistant", "student", "faculty", student_id=scene["students"][1])
    return scene


def test_a_student_who_teaches_reads_no_draft_of_the_own_in_a_broadsheet(
    api: Api, scene: dict[str, Any]
) -> None:
    path = f"/api/reports/broadsheet/?term_id={scene['term']}&program_id={scene['program']}"
    assert len(api.as_("head").get(path).json["rows"]) == 2

    shown = api.as_("assistant").get(path)

    assert (shown.status, shown.json["rows"], shown.json["courses"]) == (200, [], [])


def test_a_sum_is_read_by_whoever_reads_what_it_sums_up(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    other = university.department("PH")
    for name, scope, permissions in (
        ("sheets", "all", ["sheets.read"]),
        ("rest", "department", ["attendance.read", "enrollments.read", "results.read"]),
    ):
        university.insert("role", name=name, scope=scope, permissions=permissions)
    university.account("sheets_alone", "sheets")
    university.account("elsewhere", "sheets", ("rest", other))
    university.account("here", "sheets", ("rest", scene["department"]))
    university.insert("class_session", section_id=scene["section"], held_on="2026-11-02")

    for report in ("enrollment", "attendance"):
        seen = {
            who: len(api.as_(who).get(f"/api/reports/{report}/").json["lines"])
            for who in ("sheets_alone", "elsewhere", "here")
        }
        assert seen == {"sheets_alone": 0, "elsewhere": 0, "here": 1}, report


def test_who_damages_the_file_of_heads_is_told_of_not_hidden_by_a_fault(
    api: Api,
    university: University,
    data: Any,  # noqa: F811
) -> None:
    university.stand(students=1)
    anchoring.heads_file(data).write_bytes(b'{"kind":"head"}\n\xff[[[\n')

    chain, health = api.as_("auditor").get("/api/audit/chain/"), api.anonymous.get("/health/")

    assert (chain.status, chain.json["head_block"]) == (200, 0)
    assert chain.json["finding"] == "the file of heads outside the database cannot be read"
    assert health.json["components"]["audit"]["status"] == "degraded"
    assert "cannot be read" in health.json["components"]["audit"]["detail"]


@pytest.mark.usefixtures("keys")
def test_a_sheet_that_another_clerk_printed_pays_for_none_of_ones_own(
    api: Api,
    record: Record,  # noqa: F811
    database_url: TestDatabase,
) -> None:
    wanted = {"student_id": record.student, "document": "transcript", "purpose": "visa"}
    serial = api.as_("counter").post("/api/transcripts/issue/", wanted).json["serial"]

    def put(who: str, number: str, outcome: str) -> None:
        body = {"printer": "HP-3", "stock_numbers": [number], "outcome": outcome, "reason": "jam"}
        answer = api.as_(who).post(f"/api/transcripts/issued/{serial}/print/", body)
        assert answer.status == 200, answer.content

    put("registrar", "S-1", "printed")
    put("counter", "S-1", "spoiled")  # of the registrar's pile
    put("counter", "S-2", "spoiled")
    counter = api.as_("counter")

    day = counter.get("/api/stationery/").json
    hidden = counter.post("/api/stationery/count/", {"opening": 10, "remaining": 8})
    honest = counter.post("/api/stationery/count/", {"opening": 10, "remaining": 9})

    assert (day["printed"], day["spoiled"], [one["stock_number"] for one in day["sheets"]]) == (0, 1, ["S-2"])
    assert (hidden.code, hidden.json["expected"]) == ("stationery.differs", 9)
    assert (honest.status, honest.json["spoiled"]) == (201, 1)
    theirs = api.as_("registrar").get("/api/stationery/").json
    assert (theirs["printed"], theirs["spoiled"]) == (0, 1), "it is one sheet, and it was spoiled"

    with server_connection(database_url.app_url) as connection:
        me = honest.json["by"]["id"]
        connection.execute("SELECT set_config('sims.actor', %s, true)", [str(me)])
        with pytest.raises(psycopg.errors.CheckViolation) as refused:
            connection.execute(
                "INSERT INTO stock_count (by_account_id, previous_id, opening, remaining, note) "
                "VALUES (%s, %s, 9, 2, ' ')",
                [me, honest.json["id"]],
            )
        assert refused.value.diag.constraint_name == "ck_stock_count_difference_is_explained"
        connection.rollback()


def test_a_list_of_holds_or_requests_tells_nobody_a_phone_number_that_is_not_theirs_to_read(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    student = scene["students"][1]
    university.run("UPDATE student SET phone = '0300-7654321' WHERE id = %(id)s", id=student)
    university.insert("role", name="desk", scope="all", permissions=["holds.read", "requests.read"])
    university.account("desk_alone", "desk")
    university.account("desk_and_head", "desk", ("head", university.department("PH")))
    held = api.as_("registrar").post(
        "/api/holds/", {"student_id": student, "kind": "library", "reason": "two books"}
    )
    asked = api.as_("counter").post("/api/requests/", {"student_id": student, "type": "transcript"})
    assert (held.status, asked.status) == (201, 201), (held.content, asked.content)

    for path in ("/api/holds/", "/api/requests/"):
        for words, found in (("0300-765", 0), ("7654321", 0), ("Number 2", 1), ("2024-CS-0002", 1)):
            for who in ("desk_alone", "desk_and_head"):
                seen = api.as_(who).get(f"{path}?search={words}").json["results"]
                assert len(seen) == found, (path, who, words)
        assert len(api.as_("registrar").get(f"{path}?search=7654321").json["results"]) == 1
