"""Every SELECT of reports: at most two statements a report, whatever its lines stand for."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec

from sims_server.enrollment.queries import section_scope
from sims_server.kernel.work import Work
from sims_server.reports.rules import add_up_attendance, add_up_enrollment, add_up_grades, lay_out
from sims_server.results.queries.lists import registration_scope
from sims_shared.access import Permission
from sims_shared.attendance import Percent
from sims_shared.reports import AttendanceReport, Broadsheet, EnrollmentReport, GradeReport, ReportBy
from sims_shared.values import Id


class WhichSections(msgspec.Struct, kw_only=True):
    """Sections of a term, department or course, and of them the part of a program. Nothing named: all that
    the caller reads."""

    by: ReportBy = "course"
    term_id: Id | None = None
    department_id: Id | None = None
    program_id: Id | None = None
    course_id: Id | None = None


class WhichClasses(WhichSections, kw_only=True):
    """The same, and from which share on a student is not short."""

    threshold: Percent = Decimal(75)


class WhichClass(msgspec.Struct, kw_only=True):
    """The students of a program who take anything in a term, or one batch of them."""

    term_id: Id
    program_id: Id
    batch: str | None = None


# What a line stands for: its id, code, title, and what it is ordered by. A section keeps its course's name
# of then.
_LINES: dict[str, tuple[str, str, str, str]] = {
    "section": ("s.id", "s.course_code || ' ' || s.code", "s.course_title", "s.course_code || ' ' || s.code"),
    "course": ("c.id", "c.code", "c.title", "c.code"),
    "program": ("p.id", "p.code", "p.name", "p.code"),
    "department": ("d.id", "d.code", "d.name", "d.code"),
    "term": ("t.id", "t.name", "''", "t.start_date"),
}
_SECTIONS = """section s JOIN course c ON c.id = s.course_id JOIN department d ON d.id = c.department_id
  JOIN term t ON t.id = s.term_id"""
_PROGRAM = "JOIN registration g ON g.id = e.registration_id JOIN program p ON p.id = g.program_id"

_GRADES = """
SELECT {id} AS id, {code} AS code, {title} AS title, {order} AS place,
       coalesce(nullif(r.grade, ''), r.outcome) AS grade, r.outcome, count(*) AS results,
       sum(r.grade_points) AS points, count(r.grade_points) AS pointed, max(r.grade_points) AS most
  FROM {sections} JOIN enrollment e ON e.section_id = s.id {program}
  JOIN result r ON r.enrollment_id = e.id AND r.state <> 'draft'
 WHERE {where}
 GROUP BY 1, 2, 3, 4, 5, 6
 ORDER BY place, id
"""
_ENROLLMENT = """
SELECT {id} AS id, {code} AS code, {title} AS title, {order} AS place, s.id AS section_id,
       CASE WHEN s.status = 'active' THEN s.capacity ELSE 0 END AS seats, s.status = 'active' AS is_active,
       count(*) FILTER (WHERE e.status = 'enrolled') AS enrolled,
       count(*) FILTER (WHERE e.status = 'completed') AS completed,
       count(*) FILTER (WHERE e.status = 'withdrawn') AS withdrawn,
       count(*) FILTER (WHERE e.status = 'barred') AS barred,
       count(*) FILTER (WHERE e.status = 'dropped') AS dropped
  FROM {sections} {left} JOIN enrollment e ON e.section_id = s.id {program}
 WHERE {where}
 GROUP BY {id}, 2, 3, 4, s.id
 ORDER BY place, id
"""
_STUDENTS = """
SELECT {id} AS id, count(DISTINCT e.student_id) AS students
  FROM {sections} JOIN enrollment e ON e.section_id = s.id AND e.status <> 'dropped' {program}
 WHERE {where}
 GROUP BY GROUPING SETS (({id}), ())
"""
# A section's classes, in the line of every program that sits in it where lines are programs. Counted beside
# the roster: joined to it, each class would be met once for every student.
_CLASSES = """
SELECT q.*, h.classes, h.untaken
  FROM (SELECT DISTINCT {id} AS id, {code} AS code, {title} AS title, {order} AS place, s.id AS section_id
          FROM {sections} {left} JOIN enrollment e ON e.section_id = s.id AND e.status <> 'dropped' {program}
         WHERE {where}) q
  CROSS JOIN LATERAL (
    SELECT count(*) AS classes,
           count(*) FILTER (WHERE k.taken_at IS NULL AND k.held_on < (SELECT campus_today())) AS untaken
      FROM class_session k WHERE k.section_id = q.section_id AND k.called_off_at IS NULL) h
 WHERE h.classes > 0
 ORDER BY place, id
"""
# By student first, so that who is short is known: one step into the index for each, and nothing to sort.
_MARKS = """
SELECT {id} AS id, s.id AS section_id, sum(m.present)::bigint AS present, sum(m.late)::bigint AS late,
       sum(m.leave)::bigint AS leave, sum(m.absent)::bigint AS absent,
       count(*) FILTER (WHERE 100 * (m.present + m.late)
                              < %(threshold)s * (m.present + m.late + m.leave + m.absent)) AS below
  FROM {sections} JOIN enrollment e ON e.section_id = s.id AND e.status <> 'dropped' {program}
  CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE a.status = 'present') AS present,
           count(*) FILTER (WHERE a.status = 'late') AS late,
           count(*) FILTER (WHERE a.status = 'leave') AS leave,
           count(*) FILTER (WHERE a.status = 'absent') AS absent
      FROM attendance a
     WHERE a.section_id = e.section_id AND a.student_id = e.student_id
       AND a.class_session_id NOT IN (SELECT k.id FROM class_session k WHERE k.called_off_at IS NOT NULL)) m
 WHERE {where}
 GROUP BY {id}, s.id
"""

# Whoever sees averages sees the class: registrations in reach, not sections.
_CLASS = """
SELECT e.student_id, e.registration_id, g.reg_no, g.roll_no, u.name, e.course_id, e.attempt, e.status,
       s.course_code AS code, s.course_title AS title, s.credits, r.state, r.total, r.grade, r.outcome,
       w.reason AS withheld_for
  FROM enrollment e JOIN registration g ON g.id = e.registration_id JOIN student u ON u.id = e.student_id
  JOIN section s ON s.id = e.section_id
  LEFT JOIN result r ON r.enrollment_id = e.id
  LEFT JOIN withholding w ON w.result_id = r.id AND w.released_at IS NULL
 WHERE e.term_id = %(term_id)s AND g.program_id = %(program_id)s AND e.status <> 'dropped'
   AND (%(batch)s::text IS NULL OR g.batch = %(batch)s){scope}
 ORDER BY g.reg_no, e.registration_id, s.course_code
"""
_DECLARED = """
SELECT d.registration_id, d.sgpa, d.cgpa, d.earned, d.standing
  FROM term_result d JOIN registration g ON g.id = d.registration_id
 WHERE d.term_id = %(term_id)s AND g.program_id = %(program_id)s{scope}
"""


def _asked(work: Work, query: WhichSections, of: Permission) -> tuple[dict[str, str], dict[str, Any]]:
    """What fills the statements above, and their values. `of` reads the rows that are counted: whoever may
    not read them reads no sum of them either, whatever sheets they read."""
    id, code, title, order = _LINES[query.by]
    by_program = query.by == "program" or query.program_id is not None
    conditions, values = ["true"], dict[str, Any]()
    for column, wanted in (
        ("s.term_id", query.term_id),
        ("c.department_id", query.department_id),
        ("g.program_id", query.program_id),
        ("s.course_id", query.course_id),
    ):
        if wanted is not None:
            name = column.partition(".")[2]
            conditions.append(f"{column} = %({name})s")
            values[name] = wanted
    scope, scope_values = section_scope(work.caller, Permission.READ_SHEETS)
    counted, counted_values = section_scope(work.caller, of)
    conditions += [f"({one})" for one in (scope, counted.replace("%(scope_", "%(counted_")) if one]
    values |= {name.replace("scope_", "counted_", 1): value for name, value in counted_values.items()}
    parts = {
        "id": id,
        "code": code,
        "title": title,
        "order": order,
        "sections": _SECTIONS,
        "program": _PROGRAM if by_program else "",
        "left": "" if by_program else "LEFT",  # a section where nobody sits is no program's
        "where": " AND ".join(conditions),
    }
    return parts, values | scope_values


def get_grades(work: Work, query: WhichSections) -> GradeReport:
    """Published grades counted, with how many passed and the mean of the points."""
    parts, values = _asked(work, query, Permission.READ_RESULTS)
    return add_up_grades(query.by, work.rows(_GRADES.format(**parts), **values))


def get_enrollment(work: Work, query: WhichSections) -> EnrollmentReport:
    """Seats and who sits in them, dropped and withdrawn beside."""
    parts, values = _asked(work, query, Permission.READ_ENROLLMENTS)
    rows = work.rows(_ENROLLMENT.format(**parts), **values)
    people = work.rows(_STUDENTS.format(**parts), **values)
    return add_up_enrollment(query.by, rows, {row["id"]: row["students"] for row in people})


def get_attendance(work: Work, query: WhichClasses) -> AttendanceReport:
    """Classes held and marks given, and how many students are below the threshold."""
    parts, values = _asked(work, query, Permission.READ_ATTENDANCE)
    classes = work.rows(_CLASSES.format(**parts), **values)
    marks = work.rows(_MARKS.format(**parts), threshold=query.threshold, **values)
    return add_up_attendance(query.by, query.threshold, classes, marks)


def get_broadsheet(work: Work, query: WhichClass) -> Broadsheet:
    """Students by courses, with what each has in each and the averages as declared."""
    # A student who also teaches is no reader of the class: the own row would show drafts.
    reader = replace(work.caller, student_id=None)
    scope, values = registration_scope(reader)
    narrowed = f" AND ({scope})" if scope else ""
    values |= {"term_id": query.term_id, "program_id": query.program_id, "batch": query.batch}
    rows = work.rows(_CLASS.format(scope=narrowed), **values)
    declared = work.rows(_DECLARED.format(scope=narrowed), **values)
    return lay_out(rows, {row["registration_id"]: row for row in declared})
