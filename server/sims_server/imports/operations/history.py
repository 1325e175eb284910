"""Results from before this system: two people stand behind them, and what was recorded is what stands."""

from __future__ import annotations

from typing import Any

from sims_server.imports import queries
from sims_server.imports.model import import_batch
from sims_server.kernel.work import Work
from sims_server.results.operations.bringing import (
    Difference,
    RecordedTerm,
    count_brought,
    record_terms,
    weigh_recorded,
)
from sims_shared.imports import OwnProposal

TAKES_TWO = "results_history"


def list_differences(work: Work, import_id: int) -> list[Difference]:
    """Where what the file records is not what the regulation makes of it, kept beside the import."""
    found = weigh_recorded(work, _recorded(work, import_id), queries.brought_rows(work, import_id))
    queries.keep_differences(work, import_id, found)
    return found


def propose_or_confirm(work: Work, import_id: int, found: dict[str, Any]) -> bool:
    """The first person's word on a plan proposes it, another's confirms it. True when it is confirmed."""
    if found["proposed_by"] is None:
        work.update(import_batch, import_id, {"proposed_by": work.caller.id, "proposed_at": work.now})
        return False
    if found["proposed_by"] == work.caller.id:
        raise OwnProposal("It waits for somebody else of the registrar's office or the examination cell.")
    if found["confirmed_by"] is None:
        work.update(import_batch, import_id, {"confirmed_by": work.caller.id, "confirmed_at": work.now})
    return True


def record_history(work: Work, import_id: int) -> None:
    """After the results themselves: the averages of their terms, and what counts."""
    recorded = _recorded(work, import_id)
    if recorded:
        record_terms(work, import_id, recorded)
    registrations = queries.registrations_of(work, import_id)
    if registrations:
        count_brought(work, registrations)


def _recorded(work: Work, import_id: int) -> list[RecordedTerm]:
    return [RecordedTerm(**row) for row in queries.recorded_terms(work, import_id)]
