"""Applying what was approved: marks back into the sheet, the result, then the averages.

One change or all those of a case: every result is written first, then each term is declared anew by one
notification, the earliest first. A trigger supersedes every issued document that printed an old grade.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from sims_server.kernel.work import Work
from sims_server.results.operations.declaring import declare_term, notify
from sims_server.results.operations.lapsing import declare_lapses
from sims_server.results.operations.wanting import judged_with
from sims_server.results.queries.judging import roster_row, sheets_of
from sims_server.results.queries.lists import access_result
from sims_shared.access import Permission
from sims_shared.policy.trace import judged_of
from sims_shared.results import NotificationRef

_encode = msgspec.json.Encoder(decimal_format="string").encode

_CHANGES = """
SELECT p.*, coalesce(s.course_code, c.code) AS course_code, t.start_date
  FROM pending_change p JOIN result r ON r.id = p.result_id JOIN course c ON c.id = r.course_id
  JOIN term t ON t.id = r.term_id LEFT JOIN section s ON s.id = r.section_id
 WHERE p.id = ANY (%(ids)s) ORDER BY t.start_date, t.id, p.id
"""
_SCORES = """
INSERT INTO assessment_score (section_id, enrollment_id, assessment_id, max_score, mark, score)
SELECT a.section_id, p.enrollment_id, a.id, a.max_score, p.mark, p.score
  FROM pending_change_score p JOIN assessment a ON a.id = p.assessment_id
    WHERE p.change_id = %(change)s ORDER BY a.id
ON CONFLICT (enrollment_id, assessment_id) DO UPDATE SET mark = EXCLUDED.mark, score = EXCLUDED.score
"""
_RESULT = """
UPDATE result SET total = %(total)s, grade = %(grade)s, grade_points = %(grade_points)s,
  outcome = %(outcome)s, marks_obtained = %(marks_obtained)s,
       marks_max = %(marks_max)s, percentage = %(percentage)s, heads = %(heads)s, flags = %(flags)s,
         trace = %(trace)s, change_request_id = %(change)s
 WHERE id = %(id)s
"""
# An incomplete that was completed lapses no more.
_COMPLETED = """
UPDATE result_lapse l SET ended = 'completed', ended_at = %(now)s
  FROM result r WHERE r.id = l.result_id AND r.id = ANY (%(ids)s) AND r.outcome <> 'incomplete'
   AND l.ended IS NULL
"""


def apply_changes(
    work: Work, change_ids: Sequence[int], scope: Mapping[str, Any], kind: str = "corrigendum"
) -> list[NotificationRef]:
    """Applies changes that were approved in this transaction; a notification for each term."""
    terms: dict[int, list[tuple[int, dict[str, Any]]]] = {}
    results = []
    for change in work.rows(_CHANGES, ids=list(change_ids)):
        row = access_result(work, change["result_id"], Permission.APPROVE_CHANGE)
        results.append(row["id"])
        terms.setdefault(row["term_id"], []).append((row["registration_id"], _apply(work, change, row)))
    work.run(_COMPLETED, ids=results, now=work.now)
    declare_lapses(work, results)
    notifications = []
    for term_id, changed in terms.items():
        lines = [line for _, line in changed]
        notification = notify(work, kind, term_id, scope, lines, {"changed": len(lines)})
        declare_term(work, {registration_id for registration_id, _ in changed}, term_id, notification.id)
        notifications.append(notification)
    return notifications


def _apply(work: Work, change: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """Marks and result; what the notification says of it."""
    values = change["new_values"]
    trace: Any
    if change["by_marks"]:
        work.run(_SCORES, change=change["id"])
        sheet = sheets_of(work, [row["section_id"]])[row["section_id"]]
        trace = judged_with(work, row, sheet, roster_row(work, row["enrollment_id"]), []).trace
    elif "trace" in values:
        trace = values["trace"]
    else:
        words = (
            f"changed from {row['grade'] or '-'} to {change['new_grade'] or '-'} by change request "
            f"{change['id']}"
        )
        trace = judged_of("Result", f"{values['outcome']}, {change['new_grade']}", words)
    numbers = {
        name: None if values[name] is None else Decimal(values[name])
        for name in ("grade_points", "marks_obtained", "marks_max", "percentage")
        if name in values
    }
    kept = {name: row[name] for name in ("marks_max", "percentage") if name not in values}
    work.run(
        _RESULT,
        id=row["id"],
        change=change["id"],
        total=Decimal(change["new_total"]) if change["new_total"] else None,
        grade=change["new_grade"],
        outcome=values["outcome"],
        heads=Jsonb(values.get("heads", row["heads"])),
        flags=values["flags"],
        trace=Jsonb(msgspec.json.decode(_encode(trace))),
        **numbers,
        **kept,
    )
    return {
        "reg_no": row["reg_no"],
        "course": change["course_code"],
        "attempt": row["attempt"],
        "change": change["id"],
        "old": {"total": change["old_total"], "grade": change["old_grade"]},
        "outcome": values["outcome"],
        "total": change["new_total"],
        "grade": change["new_grade"],
        "points": values["grade_points"],
    }
