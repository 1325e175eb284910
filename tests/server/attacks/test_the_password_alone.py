"""With the password of `sims_app` and nothing else: in psql, as whoever looked into the environment.

The connection cannot show that it is the server's, so nobody is named by it, and nothing is written that
gives power, decides, publishes or seals (decision 19). What rules hold by themselves stays open, in
nobody's name.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from sims_server.__main__ import main
from sims_server.kernel.database import Database
from sims_server.kernel.proof import ServerUnknown, ensure_known, make_known, prove
from tests.server.attacks.test_as_the_application import APPROVED, PUBLISH, scene  # noqa: F401
from tests.support.api import Api
from tests.support.database import TestDatabase, server_connection, server_database
from tests.support.university import University

ONLY_THE_SERVER = "only_the_server_writes"
ATTACKS = {
    "a change asked for and approved in two names": APPROVED[0],
    "a draft rewritten between its approval and its publish": (
        "UPDATE result SET grade = 'A', grade_points = 4, total = 99 WHERE id = %(draft)s"
    ),
    "published in the registrar's name": f"{PUBLISH} WHERE id = %(draft)s",
    "a sheet approved": "UPDATE sheet SET state = 'approved' WHERE section_id = %(submitted)s",
    "a mark in an open sheet": (
        "UPDATE assessment_score SET score = 1, mark = 'scored' WHERE section_id = %(open)s"
    ),
    "a session opened for the registrar": (
        "INSERT INTO login_session (account_id, refresh_hash, expires_at) "
        "VALUES (%(registrar)s, sha256('known'), now() + interval '1 day')"
    ),
    "a session taken over": "UPDATE login_session SET refresh_hash = sha256('known')",
    "the registrar's password exchanged": "UPDATE account SET password_hash = 'x' WHERE id = %(registrar)s",
    "one-time codes taken away": "UPDATE account SET otp_confirmed_at = NULL, otp_secret = NULL",
    "a role given": (
        "INSERT INTO account_role (account_id, role_id) SELECT %(dean)s, id FROM role "
        "WHERE name = 'registrar'"
    ),
    "a role that may more": "UPDATE role SET permissions = permissions || '{results.publish}'",
    "somebody who teaches a section": (
        "INSERT INTO section_staff (section_id, account_id, role) VALUES (%(open)s, %(dean)s, 'co')"
    ),
    "a job that acts for the registrar": (
        "INSERT INTO job (kind, arguments, created_by) VALUES ('transcripts.enqueue', '{}', %(registrar)s)"
    ),
    "a setting that asks for no codes": (
        "INSERT INTO setting (key, value) VALUES ('security.require_otp', 'false')"
    ),
    "a document struck from the register": (
        "INSERT INTO issued_document_status (document_id, status, reason) SELECT id, 'revoked', 'x' "
        "FROM issued_document"
    ),
    "a regulation changed": "UPDATE regulation SET policy = policy || '{}'",
    "a degree conferred": "UPDATE registration SET status = 'graduated'",
    "a hold lifted": "UPDATE hold SET lifted_at = now()",
    "a receipt, so that a device takes its marks for arrived": (
        "INSERT INTO sync_receipt SELECT (jsonb_populate_record(NULL::sync_receipt, '{}')).*"
    ),
    "a tick, so that no backup is taken": "DELETE FROM tick",
    "the queue emptied, so that nothing asked for is done": "DELETE FROM procrastinate_jobs",
    "a sign of life of a worker that is dead": (
        "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())"
    ),
    "an answer that was never given": (
        "INSERT INTO idempotency_key (account_id, key, request_hash) VALUES (%(faculty)s, 'x', '')"
    ),
}
# What the database's own rules hold, so that anybody may try them in psql.
OPEN = {
    "assessment", "course", "course_equivalent", "course_prerequisite", "curriculum_course", "department",
    "enrollment", "offering", "program", "section", "student", "term",
}  # fmt: skip


@pytest.mark.parametrize("name", list(ATTACKS))
def test_the_password_alone_does_not(name: str, scene: dict[str, Any]) -> None:  # noqa: F811
    with psycopg.connect(scene["url"]) as connection, pytest.raises(psycopg.Error) as stopped:
        connection.execute(ATTACKS[name], scene)
    assert stopped.value.diag.constraint_name == ONLY_THE_SERVER


@pytest.mark.parametrize("told", ["actor", "actor_name", "action", "method", "path", "request_id"])
def test_nobody_is_named_without_the_proof(told: str, scene: dict[str, Any]) -> None:  # noqa: F811
    with psycopg.connect(scene["url"]) as connection:
        connection.execute("SELECT set_config(%s, %s, true)", [f"sims.{told}", str(scene["registrar"])])
        with pytest.raises(psycopg.Error) as stopped:
            connection.execute("UPDATE student SET name = name || ' the Great'")
        connection.rollback()
    assert stopped.value.diag.constraint_name == "audit_names_whom_the_server_told"


def test_what_rules_hold_by_themselves_may_be_tried_in_nobodys_name_and_is_told(
    api: Api, university: University
) -> None:
    place = university.stand(students=2)
    auditor = api.as_("auditor")

    def told() -> int:
        cards = auditor.get("/api/dashboard/").json["cards"]
        return {card["key"]: card["count"] for card in cards}["past_the_server"]

    assert told() == 0
    seats = "UPDATE section SET capacity = 1 WHERE id = %(section)s"
    with psycopg.connect(university.database.url) as connection:
        connection.execute("UPDATE assessment SET name = 'Quiz I' WHERE name = 'Quiz'")
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute(seats, {"section": place["section"]})
        connection.rollback()
        connection.execute(
            "UPDATE enrollment SET status = 'dropped', ended_at = now() WHERE id = %s",
            [place["enrollments"][0]],
        )
        connection.execute(seats, {"section": place["section"]})
    written = auditor.get("/api/audit/?past_the_server=true").json["results"]
    assert {entry["entity"] for entry in written} == {"enrollment", "section"}
    assert all(entry["actor"] == {"id": None, "name": "database:sims_app"} for entry in written)
    api.as_("registrar").patch(f"/api/sections/{place['section']}/", {"capacity": 5})
    assert told() == len(written)
    named = auditor.get("/api/audit/?past_the_server=false").json["results"][0]
    assert (named["entity"], named["actor"]["id"]) == ("section", place["registrar"])


def test_every_table_is_the_servers_or_named_as_open(database_url: TestDatabase) -> None:
    """Name a new table in `CALL only_the_server_writes(…)` of its migration, or above."""
    with psycopg.connect(database_url.superuser_url) as connection:
        found = connection.execute(
            "SELECT c.relname, EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid "
            "AND t.tgname = 'aa_only_the_server_writes' AND t.tgenabled = 'O') FROM pg_class c "
            "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' "
            "AND (has_any_column_privilege('sims_app', c.oid, 'INSERT, UPDATE') "
            "OR has_table_privilege('sims_app', c.oid, 'DELETE'))"
        ).fetchall()
    assert {name for name, guarded in found if not guarded} == OPEN


def test_a_proof_is_of_no_use_on_another_connection(scene: dict[str, Any]) -> None:  # noqa: F811
    with server_connection(scene["url"]) as proven, psycopg.connect(scene["url"]) as other:
        (proof,) = proven.execute("SELECT current_setting('sims.server')").fetchone() or ("",)
        assert proven.execute("SELECT by_the_server()").fetchone() == (True,)
        other.execute("SELECT set_config('sims.server', %s, false)", [proof])
        assert other.execute("SELECT by_the_server()").fetchone() == (False,)


@pytest.mark.parametrize(
    "look",
    [
        "SELECT password_hash FROM account",
        "SELECT otp_secret FROM account",
        "SELECT recovery_hashes FROM account",
        "SELECT * FROM account_credentials('registrar')",
        "SELECT exchange_password(%(registrar)s, 'x', 'y')",
        "SELECT spend_recovery_code(%(registrar)s, 'x')",
    ],
)
def test_nobody_reads_or_exchanges_what_people_sign_in_with(look: str, scene: dict[str, Any]) -> None:  # noqa: F811
    with psycopg.connect(scene["url"]) as connection:
        assert connection.execute("SELECT username FROM account WHERE id = %(registrar)s", scene).fetchone()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(look, scene)
        connection.rollback()


def test_nobody_reads_or_adds_a_key(database_url: TestDatabase) -> None:
    for role in ("sims_app", "sims_readonly"):
        with (
            psycopg.connect(database_url.url(role)) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute("SELECT * FROM server_key")
    with pytest.raises(ServerUnknown, match="knows another server"):
        make_known(database_url.app_url, b"mine" * 8)
    with psycopg.connect(database_url.app_url) as connection:
        prove(connection, b"mine" * 8)
        assert connection.execute("SELECT by_the_server()").fetchone() == (False,)


def test_what_the_password_sets_for_the_role_means_nothing_to_the_server(database_url: TestDatabase) -> None:
    """A role may set for itself how its later connections begin: the server's too."""
    settings = {
        "default_transaction_isolation": "repeatable read",
        "default_transaction_read_only": "on",
        "role": "sims_student",
        "search_path": "pg_catalog",
        "array_nulls": "off",
        "gin_fuzzy_search_limit": "1",
        "DateStyle": "SQL, DMY",
        "standard_conforming_strings": "off",
    }
    with psycopg.connect(database_url.app_url, autocommit=True) as connection:
        for name, value in settings.items():
            query = sql.SQL("ALTER ROLE sims_app IN DATABASE {} SET {} = {}")
            words = sql.Identifier(database_url.name), sql.Identifier(name), sql.Literal(value)
            connection.execute(query.format(*words))
    with psycopg.connect(database_url.app_url) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("sims_student",)
    database = server_database(database_url.app_url)
    try:
        for opened in (database.transaction, database.reading):
            with opened() as driven:
                for name, value in settings.items():
                    assert driven.value("SELECT current_setting(%(name)s)", name=name) != value, name
                assert driven.value("SELECT current_user") == "sims_app"
                assert driven.value("SHOW transaction_isolation") == "read committed"
    finally:
        database.close()


def test_the_first_server_of_a_new_database_makes_itself_known(database_url: TestDatabase) -> None:
    with psycopg.connect(database_url.owner_url) as connection:
        connection.execute("DELETE FROM server_key")
    ensure_known(database_url.app_url, b"first" * 8)
    ensure_known(database_url.app_url, b"first" * 8)
    with pytest.raises(ServerUnknown):
        ensure_known(database_url.app_url, b"second" * 8)
    make_known(database_url.owner_url, b"second" * 8)  # the owner may
    ensure_known(database_url.app_url, b"second" * 8)
    with psycopg.connect(database_url.owner_url) as connection:
        entries = connection.execute(
            "SELECT actor_name, operation FROM audit WHERE entity = 'server_key' ORDER BY id"
        ).fetchall()
    assert entries[-3:] == [
        ("database:sims_owner", "delete"),
        ("database:sims_app", "insert"),
        ("database:sims_owner", "insert"),
    ]


def test_a_server_that_is_not_known_does_not_start(
    database_url: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url.app_url)
    monkeypatch.setenv("SIMS_SECRET_KEY", "another")
    monkeypatch.setattr("sys.stdin", io.StringIO("a long enough password\n"))
    assert main(["create-account", "somebody", "--data", str(tmp_path)]) == 1
    assert "the database knows another server" in capsys.readouterr().err
    monkeypatch.setenv("DATABASE_OWNER_URL", database_url.owner_url)
    assert main(["migrate", "--data", str(tmp_path)]) == 0


def test_a_connection_older_than_the_question_proves_itself_anew(api: Api, university: University) -> None:
    """A server that ran while the migration came is asked for the first time in the middle of its work."""
    place = university.stand(students=1)
    registrar = api.as_("registrar")
    api.database.forget_connections()
    with api.database.transaction() as connection:
        connection.run("SELECT set_config('sims.server', '', false)")
    wish = {"student_id": place["students"][0], "kind": "fee", "reason": "Fees of the term"}
    assert registrar.post("/api/holds/", wish).status == 201


def test_what_reaches_the_database_without_the_secret_only_reads(
    university: University, database_url: TestDatabase
) -> None:
    university.stand(students=1)
    database = Database(database_url.app_url)
    try:
        with database.transaction() as connection:
            assert connection.value("SELECT count(*) FROM student") == 1
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.run("DELETE FROM setting")
    finally:
        database.close()
