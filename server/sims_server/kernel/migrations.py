"""Bringing a database to the schema this release expects, and asking whether it is there.

The migrations are raw SQL in `migrations/versions`, run by alembic without an ini file, as
`sims_owner`, each in a transaction of its own. The server never runs them by itself and never signs
in as the owner: it only asks `at_head` and says that it is not ready.
"""

from __future__ import annotations

import functools
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.engine import make_url

# "SIMSMIGR": two that migrate at once take turns, and the second finds nothing to do.
_LOCK = 0x53494D534D494752


def folder() -> Path:
    """Where the migrations lie: at the top of the checkout that the server runs from."""
    place = Path(__file__).resolve().parents[3] / "migrations"
    if not (place / "env.py").is_file():
        raise FileNotFoundError(f"{place} is missing; a server runs from a complete checkout.")
    return place


def migrate(owner_url: str) -> None:
    """Runs every migration that `owner_url` (libpq form) still lacks. A failing one leaves the
    database at the one before it and raises what the database said."""
    with _connection(owner_url) as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({_LOCK})")
        connection.commit()
        command.upgrade(_configuration(connection), "head")


def head() -> str | None:
    """The newest revision this release knows, or None when it has none."""
    return _head(folder())


def at_head(connection: sa.Connection) -> bool:
    """Whether the database has exactly this release's schema; neither an older nor a newer one."""
    table = connection.exec_driver_sql("SELECT to_regclass('alembic_version') IS NOT NULL").scalar_one()
    if not table:
        return head() is None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()
    return list(found) == [head()]


def is_known(revision: str) -> bool:
    """Whether this release knows a revision, and so can bring a database from it to the head."""
    try:
        return ScriptDirectory(str(folder())).get_revision(revision) is not None
    except CommandError:
        return False


@functools.cache
def _head(place: Path) -> str | None:
    return ScriptDirectory(str(place)).get_current_head()


def _configuration(connection: sa.Connection) -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(folder()).replace("%", "%%"))
    configuration.attributes["connection"] = connection
    return configuration


def _connection(owner_url: str) -> sa.Connection:
    url = make_url(owner_url).set(drivername="postgresql+psycopg")
    return sa.create_engine(url, poolclass=sa.NullPool).connect()
