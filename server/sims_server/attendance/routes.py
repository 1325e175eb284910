"""Routes of attendance."""

from __future__ import annotations

from sims_server.attendance.operations import eligibility, marking, sessions
from sims_server.attendance.queries import lists, standings
from sims_server.kernel.http import command, listing, read
from sims_shared import attendance as a
from sims_shared.access import Permission
from sims_shared.problems import NotFound

READ = Permission.READ_ATTENDANCE
SESSION = "/api/class-sessions/{id:int}/"
MARK = "/api/attendance/{id:int}/"
_DAY = (a.OutsideTerm, a.OutsideEditDays, a.SectionNotTaught, a.AttendanceFrozen)
_MARKING = (*_DAY, a.NotOnRoster, a.AttendanceReasonNeeded, a.SessionCalledOff)

routes = [
    listing("/api/class-sessions/", lists.CLASS_SESSIONS, a.ClassSessionView, permission=READ),
    read(SESSION, lists.get_class_session, a.ClassSessionView, permission=READ),
    command(
        "POST",
        "/api/class-sessions/",
        a.HoldClassSession,
        sessions.hold_class_session,
        a.ClassSessionView,
        status=201,
        location=lambda view: f"/api/class-sessions/{view.id}/",
        refusals=(*_DAY, a.SessionDuplicate),
    ),
    command(
        "PATCH",
        SESSION,
        a.ChangeClassSession,
        sessions.change_class_session,
        a.ClassSessionView,
        locate=standings.access_class_session,
        view=lists.get_class_session,
        refusals=(*_DAY, a.SessionDuplicate, a.SessionCalledOff),
    ),
    command(
        "DELETE",
        SESSION,
        a.RemoveClassSession,
        sessions.remove_class_session,
        None,
        status=204,
        locate=standings.access_class_session,
        view=lists.get_class_session,
        refusals=(*_DAY, a.SessionInUse),
    ),
    command(
        "POST",
        f"{SESSION}call-off/",
        a.CallOffClassSession,
        sessions.call_off_class_session,
        a.ClassSessionView,
        locate=standings.access_class_session,
        refusals=(*_DAY, a.SessionCalledOff),
    ),
    listing("/api/attendance/", lists.ATTENDANCE, a.AttendanceView, permission=READ),
    read(MARK, lists.get_attendance, a.AttendanceView, permission=READ),
    command(
        "POST",
        "/api/attendance/",
        a.RecordAttendance,
        marking.record_mark,
        a.AttendanceView,
        status=201,
        location=lambda view: f"/api/attendance/{view.id}/",
        refusals=(*_MARKING, a.AttendanceDuplicate),
    ),
    command(
        "PATCH",
        MARK,
        a.ChangeAttendance,
        marking.change_attendance,
        a.AttendanceView,
        locate=standings.access_mark,
        view=lists.get_attendance,
        refusals=_MARKING,
    ),
    command(
        "POST",
        "/api/attendance/bulk/",
        a.RecordClassAttendance,
        marking.record_class_attendance,
        a.ClassAttendanceRecorded,
        status=201,
        location=lambda view: f"/api/class-sessions/{view.class_session_id}/",
        refusals=(*_MARKING, a.MarkedMeanwhile),
    ),
    read(
        "/api/attendance/percentage/",
        standings.attendance_percentage,
        a.Percentage,
        permission=READ,
        parameters=a.StudentInSection,
        refusals=(NotFound,),
    ),
    read(
        "/api/attendance/eligibility/",
        standings.attendance_eligibility,
        a.Eligibility,
        permission=READ,
        parameters=a.EligibilityQuestion,
        refusals=(NotFound,),
    ),
    read(
        "/api/attendance/section-summary/",
        standings.attendance_summary,
        a.SectionSummary,
        permission=READ,
        parameters=a.OneSection,
        refusals=(NotFound,),
    ),
    read(
        "/api/attendance/roster/",
        standings.class_roster,
        a.ClassRoster,
        permission=READ,
        parameters=a.OneClass,
        refusals=(NotFound,),
    ),
    read(
        "/api/students/{id:int}/explain/attendance/{section_id:int}/",
        standings.explain_attendance,
        a.AttendanceExplained,
        permission=READ,
    ),
    listing("/api/condonations/", lists.CONDONATIONS, a.CondonationView, permission=READ),
    read("/api/condonations/{id:int}/", lists.get_condonation, a.CondonationView, permission=READ),
    command(
        "POST",
        "/api/condonations/",
        a.CondoneShortage,
        eligibility.condone_shortage,
        a.CondonationView,
        status=201,
        location=lambda view: f"/api/condonations/{view.id}/",
        refusals=(a.NotCondonable, a.CondonedAlready),
    ),
    command(
        "POST",
        "/api/condonations/{id:int}/withdraw/",
        a.WithdrawCondonation,
        eligibility.withdraw_condonation,
        a.CondonationView,
        locate=lists.access_condonation,
        refusals=(a.CondonationWithdrawn,),
    ),
    listing(
        "/api/attendance/sections/",
        lists.JUDGED_SECTIONS,
        a.JudgedSection,
        permission=Permission.NOTIFY_ELIGIBILITY,
    ),
    listing("/api/eligibility-lists/", lists.ELIGIBILITY_LISTS, a.EligibilityListView, permission=READ),
    read(
        "/api/eligibility-lists/{id:int}/",
        lists.get_eligibility_list,
        a.EligibilityListDetail,
        permission=READ,
    ),
    command(
        "POST",
        "/api/eligibility-lists/",
        a.NotifyEligibility,
        eligibility.notify_eligibility,
        a.EligibilityListDetail,
        status=201,
        location=lambda view: f"/api/eligibility-lists/{view.id}/",
        refusals=(a.EligibilitySheetClosed, a.ListChangedMeanwhile),
    ),
]
