"""The operations room: is the server well, are there backups, do they restore.

A backup that was never restored is a hope. The newcomer's mistake is to trust the file's existence;
`drilled_at` and `drill_outcome` say when it was last proven, and with what result.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from sims_shared.audit import AuditHead
from sims_shared.messages import Command, View
from sims_shared.problems import Kind, Refusal
from sims_shared.values import Id

REHEARSE_WITHIN = timedelta(hours=26)
"""Nightly, with two hours' grace; a backup is taken as often."""
BackupStatus = Literal["running", "done", "failed"]


class BackupNotUsable(Refusal):
    code = "backups.not_usable"
    title = "This backup cannot be rehearsed"


class BackupsNotSetUp(Refusal):
    code = "backups.not_set_up"
    title = "The server was not told how to reach its database for backups"
    kind = Kind.UNAVAILABLE


class BackupDamaged(Refusal):
    code = "backups.damaged"
    title = "This backup is damaged or incomplete"
    kind = Kind.INVALID


class NotReady(Refusal):
    code = "health.not_ready"
    title = "The server is not ready"
    kind = Kind.UNAVAILABLE


class TakeBackup(Command, frozen=True, kw_only=True):
    pass


class DrillBackup(Command, frozen=True, kw_only=True):
    id: Id


class JobStarted(View, kw_only=True):
    """The job that does it: `/api/jobs/{job_id}/`."""

    job_id: int


class BackupView(View, kw_only=True):
    """One backup. `size` in bytes; `drill_outcome` begins with `ok` or says what was wrong;
    `removed_at` is set once its file was deleted at the end of its retention."""

    id: int
    file_name: str
    size: int | None
    status: str
    sha256: str | None
    migration: str | None
    started_at: datetime
    finished_at: datetime | None
    error: str | None
    drilled_at: datetime | None
    drill_outcome: str | None
    removed_at: datetime | None


class ComponentHealth(View, kw_only=True):
    """`status` is ok, degraded or away; `detail` says why in words."""

    status: str
    detail: str


class Components(View, kw_only=True):
    database: ComponentHealth
    jobs: ComponentHealth
    scheduler: ComponentHealth
    disk: ComponentHealth
    backup: ComponentHealth
    audit: ComponentHealth


class Health(View, kw_only=True):
    """`status` is ok when every component is, else degraded. Without the database the answer is 503."""

    status: str
    components: Components
    version: str
    checked_at: datetime


class Alive(View, kw_only=True):
    status: str = "ok"


class Ready(View, kw_only=True):
    status: str = "ok"
    migration: str | None = None


class TableDigest(msgspec.Struct, frozen=True):
    """How many rows, and a sum over their hashes that does not depend on their order."""

    rows: int
    digest: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What lies beside a backup's file and says what must be in it. `highest_version` is the highest
    version of a cell that existed; `audit_rows` and `audit_last_id` are the end of the audit, `audit_head`
    signs its newest block."""

    format: int = 1
    file: str
    size: int
    sha256: str
    taken_at: datetime
    migration: str
    server_version: int
    database: str
    epoch: str
    demo: bool
    highest_version: int
    audit_last_id: int
    audit_rows: int
    audit_head: AuditHead | None = None
    key_ids: list[str]
    tables: dict[str, TableDigest]
