"""Connections: SQLAlchemy's pool, one connection a transaction, plain rows.

The server signs in as `sims_app`, which owns nothing. A newcomer would reach for entities; a page of
fifty costs two milliseconds that way, so slices write SQL and take plain rows.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, cast

import msgspec
import psycopg
from psycopg.rows import dict_row, tuple_row
from psycopg.types.json import Jsonb, set_json_dumps, set_json_loads
from sqlalchemy import Engine, MetaData, Table, create_engine, event
from sqlalchemy.engine import make_url

from sims_server.kernel.proof import prove

set_json_dumps(msgspec.json.encode)
set_json_loads(msgspec.json.decode)

Row = dict[str, Any]

# One description of all tables, filled by the slices' model modules; `./sims check` holds it against
# the migrated database.
metadata = MetaData()

DEFAULT_SETTINGS: dict[str, Any] = {
    "institution": "University of Exampleabad",
    "institution_native": "",
    "office": "Office of the Controller of Examinations",
    "office_of_letters": "Office of the Registrar",
    "address": "",
    "time_zone": "Asia/Karachi",
    "public_url": "https://sims.example.edu",
    "security.require_otp": True,
    # Whoever notifies, approves, seals or administers signs in with a one-time code.
    "security.otp_permissions": (
        "results.publish results.withhold results.freeze sheets.approve results.approve_change "
        "transcripts.issue transcripts.revoke accounts.manage settings.manage backups.manage roles.delegate"
    ),
    # How a registration number is made for whom is admitted; see sims_shared.admissions.
    "admissions.reg_no_form": "{year}-{program}-{number:04}",
    # A batch of more seats is enrolled by a job, with progress.
    "enrollment.batch_job_over": 1000,
    # For so many days after a class its teacher marks it; then the registrar does, with a reason.
    "attendance.edit_days": 30,
    # Printed on every roll-number slip, a sentence a line.
    "examinations.slip_instructions": (
        "Bring this slip and your identity card to every paper.\n"
        "Be in your seat fifteen minutes before the time; nobody is let in half an hour after it.\n"
        "Phones, watches that compute and written matter stay outside the room.\n"
        "Whoever uses unfair means is reported, and the answer book is sealed."
    ),
    "backup.keep_days": 7,
    # More students than this opened by one account within an hour raise an alarm.
    "disclosures.students_an_hour": 300,
    # So many days after a decision about unfair means the student may appeal.
    "cases.appeal_days": 30,
    # Whether each publish of results asks for a one-time code of its moment, besides the one at sign-in.
    "results.code_at_publish": False,
    # Whether another name needs a second person everywhere; the desktop asks for one in any case.
    "students.name_by_two": False,
    # Where papers lie until they are collected, in the order in which the shelf is filled.
    "requests.trays": "A-1..A-40 B-1..B-40",
    "mail.from": "registry@example.edu",
    "mail.host": "localhost",
    "mail.port": 25,
}
# What a role may set for itself, and whoever has its password for the server's next connections: what the
# connection says itself counts more. Another isolation would have a rule look at what was before a lock; an
# array's NULL would be a word; a search would find some of what it finds.
_OPTIONS = " ".join(
    f"-c {name}={value}"
    for name, value in {
        "TimeZone": "UTC",
        "role": "none",
        "search_path": "public",
        "default_transaction_isolation": r"read\ committed",
        "default_transaction_read_only": "off",
        "default_transaction_deferrable": "off",
        "row_security": "on",
        "standard_conforming_strings": "on",
        "transform_null_equals": "off",
        "array_nulls": "on",
        "gin_fuzzy_search_limit": "0",
        "DateStyle": "ISO,MDY",
        "IntervalStyle": "postgres",
        "bytea_output": "hex",
        "extra_float_digits": "1",
    }.items()
)
SETTINGS_STALE_AFTER = 5.0  # seconds; another process's change is seen within this time


@lru_cache(maxsize=512)
def _insert(table: str, columns: tuple[str, ...], returning: str) -> str:
    names = ", ".join(columns)
    places = ", ".join(f"%({column})s" for column in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({places}) RETURNING {returning}"


@lru_cache(maxsize=512)
def _update(table: str, columns: tuple[str, ...]) -> str:
    return f"UPDATE {table} SET {', '.join(f'{c} = %({c})s' for c in columns)} WHERE id = %(_id)s"


def _adapted(value: Any) -> Any:
    return Jsonb(value) if isinstance(value, dict) else value


class Connection:
    """What every query of one transaction goes through. Parameters are psycopg's `%(name)s`."""

    def __init__(self, driver: psycopg.Connection[Any]) -> None:
        self.driver = driver
        self._cursor = driver.cursor(row_factory=dict_row)

    def rows(self, sql: str, /, **values: Any) -> list[Row]:
        """All rows, as dicts by column name."""
        return self._cursor.execute(sql, values).fetchall()

    def tuples(self, sql: str, /, **values: Any) -> list[tuple[Any, ...]]:
        """All rows, for whoever knows their columns: dicts of a page cost more than reading it."""
        return self.driver.cursor(row_factory=tuple_row).execute(sql, values).fetchall()

    def row(self, sql: str, /, **values: Any) -> Row | None:
        """The first row, or None."""
        return self._cursor.execute(sql, values).fetchone()

    def value(self, sql: str, /, **values: Any) -> Any:
        """The first column of the first row, or None."""
        row = self._cursor.execute(sql, values).fetchone()
        return None if row is None else next(iter(row.values()))

    def run(self, sql: str, /, **values: Any) -> int:
        """Execute; the number of rows touched."""
        return self._cursor.execute(sql, values).rowcount

    def insert(self, table: Table, values: Mapping[str, Any], returning: str = "id") -> Any:
        """Insert one row; its id (or the named column). Dicts become jsonb."""
        _known(table, values)
        adapted = {name: _adapted(value) for name, value in values.items()}
        return self.value(_insert(table.name, tuple(adapted), returning), **adapted)

    def update(self, table: Table, id: int, values: Mapping[str, Any]) -> int:
        """Update the named columns of one row; the number of rows touched (0 or 1)."""
        if not values:
            return 0
        _known(table, values)
        adapted = {name: _adapted(value) for name, value in values.items()}
        return self.run(_update(table.name, tuple(adapted)), _id=id, **adapted)


def _prove_each(engine: Engine, secret: bytes) -> None:
    @event.listens_for(engine, "connect")
    def _(connection: psycopg.Connection[Any], _record: object) -> None:
        prove(connection, secret)


def _known(table: Table, values: Mapping[str, Any]) -> None:
    unknown = [name for name in values if name not in table.c]
    if unknown:
        raise KeyError(f"{table.name} has no column {', '.join(unknown)}")


class Database:
    """The pool of one server process. `url` is any libpq URL; settings are read through a small cache.
    With the server's `secret` its connections show whose they are; without, they only read."""

    def __init__(
        self, url: str, secret: bytes | None = None, *, pool_size: int = 16, application: str = "sims"
    ) -> None:
        parsed = make_url(url).set(drivername="postgresql+psycopg")
        self.url = url
        self.secret = secret
        options = {
            "pool_size": pool_size,
            # Whoever comes when all are taken waits. One more for the moment would cost more than most
            # requests: a new connection proves itself and has every trigger still to read.
            "max_overflow": 0,
            "pool_timeout": 10,
            "pool_use_lifo": True,
            "connect_args": {
                "options": _OPTIONS,
                "application_name": application,
                "connect_timeout": 5,
            },
        }
        self.engine = create_engine(parsed, **options)
        # For requests that only read: under READ COMMITTED each statement has its own snapshot anyway,
        # so BEGIN and COMMIT would be two round trips for nothing.
        self.reading_engine = create_engine(parsed, isolation_level="AUTOCOMMIT", **options)
        if secret is not None:
            for engine in (self.engine, self.reading_engine):
                _prove_each(engine, secret)
        self._settings: dict[str, Any] = {}
        self._settings_read_at = float("-inf")

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction; commits on leaving, rolls back on any exception. An ORM session would hold
        nothing here and costs a quarter of a millisecond a request."""
        pooled = self.engine.raw_connection()
        driver = cast("psycopg.Connection[Any]", pooled.driver_connection)
        try:
            yield Connection(driver)
            driver.commit()
        except BaseException:
            try:
                driver.rollback()
            except psycopg.Error:  # lost; what went wrong before is what is told
                pooled.invalidate()
            raise
        finally:
            pooled.close()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Statements that only read, each its own transaction. What must agree with itself is one
        statement; `BEGIN` by hand where a transaction is needed (a student's role)."""
        pooled = self.reading_engine.raw_connection()
        try:
            yield Connection(cast("psycopg.Connection[Any]", pooled.driver_connection))
        finally:
            pooled.close()

    def setting(self, connection: Connection, key: str) -> Any:
        """The institution's setting, or its default. Raises KeyError for a name nobody defined."""
        if time.monotonic() - self._settings_read_at > SETTINGS_STALE_AFTER:
            self._settings = {r["key"]: r["value"] for r in connection.rows("SELECT key, value FROM setting")}
            self._settings_read_at = time.monotonic()
        return self._settings[key] if key in self._settings else DEFAULT_SETTINGS[key]

    def forget_settings(self) -> None:
        """Called after a setting was written."""
        self._settings_read_at = float("-inf")

    def forget_connections(self) -> None:
        """Called when one broke: those that wait in the pool are closed, the next are new."""
        self.engine.dispose()
        self.reading_engine.dispose()

    def close(self) -> None:
        self.engine.dispose()
        self.reading_engine.dispose()
