"""Tables of results."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from sims_server.kernel.database import metadata
from sims_shared.results import (
    AlreadyDecided,
    ChangePending,
    NotThisStage,
    OwnRequest,
    ResultMoved,
    ResultsImmutable,
    ResultStale,
    ResultsWrongState,
    SheetNotApproved,
)


def _id() -> Column[int]:
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def _moment(name: str, *, now: str | None = None) -> Column[object]:
    return Column(
        name, DateTime(timezone=True), nullable=now is None, server_default=text(now) if now else None
    )


notification_of_result = Table(
    "notification_of_result",
    metadata,
    _id(),
    Column("number", Text, nullable=False),
    Column("date", Date, nullable=False),
    Column("kind", Text, nullable=False),
    Column(
        "term_id", BigInteger, ForeignKey("term.id", name="fk_notification_of_result_term"), nullable=False
    ),
    Column("scope", JSONB, nullable=False),
    Column("counts", JSONB, nullable=False),
    Column("content", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("published_by", BigInteger, ForeignKey("account.id", name="fk_notification_of_result_account")),
    _moment("at", now="clock_timestamp()"),
    UniqueConstraint("number", name="uq_notification_of_result_number"),
)
result = Table(
    "result",
    metadata,
    _id(),
    Column("enrollment_id", BigInteger, ForeignKey("enrollment.id", name="fk_result_enrollment")),
    Column("registration_id", BigInteger, nullable=False),
    Column("student_id", BigInteger, nullable=False),
    Column("section_id", BigInteger, ForeignKey("section.id", name="fk_result_section")),
    Column("term_id", BigInteger, ForeignKey("term.id", name="fk_result_term"), nullable=False),
    Column("course_id", BigInteger, ForeignKey("course.id", name="fk_result_course"), nullable=False),
    Column("attempt", Integer, nullable=False, server_default=text("1")),
    Column("total", Numeric),
    Column("marks_obtained", Numeric(9, 2)),
    Column("marks_max", Numeric(9, 2)),
    Column("percentage", Numeric(7, 2)),
    Column("heads", JSONB, nullable=False, server_default=text("'[]'")),
    Column("grade", Text, nullable=False, server_default=text("''")),
    Column("grade_points", Numeric(4, 2)),
    Column("credits", Numeric(5, 2), nullable=False),
    Column("outcome", Text, nullable=False),
    Column("flags", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("source", Text, nullable=False, server_default=text("'computed'")),
    Column(
        "regulation_id", BigInteger, ForeignKey("regulation.id", name="fk_result_regulation"), nullable=False
    ),
    Column("trace", JSONB),
    Column("blocks", JSONB, nullable=False, server_default=text("'[]'")),
    Column("stale", Boolean, nullable=False, server_default=text("false")),
    Column("state", Text, nullable=False, server_default=text("'draft'")),
    Column("version", Integer, nullable=False, server_default=text("1")),
    _moment("published_at"),
    Column("published_by", BigInteger, ForeignKey("account.id", name="fk_result_published_by")),
    _moment("frozen_at"),
    Column("frozen_by", BigInteger, ForeignKey("account.id", name="fk_result_frozen_by")),
    Column(
        "notification_id", BigInteger, ForeignKey("notification_of_result.id", name="fk_result_notification")
    ),
    # use_alter: a result and its change name each other.
    Column(
        "change_request_id",
        BigInteger,
        ForeignKey("pending_change.id", name="fk_result_change", use_alter=True),
    ),
    _moment("created_at", now="now()"),
    # Of a result from before this system: the batch that brought it, and the title it was printed with.
    Column("import_id", BigInteger, ForeignKey("import_batch.id", name="fk_result_import")),
    Column("recorded_title", Text),
    ForeignKeyConstraint(
        ["registration_id", "student_id"],
        ["registration.id", "registration.student_id"],
        name="fk_result_registration",
    ),
)
result_counting = Table(
    "result_counting",
    metadata,
    Column(
        "result_id",
        BigInteger,
        ForeignKey("result.id", name="fk_result_counting_result"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("counts", Text, nullable=False),
)
section_cutoff = Table(
    "section_cutoff",
    metadata,
    Column(
        "section_id", BigInteger, ForeignKey("section.id", name="fk_section_cutoff_section"), nullable=False
    ),
    Column(
        "regulation_id",
        BigInteger,
        ForeignKey("regulation.id", name="fk_section_cutoff_regulation"),
        nullable=False,
    ),
    Column("cutoffs", JSONB, nullable=False),
    _moment("frozen_at", now="now()"),
    PrimaryKeyConstraint("section_id", "regulation_id", name="pk_section_cutoff"),
)
section_cutoff_proposal = Table(
    "section_cutoff_proposal",
    metadata,
    Column(
        "section_id",
        BigInteger,
        ForeignKey("section.id", name="fk_section_cutoff_proposal_section"),
        nullable=False,
    ),
    Column(
        "regulation_id",
        BigInteger,
        ForeignKey("regulation.id", name="fk_section_cutoff_proposal_regulation"),
        nullable=False,
    ),
    Column("lines", JSONB, nullable=False),
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column(
        "proposed_by",
        BigInteger,
        ForeignKey("account.id", name="fk_section_cutoff_proposal_proposed_by"),
        nullable=False,
    ),
    _moment("proposed_at", now="clock_timestamp()"),
    PrimaryKeyConstraint("section_id", "regulation_id", name="pk_section_cutoff_proposal"),
)
withholding = Table(
    "withholding",
    metadata,
    _id(),
    Column("result_id", BigInteger, ForeignKey("result.id", name="fk_withholding_result"), nullable=False),
    Column("reason", Text, nullable=False),
    Column("note", Text, nullable=False, server_default=text("''")),
    Column("placed_by", BigInteger, ForeignKey("account.id", name="fk_withholding_placed_by")),
    _moment("placed_at", now="now()"),
    Column("released_by", BigInteger, ForeignKey("account.id", name="fk_withholding_released_by")),
    _moment("released_at"),
    Column("release_note", Text),
)
pending_change = Table(
    "pending_change",
    metadata,
    _id(),
    Column("result_id", BigInteger, ForeignKey("result.id", name="fk_pending_change_result"), nullable=False),
    Column("old_grade", Text, nullable=False, server_default=text("''")),
    Column("new_grade", Text, nullable=False, server_default=text("''")),
    Column("old_total", Text, nullable=False, server_default=text("''")),
    Column("new_total", Text, nullable=False, server_default=text("''")),
    Column("new_values", JSONB, nullable=False),
    Column("base_version", Integer, nullable=False),
    Column("by_marks", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence", Text),
    Column("impact", JSONB, nullable=False, server_default=text("'{}'")),
    Column("status", Text, nullable=False, server_default=text("'pending'")),
    # Null for a lapse, which a rule asked for.
    Column("requested_by", BigInteger, ForeignKey("account.id", name="fk_pending_change_requested_by")),
    _moment("requested_at", now="now()"),
    _moment("resolved_at"),
    Column("applied_in", BigInteger),
    Column("case_id", BigInteger, ForeignKey("academic_case.id", name="fk_pending_change_case")),
    Column("lapse_id", BigInteger, ForeignKey("result_lapse.id", name="fk_pending_change_lapse")),
    UniqueConstraint("lapse_id", name="uq_pending_change_lapse"),
    UniqueConstraint(
        "id", "result_id", "new_total", "new_grade", "status", name="uq_pending_change_as_approved"
    ),
    UniqueConstraint("id", "requested_by", name="uq_pending_change_requester"),
)
pending_change_score = Table(
    "pending_change_score",
    metadata,
    Column(
        "change_id",
        BigInteger,
        ForeignKey("pending_change.id", name="fk_pending_change_score_change"),
        nullable=False,
    ),
    Column(
        "assessment_id",
        BigInteger,
        ForeignKey("assessment.id", name="fk_pending_change_score_assessment"),
        nullable=False,
    ),
    Column(
        "enrollment_id",
        BigInteger,
        ForeignKey("enrollment.id", name="fk_pending_change_score_enrollment"),
        nullable=False,
    ),
    Column("mark", Text),
    Column("score", Numeric(7, 2)),
    Column("old_mark", Text),
    Column("old_score", Numeric(7, 2)),
    PrimaryKeyConstraint("change_id", "assessment_id", "enrollment_id", name="pk_pending_change_score"),
)
change_approval = Table(
    "change_approval",
    metadata,
    _id(),
    Column("change_id", BigInteger, nullable=False),
    Column("stage", Integer, nullable=False),
    Column(
        "approver_id",
        BigInteger,
        ForeignKey("account.id", name="fk_change_approval_approver"),
        nullable=False,
    ),
    Column("requester_id", BigInteger, nullable=False),
    Column("capacity", Text, nullable=False),
    Column("approved", Boolean, nullable=False),
    Column("reason", Text, nullable=False, server_default=text("''")),
    _moment("at", now="clock_timestamp()"),
    UniqueConstraint("change_id", "stage", name="uq_change_approval_stage"),
    UniqueConstraint("change_id", "approver_id", name="uq_change_approval_approver"),
    ForeignKeyConstraint(
        ["change_id", "requester_id"],
        ["pending_change.id", "pending_change.requested_by"],
        name="fk_change_approval_change",
    ),
)
result_version = Table(
    "result_version",
    metadata,
    _id(),
    Column("result_id", BigInteger, ForeignKey("result.id", name="fk_result_version_result"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("cause", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("new_total", Text, nullable=False),
    Column("new_grade", Text, nullable=False),
    Column("grade_points", Numeric(4, 2)),
    Column("change_request_id", BigInteger),
    Column("change_status", Text, nullable=False, server_default=text("'approved'")),
    Column("by_account_id", BigInteger),
    _moment("at", now="clock_timestamp()"),
    Index(
        "uq_result_version_change_request",
        "change_request_id",
        unique=True,
        postgresql_where=text("change_request_id IS NOT NULL"),
    ),
    UniqueConstraint("result_id", "version", name="uq_result_version"),
    ForeignKeyConstraint(
        ["change_request_id", "result_id", "new_total", "new_grade", "change_status"],
        [
            "pending_change.id",
            "pending_change.result_id",
            "pending_change.new_total",
            "pending_change.new_grade",
            "pending_change.status",
        ],
        name="fk_result_version_as_approved",
    ),
)
incomplete = Table(
    "incomplete",
    metadata,
    _id(),
    Column(
        "enrollment_id",
        BigInteger,
        ForeignKey("enrollment.id", name="fk_incomplete_enrollment"),
        nullable=False,
    ),
    Column("due_on", Date),
    Column("reason", Text, nullable=False),
    Column("granted_by", BigInteger, ForeignKey("account.id", name="fk_incomplete_granted_by")),
    _moment("granted_at", now="now()"),
    UniqueConstraint("enrollment_id", name="uq_incomplete_enrollment"),
)
result_lapse = Table(
    "result_lapse",
    metadata,
    _id(),
    Column("result_id", BigInteger, ForeignKey("result.id", name="fk_result_lapse_result"), nullable=False),
    Column("due_on", Date),
    Column("grade", Text, nullable=False),
    Column("grade_points", Numeric(4, 2)),
    Column("outcome", Text, nullable=False),
    Column("flags", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    _moment("declared_at", now="now()"),
    Column("noticed_on", Date),
    Column("ended", Text),
    _moment("ended_at"),
)
term_result = Table(
    "term_result",
    metadata,
    _id(),
    Column(
        "registration_id",
        BigInteger,
        ForeignKey("registration.id", name="fk_term_result_registration"),
        nullable=False,
    ),
    Column("term_id", BigInteger, ForeignKey("term.id", name="fk_term_result_term"), nullable=False),
    Column("sgpa", Numeric),
    Column("cgpa", Numeric),
    Column("gpa_credits", Numeric(6, 2), nullable=False, server_default=text("0")),
    Column("quality_points", Numeric(9, 4), nullable=False, server_default=text("0")),
    Column("cumulative_gpa_credits", Numeric(7, 2), nullable=False, server_default=text("0")),
    Column("cumulative_quality_points", Numeric(10, 4), nullable=False, server_default=text("0")),
    Column("attempted", Numeric(7, 2), nullable=False, server_default=text("0")),
    Column("earned", Numeric(7, 2), nullable=False, server_default=text("0")),
    Column("standing", Text, nullable=False, server_default=text("''")),
    Column("trace", JSONB),
    Column(
        "notification_id",
        BigInteger,
        ForeignKey("notification_of_result.id", name="fk_term_result_notification"),
    ),
    _moment("declared_at", now="clock_timestamp()"),
    # A term from before this system: the batch that recorded it.
    Column("import_id", BigInteger, ForeignKey("import_batch.id", name="fk_term_result_import")),
    UniqueConstraint("registration_id", "term_id", name="uq_term_result"),
)
term_result_version = Table(
    "term_result_version",
    metadata,
    _id(),
    Column("registration_id", BigInteger, nullable=False),
    Column("term_id", BigInteger, nullable=False),
    Column("sgpa", Numeric),
    Column("cgpa", Numeric),
    Column("gpa_credits", Numeric(6, 2)),
    Column("quality_points", Numeric(9, 4)),
    Column("earned", Numeric(7, 2)),
    Column("standing", Text),
    Column("notification_id", BigInteger),
    Column("declared_at", DateTime(timezone=True), nullable=False),
)

CONSTRAINTS = {
    "uq_pending_change_one_open": ChangePending,
    "uq_withholding_one_open": ResultsWrongState,
    "ck_withholding_only_drafts": ResultsWrongState,
    "ck_withholding_released_once": ResultsWrongState,
    "ck_result_withheld_is_not_published": ResultsWrongState,
    "ck_result_published_from_approved_sheet": SheetNotApproved,
    "ck_result_published_is_not_stale": ResultStale,
    "ck_result_published_is_immutable": ResultsImmutable,
    "ck_result_publish_changes_only_state": ResultsImmutable,
    "ck_result_freeze_changes_only_state": ResultsImmutable,
    "ck_result_change_touches_only_grade": ResultsImmutable,
    "ck_change_approval_not_own": OwnRequest,
    "ck_change_approval_not_in_the_requesters_place": OwnRequest,
    "ck_change_approval_while_pending": AlreadyDecided,
    "ck_change_approval_in_order": NotThisStage,
    "ck_change_approval_capacity_held": NotThisStage,
    "uq_change_approval_stage": NotThisStage,
    "uq_change_approval_approver": NotThisStage,
    "ck_pending_change_is_decided_once": AlreadyDecided,
    "fk_result_version_as_approved": ResultMoved,
}
