"""How a request moves, and who moves it. Pure."""

from __future__ import annotations

from sims_shared.access import Permission
from sims_shared.requests import WrongRequestState

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
    if fields - {"collected_by"} and current != "pending":
        raise WrongRequestState(f"The request is {current}; what was asked for no longer changes.")
    if "collected_by" in fields and current != "completed":
        raise WrongRequestState(f"The request is {current}; nothing was collected yet.")
