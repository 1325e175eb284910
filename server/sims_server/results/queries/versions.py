"""SELECTs of a result's past: every version of it, with the marks that the sheet held at that moment.

The rule a newcomer would get wrong: the marks of a version are not kept with it. Every version of every cell
is on record with its time, and a change writes its marks before its result, so the last cell that is not
younger than the version is the one it was computed from.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sims_server.grading.queries.sheets import access_sheet_to_read
from sims_server.kernel.work import Work
from sims_server.results.queries.lists import RESULTS, person_of
from sims_shared.problems import NotFound
from sims_shared.result_versions import ChangeWaiting, MarkThen, ResultThen, ResultVersions
from sims_shared.values import Person

_VERSIONS = """
SELECT v.version, v.cause, v.state, v.outcome, v.new_total, v.new_grade, v.grade_points, v.at,
       v.by_account_id, a.name AS by_name, p.id AS change_id, p.reason, p.requested_by, q.name AS asked_name
  FROM result_version v
  LEFT JOIN account a ON a.id = v.by_account_id
  LEFT JOIN pending_change p ON p.id = v.change_request_id
  LEFT JOIN account q ON q.id = p.requested_by
 WHERE v.result_id = %(id)s ORDER BY v.version
"""
_APPROVERS = """
SELECT k.change_id, a.id, a.name FROM change_approval k JOIN account a ON a.id = k.approver_id
 WHERE k.change_id = ANY (%(changes)s) AND k.approved ORDER BY k.stage
"""
# The second stage begins with the first approval.
_WAITING = """
SELECT p.id AS change_id, p.requested_by, q.name AS asked_name, p.reason,
       CASE WHEN k.at IS NULL THEN 1 ELSE 2 END AS stage, coalesce(k.at, p.requested_at) AS since
  FROM pending_change p
  JOIN account q ON q.id = p.requested_by
  LEFT JOIN change_approval k ON k.change_id = p.id
 WHERE p.result_id = %(id)s AND p.status = 'pending'
"""
_MARKS = """
SELECT v.version, x.id AS assessment_id, x.name AS assessment, m.mark, m.score
  FROM result_version v
  JOIN result r ON r.id = v.result_id
  JOIN assessment x ON x.section_id = r.section_id
  LEFT JOIN LATERAL (SELECT c.mark, c.score FROM assessment_score_version c
     WHERE c.enrollment_id = r.enrollment_id AND c.assessment_id = x.id AND c.at <= v.at
     ORDER BY c.version DESC LIMIT 1) m ON true
 WHERE v.result_id = %(id)s ORDER BY v.version, x.position, x.id
"""


def get_result_versions(work: Work, id: int) -> ResultVersions:
    """Every version of a result, oldest first: what was declared, from which marks, by whom and why."""
    row = RESULTS.one(work, id)
    if row is None:
        raise NotFound
    if row["section_id"] is not None:
        # Marks are shown to whoever reads the sheet, which may be fewer than those who read the result.
        access_sheet_to_read(work, row["section_id"])
    withheld = row["outcome"] == "withheld"
    return ResultVersions(
        result_id=id,
        reg_no=row["reg_no"],
        student_name=row["student_name"],
        course_code=row["course_code"],
        term=row["term"],
        withheld=withheld,
        versions=[] if withheld else _versions(work, id),
        waiting=_waiting(work, id),
    )


def _waiting(work: Work, id: int) -> ChangeWaiting | None:
    row = work.row(_WAITING, id=id)
    if row is None:
        return None
    return ChangeWaiting(asked_by=person_of(row.pop("requested_by"), row.pop("asked_name")), **row)


def _versions(work: Work, id: int) -> list[ResultThen]:
    rows = work.rows(_VERSIONS, id=id)
    marks: dict[int, list[MarkThen]] = {}
    for mark in work.rows(_MARKS, id=id):
        marks.setdefault(mark.pop("version"), []).append(MarkThen(**mark))
    approvers: dict[int, list[Person]] = {}
    changes = [row["change_id"] for row in rows if row["change_id"] is not None]
    for approver in work.rows(_APPROVERS, changes=changes) if changes else ():
        approvers.setdefault(approver["change_id"], []).append(Person(approver["id"], approver["name"]))
    return [_version(row, marks.get(row["version"], []), approvers) for row in rows]


def _version(row: dict[str, Any], marks: list[MarkThen], approvers: dict[int, list[Person]]) -> ResultThen:
    change = row["change_id"]
    return ResultThen(
        version=row["version"],
        cause=row["cause"],
        state=row["state"],
        outcome=row["outcome"],
        total=Decimal(row["new_total"]) if row["new_total"] else None,
        grade=row["new_grade"] or None,
        grade_points=row["grade_points"],
        marks=marks,
        by=person_of(row["by_account_id"], row["by_name"]),
        at=row["at"],
        change_id=change,
        reason=row["reason"],
        asked_by=None if change is None else person_of(row["requested_by"], row["asked_name"]),
        approved_by=approvers.get(change, []),
    )
