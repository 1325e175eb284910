"""Corrections of names: asked for by one with the paper that proves it, confirmed by another.

The rule a newcomer would get wrong: documents that carry the old name stay valid. They were true when they
were issued; whoever holds one may ask for a corrected copy, and the former name is found for ever.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from sims_shared.messages import Command, View
from sims_shared.problems import Kind, Refusal
from sims_shared.values import Person

__all__ = [
    "CorrectName",
    "DecideName",
    "NameCorrectionView",
    "NameDecided",
    "NameMoved",
    "NameNeedsSecondPerson",
    "NamePending",
    "OldNamePaper",
    "WithdrawName",
]

NameStatus = Literal["pending", "confirmed", "rejected", "withdrawn"]


class NamePending(Refusal):
    code = "names.pending"
    title = "A correction of this name waits for a second person already"


class NameNeedsSecondPerson(Refusal):
    code = "names.second_person"
    title = "A second person confirms another name"
    kind = Kind.FORBIDDEN


class NameDecided(Refusal):
    code = "names.decided"
    title = "This correction is decided already"


class NameMoved(Refusal):
    """Facts: `name`, what the student is called now."""

    code = "names.moved"
    title = "The name is another than when the correction was asked for"


class CorrectName(msgspec.Struct, kw_only=True):
    """The name as per certificate, with a scan of what proves it: a multipart form. An empty `name_native`
    leaves the name in the native script as it is."""

    id: int
    name: str
    reason: str
    file: bytes
    file_name: str = "file"
    name_native: str = ""


class DecideName(Command, frozen=True, kw_only=True):
    """Confirm or reject another name, as a second person. A rejection has a reason."""

    id: int
    approved: bool
    reason: Annotated[str, msgspec.Meta(max_length=2000)] = ""


class WithdrawName(Command, frozen=True, kw_only=True):
    """Take back what one asked for oneself."""

    id: int


class OldNamePaper(msgspec.Struct, kw_only=True):
    """A valid document that carries the old name, and goes on carrying it."""

    serial: str
    document: str
    issued_at: datetime


class NameCorrectionView(View, kw_only=True):
    """A correction of a name. `evidence` is the file's name; `documents` are those that carry the old name
    and are valid now. `reg_no` is the student's current one; null where there is none."""

    id: int
    student_id: int
    reg_no: str | None
    from_name: str
    name: str
    name_native: str | None
    status: NameStatus
    reason: str
    evidence: str
    size: int
    documents: list[OldNamePaper]
    requested_by: Person
    requested_at: datetime
    decided_by: Person | None
    decided_at: datetime | None
    decision_reason: str
