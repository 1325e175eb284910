"""Routes of sections and enrollments."""

from __future__ import annotations

from sims_server.enrollment import operations, queries
from sims_server.kernel.http import command, listing, read
from sims_shared import enrollment as e
from sims_shared.access import ColleagueView, Permission

_ENROLLING = (
    e.AlreadyEnrolled,
    e.EnrollmentClosed,
    e.SectionFull,
    e.PrerequisiteMissing,
    e.EnrollmentHeld,
    e.EnrollmentSheetClosed,
    e.SectionCancelled,
    e.NotRegistered,
)

routes = [
    listing("/api/sections/", queries.SECTIONS, e.SectionView, permission=Permission.READ_CATALOG),
    # Whoever makes a section chooses its teachers by name, and reads no accounts for that.
    listing("/api/sections/teachers/", queries.TEACHERS, ColleagueView, permission=Permission.MANAGE_CATALOG),
    read("/api/sections/{id:int}/", queries.get_section, e.SectionView, permission=Permission.READ_CATALOG),
    command(
        "POST",
        "/api/sections/",
        e.CreateSection,
        operations.create_section,
        e.SectionView,
        status=201,
        location=lambda view: f"/api/sections/{view.id}/",
        refusals=(e.SectionCodeTaken, e.StaffInvalid),
    ),
    command(
        "PATCH",
        "/api/sections/{id:int}/",
        e.ChangeSection,
        operations.change_section,
        e.SectionView,
        locate=queries.get_section,
        view=queries.get_section,
        refusals=(e.SectionCodeTaken, e.StaffInvalid, e.CapacityBelowSeats),
    ),
    command(
        "DELETE",
        "/api/sections/{id:int}/",
        e.RemoveSection,
        operations.remove_section,
        None,
        status=204,
        locate=queries.get_section,
        view=queries.get_section,
        refusals=(e.SectionInUse,),
    ),
    command(
        "POST",
        "/api/sections/{section_id:int}/enroll/",
        e.EnrollStudent,
        operations.enroll_student,
        e.EnrollmentView,
        status=201,
        locate=queries.access_section_to_enroll,
        finds_itself=True,
        location=lambda view: f"/api/enrollments/{view.id}/",
        refusals=_ENROLLING,
    ),
    listing(
        "/api/enrollments/", queries.ENROLLMENTS, e.EnrollmentView, permission=Permission.READ_ENROLLMENTS
    ),
    listing(
        "/api/enrollments/overrides/",
        queries.OVERRIDES,
        e.OverrideView,
        permission=Permission.READ_OVERRIDES,
    ),
    read(
        "/api/enrollments/{id:int}/",
        queries.get_enrollment,
        e.EnrollmentView,
        permission=Permission.READ_ENROLLMENTS,
    ),
    command(
        "POST",
        "/api/enrollments/",
        e.EnrollStudent,
        operations.enroll_student,
        e.EnrollmentView,
        status=201,
        location=lambda view: f"/api/enrollments/{view.id}/",
        refusals=_ENROLLING,
    ),
    command(
        "POST",
        "/api/enrollments/{id:int}/drop/",
        e.DropEnrollment,
        operations.drop_enrollment,
        e.EnrollmentView,
        locate=queries.access_enrollment_to_end,
        finds_itself=True,
        refusals=(e.EnrollmentWrongState, e.EnrollmentSheetClosed, e.DropClosed),
    ),
    command(
        "POST",
        "/api/enrollments/{id:int}/withdraw/",
        e.WithdrawEnrollment,
        operations.withdraw_enrollment,
        e.EnrollmentView,
        locate=queries.access_enrollment_to_end,
        finds_itself=True,
        refusals=(e.EnrollmentWrongState, e.EnrollmentSheetClosed, e.WithdrawClosed),
    ),
    command(
        "POST",
        "/api/enrollments/{id:int}/bar/",
        e.BarEnrollment,
        operations.bar_enrollment,
        e.EnrollmentView,
        locate=queries.access_enrollment_to_end,
        finds_itself=True,
        refusals=(e.EnrollmentWrongState, e.EnrollmentSheetClosed),
    ),
    command(
        "POST",
        "/api/enrollments/{id:int}/reinstate/",
        e.ReinstateEnrollment,
        operations.reinstate_enrollment,
        e.EnrollmentView,
        locate=queries.access_enrollment_to_end,
        finds_itself=True,
        refusals=(e.EnrollmentWrongState, e.EnrollmentSheetClosed),
    ),
]
