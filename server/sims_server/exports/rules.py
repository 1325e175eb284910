"""How a stored value stands in a file. Pure.

The rule a newcomer would get wrong: a mark is never turned into a float on its way out. In a workbook a
number is a float by its nature, so what would not come back as it was goes in as text.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from sims_shared.tables import protected, protected_in_workbook

WORKBOOK_ROWS = 1_048_575  # below the header
WORKBOOK_TEXT = 32_767


def in_csv(value: Any) -> str:
    """A value as a CSV cell."""
    if isinstance(value, str):
        return protected(value)
    return _plain(value)


def in_workbook(value: Any) -> str | float | int | date | None:
    """A value as a workbook's cell: text, a number where it survives being one, a date, or nothing."""
    if value is None or value == "":
        return None
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        number = float(value)
        return number if Decimal(repr(number)) == value else _plain(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    return protected_in_workbook(value if isinstance(value, str) else _plain(value))


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict | list):
        return protected(msgspec.json.encode(value).decode())
    return str(value)
