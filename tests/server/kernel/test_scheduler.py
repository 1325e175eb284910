"""The clock: one process is it, a tick is enqueued once, and what was missed is made up for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest

from sims_server.kernel import clock
from sims_server.kernel.scheduler import LOCK, SCHEDULES, Schedule, Scheduler, enqueue_due, schedule
from tests.support.api import Api
from tests.support.database import TestDatabase, server_connection
from tests.support.university import University
from tests.support.waiting import wait_until

NIGHTLY = Schedule("test.nightly", "30 2 * * *", "test.job")
WAITERS = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted"
KARACHI = ZoneInfo("Asia/Karachi")
EVENING = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)  # 20:00 in Karachi


@pytest.fixture
def schedules() -> Iterator[None]:
    """Schedules a test registers are gone after it; only they are there."""
    before = dict(SCHEDULES)
    SCHEDULES.clear()
    yield
    SCHEDULES.clear()
    SCHEDULES.update(before)


@pytest.fixture
def at() -> Iterator[None]:
    yield
    clock.set_clock(None)


def tick(api: Api, now: datetime) -> int | None:
    clock.set_clock(lambda: now)
    job_id: int | None = api.run(enqueue_due, NIGHTLY)
    return job_id


def clock_component(api: Api) -> str:
    status: str = api.anonymous.get("/health/").json["components"]["scheduler"]["status"]
    return status


def test_nightly_means_the_night_of_the_institution() -> None:
    due = NIGHTLY.latest_due(EVENING, EVENING + timedelta(hours=12), KARACHI)
    assert due == datetime(2026, 12, 2, 2, 30, tzinfo=KARACHI)
    assert NIGHTLY.latest_due(EVENING, EVENING + timedelta(hours=6), KARACHI) is None


def test_of_many_missed_nights_the_last_counts() -> None:
    due = NIGHTLY.latest_due(EVENING, EVENING + timedelta(days=100), KARACHI)
    assert due == datetime(2027, 3, 11, 2, 30, tzinfo=KARACHI)


def test_the_first_look_only_notes_the_beginning(api: Api, university: University, at: None) -> None:
    assert tick(api, EVENING) is None
    assert university.row("SELECT count(*) FROM tick") == 1


def test_a_tick_is_enqueued_once(api: Api, university: University, at: None) -> None:
    tick(api, EVENING)
    job_id = tick(api, EVENING + timedelta(hours=8))
    assert job_id is not None
    assert university.row("SELECT kind FROM job WHERE id = %(id)s", id=job_id) == "test.job"
    assert tick(api, EVENING + timedelta(hours=8)) is None
    assert tick(api, EVENING + timedelta(hours=20)) is None


def test_nights_that_passed_while_the_server_was_off_are_made_up_for_once(
    api: Api, university: University, at: None
) -> None:
    tick(api, EVENING)
    assert tick(api, EVENING + timedelta(days=5)) is not None
    assert tick(api, EVENING + timedelta(days=5)) is None
    assert university.row("SELECT count(*) FROM job") == 1


def test_of_two_processes_one_is_the_clock_and_the_other_takes_over(api: Api, schedules: None) -> None:
    schedule("test.rarely", "0 0 1 1 *", "test.job")
    first, second = (Scheduler(api.database, api.data, try_again=0.02) for _ in range(2))
    first.start()
    wait_until(first.is_leader.is_set)
    second.start()
    assert clock_component(api) == "ok"
    assert not second.is_leader.is_set()
    first.stop()
    assert not first.is_leader.is_set()
    wait_until(second.is_leader.is_set)
    second.stop()
    # PostgreSQL lets go of the lock a moment after the connection is closed.
    wait_until(lambda: clock_component(api) == "degraded")


def test_a_clock_that_loses_its_connection_stops_ticking_and_tries_again(
    api: Api, database_url: TestDatabase, schedules: None
) -> None:
    schedule("test.rarely", "0 0 1 1 *", "test.job")
    running = Scheduler(api.database, api.data, try_again=0.02)
    running.start()
    wait_until(running.is_leader.is_set)
    other = server_connection(database_url.app_url, autocommit=True)
    waiting = threading.Thread(target=other.execute, args=("SELECT pg_advisory_lock(%s)", [LOCK]))
    waiting.start()  # another process is next in the queue
    with psycopg.connect(database_url.superuser_url, autocommit=True) as connection:
        wait_until(lambda: connection.execute(WAITERS, [LOCK & 0xFFFFFFFF]).fetchone())
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'sims-clock' AND datname = current_database()"
        )
    waiting.join()
    wait_until(lambda: not running.is_leader.is_set())
    other.close()
    wait_until(running.is_leader.is_set)
    running.stop()


def test_the_shipped_schedules_name_jobs_that_exist(api: Api) -> None:
    from sims_server.kernel.jobs import FUNCTIONS

    assert {"backups.nightly", "backups.rehearsal", "housekeeping.prune"} <= set(SCHEDULES)
    assert all(described.kind in FUNCTIONS for described in SCHEDULES.values())
