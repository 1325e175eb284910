"""Numbers in words, as award lists write them so that no figure can be altered with a pen."""

from __future__ import annotations

from decimal import Decimal

_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def _whole(number: int) -> str:
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
    for size, word in ((1_000_000, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= size:
            many, rest = divmod(number, size)
            return f"{_whole(many)} {word}" + (f" {_whole(rest)}" if rest else "")
    raise AssertionError("unreachable")


def in_words(number: Decimal) -> str:
    """`72.5` is “seventy-two point five”; below 10^9, not negative, digits after the point one by one."""
    whole, _, places = f"{number:f}".partition(".")
    places = places.rstrip("0")
    said = _whole(int(whole))
    return said + (" point " + " ".join(_ONES[int(digit)] for digit in places) if places else "")
