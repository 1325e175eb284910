"""Days off: when the university does not work, besides Saturday and Sunday.

The rule a newcomer would get wrong: a day that was promised before does not move.
"""

from __future__ import annotations

from datetime import date

import msgspec

from sims_shared.messages import Command, View
from sims_shared.problems import Refusal
from sims_shared.values import Id, Name

__all__ = ["DAYS_AT_MOST", "ChangeDayOff", "CreateDayOff", "DayOffTaken", "DayOffView", "DeleteDayOff"]

DAYS_AT_MOST = 366


class DayOffTaken(Refusal):
    code = "days_off.taken"
    title = "The same days off are entered already"


class CreateDayOff(Command, frozen=True, kw_only=True):
    """Enter a day on which the university does not work, or a span until `last_day`. What is promised from
    now on passes over it."""

    first_day: date
    last_day: date | None = None
    name: Name


class ChangeDayOff(Command, frozen=True, kw_only=True):
    """Change its days or its name. A day that was promised before stays promised."""

    id: Id
    first_day: date | msgspec.UnsetType = msgspec.UNSET
    last_day: date | msgspec.UnsetType = msgspec.UNSET
    name: Name | msgspec.UnsetType = msgspec.UNSET


class DeleteDayOff(Command, frozen=True, kw_only=True):
    """It is a working day after all."""

    id: Id


class DayOffView(View, kw_only=True):
    """A day or a span off; of a single day both are the same."""

    id: int
    first_day: date
    last_day: date
    name: str
