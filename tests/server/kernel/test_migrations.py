"""From an empty database to this release's schema, and knowing whether one is there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from sims_server.kernel import migrations
from tests.support.database import TestDatabase

# Each of these is mangled when SQL goes through a parser of parameters.
AWKWARD = """
CREATE TABLE awkward AS SELECT to_char(timestamp '2026-11-23 14:05', 'HH24:MI') AS at,
  format('%I has 100%%', 'mark') AS said, 'a:b' AS colon, 7 % 4 AS modulo, '{1,2}'::int[] AS many;
"""
REVISION = '''
"""A later release."""
from alembic import op
revision = "9999_01_01_01"
down_revision = {head!r}
branch_labels = None
depends_on = None
def upgrade() -> None:
    op.execute({sql!r})
'''


@contextmanager
def _connected(url: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=sa.NullPool)
    with engine.connect() as connection:
        yield connection


def _later_release(folder: Path, sql: str) -> Path:
    """A copy of the migrations with one more."""
    later = folder / "migrations"
    shutil.copytree(migrations.folder(), later)
    (later / "versions" / "9999_01_01_01_later.py").write_text(
        REVISION.format(head=migrations.head(), sql=sql)
    )
    return later


def test_the_application_sees_that_its_database_fits(database_url: TestDatabase) -> None:
    with _connected(database_url.app_url) as connection:
        assert migrations.at_head(connection)


def test_migrating_again_changes_nothing(database_url: TestDatabase) -> None:
    migrations.migrate(database_url.owner_url)
    with _connected(database_url.app_url) as connection:
        assert migrations.at_head(connection)


def test_an_older_and_a_newer_database_do_not_fit(
    database_url: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = migrations.folder()
    later = _later_release(tmp_path, "CREATE TABLE later (x int)")
    monkeypatch.setattr(migrations, "folder", lambda: later)
    with _connected(database_url.app_url) as connection:
        assert not migrations.at_head(connection)
    migrations.migrate(database_url.owner_url)
    with _connected(database_url.app_url) as connection:
        assert migrations.at_head(connection)
        monkeypatch.setattr(migrations, "folder", lambda: today)
        assert not migrations.at_head(connection)


def test_an_empty_database_does_not_fit(database_url: TestDatabase) -> None:
    with psycopg.connect(database_url.owner_url) as connection:
        connection.execute("DROP TABLE alembic_version")
    with _connected(database_url.app_url) as connection:
        assert not migrations.at_head(connection)


def test_sql_reaches_the_server_as_it_is_written(
    database_url: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = _later_release(tmp_path, AWKWARD)
    monkeypatch.setattr(migrations, "folder", lambda: later)
    migrations.migrate(database_url.owner_url)
    with psycopg.connect(database_url.owner_url) as connection:
        row = connection.execute("SELECT * FROM awkward").fetchone()
    assert row == ("14:05", "mark has 100%", "a:b", 3, [1, 2])


def test_a_failing_migration_leaves_the_schema_before_it(
    database_url: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = migrations.head()
    later = _later_release(tmp_path, "CREATE TABLE half (x int); SELECT 1 / 0;")
    monkeypatch.setattr(migrations, "folder", lambda: later)
    with pytest.raises(sa.exc.DataError, match="division by zero"):
        migrations.migrate(database_url.owner_url)
    with psycopg.connect(database_url.owner_url) as connection:
        assert connection.execute("SELECT to_regclass('half')").fetchone() == (None,)
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (today,)
