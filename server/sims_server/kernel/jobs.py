"""Background work: enqueued in the transaction that asks for it, run by a worker, seen in `job`.

procrastinate keeps the durable queue (no broker beside PostgreSQL); our own row shows progress and
outcome. A newcomer would enqueue after commit and lose the job to a crash in between: the queue's row
and ours are written on the transaction's own connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import procrastinate
import psycopg
import structlog
from psycopg.types.json import Jsonb

from sims_server.kernel import clock
from sims_server.kernel.actor import SYSTEM_CALLER, Caller, caller_of_account
from sims_server.kernel.database import Database
from sims_server.kernel.execute import execute_as_system
from sims_server.kernel.proof import prove_one_of_the_queue
from sims_server.kernel.work import Work
from sims_shared.problems import Refusal

log = structlog.get_logger("sims.jobs")
C = TypeVar("C")
R = TypeVar("R")
QUEUE_TASK = "sims.run_job"
PROGRESS_EVERY = 0.25  # seconds


class Cancelled(Exception):
    """Raised inside a job by `progress` when somebody asked to cancel it."""


@dataclass(slots=True)
class JobRun:
    """One run of a job, as its function sees it."""

    id: int
    kind: str
    arguments: dict[str, Any]
    caller: Caller
    database: Database
    data: Path
    _written_at: float = float("-inf")

    def execute(self, operation: Callable[[Work, C], R], command: C, *, action: str | None = None) -> R:
        """Carry an operation out in a transaction of its own, acting for whoever asked for the job."""
        return execute_as_system(
            self.database, operation, command, action=action or self.kind, data=self.data, actor=self.caller
        )

    def progress(self, done: int, total: int) -> None:
        """Show progress (a few times a second at most) and stop here when the job was cancelled."""
        if done < total and time.monotonic() - self._written_at < PROGRESS_EVERY:
            return
        self._written_at = time.monotonic()
        with self.database.transaction() as connection:
            asked = connection.value(
                "UPDATE job SET progress_done = %(done)s, progress_total = %(total)s WHERE id = %(id)s "
                "RETURNING cancel_asked",
                done=done,
                total=total,
                id=self.id,
            )
        if asked:
            raise Cancelled


JobFunction = Callable[[JobRun], Any]
FUNCTIONS: dict[str, JobFunction] = {}


def job(kind: str) -> Callable[[JobFunction], JobFunction]:
    """`@job("transcripts.enqueue")` above the function that does it. Runs at least once: write it so
    that a second run finds what the first one did."""

    def register(function: JobFunction) -> JobFunction:
        FUNCTIONS[kind] = function
        return function

    return register


_deferring = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())


@_deferring.task(name=QUEUE_TASK, queue="sims")
def _only_deferred(job_id: int) -> None:
    raise AssertionError("The worker has its own app.")


def enqueue(work: Work, kind: str, **arguments: Any) -> int:
    """Ask for a job; its id. It exists when, and only when, this transaction commits."""
    job_id: int = work.value(
        "INSERT INTO job (kind, arguments, created_by, created_at) VALUES (%(kind)s, %(arguments)s, "
        "%(by)s, %(now)s) RETURNING id",
        kind=kind,
        arguments=Jsonb(arguments),
        by=work.caller.id,
        now=work.now,
    )
    requeue(work, job_id)
    return job_id


def requeue(work: Work, job_id: int) -> None:
    """Put an existing job into the queue (again)."""
    _deferring.configure_task(QUEUE_TASK, queue="sims", connection=work.connection.driver).defer(
        job_id=job_id
    )


def run_job(database: Database, data: Path, job_id: int) -> None:
    """Run one job to its end and record how it ended. Never raises but for a lost database."""
    with database.transaction() as connection:
        row = connection.row(
            "UPDATE job SET status = 'running', started_at = %(now)s, error = NULL WHERE id = %(id)s "
            "AND status IN ('queued', 'running') "
            "RETURNING kind, arguments, created_by, cancel_asked",
            now=clock.now(),
            id=job_id,
        )
        if row is None:
            return
        caller = (
            SYSTEM_CALLER
            if row["created_by"] is None
            else caller_of_account(
                connection, row["created_by"], clock.today(database.setting(connection, "time_zone"))
            )
        )
    run = JobRun(job_id, row["kind"], row["arguments"], caller, database, data)
    status, result, error = "done", None, None
    try:
        if row["cancel_asked"]:
            raise Cancelled
        result = FUNCTIONS[row["kind"]](run)
    except Cancelled:
        status = "cancelled"
    except Refusal as refusal:
        status, error = "failed", f"{refusal.code}: {refusal.detail}"
    except Exception as bug:
        log.exception("job failed", job_id=job_id, kind=row["kind"])
        status, error = (
            "failed",
            f"{type(bug).__name__}: quote job {job_id} to the people who run this server",
        )
    with database.transaction() as connection:
        connection.run(
            "UPDATE job SET status = %(status)s, result = %(result)s, error = %(error)s, finished_at = "
            "%(now)s WHERE id = %(id)s",
            status=status,
            result=None if result is None else Jsonb(msgspec.to_builtins(result)),
            error=error,
            now=clock.now(),
            id=job_id,
        )


class Worker:
    """The worker of one process: its own event loop in its own thread, jobs in threads beneath it."""

    def __init__(self, database: Database, data: Path, *, concurrency: int = 2) -> None:
        self._database = database
        self._data = data
        self._concurrency = concurrency
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float = 20.0) -> None:
        """Let running jobs end (they run again elsewhere if they do not), then stop."""
        self._ready.wait(timeout)
        if self._loop is not None and self._task is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(timeout)

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        while True:
            try:
                asyncio.run(self._work())
                return
            except asyncio.CancelledError:
                return
            except Exception:
                log.exception("the worker lost its database; it comes back")
                time.sleep(2)

    async def _work(self) -> None:
        app = procrastinate.App(connector=_connector(self._database, at_most=4))

        @app.task(name=QUEUE_TASK, queue="sims")
        def run(job_id: int) -> None:
            run_job(self._database, self._data, job_id)

        async with app.open_async():
            await _rescue_stalled(app)
            self._loop = asyncio.get_running_loop()
            self._task = asyncio.current_task()
            self._ready.set()
            await app.run_worker_async(
                queues=["sims"],
                concurrency=self._concurrency,
                install_signal_handlers=False,
                shutdown_graceful_timeout=10,
                delete_jobs="successful",
            )


def _connector(database: Database, *, at_most: int) -> procrastinate.PsycopgConnector:
    """The queue's own connections, each of which shows that it is the server's."""

    async def configure(connection: psycopg.AsyncConnection[Any]) -> None:
        if database.secret is not None:
            await prove_one_of_the_queue(connection, database.secret)

    return procrastinate.PsycopgConnector(
        conninfo=database.url, min_size=1, max_size=at_most, configure=configure
    )


async def _rescue_stalled(app: procrastinate.App) -> int:
    """Jobs whose worker was killed run again."""
    stalled = list(await app.job_manager.get_stalled_jobs())
    for one in stalled:
        await app.job_manager.retry_job(one)
    return len(stalled)


def rescue_stalled(database: Database) -> int:
    """Let the jobs of workers that gave no sign of life for half a minute run again; how many."""

    async def rescue() -> int:
        async with procrastinate.App(connector=_connector(database, at_most=1)).open_async() as app:
            return await _rescue_stalled(app)

    return asyncio.run(rescue())
