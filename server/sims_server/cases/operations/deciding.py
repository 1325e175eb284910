"""Deciding a case, in order, and carrying out what was decided in the same transaction.

Every approval of a case is an approval of each change in it: a head's of the changes in the own
department, the last one's of all. One refusal ends the whole case.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sims_server.cases.model import academic_case, case_approval
from sims_server.cases.operations.proposing import sentence_of
from sims_server.cases.queries import (
    access_case,
    changes_of,
    credits_of_case,
    departments_waiting,
    get_case,
    get_transfer,
    results_of,
    see_case_as_staff,
)
from sims_server.kernel.actor import Caller
from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_server.people.operations import order_registration_status
from sims_server.results.operations.applying import apply_changes
from sims_server.results.operations.changing import capacity_of
from sims_server.results.operations.foreseeing import joint_impact
from sims_server.results.operations.penalising import carry_out_on_drafts, sentence
from sims_server.results.operations.transferring import bring_credits, impact_of_credits
from sims_server.results.operations.wanting import Wanted, values_stored
from sims_server.results.queries.lists import result_rows
from sims_shared.access import Permission
from sims_shared.cases import CaseView, CaseWrongState, DecideCase, TransferView
from sims_shared.people import OrderRegistrationStatus
from sims_shared.problems import Fault, InvalidInput, NotFound
from sims_shared.results import AlreadyDecided, JointImpact, NotThisStage, OwnRequest, ResultMoved

_APPROVE_CHANGES = """
INSERT INTO change_approval (change_id, stage, approver_id, requester_id, capacity, approved, reason)
SELECT p.id, %(stage)s, %(me)s, p.requested_by, %(capacity)s, %(approved)s, %(reason)s
  FROM pending_change p JOIN result r ON r.id = p.result_id JOIN course c ON c.id = r.course_id
 WHERE p.case_id = %(case)s AND (%(stage)s = 2 OR c.department_id = %(department)s) ORDER BY p.id
"""
_DECIDE_CHANGES = """
UPDATE pending_change SET status = %(status)s, resolved_at = %(now)s WHERE case_id = %(case)s
"""


@operation(Permission.APPROVE_CHANGE, "cases.decide")
def decide_case(work: Work, command: DecideCase) -> CaseView:
    """Approve or reject a case: heads or deans first, then the examination cell or the registrar."""
    about = access_case(work, command.id)
    if about["kind"] == "transfer":
        raise CaseWrongState("Credit from elsewhere is decided as a transfer.")
    _decide(work, about, command)
    return get_case(work, command.id)


@operation(Permission.APPROVE_CHANGE, "transfers.decide")
def decide_transfer(work: Work, command: DecideCase) -> TransferView:
    """Approve or reject credit from elsewhere: the program's head or dean, then registrar or exam cell."""
    about = access_case(work, command.id)
    if about["kind"] != "transfer":
        raise NotFound
    _decide(work, about, command)
    return get_transfer(work, command.id)


def _decide(work: Work, about: dict[str, Any], command: DecideCase) -> None:
    me = work.caller.id
    if me in (about["requested_by"], about["proposed_by"]):
        raise OwnRequest
    if about["state"] in ("applied", "rejected", "withdrawn"):
        raise AlreadyDecided(f"This case is {about['state']}.")
    if about["state"] == "requested" and command.approved:
        raise CaseWrongState("Nothing is proposed yet that could be approved.")
    own = work.caller.without_lent_by(frozenset({about["requested_by"], about["proposed_by"] or 0}))
    try:
        stage, capacities = _turn(work, about, own)
    except NotThisStage:
        _turn(work, about, work.caller)
        raise OwnRequest("You would decide in the place of the person who asked.") from None
    reason = (command.reason or "").strip()
    changes = changes_of(work, about["id"])
    if command.approved and any(_moved(change) for change in changes):
        raise ResultMoved("A result changed since; reject the case and propose anew.")
    if not command.approved and not reason:
        detail = "A rejection needs a reason."
        raise InvalidInput(detail, errors=[Fault("/reason", "missing", detail)])
    for department_id, capacity in capacities:
        values = {"stage": stage, "capacity": capacity, "approved": command.approved, "reason": reason}
        work.insert(
            case_approval,
            {"case_id": about["id"], "department_id": department_id, "approver_id": me, **values},
        )
        work.run(_APPROVE_CHANGES, case=about["id"], me=me, department=department_id, **values)
    if not command.approved:
        work.run(_DECIDE_CHANGES, case=about["id"], status="rejected", now=work.now)
        work.update(academic_case, about["id"], {"state": "rejected", "resolved_at": work.now})
    elif stage == 2:
        work.run(_DECIDE_CHANGES, case=about["id"], status="approved", now=work.now)
        work.update(academic_case, about["id"], {"state": "applied", "resolved_at": work.now})
        _carry_out(work, about, [change["id"] for change in changes])


def _turn(work: Work, about: dict[str, Any], caller: Caller) -> tuple[int, list[tuple[int | None, str]]]:
    """The stage, and as whom the caller decides at it: (department, capacity), once for each department."""
    waiting = departments_waiting(work, about["id"])
    if about["state"] == "proposed" and waiting:
        found: list[tuple[int | None, str]] = []
        for department_id in waiting:
            capacity = capacity_of(caller, 1, department_id)
            if capacity is not None:
                found.append((department_id, capacity))
        if not found:
            raise NotThisStage("It waits for a head or dean of a department concerned.", stage=1)
        return 1, found
    capacity = capacity_of(caller, 2, 0)
    if capacity is None:
        raise NotThisStage("It waits for the examination cell or the registrar.", stage=2)
    if work.value(
        "SELECT true FROM case_approval WHERE case_id = %(id)s AND approver_id = %(me)s",
        id=about["id"],
        me=work.caller.id,
    ):
        raise NotThisStage("The second approval is another person's.", stage=2)
    return 2, [(None, capacity)]


def _moved(change: dict[str, Any]) -> bool:
    # A freeze in between moves the version and nothing else.
    return change["base_version"] not in (
        change["version"],
        change["version"] - (change["state"] == "frozen"),
    )


def _carry_out(work: Work, about: dict[str, Any], change_ids: list[int]) -> None:
    """The case is applied already, in this transaction."""
    if about["kind"] == "transfer":
        bring_credits(work, about["id"], credits_of_case(work, about["id"]))
        return
    if change_ids:
        apply_changes(work, change_ids, {"case_id": about["id"], "case_kind": about["kind"]})
    if about["kind"] != "unfair_means":
        return
    decision = about["decision"]
    note = f"case {about['id']}: {decision['penalty']}, {about['authority']}"
    carry_out_on_drafts(work, results_of(work, about["id"]), sentence_of(decision), note)
    suspension = decision.get("suspension")
    if suspension is not None:
        order_registration_status(
            work,
            OrderRegistrationStatus(
                id=about["registration_id"],
                status="suspended",
                effective_on=date.fromisoformat(suspension["effective_on"]),
                order_no=suspension["order_no"],
                reason=f"Unfair means: {about['authority']}",
            ),
        )


def get_case_impact(work: Work, id: int) -> JointImpact:
    """What would follow if this case were applied now: every result, every record, every document."""
    about = see_case_as_staff(work, id)
    if about["state"] != "proposed":
        return JointImpact(results=[], records=[], supersedes=[])  # nothing is waiting to be signed
    if about["kind"] == "transfer":
        return impact_of_credits(work, credits_of_case(work, id))
    changes = work.rows(
        "SELECT result_id, new_values, new_total, new_grade FROM pending_change WHERE case_id = %(id)s", id=id
    )
    rows = result_rows(work, results_of(work, id))
    wanted = [Wanted(rows[change["result_id"]], values_stored(change)) for change in changes]
    if about["kind"] == "unfair_means":
        decided = sentence_of(about["decision"])
        for row in rows.values():
            judged = sentence(work, row, decided) if row["state"] == "draft" else None
            if judged is not None:
                wanted.append(judged.wanted)
    if not wanted:
        return JointImpact(results=[], records=[], supersedes=[])
    return joint_impact(work, wanted)
