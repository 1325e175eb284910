"""Requests: what a student asks the office for, and how far it has come.

pending → approved → completed, or pending → rejected. The rule a newcomer would get wrong: a letter
that needs no approval is issued at the counter and never becomes a request.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from sims_shared.messages import Command, View
from sims_shared.problems import Refusal
from sims_shared.values import Code, Id, Name, Person, Text

__all__ = [
    "ChangeRequest",
    "CreateRequest",
    "RequestStatus",
    "RequestTypeView",
    "RequestView",
    "TransitionRequest",
    "WrongRequestState",
]

RequestStatus = Literal["pending", "approved", "rejected", "completed"]
Copies = Annotated[int, msgspec.Meta(ge=1, le=50)]


class WrongRequestState(Refusal):
    code = "requests.wrong_state"
    title = "The request is not in a state for this"


class CreateRequest(Command, frozen=True, kw_only=True):
    """Ask for something; it begins as pending. `type` names a row of the request types."""

    student_id: Id
    type: Code
    notes: Text = ""
    copies: Copies = 1
    addressee: Name | None = None


class ChangeRequest(Command, frozen=True, kw_only=True):
    """Change what is asked for, while it is pending; or who collected it, once it is completed."""

    id: Id
    notes: Text | msgspec.UnsetType = msgspec.UNSET
    copies: Copies | msgspec.UnsetType = msgspec.UNSET
    addressee: Name | msgspec.UnsetType | None = msgspec.UNSET
    collected_by: Name | msgspec.UnsetType | None = msgspec.UNSET


class TransitionRequest(Command, frozen=True, kw_only=True):
    """Decide a request, or complete an approved one. `notes`, where given, take the place of the old."""

    id: Id
    status: RequestStatus
    notes: Text | None = None
    collected_by: Name | None = None


class RequestView(View, kw_only=True):
    """A request. `ready_at` is when it was completed; `processed_by` who acted last. `reg_no` is the
    student's current one; null where there is none."""

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


class RequestTypeView(View, kw_only=True):
    """A type of request, and what to call it."""

    type: str
    title: str
