"""Office orders about a registration: which may follow which, on which day, and what follows from them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sims_server.kernel import clock
from sims_server.people.operations import apply_orders_due
from sims_server.people.rules import MOVES, check_completes, check_order, status_after
from sims_shared.people import CreditsWanting, WrongRegistrationStatus
from sims_shared.problems import InvalidInput
from tests.support.api import Api, Reply
from tests.support.university import University

ADMITTED = date(2024, 9, 1)


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=2)


def order(api: Api, scene: dict[str, Any], status: str, day: date | str, **more: Any) -> Reply:
    body = {"status": status, "effective_on": str(day), "order_no": "REG/7", "reason": "ordered", **more}
    return api.as_("registrar").post(f"/api/registrations/{scene['registrations'][0]}/status/", body)


def test_every_status_has_its_ways_on_and_none_leads_to_itself() -> None:
    assert len(MOVES) == 10
    for status, further in MOVES.items():
        assert status not in further
        assert further <= set(MOVES)


def test_an_order_leads_only_where_the_status_may_lead(api: Api, scene: dict[str, Any]) -> None:
    assert order(api, scene, "struck_off", "2026-10-01").json["status"] == "struck_off"
    refused = order(api, scene, "graduated", "2026-10-02")
    assert (refused.status, refused.code) == (409, "registrations.wrong_state")
    assert refused.json["status_then"] == "struck_off"
    assert "active" in refused.json["detail"]
    assert order(api, scene, "struck_off", "2026-10-03").code == "registrations.wrong_state"
    assert order(api, scene, "active", "2026-10-04").json["status"] == "active"
    assert order(api, scene, "active", "2024-08-31").status == 400  # before the admission


@pytest.mark.parametrize("status", ["struck_off", "suspended", "on_leave", "withdrawn", "dismissed"])
def test_who_is_not_active_enrolls_in_nothing(
    api: Api, university: University, scene: dict[str, Any], status: str
) -> None:
    section = university.section(university.course(scene["department"]), scene["term"])
    assert order(api, scene, status, "2026-10-01").status == 200
    registrar, body = api.as_("registrar"), {"student_id": scene["students"][0]}
    refused = registrar.post(f"/api/sections/{section}/enroll/", body)
    assert refused.status == 409, refused.content
    assert status in refused.json["detail"]
    assert order(api, scene, "active", "2026-11-01").status == 200
    assert registrar.post(f"/api/sections/{section}/enroll/", body).status == 201


def test_who_lacks_credits_completes_only_by_a_numbered_order(api: Api, scene: dict[str, Any]) -> None:
    refused = order(api, scene, "completed", "2026-10-01", order_no="")
    assert (refused.status, refused.code) == (409, "registrations.credits_wanting")
    assert "0.00 of 130.00" in refused.json["detail"]
    assert order(api, scene, "completed", "2026-10-01").json["status"] == "completed"
    assert order(api, scene, "graduated", "2026-10-02").json["status"] == "graduated"
    assert order(api, scene, "on_leave", "2026-10-03").code == "registrations.wrong_state"


def test_an_order_for_an_earlier_day_fits_in_before_those_that_follow(
    api: Api, scene: dict[str, Any]
) -> None:
    assert order(api, scene, "on_leave", "2026-02-01").json["status"] == "on_leave"
    assert order(api, scene, "active", "2026-09-01").json["status"] == "active"
    late = order(api, scene, "struck_off", "2026-05-01")
    assert (late.status, late.json["status"]) == (200, "active")
    # On 1 March it was on leave still, and from there nobody graduates; nor may what ends it come before.
    assert order(api, scene, "graduated", "2026-03-01").json["status_then"] == "on_leave"
    assert order(api, scene, "graduated", "2025-12-01").code == "registrations.wrong_state"
    shown = api.as_("registrar").get(f"/api/registrations/{scene['registrations'][0]}/").json
    assert [entry["status"] for entry in shown["orders"]] == ["on_leave", "active", "struck_off"]


def test_what_a_registration_was_before_its_first_order_is_remembered(
    api: Api, university: University, scene: dict[str, Any]
) -> None:
    university.run(
        "UPDATE registration SET status = 'provisional' WHERE id = %(id)s", id=scene["registrations"][0]
    )
    assert order(api, scene, "active", "2026-10-01").json["status"] == "active"
    assert order(api, scene, "on_leave", "2026-09-01").json["status_then"] == "provisional"


def test_an_order_for_a_day_to_come_takes_effect_on_that_day(
    api: Api, scene: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    today = clock.now()
    ahead = (today + timedelta(days=5)).date()
    assert order(api, scene, "on_leave", ahead).json["status"] == "active"
    assert api.run(apply_orders_due, None) == {"registrations": 0}
    monkeypatch.setattr(clock, "now", lambda: today + timedelta(days=6))
    assert api.run(apply_orders_due, None) == {"registrations": 1}
    assert api.run(apply_orders_due, None) == {"registrations": 0}
    shown = api.run(
        lambda work, _: work.value(
            "SELECT status FROM registration WHERE id = %(id)s", id=scene["registrations"][0]
        ),
        None,
    )
    assert shown == "on_leave"


def test_the_rules_alone() -> None:
    day = date(2026, 1, 10)
    orders = [(day, 1, "on_leave"), (date(2026, 6, 1), 2, "active")]
    assert status_after(orders, date(2026, 1, 9), "active") == "active"
    assert status_after(orders, day, "active") == "on_leave"
    assert status_after(orders, date(2026, 6, 1), "active") == "active"
    check_order(orders, "struck_off", date(2026, 2, 1), ADMITTED, "active")
    with pytest.raises(WrongRegistrationStatus):
        check_order(orders, "completed", date(2026, 2, 1), ADMITTED, "active")
    with pytest.raises(WrongRegistrationStatus):
        check_order(orders, "cancelled", date(2026, 1, 1), ADMITTED, "active")  # leave follows it
    with pytest.raises(InvalidInput):
        check_order(orders, "on_leave", date(2024, 8, 31), ADMITTED, "active")
    with pytest.raises(CreditsWanting):
        check_completes("completed", Decimal(129), Decimal(130), " ")
    check_completes("completed", Decimal(130), Decimal(130), "")


def test_a_further_registration_is_admitted_today_unless_said(api: Api, scene: dict[str, Any]) -> None:
    body = {"student_id": scene["students"][0], "program_id": scene["program"], "reg_no": "AGAIN-1"}
    made = api.as_("registrar").post("/api/registrations/", body)
    assert made.status == 201, made.content
    assert date.fromisoformat(made.json["admitted_on"]) - clock.now().date() <= timedelta(days=1)
