"""The way of a sheet: submitted by its lead, approved by who does not teach it, returned with a reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sims_server.grading import rules
from sims_server.grading.queries import sheets as queries
from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_shared.access import Permission
from sims_shared.grading import OwnSheet, ReturnSheet, SheetStateView, SubmitSheet
from sims_shared.problems import NotFound


@operation(Permission.SUBMIT_SHEET, "sheets.submit")
def submit_sheet(work: Work, command: SubmitSheet) -> SheetStateView:
    """Hand a sheet in; lists what is missing."""
    sheet = queries.lock_sheet(work, command.section_id)
    rules.check_submit(
        sheet["state"],
        sheet["rev"],
        command.rev,
        queries.role_in_section(work, command.section_id),
        queries.waiting_devices(work, command.section_id),
        command.acknowledge,
    )
    work.run(
        "UPDATE sheet SET state = 'submitted', submitted_by = %(me)s, submitted_at = %(now)s, "
        "return_reason = %(note)s WHERE section_id = %(id)s",
        id=command.section_id,
        me=work.caller.id,
        now=work.now,
        note=command.note,
    )
    return _standing(work, sheet, "submitted", missing=True)


@operation(Permission.RETURN_SHEET, "sheets.return")
def return_sheet(work: Work, command: ReturnSheet) -> SheetStateView:
    """Open a submitted or approved sheet again, with a reason; drafts made from it become stale."""
    sheet = queries.lock_sheet(work, command.section_id)
    rules.check_return(sheet["state"], teaching=queries.role_in_section(work, command.section_id) is not None)
    work.run(
        "UPDATE sheet SET state = 'open', submitted_by = NULL, submitted_at = NULL, approved_by = NULL, "
        "approved_at = NULL, return_reason = %(reason)s WHERE section_id = %(id)s",
        id=command.section_id,
        reason=command.reason,
    )
    return _standing(work, sheet, "open")


def close_sheet_approved(work: Work, section_id: int, rev: int) -> SheetStateView:
    """Approve the sheet as the caller saw it (`rev`), within the transaction of the results slice's own
    operation, which then drafts the results. The sheet stays locked until that commits.

    Raises: NotFound, OwnSheet, SheetWrongState, SheetStale."""
    sheet = queries.lock_sheet(work, section_id)
    rules.check_approve(
        sheet["state"],
        sheet["rev"],
        rev,
        teaching=queries.role_in_section(work, section_id) is not None,
        submitted_by=sheet["submitted_by"],
        caller=work.caller.id,
    )
    _check_own_power(work, section_id, sheet["submitted_by"])
    work.run(
        "UPDATE sheet SET state = 'approved', approved_by = %(me)s, approved_at = %(now)s "
        "WHERE section_id = %(id)s",
        id=section_id,
        me=work.caller.id,
        now=work.now,
    )
    return _standing(work, sheet, "approved")


def _check_own_power(work: Work, section_id: int, submitted_by: int | None) -> None:
    """Raises OwnSheet for who may approve it only in the place of somebody who submitted or teaches it."""
    lenders = frozenset({*queries.teachers_of(work, section_id), submitted_by or 0})
    own = work.caller.without_lent_by(lenders)
    if own is work.caller:
        return
    try:
        queries.access_sheet_to_approve(replace(work, caller=own), section_id)
    except NotFound as error:
        raise OwnSheet("You would approve it in the place of somebody who teaches it.") from error


def _standing(work: Work, sheet: dict[str, Any], state: str, *, missing: bool = False) -> SheetStateView:
    return SheetStateView(
        section_id=sheet["section_id"],
        state=state,
        rev=sheet["rev"],
        missing=queries.missing_marks(work, sheet["section_id"]) if missing else [],
    )
