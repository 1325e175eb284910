"""Routes of reports."""

from __future__ import annotations

from sims_server.kernel.http import read
from sims_server.reports import queries
from sims_shared.access import Permission
from sims_shared.reports import AttendanceReport, Broadsheet, EnrollmentReport, GradeReport

READ = Permission.READ_SHEETS

routes = [
    read(
        "/api/reports/grades/",
        queries.get_grades,
        GradeReport,
        permission=READ,
        parameters=queries.WhichSections,
    ),
    read(
        "/api/reports/enrollment/",
        queries.get_enrollment,
        EnrollmentReport,
        permission=READ,
        parameters=queries.WhichSections,
    ),
    read(
        "/api/reports/attendance/",
        queries.get_attendance,
        AttendanceReport,
        permission=READ,
        parameters=queries.WhichClasses,
    ),
    read(
        "/api/reports/broadsheet/",
        queries.get_broadsheet,
        Broadsheet,
        permission=READ,
        parameters=queries.WhichClass,
    ),
]
