"""Withholding drafts and releasing them by a later notification."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_server.results.operations.drafting import draft_sheets
from sims_server.results.operations.publishing import NAMED_MOST, check_ready, declare_results
from sims_server.results.queries.judging import roster_of, sheets_of
from sims_shared.access import Permission
from sims_shared.cases import CaseUndecided
from sims_shared.marks import Score
from sims_shared.problems import Fault, InvalidInput, NotFound, NotPermitted
from sims_shared.results import (
    AwaitedScore,
    NotificationRef,
    ReleaseResults,
    ResultsReleased,
    ResultsWithheld,
    ResultsWrongState,
    SheetNotApproved,
    WithholdResults,
)

_LOCK_SHEETS = """
SELECT h.state FROM sheet h WHERE h.section_id IN (SELECT section_id FROM result
  WHERE id = ANY (%(ids)s)) ORDER BY h.section_id FOR UPDATE
"""
_ROWS = """
SELECT r.id AS result_id, r.enrollment_id, r.student_id, r.registration_id, r.section_id, r.term_id,
  r.state, r.stale, r.outcome, r.grade, r.total,
       r.grade_points, r.credits, r.attempt, r.blocks, s.course_code, g.reg_no, u.name,
         w.reason AS withheld_for
  FROM result r JOIN registration g ON g.id = r.registration_id JOIN student u ON u.id = r.student_id
    JOIN course c ON c.id = r.course_id
  LEFT JOIN section s ON s.id = r.section_id
  LEFT JOIN withholding w ON w.result_id = r.id AND w.released_at IS NULL
 WHERE r.id = ANY (%(ids)s) ORDER BY g.reg_no, r.id
"""


# A case of unfair means decides what it is about, and nobody beside it.
_OPEN_CASE = """
SELECT x.case_id FROM case_result x JOIN academic_case c ON c.id = x.case_id
 WHERE x.result_id = ANY (%(ids)s) AND x.open AND c.kind = 'unfair_means' ORDER BY x.case_id LIMIT 1
"""


def check_approved(work: Work, rows: list[dict[str, Any]]) -> None:
    """Raises SheetNotApproved when a sheet of these results was returned."""
    unapproved = work.value(
        "SELECT count(*) FROM sheet WHERE section_id = ANY (%(ids)s) AND state <> 'approved'",
        ids=sorted({row["section_id"] for row in rows}),
    )
    if unapproved:
        raise SheetNotApproved("A sheet was returned; its results are released once it is approved again.")


def named_results(work: Work, result_ids: list[int]) -> list[dict[str, Any]]:
    """The results named, their sheets locked; raises NotFound when one does not exist."""
    wanted = sorted(set(result_ids))
    work.rows(_LOCK_SHEETS, ids=wanted)
    rows = work.rows(_ROWS, ids=wanted)
    if len(rows) != len(wanted):
        raise NotFound
    return rows


def _check(rows: list[dict[str, Any]], wrong: list[dict[str, Any]], detail: str) -> None:
    if wrong:
        raise ResultsWrongState(
            f"{len(wrong)} of {len(rows)} {detail}",
            result_ids=[row["result_id"] for row in wrong][:NAMED_MOST],
        )


@operation(Permission.WITHHOLD_RESULTS, "results.withhold")
def withhold_results(work: Work, command: WithholdResults) -> ResultsWithheld:
    """Withhold drafts, with a reason; a published result cannot be withheld."""
    rows = named_results(work, command.result_ids)
    _check(rows, [row for row in rows if row["state"] != "draft"], "are published.")
    _check(rows, [row for row in rows if row["withheld_for"] is not None], "are withheld already.")
    ids = [row["result_id"] for row in rows]
    place_withholdings(work, ids, command.reason, command.note)
    return ResultsWithheld(withheld=len(ids), result_ids=ids)


def place_withholdings(work: Work, result_ids: Sequence[int], reason: str, note: str) -> None:
    """Withholds drafts that are not withheld yet."""
    work.run(
        "INSERT INTO withholding (result_id, reason, note, placed_by, placed_at) "
        "SELECT id, %(reason)s, %(note)s, %(me)s, %(now)s FROM unnest(%(ids)s::bigint[]) AS n (id)",
        ids=sorted(result_ids),
        reason=reason,
        note=note,
        me=work.caller.id,
        now=work.now,
    )


_AWAITED = """
INSERT INTO assessment_score (section_id, enrollment_id, assessment_id, max_score, mark, score)
SELECT a.section_id, r.enrollment_id, a.id, a.max_score, n.mark, n.score
  FROM jsonb_to_recordset(%(rows)s::jsonb)
       AS n (result_id bigint, assessment_id bigint, mark text, score numeric)
  JOIN result r ON r.id = n.result_id JOIN assessment a ON a.id = n.assessment_id
 ORDER BY r.enrollment_id, a.id
ON CONFLICT (enrollment_id, assessment_id) DO UPDATE SET mark = EXCLUDED.mark, score = EXCLUDED.score
"""


def check_awaited(work: Work, rows: list[dict[str, Any]], scores: Sequence[AwaitedScore]) -> None:
    """Marks that results wait for. Raises NotPermitted for who may not enter marks, and InvalidInput with
    every fault; a mark that is there already is changed by a change request only."""
    if not scores:
        return
    if not work.caller.may(Permission.ENTER_SCORES):
        raise NotPermitted("The examination cell enters the marks that were awaited.")
    by_id = {row["result_id"]: row for row in rows}
    sheets = sheets_of(work, sorted({row["section_id"] for row in rows}))
    cells = {row.enrollment_id: row.cells for row in roster_of(work, list(sheets))}
    faults, seen = [], set[tuple[int, int]]()
    for index, given in enumerate(scores):
        pointer = f"/scores/{index}"
        row = by_id.get(given.result_id)
        columns = sheets[row["section_id"]].assessments if row is not None else ()
        column = next((column for column in columns if column.id == given.assessment_id), None)
        if row is None:
            faults.append(
                Fault(f"{pointer}/result_id", "unknown", "This result is not among those released.")
            )
        elif column is None:
            detail = "There is no such assessment in the section of this result."
            faults.append(Fault(f"{pointer}/assessment_id", "unknown", detail))
        elif (given.result_id, given.assessment_id) in seen:
            faults.append(Fault(f"{pointer}/assessment_id", "repeated", "This cell is given twice."))
        elif (given.mark == "scored") != (given.score is not None):
            detail = "A score is given exactly when the mark is “scored”."
            faults.append(Fault(f"{pointer}/score", "mark", detail))
        elif given.score is not None and given.score > column.max_score:
            faults.append(Fault(f"{pointer}/score", "range", f"At most {column.max_score}."))
        elif cells[row["enrollment_id"]].get(column.id, Score()).mark not in (None, "pending", "ufm"):
            faults.append(Fault(pointer, "not_awaited", "This mark is there; a change request changes it."))
        seen.add((given.result_id, given.assessment_id))
    if faults:
        raise InvalidInput(faults[0].detail, errors=faults)


def enter_awaited(work: Work, scores: Sequence[AwaitedScore]) -> None:
    """Writes marks that were checked."""
    if scores:
        work.run(_AWAITED, rows=msgspec.json.encode(scores).decode())


@operation(Permission.WITHHOLD_RESULTS, "results.release")
def release_results(work: Work, command: ReleaseResults) -> ResultsReleased:
    """Release withheld results; they are published by a later notification."""
    rows = named_results(work, command.result_ids)
    _check(rows, [row for row in rows if row["withheld_for"] is None], "are not withheld.")
    if command.reason is not None:
        _check(
            rows,
            [row for row in rows if row["withheld_for"] != command.reason],
            f"are not withheld for “{command.reason}”.",
        )
    open_case = work.value(_OPEN_CASE, ids=[row["result_id"] for row in rows])
    if open_case is not None:
        raise CaseUndecided(f"Case {open_case} decides it.", case_id=open_case)
    check_approved(work, rows)
    check_awaited(work, rows, command.scores)
    enter_awaited(work, command.scores)
    undecided = [row for row in rows if row["outcome"] == "withheld" or row["blocks"]]
    if undecided:
        draft_sheets(
            work,
            sorted({row["section_id"] for row in undecided}),
            decided=[row["enrollment_id"] for row in undecided],
        )
        rows = named_results(work, command.result_ids)
    notification = publish_released(work, rows, command.note)
    return ResultsReleased(released=len(rows), published=len(rows), withheld=0, notification=notification)


def publish_released(work: Work, rows: list[dict[str, Any]], note: str) -> NotificationRef:
    """Ends the withholding of drafts of one term and declares them by a later notification."""
    check_ready(work, rows)
    ids = sorted(row["result_id"] for row in rows)
    work.run(
        "UPDATE withholding SET released_by = %(me)s, released_at = %(now)s, release_note = %(note)s "
        "WHERE result_id = ANY (%(ids)s) AND released_at IS NULL",
        ids=ids,
        me=work.caller.id,
        now=work.now,
        note=note,
    )
    return declare_results(work, "later", {"results": len(rows)}, rows, [])
