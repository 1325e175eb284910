"""Table of corrections of names."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, Integer, Table, Text, text

from sims_server.kernel.database import metadata
from sims_shared.naming import NameDecided, NameNeedsSecondPerson, NamePending


def _names(name: str, target: str, key: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, ForeignKey(target, name=key), nullable=nullable)


name_correction = Table(
    "name_correction",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _names("student_id", "student.id", "fk_name_correction_student"),
    Column("from_name", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("name_native", Text),
    Column("status", Text, nullable=False, server_default=text("'pending'")),
    Column("reason", Text, nullable=False),
    Column(
        "sha256", Text, ForeignKey("evidence_file.sha256", name="fk_name_correction_evidence"), nullable=False
    ),
    Column("file_name", Text, nullable=False),
    Column("size", Integer, nullable=False),
    _names("requested_by", "account.id", "fk_name_correction_requested_by"),
    Column("requested_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    _names("decided_by", "account.id", "fk_name_correction_decided_by", nullable=True),
    Column("decided_at", DateTime(timezone=True)),
    Column("decision_reason", Text, nullable=False, server_default=text("''")),
)

CONSTRAINTS = {
    "uq_name_correction_one_open": NamePending,
    "ck_name_correction_is_decided_once": NameDecided,
    "ck_name_correction_decided_by_a_second_person": NameNeedsSecondPerson,
    "ck_student_name_by_two": NameNeedsSecondPerson,
}
