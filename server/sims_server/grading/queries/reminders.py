"""SELECTs of reminders: which sheets somebody may be asked for, and which letters have not gone out.

The rule a newcomer would get wrong: a reminder is over as soon as its sheet moves. A sheet that was handed
in and returned has not been asked for again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sims_server.enrollment.queries import section_scope
from sims_server.grading.rules import REMINDED_LATELY
from sims_server.kernel.work import Work
from sims_shared.access import Permission

# The last reminder of section `s` that still stands; joined by a lateral, so the index finds it. A sheet's
# moves have the database's clock, and so has a reminder.
STANDING = """LEFT JOIN LATERAL (
  SELECT q.asked_at, q.asked_by, q.note, b.name AS asked_by_name
    FROM sheet_reminder q JOIN account b ON b.id = q.asked_by
   WHERE q.section_id = s.id AND NOT EXISTS (
     SELECT FROM sheet_version v WHERE v.section_id = q.section_id AND v.at > q.asked_at)
   ORDER BY q.id DESC LIMIT 1) asked ON true"""

_WANTED = f"""
SELECT s.id AS section_id, s.course_code || ' ' || s.code AS section, h.state, f.account_id AS teacher_id,
       u.name AS teacher, u.email, asked.asked_at, asked.asked_by_name AS asked_by,
       coalesce(asked.asked_at > clock_timestamp() - %(lately)s::interval, false) AS lately
  FROM section s JOIN sheet h ON h.section_id = s.id JOIN course c ON c.id = s.course_id
  LEFT JOIN section_staff f ON f.section_id = s.id AND f.role = 'lead' AND f.until IS NULL
  LEFT JOIN account u ON u.id = f.account_id {STANDING}
 WHERE s.id = ANY (%(ids)s) AND s.status = 'active'"""


def sheets_to_ask_for(work: Work, section_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Those that the caller reaches, in the order of their names. They stay as they are until the end of the
    transaction: of two people who remind at once, the second finds the first one's."""
    work.rows(
        "SELECT section_id FROM sheet WHERE section_id = ANY (%(ids)s) ORDER BY section_id FOR NO KEY UPDATE",
        ids=list(section_ids),
    )
    condition, values = section_scope(work.caller, Permission.PUBLISH_RESULTS)
    return work.rows(
        _WANTED
        + (f" AND ({condition})" if condition else "")
        + ' ORDER BY s.course_code COLLATE "C", s.code COLLATE "C", s.id',
        ids=list(section_ids),
        lately=REMINDED_LATELY,
        **values,
    )


def letters_left(work: Work, job_id: int) -> list[int]:
    """The teachers whose letter has not gone out."""
    rows = work.rows(
        "SELECT DISTINCT teacher_id FROM sheet_reminder WHERE job_id = %(job)s AND mailed_at IS NULL "
        "ORDER BY teacher_id",
        job=job_id,
    )
    return [row["teacher_id"] for row in rows]


def lines_of_letter(work: Work, job_id: int, teacher_id: int) -> list[dict[str, Any]]:
    """The sections one letter names, with how far their marks are: those that are still open. Locked, so that
    a second run of the job waits for what the first one sent."""
    work.rows(
        "SELECT id FROM sheet_reminder WHERE job_id = %(job)s AND teacher_id = %(teacher)s "
        "ORDER BY id FOR UPDATE",
        job=job_id,
        teacher=teacher_id,
    )
    return work.rows(
        "SELECT u.name AS teacher, u.email, b.name AS asked_by, q.note, s.course_code, s.course_title, "
        "s.code AS section, t.name AS term, "
        "(SELECT count(*) FROM assessment_score p JOIN enrollment e ON e.id = p.enrollment_id "
        "WHERE p.section_id = s.id AND p.mark IS NOT NULL AND e.status = 'enrolled') AS filled, "
        "(SELECT count(*) FROM enrollment e WHERE e.section_id = s.id AND e.status = 'enrolled') "
        "* (SELECT count(*) FROM assessment a WHERE a.section_id = s.id) AS total "
        "FROM sheet_reminder q JOIN section s ON s.id = q.section_id JOIN term t ON t.id = s.term_id "
        "JOIN sheet h ON h.section_id = s.id AND h.state = 'open' "
        "JOIN account u ON u.id = q.teacher_id JOIN account b ON b.id = q.asked_by "
        "WHERE q.job_id = %(job)s AND q.teacher_id = %(teacher)s AND q.mailed_at IS NULL "
        "ORDER BY s.course_code, s.code, s.id",
        job=job_id,
        teacher=teacher_id,
    )
