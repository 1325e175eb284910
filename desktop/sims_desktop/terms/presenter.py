"""Terms: their days, the next one proposed from the year before, open and closed. Qt-free."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Protocol

from sims_desktop.kit.entries import (
    CHOICE,
    DAY,
    Calls,
    EntriesPresenter,
    Entry,
    Typed,
    day,
    day_of,
    day_or_none,
    words,
)
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import DAYS, day_words
from sims_shared.terms import TermView

KINDS = {
    "fall": later("Fall"),
    "spring": later("Spring"),
    "summer": later("Summer"),
    "annual": later("Annual"),
    "supplementary": later("Supplementary"),
}
# The days in the order in which a term usually meets them, with what the line below the form calls them.
MARKS = {
    "start_date": later("Begins"),
    "enroll_until": later("Enrolling until"),
    "drop_until": later("Dropping until"),
    "withdraw_until": later("Withdrawing until"),
    "end_date": later("Ends"),
    "marks_due": later("Marks due"),
    "recheck_until": later("Rechecking until"),
}
YEAR = timedelta(weeks=52)  # the same days of the week
_YEARS = re.compile(r"(?<!\d)(\d{4})(?!\d)")
_SPAN = re.compile(r"(\d{4})([-–/])(\d{2})(?!\d)")


class TermCalls(Calls[TermView], Protocol):
    def open_term(self, id: int) -> TermView: ...
    def close_term(self, id: int) -> TermView: ...


@dataclass(frozen=True, slots=True)
class Mark:
    """A day on the line of a term."""

    words: str
    day: date


@dataclass(slots=True)
class TermsPresenter(EntriesPresenter[TermView]):
    noun: str = later("term")
    ordering: str = "-start_date"
    beside: dict[str, str] = field(default_factory=lambda: {"terms.name_taken": "name"})

    @property
    def _calls(self) -> TermCalls:
        return self.calls  # type: ignore[return-value]

    @property
    def entries(self) -> Sequence[Entry]:
        return (
            Entry("name", later("&Name"), read=words),
            Entry("kind", later("&Kind"), CHOICE, choices=_kinds),
            Entry("academic_year", later("&Academic year"), read=str.strip, hint=later("as 2026-27")),
            Entry("start_date", later("&Begins"), DAY, read=day, hint=later("as 2026-09-01")),
            Entry("end_date", later("&Ends"), DAY, read=day, hint=later("as 2027-01-31")),
            Entry("enroll_until", later("En&rolling until"), DAY, read=day_or_none),
            Entry("drop_until", later("&Dropping until"), DAY, read=day_or_none),
            Entry("withdraw_until", later("&Withdrawing until"), DAY, read=day_or_none),
            Entry("marks_due", later("&Marks due"), DAY, read=day_or_none),
            Entry("recheck_until", later("Re&checking until"), DAY, read=day_or_none),
        )

    def name_of(self, record: TermView) -> str:
        return record.name

    # A new one

    def proposal(self) -> Typed:
        """The kind that is due next, with the days of a year before."""
        latest: dict[str, TermView] = {}
        for term in self.records:
            if term.kind not in latest or term.start_date > latest[term.kind].start_date:
                latest[term.kind] = term
        if not latest:
            return self.proposal_of("fall")
        return self.proposal_of(min(latest.values(), key=lambda term: term.start_date).kind)

    def proposal_of(self, kind: str) -> Typed:
        """The days of the last term of this kind, 52 weeks on; empty where there was none."""
        before = [term for term in self.records if term.kind == kind]
        empty: Typed = {one.name: "" for one in self.entries}
        if not before:
            return {**empty, "kind": kind}
        last = max(before, key=lambda term: term.start_date)
        typed = self.typed_of(last)
        typed["name"] = _YEARS.sub(lambda found: str(int(found[1]) + 1), last.name)
        typed["academic_year"] = _SPAN.sub(_next_span, last.academic_year)
        for name in MARKS:
            was: date | None = getattr(last, name)
            typed[name] = "" if was is None else (was + YEAR).isoformat()
        return typed

    # Days

    def marks(self, typed: Typed) -> list[Mark]:
        """What is typed, as days on a line, the earliest first."""
        found = [
            Mark(f"{phrase(said)} · {long_day(at)}", at)
            for name, said in MARKS.items()
            if (at := day_of(str(typed.get(name, "")))) is not None
        ]
        return sorted(found, key=lambda mark: mark.day)

    def state_words(self, term: TermView) -> str:
        return phrase("open") if term.status == "open" else phrase("closed")

    # Open and closed

    def turn(self, term: TermView) -> TermView:
        """Closes an open term, opens a closed one. Raises ClientError."""
        turned = self._calls.close_term if term.status == "open" else self._calls.open_term
        return turned(term.id)

    def turn_question(self, term: TermView, today: date) -> str:
        """What closing stops, and what opening lets in, in words."""
        if term.status == "open":
            until = term.enroll_until
            running = (
                phrase("Its days allow enrolling until {day}.", day=long_day(until)) + " "
                if until is not None and until >= today
                else ""
            )
            return running + phrase(
                "Close {term}? From then on nobody is enrolled in it, singly or by batch, and its sheets no "
                "longer stand under My sheets and Approvals. Marks, results and papers go on. O or Enter "
                "closes it, Esc leaves it.",
                term=term.name,
            )
        return phrase(
            "Open {term}? Students are enrolled in it again, within its days, and its sheets stand under My "
            "sheets and Approvals. O or Enter opens it, Esc leaves it.",
            term=term.name,
        )

    def turned(self, term: TermView) -> str:
        if term.status == "open":
            return phrase("{term} is open: students are enrolled within its days.", term=term.name)
        return phrase(
            "{term} is closed: nobody is enrolled any more. Marks, results and papers go on.", term=term.name
        )


def _kinds() -> Sequence[tuple[str, Any]]:
    return [(phrase(said), kind) for kind, said in KINDS.items()]


def _next_span(found: re.Match[str]) -> str:
    return f"{int(found[1]) + 1}{found[2]}{(int(found[3]) + 1) % 100:02}"


def long_day(at: date) -> str:
    """`Sat 5 December 2026`."""
    return f"{phrase(DAYS[at.weekday()])} {day_words(at)} {at.year}"
