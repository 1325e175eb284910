"""The calls behind the date sheet: papers, rooms, sections without a paper, conflicts, and slips."""

from __future__ import annotations

from typing import Any

from sims_desktop.client.entries import EntryCalls
from sims_desktop.client.http import Client, Parameters
from sims_desktop.client.results import every
from sims_shared.examinations import (
    DateSheetConflicts,
    ExamPaperView,
    ExamRoomView,
    ExamSection,
)
from sims_shared.jobs import JobView
from sims_shared.messages import Page
from sims_shared.terms import TermView
from sims_shared.transcripts import JobStarted

PAPERS = "/api/exam-papers/"
ROOMS = "/api/exam-rooms/"
SECTIONS = "/api/exam-sections/"
UNDATED_SHOWN = 100
FOUND = 20


class ExaminationCalls:
    """Every call raises `ClientError`s only."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.papers = EntryCalls(client, PAPERS, ExamPaperView)
        self.rooms = EntryCalls(client, ROOMS, ExamRoomView)

    def list_terms(self) -> list[TermView]:
        """The newest first."""
        return every(self._client, "/api/terms/", TermView, {"ordering": "-start_date"})

    def list_rooms(self) -> list[ExamRoomView]:
        return every(self._client, ROOMS, ExamRoomView, {"ordering": "name"})

    def list_papers(self, term_id: int) -> list[ExamPaperView]:
        """All of a term by day, for paper."""
        return every(self._client, PAPERS, ExamPaperView, {"term_id": term_id, "ordering": "held_on"})

    def read_conflicts(self, term_id: int) -> DateSheetConflicts:
        return self._client.get(f"{PAPERS}conflicts/", DateSheetConflicts, {"term_id": term_id})

    def list_undated(self, term_id: int) -> list[ExamSection]:
        """The first sections of a term that have no paper yet."""
        given: Parameters = {"term_id": term_id, "dated": "false", "page_size": UNDATED_SHOWN}
        return list(self._client.get(SECTIONS, Page[ExamSection], given).results)

    def find_sections(self, term_id: int, words: str) -> list[ExamSection]:
        given: Parameters = {"term_id": term_id, "search": words, "page_size": FOUND}
        return list(self._client.get(SECTIONS, Page[ExamSection], given).results)


class SlipCalls:
    """Slips are made by a job; whoever asked for it fetches the file."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def print_slips(
        self, term_id: int, section_id: int | None, student_ids: list[int] | None, key: str
    ) -> int:
        """The job that makes them. Raises ProblemAnswer."""
        body: dict[str, Any] = {"term_id": term_id, "section_id": section_id, "student_ids": student_ids}
        return self._client.post("/api/exam-slips/", body, JobStarted, key=key).job_id

    def read_job(self, job_id: int) -> JobView:
        return self._client.get(f"/api/jobs/{job_id}/", JobView)

    def cancel_job(self, job_id: int) -> None:
        """Raises ProblemAnswer `jobs.wrong_state` once it has ended."""
        self._client.post(f"/api/jobs/{job_id}/cancel/", {}, JobView)

    def read_slips(self, job_id: int) -> bytes:
        return self._client.download(f"/api/exam-slips/{job_id}/pdf/")
