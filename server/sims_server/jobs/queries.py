"""Every SELECT of jobs."""

from __future__ import annotations

from typing import Any

from sims_server.kernel.actor import Caller
from sims_server.kernel.paging import Filter, Listing
from sims_server.kernel.work import Work
from sims_shared.access import Permission
from sims_shared.jobs import JobStatus, JobView, Progress
from sims_shared.problems import NotFound
from sims_shared.values import SYSTEM, Person


def _own(caller: Caller) -> tuple[str, dict[str, Any]]:
    if caller.may(Permission.READ_ALL_JOBS):
        return "", {}
    return "j.created_by = %(scope_account)s", {"scope_account": caller.id}


def _shape(row: dict[str, Any]) -> dict[str, Any]:
    row["progress"] = Progress(done=row.pop("progress_done"), total=row.pop("progress_total"))
    name = row.pop("created_by_name")
    row["created_by"] = SYSTEM if row["created_by"] is None else Person(row["created_by"], name)
    return row


JOBS = Listing(
    entity="job",
    columns={
        "id": "j.id",
        "kind": "j.kind",
        "status": "j.status",
        "progress_done": "j.progress_done",
        "progress_total": "j.progress_total",
        "result": "j.result",
        "error": "j.error",
        "created_by": "j.created_by",
        "created_by_name": "a.name",
        "created_at": "j.created_at",
        "finished_at": "j.finished_at",
    },
    source="job j LEFT JOIN account a ON a.id = j.created_by",
    key="j.id",
    filters={"kind": Filter("j.kind = {}", str), "status": Filter("j.status = {}", JobStatus)},
    default_order="-id",
    scope=_own,
    shape=_shape,
)


def get_job(work: Work, id: int) -> JobView:
    """One job with its progress."""
    row = JOBS.one(work, id)
    if row is None:
        raise NotFound
    return JobView(**row)
