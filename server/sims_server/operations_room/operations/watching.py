"""Health and metrics, over a connection of their own that waits two seconds and no longer."""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Iterator
from typing import Any

import psycopg
import sqlalchemy.pool
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from sims_server.access.queries import VERSION
from sims_server.audit import queries as audit_queries
from sims_server.audit.operations.anchoring import head_shown
from sims_server.audit.operations.verifying import last_verified
from sims_server.kernel import clock, migrations
from sims_server.kernel.database import Connection
from sims_server.kernel.http import File
from sims_server.kernel.metrics import REQUESTS
from sims_server.kernel.refusal import DatabaseAway
from sims_server.kernel.watching import Visit
from sims_server.operations_room import rules
from sims_server.operations_room.queries import health as health_queries
from sims_server.settings import from_environment
from sims_shared.operations_room import Alive, ComponentHealth, Components, Health, NotReady, Ready
from sims_shared.problems import NotPermitted

PATIENCE = 2  # seconds
METRICS_TYPE = "text/plain; version=0.0.4"  # the server adds the charset


@contextlib.contextmanager
def _connected(visit: Visit) -> Iterator[Connection]:
    """Raises DatabaseAway when the database does not answer within two seconds."""
    try:
        with psycopg.connect(
            visit.database.url,
            autocommit=True,
            connect_timeout=PATIENCE,
            application_name="sims-health",
            options=f"-c statement_timeout={PATIENCE}s -c TimeZone=UTC",
        ) as driver:
            yield Connection(driver)
    except psycopg.Error as error:
        raise DatabaseAway(retry_after=5) from error


def get_health(visit: Visit) -> Health:
    """How the server and what it stands on are."""
    now = clock.now()
    usage = shutil.disk_usage(visit.data)
    disk = rules.judge_disk(usage.free, usage.total)
    with _connected(visit) as connection:
        state = health_queries.state_of(connection)
        silent = audit_queries.silent_tables(connection)
        # An older schema knows no blocks; its component says so already.
        sealed = audit_queries.sealed_of(connection) if state["migration"] == migrations.head() else None
    parts = Components(
        database=_judge_database(state["migration"]),
        jobs=rules.judge_jobs(
            now,
            has_worker=state["has_worker"],
            oldest_queued=state["oldest_queued"],
            waiting=state["waiting"],
        ),
        scheduler=_judge_clock(state["has_clock"]),
        disk=disk,
        backup=rules.judge_backup(
            now,
            installed_at=state["installed_at"],
            rehearsed_at=state["rehearsed_at"],
            last_failure=state["last_failure"],
        ),
        audit=rules.judge_audit(now, silent, _sealed(visit, sealed)),
    )
    everything = (parts.database, parts.jobs, parts.scheduler, parts.disk, parts.backup, parts.audit)
    status = rules.OK if all(part.status == rules.OK for part in everything) else rules.DEGRADED
    return Health(status=status, components=parts, version=VERSION, checked_at=now)


def _sealed(visit: Visit, row: dict[str, Any] | None) -> rules.Sealed:
    if row is None:
        return rules.Sealed()
    head, unreadable = head_shown(visit.data)
    return rules.Sealed(
        finding=last_verified(visit.data).finding or unreadable,
        unsealed_since=row["unsealed_since"],
        newest_block=None if row["number"] is None else (row["number"], row["at"]),
        head=head,
        alarms=row["alarms"],
    )


def _judge_database(migration: str | None) -> ComponentHealth:
    if migration == migrations.head():
        return ComponentHealth(status=rules.OK, detail=f"at {migration}")
    return ComponentHealth(
        status=rules.DEGRADED, detail=f"at {migration}, this release needs {migrations.head()}"
    )


def _judge_clock(has_clock: bool) -> ComponentHealth:
    if has_clock:
        return ComponentHealth(status=rules.OK, detail="one process is the clock")
    return ComponentHealth(status=rules.DEGRADED, detail="no process is the clock")


def get_alive(visit: Visit) -> Alive:
    """The process answers; nothing is said of the database."""
    return Alive()


def get_ready(visit: Visit) -> Ready:
    """The database is there and has this release's schema."""
    with _connected(visit) as connection:
        migration = health_queries.migration_of(connection)
    if migration != migrations.head():
        raise NotReady(
            f"The database is at {migration}, this release needs {migrations.head()}.", retry_after=5
        )
    return Ready(migration=migration)


def get_metrics(visit: Visit) -> File:
    """Numbers for Prometheus: from this machine, or with SIMS_METRICS_TOKEN as the bearer token."""
    token = from_environment(visit.data).metrics_token
    if token is not None:
        given = visit.authorization.removeprefix("Bearer ").strip()
        allowed = secrets.compare_digest(given.encode(), token.encode())
    else:
        allowed = rules.is_from_this_machine(visit.address, forwarded=visit.forwarded)
    if not allowed:
        raise NotPermitted("Metrics are read from the server's own machine, or with its metrics token.")
    return File(generate_latest(REQUESTS) + generate_latest(_gauges(visit)), METRICS_TYPE)


def _gauges(visit: Visit) -> CollectorRegistry:
    registry = CollectorRegistry()

    def gauge(name: str, text: str, value: float | None) -> None:
        if value is not None:
            Gauge(name, text, registry=registry).set(value)

    gauge("sims_disk_free_bytes", "Free bytes where the data lie.", shutil.disk_usage(visit.data).free)
    pool = visit.database.engine.pool
    if isinstance(pool, sqlalchemy.pool.QueuePool):
        gauge("sims_pool_connections_in_use", "Connections that requests hold now.", pool.checkedout())
    try:
        with _connected(visit) as connection:
            numbers = health_queries.numbers_of(connection)
            is_led = health_queries.state_of(connection)["has_clock"]
    except DatabaseAway:
        gauge("sims_database_up", "Whether the database answers.", 0)
        return registry
    gauge("sims_database_up", "Whether the database answers.", 1)
    gauge("sims_clock_led", "Whether some process is the clock.", int(is_led))
    gauge("sims_audit_entries", "Number of the last audit entry.", numbers["audit_entries"])
    gauge("sims_backup_age_seconds", "Since the last backup that succeeded.", numbers["backup_age"])
    gauge("sims_rehearsal_age_seconds", "Since the last rehearsal that succeeded.", numbers["drill_age"])
    gauge("sims_sessions", "Sessions signed in.", numbers["sessions"])
    gauge("sims_database_connections", "Sessions in the database.", numbers["connections"])
    gauge("sims_database_bytes", "Size of the database.", numbers["size"])
    jobs = Gauge("sims_jobs", "Jobs by status.", ["status"], registry=registry)
    for status in ("queued", "running", "done", "failed", "cancelled"):
        jobs.labels(status).set((numbers["jobs"] or {}).get(status, 0))
    return registry
