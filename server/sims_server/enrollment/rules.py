"""Whether a student may sit in a section, may leave it, and with which attempt. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sims_shared.enrollment import (
    MAY_ENROLL,
    OVERRIDABLE,
    AlreadyEnrolled,
    DropClosed,
    EnrollmentClosed,
    EnrollmentHeld,
    EnrollmentSheetClosed,
    EnrollmentWrongState,
    NotRegistered,
    Override,
    PrerequisiteMissing,
    SectionCancelled,
    SectionFull,
    StaffInvalid,
    Teacher,
    WithdrawClosed,
    holds_in_words,
)
from sims_shared.problems import Fault, InvalidInput, Refusal

DROPPED = "dropped"
ENROLLED = "enrolled"


@dataclass(frozen=True, slots=True)
class EnrollmentFacts:
    """What is known when somebody asks for a seat. `missing` are the codes of prerequisites not passed
    (neither they nor an equivalent); `holds` those that block enrollment, as wire objects."""

    capacity: int
    seats_taken: int
    section_status: str
    term_name: str
    term_status: str
    enroll_until: date | None
    sheet_state: str
    registration_id: int | None
    registration_status: str | None
    reg_no: str | None
    enrollment_id: int | None
    enrollment_status: str | None
    enrollment_registration_id: int | None
    elsewhere: str | None
    missing: list[str]
    holds: list[dict[str, Any]]
    earlier: int


def objections(facts: EnrollmentFacts, today: date) -> list[Refusal]:
    """Everything that speaks against the seat, in the order in which it is said. `today` is the
    institution's day."""
    found: list[Refusal] = []
    if facts.enrollment_id is not None and facts.enrollment_status != DROPPED:
        found.append(
            AlreadyEnrolled(
                f"The student is {facts.enrollment_status} in this section.",
                enrollment_id=facts.enrollment_id,
            )
        )
    elif facts.elsewhere is not None:
        found.append(AlreadyEnrolled(f"The student sits in section {facts.elsewhere} of this course."))
    if facts.registration_id is None:
        found.append(NotRegistered("The student has no current registration."))
    elif facts.registration_status not in MAY_ENROLL:
        found.append(NotRegistered(f"Registration {facts.reg_no} is {facts.registration_status}."))
    elif facts.enrollment_registration_id not in (None, facts.registration_id):
        found.append(NotRegistered("The student sat in this section under another registration."))
    if facts.section_status != "active":
        found.append(SectionCancelled())
    if facts.term_status != "open":
        found.append(EnrollmentClosed(f"{facts.term_name} is closed."))
    elif facts.enroll_until is not None and today > facts.enroll_until:
        found.append(EnrollmentClosed(f"Enrollment in {facts.term_name} ended on {facts.enroll_until}."))
    if facts.seats_taken >= facts.capacity:
        found.append(section_full(facts.capacity, facts.seats_taken))
    if facts.missing:
        found.append(
            PrerequisiteMissing(f"Pass first: {', '.join(facts.missing)}.", courses=list(facts.missing))
        )
    if facts.holds:
        found.append(EnrollmentHeld(holds_in_words(facts.holds), holds=facts.holds))
    if facts.sheet_state != "open":
        found.append(EnrollmentSheetClosed(f"The sheet is {facts.sheet_state}."))
    return found


def section_full(capacity: int, seats_taken: int) -> SectionFull:
    return SectionFull(
        f"{seats_taken} of {capacity} seats are taken.", capacity=capacity, seats_taken=seats_taken
    )


def check_enrollment(facts: EnrollmentFacts, today: date, override: Override | None) -> Refusal | None:
    """Raises the first objection that stands. The answer is the one that `override` set aside, to go on
    record with its reason, or None."""
    wanted = None if override is None else _wanted(override)
    aside: Refusal | None = None
    for refusal in objections(facts, today):
        if refusal.code == wanted and refusal.code in OVERRIDABLE:
            aside = refusal
            continue
        raise refusal
    return aside


def kind_of(asked: str | None, attempt: int) -> str:
    return asked if asked is not None else "regular" if attempt == 1 else "repeat"


def check_drop(
    status: str, sheet_state: str, drop_until: date | None, today: date, override: Override | None
) -> Refusal | None:
    """A drop leaves no trace, so it has its last day; afterwards a withdrawal is what remains. The answer
    is the refusal that `override` set aside, or None."""
    check_leaving(status, sheet_state)
    if drop_until is None or today <= drop_until:
        return None
    closed = DropClosed(f"The last day to drop was {drop_until}. A withdrawal (W) is what remains.")
    return _set_aside(closed, override)


def check_withdraw(
    status: str, sheet_state: str, withdraw_until: date | None, today: date, override: Override | None
) -> Refusal | None:
    """The same for a withdrawal."""
    check_leaving(status, sheet_state)
    if withdraw_until is None or today <= withdraw_until:
        return None
    return _set_aside(WithdrawClosed(f"The last day to withdraw was {withdraw_until}."), override)


def _set_aside(refusal: Refusal, override: Override | None) -> Refusal:
    if override is None or refusal.code != _wanted(override):
        raise refusal
    return refusal


def _wanted(override: Override) -> str:
    return f"enrollment.{override.code.removeprefix('enrollment.')}"


def check_reinstate(status: str, sheet_state: str) -> None:
    """Only who was withdrawn or barred sits again; who dropped enrolls again."""
    if status not in ("withdrawn", "barred"):
        raise EnrollmentWrongState(f"The enrollment is {status}.")
    if sheet_state != "open":
        raise EnrollmentSheetClosed(f"The sheet is {sheet_state}; it has to be returned first.")


def check_leaving(status: str, sheet_state: str) -> None:
    if status != ENROLLED:
        raise EnrollmentWrongState(f"The enrollment is {status}.")
    if sheet_state != "open":
        raise EnrollmentSheetClosed(f"The sheet is {sheet_state}; it has to be returned first.")


def staff_of(staff: list[Teacher] | None, faculty: list[int] | None) -> list[Teacher] | None:
    """The staff a command asks for, or None when it asks for none. The first of `faculty` leads.

    Raises InvalidInput when both are given, StaffInvalid for two leads or a person named twice."""
    if staff is not None and faculty is not None:
        fault = Fault("/faculty", "redundant", "Give either staff or faculty.")
        raise InvalidInput("1 fault in the input.", errors=[fault])
    if faculty is not None:
        staff = [Teacher(user_id=id, role="co" if index else "lead") for index, id in enumerate(faculty)]
    if staff is None:
        return None
    if len({teacher.user_id for teacher in staff}) < len(staff):
        raise StaffInvalid("A person is named twice.")
    if sum(teacher.role == "lead" for teacher in staff) > 1:
        raise StaffInvalid("A section has one lead.")
    return staff
