"""Every SELECT of sections and enrollments, and how far each caller reaches into them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sims_server.enrollment.rules import EnrollmentFacts
from sims_server.kernel.actor import Caller
from sims_server.kernel.paging import Filter, Listing, Order
from sims_server.kernel.work import Work
from sims_server.people.queries import OF_PERSON
from sims_shared.access import Permission
from sims_shared.enrollment import EnrollmentStatus, EnrollmentView, SectionStatus, SectionView, Teacher
from sims_shared.problems import NotFound
from sims_shared.values import SYSTEM, Person

_STAFF = """(SELECT coalesce(jsonb_agg(
       jsonb_build_object('user_id', f.account_id, 'role', f.role, 'name', a.name)
       ORDER BY f.role <> 'lead', f.since, f.id), '[]')
     FROM section_staff f JOIN account a ON a.id = f.account_id
    WHERE f.section_id = s.id AND f.until IS NULL)"""


def section_scope(caller: Caller, permission: str, *, student: str = "") -> tuple[str, dict[str, Any]]:
    """A condition on `section s` and its `course c`: what `permission` reaches. `student` is the
    condition for a person's own rows, on `%(scope_student)s`."""
    reach = caller.reach(permission)
    if reach.everything:
        return "", {}
    parts, values = [], dict[str, Any]()
    if reach.departments:
        parts.append("c.department_id = ANY (%(scope_departments)s)")
        values["scope_departments"] = list(reach.departments)
    if reach.own_sections:
        parts.append(
            "EXISTS (SELECT FROM section_staff f WHERE f.section_id = s.id "
            "AND f.account_id = %(scope_account)s AND f.until IS NULL)"
        )
        values["scope_account"] = caller.id
    if reach.student_id is not None and student:
        parts.append(student)
        values["scope_student"] = reach.student_id
    return " OR ".join(parts) or "false", values


def _with_teachers(row: dict[str, Any]) -> dict[str, Any]:
    """The staff once more by account and by name, the lead first."""
    names = [teacher.pop("name") for teacher in row["staff"]]
    return {**row, "faculty": [teacher["user_id"] for teacher in row["staff"]], "teachers": names}


SECTIONS = Listing(
    entity="section",
    columns={
        "id": "s.id",
        "course_id": "s.course_id",
        "term_id": "s.term_id",
        "code": "s.code",
        "capacity": "s.capacity",
        "seats_taken": "s.seats_taken",
        "staff": _STAFF,
        "offering_id": "s.offering_id",
        "course_code": "s.course_code",
        "course_title": "s.course_title",
        "credits": "s.credits",
        "status": "s.status",
        "term": "t.name",
        "weights_total": "s.weights_total",
    },
    source="section s JOIN term t ON t.id = s.term_id",
    key="s.id",
    filters={
        "course_id": Filter("s.course_id = {}", int),
        "term_id": Filter("s.term_id = {}", int),
        "faculty": Filter(
            "EXISTS (SELECT FROM section_staff f WHERE f.section_id = s.id "
            "AND f.account_id = {} AND f.until IS NULL)",
            int,
        ),
        "status": Filter("s.status = {}", SectionStatus),
        "code": Filter("s.code = {}", str),
    },
    orders={"course_code": Order("s.course_code"), "code": Order("s.code")},
    search="folded(s.course_code || ' ' || s.course_title || ' ' || s.code) LIKE {}",
    shape=_with_teachers,
)


TEACHERS = Listing(
    entity="teacher",
    columns={"id": "a.id", "name": "a.name", "username": "a.username"},
    source="account a",
    key="a.id",
    orders={"name": Order("a.name")},
    search="folded(a.username || ' ' || a.name) LIKE {}",
    where=(
        "NOT a.disabled AND EXISTS (SELECT FROM account_role g JOIN role r ON r.id = g.role_id "
        "WHERE g.account_id = a.id AND 'sheets.submit' = ANY (r.permissions))"
    ),
)


def enrollment_scope(caller: Caller) -> tuple[str, dict[str, Any]]:
    return section_scope(caller, Permission.READ_ENROLLMENTS, student="e.student_id = %(scope_student)s")


ENROLLMENTS = Listing(
    entity="enrollment",
    columns={
        "id": "e.id",
        "student_id": "e.student_id",
        "registration_id": "e.registration_id",
        "section_id": "e.section_id",
        "term_id": "e.term_id",
        "course_id": "e.course_id",
        "kind": "e.kind",
        "status": "e.status",
        "enrolled_at": "e.enrolled_at",
        "attempt": "e.attempt",
        "ended_at": "e.ended_at",
        "end_reason": "e.end_reason",
    },
    # LEFT: every enrollment has both, and where no scope asks for them the planner leaves them out.
    source="enrollment e LEFT JOIN section s ON s.id = e.section_id LEFT JOIN course c ON c.id = e.course_id",
    key="e.id",
    filters={
        "student_id": Filter(OF_PERSON.format("e.student_id"), int),
        "registration_id": Filter("e.registration_id = {}", int),
        "section_id": Filter("e.section_id = {}", int),
        "term_id": Filter("e.term_id = {}", int),
        "course_id": Filter("e.course_id = {}", int),
        "status": Filter("e.status = {}", EnrollmentStatus),
    },
    orders={"enrolled_at": Order("e.enrolled_at", "timestamptz")},
    scope=enrollment_scope,
)


def _override(row: dict[str, Any]) -> dict[str, Any]:
    id, name = row.pop("by_id"), row.pop("by_name")
    row["by"] = SYSTEM if id is None else Person(id, name)
    return row


OVERRIDES = Listing(
    entity="override",
    columns={
        "id": "o.id",
        "enrollment_id": "o.enrollment_id",
        "student_id": "e.student_id",
        "student_name": "p.name",
        "reg_no": "r.reg_no",
        "section_id": "e.section_id",
        "course_code": "s.course_code",
        "section": "s.code",
        "term_id": "e.term_id",
        "code": "o.code",
        "detail": "o.detail",
        "reason": "o.reason",
        "by_id": "o.by_account_id",
        "by_name": "a.name",
        "at": "o.at",
    },
    source=(
        "enrollment_override o JOIN enrollment e ON e.id = o.enrollment_id JOIN student p ON p.id = "
        "e.student_id JOIN registration r ON r.id = e.registration_id JOIN section s ON s.id = e.section_id "
        "LEFT JOIN account a ON a.id = o.by_account_id"
    ),
    key="o.id",
    filters={
        "code": Filter("o.code = {}", str),
        "by": Filter("o.by_account_id = {}", int),
        "student_id": Filter(OF_PERSON.format("e.student_id"), int),
        "section_id": Filter("e.section_id = {}", int),
        "term_id": Filter("e.term_id = {}", int),
        "program_id": Filter("r.program_id = {}", int),
        "from": Filter("o.at >= {}", datetime),
        "to": Filter("o.at <= {}", datetime, through=True),
    },
    default_order="-id",
    search="folded(o.reason || ' ' || p.name || ' ' || r.reg_no) LIKE {}",
    shape=_override,
)


def get_section(work: Work, id: int) -> SectionView:
    """One section with its staff and seats."""
    row = SECTIONS.one(work, id)
    if row is None:
        raise NotFound
    row["staff"] = [Teacher(**teacher) for teacher in row["staff"]]
    return SectionView(**row)


def get_enrollment(work: Work, id: int) -> EnrollmentView:
    """One enrollment."""
    row = ENROLLMENTS.one(work, id)
    if row is None:
        raise NotFound
    return EnrollmentView(**row)


def access_section(work: Work, section_id: int, permission: str) -> dict[str, Any]:
    """The section's row, where `permission` reaches it; raises NotFound elsewhere."""
    condition, values = section_scope(work.caller, permission)
    row = work.row(
        "SELECT s.id, s.course_id, s.term_id, s.code, s.capacity, s.seats_taken, s.weights_total, s.status, "
        "s.course_code FROM section s JOIN course c ON c.id = s.course_id WHERE s.id = %(id)s"
        + (f" AND ({condition})" if condition else ""),
        id=section_id,
        **values,
    )
    if row is None:
        raise NotFound
    return row


def access_section_to_enroll(work: Work, section_id: int) -> dict[str, Any]:
    return access_section(work, section_id, Permission.ENROLL_STUDENT)


def access_enrollment_to_end(work: Work, id: int) -> dict[str, Any]:
    """The enrollment with the dates and the sheet's state that decide whether it may end; locks the
    sheet, because a submit must not slip in between."""
    condition, values = section_scope(work.caller, Permission.ENROLL_STUDENT)
    row = work.row(
        "SELECT e.id, e.status, e.end_reason, h.state AS sheet_state, t.drop_until, t.withdraw_until "
        "FROM enrollment e JOIN section s ON s.id = e.section_id JOIN course c ON c.id = e.course_id "
        "JOIN term t ON t.id = e.term_id JOIN sheet h ON h.section_id = s.id WHERE e.id = %(id)s"
        + (f" AND ({condition})" if condition else ""),
        id=id,
        **values,
    )
    if row is None:
        raise NotFound
    return row


# One statement, because asking for a seat is a hot path. An equivalent of a prerequisite stands for it;
# what was passed counts from whatever registration of the person.
_FACTS = """
SELECT s.course_id, s.term_id, s.capacity, s.seats_taken, s.status AS section_status,
       t.name AS term_name, t.status AS term_status, t.enroll_until, h.state AS sheet_state,
       p.id AS student_id, r.id AS registration_id, r.status AS registration_status, r.reg_no,
       e.id AS enrollment_id, e.status AS enrollment_status, e.registration_id AS enrollment_registration_id,
       (SELECT o.code FROM enrollment d JOIN section o ON o.id = d.section_id
         WHERE d.registration_id = r.id AND d.course_id = s.course_id AND d.term_id = s.term_id
           AND d.section_id <> s.id AND d.status <> 'dropped' LIMIT 1) AS elsewhere,
       (SELECT array_agg(q.code ORDER BY q.code)
          FROM course_prerequisite n JOIN course q ON q.id = n.prerequisite_id
         WHERE n.course_id = s.course_id
           AND NOT EXISTS (SELECT FROM result x
                WHERE x.student_id = p.id AND x.state <> 'draft'
                  AND x.outcome IN ('pass', 'exempt', 'transfer')
                  AND (x.course_id = n.prerequisite_id OR x.course_id IN
                       (SELECT v.equivalent_id FROM course_equivalent v
                         WHERE v.course_id = n.prerequisite_id)))
       ) AS missing,
       (SELECT jsonb_agg(jsonb_build_object('kind', l.kind, 'reason', l.reason,
                           'contact', coalesce(nullif(l.contact, ''), k.contact)) ORDER BY l.id)
          FROM hold l JOIN hold_kind k ON k.kind = l.kind
         WHERE l.student_id = p.id AND l.lifted_at IS NULL AND l.effect = 'block'
           AND 'enrollment' = ANY (l.blocks)
       ) AS holds,
       (SELECT count(*) FROM enrollment d WHERE d.registration_id = r.id AND d.course_id = s.course_id
           AND d.status <> 'dropped' AND d.section_id <> s.id)
       + (SELECT count(*) FROM result x WHERE x.registration_id = r.id AND x.course_id = s.course_id
           AND x.source = 'legacy') AS earlier
  FROM section s
  JOIN course c ON c.id = s.course_id
  JOIN term t ON t.id = s.term_id
  JOIN sheet h ON h.section_id = s.id
  LEFT JOIN student p ON p.id = %(student)s
  LEFT JOIN registration r ON r.student_id = p.id
       AND (r.id = %(registration)s OR %(registration)s::bigint IS NULL AND r.is_current)
  LEFT JOIN enrollment e ON e.section_id = s.id AND e.student_id = p.id
 WHERE s.id = %(section)s"""


def enrollment_facts(
    work: Work, section_id: int, student_id: int, registration_id: int | None
) -> tuple[EnrollmentFacts, dict[str, Any]]:
    """All that decides about a seat, and the row itself. Raises NotFound for a section out of the
    caller's reach, an unknown student, or a registration that is not that student's."""
    condition, values = section_scope(work.caller, Permission.ENROLL_STUDENT)
    row = work.row(
        f"{_FACTS} AND ({condition})" if condition else _FACTS,
        section=section_id,
        student=student_id,
        registration=registration_id,
        **values,
    )
    if row is None:
        raise NotFound("There is no such section within your scope.")
    if row["student_id"] is None:
        raise NotFound("There is no such student.")
    if registration_id is not None and row["registration_id"] is None:
        raise NotFound("The student has no such registration.")
    facts = EnrollmentFacts(
        capacity=row["capacity"],
        seats_taken=row["seats_taken"],
        section_status=row["section_status"],
        term_name=row["term_name"],
        term_status=row["term_status"],
        enroll_until=row["enroll_until"],
        sheet_state=row["sheet_state"],
        registration_id=row["registration_id"],
        registration_status=row["registration_status"],
        reg_no=row["reg_no"],
        enrollment_id=row["enrollment_id"],
        enrollment_status=row["enrollment_status"],
        enrollment_registration_id=row["enrollment_registration_id"],
        elsewhere=row["elsewhere"],
        missing=row["missing"] or [],
        holds=row["holds"] or [],
        earlier=row["earlier"],
    )
    return facts, row


def unknown_accounts(work: Work, ids: list[int]) -> list[int]:
    """Those of `ids` that name no account."""
    rows = work.rows(
        "SELECT w.id FROM unnest(%(ids)s::bigint[]) w (id) "
        "WHERE NOT EXISTS (SELECT FROM account a WHERE a.id = w.id)",
        ids=ids,
    )
    return [row["id"] for row in rows]


def is_in_use(work: Work, section_id: int) -> bool:
    """Whether anything but its own staff and sheet refers to the section."""
    found = work.value(
        "SELECT EXISTS (SELECT FROM enrollment WHERE section_id = %(id)s) "
        "OR EXISTS (SELECT FROM assessment WHERE section_id = %(id)s) "
        "OR EXISTS (SELECT FROM result WHERE section_id = %(id)s) "
        "OR EXISTS (SELECT FROM class_session WHERE section_id = %(id)s) "
        "OR EXISTS (SELECT FROM sync_presence WHERE section_id = %(id)s) "
        "OR EXISTS (SELECT FROM sync_receipt WHERE section_id = %(id)s)",
        id=section_id,
    )
    return bool(found)
