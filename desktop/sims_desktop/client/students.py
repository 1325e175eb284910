"""The calls behind a student's page: finding, the whole record, what it said on a day, how a figure came
about. Opening a record is remembered by the server beside the name of whoever opened it."""

from __future__ import annotations

from datetime import date

from sims_desktop.client.http import Client, Parameters
from sims_desktop.client.results import every
from sims_shared.attendance import AttendanceExplained, Percentage
from sims_shared.grading import AssessmentView, ScoreView
from sims_shared.messages import Page
from sims_shared.people import StudentView
from sims_shared.record import RecordThen, RecordView
from sims_shared.result_versions import ResultVersions
from sims_shared.results import CgpaExplained, ResultExplained

FOUND = 50


class StudentCalls:
    """Every call raises `ClientError`s only."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def find(self, words: str, at_most: int = FOUND) -> list[StudentView]:
        """Words in any order, each anywhere in name, number or phone; within the caller's scope."""
        given: Parameters = {"search": words, "page_size": at_most}
        return list(self._client.get("/api/students/", Page[StudentView], given).results)

    def read_record(self, student_id: int) -> RecordView:
        return self._client.get(f"/api/students/{student_id}/record/", RecordView)

    def read_history(self, student_id: int, day: date) -> RecordThen:
        """What the record said at the end of that campus day."""
        given: Parameters = {"at": day.isoformat()}
        return self._client.get(f"/api/students/{student_id}/history/", RecordThen, given)

    def read_percentage(self, student_id: int, section_id: int) -> Percentage:
        given: Parameters = {"student_id": student_id, "section_id": section_id}
        return self._client.get("/api/attendance/percentage/", Percentage, given)

    def explain_cgpa(self, student_id: int, registration_id: int) -> CgpaExplained:
        given: Parameters = {"registration_id": registration_id}
        return self._client.get(f"/api/students/{student_id}/explain/cgpa/", CgpaExplained, given)

    def explain_result(self, student_id: int, result_id: int) -> ResultExplained:
        path = f"/api/students/{student_id}/explain/result/{result_id}/"
        return self._client.get(path, ResultExplained)

    def unofficial_copy(self, student_id: int) -> bytes:
        """A PDF, marked on every page."""
        return self._client.download(f"/api/transcripts/{student_id}/")

    def exam_slip(self, student_id: int) -> bytes:
        """A PDF of one page. Raises ProblemAnswer: `examinations.slip_held`, `.nothing_to_sit`, …"""
        return self._client.download(f"/api/students/{student_id}/exam-slip/pdf/")

    def read_versions(self, result_id: int) -> ResultVersions:
        return self._client.get(f"/api/results/{result_id}/versions/", ResultVersions)

    def read_marks(self, section_id: int, enrollment_id: int) -> tuple[list[AssessmentView], list[ScoreView]]:
        """The assessments of a section and one student's marks in them, as far as the caller may see them: a
        student those that were shown."""
        columns = every(self._client, "/api/assessments/", AssessmentView, {"section_id": section_id})
        given: Parameters = {"section_id": section_id, "enrollment_id": enrollment_id}
        return columns, every(self._client, "/api/assessment-scores/", ScoreView, given)

    def explain_attendance(self, student_id: int, section_id: int) -> AttendanceExplained:
        path = f"/api/students/{student_id}/explain/attendance/{section_id}/"
        return self._client.get(path, AttendanceExplained)
