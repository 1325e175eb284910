"""Days off: who enters them, what a promise makes of them, and what does not move."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from sims_server.kernel import clock
from tests.support.api import Api
from tests.support.university import University

PATH = "/api/days-off/"


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=1)


def working_days(after: date, count: int, off: set[date]) -> date:
    """By counting on fingers."""
    day = after
    while count:
        day += timedelta(days=1)
        count -= day.isoweekday() < 6 and day not in off
    return day


def test_a_promise_passes_over_what_is_off_and_what_was_promised_stays(
    api: Api, scene: dict[str, Any]
) -> None:
    registrar, counter = api.as_("registrar"), api.as_("counter")
    kind = "/api/request-types/noc/"
    assert registrar.patch(kind, {"promised_days": 3}).status == 200
    wanted = {"student_id": scene["students"][0], "type": "noc"}
    today = date.fromisoformat(counter.post("/api/requests/", wanted).json["created_at"][:10])
    first = counter.post("/api/requests/", wanted).json
    plain = date.fromisoformat(first["promised_on"])
    assert plain == date.fromisoformat(counter.get(kind).json["promised_on"])

    # A week off from the promised day, and a day within it that has a name of its own.
    week = {plain + timedelta(days=number) for number in range(7)}
    span = {"first_day": f"{plain}", "last_day": f"{plain + timedelta(days=6)}", "name": "Eid"}
    entered = registrar.post(PATH, span)
    assert entered.status == 201
    assert registrar.post(PATH, {"first_day": f"{plain}", "name": "Independence Day"}).status == 201
    assert registrar.post(PATH, span).code == "days_off.taken"
    later = working_days(plain, 1, week)
    assert later.isoformat() == counter.get(kind).json["promised_on"]
    assert counter.post("/api/requests/", wanted).json["promised_on"] == f"{later}"
    assert api.as_("student").get(kind).json["promised_on"] == f"{later}"
    assert counter.get(f"/api/requests/{first['id']}/").json["promised_on"] == f"{plain}"

    # Far spans touch nothing; a long one is passed over whole.
    far = {"first_day": "2090-01-01", "last_day": "2090-12-31", "name": "Far"}
    assert registrar.post(PATH, far).status == 201
    long = {"last_day": f"{plain + timedelta(days=364)}", "name": "Closed"}
    assert registrar.patch(entered.headers["location"], long).json["last_day"] == long["last_day"]
    off = {plain + timedelta(days=number) for number in range(365)}
    assert counter.get(kind).json["promised_on"] == f"{working_days(plain, 1, off)}"
    assert registrar.delete(entered.headers["location"]).status == 204
    assert today <= plain


def test_who_manages_the_calendar_enters_them_and_a_faulty_span_is_named(
    api: Api, scene: dict[str, Any]
) -> None:
    registrar = api.as_("registrar")
    first = clock.now().date() + timedelta(days=40)
    wanted = {"first_day": f"{first}", "name": "Iqbal Day"}
    assert api.as_("counter").post(PATH, wanted).status == 403
    made = registrar.post(PATH, wanted)
    assert made.json == {"id": made.json["id"], **wanted, "last_day": f"{first}"}
    for last in (first - timedelta(days=1), first + timedelta(days=366)):
        reply = registrar.post(PATH, {**wanted, "last_day": f"{last}"})
        assert (reply.status, reply.json["errors"][0]["pointer"]) == (400, "/last_day")
    moved = registrar.patch(made.headers["location"], {"first_day": f"{first + timedelta(days=1)}"})
    assert moved.status == 400, "the last day stays before it"
    assert registrar.post(PATH, {**wanted, "name": " \t "}).status == 400
    listed = api.as_("faculty").get(f"{PATH}?since={first}&until={first}&search=iqbal&ordering=-first_day")
    assert [one["name"] for one in listed.json["results"]] == ["Iqbal Day"]
    etag = registrar.get(made.headers["location"]).headers["etag"]
    assert registrar.patch(made.headers["location"], {"name": "Iqbal Day, moved"}).status == 200
    late = registrar.delete(made.headers["location"], headers={"If-Match": etag})
    assert (late.status, late.code) == (412, "request.stale")
    entries = api.as_("auditor").get("/api/audit/?entity=day_off").json["results"]
    assert {one["actor"]["name"] for one in entries} == {registrar.get("/api/auth/me/").json["name"]}
