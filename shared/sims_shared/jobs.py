"""Background work as people see it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sims_shared.messages import Command, View
from sims_shared.problems import Refusal
from sims_shared.values import Id, Person

JobStatus = Literal["queued", "running", "done", "failed", "cancelled"]


class JobWrongState(Refusal):
    code = "jobs.wrong_state"
    title = "The job's state does not allow this"


class RetryJob(Command, frozen=True, kw_only=True):
    id: Id


class CancelJob(Command, frozen=True, kw_only=True):
    id: Id


class Progress(View, kw_only=True):
    done: int
    total: int


class JobView(View, kw_only=True):
    """`result` is what the job's function answered; `error` says what went wrong in words. `about` names
    what it works on: `import_id`, `batch_id`, `backup_id`, or how many `students`."""

    id: int
    kind: str
    status: str
    about: dict[str, int]
    progress: Progress
    result: Any
    error: str | None
    created_by: Person
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
