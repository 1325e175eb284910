"""Routes of results."""

from __future__ import annotations

from sims_server.kernel.http import command, listing, read
from sims_server.results import queries
from sims_server.results.operations.approving import approve_sheet
from sims_server.results.operations.publishing import freeze_results, publish_results
from sims_server.results.operations.withholding import release_results, withhold_results
from sims_shared.access import Permission
from sims_shared.grading import ApproveSheet, OwnSheet, SheetStale, SheetStateView, SheetWrongState
from sims_shared.results import (
    FreezeResults,
    NotificationView,
    PublishResults,
    ReleaseResults,
    ResultsFrozen,
    ResultsPublished,
    ResultsReleased,
    ResultStale,
    ResultsWithheld,
    ResultsWrongState,
    ResultView,
    ScoresMissing,
    SeveralTerms,
    SheetNotApproved,
    TermResultView,
    WeightsIncomplete,
    WithholdResults,
)  # fmt: skip

READ = Permission.READ_RESULTS
_DECLARING = (ResultsWrongState, WeightsIncomplete, ScoresMissing, SheetNotApproved, ResultStale, SeveralTerms)

routes = [
    command(
        "POST", "/api/sheets/{section_id:int}/approve/", ApproveSheet, approve_sheet, SheetStateView,
        locate=queries.access_sheet_to_approve, refusals=(SheetStale, SheetWrongState, OwnSheet),
    ),
    listing("/api/results/", queries.RESULTS, ResultView, permission=READ),
    read("/api/results/{id:int}/", queries.get_result, ResultView, permission=READ),
    listing("/api/term-results/", queries.TERM_RESULTS, TermResultView, permission=READ),
    read("/api/term-results/{id:int}/", queries.get_term_result, TermResultView, permission=READ),
    listing("/api/notifications-of-result/", queries.NOTIFICATIONS, NotificationView, permission=READ),
    read("/api/notifications-of-result/{id:int}/", queries.get_notification, NotificationView, permission=READ),
    command("POST", "/api/results/publish/", PublishResults, publish_results, ResultsPublished, refusals=_DECLARING),
    command("POST", "/api/results/withhold/", WithholdResults, withhold_results, ResultsWithheld, refusals=(ResultsWrongState,)),
    command("POST", "/api/results/release/", ReleaseResults, release_results, ResultsReleased, refusals=_DECLARING),
    command("POST", "/api/results/freeze/", FreezeResults, freeze_results, ResultsFrozen, refusals=(ResultsWrongState,)),
]  # fmt: skip
