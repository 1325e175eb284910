"""The calls behind cases: asking, proposing, deciding in order, and the files that are the evidence.

The rule a newcomer would get wrong: credit from elsewhere is a case of kind transfer under the same id, but
it is decided at `/api/transfers/`.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sims_desktop.client.http import Client, Parameters
from sims_desktop.client.results import every
from sims_shared.cases import (
    CaseLine,
    CaseView,
    EvidenceList,
    EvidenceView,
    TransferView,
)
from sims_shared.catalog import CourseView
from sims_shared.grading import AssessmentView
from sims_shared.messages import Page
from sims_shared.results import JointImpact, ResultView
from sims_shared.terms import TermView

LISTED = 200


class CaseCalls:
    """Every call raises `ClientError`s only; `key` as for other decisions."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def list_cases(self, kind: str | None, state: str | None, decidable: bool | None) -> list[CaseLine]:
        """The newest, within the caller's scope."""
        given: Parameters = {"kind": kind, "state": state, "decidable": decidable, "page_size": LISTED}
        return list(self._client.get("/api/cases/", Page[CaseLine], given).results)

    def read_case(self, case_id: int) -> CaseView:
        return self._client.get(f"/api/cases/{case_id}/", CaseView)

    def read_transfer(self, case_id: int) -> TransferView:
        return self._client.get(f"/api/transfers/{case_id}/", TransferView)

    def read_terms(self) -> list[TermView]:
        return every(self._client, "/api/terms/", TermView, {"ordering": "-start_date"})

    def course_called(self, code: str) -> int | None:
        found = self._client.get("/api/courses/", Page[CourseView], {"code": code.upper(), "page_size": 1})
        return found.results[0].id if found.results else None

    def request_transfer(self, body: dict[str, Any], key: str) -> TransferView:
        """Raises ProblemAnswer: `cases.share_exceeded`, faults of fields."""
        return self._client.post("/api/transfers/", body, TransferView, key=key)

    def read_impact(self, case_id: int) -> JointImpact:
        return self._client.get(f"/api/cases/{case_id}/impact/", JointImpact)

    def list_evidence(self, case_id: int) -> list[EvidenceView]:
        return self._client.get(f"/api/cases/{case_id}/evidence/", EvidenceList).results

    def read_evidence(self, case_id: int, evidence_id: int) -> bytes:
        return self._client.download(f"/api/cases/{case_id}/evidence/{evidence_id}/")

    def file_evidence(self, case_id: int, file_name: str, content: bytes, note: str) -> EvidenceView:
        """Raises ProblemAnswer: `cases.evidence_filed`, `.evidence_invalid`, `.wrong_state`."""
        path = f"/api/cases/{case_id}/evidence/"
        return self._client.upload(path, {"note": note}, file_name, content, EvidenceView)

    def decide(self, case: CaseLine, approved: bool, reason: str, key: str) -> None:
        """Raises ProblemAnswer: `results.own_request`, `.stage`, `.moved`, `.already_decided` …"""
        body = {"approved": approved, "reason": reason or None}
        if case.kind == "transfer":
            self._client.post(f"/api/transfers/{case.id}/approve/", body, TransferView, key=key)
        else:
            self._client.post(f"/api/cases/{case.id}/approve/", body, CaseView, key=key)

    def propose(self, case_id: int, body: dict[str, Any], key: str) -> CaseView:
        return self._client.post(f"/api/cases/{case_id}/propose/", body, CaseView, key=key)

    def withdraw(self, case_id: int, key: str) -> CaseView:
        return self._client.post(f"/api/cases/{case_id}/withdraw/", {}, CaseView, key=key)

    def record_hearing(self, case_id: int, held_on: date, place: str, key: str) -> CaseView:
        """Raises ProblemAnswer: `cases.wrong_state` once it is decided."""
        body = {"held_on": held_on.isoformat(), "place": place}
        return self._client.post(f"/api/cases/{case_id}/hearings/", body, CaseView, key=key)

    def open_case(self, body: dict[str, Any], key: str) -> CaseView:
        return self._client.post("/api/cases/", body, CaseView, key=key)

    def read_assessments(self, section_id: int) -> list[AssessmentView]:
        return every(self._client, "/api/assessments/", AssessmentView, {"section_id": section_id})

    def read_result(self, result_id: int) -> ResultView:
        return self._client.get(f"/api/results/{result_id}/", ResultView)

    def read_results(self, student_id: int) -> list[ResultView]:
        return every(self._client, "/api/results/", ResultView, {"student_id": student_id})
