"""The clock: what is due every night, every hour, and who asks for it.

Every server process could be the clock; the one that holds an advisory lock is. It does no work
itself, it only enqueues, and writes the tick in the same transaction: a hand-over from one process to
another neither doubles a tick nor drops one. What fell due while nobody was the clock (a server that
is switched off at night) is made up for once, at the start.

The newcomer's mistake is to trust the lock alone: the connection that holds it can break without our
noticing. The primary key of `tick` is what makes a second enqueue impossible.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import sqlalchemy.exc
import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from sims_server.kernel import clock
from sims_server.kernel.database import Database
from sims_server.kernel.execute import execute_as_system
from sims_server.kernel.jobs import enqueue
from sims_server.kernel.work import Work

log = structlog.get_logger("sims.clock")
LOCK = 0x53494D53434C4F43  # "SIMSCLOC"
TRY_AGAIN = 10.0  # seconds between two attempts to become the clock, and between two looks at the lock
LOOK_BACK = timedelta(days=8)


@dataclass(frozen=True)
class Schedule:
    """`cron` has five fields, in the institution's time zone. `kind` is the job that is enqueued."""

    name: str
    cron: str
    kind: str

    def trigger(self, zone: ZoneInfo) -> CronTrigger:
        return CronTrigger.from_crontab(self.cron, timezone=zone)

    def latest_due(self, after: datetime, now: datetime, zone: ZoneInfo) -> datetime | None:
        """The last time it fell due in (after, now], or None."""
        trigger, found = self.trigger(zone), None
        next_one = trigger.get_next_fire_time(None, max(after, now - LOOK_BACK) + timedelta(microseconds=1))
        while next_one is not None and next_one <= now:
            found = next_one
            next_one = trigger.get_next_fire_time(found, found + timedelta(microseconds=1))
        return found


SCHEDULES: dict[str, Schedule] = {}


def schedule(name: str, cron: str, kind: str) -> Schedule:
    """Ask for a job at each of these times. Called once, while a slice is imported."""
    SCHEDULES[name] = made = Schedule(name, cron, kind)
    return made


def enqueue_due(work: Work, described: Schedule) -> int | None:
    """Enqueue what fell due since the last tick, once however often it did; the job's id, or None.
    The first time a schedule is seen, only its beginning is noted."""
    last = work.value("SELECT max(due) FROM tick WHERE job = %(job)s", job=described.name)
    if last is None:
        _tick(work, described, work.now)
        return None
    due = described.latest_due(last, work.now, ZoneInfo(work.setting("time_zone")))
    if due is None or not _tick(work, described, due):
        return None
    return enqueue(work, described.kind)


def _tick(work: Work, described: Schedule, due: datetime) -> bool:
    return bool(
        work.run(
            "INSERT INTO tick (job, due) VALUES (%(job)s, %(due)s) ON CONFLICT DO NOTHING",
            job=described.name,
            due=due,
        )
    )


class Scheduler:
    """The clock of one process: waits until nobody else is it, then is it until stopped."""

    def __init__(self, database: Database, data: Path, *, try_again: float = TRY_AGAIN) -> None:
        self._database = database
        self._data = data
        self._try_again = try_again
        self._stopping = threading.Event()
        self.is_leader = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clock", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float = 20.0) -> None:
        self._stopping.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with psycopg.connect(
                    self._database.url, autocommit=True, connect_timeout=5, application_name="sims-clock"
                ) as connection:
                    self._wait_and_lead(connection)
            except (psycopg.Error, sqlalchemy.exc.SQLAlchemyError):
                log.warning("the clock cannot reach the database; it tries again")
            except Exception:
                log.exception("the clock stumbled; it goes on")
            self._stopping.wait(self._try_again)

    def _wait_and_lead(self, connection: psycopg.Connection[Any]) -> None:
        """Returns when stopped; raises psycopg.Error when the connection, and the lock with it, is lost."""
        while not self._stopping.is_set():
            row = connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
            if row is not None and row[0]:
                break
            self._stopping.wait(self._try_again)
        else:
            return
        with self._ticking():
            while not self._stopping.wait(self._try_again):
                connection.execute("SELECT 1")

    @contextlib.contextmanager
    def _ticking(self) -> Iterator[None]:
        zone = ZoneInfo(self._time_zone())
        running = BackgroundScheduler(
            timezone=zone, job_defaults={"coalesce": True, "misfire_grace_time": None}
        )
        for described in SCHEDULES.values():
            self._enqueue(described)  # what nobody enqueued while there was no clock
            running.add_job(self._enqueue, described.trigger(zone), args=[described], id=described.name)
        running.start()
        self.is_leader.set()
        try:
            yield
        finally:
            self.is_leader.clear()
            running.shutdown(wait=True)

    def _time_zone(self) -> str:
        with self._database.transaction() as connection:
            zone: str = self._database.setting(connection, "time_zone")
        return zone

    def _enqueue(self, described: Schedule) -> None:
        carry_out: Callable[[Work, Schedule], int | None] = enqueue_due
        try:
            execute_as_system(self._database, carry_out, described, action="clock.tick", data=self._data)
        except Exception:
            # The next tick, or the next leader, makes up for it.
            log.exception("a tick was not enqueued", schedule=described.name, at=clock.now().isoformat())
