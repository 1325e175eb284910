"""Putting the last day of a published incomplete off, by who may let a result wait.

The rule a newcomer would get wrong: the day is not edited. The extension is a row of its own, and the
database moves the day only in the transaction that writes one; the student is told anew before the new day.
"""

from __future__ import annotations

from sims_server.cases.model import incomplete_extension
from sims_server.cases.queries import access_incomplete, get_incomplete
from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_server.results.model import result_lapse
from sims_shared.access import Permission
from sims_shared.cases import ExtendIncomplete, IncompleteEnded, IncompleteView
from sims_shared.problems import Fault, InvalidInput


@operation(Permission.WITHHOLD_RESULTS, "incompletes.extend")
def extend_incomplete(work: Work, command: ExtendIncomplete) -> IncompleteView:
    """Give an incomplete more time."""
    lapse = access_incomplete(work, command.id)
    if lapse["ended"] is not None:
        raise IncompleteEnded(f"It is {lapse['ended']} since {lapse['ended_at'].date().isoformat()}.")
    earliest = max(work.today, lapse["due_on"] or work.today)
    if command.due_on <= earliest:
        detail = f"The new last day lies after {earliest.isoformat()}."
        raise InvalidInput(detail, errors=[Fault("/due_on", "range", detail)])
    work.insert(
        incomplete_extension,
        {
            "lapse_id": command.id,
            "from_due": lapse["due_on"],
            "due_on": command.due_on,
            "reason": command.reason.strip(),
            "authority": command.authority.strip(),
            "extended_by": work.caller.id,
            "extended_at": work.now,
        },
    )
    work.update(result_lapse, command.id, {"due_on": command.due_on, "noticed_on": None})
    return get_incomplete(work, command.id)
