"""The calls behind enrolling a whole intake: a plan, its commit by the plan's hash, its undo."""

from __future__ import annotations

from typing import Any

from sims_desktop.client.http import Client, Parameters
from sims_desktop.client.results import every
from sims_shared.batches import BatchView
from sims_shared.catalog import CourseView, ProgramView
from sims_shared.messages import Page
from sims_shared.terms import TermView

BATCHES = "/api/enrollments/batches/"
LISTED = 100


class BatchCalls:
    """Every call raises `ClientError`s only."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def list_batches(self) -> list[BatchView]:
        """The newest, within the caller's scope, without their seats."""
        return list(self._client.get(BATCHES, Page[BatchView], {"page_size": LISTED}).results)

    def list_programs(self) -> list[ProgramView]:
        return every(self._client, "/api/programs/", ProgramView, {"ordering": "code"})

    def list_terms(self) -> list[TermView]:
        given: Parameters = {"status": "open", "ordering": "-start_date"}
        return every(self._client, "/api/terms/", TermView, given)

    def find_course(self, code: str) -> CourseView | None:
        given: Parameters = {"search": code, "page_size": 50}
        found = self._client.get("/api/courses/", Page[CourseView], given).results
        return next((one for one in found if one.code.casefold() == code.casefold()), None)

    def read(self, batch_id: int) -> BatchView:
        """With its courses, seats and exceptions."""
        return self._client.get(f"{BATCHES}{batch_id}/", BatchView)

    def plan(self, wish: dict[str, Any], key: str) -> BatchView:
        """Raises ProblemAnswer: `batches.no_curriculum`, `enrollment.term_closed`, faults of fields."""
        return self._client.post(BATCHES, wish, BatchView, key=key)

    def commit(self, batch_id: int, plan_hash: str, key: str) -> BatchView:
        """Raises ProblemAnswer: `batches.stale`, `.wrong_state` …"""
        return self._client.post(f"{BATCHES}{batch_id}/commit/", {"plan_hash": plan_hash}, BatchView, key=key)

    def undo(self, batch_id: int, reason: str, key: str) -> BatchView:
        """Raises ProblemAnswer: `batches.in_use` with `rows`, `enrollment.drop_closed` …"""
        return self._client.post(f"{BATCHES}{batch_id}/undo/", {"reason": reason}, BatchView, key=key)
