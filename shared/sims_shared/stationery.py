"""Stationery: a clerk's pile of numbered paper, counted when the day is closed.

The rule a newcomer would get wrong: whoever counts says only what is left. What was printed and spoiled is
read from the ledger, and what was there is what the count before left; so a missing sheet cannot be hidden.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from sims_shared.messages import Command, View
from sims_shared.problems import Refusal
from sims_shared.values import Person, Text

__all__ = [
    "CountMovedOn",
    "CountStationery",
    "OpeningNeeded",
    "StockCountView",
    "StockDay",
    "StockDiffers",
    "UsedSheet",
]

Sheets = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class StockDiffers(Refusal):
    """Facts: `expected`, `remaining`, `difference` (negative: sheets are missing)."""

    code = "stationery.differs"
    title = "The count differs from the ledger; say why"


class OpeningNeeded(Refusal):
    code = "stationery.opening_needed"
    title = "This pile was never counted; say how many sheets it began with"


class CountMovedOn(Refusal):
    """Facts: `opening`, as the last count left it."""

    code = "stationery.moved_on"
    title = "The pile was counted since"


class CountStationery(Command, frozen=True, kw_only=True):
    """Close the day: so many sheets are left. `opening` is asked for once, before the first count;
    `received` came onto the pile since the last. A `note` where it does not balance."""

    remaining: Sheets
    received: Sheets = 0
    opening: Sheets | None = None
    note: Text = ""


class UsedSheet(msgspec.Struct, kw_only=True):
    """A numbered sheet that was used since the last count, and for which document."""

    stock_number: str
    serial: str
    outcome: str
    reason: str
    at: datetime


class StockDay(View, kw_only=True):
    """The caller's pile since its last count. `opening` is null before the first; `expected` is what should
    be left without what was received, null before the first. The first 500 `sheets`."""

    opening: int | None
    since: datetime | None
    printed: int
    spoiled: int
    expected: int | None
    sheets: list[UsedSheet]


class StockCountView(View, kw_only=True):
    """A count. `difference` is what was counted above (or below) what should have been left."""

    id: int
    by: Person
    counted_at: datetime
    opening: int
    received: int
    printed: int
    spoiled: int
    remaining: int
    difference: int
    note: str
