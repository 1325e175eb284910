"""`sims server check` over cases: holds after each kind of them, and names what somebody edited."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from sims_server.operations_room.operations.checking import broken_invariants
from tests.server.cases.scene import Calendar, calendar_of, carry, opened
from tests.server.cases.test_incomplete import Winter, incomplete_policy
from tests.support.api import Api
from tests.support.database import TestDatabase
from tests.support.university import University


@pytest.fixture
def calendar(database_url: TestDatabase) -> Iterator[Calendar]:
    with calendar_of(database_url) as calendar:
        calendar.go_to("2025-12-20")
        yield calendar


def _broken(api: Api) -> set[str]:
    return {found.name for found in broken_invariants(api.database)}


def test_the_record_holds_after_cases_and_an_edit_beneath_them_is_found(
    api: Api, university: University, calendar: Calendar, database_url: TestDatabase
) -> None:
    winter = Winter(api, university, incomplete_policy())
    winter.grant()
    winter.publish()
    for day in ("2026-03-17", "2026-04-01"):
        calendar.go_to(day)
        winter.night()
    other = api.as_("examcell").get("/api/results/?outcome=pass").json["results"][0]["id"]
    case = opened(api, kind="correction", changes=[{"result_id": other, "new_grade": "A"}])
    filed = api.as_("faculty").post(
        f"/api/cases/{case['id']}/evidence/", files={"file": ("a.pdf", b"%PDF-1.7")}, data={}
    )
    assert filed.status == 201, filed.content
    carry(api, case["id"])
    course = university.course(winter.scene["department"])
    brought = {"original_course": "English", "original_grade": "B", "course_id": course}
    asked = api.as_("registrar").post(
        "/api/transfers/",
        {
            "registration_id": winter.scene["registrations"][0],
            "term_id": winter.scene["term"],
            "institution": "Example College",
            "reference": "EC/14",
            "courses": [brought],
        },
    )
    for who in ("head", "examcell"):
        signed = api.as_(who).post(f"/api/transfers/{asked.json['id']}/approve/", {"approved": True})
        assert signed.status == 200, signed.content
    before = _broken(api)
    assert not {name for name in before if name.split(".")[0] in ("case", "change", "incomplete", "evidence")}
    assert "result.transferred" not in before
    edits = {
        "change.lapses": "UPDATE result_lapse SET noticed_on = '2026-03-30'",
        "case.together": "UPDATE case_result SET open = true",
        "case.approvals": "UPDATE case_approval a SET approver_id = c.requested_by FROM academic_case c "
        "WHERE c.id = a.case_id",
        "result.transferred": "UPDATE transfer_credit SET credits = 30",
        "evidence.content": "UPDATE case_evidence SET size = 1",
        "incomplete.declared": "UPDATE result SET outcome = 'incomplete' WHERE source = 'computed'",
    }
    with psycopg.connect(database_url.superuser_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = 'replica'")
        for edit in edits.values():
            connection.execute(edit)
    assert set(edits) <= _broken(api)
