"""What several people do at the same moment, found with 32 threads and tried again one step at a time."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sims_server.kernel.execute import Incoming, execute
from sims_server.kernel.refusal import Busy
from tests.support.api import Api
from tests.support.database import TestDatabase, server_connection
from tests.support.university import PASSWORD, University
from tests.support.waiting import wait_until

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = 'sims_app'"
LOCK = "SELECT id FROM student WHERE id = %s FOR NO KEY UPDATE NOWAIT"


@contextmanager
def held(database: TestDatabase, student: int) -> Iterator[None]:
    with server_connection(database.app_url) as connection:
        connection.execute(LOCK, [student])
        yield
        connection.rollback()


def test_two_who_ask_for_each_others_merge_do_not_wait_for_each_other(
    api: Api, university: University, database_url: TestDatabase
) -> None:
    """Each locked the record of its address first and the other after: a deadlock, and an error of ours."""
    place = university.stand(students=1)
    (one,) = place["students"]
    other_program = university.program(place["department"], "MSCS")
    twin = university.student("Twin")
    university.registration(twin, other_program, place["regulation"], "2024-MS-0001")
    registrar = api.as_("registrar")
    with ThreadPoolExecutor(1) as pool, server_connection(database_url.app_url) as watcher:
        with held(database_url, one):
            asked = pool.submit(
                registrar.post, f"/api/students/{twin}/merge/", {"duplicate_id": one, "reason": "twice"}
            )
            wait_until(lambda: watcher.execute(WAITING).fetchone() == (1,))
            watcher.execute(LOCK, [twin])  # free: the lower number is taken first, whoever asks
            watcher.rollback()
        assert asked.result().status == 201


def test_who_meets_others_again_and_again_is_told_to_come_back(
    university: University, tmp_path: Path
) -> None:
    tried: list[int] = []

    def meets(_: Any) -> Any:
        tried.append(1)
        raise psycopg.errors.DeadlockDetected("deadlock detected")

    with pytest.raises(Busy) as refused:
        execute(university.database, Incoming(), None, "test", meets, data=tmp_path)
    assert len(tried) > 1
    assert refused.value.retry_after == 1


def test_the_wait_before_the_next_attempt_is_over_for_one_attempt_at_a_time(
    api: Api, university: University
) -> None:
    """Two dozen guesses sent at once passed where one was meant to."""
    university.stand(students=1)
    guess = {"username": "faculty", "password": "wrong"}
    right = {"username": "Faculty", "password": PASSWORD}
    assert api.anonymous.post("/api/auth/token/", guess).status == 401
    university.run(
        "INSERT INTO sign_in_failure (username, address, at) "
        "SELECT username, address, at - interval '5 minutes' FROM sign_in_failure, generate_series(1, 6)"
    )
    university.run("DELETE FROM sign_in_failure WHERE at > now() - interval '1 minute'")
    with university.database.transaction() as connection:
        assert connection.value(
            "SELECT pg_try_advisory_xact_lock(hashtext('sign-in faculty ' || address)) "
            "FROM sign_in_failure LIMIT 1"
        )
        beside = api.anonymous.post("/api/auth/token/", right)
        assert (beside.status, beside.code) == (429, "auth.too_many_attempts")
    assert api.anonymous.post("/api/auth/token/", right).status == 200
