"""The calls behind another name that waits: read, confirmed by another person, taken back.

The rule a newcomer would get wrong: whoever asks is on the student's page, and asks through its calls; here
is what the second person needs.
"""

from __future__ import annotations

from sims_desktop.client.http import Client, Parameters
from sims_shared.messages import Page
from sims_shared.naming import NameCorrectionView

PAGE_SIZE = 100
CORRECTIONS = "/api/name-corrections/"


class NamingCalls:
    """Every call raises `ClientError`s only; `key` as for other decisions."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def read_page(self, waiting: bool) -> Page[NameCorrectionView]:
        """The newest first; of those that wait the oldest."""
        given: Parameters = {"page_size": PAGE_SIZE}
        if waiting:
            given = {**given, "status": "pending", "ordering": "id"}
        return self._client.get(CORRECTIONS, Page[NameCorrectionView], given)

    def read_next(self, path: str) -> Page[NameCorrectionView]:
        """The page that another one named as its next."""
        return self._client.get(path, Page[NameCorrectionView])

    def read(self, correction_id: int) -> NameCorrectionView:
        return self._client.get(f"{CORRECTIONS}{correction_id}/", NameCorrectionView)

    def read_evidence(self, correction_id: int) -> bytes:
        return self._client.download(f"{CORRECTIONS}{correction_id}/evidence/")

    def decide(self, correction_id: int, approved: bool, reason: str, key: str) -> NameCorrectionView:
        """Raises ProblemAnswer: `names.second_person`, `names.decided`, `names.moved`."""
        body = {"approved": approved, "reason": reason}
        return self._client.post(f"{CORRECTIONS}{correction_id}/decide/", body, NameCorrectionView, key=key)

    def withdraw(self, correction_id: int, key: str) -> NameCorrectionView:
        """Raises ProblemAnswer: `names.decided`."""
        return self._client.post(f"{CORRECTIONS}{correction_id}/withdraw/", {}, NameCorrectionView, key=key)
