"""Approving a sheet: it closes, and its results are drafted in the same transaction."""

from __future__ import annotations

from sims_server.grading.operations import close_sheet_approved
from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_server.results.operations.cutting import check_cutoffs
from sims_server.results.operations.drafting import draft_results
from sims_shared.access import Permission
from sims_shared.grading import ApproveSheet, SheetStateView


@operation(Permission.APPROVE_SHEET, "sheets.approve")
def approve_sheet(work: Work, command: ApproveSheet) -> SheetStateView:
    """Approve a submitted sheet; drafts a result for every row."""
    standing = close_sheet_approved(work, command.section_id, command.rev)
    check_cutoffs(work, command.section_id)
    draft_results(work, command.section_id)
    return standing
