"""Tables of attendance, and what their constraints mean."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Integer,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from sims_server.kernel.database import metadata
from sims_shared.attendance import (
    AttendanceDuplicate,
    AttendanceFrozen,
    CondonationWithdrawn,
    CondonedAlready,
    ListChangedMeanwhile,
    NotOnRoster,
    OutsideTerm,
    SectionNotTaught,
    SessionCalledOff,
    SessionDuplicate,
)

_OF_THE_ROSTER = ["enrollment.section_id", "enrollment.student_id"]

class_session = Table(
    "class_session",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "section_id", BigInteger, ForeignKey("section.id", name="fk_class_session_section"), nullable=False
    ),
    Column("held_on", Date, nullable=False),
    Column("slot", Integer, nullable=False, server_default=text("1")),
    Column("head", Text),
    Column("taken_at", DateTime(timezone=True)),
    Column("called_off_at", DateTime(timezone=True)),
    Column("called_off_reason", Text),
    UniqueConstraint("section_id", "held_on", "slot", name="uq_class_session_section_day_slot"),
    UniqueConstraint("id", "section_id", name="uq_class_session_id_section"),
)
attendance = Table(
    "attendance",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("section_id", BigInteger, nullable=False),
    Column("class_session_id", BigInteger, nullable=False),
    Column("student_id", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("updated_by", BigInteger, ForeignKey("account.id", name="fk_attendance_updated_by")),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    ForeignKeyConstraint(
        ["class_session_id", "section_id"],
        ["class_session.id", "class_session.section_id"],
        name="fk_attendance_class_session",
    ),
    ForeignKeyConstraint(["section_id", "student_id"], _OF_THE_ROSTER, name="fk_attendance_enrollment"),
    UniqueConstraint("class_session_id", "student_id", name="uq_attendance_class_session_student"),
)
condonation = Table(
    "condonation",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("section_id", BigInteger, nullable=False),
    Column("student_id", BigInteger, nullable=False),
    Column("authority", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("percentage", Numeric(5, 2)),
    Column("granted_by", BigInteger, ForeignKey("account.id", name="fk_condonation_granted_by")),
    Column("granted_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("withdrawn_by", BigInteger, ForeignKey("account.id", name="fk_condonation_withdrawn_by")),
    Column("withdrawn_at", DateTime(timezone=True)),
    Column("withdrawn_reason", Text),
    ForeignKeyConstraint(["section_id", "student_id"], _OF_THE_ROSTER, name="fk_condonation_enrollment"),
    UniqueConstraint("id", "section_id", "student_id", name="uq_condonation_id_section_student"),
)
eligibility_list = Table(
    "eligibility_list",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "section_id", BigInteger, ForeignKey("section.id", name="fk_eligibility_list_section"), nullable=False
    ),
    Column("version", Integer, nullable=False),
    Column("authority", Text, nullable=False, server_default=text("''")),
    Column("notified_by", BigInteger, ForeignKey("account.id", name="fk_eligibility_list_notified_by")),
    Column("notified_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    UniqueConstraint("section_id", "version", name="uq_eligibility_list_section_version"),
    UniqueConstraint("id", "section_id", name="uq_eligibility_list_id_section"),
)
eligibility_row = Table(
    "eligibility_row",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("list_id", BigInteger, nullable=False),
    Column("section_id", BigInteger, nullable=False),
    Column("student_id", BigInteger, nullable=False),
    Column("registration_id", BigInteger, nullable=False),
    Column(
        "regulation_id",
        BigInteger,
        ForeignKey("regulation.id", name="fk_eligibility_row_regulation"),
        nullable=False,
    ),
    Column("outcome", Text, nullable=False),
    Column("total", Integer, nullable=False),
    Column("attended", Numeric(10, 6), nullable=False),
    Column("percentage", Numeric(5, 2)),
    Column("exact", Text),
    Column("threshold", Numeric(5, 2), nullable=False),
    Column("shortage", Text),
    Column("condonation_id", BigInteger),
    ForeignKeyConstraint(
        ["list_id", "section_id"],
        ["eligibility_list.id", "eligibility_list.section_id"],
        name="fk_eligibility_row_list",
    ),
    ForeignKeyConstraint(["section_id", "student_id"], _OF_THE_ROSTER, name="fk_eligibility_row_enrollment"),
    ForeignKeyConstraint(
        ["registration_id", "student_id"],
        ["registration.id", "registration.student_id"],
        name="fk_eligibility_row_registration",
    ),
    ForeignKeyConstraint(
        ["condonation_id", "section_id", "student_id"],
        ["condonation.id", "condonation.section_id", "condonation.student_id"],
        name="fk_eligibility_row_condonation",
    ),
    UniqueConstraint("list_id", "student_id", name="uq_eligibility_row_list_student"),
)

CONSTRAINTS = {
    "uq_class_session_section_day_slot": SessionDuplicate,
    "uq_attendance_class_session_student": AttendanceDuplicate,
    "fk_attendance_enrollment": NotOnRoster,
    "ck_attendance_of_the_roster": NotOnRoster,
    "ck_attendance_class_was_held": SessionCalledOff,
    "ck_attendance_results_are_not_frozen": AttendanceFrozen,
    "ck_class_session_within_term": OutsideTerm,
    "ck_class_session_section_is_active": SectionNotTaught,
    "uq_condonation_one_in_force": CondonedAlready,
    "ck_condonation_withdrawn_once": CondonationWithdrawn,
    "uq_eligibility_list_section_version": ListChangedMeanwhile,
    "ck_eligibility_list_versions_follow": ListChangedMeanwhile,
}
