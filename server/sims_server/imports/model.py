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
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
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
    Column("reading", JSONB, nullable=False, server_default=text("'{}'")),
    Column("mapping", JSONB, nullable=False, server_default=text("'{}'")),
    Column("options", JSONB, nullable=False, server_default=text("'{}'")),
    Column("proposed_by", BigInteger, ForeignKey("account.id", name="fk_import_batch_proposed_by")),
    Column("proposed_at", DateTime(timezone=True)),
    Column("proposed_in", BigInteger),  # xid8, which SQLAlchemy has no word for
    Column("confirmed_by", BigInteger, ForeignKey("account.id", name="fk_import_batch_confirmed_by")),
    Column("confirmed_at", DateTime(timezone=True)),
    Column("committed_in", BigInteger),
    Column("committed_stamp", DateTime(timezone=True)),
    Column("undone_by", BigInteger, ForeignKey("account.id", name="fk_import_batch_undone_by")),
    Column("undone_at", DateTime(timezone=True)),
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
import_effect = Table(
    "import_effect",
    metadata,
    Column("import_id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("fate", Text, nullable=False),
    Column("target", BigInteger),
    Column("changes", JSONB),
)
import_mapping = Table(
    "import_mapping",
    metadata,
    Column(
        "account_id", BigInteger, ForeignKey("account.id", name="fk_import_mapping_account"), nullable=False
    ),
    Column("kind", Text, nullable=False),
    Column("header", Text, nullable=False),
    Column("means", Text, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    PrimaryKeyConstraint("account_id", "kind", "header", name="pk_import_mapping"),
)
recorded_difference = Table(
    "recorded_difference",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "import_id",
        BigInteger,
        ForeignKey("import_batch.id", name="fk_recorded_difference_import"),
        nullable=False,
    ),
    Column(
        "registration_id",
        BigInteger,
        ForeignKey("registration.id", name="fk_recorded_difference_registration"),
        nullable=False,
    ),
    Column("term_id", BigInteger, ForeignKey("term.id", name="fk_recorded_difference_term"), nullable=False),
    Column("figure", Text, nullable=False),
    Column("recorded", Numeric, nullable=False),
    Column("recomputed", Numeric),
    UniqueConstraint("import_id", "registration_id", "term_id", "figure", name="uq_recorded_difference"),
)

CONSTRAINTS: dict[str, type[Refusal]] = {}
