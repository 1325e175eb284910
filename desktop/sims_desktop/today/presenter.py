"""What waits, in words, the days ahead, and how old the numbers are. Qt-free.

The rules a newcomer would get wrong: nothing waiting is good news and said as such, not a list of zeros;
and numbers outlive the network. They are kept beside the marks of this person, encrypted, and always say
of when they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

import msgspec

from sims_desktop.client.errors import ClientError
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import DAYS, day_words, left_to_right, listed, local, plural, status_words, when
from sims_shared.dashboard import Card, Dashboard, OpenTerm

KEPT = "today"
# One and many of what each card counts. A card that a newer server adds is said by its own title.
NOUNS = {
    "my_returned_sheets": (
        later("grade sheet came back from the head"),
        later("grade sheets came back from the head"),
    ),
    "my_open_sheets": (later("grade sheet to fill"), later("grade sheets to fill")),
    "sheets_to_approve": (later("grade sheet to approve"), later("grade sheets to approve")),
    "changes_to_approve": (later("change to decide"), later("changes to decide")),
    "sections_to_publish": (later("section to publish"), later("sections to publish")),
    "names_to_confirm": (later("name to confirm"), later("names to confirm")),
    "requests_to_decide": (later("request to decide"), later("requests to decide")),
    "requests_to_complete": (later("request to hand out"), later("requests to hand out")),
    "requests_uncollected": (
        later("paper that nobody came for in 30 days"),
        later("papers that nobody came for in 30 days"),
    ),
    "open_holds": (later("open hold"), later("open holds")),
    "my_holds": (later("hold on you"), later("holds on you")),
    "my_requests": (later("open request of yours"), later("open requests of yours")),
    "failed_jobs": (later("failed job"), later("failed jobs")),
    "bulk_reading": (
        later("account that read in bulk within a day"),
        later("accounts that read in bulk within a day"),
    ),
    "power_given": (
        later("time power over grades was given, or such an account opened, in 7 days"),
        later("times power over grades was given, or such an account opened, in 7 days"),
    ),
    "past_the_server": (
        later("change past the server, with the database's password, in 7 days"),
        later("changes past the server, with the database's password, in 7 days"),
    ),
}
# Cards that are no number of things.
SAID = {
    "codes_missing": later(
        "one-time codes are not set up; what approves, publishes or administers is refused"
    ),
}
ALARMS = frozenset({"failed_jobs", "bulk_reading", "power_given", "past_the_server", "codes_missing"})
DESK_OF = {
    "my_returned_sheets": "sheets",
    "my_open_sheets": "sheets",
    "sheets_to_approve": "approvals",
    "changes_to_approve": "approvals",
    "sections_to_publish": "results",
    "failed_jobs": "jobs",
    "open_holds": "holds",
    "codes_missing": "account",
    "power_given": "audit",
    "past_the_server": "audit",
    "bulk_reading": "audit",
    "my_holds": "record",
    "my_requests": "my_requests",
    "names_to_confirm": "naming",
    "requests_to_decide": "requests",
    "requests_to_complete": "requests",
    "requests_uncollected": "requests",
}
PLACE_OF = {
    "power_given": 1,
    "bulk_reading": 2,
    "past_the_server": 3,
    "requests_to_complete": 1,
    "requests_uncollected": 3,
}
"""What the card brings to its desk; 0 where the desk opens as it is."""
OF_EVERYBODY = frozenset({"today", "account"})
# What ends on a day of a term, said ahead and when it is gone by. Only marks are said then: a day to enroll
# that is past asks nothing of anybody.
ENDS = {
    "enroll_until": (later("Enrolling ends {when}"), ""),
    "drop_until": (later("Dropping without a mark ends {when}"), ""),
    "withdraw_until": (later("Withdrawing ends {when}"), ""),
    "marks_due": (later("Marks are due {when}"), later("Marks were due {when}")),
}


class Calls(Protocol):
    def read(self) -> Dashboard: ...


class Keeper(Protocol):
    """Where the last numbers survive a restart: the person's encrypted store."""

    def recall(self, name: str) -> str | None: ...

    def remember(self, name: str, value: str | None) -> None: ...


class Kept(msgspec.Struct, frozen=True):
    """The last numbers, and of when they are."""

    at: datetime
    dashboard: Dashboard


@dataclass(frozen=True, slots=True)
class Line:
    """Something that waits, or an alarm. `desk` is the page that counts it, empty where there is none."""

    words: str
    where: str
    desk: str
    path: str
    is_alarm: bool
    place: int = 0


@dataclass(frozen=True, slots=True)
class DayAhead:
    term: str
    words: str
    day: date


class TodayPresenter:
    """`desks` are the titles of this person's pages by name. `calls.read` runs off the window's thread;
    `take` and `not_loaded` are told what came of it."""

    def __init__(self, calls: Calls, desks: Mapping[str, str], keeper: Keeper) -> None:
        self.calls = calls
        self._desks = desks
        self._keeper = keeper
        self.trouble = ""
        self.on_change: Callable[[], None] = lambda: None
        self._shown = self._recall()

    def _recall(self) -> Kept | None:
        try:
            return msgspec.json.decode(self._keeper.recall(KEPT) or "null", type=Kept | None)
        except msgspec.DecodeError:  # kept by another version
            return None

    def take(self, dashboard: Dashboard, now: datetime) -> None:
        self._shown, self.trouble = Kept(now, dashboard), ""
        self._keeper.remember(KEPT, msgspec.json.encode(self._shown).decode())
        self.on_change()

    def not_loaded(self, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        self.trouble = str(error)
        self.on_change()

    # What is shown

    @property
    def _cards(self) -> Sequence[Card]:
        return self._shown.dashboard.cards if self._shown is not None else ()

    @property
    def lines(self) -> list[Line]:
        """Alarms first, then what waits in the server's order of urgency; nothing of which there is none."""
        lines = [self._line(card) for card in self._cards if card.count]
        return sorted(lines, key=lambda line: not line.is_alarm)

    def _line(self, card: Card) -> Line:
        is_alarm = card.key in ALARMS
        words = phrase(SAID[card.key]) if card.key in SAID else plural(card.count, *_nouns(card))
        if is_alarm:
            words = phrase("Alarm: {words}", words=words)
        desk = DESK_OF.get(card.key, "")
        desk = desk if desk in self._desks else ""
        where = phrase(self._desks[desk]) if desk else phrase("no page in this program")
        return Line(words, where, desk, card.path, is_alarm, PLACE_OF.get(card.key, 0))

    def headline(self, now: datetime) -> str:
        """The day, and whether there is an alarm."""
        today = local(now).date()
        alarms = sum(line.is_alarm for line in self.lines)
        said = weekday_words(today, today)
        return f"{said} · {plural(alarms, 'alarm')}" if alarms else said

    @property
    def empty_line(self) -> Line:
        """What stands in the list while nothing does."""
        if self._shown is not None:
            words = phrase("Nothing waits for you.")
        else:
            words = phrase("Not known yet.") if self.trouble else phrase("Reading what waits for you …")
        return Line(words, "", "", "", is_alarm=False)

    @property
    def none_words(self) -> str:
        """What was looked at and does not wait."""
        if not self._desks.keys() - OF_EVERYBODY:
            return phrase("Your roles have no other page in this program.")
        none = [card for card in self._cards if not card.count]
        names = [phrase(_nouns(card)[1]) for card in none if card.key not in ALARMS]
        said = phrase("None now: {names}.", names=listed(names, len(names))) if names else ""
        watched = [card for card in self._cards if card.key in ALARMS]
        calm = phrase("No alarm.") if watched and not any(card.count for card in watched) else ""
        return " ".join(part for part in (said, calm) if part)

    def age_words(self, now: datetime) -> str:
        """Why the numbers are not of this moment, and of when they are; empty while they are."""
        if not self.trouble:
            return ""
        if self._shown is None:
            return phrase(
                "{error}. What waits for you is shown with the next connection; F5 asks again.",
                error=self.trouble,
            )
        return phrase(
            "{error}. This is how it stood at {when}; F5 asks again.",
            error=self.trouble,
            when=when(self._shown.at, now),
        )

    @property
    def standing_words(self) -> str:
        """How a student stands, as last declared."""
        own = self._shown.dashboard.own if self._shown is not None else None
        if own is None:
            return ""
        parts = [left_to_right(own.reg_no), status_words(own.status)]
        if own.cgpa is not None:
            parts.append(phrase("CGPA {cgpa}", cgpa=f"{own.cgpa:f}"))
        parts.append(phrase("{credits} credits earned", credits=f"{own.credits_earned.normalize():f}"))
        if own.standing:
            parts.append(status_words(own.standing))
        return " · ".join(parts)

    def days(self, now: datetime) -> list[DayAhead]:
        """Days of open terms that lie ahead, and marks that are overdue, the nearest first."""
        if self._shown is None:
            return []
        today = local(now).date()
        is_student = self._shown.dashboard.own is not None
        lines = [
            line
            for term in self._shown.dashboard.terms
            for name in ENDS
            if not (is_student and name == "marks_due")
            if (line := _day(term, name, today)) is not None
        ]
        return sorted(lines, key=lambda line: line.day)


def _nouns(card: Card) -> tuple[str, str]:
    title = card.title[:1].lower() + card.title[1:]
    return NOUNS.get(card.key, (title, title))


def _day(term: OpenTerm, name: str, today: date) -> DayAhead | None:
    day: date | None = getattr(term, name)
    ahead, gone = ENDS[name]
    if day is None or (day < today and not gone):
        return None
    words = phrase(ahead if day >= today else gone, when=away_words(day, today))
    return DayAhead(term.name, words, day)


def weekday_words(day: date, today: date) -> str:
    """`Mon 23 November`, with the year when it is another one."""
    year = "" if day.year == today.year else f" {day.year}"
    return f"{phrase(DAYS[day.weekday()])} {day_words(day)}{year}"


def away_words(day: date, today: date) -> str:
    """`today`, `in 12 days, Sat 5 December`, `3 days ago, Fri 20 November`."""
    days = (day - today).days
    if days == 0:
        return phrase("today")
    said = weekday_words(day, today)
    if days == 1:
        return phrase("tomorrow, {day}", day=said)
    if days == -1:
        return phrase("yesterday, {day}", day=said)
    if days > 0:
        return phrase("in {days:,} days, {day}", days=days, day=said)
    return phrase("{days:,} days ago, {day}", days=-days, day=said)
