"""The table of batches. Each enrollment that a batch seated names it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from sims_server.kernel.database import metadata
from sims_shared.batches import BatchWrongState

enrollment_batch = Table(
    "enrollment_batch",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False),
    Column(
        "program_id", BigInteger, ForeignKey("program.id", name="fk_enrollment_batch_program"), nullable=False
    ),
    Column("term_id", BigInteger, ForeignKey("term.id", name="fk_enrollment_batch_term"), nullable=False),
    Column("intake", Text, nullable=False),
    Column("batch", Text),
    Column("semester", Integer, nullable=False),
    Column("wishes", JSONB, nullable=False),
    Column("plan", JSONB, nullable=False),
    Column("plan_hash", Text, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'planned'")),
    Column("created_by", BigInteger, ForeignKey("account.id", name="fk_enrollment_batch_created_by")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("job_id", BigInteger),
    Column("committed_by", BigInteger, ForeignKey("account.id", name="fk_enrollment_batch_committed_by")),
    Column("committed_at", DateTime(timezone=True)),
    Column("undone_by", BigInteger, ForeignKey("account.id", name="fk_enrollment_batch_undone_by")),
    Column("undone_at", DateTime(timezone=True)),
    Column("undo_reason", Text),
)

CONSTRAINTS = {"ck_enrollment_batch_transition": BatchWrongState}
