"""Cases about results that are out: what most tests of cases begin with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from sims_server.kernel import clock
from tests.server.results.scene import approve, fill, publish, results
from tests.support.api import Api, Reply
from tests.support.database import TestDatabase
from tests.support.university import University


def published(
    api: Api, university: University, students: int = 1, **stand: Any
) -> tuple[dict[str, Any], list[int]]:
    """The usual scene with its section out (75, B+, for everybody); the results in order of enrollment."""
    scene = university.stand(students=students, **stand)
    fill(university, scene)
    approve(api, scene["section"])
    publish(api, scene["section"])
    return scene, [row["id"] for row in results(api, scene["section"])]


def open_case(api: Api, by: str = "faculty", **body: Any) -> Reply:
    return api.as_(by).post("/api/cases/", {"reason": "A page was missed", **body})


def opened(api: Api, by: str = "faculty", **body: Any) -> dict[str, Any]:
    answer = open_case(api, by, **body)
    assert answer.status == 201, answer.content
    case: dict[str, Any] = answer.json
    return case


def decide(api: Api, case_id: int, by: str, approved: bool = True, **more: Any) -> Reply:
    return api.as_(by).post(f"/api/cases/{case_id}/approve/", {"approved": approved, **more})


def carry(api: Api, case_id: int, first: str = "head", second: str = "registrar") -> dict[str, Any]:
    """Both approvals; the case as applied."""
    answer = decide(api, case_id, first)
    assert answer.status == 200, answer.content
    answer = decide(api, case_id, second)
    assert answer.status == 200, answer.content
    case: dict[str, Any] = answer.json
    assert case["state"] == "applied"
    return case


def result(api: Api, id: int) -> dict[str, Any]:
    row: dict[str, Any] = api.as_("examcell").get(f"/api/results/{id}/").json
    return row


class Calendar:
    """Moves the day: the server's clock, and the campus day as the database reckons it."""

    def __init__(self, database: TestDatabase) -> None:
        self._database = database

    def go_to(self, day: str, hour: int = 6) -> None:
        """06:00 UTC is 11:00 in Karachi."""
        moment = datetime.fromisoformat(day).replace(hour=hour, tzinfo=UTC)
        clock.set_clock(lambda: moment)
        campus = (moment + timedelta(hours=5)).date()
        with psycopg.connect(self._database.superuser_url, autocommit=True) as connection:
            connection.execute(
                "CREATE OR REPLACE FUNCTION campus_today() RETURNS date LANGUAGE sql STABLE SECURITY DEFINER "
                f"SET search_path = public, pg_temp AS $$ SELECT date '{campus.isoformat()}' $$"
            )


@contextmanager
def calendar_of(database: TestDatabase) -> Iterator[Calendar]:
    try:
        yield Calendar(database)
    finally:
        clock.set_clock(None)
