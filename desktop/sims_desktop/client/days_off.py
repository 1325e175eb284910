"""The calls behind the desk of days off."""

from __future__ import annotations

from sims_desktop.client.entries import EntryCalls
from sims_desktop.client.http import Client
from sims_shared.days_off import DayOffView


class DayOffCalls(EntryCalls[DayOffView]):
    """The same days by the same name are `days_off.taken`."""

    def __init__(self, client: Client) -> None:
        super().__init__(client, "/api/days-off/", DayOffView)
