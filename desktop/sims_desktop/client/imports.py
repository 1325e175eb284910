"""The calls behind imports: a file goes up, its preview is read, its plan is committed or taken back.

The rule a newcomer would get wrong: previews and commits are jobs. The answer to an upload or a commit says
only that it was asked for; what came of it is read from the job, and then from the import.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from sims_desktop.client.http import Client, Parameters
from sims_shared.imports import (
    DifferencePage,
    DifferenceView,
    ImportRowPage,
    ImportSummary,
    ImportView,
    MappingList,
)
from sims_shared.jobs import JobView
from sims_shared.messages import Page

T = TypeVar("T")
LISTED = 100
MOST_DIFFERENCES = 2000


class ImportCalls:
    """Every call raises `ClientError`s only; `key` as for other decisions."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def list_imports(self) -> list[ImportSummary]:
        """The newest, of the kinds the caller may import."""
        return list(self._client.get("/api/imports/", Page[ImportSummary], {"page_size": LISTED}).results)

    def upload(
        self, kind: str, file_name: str, content: bytes, mapping: Mapping[str, str], complete: bool
    ) -> ImportView:
        """Raises ProblemAnswer: `imports.kind_not_offered`, faults of `mapping`."""
        fields = {"kind": kind}
        if mapping:
            fields["mapping"] = msgspec.json.encode(mapping).decode()
        if complete:
            fields["complete"] = "true"
        return self._client.upload("/api/imports/", fields, file_name, content, ImportView)

    def read_import(self, import_id: int) -> ImportView:
        return self._client.get(f"/api/imports/{import_id}/", ImportView)

    def read_rows(self, import_id: int, fate: str | None, after: int) -> ImportRowPage:
        given: Parameters = {"fate": fate, "after": after}
        return self._client.get(f"/api/imports/{import_id}/rows/", ImportRowPage, given)

    def read_differences(self, import_id: int) -> list[DifferenceView]:
        found: list[DifferenceView] = []
        path: str | None = f"/api/imports/{import_id}/differences/?page_size=200"
        while path is not None and len(found) < MOST_DIFFERENCES:
            page = self._client.get(path, DifferencePage)
            found += page.results
            path = page.next
        return found

    def read_mapping(self, kind: str) -> dict[str, str]:
        """What this person called the columns of a kind before: `{header: column}`."""
        found = self._client.get("/api/imports/mappings/", MappingList, {"kind": kind}).results
        return found[0].mapping if found else {}

    def commit(self, import_id: int, plan_hash: str, key: str) -> ImportView:
        """Raises ProblemAnswer: `imports.stale`, `.faulty`, `.already_committed`, `.own_proposal`."""
        path = f"/api/imports/{import_id}/commit/"
        return self._client.post(path, {"plan_hash": plan_hash}, ImportView, key=key)

    def undo(self, import_id: int, key: str) -> ImportView:
        """Raises ProblemAnswer: `imports.depended_on` with each row that keeps it, `.not_undoable`."""
        return self._client.post(f"/api/imports/{import_id}/undo/", {}, ImportView, key=key)

    def read_job(self, job_id: int) -> JobView:
        return self._client.get(f"/api/jobs/{job_id}/", JobView)

    def cancel_job(self, job_id: int) -> None:
        self._client.post(f"/api/jobs/{job_id}/cancel/", {}, JobView)

    def retry_job(self, job_id: int) -> None:
        self._client.post(f"/api/jobs/{job_id}/retry/", {}, JobView)
