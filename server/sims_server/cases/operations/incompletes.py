"""Letting work come later: an I in the place of a grade, until a day.

Given before anything is published: by a teacher while the sheet is open, by the examination cell until
the result is out.
"""

from __future__ import annotations

from typing import Any

from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_server.results.operations.drafting import draft_results
from sims_shared.access import Permission
from sims_shared.cases import (
    CaseInvalid,
    GrantIncomplete,
    IncompleteGranted,
    IncompleteTooLate,
    RevokeIncomplete,
)
from sims_shared.problems import Fault, InvalidInput, NotFound
from sims_shared.values import SYSTEM, Person

_ENROLLMENT = """
SELECT e.id, e.section_id, e.status, h.state AS sheet, coalesce(r.state, 'draft') AS result
  FROM enrollment e JOIN sheet h ON h.section_id = e.section_id LEFT JOIN result r ON r.enrollment_id = e.id
 WHERE e.id = %(id)s AND e.status <> 'dropped' AND (%(everything)s OR EXISTS (SELECT FROM section_staff f
       WHERE f.section_id = e.section_id AND f.account_id = %(me)s AND f.until IS NULL))
   FOR UPDATE OF h
"""
_GRANTED = """
SELECT i.enrollment_id, e.section_id, e.student_id, g.reg_no, i.reason, i.due_on, i.granted_by, a.name,
       i.granted_at
  FROM incomplete i JOIN enrollment e ON e.id = i.enrollment_id
  JOIN registration g ON g.id = e.registration_id
  LEFT JOIN account a ON a.id = i.granted_by WHERE i.enrollment_id = %(id)s
"""


def access_enrollment_to_grade(work: Work, id: int) -> dict[str, Any]:
    """The enrollment, its sheet locked, where the caller enters marks. Raises NotFound."""
    reach = work.caller.reach(Permission.ENTER_SCORES)
    row = work.row(_ENROLLMENT, id=id, everything=reach.everything, me=work.caller.id)
    if row is None:
        raise NotFound
    return row


def _check_time(work: Work, row: dict[str, Any]) -> None:
    if row["result"] != "draft":
        raise IncompleteTooLate("The result is published; it changes by a case.")
    if row["sheet"] != "open" and not work.caller.reach(Permission.ENTER_SCORES).everything:
        raise IncompleteTooLate(f"The sheet is {row['sheet']}; ask the examination cell.")


@operation(Permission.ENTER_SCORES, "incompletes.grant")
def grant_incomplete(work: Work, command: GrantIncomplete) -> IncompleteGranted:
    """Let the work of one enrollment come later; its result will be I."""
    row = access_enrollment_to_grade(work, command.id)
    _check_time(work, row)
    if row["status"] != "enrolled":
        raise CaseInvalid(f"The enrollment is {row['status']}.")
    if command.due_on is not None and command.due_on <= work.today:
        detail = "The last day lies ahead."
        raise InvalidInput(detail, errors=[Fault("/due_on", "past", detail)])
    work.run(
        "INSERT INTO incomplete (enrollment_id, due_on, reason, granted_by, granted_at) "
        "VALUES (%(id)s, %(due)s, %(reason)s, %(me)s, %(now)s) ON CONFLICT (enrollment_id) DO UPDATE "
        "SET due_on = EXCLUDED.due_on, reason = EXCLUDED.reason, granted_by = EXCLUDED.granted_by, "
        "granted_at = EXCLUDED.granted_at "
        "WHERE (incomplete.due_on, incomplete.reason) IS DISTINCT FROM (EXCLUDED.due_on, EXCLUDED.reason)",
        id=command.id,
        due=command.due_on,
        reason=command.reason.strip(),
        me=work.caller.id,
        now=work.now,
    )
    _draft_again(work, row)
    return get_granted(work, command.id)


@operation(Permission.ENTER_SCORES, "incompletes.revoke")
def revoke_incomplete(work: Work, command: RevokeIncomplete) -> None:
    """Take it back before the result is published."""
    row = access_enrollment_to_grade(work, command.id)
    get_granted(work, command.id)
    _check_time(work, row)
    work.run("DELETE FROM incomplete WHERE enrollment_id = %(id)s", id=command.id)
    _draft_again(work, row)


def _draft_again(work: Work, row: dict[str, Any]) -> None:
    if row["sheet"] == "approved":
        draft_results(work, row["section_id"])


def get_granted(work: Work, id: int) -> IncompleteGranted:
    """The permission of one enrollment."""
    access_enrollment_to_grade(work, id)
    row = work.row(_GRANTED, id=id)
    if row is None:
        raise NotFound
    name = row.pop("name")
    row["granted_by"] = SYSTEM if row["granted_by"] is None else Person(row["granted_by"], name)
    return IncompleteGranted(**row)
