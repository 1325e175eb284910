"""A status order with the enrollments it ends: foreseen, then done in one piece or not at all."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from sims_server.kernel import clock
from tests.support.api import Api, Reply
from tests.support.university import University


@pytest.fixture
def scene(api: Api, university: University) -> dict[str, Any]:
    """The usual sheet, and a second course whose sheet is with the head already."""
    scene = university.stand(students=2)
    course = university.course(scene["department"], "CS-900")
    other = university.section(course, scene["term"], "A", 50, (scene["faculty"],))
    second = university.enrollment(scene["registrations"][0], other)
    university.score(second, university.assessment(other, "Final", "final", 100, 100), 60)
    rev = api.as_("faculty").get(f"/api/sheets/{other}/").json["rev"]
    assert api.as_("faculty").post(f"/api/sheets/{other}/submit/", {"rev": rev}).status == 200
    return {**scene, "second": second}


def say(api: Api, scene: dict[str, Any], verb: str, day: date | str = "2026-10-12", **more: Any) -> Reply:
    path = f"/api/registrations/{scene['registrations'][0]}/{verb}/"
    body = {"status": "on_leave", "effective_on": str(day), "order_no": "R/17", "reason": "Illness", **more}
    return api.as_("registrar").post(path, body)


def statuses(university: University, scene: dict[str, Any]) -> list[str]:
    rows = university.rows(
        "SELECT status FROM enrollment WHERE registration_id = %(id)s ORDER BY id",
        id=scene["registrations"][0],
    )
    return [row["status"] for row in rows]


def test_the_preview_names_what_runs_and_changes_nothing(
    api: Api, university: University, scene: dict[str, Any]
) -> None:
    foreseen = say(api, scene, "preview-status")
    assert foreseen.status == 200, foreseen.content
    said = foreseen.json
    assert (said["status_now"], said["status"], said["in_effect"]) == ("active", "on_leave", True)
    assert said["may_enroll"] is False
    free, bound = said["enrollments"]
    assert (free["id"], free["refusal"]) == (scene["enrollments"][0], "")
    assert (bound["course_code"], "submitted" in bound["refusal"]) == ("CS-900", True)
    assert statuses(university, scene) == ["enrolled", "enrolled"]
    assert university.row("SELECT count(*) FROM registration_order") == 0
    later = say(api, scene, "preview-status", clock.today("Asia/Karachi") + timedelta(days=9)).json
    assert (later["status"], later["in_effect"], later["may_enroll"]) == ("active", False, True)
    refused = say(api, scene, "preview-status", status="graduated", order_no="")
    assert (refused.status, refused.code) == (409, "registrations.credits_wanting")


def test_the_order_and_its_withdrawals_are_one_act(
    api: Api, university: University, scene: dict[str, Any]
) -> None:
    first = scene["enrollments"][0]
    university.run("UPDATE term SET withdraw_until = '2026-09-20', drop_until = '2026-09-10'")
    whole = say(api, scene, "status-and-withdraw", enrollment_ids=[first, scene["second"]])
    assert (whole.status, whole.code) == (409, "enrollment.sheet_closed")
    assert statuses(university, scene) == ["enrolled", "enrolled"], "all of it or nothing"
    assert university.row("SELECT status FROM registration ORDER BY id LIMIT 1") == "active"
    done = say(api, scene, "status-and-withdraw", enrollment_ids=[first])
    assert done.status == 200, done.content
    assert (done.json["status"], len(done.json["orders"])) == ("on_leave", 1)
    assert statuses(university, scene) == ["withdrawn", "enrolled"]
    kept = university.row("SELECT end_reason FROM enrollment WHERE id = %(id)s", id=first)
    assert kept == "Order R/17 of 2026-10-12, on leave: Illness"
    aside = api.as_("registrar").get("/api/enrollments/overrides/").json["results"]
    assert [one["code"] for one in aside] == ["enrollment.withdraw_closed"], "the last day was set aside"


def test_nothing_ends_before_its_day_and_nothing_of_another(
    api: Api, university: University, scene: dict[str, Any]
) -> None:
    tomorrow = clock.today("Asia/Karachi") + timedelta(days=1)
    mine, others = scene["enrollments"]
    refused = say(api, scene, "status-and-withdraw", tomorrow, enrollment_ids=[mine, others])
    assert refused.status == 400, refused.content
    assert [fault["pointer"] for fault in refused.json["errors"]] == ["/enrollment_ids/1", "/enrollment_ids"]
    assert statuses(university, scene) == ["enrolled", "enrolled"]


def test_an_order_asks_for_the_one_time_code_that_a_withdrawal_asks_for(
    api: Api, university: University, scene: dict[str, Any]
) -> None:
    university.setting("security.otp_permissions", "enrollments.enroll")
    university.setting("security.require_otp", True)
    named = scene["enrollments"][:1]

    refused = say(api, scene, "status-and-withdraw", enrollment_ids=named)
    foreseen = say(api, scene, "preview-status").json["enrollments"]

    assert (refused.status, refused.code) == (403, "auth.otp_enrollment_required")
    assert all(row["refusal"] for row in foreseen)
    assert statuses(university, scene) == ["enrolled", "enrolled"]
    assert say(api, scene, "status-and-withdraw").status == 200, "the order itself asks for none"
