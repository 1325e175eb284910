"""Single scores, one cell a call. The sheet's row is locked first, like every writer does."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sims_server.grading import rules
from sims_server.grading.queries import scores as queries
from sims_server.grading.queries.sheets import lock_sheet
from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_shared.access import Permission
from sims_shared.grading import ChangeScore, ClearScore, RecordScore, ScoreExists, ScoreView


def _check_writable(work: Work, cell: dict[str, Any]) -> None:
    rules.check_enters(
        cell["entered_by"],
        teaching=cell["teaching"] or work.caller.is_system,
        everywhere=work.caller.reach(Permission.ENTER_SCORES).everything,
    )
    rules.check_row(cell["row_status"])
    rules.check_sheet_open(lock_sheet(work, cell["section_id"])["state"])
    rules.check_not_locked(cell["locked_at"] is not None)


@operation(Permission.ENTER_SCORES, "scores.record")
def record_score(work: Work, command: RecordScore) -> ScoreView:
    """Write a student's mark in an assessment; one per cell."""
    cell = queries.access_cell(work, command.assessment_id, command.student_id)
    mark, score = rules.value_of(command.mark, command.score, cell["max_score"])
    _check_writable(work, cell)
    # A cleared cell has left the list, so it may be written anew; its version goes on.
    made = work.value(
        """
        INSERT INTO assessment_score AS p (section_id, enrollment_id, assessment_id, max_score, mark, score)
        VALUES (%(section)s, %(enrollment)s, %(assessment)s, %(maximum)s, %(mark)s, %(score)s)
        ON CONFLICT (enrollment_id, assessment_id) DO UPDATE SET mark = EXCLUDED.mark, score = EXCLUDED.score
         WHERE p.mark IS NULL RETURNING p.id""",
        section=cell["section_id"],
        enrollment=cell["enrollment_id"],
        assessment=command.assessment_id,
        maximum=cell["max_score"],
        mark=mark,
        score=score,
    )
    if made is None:
        raise ScoreExists("Change the score that is there.")
    return queries.get_score(work, made)


@operation(Permission.ENTER_SCORES, "scores.change")
def change_score(work: Work, command: ChangeScore) -> ScoreView:
    """Change or clear (`mark: null`) a score; row and version stay."""
    cell = queries.access_score(work, command.id)
    mark, score = rules.changed_value(
        (cell["mark"], cell["score"]), command.mark, command.score, cell["max_score"]
    )
    _check_writable(work, cell)
    _write(work, command.id, mark, score)
    return queries.get_score(work, command.id)


@operation(Permission.ENTER_SCORES, "scores.clear")
def clear_score(work: Work, command: ClearScore) -> None:
    """Clear a score: the cell is blank and keeps its row and version."""
    cell = queries.access_score(work, command.id)
    _check_writable(work, cell)
    _write(work, command.id, None, None)


def _write(work: Work, id: int, mark: str | None, score: Decimal | None) -> None:
    """Writing what stands there already is no write."""
    work.run(
        "UPDATE assessment_score SET mark = %(mark)s, score = %(score)s WHERE id = %(id)s "
        "AND (mark, score) IS DISTINCT FROM (%(mark)s::text, %(score)s::numeric)",
        id=id,
        mark=mark,
        score=score,
    )
