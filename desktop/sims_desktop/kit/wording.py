"""States, times and counts as people say them. Qt-free, so that presenters and tests use it too.

The rule a newcomer would get wrong: times on the wire are UTC, a person reads the clock on the wall,
so everything here converts to the local zone of this computer before it speaks.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 change`, `3 changes`, `2,498 students`. `many` is needed where adding an s is wrong."""
    noun = one if count == 1 else many or one + "s"
    return f"{count:,} {noun}"


def local(at: datetime | str) -> datetime:
    """An instant in this computer's zone. Text is RFC 3339; a naive instant is taken as UTC."""
    if isinstance(at, str):
        at = datetime.fromisoformat(at)
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return at.astimezone()


def when(at: datetime | str | None, now: datetime) -> str:
    """`14:02` today, `Tue 14:02` within a week, else `3 March 14:02` (with the year when it differs)."""
    if at is None:
        return "never"
    then, today = local(at), local(now)
    clock = f"{then:%H:%M}"
    days = (today.date() - then.date()).days
    if days == 0:
        return clock
    if 0 < days < 7:
        return f"{then:%a} {clock}"
    year = "" if then.year == today.year else f" {then.year}"
    return f"{then.day} {then:%B}{year} {clock}"


def listed(names: Iterable[str], at_most: int = 5) -> str:
    """`a, b and c`; beyond `at_most`, `a, b, c and 4 more`."""
    every = list(names)
    if len(every) > at_most:
        return f"{', '.join(every[:at_most])} and {len(every) - at_most} more"
    if len(every) < 2:
        return "".join(every)
    return f"{', '.join(every[:-1])} and {every[-1]}"


def left_to_right(identifier: str) -> str:
    """A number or code for showing: isolated, so that `2022-XU-0417` does not turn into `0417-XU-2022`
    in a window that runs from right to left."""
    return f"\u2066{identifier}\u2069"
