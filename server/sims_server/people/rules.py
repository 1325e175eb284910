"""What decides about registrations. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sims_shared.people import CreditsWanting, MergeRefused, RegistrationsOverlap, WrongRegistrationStatus
from sims_shared.problems import Fault, InvalidInput
from sims_shared.values import intake_of


def intake_for(given: str | None, admitted_on: date) -> str:
    """The intake as given, else that of the day of admission."""
    return given if given is not None else intake_of(admitted_on.year, admitted_on.month)


# From each status, where an order may lead. Graduated ends a registration but for a degree taken back.
MOVES: Mapping[str, frozenset[str]] = {
    "provisional": frozenset({"active", "withdrawn", "cancelled"}),
    "active": frozenset(
        {
            *("on_leave", "struck_off", "suspended", "completed", "graduated"),
            *("withdrawn", "dismissed", "cancelled", "provisional"),
        }
    ),
    "on_leave": frozenset({"active", "struck_off", "suspended", "withdrawn", "dismissed", "cancelled"}),
    "struck_off": frozenset({"active", "withdrawn", "dismissed", "cancelled"}),
    "suspended": frozenset({"active", "struck_off", "withdrawn", "dismissed", "cancelled"}),
    "completed": frozenset({"graduated", "active"}),
    "graduated": frozenset({"cancelled"}),
    "withdrawn": frozenset({"active"}),
    "dismissed": frozenset({"active"}),
    "cancelled": frozenset({"active", "provisional"}),
}
ENDS = frozenset({"completed", "graduated", "withdrawn", "dismissed", "cancelled"})
# What a degree needs behind it, and is not undone by leaving again.
ENDS_WELL = frozenset({"completed", "graduated"})

Order = tuple[date, int, str]


def status_after(orders: Iterable[Order], today: date, initial: str) -> str:
    """The status on a day that the orders (effective_on, id, status) leave a registration in: the one
    effective last, of several on a day the one given last. An order entered late does not undo a later
    one, and one for a day to come waits for it."""
    effective = [order for order in orders if order[0] <= today]
    return max(effective)[2] if effective else initial


def check_order(
    orders: Iterable[Order], wanted: str, effective_on: date, admitted_on: date, initial: str
) -> None:
    """Raises WrongRegistrationStatus unless the order fits between what was before its day and what the
    next order, given earlier for a later day, made of it."""
    if effective_on < admitted_on:
        detail = f"The student was admitted on {admitted_on.isoformat()}; no order is effective before."
        raise InvalidInput(detail, errors=[Fault("/effective_on", "range", detail)])
    timeline = sorted(orders)
    before = [status for day, _, status in timeline if day <= effective_on]
    after = [status for day, _, status in timeline if day > effective_on]
    was = before[-1] if before else initial
    if wanted not in MOVES[was]:
        may = ", ".join(sorted(MOVES[was])) or "nothing"
        raise WrongRegistrationStatus(
            f"On {effective_on.isoformat()} the registration is {was}; from there it becomes {may}.",
            status_then=was,
        )
    # What follows was ordered and stands; only nothing can follow what ended the registration.
    if after and wanted in ENDS and after[0] not in MOVES[wanted]:
        raise WrongRegistrationStatus(
            f"A later order makes it {after[0]}, which does not follow {wanted}.", status_then=was
        )


def check_completes(wanted: str, earned: Decimal, required: Decimal, order_no: str) -> None:
    """Raises CreditsWanting: who lacks credits completes only by an order that has a number, because
    somebody with the power to waive them signed it."""
    if wanted in ENDS_WELL and earned < required and not order_no.strip():
        raise CreditsWanting(
            f"{earned} of {required} credits are earned; name the order that waives the rest."
        )


def check_merge(
    survivor: Mapping[str, Any], duplicate: Mapping[str, Any], live: Iterable[tuple[int, str]]
) -> None:
    """Raises MergeRefused. `live` are the programs (id, code) in which both have a live registration: which
    of the two is the student's is for an order to say, not for a merge."""
    if survivor["id"] == duplicate["id"]:
        detail = "These are the same record."
        raise InvalidInput(detail, errors=[Fault("/duplicate_id", "same", detail)])
    for row in (survivor, duplicate):
        if row["merged_into"] is not None:
            raise MergeRefused(f"{row['name']} ({row['id']}) is merged into {row['merged_into']} already.")
    if duplicate["has_merged"]:
        raise MergeRefused(
            f"Others are merged into {duplicate['name']} ({duplicate['id']}); undo those first."
        )
    overlapping = sorted(code for _, code in live)
    if overlapping:
        raise RegistrationsOverlap(
            f"Both are registered in {', '.join(overlapping)}; cancel one of the two by an order first."
        )
    if duplicate["account_id"] is not None and survivor["account_id"] is not None:
        raise MergeRefused("Both have an account; disable and release one of the two first.")
