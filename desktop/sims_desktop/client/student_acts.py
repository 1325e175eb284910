"""The calls behind the acts on a student's page: a seat taken or left, an order of the registrar, the
person's own fields. `key` is the same for a wish however often it is sent."""

from __future__ import annotations

from typing import Any

from sims_desktop.client.http import Client, Parameters
from sims_desktop.client.results import every
from sims_shared.enrollment import EnrollmentView, SectionView
from sims_shared.messages import Page
from sims_shared.people import RegistrationView, StudentView
from sims_shared.record import StatusOrderForeseen
from sims_shared.terms import TermView

FOUND = 50


class StudentActCalls:
    """Every call raises `ClientError`s only."""

    def __init__(self, client: Client) -> None:
        self._client = client

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

    def read_person(self, student_id: int) -> tuple[StudentView, str]:
        return self._client.get_with_etag(f"/api/students/{student_id}/", StudentView)

    def change_person(self, student_id: int, changes: dict[str, Any], etag: str) -> StudentView:
        """Raises ProblemAnswer: `request.stale`, faults of fields."""
        return self._client.patch(f"/api/students/{student_id}/", changes, StudentView, etag=etag)
