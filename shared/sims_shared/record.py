"""A student's whole record at one glance, and what it said on an earlier day.

The rule a newcomer would get wrong: a part that the reader's role does not include is null, and not an
empty list, which would say that there is nothing.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from sims_shared.enrollment import EnrollmentView
from sims_shared.holds import HoldView
from sims_shared.messages import Command, View
from sims_shared.people import OrderRegistrationStatus, RegistrationStatus, RegistrationView, StudentView
from sims_shared.requests import RequestView
from sims_shared.results import ResultView, TermResultView
from sims_shared.transcripts import IssuedDocumentView
from sims_shared.values import Id

__all__ = [
    "EnrollmentForeseen",
    "EnrollmentLine",
    "OrderStatusAndWithdraw",
    "PreviewStatusOrder",
    "RecordThen",
    "RecordView",
    "StatusOrderForeseen",
]


class EnrollmentLine(EnrollmentView, kw_only=True):
    """An enrollment with the names a reader wants beside it."""

    term: str
    section: str
    course_code: str
    course_title: str
    credits: Decimal


class RecordView(View, kw_only=True):
    """The 360° view. Each list is in the order in which its rows were made; null means that the reader's
    role does not include it."""

    student: StudentView
    registrations: list[RegistrationView]
    enrollments: list[EnrollmentLine] | None
    results: list[ResultView] | None
    term_results: list[TermResultView] | None
    holds: list[HoldView] | None
    requests: list[RequestView] | None
    documents: list[IssuedDocumentView] | None


class RecordThen(View, kw_only=True):
    """What the record said at a moment, put together from the audit: rows with their columns as they
    were. `student` is null before the student was entered; results are those published by then."""

    at: datetime
    student: dict[str, Any] | None
    registrations: list[dict[str, Any]]
    enrollments: list[dict[str, Any]] | None
    results: list[dict[str, Any]] | None
    term_results: list[dict[str, Any]] | None
    holds: list[dict[str, Any]] | None
    requests: list[dict[str, Any]] | None


# -- A status order and what runs ------------------------------------------------------------------


class PreviewStatusOrder(Command, frozen=True, kw_only=True):
    """What a status order would do, without giving it."""

    id: Id
    status: RegistrationStatus
    effective_on: date
    order_no: Annotated[str, msgspec.Meta(max_length=80)] = ""
    reason: Annotated[str, msgspec.Meta(max_length=2000)] = ""


class OrderStatusAndWithdraw(OrderRegistrationStatus, frozen=True, kw_only=True):
    """A status order together with the enrollments that it ends: each becomes a W, or nothing is done.
    `enrollment_ids` are those that the preview named."""

    enrollment_ids: Annotated[list[Id], msgspec.Meta(max_length=200)] = []


class EnrollmentForeseen(msgspec.Struct, kw_only=True):
    """An enrollment that runs on the day of the order. `refusal` says why it could not become a W."""

    id: int
    course_code: str
    course_title: str
    section: str
    term: str
    refusal: str


class StatusOrderForeseen(View, kw_only=True):
    """`status` is what the registration would show today: an order for a day to come waits for it, one for
    an earlier day stands behind those that follow. `enrollments` stay as they are unless they are named."""

    registration_id: int
    reg_no: str
    status_now: str
    status: str
    in_effect: bool
    may_enroll: bool
    credits_earned: Decimal
    enrollments: list[EnrollmentForeseen]
