"""Table of regulations. The columns beside `policy` repeat what it says, for choosing and listing."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    DateTime,
    Identity,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from sims_server.kernel.database import metadata
from sims_shared.regulations import RegulationExists, RegulationFixed

regulation = Table(
    "regulation",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("code", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("authority", Text, nullable=False, server_default=text("''")),
    Column("level", Text),
    Column("programs", ARRAY(Text)),
    Column("intake_from", Text),
    Column("intake_to", Text),
    Column("status", Text, nullable=False, server_default=text("'draft'")),
    Column("policy", JSONB, nullable=False),
    Column("in_force_at", DateTime(timezone=True)),
    Column("withdrawn_at", DateTime(timezone=True)),
    UniqueConstraint("code", "version", name="uq_regulation_code_version"),
)

CONSTRAINTS = {
    "uq_regulation_code_version": RegulationExists,
    "ck_regulation_in_force_is_immutable": RegulationFixed,
    "ck_regulation_transition": RegulationFixed,
}
