"""The calls behind opening a locked column: which are locked in sheets that are still open, and the one act.

The rule a newcomer would get wrong: years of columns stay locked for good. So only those of open terms are
asked for, and only open sheets are named.
"""

from __future__ import annotations

from sims_desktop.client.http import Client
from sims_desktop.client.results import every
from sims_shared.grading import AssessmentView, SheetSummary
from sims_shared.terms import TermView

OPEN = "open"


class UnlockCalls:
    """Every call raises `ClientError`s only."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def open_sheets(self) -> list[SheetSummary]:
        """Of open terms, within the caller's scope."""
        return every(self._client, "/api/sheets/", SheetSummary, {"state": OPEN})

    def locked_columns(self) -> list[AssessmentView]:
        """Of open terms, within the caller's scope."""
        terms = every(self._client, "/api/terms/", TermView, {"status": OPEN})
        return [
            column
            for term in terms
            for column in every(
                self._client, "/api/assessments/", AssessmentView, {"term_id": term.id, "locked": True}
            )
        ]

    def unlock(self, assessment_id: int, key: str) -> AssessmentView:
        return self._client.post(f"/api/assessments/{assessment_id}/unlock/", {}, AssessmentView, key=key)
