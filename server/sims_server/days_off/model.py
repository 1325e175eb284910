"""Table of days off."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Identity, Index, Table, Text, UniqueConstraint

from sims_server.kernel.database import metadata
from sims_shared.days_off import DayOffTaken

day_off = Table(
    "day_off",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("name", Text, nullable=False),
    UniqueConstraint("first_day", "last_day", "name", name="uq_day_off_said_once"),
    Index("ix_day_off_last_day", "last_day"),
)

CONSTRAINTS = {"uq_day_off_said_once": DayOffTaken}
