"""The command line's import: preview and commit in one transaction, everything of a file or nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sims_server.imports import queries
from sims_server.imports.model import import_batch
from sims_server.imports.operations.history import TAKES_TWO
from sims_server.imports.operations.planning import (
    Plan,
    Progress,
    Source,
    check_kind,
    forget_passwords,
    forget_rows,
    make_plan,
)
from sims_server.imports.operations.writing import write_plan
from sims_server.kernel.actor import Caller
from sims_server.kernel.database import Database
from sims_server.kernel.execute import execute_as_system
from sims_server.kernel.work import Work
from sims_shared.problems import Fault, Refusal

WAITS = 3  # the exit code of an import that is right, and not done


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """How an import ended. Nothing was written when there are faults, or nothing to write. `waiting` is
    the import that two people are still to commit."""

    kind: str
    counts: dict[str, int]
    faults: list[Fault]
    is_committed: bool
    waiting: int | None = None


class _NothingWritten(Exception):
    """Rolls the transaction back; the plan says why nothing came of it, or `waiting` which import of the
    same file waits already."""

    def __init__(self, plan: Plan, waiting: int | None = None) -> None:
        super().__init__()
        self.plan = plan
        self.waiting = waiting


def import_file(
    database: Database,
    kind: str,
    path: Path,
    data: Path,
    actor: Caller | None = None,
    progress: Progress | None = None,
    *,
    complete: bool = False,
) -> ImportOutcome:
    """Import a file; of holds a `complete` one. Results from before this system are previewed and left for
    the two people who stand behind them. `progress(done, total)` is called while rows are read, total 0
    until it is known.

    Raises KindNotOffered and FileUnreadable; faults of rows are in the outcome, not raised. A file that
    changes nothing leaves no trace, not even in the list of imports."""
    check_kind(kind)
    source = Source(kind, path.read_bytes(), complete=complete)

    def carry_out(work: Work, _: None) -> ImportOutcome:
        import_id = work.insert(
            import_batch,
            {
                "kind": kind,
                "file_name": path.name,
                "file": source.content,
                "options": {"complete": True} if complete else {},
                "created_by": work.caller.id,
                "created_at": work.now,
            },
        )
        plan = make_plan(work, source, import_id, progress)
        if plan.faults or plan.changes_nothing:
            raise _NothingWritten(plan)
        if kind == TAKES_TWO and (waiting := queries.find_waiting(work, kind, source.content, plan.hash)):
            raise _NothingWritten(plan, waiting)
        known = {"counts": plan.counts, "plan_hash": plan.hash}
        if kind == TAKES_TWO:
            work.update(import_batch, import_id, {**known, "status": "previewed"})
            return ImportOutcome(kind, plan.counts, [], is_committed=False, waiting=import_id)
        work.update(import_batch, import_id, {**known, "status": "committed", "committed_at": work.now})
        write_plan(work, kind, import_id)
        forget_rows(work, import_id)
        forget_passwords(work, kind, import_id)
        return ImportOutcome(kind, plan.counts, [], is_committed=True)

    try:
        return execute_as_system(database, carry_out, None, action="imports.commit", data=data, actor=actor)
    except _NothingWritten as nothing:
        plan = nothing.plan
        return ImportOutcome(kind, plan.counts, plan.faults, is_committed=False, waiting=nothing.waiting)


def run_import(database: Database, kind: str, path: Path, data: Path, *, complete: bool = False) -> int:
    """The command line: says the counts, or every fault with row and column on standard error. The exit
    code is 0 only when the record holds all of the file, and WAITS while people are still to commit it."""
    try:
        outcome = import_file(database, kind, path, data, complete=complete)
    except Refusal as refusal:
        lines = [f"{refusal.code}: {refusal.detail}", *_in_lines(refusal.errors)]
        sys.stderr.write("\n".join(lines) + "\n")
        return 1
    counts = outcome.counts
    if outcome.faults:
        ending = f"{counts['fault']} of {counts['rows']} rows are at fault; nothing was imported"
        sys.stderr.write("\n".join([*_in_lines(outcome.faults), f"{kind}: {ending}"]) + "\n")
        return 1
    told = ("new", "changed", "same", *(("lifted",) if counts["lifted"] else ()))
    fates = ", ".join(f"{counts[fate]} {fate}" for fate in told)
    if outcome.waiting is not None:
        sys.stderr.write(
            f"{kind}: {counts['rows']} rows: {fates}. Nothing is on the record yet: import "
            f"{outcome.waiting} waits for two people of the registrar's office or the examination cell. "
            f"Each commits it, signed in, with POST /api/imports/{outcome.waiting}/commit/ and the plan_hash "
            f"that GET /api/imports/{outcome.waiting}/ shows: the first proposes, the second confirms. "
            "Give the file again afterwards: this ends with 0 once the record holds it.\n"
        )
        return WAITS
    sys.stdout.write(f"{kind}: {counts['rows']} rows: {fates}\n")
    return 0


def _in_lines(faults: Iterable[Fault]) -> list[str]:
    return [f"{fault.pointer}: {fault.detail}" for fault in faults]
