"""Tables of examinations, and what their constraints mean."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    Table,
    Text,
    Time,
    UniqueConstraint,
    text,
)

from sims_server.kernel.database import metadata
from sims_shared.examinations import ExamRoomTaken, PaperExists, PaperOutsideTerm, PaperSectionCancelled

exam_room = Table(
    "exam_room",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False),
    Column("seats", Integer),
    UniqueConstraint("name", name="uq_exam_room_name"),
)
exam_paper = Table(
    "exam_paper",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("section_id", BigInteger, ForeignKey("section.id", name="fk_exam_paper_section"), nullable=False),
    Column("part", Text, nullable=False, server_default=text("''")),
    Column("held_on", Date, nullable=False),
    Column("starts_at", Time, nullable=False),
    Column("minutes", Integer, nullable=False),
    UniqueConstraint("section_id", "part", name="uq_exam_paper_section_part"),
)
exam_seating = Table(
    "exam_seating",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "paper_id",
        BigInteger,
        ForeignKey("exam_paper.id", name="fk_exam_seating_paper", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("room_id", BigInteger, ForeignKey("exam_room.id", name="fk_exam_seating_room"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("seats", Integer),
    UniqueConstraint("paper_id", "room_id", name="uq_exam_seating_paper_room"),
    UniqueConstraint("paper_id", "position", name="uq_exam_seating_paper_position"),
)
exam_slip_print = Table(
    "exam_slip_print",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("job_id", BigInteger, nullable=False),
    Column("term_id", BigInteger, ForeignKey("term.id", name="fk_exam_slip_print_term"), nullable=False),
    Column("made_by", BigInteger, ForeignKey("account.id", name="fk_exam_slip_print_made_by")),
    Column("made_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("slips", Integer, nullable=False),
    Column("pdf", LargeBinary, nullable=False),
    UniqueConstraint("job_id", name="uq_exam_slip_print_job"),
)

CONSTRAINTS = {
    "uq_exam_room_name": ExamRoomTaken,
    "uq_exam_paper_section_part": PaperExists,
    "ck_exam_paper_within_term": PaperOutsideTerm,
    "ck_exam_paper_section_is_active": PaperSectionCancelled,
}
