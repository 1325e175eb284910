"""Holds: what keeps a student from enrolling, from a transcript, from seeing results.

The rule a newcomer would get wrong: which role places and lifts a hold is a property of its kind, and
kinds are rows. Accounts places and lifts fee holds and no other.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from sims_shared.messages import Command, View
from sims_shared.problems import Refusal
from sims_shared.values import Code, Id, Money, Person, Reason

__all__ = [
    "Blocks",
    "ChangeHold",
    "ChangeHoldKind",
    "CreateHoldKind",
    "HoldKindTaken",
    "HoldKindView",
    "HoldLifted",
    "HoldLifters",
    "HoldView",
    "LiftHold",
    "PlaceHold",
]

Blocks = Literal["enrollment", "transcript", "results", "exam_slip"]
Effect = Literal["block", "watermark", "warn"]
Contact = Annotated[str, msgspec.Meta(max_length=200)]


class HoldLifted(Refusal):
    code = "holds.already_lifted"
    title = "This hold was lifted already"


class HoldKindTaken(Refusal):
    code = "hold_kinds.taken"
    title = "There is a kind of hold of this name"


class PlaceHold(Command, frozen=True, kw_only=True):
    """Place a hold. What it blocks, how, and whom to see follow from the kind unless given."""

    student_id: Id
    kind: Code
    reason: Reason
    blocks: list[Blocks] | None = None
    effect: Effect | None = None
    amount: Money | None = None
    contact: Contact | None = None


class ChangeHold(Command, frozen=True, kw_only=True):
    """Change a hold that is not lifted."""

    id: Id
    reason: Reason | msgspec.UnsetType = msgspec.UNSET
    blocks: list[Blocks] | msgspec.UnsetType = msgspec.UNSET
    effect: Effect | msgspec.UnsetType = msgspec.UNSET
    amount: Money | msgspec.UnsetType | None = msgspec.UNSET
    contact: Contact | msgspec.UnsetType = msgspec.UNSET


class CreateHoldKind(Command, frozen=True, kw_only=True):
    """Add a kind of hold. `lifted_by` is the role that places and lifts it; the registrar always may. A role
    that may place no holds at all is refused: nobody would ever lift one."""

    kind: Annotated[
        str,
        msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,39}\Z", description="small letters, digits and _"),
    ]
    lifted_by: Annotated[str, msgspec.Meta(max_length=40)]
    blocks: list[Blocks]
    effect: Effect = "block"
    contact: Contact = ""


class ChangeHoldKind(Command, frozen=True, kw_only=True):
    """Change who lifts a kind of hold, or what its later holds block. Holds that stand keep what they say."""

    kind: str
    lifted_by: Annotated[str, msgspec.Meta(max_length=40)] | msgspec.UnsetType = msgspec.UNSET
    blocks: list[Blocks] | msgspec.UnsetType = msgspec.UNSET
    effect: Effect | msgspec.UnsetType = msgspec.UNSET
    contact: Contact | msgspec.UnsetType = msgspec.UNSET


class LiftHold(Command, frozen=True, kw_only=True):
    """Lift a hold; the row stays."""

    id: Id
    reason: Annotated[str, msgspec.Meta(max_length=2000)] = ""


class HoldView(View, kw_only=True):
    """A hold; open while `lifted_at` is null. `reg_no` is the student's current one; null where there is
    none."""

    id: int
    student_id: int
    student_name: str
    reg_no: str | None
    kind: str
    blocks: list[str]
    effect: str
    reason: str
    amount: Decimal | None
    contact: str
    placed_by: Person
    placed_at: datetime
    lifted_at: datetime | None
    lifted_by: Person | None
    lift_reason: str | None


class HoldLifters(View, kw_only=True):
    """The roles that may place and lift holds at all: one of them is named by each kind."""

    roles: list[str]


class HoldKindView(View, kw_only=True):
    """A kind of hold: the role that places and lifts it, and what it blocks by default."""

    id: int
    kind: str
    lifted_by: str
    blocks: list[str]
    effect: str
    contact: str
