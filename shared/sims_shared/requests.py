"""Requests: what a student asks the office for, and how far it has come.

pending → approved → completed, or pending → rejected. The rule a newcomer would get wrong: a letter
that needs no approval is issued at the counter and never becomes a request.

A type says what it costs, in how many working days it is promised and which papers belong to it. While one of
those is missing nothing is promised and nothing decided. What is made and not collected lies in a tray.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from sims_shared.messages import Command, View
from sims_shared.problems import Refusal
from sims_shared.values import Code, Id, Money, Name, Person, Text

__all__ = [
    "ANY_TRAY",
    "UNCOLLECTED_DAYS",
    "ChangeRequest",
    "ChangeRequestType",
    "CreateRequest",
    "CreateRequestType",
    "RequestIncomplete",
    "RequestStatus",
    "RequestTypeTaken",
    "RequestTypeView",
    "RequestView",
    "TransitionRequest",
    "TrayTaken",
    "WrongRequestState",
    "receipt_of",
    "request_of",
    "trays_of",
]

ANY_TRAY = "*"
UNCOLLECTED_DAYS = 30
"""So long after it was ready somebody asks the student to come."""
TRAYS_AT_MOST = 5000

RequestStatus = Literal["pending", "approved", "rejected", "completed"]
Copies = Annotated[int, msgspec.Meta(ge=1, le=50)]
Tray = Annotated[
    str,
    msgspec.Meta(
        max_length=20,
        pattern=r"^[!-~]([ -~]*[!-~])?\Z",
        description="as it stands on the shelf, such as B-14",
    ),
]
FeeReceipt = Annotated[
    str, msgspec.Meta(max_length=80, pattern=r"\S", description="its number is needed here")
]
Papers = Annotated[list[Name], msgspec.Meta(max_length=20)]
PromisedDays = Annotated[int, msgspec.Meta(ge=1, le=365)]


class WrongRequestState(Refusal):
    code = "requests.wrong_state"
    title = "The request is not in a state for this"


class RequestIncomplete(Refusal):
    """Facts: `missing`, the papers that were not brought."""

    code = "requests.incomplete"
    title = "Papers that belong to the request are missing"


class TrayTaken(Refusal):
    code = "requests.tray_taken"
    title = "Another paper lies in this tray"


class RequestTypeTaken(Refusal):
    code = "requests.type_taken"
    title = "There is a type of request of this name"


class CreateRequest(Command, frozen=True, kw_only=True):
    """Ask for something; it begins as pending. `type` names a row of the request types; `missing` are the
    papers of its checklist that were not brought, `fee_receipt` is the number of the payment. The last two
    are the office's to say."""

    student_id: Id
    type: Code
    notes: Text = ""
    copies: Copies = 1
    addressee: Name | None = None
    missing: Papers = []
    fee_receipt: FeeReceipt | None = None


class ChangeRequest(Command, frozen=True, kw_only=True):
    """Change what is asked for, while it is pending; or who collected it, once it is completed, and in which
    tray it lies until then. The payment is noted at any time. Whoever collects it frees the tray."""

    id: Id
    notes: Text | msgspec.UnsetType = msgspec.UNSET
    copies: Copies | msgspec.UnsetType = msgspec.UNSET
    addressee: Name | msgspec.UnsetType | None = msgspec.UNSET
    collected_by: Name | msgspec.UnsetType | None = msgspec.UNSET
    missing: Papers | msgspec.UnsetType = msgspec.UNSET
    fee_receipt: FeeReceipt | msgspec.UnsetType | None = msgspec.UNSET
    tray: Tray | msgspec.UnsetType | None = msgspec.UNSET


class TransitionRequest(Command, frozen=True, kw_only=True):
    """Decide a request, or complete an approved one. `notes`, where given, take the place of the old. What is
    completed and collected by nobody yet may lie in a `tray`; `*` is the next that is free."""

    id: Id
    status: RequestStatus
    notes: Text | None = None
    collected_by: Name | None = None
    tray: Tray | None = None


class CreateRequestType(Command, frozen=True, kw_only=True):
    """Add a type of request: what a copy costs, in how many working days (Monday to Friday, without the
    days off) it is promised, which papers belong to it, and whether it can be asked for now."""

    type: Annotated[
        str,
        msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,39}\Z", description="small letters, digits and _"),
    ]
    title: Name
    fee: Money = Decimal(0)
    promised_days: PromisedDays = 5
    checklist: Papers = []
    is_offered: bool = True


class ChangeRequestType(Command, frozen=True, kw_only=True):
    """Change a type of request. What was asked for before keeps its amount, its day and its papers."""

    type: str
    title: Name | msgspec.UnsetType = msgspec.UNSET
    fee: Money | msgspec.UnsetType = msgspec.UNSET
    promised_days: PromisedDays | msgspec.UnsetType = msgspec.UNSET
    checklist: Papers | msgspec.UnsetType = msgspec.UNSET
    is_offered: bool | msgspec.UnsetType = msgspec.UNSET


class RequestView(View, kw_only=True):
    """A request. `ready_at` is when it was completed; `processed_by` who acted last. `reg_no` is the
    student's current one; null where there is none. `receipt` stands on the slip that is printed when it is
    taken. `promised_on` is null while papers are `missing`; `tray` is where it lies until it is collected."""

    id: int
    student_id: int
    student_name: str
    reg_no: str | None
    type: str
    status: str
    notes: str
    copies: int
    addressee: str | None
    requested_by: Person
    processed_by: Person | None
    ready_at: datetime | None
    collected_by: str | None
    created_at: datetime
    updated_at: datetime
    receipt: str = ""
    missing: list[str] = []
    fee_due: Decimal = Decimal(0)
    fee_receipt: str | None = None
    promised_on: date | None = None
    tray: str | None = None


class RequestTypeView(View, kw_only=True):
    """A type of request, and what to call it. `fee` is of one copy, `promised_days` are working days, and
    `promised_on` is the day they lead to when it is asked for today. What is not `is_offered` any more cannot
    be asked for; what was asked for goes on."""

    type: str
    title: str
    fee: Decimal = Decimal(0)
    promised_days: int = 5
    checklist: list[str] = []
    id: int = 0
    is_offered: bool = True
    promised_on: date | None = None


# -- What stands on the slip ------------------------------------------------------------------------

_RECEIPT = re.compile(r"\s*RQ[- ]?([0-9]{1,18})[- ]?([0-9])\s*\Z", re.IGNORECASE | re.ASCII)


def receipt_of(request_id: int) -> str:
    """`RQ-001234-7`: the last digit tells a slip of the pen, or of a finger on the keys."""
    return f"RQ-{request_id:06d}-{_check_digit(request_id)}"


def request_of(receipt: str) -> int | None:
    """The request whose slip says so; None where it is no receipt, or its last digit does not fit."""
    found = _RECEIPT.match(receipt)
    if found is None:
        return None
    id = int(found[1])
    return id if id and _check_digit(id) == int(found[2]) else None


def _check_digit(number: int) -> int:
    """By Luhn: every wrong digit is found, and nearly every two that changed places."""
    total = 0
    for place, digit in enumerate(reversed(str(number))):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return -total % 10


_TRAYS = re.compile(r"(.*?)([0-9]{1,5})\.\.(.*?)([0-9]{1,5})\Z", re.ASCII)


def trays_of(words: str) -> list[str]:
    """`A-1..A-40 B-1..B-40 window` as single trays, in the order in which they are filled. Raises
    ValueError."""
    trays: list[str] = []
    for word in words.split():
        found = _TRAYS.match(word)
        if found is None:
            trays.append(word)
            continue
        before, first, after, last = found.groups()
        if after not in ("", before) or int(last) < int(first) or int(last) - int(first) >= TRAYS_AT_MOST:
            raise ValueError(f"“{word}” counts from no tray to another, as A-1..A-40 does.")
        wide = len(first) if first.startswith("0") else 1
        trays += [f"{before}{number:0{wide}d}" for number in range(int(first), int(last) + 1)]
    if any(len(tray) > 20 or not (tray.isascii() and tray.isprintable()) for tray in trays):
        raise ValueError("A tray has 20 plain letters and digits at most.")
    if len(trays) > TRAYS_AT_MOST or len(set(trays)) < len(trays):
        raise ValueError(f"At most {TRAYS_AT_MOST:,} trays, each named once.")
    return trays
