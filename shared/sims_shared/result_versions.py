"""The versions of one result, on the wire: how it stood when it was approved, published and changed.

The rule a newcomer would get wrong: a version of a result is what was declared, its marks are those the
sheet held at that moment. A mark that was asked for and not approved is in no version.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from sims_shared.messages import View
from sims_shared.values import Person


class MarkThen(msgspec.Struct, frozen=True, kw_only=True):
    """One component as it stood: blank is a null mark."""

    assessment_id: int
    assessment: str
    mark: str | None
    score: Decimal | None


class ResultThen(msgspec.Struct, frozen=True, kw_only=True):
    """One version. `cause` is what made it: "approve", "recompute", "publish", "freeze", "change" or
    "brought". Of a change, `asked_by`, `reason` and `approved_by` say whose it was."""

    version: int
    cause: str
    state: str
    outcome: str
    total: Decimal | None
    grade: str | None
    grade_points: Decimal | None
    marks: list[MarkThen]
    by: Person
    at: datetime
    change_id: int | None = None
    reason: str | None = None
    asked_by: Person | None = None
    approved_by: list[Person] = []


class ChangeWaiting(msgspec.Struct, frozen=True, kw_only=True):
    """A change that was asked for and is not decided: with the head or dean (`stage` 1) or the examination
    cell or registrar (2), since when."""

    change_id: int
    asked_by: Person
    reason: str
    stage: int
    since: datetime


class ResultVersions(View, kw_only=True):
    """Oldest first. None is told while the result is withheld."""

    result_id: int
    reg_no: str
    student_name: str
    course_code: str
    term: str
    withheld: bool
    versions: list[ResultThen]
    waiting: ChangeWaiting | None = None
