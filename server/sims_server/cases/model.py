"""Tables of cases."""

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
    LargeBinary,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from sims_server.kernel.database import metadata
from sims_shared.cases import CaseOpen, CaseUndecided, CaseWrongState, EvidenceFiled
from sims_shared.results import NotThisStage, OwnRequest


def _id() -> Column[int]:
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def _names(name: str, target: str, key: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, ForeignKey(target, name=key), nullable=nullable)


def _moment(name: str, *, now: str | None = None) -> Column[object]:
    return Column(
        name, DateTime(timezone=True), nullable=now is None, server_default=text(now) if now else None
    )


def _text(name: str, default: str | None = None) -> Column[str]:
    return Column(name, Text, nullable=False, server_default=None if default is None else text(default))


academic_case = Table(
    "academic_case",
    metadata,
    _id(),
    _text("kind"),
    _text("state", "'requested'"),
    _names("registration_id", "registration.id", "fk_academic_case_registration", nullable=True),
    _names("term_id", "term.id", "fk_academic_case_term", nullable=True),
    _names("asked_by_student", "student.id", "fk_academic_case_student", nullable=True),
    _text("reason"),
    _text("authority", "''"),
    _text("finding", "''"),
    Column("decision", JSONB, nullable=False, server_default=text("'{}'")),
    _names("requested_by", "account.id", "fk_academic_case_requested_by"),
    _moment("requested_at", now="now()"),
    _names("proposed_by", "account.id", "fk_academic_case_proposed_by", nullable=True),
    _moment("proposed_at"),
    _moment("resolved_at"),
    Column("applied_in", BigInteger),
)
case_result = Table(
    "case_result",
    metadata,
    _id(),
    _names("case_id", "academic_case.id", "fk_case_result_case"),
    _names("result_id", "result.id", "fk_case_result_result"),
    _names("student_id", "student.id", "fk_case_result_student"),
    Column("open", Boolean, nullable=False, server_default=text("true")),
    UniqueConstraint("case_id", "result_id", name="uq_case_result"),
)
transfer_credit = Table(
    "transfer_credit",
    metadata,
    _id(),
    _names("case_id", "academic_case.id", "fk_transfer_credit_case"),
    _names("registration_id", "registration.id", "fk_transfer_credit_registration"),
    _names("term_id", "term.id", "fk_transfer_credit_term"),
    _text("institution"),
    _text("original_course"),
    _text("original_grade", "''"),
    _names("course_id", "course.id", "fk_transfer_credit_course"),
    Column("credits", Numeric(5, 2), nullable=False),
    _text("outcome"),
    _text("grade"),
    Column("grade_points", Numeric(4, 2)),
    _names("result_id", "result.id", "fk_transfer_credit_result", nullable=True),
    UniqueConstraint("result_id", name="uq_transfer_credit_result"),
    UniqueConstraint("case_id", "course_id", name="uq_transfer_credit_course"),
)
case_approval = Table(
    "case_approval",
    metadata,
    _id(),
    _names("case_id", "academic_case.id", "fk_case_approval_case"),
    Column("stage", Integer, nullable=False),
    _names("department_id", "department.id", "fk_case_approval_department", nullable=True),
    _names("approver_id", "account.id", "fk_case_approval_approver"),
    _text("capacity"),
    Column("approved", Boolean, nullable=False),
    _text("reason", "''"),
    _moment("at", now="clock_timestamp()"),
    UniqueConstraint("case_id", "stage", "department_id", name="uq_case_approval_stage"),
)
evidence_file = Table(
    "evidence_file",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
case_evidence = Table(
    "case_evidence",
    metadata,
    _id(),
    _names("case_id", "academic_case.id", "fk_case_evidence_case"),
    Column("sha256", Text, ForeignKey("evidence_file.sha256", name="fk_case_evidence_file"), nullable=False),
    _text("name"),
    _text("media_type"),
    Column("size", Integer, nullable=False),
    _text("note", "''"),
    _names("filed_by", "account.id", "fk_case_evidence_filed_by"),
    _moment("filed_at", now="clock_timestamp()"),
    UniqueConstraint("case_id", "sha256", name="uq_case_evidence_once"),
)
change_evidence = Table(
    "change_evidence",
    metadata,
    _id(),
    _names("change_id", "pending_change.id", "fk_change_evidence_change"),
    Column(
        "sha256", Text, ForeignKey("evidence_file.sha256", name="fk_change_evidence_file"), nullable=False
    ),
    _text("name"),
    _text("media_type"),
    Column("size", Integer, nullable=False),
    _text("note", "''"),
    _names("filed_by", "account.id", "fk_change_evidence_filed_by"),
    _moment("filed_at", now="clock_timestamp()"),
    UniqueConstraint("change_id", "sha256", name="uq_change_evidence_once"),
)
case_hearing = Table(
    "case_hearing",
    metadata,
    _id(),
    _names("case_id", "academic_case.id", "fk_case_hearing_case"),
    Column("held_on", Date, nullable=False),
    _text("place", "''"),
    _text("note", "''"),
    _names("recorded_by", "account.id", "fk_case_hearing_recorded_by", nullable=True),
    _moment("recorded_at", now="clock_timestamp()"),
)
incomplete_extension = Table(
    "incomplete_extension",
    metadata,
    _id(),
    _names("lapse_id", "result_lapse.id", "fk_incomplete_extension_lapse"),
    Column("from_due", Date),
    Column("due_on", Date, nullable=False),
    _text("reason"),
    _text("authority", "''"),
    _names("extended_by", "account.id", "fk_incomplete_extension_extended_by", nullable=True),
    _moment("extended_at", now="clock_timestamp()"),
)

CONSTRAINTS = {
    "uq_case_result_one_open": CaseOpen,
    "uq_case_evidence_once": EvidenceFiled,
    "uq_change_evidence_once": EvidenceFiled,
    "ck_change_evidence_before_the_decision": CaseWrongState,
    "ck_withholding_waits_for_its_case": CaseUndecided,
    "ck_academic_case_transition": CaseWrongState,
    "ck_academic_case_stands_once_proposed": CaseWrongState,
    "ck_case_approval_while_proposed": CaseWrongState,
    "ck_case_result_named_before_proposal": CaseWrongState,
    "ck_case_approval_not_own": OwnRequest,
    "ck_case_approval_by_two_people": NotThisStage,
    "ck_case_approval_in_order": NotThisStage,
    "ck_case_approval_capacity_held": NotThisStage,
    "uq_case_approval_stage": NotThisStage,
}
