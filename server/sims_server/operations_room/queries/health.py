"""What the health page and the metrics are read from, over a connection of their own."""

from __future__ import annotations

from typing import Any

from sims_server.kernel.database import Connection
from sims_server.kernel.scheduler import LOCK

# Two halves of the lock's number, as pg_locks shows it.
_STATE = f"""
SELECT (SELECT version_num FROM alembic_version) AS migration,
       (SELECT created_at FROM system) AS installed_at,
       EXISTS (SELECT FROM procrastinate_workers WHERE last_heartbeat > now() - interval '1 minute') AS
         has_worker,
       (SELECT count(*) FROM job WHERE status = 'queued') AS waiting,
       (SELECT min(created_at) FROM job WHERE status = 'queued') AS oldest_queued,
       EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                AND classid = {LOCK >> 32} AND objid = {LOCK & 0xFFFFFFFF}) AS has_clock,
       (SELECT max(drilled_at) FROM backup WHERE drill_outcome LIKE 'ok%%') AS rehearsed_at,
       (SELECT CASE WHEN b.status = 'failed' THEN coalesce(b.error, 'no reason was recorded')
                    WHEN b.drill_outcome NOT LIKE 'ok%%' THEN b.drill_outcome END
          FROM backup b WHERE b.status <> 'running' ORDER BY greatest(b.finished_at, b.drilled_at) DESC, b.id
          DESC LIMIT 1)
         AS last_failure
"""
_NUMBERS = """
SELECT (SELECT jsonb_object_agg(status, n) FROM (SELECT status, count(*) AS n FROM job GROUP BY status) j) AS
jobs,
       (SELECT coalesce(max(id), 0) FROM audit) AS audit_entries,
       (SELECT extract(epoch FROM now() - max(finished_at))::float8 FROM backup WHERE status = 'done') AS
         backup_age,
       (SELECT extract(epoch FROM now() - max(drilled_at))::float8 FROM backup WHERE drill_outcome LIKE
         'ok%%') AS drill_age,
       (SELECT count(*) FROM login_session WHERE ended_at IS NULL AND expires_at > now()) AS sessions,
       (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()) AS connections,
       pg_database_size(current_database()) AS size
"""


def state_of(connection: Connection) -> dict[str, Any]:
    """Everything the health page judges, in one round trip."""
    row = connection.row(_STATE)
    assert row is not None
    return row


def numbers_of(connection: Connection) -> dict[str, Any]:
    """The gauges of `/metrics`."""
    row = connection.row(_NUMBERS)
    assert row is not None
    return row


def migration_of(connection: Connection) -> str | None:
    """The newest migration that the database has."""
    found: str | None = connection.value("SELECT version_num FROM alembic_version")
    return found
