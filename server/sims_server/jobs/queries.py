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


# Of the arguments only what names a thing: the rest are lists of thousands and hashes.
_ABOUT = """jsonb_strip_nulls(jsonb_build_object('import_id', j.arguments->'import_id',
    'batch_id', j.arguments->'batch_id', 'backup_id', j.arguments->'backup_id',
    'students', CASE jsonb_typeof(j.arguments->'student_ids') WHEN 'array'
      THEN jsonb_array_length(j.arguments->'student_ids') END))"""
# The server keeps house every ten minutes; people look for what they or a night asked for.
_NOTEWORTHY = "(j.kind NOT LIKE 'housekeeping.%%' OR j.status = 'failed')"

JOBS = Listing(
    entity="job",
    columns={
        "id": "j.id",
        "kind": "j.kind",
        "status": "j.status",
        "about": _ABOUT,
        "progress_done": "j.progress_done",
        "progress_total": "j.progress_total",
        "result": "j.result",
        "error": "j.error",
        "created_by": "j.created_by",
        "created_by_name": "a.name",
        "created_at": "j.created_at",
        "started_at": "j.started_at",
        "finished_at": "j.finished_at",
    },
    source="job j LEFT JOIN account a ON a.id = j.created_by",
    key="j.id",
    filters={
        "kind": Filter("j.kind = {}", str),
        "status": Filter("j.status = {}", JobStatus),
        "noteworthy": Filter(f"{_NOTEWORTHY} = {{}}", bool),
    },
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
