"""Taking a backup: dump and manifest from one snapshot, written aside, named only when complete.

The manifest is written last. A dump without one was interrupted, and a restore refuses it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import sys
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from sims_server.audit.operations.anchoring import head_of as signed_head
from sims_server.audit.operations.sealing import seal_and_anchor
from sims_server.kernel import clock
from sims_server.kernel.database import Database
from sims_server.kernel.execute import execute_as_system, operation
from sims_server.kernel.jobs import Cancelled, JobRun, enqueue, job
from sims_server.kernel.work import Work
from sims_server.operations_room import rules
from sims_server.operations_room.model import backup
from sims_server.operations_room.operations.programs import (
    Connections,
    ProgramFailure,
    find_connections,
    run_program,
)
from sims_server.operations_room.queries import backups as backup_queries
from sims_shared.access import Permission
from sims_shared.operations_room import BackupNotUsable, DrillBackup, JobStarted, Manifest, TakeBackup
from sims_shared.problems import Refusal

TAKE, DRILL = "backups.take", "backups.drill"
CHUNK = 1024 * 1024
Told = Callable[[int, int], object]
"""Told how much is done, of how much."""


@operation(Permission.MANAGE_BACKUPS, "backups.take")
def ask_for_backup(work: Work, command: TakeBackup) -> JobStarted:
    """Take a backup in the background."""
    return JobStarted(job_id=enqueue(work, TAKE))


@operation(Permission.MANAGE_BACKUPS, "backups.drill")
def ask_for_drill(work: Work, command: DrillBackup) -> JobStarted:
    """Rehearse a restore in the background: into a database of its own, which is then dropped."""
    found = backup_queries.get_backup(work, command.id)
    if found.status != "done" or found.removed_at is not None:
        raise BackupNotUsable("It did not succeed, or its file was removed at the end of its retention.")
    return JobStarted(job_id=enqueue(work, DRILL, backup_id=command.id))


def folder_of(data: Path) -> Path:
    """Where this server keeps its backups."""
    return data / "backups"


def manifest_of(dump: Path) -> Path:
    """Where a dump's manifest lies: beside it."""
    return dump.with_suffix(".manifest.json")


def checksum(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


@job(TAKE)
def take_backup_job(run: JobRun) -> dict[str, Any]:
    """The nightly backup, and the one somebody asks for: take it, then end what is past its retention."""
    dump = take_backup(run.database, run.data, told=run.progress)
    return {"file": dump.name, "removed": remove_expired(run.database, run.data)}


def take_backup(
    database: Database,
    data: Path,
    folder: Path | None = None,
    *,
    connections: Connections | None = None,
    told: Told = lambda done, total: None,
) -> Path:
    """Take a backup now; the path of its dump. `folder` is by default the server's own. `told(percent, 100)`
    as far as the size of the last one tells, and what it raises ends the backup.

    Raises Refusal when the server does not know how, ProgramFailure with pg_dump's words."""
    ways = connections or find_connections(data, database.url)
    ways.for_backup()
    place = folder or folder_of(data)
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    backup_id, name = _begin(database, data)
    dump = place / name
    seal_and_anchor(database, data)
    usual = execute_as_system(
        database, lambda work, _: backup_queries.newest_size(work), None, action="backups.take", data=data
    )

    def tell(written: int) -> None:
        if usual:
            told(min(99, 100 * written // usual), 100)
        else:
            told(0, 0)  # nobody knows how much there will be

    try:
        manifest = _write(ways, dump, data, tell)
    except (ProgramFailure, psycopg.Error, OSError, Cancelled) as error:
        reason = str(error).strip().split("\n")[0][:300]
        reason = "it was cancelled" if isinstance(error, Cancelled) else reason
        _end(database, data, backup_id, {"status": "failed", "error": reason})
        raise
    written = msgspec.json.decode(msgspec.json.encode(manifest))
    _end(database, data, backup_id, {"status": "done", "size": manifest.size, "manifest": written})
    return dump


def take_backup_now(database: Database, data: Path, folder: Path | None) -> int:
    """`sims server backup`: prints the path of the dump; 0, or 1 with the reason."""
    try:
        dump = take_backup(database, data, folder)
    except (ProgramFailure, Refusal, psycopg.Error, OSError) as problem:
        sys.stderr.write(f"sims server: no backup was taken: {say(problem)}\n")
        return 1
    sys.stdout.write(f"{dump}\n")
    return 0


def _begin(database: Database, data: Path) -> tuple[int, str]:
    def record(work: Work, _: None) -> tuple[int, str]:
        # The last part tells two apart that begin within one second.
        name = f"sims-{work.now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}.dump"
        backup_id: int = work.insert(backup, {"file_name": name, "started_at": work.now})
        return backup_id, name

    return execute_as_system(database, record, None, action="backups.take", data=data)


def _end(database: Database, data: Path, backup_id: int, values: dict[str, Any]) -> None:
    def record(work: Work, _: None) -> None:
        work.update(backup, backup_id, {**values, "finished_at": work.now})

    execute_as_system(database, record, None, action="backups.take", data=data)


def _write(ways: Connections, dump: Path, data: Path, tell: Callable[[int], object]) -> Manifest:
    unfinished = dump.with_suffix(".unfinished")

    def look() -> None:
        tell(unfinished.stat().st_size if unfinished.exists() else 0)

    try:
        with psycopg.connect(ways.for_backup(), application_name="sims-backup") as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            row = connection.execute("SELECT pg_export_snapshot()").fetchone()
            assert row is not None
            run_program(
                "pg_dump",
                ways.for_backup(),
                "--format=custom",
                "--no-unlogged-table-data",
                f"--snapshot={row[0]}",
                f"--file={unfinished}",
                told=look,
            )
            unfinished.chmod(0o600)
            tables = backup_queries.table_digests(connection)
            head = backup_queries.head_of(connection)
            manifest = Manifest(
                file=dump.name,
                size=unfinished.stat().st_size,
                sha256=checksum(unfinished),
                taken_at=clock.now(),
                server_version=connection.info.server_version,
                database=ways.database,
                tables=tables,
                audit_head=signed_head(connection, data),
                **head,
            )
        _settle(unfinished)
        unfinished.replace(dump)
        _write_manifest(manifest_of(dump), manifest)
    finally:
        unfinished.unlink(missing_ok=True)
    return manifest


def _write_manifest(path: Path, manifest: Manifest) -> None:
    unfinished = path.with_suffix(".unfinished")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(manifest), indent=1))
    _settle(unfinished)
    unfinished.replace(path)


def _settle(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def remove_expired(database: Database, data: Path) -> list[str]:
    """Delete the files of backups past their retention; their names. Rows stay."""

    def remove(work: Work, _: None) -> list[str]:
        kept = {row["id"]: row for row in backup_queries.kept_backups(work)}
        finished = {id: row["finished_at"] for id, row in kept.items()}
        names = []
        for id in rules.expired(finished, work.now, work.setting("backup.keep_days")):
            dump = folder_of(data) / kept[id]["file_name"]
            for path in (manifest_of(dump), dump):
                with contextlib.suppress(FileNotFoundError):
                    path.unlink()
            work.update(backup, id, {"removed_at": work.now})
            names.append(dump.name)
        return names

    return execute_as_system(database, remove, None, action="backups.expire", data=data)


def say(problem: BaseException) -> str:
    """A failure in words for whoever runs the command."""
    return problem.detail if isinstance(problem, Refusal) else str(problem).strip()
