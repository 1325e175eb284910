"""The lists of class sessions, marks, condonations and notified eligibility."""

from __future__ import annotations

from datetime import date
from typing import Any

from sims_server.attendance.rules import whole
from sims_server.enrollment.queries import section_scope
from sims_server.kernel.actor import Caller
from sims_server.kernel.paging import Filter, Listing, Order
from sims_server.kernel.work import Work
from sims_server.people.queries import OF_PERSON
from sims_shared.access import Permission
from sims_shared.attendance import (
    AttendanceStatus,
    AttendanceView,
    ClassSessionView,
    CondonationView,
    EligibilityListDetail,
    EligibilityRow,
)
from sims_shared.problems import NotFound
from sims_shared.values import SYSTEM, Person

SITS = (
    "EXISTS (SELECT FROM enrollment o WHERE o.section_id = s.id "
    "AND o.student_id = %(scope_student)s AND o.status <> 'dropped')"
)


def _section_scope(caller: Caller) -> tuple[str, dict[str, Any]]:
    return section_scope(caller, Permission.READ_ATTENDANCE, student=SITS)


def _own_scope(alias: str) -> Any:
    def scope(caller: Caller) -> tuple[str, dict[str, Any]]:
        return section_scope(
            caller, Permission.READ_ATTENDANCE, student=f"{alias}.student_id = %(scope_student)s"
        )

    return scope


def person(id: int | None, name: str | None) -> Person:
    return SYSTEM if id is None else Person(id, name or "")


# -- Class sessions and marks ----------------------------------------------------------------------

CLASS_SESSIONS = Listing(
    entity="class_session",
    columns={
        "id": "k.id",
        "section_id": "k.section_id",
        "held_on": "k.held_on",
        "slot": "k.slot",
        "head": "k.head",
        "taken_at": "k.taken_at",
        "called_off_at": "k.called_off_at",
        "called_off_reason": "k.called_off_reason",
    },
    source="class_session k JOIN section s ON s.id = k.section_id JOIN course c ON c.id = s.course_id",
    key="k.id",
    filters={
        "section_id": Filter("k.section_id = {}", int),
        "student_id": Filter(
            "EXISTS (SELECT FROM enrollment e WHERE e.section_id = k.section_id "
            f"AND {OF_PERSON.format('e.student_id')} AND e.status <> 'dropped')",
            int,
        ),
        "date": Filter("k.held_on = {}", date),
        "held_on": Filter("k.held_on = {}", date),
        "slot": Filter("k.slot = {}", int),
        "head": Filter("k.head = {}", str),
    },
    orders={"held_on": Order("k.held_on", "date")},
    scope=_section_scope,
)


def _shape_mark(row: dict[str, Any]) -> dict[str, Any]:
    row["updated_by"] = person(row["updated_by"], row.pop("updater"))
    return row


ATTENDANCE = Listing(
    entity="attendance",
    columns={
        "id": "a.id",
        "section_id": "a.section_id",
        "class_session_id": "a.class_session_id",
        "student_id": "a.student_id",
        "date": "k.held_on",
        "slot": "k.slot",
        "status": "a.status",
        "reason": "a.reason",
        "updated_by": "a.updated_by",
        "updater": "u.name",
        "updated_at": "a.updated_at",
    },
    source="attendance a JOIN class_session k ON k.id = a.class_session_id JOIN section s ON s.id = "
    "a.section_id JOIN course c ON c.id = s.course_id LEFT JOIN account u ON u.id = a.updated_by",
    key="a.id",
    filters={
        "section_id": Filter("a.section_id = {}", int),
        "class_session_id": Filter("a.class_session_id = {}", int),
        "student_id": Filter(OF_PERSON.format("a.student_id"), int),
        "date": Filter("k.held_on = {}", date),
        "slot": Filter("k.slot = {}", int),
        "status": Filter("a.status = {}", AttendanceStatus),
    },
    scope=_own_scope("a"),
    shape=_shape_mark,
)


def get_class_session(work: Work, id: int) -> ClassSessionView:
    """One class session."""
    row = CLASS_SESSIONS.one(work, id)
    if row is None:
        raise NotFound
    return ClassSessionView(**row)


def get_attendance(work: Work, id: int) -> AttendanceView:
    """One mark."""
    row = ATTENDANCE.one(work, id)
    if row is None:
        raise NotFound
    return AttendanceView(**row)


# -- Condonations and notified lists ---------------------------------------------------------------


def _shape_condonation(row: dict[str, Any]) -> dict[str, Any]:
    row["granted_by"] = person(row["granted_by"], row.pop("granter"))
    withdrawer = row.pop("withdrawer")
    is_withdrawn = row["withdrawn_at"] is not None
    row["withdrawn_by"] = person(row["withdrawn_by"], withdrawer) if is_withdrawn else None
    return row


CONDONATIONS = Listing(
    entity="condonation",
    columns={
        **{
            name: f"d.{name}"
            for name in ("id", "section_id", "student_id", "authority", "reason", "percentage")
        },
        "granted_by": "d.granted_by",
        "granter": "g.name",
        "granted_at": "d.granted_at",
        "withdrawn_by": "d.withdrawn_by",
        "withdrawer": "w.name",
        "withdrawn_at": "d.withdrawn_at",
        "withdrawn_reason": "d.withdrawn_reason",
    },
    source="condonation d JOIN section s ON s.id = d.section_id JOIN course c ON c.id = s.course_id "
    "LEFT JOIN account g ON g.id = d.granted_by LEFT JOIN account w ON w.id = d.withdrawn_by",
    key="d.id",
    filters={
        "section_id": Filter("d.section_id = {}", int),
        "student_id": Filter(OF_PERSON.format("d.student_id"), int),
        "withdrawn": Filter("(d.withdrawn_at IS NOT NULL) = {}", bool),
    },
    scope=_own_scope("d"),
    shape=_shape_condonation,
)


def get_condonation(work: Work, id: int) -> CondonationView:
    """One condonation."""
    row = CONDONATIONS.one(work, id)
    if row is None:
        raise NotFound
    return CondonationView(**row)


def access_condonation(work: Work, id: int) -> dict[str, Any]:
    """A condonation that the caller may withdraw. Raises NotFound."""
    condition, values = section_scope(work.caller, Permission.CONDONE_SHORTAGE)
    row = work.row(
        "SELECT d.id, d.withdrawn_at FROM condonation d JOIN section s ON s.id = d.section_id "
        "JOIN course c ON c.id = s.course_id WHERE d.id = %(id)s"
        + (f" AND ({condition})" if condition else "")
        + " FOR UPDATE OF d",
        id=id,
        **values,
    )
    if row is None:
        raise NotFound
    return row


def _judged_scope(caller: Caller) -> tuple[str, dict[str, Any]]:
    return section_scope(caller, Permission.NOTIFY_ELIGIBILITY)


# Sections whose lists the caller notifies, each with the one that is in force.
JUDGED_SECTIONS = Listing(
    entity="section",
    columns={
        "id": "s.id",
        "course_code": "s.course_code",
        "course_title": "s.course_title",
        "code": "s.code",
        "term_id": "s.term_id",
        "term": "t.name",
        "seats_taken": "s.seats_taken",
        "sheet": "h.state",
        "list_id": "l.id",
        "version": "l.version",
        "notified_at": "l.notified_at",
        "short": "(SELECT count(*) FROM eligibility_row r WHERE r.list_id = l.id AND r.outcome = 'short')",
    },
    source="section s JOIN course c ON c.id = s.course_id JOIN term t ON t.id = s.term_id "
    "LEFT JOIN sheet h ON h.section_id = s.id LEFT JOIN LATERAL (SELECT e.id, e.version, e.notified_at "
    "FROM eligibility_list e WHERE e.section_id = s.id ORDER BY e.version DESC LIMIT 1) l ON true",
    key="s.id",
    filters={
        "term_id": Filter("s.term_id = {}", int),
        "program_id": Filter(
            "EXISTS (SELECT FROM enrollment e JOIN registration r ON r.id = e.registration_id "
            "WHERE e.section_id = s.id AND e.status <> 'dropped' AND r.program_id = {})",
            int,
        ),
        "cohort": Filter(
            "EXISTS (SELECT FROM enrollment e JOIN registration r ON r.id = e.registration_id "
            "JOIN program p ON p.id = r.program_id WHERE e.section_id = s.id AND e.status <> 'dropped' "
            "AND p.code || '-' || r.intake = {})",
            str,
        ),
        "notified": Filter("(l.id IS NOT NULL) = {}", bool),
    },
    orders={"course_code": Order("s.course_code"), "code": Order("s.code")},
    search="folded(s.course_code || ' ' || s.course_title || ' ' || s.code) LIKE {}",
    scope=_judged_scope,
    where="s.status <> 'cancelled'",
)


def _shape_list(row: dict[str, Any]) -> dict[str, Any]:
    row["notified_by"] = person(row["notified_by"], row.pop("notifier"))
    return row


ELIGIBILITY_LISTS = Listing(
    entity="eligibility_list",
    columns={
        "id": "l.id",
        "section_id": "l.section_id",
        "version": "l.version",
        "authority": "l.authority",
        "notified_by": "l.notified_by",
        "notifier": "n.name",
        "notified_at": "l.notified_at",
        **{
            outcome: "(SELECT count(*) FROM eligibility_row r WHERE r.list_id = l.id "
            f"AND r.outcome = '{outcome}')"
            for outcome in ("eligible", "condoned", "short")
        },
    },
    source="eligibility_list l JOIN section s ON s.id = l.section_id JOIN course c ON c.id = s.course_id "
    "LEFT JOIN account n ON n.id = l.notified_by",
    key="l.id",
    filters={"section_id": Filter("l.section_id = {}", int), "term_id": Filter("s.term_id = {}", int)},
    orders={"notified_at": Order("l.notified_at", "timestamptz")},
    scope=_section_scope,
    shape=_shape_list,
)


def get_eligibility_list(work: Work, id: int) -> EligibilityListDetail:
    """One notified list with its rows, by registration number."""
    row = ELIGIBILITY_LISTS.one(work, id)
    if row is None:
        raise NotFound
    condition, values = section_scope(
        work.caller, Permission.READ_ATTENDANCE, student="r.student_id = %(scope_student)s"
    )
    rows = work.rows(
        "SELECT r.student_id, r.registration_id, g.reg_no, p.name, r.outcome, r.total, r.attended, "
        "r.percentage, r.exact, r.threshold, x.code || ' v' || x.version AS regulation, r.shortage, "
        "r.condonation_id FROM eligibility_row r JOIN registration g ON g.id = r.registration_id "
        "JOIN student p ON p.id = r.student_id JOIN regulation x ON x.id = r.regulation_id "
        "JOIN section s ON s.id = r.section_id JOIN course c ON c.id = s.course_id "
        "WHERE r.list_id = %(id)s"
        + (f" AND ({condition})" if condition else "")
        + ' ORDER BY g.reg_no COLLATE "C", r.id',
        id=id,
        **values,
    )
    for found in rows:
        found["attended"] = whole(found["attended"])
    return EligibilityListDetail(**row, rows=[EligibilityRow(**found) for found in rows])
