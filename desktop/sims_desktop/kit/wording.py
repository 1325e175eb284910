"""States, times and counts as people say them. Qt-free, so that presenters and tests use it too.

The rule a newcomer would get wrong: times on the wire are UTC, a person reads the clock on the wall,
so everything here converts to the local zone of this computer before it speaks. Numerals are Western in
every language: marks are read out, compared with paper and typed back.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime

from sims_desktop.kit.language import later, phrase

DAYS = tuple(map(later, ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")))
MONTHS = tuple(
    map(
        later,
        (
            *("January", "February", "March", "April", "May", "June"),
            *("July", "August", "September", "October", "November", "December"),
        ),
    )
)
# States of people and papers as the server names them.
STATUSES = {
    "provisional": later("provisional"),
    "active": later("active"),
    "cancelled": later("cancelled"),
    "enrolled": later("enrolled"),
    "dropped": later("dropped"),
    "withdrawn": later("withdrawn"),
    "barred": later("barred"),
    "completed": later("completed"),
    "incomplete": later("incomplete"),
    "on_leave": later("on leave"),
    "struck_off": later("struck off"),
    "dismissed": later("dismissed"),
    "suspended": later("suspended"),
    "graduated": later("graduated"),
    "valid": later("valid"),
    "expired": later("expired"),
    "superseded": later("superseded"),
    "revoked": later("revoked"),
}


def status_words(status: str) -> str:
    return phrase(STATUSES.get(status, status.replace("_", " ")))


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 change`, `3 changes`, `2,498 students`. `many` is needed where adding an s is wrong."""
    noun = one if count == 1 else many or one + "s"
    return f"{count:,} {phrase(noun)}"


def local(at: datetime | str) -> datetime:
    """An instant in this computer's zone. Text is RFC 3339; a naive instant is taken as UTC."""
    if isinstance(at, str):
        at = datetime.fromisoformat(at)
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return at.astimezone()


def day_words(day: date) -> str:
    """`3 March`."""
    return f"{day.day} {phrase(MONTHS[day.month - 1])}"


def when(at: datetime | str | None, now: datetime) -> str:
    """`14:02` today, `Tue 14:02` within a week, else `3 March 14:02` (with the year when it differs)."""
    if at is None:
        return phrase("never")
    then, today = local(at), local(now)
    clock = f"{then:%H:%M}"
    days = (today.date() - then.date()).days
    if days == 0:
        return clock
    if 0 < days < 7:
        return f"{phrase(DAYS[then.weekday()])} {clock}"
    year = "" if then.year == today.year else f" {then.year}"
    return f"{day_words(then)}{year} {clock}"


def listed(names: Iterable[str], at_most: int = 5) -> str:
    """`a, b and c`; beyond `at_most`, `a, b, c and 4 more`."""
    every = list(names)
    comma = phrase(", ")
    if len(every) > at_most:
        more = len(every) - at_most
        return phrase("{names} and {more} more", names=comma.join(every[:at_most]), more=more)
    if len(every) < 2:
        return "".join(every)
    return phrase("{names} and {last}", names=comma.join(every[:-1]), last=every[-1])


def left_to_right(identifier: str) -> str:
    """A number or code for showing: isolated, so that `2022-XU-0417` does not turn into `0417-XU-2022`
    in a window that runs from right to left."""
    return f"\u2066{identifier}\u2069"
