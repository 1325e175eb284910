"""The calls behind two records of one person: asked for by one, confirmed by another, undone while nothing
was printed of it."""

from __future__ import annotations

from sims_desktop.client.http import Client, Parameters
from sims_desktop.client.results import every
from sims_shared.messages import Page
from sims_shared.people import StudentMergeView, StudentView
from sims_shared.record import RecordView

FOUND = 30


class MergeCalls:
    """Every call raises `ClientError`s only."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def list_merges(self) -> list[StudentMergeView]:
        found = every(self._client, "/api/student-merges/", StudentMergeView, {})
        return sorted(found, key=lambda one: -one.id)

    def find(self, words: str) -> list[StudentView]:
        given: Parameters = {"search": words, "page_size": FOUND}
        return list(self._client.get("/api/students/", Page[StudentView], given).results)

    def read_record(self, student_id: int) -> RecordView:
        return self._client.get(f"/api/students/{student_id}/record/", RecordView)

    def ask(self, stays: int, duplicate: int, reason: str, key: str) -> StudentMergeView:
        """Raises ProblemAnswer: `students.merge_refused`, `.registrations_overlap`, `.merge_pending`."""
        body = {"duplicate_id": duplicate, "reason": reason}
        return self._client.post(f"/api/students/{stays}/merge/", body, StudentMergeView, key=key)

    def decide(self, merge_id: int, approved: bool, reason: str, key: str) -> StudentMergeView:
        """Raises ProblemAnswer: `students.merge_second_person`, `.merge_decided` …"""
        body = {"approved": approved, "reason": reason}
        path = f"/api/student-merges/{merge_id}/decide/"
        return self._client.post(path, body, StudentMergeView, key=key)

    def undo(self, merge_id: int, reason: str, key: str) -> StudentMergeView:
        """Raises ProblemAnswer: `students.merge_decided`."""
        path = f"/api/student-merges/{merge_id}/undo/"
        return self._client.post(path, {"reason": reason}, StudentMergeView, key=key)
