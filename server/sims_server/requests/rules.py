"""How a request moves, and who moves it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sims_shared.access import Permission
from sims_shared.problems import Fault, InvalidInput
from sims_shared.requests import RequestIncomplete, WrongRequestState

# To the state → from which, and what it takes.
MOVES = {
    "approved": ("pending", Permission.DECIDE_REQUEST),
    "rejected": ("pending", Permission.DECIDE_REQUEST),
    "completed": ("approved", Permission.COMPLETE_REQUEST),
}


def permission_for(wanted: str) -> Permission | None:
    """What it takes to move a request there; None for where none can go."""
    return MOVES[wanted][1] if wanted in MOVES else None


def check_move(current: str, wanted: str) -> None:
    """Raises WrongRequestState."""
    if wanted not in MOVES or MOVES[wanted][0] != current:
        raise WrongRequestState(f"A request that is {current} cannot become {wanted}.")


def check_change(current: str, fields: set[str]) -> None:
    """Raises WrongRequestState: what is asked for changes while pending, who collected it when done."""
    if fields - {"collected_by", "fee_receipt", "tray"} and current != "pending":
        raise WrongRequestState(f"The request is {current}; what was asked for no longer changes.")
    if "collected_by" in fields and current != "completed":
        raise WrongRequestState(f"The request is {current}; nothing was collected yet.")
    if "fee_receipt" in fields and current == "rejected":
        raise WrongRequestState("The request is rejected; nothing is due.")


def check_lies_ready(status: str, collected_by: str | None, tray: str | None) -> None:
    """Raises WrongRequestState: a tray is for what is made and was not collected."""
    if tray is not None and (status != "completed" or collected_by is not None):
        said = "it was collected" if status == "completed" else f"it is {status}"
        raise WrongRequestState(f"Only what lies ready has a tray; {said}.")


def check_complete(wanted: str, missing: Sequence[str]) -> None:
    """Raises RequestIncomplete: what lacks a paper is rejected or waits, it is not approved."""
    if wanted == "approved" and missing:
        raise RequestIncomplete(f"Not brought yet: {', '.join(missing)}.", missing=list(missing))


def check_missing(missing: Collection[str], checklist: Collection[str]) -> None:
    """Raises InvalidInput for a paper that does not belong to the request."""
    strange = sorted(set(missing) - set(checklist))
    if strange:
        faults = [Fault("/missing", "unknown", f"“{one}” is not on the checklist.") for one in strange]
        raise InvalidInput("What is missing is of the checklist.", errors=faults)


def check_told_by_office(fields: Iterable[str]) -> None:
    """Raises InvalidInput: a student does not tick off the own papers, nor the own payment."""
    faults = [Fault(f"/{name}", "office", "The counter says so, once it was brought.") for name in fields]
    if faults:
        raise InvalidInput("This is for the counter to say.", errors=faults)


def next_free(trays: Sequence[str], taken: Collection[str]) -> str | None:
    """The first tray in which nothing lies."""
    return next((tray for tray in trays if tray not in taken), None)
