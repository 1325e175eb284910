"""Tables of requests."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Integer,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from sims_server.kernel.database import metadata
from sims_shared.requests import RequestIncomplete, RequestTypeTaken, TrayTaken, WrongRequestState

request_type = Table(
    "request_type",
    metadata,
    Column("type", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("fee", Numeric(12, 2), nullable=False, server_default=text("0")),
    Column("promised_days", Integer, nullable=False, server_default=text("5")),
    Column("checklist", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("id", BigInteger, Identity(always=True), nullable=False),
    Column("is_offered", Boolean, nullable=False, server_default=text("true")),
    UniqueConstraint("id", name="uq_request_type_id"),
)
request = Table(
    "request",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("student_id", BigInteger, ForeignKey("student.id", name="fk_request_student"), nullable=False),
    Column("type", Text, ForeignKey("request_type.type", name="fk_request_type"), nullable=False),
    Column("status", Text, nullable=False, server_default=text("'pending'")),
    Column("notes", Text, nullable=False, server_default=text("''")),
    Column("copies", Integer, nullable=False, server_default=text("1")),
    Column("addressee", Text),
    Column("requested_by", BigInteger, ForeignKey("account.id", name="fk_request_requested_by")),
    Column("processed_by", BigInteger, ForeignKey("account.id", name="fk_request_processed_by")),
    Column("ready_at", DateTime(timezone=True)),
    Column("collected_by", Text),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("missing", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    # Both made by the database when the request is made.
    Column("fee_due", Numeric(12, 2), nullable=False, server_default=text("0")),
    Column("fee_receipt", Text),
    Column("promised_on", Date),
    Column("tray", Text),
)

CONSTRAINTS = {
    "ck_request_transition": WrongRequestState,
    "ck_request_decided_when_complete": RequestIncomplete,
    "uq_request_tray_holds_one": TrayTaken,
    "request_type_pkey": RequestTypeTaken,
}
