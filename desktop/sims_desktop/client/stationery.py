"""The calls behind the count of a pile of stationery."""

from __future__ import annotations

from sims_desktop.client.http import Client, Parameters
from sims_shared.messages import Page
from sims_shared.stationery import StockCountView, StockDay

COUNTS = 30  # the newest


class StationeryCalls:
    """Every call raises `ClientError`s only; `key` makes a count that got no answer happen once."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def read_day(self) -> StockDay:
        return self._client.get("/api/stationery/", StockDay)

    def read_counts(self, user_id: int) -> list[StockCountView]:
        """This person's, newest first."""
        given: Parameters = {"by": user_id, "page_size": COUNTS}
        return list(self._client.get("/api/stationery/counts/", Page[StockCountView], given).results)

    def count(
        self, remaining: int, received: int, opening: int | None, note: str, key: str
    ) -> StockCountView:
        """Raises ProblemAnswer: `stationery.differs`, `.opening_needed`, `.moved_on`, faults of fields."""
        body = {"remaining": remaining, "received": received, "opening": opening, "note": note}
        return self._client.post("/api/stationery/count/", body, StockCountView, key=key)
