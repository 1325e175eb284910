"""The calls behind attendance: a section's list for one class, and its marks, all at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sims_desktop.client.http import Client
from sims_shared.attendance import ClassAttendanceRecorded, ClassRoster


class AttendanceCalls:
    """Every call raises `ClientError`s only."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def read_roster(self, section_id: int, day: date, slot: int) -> ClassRoster:
        """Who sits in the section, what is marked of this class, and how far each has come."""
        asked: dict[str, str | int | bool | None] = {
            "section_id": section_id,
            "date": day.isoformat(),
            "slot": slot,
        }
        return self._client.get("/api/attendance/roster/", ClassRoster, asked)

    def record_class(
        self, section_id: int, day: date, slot: int, marks: Mapping[int, str], seen: Mapping[int, str | None]
    ) -> ClassAttendanceRecorded:
        """All of `marks` or none. Raises ProblemAnswer: `attendance.marked_meanwhile` (facts: `meanwhile`)
        where a mark is not what was `seen`, `attendance.not_on_roster` (errors point at marks), …"""
        lines = [
            {"student_id": student, "status": status, "was": seen.get(student)}
            for student, status in marks.items()
        ]
        body = {"section_id": section_id, "date": day.isoformat(), "slot": slot, "marks": lines}
        return self._client.post("/api/attendance/bulk/", body, ClassAttendanceRecorded)
