"""What a span of days off is. Pure."""

from __future__ import annotations

from datetime import date

from sims_shared.days_off import DAYS_AT_MOST
from sims_shared.problems import Fault, InvalidInput


def check_span(first_day: date, last_day: date) -> None:
    """Raises InvalidInput."""
    detail = ""
    if last_day < first_day:
        detail = "The last day off is the first one or later."
    elif (last_day - first_day).days >= DAYS_AT_MOST:
        detail = f"A span has {DAYS_AT_MOST} days at most; enter the next one by itself."
    if detail:
        raise InvalidInput(detail, errors=[Fault("/last_day", "order", detail)])
