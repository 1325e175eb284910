"""A role that was lent, used by whom it was lent to when it should be worth nothing: over HTTP and in psql.

A delegation is worth what its lender's own role is worth that day at the campus. Whoever has it keeps a
session, a page that was opened yesterday and a database password; none of them keeps the role.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from sims_server.kernel import clock
from tests.server.results.scene import fill, publish
from tests.support.api import Api, Client
from tests.support.database import TestDatabase, server_connection
from tests.support.university import University

ZONE = "Asia/Karachi"


@pytest.fixture
def place(university: University) -> dict[str, Any]:
    place = university.stand(students=1)
    fill(university, place)
    return place


def lend(api: Api, place: dict[str, Any], first: int = 0, last: int = 30) -> str:
    today = clock.today(ZONE)
    body = {
        "to": place["stranger"], "role": "head", "department_id": place["department"], "reason": "Away",
        "from": str(today + timedelta(days=first)), "until": str(today + timedelta(days=last)),
    }  # fmt: skip
    made = api.as_("head").post("/api/delegations/", body)
    assert made.status == 201, made.json
    return f"/api/delegations/{made.json['id']}/"


def submit(api: Api, section: int) -> int:
    teacher = api.as_("faculty")
    rev = teacher.get(f"/api/sheets/{section}/").json["rev"]
    answer = teacher.post(f"/api/sheets/{section}/submit/", {"rev": rev})
    assert answer.status == 200, answer.json
    return int(answer.json["rev"])


STOPPED = {"ck_sheet_approver_may_approve", "ck_sheet_not_approved_in_its_teachers_place"}
BY_HAND = (
    "UPDATE sheet SET state = 'approved', approved_by = %(stranger)s, approved_at = now() "
    "WHERE section_id = %(section)s"
)


def tries_everything(colleague: Client, place: dict[str, Any], rev: int, url: str) -> list[str]:
    """What a head may and a stranger may not, and which of it was carried out."""
    section, done = place["section"], []
    asked = (
        ("GET", f"/api/sheets/{section}/", None),
        ("GET", f"/api/students/{place['students'][0]}/", None),
        ("POST", f"/api/sheets/{section}/return/", {"reason": "mine now"}),
        ("POST", f"/api/sheets/{section}/approve/", {"rev": rev}),
        ("POST", "/api/delegations/", {
            "to": place["faculty2"], "role": "head", "department_id": place["department"], "reason": "On",
            "until": str(clock.today(ZONE)),
        }),
    )  # fmt: skip
    for method, path, body in asked:
        answer = colleague.request(method, path, json=body)
        assert answer.status < 500, answer.content
        if answer.status < 400:
            done.append(f"{method} {path}")
    with server_connection(url) as connection, pytest.raises(psycopg.errors.CheckViolation) as stopped:
        connection.execute(BY_HAND, place)
    assert stopped.value.diag.constraint_name in STOPPED
    return done


def patched(api: Api, account: int, **fields: Any) -> None:
    answer = api.as_("admin").patch(f"/api/accounts/{account}/", fields)
    assert answer.status == 200, answer.json


def of_head(place: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    return [{"role": "head", "department_id": place["department"], **more}]


Loss = Callable[[Api, dict[str, Any], str], None]


def the_lender_is_no_head_any_more(api: Api, place: dict[str, Any], path: str) -> None:
    patched(api, place["head"], roles=[{"role": "faculty"}])


def the_lender_is_head_of_another_department(api: Api, place: dict[str, Any], path: str) -> None:
    other = api.as_("registrar").post("/api/departments/", {"code": "ZZ", "name": "Zoology"}).json["id"]
    patched(api, place["head"], roles=[{"role": "head", "department_id": other}])


def the_lenders_own_term_of_office_ended_yesterday(api: Api, place: dict[str, Any], path: str) -> None:
    patched(api, place["head"], roles=of_head(place, valid_until=str(clock.today(ZONE) - timedelta(days=1))))


def the_lenders_own_term_of_office_begins_tomorrow(api: Api, place: dict[str, Any], path: str) -> None:
    patched(api, place["head"], roles=of_head(place, valid_from=str(clock.today(ZONE) + timedelta(days=1))))


def the_lender_is_disabled(api: Api, place: dict[str, Any], path: str) -> None:
    patched(api, place["head"], disabled=True)


def the_lender_took_it_back(api: Api, place: dict[str, Any], path: str) -> None:
    assert api.as_("head").post(f"{path}revoke/").status == 200


def the_role_itself_lost_the_power(api: Api, place: dict[str, Any], path: str) -> None:
    admin = api.as_("admin")
    role = next(one for one in admin.get("/api/roles/").json["results"] if one["name"] == "head")
    assert admin.patch(f"/api/roles/{role['id']}/", {"permissions": ["catalog.read"]}).status == 200


LOSSES: tuple[Loss, ...] = (
    the_lender_is_no_head_any_more, the_lender_is_head_of_another_department,
    the_lenders_own_term_of_office_ended_yesterday, the_lenders_own_term_of_office_begins_tomorrow,
    the_lender_is_disabled, the_lender_took_it_back, the_role_itself_lost_the_power,
)  # fmt: skip


@pytest.mark.parametrize("loss", LOSSES)
def test_a_lent_role_is_worth_what_its_lenders_own_is(
    api: Api, university: University, place: dict[str, Any], database_url: TestDatabase, loss: Loss
) -> None:
    colleague, rev = api.as_("stranger"), submit(api, place["section"])
    before = tries_everything(colleague, place, rev, database_url.app_url)
    assert before == [], "or the test would prove nothing"
    path = lend(api, place)
    assert colleague.get(f"/api/sheets/{place['section']}/").status == 200
    loss(api, place, path)
    assert tries_everything(colleague, place, rev, database_url.app_url) == []


@pytest.mark.parametrize(("first", "last"), [(1, 5), (1, 1)])
def test_a_role_lent_from_tomorrow_is_worth_nothing_today(
    api: Api, place: dict[str, Any], database_url: TestDatabase, first: int, last: int
) -> None:
    rev = submit(api, place["section"])
    lend(api, place, first, last)
    assert tries_everything(api.as_("stranger"), place, rev, database_url.app_url) == []


def test_a_delegation_that_ran_out_is_worth_nothing_though_nobody_took_it_back(
    api: Api, university: University, place: dict[str, Any], database_url: TestDatabase
) -> None:
    """Its last day passed at the campus; the row of the role is still there."""
    rev = submit(api, place["section"])
    lend(api, place, 0, 0)
    colleague = api.as_("stranger")
    assert colleague.get(f"/api/sheets/{place['section']}/").status == 200
    # Where it is tomorrow already; the server's own clock says what it said.
    ahead, behind = "Pacific/Kiritimati", "Pacific/Midway"
    university.setting("time_zone", ahead if clock.today(ahead) > clock.today(ZONE) else behind)
    assert clock.today(university.row("SELECT value #>> '{}' FROM setting WHERE key = 'time_zone'")) != (
        clock.today(ZONE)
    )
    assert tries_everything(colleague, place, rev, database_url.app_url) == []
    assert university.row(
        "SELECT count(*) FROM account_role WHERE account_id = %(a)s AND delegation_id IS NOT NULL",
        a=place["stranger"],
    ) == 1  # fmt: skip


def test_an_approval_given_with_a_lent_role_stands_when_the_role_is_gone(
    api: Api, university: University, place: dict[str, Any]
) -> None:
    """What was lawful then is no fault now, and the result that follows is published by it."""
    rev = submit(api, place["section"])
    path = lend(api, place)
    approved = api.as_("stranger").post(f"/api/sheets/{place['section']}/approve/", {"rev": rev})
    assert approved.status == 200, approved.json
    the_lender_took_it_back(api, place, path)
    publish(api, place["section"])
    assert (
        university.row("SELECT approved_by FROM sheet WHERE section_id = %(s)s", s=place["section"])
        == (place["stranger"])
    )
