"""The calls behind accounts and roles. What changes an account or a role names what it was read from, so that
nobody's change in between is overwritten: `request.stale`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sims_desktop.client.http import Client, Parameters
from sims_desktop.client.results import every
from sims_shared.access import AccountView, RoleView, SessionList, SessionView
from sims_shared.catalog import DepartmentView
from sims_shared.messages import Page
from sims_shared.people import StudentView

ACCOUNTS = "/api/accounts/"
ROLES = "/api/roles/"


class AccountCalls:
    """Every call raises `ClientError`s only."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def list_accounts(self, words: str, role: str | None, disabled: bool | None) -> Page[AccountView]:
        """The first page, by user name."""
        given: Parameters = {
            "search": words or None,
            "role": role,
            "disabled": disabled,
            "ordering": "username",
        }
        return self._client.get(ACCOUNTS, Page[AccountView], given)

    def more_accounts(self, path: str) -> Page[AccountView]:
        return self._client.get(path, Page[AccountView])

    def read_account(self, account_id: int) -> tuple[AccountView, str]:
        """The account, and what `change` brings back."""
        return self._client.get_with_etag(f"{ACCOUNTS}{account_id}/", AccountView)

    def list_sessions(self, account_id: int) -> list[SessionView]:
        return list(self._client.get(f"{ACCOUNTS}{account_id}/sessions/", SessionList).results)

    def end_session(self, session_id: str) -> None:
        self._client.delete(f"/api/auth/sessions/{session_id}/")

    def end_sessions(self, account_id: int) -> None:
        self._client.delete(f"{ACCOUNTS}{account_id}/sessions/")

    def create(self, account: dict[str, Any], key: str) -> AccountView:
        """Raises ProblemAnswer: `accounts.username_taken`, `auth.password_too_weak`, faults of fields."""
        return self._client.post(ACCOUNTS, account, AccountView, key=key)

    def change(self, account_id: int, changes: dict[str, Any], etag: str) -> AccountView:
        """Raises ProblemAnswer: `request.stale`, `accounts.own_power`, `accounts.own_codes`."""
        return self._client.patch(f"{ACCOUNTS}{account_id}/", changes, AccountView, etag=etag)

    def find_students(self, reg_no: str) -> list[StudentView]:
        given: Parameters = {"reg_no": reg_no}
        return list(self._client.get("/api/students/", Page[StudentView], given).results)

    def list_departments(self) -> list[DepartmentView]:
        return every(self._client, "/api/departments/", DepartmentView, {"ordering": "code"})

    def list_roles(self) -> list[RoleView]:
        return every(self._client, ROLES, RoleView, {})

    def read_role(self, role_id: int) -> tuple[RoleView, str]:
        return self._client.get_with_etag(f"{ROLES}{role_id}/", RoleView)

    def create_role(self, name: str, scope: str, permissions: Sequence[str], key: str) -> RoleView:
        """Raises ProblemAnswer: `roles.name_taken`, faults of fields."""
        body = {"name": name, "scope": scope, "permissions": sorted(permissions)}
        return self._client.post(ROLES, body, RoleView, key=key)

    def change_role(self, role_id: int, permissions: Sequence[str], etag: str) -> RoleView:
        """Raises ProblemAnswer: `request.stale`, `accounts.own_power`."""
        body = {"permissions": sorted(permissions)}
        return self._client.patch(f"{ROLES}{role_id}/", body, RoleView, etag=etag)

    def delete_role(self, role_id: int) -> None:
        """Raises ProblemAnswer: `roles.in_use`, `roles.shipped`."""
        self._client.delete(f"{ROLES}{role_id}/")
