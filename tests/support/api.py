"""The server as a test talks to it: the real application over this test's own database.

`api.as_("registrar")` opens a session for an account without paying for argon2 in each test; signing
in itself has its own tests.
"""

from __future__ import annotations

import json as jsonlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from sims_server.access.operations import open_session, ship_roles
from sims_server.app import create_app
from sims_server.kernel.database import Database
from sims_server.kernel.execute import execute_as_system
from tests.support.database import TestDatabase, server_database
from tests.support.university import University


@dataclass(frozen=True)
class Reply:
    """A status, headers, and the body as JSON (or bytes)."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return jsonlib.loads(self.content)

    @property
    def code(self) -> str:
        """The problem's code; "" for an answer that is none."""
        found = (
            self.json.get("code", "")
            if self.headers.get("content-type", "").startswith("application/problem")
            else ""
        )
        assert isinstance(found, str)
        return found


class Client:
    """Somebody signed in (or nobody)."""

    def __init__(self, client: TestClient[Litestar], token: str | None) -> None:
        self._client = client
        self.token = token

    def request(self, method: str, path: str, **more: Any) -> Reply:
        headers = dict(more.pop("headers", {}) or {})
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        answer = self._client.request(method, path, headers=headers, **more)
        return Reply(answer.status_code, dict(answer.headers), answer.content)

    def get(self, path: str, **more: Any) -> Reply:
        return self.request("GET", path, **more)

    def post(self, path: str, json: Any = None, **more: Any) -> Reply:
        if json is None and "content" not in more and "files" not in more:
            json = {}
        return (
            self.request("POST", path, json=json, **more)
            if json is not None
            else self.request("POST", path, **more)
        )

    def patch(self, path: str, json: Any, **more: Any) -> Reply:
        return self.request("PATCH", path, json=json, **more)

    def delete(self, path: str, **more: Any) -> Reply:
        return self.request("DELETE", path, **more)


class Api:
    """The application over one database."""

    def __init__(self, client: TestClient[Litestar], database: Database, data: Path) -> None:
        self.client = client
        self.database = database
        self.data = data
        self.anonymous = Client(client, None)

    def as_(self, username: str) -> Client:
        """A new session of this account."""

        def open_for(work: Any, name: str) -> str:
            account_id = work.value("SELECT id FROM account WHERE username = %(name)s", name=name)
            assert account_id is not None, f"there is no account {name}"
            return open_session(work, account_id, "test").access

        token = execute_as_system(self.database, open_for, username, action="test.session", data=self.data)
        return Client(self.client, token)

    def run(self, operation: Any, command: Any, action: str = "test") -> Any:
        """Carry an operation out as the system, in its own transaction."""
        return execute_as_system(self.database, operation, command, action=action, data=self.data)


@pytest.fixture(scope="session")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient[Litestar]]:
    """One application a worker; each test puts its own database into it."""
    data = tmp_path_factory.mktemp("data")
    app = create_app(Database("postgresql://nowhere/none"), data)
    with TestClient(app) as client:
        yield client


@pytest.fixture
def api(application: TestClient[Litestar], database_url: TestDatabase) -> Iterator[Api]:
    """The application over this test's own, empty database, with the shipped roles."""
    database = server_database(database_url.app_url)
    application.app.state.database = database
    data = application.app.state.data
    # Heads of another test's audit would say that this one's history was rewritten; so would those that
    # stand beside another test's backup.
    for folder in ("audit", "backups"):
        shutil.rmtree(data / folder, ignore_errors=True)
    execute_as_system(database, ship_roles, None, action="roles.ship", data=data)
    yield Api(application, database, data)
    database.close()


@pytest.fixture
def university(api: Api) -> University:
    """A small university in this test's database: see `University`."""
    return University(api.database)
