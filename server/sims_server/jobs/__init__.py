"""Jobs: background work with progress, to be cancelled and retried.

queued → running → done | failed | cancelled; failed and cancelled → queued (retry). People see their
own jobs; whoever manages jobs sees all.
"""

from sims_server.kernel.jobs import JobRun, enqueue, job

__all__ = ["JobRun", "enqueue", "job"]
