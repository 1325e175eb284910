"""The calls behind the desk of terms."""

from __future__ import annotations

from sims_desktop.client.entries import EntryCalls
from sims_desktop.client.http import Client
from sims_shared.terms import TermView


class TermCalls(EntryCalls[TermView]):
    """Every call raises `ClientError`s only. A name that is taken is `terms.name_taken`."""

    def __init__(self, client: Client) -> None:
        super().__init__(client, "/api/terms/", TermView)

    def open_term(self, id: int) -> TermView:
        return self.client.post(f"/api/terms/{id}/open/", {}, TermView)

    def close_term(self, id: int) -> TermView:
        """Never refused, and twice is as good as once."""
        return self.client.post(f"/api/terms/{id}/close/", {}, TermView)
