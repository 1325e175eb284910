"""Asking that courses passed elsewhere count here.

The regulation of the registration says which grades transfer, what they weigh, and how much of a program
may come from elsewhere. The rule a newcomer would get wrong: a grade that is not enough is refused when it
is asked for, not dropped silently when the record is averaged.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sims_server.cases.model import academic_case, transfer_credit
from sims_server.cases.queries import get_transfer
from sims_server.cases.rules import share_left, worth_of
from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_server.results.queries.judging import policies_of
from sims_shared.access import Permission
from sims_shared.cases import CaseInvalid, RequestTransfer, ShareExceeded, TransferView
from sims_shared.problems import Fault, InvalidInput, NotFound, NotPermitted
from sims_shared.regulations import Policy

_REGISTRATION = """
SELECT g.id, g.regulation_id, p.department_id, p.credits_required
  FROM registration g JOIN program p ON p.id = g.program_id WHERE g.id = %(id)s FOR NO KEY UPDATE OF g
"""
# Under way counts too, or two cases would take the same share.
_TAKEN = """
SELECT t.course_id, t.credits, t.outcome FROM transfer_credit t JOIN academic_case c ON c.id = t.case_id
 WHERE t.registration_id = %(id)s AND c.state IN ('proposed', 'applied')
"""
_PASSED = """
SELECT DISTINCT course_id FROM result
 WHERE registration_id = %(id)s AND state <> 'draft' AND outcome IN ('pass', 'transfer', 'exempt')
"""


@operation(Permission.REQUEST_CHANGE, "transfers.request")
def request_transfer(work: Work, command: RequestTransfer) -> TransferView:
    """Ask that courses passed elsewhere count; two people approve before they do."""
    registration = _registration(work, command.registration_id)
    if not work.value("SELECT true FROM term WHERE id = %(id)s", id=command.term_id):
        detail = f"There is no term {command.term_id}."
        raise InvalidInput(detail, errors=[Fault("/term_id", "unknown", detail)])
    policy = policies_of(work, [registration["regulation_id"]])[registration["regulation_id"]]
    lines = _judged(work, command, registration, policy)
    case_id: int = work.insert(
        academic_case,
        {
            "kind": "transfer",
            "registration_id": command.registration_id,
            "term_id": command.term_id,
            "reason": command.reason.strip() or "Credit from elsewhere",
            "authority": command.reference.strip(),
            "decision": {"institution": command.institution.strip()},
            "requested_by": work.caller.id,
            "requested_at": work.now,
        },
    )
    for line in lines:
        work.insert(transfer_credit, {"case_id": case_id, **line})
    work.update(
        academic_case,
        case_id,
        {"state": "proposed", "proposed_by": work.caller.id, "proposed_at": work.now},
    )
    return get_transfer(work, case_id)


def access_transfers(work: Work) -> None:
    """Raises NotPermitted for who may ask for changes of results, but teaches only."""
    reach = work.caller.reach(Permission.REQUEST_CHANGE)
    if not reach.everything and not reach.departments:
        raise NotPermitted("The department or the registrar asks for transfers.")


def _registration(work: Work, id: int) -> dict[str, Any]:
    reach = work.caller.reach(Permission.REQUEST_CHANGE)
    row = work.row(_REGISTRATION, id=id)
    if row is None or not (reach.everything or row["department_id"] in reach.departments):
        raise NotFound
    return row


def _judged(
    work: Work, command: RequestTransfer, registration: dict[str, Any], policy: Policy
) -> list[dict[str, Any]]:
    """The lines as they will stand. Raises CaseInvalid with every fault, or ShareExceeded."""
    courses = {
        row["id"]: row
        for row in work.rows(
            "SELECT id, code, credits FROM course WHERE id = ANY (%(ids)s)",
            ids=[course.course_id for course in command.courses],
        )
    }
    passed = {row["course_id"] for row in work.rows(_PASSED, id=registration["id"])}
    taken = work.rows(_TAKEN, id=registration["id"])
    known = passed | {row["course_id"] for row in taken}
    faults: list[Fault] = []
    lines: list[dict[str, Any]] = []
    for index, course in enumerate(command.courses):
        pointer = f"/courses/{index}"
        found = courses.get(course.course_id)
        if found is None:
            faults.append(Fault(f"{pointer}/course_id", "unknown", f"There is no course {course.course_id}."))
            continue
        if course.course_id in known:
            detail = f"{found['code']} is passed or brought already."
            faults.append(Fault(f"{pointer}/course_id", "already", detail))
            continue
        known.add(course.course_id)
        worth = worth_of(policy, course.outcome, course.original_grade, course.grade_points)
        if isinstance(worth, str):
            faults.append(Fault(f"{pointer}/original_grade", "not_enough", worth))
            continue
        lines.append(
            {
                "registration_id": command.registration_id,
                "term_id": command.term_id,
                "institution": command.institution.strip(),
                "original_course": course.original_course.strip(),
                "original_grade": course.original_grade.strip(),
                "course_id": course.course_id,
                "credits": found["credits"] if course.credits is None else course.credits,
                "outcome": course.outcome,
                "grade": worth.grade,
                "grade_points": worth.points,
            }
        )
    if faults:
        raise CaseInvalid(faults[0].detail, errors=faults)
    _check_share(policy, registration["credits_required"], taken, lines)
    return lines


def _check_share(
    policy: Policy, required: Decimal, taken: list[dict[str, Any]], lines: list[dict[str, Any]]
) -> None:
    def credits(rows: list[dict[str, Any]]) -> Decimal:
        return sum((row["credits"] for row in rows if row["outcome"] == "transfer"), Decimal(0))

    left = share_left(policy, required, credits(taken))
    if left is not None and credits(lines) > left:
        raise ShareExceeded(f"{credits(lines)} credits are asked for, {max(left, Decimal(0))} are left.")
