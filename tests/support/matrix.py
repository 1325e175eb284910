"""Who may do what, written down a second time: the contract's table of roles, route by route.

It is not derived from the permissions the server holds: a route that asks for the wrong permission, or a
role that was given one too many, is what it finds. Reach: `*` everything, `d` the own department, `s` the
own sections, `i` oneself, `o` one's own (jobs, cases), `-` may ask and finds none, `.` may not.
"""

from __future__ import annotations

from dataclasses import dataclass

ROLES = (
    "admin", "registrar", "examcell", "dean", "head", "faculty",
    "office", "accounts", "counter", "auditor", "student",
)  # fmt: skip

# Reach by role, in the order above; then the routes it holds for.
TABLE = """
# admin registrar examcell dean head faculty office accounts counter auditor student
* . . . . . . . . * .
    GET /api/accounts/  GET /api/accounts/{id}/  GET /api/roles/  GET /api/roles/{id}/
    GET /api/accounts/{id}/sessions/
* . . . . . . . . . .
    POST /api/accounts/  PATCH /api/accounts/{id}/  DELETE /api/accounts/{id}/
    DELETE /api/accounts/{id}/sessions/
    POST /api/roles/  PATCH /api/roles/{id}/  DELETE /api/roles/{id}/
    GET /api/settings/  POST /api/settings/  GET /api/settings/{key}/  PATCH /api/settings/{key}/
    GET /api/backups/  POST /api/backups/  GET /api/backups/{id}/  POST /api/backups/{id}/drill/
* o o . . o . o o * .
    GET /api/jobs/  GET /api/jobs/{id}/
* o o . . o . . o . .
    POST /api/jobs/{id}/cancel/  POST /api/jobs/{id}/retry/
* * * * * * * * * * *
    GET /api/departments/  GET /api/departments/{id}/  GET /api/programs/  GET /api/programs/{id}/
    GET /api/courses/  GET /api/courses/{id}/  GET /api/terms/  GET /api/terms/{id}/
    GET /api/days-off/  GET /api/days-off/{id}/
    GET /api/sections/  GET /api/sections/{id}/
    GET /api/regulations/  GET /api/regulations/{regulation_id}/
* * . . . . . . . . .
    POST /api/departments/  PATCH /api/departments/{id}/  DELETE /api/departments/{id}/
    POST /api/programs/  PATCH /api/programs/{id}/  DELETE /api/programs/{id}/
    POST /api/courses/  PATCH /api/courses/{id}/  DELETE /api/courses/{id}/
    POST /api/terms/  PATCH /api/terms/{id}/  DELETE /api/terms/{id}/
    POST /api/terms/{id}/close/  POST /api/terms/{id}/open/
    POST /api/days-off/  PATCH /api/days-off/{id}/  DELETE /api/days-off/{id}/
    POST /api/sections/  PATCH /api/sections/{id}/  DELETE /api/sections/{id}/
    GET /api/sections/teachers/
    POST /api/regulations/  PATCH /api/regulations/{regulation_id}/  DELETE /api/regulations/{regulation_id}/
* * * d d s d * * * i
    GET /api/students/  GET /api/students/{id}/  GET /api/students/{id}/record/
    GET /api/registrations/  GET /api/registrations/{id}/
    GET /api/students/{id}/history/
. * . . . . . . . . .
    POST /api/students/  PATCH /api/students/{id}/  DELETE /api/students/{id}/
    POST /api/registrations/  PATCH /api/registrations/{id}/  DELETE /api/registrations/{id}/
    POST /api/registrations/{id}/status/  POST /api/students/{id}/merge/
    POST /api/students/{id}/correct-name/  POST /api/name-corrections/{id}/withdraw/
    POST /api/registrations/{id}/preview-status/  POST /api/registrations/{id}/status-and-withdraw/
    POST /api/registrations/move/  POST /api/registrations/preview-move/
. * * . . . . . . . .
    GET /api/student-merges/  GET /api/student-merges/{id}/
    POST /api/student-merges/{id}/decide/  POST /api/student-merges/{id}/undo/
    GET /api/name-corrections/  GET /api/name-corrections/{id}/  GET /api/name-corrections/{id}/evidence/
    POST /api/name-corrections/{id}/decide/
* * * . . . . * * * i
    GET /api/holds/  GET /api/holds/{id}/
* * * . . . . * * * *
    GET /api/hold-kinds/
. * . . . . . * . . .
    POST /api/holds/  PATCH /api/holds/{id}/  POST /api/holds/{id}/lift/
* * * d d s d . * * i
    GET /api/enrollments/  GET /api/enrollments/{id}/
. * . d d . d . . . .
    POST /api/enrollments/  POST /api/enrollments/{id}/drop/  POST /api/enrollments/{id}/withdraw/
    POST /api/sections/{section_id}/enroll/
* * * d d s d . . * i
    GET /api/assessments/  GET /api/assessments/{id}/
    GET /api/assessment-scores/  GET /api/assessment-scores/{id}/
. . * . . s . . . . .
    POST /api/assessments/  PATCH /api/assessments/{id}/  DELETE /api/assessments/{id}/
    POST /api/assessments/{id}/lock/  POST /api/assessments/{id}/release/
    POST /api/sheets/{section_id}/plan/
    POST /api/assessment-scores/  PATCH /api/assessment-scores/{id}/  DELETE /api/assessment-scores/{id}/
# The exam cell enters single marks; devices sync for who teaches or ever taught the section.
. . - . . s . . . . .
    POST /api/sheets/{section_id}/sync/
. . . d d . . . . . .
    POST /api/assessments/{id}/unlock/
* * * d d s d . . * .
    GET /api/sheets/  GET /api/sheets/{section_id}/  GET /api/sheets/{section_id}/changes/
    GET /api/sheets/{section_id}/cutoffs/
    GET /api/sheets/{section_id}/revisions/  GET /api/sheets/{section_id}/compared/
    GET /api/results/{id}/versions/
    GET /api/reports/grades/  GET /api/reports/enrollment/  GET /api/reports/attendance/
. . . . . s . . . . .
    POST /api/sheets/{section_id}/submit/  POST /api/sheets/{section_id}/cutoffs/
. . * d d . . . . . .
    POST /api/sheets/{section_id}/approve/
. * * d d . . . . . .
    POST /api/sheets/{section_id}/return/
* * * d d s d . . * i
    GET /api/results/  GET /api/results/{id}/
    GET /api/notifications-of-result/  GET /api/notifications-of-result/{id}/
    GET /api/students/{id}/explain/result/{result_id}/
# A teacher's sections show one course each: what a student did elsewhere is not theirs to read.
* * * d d - d . . * .
    GET /api/reports/broadsheet/
* * * d d - d . . * i
    GET /api/term-results/  GET /api/term-results/{id}/  GET /api/students/{id}/explain/cgpa/
    GET /api/students/{id}/explain/division/
* * * d d s d . . * .
    GET /api/pending-changes/  GET /api/pending-changes/{id}/
    GET /api/pending-changes/{id}/evidence/
. * * . . . . . . . .
    POST /api/results/publish/  POST /api/results/freeze/  POST /api/results/withhold/
    POST /api/results/release/  GET /api/results/overview/  GET /api/results/exceptions/
    GET /api/merit/
    POST /api/sheets/remind/
. * * d d s d . . . .
    POST /api/results/change-request/  POST /api/results/preview-change/
    POST /api/pending-changes/{id}/evidence/
. * * d d . . . . . .
    POST /api/results/approve-change/
. * . . . . . . * . i
    GET /api/transcripts/{student_id}/
. * . . . . . . * . .
    POST /api/transcripts/issue/  POST /api/transcripts/enqueue/
    POST /api/transcripts/issued/{serial}/print/  GET /api/transcripts/{student_id}/examinations/
    GET /api/stationery/  POST /api/stationery/count/
. * * . . . . . * * .
    GET /api/transcripts/issued/  GET /api/transcripts/issued/{serial}/
    GET /api/transcripts/issued/{serial}/pdf/
    GET /api/stationery/counts/  GET /api/stationery/counts/{id}/
. * . . . . . . . . .
    POST /api/transcripts/issued/{serial}/revoke/
* * * . . . . . * * i
    GET /api/requests/  GET /api/requests/{id}/
* * * . . . . . * * *
    GET /api/request-types/  GET /api/request-types/{type}/
. * . . . . . . * . i
    POST /api/requests/
. * . . . . . . * . .
    PATCH /api/requests/{id}/
* * . . . . . . * . .
    POST /api/requests/{id}/transition/
* * . . . . . . . * .
    GET /api/audit/  GET /api/audit/{id}/
# The examination cell and the accounts office see the imports of their own kinds.
* * - . . . . - . . .
    GET /api/imports/  POST /api/imports/  GET /api/imports/{import_id}/  GET /api/imports/{import_id}/rows/
    POST /api/imports/{import_id}/commit/  POST /api/imports/{import_id}/undo/
    GET /api/imports/{import_id}/differences/  GET /api/imports/mappings/
# Who may take a whole list along: those of the list's readers who may export at all.
* * * * * . . * . * .
    GET /api/exports/departments.csv  GET /api/exports/departments.xlsx
    GET /api/exports/programs.csv  GET /api/exports/programs.xlsx
    GET /api/exports/courses.csv  GET /api/exports/courses.xlsx
    GET /api/exports/terms.csv  GET /api/exports/terms.xlsx
    GET /api/exports/sections.csv  GET /api/exports/sections.xlsx
    GET /api/exports/exam_rooms.csv  GET /api/exports/exam_rooms.xlsx
* . . . . . . . . * .
    GET /api/exports/accounts.csv  GET /api/exports/accounts.xlsx
* * * d d . . * . * .
    GET /api/exports/students.csv  GET /api/exports/students.xlsx
    GET /api/exports/registrations.csv  GET /api/exports/registrations.xlsx
* * * d d . . . . * .
    GET /api/exports/enrollments.csv  GET /api/exports/enrollments.xlsx
    GET /api/exports/assessments.csv  GET /api/exports/assessments.xlsx
    GET /api/exports/scores.csv  GET /api/exports/scores.xlsx
    GET /api/exports/results.csv  GET /api/exports/results.xlsx
    GET /api/exports/results_history.csv  GET /api/exports/results_history.xlsx
    GET /api/exports/term_results.csv  GET /api/exports/term_results.xlsx
    GET /api/exports/attendance.csv  GET /api/exports/attendance.xlsx
    GET /api/exports/exam_papers.csv  GET /api/exports/exam_papers.xlsx
* * * . . . . * . * .
    GET /api/exports/holds.csv  GET /api/exports/holds.xlsx
* * . . . . . . . * .
    GET /api/exports/audit.csv  GET /api/exports/audit.xlsx
    GET /api/disclosures/  GET /api/disclosures/{id}/  GET /api/audit/chain/
    GET /api/disclosures/readers/
* * * d d s d . . * -
    GET /api/attendance/section-summary/  GET /api/attendance/roster/
# Admissions: those who are not students yet.
* * . d d . d . * * .
    GET /api/applicants/  GET /api/applicants/{id}/
. * . . . . . . . . .
    POST /api/applicants/  PATCH /api/applicants/{id}/  DELETE /api/applicants/{id}/
    POST /api/applicants/{id}/transition/  POST /api/applicants/admit/
* * * * * * * * * * *
    GET /api/curricula/  GET /api/curricula/{id}/
* * . . . . . . . . .
    POST /api/curricula/  PATCH /api/curricula/{id}/  DELETE /api/curricula/{id}/
    POST /api/hold-kinds/  PATCH /api/hold-kinds/{kind}/  GET /api/hold-lifters/
    POST /api/request-types/  PATCH /api/request-types/{type}/
# A role lent while its holder is away: the two see it, and who reads accounts.
* - - - * - - - - * .
    GET /api/delegations/  GET /api/delegations/{id}/  POST /api/delegations/{id}/revoke/
. . . * * . . . . . .
    POST /api/delegations/  GET /api/delegations/colleagues/
* * * . . . . * * * *
    GET /api/hold-kinds/{kind}/
# Attendance.
* * * d d s d . . * i
    GET /api/class-sessions/  GET /api/class-sessions/{id}/
    GET /api/eligibility-lists/  GET /api/eligibility-lists/{id}/
    GET /api/attendance/  GET /api/attendance/{id}/
    GET /api/condonations/  GET /api/condonations/{id}/
    GET /api/students/{id}/explain/attendance/{section_id}/
    GET /api/attendance/percentage/  GET /api/attendance/eligibility/
. * . . . s . . . . .
    POST /api/class-sessions/  PATCH /api/class-sessions/{id}/  DELETE /api/class-sessions/{id}/
    POST /api/class-sessions/{id}/call-off/
    POST /api/attendance/  POST /api/attendance/bulk/  PATCH /api/attendance/{id}/
. * * d . . . . . . .
    POST /api/condonations/  POST /api/condonations/{id}/withdraw/
. * * d d . . . . . .
    POST /api/eligibility-lists/  GET /api/attendance/sections/
# The date sheet of examinations, and the slips printed from it.
* * * d d s d . . * i
    GET /api/exam-papers/  GET /api/exam-papers/{id}/
. * * . . . . . . . .
    POST /api/exam-papers/  PATCH /api/exam-papers/{id}/  DELETE /api/exam-papers/{id}/
    GET /api/exam-papers/conflicts/  GET /api/exam-sections/
    POST /api/exam-rooms/  PATCH /api/exam-rooms/{id}/  DELETE /api/exam-rooms/{id}/  POST /api/exam-slips/
. - - . . . . . . . .
    GET /api/exam-slips/{job_id}/pdf/
* * * * * * * * * * *
    GET /api/exam-rooms/  GET /api/exam-rooms/{id}/
* * * d d s d . * * i
    GET /api/students/{id}/exam-slip/  GET /api/students/{id}/exam-slip/pdf/
# Whole batches of enrollments, and what a rule was set aside for.
* * * d d - d . * * .
    GET /api/enrollments/batches/  GET /api/enrollments/batches/{id}/
. * . d d . d . . . .
    POST /api/enrollments/batches/  POST /api/enrollments/batches/{id}/commit/
    POST /api/enrollments/batches/{id}/undo/
* * * . . . . . . * .
    GET /api/enrollments/overrides/
. * . . . . . . . . .
    POST /api/enrollments/{id}/bar/  POST /api/enrollments/{id}/reinstate/
# Cases, incompletes and credit from elsewhere.
* * * d d s d . * * i
    GET /api/cases/  GET /api/cases/{id}/  GET /api/cases/{id}/evidence/
- - - - - - - . - - -
    GET /api/cases/{id}/evidence/{evidence_id}/
- - - - - - - . . - .
    GET /api/pending-changes/{id}/evidence/{evidence_id}/
* * * d d s d . * * .
    GET /api/cases/{id}/impact/
* * * d d s d . . * i
    GET /api/incompletes/  GET /api/incompletes/{id}/
. . - . . - . . . . .
    GET /api/enrollments/{id}/incomplete/
. . * . . s . . . . .
    POST /api/enrollments/{id}/incomplete/
    DELETE /api/enrollments/{id}/incomplete/
. * * d d s d . * . i
    POST /api/cases/  POST /api/cases/{id}/evidence/  POST /api/cases/{id}/withdraw/
. * * d d s d . . . .
    POST /api/cases/{id}/propose/
. * * . . . . . . . .
    POST /api/cases/{id}/hearings/  POST /api/incompletes/{id}/extend/
. * * d d . . . . . .
    POST /api/cases/{id}/approve/  POST /api/transfers/{id}/approve/
* * * d d - d . * * i
    GET /api/transfers/  GET /api/transfers/{id}/
. * * d d . d . . . .
    POST /api/transfers/
* * * * * * * * * * *
    GET /api/dashboard/  GET /api/auth/me/  GET /api/auth/sessions/  DELETE /api/auth/sessions/{session_id}/
    POST /api/auth/logout/  POST /api/auth/password/  POST /api/auth/otp/enroll/  POST /api/auth/otp/confirm/
"""

# No sign-in: what a stranger, a watcher or somebody about to sign in asks.
OPEN = """
GET /.well-known/sims-seal.json  GET /.well-known/sims-status.cbor  GET /V/{token}
GET /verify/  POST /verify/file/  GET /api/transcripts/verify/{token}/  POST /api/transcripts/verify-file/
GET /api/hello/  POST /api/auth/token/  POST /api/auth/token/refresh/
GET /health/  GET /healthz/  GET /health/live  GET /health/ready  GET /metrics
"""


@dataclass(frozen=True)
class Entry:
    """One route of the table: the reach of every role."""

    method: str
    path: str
    reach: dict[str, str]


def _routes(line: str) -> list[tuple[str, str]]:
    words = line.split()
    return list(zip(words[::2], words[1::2], strict=True))


def table() -> dict[tuple[str, str], Entry]:
    """By (method, path), the path's parameters without their types."""
    found: dict[tuple[str, str], Entry] = {}
    reach: dict[str, str] = {}
    for line in TABLE.strip().splitlines():
        if line.startswith("#"):
            continue
        if not line.startswith(" "):
            reach = dict(zip(ROLES, line.split(), strict=True))
            continue
        for method, path in _routes(line):
            assert (method, path) not in found, f"{method} {path} stands twice"
            found[method, path] = Entry(method, path, reach)
    return found


def open_routes() -> set[tuple[str, str]]:
    return {route for line in OPEN.strip().splitlines() for route in _routes(line)}
