"""A pile of numbered paper: counted from the ledger, and no count hides a sheet."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from tests.support.api import Api
from tests.support.database import TestDatabase, server_connection
from tests.support.published import Record
from tests.support.server import Serve

pytestmark = pytest.mark.usefixtures("keys")


@pytest.fixture
def serial(api: Api, record: Record) -> str:
    wanted = {"student_id": record.student, "document": "transcript", "purpose": "visa"}
    answer = api.as_("counter").post("/api/transcripts/issue/", wanted)
    assert answer.status == 201, answer.content
    return str(answer.json["serial"])


def put(api: Api, serial: str, number: str, outcome: str, who: str = "counter") -> None:
    body = {"printer": "HP-3", "stock_numbers": [number], "outcome": outcome, "reason": "jam"}
    answer = api.as_(who).post(f"/api/transcripts/issued/{serial}/print/", body)
    assert answer.status == 200, answer.content


def count(api: Api, who: str = "counter", **body: Any) -> Any:
    return api.as_(who).post("/api/stationery/count/", body)


def test_a_day_balances_by_the_ledger_and_the_next_opens_with_what_was_left(api: Api, serial: str) -> None:
    put(api, serial, "S-1", "printed")
    put(api, serial, "S-1", "spoiled")
    put(api, serial, "S-2", "printed")
    put(api, serial, "S-9", "printed", "registrar")
    assert count(api, remaining=498).code == "stationery.opening_needed"

    closed = count(api, opening=500, remaining=498)

    assert closed.status == 201, closed.content
    told = {name: closed.json[name] for name in ("opening", "printed", "spoiled", "remaining", "difference")}
    assert told == {"opening": 500, "printed": 1, "spoiled": 1, "remaining": 498, "difference": 0}
    put(api, serial, "S-2", "spoiled")
    put(api, serial, "S-3", "printed")
    day = api.as_("counter").get("/api/stationery/").json
    assert (day["opening"], day["printed"], day["spoiled"], day["expected"]) == (498, 1, 0, 497), (
        "S-2 was counted the day before"
    )
    assert [(sheet["stock_number"], sheet["serial"], sheet["outcome"]) for sheet in day["sheets"]] == [
        ("S-3", serial, "printed")
    ]
    assert count(api, remaining=597, received=100).json["difference"] == 0
    assert count(api, opening=500, remaining=597).code == "stationery.moved_on"


def test_a_difference_is_told_with_its_number_and_stays_on_record_with_its_reason(
    api: Api, serial: str
) -> None:
    put(api, serial, "S-1", "printed")

    refused = count(api, opening=10, remaining=7)

    assert (refused.status, refused.code) == (409, "stationery.differs")
    assert (refused.json["expected"], refused.json["remaining"], refused.json["difference"]) == (9, 7, -2)
    assert count(api, opening=10, remaining=7, note="   ").code == "stationery.differs"
    assert count(api, opening=10, remaining=7, note="Two were torn").json["difference"] == -2
    (kept,) = api.as_("auditor").get("/api/stationery/counts/").json["results"]
    assert (kept["by"]["name"], kept["note"], kept["difference"]) == ("Counter", "Two were torn", -2)
    assert api.as_("counter").get("/api/stationery/").json["expected"] == 7


def test_what_is_wrong_is_named_all_at_once(api: Api, record: Record) -> None:
    refused = count(api, remaining=-1, received="x", opening=2_000_000, colour="red")

    assert refused.status == 400
    assert {fault["pointer"] for fault in refused.json["errors"]} == {
        "/remaining",
        "/received",
        "/opening",
        "/colour",
    }


def test_sixteen_counts_at_once_follow_one_another(api: Api, serial: str, serve: Serve) -> None:
    put(api, serial, "S-1", "printed")
    server = serve()
    callers = [server.as_("counter") for _ in range(16)]

    with ThreadPoolExecutor(16) as threads:
        answers = list(
            threads.map(
                lambda one: one.post("/api/stationery/count/", {"opening": 10, "remaining": 9}), callers
            )
        )

    for caller in callers:
        caller.close()
    assert sorted(answer.status for answer in answers) == [201] + [409] * 15, "ten were there only once"
    assert {answer.code for answer in answers} == {"", "stationery.moved_on"}


LIES = {
    "(by_account_id, opening, remaining) VALUES (%(other)s, 10, 10)": "ck_stock_count_by_who_prints",
    "(by_account_id, previous_id, opening, remaining) VALUES (%(me)s, %(last)s, 9, 8)": (
        "ck_stock_count_difference_is_explained"
    ),
    "(by_account_id, previous_id, opening, remaining) VALUES (%(me)s, %(last)s, 99, 99)": (
        "ck_stock_count_opens_with_what_was_left"
    ),
    "(by_account_id, opening, remaining) VALUES (%(me)s, 9, 9)": "ck_stock_count_follows_the_last",
    "(by_account_id, opening, remaining, printed) VALUES (%(me)s, 10, 10, 0)": "permission denied",
}


def test_the_database_lets_no_count_lie(api: Api, serial: str, database_url: TestDatabase) -> None:
    put(api, serial, "S-1", "printed")
    last = count(api, opening=10, remaining=9).json["id"]
    accounts = {row["username"]: row["id"] for row in api.as_("admin").get("/api/accounts/").json["results"]}
    values = {"me": accounts["counter"], "other": accounts["registrar"], "last": last}
    for statement, constraint in LIES.items():
        with server_connection(database_url.app_url) as connection:
            connection.execute("SELECT set_config('sims.actor', %s, true)", [str(accounts["counter"])])
            with pytest.raises(psycopg.Error) as refused:
                connection.execute(f"INSERT INTO stock_count {statement}", values)
            assert constraint in (refused.value.diag.constraint_name or str(refused.value))
            connection.rollback()
    for statement in ("UPDATE stock_count SET remaining = 10", "DELETE FROM stock_count"):
        with (
            server_connection(database_url.app_url) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(statement)
