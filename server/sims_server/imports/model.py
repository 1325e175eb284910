"""Tables of imports."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from sims_server.kernel.database import metadata
from sims_shared.problems import Refusal

import_batch = Table(
    "import_batch",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("file", LargeBinary, nullable=False),
    Column("status", Text, nullable=False, server_default=text("'uploaded'")),
    Column("plan_hash", Text),
    Column("counts", JSONB, nullable=False, server_default=text("'{}'")),
    Column("faults", JSONB, nullable=False, server_default=text("'[]'")),
    Column("job_id", BigInteger, ForeignKey("job.id", name="fk_import_batch_job")),
    Column("created_by", BigInteger, ForeignKey("account.id", name="fk_import_batch_created_by")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("committed_at", DateTime(timezone=True)),
)
import_row = Table(
    "import_row",
    metadata,
    Column("import_id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("cells", JSONB, nullable=False),
)
import_fate = Table(
    "import_fate",
    metadata,
    Column("import_id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("fate", Text, nullable=False),
    Column("target", BigInteger),
    Column("refs", ARRAY(BigInteger), nullable=False, server_default=text("'{}'")),
    Column("changes", JSONB),
    Column("faults", ARRAY(Text), nullable=False, server_default=text("'{}'")),
)

CONSTRAINTS: dict[str, type[Refusal]] = {}
