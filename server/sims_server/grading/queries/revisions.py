"""SELECTs of a sheet's past: when it was handed in or returned, and what two revisions show differently.

The rule a newcomer would get wrong: a cell that was changed and changed back between the two revisions has
not changed; who compares wants to see what stands otherwise, not how often somebody typed.
"""

from __future__ import annotations

from typing import Any

import msgspec

from sims_server.grading.queries.sheets import access_sheet_to_read
from sims_server.kernel.work import Work
from sims_shared.revisions import CellMoved, CellThen, SheetCompared, SheetMoment, SheetRevisions
from sims_shared.values import SYSTEM, Person


class ComparedQuery(msgspec.Struct):
    """The earlier revision, and the later one: that of now where it is not said. `unchanged` brings the
    marks too that both show alike."""

    since: int
    until: int | None = None
    unchanged: bool = False


def _by(row: dict[str, Any]) -> Person:
    id, name = row.pop("by_id"), row.pop("by_name")
    return Person(id, name) if id is not None else SYSTEM


def get_revisions(work: Work, section_id: int) -> SheetRevisions:
    """The moments of a sheet's life: handed in, returned, approved; by whom and why."""
    access_sheet_to_read(work, section_id)
    rows = work.rows(
        "SELECT v.rev, v.from_state, v.to_state, CASE v.to_state WHEN 'approved' THEN NULL ELSE v.reason END "
        "AS reason, v.at, a.id AS by_id, a.name AS by_name "
        "FROM sheet_version v LEFT JOIN account a ON a.id = v.by_account_id "
        "WHERE v.section_id = %(id)s ORDER BY v.id",
        id=section_id,
    )
    rev = work.value("SELECT rev FROM sheet WHERE section_id = %(id)s", id=section_id)
    moments = [SheetMoment(by=_by(row), **row) for row in rows]
    return SheetRevisions(section_id=section_id, rev=rev, moments=moments)


_COMPARED = """
WITH touched AS (
  SELECT DISTINCT enrollment_id, assessment_id FROM assessment_score_version
   WHERE section_id = %(id)s AND (rev > %(since)s OR %(unchanged)s) AND rev <= %(until)s)
SELECT e.id AS enrollment_id, g.reg_no, s.name, t.assessment_id, coalesce(x.name, '') AS assessment,
       b.mark AS old_mark, b.score AS old_score, n.mark AS new_mark, n.score AS new_score, n.at,
       a.id AS by_id, a.name AS by_name
  FROM touched t
  JOIN enrollment e ON e.id = t.enrollment_id
  JOIN registration g ON g.id = e.registration_id
  JOIN student s ON s.id = g.student_id
  LEFT JOIN assessment x ON x.id = t.assessment_id
  LEFT JOIN LATERAL (SELECT v.mark, v.score FROM assessment_score_version v
     WHERE v.enrollment_id = t.enrollment_id AND v.assessment_id = t.assessment_id AND v.rev <= %(since)s
     ORDER BY v.version DESC LIMIT 1) b ON true
  JOIN LATERAL (SELECT v.mark, v.score, v.at, v.by_account_id FROM assessment_score_version v
     WHERE v.enrollment_id = t.enrollment_id AND v.assessment_id = t.assessment_id AND v.rev <= %(until)s
     ORDER BY v.version DESC LIMIT 1) n ON true
  LEFT JOIN account a ON a.id = n.by_account_id
 WHERE (b.mark, b.score) IS DISTINCT FROM (n.mark, n.score) OR (%(unchanged)s AND n.mark IS NOT NULL)
 ORDER BY g.reg_no, x.position, t.assessment_id
"""


def compare_revisions(work: Work, section_id: int, query: ComparedQuery) -> SheetCompared:
    """What the later of two revisions of a sheet shows differently: before, after, by whom, when."""
    access_sheet_to_read(work, section_id)
    now: int = work.value("SELECT rev FROM sheet WHERE section_id = %(id)s", id=section_id)
    until = now if query.until is None else query.until
    given = {"since": query.since, "until": until, "unchanged": query.unchanged}
    rows = work.rows(_COMPARED, id=section_id, **given)
    cells = [
        CellMoved(
            before=CellThen(row.pop("old_mark"), row.pop("old_score")),
            after=CellThen(row.pop("new_mark"), row.pop("new_score")),
            by=_by(row),
            **row,
        )
        for row in rows
    ]
    return SheetCompared(section_id=section_id, since=query.since, until=until, cells=cells)
