"""What a change would make of a result: asked for by grade, by marks, or computed by a rule.

Everything here only reads. The result is locked while it is asked, so that what the request states is
what stands; `record_change` then writes the request, for one result or for one of several in a case.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from sims_server.kernel.work import Work
from sims_server.results.model import pending_change
from sims_server.results.queries.judging import cutoffs_of, policies_of, roster_row, sheets_of
from sims_server.results.queries.lists import access_result
from sims_server.results.rules import RosterRow, Sheet, flags_of, judge_row, meaning_of_grade
from sims_shared.access import Permission
from sims_shared.marks import CourseOutcome, Score
from sims_shared.problems import Fault, InvalidInput
from sims_shared.results import (
    ChangeImpact,
    ChangeInvalid,
    ChangePending,
    ResultMoved,
    ResultsWrongState,
    ScoreChange,
)

_encode = msgspec.json.Encoder(decimal_format="string").encode


@dataclass(frozen=True, slots=True)
class NewValues:
    """A result as a change would make it; `cells` are the marks that go with it."""

    total: Decimal | None
    grade: str
    grade_points: Decimal | None
    outcome: str
    marks_obtained: Decimal | None
    marks_max: Decimal | None
    percentage: Decimal | None
    heads: Any
    flags: list[str]
    cells: tuple[ScoreChange, ...] = ()
    before: tuple[Score, ...] = ()
    # How it comes about, where neither the marks of the sheet nor the bare grade say so.
    trace: Any = None

    def stored(self) -> dict[str, Any]:
        """As the request keeps it: decimals as text."""
        values = {
            name: getattr(self, name)
            for name in (
                "grade_points",
                "outcome",
                "marks_obtained",
                "marks_max",
                "percentage",
                "heads",
                "flags",
            )
        }
        if self.trace is not None:
            values["trace"] = self.trace
        stored: dict[str, Any] = msgspec.json.decode(_encode(values))
        return stored


def values_stored(change: dict[str, Any]) -> NewValues:
    """The new values as a request keeps them; what it does not name is not shown."""
    values = change["new_values"]

    def number(name: str) -> Decimal | None:
        return None if values.get(name) is None else Decimal(values[name])

    return NewValues(
        total=Decimal(change["new_total"]) if change["new_total"] else None,
        grade=change["new_grade"],
        grade_points=number("grade_points"),
        outcome=values["outcome"],
        marks_obtained=number("marks_obtained"),
        marks_max=number("marks_max"),
        percentage=number("percentage"),
        heads=values.get("heads"),
        flags=values["flags"],
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """A result as it is, locked, and as a change would make it."""

    row: dict[str, Any]
    new: NewValues


def want_change(
    work: Work,
    result_id: int,
    new_grade: str | None,
    scores: list[ScoreChange] | None,
    *,
    penalty: bool = False,
) -> Wanted:
    """What is asked for, judged. A `penalty` may lower a mark where looking again may not. Raises NotFound,
    InvalidInput, ResultsWrongState, ChangePending and ChangeInvalid."""
    row = lock_published(work, result_id)
    if (new_grade is None) == (scores is None):
        raise InvalidInput(
            "Give new_grade or scores, one of the two.",
            errors=[Fault("", "one_of", "Give new_grade or scores, one of the two.")],
        )
    if new_grade is not None:
        return Wanted(row, _by_grade(work, row, new_grade))
    return Wanted(row, _by_marks(work, row, scores or [], penalty))


def check_said_truly(work: Work, change: dict[str, Any]) -> None:
    """Raises ResultMoved unless a request says what the regulation makes of it. The approvers read a grade;
    its points come with it, and a request that was written by hand could hide others behind it."""
    row = access_result(work, change["result_id"], Permission.APPROVE_CHANGE)
    try:
        if change["by_marks"]:
            cells = work.rows(
                "SELECT assessment_id, mark, score FROM pending_change_score WHERE change_id = %(id)s",
                id=change["id"],
            )
            # That looking again may not lower a mark was asked when the request was.
            again = _by_marks(work, row, [ScoreChange(**cell) for cell in cells], penalty=True)
        else:
            again = _by_grade(work, row, change["new_grade"])
    except ChangeInvalid as refused:
        raise ResultMoved(f"Reject it and ask again: {refused.detail}") from refused
    true = again.stored()
    said = change["new_values"]
    if (_text(again.total), again.grade) != (change["new_total"], change["new_grade"]) or any(
        said[name] != true[name] for name in said if name in true
    ):
        raise ResultMoved("Reject it and ask again: the regulation makes something else of it.")


def lock_published(work: Work, result_id: int) -> dict[str, Any]:
    """A published result that no change is waiting for, locked."""
    row = access_result(work, result_id, Permission.REQUEST_CHANGE)
    if row["state"] == "draft":
        raise ResultsWrongState(
            "This is a draft: return the sheet and correct the marks there.", result_ids=[row["id"]]
        )
    open_change = work.value(
        "SELECT id FROM pending_change WHERE result_id = %(id)s AND status = 'pending'", id=row["id"]
    )
    if open_change is not None:
        raise ChangePending(f"Change {open_change} is waiting for its approvals.", change_id=open_change)
    return row


def record_change(
    work: Work,
    wanted: Wanted,
    impact: ChangeImpact,
    *,
    reason: str,
    evidence: str | None = None,
    case_id: int | None = None,
) -> int:
    """Writes the request; the number of the change."""
    row, new = wanted.row, wanted.new
    change_id: int = work.insert(
        pending_change,
        {
            "result_id": row["id"],
            "old_grade": row["grade"],
            "new_grade": new.grade,
            "old_total": _text(row["total"]),
            "new_total": _text(new.total),
            "new_values": new.stored(),
            "base_version": row["version"],
            "by_marks": bool(new.cells),
            "reason": reason,
            "evidence": evidence,
            "impact": msgspec.json.decode(_encode(impact)),
            "requested_by": work.caller.id,
            "requested_at": work.now,
            "case_id": case_id,
        },
    )
    if new.cells:
        work.run(
            _CELLS,
            change=change_id,
            enrollment=row["enrollment_id"],
            assessments=[cell.assessment_id for cell in new.cells],
            marks=[cell.mark for cell in new.cells],
            scores=[cell.score for cell in new.cells],
            old_marks=[cell.mark for cell in new.before],
            old_scores=[cell.score for cell in new.before],
        )
    return change_id


_CELLS = """
INSERT INTO pending_change_score (change_id, assessment_id, enrollment_id, mark, score, old_mark, old_score)
SELECT %(change)s, n.assessment_id, %(enrollment)s, n.mark, n.score, n.old_mark, n.old_score
  FROM unnest(%(assessments)s::bigint[], %(marks)s::text[], %(scores)s::numeric[], %(old_marks)s::text[],
              %(old_scores)s::numeric[]) AS n (assessment_id, mark, score, old_mark, old_score)
"""


def _text(total: Decimal | None) -> str:
    return "" if total is None else format(total, "f")


def _invalid(pointer: str, code: str, detail: str) -> ChangeInvalid:
    return ChangeInvalid(detail, errors=[Fault(pointer, code, detail)])


def _by_grade(work: Work, row: dict[str, Any], grade: str) -> NewValues:
    policy = policies_of(work, [row["regulation_id"]])[row["regulation_id"]]
    meaning = meaning_of_grade(policy, grade, row["section_grading"] or row["course_grading"])
    if meaning is None:
        raise _invalid(
            "/new_grade", "unknown_grade", f"“{grade}” is no grade of the regulation this result follows."
        )
    if grade == row["grade"]:
        raise _invalid("/new_grade", "unchanged", f"The grade is {grade} already.")
    return NewValues(
        total=row["total"],
        grade=grade,
        grade_points=meaning.points,
        outcome=meaning.outcome,
        marks_obtained=row["marks_obtained"],
        marks_max=row["marks_max"],
        percentage=row["percentage"],
        heads=row["heads"],
        # How the old grade was printed, and that grace made it, went with it.
        flags=[flag for flag in row["flags"] if flag != "*" and not flag.endswith(")")],
    )


def _by_marks(work: Work, row: dict[str, Any], scores: list[ScoreChange], penalty: bool = False) -> NewValues:
    if row["source"] != "computed":
        raise _invalid("/scores", "no_marks", f"A {row['source']} result has no marks here; name the grade.")
    sheet = sheets_of(work, [row["section_id"]])[row["section_id"]]
    roster = roster_row(work, row["enrollment_id"])
    cells, before = _checked_cells(sheet, roster, scores)
    outcome = judged_with(work, row, sheet, roster, cells)
    policy = policies_of(work, [row["regulation_id"]])[row["regulation_id"]]
    if outcome.blocks or outcome.outcome in ("withheld", "incomplete"):
        detail = (
            outcome.blocks[0].detail if outcome.blocks else f"these marks leave the result {outcome.outcome}"
        )
        raise _invalid("/scores", "incomplete", f"No result comes of these marks: {detail}.")
    if (
        not penalty
        and not policy.recheck.may_fall
        and row["total"] is not None
        and outcome.total is not None
        and outcome.total < row["total"]
    ):
        raise _invalid(
            "/scores",
            "may_not_fall",
            f"Under this regulation a mark does not fall: {row['total']} to {outcome.total}.",
        )
    return values_of(outcome, tuple(cells), tuple(before))


def values_of(
    outcome: CourseOutcome,
    cells: tuple[ScoreChange, ...] = (),
    before: tuple[Score, ...] = (),
    trace: Any = None,
) -> NewValues:
    """What was judged, as the values of a result."""
    return NewValues(
        total=outcome.total,
        grade=outcome.grade or "",
        grade_points=outcome.grade_points,
        outcome=outcome.outcome,
        marks_obtained=outcome.marks_obtained,
        marks_max=outcome.marks_max,
        percentage=outcome.percentage,
        heads=outcome.heads,
        flags=flags_of(outcome),
        cells=cells,
        before=before,
        trace=trace,
    )


def _checked_cells(
    sheet: Sheet, roster: RosterRow, scores: list[ScoreChange]
) -> tuple[list[ScoreChange], list[Score]]:
    """The cells that differ from the sheet, and what they are now; raises ChangeInvalid with every fault."""
    columns = {column.id: column for column in sheet.assessments}
    faults, seen = [], set[int]()
    cells: list[ScoreChange] = []
    before: list[Score] = []
    for index, cell in enumerate(scores):
        pointer = f"/scores/{index}"
        column = columns.get(cell.assessment_id)
        if column is None:
            faults.append(
                Fault(f"{pointer}/assessment_id", "unknown", "There is no such assessment in this section.")
            )
        elif cell.assessment_id in seen:
            faults.append(Fault(f"{pointer}/assessment_id", "repeated", "This assessment is given twice."))
        elif (cell.mark == "scored") != (cell.score is not None):
            faults.append(
                Fault(f"{pointer}/score", "mark", "A score is given exactly when the mark is “scored”.")
            )
        elif cell.score is not None and cell.score > column.max_score:
            faults.append(Fault(f"{pointer}/score", "range", f"At most {column.max_score}."))
        else:
            old = roster.cells.get(cell.assessment_id, Score())
            if (cell.mark, cell.score) != (old.mark, old.score):
                cells.append(cell)
                before.append(old)
        seen.add(cell.assessment_id)
    if not faults and not cells:
        faults.append(Fault("/scores", "unchanged", "These are the marks of the sheet already."))
    if faults:
        raise ChangeInvalid(faults[0].detail, errors=faults)
    return cells, before


def judged_with(
    work: Work, row: dict[str, Any], sheet: Sheet, roster: RosterRow, cells: list[ScoreChange]
) -> CourseOutcome:
    """The row with these cells, under the regulation pinned on the result and its frozen cut-offs."""
    marks = {**roster.cells, **{cell.assessment_id: Score(cell.mark, cell.score) for cell in cells}}
    changed = RosterRow(
        roster.enrollment_id,
        roster.section_id,
        row["regulation_id"],
        roster.status,
        roster.kind,
        roster.attempt,
        marks,
        True,
        decided=True,
    )
    policy = policies_of(work, [row["regulation_id"]])[row["regulation_id"]]
    cutoffs = None
    if policy.scale.kind == "relative":
        cutoffs = cutoffs_of(work, [row["section_id"]]).get((row["section_id"], row["regulation_id"]))
    return judge_row(policy, sheet, changed, cutoffs)
