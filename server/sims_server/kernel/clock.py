"""The only place that reads the clock. Tests set it; nobody else does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def _system_now() -> datetime:
    return datetime.now(UTC)


_read: Callable[[], datetime] = _system_now


def now() -> datetime:
    """The time, aware, in UTC."""
    return _read()


def today(time_zone: str) -> date:
    """The institution's calendar day: it decides term dates, holds and lapses."""
    return now().astimezone(ZoneInfo(time_zone)).date()


def set_clock(read: Callable[[], datetime] | None) -> None:
    """Replace the clock (tests only); None restores the system's."""
    global _read
    _read = read or _system_now
