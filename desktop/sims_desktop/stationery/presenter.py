"""What a pile should hold, what was counted, and whether that balances, in words. Qt-free.

The rules a newcomer would get wrong: a count that differs is not refused for good – it asks for its reason,
with the number in words, and goes on record with it; and a count that got no answer is asked for again with
its own key, for it may stand already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from secrets import token_hex
from typing import Protocol

from sims_desktop.client.errors import ClientError, ProblemAnswer
from sims_desktop.kit.language import later, on_paper, phrase
from sims_desktop.kit.wording import local, plural, when
from sims_shared.problems import Fault
from sims_shared.stationery import (
    CountMovedOn,
    OpeningNeeded,
    StockCountView,
    StockDay,
    StockDiffers,
    UsedSheet,
)

MOST = 1_000_000
LINE = "_" * 22  # to sign on
OUTCOMES = {"printed": later("printed"), "spoiled": later("spoiled")}


class Calls(Protocol):
    def read_day(self) -> StockDay: ...
    def read_counts(self, user_id: int) -> list[StockCountView]: ...
    def count(
        self, remaining: int, received: int, opening: int | None, note: str, key: str
    ) -> StockCountView: ...


@dataclass(frozen=True, slots=True)
class Loaded:
    day: StockDay
    counts: Sequence[StockCountView]


@dataclass(frozen=True, slots=True)
class Wish:
    remaining: int
    received: int
    opening: int | None
    note: str


@dataclass(frozen=True, slots=True)
class Closed:
    count: StockCountView
    sheets: Sequence[UsedSheet]


@dataclass(slots=True)
class StationeryPresenter:
    calls: Calls
    user_id: int
    name: str
    loaded: Loaded | None = None
    trouble: str = ""
    faults: list[Fault] = field(default_factory=list)
    asks_note: bool = False
    closed: Closed | None = None
    on_change: Callable[[], None] = lambda: None
    _keys: dict[Wish, str] = field(default_factory=dict)

    def load(self) -> Loaded:
        return Loaded(self.calls.read_day(), self.calls.read_counts(self.user_id))

    def take(self, loaded: Loaded) -> None:
        self.loaded, self.trouble = loaded, ""
        self.on_change()

    def not_loaded(self, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        self.trouble = phrase("{error}. Counting needs the server; F5 asks again.", error=error)
        self.on_change()

    @property
    def asks_opening(self) -> bool:
        return self.loaded is not None and self.loaded.day.opening is None

    @property
    def sentence(self) -> str:
        if self.trouble:
            return self.trouble
        if self.loaded is None:
            return phrase("Reading the ledger …")
        day = self.loaded.day
        used = phrase("printed {printed:,}, spoiled {spoiled:,}", printed=day.printed, spoiled=day.spoiled)
        if day.opening is None:
            return phrase("This pile was never counted. Since it began: {used}.", used=used)
        return phrase(
            "Opening {opening:,}, {used}: {expected:,} should be left.",
            opening=day.opening,
            used=used,
            expected=day.expected or 0,
        )

    def since_words(self, now: datetime) -> str:
        if self.loaded is None or self.loaded.day.since is None:
            return ""
        return phrase("Last counted {when}.", when=when(self.loaded.day.since, now))

    # Counting

    def check(self, remaining: str, received: str, opening: str, note: str) -> Wish | None:
        """The wish, or None with every fault beside its field."""
        self.faults = []
        left = self._number("remaining", remaining, needed=True)
        came = self._number("received", received, needed=False)
        began = self._number("opening", opening, needed=True) if self.asks_opening else None
        if self.faults:
            return None
        return Wish(left or 0, came or 0, began, note.strip())

    def _number(self, name: str, typed: str, *, needed: bool) -> int | None:
        text = typed.strip().replace(",", "")
        if not text and not needed:
            return None
        if text.isascii() and text.isdigit() and int(text) <= MOST:
            return int(text)
        detail = phrase("Type how many sheets, in figures.")
        self.faults.append(Fault(f"/{name}", "request.wrong", detail))
        return None

    def count(self, wish: Wish) -> StockCountView:
        return self.calls.count(
            wish.remaining, wish.received, wish.opening, wish.note, self._keys.setdefault(wish, token_hex(16))
        )

    def counted(self, count: StockCountView) -> str:
        """The day is closed: with the sheets that were shown, for the list to sign."""
        self._keys.clear()
        self.asks_note = False
        self.closed = Closed(count, self.loaded.day.sheets if self.loaded is not None else ())
        return balance_words(count)

    def to_print(self, chosen: StockCountView | None) -> Closed | None:
        """The count just made with its sheets, or an older one by its figures."""
        if chosen is None or (self.closed is not None and chosen.id == self.closed.count.id):
            return self.closed
        return Closed(chosen, ())

    def refused(self, error: Exception) -> str:
        """Why it does not stand, in words."""
        if not isinstance(error, ClientError):
            raise error
        if not isinstance(error, ProblemAnswer):
            return phrase("{error}. It may have been counted all the same; Enter asks again.", error=error)
        self._keys.clear()
        if error.code == StockDiffers.code:
            self.asks_note = True
            return self._difference_words(error)
        if error.code == OpeningNeeded.code:
            return phrase("Say how many sheets the pile began with.")
        if error.code == CountMovedOn.code:
            return phrase("This pile was counted since, perhaps at another window. Look at the count below.")
        self.faults = list(error.errors)
        return str(error)

    def _difference_words(self, error: ProblemAnswer) -> str:
        expected, difference = int(error.facts["expected"]), int(error.facts["difference"])
        sheets = plural(abs(difference), "sheet")
        said = (
            phrase("{sheets} missing: {expected:,} should be left.", sheets=sheets, expected=expected)
            if difference < 0
            else phrase("{sheets} too many: {expected:,} should be left.", sheets=sheets, expected=expected)
        )
        return f"{said} {phrase('Count again, or say why and press Enter.')}"

    # Paper

    @on_paper()
    def paper(self, closed: Closed) -> str:
        """The list to sign."""
        count = closed.count
        rows = "".join(
            f"<tr><td>{escape(one.stock_number)}</td><td>{escape(one.serial)}</td><td>{escape(one.outcome)}</td>"
            f"<td>{escape(one.reason)}</td><td>{local(one.at):%H:%M}</td></tr>"
            for one in closed.sheets
        )
        note = f"<p>Why it differs: {escape(count.note)}</p>" if count.note else ""
        return (
            f"<h3>Stationery of {escape(self.name)}, {local(count.counted_at):%Y-%m-%d %H:%M}</h3>"
            f"<p>{escape(balance_words(count))}</p>{note}"
            "<table width='100%' cellspacing='0' cellpadding='3' border='1'><thead><tr><th align='left'>Sheet"
            "</th><th align='left'>Document</th><th align='left'>Outcome</th><th align='left'>Reason</th>"
            f"<th align='left'>At</th></tr></thead><tbody>{rows}</tbody></table>"
            f"<p>&nbsp;</p><p>Counted by {LINE} &nbsp;&nbsp; Seen by {LINE}</p>"
        )


def balance_words(count: StockCountView) -> str:
    """`opening 500, printed 61, spoiled 2, left 437: balances`."""
    received = phrase(", received {count:,}", count=count.received) if count.received else ""
    said = phrase(
        "opening {opening:,}{received}, printed {printed:,}, spoiled {spoiled:,}, left {left:,}",
        opening=count.opening,
        received=received,
        printed=count.printed,
        spoiled=count.spoiled,
        left=count.remaining,
    )
    if not count.difference:
        return phrase("{count}: balances.", count=said)
    sheets = plural(abs(count.difference), "sheet")
    if count.difference < 0:
        return phrase("{count}: {sheets} missing.", count=said, sheets=sheets)
    return phrase("{count}: {sheets} too many.", count=said, sheets=sheets)


def outcome_words(outcome: str) -> str:
    return phrase(OUTCOMES.get(outcome, outcome))
