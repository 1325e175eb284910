"""Exact numbers and the only places where they stop being exact.

The rule a newcomer would get wrong: Python's `round` is half-even on binary floats. Here a figure is
a `Fraction` until a regulation says how to round it, and a stage without an entry stays exact.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Literal

import msgspec

from ..values import parse_decimal

Mode = Literal["none", "half_up", "half_even", "down", "ceil"]
MODES: tuple[Mode, ...] = ("none", "half_up", "half_even", "down", "ceil")

MOST_PLACES = 6
"""Places that a figure is cut to where the regulation does not round it."""

IN_WORDS = {
    "none": "not rounded",
    "half_up": "rounded half up",
    "half_even": "rounded half to even",
    "down": "cut",
    "ceil": "rounded up: a fraction counts as one",
}


class Rounding(msgspec.Struct, frozen=True):
    """One stage's rounding. Read from `{"mode", "places"}`, or from the mode alone."""

    mode: Mode = "none"
    places: int = 0

    @classmethod
    def read(cls, raw: object) -> Rounding:
        """The rounding that a document writes; ValueError says what is wrong."""
        if isinstance(raw, str):
            raw = {"mode": raw}
        if not isinstance(raw, dict):
            raise ValueError('expected a rounding such as {"mode": "half_up", "places": 2}, or null')
        unknown = sorted(str(key) for key in raw if key not in ("mode", "places"))
        if unknown:
            raise ValueError(f"a rounding has no field {unknown[0]!r}")
        mode, places = raw.get("mode"), raw.get("places", 0)
        if mode not in MODES:
            raise ValueError(f"mode is one of {', '.join(MODES)}")
        if type(places) is not int or not 0 <= places <= MOST_PLACES:
            raise ValueError(f"places is a whole number from 0 to {MOST_PLACES}")
        return cls(mode, places)

    def in_words(self) -> str:
        """Such as "rounded half up to 2 places"."""
        words = IN_WORDS[self.mode]
        if self.mode == "none" or (self.mode == "ceil" and self.places == 0):
            return words
        return f"{words.partition(':')[0]} to {self.places} place{'' if self.places == 1 else 's'}"


class Threshold(msgspec.Struct, frozen=True):
    """A minimum: marks ("16"), or a share of the maximum ("40%")."""

    amount: Decimal
    of_maximum: bool = False

    @classmethod
    def read(cls, raw: object) -> Threshold:
        """The threshold that a document writes; ValueError says what is wrong."""
        text = str(raw) if isinstance(raw, (int, Decimal)) and not isinstance(raw, bool) else raw
        if isinstance(text, str):
            amount = parse_decimal(text.removesuffix("%"))
            if amount is not None and amount >= 0 and not (text.endswith("%") and amount > 100):
                return cls(amount, text.endswith("%"))
        raise ValueError('expected marks such as "16", or a share of the maximum such as "40%"')

    def of(self, maximum: Fraction) -> Fraction:
        """The minimum in the unit of `maximum`, exactly: 40 % of 30 is 12, 10 is 10."""
        return Fraction(self.amount) * maximum / 100 if self.of_maximum else Fraction(self.amount)

    def in_words(self) -> str:
        """Such as "40 %" or "16 marks"."""
        return f"{plain(self.amount)} %" if self.of_maximum else f"{plain(self.amount)} marks"


EXACT = Rounding()


def _units(value: Fraction, mode: Mode, places: int) -> int:
    """`value` in units of the last place, by whole numbers only: this runs for every step of every
    trace, and arithmetic of fractions would be most of a publication."""
    under: int = value.denominator
    over: int = value.numerator * 10**places
    whole, rest = divmod(over, under)  # floor, also below zero
    if not rest:
        return whole
    match mode:
        case "ceil":
            return whole + 1
        case "down":
            return whole + (whole < 0)  # toward zero
        case "half_even":
            return whole + (2 * rest > under or (2 * rest == under and whole % 2 == 1))
        case "half_up":
            return whole + (2 * rest > under or (2 * rest == under and whole >= 0))
    raise AssertionError(f"no rounding of mode {mode}")


def round_exact(value: Fraction, rounding: Rounding | None) -> Fraction:
    """`value` after this stage. None and mode "none" leave it as it is."""
    if rounding is None or rounding.mode == "none":
        return value
    return Fraction(_units(value, rounding.mode, rounding.places), 10**rounding.places)


def shown(value: Fraction, rounding: Rounding | None) -> Decimal:
    """`value` as it is printed and stored: rounded with exactly the stage's places, or, where the
    regulation does not round, cut to six places without trailing zeros."""
    if rounding is None or rounding.mode == "none":
        return cut(value)
    return Decimal(_units(value, rounding.mode, rounding.places)).scaleb(-rounding.places)


def cut(value: Fraction, places: int = MOST_PLACES) -> Decimal:
    """`value` cut (never rounded) to `places`, without trailing zeros: 2/3 → 0.666666, 70 → 70."""
    return Decimal(cut_text(value, places))


def cut_text(value: Fraction, places: int = MOST_PLACES) -> str:
    """The same as text."""
    if value.denominator == 1:
        return str(value.numerator)
    units = _units(value, "down", places)
    digits = str(abs(units)).rjust(places + 1, "0")
    text = f"{digits[:-places]}.{digits[-places:]}".rstrip("0").rstrip(".")
    return f"-{text}" if units < 0 else text


def plain(value: Decimal) -> str:
    """The decimal without exponent or trailing zeros: "40", "0.5"."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("", "-0", "-") else text
