"""Grace: what the regulation gives a candidate who misses by a hair, and what it costs.

The rule a newcomer would get wrong: grace is judged over all papers of the examination together. One
paper too many, or one mark, and under "all or nothing" not even the easiest is saved.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sims_server.kernel.work import Work
from sims_server.results.operations.wanting import NewValues, Wanted, judged_with, lock_published, values_of
from sims_server.results.queries.judging import cutoffs_of, policies_of, roster_row, sheets_of
from sims_server.results.rules import judge_row
from sims_shared.gpa import Paper, award_division, grant_grace
from sims_shared.marks import CourseOutcome
from sims_shared.policy.grace import GraceOutcome, Shortfall
from sims_shared.policy.rounding import cut, plain, shown
from sims_shared.policy.trace import judged_of
from sims_shared.regulations import Policy

_PAPERS = """
SELECT r.id, s.course_code, r.marks_obtained, r.marks_max, r.outcome, r.regulation_id
  FROM result r JOIN section s ON s.id = r.section_id JOIN term t ON t.id = r.term_id
 WHERE r.registration_id = %(registration)s AND r.source = 'computed' AND r.state <> 'draft'
   AND r.outcome IN ('pass', 'fail', 'absent') AND (%(term)s::bigint IS NULL OR r.term_id = %(term)s)
 ORDER BY t.start_date, s.course_code, r.id
"""


@dataclass(frozen=True, slots=True)
class Given:
    """Grace as it was granted: the results it changes (none: refused, `why` says for what), and the facts
    that the case keeps."""

    wanted: tuple[Wanted, ...]
    decision: dict[str, Any]
    why: tuple[str, ...] = ()


def give_grace(work: Work, registration_id: int, term_id: int) -> Given:
    """Grace for the failing papers of one term. Its papers are the published results of that term."""
    papers = work.rows(_PAPERS, registration=registration_id, term=term_id)
    if not papers:
        return Given((), {}, ("nothing of this term is published",))
    policy = _policy(work, papers)
    judged: dict[str, tuple[dict[str, Any], CourseOutcome]] = {}
    aggregate = Decimal(0)
    for paper in papers:
        row = lock_published(work, paper["id"])
        outcome = _judge(work, row, None)
        aggregate += outcome.marks_max or Decimal(0)
        if outcome.outcome == "fail" and not set(outcome.failed_in) - {d.head for d in outcome.deficits}:
            judged[f"{paper['course_code']} ({paper['id']})"] = (row, outcome)
    shortfalls = [
        Shortfall(name, deficit.head, deficit.needed, deficit.maximum)
        for name, (_, outcome) in judged.items()
        for deficit in outcome.deficits
    ]
    grace = grant_grace(policy, shortfalls, aggregate=aggregate, papers=len(papers))
    if not grace.granted:
        refused = tuple(f"{left.what}: {left.why}" for left in grace.trace.left_out)
        return Given((), {}, refused or ("nothing is missing that grace could give",))
    wanted = []
    for name, (row, _) in judged.items():
        marks = grace.for_paper(name)
        if not marks:
            continue
        outcome = _judge(work, row, marks)
        words = f"passed by grace: {', '.join(f'{plain(m)} in {head}' for head, m in marks.items())}"
        trace = judged_of(
            "Result", f"{outcome.outcome}, {outcome.grade or '-'}", words, (outcome.trace, grace.trace)
        )
        wanted.append(Wanted(row, values_of(outcome, trace=trace)))
    return Given(tuple(wanted), _decision(grace))


def give_grace_for_division(work: Work, registration_id: int) -> Given:
    """The marks that lift the aggregate of all papers to the next division, added to the lowest paper."""
    papers = work.rows(_PAPERS, registration=registration_id, term=None)
    if not papers:
        return Given((), {}, ("nothing is published",))
    policy = _policy(work, papers)
    named = {f"{paper['course_code']} ({paper['id']})": paper for paper in papers if paper["marks_max"]}
    division = award_division(
        policy, [Paper(name, paper["marks_obtained"], paper["marks_max"]) for name, paper in named.items()]
    )
    if division.grace is None or division.grace_paper is None:
        return Given((), {}, ("no division is within reach of the marks the regulation gives",))
    row = lock_published(work, named[division.grace_paper]["id"])
    obtained = row["marks_obtained"] + division.grace
    share = Fraction(obtained) * 100 / Fraction(row["marks_max"])
    new = NewValues(
        total=shown(share, policy.total.round),
        grade=row["grade"],
        grade_points=row["grade_points"],
        outcome=row["outcome"],
        marks_obtained=obtained,
        marks_max=row["marks_max"],
        percentage=cut(share, 2),
        heads=row["heads"],
        flags=[*row["flags"], f"+{plain(division.grace)} for the division"],
        trace=division.trace,
    )
    decision = {
        "purpose": "division",
        "division": division.code,
        "used": plain(division.grace),
        "bars": list(division.bars),
        "obtained": plain(division.obtained),
        "maximum": plain(division.maximum),
    }
    return Given((Wanted(row, new),), decision)


def _policy(work: Work, papers: list[dict[str, Any]]) -> Policy:
    """The regulation of the candidate's latest paper, where they are under several."""
    id = papers[-1]["regulation_id"]
    return policies_of(work, [id])[id]


def _judge(work: Work, row: dict[str, Any], grace: dict[str, Decimal] | None) -> CourseOutcome:
    sheet = sheets_of(work, [row["section_id"]])[row["section_id"]]
    roster = roster_row(work, row["enrollment_id"])
    if grace is None:
        return judged_with(work, row, sheet, roster, [])
    policy = policies_of(work, [row["regulation_id"]])[row["regulation_id"]]
    cutoffs = None
    if policy.scale.kind == "relative":
        cutoffs = cutoffs_of(work, [row["section_id"]]).get((row["section_id"], row["regulation_id"]))
    return judge_row(policy, sheet, replace(roster, decided=True), cutoffs, grace)


def _decision(grace: GraceOutcome) -> dict[str, Any]:
    return {
        "purpose": "pass",
        "budget": None if grace.budget is None else plain(cut(grace.budget)),
        "used": plain(cut(grace.used)),
        "bars": list(grace.bars),
        "granted": [
            {"paper": one.paper, "head": one.head, "marks": plain(one.marks)} for one in grace.granted
        ],
    }
