"""The calls behind grade sheets: what the sync thread needs, and the steps of a sheet's life."""

from __future__ import annotations

from typing import Any

from sims_desktop.client.http import Client
from sims_desktop.offline.exchange import Heartbeat
from sims_shared.access import User
from sims_shared.grading import SheetChanges, SheetSummary, SheetView, SyncAnswer
from sims_shared.messages import Page


class SheetCalls:
    """A `SheetServer` over HTTP. Every call raises `ClientError`s only."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def read_sheets(self) -> list[SheetSummary]:
        """Those of every open term that the caller teaches. A head or the examination cell may read many
        more, and reads them from the server: no computer keeps marks that nobody types at it."""
        taught = set(self._client.get("/api/auth/me/", User).sections_taught)
        path: str | None = "/api/sheets/" if taught else None
        summaries: list[SheetSummary] = []
        while path is not None:
            page = self._client.get(path, Page[SheetSummary])
            summaries += [sheet for sheet in page.results if sheet.section_id in taught]
            path = page.next
        return summaries

    def read_sheet(self, section_id: int) -> SheetView:
        return self._client.get(f"/api/sheets/{section_id}/", SheetView)

    def read_changes(self, section_id: int, since: int, heartbeat: Heartbeat) -> SheetChanges:
        return self._client.get(
            f"/api/sheets/{section_id}/changes/",
            SheetChanges,
            {
                "since": since,
                "client_id": heartbeat.client_id,
                "pending": heartbeat.pending,
                "conflicts": heartbeat.conflicts,
            },
        )

    def push(self, section_id: int, body: bytes) -> SyncAnswer:
        response = self._client.request("POST", f"/api/sheets/{section_id}/sync/", content=body)
        return self._client.decode(response, SyncAnswer)

    def submit_sheet(self, section_id: int, rev: int, acknowledge: list[str], note: str = "") -> None:
        """Raises ProblemAnswer: `sheets.stale`, `sheets.devices_unsynced` (facts: `devices`)."""
        body: dict[str, Any] = {"rev": rev, "acknowledge": acknowledge}
        if note:  # an earlier server knows no note, and refuses what it does not know
            body["note"] = note
        self._client.request("POST", f"/api/sheets/{section_id}/submit/", body=body)

    def approve_sheet(self, section_id: int, rev: int) -> None:
        self._client.request("POST", f"/api/sheets/{section_id}/approve/", body={"rev": rev})

    def return_sheet(self, section_id: int, reason: str) -> None:
        self._client.request("POST", f"/api/sheets/{section_id}/return/", body={"reason": reason})
