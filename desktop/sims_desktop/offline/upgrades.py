"""The local store's schema, and how an older one becomes this one.

`PRAGMA user_version` holds major * 1000 + minor. A minor version only adds; a newer major is refused,
because a program that does not know a table cannot keep its promises. The rule a newcomer would get
wrong: before anything is altered the whole file is copied aside, for in it may lie the only copy of a
semester's marks.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import apsw

from sims_desktop.offline.keys import WrongKey

MAJOR = 1
MINOR = 1
VERSION = MAJOR * 1000 + MINOR

_CELL = "section_id INTEGER NOT NULL, enrollment_id INTEGER NOT NULL, assessment_id INTEGER NOT NULL"
_CELL_KEY = "PRIMARY KEY (section_id, enrollment_id, assessment_id)"
ACKED = f"""CREATE TABLE acked (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, {_CELL}, edit_id TEXT NOT NULL, mark TEXT, score TEXT,
    ver INTEGER NOT NULL, at TEXT NOT NULL, UNIQUE (section_id, edit_id)
)"""

SCHEMA = f"""
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE listed (section_id INTEGER PRIMARY KEY, summary BLOB NOT NULL);

CREATE TABLE sheet (
    section_id INTEGER PRIMARY KEY,
    client_id TEXT NOT NULL,
    next_mid INTEGER NOT NULL,
    cursor INTEGER NOT NULL,
    behind INTEGER,
    epoch TEXT NOT NULL,
    state TEXT NOT NULL,
    synced_at TEXT
);
CREATE TABLE assessment (
    assessment_id INTEGER PRIMARY KEY,
    section_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    view BLOB NOT NULL
);
CREATE INDEX assessment_of_section ON assessment (section_id, position);
-- A row without a status has left the roster; its name stays for the edits that are still shown.
CREATE TABLE row (
    section_id INTEGER NOT NULL,
    enrollment_id INTEGER NOT NULL,
    status TEXT,
    student_id INTEGER NOT NULL,
    reg_no TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (section_id, enrollment_id)
) WITHOUT ROWID;

CREATE TABLE base (
    {_CELL}, mark TEXT, score TEXT, ver INTEGER NOT NULL, by_id INTEGER, by_name TEXT, at TEXT, {_CELL_KEY}
) WITHOUT ROWID;
CREATE TABLE dirty (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, {_CELL}, edit_id TEXT NOT NULL, mark TEXT, score TEXT,
    UNIQUE (section_id, enrollment_id, assessment_id)
);
CREATE TABLE inflight (
    section_id INTEGER PRIMARY KEY, client_id TEXT NOT NULL, mid INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE TABLE conflict (
    {_CELL}, edit_id TEXT NOT NULL, mine BLOB NOT NULL, theirs BLOB NOT NULL, base BLOB NOT NULL, {_CELL_KEY}
) WITHOUT ROWID;
CREATE TABLE refused (
    {_CELL}, edit_id TEXT NOT NULL, mark TEXT, score TEXT, code TEXT NOT NULL, {_CELL_KEY}
) WITHOUT ROWID;
{ACKED};

CREATE TABLE edit_log (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, {_CELL}, edit_id TEXT NOT NULL, fate TEXT NOT NULL,
    mark TEXT, score TEXT, note TEXT NOT NULL, at TEXT NOT NULL
);
CREATE INDEX edit_log_of_cell ON edit_log (section_id, enrollment_id, assessment_id);
CREATE TRIGGER edit_log_is_never_changed BEFORE UPDATE ON edit_log
BEGIN SELECT RAISE(ABORT, 'the edit log is append-only'); END;
CREATE TRIGGER edit_log_is_never_deleted BEFORE DELETE ON edit_log
BEGIN SELECT RAISE(ABORT, 'the edit log is append-only'); END;
CREATE TABLE incident (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, section_id INTEGER NOT NULL, at TEXT NOT NULL, what TEXT NOT NULL
);
"""

Step = Callable[[apsw.Connection], None]


def _remember_every_edit(connection: apsw.Connection) -> None:
    """1.0 remembered the newest applied edit of a cell, so of two that two restores took one after the
    other nobody offered the older again. A program of 1.0 reads and writes the new table as well."""
    connection.execute("ALTER TABLE acked RENAME TO newest_acked")
    connection.execute(ACKED)
    connection.execute(
        "INSERT INTO acked (section_id, enrollment_id, assessment_id, edit_id, mark, score, ver, at)"
        " SELECT section_id, enrollment_id, assessment_id, edit_id, mark, score, ver, at"
        " FROM newest_acked ORDER BY at"
    )
    connection.execute("DROP TABLE newest_acked")


# From a version to the next. Nothing was released before 1.0.
STEPS: Mapping[int, tuple[int, Step]] = {1000: (1001, _remember_every_edit)}


class StoreTooNew(Exception):
    """The store was written by a newer program, which alone may open it."""


class StoreTooOld(Exception):
    """There is no way from this store's version to the one this program needs."""


def connect(path: Path, key: str) -> apsw.Connection:
    """A connection that is encrypted and durable. `key` is 64 hex digits.

    Raises:
        WrongKey: the file is not readable with this key, or is no store at all.
    """
    connection = apsw.Connection(str(path))
    try:
        if connection.pragma("cipher") is None:
            raise RuntimeError("this build of SQLite cannot encrypt; marks would lie open on the disk")
        connection.pragma("key", f"raw:{key}")
        connection.set_busy_timeout(10_000)
        connection.pragma("temp_store", "MEMORY")  # temporary files would lie open beside the store
        connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", "FULL")
        connection.pragma("fullfsync", 1)
        connection.pragma("checkpoint_fullfsync", 1)
        connection.pragma("foreign_keys", 1)
    except apsw.NotADBError:
        connection.close()
        raise WrongKey(f"{path.name} cannot be read with this key") from None
    except BaseException:
        connection.close()
        raise
    return connection


def prepare(
    path: Path, key: str, *, wanted: int = VERSION, steps: Mapping[int, tuple[int, Step]] = STEPS
) -> Path | None:
    """Makes the store at `path` ready for this program: creates it, or upgrades it step by step, each
    in a transaction of its own. Answers where the old file was copied to, or None.

    Raises:
        StoreTooNew, StoreTooOld, WrongKey.
    """
    connection = connect(path, key)
    try:
        version = connection.pragma("user_version")
        if not version:
            with connection:
                connection.execute(SCHEMA)
                connection.pragma("user_version", wanted)
            return None
        if version // 1000 > wanted // 1000:
            raise StoreTooNew(f"version {version // 1000} of the store; this program knows {wanted // 1000}")
        if version >= wanted:
            return None
        aside = _copy_aside(connection, path, version)
        while version < wanted:
            if version not in steps:
                raise StoreTooOld(f"version {version} cannot be upgraded to {wanted}")
            version, step = steps[version]
            with connection:
                step(connection)
                connection.pragma("user_version", version)
        return aside
    finally:
        connection.close()


def _copy_aside(connection: apsw.Connection, path: Path, version: int) -> Path:
    """The file as it was, still encrypted, beside the store."""
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    aside = path.with_name(f"{path.name}.version-{version}")
    partial = aside.with_name(f"{aside.name}.partial")
    connection.execute("BEGIN IMMEDIATE")  # nobody writes while the file is copied
    try:
        shutil.copyfile(path, partial)
    finally:
        connection.execute("ROLLBACK")
    with partial.open("rb+") as copied:
        os.fsync(copied.fileno())
    partial.replace(aside)
    return aside
