"""The calls behind admissions: applications, their moves, and admitting in series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sims_desktop.client.http import Client, Parameters
from sims_desktop.client.results import every
from sims_shared.admissions import AdmissionView, ApplicantView
from sims_shared.catalog import ProgramView
from sims_shared.terms import TermView

APPLICANTS = "/api/applicants/"


class AdmissionCalls:
    """Every call raises `ClientError`s only."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def list_applicants(
        self, status: str | None, program_id: int | None, admitted: bool | None
    ) -> list[ApplicantView]:
        given: Parameters = {"status": status, "program_id": program_id, "admitted": admitted}
        return every(self._client, APPLICANTS, ApplicantView, given)

    def list_programs(self) -> list[ProgramView]:
        return every(self._client, "/api/programs/", ProgramView, {"ordering": "code"})

    def list_terms(self) -> list[TermView]:
        return every(self._client, "/api/terms/", TermView, {"ordering": "-start_date"})

    def enter(self, application: dict[str, Any], key: str) -> ApplicantView:
        """Raises ProblemAnswer: `applicants.applied_already`, faults of fields."""
        return self._client.post(APPLICANTS, application, ApplicantView, key=key)

    def keep_documents(self, applicant_id: int, documents: Sequence[dict[str, Any]]) -> ApplicantView:
        return self._client.patch(
            f"{APPLICANTS}{applicant_id}/", {"documents": list(documents)}, ApplicantView
        )

    def move(self, applicant_id: int, status: str, reason: str, key: str) -> ApplicantView:
        """Raises ProblemAnswer: `applicants.wrong_state`, `.admitted`."""
        path = f"{APPLICANTS}{applicant_id}/transition/"
        return self._client.post(path, {"status": status, "reason": reason}, ApplicantView, key=key)

    def admit(
        self, ids: Sequence[int], same: Sequence[int], another: Sequence[int], key: str
    ) -> AdmissionView:
        """All or nobody. Raises ProblemAnswer: `applicants.not_admitted`, with faults by `/ids/n` and
        `known` students."""
        body = {"ids": list(ids), "same_person": list(same), "another_person": list(another)}
        return self._client.post(f"{APPLICANTS}admit/", body, AdmissionView, key=key)
