"""The classes of the open term until yesterday, and who came: most nearly always, a few too seldom.

Today is left to whoever tries the program. One statement for all classes and one for all marks; who came
is drawn from a digest of student and class, so that it is the same every time.
"""

from __future__ import annotations

from datetime import timedelta

from sims_server.demo.people import HOME, Calendar, act_as_system
from sims_server.kernel.work import Work

# Of 1,000 classes, how many somebody misses: by the last digit of a digest of the student.
_SELDOM, _SOMETIMES, _RARELY = 380, 200, 50


def take_attendance(work: Work, calendar: Calendar) -> None:
    """A class a week for each section of the open term, two in the home department, marked by its lead."""
    act_as_system(work)
    work.run(
        "INSERT INTO class_session (section_id, held_on) SELECT s.id, d.day::date FROM section s "
        "CROSS JOIN generate_series(%(first)s::date, %(last)s::date, interval '1 day') d (day) "
        "WHERE s.term_id = %(term)s AND (extract(isodow FROM d.day) = 1 + s.id %% 5 "
        "OR s.course_code LIKE %(home)s AND extract(isodow FROM d.day) = 1 + (s.id + 2) %% 5) "
        "ORDER BY d.day, s.id",
        home=f"{HOME}-%",
        term=calendar.open.id,
        first=calendar.open.start,
        last=work.today - timedelta(days=1),
    )
    work.run(
        "INSERT INTO attendance (section_id, class_session_id, student_id, status, reason, updated_by, "
        "updated_at) SELECT m.section_id, m.session_id, m.student_id, "
        "CASE WHEN m.dice < m.misses THEN 'absent' WHEN m.dice < m.misses + 35 THEN 'late' "
        "WHEN m.dice < m.misses + 50 THEN 'leave' ELSE 'present' END, "
        "CASE WHEN m.dice BETWEEN m.misses + 35 AND m.misses + 49 THEN 'Application on file' ELSE '' END, "
        "m.lead, (m.held_on + time '10:30') AT TIME ZONE %(zone)s "
        "FROM (SELECT k.section_id, k.id AS session_id, k.held_on, e.student_id, f.account_id AS lead, "
        "('x' || substr(md5(e.student_id || '/' || k.id), 1, 6))::bit(24)::integer %% 1000 AS dice, "
        "CASE ('x' || substr(md5(e.student_id::text), 1, 6))::bit(24)::integer %% 12 "
        "WHEN 0 THEN %(seldom)s WHEN 1 THEN %(sometimes)s ELSE %(rarely)s END AS misses "
        "FROM class_session k JOIN enrollment e ON e.section_id = k.section_id AND e.status = 'enrolled' "
        "JOIN section_staff f ON f.section_id = k.section_id AND f.role = 'lead' AND f.until IS NULL) m",
        zone=work.setting("time_zone"),
        seldom=_SELDOM,
        sometimes=_SOMETIMES,
        rarely=_RARELY,
    )
