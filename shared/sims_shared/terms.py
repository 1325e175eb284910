"""Terms: their dates and whether enrollment is open.

Several terms may be open at once. The rule a newcomer would get wrong: closing a term stops
enrollment and nothing else; marks, results and documents go on.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec

from sims_shared.messages import Command, View
from sims_shared.problems import Refusal
from sims_shared.values import Id, Name

__all__ = [
    "ChangeTerm",
    "CloseTerm",
    "CreateTerm",
    "DeleteTerm",
    "OpenTerm",
    "TermInUse",
    "TermNameTaken",
    "TermView",
]

TermKind = Literal["fall", "spring", "summer", "annual", "supplementary"]
TermStatus = Literal["open", "closed"]
AcademicYear = Annotated[str, msgspec.Meta(max_length=20)]


class TermNameTaken(Refusal):
    code = "terms.name_taken"
    title = "There is a term of this name"


class TermInUse(Refusal):
    code = "terms.in_use"
    title = "Sections or results belong to this term"


class CreateTerm(Command, frozen=True, kw_only=True):
    """Announce a term. The four dates are last days, in campus time; null means no limit."""

    name: Name
    start_date: date
    end_date: date
    kind: TermKind = "fall"
    academic_year: AcademicYear = ""
    enroll_until: date | None = None
    drop_until: date | None = None
    withdraw_until: date | None = None
    marks_due: date | None = None
    recheck_until: date | None = None
    status: TermStatus = "open"


class ChangeTerm(Command, frozen=True, kw_only=True):
    """Change a term's name or dates."""

    id: Id
    name: Name | msgspec.UnsetType = msgspec.UNSET
    start_date: date | msgspec.UnsetType = msgspec.UNSET
    end_date: date | msgspec.UnsetType = msgspec.UNSET
    kind: TermKind | msgspec.UnsetType = msgspec.UNSET
    academic_year: AcademicYear | msgspec.UnsetType = msgspec.UNSET
    enroll_until: date | msgspec.UnsetType | None = msgspec.UNSET
    drop_until: date | msgspec.UnsetType | None = msgspec.UNSET
    withdraw_until: date | msgspec.UnsetType | None = msgspec.UNSET
    marks_due: date | msgspec.UnsetType | None = msgspec.UNSET
    recheck_until: date | msgspec.UnsetType | None = msgspec.UNSET
    status: TermStatus | msgspec.UnsetType = msgspec.UNSET


class DeleteTerm(Command, frozen=True, kw_only=True):
    """Delete a term that nothing refers to."""

    id: Id


class CloseTerm(Command, frozen=True, kw_only=True):
    """Stop enrollment in a term. Never refused, and twice is as good as once."""

    id: Id


class OpenTerm(Command, frozen=True, kw_only=True):
    """Open a term for enrollment, within its dates."""

    id: Id


class TermView(View, kw_only=True):
    """A term."""

    id: int
    name: str
    kind: str
    academic_year: str
    start_date: date
    end_date: date
    enroll_until: date | None
    drop_until: date | None
    withdraw_until: date | None
    marks_due: date | None
    recheck_until: date | None
    status: str
