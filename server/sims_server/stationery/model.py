"""Table of stationery."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from sims_server.kernel.database import metadata
from sims_shared.stationery import CountMovedOn, StockDiffers

stock_count = Table(
    "stock_count",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "by_account_id", BigInteger, ForeignKey("account.id", name="fk_stock_count_account"), nullable=False
    ),
    Column("previous_id", BigInteger, ForeignKey("stock_count.id", name="fk_stock_count_previous")),
    Column("opening", Integer, nullable=False),
    Column("received", Integer, nullable=False, server_default=text("0")),
    Column("printed", Integer, nullable=False),
    Column("spoiled", Integer, nullable=False),
    Column("remaining", Integer, nullable=False),
    Column("note", Text, nullable=False, server_default=text("''")),
    Column("last_sheet_id", BigInteger, nullable=False),
    Column("counted_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    UniqueConstraint(
        "by_account_id",
        "previous_id",
        name="uq_stock_count_one_after_another",
        postgresql_nulls_not_distinct=True,
    ),
)

CONSTRAINTS = {
    "uq_stock_count_one_after_another": CountMovedOn,
    "ck_stock_count_follows_the_last": CountMovedOn,
    "ck_stock_count_opens_with_what_was_left": CountMovedOn,
    "ck_stock_count_difference_is_explained": StockDiffers,
}
