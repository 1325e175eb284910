"""Routes of the operations room. Who watches over the server asks without signing in."""

from __future__ import annotations

from sims_server.kernel.http import File, command, listing, read
from sims_server.kernel.refusal import DatabaseAway
from sims_server.kernel.watching import watch
from sims_server.operations_room.operations import backups, housekeeping, restoring, watching
from sims_server.operations_room.queries.backups import BACKUPS, get_backup
from sims_shared.access import Permission
from sims_shared.operations_room import (
    Alive,
    BackupNotUsable,
    BackupView,
    DrillBackup,
    Health,
    JobStarted,
    NotReady,
    Ready,
    TakeBackup,
)
from sims_shared.problems import NotPermitted

# Imported for the jobs and schedules that they register.
REGISTER = (housekeeping, restoring)
MANAGE = Permission.MANAGE_BACKUPS

routes = [
    watch("/health/", watching.get_health, Health, refusals=(DatabaseAway,)),
    watch("/healthz/", watching.get_health, Health, refusals=(DatabaseAway,)),
    watch("/health/live", watching.get_alive, Alive),
    watch("/health/ready", watching.get_ready, Ready, refusals=(DatabaseAway, NotReady)),
    watch(
        "/metrics",
        watching.get_metrics,
        File,
        media_type=watching.METRICS_TYPE,
        refusals=(NotPermitted,),
        tag="metrics",
    ),
    listing("/api/backups/", BACKUPS, BackupView, permission=MANAGE),
    read("/api/backups/{id:int}/", get_backup, BackupView, permission=MANAGE),
    command("POST", "/api/backups/", TakeBackup, backups.ask_for_backup, JobStarted, status=202),
    command(
        "POST",
        "/api/backups/{id:int}/drill/",
        DrillBackup,
        backups.ask_for_drill,
        JobStarted,
        status=202,
        locate=get_backup,
        refusals=(BackupNotUsable,),
    ),
]
