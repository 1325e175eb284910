"""Routes of results. Approving a sheet is here and not with grading, because it drafts the results."""

from __future__ import annotations

from sims_server.grading.queries.sheets import access_sheet_to_submit
from sims_server.kernel.http import command, listing, read
from sims_server.results.operations.approving import approve_sheet
from sims_server.results.operations.changing import decide_change, request_change
from sims_server.results.operations.cutting import propose_cutoffs
from sims_server.results.operations.previewing import preview_change
from sims_server.results.operations.publishing import freeze_results, publish_results
from sims_server.results.operations.withholding import release_results, withhold_results
from sims_server.results.queries import changes, cutting, explaining, lists, overview, versions
from sims_shared import results as r
from sims_shared.access import OtpInvalid, OtpWanted, Permission, TooManyAttempts
from sims_shared.cases import CaseUndecided
from sims_shared.cutoffs import CutoffsInvalid, CutoffsOutOfReach, ProposeCutoffs, SheetCutoffs
from sims_shared.grading import (
    ApproveSheet,
    NotTheLead,
    OwnSheet,
    SheetStale,
    SheetStateView,
    SheetWrongState,
)
from sims_shared.problems import OneTimeCodeNeeded
from sims_shared.result_versions import ResultVersions

READ = Permission.READ_RESULTS
_DECLARING = (
    r.ResultsWrongState,
    r.WeightsIncomplete,
    r.ScoresMissing,
    r.SheetNotApproved,
    r.ResultStale,
    r.SeveralTerms,
)
_CUTOFFS = "/api/sheets/{section_id:int}/cutoffs/"
_STUDENT = "/api/students/{id:int}/explain/"

routes = [
    command(
        "POST",
        "/api/sheets/{section_id:int}/approve/",
        ApproveSheet,
        approve_sheet,
        SheetStateView,
        locate=lists.access_sheet_to_approve,
        refusals=(SheetStale, SheetWrongState, OwnSheet, CutoffsOutOfReach),
    ),
    read(
        _CUTOFFS,
        cutting.get_cutoffs,
        SheetCutoffs,
        permission=Permission.READ_SHEETS,
    ),
    command(
        "POST",
        _CUTOFFS,
        ProposeCutoffs,
        propose_cutoffs,
        SheetCutoffs,
        locate=access_sheet_to_submit,
        refusals=(NotTheLead, SheetWrongState, SheetStale, CutoffsInvalid),
    ),
    listing("/api/results/", lists.RESULTS, r.ResultView, permission=READ),
    read("/api/results/{id:int}/", lists.get_result, r.ResultView, permission=READ),
    # Of whoever reads the sheet: a student is shown what was declared, not how it came to be.
    read(
        "/api/results/{id:int}/versions/",
        versions.get_result_versions,
        ResultVersions,
        permission=Permission.READ_SHEETS,
    ),
    listing("/api/term-results/", lists.TERM_RESULTS, r.TermResultView, permission=READ),
    read("/api/term-results/{id:int}/", lists.get_term_result, r.TermResultView, permission=READ),
    listing("/api/notifications-of-result/", lists.NOTIFICATIONS, r.NotificationView, permission=READ),
    read(
        "/api/notifications-of-result/{id:int}/", lists.get_notification, r.NotificationView, permission=READ
    ),
    listing("/api/pending-changes/", changes.CHANGES, r.PendingChangeView, permission=READ),
    read("/api/pending-changes/{id:int}/", changes.get_change, r.PendingChangeView, permission=READ),
    command(
        "POST",
        "/api/results/publish/",
        r.PublishResults,
        publish_results,
        r.ResultsPublished,
        refusals=(*_DECLARING, OneTimeCodeNeeded, OtpWanted, OtpInvalid, TooManyAttempts),
    ),
    command(
        "POST",
        "/api/results/withhold/",
        r.WithholdResults,
        withhold_results,
        r.ResultsWithheld,
        refusals=(r.ResultsWrongState,),
    ),
    command(
        "POST",
        "/api/results/release/",
        r.ReleaseResults,
        release_results,
        r.ResultsReleased,
        refusals=(*_DECLARING, CaseUndecided),
    ),
    command(
        "POST",
        "/api/results/freeze/",
        r.FreezeResults,
        freeze_results,
        r.ResultsFrozen,
        refusals=(r.ResultsWrongState,),
    ),
    command(
        "POST",
        "/api/results/change-request/",
        r.RequestChange,
        request_change,
        r.PendingChangeView,
        status=201,
        location=lambda view: f"/api/pending-changes/{view.id}/",
        refusals=(r.ResultsWrongState, r.ChangePending, r.ChangeInvalid),
    ),
    command(
        "POST",
        "/api/results/approve-change/",
        r.DecideChange,
        decide_change,
        r.PendingChangeView,
        refusals=(r.OwnRequest, r.AlreadyDecided, r.ChangeInCase, r.NotThisStage, r.ResultMoved),
    ),
    command(
        "POST",
        "/api/results/preview-change/",
        r.PreviewChange,
        preview_change,
        r.ChangeImpact,
        refusals=(r.ResultsWrongState, r.ChangePending, r.ChangeInvalid),
    ),
    read(
        "/api/results/overview/",
        overview.get_term_progress,
        r.TermProgress,
        permission=Permission.PUBLISH_RESULTS,
        parameters=overview.TermQuery,
    ),
    read(
        "/api/results/exceptions/",
        overview.list_exceptions,
        r.ExceptionList,
        permission=Permission.PUBLISH_RESULTS,
        parameters=overview.ScopeQuery,
    ),
    read(
        _STUDENT + "cgpa/",
        explaining.explain_cgpa,
        r.CgpaExplained,
        permission=READ,
        parameters=explaining.WhichRegistration,
    ),
    read(_STUDENT + "result/{result_id:int}/", explaining.explain_result, r.ResultExplained, permission=READ),
]
