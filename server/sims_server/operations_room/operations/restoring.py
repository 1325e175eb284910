"""Restoring a backup, and rehearsing it: into a new database, held against the manifest and every
invariant; only then do the two change names.

The database in use is not touched before that, and afterwards it is still there under another name.
After a restore versions of cells are lost that some device may hold, so the epoch changes and versions
go on above a floor that none of them reached (sync protocol, rules 8 and 11).
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from sims_server.audit.operations.anchoring import recover, recovery_in_words
from sims_server.audit.operations.sealing import seal_and_anchor
from sims_server.audit.queries import has_blocks, hashes_of, newest_block
from sims_server.kernel import clock, migrations
from sims_server.kernel.cluster import Cluster, ClusterFailure
from sims_server.kernel.database import Database
from sims_server.kernel.execute import execute_as_system
from sims_server.kernel.jobs import JobRun, job
from sims_server.kernel.provision import open_to_roles, provision
from sims_server.kernel.work import Work
from sims_server.operations_room import rules
from sims_server.operations_room.model import backup
from sims_server.operations_room.operations.backups import (
    DRILL,
    Told,
    checksum,
    folder_of,
    manifest_of,
    say,
)
from sims_server.operations_room.operations.checking import CHECKS, Broken, broken_invariants
from sims_server.operations_room.operations.programs import (
    Connections,
    ProgramFailure,
    find_connections,
    restore_archive,
)
from sims_server.operations_room.queries import backups as backup_queries
from sims_server.settings import Settings
from sims_shared.operations_room import BackupDamaged, Manifest
from sims_shared.problems import Refusal

Tell = Callable[[str], object]


class RestoreFailure(Exception):
    """A restore that went no further; the database in use was not touched. The message says why."""


def read_manifest(dump: Path) -> Manifest:
    """The manifest beside a dump, once the dump is what it says. Raises BackupDamaged."""
    if not dump.is_file():
        raise BackupDamaged(f"There is no file {dump}.")
    path = manifest_of(dump)
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise BackupDamaged(f"Its manifest {path.name} is missing.") from None
    except msgspec.DecodeError:
        raise BackupDamaged(f"Its manifest {path.name} cannot be read.") from None
    if dump.stat().st_size != manifest.size:
        raise BackupDamaged(f"It has {dump.stat().st_size} bytes, its manifest says {manifest.size}.")
    if checksum(dump) != manifest.sha256:
        raise BackupDamaged("Its SHA-256 is not the one in its manifest.")
    return manifest


def fill(
    ways: Connections, dump: Path, manifest: Manifest, name: str, told: Callable[[], object] = lambda: None
) -> None:
    """Make the database `name`, restore into it, and hold it against the manifest; `told` meanwhile. Raises
    ProgramFailure or RestoreFailure; the caller drops what was made."""
    with psycopg.connect(ways.for_owner("postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(sql.Identifier(name))
        )
        open_to_roles(connection, name)
        version = connection.info.server_version
    url = ways.for_owner(name)
    restore_archive(dump, url, version, told)
    told()
    with psycopg.connect(url) as connection:
        head = backup_queries.head_of(connection)
        differing = rules.head_differences(
            manifest,
            migration=head["migration"],
            audit_rows=head["audit_rows"],
            audit_last_id=head["audit_last_id"],
        )
        if manifest.audit_head is not None:
            signed = manifest.audit_head
            block = hashes_of(connection, [signed.number]).get(signed.number)
            differing += rules.sealed_differences(signed, block)
        differing += rules.differences(manifest.tables, backup_queries.table_digests(connection))
    if differing:
        raise RestoreFailure(f"What was restored is not what the manifest says: {'; '.join(differing[:5])}.")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ANALYZE")


def check_filled(url: str, told: Told = lambda done, total: None) -> None:
    """Every invariant over a restored database. Raises RestoreFailure with the first that do not hold."""
    database = Database(url, pool_size=1, application="sims-restore")
    try:
        broken = broken_invariants(database, told)
    finally:
        database.close()
    if broken:
        raise RestoreFailure(
            f"What was restored breaks its own rules: {'; '.join(_sentence(b) for b in broken[:5])}."
        )


def _sentence(broken: Broken) -> str:
    return f"{broken.name} ({msgspec.json.encode(broken.rows[0]).decode()})"


def drop(ways: Connections, name: str) -> None:
    """Drop a database that was made for a restore. Not WITH (FORCE): that fails when autovacuum is in
    it, whose process is not ours to end; without it PostgreSQL asks autovacuum to leave, and waits."""
    with psycopg.connect(ways.for_owner("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))


# --- rehearsal ------------------------------------------------------------------------------------


@job(DRILL)
def drill_job(run: JobRun) -> dict[str, Any]:
    """The nightly rehearsal of the newest backup, and of the one somebody names."""
    backup_id = run.arguments.get("backup_id")
    if backup_id is None:
        backup_id = execute_as_system(
            run.database, lambda work, _: backup_queries.newest_done(work), None, action=DRILL, data=run.data
        )
    if backup_id is None:
        return {"outcome": "there is no backup yet"}
    return {
        "backup_id": backup_id,
        "outcome": drill_backup(run.database, run.data, backup_id, told=run.progress),
    }


def drill_backup(
    database: Database,
    data: Path,
    backup_id: int,
    *,
    connections: Connections | None = None,
    told: Told = lambda done, total: None,
) -> str:
    """Restore a backup into a scratch database, check it, drop it; the outcome, which is recorded too:
    `ok …`, or what was wrong. What `told` raises ends the rehearsal: nothing is recorded, nothing left."""
    ways = connections or find_connections(data, database.url)
    found = execute_as_system(database, backup_queries.get_backup, backup_id, action=DRILL, data=data)
    dump = folder_of(data) / found.file_name
    scratch = f"{ways.database}_drill_{backup_id}"
    steps = CHECKS + 2  # it is restored, it is compared, and every check
    try:
        manifest = read_manifest(dump)
        with _one_rehearsal(ways):
            try:
                told(0, steps)
                fill(ways, dump, manifest, scratch, lambda: told(1, steps))
                check_filled(ways.for_owner(scratch), lambda done, _: told(2 + done, steps))
            finally:
                drop(ways, scratch)
        rows = sum(table.rows for table in manifest.tables.values())
        outcome = f"ok: {CHECKS} checks held, {rows} rows as in the manifest"
    except (Refusal, RestoreFailure, ProgramFailure, psycopg.Error) as problem:
        outcome = f"failed: {say(problem)}"[:1000]

    def record(work: Work, _: None) -> None:
        work.update(backup, backup_id, {"drilled_at": work.now, "drill_outcome": outcome})

    execute_as_system(database, record, None, action=DRILL, data=data)
    return outcome


@contextlib.contextmanager
def _one_rehearsal(ways: Connections) -> Iterator[None]:
    """One at a time for a database, so that what lies about from before was left by one that was killed."""
    with psycopg.connect(ways.for_owner("postgres"), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtext('rehearsal'), hashtext(%s))", [ways.database])
        for name in backup_queries.scratch_databases(connection, f"{ways.database}_drill_"):
            drop(ways, name)
        yield


# --- the restore itself ---------------------------------------------------------------------------


def restore_backup(settings: Settings, dump: Path) -> int:
    """`sims server restore FILE`: 0 once the restored database is in place, else 1 and nothing changed."""
    try:
        manifest = read_manifest(dump)
        with _reached(settings) as ways:
            restore(ways, dump, manifest, lambda text: sys.stdout.write(text + "\n"), settings.data)
    except (Refusal, RestoreFailure, ProgramFailure, ClusterFailure, psycopg.Error) as problem:
        sys.stderr.write(f"sims server: not restored, nothing was changed: {say(problem)}\n")
        return 1
    return 0


@contextlib.contextmanager
def _reached(settings: Settings) -> Iterator[Connections]:
    if settings.database_url is not None:
        yield find_connections(settings.data, settings.database_url)
        return
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with Cluster.start(settings.data) as cluster:
        provision(cluster.superuser_url(), cluster.passwords)
        yield find_connections(settings.data, cluster.url("sims_app"))


def restore(ways: Connections, dump: Path, manifest: Manifest, tell: Tell, data: Path) -> str:
    """Put a verified backup in place of the database in use; the name under which the old one stays.
    `data` has the key that signs how much of the audit was lost.

    Raises RestoreFailure, ProgramFailure or psycopg.Error, each before anything in use has changed."""
    if not migrations.is_known(manifest.migration):
        raise RestoreFailure(f"Its schema {manifest.migration} is of a newer release than this one.")
    stamp = f"{clock.now():%Y%m%d_%H%M%S}"
    new, old = f"{ways.database}_restored_{stamp}", f"{ways.database}_before_{stamp}"
    last_version = _versions_in_use(ways)
    tell(f"the backup of {manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC is whole")
    try:
        fill(ways, dump, manifest, new)
        tell(f"restored into {new}; it is what the manifest says")
        migrations.migrate(ways.for_owner(new))
        check_filled(ways.for_owner(new))
        tell("every invariant holds in it")
        _begin_epoch(ways.for_owner(new), manifest, dump.name, last_version)
        tell(_recover(ways, new, dump.name, data))
        _swap(ways, new, old)
    except BaseException:
        drop(ways, new)
        raise
    anchored = Database(ways.for_owner(), pool_size=1, application="sims-restore")
    try:
        seal_and_anchor(anchored, data)
    finally:
        anchored.close()
    tell(f"in place; the database of before stays as {old}, drop it when you are sure")
    return old


def _versions_in_use(ways: Connections) -> int:
    """The highest version of a cell that the database in use handed out; 0 when it holds no record.
    Raises RestoreFailure while somebody is connected to it."""
    with psycopg.connect(ways.for_owner()) as connection:
        others = backup_queries.others_connected(connection, ways.database)
        if others:
            raise RestoreFailure(
                f"{others} other sessions use {ways.database}. Stop the server and its workers first."
            )
        if not backup_queries.is_a_record(connection):
            return 0
        version: int = backup_queries.head_of(connection)["highest_version"]
        return version


def _recover(ways: Connections, new: str, file: str, data: Path) -> str:
    """Sign how much of the history the restore loses, in the database that is to take the place; in words."""
    known = []
    with psycopg.connect(ways.for_owner()) as connection:
        if backup_queries.is_a_record(connection) and has_blocks(connection):
            last = newest_block(connection)
            known = [] if last is None else [last.number]
    with psycopg.connect(ways.for_owner(new)) as connection:
        return recovery_in_words(recover(connection, data, file, known))


def _begin_epoch(url: str, manifest: Manifest, file: str, last_version: int) -> None:
    """Tell devices and the audit that history was restored, and let no old job act again."""
    floor = rules.next_version_floor([manifest.highest_version, last_version])
    with psycopg.connect(url) as connection:
        for setting, value in (("actor_name", "system"), ("action", "backups.restore")):
            connection.execute("SELECT set_config(%s, %s, true)", [f"sims.{setting}", value])
        connection.execute("UPDATE system SET epoch = gen_random_uuid(), version_floor = %s", [floor])
        connection.execute(
            "UPDATE job SET status = 'cancelled', error = 'the database was restored from a backup', "
            "finished_at = now() "
            "WHERE status IN ('queued', 'running')"
        )
        connection.execute("DELETE FROM procrastinate_jobs WHERE status IN ('todo', 'doing')")
        connection.execute("DELETE FROM procrastinate_workers")
        # In its own dump a backup is still running.
        connection.execute(
            "UPDATE backup SET status = 'done', finished_at = %s, size = %s, manifest = %s WHERE "
            "file_name = %s AND status = 'running'",
            [manifest.taken_at, manifest.size, msgspec.json.encode(manifest).decode(), file],
        )
        connection.execute(
            "UPDATE backup SET status = 'failed', finished_at = now(), error = 'the database was "
            "restored meanwhile' WHERE status = 'running'"
        )
        connection.execute(
            "INSERT INTO audit (actor_name, action, entity, entity_id, method, path, request_id, "
            "database_user, operation, changes) "
            "VALUES ('system', 'backups.restore', 'system', NULL, '', '', '', session_user, 'update', "
            "jsonb_build_object('recovered_to', jsonb_build_array(NULL, %s::text), 'audit_last_id', "
            "jsonb_build_array(NULL, %s::bigint), "
            "'version_floor', jsonb_build_array(NULL, %s::int)))",
            [manifest.taken_at.isoformat(), manifest.audit_last_id, floor],
        )


def _swap(ways: Connections, new: str, old: str) -> None:
    """Both renames or neither. Fails, and changes nothing, when somebody has connected meanwhile."""
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    with psycopg.connect(ways.for_owner("postgres")) as connection:
        connection.execute(rename.format(sql.Identifier(ways.database), sql.Identifier(old)))
        connection.execute(rename.format(sql.Identifier(new), sql.Identifier(ways.database)))
