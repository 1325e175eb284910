"""Tables of the audit. The application reads them; triggers write entries, `seal_audit()` blocks.

Left out of the description is what SQLAlchemy has no word for (a block's set of ids, its snapshot): only
SQL touches it.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, Integer, LargeBinary, Table, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, INT8MULTIRANGE, JSON, JSONB

from sims_server.kernel.database import metadata

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=sql("clock_timestamp()")),
    # xid8 in the database; SQLAlchemy has no word for it, and nothing here reads it.
    Column("transaction_id", BigInteger, nullable=False, server_default=sql("pg_current_xact_id()")),
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
# The entries of one statement over many rows, until the next seal lays them out in `audit`.
audit_statement = Table(
    "audit_statement",
    metadata,
    Column("first_id", BigInteger, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=sql("clock_timestamp()")),
    Column("transaction_id", BigInteger, nullable=False, server_default=sql("pg_current_xact_id()")),
    Column("actor_id", BigInteger),
    Column("actor_name", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("database_user", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("ids", ARRAY(BigInteger), nullable=False),
    Column("entity_ids", ARRAY(BigInteger), nullable=False),
    Column("changes", JSON, nullable=False),
)
audit_block = Table(
    "audit_block",
    metadata,
    Column("number", BigInteger, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("previous", LargeBinary, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("first_id", BigInteger, nullable=False),
    Column("last_id", BigInteger, nullable=False),
    Column("ids", INT8MULTIRANGE, nullable=False),
    Column("settled_id", BigInteger, nullable=False),
    Column("beyond", BigInteger, nullable=False),  # xid8
    Column("marks", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
audit_head = Table(
    "audit_head",
    metadata,
    Column(
        "number", BigInteger, ForeignKey("audit_block.number", name="fk_audit_head_block"), primary_key=True
    ),
    Column("body", JSONB, nullable=False),
)
audit_recovery = Table(
    "audit_recovery",
    metadata,
    Column("generation", Integer, primary_key=True),
    Column("body", JSONB, nullable=False),
)
disclosure = Table(
    "disclosure",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=sql("clock_timestamp()")),
    Column("actor_id", BigInteger),
    Column("student_id", BigInteger, nullable=False),
    Column("what", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("kind", Text, nullable=False, server_default=sql("'opened'")),
)
disclosure_alarm = Table(
    "disclosure_alarm",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=sql("clock_timestamp()")),
    Column(
        "account_id",
        BigInteger,
        ForeignKey("account.id", name="fk_disclosure_alarm_account"),
        nullable=False,
    ),
    Column("students", Integer, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("allowed", Integer, nullable=False),
)
