"""Tables of holds."""

from __future__ import annotations

from sqlalchemy import ARRAY, BigInteger, Column, DateTime, ForeignKey, Identity, Numeric, Table, Text, text

from sims_server.kernel.database import metadata
from sims_shared.holds import HoldKindTaken

hold_kind = Table(
    "hold_kind",
    metadata,
    Column("id", BigInteger, Identity(always=True), nullable=False),
    Column("kind", Text, primary_key=True),
    Column("lifted_by", Text, nullable=False),
    Column("blocks", ARRAY(Text), nullable=False),
    Column("effect", Text, nullable=False, server_default=text("'block'")),
    Column("contact", Text, nullable=False, server_default=text("''")),
)
hold = Table(
    "hold",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("student_id", BigInteger, ForeignKey("student.id", name="fk_hold_student"), nullable=False),
    Column("kind", Text, ForeignKey("hold_kind.kind", name="fk_hold_kind"), nullable=False),
    Column("blocks", ARRAY(Text), nullable=False),
    Column("effect", Text, nullable=False, server_default=text("'block'")),
    Column("reason", Text, nullable=False),
    Column("amount", Numeric(12, 2)),
    Column("contact", Text, nullable=False, server_default=text("''")),
    Column("placed_by", BigInteger, ForeignKey("account.id", name="fk_hold_placed_by")),
    Column("placed_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("lifted_at", DateTime(timezone=True)),
    Column("lifted_by", BigInteger, ForeignKey("account.id", name="fk_hold_lifted_by")),
    Column("lift_reason", Text),
)

CONSTRAINTS = {"hold_kind_pkey": HoldKindTaken}
