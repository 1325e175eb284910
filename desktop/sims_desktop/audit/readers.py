"""Who read how many students, and which. Qt-free.

The rule a newcomer would get wrong: opening many records is no fault by itself, and an alarm is a question to
a person. So the page says how many and when, and never how bad.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sims_desktop.client.errors import ClientError
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import left_to_right, plural, when
from sims_shared.audit import DisclosureView, Reader, ReaderList
from sims_shared.messages import Page

SPANS = {1: later("Within a day"), 7: later("Within 7 days"), 31: later("Within 31 days")}
KINDS = {"opened": later("opened"), "exported": later("taken out"), "printed": later("printed")}


class Calls(Protocol):
    def list_readers(self, days: int) -> ReaderList: ...
    def list_disclosures(self, actor: int, since: str) -> Page[DisclosureView]: ...
    def more_disclosures(self, path: str) -> Page[DisclosureView]: ...


@dataclass(slots=True)
class ReadersPresenter:
    """`load` and `read_of` ask the server and run off the window's thread."""

    calls: Calls
    now: Callable[[], datetime]
    days: int = 1
    loaded: ReaderList | None = None
    complaint: str = ""
    read: list[DisclosureView] = field(default_factory=list)
    next: str | None = None
    on_change: Callable[[], None] = lambda: None

    def load(self) -> ReaderList:
        return self.calls.list_readers(self.days)

    def take(self, loaded: ReaderList) -> None:
        self.loaded, self.complaint = loaded, ""
        self.on_change()

    def not_loaded(self, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        self.complaint = phrase("{error}. Who read what needs the server; F5 asks again.", error=error)
        self.on_change()

    @property
    def readers(self) -> Sequence[Reader]:
        """Who raised an alarm comes first, then who read most."""
        found = self.loaded.results if self.loaded is not None else []
        return sorted(found, key=lambda one: (one.alarmed_at is None, -one.students))

    @property
    def sentence(self) -> str:
        if self.complaint:
            return self.complaint
        if self.loaded is None:
            return phrase("Reading who read what …")
        span = phrase(SPANS[self.days])
        if not self.loaded.results:
            return phrase("{span}: nobody opened, took out or printed a student's record.", span=span)
        alarms = sum(one.alarmed_at is not None for one in self.loaded.results)
        people = plural(len(self.loaded.results), "person", "people")
        said = phrase("{span}: {people} read students' records.", span=span, people=people)
        if alarms:
            said += " " + phrase("{alarms} of them raised an alarm of bulk reading.", alarms=f"{alarms:,}")
        return said

    def alarm_words(self, reader: Reader) -> str:
        return phrase("alarm {when}", when=when(reader.alarmed_at, self.now())) if reader.alarmed_at else ""

    def read_of(self, reader: Reader) -> Page[DisclosureView]:
        assert self.loaded is not None
        assert reader.actor.id is not None
        return self.calls.list_disclosures(reader.actor.id, self.loaded.since.isoformat())

    def take_read(self, page: Page[DisclosureView]) -> None:
        self.read, self.next = list(page.results), page.next

    def take_more(self, page: Page[DisclosureView]) -> None:
        self.read += page.results
        self.next = page.next

    def refused(self, error: Exception) -> str:
        if not isinstance(error, ClientError):
            raise error
        return str(error)


def student_words(one: DisclosureView) -> str:
    return f"{left_to_right(one.reg_no)} {one.student_name}" if one.reg_no else one.student_name


def kind_words(one: DisclosureView) -> str:
    return phrase(KINDS[one.kind]) if one.kind in KINDS else one.kind
