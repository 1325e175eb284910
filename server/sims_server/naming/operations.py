"""What can be done about names: ask with the proof, confirm or reject as another person, take back."""

from __future__ import annotations

from sims_server.cases.operations.filing import keep_file, name_of_file
from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_server.naming import queries
from sims_server.naming.model import name_correction
from sims_server.naming.rules import check_decision, check_name_stands, check_wish, check_withdrawal
from sims_server.people.model import student
from sims_shared.access import Permission
from sims_shared.naming import CorrectName, DecideName, NameCorrectionView, WithdrawName


@operation(Permission.MANAGE_STUDENTS, "names.correct")
def correct_name(work: Work, command: CorrectName) -> NameCorrectionView:
    """Ask for another name, with what proves it. A second person confirms it."""
    from_name = queries.name_of(work, command.id)
    check_wish(from_name, command.name, command.name_native, command.reason)
    sha256 = keep_file(work, command.file)
    made = work.insert(
        name_correction,
        {
            "student_id": command.id,
            "from_name": from_name,
            "name": command.name.strip(),
            "name_native": command.name_native.strip() or None,
            "reason": command.reason.strip(),
            "sha256": sha256,
            "file_name": name_of_file(command.file_name),
            "size": len(command.file),
            "requested_by": work.caller.id,
            "requested_at": work.now,
        },
    )
    return queries.get_correction(work, made)


@operation(Permission.CONFIRM_NAME, "names.decide")
def decide_name(work: Work, command: DecideName) -> NameCorrectionView:
    """Confirm another name, which then stands, or reject it."""
    current = queries.get_correction(work, command.id)
    check_decision(
        current.status,
        current.requested_by.id,
        work.caller.id,
        approved=command.approved,
        reason=command.reason,
    )
    if command.approved:
        check_name_stands(current.from_name, queries.name_of(work, current.student_id))
    _decide(work, command.id, "confirmed" if command.approved else "rejected", command.reason)
    if command.approved:
        values = {"name": current.name}
        if current.name_native is not None:
            values["name_native"] = current.name_native
        work.update(student, current.student_id, values)
    return queries.get_correction(work, command.id)


@operation(Permission.MANAGE_STUDENTS, "names.withdraw")
def withdraw_name(work: Work, command: WithdrawName) -> NameCorrectionView:
    """Take back what one asked for oneself."""
    current = queries.get_correction(work, command.id)
    check_withdrawal(current.status, current.requested_by.id, work.caller.id)
    _decide(work, command.id, "withdrawn", "")
    return queries.get_correction(work, command.id)


def _decide(work: Work, id: int, status: str, reason: str) -> None:
    work.update(
        name_correction,
        id,
        {
            "status": status,
            "decided_by": work.caller.id,
            "decided_at": work.now,
            "decision_reason": reason.strip(),
        },
    )
