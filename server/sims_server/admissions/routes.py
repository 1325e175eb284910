"""Routes of admissions."""

from __future__ import annotations

from sims_server.admissions import operations, queries
from sims_server.kernel.http import command, listing, read
from sims_shared import admissions as a
from sims_shared.access import Permission
from sims_shared.people import CurrentRegistrationMoved, RegistrationNumberTaken

READ = Permission.READ_APPLICANTS
APPLICANT = "/api/applicants/{id:int}/"

routes = [
    listing("/api/applicants/", queries.APPLICANTS, a.ApplicantView, permission=READ),
    read(APPLICANT, queries.get_applicant, a.ApplicantView, permission=READ),
    command(
        "POST",
        "/api/applicants/",
        a.CreateApplicant,
        operations.create_applicant,
        a.ApplicantView,
        status=201,
        location=lambda view: f"/api/applicants/{view.id}/",
        refusals=(a.AppliedAlready,),
    ),
    command(
        "PATCH",
        APPLICANT,
        a.ChangeApplicant,
        operations.change_applicant,
        a.ApplicantView,
        locate=queries.access_applicant,
        view=queries.get_applicant,
        refusals=(a.AppliedAlready, a.ApplicantAdmitted),
    ),
    command(
        "DELETE",
        APPLICANT,
        a.DeleteApplicant,
        operations.delete_applicant,
        None,
        status=204,
        locate=queries.access_applicant,
        view=queries.get_applicant,
        refusals=(a.ApplicantKept,),
    ),
    command(
        "POST",
        f"{APPLICANT}transition/",
        a.TransitionApplicant,
        operations.transition_applicant,
        a.ApplicantView,
        locate=queries.access_applicant,
        refusals=(a.WrongApplicantState, a.ApplicantAdmitted, a.AppliedAlready),
    ),
    command(
        "POST",
        "/api/applicants/admit/",
        a.AdmitApplicants,
        operations.admit_applicants,
        a.AdmissionView,
        refusals=(a.AdmissionRefused, RegistrationNumberTaken, CurrentRegistrationMoved),
    ),
]
