"""Hearing who is accused of unfair means: the days are kept with the case, whatever comes of it."""

from __future__ import annotations

from sims_server.cases.model import case_hearing
from sims_server.cases.queries import access_case, get_case
from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_shared.access import Permission
from sims_shared.cases import CaseInvalid, CaseView, CaseWrongState, RecordHearing


@operation(Permission.WITHHOLD_RESULTS, "cases.record_hearing")
def record_hearing(work: Work, command: RecordHearing) -> CaseView:
    """Record a day on which the accused is, or was, heard."""
    about = access_case(work, command.id)
    if about["kind"] != "unfair_means":
        raise CaseInvalid("Only in a case of unfair means is somebody heard.")
    if about["state"] not in ("requested", "proposed"):
        raise CaseWrongState(f"The case is {about['state']}.")
    work.insert(
        case_hearing,
        {
            "case_id": command.id,
            "held_on": command.held_on,
            "place": command.place.strip(),
            "note": command.note.strip(),
            "recorded_by": work.caller.id,
            "recorded_at": work.now,
        },
    )
    return get_case(work, command.id)
