"""The database roles: what each may do before any migration grants it something."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from sims_server.kernel.cluster import Cluster
from sims_server.kernel.migrations import migrate
from sims_server.kernel.provision import provision
from tests.support.database import TestDatabase

POWERS = "rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolinherit, rolcanlogin"


def test_no_role_has_a_power_it_does_not_need(database_url: TestDatabase) -> None:
    with psycopg.connect(database_url.superuser_url) as connection:
        rows = connection.execute(f"SELECT rolname, {POWERS} FROM pg_roles WHERE rolname LIKE 'sims%'")
        powers = {row[0]: row[1:] for row in rows}
    nothing = (False, False, False, False, False, False)
    assert powers == {
        "sims_app": (*nothing, True),
        "sims_readonly": (*nothing, True),
        "sims_student": (*nothing, False),
        "sims_owner": (False, False, True, False, False, True, True),
        "sims_backup": (False, False, False, False, True, False, True),
    }


def test_the_application_becomes_the_student_role_and_never_inherits_it(database_url: TestDatabase) -> None:
    with psycopg.connect(database_url.app_url) as connection:
        asked = "SELECT pg_has_role('sims_app', 'sims_student', 'USAGE')"
        assert connection.execute(asked).fetchone() == (False,)
        connection.execute("SET LOCAL ROLE sims_student")
        assert connection.execute("SELECT current_user").fetchone() == ("sims_student",)


def test_no_other_role_can_become_the_student_role(database_url: TestDatabase) -> None:
    for role in ("sims_readonly", "sims_backup"):
        with (
            psycopg.connect(database_url.url(role)) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute("SET ROLE sims_student")


def test_nobody_waits_for_ever_as_the_application(database_url: TestDatabase) -> None:
    with psycopg.connect(database_url.app_url) as connection:
        shown = [
            connection.execute(f"SHOW {name}").fetchone()
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        ]
    assert shown == [("10s",), ("3s",), ("15s",)]


def test_who_only_reads_cannot_write(database_url: TestDatabase) -> None:
    for role in ("sims_readonly", "sims_backup"):
        with (
            psycopg.connect(database_url.url(role)) as connection,
            pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
        ):
            connection.execute("DELETE FROM setting")


def test_passwords_are_kept_as_verifiers_and_never_logged(tmp_path: Path) -> None:
    with Cluster.start(tmp_path / "data", durable=False) as cluster:
        with psycopg.connect(cluster.superuser_url(), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET log_statement = 'all'")
            connection.execute("SELECT pg_reload_conf()")
        provision(cluster.superuser_url(), cluster.passwords)
        with psycopg.connect(cluster.superuser_url(), autocommit=True) as connection:
            kept = connection.execute(
                "SELECT rolpassword FROM pg_authid WHERE rolname = 'sims_app'"
            ).fetchone()
    assert kept is not None
    assert kept[0].startswith("SCRAM-SHA-256$")
    log = (tmp_path / "data" / "postgresql.log").read_text()
    assert "ALTER ROLE" in log
    assert cluster.passwords["sims_app"] not in log


def test_provisioning_again_or_twice_at_once_changes_nothing(tmp_path: Path) -> None:
    with Cluster.start(tmp_path / "data", durable=False) as cluster:
        with ThreadPoolExecutor(4) as crowd:
            turns = [crowd.submit(provision, cluster.superuser_url(), cluster.passwords) for _ in range(4)]
        for turn in turns:
            turn.result()
        with psycopg.connect(cluster.superuser_url()) as connection:
            catalogue = "SELECT r::text FROM pg_authid r WHERE rolname LIKE 'sims%' AND NOT rolcanlogin"
            members = (
                "SELECT roleid, member, inherit_option, set_option FROM pg_auth_members WHERE oid > 16383"
            )
            before = connection.execute(catalogue).fetchall(), connection.execute(members).fetchall()
        provision(cluster.superuser_url(), {})
        with psycopg.connect(cluster.superuser_url()) as connection:
            after = connection.execute(catalogue).fetchall(), connection.execute(members).fetchall()
        assert after == before
        with psycopg.connect(cluster.url("sims_app")) as connection:
            assert connection.execute("SELECT current_database()").fetchone() == ("sims",)


def test_the_oldest_supported_server_carries_the_whole_schema(oldest_server_url: str) -> None:
    passwords = dict.fromkeys(("sims_owner", "sims_app", "sims_readonly", "sims_backup"), "p")
    provision(oldest_server_url, passwords)
    provision(oldest_server_url, passwords)
    owner_url = oldest_server_url.replace("postgres@/postgres", "sims_owner:p@/sims")
    migrate(owner_url)
    with psycopg.connect(owner_url.replace("sims_owner", "sims_app")) as connection:
        asked = "SELECT pg_has_role('sims_app', 'sims_student', 'USAGE')"
        assert connection.execute(asked).fetchone() == (False,)
        connection.execute("SET LOCAL ROLE sims_student")
        assert connection.execute("SELECT current_user").fetchone() == ("sims_student",)
