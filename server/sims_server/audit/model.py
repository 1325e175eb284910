"""Table of the audit. The application reads it; triggers write it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Identity, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from sims_server.kernel.database import metadata

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    # xid8 in the database; SQLAlchemy has no word for it, and nothing here reads it.
    Column("transaction_id", BigInteger, nullable=False, server_default=text("pg_current_xact_id()")),
    Column("actor_id", BigInteger),
    Column("actor_name", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("entity_id", BigInteger),
    Column("method", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("database_user", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("changes", JSONB, nullable=False),
)
