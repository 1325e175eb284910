"""What can be done about holds: place, change, lift."""

from __future__ import annotations

from typing import Any

import msgspec

from sims_server.holds import queries
from sims_server.holds.model import hold, hold_kind
from sims_server.holds.rules import check_lifter, check_may_touch
from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_server.people.queries import access_student
from sims_shared.access import Permission
from sims_shared.holds import (
    ChangeHold,
    ChangeHoldKind,
    CreateHoldKind,
    HoldKindView,
    HoldLifted,
    HoldView,
    LiftHold,
    PlaceHold,
)
from sims_shared.problems import Fault, InvalidInput


def _kind_to_touch(work: Work, kind: str) -> HoldKindView:
    found = queries.find_kind(work, kind)
    if found is None:
        detail = f"There is no kind of hold “{kind}”."
        raise InvalidInput(detail, errors=[Fault("/kind", "unknown", detail)])
    every_kind = work.caller.may(Permission.PLACE_HOLD)
    check_may_touch(found.kind, found.lifted_by, work.caller.roles, every_kind)
    return found


# The permission that accounts and registrar share; the kind says which of them.
@operation(Permission.PLACE_FEE_HOLD, "holds.place")
def place_hold(work: Work, command: PlaceHold) -> HoldView:
    """Place a hold on a student."""
    kind = _kind_to_touch(work, command.kind)
    access_student(work, command.student_id)
    id = work.insert(
        hold,
        {
            "student_id": command.student_id,
            "kind": kind.kind,
            "blocks": kind.blocks if command.blocks is None else sorted(set(command.blocks)),
            "effect": command.effect or kind.effect,
            "reason": command.reason.strip(),
            "amount": command.amount,
            "contact": kind.contact if command.contact is None else command.contact.strip(),
            "placed_by": work.caller.id,
            "placed_at": work.now,
        },
    )
    return queries.get_hold(work, id)


def _check_role(work: Work, role: Any) -> None:
    if role is not msgspec.UNSET:
        check_lifter(role, queries.lifting_roles(work))


def _of_kind(command: CreateHoldKind | ChangeHoldKind) -> dict[str, Any]:
    values: dict[str, Any] = {
        name: value
        for name in ("lifted_by", "blocks", "effect", "contact")
        if (value := getattr(command, name)) is not msgspec.UNSET
    }
    if "blocks" in values:
        values["blocks"] = sorted(set(values["blocks"]))
    return values


@operation(Permission.MANAGE_CATALOG, "hold_kinds.create")
def create_hold_kind(work: Work, command: CreateHoldKind) -> HoldKindView:
    """Add a kind of hold, with the role that lifts it."""
    _check_role(work, command.lifted_by)
    work.insert(hold_kind, {"kind": command.kind, **_of_kind(command)}, returning="kind")
    return queries.get_kind(work, command.kind)


@operation(Permission.MANAGE_CATALOG, "hold_kinds.change")
def change_hold_kind(work: Work, command: ChangeHoldKind) -> HoldKindView:
    """Change a kind of hold; holds that stand keep what they say."""
    _check_role(work, command.lifted_by)
    work.update(hold_kind, queries.access_kind(work, command.kind), _of_kind(command))
    return queries.get_kind(work, command.kind)


def _open_hold(work: Work, id: int) -> HoldView:
    current = queries.get_hold(work, id)
    _kind_to_touch(work, current.kind)
    if current.lifted_at is not None:
        who = current.lifted_by.name if current.lifted_by else "somebody"
        raise HoldLifted(f"It was lifted by {who}.")
    return current


@operation(Permission.PLACE_FEE_HOLD, "holds.change")
def change_hold(work: Work, command: ChangeHold) -> HoldView:
    """Change a hold that is not lifted."""
    _open_hold(work, command.id)
    values: dict[str, Any] = {
        name: value
        for name in ("reason", "blocks", "effect", "amount", "contact")
        if (value := getattr(command, name)) is not msgspec.UNSET
    }
    work.update(hold, command.id, values)
    return queries.get_hold(work, command.id)


@operation(Permission.PLACE_FEE_HOLD, "holds.lift")
def lift_hold(work: Work, command: LiftHold) -> HoldView:
    """Lift a hold; the row stays."""
    _open_hold(work, command.id)
    lifted = {"lifted_at": work.now, "lifted_by": work.caller.id, "lift_reason": command.reason.strip()}
    work.update(hold, command.id, lifted)
    return queries.get_hold(work, command.id)
