"""What may be marked when, and what a student's marks come to. Pure: the percentage itself is
`sims_shared.policy.attendance`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

import msgspec

from sims_shared.attendance import (
    MARKS_AT_ONCE,
    AttendanceFrozen,
    AttendanceMark,
    AttendanceReasonNeeded,
    AttendanceStatus,
    Attended,
    EligibilityOutcome,
    ExplainedSession,
    NotCondonable,
    NotOnRoster,
    OutsideEditDays,
    OutsideTerm,
    SectionNotTaught,
)
from sims_shared.policy import attendance as engine
from sims_shared.policy.attendance import AttendanceOutcome
from sims_shared.policy.document import Policy
from sims_shared.problems import Fault, InvalidInput, Refusal

SUPPLEMENTARY = "supplementary"


# -- Writing ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SectionToMark:
    """A section as the caller may write its attendance: as its teacher, by office, or both."""

    id: int
    status: str
    start_date: date
    end_date: date
    teaches: bool
    by_office: bool
    frozen: bool


@dataclass(frozen=True, slots=True)
class ClassMark:
    """One mark to be recorded. `pointer` is where its faults are shown; `was` what its sender saw."""

    held_on: date
    student_id: int
    status: AttendanceStatus
    slot: int = 1
    head: str | None = None
    reason: str = ""
    was: AttendanceStatus | msgspec.UnsetType | None = msgspec.UNSET
    pointer: str = ""


@dataclass(frozen=True, slots=True)
class Seat:
    """A student's place in a section: the enrollment's status and, where it ended, the day."""

    status: str
    ended_on: date | None


def check_section(section: SectionToMark) -> None:
    """Raises SectionNotTaught or AttendanceFrozen."""
    if section.status == "cancelled":
        raise SectionNotTaught("A cancelled section holds no classes.")
    if section.frozen:
        raise AttendanceFrozen


def check_day(section: SectionToMark, day: date, today: date, edit_days: int, pointer: str = "/date") -> bool:
    """Whether the day is written by office, which needs a reason; False for a teacher in good time.
    Raises OutsideTerm or OutsideEditDays."""
    if not section.start_date <= day <= section.end_date:
        detail = f"The term runs from {section.start_date} to {section.end_date}."
        raise OutsideTerm(
            detail,
            errors=[Fault(pointer, "outside_term", detail)],
            start_date=section.start_date,
            end_date=section.end_date,
        )
    if section.teaches and day <= today <= day + timedelta(days=edit_days):
        return False
    if section.by_office:
        return True
    if day > today:
        detail = f"The class of {day} has not been held yet."
    else:
        last = day + timedelta(days=edit_days)
        detail = f"The class of {day} could be marked until {last}. Ask the registrar, who gives a reason."
    raise OutsideEditDays(detail, errors=[Fault(pointer, "outside_days", detail)], edit_days=edit_days)


def closed_in_words(section: SectionToMark, day: date, today: date, edit_days: int) -> str:
    """Why the caller may not mark this day, or "" who may."""
    try:
        check_section(section)
        check_day(section, day, today, edit_days)
    except Refusal as refusal:
        return refusal.detail
    return ""


def marks_of(
    marks: Sequence[AttendanceMark], day: date, slot: int, head: str | None, reason: str
) -> list[ClassMark]:
    """A class list taken apart. Raises InvalidInput for none or too many."""
    if not 1 <= len(marks) <= MARKS_AT_ONCE:
        detail = f"Between 1 and {MARKS_AT_ONCE:,} marks."
        raise InvalidInput(detail, errors=[Fault("/marks", "length", detail)])
    return [
        ClassMark(
            day,
            mark.student_id,
            mark.status,
            slot,
            head,
            mark.reason.strip() or reason.strip(),
            mark.was,
            f"/marks/{index}",
        )
        for index, mark in enumerate(marks)
    ]


_KINDS: dict[str, type[Refusal]] = {
    "not_on_roster": NotOnRoster,
    "reason_required": AttendanceReasonNeeded,
}


def check_marks(marks: Iterable[ClassMark], seats: Mapping[int, Seat], reason_needed: set[date]) -> None:
    """Raises one refusal with every fault: its own kind where all are alike, InvalidInput where not."""
    faults: list[Fault] = []
    seen: set[tuple[date, int, int]] = set()
    for mark in marks:
        key = (mark.held_on, mark.slot, mark.student_id)
        if key in seen:
            faults.append(Fault(f"{mark.pointer}/student_id", "duplicate", "The student is marked twice."))
        seen.add(key)
        seat = seats.get(mark.student_id)
        if seat is None or seat.status == "dropped":
            said = "does not sit in this section" if seat is None else "has dropped this section"
            faults.append(Fault(f"{mark.pointer}/student_id", "not_on_roster", f"The student {said}."))
        elif seat.ended_on is not None and mark.held_on > seat.ended_on:
            detail = f"The student is {seat.status} since {seat.ended_on}."
            faults.append(Fault(f"{mark.pointer}/student_id", "not_on_roster", detail))
        if mark.held_on in reason_needed and not mark.reason.strip():
            detail = "Say why: the class is marked by office, not by its teacher in time."
            faults.append(Fault(f"{mark.pointer}/reason", "reason_required", detail))
    if faults:
        kinds = {fault.code for fault in faults}
        kind = _KINDS.get(next(iter(kinds)), InvalidInput) if len(kinds) == 1 else InvalidInput
        detail = (
            faults[0].detail if len(faults) == 1 else f"{len(faults)} marks cannot stand; nothing is saved."
        )
        raise kind(detail, errors=faults)


# -- What marks come to ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Session:
    """A class session as it is counted."""

    id: int
    held_on: date
    slot: int
    head: str | None
    is_taken: bool
    called_off: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """One student of a section: whose regulation, from when, with which marks (by session id)."""

    enrollment_id: int
    student_id: int
    registration_id: int
    regulation_id: int
    reg_no: str
    name: str
    status: str
    kind: str
    term_start: date
    admitted_on: date
    condonation_id: int | None = None
    marks: Mapping[int, str] = field(default_factory=dict)


def counting(sessions: Iterable[Session]) -> list[Session]:
    """Those that were held and taken."""
    return [session for session in sessions if session.is_taken and session.called_off is None]


def attendance_of(
    policy: Policy, place: Place, sessions: Sequence[Session], threshold: Decimal | None = None
) -> AttendanceOutcome:
    """What the marks of one student come to under his regulation."""
    # Who only sits a supplementary examination attends no classes.
    held = [] if place.kind == SUPPLEMENTARY and not place.marks else counting(sessions)
    classes = [_as_attended(session, place.marks.get(session.id)) for session in held]
    return engine.attendance_of(
        policy,
        classes,
        term_start=place.term_start,
        admitted_on=place.admitted_on,
        condoned=place.condonation_id is not None,
        threshold=threshold,
    )


def _as_attended(session: Session, status: Any) -> engine.Attended:
    return engine.Attended(held_on=session.held_on, status=status, head=session.head)


def outcome_of(place: Place, judged: AttendanceOutcome) -> EligibilityOutcome:
    """As a list says it."""
    if not judged.eligible:
        return "short"
    return "condoned" if is_condoned(place, judged) else "eligible"


def is_condoned(place: Place, judged: AttendanceOutcome) -> bool:
    """Whether a condonation is what lets the student sit: one that is not needed (any more) is not."""
    return place.condonation_id is not None and judged.condonable


def whole(attended: Decimal) -> Attended:
    """Classes attended, as a whole number where they are one."""
    return int(attended) if attended == attended.to_integral_value() else attended.normalize()


def counts_from(policy: Policy, place: Place) -> date:
    """The day from which the regulation counts this student."""
    start = {"term_start": place.term_start, "admitted": place.admitted_on}
    return start.get(policy.attendance.from_, max(place.term_start, place.admitted_on))


def explain_sessions(policy: Policy, place: Place, sessions: Iterable[Session]) -> list[ExplainedSession]:
    """Each session, and why it counts or not."""
    start = counts_from(policy, place)
    rows = []
    for session in sessions:
        status = place.marks.get(session.id)
        why = ""
        if session.called_off is not None:
            why = f"called off: {session.called_off}"
        elif not session.is_taken:
            why = "attendance was not taken"
        elif session.held_on < start:
            why = f"held before {start}, from which this student counts"
        elif status == "leave" and policy.attendance.leave == "excluded":
            why = "on leave, which this regulation leaves out"
        counts = not why
        if counts and status is None:
            why = "nothing was recorded, which is absent"
        rows.append(
            ExplainedSession(
                class_session_id=session.id,
                date=session.held_on,
                slot=session.slot,
                head=session.head,
                status=status,
                reason="",
                counts=counts,
                why=why,
            )
        )
    return rows


def check_condonable(policy: Policy, judged: AttendanceOutcome) -> None:
    """Raises NotCondonable, and says why not."""
    if judged.condonable:
        return
    least = policy.attendance.condone_from
    if judged.eligible or judged.exact is None:
        detail = "There is no shortage to condone."
    elif least is None:
        detail = "The student's regulation lets no shortage be condoned."
    else:
        detail = f"{judged.percentage} % is less than the {least} % from which a shortage may be condoned."
    raise NotCondonable(detail, percentage=judged.percentage, threshold=judged.threshold, condone_from=least)


BarredOrNot = Literal["bar", "seat"]


def moves_of(rows: Iterable[tuple[Place, EligibilityOutcome]]) -> dict[int, BarredOrNot]:
    """By enrollment, what a list changes: who is short is barred, who was and is no longer sits again."""
    moves: dict[int, BarredOrNot] = {}
    for place, outcome in rows:
        if outcome == "short" and place.status == "enrolled":
            moves[place.enrollment_id] = "bar"
        elif outcome != "short" and place.status == "barred":
            moves[place.enrollment_id] = "seat"
    return moves
