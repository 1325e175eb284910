"""Keeping house: what nobody needs any longer goes, and jobs of dead workers run again.

Everything here is state of the machinery. Nothing of the academic record ever ends by age.
"""

from __future__ import annotations

from datetime import timedelta

from sims_server.kernel.execute import execute_as_system
from sims_server.kernel.jobs import JobRun, job, rescue_stalled
from sims_server.kernel.scheduler import schedule
from sims_server.kernel.work import Work
from sims_server.operations_room.operations.backups import DRILL, TAKE

PRUNE, SWEEP = "housekeeping.prune", "housekeeping.sweep"
KEYS_LIVE = timedelta(hours=24)
SLIPS_LIVE = timedelta(days=7)
TICKS_LIVE = timedelta(days=90)
FAILURES_LIVE = timedelta(days=2)
BACKUPS_TAKE = timedelta(hours=6)  # at most

schedule("backups.nightly", "30 2 * * *", TAKE)
schedule("backups.rehearsal", "30 4 * * *", DRILL)
schedule("housekeeping.prune", "17 * * * *", PRUNE)
schedule("housekeeping.sweep", "*/10 * * * *", SWEEP)


@job(PRUNE)
def prune_job(run: JobRun) -> dict[str, int]:
    """Every hour: remembered answers after 24 hours, expired unofficial copies, files of slips after a
    week, old ticks, own jobs."""
    return execute_as_system(run.database, prune, None, action=PRUNE, data=run.data)


@job(SWEEP)
def sweep_job(run: JobRun) -> dict[str, int]:
    """Every ten minutes: jobs whose worker gave no sign of life run again."""
    return {"rescued": rescue_stalled(run.database)}


def prune(work: Work, _: None = None) -> dict[str, int]:
    """How many rows of each kind went; a backup whose process was killed is recorded as failed."""
    return {
        "keys": work.run("DELETE FROM idempotency_key WHERE created_at < %(t)s", t=work.now - KEYS_LIVE),
        "copies": work.run("DELETE FROM unofficial_copy WHERE expires_at < %(t)s", t=work.now),
        "slips": work.run("DELETE FROM exam_slip_print WHERE made_at < %(t)s", t=work.now - SLIPS_LIVE),
        "failures": work.run("DELETE FROM sign_in_failure WHERE at < %(t)s", t=work.now - FAILURES_LIVE),
        "jobs": work.run(
            "DELETE FROM job WHERE kind LIKE 'housekeeping.%%' AND status = 'done' AND finished_at < %(t)s",
            t=work.now - KEYS_LIVE,
        ),
        "backups": work.run(
            "UPDATE backup SET status = 'failed', finished_at = %(now)s, error = 'it was interrupted' "
            "WHERE status = 'running' AND started_at < %(t)s",
            now=work.now,
            t=work.now - BACKUPS_TAKE,
        ),
        "ticks": work.run(
            "DELETE FROM tick t WHERE due < %(t)s AND EXISTS (SELECT FROM tick n WHERE n.job = t.job "
            "AND n.due > t.due)",
            t=work.now - TICKS_LIVE,
        ),
    }
