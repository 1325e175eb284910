"""What a migration and what somebody in psql writes is told once, with old and new, under the role's name."""

from __future__ import annotations

import shutil
from pathlib import Path

import psycopg
import pytest

from sims_server.kernel import migrations
from tests.support.api import Api
from tests.support.database import TestDatabase
from tests.support.university import University

MIGRATION = '''"""A department is called otherwise."""

from alembic import op

revision = "2099_01_01_01"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE department SET name = 'Computing' WHERE code = 'CS'")
'''


@pytest.fixture
def ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This release's migrations and one more, which writes into the record."""
    place = tmp_path / "migrations"
    shutil.copytree(migrations.folder(), place, ignore=shutil.ignore_patterns("__pycache__"))
    (place / "versions" / "2099_01_01_01_renamed.py").write_text(MIGRATION.format(head=migrations.head()))
    monkeypatch.setattr(migrations, "folder", lambda: place)
    return place


def test_a_migration_that_writes_is_told_with_old_and_new(
    api: Api, university: University, database_url: TestDatabase, ahead: Path
) -> None:
    university.department("CS")
    migrations.migrate(database_url.owner_url)
    told = university.rows("SELECT * FROM audit WHERE entity = 'department' AND operation = 'update'")
    assert len(told) == 1
    assert (told[0]["actor_id"], told[0]["actor_name"]) == (None, "database:sims_owner")
    assert (told[0]["database_user"], told[0]["action"]) == ("sims_owner", "department.update")
    assert told[0]["changes"] == {"name": ["Department CS", "Computing"]}


@pytest.mark.parametrize("role", ["sims_app", "postgres"])
def test_an_update_in_psql_is_told_with_old_and_new(
    api: Api, university: University, database_url: TestDatabase, role: str
) -> None:
    university.department("CS")
    url = database_url.app_url if role == "sims_app" else database_url.superuser_url
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE department SET name = 'Computing'")
    told = university.rows("SELECT * FROM audit WHERE entity = 'department' AND operation = 'update'")
    assert [(row["actor_name"], row["changes"]) for row in told] == [
        (f"database:{role}", {"name": ["Department CS", "Computing"]})
    ]
