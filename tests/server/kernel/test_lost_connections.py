"""After the database restarted, people notice as little as can be."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from tests.support.api import Api, Client
from tests.support.database import TestDatabase
from tests.support.university import University


def break_connections(database: TestDatabase) -> int:
    """Ends every session of the application, as a restart of the database does."""
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND usename = 'sims_app'"
        ).fetchall()
    return len(ended)


@pytest.fixture
def admin(api: Api, university: University) -> Client:
    university.stand(students=1)
    client = api.as_("admin")
    with ThreadPoolExecutor(4) as several:  # so that several connections wait in the pool
        list(several.map(lambda _: client.get("/api/terms/"), range(8)))
    return client


def test_a_reader_notices_nothing(admin: Client, database_url: TestDatabase) -> None:
    assert break_connections(database_url) > 1
    assert [admin.get("/api/terms/").status for _ in range(4)] == [200] * 4


def test_a_command_that_had_not_begun_is_carried_out_once(
    admin: Client, university: University, database_url: TestDatabase
) -> None:
    assert break_connections(database_url) > 1
    answer = admin.post("/api/departments/", {"code": "NEW", "name": "New"})
    assert answer.status == 201
    assert university.row("SELECT count(*) FROM department WHERE code = 'NEW'") == 1


def test_a_command_whose_connection_breaks_halfway_is_not_repeated(
    api: Api, admin: Client, university: University, database_url: TestDatabase
) -> None:
    from sims_server.kernel.refusal import DatabaseAway

    begun: list[int] = []

    def half(work: Any, _: None) -> None:
        begun.append(1)
        work.run("INSERT INTO department (code, name) VALUES ('HALF', 'Half')")
        break_connections(database_url)
        work.value("SELECT 1")

    with pytest.raises(DatabaseAway):
        api.run(half, None)
    assert begun == [1]
    assert university.row("SELECT count(*) FROM department WHERE code = 'HALF'") == 0
