"""The audit over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sims_server.audit.operations.disclosing import raise_alarms
from sims_server.audit.operations.sealing import seal_and_anchor
from sims_server.audit.operations.verifying import verify_new
from sims_server.audit.rules import in_words
from tests.support.api import Api
from tests.support.query_count import counted
from tests.support.university import University


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=2)


def test_a_change_is_told_with_who_what_and_old_and_new(api: Api, scene: dict[str, Any]) -> None:
    id = scene["students"][0]
    changed = api.as_("registrar").patch(f"/api/students/{id}/", {"email": "a@example.edu"})
    entry = api.as_("auditor").get("/api/audit/").json["results"][0]
    assert entry["actor"] == {"id": scene["registrar"], "name": "Registrar"}
    assert (entry["action"], entry["entity"], entry["entity_id"]) == ("students.change", "student", id)
    assert (entry["method"], entry["path"].rstrip("/")) == ("PATCH", f"/api/students/{id}")
    assert entry["changes"] == {"email": [None, "a@example.edu"]}
    assert entry["request_id"] == changed.headers["x-request-id"]
    assert entry["summary"] == f"Registrar changed student {id}: email from nothing to a@example.edu"
    assert api.as_("auditor").get(f"/api/audit/{entry['id']}/").json == entry


def test_decimals_are_told_as_they_were_recorded(api: Api, scene: dict[str, Any]) -> None:
    api.as_("registrar").patch(f"/api/courses/{scene['course']}/", {"credits": "4.50"})
    entry = api.as_("admin").get("/api/audit/?entity=course&action=courses.change").json["results"][0]
    assert entry["changes"] == {"credits": ["3.00", "4.50"]}


def test_the_newest_come_first_and_every_filter_narrows(api: Api, scene: dict[str, Any]) -> None:
    registrar, admin = api.as_("registrar"), api.as_("admin")
    first, second = scene["students"]
    for id in (first, second):
        registrar.patch(f"/api/students/{id}/", {"email": "x@example.edu"})
    place = {"student_id": first, "kind": "fee", "reason": "due"}
    api.as_("accounts").post("/api/holds/", place)

    def found(query: str) -> list[tuple[str, int]]:
        rows = admin.get(f"/api/audit/?{query}").json["results"]
        return [(row["entity"], row["entity_id"]) for row in rows]

    assert found("page_size=3") == [("hold", 1), ("student", second), ("student", first)]
    assert found(f"actor={scene['registrar']}") == [("student", second), ("student", first)]
    assert found(f"entity=student&entity_id={first}&method=PATCH") == [("student", first)]
    assert found("action=holds.place") == [("hold", 1)]
    assert found("method=POST") == [("hold", 1)]
    assert found("actor=999999") == []


def test_from_and_to_take_moments_and_campus_days(api: Api, scene: dict[str, Any]) -> None:
    api.as_("registrar").patch(f"/api/students/{scene['students'][0]}/", {"email": "x@example.edu"})
    admin = api.as_("admin")

    def count(**query: str) -> int:
        return int(
            admin.get("/api/audit/", params={"method": "PATCH", "count": "true", **query}).json["count"]
        )

    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    assert count(**{"from": (now - hour).isoformat(), "to": (now + hour).isoformat()}) == 1
    assert count(**{"from": (now + hour).isoformat()}) == 0
    assert count(to=(now - hour).isoformat()) == 0
    campus = (now + timedelta(hours=5)).date()
    assert count(**{"from": campus.isoformat(), "to": campus.isoformat()}) == 1
    assert count(to=(campus - timedelta(days=1)).isoformat()) == 0
    for bad in ("yesterday", "2026-02-30", "2026-01-01T00:00:00"):
        assert admin.get("/api/audit/", params={"from": bad}).status == 400


def test_only_those_who_audit_read_it_and_nobody_writes(api: Api, scene: dict[str, Any]) -> None:
    assert api.anonymous.get("/api/audit/").status == 401
    for name in ("faculty", "head", "dean", "examcell", "counter", "accounts", "student", "office"):
        assert api.as_(name).get("/api/audit/").status == 403
    admin = api.as_("admin")
    assert admin.get("/api/audit/999999999/").status == 404
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert admin.request(method, "/api/audit/1/").status == 405


def test_private_fields_are_not_found_in_the_audit_by_who_may_not_see_them(
    api: Api, scene: dict[str, Any]
) -> None:
    id = scene["students"][0]
    # No shipped role reads the audit without the private fields; a university may make one.
    api.as_("admin").post("/api/roles/", {"name": "reviewer", "permissions": ["audit.read"]})
    University(api.database).account("reviewer", "reviewer")
    api.as_("registrar").patch(f"/api/students/{id}/", {"phone": "0300-1234567", "email": "e@example.edu"})
    query = f"/api/audit/?entity=student&entity_id={id}&method=PATCH"
    assert api.as_("auditor").get(query).json["results"][0]["changes"]["phone"] == [None, "0300-1234567"]
    masked = api.as_("reviewer").get(query)
    assert masked.json["results"][0]["changes"] == {"phone": ["…", "…"], "email": [None, "e@example.edu"]}
    assert b"1234567" not in masked.content


def test_whoever_writes_by_hand_is_audited_too(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    university.run("UPDATE student SET email = 'hand@example.edu' WHERE id = %(id)s", id=scene["students"][0])
    entry = api.as_("auditor").get("/api/audit/?entity=student").json["results"][0]
    assert entry["actor"] == {"id": None, "name": "database:sims_app"}


def test_pages_of_the_audit_do_not_overlap_while_it_grows(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    admin = api.as_("admin")
    page = admin.get("/api/audit/?page_size=5").json
    university.run("UPDATE student SET email = 'more@example.edu'")
    with counted() as statements:
        following = admin.get(page["next"]).json
    assert len(statements) == 2
    assert following["results"][0]["id"] == page["results"][-1]["id"] - 1


def test_a_summary_stays_short() -> None:
    changes = {name: ["a" * 100, None] for name in ("one", "two", "three", "four", "five")}
    said = in_words("Registrar", "update", "term_result", 4, changes)
    assert said.startswith("Registrar changed term result 4: one from aaa")
    assert said.endswith("to nothing and 2 more")
    assert in_words("system", "insert", "hold", None, {}) == "system added hold"


def test_a_summary_tells_values_not_structures() -> None:
    heads = [{"code": "theory", "obtained": "33.25"}]
    changes: dict[str, list[Any]] = {
        "heads": [heads, []],
        "frozen_at": [None, "2026-11-23T15:23:39Z"],
        "grade": ["F", "A-"],
    }
    assert in_words("Tariq", "update", "result", 4, changes) == (
        "Tariq changed result 4: grade from F to A- and 2 more"
    )
    assert in_words("Tariq", "update", "result", 4, {"heads": [heads, []]}) == "Tariq changed result 4: heads"


def test_how_the_chain_stands_is_told_to_whoever_audits(api: Api, scene: dict[str, Any]) -> None:
    def chain() -> dict[str, Any]:
        told = api.as_("auditor").get("/api/audit/chain/")
        assert told.status == 200, told.content
        found: dict[str, Any] = told.json
        return found

    before = chain()
    assert (before["blocks"], before["verified_at"], before["not_audited"]) == (0, None, [])
    assert before["unsealed_since"] is not None
    seal_and_anchor(api.database, api.data)
    verify_new(api.database, api.data)
    after = chain()
    assert after["blocks"] == after["verified_block"] == after["head_block"] > 0
    assert (after["finding"], after["unsealed_since"]) == (None, None)
    assert api.as_("head").get("/api/audit/chain/").status == 403


def test_an_entry_names_whose_record_or_account_it_is(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    admin, student = api.as_("admin"), scene["students"][0]
    api.as_("registrar").patch(f"/api/students/{student}/", {"email": "a@example.edu"})
    held = {"student_id": student, "kind": "library", "reason": "two books"}
    hold = api.as_("registrar").post("/api/holds/", held).json["id"]
    api.as_("registrar").post(f"/api/holds/{hold}/lift/", {"reason": "brought back"})
    grants = [{"role": "head", "department_id": scene["department"]}]
    for wanted in ({"roles": grants}, {"password": "a long new one"}):
        admin.patch(f"/api/accounts/{scene['counter']}/", wanted)
    university.setting("disclosures.students_an_hour", 0)
    api.as_("registrar").get(f"/api/students/{student}/")
    raise_alarms(api.database, api.data)
    found = api.as_("auditor").get("/api/audit/?page_size=40").json["results"]
    told = {(one["entity"], one["summary"]): (one["student_id"], one["named"]) for one in found}
    assert (student, "Student Number 1") in [
        whose for (entity, said), whose in told.items() if entity == "hold" and "changed" in said
    ]
    assert told["power_alarm", "Admin gave Counter the role head"] == (None, "Counter")
    assert told["power_alarm", "Admin set the password of Counter, who holds head"] == (None, "Counter")
    bulk = "Registrar opened 1 students within an hour; 0 are allowed"
    assert told["disclosure_alarm", bulk] == (None, "Registrar")
    assert {one["named"] for one in found if one["entity"] == "student"} == {
        "Student Number 1",
        "Student Number 2",
    }
