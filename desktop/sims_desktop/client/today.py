"""The one call behind the page Today: what waits for whoever signed in."""

from __future__ import annotations

from sims_desktop.client.http import Client
from sims_shared.dashboard import Dashboard


class TodayCalls:
    """Every call raises `ClientError`s only."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def read(self) -> Dashboard:
        return self._client.get("/api/dashboard/", Dashboard)
