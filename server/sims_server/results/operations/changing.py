"""Changing what was published: asked for by one, approved by two others, in order, and then applied to
exactly what they approved.

The new values are computed when the change is asked for and stand in the request; the second approval
applies those and nothing else, and the database holds both to it. Marks go back into the sheet in the
same transaction, the averages are declared anew by a corrigendum, and a trigger supersedes every issued
document that printed the old grade.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from sims_server.kernel.actor import Caller
from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_server.results.model import change_approval, pending_change
from sims_server.results.operations.declaring import declare_term, notify
from sims_server.results.queries.changes import access_change, get_change
from sims_server.results.queries.judging import cutoffs_of, policies_of, records_of, roster_row, sheets_of
from sims_server.results.queries.lists import access_result
from sims_server.results.rules import (
    Record,
    RecordFigures,
    RosterRow,
    Sheet,
    flags_of,
    impact_of,
    judge_row,
    meaning_of_grade,
)
from sims_shared.access import Permission
from sims_shared.gpa import CourseRow
from sims_shared.marks import CourseOutcome, Score
from sims_shared.policy.trace import judged_of
from sims_shared.problems import Fault, InvalidInput
from sims_shared.results import (
    AlreadyDecided,
    ChangeImpact,
    ChangeInvalid,
    ChangePending,
    DecideChange,
    Figures,
    NotThisStage,
    OwnRequest,
    PendingChangeView,
    RequestChange,
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
        stored: dict[str, Any] = msgspec.json.decode(_encode(values))
        return stored


def _text(total: Decimal | None) -> str:
    return "" if total is None else format(total, "f")


# -- Asking ----------------------------------------------------------------------------------------


@operation(Permission.REQUEST_CHANGE, "results.request_change")
def request_change(work: Work, command: RequestChange) -> PendingChangeView:
    """Ask for a change of a published result, to a grade or by marks."""
    row, new = _wanted(work, command.result_id, command.new_grade, command.scores)
    impact = _impact(work, row, new)
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
            "reason": command.reason,
            "evidence": command.evidence,
            "impact": msgspec.json.decode(_encode(impact)),
            "requested_by": work.caller.id,
            "requested_at": work.now,
        },
    )
    if new.cells:
        work.run(
            "INSERT INTO pending_change_score (change_id, assessment_id, enrollment_id, mark, score, "
            "old_mark, old_score) "
            "SELECT %(change)s, n.assessment_id, %(enrollment)s, n.mark, n.score, n.old_mark, n.old_score "
            "FROM unnest(%(assessments)s::bigint[], %(marks)s::text[], %(scores)s::numeric[], "
            "%(old_marks)s::text[], %(old_scores)s::numeric[]) "
            "AS n (assessment_id, mark, score, old_mark, old_score)",
            change=change_id,
            enrollment=row["enrollment_id"],
            assessments=[cell.assessment_id for cell in new.cells],
            marks=[cell.mark for cell in new.cells],
            scores=[cell.score for cell in new.cells],
            old_marks=[cell.mark for cell in new.before],
            old_scores=[cell.score for cell in new.before],
        )
    return get_change(work, change_id)


def impact_of_change(
    work: Work, result_id: int, new_grade: str | None, scores: list[ScoreChange] | None
) -> ChangeImpact:
    """What such a change would do; refused as asking for it would be."""
    return _impact(work, *_wanted(work, result_id, new_grade, scores))


def _wanted(
    work: Work, result_id: int, new_grade: str | None, scores: list[ScoreChange] | None
) -> tuple[dict[str, Any], NewValues]:
    """The result as it is, locked, and as it would be."""
    row = access_result(work, result_id, Permission.REQUEST_CHANGE)
    if (new_grade is None) == (scores is None):
        raise InvalidInput(
            "Give new_grade or scores, one of the two.",
            errors=[Fault("", "one_of", "Give new_grade or scores, one of the two.")],
        )
    if row["state"] == "draft":
        raise ResultsWrongState(
            "This is a draft: return the sheet and correct the marks there.", result_ids=[row["id"]]
        )
    open_change = work.value(
        "SELECT id FROM pending_change WHERE result_id = %(id)s AND status = 'pending'", id=row["id"]
    )
    if open_change is not None:
        raise ChangePending(f"Change {open_change} is waiting for its approvals.", change_id=open_change)
    new = _by_grade(work, row, new_grade) if new_grade is not None else _by_marks(work, row, scores or [])
    return row, new


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


def _by_marks(work: Work, row: dict[str, Any], scores: list[ScoreChange]) -> NewValues:
    if row["source"] != "computed":
        raise _invalid("/scores", "no_marks", f"A {row['source']} result has no marks here; name the grade.")
    sheet = sheets_of(work, [row["section_id"]])[row["section_id"]]
    roster = roster_row(work, row["enrollment_id"])
    cells, before = _checked_cells(sheet, roster, scores)
    outcome = _judged(work, row, sheet, roster, cells)
    policy = policies_of(work, [row["regulation_id"]])[row["regulation_id"]]
    if outcome.blocks or outcome.outcome in ("withheld", "incomplete"):
        detail = (
            outcome.blocks[0].detail if outcome.blocks else f"these marks leave the result {outcome.outcome}"
        )
        raise _invalid("/scores", "incomplete", f"No result comes of these marks: {detail}.")
    if (
        not policy.recheck.may_fall
        and row["total"] is not None
        and outcome.total is not None
        and outcome.total < row["total"]
    ):
        raise _invalid(
            "/scores",
            "may_not_fall",
            f"Under this regulation a mark does not fall: {row['total']} to {outcome.total}.",
        )
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
        cells=tuple(cells),
        before=tuple(before),
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


def _judged(
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


def _impact(work: Work, row: dict[str, Any], new: NewValues) -> ChangeImpact:
    (record,) = records_of(work, [row["registration_id"]]).records
    entry = next(entry for entry in record.rows if entry.result_id == row["id"])
    changed: CourseRow = msgspec.structs.replace(
        entry.row,
        grade=new.grade or None,
        points=new.grade_points,
        percentage=new.percentage,
        outcome=new.outcome,
    )
    before, after = impact_of(record, row["id"], changed)
    moved = (row["total"], row["grade"], row["grade_points"], row["outcome"]) != (
        new.total,
        new.grade,
        new.grade_points,
        new.outcome,
    )
    superseded = work.rows(
        "SELECT d.serial FROM issued_document_result p JOIN issued_document d ON d.id = p.document_id "
        "WHERE p.result_id = %(id)s AND document_status(d.id) = 'valid' ORDER BY d.id",
        id=row["id"],
    )
    return ChangeImpact(
        old=_figures(before, row["total"], row["grade"], row["grade_points"], row["outcome"], record),
        new=_figures(after, new.total, new.grade, new.grade_points, new.outcome, record),
        supersedes=[found["serial"] for found in superseded] if moved else [],
    )


def _figures(
    figures: RecordFigures,
    total: Decimal | None,
    grade: str,
    points: Decimal | None,
    outcome: str,
    record: Record,
) -> Figures:
    return Figures(
        total=total,
        grade=grade or None,
        grade_points=points,
        outcome=outcome,
        sgpa=figures.terms[0].sgpa.value,
        cgpa=figures.cgpa,
        credits_earned=figures.credits_earned,
        standing=figures.terms[-1].standing or None,
    )


# -- Deciding --------------------------------------------------------------------------------------


@operation(Permission.APPROVE_CHANGE, "results.approve_change")
def decide_change(work: Work, command: DecideChange) -> PendingChangeView:
    """Approve or reject a change: first a head or dean, then the exam cell or registrar."""
    change = access_change(work, command.change_id)
    if change["requested_by"] == work.caller.id:
        raise OwnRequest
    if change["status"] != "pending":
        raise AlreadyDecided(f"This change is {change['status']}.")
    stage = 2 if change["first_approver"] is not None else 1
    capacity = _capacity(work.caller, stage, change["department_id"])
    if capacity is None:
        whose = (
            "the examination cell or the registrar"
            if stage == 2
            else "a head or dean of the course's department"
        )
        raise NotThisStage(f"It waits for {whose}.", stage=stage)
    if change["first_approver"] == work.caller.id:
        raise NotThisStage("The second approval is another person's.", stage=stage)
    # A freeze in between moves the version and nothing else.
    known = {change["version"], change["version"] - (change["state"] == "frozen")}
    if command.approved and change["base_version"] not in known:
        raise ResultMoved("Reject it and ask again, from the result as it is now.")
    reason = (command.reason or "").strip()
    if not command.approved and not reason:
        raise InvalidInput(
            "A rejection needs a reason.", errors=[Fault("/reason", "missing", "A rejection needs a reason.")]
        )
    work.insert(
        change_approval,
        {
            "change_id": change["id"],
            "stage": stage,
            "approver_id": work.caller.id,
            "requester_id": change["requested_by"],
            "capacity": capacity,
            "approved": command.approved,
            "reason": reason,
        },
    )
    if not command.approved:
        work.update(pending_change, change["id"], {"status": "rejected", "resolved_at": work.now})
    elif stage == 2:
        work.update(pending_change, change["id"], {"status": "approved", "resolved_at": work.now})
        _apply(work, change)
    return get_change(work, change["id"])


def _capacity(caller: Caller, stage: int, department_id: int) -> str | None:
    """In which capacity the caller decides at this stage; None when it is not theirs."""
    if stage == 1:
        return next((role for role in ("head", "dean") if department_id in caller.departments_as(role)), None)
    return next((role for role in ("exam_cell", "registrar") if role in caller.roles), None)


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


def _apply(work: Work, change: dict[str, Any]) -> None:
    """Marks, result, then the averages; the request is approved already, in this transaction."""
    values = change["new_values"]
    row = access_result(work, change["result_id"], Permission.APPROVE_CHANGE)
    if change["by_marks"]:
        work.run(_SCORES, change=change["id"])
        sheet = sheets_of(work, [row["section_id"]])[row["section_id"]]
        trace = _judged(work, row, sheet, roster_row(work, row["enrollment_id"]), []).trace
    else:
        words = (
            f"changed from {row['grade'] or '-'} to {change['new_grade'] or '-'} by change request "
            f"{change['id']}"
        )
        trace = judged_of("Result", f"{values['outcome']}, {change['new_grade']}", words)
    numbers = {
        name: None if values[name] is None else Decimal(values[name])
        for name in ("grade_points", "marks_obtained", "marks_max", "percentage")
    }
    work.run(
        _RESULT,
        id=row["id"],
        change=change["id"],
        total=Decimal(change["new_total"]) if change["new_total"] else None,
        grade=change["new_grade"],
        outcome=values["outcome"],
        heads=Jsonb(values["heads"]),
        flags=values["flags"],
        trace=Jsonb(msgspec.json.decode(_encode(trace))),
        **numbers,
    )
    line = {
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
    notification = notify(
        work, "corrigendum", row["term_id"], {"change_id": change["id"]}, [line], {"changed": 1}
    )
    declare_term(work, [row["registration_id"]], row["term_id"], notification.id)
