"""A student's whole record at one glance, and what it said on an earlier day.

The rule a newcomer would get wrong: a part that the reader's role does not include is null, and not an
empty list, which would say that there is nothing.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sims_shared.enrollment import EnrollmentView
from sims_shared.holds import HoldView
from sims_shared.messages import View
from sims_shared.people import RegistrationView, StudentView
from sims_shared.requests import RequestView
from sims_shared.results import ResultView, TermResultView
from sims_shared.transcripts import IssuedDocumentView

__all__ = ["EnrollmentLine", "RecordThen", "RecordView"]


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
