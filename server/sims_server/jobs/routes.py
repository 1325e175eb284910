"""Routes of jobs."""

from __future__ import annotations

from sims_server.jobs import operations, queries
from sims_server.kernel.http import command, listing, read
from sims_shared.access import Permission
from sims_shared.jobs import CancelJob, JobView, JobWrongState, RetryJob

routes = [
    listing("/api/jobs/", queries.JOBS, JobView, permission=Permission.READ_JOBS),
    read("/api/jobs/{id:int}/", queries.get_job, JobView, permission=Permission.READ_JOBS),
    command(
        "POST",
        "/api/jobs/{id:int}/retry/",
        RetryJob,
        operations.retry_job,
        JobView,
        locate=queries.get_job,
        refusals=(JobWrongState,),
    ),
    command(
        "POST",
        "/api/jobs/{id:int}/cancel/",
        CancelJob,
        operations.cancel_job,
        JobView,
        locate=queries.get_job,
        refusals=(JobWrongState,),
    ),
]
