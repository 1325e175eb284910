"""The calls behind the eligibility desk: sections, how a section stands, condonations and notified lists."""

from __future__ import annotations

from sims_desktop.client.http import Client, Parameters
from sims_desktop.client.results import every
from sims_shared.attendance import (
    AttendanceExplained,
    CondonationView,
    EligibilityListDetail,
    EligibilityListView,
    JudgedSection,
    SectionSummary,
)
from sims_shared.catalog import ProgramView
from sims_shared.messages import Page
from sims_shared.terms import TermView

PAGE_SIZE = 100


class EligibilityCalls:
    """Every call raises `ClientError`s only; `key` is one for each wish, the same when it is asked again."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def list_terms(self) -> list[TermView]:
        """The newest first."""
        return every(self._client, "/api/terms/", TermView, {"ordering": "-start_date"})

    def list_programs(self) -> list[ProgramView]:
        return every(self._client, "/api/programs/", ProgramView, {"ordering": "code"})

    def list_sections(
        self, term_id: int | None, program_id: int | None, words: str, cohort: str | None = None
    ) -> Page[JudgedSection]:
        """By course; a page's `next` is read by `list_more`. `cohort`: an intake, as `BSCS-2025F`."""
        given: Parameters = {
            "term_id": term_id,
            "program_id": program_id,
            "cohort": cohort,
            "search": words or None,
            "ordering": "course_code",
            "page_size": PAGE_SIZE,
        }
        return self._client.get("/api/attendance/sections/", Page[JudgedSection], given)

    def list_more(self, following: str) -> Page[JudgedSection]:
        return self._client.get(following, Page[JudgedSection])

    def read_summary(self, section_id: int) -> SectionSummary:
        return self._client.get(
            "/api/attendance/section-summary/", SectionSummary, {"section_id": section_id}
        )

    def list_condonations(self, section_id: int) -> list[CondonationView]:
        """Those that hold."""
        given: Parameters = {"section_id": section_id, "withdrawn": "false"}
        return every(self._client, "/api/condonations/", CondonationView, given)

    def list_notified(self, section_id: int) -> list[EligibilityListView]:
        """The newest first."""
        given: Parameters = {"section_id": section_id, "ordering": "-id"}
        return every(self._client, "/api/eligibility-lists/", EligibilityListView, given)

    def read_notified(self, list_id: int) -> EligibilityListDetail:
        return self._client.get(f"/api/eligibility-lists/{list_id}/", EligibilityListDetail)

    def condone(
        self, section_id: int, student_id: int, authority: str, reason: str, key: str
    ) -> CondonationView:
        """Raises ProblemAnswer: `attendance.not_condonable`, `.condoned_already`."""
        body = {"section_id": section_id, "student_id": student_id, "authority": authority, "reason": reason}
        return self._client.post("/api/condonations/", body, CondonationView, key=key)

    def withdraw(self, condonation_id: int, reason: str, key: str) -> CondonationView:
        """Raises ProblemAnswer: `attendance.condonation_withdrawn`."""
        path = f"/api/condonations/{condonation_id}/withdraw/"
        return self._client.post(path, {"reason": reason}, CondonationView, key=key)

    def notify(self, section_id: int, authority: str, key: str) -> EligibilityListDetail:
        """Raises ProblemAnswer: `attendance.sheet_closed`, `.list_duplicate`."""
        body = {"section_id": section_id, "authority": authority}
        return self._client.post("/api/eligibility-lists/", body, EligibilityListDetail, key=key)

    def explain(self, student_id: int, section_id: int) -> AttendanceExplained:
        path = f"/api/students/{student_id}/explain/attendance/{section_id}/"
        return self._client.get(path, AttendanceExplained)
