"""The control tower: how far each section of a term is, and which rows stop a publish or stay behind.

One statement for a whole term. The rule a newcomer would get wrong: a program's part of a section is
published on its own, so every count here is of the rows asked for, not of the section.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from sims_server.grading.queries.reminders import STANDING
from sims_server.kernel.work import Work
from sims_shared.results import ClassProgress, ExceptionList, ExceptionRow, SectionProgress, TermProgress
from sims_shared.values import BIGINT_MAX

_Id = Annotated[int, msgspec.Meta(ge=1, le=BIGINT_MAX)]
_Batch = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
AT_MOST = 500

# Marks are counted once for the term and joined: a count for each row of the roster would read them twice.
_TERM = f"""
WITH rows AS (
  SELECT e.section_id, e.status, r.state, r.id AS result_id, w.id AS withholding, r.stale,
         r.id IS NOT NULL AND r.blocks <> '[]'::jsonb AS blocked
    FROM enrollment e JOIN registration g ON g.id = e.registration_id
    LEFT JOIN result r ON r.enrollment_id = e.id
    LEFT JOIN withholding w ON w.result_id = r.id AND w.released_at IS NULL
   WHERE e.term_id = %(term)s AND e.status <> 'dropped' AND (%(program)s::bigint IS NULL OR g.program_id =
       %(program)s) AND (%(batch)s::text IS NULL OR g.batch = %(batch)s)),
counted AS (
  SELECT section_id, count(*) AS roster, count(*) FILTER (WHERE status = 'enrolled') AS enrolled,
         count(*) FILTER (WHERE state = 'draft' AND withholding IS NULL) AS drafts,
         count(*) FILTER (WHERE state IN ('published', 'frozen')) AS published, count(*) FILTER (WHERE
             state = 'frozen') AS frozen,
         count(*) FILTER (WHERE withholding IS NOT NULL) AS withheld,
         count(*) FILTER (WHERE state = 'draft' AND withholding IS NULL AND blocked) AS missing,
         count(*) FILTER (WHERE state = 'draft' AND stale) AS stale
    FROM rows GROUP BY section_id),
marks AS (
  SELECT p.section_id, count(*) AS filled FROM assessment_score p JOIN enrollment e ON e.id = p.enrollment_id
    JOIN registration g ON g.id = e.registration_id
   WHERE e.term_id = %(term)s AND e.status IN ('enrolled', 'completed') AND p.mark IS NOT NULL
     AND (%(program)s::bigint IS NULL OR g.program_id = %(program)s)
     AND (%(batch)s::text IS NULL OR g.batch = %(batch)s)
   GROUP BY p.section_id),
taking AS (
  SELECT e.section_id, count(*) AS many FROM enrollment e JOIN registration g ON g.id = e.registration_id
   WHERE e.term_id = %(term)s AND e.status IN ('enrolled', 'completed') AND (%(program)s::bigint IS NULL OR
       g.program_id = %(program)s) AND (%(batch)s::text IS NULL OR g.batch = %(batch)s)
   GROUP BY e.section_id)
SELECT s.id AS section_id, s.course_code, s.course_title, s.code AS section, h.state AS sheet,
    coalesce(m.filled, 0) AS filled,
       coalesce(k.many, 0) * (SELECT count(*) FROM assessment a WHERE a.section_id = s.id) AS total,
       c.roster, c.drafts, c.published, c.frozen, c.withheld, c.missing, c.stale,
       (SELECT u.name FROM section_staff f JOIN account u ON u.id = f.account_id
         WHERE f.section_id = s.id AND f.role = 'lead' AND f.until IS NULL ORDER BY f.id LIMIT 1) AS lead,
       coalesce(d.pending, 0) AS pending, coalesce(d.conflicts, 0) AS conflicts, d.away_since,
       asked.asked_at AS reminded_at, asked.asked_by_name AS reminded_by
  FROM counted c JOIN section s ON s.id = c.section_id AND s.status = 'active' JOIN sheet h ON h.section_id
      = s.id
  LEFT JOIN marks m ON m.section_id = s.id LEFT JOIN taking k ON k.section_id = s.id
  LEFT JOIN (SELECT section_id, sum(pending)::bigint AS pending, sum(conflicts)::bigint AS conflicts,
                    min(last_seen_at) FILTER (WHERE pending > 0) AS away_since
               FROM sync_presence GROUP BY section_id) d ON d.section_id = s.id
  {STANDING}
 ORDER BY s.course_code, s.code, s.id
"""
_EXCEPTIONS = """
SELECT r.id AS result_id, e.section_id, s.course_code || ' ' || s.code AS section, g.reg_no, u.name,
       w.reason AS withheld_for, coalesce(w.note, '') AS note,
       CASE WHEN r.id IS NULL THEN 'no result was drafted'
            WHEN w.id IS NOT NULL THEN ''
            WHEN r.stale THEN 'the sheet was returned since'
            ELSE coalesce(r.blocks #>> '{0,detail}', '') END AS why,
       count(*) OVER () AS many
  FROM enrollment e JOIN section s ON s.id = e.section_id AND s.status = 'active' JOIN registration g ON
      g.id = e.registration_id
  JOIN student u ON u.id = e.student_id JOIN sheet h ON h.section_id = s.id
  LEFT JOIN result r ON r.enrollment_id = e.id LEFT JOIN withholding w ON w.result_id = r.id AND
      w.released_at IS NULL
 WHERE e.status <> 'dropped' AND h.state = 'approved' AND coalesce(r.state, 'draft') = 'draft'
   AND (r.id IS NULL OR w.id IS NOT NULL OR r.stale OR r.blocks <> '[]'::jsonb)
   AND (%(section)s::bigint IS NULL OR e.section_id = %(section)s) AND (%(term)s::bigint IS NULL OR
       e.term_id = %(term)s)
   AND (%(program)s::bigint IS NULL OR g.program_id = %(program)s)
   AND (%(batch)s::text IS NULL OR g.batch = %(batch)s)
 ORDER BY s.course_code, s.code, g.reg_no, e.id LIMIT %(limit)s
"""

# A student is complete when nothing keeps any of the rows from being out, or withheld with its reason.
_CLASSES = """
SELECT program_id, batch, min(intake) AS intake, count(*) AS students,
       count(*) FILTER (WHERE whole) AS complete
  FROM (SELECT g.program_id, g.batch, g.intake,
               bool_and(r.id IS NOT NULL AND (r.state <> 'draft' OR w.id IS NOT NULL
                 OR (NOT r.stale AND r.blocks = '[]'::jsonb))) AS whole
          FROM enrollment e JOIN registration g ON g.id = e.registration_id
          JOIN section s ON s.id = e.section_id AND s.status = 'active'
          LEFT JOIN result r ON r.enrollment_id = e.id
          LEFT JOIN withholding w ON w.result_id = r.id AND w.released_at IS NULL
         WHERE e.term_id = %(term)s AND e.status <> 'dropped' AND g.program_id = %(program)s AND g.batch <> ''
         GROUP BY g.id) q
 GROUP BY program_id, batch ORDER BY batch DESC
"""


class TermQuery(msgspec.Struct):
    """A term, or one program's part of it, or one batch's."""

    term_id: _Id
    program_id: _Id | None = None
    batch: _Batch | None = None


class ScopeQuery(msgspec.Struct):
    """A section, or a term, or one program's or one batch's part of either."""

    section_id: _Id | None = None
    term_id: _Id | None = None
    program_id: _Id | None = None
    batch: _Batch | None = None


def get_term_progress(work: Work, query: TermQuery) -> TermProgress:
    """How far each section of a term is on its way to published results; of one program its classes too."""
    asked = {"term": query.term_id, "program": query.program_id}
    rows: list[dict[str, Any]] = work.rows(_TERM, batch=query.batch, **asked)
    classes = [] if query.program_id is None else work.rows(_CLASSES, **asked)
    return TermProgress(
        term_id=query.term_id,
        sections=[SectionProgress(**row) for row in rows],
        classes=[ClassProgress(**row) for row in classes],
    )


def list_exceptions(work: Work, query: ScopeQuery) -> ExceptionList:
    """The rows of approved sheets that stop a publish or stay behind it, and why; at most 500 by name."""
    rows = work.rows(
        _EXCEPTIONS,
        section=query.section_id,
        term=query.term_id,
        program=query.program_id,
        batch=query.batch,
        limit=AT_MOST,
    )
    many = rows[0]["many"] if rows else 0
    return ExceptionList(
        count=many, rows=[ExceptionRow(**{name: row[name] for name in row if name != "many"}) for row in rows]
    )
