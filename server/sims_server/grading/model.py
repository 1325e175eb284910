"""Tables of assessments, scores and sheets."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
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
from sqlalchemy.dialects.postgresql import UUID

from sims_server.kernel.database import metadata
from sims_shared.grading import (
    AssessmentInUse,
    AssessmentNameTaken,
    MutationGap,
    OwnSheet,
    ScoreExists,
    ScoreInvalid,
    SheetClosed,
    SheetWrongState,
    WeightsExceeded,
)


def _id() -> Column[int]:
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def _moment(name: str, *, default: str | None = None, nullable: bool = True) -> Column[object]:
    server_default = text(default) if default else None
    return Column(name, DateTime(timezone=True), nullable=nullable, server_default=server_default)


assessment = Table(
    "assessment",
    metadata,
    _id(),
    Column("section_id", BigInteger, ForeignKey("section.id", name="fk_assessment_section"), nullable=False),
    Column("name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("weight", Numeric(5, 2), nullable=False),
    Column("max_score", Numeric(7, 2), nullable=False),
    Column("head", Text, nullable=False, server_default=text("'theory'")),
    Column("must_sit", Boolean, nullable=False, server_default=text("false")),
    Column("step", Numeric(5, 2)),
    Column("due_date", Date),
    Column("position", Integer, nullable=False, server_default=text("0")),
    Column("entered_by", Text, nullable=False, server_default=text("'faculty'")),
    _moment("released_at"),
    _moment("locked_at"),
    UniqueConstraint("section_id", "name", name="uq_assessment_section_name"),
    UniqueConstraint("id", "section_id", "max_score", name="uq_assessment_id_section_max_score"),
)
assessment_score = Table(
    "assessment_score",
    metadata,
    _id(),
    Column("section_id", BigInteger, nullable=False),
    Column("enrollment_id", BigInteger, nullable=False),
    Column("assessment_id", BigInteger, nullable=False),
    Column("max_score", Numeric(7, 2), nullable=False),
    Column("mark", Text),
    Column("score", Numeric(7, 2)),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("updated_by", BigInteger),
    _moment("updated_at", default="now()", nullable=False),
    UniqueConstraint("enrollment_id", "assessment_id", name="uq_assessment_score_cell"),
    ForeignKeyConstraint(
        ["assessment_id", "section_id", "max_score"],
        ["assessment.id", "assessment.section_id", "assessment.max_score"],
        name="fk_assessment_score_assessment",
        onupdate="CASCADE",
    ),
    ForeignKeyConstraint(
        ["enrollment_id", "section_id"],
        ["enrollment.id", "enrollment.section_id"],
        name="fk_assessment_score_enrollment",
    ),
)
assessment_score_version = Table(
    "assessment_score_version",
    metadata,
    _id(),
    Column("section_id", BigInteger, nullable=False),
    Column("rev", BigInteger, nullable=False),
    Column("enrollment_id", BigInteger, nullable=False),
    Column("assessment_id", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("mark", Text),
    Column("score", Numeric(7, 2)),
    Column("by_account_id", BigInteger),
    _moment("at", nullable=False),
    Column("client_id", UUID(as_uuid=True)),
    UniqueConstraint("enrollment_id", "assessment_id", "version", name="uq_assessment_score_version"),
)
sheet = Table(
    "sheet",
    metadata,
    Column(
        "section_id",
        BigInteger,
        ForeignKey("section.id", name="fk_sheet_section", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("state", Text, nullable=False, server_default=text("'open'")),
    Column("rev", BigInteger, nullable=False, server_default=text("0")),
    Column("rev_transaction", BigInteger),  # xid8, which SQLAlchemy has no word for
    Column("digest", Numeric(78, 0), nullable=False, server_default=text("0")),
    Column("submitted_by", BigInteger, ForeignKey("account.id", name="fk_sheet_submitted_by")),
    _moment("submitted_at"),
    Column("approved_by", BigInteger, ForeignKey("account.id", name="fk_sheet_approved_by")),
    _moment("approved_at"),
    Column("return_reason", Text),
)
sheet_change = Table(
    "sheet_change",
    metadata,
    _id(),
    Column("section_id", BigInteger, nullable=False),
    Column("rev", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("enrollment_id", BigInteger),
    _moment("at", default="clock_timestamp()", nullable=False),
)
sheet_version = Table(
    "sheet_version",
    metadata,
    _id(),
    Column("section_id", BigInteger, nullable=False),
    Column("rev", BigInteger, nullable=False),
    Column("from_state", Text, nullable=False),
    Column("to_state", Text, nullable=False),
    Column("by_account_id", BigInteger),
    Column("reason", Text),
    _moment("at", default="clock_timestamp()", nullable=False),
)
sync_device = Table(
    "sync_device",
    metadata,
    Column("client_id", UUID(as_uuid=True), primary_key=True),
    Column("account_id", BigInteger, ForeignKey("account.id", name="fk_sync_device_account"), nullable=False),
    Column("name", Text, nullable=False, server_default=text("''")),
    _moment("first_seen_at", default="clock_timestamp()", nullable=False),
)
sync_presence = Table(
    "sync_presence",
    metadata,
    Column(
        "client_id",
        UUID(as_uuid=True),
        ForeignKey("sync_device.client_id", name="fk_sync_presence_device"),
        nullable=False,
    ),
    Column(
        "section_id", BigInteger, ForeignKey("section.id", name="fk_sync_presence_section"), nullable=False
    ),
    _moment("last_seen_at", default="clock_timestamp()", nullable=False),
    Column("pending", Integer, nullable=False, server_default=text("0")),
    Column("conflicts", Integer, nullable=False, server_default=text("0")),
    PrimaryKeyConstraint("client_id", "section_id", name="pk_sync_presence"),
)
sync_receipt = Table(
    "sync_receipt",
    metadata,
    Column(
        "client_id",
        UUID(as_uuid=True),
        ForeignKey("sync_device.client_id", name="fk_sync_receipt_device"),
        nullable=False,
    ),
    Column(
        "section_id", BigInteger, ForeignKey("section.id", name="fk_sync_receipt_section"), nullable=False
    ),
    Column("mid", BigInteger, nullable=False),
    Column(
        "account_id", BigInteger, ForeignKey("account.id", name="fk_sync_receipt_account"), nullable=False
    ),
    Column("body_hash", LargeBinary, nullable=False),
    Column("outcome", LargeBinary, nullable=False),
    _moment("at", default="clock_timestamp()", nullable=False),
    PrimaryKeyConstraint("client_id", "section_id", "mid", name="pk_sync_receipt"),
)
sync_conflict = Table(
    "sync_conflict",
    metadata,
    _id(),
    Column("section_id", BigInteger, nullable=False),
    Column("enrollment_id", BigInteger, nullable=False),
    Column("assessment_id", BigInteger, nullable=False),
    Column("cell_version", Integer, nullable=False),
    Column("base_version", Integer, nullable=False),
    Column("base_mark", Text),
    Column("base_score", Numeric(7, 2)),
    Column("their_mark", Text),
    Column("their_score", Numeric(7, 2)),
    Column("their_account_id", BigInteger),
    Column("my_mark", Text),
    Column("my_score", Numeric(7, 2)),
    Column("my_account_id", BigInteger, nullable=False),
    Column("client_id", UUID(as_uuid=True), nullable=False),
    Column("edit_id", Text, nullable=False),
    _moment("at", default="clock_timestamp()", nullable=False),
)
sheet_reminder = Table(
    "sheet_reminder",
    metadata,
    _id(),
    Column(
        "section_id", BigInteger, ForeignKey("section.id", name="fk_sheet_reminder_section"), nullable=False
    ),
    Column(
        "teacher_id", BigInteger, ForeignKey("account.id", name="fk_sheet_reminder_teacher"), nullable=False
    ),
    Column("note", Text, nullable=False, server_default=text("''")),
    Column(
        "asked_by", BigInteger, ForeignKey("account.id", name="fk_sheet_reminder_asked_by"), nullable=False
    ),
    _moment("asked_at", default="clock_timestamp()", nullable=False),
    Column("job_id", BigInteger, nullable=False),
    _moment("mailed_at"),
    UniqueConstraint("job_id", "section_id", name="uq_sheet_reminder_job_section"),
)

CONSTRAINTS = {
    "ck_section_weights_within_100": WeightsExceeded,
    "uq_assessment_section_name": AssessmentNameTaken,
    "ck_assessment_sheet_not_approved": SheetClosed,
    "fk_assessment_score_assessment": AssessmentInUse,
    "uq_assessment_score_cell": ScoreExists,
    "ck_assessment_score_within_maximum": ScoreInvalid,
    "ck_assessment_score_iff_scored": ScoreInvalid,
    "ck_assessment_score_sheet_is_open": SheetClosed,
    "ck_sync_receipt_no_gap": MutationGap,
    "ck_sheet_transition": SheetWrongState,
    "ck_sheet_published_stays_approved": SheetWrongState,
    "ck_sheet_approver_does_not_teach": OwnSheet,
    "ck_sheet_approver_is_not_submitter": OwnSheet,
    "ck_sheet_not_approved_in_its_teachers_place": OwnSheet,
    "ck_sheet_reminder_sheet_is_open": SheetWrongState,
}
