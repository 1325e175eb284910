"""What a person types into a cell, and what it means.

A mark is a score, or one of four words: absent, excused, unfair means, pending. Blank, zero and absent
are three different things, and nothing here turns one into another. The rule a newcomer would get
wrong: a decimal comma and digits of Urdu or Arabic keyboards are the same number to the professor, but
only `0-9` and a point ever leave this module.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from sims_desktop.kit.language import later, phrase

SCORED, ABSENT, EXCUSED, UNFAIR, PENDING = "scored", "absent", "excused", "ufm", "pending"

CODES: dict[str, str] = {ABSENT: "ABS", EXCUSED: "EXC", UNFAIR: "UFM", PENDING: "PEND"}
WORDS: dict[str, str] = {
    ABSENT: later("absent"),
    EXCUSED: later("excused"),
    UNFAIR: later("unfair means"),
    PENDING: later("pending"),
}

# The `P` of many attendance sheets means present, so pending takes at least two letters.
ALIASES: dict[str, str] = {
    "a": ABSENT, "ab": ABSENT, "abs": ABSENT, "absent": ABSENT,
    "e": EXCUSED, "ex": EXCUSED, "exc": EXCUSED, "excused": EXCUSED,
    "u": UNFAIR, "uf": UNFAIR, "ufm": UNFAIR,
    "pe": PENDING, "pend": PENDING, "pending": PENDING,
}  # fmt: skip

NUMBER = re.compile(r"[0-9]{0,9}(?:\.[0-9]*)?\Z", re.ASCII)
KEYBOARD_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹٫,", "01234567890123456789..")


class Value(NamedTuple):
    """What a cell holds: `mark` is null (blank), "scored" or a code; `score` exactly when scored."""

    mark: str | None
    score: Decimal | None


BLANK = Value(None, None)


class Mistake(NamedTuple):
    """Typed text that is no mark here, and why. The text stays in the cell."""

    text: str
    reason: str


def number_text(number: Decimal) -> str:
    """Shortest form: `72`, `72.5`; never an exponent."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def shown(value: Value) -> str:
    """The text of a cell: `72.5`, `ABS`, or nothing for blank."""
    if value.mark is None:
        return ""
    if value.score is not None:
        return number_text(value.score)
    return CODES[value.mark]


def spoken(value: Value, maximum: Decimal) -> str:
    """What a screen reader says: `72 of 100`, `absent`, `blank`."""
    if value.mark is None:
        return phrase("blank")
    if value.score is not None:
        return phrase("{score} of {maximum}", score=number_text(value.score), maximum=number_text(maximum))
    return phrase(WORDS[value.mark])


def read_entry(text: str, maximum: Decimal, aliases: Mapping[str, str] = ALIASES) -> Value | Mistake:
    """The value that `text` means in a column out of `maximum`, or the mistake that stays in the cell."""
    cleaned = text.replace("\u00a0", " ").strip()
    if not cleaned:
        return BLANK
    code = aliases.get(cleaned.casefold())
    if code is not None:
        return Value(code, None)
    number = cleaned.translate(KEYBOARD_DIGITS)
    if number.startswith(("-", "−")) and number[1:2].isdigit():
        return Mistake(text, phrase("A mark cannot be below 0"))
    if not NUMBER.match(number) or number == ".":
        known = ", ".join(CODES.values())
        return Mistake(
            text,
            phrase("Not a mark: type 0 to {maximum}, or {known}", maximum=number_text(maximum), known=known),
        )
    score = Decimal(number)
    if score > maximum:
        return Mistake(text, phrase("More than the maximum of {maximum}", maximum=number_text(maximum)))
    hundredths = score.quantize(Decimal("0.01"))
    if hundredths != score:
        return Mistake(text, phrase("At most two decimal places"))
    return Value(SCORED, hundredths)
