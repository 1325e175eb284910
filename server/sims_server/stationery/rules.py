"""Whether a pile balances. Pure."""

from __future__ import annotations

from sims_shared.stationery import CountMovedOn, OpeningNeeded, StockDiffers


def opening_of(left: int | None, given: int | None) -> int:
    """What the pile began with: what the last count left. Raises OpeningNeeded before the first, and
    CountMovedOn where somebody remembers another number."""
    if left is None:
        if given is None:
            raise OpeningNeeded("Say how many sheets the pile began with.")
        return given
    if given is not None and given != left:
        raise CountMovedOn(f"The last count left {left} sheets, not {given}.", opening=left)
    return left


def check_balance(expected: int, remaining: int, note: str) -> None:
    """Raises StockDiffers unless it balances or the difference is explained."""
    difference = remaining - expected
    if difference and not note.strip():
        missing = f"{-difference} missing" if difference < 0 else f"{difference} too many"
        raise StockDiffers(
            f"{expected} sheets should be left and {remaining} are: {missing}. Say why.",
            expected=expected,
            remaining=remaining,
            difference=difference,
        )
