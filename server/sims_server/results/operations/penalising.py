"""What a decision about unfair means makes of results, withheld or published.

The marks on the sheet stay as they were entered: a cancelled paper counts zero, it is not overwritten.
Exonerated, the cell that said "unfair means" gets back the mark that stood there before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from sims_server.kernel.work import Work
from sims_server.results.operations.wanting import (
    NewValues,
    Wanted,
    judged_with,
    lock_published,
    values_of,
    want_change,
)
from sims_server.results.operations.withholding import (
    check_approved,
    enter_awaited,
    named_results,
    publish_released,
)
from sims_server.results.queries.judging import policies_of, roster_row, sheets_of
from sims_server.results.queries.lists import access_result
from sims_server.results.rules import PENALISED, grade_of_a_cancelled_course, meaning_of_grade
from sims_shared.access import Permission
from sims_shared.marks import Block, Score
from sims_shared.policy.trace import judged_of
from sims_shared.results import AwaitedScore, ChangeInvalid, NotificationRef, ResultStale, ScoreChange

UNFAIR = "UFM"
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Sentence:
    """What was decided: `exonerated`, `paper_cancelled` or `course_cancelled`. `papers` are the assessments
    that count zero, by result (those that say unfair means, where none is named); `scores` the marks that
    take the place of such cells where the candidate is exonerated."""

    penalty: str
    papers: Mapping[int, frozenset[int]] = field(default_factory=dict)
    scores: tuple[AwaitedScore, ...] = ()


@dataclass(frozen=True, slots=True)
class Sentenced:
    """A result as it would be, and what still keeps it from being published."""

    wanted: Wanted
    blocks: tuple[Block, ...] = ()

    @property
    def is_draft(self) -> bool:
        return bool(self.wanted.row["state"] == "draft")


_BEFORE = """
SELECT v.mark, v.score FROM assessment_score_version v
 WHERE v.enrollment_id = %(enrollment)s AND v.assessment_id = %(assessment)s
   AND v.mark IN ('scored', 'absent', 'excused')
 ORDER BY v.version DESC LIMIT 1
"""


def marks_before(work: Work, result_ids: Sequence[int], given: Sequence[AwaitedScore]) -> list[AwaitedScore]:
    """The marks that cells of these drafts had before they said unfair means, where none is given."""
    named = {(score.result_id, score.assessment_id) for score in given}
    found = []
    for row in work.rows(
        "SELECT r.id, r.enrollment_id, x.assessment_id FROM result r JOIN assessment_score x "
        "ON x.enrollment_id = r.enrollment_id "
        "WHERE r.id = ANY (%(ids)s) AND r.state = 'draft' AND x.mark = 'ufm' "
        "ORDER BY r.id, x.assessment_id",
        ids=list(result_ids),
    ):
        if (row["id"], row["assessment_id"]) in named:
            continue
        mark = work.row(_BEFORE, enrollment=row["enrollment_id"], assessment=row["assessment_id"])
        if mark is not None:
            found.append(AwaitedScore(result_id=row["id"], assessment_id=row["assessment_id"], **mark))
    return found


def sentence(work: Work, row: dict[str, Any], decided: Sentence) -> Sentenced | None:
    """What the decision makes of one result; None where it leaves it as it is. Raises ChangeInvalid where
    no result comes of it."""
    if row["outcome"] not in PENALISED:
        return None
    if row["state"] != "draft":
        return _published(work, row, decided)
    return _draft(work, row, decided)


def _published(work: Work, row: dict[str, Any], decided: Sentence) -> Sentenced | None:
    if decided.penalty == "exonerated":
        return None
    if decided.penalty == "course_cancelled":
        return Sentenced(Wanted(lock_published(work, row["id"]), _cancelled(work, row)))
    papers = decided.papers.get(row["id"], frozenset())
    if not papers:
        raise ChangeInvalid("Name the papers that are cancelled: this result is published.")
    cells = [ScoreChange(assessment_id=paper, mark="ufm") for paper in sorted(papers)]
    return Sentenced(want_change(work, row["id"], None, cells, penalty=True))


def _draft(work: Work, row: dict[str, Any], decided: Sentence) -> Sentenced:
    if decided.penalty == "course_cancelled":
        return Sentenced(Wanted(row, _cancelled(work, row)))
    roster = roster_row(work, row["enrollment_id"])
    cells = dict(roster.cells)
    unfair = {id for id, cell in cells.items() if cell.mark == "ufm"}
    if decided.penalty == "exonerated":
        for score in decided.scores:
            if score.result_id == row["id"]:
                cells[score.assessment_id] = Score(score.mark, score.score)
        left = [id for id in unfair if cells[id].mark == "ufm"]
        if left:
            raise ChangeInvalid("A cell has no mark from before; give the mark that stands.")
    else:
        papers = decided.papers.get(row["id"], frozenset()) or unfair
        if not papers:
            raise ChangeInvalid("Name the papers that are cancelled: no cell of the sheet says unfair means.")
        for paper in papers:
            cells[paper] = Score("ufm")
    sheet = sheets_of(work, [row["section_id"]])[row["section_id"]]
    if set(cells) - {column.id for column in sheet.assessments}:
        raise ChangeInvalid("There is no such assessment in this section.")
    outcome = judged_with(work, row, sheet, replace(roster, cells=cells, published=False), [])
    return Sentenced(Wanted(row, values_of(outcome, trace=outcome.trace)), tuple(outcome.blocks))


def _cancelled(work: Work, row: dict[str, Any]) -> NewValues:
    policy = policies_of(work, [row["regulation_id"]])[row["regulation_id"]]
    grading = row["section_grading"] or row["course_grading"]
    grade = grade_of_a_cancelled_course(policy, grading)
    meaning = meaning_of_grade(policy, grade, grading) if grade else None
    return NewValues(
        total=ZERO,
        grade=grade,
        grade_points=meaning.points if meaning is not None else None,
        outcome="fail",
        marks_obtained=ZERO,
        marks_max=row["marks_max"],
        percentage=ZERO,
        heads=[],
        flags=[UNFAIR],
        trace=judged_of("Result", f"fail, {grade}" if grade else "fail", "cancelled for unfair means"),
    )


_WRITE = """
UPDATE result SET total = %(total)s, grade = %(grade)s, grade_points = %(grade_points)s,
       outcome = %(outcome)s, marks_obtained = %(marks_obtained)s, marks_max = %(marks_max)s,
       percentage = %(percentage)s, heads = %(heads)s, flags = %(flags)s, trace = %(trace)s,
       blocks = %(blocks)s
 WHERE id = %(id)s AND state = 'draft'
"""
_json = msgspec.json.Encoder(decimal_format="string").encode


def carry_out_on_drafts(
    work: Work, result_ids: Sequence[int], decided: Sentence, note: str
) -> list[NotificationRef]:
    """Writes the decision to the withheld drafts among these results and declares them by a later
    notification, a term at a time. The case is decided already."""
    rows = [row for row in named_results(work, list(result_ids)) if row["state"] == "draft"]
    check_approved(work, rows)
    if any(row["stale"] for row in rows):
        raise ResultStale("A sheet was returned since; approve it again first.")
    if decided.penalty == "exonerated":
        mine = {row["result_id"] for row in rows}
        enter_awaited(work, [score for score in decided.scores if score.result_id in mine])
    for row in rows:
        stands = access_result(work, row["result_id"], Permission.APPROVE_CHANGE)
        judged = sentence(work, stands, decided)
        if judged is not None:
            _write(work, judged)
    done = []
    for term_id in sorted({row["term_id"] for row in rows}):
        # What is withheld for another reason too, such as a fee, stays behind with its new marks.
        ids = [r["result_id"] for r in rows if r["term_id"] == term_id and r["withheld_for"] == "ufm"]
        if not ids:
            continue
        done.append(publish_released(work, named_results(work, ids), note))
    return done


def _write(work: Work, judged: Sentenced) -> None:
    new = judged.wanted.new
    work.run(
        _WRITE,
        id=judged.wanted.row["id"],
        total=new.total,
        grade=new.grade,
        grade_points=new.grade_points,
        outcome=new.outcome,
        marks_obtained=new.marks_obtained,
        marks_max=new.marks_max,
        percentage=new.percentage,
        heads=_stored(new.heads),
        flags=new.flags,
        trace=_stored(new.trace),
        blocks=_stored(judged.blocks),
    )


def _stored(value: Any) -> Jsonb:
    return Jsonb(msgspec.json.decode(_json(value)))
