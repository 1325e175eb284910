"""What a verifier says, in one word and in one sentence.

The seven words differ because people act on them differently: an altered file sends one back to the
holder, a forged one to the police, an unknown key to the internet.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

import msgspec


class Verdict(StrEnum):
    GENUINE = "genuine"
    SUPERSEDED = "superseded"  # we sealed it, and replaced it since
    REVOKED = "revoked"  # we sealed it, and withdrew it since
    ALTERED = "altered"  # we sealed something, but not these bytes
    FORGED = "forged"  # says it is ours; we never sealed it
    UNKNOWN_KEY = "unknown_key"  # may be genuine; this verifier does not know the issuer's key
    FOREIGN = "foreign"  # not a sealed document of this kind at all


class CourseGrade(msgspec.Struct, frozen=True):
    """A line of the signed content: course code, credits as printed, grade as printed."""

    code: str
    credits: str
    grade: str


class Judgment(msgspec.Struct, kw_only=True):
    """A verdict and what was read. `list_age` is the age of the status list in seconds, None when no
    list was at hand; `faults` says in words what was found wrong. Facts of the document are given
    only where its seal vouches for them (genuine, superseded, revoked). A letter past its `valid_until` stays
    genuine, for we did seal it, and is `expired`."""

    verdict: Verdict
    in_words: str
    faults: list[str] = []
    list_age: int | None = None
    list_stale: bool = False
    demo: bool = False
    issuer: str | None = None
    institution: str | None = None
    key_id: str | None = None
    document: str | None = None
    serial: str | None = None
    name: str | None = None
    reg_no: str | None = None
    program: str | None = None
    cgpa: str | None = None
    credits: str | None = None
    issued_on: date | None = None
    valid_until: date | None = None
    expired: bool = False
    courses: list[CourseGrade] | None = None
    status_index: int | None = None
    content_sha256: str | None = None
    sha256: str | None = None


MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def day_in_words(day: date) -> str:
    """`2 March 2026`, on every computer: the names of the months in `strftime` are those of its locale."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def age_in_words(listed_at: datetime, now: datetime) -> str:
    seconds = max(0, int((now - listed_at).total_seconds()))
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''} old"
    return "fresh"
