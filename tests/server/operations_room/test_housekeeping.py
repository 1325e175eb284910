"""What keeps house takes what nobody needs any longer, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from sims_server.kernel import clock
from sims_server.operations_room.operations.housekeeping import prune, sweep_job
from tests.support.api import Api
from tests.support.university import University


@pytest.fixture
def later() -> Iterator[timedelta]:
    """The clock stands 25 hours ahead."""
    now = clock.now()
    clock.set_clock(lambda: now + timedelta(hours=25))
    yield timedelta(hours=25)
    clock.set_clock(None)


def test_remembered_answers_go_after_24_hours(api: Api, university: University, later: timedelta) -> None:
    university.run("INSERT INTO idempotency_key (account_id, key, request_hash) VALUES (1, 'old', '')")
    university.run(
        "INSERT INTO idempotency_key (account_id, key, request_hash, created_at) "
        "VALUES (1, 'new', '', now() + interval '2 hours')"
    )
    assert api.run(prune, None)["keys"] == 1
    assert university.row("SELECT key FROM idempotency_key") == "new"


def test_expired_unofficial_copies_go(api: Api, university: University, later: timedelta) -> None:
    scene = university.stand(students=1)
    for token, hours in (("old", 1), ("new", 48)):
        university.run(
            "INSERT INTO unofficial_copy (token, student_id, registration_id, content, sha256, "
            "created_at, expires_at) "
            "VALUES (%(token)s, %(s)s, %(r)s, '', '', now(), now() + make_interval(hours => %(hours)s))",
            token=token,
            s=scene["students"][0],
            r=scene["registrations"][0],
            hours=hours,
        )
    assert api.run(prune, None)["copies"] == 1
    assert university.row("SELECT token FROM unofficial_copy") == "new"


def test_the_last_tick_of_a_schedule_stays(api: Api, university: University) -> None:
    university.run(
        "INSERT INTO tick VALUES ('a', now() - interval '100 days'), ('a', now() - interval '95 days')"
    )
    assert api.run(prune, None)["ticks"] == 1
    assert university.row("SELECT due < now() - interval '94 days' FROM tick") is True


def test_a_backup_whose_process_was_killed_is_recorded_as_failed(
    api: Api, university: University, later: timedelta
) -> None:
    university.insert("backup", file_name="killed")
    assert api.run(prune, None)["backups"] == 1
    assert university.row("SELECT status FROM backup") == "failed"


def test_only_its_own_finished_jobs_go(api: Api, university: University) -> None:
    now = clock.now()
    for kind, status, hours in (
        ("housekeeping.sweep", "done", 25),
        ("housekeeping.sweep", "done", 1),
        ("housekeeping.sweep", "failed", 25),
        ("transcripts.enqueue", "done", 25),
    ):
        university.insert("job", kind=kind, status=status, finished_at=now - timedelta(hours=hours))
    assert api.run(prune, None)["jobs"] == 1
    assert university.row("SELECT count(*) FROM job") == 3


def test_a_sweep_with_nothing_stalled_rescues_nothing(api: Api) -> None:
    from sims_server.kernel.actor import SYSTEM_CALLER
    from sims_server.kernel.jobs import JobRun

    run = JobRun(1, "housekeeping.sweep", {}, SYSTEM_CALLER, api.database, api.data)
    assert sweep_job(run) == {"rescued": 0}


def test_jobs_of_a_worker_that_was_killed_run_again(api: Api, university: University) -> None:
    from sims_server.kernel.actor import SYSTEM_CALLER
    from sims_server.kernel.jobs import JobRun, enqueue

    api.run(lambda work, _: enqueue(work, "test.killed"), None)
    university.run(
        "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '5 minutes')",
    )
    university.run(
        "UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT max(id) FROM "
        "procrastinate_workers)"
    )
    run = JobRun(1, "housekeeping.sweep", {}, SYSTEM_CALLER, api.database, api.data)
    assert sweep_job(run) == {"rescued": 1}
    assert university.row("SELECT status::text FROM procrastinate_jobs") == "todo"
