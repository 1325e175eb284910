"""The calls behind the acts on a student's page: a seat taken or left, an order of the registrar, the
person's own fields. `key` is the same for a wish however often it is sent."""

from __future__ import annotations

from typing import Any

from sims_desktop.client.http import Client, Parameters
from sims_desktop.client.results import ResultCalls, Wish, every
from sims_shared.enrollment import EnrollmentView, SectionView
from sims_shared.grading import AssessmentView
from sims_shared.messages import Page
from sims_shared.naming import NameCorrectionView
from sims_shared.people import RegistrationView, StudentView
from sims_shared.record import RecordView, StatusOrderForeseen
from sims_shared.result_versions import ResultVersions
from sims_shared.results import ChangeImpact, PendingChangeView, ResultsReleased
from sims_shared.terms import TermView

FOUND = 50


class StudentActCalls:
    """Every call raises `ClientError`s only."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._results = ResultCalls(client)

    def list_terms(self) -> list[TermView]:
        return every(self._client, "/api/terms/", TermView, {"ordering": "-start_date"})

    def find_sections(self, term_id: int, words: str) -> list[SectionView]:
        """Of one term, by parts of code and title; seats as they are this moment."""
        given: Parameters = {
            "term_id": term_id,
            "search": words,
            "status": "active",
            "ordering": "course_code",
            "page_size": FOUND,
        }
        return list(self._client.get("/api/sections/", Page[SectionView], given).results)

    def enroll(self, section_id: int, wish: dict[str, Any], key: str) -> EnrollmentView:
        """Raises ProblemAnswer: `enrollment.section_full`, `.prerequisite_missing`, `.held` …"""
        return self._client.post(f"/api/sections/{section_id}/enroll/", wish, EnrollmentView, key=key)

    def end(self, enrollment_id: int, verb: str, wish: dict[str, Any], key: str) -> EnrollmentView:
        """`verb`: drop, withdraw, bar, or reinstate, which takes the last two back. Raises ProblemAnswer:
        `enrollment.drop_closed`, `.sheet_closed`, `.wrong_state` …"""
        return self._client.post(f"/api/enrollments/{enrollment_id}/{verb}/", wish, EnrollmentView, key=key)

    def foresee_order(self, registration_id: int, order: dict[str, Any]) -> StatusOrderForeseen:
        """Raises ProblemAnswer: `registrations.wrong_state`, `.credits_wanting`, faults of fields."""
        path = f"/api/registrations/{registration_id}/preview-status/"
        return self._client.post(path, order, StatusOrderForeseen)

    def give_order(self, registration_id: int, order: dict[str, Any], key: str) -> RegistrationView:
        """All of it or nothing. Raises the same, and what keeps an enrollment from ending."""
        path = f"/api/registrations/{registration_id}/status-and-withdraw/"
        return self._client.post(path, order, RegistrationView, key=key)

    def read_registration(self, registration_id: int) -> RegistrationView:
        """With its orders."""
        return self._client.get(f"/api/registrations/{registration_id}/", RegistrationView)

    def release(self, result_id: int, note: str, key: str) -> ResultsReleased:
        """Raises ProblemAnswer: `results.wrong_state`, `.scores_missing`, `cases.undecided` …"""
        wish = {"result_ids": [result_id], "note": note}
        return self._client.post("/api/results/release/", wish, ResultsReleased, key=key)

    def read_record(self, student_id: int) -> RecordView:
        return self._client.get(f"/api/students/{student_id}/record/", RecordView)

    def read_person(self, student_id: int) -> tuple[StudentView, str]:
        return self._client.get_with_etag(f"/api/students/{student_id}/", StudentView)

    def change_person(self, student_id: int, changes: dict[str, Any], etag: str) -> StudentView:
        """Raises ProblemAnswer: `request.stale`, faults of fields."""
        return self._client.patch(f"/api/students/{student_id}/", changes, StudentView, etag=etag)

    def correct_name(
        self, student_id: int, name: str, name_native: str, reason: str, file_name: str, content: bytes
    ) -> NameCorrectionView:
        """Another name waits for a second person. Sends a file and carries no key: asked again after no
        answer, it is refused as asked for already. Raises ProblemAnswer: `names.pending`,
        `cases.evidence_invalid`, faults of fields."""
        said = {"name": name, "name_native": name_native, "reason": reason}
        path = f"/api/students/{student_id}/correct-name/"
        return self._client.upload(path, said, file_name, content, NameCorrectionView)

    # A change of a published result

    def read_versions(self, result_id: int) -> ResultVersions:
        return self._results.read_versions(result_id)

    def read_assessments(self, section_id: int) -> list[AssessmentView]:
        return self._results.read_assessments(section_id)

    def preview_change(self, wish: Wish) -> ChangeImpact:
        return self._results.preview_change(wish)

    def request_change(self, wish: Wish, reason: str, key: str) -> PendingChangeView:
        """Raises ProblemAnswer: `results.change_pending`, `.change_invalid`, `.wrong_state` …"""
        return self._results.request_change(wish, reason, key)

    def file_scan(self, change_id: int, file_name: str, content: bytes) -> None:
        """Once more does nothing. Raises ProblemAnswer: `cases.evidence_invalid`, `.wrong_state`."""
        self._results.file_scan(change_id, file_name, content)
