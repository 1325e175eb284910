"""Whether what was published is what the marks come to: judged a second time, from the cells of the sheet.

For `sims server check`. The database holds a published result to what was drafted; that the draft was the
engine's, and not written by hand before the publish, only the engine can say. Left out is what somebody
decided (a result that was changed, or stands in a case), and a supplementary: what it carries may have moved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sims_server.kernel.work import Work
from sims_server.results.queries.judging import cutoffs_of, policies_of, roster_of, sheets_of
from sims_server.results.rules import flags_of, judge_row

_PUBLISHED = """
SELECT r.id, r.enrollment_id, r.section_id, r.regulation_id, r.total, r.grade, r.grade_points, r.outcome,
       r.flags
  FROM result r JOIN enrollment e ON e.id = r.enrollment_id
 WHERE r.section_id = ANY (%(ids)s) AND r.source = 'computed' AND r.state <> 'draft'
   AND r.change_request_id IS NULL AND e.kind <> 'supplementary'
   AND NOT EXISTS (SELECT FROM case_result x WHERE x.result_id = r.id)
   AND NOT EXISTS (SELECT FROM incomplete i WHERE i.enrollment_id = r.enrollment_id)
   AND NOT EXISTS (SELECT FROM result_lapse l WHERE l.result_id = r.id)
 ORDER BY r.id
"""


def wrong_figures(work: Work, section_ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    """The published results of these sections that are not what their marks come to, each with both."""
    ids = list(section_ids)
    results = work.rows(_PUBLISHED, ids=ids)
    rows = {row.enrollment_id: row for row in roster_of(work, ids)}
    sheets, cutoffs = sheets_of(work, ids), cutoffs_of(work, ids)
    policies = policies_of(work, (result["regulation_id"] for result in results))
    for result in results:
        policy = policies[result["regulation_id"]]
        lines = cutoffs.get((result["section_id"], result["regulation_id"]))
        row = rows.get(result["enrollment_id"])
        if row is None or (policy.scale.kind == "relative" and lines is None):
            continue
        again = judge_row(
            policy, sheets[result["section_id"]], replace(row, regulation_id=result["regulation_id"]), lines
        )
        stored = (
            result["total"],
            result["grade"],
            result["grade_points"],
            result["outcome"],
            result["flags"],
        )
        computed = (again.total, again.grade or "", again.grade_points, again.outcome, flags_of(again))
        if stored != computed:
            yield {
                "result_id": result["id"],
                "stored": [str(value) for value in stored[:4]],
                "computed": [str(value) for value in computed[:4]],
            }
