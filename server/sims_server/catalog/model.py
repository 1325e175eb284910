"""Tables of the catalog."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Integer,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from sims_server.kernel.database import metadata
from sims_shared.catalog import (
    CourseCodeTaken,
    CurriculumCourseTaken,
    DepartmentCodeTaken,
    DepartmentNameTaken,
    PrerequisiteCircle,
    ProgramCodeTaken,
    ProgramNameTaken,
)

department = Table(
    "department",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("faculty_name", Text),
    UniqueConstraint("code", name="uq_department_code"),
    UniqueConstraint("name", name="uq_department_name"),
)
program = Table(
    "program",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column(
        "department_id", BigInteger, ForeignKey("department.id", name="fk_program_department"), nullable=False
    ),
    Column("level", Text, nullable=False, server_default=text("'UG'")),
    Column("credits_required", Numeric(6, 2), nullable=False, server_default=text("130")),
    Column("semesters", Integer, nullable=False, server_default=text("8")),
    UniqueConstraint("code", name="uq_program_code"),
    UniqueConstraint("name", name="uq_program_name"),
)
course = Table(
    "course",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("code", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("credits", Numeric(5, 2), nullable=False),
    Column("marks_total", Numeric(7, 2)),
    Column("credits_theory", Numeric(5, 2)),
    Column("credits_practical", Numeric(5, 2)),
    Column("grading", Text, nullable=False, server_default=text("'letter'")),
    Column("counts_in_gpa", Boolean, nullable=False, server_default=text("true")),
    Column(
        "department_id", BigInteger, ForeignKey("department.id", name="fk_course_department"), nullable=False
    ),
    UniqueConstraint("code", name="uq_course_code"),
)
course_prerequisite = Table(
    "course_prerequisite",
    metadata,
    Column(
        "course_id", BigInteger, ForeignKey("course.id", name="fk_course_prerequisite_course"), nullable=False
    ),
    Column(
        "prerequisite_id",
        BigInteger,
        ForeignKey("course.id", name="fk_course_prerequisite_prerequisite"),
        nullable=False,
    ),
    PrimaryKeyConstraint("course_id", "prerequisite_id", name="pk_course_prerequisite"),
)
course_equivalent = Table(
    "course_equivalent",
    metadata,
    Column(
        "course_id", BigInteger, ForeignKey("course.id", name="fk_course_equivalent_course"), nullable=False
    ),
    Column(
        "equivalent_id",
        BigInteger,
        ForeignKey("course.id", name="fk_course_equivalent_equivalent"),
        nullable=False,
    ),
    PrimaryKeyConstraint("course_id", "equivalent_id", name="pk_course_equivalent"),
)

curriculum_course = Table(
    "curriculum_course",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "program_id",
        BigInteger,
        ForeignKey("program.id", name="fk_curriculum_course_program"),
        nullable=False,
    ),
    Column("intake_from", Text, nullable=False),
    Column("semester", Integer, nullable=False),
    Column(
        "course_id", BigInteger, ForeignKey("course.id", name="fk_curriculum_course_course"), nullable=False
    ),
    Column("kind", Text, nullable=False, server_default=text("'core'")),
    UniqueConstraint("program_id", "intake_from", "course_id", name="uq_curriculum_course_once"),
)

CONSTRAINTS = {
    "uq_curriculum_course_once": CurriculumCourseTaken,
    "uq_department_code": DepartmentCodeTaken,
    "uq_department_name": DepartmentNameTaken,
    "uq_program_code": ProgramCodeTaken,
    "uq_program_name": ProgramNameTaken,
    "uq_course_code": CourseCodeTaken,
    "ck_course_prerequisite_not_itself": PrerequisiteCircle,
}
