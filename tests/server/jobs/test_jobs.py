"""Background work: it exists when its transaction commits, shows progress, can be cancelled and retried."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from sims_server.kernel.jobs import FUNCTIONS, JobRun, Worker, enqueue, job, run_job
from sims_server.running import Running, background
from sims_server.settings import Settings
from tests.support.api import Api
from tests.support.database import TestDatabase, server_database
from tests.support.university import University
from tests.support.waiting import wait_until


@pytest.fixture
def kinds() -> Iterator[None]:
    """Job functions a test registers are gone after it."""
    before = dict(FUNCTIONS)
    yield
    FUNCTIONS.clear()
    FUNCTIONS.update(before)


@pytest.fixture
def worker(api: Api) -> Iterator[Worker]:
    running = Worker(api.database, api.data)
    running.start()
    yield running
    running.stop()


def ask(api: Api, kind: str, **arguments: Any) -> int:
    job_id: int = api.run(lambda work, _: enqueue(work, kind, **arguments), None)
    return job_id


def status(university: University, job_id: int) -> str:
    found: str = university.row("SELECT status FROM job WHERE id = %(id)s", id=job_id)
    return found


def test_a_job_runs_and_keeps_its_result(
    api: Api, university: University, kinds: None, worker: Worker
) -> None:
    @job("test.double")
    def double(run: JobRun) -> dict[str, int]:
        run.progress(1, 1)
        return {"doubled": run.arguments["number"] * 2}

    job_id = ask(api, "test.double", number=21)
    wait_until(lambda: status(university, job_id) == "done")
    university.account("admin", "admin")
    view = api.as_("admin").get(f"/api/jobs/{job_id}/").json
    assert view["result"] == {"doubled": 42}
    assert view["progress"] == {"done": 1, "total": 1}
    assert view["created_by"] == {"id": None, "name": "system"}


def test_a_job_of_a_transaction_that_rolls_back_never_exists(api: Api, university: University) -> None:
    def change_its_mind(work: Any, _: None) -> None:
        enqueue(work, "test.never")
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        api.run(change_its_mind, None)
    assert university.row("SELECT count(*) FROM job") == 0
    assert university.row("SELECT count(*) FROM procrastinate_jobs") == 0


def test_a_failed_job_says_so_in_words_and_can_be_retried(
    api: Api, university: University, kinds: None
) -> None:
    attempts: list[int] = []

    @job("test.second_time")
    def second_time(run: JobRun) -> None:
        attempts.append(run.id)
        if len(attempts) == 1:
            raise ValueError("secret detail")

    job_id = ask(api, "test.second_time")
    run_job(api.database, api.data, job_id)
    university.account("admin", "admin")
    admin = api.as_("admin")
    failed = admin.get(f"/api/jobs/{job_id}/").json
    assert failed["status"] == "failed"
    assert "secret" not in failed["error"]
    assert admin.post(f"/api/jobs/{job_id}/retry/").json["status"] == "queued"
    run_job(api.database, api.data, job_id)
    assert status(university, job_id) == "done"
    assert admin.post(f"/api/jobs/{job_id}/retry/").code == "jobs.wrong_state"


def test_a_running_job_stops_at_its_next_step_when_cancelled(
    api: Api, university: University, kinds: None, worker: Worker
) -> None:
    started, cancelled = threading.Event(), threading.Event()

    @job("test.long")
    def long(run: JobRun) -> None:
        started.set()
        cancelled.wait(20)
        run.progress(1, 1)

    university.account("admin", "admin")
    job_id = ask(api, "test.long")
    assert started.wait(20)
    assert api.as_("admin").post(f"/api/jobs/{job_id}/cancel/").status == 200
    cancelled.set()
    wait_until(lambda: status(university, job_id) == "cancelled")


def test_a_job_goes_on_while_requests_hold_every_connection_of_theirs(
    api: Api, university: University, database_url: TestDatabase, kinds: None
) -> None:
    """Requests that wait for what a job holds take them all; it tells how far it is, and ends."""

    @job("test.told")
    def told(run: JobRun) -> None:
        with run.database.transaction():
            run.progress(1, 2)

    requests = server_database(database_url.app_url, pool_size=1)
    settings = Settings(data=api.data, database_url=database_url.app_url)
    held = requests.engine.connect()
    try:
        with background(Running(requests, api.data, None, settings)):
            job_id = ask(api, "test.told")
            wait_until(lambda: status(university, job_id) == "done")
    finally:
        held.close()
        requests.close()


def test_people_see_their_own_jobs_only(api: Api, university: University) -> None:
    university.account("registrar", "registrar")
    university.account("counter", "counter")
    job_id = university.insert("job", kind="test.other", created_by=university.ids["registrar"])
    assert api.as_("registrar").get(f"/api/jobs/{job_id}/").status == 200
    assert api.as_("counter").get(f"/api/jobs/{job_id}/").status == 404
    assert api.as_("counter").get("/api/jobs/").json["results"] == []
