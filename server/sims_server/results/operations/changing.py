"""Changing what was published: asked for by one, approved by two others, in order, and then applied to
exactly what they approved.

The new values are computed when the change is asked for and stand in the request; the second approval
applies those and nothing else, and the database holds both to it.
"""

from __future__ import annotations

from sims_server.kernel.actor import Caller
from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_server.results.model import change_approval, pending_change
from sims_server.results.operations.applying import apply_changes
from sims_server.results.operations.foreseeing import joint_impact, single_impact
from sims_server.results.operations.wanting import check_said_truly, record_change, want_change
from sims_server.results.queries.changes import access_change, get_change
from sims_shared.access import Permission
from sims_shared.problems import Fault, InvalidInput
from sims_shared.results import (
    AlreadyDecided,
    ChangeImpact,
    ChangeInCase,
    DecideChange,
    NotThisStage,
    OwnRequest,
    PendingChangeView,
    PreviewChange,
    RequestChange,
    ResultMoved,
)


@operation(Permission.REQUEST_CHANGE, "results.request_change")
def request_change(work: Work, command: RequestChange) -> PendingChangeView:
    """Ask for a change of a published result, to a grade or by marks."""
    wanted = want_change(work, command.result_id, command.new_grade, command.scores)
    impact = single_impact(joint_impact(work, [wanted]), command.result_id)
    return get_change(
        work, record_change(work, wanted, impact, reason=command.reason, evidence=command.evidence)
    )


def impact_of_change(work: Work, command: PreviewChange) -> ChangeImpact:
    """What such a change would do; refused as asking for it would be."""
    wanted = want_change(work, command.result_id, command.new_grade, command.scores)
    return single_impact(joint_impact(work, [wanted]), command.result_id)


@operation(Permission.APPROVE_CHANGE, "results.approve_change")
def decide_change(work: Work, command: DecideChange) -> PendingChangeView:
    """Approve or reject a change: first a head or dean, then the exam cell or registrar."""
    change = access_change(work, command.change_id)
    if change["requested_by"] == work.caller.id:
        raise OwnRequest
    stage = 2 if change["first_approver"] is not None else 1
    capacity = capacity_of(work.caller, stage, change["department_id"])
    own = work.caller.without_lent_by(frozenset({change["requested_by"]}))
    if capacity is not None and capacity_of(own, stage, change["department_id"]) is None:
        raise OwnRequest("You would decide in the place of the person who asked.")
    if change["status"] != "pending":
        raise AlreadyDecided(f"This change is {change['status']}.")
    if change["case_id"] is not None:
        raise ChangeInCase(f"Decide case {change['case_id']}.", case_id=change["case_id"])
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
    if command.approved:
        check_said_truly(work, change)
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
        apply_changes(work, [change["id"]], {"change_id": change["id"]})
    return get_change(work, change["id"])


def capacity_of(caller: Caller, stage: int, department_id: int) -> str | None:
    """In which capacity the caller decides at this stage; None when it is not theirs."""
    if stage == 1:
        return next((role for role in ("head", "dean") if department_id in caller.departments_as(role)), None)
    return next((role for role in ("exam_cell", "registrar") if role in caller.roles), None)
