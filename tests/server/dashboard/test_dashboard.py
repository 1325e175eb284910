"""The first page of each role's window."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.api import Api
from tests.support.query_count import counted
from tests.support.university import University


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=2)


def cards(api: Api, name: str) -> dict[str, int]:
    answer = api.as_(name).get("/api/dashboard/")
    assert answer.status == 200, (name, answer.json)
    return {card["key"]: card["count"] for card in answer.json["cards"]}


def test_each_role_is_shown_what_waits_for_it(api: Api, scene: dict[str, Any]) -> None:
    assert api.anonymous.get("/api/dashboard/").status == 401
    assert cards(api, "faculty") == {"my_open_sheets": 1, "my_returned_sheets": 0}
    assert cards(api, "stranger") == {"my_open_sheets": 0, "my_returned_sheets": 0}
    assert cards(api, "head") == {"sheets_to_approve": 0, "changes_to_approve": 0}
    assert set(cards(api, "registrar")) == {
        "changes_to_approve",
        "sections_to_publish",
        "names_to_confirm",
        "requests_to_decide",
        "requests_to_complete",
        "requests_uncollected",
        "open_holds",
        "bulk_reading",
        "power_given",
        "past_the_server",
    }
    assert cards(api, "student") == {"my_holds": 0, "my_requests": 0}
    for name in ("admin", "dean", "office", "accounts", "counter", "auditor", "examcell"):
        cards(api, name)


def test_a_submitted_sheet_waits_for_the_head_and_not_for_who_teaches_it(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    university.run(
        "UPDATE sheet SET state = 'submitted', submitted_by = %(by)s, submitted_at = now()",
        by=scene["faculty"],
    )
    assert cards(api, "head")["sheets_to_approve"] == 1
    assert cards(api, "examcell")["sheets_to_approve"] == 1
    assert cards(api, "faculty")["my_open_sheets"] == 0
    words = {"reason": "Page 7 was not added up"}
    assert api.as_("head").post(f"/api/sheets/{scene['section']}/return/", words).status == 200
    assert cards(api, "faculty") == {"my_open_sheets": 1, "my_returned_sheets": 1}
    university.run(
        "UPDATE sheet SET state = 'submitted', submitted_by = %(by)s, submitted_at = now()",
        by=scene["faculty"],
    )
    assert cards(api, "faculty")["my_returned_sheets"] == 0
    other = university.department("EE")
    university.account("otherhead", ("head", other))
    assert cards(api, "otherhead")["sheets_to_approve"] == 0
    university.insert("section_staff", section_id=scene["section"], account_id=scene["head"])
    assert cards(api, "head")["sheets_to_approve"] == 0


def test_requests_and_holds_are_counted_for_who_acts_on_them(api: Api, scene: dict[str, Any]) -> None:
    asked = {"student_id": scene["students"][0], "type": "noc"}
    api.as_("student").post("/api/requests/", asked)
    made = api.as_("counter").post("/api/requests/", asked)
    api.as_("registrar").post(f"{made.headers['location']}transition/", {"status": "approved"})
    for kind in ("fee", "library"):
        hold = {"student_id": scene["students"][0], "kind": kind, "reason": "due"}
        api.as_("registrar").post("/api/holds/", hold)
    assert cards(api, "registrar")["requests_to_decide"] == 1
    assert cards(api, "counter")["requests_to_complete"] == 1
    assert cards(api, "registrar")["open_holds"] == 2
    assert cards(api, "accounts")["open_holds"] == 1
    assert cards(api, "student") == {"my_holds": 2, "my_requests": 2}


def test_a_failed_job_is_an_alarm_until_the_same_work_succeeds_or_a_week_is_over(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    def alarms() -> int:
        cards = api.as_("admin").get("/api/dashboard/").json["cards"]
        return next(int(card["count"]) for card in cards if card["key"] == "failed_jobs")

    university.insert("job", kind="backups.take", status="failed")
    university.insert("job", kind="imports.commit", status="failed", arguments={"import_id": 1})
    assert alarms() == 2
    university.insert("job", kind="imports.commit", status="done", arguments={"import_id": 2})
    assert alarms() == 2, "another file is no remedy"
    university.insert("job", kind="backups.take", status="done")
    assert alarms() == 1
    university.run("UPDATE job SET finished_at = now() - interval '8 days' WHERE status = 'failed'")
    assert alarms() == 0


def test_a_student_sees_how_it_stands(api: Api, scene: dict[str, Any]) -> None:
    shown = api.as_("student").get("/api/dashboard/").json
    assert shown["own"]["reg_no"] == "2024-CS-0001"
    assert shown["own"]["cgpa"] is None
    assert [term["name"] for term in shown["terms"]] == ["Fall 2026"]
    assert api.as_("registrar").get("/api/dashboard/").json["own"] is None


def test_the_first_page_asks_three_statements(api: Api, scene: dict[str, Any]) -> None:
    registrar = api.as_("registrar")
    with counted() as statements:
        registrar.get("/api/dashboard/")
    assert len(statements) == 3
