"""What the grade page asks of the server besides syncing, for the person who signed in.

The rule a newcomer would get wrong: nothing here writes what the grid shows. Each act is asked of the
server, and a round of syncing brings what came of it, so that a window never shows what did not happen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from sims_desktop.client.http import Client
from sims_desktop.client.late_marks import Asked, LeftOver, left_over, request_changes
from sims_desktop.client.results import ResultCalls
from sims_desktop.client.sheets import SheetCalls
from sims_desktop.offline.store import SheetStore
from sims_shared.cutoffs import SheetCutoffs
from sims_shared.grading import AssessmentView, DeviceView
from sims_shared.plan import PlanView
from sims_shared.result_versions import ResultVersions
from sims_shared.results import ChangeImpact, PendingChangeView, ResultView
from sims_shared.revisions import SheetCompared, SheetRevisions


class SheetOffice:
    """The server as the grade page needs it. Called off the window's thread; raises `ClientError`s.
    `catch_up` syncs once and answers whether the server was reached."""

    def __init__(self, client: Client, store: SheetStore, catch_up: Callable[[], bool]) -> None:
        self._client = client
        self._store = store
        self._calls = SheetCalls(client)
        self._results = ResultCalls(client)
        self.catch_up = catch_up

    def submit_sheet(self, section_id: int, rev: int, acknowledge: list[str], note: str = "") -> None:
        """Raises ProblemAnswer: `sheets.stale`, `sheets.devices_unsynced`."""
        self._calls.submit_sheet(section_id, rev, acknowledge, note)
        self.catch_up()

    def waiting_devices(self, section_id: int) -> list[DeviceView]:
        """Other computers that hold unsynced marks of this sheet, as of the last round."""
        own = self._store.client_id()
        return [
            device
            for line in self._store.sheets()
            if line.section_id == section_id
            for device in line.summary.devices
            if device.pending and device.client_id != own
        ]

    def release_assessment(self, assessment_id: int) -> None:
        self._client.post(f"/api/assessments/{assessment_id}/release/", {}, AssessmentView)
        self.catch_up()

    def lock_assessment(self, assessment_id: int) -> None:
        self._client.post(f"/api/assessments/{assessment_id}/lock/", {}, AssessmentView)
        self.catch_up()

    def unlock_assessment(self, assessment_id: int) -> None:
        """A head's right."""
        self._client.post(f"/api/assessments/{assessment_id}/unlock/", {}, AssessmentView)
        self.catch_up()

    def write_plan(self, section_id: int, wish: Mapping[str, Any], key: str) -> PlanView:
        """Raises ProblemAnswer: `assessments.plan_changed`, `.weights_exceeded`, `.name_taken`, `.locked`,
        `.in_use`, `scores.invalid`, `sheets.closed`; nothing was written then."""
        return self._client.post(f"/api/sheets/{section_id}/plan/", dict(wish), PlanView, key=key)

    def sheets_without_columns(self, section_id: int) -> list[tuple[int, str]]:
        """The person's other open sheets on this computer that have no column yet, by name."""
        found = []
        for line in self._store.sheets():
            if line.section_id == section_id or line.state != "open" or not line.here or line.total:
                continue
            held = self._store.open_sheet(line.section_id)
            if held is not None and not held.columns:
                found.append((line.section_id, f"{line.course_code} {line.section}"))
        return found

    def left_over(self, section_id: int) -> list[LeftOver]:
        """Marks that the server refused and this computer keeps. Needs no server."""
        return left_over(self._store, section_id)

    def request_changes(self, section_id: int, reason: str) -> Asked:
        """Turns what was refused because the sheet was closed into change requests."""
        return request_changes(self._client, self._store, section_id, reason)

    def read_results(self, section_id: int) -> list[ResultView]:
        return self._results.read_results(section_id)

    def student_ids(self, section_id: int) -> dict[int, int]:
        """By enrollment."""
        return self._store.student_ids(section_id)

    def preview_change(self, wish: Mapping[str, Any]) -> ChangeImpact:
        return self._results.preview_change(dict(wish))

    def request_change(self, wish: Mapping[str, Any], reason: str, key: str) -> PendingChangeView:
        return self._results.request_change(dict(wish), reason, key)

    def file_scan(self, change_id: int, file_name: str, content: bytes) -> None:
        self._results.file_scan(change_id, file_name, content)

    def read_revisions(self, section_id: int) -> SheetRevisions:
        return self._client.get(f"/api/sheets/{section_id}/revisions/", SheetRevisions)

    def compare_revisions(
        self, section_id: int, since: int, until: int, *, unchanged: bool = False
    ) -> SheetCompared:
        given = {"since": since, "until": until, "unchanged": "true" if unchanged else None}
        return self._client.get(f"/api/sheets/{section_id}/compared/", SheetCompared, given)

    def read_result_versions(self, result_id: int) -> ResultVersions:
        return self._results.read_versions(result_id)

    def read_cutoffs(self, section_id: int) -> SheetCutoffs:
        return self._client.get(f"/api/sheets/{section_id}/cutoffs/", SheetCutoffs)

    def propose_cutoffs(
        self, section_id: int, regulation_id: int, rev: int, lines: Mapping[str, Decimal], reason: str
    ) -> SheetCutoffs:
        """Raises ProblemAnswer: `sheets.cutoffs_invalid`, `sheets.stale`, `sheets.not_lead`."""
        body = {
            "regulation_id": regulation_id,
            "rev": rev,
            "reason": reason,
            "lines": [{"grade": grade, "at_least": str(to)} for grade, to in lines.items()],
        }
        return self._client.post(f"/api/sheets/{section_id}/cutoffs/", body, SheetCutoffs)
