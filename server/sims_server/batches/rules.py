"""Who of an intake can sit where, and why the others cannot. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec

from sims_shared.batches import BatchCourse, BatchException, BatchSeat, BatchSection
from sims_shared.enrollment import (
    MAY_ENROLL,
    AlreadyEnrolled,
    EnrollmentClosed,
    EnrollmentHeld,
    EnrollmentSheetClosed,
    NotRegistered,
    PrerequisiteMissing,
    SectionFull,
    holds_in_words,
)

Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Member:
    """One registration of the intake. `holds` block enrollment, as wire objects."""

    registration_id: int
    student_id: int
    reg_no: str
    name: str
    status: str
    holds: Sequence[dict[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Taught:
    """A course of the semester. `prerequisites` are (id, code); `in_scope`: whether the caller enrolls
    people into it."""

    id: int
    code: str
    title: str
    kind: str
    in_scope: bool = True
    prerequisites: Sequence[tuple[int, str]] = ()


@dataclass(frozen=True, slots=True)
class Offered:
    """An active section of a course in the term."""

    id: int
    course_id: int
    code: str
    free: int
    sheet_state: str = "open"


@dataclass(frozen=True, slots=True)
class Facts:
    """All that decides. `seated` and `dropped` have the section's code by (registration, course) in this
    term; `passed` holds (student, course), an equivalent counting for its course; `earlier` counts the
    attempts of a registration at a course; `skipped` holds (student, course or 0 for all)."""

    members: Sequence[Member]
    courses: Sequence[Taught]
    sections: Sequence[Offered]
    seated: Mapping[Key, str] = field(default_factory=dict)
    dropped: Mapping[Key, str] = field(default_factory=dict)
    passed: frozenset[Key] = frozenset()
    earlier: Mapping[Key, int] = field(default_factory=dict)
    skipped: frozenset[Key] = frozenset()


class Plan(msgspec.Struct, frozen=True):
    """What a batch would do."""

    students: int
    courses: list[BatchCourse]
    seats: list[BatchSeat]
    exceptions: list[BatchException]

    @property
    def hash(self) -> str:
        """The same for the same seats and the same exceptions, whatever else moved."""
        said = (
            [(seat.registration_id, seat.section_id, seat.kind, seat.attempt) for seat in self.seats],
            [(one.student_id, one.course_id, one.code) for one in self.exceptions],
        )
        return hashlib.sha256(msgspec.json.encode(said)).hexdigest()


def check_window(name: str, status: str, enroll_until: date | None, today: date) -> None:
    """Raises EnrollmentClosed: a batch overrides no date."""
    if status != "open":
        raise EnrollmentClosed(f"{name} is closed.")
    if enroll_until is not None and today > enroll_until:
        raise EnrollmentClosed(f"Enrollment in {name} ended on {enroll_until}.")


def spread(count: int, free: Sequence[int]) -> list[int]:
    """How many of `count` go to each of several sections with so many free seats: as even as they allow."""
    given = [0] * len(free)
    left = count
    while left and (room := [place for place, seats in enumerate(free) if seats > given[place]]):
        share, extra = divmod(left, len(room))
        for order, place in enumerate(room):
            take = min(free[place] - given[place], share + (order < extra))
            given[place] += take
            left -= take
    return given


def plan(facts: Facts) -> Plan:
    """Everybody of the intake × every course of the semester: a seat, or the reason why not."""
    courses, seats, exceptions = [], [], []
    for course in facts.courses:
        offered = [section for section in facts.sections if section.course_id == course.id]
        open_ones = [section for section in offered if section.sheet_state == "open"]
        wanting: list[Member] = []
        refused: list[BatchException] = []
        for member in facts.members:
            if {(member.student_id, 0), (member.student_id, course.id)} & facts.skipped:
                continue
            why = _objection(facts, member, course, offered, open_ones)
            if why is None:
                wanting.append(member)
            else:
                refused.append(_exception(member, course, *why))
        free = [max(section.free, 0) for section in open_ones]
        shares = spread(len(wanting), free)
        queue = iter(wanting)
        for section, share in zip(open_ones, shares, strict=True):
            seats += [_seat(facts, next(queue), course, section) for _ in range(share)]
        full = f"{course.code} has {sum(free)} free seats for {len(wanting)} students."
        refused += [_exception(member, course, SectionFull.code, full) for member in queue]
        exceptions += refused
        courses.append(
            BatchCourse(
                course_id=course.id,
                course_code=course.code,
                course_title=course.title,
                kind=course.kind,
                seats=sum(shares),
                exceptions=len(refused),
                sections=[
                    BatchSection(section_id=section.id, code=section.code, free=room, seats=share)
                    for section, room, share in zip(open_ones, free, shares, strict=True)
                ],
            )
        )
    return Plan(len(facts.members), courses, seats, exceptions)


def _objection(
    facts: Facts, member: Member, course: Taught, offered: Sequence[Offered], open_ones: Sequence[Offered]
) -> tuple[str, str] | None:
    """(code, detail) of the first reason against a seat, in the order in which enrolling says them."""
    key = member.registration_id, course.id
    if not course.in_scope:
        return "enrollment.outside_scope", f"{course.code} is taught by another department."
    if key in facts.seated:
        return AlreadyEnrolled.code, f"Sits in section {facts.seated[key]} already."
    if (member.student_id, course.id) in facts.passed:
        return "enrollment.passed_already", f"Has passed {course.code}, or what stands for it."
    if key in facts.dropped:
        return "enrollment.dropped_before", f"Dropped section {facts.dropped[key]} in this term."
    if member.status not in MAY_ENROLL:
        return NotRegistered.code, f"Registration {member.reg_no} is {member.status}."
    missing = [code for id, code in course.prerequisites if (member.student_id, id) not in facts.passed]
    if missing:
        return PrerequisiteMissing.code, f"Pass first: {', '.join(missing)}."
    if member.holds:
        return EnrollmentHeld.code, holds_in_words(member.holds)
    if not offered:
        return "enrollment.no_section", f"{course.code} has no active section in this term."
    if not open_ones:
        return EnrollmentSheetClosed.code, f"The sheets of {course.code} are no longer open."
    return None


def _exception(member: Member, course: Taught, code: str, detail: str) -> BatchException:
    return BatchException(
        student_id=member.student_id,
        reg_no=member.reg_no,
        name=member.name,
        course_id=course.id,
        course_code=course.code,
        code=code,
        detail=detail,
    )


def _seat(facts: Facts, member: Member, course: Taught, section: Offered) -> BatchSeat:
    attempt = facts.earlier.get((member.registration_id, course.id), 0) + 1
    return BatchSeat(
        student_id=member.student_id,
        registration_id=member.registration_id,
        reg_no=member.reg_no,
        name=member.name,
        course_id=course.id,
        course_code=course.code,
        section_id=section.id,
        section=section.code,
        kind="regular" if attempt == 1 else "repeat",
        attempt=attempt,
    )


def with_equivalents(passed: Iterable[Key], stands_for: Mapping[int, Iterable[int]]) -> frozenset[Key]:
    """What was passed, and what it stands for."""
    found = set()
    for student, course in passed:
        found.add((student, course))
        found.update((student, other) for other in stands_for.get(course, ()))
    return frozenset(found)
