"""Days off: a day or a span with its name; what is over stays on record and out of sight. Qt-free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sims_desktop.kit.entries import DAY, EntriesPresenter, Entry, Typed, day, day_of, day_or_none, words
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import DAYS, day_words, plural
from sims_shared.days_off import DayOffView


@dataclass(slots=True)
class DaysOffPresenter(EntriesPresenter[DayOffView]):
    noun: str = later("day or span off")
    many: str = later("days and spans off")
    ordering: str = "first_day"
    beside: dict[str, str] = field(default_factory=lambda: {"days_off.taken": "name"})

    @property
    def entries(self) -> Sequence[Entry]:
        return (
            Entry("name", later("&Name"), read=words, hint=later("as Eid-ul-Fitr")),
            Entry("first_day", later("&First day"), DAY, read=day, hint=later("as 2027-03-20")),
            Entry("last_day", later("&Last day"), DAY, read=day_or_none, hint=later("the same when empty")),
        )

    def name_of(self, record: DayOffView) -> str:
        return record.name

    def typed_of(self, record: DayOffView) -> Typed:
        typed = EntriesPresenter.typed_of(self, record)
        return {**typed, "last_day": ""} if record.first_day == record.last_day else typed

    def check(self, draft: Any) -> dict[str, Any] | None:
        """A single day has no last one; where the first moves, it moves along."""
        body = EntriesPresenter.check(self, draft)
        if body and ("first_day" in body or "last_day" in body):
            last = draft.typed["last_day"].strip() or draft.typed["first_day"].strip()
            body["last_day"] = last
        return body

    def words_of(self, record: DayOffView) -> str:
        """`Sat 20 March 2027, 4 days`."""
        first = _said(record.first_day)
        count = (record.last_day - record.first_day).days + 1
        return first if count == 1 else f"{first}, {plural(count, 'day')}"

    def effect_of(self, typed: Typed) -> str:
        """What it means, before it is saved."""
        first = day_of(str(typed["first_day"]))
        last = day_of(str(typed["last_day"])) or first
        if first is None or last is None or last < first:
            return ""
        span = (
            phrase("{day} is no working day.", day=_said(first))
            if first == last
            else phrase("{first} to {last} are no working days.", first=_said(first), last=_said(last))
        )
        rule = phrase("A promise made from now on passes over what is off; what was promised stays.")
        return f"{span} {rule}"


def _said(day: date) -> str:
    return f"{phrase(DAYS[day.weekday()])} {day_words(day)} {day.year}"
