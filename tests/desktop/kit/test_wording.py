"""Times and counts in words."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from sims_desktop.kit.wording import listed, plural, when


@pytest.fixture(autouse=True)
def karachi(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Karachi")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


NOON = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (None, "never"),
        ("2026-11-23T04:41:00Z", "09:41"),
        ("2026-11-22T18:59:00Z", "Sun 23:59"),
        ("2026-11-22T19:01:00Z", "00:01"),
        ("2026-11-10T04:00:00Z", "10 November 09:00"),
        ("2025-11-23T04:00:00Z", "23 November 2025 09:00"),
    ],
)
def test_a_time_is_told_by_the_clock_on_the_wall(at: str | None, words: str) -> None:
    assert when(at, NOON) == words


def test_counts_and_lists_read_like_speech() -> None:
    assert [plural(n, "change") for n in (0, 1, 2498)] == ["0 changes", "1 change", "2,498 changes"]
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed("abcdefgh", at_most=3) == "a, b, c and 5 more"
