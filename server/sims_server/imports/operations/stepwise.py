"""The API's import in two steps: a file is previewed by a job, then its plan is committed by another."""

from __future__ import annotations

from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from sims_server.imports import queries
from sims_server.imports.model import import_batch
from sims_server.imports.operations.history import TAKES_TWO, propose_or_confirm
from sims_server.imports.operations.planning import (
    check_kind,
    forget_passwords,
    forget_rows,
    make_plan,
    source_of,
)
from sims_server.imports.operations.reading import read_table
from sims_server.imports.operations.writing import write_plan
from sims_server.imports.rules import mapping_faults, offer
from sims_server.kernel.execute import operation
from sims_server.kernel.jobs import JobRun, enqueue, job
from sims_server.kernel.work import Work
from sims_shared.access import Permission
from sims_shared.imports import (
    CommitImport,
    FileUnreadable,
    ImportCommitted,
    ImportFaulty,
    ImportNotPreviewed,
    ImportStale,
    ImportView,
    UploadImport,
)
from sims_shared.problems import Fault, InvalidInput, NotPermitted


def _check_may_import(work: Work, kind: str) -> None:
    if not work.caller.may(queries.PERMISSIONS[kind]):
        raise NotPermitted(
            f"Importing {kind} takes “{queries.PERMISSIONS[kind]}”, which your role does not include."
        )


@operation(Permission.IMPORT_DATA, "imports.upload")
def upload_import(work: Work, upload: UploadImport) -> ImportView:
    """Take a file and ask for its preview; read the import until it is previewed or faulty."""
    check_kind(upload.kind)
    _check_may_import(work, upload.kind)
    mapping, complete = _said(upload)
    remembered = queries.mapping_of(work, upload.kind)
    import_id = work.insert(
        import_batch,
        {
            "kind": upload.kind,
            "file_name": upload.file_name,
            "file": upload.file,
            "reading": _reading(upload, mapping, remembered),
            "mapping": mapping,
            "options": {"complete": True} if complete else {},
            "created_by": work.caller.id,
            "created_at": work.now,
        },
    )
    if mapping:
        _remember(work, upload.kind, mapping)
    work.update(import_batch, import_id, {"job_id": enqueue(work, "imports.preview", import_id=import_id)})
    return queries.get_import(work, import_id)


def _said(upload: UploadImport) -> tuple[dict[str, str], bool]:
    """The mapping and whether the file is complete; raises InvalidInput with every fault of the two."""
    faults: list[Fault] = []
    mapping: dict[str, str] = {}
    if upload.mapping:
        try:
            mapping = msgspec.json.decode(upload.mapping, type=dict[str, str])
        except msgspec.DecodeError:
            faults.append(Fault("/mapping", "invalid", 'JSON like {"Roll No": "reg_no"} is expected.'))
        else:
            faults += mapping_faults(upload.kind, mapping)
    complete = upload.complete.strip().lower()
    if complete not in ("", "true", "false"):
        faults.append(Fault("/complete", "invalid", "true or false."))
    elif complete == "true" and upload.kind != "holds":
        faults.append(Fault("/complete", "invalid", "Only a file of holds can list everything there is."))
    if faults:
        raise InvalidInput(f"{len(faults)} fault{'s' if len(faults) > 1 else ''} in the form.", errors=faults)
    return mapping, complete == "true"


def _reading(upload: UploadImport, mapping: dict[str, str], remembered: dict[str, str]) -> dict[str, Any]:
    """What the first look at the file says; that it cannot be read, its preview says with the reason."""
    try:
        table = read_table(upload.file)
    except FileUnreadable:
        return {}
    offered = offer(upload.kind, table.header, mapping, remembered)
    return {"file": msgspec.to_builtins(table.reading), "columns": msgspec.to_builtins(offered)}


def _remember(work: Work, kind: str, mapping: dict[str, str]) -> None:
    work.run(
        "INSERT INTO import_mapping (account_id, kind, header, means, updated_at) "
        "SELECT %(by)s, %(kind)s, h, m, %(now)s "
        "FROM unnest(%(headers)s::text[], %(means)s::text[]) AS n (h, m) "
        "ON CONFLICT (account_id, kind, header) DO UPDATE SET means = EXCLUDED.means, "
        "updated_at = EXCLUDED.updated_at",
        by=work.caller.id,
        kind=kind,
        now=work.now,
        headers=list(mapping),
        means=list(mapping.values()),
    )


@operation(Permission.IMPORT_DATA, "imports.commit")
def commit_import(work: Work, command: CommitImport) -> ImportView:
    """Ask that exactly the previewed plan be carried out; read the import until it is committed. Results
    from before this system wait for a second person, who commits the same plan."""
    found = _lock(work, command.import_id)
    _check_may_import(work, found["kind"])
    _check_committable(found, command.plan_hash)
    # Asked after the lock: of two who say it at once the second sees the first one's job.
    if work.value(
        "SELECT true FROM job WHERE id = %(id)s AND kind = 'imports.commit' "
        "AND status IN ('queued', 'running') AND NOT cancel_asked",
        id=found["job_id"],
    ):
        raise ImportCommitted("It is being committed; read it until it is done.")
    # The plan is made again before it is believed: minutes may lie between looking and deciding.
    plan = make_plan(work, source_of(found), command.import_id)
    if plan.hash != command.plan_hash:
        counts = plan.counts
        raise ImportStale(
            f"The preview showed another plan. It would now be {counts['new']} new, "
            f"{counts['changed']} changed, {counts['lifted']} lifted, {counts['fault']} at fault."
        )
    if found["kind"] == TAKES_TWO and not propose_or_confirm(work, command.import_id, found):
        return queries.get_import(work, command.import_id)
    job_id = enqueue(work, "imports.commit", import_id=command.import_id, plan_hash=command.plan_hash)
    work.update(import_batch, command.import_id, {"job_id": job_id})
    return queries.get_import(work, command.import_id)


def _lock(work: Work, import_id: int) -> dict[str, Any]:
    row = work.row(
        "SELECT kind, file, mapping, options, status, plan_hash, faults, proposed_by, confirmed_by, job_id "
        "FROM import_batch WHERE id = %(id)s FOR UPDATE",
        id=import_id,
    )
    assert row is not None
    return row


def _check_committable(found: dict[str, Any], plan_hash: str) -> None:
    if found["status"] in ("committed", "undone"):
        raise ImportCommitted
    if found["status"] == "uploaded":
        raise ImportNotPreviewed
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
        if found["status"] in ("committed", "undone"):
            return {}
        try:
            plan = make_plan(work, source_of(found), import_id, run.progress)
        except FileUnreadable as refusal:
            faults = list(refusal.errors) or [Fault("row 1", refusal.code, refusal.detail)]
            _record(work, import_id, "faulty", {}, faults, None)
            return {}
        _record(
            work, import_id, "faulty" if plan.faults else "previewed", plan.counts, plan.faults, plan.hash
        )
        return plan.counts

    return run.execute(preview, None, action="imports.preview")


# A fault in each of a million rows is one fault a million times: the rows themselves tell each.
_FAULTS_KEPT = 10_000


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
        "faults": Jsonb(msgspec.to_builtins(faults[:_FAULTS_KEPT])),
        "plan_hash": plan_hash,
    }
    work.update(import_batch, import_id, values)


@job("imports.commit")
def commit_in_background(run: JobRun) -> dict[str, int]:
    """Carry a plan out, if it still is the one that was committed to; answers its counts."""
    import_id: int = run.arguments["import_id"]

    def commit(work: Work, _: None) -> dict[str, int]:
        found = _lock(work, import_id)
        if found["status"] in ("committed", "undone"):  # an earlier run of this job came this far
            return {}
        _check_may_import(work, found["kind"])
        plan = make_plan(work, source_of(found), import_id, run.progress)
        if plan.counts["changed"] or plan.counts["lifted"]:
            # Nobody changes them between the plan that is believed and the writing of it.
            queries.lock_targets(work, found["kind"], import_id)
            plan = make_plan(work, source_of(found), import_id)
        if plan.hash != run.arguments["plan_hash"] or plan.faults:
            raise ImportStale
        work.update(import_batch, import_id, {"status": "committed", "committed_at": work.now})
        write_plan(work, found["kind"], import_id, plan.counts["rows"], run.progress)
        forget_rows(work, import_id)
        forget_passwords(work, found["kind"], import_id)
        return plan.counts

    return run.execute(commit, None, action="imports.commit")
