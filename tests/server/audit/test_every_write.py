"""Every write appears once in the audit, with actor, old and new values and the request, whoever writes.

The tables are read out of the migrations, and for each the columns out of the database: a table or a
column added tomorrow is asked the same. One transaction as the superuser, rolled back: rules and
other triggers are out of the way, the audit's own triggers are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import psycopg
import pytest
from psycopg import sql

from sims_server.kernel.actor import TELL_SYSTEM, caller_of_account
from sims_server.kernel.clock import now
from sims_server.kernel.execute import execute_as_system
from sims_server.kernel.jobs import FUNCTIONS, JobRun, enqueue, run_job
from sims_server.kernel.migrations import folder
from sims_server.kernel.work import Work
from tests.server.results.scene import approve, fill, publish
from tests.support.api import Api
from tests.support.database import TestDatabase
from tests.support.university import University

CALL = re.compile(r"^CALL (audit_table|audit_table_by_key)\(([^)]*)\);", re.MULTILINE)


class Audited(NamedTuple):
    """A table, its name in the audit, columns that only show that they changed, and derived ones."""

    table: str
    entity: str
    masked: frozenset[str]
    derived: frozenset[str]
    keys: tuple[str, ...]


def _audited() -> dict[str, Audited]:
    found = {}
    for path in sorted((folder() / "versions").glob("*.py")):
        for procedure, given in CALL.findall(path.read_text()):
            table, entity, *more = [word.strip().strip("'") for word in given.split(",")]
            if procedure == "audit_table":
                masked = frozenset(word for word in more if not word.startswith("-"))
                derived = frozenset(word[1:] for word in more if word.startswith("-"))
                found[table] = Audited(table, entity, masked, derived, ())
            else:
                found[table] = Audited(table, entity, frozenset(), frozenset(), tuple(more[1:]))
    return found


AUDITED = _audited()
# Two values of each type, neither of them the type's nothing.
VALUES = {
    "bool": ("true", "false"),
    "text": ("'one'", "'two'"),
    "citext": ("'one'", "'two'"),
    "date": ("'2026-01-01'", "'2026-01-02'"),
    "timestamptz": ("'2026-01-01T00:00Z'", "'2026-01-02T00:00Z'"),
    "time": ("'08:00'", "'09:00'"),
    "jsonb": ("'{\"a\": 1}'", "'{\"a\": 2}'"),
    "bytea": ("'\\x01'", "'\\x02'"),
    "uuid": ("'00000000-0000-0000-0000-000000000001'", "'00000000-0000-0000-0000-000000000002'"),
    "xid8": ("'1'", "'2'"),
}


def _values(type: str) -> tuple[str, str]:
    if type.startswith("_"):
        return tuple(f"ARRAY[{value}]::{type[1:]}[]" for value in _values(type[1:]))  # type: ignore[return-value]
    return VALUES.get(type, ("1", "2"))


class Column(NamedTuple):
    name: str
    type: str


def _columns(connection: psycopg.Connection[Any], table: str) -> list[Column]:
    rows = connection.execute(
        "SELECT attname, typname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid "
        "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' "
        "ORDER BY attnum",
        [table],
    )
    return [Column(*row) for row in rows]


@pytest.fixture
def bare(module_database_url: TestDatabase) -> Iterator[psycopg.Connection[Any]]:
    """The superuser in a transaction that is rolled back."""
    with psycopg.connect(module_database_url.superuser_url) as connection:
        yield connection
        connection.rollback()


def _lay_bare(connection: psycopg.Connection[Any], table: str) -> None:
    """Only the audit's triggers stay, and no CHECK."""
    name = sql.Identifier(table)
    connection.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER ALL").format(name))
    for event in ("insert", "update", "delete"):
        connection.execute(sql.SQL(f"ALTER TABLE {{}} ENABLE TRIGGER zz_audit_{event}").format(name))
    checks = connection.execute(
        "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'", [table]
    ).fetchall()
    for (check,) in checks:
        connection.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(name, sql.Identifier(check)))
    connection.execute(sql.SQL("DELETE FROM {}").format(name))


def _entries(connection: psycopg.Connection[Any], after: int) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        return cursor.execute("SELECT * FROM audit WHERE id > %s ORDER BY id", [after]).fetchall()


def _last(connection: psycopg.Connection[Any]) -> int:
    found = connection.execute("SELECT coalesce(max(id), 0) FROM audit").fetchone()
    assert found is not None
    return int(found[0])


@pytest.mark.parametrize("table", AUDITED)
def test_every_column_of_an_audited_table_is_told_once_with_old_and_new(
    bare: psycopg.Connection[Any], table: str
) -> None:
    audited = AUDITED[table]
    columns = _columns(bare, table)
    _lay_bare(bare, table)
    told = {"actor": "7", "name": "Somebody", "action": "things.do", "method": "POST", "path": "/api/x/"}
    bare.execute(TELL_SYSTEM, {**told, "request_id": "request-1"})

    def check(entry: dict[str, Any], operation: str) -> None:
        assert entry["operation"] == operation
        assert (entry["actor_id"], entry["actor_name"]) == (7, "Somebody")
        assert (entry["action"], entry["entity"]) == ("things.do", audited.entity)
        assert (entry["method"], entry["path"], entry["request_id"]) == ("POST", "/api/x/", "request-1")
        assert entry["database_user"] == "postgres"
        if not audited.keys:
            assert entry["entity_id"] == 1

    before = _last(bare)
    names = ", ".join(f'"{column.name}"' for column in columns)
    values = ", ".join(_values(column.type)[0] for column in columns)
    bare.execute(f"INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE VALUES ({values})".encode())
    (entry,) = _entries(bare, before)
    check(entry, "insert")
    shown = {column.name for column in columns} - audited.derived
    assert set(entry["changes"]) == shown
    assert all(old is None for name, (old, _) in entry["changes"].items() if name not in audited.masked)

    for column in columns:
        if column.name == "id" or column.name in audited.keys:
            continue
        before, (_, other) = _last(bare), _values(column.type)
        bare.execute(f'UPDATE {table} SET "{column.name}" = {other}'.encode())
        entries = _entries(bare, before)
        if column.name in audited.derived:
            assert entries == []
            continue
        (entry,) = entries
        check(entry, "update")
        assert set(entry["changes"]) == {column.name, *audited.keys}
        old, new = entry["changes"][column.name]
        assert (old == "…") == (new == "…") == (column.name in audited.masked)
        assert old != new or column.name in audited.masked
        bare.execute(f'UPDATE {table} SET "{column.name}" = "{column.name}"'.encode())
        assert len(_entries(bare, before)) == 1  # what changes nothing tells nothing

    before = _last(bare)
    bare.execute(f"DELETE FROM {table}".encode())
    (entry,) = _entries(bare, before)
    check(entry, "delete")
    assert set(entry["changes"]) == shown


def test_every_table_is_audited_or_says_why_not(bare: psycopg.Connection[Any]) -> None:
    """Add `CALL audit_table('…', '…')` to the migration, or, where the table is no part of the record,
    `COMMENT ON TABLE … IS 'not audited: because …'`."""
    tables = bare.execute(
        "SELECT c.relname, coalesce(obj_description(c.oid, 'pg_class'), '') FROM pg_class c "
        "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' "
        "AND c.relname NOT LIKE 'procrastinate%'"
    ).fetchall()
    silent = [
        name for name, why in tables if name not in AUDITED and not re.match(r"not audited: \w.{5}", why)
    ]
    assert silent == []
    assert set(AUDITED) <= {name for name, _ in tables}


def test_nobody_acts_as_somebody_in_psql(
    api: Api, university: University, database_url: TestDatabase
) -> None:
    """As the application, as the owner (a migration) and as the superuser: under the role's own name."""
    for role, url in (
        ("sims_app", database_url.app_url),
        ("sims_owner", database_url.owner_url),
        ("postgres", database_url.superuser_url),
    ):
        with psycopg.connect(url) as connection:
            before = _last(connection)
            connection.execute("INSERT INTO department (code, name) VALUES (%s, %s)", [role, role])
            (entry,) = _entries(connection, before)
        assert (entry["actor_id"], entry["actor_name"]) == (None, f"database:{role}")
        assert (entry["database_user"], entry["action"]) == (role, "department.insert")
        assert entry["changes"]["code"] == [None, role]


def test_a_job_writes_under_the_name_of_who_asked_for_it(api: Api, university: University) -> None:
    scene = university.stand(students=1)

    def write(work: Work, _: None) -> None:
        work.run("UPDATE student SET email = 'job@example.edu'")

    def carry_out(run: JobRun) -> None:
        run.execute(write, None, action="test.write")

    FUNCTIONS["test.write"] = carry_out
    try:
        with api.database.transaction() as connection:
            registrar = caller_of_account(connection, scene["registrar"], now().date())
        asked = execute_as_system(
            api.database,
            lambda work, _: enqueue(work, "test.write"),
            None,
            action="test.ask",
            data=api.data,
            actor=registrar,
        )
        run_job(api.database, api.data, asked)
    finally:
        del FUNCTIONS["test.write"]
    assert university.row("SELECT error FROM job") is None
    (entry,) = university.rows("SELECT * FROM audit WHERE action = 'test.write'")
    assert (entry["actor_id"], entry["actor_name"]) == (scene["registrar"], "Registrar")
    assert entry["changes"] == {"email": [None, "job@example.edu"]}
    assert len(entry["request_id"]) == 32


def test_no_write_over_http_is_told_twice(api: Api, university: University) -> None:
    scene = university.stand(students=4)
    fill(university, scene)
    approve(api, scene["section"])
    publish(api, scene["section"])
    api.as_("accounts").post(
        "/api/holds/", {"student_id": scene["students"][0], "kind": "fee", "reason": "due"}
    )
    twice = university.rows(
        "SELECT entity, entity_id, operation, changes::text FROM audit "
        "GROUP BY entity, entity_id, operation, changes, transaction_id HAVING count(*) > 1"
    )
    assert twice == []
    nameless = university.rows(
        "SELECT action, entity FROM audit WHERE method <> '' AND (request_id = '' OR actor_id IS NULL)"
    )
    assert nameless == []
