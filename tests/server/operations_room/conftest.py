"""What the operations room's tests share: the roles that may copy a database, and a worker's answer."""

from __future__ import annotations

import pytest

from sims_server.operations_room.operations.programs import Connections
from tests.support.database import TestDatabase


@pytest.fixture
def ways(database_url: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> Connections:
    """How this test's database is reached for backups; jobs read the same from the environment."""
    monkeypatch.setenv("DATABASE_BACKUP_URL", database_url.url("sims_backup"))
    monkeypatch.setenv("DATABASE_OWNER_URL", database_url.owner_url)
    return Connections(database_url.name, database_url.url("sims_backup"), database_url.owner_url)
