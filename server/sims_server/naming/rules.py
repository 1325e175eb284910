"""What a correction of a name says, and who decides it. Pure."""

from __future__ import annotations

import msgspec

from sims_shared.naming import NameDecided, NameMoved, NameNeedsSecondPerson
from sims_shared.problems import Fault, InvalidInput, NotPermitted
from sims_shared.values import Name, Reason


def check_wish(from_name: str, name: str, name_native: str, reason: str) -> None:
    """Raises InvalidInput, with every fault: a form has no types of its own."""
    wanted = {"name": (name, Name), "reason": (reason, Reason)}
    if name_native.strip():
        wanted["name_native"] = (name_native, Name)
    faults = []
    for field, (value, kind) in wanted.items():
        try:
            msgspec.convert(value.strip(), kind)
        except msgspec.ValidationError:
            at_most = 2000 if field == "reason" else 200
            detail = f"Something of {at_most:,} letters at most is needed here."
            faults.append(Fault(f"/{field}", "invalid", detail))
    if not faults and name.strip() == from_name and not name_native.strip():
        faults.append(Fault("/name", "same", "This is the name as it stands."))
    if faults:
        raise InvalidInput("The correction of the name cannot be taken so.", errors=faults)


def check_decision(
    status: str, requested_by: int | None, caller: int | None, *, approved: bool, reason: str
) -> None:
    """Raises NameNeedsSecondPerson, NameDecided, or InvalidInput for a rejection without a reason."""
    if requested_by == caller:
        raise NameNeedsSecondPerson("You asked for it yourself.")
    if status != "pending":
        raise NameDecided(f"The correction is {status}.")
    if not approved and not reason.strip():
        detail = "A rejection has a reason."
        raise InvalidInput(detail, errors=[Fault("/reason", "missing", detail)])


def check_name_stands(from_name: str, name_now: str) -> None:
    """Raises NameMoved: what the first person saw is what is corrected."""
    if name_now != from_name:
        raise NameMoved(f"The student is called {name_now} now, no longer {from_name}.", name=name_now)


def check_withdrawal(status: str, requested_by: int | None, caller: int | None) -> None:
    """Raises NotPermitted, NameDecided."""
    if requested_by != caller:
        raise NotPermitted("Whoever asked for it takes it back; you may reject it.")
    if status != "pending":
        raise NameDecided(f"The correction is {status}.")
