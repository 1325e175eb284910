"""The API's import in two steps: a file is previewed by a job, then its plan is committed by another."""

from __future__ import annotations

from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from sims_server.imports import queries
from sims_server.imports.model import import_batch
from sims_server.imports.operations.planning import check_kind, forget_rows, make_plan
from sims_server.imports.operations.writing import write_plan
from sims_server.kernel.execute import operation
from sims_server.kernel.jobs import JobRun, enqueue, job
from sims_server.kernel.work import Work
from sims_shared.access import Permission
from sims_shared.imports import (
    CommitImport,
    FileUnreadable,
    ImportCommitted,
    ImportFaulty,
    ImportStale,
    ImportView,
    UploadImport,
)
from sims_shared.problems import Fault, NotPermitted

# Rows of the record that a file of this kind writes, and so what it takes to import one. Assessments
# come with the marks of the years before: whoever brings in those brings in these.
PERMISSIONS: dict[str, Permission] = {
    "departments": Permission.MANAGE_CATALOG,
    "programs": Permission.MANAGE_CATALOG,
    "courses": Permission.MANAGE_CATALOG,
    "terms": Permission.MANAGE_CATALOG,
    "sections": Permission.MANAGE_CATALOG,
    "accounts": Permission.MANAGE_ACCOUNTS,
    "students": Permission.MANAGE_STUDENTS,
    "enrollments": Permission.OVERRIDE_ENROLLMENT,
    "assessments": Permission.IMPORT_SCORES,
    "scores": Permission.IMPORT_SCORES,
}


def _check_may_import(work: Work, kind: str) -> None:
    if not work.caller.may(PERMISSIONS[kind]):
        raise NotPermitted(f"Importing {kind} takes “{PERMISSIONS[kind]}”, which your role does not include.")


@operation(Permission.IMPORT_DATA, "imports.upload")
def upload_import(work: Work, upload: UploadImport) -> ImportView:
    """Take a file and ask for its preview; read the import until it is previewed or faulty."""
    check_kind(upload.kind)
    _check_may_import(work, upload.kind)
    import_id = work.insert(
        import_batch,
        {
            "kind": upload.kind,
            "file_name": upload.file_name,
            "file": upload.file,
            "created_by": work.caller.id,
            "created_at": work.now,
        },
    )
    work.update(import_batch, import_id, {"job_id": enqueue(work, "imports.preview", import_id=import_id)})
    return queries.get_import(work, import_id)


@operation(Permission.IMPORT_DATA, "imports.commit")
def commit_import(work: Work, command: CommitImport) -> ImportView:
    """Ask that exactly the previewed plan be carried out; read the import until it is committed."""
    found = _lock(work, command.import_id)
    _check_may_import(work, found["kind"])
    _check_committable(found, command.plan_hash)
    # The plan is made again before it is believed: minutes may lie between looking and deciding.
    plan = make_plan(work, found["kind"], command.import_id, found["file"])
    if plan.hash != command.plan_hash:
        raise ImportStale(
            f"The preview showed another plan. It would now be {plan.counts['new']} new, "
            f"{plan.counts['changed']} changed, {plan.counts['fault']} at fault."
        )
    job_id = enqueue(work, "imports.commit", import_id=command.import_id, plan_hash=command.plan_hash)
    work.update(import_batch, command.import_id, {"job_id": job_id})
    return queries.get_import(work, command.import_id)


def _lock(work: Work, import_id: int) -> dict[str, Any]:
    row = work.row(
        "SELECT kind, file, status, plan_hash, faults FROM import_batch WHERE id = %(id)s FOR UPDATE",
        id=import_id,
    )
    assert row is not None
    return row


def _check_committable(found: dict[str, Any], plan_hash: str) -> None:
    if found["status"] == "committed":
        raise ImportCommitted
    if found["status"] != "previewed":
        raise ImportFaulty(
            f"The import is {found['status']}, not previewed.",
            errors=msgspec.convert(found["faults"], list[Fault])[:1000],
        )
    if found["plan_hash"] != plan_hash:
        raise ImportStale("This is not the plan that the import shows.")


@job("imports.preview")
def preview_in_background(run: JobRun) -> dict[str, int]:
    """Plan an uploaded file; answers its counts."""
    import_id: int = run.arguments["import_id"]

    def preview(work: Work, _: None) -> dict[str, int]:
        found = _lock(work, import_id)
        if found["status"] == "committed":
            return {}
        try:
            plan = make_plan(work, found["kind"], import_id, found["file"], run.progress)
        except FileUnreadable as refusal:
            faults = list(refusal.errors) or [Fault("row 1", refusal.code, refusal.detail)]
            _record(work, import_id, "faulty", {}, faults, None)
            return {}
        _record(
            work, import_id, "faulty" if plan.faults else "previewed", plan.counts, plan.faults, plan.hash
        )
        return plan.counts

    return run.execute(preview, None, action="imports.preview")


def _record(
    work: Work,
    import_id: int,
    status: str,
    counts: dict[str, int],
    faults: list[Fault],
    plan_hash: str | None,
) -> None:
    values = {
        "status": status,
        "counts": counts,
        "faults": Jsonb(msgspec.to_builtins(faults)),
        "plan_hash": plan_hash,
    }
    work.update(import_batch, import_id, values)


@job("imports.commit")
def commit_in_background(run: JobRun) -> dict[str, int]:
    """Carry a plan out, if it still is the one that was committed to; answers its counts."""
    import_id: int = run.arguments["import_id"]

    def commit(work: Work, _: None) -> dict[str, int]:
        found = _lock(work, import_id)
        if found["status"] == "committed":  # an earlier run of this job came this far
            return {}
        plan = make_plan(work, found["kind"], import_id, found["file"], run.progress)
        if plan.hash != run.arguments["plan_hash"] or plan.faults:
            raise ImportStale
        write_plan(work, found["kind"], import_id)
        work.update(import_batch, import_id, {"status": "committed", "committed_at": work.now})
        forget_rows(work, import_id)
        return plan.counts

    return run.execute(commit, None, action="imports.commit")
