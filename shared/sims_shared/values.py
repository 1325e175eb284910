"""Values that cross the wire: ids, decimals, persons, intakes.

Marks, weights, credits and points are `Decimal` on both sides and JSON strings between them. The
rule a newcomer would get wrong: a decimal never passes through a float, not even once.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, NamedTuple

import msgspec

BIGINT_MAX = 2**63 - 1

Id = Annotated[int, msgspec.Meta(ge=1, le=BIGINT_MAX)]

DECIMAL_PATTERN = re.compile(r"-?[0-9]{1,9}(\.[0-9]+)?\Z", re.ASCII)


class Places(NamedTuple):
    """How a decimal is bounded. Used as `Annotated[Decimal, Places(2, low=Decimal(0))]`; more places
    than the column holds is an error, never a silent rounding."""

    places: int
    low: Decimal | None = None
    high: Decimal | None = None


ZERO = Decimal(0)

Mark = Annotated[Decimal, Places(2, low=ZERO, high=Decimal("99999.99"))]
# What marks are out of, and the step they go in: never nothing.
Maximum = Annotated[Decimal, Places(2, low=Decimal("0.01"), high=Decimal("99999.99"))]
Weight = Annotated[Decimal, Places(2, low=ZERO, high=Decimal("999.99"))]
Credits = Annotated[Decimal, Places(2, low=ZERO, high=Decimal("999.99"))]
Money = Annotated[Decimal, Places(2, low=ZERO, high=Decimal("999999999.99"))]

# Text that a person types. NUL is refused everywhere (PostgreSQL cannot hold it). A pattern ends with \Z:
# before $ a line may end, and a number that only looks like another's is a second student.
# The description beside a pattern is what a person is told whose input does not match it.
#
# What is not seen but changes what is: control characters, other ends of a line (NEL, U+2028), turned reading
# directions (with one a name reads backwards on paper), blanks of no width. Joiners and direction marks, as
# in Urdu, are none of these.
UNSEEN = r"\x00-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2060\u2066-\u2069\ufeff"
_NO_BLANK_ENDS = "no blank at the beginning or the end"
_NOT_BLANK = "more than blanks is needed here"
Code = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=40,
        pattern=rf"^[^\s{UNSEEN}]([^{UNSEEN}]*[^\s{UNSEEN}])?\Z",
        description=_NO_BLANK_ENDS,
    ),
]
# A name is one line: it is printed, listed and written into logs.
Name = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=200,
        pattern=rf"^[^{UNSEEN}]*[^\s{UNSEEN}][^{UNSEEN}]*\Z",
        description="one line, and more than blanks, is needed here",
    ),
]
# One address: no blank and no line's end, or a letter's head would begin a second line; no comma and no
# bracket, or somebody else would get the letter as well.
_OF_ADDRESS = rf'[^\s@<>(),;:"\\\[\]{UNSEEN}]+'
ADDRESS = rf"{_OF_ADDRESS}@{_OF_ADDRESS}"
Email = Annotated[
    str,
    msgspec.Meta(max_length=200, pattern=rf"^({ADDRESS})?\Z", description="one address, as name@example.edu"),
]
Text = Annotated[str, msgspec.Meta(max_length=4000)]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=2000, pattern=r"\S", description=_NOT_BLANK)]
Intake = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}[SF]\Z", description="a year with S or F, as 2026F")]
RegistrationNumber = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=40,
        pattern=r"^[!-~]([ -~]*[!-~])?\Z",
        description="plain letters, digits and signs, no blank at the beginning or the end",
    ),
]


class Person(msgspec.Struct, frozen=True):
    """Who did something. An act of the system is `{id: null, name: "system"}`."""

    id: int | None
    name: str


SYSTEM = Person(None, "system")


def parse_decimal(text: str) -> Decimal | None:
    """The decimal that `text` is, or None when it is not of the contract's form (no NaN, exponent,
    underscore, or digits of other scripts)."""
    return Decimal(text) if DECIMAL_PATTERN.match(text) else None


def intake_of(year: int, month: int) -> str:
    """The intake of a date: January to June is spring (`S`), the rest autumn (`F`)."""
    return f"{year:04d}{'S' if month <= 6 else 'F'}"


def intake_order(intake: str) -> tuple[int, int]:
    """A key that sorts intakes: within a year, spring before autumn."""
    return int(intake[:4]), 0 if intake[4] == "S" else 1
