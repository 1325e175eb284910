"""Table of terms."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Identity, Table, Text, UniqueConstraint, text

from sims_server.kernel.database import metadata
from sims_shared.terms import TermNameTaken

term = Table(
    "term",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False, server_default=text("'fall'")),
    Column("academic_year", Text, nullable=False, server_default=text("''")),
    Column("start_date", Date, nullable=False),
    Column("end_date", Date, nullable=False),
    Column("enroll_until", Date),
    Column("drop_until", Date),
    Column("withdraw_until", Date),
    Column("marks_due", Date),
    Column("recheck_until", Date),
    Column("status", Text, nullable=False, server_default=text("'open'")),
    UniqueConstraint("name", name="uq_term_name"),
)

CONSTRAINTS = {"uq_term_name": TermNameTaken}
