"""What can be done about sections and enrollments."""

from __future__ import annotations

from typing import Any

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from sims_server.enrollment import queries
from sims_server.enrollment.model import section
from sims_server.enrollment.rules import (
    ENROLLED,
    check_drop,
    check_enrollment,
    check_leaving,
    check_reinstate,
    check_withdraw,
    kind_of,
    section_full,
    staff_of,
)
from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_shared.access import Permission
from sims_shared.enrollment import (
    AlreadyEnrolled,
    BarEnrollment,
    CapacityBelowSeats,
    ChangeSection,
    CreateSection,
    DropEnrollment,
    EnrollmentView,
    EnrollmentWrongState,
    EnrollStudent,
    Override,
    ReinstateEnrollment,
    RemoveSection,
    SectionInUse,
    SectionView,
    StaffInvalid,
    Teacher,
    WithdrawEnrollment,
)
from sims_shared.problems import NotFound, NotPermitted, Refusal

_SEAT = """
INSERT INTO enrollment
       (student_id, registration_id, section_id, term_id, course_id, kind, attempt, enrolled_at, override)
VALUES (%(student)s, %(registration)s, %(section)s, %(term)s, %(course)s, %(kind)s, %(attempt)s, %(now)s,
        %(override)s)
RETURNING id"""
# Who dropped is there already. Two statements, because ON CONFLICT would fire the triggers of both each time.
_REVIVE = """
UPDATE enrollment SET status = 'enrolled', kind = %(kind)s, attempt = %(attempt)s, enrolled_at = %(now)s,
       ended_at = NULL, end_reason = NULL, override = %(override)s
 WHERE section_id = %(section)s AND student_id = %(student)s AND status = 'dropped'
RETURNING id"""


def _given(value: Any) -> Any:
    return None if value is msgspec.UNSET else value


@operation(Permission.MANAGE_CATALOG, "sections.create")
def create_section(work: Work, command: CreateSection) -> SectionView:
    """Open a section of a course in a term; code, title and credits of the course are copied into it."""
    staff = staff_of(_given(command.staff), _given(command.faculty))
    made = work.row(
        """
        WITH made AS (INSERT INTO offering (course_id, term_id)
               SELECT c.id, t.id FROM course c, term t WHERE c.id = %(course)s AND t.id = %(term)s
               ON CONFLICT (course_id, term_id) DO NOTHING RETURNING id),
             offered AS (SELECT id FROM made
               UNION ALL SELECT id FROM offering WHERE course_id = %(course)s AND term_id = %(term)s)
        INSERT INTO section (offering_id, course_id, term_id, code, capacity, status, course_code,
                             course_title, credits, marks_total, grading, counts_in_gpa)
        SELECT o.id, c.id, %(term)s, %(code)s, %(capacity)s, %(status)s, c.code, c.title, c.credits,
               c.marks_total, c.grading, c.counts_in_gpa
          FROM course c, offered o WHERE c.id = %(course)s RETURNING id""",
        course=command.course_id,
        term=command.term_id,
        code=command.code,
        capacity=command.capacity,
        status=command.status,
    )
    if made is None:
        raise NotFound("There is no such course or term.")
    if staff:
        _put_staff(work, made["id"], staff)
    return queries.get_section(work, made["id"])


@operation(Permission.MANAGE_CATALOG, "sections.change")
def change_section(work: Work, command: ChangeSection) -> SectionView:
    """Change code, capacity, status or staff of a section."""
    if command.capacity is not msgspec.UNSET:
        changed = work.run(
            "UPDATE section SET capacity = %(capacity)s WHERE id = %(id)s AND seats_taken <= %(capacity)s",
            capacity=command.capacity,
            id=command.id,
        )
        if not changed:
            taken = queries.get_section(work, command.id).seats_taken
            raise CapacityBelowSeats(
                f"{taken} seats are taken.", capacity=command.capacity, seats_taken=taken
            )
    values = {
        name: value for name in ("code", "status") if (value := _given(getattr(command, name))) is not None
    }
    work.update(section, command.id, values)
    staff = staff_of(_given(command.staff), _given(command.faculty))
    if staff is not None:
        _put_staff(work, command.id, staff)
    return queries.get_section(work, command.id)


def _put_staff(work: Work, section_id: int, staff: list[Teacher]) -> None:
    """Make `staff` the section's teachers. Who left keeps a closed row; the old lead steps down first,
    because there is never more than one."""
    ids = [teacher.user_id for teacher in staff]
    unknown = queries.unknown_accounts(work, ids)
    if unknown:
        raise StaffInvalid(f"There is no account {', '.join(map(str, unknown))}.")
    work.run(
        "UPDATE section_staff SET until = %(now)s WHERE section_id = %(section)s AND until IS NULL "
        "AND NOT account_id = ANY (%(ids)s)",
        now=work.now,
        section=section_id,
        ids=ids,
    )
    leads = [teacher.user_id for teacher in staff if teacher.role == "lead"]
    work.run(
        "UPDATE section_staff SET role = 'co' WHERE section_id = %(section)s AND role = 'lead' "
        "AND until IS NULL AND NOT account_id = ANY (%(leads)s)",
        section=section_id,
        leads=leads,
    )
    work.run(
        "INSERT INTO section_staff AS f (section_id, account_id, role, since) "
        "SELECT %(section)s, w.id, w.role, %(now)s FROM unnest(%(ids)s::bigint[], %(roles)s::text[]) "
        "WITH ORDINALITY w (id, role, place) ORDER BY w.place "
        "ON CONFLICT (section_id, account_id) DO UPDATE SET role = EXCLUDED.role, until = NULL, "
        "since = CASE WHEN f.until IS NULL THEN f.since ELSE EXCLUDED.since END "
        "WHERE (f.role, f.until) IS DISTINCT FROM (EXCLUDED.role, NULL::timestamptz)",
        section=section_id,
        now=work.now,
        ids=ids,
        roles=[teacher.role for teacher in staff],
    )


@operation(Permission.MANAGE_CATALOG, "sections.remove")
def remove_section(work: Work, command: RemoveSection) -> None:
    """Remove a section that nothing refers to."""
    if queries.is_in_use(work, command.id):
        raise SectionInUse("Students, assessments or results refer to it; cancel it instead.")
    work.run("DELETE FROM section_staff WHERE section_id = %(id)s", id=command.id)
    work.run("DELETE FROM section WHERE id = %(id)s", id=command.id)


@operation(Permission.ENROLL_STUDENT, "enrollment.enroll")
def enroll_student(work: Work, command: EnrollStudent) -> EnrollmentView:
    """Seat a student in a section; a dropped enrollment is revived."""
    _check_may_override(work, command.override)
    facts, row = queries.enrollment_facts(
        work, command.section_id, command.student_id, command.registration_id
    )
    aside = check_enrollment(facts, work.today, command.override)
    attempt = facts.earlier + 1
    kind = kind_of(command.kind, attempt)
    override = _on_record(work, aside, command.override)
    try:
        enrollment_id = work.value(
            _SEAT if facts.enrollment_id is None else _REVIVE,
            student=command.student_id,
            registration=facts.registration_id,
            section=command.section_id,
            term=row["term_id"],
            course=row["course_id"],
            kind=kind,
            attempt=attempt,
            now=work.now,
            override=override,
        )
    except psycopg.errors.CheckViolation as error:
        if error.diag.constraint_name != "ck_section_seats_within_capacity":
            raise
        # Somebody else took the last seat between the look and the leap.
        raise section_full(facts.capacity, facts.capacity) from error
    if enrollment_id is None:
        raise AlreadyEnrolled("Somebody enrolled the student a moment ago.")
    return EnrollmentView(
        id=enrollment_id,
        student_id=command.student_id,
        registration_id=row["registration_id"],
        section_id=command.section_id,
        term_id=row["term_id"],
        course_id=row["course_id"],
        kind=kind,
        status=ENROLLED,
        enrolled_at=work.now,
        attempt=attempt,
    )


def _check_may_override(work: Work, override: Override | None) -> None:
    if override is not None and not work.caller.may(Permission.OVERRIDE_ENROLLMENT):
        raise NotPermitted("Only the registrar may override a rule of enrollment.")


def _on_record(work: Work, aside: Refusal | None, override: Override | None) -> Jsonb | None:
    """What the enrollment keeps of a rule that was set aside; the database adds it to the report."""
    if aside is None or override is None:
        return None
    return Jsonb(
        {
            "code": aside.code,
            "detail": aside.detail,
            "reason": override.reason,
            "by": work.caller.id,
            "at": work.now.isoformat(),
        }
    )


def _end(work: Work, id: int, status: str, reason: str, override: Jsonb | None = None) -> EnrollmentView:
    ended = work.row(
        "UPDATE enrollment SET status = %(status)s, ended_at = %(now)s, end_reason = %(reason)s, "
        "override = coalesce(%(override)s::jsonb, override) "
        "WHERE id = %(id)s AND status = 'enrolled' RETURNING id, student_id, registration_id, section_id, "
        "term_id, course_id, kind, status, enrolled_at, attempt, ended_at, end_reason",
        status=status,
        now=work.now,
        reason=reason,
        override=override,
        id=id,
    )
    if ended is None:
        raise EnrollmentWrongState("Somebody else ended the enrollment a moment ago.")
    return EnrollmentView(**ended)


@operation(Permission.ENROLL_STUDENT, "enrollment.drop")
def drop_enrollment(work: Work, command: DropEnrollment) -> EnrollmentView:
    """Drop: no trace on the transcript, the seat is free."""
    _check_may_override(work, command.override)
    row = queries.access_enrollment_to_end(work, command.id)
    aside = check_drop(row["status"], row["sheet_state"], row["drop_until"], work.today, command.override)
    return _end(work, command.id, "dropped", command.reason, _on_record(work, aside, command.override))


@operation(Permission.ENROLL_STUDENT, "enrollment.withdraw")
def withdraw_enrollment(work: Work, command: WithdrawEnrollment) -> EnrollmentView:
    """Withdraw: a W on the transcript, the seat stays taken."""
    _check_may_override(work, command.override)
    row = queries.access_enrollment_to_end(work, command.id)
    aside = check_withdraw(
        row["status"], row["sheet_state"], row["withdraw_until"], work.today, command.override
    )
    return _end(work, command.id, "withdrawn", command.reason, _on_record(work, aside, command.override))


@operation(Permission.OVERRIDE_ENROLLMENT, "enrollment.bar")
def bar_enrollment(work: Work, command: BarEnrollment) -> EnrollmentView:
    """Bar by order: the seat stays taken, the result is a bar."""
    row = queries.access_enrollment_to_end(work, command.id)
    check_leaving(row["status"], row["sheet_state"])
    return _end(work, command.id, "barred", command.reason)


@operation(Permission.OVERRIDE_ENROLLMENT, "enrollment.reinstate")
def reinstate_enrollment(work: Work, command: ReinstateEnrollment) -> EnrollmentView:
    """Take a withdrawal or a bar back; it is on record as an override."""
    row = queries.access_enrollment_to_end(work, command.id)
    check_reinstate(row["status"], row["sheet_state"])
    override = {
        "code": f"enrollment.{row['status']}",
        "detail": f"The student was {row['status']}: {row['end_reason']}",
        "reason": command.reason,
        "by": work.caller.id,
        "at": work.now.isoformat(),
    }
    moved = work.run(
        "UPDATE enrollment SET status = 'enrolled', ended_at = NULL, end_reason = NULL, "
        "override = %(override)s WHERE id = %(id)s AND status = %(status)s",
        override=Jsonb(override),
        id=command.id,
        status=row["status"],
    )
    if not moved:
        raise EnrollmentWrongState("Somebody else changed the enrollment a moment ago.")
    return queries.get_enrollment(work, command.id)
