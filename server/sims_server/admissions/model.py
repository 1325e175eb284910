"""Tables of applicants."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from sims_server.kernel.database import metadata
from sims_shared.admissions import ApplicantAdmitted, AppliedAlready, WrongApplicantState

applicant = Table(
    "applicant",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("program_id", BigInteger, ForeignKey("program.id", name="fk_applicant_program"), nullable=False),
    Column("term_id", BigInteger, ForeignKey("term.id", name="fk_applicant_term"), nullable=False),
    Column("name", Text, nullable=False),
    Column("name_native", Text),
    Column("father_name", Text),
    Column("national_id", Text),
    Column("date_of_birth", Date),
    Column("email", Text),
    Column("phone", Text),
    Column("address", Text),
    Column("documents", JSONB, nullable=False, server_default=text("'[]'")),
    Column("status", Text, nullable=False, server_default=text("'applied'")),
    Column("status_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("status_reason", Text, nullable=False, server_default=text("''")),
    Column("applied_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("student_id", BigInteger),
    Column("registration_id", BigInteger),
    Column("admitted_at", DateTime(timezone=True)),
    Column("search_text", Text, nullable=False),
    ForeignKeyConstraint(
        ["registration_id", "student_id"],
        ["registration.id", "registration.student_id"],
        name="fk_applicant_registration",
    ),
    UniqueConstraint("registration_id", name="uq_applicant_registration"),
)
applicant_transition = Table(
    "applicant_transition",
    metadata,
    Column("from_status", Text, nullable=False),
    Column("to_status", Text, nullable=False),
    PrimaryKeyConstraint("from_status", "to_status", name="pk_applicant_transition"),
)

CONSTRAINTS = {
    "uq_applicant_applies_once": AppliedAlready,
    "ck_applicant_transition": WrongApplicantState,
    "ck_applicant_admitted_stands": ApplicantAdmitted,
}
