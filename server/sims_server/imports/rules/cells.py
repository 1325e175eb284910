"""What a cell means. Pure.

The rule a newcomer would get wrong: a spreadsheet's cell is text that somebody typed or a number that
the spreadsheet made of it. `0417` typed into a text cell keeps its zero; nothing here turns a
registration number into a number, nor a mark into a float.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

from sims_shared.examinations import ROOMS_OF_A_PAPER
from sims_shared.tables import unprotected
from sims_shared.values import UNSEEN, parse_decimal

Cell = object  # str, float, int, bool, date, datetime, None: what CSV and spreadsheets give
Read = Callable[[str], str]


class CellRefused(Exception):
    """A cell that cannot be what its column asks for. The arguments are a code and a sentence."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


ONE_LINE = 200  # a name; what is longer is a note, and may have several lines
_CONTROL = re.compile(f"[{UNSEEN}]")


def text(longest: int = 200) -> Read:
    def read(cell: str) -> str:
        if len(cell) > longest:
            raise CellRefused("too_long", f"{len(cell)} characters; at most {longest} fit.")
        if longest <= ONE_LINE and _CONTROL.search(cell):
            raise CellRefused("malformed", "It is one line, without control characters.")
        return cell

    return read


def matching(pattern: str, means: str) -> Read:
    compiled = re.compile(pattern)

    def read(cell: str) -> str:
        if not compiled.fullmatch(cell):
            raise CellRefused("malformed", f"“{cell[:60]}” is not {means}.")
        return cell

    return read


def lowered(inner: Read) -> Read:
    return lambda cell: inner(cell.lower())


def one_of(*words: str) -> Read:
    def read(cell: str) -> str:
        if cell.lower() not in words:
            raise CellRefused("unknown_word", f"“{cell[:60]}” is none of {', '.join(words)}.")
        return cell.lower()

    return read


# 12,50 is a number where the comma divides it; 1,234 is one number here and another there, so it is none.
_DECIMAL_COMMA = re.compile(r"-?[0-9]{1,9},[0-9]{1,2}", re.ASCII)


def decimal(places: int, low: str, high: str) -> Read:
    lowest, highest = Decimal(low), Decimal(high)

    def read(cell: str) -> str:
        given = cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell) else cell
        value = parse_decimal(given)
        if value is None:
            raise CellRefused("malformed", f"“{cell[:60]}” is not a number like 12 or 12.50.")
        exponent = value.normalize().as_tuple().exponent
        if isinstance(exponent, int) and -exponent > places:
            raise CellRefused("too_many_places", f"{cell} has more than {places} decimal places.")
        if not lowest <= value <= highest:
            raise CellRefused("out_of_range", f"{cell} is not between {low} and {high}.")
        return given

    return read


def whole(low: int, high: int) -> Read:
    def read(cell: str) -> str:
        if not re.fullmatch(r"-?[0-9]{1,9}", cell, re.ASCII):
            raise CellRefused("malformed", f"“{cell[:60]}” is not a whole number.")
        if not low <= int(cell) <= high:
            raise CellRefused("out_of_range", f"{cell} is not between {low} and {high}.")
        return cell

    return read


_MIDNIGHT = re.compile(r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})([T ]00:00(:00(\.0+)?)?)?", re.ASCII)


def day(cell: str) -> str:
    # Only one form: 03/04/2026 is March to one office and April to the next.
    try:
        found = _MIDNIGHT.fullmatch(cell)
        if found is None:
            raise ValueError
        return date.fromisoformat(found["day"]).isoformat()
    except ValueError:
        raise CellRefused("malformed", f"“{cell[:60]}” is not a date like 2026-09-01.") from None


# What a spreadsheet makes of a time of day has seconds; of a length of time, one digit for the hour.
_CLOCK = re.compile(r"(?P<hour>[0-9]{1,2})[:.](?P<minute>[0-9]{2})(:00)? ?(?P<half>[ap]\.?m\.?)?", re.ASCII)
_FIRST_HOUR = 6


def clock(cell: str) -> str:
    """A time of day as 09:00. Nobody writes a paper at two in the night: that 2:00 is an afternoon, which
    is asked, and never guessed."""
    found = _CLOCK.fullmatch(cell.lower())
    hour, minute = (int(found["hour"]), int(found["minute"])) if found else (99, 99)
    half = (found["half"] or "").replace(".", "") if found else ""
    if not (1 <= hour <= 12 if half else hour <= 24) or minute > 59 or (hour == 24 and minute):
        raise CellRefused("malformed", f"“{cell[:60]}” is not a time of day like 09:00 or 2:00 pm.")
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    elif hour < _FIRST_HOUR:
        raise CellRefused(
            "at_night",
            f"“{cell}” is in the night; write {hour + 12}:{minute:02d} for the afternoon, "
            f"or {hour or 12}:{minute:02d} am if it is meant.",
        )
    return f"{hour:02d}:{minute:02d}"


def seated(cell: str) -> str:
    """Rooms in the order they are filled, `Hall A: 60, Room 7`, with how many sit there where that is not as
    many as the room holds."""
    said, names = [], set[str]()
    for part in (" ".join(part.split()) for part in re.split(r"[,;\n]", cell)):
        if not part:
            continue
        name, _, seats = (piece.strip() for piece in part.partition(":"))
        if not name or name.casefold() in names:
            raise CellRefused("repeated", f"“{(name or part)[:60]}” stands there twice, or has no name.")
        if ":" in part and not (re.fullmatch(r"[0-9]{1,6}", seats, re.ASCII) and 0 < int(seats) <= 100_000):
            raise CellRefused("malformed", f"“{part[:60]}”: how many sit there is a whole number, as 60.")
        names.add(name.casefold())
        said.append(f"{name}: {int(seats)}" if seats else name)
    if len(said) > ROOMS_OF_A_PAPER:
        raise CellRefused("out_of_range", f"A paper is written in {ROOMS_OF_A_PAPER} rooms at most.")
    return ", ".join(said)


_TRUTHS = {
    "yes": "true",
    "true": "true",
    "1": "true",
    "y": "true",
    "no": "false",
    "false": "false",
    "0": "false",
    "n": "false",
}


def truth(cell: str) -> str:
    if cell.lower() not in _TRUTHS:
        raise CellRefused("malformed", f"“{cell[:60]}” is neither yes nor no.")
    return _TRUTHS[cell.lower()]


def words(cell: str) -> str:
    """Several words in one cell, between spaces, commas or semicolons; kept with single spaces."""
    return " ".join(part for part in re.split(r"[\s,;]+", cell) if part)


def plain(cell: Cell) -> str:
    """A cell as text. Excel keeps 72 as 72.0 and a date as a moment; both become what was typed. What
    the exporter put before a text that a spreadsheet would take for a formula is undone."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return unprotected(cell)
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return str(cell)
