"""What each kind of export holds: a list of the slice it belongs to, in the columns of a file.

The kinds that can be imported have the columns of the import and no others. The list brings its filters,
its scope and its permission; nothing here decides who sees a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sims_server.access.queries import ACCOUNTS
from sims_server.attendance.queries.lists import ATTENDANCE
from sims_server.audit.queries import AUDIT, CHANGES
from sims_server.catalog.queries import COURSES, DEPARTMENTS, PROGRAMS
from sims_server.enrollment.queries import ENROLLMENTS, SECTIONS
from sims_server.examinations.queries import PAPER_BEGINS, PAPER_ENDS, PAPER_ROOMS, PAPERS, ROOMS
from sims_server.grading.queries.assessments import ASSESSMENTS
from sims_server.grading.queries.scores import SCORES
from sims_server.holds.queries import HOLDS
from sims_server.kernel.paging import Listing, every_row
from sims_server.kernel.work import Work
from sims_server.people.queries import REGISTRATIONS, STUDENTS
from sims_server.results.queries.lists import RESULTS, TERM_RESULTS
from sims_server.terms.queries import TERMS
from sims_shared.access import Permission


@dataclass(frozen=True)
class Export:
    """A kind: the list behind it, the permission that opens the list, the file's columns as SQL over the
    list's source and `joins`, and whose record a row is (SQL of the student's id)."""

    listing: Listing
    permission: Permission
    columns: Mapping[str, str]
    joins: str = ""
    where: str = ""
    student: str | None = None
    instead_of: Mapping[str, str] = field(default_factory=dict)  # filter → a `where` it takes the place of

    def where_for(self, query: Mapping[str, list[str]]) -> str:
        """What is left out besides, unless a filter asks for it."""
        return " AND ".join(
            part
            for part in (self.where, *(sql for name, sql in self.instead_of.items() if name not in query))
            if part
        )


def _own(alias: str, *names: str) -> dict[str, str]:
    return {name: f"{alias}.{name}" for name in names}


def _private(*names: str) -> dict[str, str]:
    """Only what the reader sees whole: a masked number would come back as another number."""
    return {name: f"CASE WHEN v.private = 'whole' THEN s.{name} END" for name in names}


_PREREQUISITES = (
    "(SELECT string_agg(xr.code, ' ' ORDER BY xr.code COLLATE \"C\") FROM course_prerequisite xq "
    "JOIN course xr ON xr.id = xq.prerequisite_id WHERE xq.course_id = c.id)"
)
_ROLES = """(SELECT string_agg(concat_ws(':', xd.code, xr.name), ' ' ORDER BY xr.name, xd.code)
   FROM account_role xg JOIN role xr ON xr.id = xg.role_id LEFT JOIN department xd ON xd.id = xg.department_id
  WHERE xg.account_id = a.id AND xg.delegation_id IS NULL)"""
_STAFF = """(SELECT string_agg(xa.username, ' ' ORDER BY xf.role <> 'lead', xa.username COLLATE "C")
   FROM section_staff xf JOIN account xa ON xa.id = xf.account_id
  WHERE xf.section_id = s.id AND xf.until IS NULL)"""
_REG_NO = """(SELECT xr.reg_no FROM registration xr WHERE xr.student_id = {}
  ORDER BY xr.is_current DESC, xr.id DESC LIMIT 1)"""
_OPEN = "CASE WHEN w.id IS NULL THEN {} END"
_SHOWN = tuple(
    (name, _OPEN.format(f"r.{name}"))
    for name in ("total", "marks_obtained", "marks_max", "percentage", "grade", "grade_points")
)

EXPORTS: dict[str, Export] = {
    "departments": Export(DEPARTMENTS, Permission.READ_CATALOG, _own("d", "code", "name", "faculty_name")),
    "programs": Export(
        PROGRAMS,
        Permission.READ_CATALOG,
        {
            **_own("p", "code", "name"),
            "department_code": "xd.code",
            **_own("p", "level", "credits_required", "semesters"),
        },
        "JOIN department xd ON xd.id = p.department_id",
    ),
    "courses": Export(
        COURSES,
        Permission.READ_CATALOG,
        {
            **_own("c", "code", "title", "credits"),
            "department_code": "xd.code",
            **_own("c", "marks_total", "credits_theory", "credits_practical", "grading", "counts_in_gpa"),
            "prerequisites": _PREREQUISITES,
        },
        "JOIN department xd ON xd.id = c.department_id",
    ),
    "terms": Export(
        TERMS,
        Permission.READ_CATALOG,
        _own(
            "term",
            *("name", "start_date", "end_date", "kind", "academic_year", "enroll_until", "drop_until"),
            *("withdraw_until", "marks_due", "recheck_until", "status"),
        ),
    ),
    "accounts": Export(
        ACCOUNTS,
        Permission.READ_ACCOUNTS,
        {
            **_own("a", "username", "name", "email"),
            "roles": _ROLES,
            "disabled": "a.disabled",
            "reg_no": _REG_NO.format("a.student_id"),
        },
    ),
    "sections": Export(
        SECTIONS,
        Permission.READ_CATALOG,
        {
            "course_code": "xc.code",
            "term": "t.name",
            "section": "s.code",
            "capacity": "s.capacity",
            "faculty": _STAFF,
            "status": "s.status",
        },
        "JOIN course xc ON xc.id = s.course_id",
    ),
    "students": Export(
        STUDENTS,
        Permission.READ_STUDENTS,
        {
            "reg_no": "r.reg_no",
            "name": "s.name",
            "program_code": "xp.code",
            "admitted_on": "r.admitted_on",
            "intake": "r.intake",
            "name_native": "s.name_native",
            **_private("father_name", "national_id", "date_of_birth"),
            "email": "s.email",
            **_private("phone", "address"),
            **_own("r", "roll_no", "batch"),
        },
        "JOIN program xp ON xp.id = r.program_id",
        student="s.id",
    ),
    "registrations": Export(
        REGISTRATIONS,
        Permission.READ_STUDENTS,
        {
            "reg_no": "r.reg_no",
            "name": "s.name",
            "program_code": "xp.code",
            **_own("r", "intake", "batch", "roll_no", "admitted_on", "status", "is_current"),
            "regulation": "xu.code || ' v' || xu.version",
            "cgpa": "CASE WHEN %(sees_averages)s THEN r.cgpa END",
            "credits_earned": "CASE WHEN %(sees_averages)s THEN r.credits_earned END",
        },
        "JOIN program xp ON xp.id = r.program_id JOIN regulation xu ON xu.id = r.regulation_id",
        student="s.id",
    ),
    "enrollments": Export(
        ENROLLMENTS,
        Permission.READ_ENROLLMENTS,
        {
            "reg_no": "xr.reg_no",
            "course_code": "c.code",
            "term": "xt.name",
            "section": "s.code",
            **_own("e", "kind", "status"),
            "enrolled_on": "(e.enrolled_at AT TIME ZONE %(zone)s)::date",
            "ended_on": "(e.ended_at AT TIME ZONE %(zone)s)::date",
        },
        "JOIN registration xr ON xr.id = e.registration_id JOIN term xt ON xt.id = e.term_id",
        student="e.student_id",
    ),
    "assessments": Export(
        ASSESSMENTS,
        Permission.READ_ASSESSMENTS,
        {
            "course_code": "c.code",
            "term": "xt.name",
            "section": "s.code",
            "assessment": "a.name",
            **_own("a", "type", "weight", "max_score", "head", "must_sit", "step", "due_date", "entered_by"),
        },
        "JOIN term xt ON xt.id = s.term_id",
    ),
    "scores": Export(
        SCORES,
        Permission.READ_SCORES,
        {
            "reg_no": "xr.reg_no",
            "course_code": "c.code",
            "term": "xt.name",
            "section": "s.code",
            "assessment": "a.name",
            "score": "p.score",
            "mark": "p.mark",
        },
        "JOIN registration xr ON xr.id = e.registration_id JOIN term xt ON xt.id = s.term_id",
        student="e.student_id",
    ),
    "attendance": Export(
        ATTENDANCE,
        Permission.READ_ATTENDANCE,
        {
            "reg_no": "xr.reg_no",
            "course_code": "c.code",
            "term": "xt.name",
            "section": "s.code",
            "date": "k.held_on",
            "slot": "k.slot",
            "status": "a.status",
            "reason": "a.reason",
        },
        "JOIN enrollment xe ON xe.section_id = a.section_id AND xe.student_id = a.student_id "
        "JOIN registration xr ON xr.id = xe.registration_id JOIN term xt ON xt.id = s.term_id",
        student="a.student_id",
    ),
    # Those in force; the lifted ones on request, for reading: imported they would be placed again.
    "holds": Export(
        HOLDS,
        Permission.READ_HOLDS,
        {"reg_no": _REG_NO.format("h.student_id"), **_own("h", "kind", "amount", "reason", "contact")},
        student="h.student_id",
        instead_of={"lifted": "h.lifted_at IS NULL"},
    ),
    "results": Export(
        RESULTS,
        Permission.READ_RESULTS,
        {
            "reg_no": "g.reg_no",
            "name": RESULTS.columns["student_name"],
            "course_code": "coalesce(s.course_code, c.code)",
            "course_title": "coalesce(s.course_title, r.recorded_title, c.title)",
            "term": RESULTS.columns["term"],
            "section": "s.code",
            "attempt": "r.attempt",
            "credits": "r.credits",
            **dict(_SHOWN),
            "outcome": RESULTS.columns["outcome"],
            "counts": RESULTS.columns["counts"],
            "source": "r.source",
            "state": "r.state",
        },
        student="r.student_id",
    ),
    "results_history": Export(
        RESULTS,
        Permission.READ_RESULTS,
        {
            "reg_no": "g.reg_no",
            "term": RESULTS.columns["term"],
            "course_code": "c.code",
            "course_title": "r.recorded_title",
            **_own("r", "credits", "grade", "grade_points", "total", "outcome", "attempt"),
            "sgpa": "CASE WHEN %(sees_averages)s THEN xd.sgpa END",
            "cgpa": "CASE WHEN %(sees_averages)s THEN xd.cgpa END",
        },
        "LEFT JOIN term_result xd ON xd.registration_id = r.registration_id AND xd.term_id = r.term_id "
        "AND xd.import_id IS NOT NULL AND xd.notification_id IS NULL",
        where="r.source = 'legacy'",
        student="r.student_id",
    ),
    "term_results": Export(
        TERM_RESULTS,
        Permission.READ_RESULTS,
        {
            "reg_no": "g.reg_no",
            "term": "t.name",
            **_own("d", "sgpa", "cgpa", "gpa_credits", "quality_points", "attempted", "earned", "standing"),
            "notification": "xn.number",
            "recorded_before": "d.notification_id IS NULL",
        },
        "LEFT JOIN notification_of_result xn ON xn.id = d.notification_id",
        student="g.student_id",
    ),
    "exam_rooms": Export(ROOMS, Permission.READ_CATALOG, _own("m", "name", "seats")),
    "exam_papers": Export(
        PAPERS,
        Permission.READ_ATTENDANCE,
        {
            "course_code": "c.code",
            "term": "t.name",
            "section": "s.code",
            "part": "p.part",
            "date": "p.held_on",
            "starts_at": PAPER_BEGINS,
            "ends_at": PAPER_ENDS,
            "rooms": PAPER_ROOMS,
        },
    ),
    "audit": Export(
        AUDIT,
        Permission.READ_AUDIT,
        {
            "id": "a.id",
            "at": "a.at",
            "actor": "a.actor_name",
            **_own("a", "action", "entity", "entity_id", "operation", "method", "path", "request_id"),
            "changes": CHANGES,
        },
    ),
}


def rows_of(work: Work, kind: str, query: Mapping[str, list[str]]) -> Iterator[tuple[Any, ...]]:
    """The rows of an export; before the file's own columns the student's id, or None."""
    export = EXPORTS[kind]
    # Averages belong to a registration: a teacher of one course does not see them.
    reach = work.caller.reach(Permission.READ_RESULTS)
    more = {"sees_averages": reach.everything or bool(reach.departments)}
    columns = {"exported_student": export.student or "NULL", **export.columns}
    return every_row(work, export.listing, query, columns, export.joins, export.where_for(query), more)
