"""Table of backups. Every other table the operations room only reads."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Identity, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from sims_server.kernel.database import metadata

backup = Table(
    "backup",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("file_name", Text, nullable=False),
    Column("size", BigInteger),
    Column("status", Text, nullable=False, server_default=text("'running'")),
    Column("manifest", JSONB),
    Column("error", Text),
    Column("started_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("finished_at", DateTime(timezone=True)),
    Column("drilled_at", DateTime(timezone=True)),
    Column("drill_outcome", Text),
    Column("removed_at", DateTime(timezone=True)),
)
