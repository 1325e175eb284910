"""What can be done about a job: cancel, retry."""

from __future__ import annotations

from sims_server.jobs.queries import get_job
from sims_server.kernel.execute import operation
from sims_server.kernel.jobs import requeue
from sims_server.kernel.work import Work
from sims_shared.access import Permission
from sims_shared.jobs import CancelJob, JobView, JobWrongState, RetryJob


@operation(Permission.STEER_JOBS, "jobs.retry")
def retry_job(work: Work, command: RetryJob) -> JobView:
    """Queue a failed or cancelled job again."""
    moved = work.run(
        "UPDATE job SET status = 'queued', cancel_asked = false, error = NULL, result = NULL, "
        "finished_at = NULL, progress_done = 0 "
        "WHERE id = %(id)s AND status IN ('failed', 'cancelled')",
        id=command.id,
    )
    if not moved:
        raise JobWrongState("Only a failed or cancelled job is retried.")
    requeue(work, command.id)
    return get_job(work, command.id)


@operation(Permission.STEER_JOBS, "jobs.cancel")
def cancel_job(work: Work, command: CancelJob) -> JobView:
    """Cancel: a queued job at once, a running one at its next step."""
    moved = work.run(
        "UPDATE job SET cancel_asked = true, status = CASE WHEN status = 'queued' THEN 'cancelled' ELSE "
        "status END, "
        "finished_at = CASE WHEN status = 'queued' THEN %(now)s ELSE finished_at END WHERE id = %(id)s "
        "AND status IN ('queued', 'running')",
        id=command.id,
        now=work.now,
    )
    if not moved:
        raise JobWrongState("It has ended already.")
    return get_job(work, command.id)
