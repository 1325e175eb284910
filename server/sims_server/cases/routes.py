"""Routes of cases, of credit from elsewhere, and of incompletes."""

from __future__ import annotations

from functools import partial

from sims_server.cases import queries
from sims_server.cases.operations import (
    deciding,
    extending,
    filing,
    hearing,
    incompletes,
    lapsing,
    moving,
    opening,
    proposing,
    transferring,
)
from sims_server.kernel.http import File, command, listing, read, upload
from sims_shared import cases as c
from sims_shared import people as p
from sims_shared import results as r
from sims_shared.access import Permission
from sims_shared.problems import NotFound, NotPermitted

# Imported for the jobs and the schedule that it registers.
REGISTER = (lapsing,)
READ = Permission.READ_CASES
CASE = "/api/cases/{id:int}/"
CHANGE = "/api/pending-changes/{id:int}/"
TRANSFER = "/api/transfers/{id:int}/"
GRANT = "/api/enrollments/{id:int}/incomplete/"
_PROPOSING = (
    c.CaseInvalid,
    c.CaseOpen,
    c.ResultsAwaited,
    r.ChangeInvalid,
    r.ChangePending,
    r.ResultsWrongState,
    NotFound,
)
_DECIDING = (r.OwnRequest, r.AlreadyDecided, r.NotThisStage, r.ResultMoved, c.CaseWrongState, NotFound)

# Both kinds of evidence are filed and opened alike, whatever they are kept with.
_filing = partial(
    upload,
    status=201,
    body_limit=c.EVIDENCE_MOST + 64 * 1024,
    refusals=(c.CaseWrongState, c.EvidenceInvalid, c.EvidenceFiled),
)
_as_filed = partial(read, reply=File, media_type="application/octet-stream")

routes = [
    listing("/api/cases/", queries.CASES, c.CaseLine, permission=READ),
    read(CASE, queries.get_case, c.CaseView, permission=READ),
    command(
        "POST",
        "/api/cases/",
        c.OpenCase,
        opening.open_case,
        c.CaseView,
        status=201,
        location=lambda view: f"/api/cases/{view.id}/",
        refusals=(*_PROPOSING, c.WindowClosed, c.NoGrace, NotPermitted),
    ),
    command(
        "POST",
        f"{CASE}propose/",
        c.ProposeCase,
        proposing.propose_case,
        c.CaseView,
        locate=queries.see_case,
        refusals=(*_PROPOSING, c.CaseWrongState),
    ),
    command(
        "POST",
        f"{CASE}approve/",
        c.DecideCase,
        deciding.decide_case,
        c.CaseView,
        locate=queries.see_case,
        refusals=(
            *_DECIDING,
            r.ChangeInvalid,
            r.SheetNotApproved,
            r.ResultStale,
            r.ScoresMissing,
            r.WeightsIncomplete,
        ),
    ),
    command(
        "POST",
        f"{CASE}withdraw/",
        c.WithdrawCase,
        opening.withdraw_case,
        c.CaseView,
        locate=queries.see_case,
        refusals=(c.CaseWrongState, NotPermitted),
    ),
    read(
        f"{CASE}impact/",
        deciding.get_case_impact,
        r.JointImpact,
        permission=READ,
        refusals=(NotPermitted, r.ChangeInvalid),
    ),
    read(f"{CASE}evidence/", queries.list_evidence, c.EvidenceList, permission=READ),
    _filing(
        f"{CASE}evidence/",
        filing.file_evidence,
        c.FileEvidence,
        c.EvidenceView,
        locate=queries.see_case,
        location=lambda view: f"/api/cases/{view.case_id}/evidence/{view.id}/",
    ),
    _as_filed(f"{CASE}evidence/{{evidence_id:int}}/", queries.open_evidence, permission=READ),
    read(
        f"{CHANGE}evidence/",
        queries.list_change_evidence,
        c.ChangeEvidenceList,
        permission=Permission.READ_RESULTS,
    ),
    _filing(
        f"{CHANGE}evidence/",
        filing.file_change_evidence,
        c.FileChangeEvidence,
        c.ChangeEvidenceView,
        locate=queries.see_change,
        location=lambda view: f"/api/pending-changes/{view.change_id}/evidence/{view.id}/",
    ),
    _as_filed(
        f"{CHANGE}evidence/{{evidence_id:int}}/",
        queries.open_change_evidence,
        permission=Permission.READ_RESULTS,
    ),
    listing("/api/transfers/", queries.TRANSFERS, c.TransferView, permission=READ),
    read(TRANSFER, queries.get_transfer, c.TransferView, permission=READ),
    command(
        "POST",
        "/api/transfers/",
        c.RequestTransfer,
        transferring.request_transfer,
        c.TransferView,
        status=201,
        locate=transferring.access_transfers,
        location=lambda view: f"/api/transfers/{view.id}/",
        refusals=(c.CaseInvalid, c.ShareExceeded, NotFound, NotPermitted),
    ),
    command(
        "POST",
        f"{TRANSFER}approve/",
        c.DecideCase,
        deciding.decide_transfer,
        c.TransferView,
        locate=queries.see_transfer,
        refusals=_DECIDING,
    ),
    listing("/api/incompletes/", queries.INCOMPLETES, c.IncompleteView, permission=Permission.READ_RESULTS),
    read(
        "/api/incompletes/{id:int}/",
        queries.get_incomplete,
        c.IncompleteView,
        permission=Permission.READ_RESULTS,
    ),
    command(
        "POST",
        "/api/incompletes/{id:int}/extend/",
        c.ExtendIncomplete,
        extending.extend_incomplete,
        c.IncompleteView,
        locate=queries.access_incomplete,
        refusals=(c.IncompleteEnded,),
    ),
    command(
        "POST",
        f"{CASE}hearings/",
        c.RecordHearing,
        hearing.record_hearing,
        c.CaseView,
        status=201,
        locate=queries.see_case,
        refusals=(c.CaseInvalid, c.CaseWrongState),
    ),
    command(
        "POST",
        "/api/registrations/move/",
        p.MoveRegistrations,
        moving.move_registrations,
        p.RegistrationsMoved,
        refusals=(p.RegistrationsDeclared, p.RegulationUnfit),
    ),
    command(
        "POST",
        "/api/registrations/preview-move/",
        p.PreviewMove,
        moving.preview_move,
        p.RegistrationsMoved,
        refusals=(p.RegulationUnfit, p.RegistrationsDeclared),
    ),
    read(GRANT, incompletes.get_granted, c.IncompleteGranted, permission=Permission.ENTER_SCORES),
    command(
        "POST",
        GRANT,
        c.GrantIncomplete,
        incompletes.grant_incomplete,
        c.IncompleteGranted,
        locate=incompletes.access_enrollment_to_grade,
        refusals=(c.IncompleteTooLate, c.CaseInvalid),
    ),
    command(
        "DELETE",
        GRANT,
        c.RevokeIncomplete,
        incompletes.revoke_incomplete,
        None,
        status=204,
        locate=incompletes.access_enrollment_to_grade,
        refusals=(c.IncompleteTooLate,),
    ),
]
