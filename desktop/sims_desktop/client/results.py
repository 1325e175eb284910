"""The calls behind approvals and results: deciding, publishing, withholding, asking for a change.

The rule a newcomer would get wrong: a decision that got no answer may have been carried out. It is sent
again with the same `key`, and the server answers what it answered then.
"""

from __future__ import annotations

from typing import Any, TypeVar

from sims_desktop.client.errors import ProblemAnswer
from sims_desktop.client.http import Client, Parameters
from sims_shared.access import User
from sims_shared.cases import ChangeEvidenceList, ChangeEvidenceView, EvidenceFiled
from sims_shared.catalog import ProgramView
from sims_shared.cutoffs import SheetCutoffs
from sims_shared.grading import AssessmentView, SheetStateView, SheetSummary, SheetView
from sims_shared.messages import Page
from sims_shared.reminders import TeachersReminded
from sims_shared.reports import Broadsheet
from sims_shared.result_versions import ResultVersions
from sims_shared.results import (
    ChangeImpact,
    ExceptionList,
    PendingChangeView,
    ResultsFrozen,
    ResultsPublished,
    ResultsReleased,
    ResultsWithheld,
    ResultView,
    TermProgress,
)
from sims_shared.revisions import SheetCompared, SheetRevisions
from sims_shared.terms import TermView

T = TypeVar("T")
Scope = dict[str, int | str]  # section_id, or term_id and perhaps program_id and batch
Wish = dict[str, Any]  # result_id, and new_grade or scores, as the command has them
PAGE_SIZE = 200


class ApprovalCalls:
    """What the inbox asks. Every call raises `ClientError`s only."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def me(self) -> User:
        return self._client.me()

    def submitted_sheets(self) -> list[SheetSummary]:
        """Of open terms, within the caller's scope."""
        return every(self._client, "/api/sheets/", SheetSummary, {"state": "submitted"})

    def pending_changes(self) -> list[PendingChangeView]:
        """Within the caller's scope; `decidable` marks those whose turn is the caller's."""
        return every(self._client, "/api/pending-changes/", PendingChangeView, {"status": "pending"})

    def read_sheet(self, section_id: int) -> SheetView:
        return self._client.get(f"/api/sheets/{section_id}/", SheetView)

    def read_revisions(self, section_id: int) -> SheetRevisions:
        return self._client.get(f"/api/sheets/{section_id}/revisions/", SheetRevisions)

    def compare_revisions(self, section_id: int, since: int, until: int) -> SheetCompared:
        given: Parameters = {"since": since, "until": until}
        return self._client.get(f"/api/sheets/{section_id}/compared/", SheetCompared, given)

    def read_cutoffs(self, section_id: int) -> SheetCutoffs:
        return self._client.get(f"/api/sheets/{section_id}/cutoffs/", SheetCutoffs)

    def approve_sheet(self, section_id: int, rev: int, key: str) -> int:
        """Answers how many drafts it wrote. Raises ProblemAnswer: `sheets.stale`, `sheets.own`."""
        path = f"/api/sheets/{section_id}/approve/"
        self._client.post(path, {"rev": rev}, SheetStateView, key=key)
        given: Parameters = {"section_id": section_id, "state": "draft", "page_size": 1, "count": True}
        drafts = self._client.get("/api/results/", Page[ResultView], given).count
        return drafts if isinstance(drafts, int) else 0

    def return_sheet(self, section_id: int, reason: str, key: str) -> None:
        self._client.post(f"/api/sheets/{section_id}/return/", {"reason": reason}, SheetStateView, key=key)

    def change_evidence(self, change_id: int) -> list[ChangeEvidenceView]:
        return self._client.get(f"/api/pending-changes/{change_id}/evidence/", ChangeEvidenceList).results

    def read_change_evidence(self, change_id: int, evidence_id: int) -> bytes:
        return self._client.download(f"/api/pending-changes/{change_id}/evidence/{evidence_id}/")

    def decide_change(self, change_id: int, approved: bool, reason: str, key: str) -> PendingChangeView:
        """Raises ProblemAnswer: `results.own_request`, `.already_decided`, `.stage`, `.moved`."""
        body = {"change_id": change_id, "approved": approved, "reason": reason or None}
        return self._client.post("/api/results/approve-change/", body, PendingChangeView, key=key)


def every(client: Client, path: str, kind: type[T], given: Parameters) -> list[T]:
    """All pages of a list."""
    page = client.get(path, Page[kind], {**given, "page_size": PAGE_SIZE})  # type: ignore[valid-type]
    found = list(page.results)
    while page.next is not None:
        page = client.get(page.next, Page[kind])  # type: ignore[valid-type]
        found += page.results
    return found


class ResultCalls:
    """What the publish page asks. Every call raises `ClientError`s only; `key` as above."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def read_terms(self) -> list[TermView]:
        return every(self._client, "/api/terms/", TermView, {"ordering": "-start_date"})

    def read_programs(self) -> list[ProgramView]:
        return every(self._client, "/api/programs/", ProgramView, {"ordering": "code"})

    def read_progress(self, term_id: int, program_id: int | None, batch: str | None) -> TermProgress:
        given: Parameters = {"term_id": term_id, "program_id": program_id, "batch": batch}
        return self._client.get("/api/results/overview/", TermProgress, given)

    def read_exceptions(self, scope: Scope) -> ExceptionList:
        return self._client.get("/api/results/exceptions/", ExceptionList, {**scope})

    def read_broadsheet(self, scope: Scope) -> Broadsheet:
        """Of one program in one term, or one batch of it."""
        return self._client.get("/api/reports/broadsheet/", Broadsheet, {**scope})

    def read_results(self, section_id: int) -> list[ResultView]:
        return every(self._client, "/api/results/", ResultView, {"section_id": section_id})

    def read_versions(self, result_id: int) -> ResultVersions:
        return self._client.get(f"/api/results/{result_id}/versions/", ResultVersions)

    def read_assessments(self, section_id: int) -> list[AssessmentView]:
        return every(self._client, "/api/assessments/", AssessmentView, {"section_id": section_id})

    def publish(self, scope: Scope, key: str) -> ResultsPublished:
        """Raises ProblemAnswer with the facts of `results.scores_missing`, `.sheet_not_approved` …"""
        return self._client.post("/api/results/publish/", scope, ResultsPublished, key=key)

    def freeze(self, scope: Scope, key: str) -> ResultsFrozen:
        return self._client.post("/api/results/freeze/", scope, ResultsFrozen, key=key)

    def withhold(self, result_ids: list[int], reason: str, note: str, key: str) -> ResultsWithheld:
        body = {"result_ids": result_ids, "reason": reason, "note": note}
        return self._client.post("/api/results/withhold/", body, ResultsWithheld, key=key)

    def release(self, result_ids: list[int], key: str) -> ResultsReleased:
        return self._client.post(
            "/api/results/release/", {"result_ids": result_ids}, ResultsReleased, key=key
        )

    def preview_change(self, wish: Wish) -> ChangeImpact:
        return self._client.post("/api/results/preview-change/", wish, ChangeImpact)

    def file_change_evidence(
        self, change_id: int, file_name: str, content: bytes, note: str
    ) -> ChangeEvidenceView:
        """Raises ProblemAnswer: `cases.evidence_filed`, `.evidence_invalid`, `.wrong_state`."""
        path = f"/api/pending-changes/{change_id}/evidence/"
        return self._client.upload(path, {"note": note}, file_name, content, ChangeEvidenceView)

    def file_scan(self, change_id: int, file_name: str, content: bytes) -> None:
        """As `file_change_evidence`; the same file once more does nothing."""
        try:
            self.file_change_evidence(change_id, file_name, content, "")
        except ProblemAnswer as refusal:
            if refusal.code != EvidenceFiled.code:
                raise

    def request_change(self, wish: Wish, reason: str, key: str) -> PendingChangeView:
        body = {**wish, "reason": reason}
        return self._client.post("/api/results/change-request/", body, PendingChangeView, key=key)

    def remind(self, section_ids: list[int], note: str, again: bool, key: str) -> TeachersReminded:
        """Raises ProblemAnswer: `sheets.reminded_lately`, `.wrong_state`, `.no_lead`."""
        body = {"section_ids": section_ids, "note": note, "again": again}
        return self._client.post("/api/sheets/remind/", body, TeachersReminded, key=key)
