"""Tables of students and registrations."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from sims_server.kernel.database import metadata
from sims_shared.people import (
    CurrentRegistrationMoved,
    MergeNeedsSecondPerson,
    MergePending,
    MergeRefused,
    RegistrationNumberTaken,
    RegistrationsDeclared,
)

student = Table(
    "student",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_native", Text),
    Column("father_name", Text),
    Column("national_id", Text),
    Column("date_of_birth", Date),
    Column("email", Text),
    Column("phone", Text),
    Column("address", Text),
    Column("search_text", Text, nullable=False, server_default=text("''")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("merged_into", BigInteger, ForeignKey("student.id", name="fk_student_merged_into")),
)
# The endings of every number of a student, made of search_text by triggers.
student_number = Table(
    "student_number",
    metadata,
    Column("ending", Text(collation="C"), primary_key=True),
    Column("student_id", BigInteger, primary_key=True, autoincrement=False),
)
registration = Table(
    "registration",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "student_id", BigInteger, ForeignKey("student.id", name="fk_registration_student"), nullable=False
    ),
    Column(
        "program_id", BigInteger, ForeignKey("program.id", name="fk_registration_program"), nullable=False
    ),
    Column(
        "regulation_id",
        BigInteger,
        ForeignKey("regulation.id", name="fk_registration_regulation"),
        nullable=False,
    ),
    Column("reg_no", Text(collation="C"), nullable=False),
    Column("roll_no", Text),
    Column("intake", Text, nullable=False),
    Column("batch", Text, nullable=False, server_default=text("''")),
    Column("admitted_on", Date, nullable=False),
    Column("status", Text, nullable=False, server_default=text("'active'")),
    Column("is_current", Boolean, nullable=False, server_default=text("true")),
    Column("cgpa", Numeric),
    Column("credits_earned", Numeric(6, 2), nullable=False, server_default=text("0")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    UniqueConstraint("reg_no", name="uq_registration_reg_no"),
    UniqueConstraint("id", "student_id", name="uq_registration_id_student"),
)
registration_order = Table(
    "registration_order",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "registration_id",
        BigInteger,
        ForeignKey("registration.id", name="fk_registration_order_registration"),
        nullable=False,
    ),
    Column("status", Text, nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("order_no", Text, nullable=False, server_default=text("''")),
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("by_account_id", BigInteger, ForeignKey("account.id", name="fk_registration_order_account")),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("from_status", Text, nullable=False, server_default=text("''")),
)
registration_move = Table(
    "registration_move",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "registration_id",
        BigInteger,
        ForeignKey("registration.id", name="fk_registration_move_registration"),
        nullable=False,
    ),
    Column(
        "from_regulation_id",
        BigInteger,
        ForeignKey("regulation.id", name="fk_registration_move_from"),
        nullable=False,
    ),
    Column(
        "to_regulation_id",
        BigInteger,
        ForeignKey("regulation.id", name="fk_registration_move_to"),
        nullable=False,
    ),
    Column("reason", Text, nullable=False),
    Column("authority", Text, nullable=False, server_default=text("''")),
    Column("moved_by", BigInteger, ForeignKey("account.id", name="fk_registration_move_moved_by")),
    Column("moved_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
)
student_name_version = Table(
    "student_name_version",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "student_id",
        BigInteger,
        ForeignKey("student.id", name="fk_student_name_version_student"),
        nullable=False,
    ),
    Column("name", Text, nullable=False),
    Column("name_native", Text),
    Column("until", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
)
student_merge = Table(
    "student_merge",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "survivor_id", BigInteger, ForeignKey("student.id", name="fk_student_merge_survivor"), nullable=False
    ),
    Column(
        "duplicate_id",
        BigInteger,
        ForeignKey("student.id", name="fk_student_merge_duplicate"),
        nullable=False,
    ),
    Column("status", Text, nullable=False, server_default=text("'pending'")),
    Column("reason", Text, nullable=False),
    Column(
        "requested_by",
        BigInteger,
        ForeignKey("account.id", name="fk_student_merge_requested_by"),
        nullable=False,
    ),
    Column("requested_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("decided_by", BigInteger, ForeignKey("account.id", name="fk_student_merge_decided_by")),
    Column("decided_at", DateTime(timezone=True)),
    Column("decision_reason", Text, nullable=False, server_default=text("''")),
    Column("account_id", BigInteger, ForeignKey("account.id", name="fk_student_merge_account")),
    Column("undone_by", BigInteger, ForeignKey("account.id", name="fk_student_merge_undone_by")),
    Column("undone_at", DateTime(timezone=True)),
    Column("undo_reason", Text, nullable=False, server_default=text("''")),
)

CONSTRAINTS = {
    "ck_registration_keeps_its_regulation": RegistrationsDeclared,
    "uq_registration_reg_no": RegistrationNumberTaken,
    "uq_registration_one_current": CurrentRegistrationMoved,
    "uq_student_merge_one_open": MergePending,
    "ck_student_merges_make_no_chain": MergeRefused,
    "ck_student_merge_decided_by_a_second_person": MergeNeedsSecondPerson,
}
