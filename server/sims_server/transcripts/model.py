"""Tables of transcripts."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from sims_server.kernel.database import metadata
from sims_shared.transcripts import AlreadyRevoked, StockNumberTaken

signing_key = Table(
    "signing_key",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("key_id", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("certificate", Text),
    Column("demo", Boolean, nullable=False, server_default=text("false")),
    Column("not_before", DateTime(timezone=True), nullable=False),
    Column("not_after", DateTime(timezone=True), nullable=False),
    Column("retired_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    UniqueConstraint("key_id", name="uq_signing_key_key_id"),
)
issued_document = Table(
    "issued_document",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("serial", Text, nullable=False),
    Column("status_index", BigInteger, nullable=False),
    Column("student_id", BigInteger, nullable=False),
    Column("registration_id", BigInteger, nullable=False),
    Column("term_id", BigInteger, ForeignKey("term.id", name="fk_issued_document_term")),
    Column("document", Text, nullable=False),
    Column("kind", Text, nullable=False, server_default=text("'original'")),
    Column("copy_number", Integer, nullable=False, server_default=text("1")),
    Column("copies", Integer, nullable=False, server_default=text("1")),
    Column("purpose", Text, nullable=False),
    Column("addressee", Text),
    Column("content", Text, nullable=False),
    Column("content_sha256", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("qr_text", Text, nullable=False),
    Column("check_code", Text, nullable=False),
    Column("verify_url", Text, nullable=False),
    Column("pdf_key_id", Text, nullable=False),
    Column("qr_key_id", Text, nullable=False),
    Column("demo", Boolean, nullable=False, server_default=text("false")),
    Column("issued_at", DateTime(timezone=True), nullable=False),
    Column("issued_by", BigInteger, ForeignKey("account.id", name="fk_issued_document_issued_by")),
    Column("job_id", BigInteger),
    UniqueConstraint("serial", name="uq_issued_document_serial"),
    UniqueConstraint("status_index", name="uq_issued_document_status_index"),
    ForeignKeyConstraint(
        ["registration_id", "student_id"],
        ["registration.id", "registration.student_id"],
        name="fk_issued_document_registration",
    ),
)
issued_document_file = Table(
    "issued_document_file",
    metadata,
    Column(
        "document_id",
        BigInteger,
        ForeignKey("issued_document.id", name="fk_issued_document_file_document"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("pdf", LargeBinary, nullable=False),
)
issued_document_result = Table(
    "issued_document_result",
    metadata,
    Column(
        "document_id",
        BigInteger,
        ForeignKey("issued_document.id", name="fk_issued_document_result_document"),
        nullable=False,
    ),
    Column(
        "result_id",
        BigInteger,
        ForeignKey("result.id", name="fk_issued_document_result_result"),
        nullable=False,
    ),
    Column("total", Text, nullable=False),
    Column("grade", Text, nullable=False),
    PrimaryKeyConstraint("document_id", "result_id", name="pk_issued_document_result"),
)
issued_document_status = Table(
    "issued_document_status",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "document_id",
        BigInteger,
        ForeignKey("issued_document.id", name="fk_issued_document_status_document"),
        nullable=False,
    ),
    Column("status", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column(
        "change_request_id",
        BigInteger,
        ForeignKey("pending_change.id", name="fk_issued_document_status_change"),
    ),
    Column("by_account_id", BigInteger),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
)
printed_sheet = Table(
    "printed_sheet",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "document_id",
        BigInteger,
        ForeignKey("issued_document.id", name="fk_printed_sheet_document"),
        nullable=False,
    ),
    Column("stock_number", Text),
    Column("printer", Text, nullable=False, server_default=text("''")),
    Column("outcome", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("by_account_id", BigInteger),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    UniqueConstraint("stock_number", "outcome", name="uq_printed_sheet_stock_number_outcome"),
)
unofficial_copy = Table(
    "unofficial_copy",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("token", Text, nullable=False),
    Column(
        "student_id", BigInteger, ForeignKey("student.id", name="fk_unofficial_copy_student"), nullable=False
    ),
    Column(
        "registration_id",
        BigInteger,
        ForeignKey("registration.id", name="fk_unofficial_copy_registration"),
        nullable=False,
    ),
    Column("content", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("token", name="uq_unofficial_copy_token"),
)
transcript_mail = Table(
    "transcript_mail",
    metadata,
    Column("job_id", BigInteger, nullable=False),
    Column(
        "student_id", BigInteger, ForeignKey("student.id", name="fk_transcript_mail_student"), nullable=False
    ),
    Column("sent_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("job_id", "student_id", name="pk_transcript_mail"),
)

CONSTRAINTS = {
    "uq_issued_document_revoked_once": AlreadyRevoked,
    "uq_printed_sheet_stock_number_outcome": StockNumberTaken,
    "ex_printed_sheet_stock_of_one_document": StockNumberTaken,
}
