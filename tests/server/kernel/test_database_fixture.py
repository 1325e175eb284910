"""The ground under all server tests."""

from __future__ import annotations

import psycopg
import pytest

from tests.support.database import TestDatabase, server_connection


def _names_of_settings(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT key FROM setting WHERE key LIKE 'probe%'")]


@pytest.mark.parametrize("turn", [1, 2])
def test_what_a_test_commits_no_other_test_sees(database_url: TestDatabase, turn: int) -> None:
    assert _names_of_settings(database_url.app_url) == []
    with server_connection(database_url.app_url) as connection:
        connection.execute("SELECT set_config('sims.actor_name', 'a test', true)")
        connection.execute("INSERT INTO setting (key, value) VALUES ('probe', '1')")
    assert _names_of_settings(database_url.app_url) == ["probe"]


def test_each_role_comes_in_as_itself(database_url: TestDatabase) -> None:
    for role in ("sims_app", "sims_owner", "sims_readonly", "sims_backup"):
        with psycopg.connect(database_url.url(role)) as connection:
            assert connection.execute("SELECT current_user").fetchone() == (role,)


def test_the_application_may_not_make_anything_in_a_clone(database_url: TestDatabase) -> None:
    for statement in ("CREATE TABLE mine (x int)", "CREATE TEMP TABLE mine (x int)", "CREATE SCHEMA mine"):
        with (
            psycopg.connect(database_url.app_url) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(statement)
