"""What an incomplete will lapse to, stated when it is declared.

The rule a newcomer would get wrong: nothing decides about a lapse on the day. What it comes to and when
is written in the transaction that publishes the I, and the database lets exactly that happen, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from sims_server.kernel.arrays import array_of
from sims_server.kernel.work import Work
from sims_server.results.queries.judging import cutoffs_of, policies_of, roster_row, sheets_of
from sims_server.results.rules import provisional_grade
from sims_shared.gpa import lapse_incomplete
from sims_shared.policy.document import PROVISIONAL, Policy, symbols_of

NOTICE = timedelta(days=14)
INCOMPLETE = "I"

# The next term that is one: a summer or a supplementary examination is not what a rule means by it.
NEXT_DUE = """
(SELECT n.marks_due FROM term n WHERE n.start_date > t.start_date AND n.kind IN ('fall', 'spring', 'annual')
  ORDER BY n.start_date, n.id LIMIT 1)
"""
_FACTS = f"""
SELECT r.id, r.enrollment_id, r.section_id, r.regulation_id, i.due_on, {NEXT_DUE} AS next_due
  FROM result r JOIN term t ON t.id = r.term_id LEFT JOIN incomplete i ON i.enrollment_id = r.enrollment_id
 WHERE r.id = ANY (%(ids)s::bigint[]) AND r.outcome = 'incomplete' AND r.state <> 'draft'
   AND NOT EXISTS (SELECT FROM result_lapse l WHERE l.result_id = r.id AND l.ended IS NULL)
 ORDER BY r.id
"""
_DECLARE = """
INSERT INTO result_lapse (result_id, due_on, grade, grade_points, outcome, flags)
SELECT n.result_id, n.due_on, n.grade, n.grade_points, n.outcome, n.flags
  FROM jsonb_to_recordset(%(rows)s) AS n (result_id bigint, due_on date, grade text, grade_points numeric,
       outcome text, flags text[])
 ORDER BY n.result_id
"""


def declare_lapses(work: Work, result_ids: Sequence[int]) -> None:
    """For those of these results that are incomplete: when they lapse, and to what. A regulation that lets
    an I stand declares none."""
    facts = work.rows(_FACTS, ids=array_of(result_ids))
    policies = policies_of(work, (fact["regulation_id"] for fact in facts)) if facts else {}
    rows = []
    for fact in facts:
        policy = policies[fact["regulation_id"]]
        symbol = symbols_of(policy).get(INCOMPLETE)
        if symbol is None or symbol.lapses_to is None:
            continue
        provisional = _provisional(work, policy, fact) if symbol.lapses_to == PROVISIONAL else None
        due = due_day(fact["due_on"] or fact["next_due"], work.today)
        # As it will be on the day after; which day that is does not matter to what it comes to.
        lapse = lapse_incomplete(policy, due_on=date.min, today=date.max, provisional=provisional)
        rows.append(
            {
                "result_id": fact["id"],
                "due_on": due,
                "grade": lapse.grade,
                "grade_points": lapse.points,
                "outcome": lapse.outcome,
                "flags": [lapse.grade_shown],
            }
        )
    if rows:
        encoded = msgspec.json.Encoder(decimal_format="string").encode(rows)
        work.run(_DECLARE, rows=Jsonb(msgspec.json.decode(encoded)))


def due_day(wanted: date | None, today: date) -> date | None:
    """The last day to complete. One that has passed already leaves the time of the notice."""
    return wanted if wanted is None or wanted >= today else today + NOTICE


def _provisional(work: Work, policy: Policy, fact: dict[str, Any]) -> str | None:
    if fact["section_id"] is None:
        return None
    sheet = sheets_of(work, [fact["section_id"]])[fact["section_id"]]
    row = roster_row(work, fact["enrollment_id"])
    cutoffs = None
    if policy.scale.kind == "relative":
        cutoffs = cutoffs_of(work, [fact["section_id"]]).get((fact["section_id"], fact["regulation_id"]))
    return provisional_grade(policy, sheet, row, cutoffs)
