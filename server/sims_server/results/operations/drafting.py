"""Drafts: what an approved sheet comes to, row by row.

One read of the roster, one pass through the engine, one statement that inserts or updates. A result that
is published is not touched, whatever its sheet says now: its grade changes by a change request only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from psycopg.types.json import Jsonb

from sims_server.kernel.work import Work
from sims_server.results.queries.judging import (
    cutoffs_of,
    moved_lines_of,
    policies_of,
    roster_of,
    sheets_of,
)
from sims_server.results.rules import Drafts, flags_of, judge_sheets

# The rows travel as one JSON document: the driver would escape a list of derivations quote by quote.
_WRITE = """
INSERT INTO result (enrollment_id, registration_id, student_id, section_id, term_id, course_id, attempt,
  total,
                    marks_obtained, marks_max, percentage, heads, grade, grade_points, credits, outcome,
                      flags,
                    regulation_id, trace, blocks, stale)
SELECT e.id, e.registration_id, e.student_id, e.section_id, e.term_id, e.course_id, e.attempt, n.total,
       n.marks_obtained, n.marks_max, n.percentage, n.heads, n.grade, n.grade_points, s.credits, n.outcome,
         n.flags,
       g.regulation_id, n.trace, n.blocks, false
  FROM jsonb_to_recordset(%(rows)s::jsonb) AS n (enrollment_id bigint, total numeric, marks_obtained numeric,
       marks_max numeric, percentage numeric, heads jsonb, grade text, grade_points numeric, outcome text,
       flags text[], trace jsonb, blocks jsonb)
  JOIN enrollment e ON e.id = n.enrollment_id
  JOIN section s ON s.id = e.section_id
  JOIN registration g ON g.id = e.registration_id
 ORDER BY e.id
ON CONFLICT (enrollment_id) WHERE enrollment_id IS NOT NULL DO UPDATE
   SET attempt = EXCLUDED.attempt, total = EXCLUDED.total, marks_obtained = EXCLUDED.marks_obtained,
       marks_max = EXCLUDED.marks_max, percentage = EXCLUDED.percentage, heads = EXCLUDED.heads,
       grade = EXCLUDED.grade, grade_points = EXCLUDED.grade_points, credits = EXCLUDED.credits,
       outcome = EXCLUDED.outcome, flags = EXCLUDED.flags, regulation_id = EXCLUDED.regulation_id,
       trace = EXCLUDED.trace, blocks = EXCLUDED.blocks, stale = false
 WHERE result.state = 'draft'
"""

# An unfair-means case withholds by itself, and what a later marking of the sheet takes back it lifts.
_WITHHOLD_UNFAIR_MEANS = """
INSERT INTO withholding (result_id, reason, note)
SELECT r.id, 'ufm', 'an unfair-means case is open' FROM result r
 WHERE r.section_id = ANY (%(ids)s) AND r.state = 'draft' AND r.outcome = 'withheld'
   AND NOT EXISTS (SELECT FROM withholding w WHERE w.result_id = r.id AND w.released_at IS NULL)
 ORDER BY r.id
"""
_LIFT_UNFAIR_MEANS = """
UPDATE withholding w SET released_at = %(now)s, release_note = 'the sheet no longer says so'
  FROM result r WHERE r.id = w.result_id AND r.section_id = ANY (%(ids)s) AND r.state = 'draft'
    AND r.outcome <> 'withheld'
   AND NOT EXISTS (SELECT FROM case_result x WHERE x.result_id = r.id AND x.open)
   AND w.reason = 'ufm' AND w.placed_by IS NULL AND w.released_at IS NULL
"""


def draft_results(work: Work, section_id: int) -> int:
    """Computes and writes the drafts of one approved sheet; the number of rows judged."""
    return draft_sheets(work, [section_id])


def draft_sheets(work: Work, section_ids: Sequence[int], *, decided: Iterable[int] = ()) -> int:
    """The same for many sheets at once. `decided`: enrollments whose unfair-means case was decided
    against them, so that its marks count zero."""
    if not section_ids:
        return 0
    ids = list(section_ids)
    rows = roster_of(work, ids, decided)
    policies = policies_of(work, (row.regulation_id for row in rows))
    relative = any(policy.scale.kind == "relative" for policy in policies.values())
    frozen = cutoffs_of(work, ids) if relative else {}
    moved = moved_lines_of(work, ids) if relative else {}
    drafts = judge_sheets(sheets_of(work, ids), rows, policies, frozen, moved)
    if not drafts.outcomes:
        return 0
    _keep_cutoffs(work, drafts)
    work.run(_WRITE, rows=_document(drafts))
    work.run(_WITHHOLD_UNFAIR_MEANS, ids=ids)
    work.run(_LIFT_UNFAIR_MEANS, ids=ids, now=work.now)
    return len(drafts.outcomes)


def _keep_cutoffs(work: Work, drafts: Drafts) -> None:
    for (section_id, regulation_id), cutoffs in drafts.cutoffs.items():
        work.run(
            "INSERT INTO section_cutoff (section_id, regulation_id, cutoffs, frozen_at) VALUES "
            "(%(section)s, %(regulation)s, %(cutoffs)s, %(now)s) "
            "ON CONFLICT (section_id, regulation_id) DO UPDATE SET cutoffs = EXCLUDED.cutoffs, "
            "frozen_at = EXCLUDED.frozen_at",
            section=section_id,
            regulation=regulation_id,
            cutoffs=Jsonb(cutoffs),
            now=work.now,
        )


def _document(drafts: Drafts) -> str:
    rows = [
        {
            "enrollment_id": enrollment_id,
            "total": outcome.total,
            "marks_obtained": outcome.marks_obtained,
            "marks_max": outcome.marks_max,
            "percentage": outcome.percentage,
            "heads": outcome.heads,
            "grade": outcome.grade or "",
            "grade_points": outcome.grade_points,
            "outcome": outcome.outcome,
            "flags": flags_of(outcome),
            "trace": outcome.trace,
            "blocks": outcome.blocks,
        }
        for enrollment_id, outcome in drafts.outcomes.items()
    ]
    return msgspec.json.encode(rows).decode()
