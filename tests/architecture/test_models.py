"""The tables that the code believes in are the tables that the migrations make."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.engine import make_url

import sims_server
from sims_server.kernel.database import metadata
from tests.support.database import TestDatabase

# SQLAlchemy does not know PostgreSQL's transaction ids; no model touches one.
ischema_names.setdefault("xid8", sa.BigInteger)


def _load_models() -> sa.MetaData:
    for module in pkgutil.iter_modules(sims_server.__path__):
        if module.ispkg:
            for inner in pkgutil.iter_modules([f"{sims_server.__path__[0]}/{module.name}"]):
                if inner.name == "model":
                    importlib.import_module(f"sims_server.{module.name}.model")
    return metadata


def _differences(database: TestDatabase, tables: sa.MetaData) -> list[Any]:
    """What would have to change in the database for the code to be right. Indexes and checks are the
    migrations' own affair; what the code relies on is tables, columns, types and what may be null."""

    def counts(item: Any, name: str | None, kind: str, reflected: bool, other: Any) -> bool:
        if kind == "table":
            return name in tables.tables
        return kind == "column"

    engine = sa.create_engine(
        make_url(database.owner_url).set(drivername="postgresql+psycopg"), poolclass=sa.NullPool
    )
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_object": counts, "target_metadata": tables}
        )
        found: list[Any] = compare_metadata(context, tables)
    # A comment (why a table has no audit) is the migrations' own affair too.
    return [one for one in found if not isinstance(one, tuple) or not str(one[0]).endswith("_table_comment")]


def test_models_and_migrations_agree(database_url: TestDatabase) -> None:
    assert _differences(database_url, _load_models()) == []


def test_a_column_that_no_migration_made_is_noticed(database_url: TestDatabase) -> None:
    tables = sa.MetaData()
    sa.Table(
        "setting", tables, sa.Column("id", sa.BigInteger, primary_key=True), sa.Column("colour", sa.Text)
    )
    found = _differences(database_url, tables)
    assert any(change[0] == "add_column" and change[3].name == "colour" for change in found)
    assert any(change[0] == "remove_column" and change[3].name == "value" for change in found)
