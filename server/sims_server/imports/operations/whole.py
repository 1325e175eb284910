"""The command line's import: preview and commit in one transaction, everything of a file or nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sims_server.imports.model import import_batch
from sims_server.imports.operations.planning import Plan, Progress, check_kind, forget_rows, make_plan
from sims_server.imports.operations.writing import write_plan
from sims_server.kernel.actor import Caller
from sims_server.kernel.database import Database
from sims_server.kernel.execute import execute_as_system
from sims_server.kernel.work import Work
from sims_shared.problems import Fault, Refusal


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """How an import ended. Nothing was written when there are faults, or nothing to write."""

    kind: str
    counts: dict[str, int]
    faults: list[Fault]
    is_committed: bool


class _NothingWritten(Exception):
    """Rolls the transaction back; the plan says why nothing came of it."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan


def import_file(
    database: Database,
    kind: str,
    path: Path,
    data: Path,
    actor: Caller | None = None,
    progress: Progress | None = None,
) -> ImportOutcome:
    """Import a file. `progress(done, total)` is called while rows are read, total 0 until it is known.

    Raises KindNotOffered and FileUnreadable; faults of rows are in the outcome, not raised. A file that
    changes nothing leaves no trace, not even in the list of imports."""
    check_kind(kind)
    content = path.read_bytes()

    def carry_out(work: Work, _: None) -> Plan:
        import_id = work.insert(
            import_batch,
            {
                "kind": kind,
                "file_name": path.name,
                "file": content,
                "status": "committed",
                "created_by": work.caller.id,
                "created_at": work.now,
                "committed_at": work.now,
            },
        )
        plan = make_plan(work, kind, import_id, content, progress)
        if plan.faults or plan.changes_nothing:
            raise _NothingWritten(plan)
        write_plan(work, kind, import_id)
        forget_rows(work, import_id)
        work.update(import_batch, import_id, {"counts": plan.counts, "plan_hash": plan.hash})
        return plan

    try:
        plan = execute_as_system(database, carry_out, None, action="imports.commit", data=data, actor=actor)
    except _NothingWritten as nothing:
        return ImportOutcome(kind, nothing.plan.counts, nothing.plan.faults, is_committed=False)
    return ImportOutcome(kind, plan.counts, [], is_committed=True)


def run_import(database: Database, kind: str, path: Path, data: Path) -> int:
    """The command line: says the counts, or every fault with row and column on standard error. The exit
    code is 0 only when the record holds all of the file."""
    try:
        outcome = import_file(database, kind, path, data)
    except Refusal as refusal:
        lines = [f"{refusal.code}: {refusal.detail}", *_in_lines(refusal.errors)]
        sys.stderr.write("\n".join(lines) + "\n")
        return 1
    counts = outcome.counts
    if outcome.faults:
        ending = f"{counts['fault']} of {counts['rows']} rows are at fault; nothing was imported"
        sys.stderr.write("\n".join([*_in_lines(outcome.faults), f"{kind}: {ending}"]) + "\n")
        return 1
    fates = ", ".join(f"{counts[fate]} {fate}" for fate in ("new", "changed", "same"))
    sys.stdout.write(f"{kind}: {counts['rows']} rows: {fates}\n")
    return 0


def _in_lines(faults: Iterable[Fault]) -> list[str]:
    return [f"{fault.pointer}: {fault.detail}" for fault in faults]
