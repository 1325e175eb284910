"""The calls of the counter: finding a student, issuing, printing, and what a verifier needs.

The rule a newcomer would get wrong: an issue that got no answer may have been sealed. It is asked for
again with the same `key`, and the server answers what it answered then instead of sealing a second one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from sims_desktop.client.http import Client, Parameters
from sims_shared.catalog import ProgramView
from sims_shared.holds import HoldKindView, HoldView
from sims_shared.messages import Page
from sims_shared.people import StudentView
from sims_shared.requests import RequestTypeView, RequestView
from sims_shared.transcripts import (
    Examination,
    Examinations,
    Issued,
    IssuedDocumentDetail,
    IssuedDocumentView,
    Verified,
)

KEYS_PATH = "/.well-known/sims-seal.json"
STATUS_PATH = "/.well-known/sims-status.cbor"
FOUND_AT_MOST = 50
DOCUMENTS_AT_MOST = 100
KINDS_AT_MOST = 200


class CounterCalls:
    """Every call raises `ClientError`s only, and is made off the window's thread."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def find_students(self, words: str) -> list[StudentView]:
        """The first fifty; words in any order, anywhere in name, number or phone."""
        given: Parameters = {"search": words, "page_size": FOUND_AT_MOST}
        return self._client.get("/api/students/", Page[StudentView], given).results

    def read_student(self, student_id: int) -> StudentView:
        return self._client.get(f"/api/students/{student_id}/", StudentView)

    def read_program(self, program_id: int) -> ProgramView:
        return self._client.get(f"/api/programs/{program_id}/", ProgramView)

    def open_holds(self, student_id: int) -> list[HoldView]:
        given: Parameters = {"student_id": student_id, "lifted": False, "page_size": KINDS_AT_MOST}
        return self._client.get("/api/holds/", Page[HoldView], given).results

    def hold_kinds(self) -> list[HoldKindView]:
        given = {"page_size": KINDS_AT_MOST}
        return self._client.get("/api/hold-kinds/", Page[HoldKindView], given).results

    def requests_of(self, student_id: int) -> list[RequestView]:
        given = {"student_id": student_id, "page_size": KINDS_AT_MOST}
        return self._client.get("/api/requests/", Page[RequestView], given).results

    def read_request(self, request_id: int) -> RequestView:
        return self._client.get(f"/api/requests/{request_id}/", RequestView)

    def request_types(self) -> list[RequestTypeView]:
        given = {"page_size": KINDS_AT_MOST}
        return self._client.get("/api/request-types/", Page[RequestTypeView], given).results

    def documents_of(self, student_id: int) -> list[IssuedDocumentView]:
        """The newest hundred, newest first."""
        given = {"student_id": student_id, "page_size": DOCUMENTS_AT_MOST}
        return self._client.get("/api/transcripts/issued/", Page[IssuedDocumentView], given).results

    def find_document(self, serial: str) -> IssuedDocumentView | None:
        given = {"serial": serial}
        found = self._client.get("/api/transcripts/issued/", Page[IssuedDocumentView], given).results
        return found[0] if found else None

    def read_document(self, serial: str) -> IssuedDocumentDetail:
        return self._client.get(f"/api/transcripts/issued/{_in_path(serial)}/", IssuedDocumentDetail)

    def unofficial_copy(self, student_id: int, of: Mapping[str, str | int] | None = None) -> bytes:
        """A PDF, marked on every page, of the transcript or of another paper, as `CopyOf`."""
        asked = f"?{urlencode(of)}" if of else ""
        return self._client.download(f"/api/transcripts/{student_id}/{asked}")

    def examinations(self, student_id: int) -> list[Examination]:
        """The newest first."""
        return self._client.get(f"/api/transcripts/{student_id}/examinations/", Examinations).results

    def sealed_file(self, serial: str) -> bytes:
        """Byte for byte what was sealed."""
        return self._client.download(f"/api/transcripts/issued/{_in_path(serial)}/pdf/")

    def issue(self, body: dict[str, Any], key: str) -> Issued:
        """`body` as `IssueTranscript`. Raises ProblemAnswer: `transcripts.held`, `.differs`, `.no_keys`,
        `.nothing_to_print`, `.stock_number_taken` …"""
        return self._client.post("/api/transcripts/issue/", body, Issued, key=key)

    def record_sheets(
        self, serial: str, printer: str, stock_numbers: list[str], outcome: str, reason: str, key: str
    ) -> IssuedDocumentDetail:
        """A line of the custody ledger. Raises ProblemAnswer: `transcripts.reason_needed`, `.not_valid`,
        `.stock_number_taken`."""
        body = {
            "printer": printer,
            "stock_numbers": stock_numbers,
            "outcome": outcome,
            "reason": reason or None,
        }
        path = f"/api/transcripts/issued/{_in_path(serial)}/print/"
        return self._client.post(path, body, IssuedDocumentDetail, key=key)

    def verify_token(self, token: str) -> Verified:
        """Raises ProblemAnswer: `transcripts.token_malformed`, `transcripts.unknown`."""
        return self._client.get(f"/api/transcripts/verify/{_in_path(token)}/", Verified)

    def key_document(self) -> bytes:
        return self._client.download(KEYS_PATH)

    def status_list(self) -> bytes:
        return self._client.download(STATUS_PATH)


def _in_path(text: str) -> str:
    return quote(text, safe="")
