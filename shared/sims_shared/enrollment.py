"""Sections and enrollments on the wire: what is taught by whom, and who sits in it.

An enrollment belongs to a registration (student × program), not to a person: somebody in two programs
attempts a course once in each. The rule a newcomer would get wrong: a dropped enrollment keeps its row,
because its marks and its past are evidence; enrolling again revives that very row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from sims_shared.messages import Command, View
from sims_shared.problems import Kind, Refusal
from sims_shared.values import Code, Id, Person, Reason

StaffRole = Literal["lead", "co", "lab", "ta"]
SectionStatus = Literal["active", "cancelled"]
EnrollmentKind = Literal["regular", "repeat", "improvement", "audit", "supplementary"]
EnrollmentStatus = Literal["enrolled", "dropped", "withdrawn", "barred", "completed"]
Capacity = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
Unset = msgspec.UnsetType
UNSET = msgspec.UNSET


# -- Sections --------------------------------------------------------------------------------------


class Teacher(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of a section's staff. The lead submits the sheet; every teacher may write it."""

    user_id: Id
    role: StaffRole = "co"


class CreateSection(Command, frozen=True):
    """Opens a section of a course in a term. `faculty` may stand in place of `staff`: the first of it
    leads."""

    course_id: Id
    term_id: Id
    code: Code
    capacity: Capacity
    staff: list[Teacher] | Unset = UNSET
    faculty: list[Id] | Unset = UNSET
    status: SectionStatus = "active"


class ChangeSection(Command, frozen=True):
    """Changes what is given. `staff` (or `faculty`) is the whole new list; who leaves it keeps a closed
    row, so that late edits of theirs are answered."""

    id: Id
    code: Code | Unset = UNSET
    capacity: Capacity | Unset = UNSET
    staff: list[Teacher] | Unset = UNSET
    faculty: list[Id] | Unset = UNSET
    status: SectionStatus | Unset = UNSET


class RemoveSection(Command, frozen=True):
    """Takes a section away that nothing refers to."""

    id: Id


class SectionView(View):
    """Course code, title and credits are as they were when the section was made. `faculty` and `teachers`
    (by name) are in the order of `staff`, the lead first."""

    id: int
    course_id: int
    term_id: int
    code: str
    capacity: int
    seats_taken: int
    staff: list[Teacher]
    faculty: list[int]
    teachers: list[str]
    offering_id: int
    course_code: str
    course_title: str
    credits: Decimal
    status: str
    term: str
    weights_total: Decimal


class SectionCodeTaken(Refusal):
    code = "sections.code_taken"
    title = "The course has a section of this code in this term"


class CapacityBelowSeats(Refusal):
    """Facts: `capacity` asked for, `seats_taken`."""

    code = "sections.capacity_below_seats"
    title = "More seats are taken than the new capacity"


class SectionInUse(Refusal):
    code = "sections.in_use"
    title = "Something refers to this section"


class StaffInvalid(Refusal):
    code = "sections.staff_invalid"
    title = "The staff of a section is not valid"
    kind = Kind.INVALID


# -- Enrollments -----------------------------------------------------------------------------------


class Override(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The registrar sets one refusal aside, by its code, with a reason that stays on record."""

    code: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^(enrollment\.)?[a-z_]{1,40}\Z", description="the code of the refusal, as term_closed"
        ),
    ]
    reason: Reason


class EnrollStudent(Command, frozen=True):
    """Seats a student in a section. Without `registration_id` the student's current registration;
    without `kind` it is `regular`, or `repeat` from the second attempt on."""

    section_id: Id
    student_id: Id
    registration_id: Id | None = None
    kind: EnrollmentKind | None = None
    override: Override | None = None


class DropEnrollment(Command, frozen=True):
    """Leaves the section without a trace on the transcript, and frees the seat. After the last day the
    registrar alone can, with an override of `drop_closed`."""

    id: Id
    reason: Reason
    override: Override | None = None


class WithdrawEnrollment(Command, frozen=True):
    """Leaves the section with a W, and keeps the seat. After the last day the registrar alone can, with an
    override of `withdraw_closed`."""

    id: Id
    reason: Reason
    override: Override | None = None


class BarEnrollment(Command, frozen=True):
    """Bars a student from a section by order; the seat stays taken."""

    id: Id
    reason: Reason


class ReinstateEnrollment(Command, frozen=True):
    """Takes a withdrawal or a bar back: the student sits in the section again. It is an override of what
    was decided, and goes on record as one."""

    id: Id
    reason: Reason


class OverrideView(View):
    """A rule of enrollment that somebody set aside: which, for whom, in which section, when and why.
    `detail` is the refusal as it would have been said."""

    id: int
    enrollment_id: int
    student_id: int
    student_name: str
    reg_no: str
    section_id: int
    course_code: str
    section: str
    term_id: int
    code: str
    detail: str
    reason: str
    by: Person
    at: datetime


class EnrollmentView(View):
    """`attempt` counts per registration and course, drops not included."""

    id: int
    student_id: int
    registration_id: int
    section_id: int
    term_id: int
    course_id: int
    kind: str
    status: str
    enrolled_at: datetime
    attempt: int
    ended_at: datetime | None = None
    end_reason: str | None = None


class AlreadyEnrolled(Refusal):
    """Facts: `enrollment_id` where the caller may know it."""

    code = "enrollment.duplicate"
    title = "The student is enrolled in this course already"


class EnrollmentClosed(Refusal):
    code = "enrollment.term_closed"
    title = "Enrollment in this term is closed"
    kind = Kind.INVALID


class SectionFull(Refusal):
    """Facts: `capacity`, `seats_taken`. Never overridden: raise the capacity."""

    code = "enrollment.section_full"
    title = "No seat is free in this section"
    kind = Kind.INVALID


class PrerequisiteMissing(Refusal):
    """Facts: `courses`, the codes of what must be passed first."""

    code = "enrollment.prerequisite_missing"
    title = "A prerequisite of the course is not passed"
    kind = Kind.INVALID


class EnrollmentHeld(Refusal):
    """Facts: `holds`, each with `kind`, `reason` and `contact` (whom to see)."""

    code = "enrollment.held"
    title = "A hold keeps the student from enrolling"


class EnrollmentSheetClosed(Refusal):
    code = "enrollment.sheet_closed"
    title = "The grade sheet of the section is no longer open"


class SectionCancelled(Refusal):
    code = "enrollment.section_cancelled"
    title = "The section was cancelled"


class NotRegistered(Refusal):
    code = "enrollment.not_registered"
    title = "The student has no registration that may enroll"


class EnrollmentWrongState(Refusal):
    code = "enrollment.wrong_state"
    title = "The enrollment is not in the state this needs"


class DropClosed(Refusal):
    """Says that a withdrawal is what remains."""

    code = "enrollment.drop_closed"
    title = "The last day to drop has passed"


class WithdrawClosed(Refusal):
    code = "enrollment.withdraw_closed"
    title = "The last day to withdraw has passed"


OVERRIDABLE = frozenset(refusal.code for refusal in (PrerequisiteMissing, EnrollmentClosed, EnrollmentHeld))

# Of a registration's states, those that may take a seat.
MAY_ENROLL = frozenset({"provisional", "active"})


def holds_in_words(holds: Sequence[Mapping[str, Any]]) -> str:
    """Names each hold and whom to see about it."""
    return " ".join(
        f"A {hold['kind']} hold ({hold['reason']}); see: {hold['contact'] or 'the registry'}."
        for hold in holds
    )
