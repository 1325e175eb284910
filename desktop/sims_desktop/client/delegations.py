"""The calls behind lending a role: who may have it, what is lent, and the end of it."""

from __future__ import annotations

from datetime import date
from typing import Any

from sims_desktop.client.http import Client, Parameters
from sims_desktop.client.results import every
from sims_shared.access import ColleagueView, DelegationView, User
from sims_shared.catalog import DepartmentView
from sims_shared.messages import Page

FOUND = 20


class DelegationCalls:
    """Every call raises `ClientError`s only."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def me(self) -> User:
        return self._client.me()

    def list_departments(self) -> list[DepartmentView]:
        return every(self._client, "/api/departments/", DepartmentView, {})

    def list_delegations(self) -> list[DelegationView]:
        """What the caller lent and was lent, newest first."""
        return every(self._client, "/api/delegations/", DelegationView, {})

    def find_colleagues(self, words: str) -> list[ColleagueView]:
        given: Parameters = {"search": words, "page_size": FOUND}
        return list(self._client.get("/api/delegations/colleagues/", Page[ColleagueView], given).results)

    def lend(
        self, to: int, role: str, department_id: int, first: date | None, last: date, reason: str, key: str
    ) -> DelegationView:
        """Raises ProblemAnswer: `delegations.not_yours`, `.unfit`, `.duplicate`, faults of fields."""
        body: dict[str, Any] = {
            "to": to,
            "role": role,
            "department_id": department_id,
            "until": last.isoformat(),
            "reason": reason,
        }
        if first is not None:
            body["from"] = first.isoformat()
        return self._client.post("/api/delegations/", body, DelegationView, key=key)

    def take_back(self, delegation_id: int, key: str) -> DelegationView:
        """Raises ProblemAnswer: `delegations.over`."""
        return self._client.post(f"/api/delegations/{delegation_id}/revoke/", {}, DelegationView, key=key)
