"""Tables of jobs."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, DateTime, ForeignKey, Identity, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from sims_server.kernel.database import metadata

job = Table(
    "job",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False, server_default=text("'queued'")),
    Column("arguments", JSONB, nullable=False, server_default=text("'{}'")),
    Column("progress_done", BigInteger, nullable=False, server_default=text("0")),
    Column("progress_total", BigInteger, nullable=False, server_default=text("0")),
    Column("result", JSONB),
    Column("error", Text),
    Column("cancel_asked", Boolean, nullable=False, server_default=text("false")),
    Column("created_by", BigInteger, ForeignKey("account.id", name="fk_job_created_by")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("started_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
)
tick = Table(
    "tick",
    metadata,
    Column("job", Text, primary_key=True),
    Column("due", DateTime(timezone=True), primary_key=True),
)
