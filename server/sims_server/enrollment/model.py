"""Tables of sections and enrollments."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
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
from sims_shared.enrollment import (
    AlreadyEnrolled,
    EnrollmentSheetClosed,
    EnrollmentWrongState,
    SectionCodeTaken,
    SectionFull,
)

offering = Table(
    "offering",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("course_id", BigInteger, ForeignKey("course.id", name="fk_offering_course"), nullable=False),
    Column("term_id", BigInteger, ForeignKey("term.id", name="fk_offering_term"), nullable=False),
    UniqueConstraint("course_id", "term_id", name="uq_offering_course_term"),
)
section = Table(
    "section",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("offering_id", BigInteger, ForeignKey("offering.id", name="fk_section_offering"), nullable=False),
    Column("course_id", BigInteger, ForeignKey("course.id", name="fk_section_course"), nullable=False),
    Column("term_id", BigInteger, ForeignKey("term.id", name="fk_section_term"), nullable=False),
    Column("code", Text, nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("seats_taken", Integer, nullable=False, server_default=text("0")),
    Column("weights_total", Numeric(7, 2), nullable=False, server_default=text("0")),
    Column("status", Text, nullable=False, server_default=text("'active'")),
    Column("course_code", Text, nullable=False),
    Column("course_title", Text, nullable=False),
    Column("credits", Numeric(5, 2), nullable=False),
    Column("marks_total", Numeric(7, 2)),
    Column("grading", Text, nullable=False, server_default=text("'letter'")),
    Column("counts_in_gpa", Boolean, nullable=False, server_default=text("true")),
    UniqueConstraint("course_id", "term_id", "code", name="uq_section_course_term_code"),
    UniqueConstraint("id", "term_id", "course_id", name="uq_section_id_term_course"),
)
section_staff = Table(
    "section_staff",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "section_id", BigInteger, ForeignKey("section.id", name="fk_section_staff_section"), nullable=False
    ),
    Column(
        "account_id", BigInteger, ForeignKey("account.id", name="fk_section_staff_account"), nullable=False
    ),
    Column("role", Text, nullable=False, server_default=text("'co'")),
    Column("since", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("until", DateTime(timezone=True)),
    UniqueConstraint("section_id", "account_id", name="uq_section_staff"),
)
enrollment = Table(
    "enrollment",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("student_id", BigInteger, ForeignKey("student.id", name="fk_enrollment_student"), nullable=False),
    Column("registration_id", BigInteger, nullable=False),
    Column("section_id", BigInteger, nullable=False),
    Column("term_id", BigInteger, nullable=False),
    Column("course_id", BigInteger, nullable=False),
    Column("kind", Text, nullable=False, server_default=text("'regular'")),
    Column("status", Text, nullable=False, server_default=text("'enrolled'")),
    Column("attempt", Integer, nullable=False, server_default=text("1")),
    Column("enrolled_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("ended_at", DateTime(timezone=True)),
    Column("end_reason", Text),
    Column("override", JSONB),
    Column("batch_id", BigInteger, ForeignKey("enrollment_batch.id", name="fk_enrollment_batch")),
    # What the index of "a course once a term" asks: no index moves when an enrollment is completed.
    Column("dropped", Boolean, Computed("status = 'dropped'", persisted=True), nullable=False),
    ForeignKeyConstraint(
        ["registration_id", "student_id"],
        ["registration.id", "registration.student_id"],
        name="fk_enrollment_registration",
    ),
    ForeignKeyConstraint(
        ["section_id", "term_id", "course_id"],
        ["section.id", "section.term_id", "section.course_id"],
        name="fk_enrollment_section",
    ),
    UniqueConstraint("section_id", "student_id", name="uq_enrollment_section_student"),
    UniqueConstraint("id", "section_id", name="uq_enrollment_id_section"),
)
enrollment_override = Table(
    "enrollment_override",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "enrollment_id",
        BigInteger,
        ForeignKey("enrollment.id", name="fk_enrollment_override_enrollment"),
        nullable=False,
    ),
    Column("code", Text, nullable=False),
    Column("detail", Text, nullable=False, server_default=text("''")),
    Column("reason", Text, nullable=False),
    Column("by_account_id", BigInteger, ForeignKey("account.id", name="fk_enrollment_override_by")),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
)
enrollment_transition = Table(
    "enrollment_transition",
    metadata,
    Column("from_status", Text, nullable=False),
    Column("to_status", Text, nullable=False),
    PrimaryKeyConstraint("from_status", "to_status", name="pk_enrollment_transition"),
)

CONSTRAINTS = {
    "uq_section_course_term_code": SectionCodeTaken,
    "uq_enrollment_section_student": AlreadyEnrolled,
    "uq_enrollment_course_once_a_term": AlreadyEnrolled,
    "ck_section_seats_within_capacity": SectionFull,
    "ck_enrollment_sheet_is_open": EnrollmentSheetClosed,
    "ck_enrollment_transition": EnrollmentWrongState,
}
