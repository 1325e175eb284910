"""Routes of corrections of names."""

from __future__ import annotations

from sims_server.kernel.http import File, command, listing, read, upload
from sims_server.naming import operations, queries
from sims_server.people.queries import access_student
from sims_shared.access import Permission
from sims_shared.cases import EVIDENCE_MOST, EvidenceInvalid
from sims_shared.naming import (
    CorrectName,
    DecideName,
    NameCorrectionView,
    NameDecided,
    NameMoved,
    NameNeedsSecondPerson,
    NamePending,
    WithdrawName,
)
from sims_shared.problems import NotPermitted

READ = Permission.CONFIRM_NAME
CORRECTION = "/api/name-corrections/{id:int}/"

routes = [
    upload(
        "/api/students/{id:int}/correct-name/",
        operations.correct_name,
        CorrectName,
        NameCorrectionView,
        status=201,
        locate=access_student,
        body_limit=EVIDENCE_MOST + 64 * 1024,
        location=lambda view: f"/api/name-corrections/{view.id}/",
        refusals=(NamePending, EvidenceInvalid),
    ),
    listing("/api/name-corrections/", queries.CORRECTIONS, NameCorrectionView, permission=READ),
    read(CORRECTION, queries.get_correction, NameCorrectionView, permission=READ),
    read(
        f"{CORRECTION}evidence/",
        queries.open_evidence,
        permission=READ,
        reply=File,
        media_type="application/octet-stream",
    ),
    command(
        "POST",
        f"{CORRECTION}decide/",
        DecideName,
        operations.decide_name,
        NameCorrectionView,
        locate=queries.access_correction,
        refusals=(NameNeedsSecondPerson, NameDecided, NameMoved),
    ),
    command(
        "POST",
        f"{CORRECTION}withdraw/",
        WithdrawName,
        operations.withdraw_name,
        NameCorrectionView,
        locate=queries.access_correction,
        refusals=(NameDecided, NotPermitted),
    ),
]
