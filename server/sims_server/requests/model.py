"""Tables of requests."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, Integer, Table, Text, text

from sims_server.kernel.database import metadata
from sims_shared.requests import WrongRequestState

request_type = Table(
    "request_type",
    metadata,
    Column("type", Text, primary_key=True),
    Column("title", Text, nullable=False),
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
)

CONSTRAINTS = {"ck_request_transition": WrongRequestState}
