"""Routes of students and registrations."""

from __future__ import annotations

from sims_server.kernel.http import command, listing, read
from sims_server.people import operations, queries
from sims_shared.access import Permission
from sims_shared.naming import NameNeedsSecondPerson
from sims_shared.people import (
    ChangeRegistration,
    ChangeStudent,
    CreateRegistration,
    CreateStudent,
    CreditsWanting,
    CurrentRegistrationMoved,
    DecideMerge,
    DeleteRegistration,
    DeleteStudent,
    MergeDecided,
    MergeNeedsSecondPerson,
    MergePending,
    MergeRefused,
    MergeStudents,
    OrderRegistrationStatus,
    RegistrationInUse,
    RegistrationNumberTaken,
    RegistrationsOverlap,
    RegistrationView,
    StudentInUse,
    StudentMergeView,
    StudentView,
    UndoMerge,
    WrongRegistrationStatus,
)
from sims_shared.regulations import NoRegulationInForce

READ = Permission.READ_STUDENTS
STUDENT = "/api/students/{id:int}/"
CONFIRM = Permission.CONFIRM_MERGE
MERGE = "/api/student-merges/{id:int}/"
REGISTRATION = "/api/registrations/{id:int}/"

routes = [
    listing("/api/students/", queries.STUDENTS, StudentView, permission=READ),
    read(STUDENT, operations.open_student, StudentView, permission=READ, changes=True),
    command(
        "POST",
        "/api/students/",
        CreateStudent,
        operations.create_student,
        StudentView,
        status=201,
        location=lambda view: f"/api/students/{view.id}/",
        refusals=(RegistrationNumberTaken, NoRegulationInForce),
    ),
    command(
        "PATCH",
        STUDENT,
        ChangeStudent,
        operations.change_student,
        StudentView,
        locate=queries.access_student,
        view=queries.get_student,
        refusals=(NameNeedsSecondPerson,),
    ),
    command(
        "DELETE",
        STUDENT,
        DeleteStudent,
        operations.delete_student,
        None,
        status=204,
        locate=queries.access_student,
        view=queries.get_student,
        refusals=(StudentInUse,),
    ),
    listing("/api/registrations/", queries.REGISTRATIONS, RegistrationView, permission=READ),
    read(REGISTRATION, queries.get_registration, RegistrationView, permission=READ),
    command(
        "POST",
        "/api/registrations/",
        CreateRegistration,
        operations.create_registration,
        RegistrationView,
        status=201,
        location=lambda view: f"/api/registrations/{view.id}/",
        refusals=(RegistrationNumberTaken, NoRegulationInForce, CurrentRegistrationMoved),
    ),
    command(
        "PATCH",
        REGISTRATION,
        ChangeRegistration,
        operations.change_registration,
        RegistrationView,
        locate=queries.access_registration,
        view=queries.get_registration,
        refusals=(CurrentRegistrationMoved,),
    ),
    command(
        "DELETE",
        REGISTRATION,
        DeleteRegistration,
        operations.delete_registration,
        None,
        status=204,
        locate=queries.access_registration,
        view=queries.get_registration,
        refusals=(RegistrationInUse,),
    ),
    command(
        "POST",
        f"{REGISTRATION}status/",
        OrderRegistrationStatus,
        operations.order_registration_status,
        RegistrationView,
        locate=queries.access_registration,
        refusals=(WrongRegistrationStatus, CreditsWanting),
    ),
    command(
        "POST",
        f"{STUDENT}merge/",
        MergeStudents,
        operations.merge_students,
        StudentMergeView,
        status=201,
        locate=operations.find_survivor,
        location=lambda view: f"/api/student-merges/{view.id}/",
        refusals=(MergeRefused, RegistrationsOverlap, MergePending),
    ),
    listing("/api/student-merges/", queries.MERGES, StudentMergeView, permission=CONFIRM),
    read(MERGE, queries.get_merge, StudentMergeView, permission=CONFIRM),
    command(
        "POST",
        f"{MERGE}decide/",
        DecideMerge,
        operations.decide_merge,
        StudentMergeView,
        locate=queries.access_merge,
        refusals=(MergeNeedsSecondPerson, MergeDecided, MergeRefused, RegistrationsOverlap),
    ),
    command(
        "POST",
        f"{MERGE}undo/",
        UndoMerge,
        operations.undo_merge,
        StudentMergeView,
        locate=queries.access_merge,
        refusals=(MergeDecided,),
    ),
]
