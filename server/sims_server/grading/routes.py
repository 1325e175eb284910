"""Routes of assessments, scores and sheets. Approving a sheet is the results slice's route."""

from __future__ import annotations

from sims_server.grading.operations import assessments, plan, reminding, scores, sheets, sync
from sims_server.grading.queries import assessments as assessment_queries
from sims_server.grading.queries import revisions
from sims_server.grading.queries import scores as score_queries
from sims_server.grading.queries import sheets as sheet_queries
from sims_server.kernel.http import command, listing, read
from sims_shared import grading as g
from sims_shared.access import Permission
from sims_shared.messages import Page
from sims_shared.plan import PlanChanged, PlanView, WritePlan
from sims_shared.reminders import NobodyToRemind, RemindedLately, RemindTeachers, TeachersReminded
from sims_shared.revisions import SheetCompared, SheetRevisions

_ASSESSMENT = "/api/assessments/{id:int}/"
_SCORE = "/api/assessment-scores/{id:int}/"
_SHEET = "/api/sheets/{section_id:int}/"
_WRITING_ASSESSMENTS = (g.SheetClosed, g.NotYoursToEnter, g.AssessmentNameTaken, g.WeightsExceeded)
_WRITING_SCORES = (g.ScoreInvalid, g.SheetClosed, g.AssessmentLocked, g.NotYoursToEnter, g.RowClosed)

routes = [
    listing(
        "/api/assessments/",
        assessment_queries.ASSESSMENTS,
        g.AssessmentView,
        permission=Permission.READ_ASSESSMENTS,
    ),
    read(
        _ASSESSMENT,
        assessment_queries.get_assessment,
        g.AssessmentView,
        permission=Permission.READ_ASSESSMENTS,
    ),
    command(
        "POST",
        "/api/assessments/",
        g.CreateAssessment,
        assessments.create_assessment,
        g.AssessmentView,
        status=201,
        location=lambda view: f"/api/assessments/{view.id}/",
        refusals=_WRITING_ASSESSMENTS,
    ),
    command(
        "PATCH",
        _ASSESSMENT,
        g.ChangeAssessment,
        assessments.change_assessment,
        g.AssessmentView,
        locate=assessment_queries.access_assessment_to_change,
        view=assessment_queries.get_assessment,
        refusals=(*_WRITING_ASSESSMENTS, g.AssessmentLocked, g.ScoreInvalid),
    ),
    command(
        "DELETE",
        _ASSESSMENT,
        g.RemoveAssessment,
        assessments.remove_assessment,
        None,
        status=204,
        locate=assessment_queries.access_assessment_to_change,
        view=assessment_queries.get_assessment,
        refusals=(g.AssessmentInUse, g.SheetClosed, g.NotYoursToEnter),
    ),
    command(
        "POST",
        f"{_ASSESSMENT}release/",
        g.ReleaseAssessment,
        assessments.release_assessment,
        g.AssessmentView,
        locate=assessment_queries.access_assessment_to_manage,
        refusals=(g.NotYoursToEnter,),
    ),
    command(
        "POST",
        f"{_ASSESSMENT}lock/",
        g.LockAssessment,
        assessments.lock_assessment,
        g.AssessmentView,
        locate=assessment_queries.access_assessment_to_manage,
        refusals=(g.NotYoursToEnter,),
    ),
    command(
        "POST",
        f"{_ASSESSMENT}unlock/",
        g.UnlockAssessment,
        assessments.unlock_assessment,
        g.AssessmentView,
        locate=assessment_queries.access_assessment_to_unlock,
    ),
    listing("/api/assessment-scores/", score_queries.SCORES, g.ScoreView, permission=Permission.READ_SCORES),
    read(_SCORE, score_queries.get_score, g.ScoreView, permission=Permission.READ_SCORES),
    command(
        "POST",
        "/api/assessment-scores/",
        g.RecordScore,
        scores.record_score,
        g.ScoreView,
        status=201,
        location=lambda view: f"/api/assessment-scores/{view.id}/",
        refusals=(*_WRITING_SCORES, g.ScoreExists),
    ),
    command(
        "PATCH",
        _SCORE,
        g.ChangeScore,
        scores.change_score,
        g.ScoreView,
        locate=score_queries.access_score_to_change,
        view=score_queries.get_score,
        refusals=_WRITING_SCORES,
    ),
    command(
        "DELETE",
        _SCORE,
        g.ClearScore,
        scores.clear_score,
        None,
        status=204,
        locate=score_queries.access_score_to_change,
        view=score_queries.get_score,
        refusals=_WRITING_SCORES,
    ),
    read(
        "/api/sheets/",
        sheet_queries.list_sheets,
        Page[g.SheetSummary],
        permission=Permission.READ_SHEETS,
        parameters=sheet_queries.SheetQuery,
    ),
    command(
        "POST",
        "/api/sheets/remind/",
        RemindTeachers,
        reminding.remind_teachers,
        TeachersReminded,
        refusals=(g.SheetWrongState, NobodyToRemind, RemindedLately),
    ),
    read(_SHEET, sheet_queries.get_sheet, g.SheetView, permission=Permission.READ_SHEETS),
    read(
        f"{_SHEET}changes/",
        sync.pull_changes,
        g.SheetChanges,
        permission=Permission.READ_SHEETS,
        parameters=sheet_queries.ChangesQuery,
        changes=True,
        locate=sheet_queries.access_sheet_to_read,
        refusals=(g.DeviceOfAnother,),
    ),
    read(
        f"{_SHEET}revisions/",
        revisions.get_revisions,
        SheetRevisions,
        permission=Permission.READ_SHEETS,
    ),
    read(
        f"{_SHEET}compared/",
        revisions.compare_revisions,
        SheetCompared,
        permission=Permission.READ_SHEETS,
        parameters=revisions.ComparedQuery,
        locate=sheet_queries.access_sheet_to_read,
    ),
    command(
        "POST",
        f"{_SHEET}sync/",
        g.SyncBatch,
        sync.sync_sheet,
        g.SyncAnswer,
        locate=sheet_queries.access_sheet_ever_taught,
        decode=sync.read_push,
        # A little more than a batch may have, so that the refusal is ours and says what the limit is.
        body_limit=g.MAX_BATCH_BYTES + 64 * 1024,
        refusals=(g.MutationReused, g.MutationGap, g.DeviceOfAnother, g.ProtocolUnsupported, g.BatchTooLarge),
    ),
    command(
        "POST",
        f"{_SHEET}plan/",
        WritePlan,
        plan.write_plan,
        PlanView,
        locate=assessment_queries.access_plan,
        refusals=(
            PlanChanged,
            *_WRITING_ASSESSMENTS,
            g.AssessmentLocked,
            g.AssessmentInUse,
            g.ScoreInvalid,
        ),
    ),
    command(
        "POST",
        f"{_SHEET}submit/",
        g.SubmitSheet,
        sheets.submit_sheet,
        g.SheetStateView,
        locate=sheet_queries.access_sheet_to_submit,
        refusals=(g.SheetStale, g.DevicesUnsynced, g.SheetWrongState, g.NotTheLead),
    ),
    command(
        "POST",
        f"{_SHEET}return/",
        g.ReturnSheet,
        sheets.return_sheet,
        g.SheetStateView,
        locate=sheet_queries.access_sheet_to_return,
        refusals=(g.SheetWrongState, g.OwnSheet),
    ),
]
