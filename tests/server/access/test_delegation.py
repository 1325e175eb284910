"""Roles with a first and a last day, and roles lent to a colleague."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from sims_server.kernel import clock
from tests.server.results.scene import approve, fill, publish, results
from tests.support.api import Api, Client, Reply
from tests.support.database import server_connection
from tests.support.university import University

Scene = dict[str, Any]
CAMPUS = ZoneInfo("Asia/Karachi")


@pytest.fixture
def scene(university: University) -> Scene:
    return university.stand(students=1)


@pytest.fixture
def today() -> date:
    return clock.today("Asia/Karachi")


@pytest.fixture
def set_clock() -> Iterator[Any]:
    yield lambda moment: clock.set_clock(lambda: moment)
    clock.set_clock(None)


def lend(api: Api, scene: Scene, until: date, by: str = "head", to: str = "stranger", **more: Any) -> Reply:
    body = {
        "to": scene[to],
        "role": "head",
        "department_id": scene["department"],
        "until": str(until),
        "reason": "Conference abroad",
        **more,
    }
    return api.as_(by).post("/api/delegations/", body)


def roles_of(api: Api, username: str) -> list[str]:
    found: list[str] = api.as_(username).get("/api/auth/me/").json["roles"]
    return found


def test_a_head_lends_the_role_and_takes_it_back_on_the_next_request(
    api: Api, scene: Scene, today: date
) -> None:
    colleague = api.as_("stranger")
    assert colleague.get("/api/applicants/").status == 403
    made = lend(api, scene, today)
    assert made.status == 201, made.json
    assert made.headers["location"] == f"/api/delegations/{made.json['id']}/"
    assert made.json["by"] == {"id": scene["head"], "name": "Head"}
    assert (made.json["from"], made.json["until"], made.json["in_force"]) == (str(today), str(today), True)
    assert colleague.get("/api/applicants/").status == 200
    me = colleague.get("/api/auth/me/").json
    assert (me["roles"], me["departments"]) == (["faculty", "head"], [scene["department"]])
    listed = colleague.get("/api/delegations/?in_force=true").json["results"]
    assert listed == [made.json]
    assert api.as_("dean").get("/api/delegations/").json["results"] == []
    assert api.as_("auditor").get("/api/delegations/").json["results"] == [made.json]
    revoked = api.as_("head").post(f"{made.headers['location']}revoke/")
    assert (revoked.status, revoked.json["in_force"]) == (200, False)
    assert revoked.json["revoked_by"]["name"] == "Head"
    assert colleague.get("/api/applicants/").status == 403
    assert api.as_("head").post(f"{made.headers['location']}revoke/").code == "delegations.over"
    rows = api.as_("auditor").get("/api/audit/?entity=delegation").json["results"]
    assert [row["action"] for row in rows] == ["delegations.revoke", "delegations.create"]


def test_who_may_take_a_delegation_back(api: Api, scene: Scene, today: date) -> None:
    path = lend(api, scene, today).headers["location"]
    assert api.as_("dean").post(f"{path}revoke/").status == 404
    assert api.as_("student").get("/api/delegations/").status == 403
    assert api.as_("auditor").post(f"{path}revoke/").status == 403
    assert api.as_("stranger").post(f"{path}revoke/").status == 200
    other = lend(api, scene, today).headers["location"]
    assert api.as_("admin").post(f"{other}revoke/").status == 200


def test_a_delegation_never_exceeds_the_givers_own(
    api: Api, scene: Scene, today: date, university: University
) -> None:
    week = today + timedelta(days=7)
    elsewhere = university.department("EE")
    for more in ({"role": "dean"}, {"department_id": elsewhere}, {"role": "registrar"}, {"role": "nobody"}):
        refused = lend(api, scene, today, **more)
        assert (refused.status, refused.code) == (403, "delegations.not_yours"), more
    # What was lent is not lent on.
    assert lend(api, scene, week).status == 201
    onward = lend(api, scene, today, by="stranger", to="faculty")
    assert (onward.status, onward.code) == (403, "delegations.not_yours")
    # No longer than the giver has it.
    university.run(
        "UPDATE account_role SET valid_until = %(day)s WHERE account_id = %(head)s AND delegation_id IS NULL",
        day=today,
        head=scene["head"],
    )
    assert lend(api, scene, week, to="faculty").code == "delegations.not_yours"
    assert lend(api, scene, today, to="faculty").status == 201
    # Who loses the role, or the account, takes along what was lent.
    assert "head" in roles_of(api, "faculty")
    university.run("UPDATE account SET disabled = true WHERE id = %(id)s", id=scene["head"])
    assert "head" not in roles_of(api, "faculty")
    university.run("UPDATE account SET disabled = false WHERE id = %(id)s", id=scene["head"])
    assert "head" in roles_of(api, "faculty")
    university.run("DELETE FROM account_role WHERE account_id = %(id)s", id=scene["head"])
    assert "head" not in roles_of(api, "faculty")


def test_whom_and_when_one_cannot_lend(api: Api, scene: Scene, today: date, university: University) -> None:
    assert lend(api, scene, today, to="head").code == "delegations.unfit"
    assert lend(api, scene, today, to="student").code == "delegations.unfit"
    university.run("UPDATE account SET disabled = true WHERE id = %(id)s", id=scene["stranger"])
    assert lend(api, scene, today).code == "delegations.unfit"
    assert lend(api, {**scene, "stranger": 99999}, today).status == 404
    university.account("second_head", ("head", scene["department"]))
    assert lend(api, {**scene, "stranger": university.ids["second_head"]}, today).code == "delegations.unfit"
    past = {"from": str(today - timedelta(days=1))}
    for until, more, pointer in (
        (today, past, "/from"),
        (today - timedelta(days=1), {}, "/until"),
        (today + timedelta(days=366), {}, "/until"),
    ):
        refused = lend(api, scene, until, to="faculty", **more)
        assert [fault["pointer"] for fault in refused.json["errors"]] == [pointer]
    assert lend(api, scene, today, to="faculty", by="registrar").status == 403
    names = [row["name"] for row in api.as_("head").get("/api/delegations/colleagues/").json["results"]]
    assert "Faculty2" in names
    assert not {"Student", "Stranger"} & {*names}
    assert api.as_("faculty").get("/api/delegations/colleagues/").status == 403


def test_a_role_begins_and_ends_at_midnight_of_the_campus(
    api: Api, scene: Scene, today: date, set_clock: Any
) -> None:
    first, last = today + timedelta(days=1), today + timedelta(days=2)
    assert lend(api, scene, last, **{"from": str(first)}).status == 201
    admin = api.as_("admin")
    granted = [{"role": "counter", "valid_from": str(first), "valid_until": str(last)}]
    account = admin.patch(f"/api/accounts/{scene['faculty2']}/", {"roles": granted})
    assert account.json["roles"] == [{"department_id": None, **granted[0]}]
    listed = admin.get("/api/accounts/?username=faculty2").json["results"]
    assert listed[0]["roles"] == account.json["roles"]
    minute = timedelta(minutes=1)
    begins = datetime.combine(first, time(), CAMPUS).astimezone(UTC)
    ends = datetime.combine(last + timedelta(days=1), time(), CAMPUS).astimezone(UTC)
    for moment, holds in (
        (begins - minute, False),
        (begins + minute, True),
        (ends - minute, True),
        (ends + minute, False),
    ):
        set_clock(moment)
        assert ("head" in roles_of(api, "stranger")) is holds, moment
        assert roles_of(api, "faculty2") == (["counter"] if holds else []), moment


def test_the_database_counts_the_days_of_the_campus(
    api: Api, scene: Scene, university: University, database_url: Any
) -> None:
    with server_connection(database_url.app_url) as connection:
        for moment, day in (("18:59", "2026-11-23"), ("19:01", "2026-11-24")):
            sql = f"SELECT campus_day('2026-11-23 {moment}+00')::text"
            assert connection.execute(sql).fetchone() == (day,)
    # At any moment it is a later day on Kiritimati than on Midway.
    later = clock.today("Pacific/Kiritimati")
    university.run(
        "UPDATE account_role SET valid_from = %(day)s WHERE account_id = %(id)s", day=later, id=scene["head"]
    )
    held = "SELECT count(*) FROM role_held WHERE account_id = %(id)s"
    for zone, count in (("Pacific/Kiritimati", 1), ("Pacific/Midway", 0)):
        university.setting("time_zone", zone)
        assert university.row(held, id=scene["head"]) == count
        named = api.as_("registrar").get(f"/api/departments/{scene['department']}/").json["head"]
        assert (named is not None) == bool(count)


def _rev(client: Client, section: int) -> int:
    rev: int = client.get(f"/api/sheets/{section}/").json["rev"]
    return rev


def test_a_lent_role_approves_sheets_but_none_that_its_lender_teaches(
    api: Api, scene: Scene, university: University, today: date, database_url: Any
) -> None:
    fill(university, scene)
    own = university.section(scene["course"], scene["term"], "H", 5, (scene["head"],))
    university.assessment(own)
    university.run(
        "INSERT INTO account_role (account_id, role_id) SELECT %(id)s, id FROM role WHERE name = 'faculty'",
        id=scene["head"],
    )
    lend(api, scene, today)
    for section, lead in ((scene["section"], "faculty"), (own, "head")):
        teacher = api.as_(lead)
        submitted = teacher.post(f"/api/sheets/{section}/submit/", {"rev": _rev(teacher, section)})
        assert submitted.status == 200, submitted.json
    delegate = api.as_("stranger")
    refused = delegate.post(f"/api/sheets/{own}/approve/", {"rev": _rev(delegate, own)})
    assert (refused.status, refused.code) == (403, "sheets.own")
    with server_connection(database_url.app_url) as connection, pytest.raises(psycopg.Error) as error:
        connection.execute(
            "UPDATE sheet SET state = 'approved', approved_by = %s, approved_at = now() "
            "WHERE section_id = %s",
            [scene["stranger"], own],
        )
    assert error.value.diag.constraint_name == "ck_sheet_not_approved_in_its_teachers_place"
    section = scene["section"]
    assert delegate.post(f"/api/sheets/{section}/approve/", {"rev": _rev(delegate, section)}).status == 200
    # The dean, in an own right, approves what the head teaches.
    dean = api.as_("dean")
    assert dean.post(f"/api/sheets/{own}/approve/", {"rev": _rev(dean, own)}).status == 200


def test_a_lent_role_decides_no_change_that_its_lender_or_its_holder_asked_for(
    api: Api, scene: Scene, university: University, today: date, database_url: Any
) -> None:
    fill(university, scene)
    approve(api, scene["section"])
    publish(api, scene["section"])
    (result,) = [row["id"] for row in results(api, scene["section"])]
    lend(api, scene, today, to="faculty2")

    def ask(by: str) -> int:
        body = {"result_id": result, "reason": "A page was missed", "new_grade": "A"}
        id: int = api.as_(by).post("/api/results/change-request/", body).json["id"]
        return id

    def decide(id: int, by: str, approved: bool = True) -> Reply:
        body = {"change_id": id, "approved": approved, "reason": "seen"}
        return api.as_(by).post("/api/results/approve-change/", body)

    by_lender = ask("head")
    refused = decide(by_lender, "faculty2")
    assert (refused.status, refused.code) == (403, "results.own_request")
    with server_connection(database_url.app_url) as connection, pytest.raises(psycopg.Error) as error:
        connection.execute(
            "INSERT INTO change_approval (change_id, stage, approver_id, requester_id, capacity, approved) "
            "VALUES (%s, 1, %s, %s, 'head', true)",
            [by_lender, scene["faculty2"], scene["head"]],
        )
    assert error.value.diag.constraint_name == "ck_change_approval_not_in_the_requesters_place"
    assert decide(by_lender, "dean", approved=False).status == 200
    by_holder = ask("faculty2")
    assert decide(by_holder, "faculty2").code == "results.own_request"
    assert decide(by_holder, "dean", approved=False).status == 200
    by_another = ask("faculty")
    assert decide(by_another, "faculty2").json["approvals"][0]["capacity"] == "head"


def test_the_database_holds_a_delegation_within_its_bounds(
    api: Api, scene: Scene, today: date, database_url: Any
) -> None:
    made = lend(api, scene, today).json
    head, stranger, department = scene["head"], scene["stranger"], scene["department"]
    role = "(SELECT id FROM role WHERE name = 'head')"
    columns = "from_account_id, to_account_id, role_id, department_id, from_date, until_date, reason"
    insert = f"INSERT INTO delegation ({columns}) VALUES "
    for statement in (
        f"{insert} ({stranger}, {head}, {role}, {department}, '{today}', '{today}', 'x')",
        f"{insert} ({head}, {head}, {role}, {department}, '{today}', '{today}', 'x')",
        f"{insert} ({head}, {stranger}, {role}, {department}, '{today}', '2999-01-01', 'x')",
        f"UPDATE delegation SET until_date = '2999-01-01' WHERE id = {made['id']}",
        f"UPDATE account_role SET valid_until = '2999-01-01' WHERE delegation_id = {made['id']}",
        f"UPDATE account_role SET valid_until = NULL WHERE delegation_id = {made['id']}",
        f"DELETE FROM delegation WHERE id = {made['id']}",
    ):
        with server_connection(database_url.app_url) as connection, pytest.raises(psycopg.Error) as error:
            connection.execute(statement)
        assert error.value.sqlstate in {"23514", "23503", "42501"}, statement


def test_changing_an_account_leaves_what_others_lent_it(api: Api, scene: Scene, today: date) -> None:
    lend(api, scene, today)
    path = f"/api/accounts/{scene['stranger']}/"
    admin = api.as_("admin")
    assert admin.patch(path, {"roles": [{"role": "faculty"}, {"role": "counter"}]}).status == 200
    assert roles_of(api, "stranger") == ["counter", "faculty", "head"]
    assert [grant["role"] for grant in admin.get(path).json["roles"]] == ["counter", "faculty"]
    twice = admin.patch(path, {"roles": [{"role": "faculty"}, {"role": "faculty"}]})
    assert twice.json["errors"][0]["pointer"] == "/roles/1"
    backwards = {"role": "faculty", "valid_from": "2026-02-01", "valid_until": "2026-01-01"}
    assert admin.patch(path, {"roles": [backwards]}).json["errors"][0]["pointer"] == "/roles/0/valid_until"
