"""What a term's dates must satisfy. Pure."""

from __future__ import annotations

from datetime import date

from sims_shared.problems import Fault, InvalidInput

DEADLINES = ("enroll_until", "drop_until", "withdraw_until", "marks_due", "recheck_until")


def check_dates(start_date: date, end_date: date) -> None:
    """Raises InvalidInput. Deadlines may lie outside the term: marks are due after it, enrollment may
    end before it begins."""
    if end_date < start_date:
        detail = "A term ends on the day it starts or later."
        raise InvalidInput(detail, errors=[Fault("/end_date", "order", detail)])
