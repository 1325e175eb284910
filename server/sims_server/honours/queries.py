"""Every SELECT of honours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from sims_server.honours.rules import Attempt, candidate_of, papers_of, standing_attempts
from sims_server.kernel.work import Work
from sims_server.results.queries.judging import equivalent_courses, policies_of
from sims_server.results.queries.lists import registration_scope
from sims_shared.gpa import award_division, rank_by_merit
from sims_shared.honours import (
    DivisionExplained,
    Honoured,
    MeritOfRegulation,
    MeritView,
    PaperLine,
    Unplaced,
)
from sims_shared.problems import NotFound
from sims_shared.regulations import Policy, in_words
from sims_shared.results import RegulationRef
from sims_shared.values import Id, Intake

_builtins = msgspec.json.Encoder(decimal_format="string").encode

_ATTEMPTS = """
SELECT r.id, r.registration_id, r.course_id, coalesce(s.course_code, c.code) AS name, r.outcome, r.attempt,
       coalesce(e.kind, 'regular') AS kind, r.flags, r.marks_obtained, r.marks_max, r.heads
  FROM result r JOIN course c ON c.id = r.course_id JOIN term t ON t.id = r.term_id
  LEFT JOIN section s ON s.id = r.section_id LEFT JOIN enrollment e ON e.id = r.enrollment_id
 WHERE r.registration_id = ANY (%(ids)s::bigint[]) AND r.state <> 'draft' AND coalesce(e.kind, '') <> 'audit'
 ORDER BY r.registration_id, t.start_date, r.term_id, r.attempt, r.id
"""


class WhichRegistration(msgspec.Struct):
    """Without it, the student's current registration."""

    registration_id: Id | None = None


class WhichClass(msgspec.Struct, kw_only=True):
    """A class: the registrations of one program and intake."""

    program_id: Id
    intake: Intake


def _attempts(work: Work, registration_ids: Sequence[int]) -> dict[int, list[Attempt]]:
    same = equivalent_courses(work)
    found: dict[int, list[Attempt]] = {id: [] for id in registration_ids}
    for row in work.rows(_ATTEMPTS, ids=list(registration_ids)):
        attempt = Attempt(
            result_id=row["id"],
            course=same.get(row["course_id"], row["course_id"]),
            name=row["name"],
            outcome=row["outcome"],
            attempt=row["attempt"],
            kind=row["kind"],
            flags=tuple(row["flags"]),
            obtained=row["marks_obtained"],
            maximum=row["marks_max"],
            heads=tuple(row["heads"] or ()),
        )
        found[row["registration_id"]].append(attempt)
    return found


def explain_division(work: Work, id: int, query: WhichRegistration) -> DivisionExplained:
    """Which division or distinction a registration reaches, and how."""
    scope, values = registration_scope(work.caller)
    found = work.row(
        "SELECT g.id, g.regulation_id FROM registration g WHERE g.student_id = %(student)s "
        "AND coalesce(g.id = %(registration)s::bigint, g.is_current)" + (f" AND ({scope})" if scope else ""),
        student=id,
        registration=query.registration_id,
        **values,
    )
    if found is None:
        raise NotFound
    policy = policies_of(work, [found["regulation_id"]])[found["regulation_id"]]
    stands = standing_attempts(_attempts(work, [found["id"]])[found["id"]])
    papers = [(attempt, paper) for attempt in stands for paper in papers_of(attempt)]
    division = award_division(policy, [paper for _, paper in papers])
    return DivisionExplained(
        student_id=id,
        registration_id=found["id"],
        regulation=_regulation(found["regulation_id"], policy),
        division=division.code,
        obtained=division.obtained,
        maximum=division.maximum,
        grace=division.grace,
        grace_paper=division.grace_paper,
        bars=list(division.bars),
        papers=[
            PaperLine(
                result_id=attempt.result_id,
                name=paper.name,
                head=paper.head,
                obtained=paper.obtained,
                maximum=paper.maximum,
            )
            for attempt, paper in papers
        ],
        trace=msgspec.json.decode(_builtins(division.trace)),
    )


def get_merit(work: Work, query: WhichClass) -> MeritView:
    """The merit lists of a class, one for each regulation."""
    if work.row("SELECT id FROM program WHERE id = %(id)s", id=query.program_id) is None:
        raise NotFound
    members = work.rows(
        "SELECT g.id, g.student_id, g.reg_no, g.regulation_id, g.cgpa, s.name, s.date_of_birth "
        "FROM registration g JOIN student s ON s.id = g.student_id "
        "WHERE g.program_id = %(program)s AND g.intake = %(intake)s "
        "AND g.status NOT IN ('cancelled', 'provisional') ORDER BY g.reg_no",
        program=query.program_id,
        intake=query.intake,
    )
    policies = policies_of(work, (row["regulation_id"] for row in members))
    attempts = _attempts(work, [row["id"] for row in members])
    return MeritView(
        program_id=query.program_id,
        intake=query.intake,
        lists=[
            _merit(id, policy, [row for row in members if row["regulation_id"] == id], attempts)
            for id, policy in sorted(policies.items())
        ],
    )


def _merit(
    regulation_id: int, policy: Policy, members: list[dict[str, Any]], attempts: dict[int, list[Attempt]]
) -> MeritOfRegulation:
    candidates = {
        row["id"]: candidate_of(
            policy, row["id"], attempts[row["id"]], cgpa=row["cgpa"], born_on=row["date_of_birth"]
        )
        for row in members
    }
    merit = rank_by_merit(policy, list(candidates.values()))
    who = {
        row["id"]: {
            "student_id": row["student_id"],
            "registration_id": row["id"],
            "reg_no": row["reg_no"],
            "name": row["name"],
        }
        for row in members
    }
    return MeritOfRegulation(
        regulation=_regulation(regulation_id, policy),
        placed=[
            Honoured(
                position=placed.position,
                cgpa=candidates[placed.id].cgpa,
                percentage=candidates[placed.id].percentage,
                **who[placed.id],
            )
            for placed in merit.placed
        ],
        left_out=[Unplaced(why=left.why, **who[int(left.what)]) for left in merit.left_out],
    )


def _regulation(id: int, policy: Policy) -> RegulationRef:
    return RegulationRef(
        id=id, code=policy.code or "", version=policy.version or 1, in_words=in_words(policy)
    )
