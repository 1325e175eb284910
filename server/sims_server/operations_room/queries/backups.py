"""Backups: the list, and what a manifest says of a database."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from sims_server.kernel.paging import Filter, Listing
from sims_server.kernel.work import Work
from sims_shared.operations_room import BackupStatus, BackupView, TableDigest
from sims_shared.problems import NotFound

BACKUPS = Listing(
    entity="backup",
    columns={
        "id": "b.id",
        "file_name": "b.file_name",
        "size": "b.size",
        "status": "b.status",
        "sha256": "b.manifest->>'sha256'",
        "migration": "b.manifest->>'migration'",
        "started_at": "b.started_at",
        "finished_at": "b.finished_at",
        "error": "b.error",
        "drilled_at": "b.drilled_at",
        "drill_outcome": "b.drill_outcome",
        "removed_at": "b.removed_at",
    },
    source="backup b",
    key="b.id",
    filters={"status": Filter("b.status = {}", BackupStatus)},
    default_order="-id",
)

_TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relpersistence = 'p' ORDER BY c.relname
"""
# A sum of 128 bits of each row's hash: the same whatever the order in which rows come back.
_DIGEST = """
SELECT count(*), concat(
         coalesce(sum(('x' || substr(hash, 1, 16))::bit(64)::bigint::numeric), 0), ':',
         coalesce(sum(('x' || substr(hash, 17, 16))::bit(64)::bigint::numeric), 0))
  FROM (SELECT md5((whole_row.*)::text) AS hash FROM {} AS whole_row) AS hashed
"""
# A row's text must read the same wherever it is written out.
_PLAIN_TEXT = """
SELECT set_config('timezone', 'UTC', false), set_config('datestyle', 'ISO, YMD', false),
       set_config('intervalstyle', 'iso_8601', false), set_config('bytea_output', 'hex', false),
       set_config('extra_float_digits', '1', false)
"""
_HEAD = """
SELECT (SELECT version_num FROM alembic_version) AS migration,
       (SELECT count(*) FROM audit) AS audit_rows,
       (SELECT coalesce(max(id), 0) FROM audit) AS audit_last_id,
       (SELECT greatest(s.version_floor, coalesce((SELECT max(version) FROM assessment_score), 0)) FROM
         system s)
         AS highest_version,
       (SELECT epoch::text FROM system) AS epoch,
       (SELECT demo FROM system) AS demo,
       (SELECT coalesce(array_agg(key_id ORDER BY key_id), '{}') FROM signing_key) AS key_ids
"""


def get_backup(work: Work, id: int) -> BackupView:
    """One backup."""
    row = BACKUPS.one(work, id)
    if row is None:
        raise NotFound
    return BackupView(**row)


def newest_done(work: Work) -> int | None:
    """The newest backup whose file is still there."""
    found: int | None = work.value(
        "SELECT id FROM backup WHERE status = 'done' AND removed_at IS NULL ORDER BY finished_at DESC, "
        "id DESC LIMIT 1"
    )
    return found


def newest_size(work: Work) -> int | None:
    """Bytes of the newest backup that succeeded: about what the next one will have."""
    found: int | None = work.value(
        "SELECT size FROM backup WHERE status = 'done' ORDER BY finished_at DESC, id DESC LIMIT 1"
    )
    return found


def kept_backups(work: Work) -> list[dict[str, Any]]:
    """Backups whose files are still there: id, file_name, finished_at."""
    return work.rows(
        "SELECT id, file_name, finished_at FROM backup WHERE status = 'done' AND removed_at IS NULL "
        "ORDER BY id"
    )


def table_digests(connection: psycopg.Connection[Any]) -> dict[str, TableDigest]:
    """Rows and digest of every lasting table, within the connection's own transaction and snapshot."""
    connection.execute(_PLAIN_TEXT)
    digests = {}
    for (table,) in connection.execute(_TABLES).fetchall():
        row = connection.execute(sql.SQL(_DIGEST).format(sql.Identifier(table))).fetchone()
        assert row is not None
        digests[table] = TableDigest(rows=row[0], digest=row[1])
    return digests


def head_of(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """`{migration, audit_rows, audit_last_id, highest_version, epoch, demo, key_ids}` of a database."""
    with connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        row = cursor.execute(_HEAD).fetchone()
    assert row is not None
    return row


def is_a_record(connection: psycopg.Connection[Any]) -> bool:
    """Whether this database was ever migrated."""
    row = connection.execute("SELECT to_regclass('public.system') IS NOT NULL").fetchone()
    return bool(row and row[0])


def scratch_databases(connection: psycopg.Connection[Any], prefix: str) -> list[str]:
    """Databases whose names begin so."""
    rows = connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix])
    return [row[0] for row in rows]


def others_connected(connection: psycopg.Connection[Any], database: str) -> int:
    """How many sessions besides ours are in `database`."""
    row = connection.execute(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = %s AND pid <> pg_backend_pid() AND usesysid IS NOT NULL",
        [database],
    ).fetchone()
    assert row is not None
    return int(row[0])
