"""The calls behind reports: figures by line, and what they can be narrowed to."""

from __future__ import annotations

from sims_desktop.client.http import Client, Parameters
from sims_desktop.client.results import every
from sims_shared.catalog import ProgramView
from sims_shared.reports import AttendanceReport, Broadsheet, EnrollmentReport, GradeReport
from sims_shared.results import ExceptionList
from sims_shared.terms import TermView

Report = GradeReport | EnrollmentReport | AttendanceReport | Broadsheet | ExceptionList
_REPLIES: dict[str, type[GradeReport | EnrollmentReport | AttendanceReport | Broadsheet]] = {
    "grades": GradeReport,
    "enrollment": EnrollmentReport,
    "attendance": AttendanceReport,
    "broadsheet": Broadsheet,
}


class ReportCalls:
    """Every call raises `ClientError`s only."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def read_terms(self) -> list[TermView]:
        return every(self._client, "/api/terms/", TermView, {"ordering": "-start_date"})

    def read_programs(self) -> list[ProgramView]:
        return every(self._client, "/api/programs/", ProgramView, {"ordering": "code"})

    def read_report(self, kind: str, asked: Parameters) -> Report:
        """`kind` grades, enrollment, attendance, broadsheet or exceptions."""
        if kind == "exceptions":
            return self._client.get("/api/results/exceptions/", ExceptionList, asked)
        return self._client.get(f"/api/reports/{kind}/", _REPLIES[kind], asked)
