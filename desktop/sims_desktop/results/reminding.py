"""Asking teachers for their sheets from the tower: whom, what is said first, and the list on paper. Qt-free.

The rule a newcomer would get wrong: who was asked within the hour is asked again only after it was said.
Either the question said it, or the server did (a colleague was quicker) and the person pressed Enter again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape
from typing import Protocol

from sims_desktop.client.errors import ProblemAnswer
from sims_desktop.kit.language import on_paper, phrase
from sims_desktop.kit.wording import listed, local, plural, when
from sims_desktop.results.outstanding import reminded_words
from sims_desktop.results.presenter import (
    Act,
    PublishPresenter,
    blocker_words,
    filled_words,
    full_title_of,
    state_words,
    title_of,
)
from sims_shared.reminders import RemindedLately, TeachersReminded
from sims_shared.results import SectionProgress

LATELY = timedelta(hours=1)


class ReminderCalls(Protocol):
    """The server's side. Every call raises `ClientError`s only."""

    def remind(self, section_ids: list[int], note: str, again: bool, key: str) -> TeachersReminded: ...


class Reminder:
    """One asking, from the key to the answer. `question` is what is said before the note is typed."""

    def __init__(self, calls: ReminderCalls, sections: Sequence[SectionProgress], now: datetime) -> None:
        self._calls = calls
        self.asked = [section for section in sections if section.sheet == "open" and section.lead]
        self.question = self._words(sections, now)
        self._said_again = any(_is_late(section, now) for section in self.asked)

    def _words(self, sections: Sequence[SectionProgress], now: datetime) -> str:
        words = []
        if self.asked:
            named = listed(f"{title_of(one)} ({one.lead})" for one in self.asked)
            words.append(
                phrase(
                    "{sections} will be asked for: {named}.",
                    sections=plural(len(self.asked), "sheet"),
                    named=named,
                )
            )
        left = []
        handed_in = sum(section.sheet != "open" for section in sections)
        alone = [section for section in sections if section.sheet == "open" and not section.lead]
        if handed_in:
            left.append(phrase("{handed_in:,} handed in already", handed_in=handed_in))
        if alone:
            named = listed(map(title_of, alone))
            left.append(phrase("without a lead teacher: {named}", named=named))
        if left:
            words.append(phrase("Not asked: {left}.", left=phrase(", ").join(left)))
        late = [section for section in self.asked if _is_late(section, now)]
        if late and len(late) == len(self.asked):
            last = max(late, key=lambda one: one.reminded_at or now)
            words.append(
                phrase(
                    "All were reminded within the last hour, at {when} by {who}, and would be once more.",
                    when=when(last.reminded_at, now),
                    who=last.reminded_by or "",
                )
            )
        elif late:
            named = listed(
                f"{title_of(one)} ({when(one.reminded_at, now)}, {one.reminded_by or ''})" for one in late
            )
            words.append(
                phrase("Reminded within the last hour, and would be once more: {named}.", named=named)
            )
        if self.asked:
            words.append(phrase("A note, or none; Enter sends one letter to each teacher, Esc leaves it."))
        return " ".join(words)

    def act(self, note: str) -> Act:
        ids, again = [section.section_id for section in self.asked], self._said_again

        def send(key: str) -> str:
            try:
                done = self._calls.remind(ids, note.strip(), again, key)
            except ProblemAnswer as refusal:
                if refusal.code == RemindedLately.code:
                    self._said_again = True
                raise
            words = phrase(
                "Reminded: {teachers} of {sections}.",
                teachers=plural(done.teachers, "teacher"),
                sections=plural(done.sections, "sheet"),
            )
            if done.without_address:
                names = listed(person.name for person in done.without_address)
                words += " " + phrase("No mail address, so only under “My sheets”: {names}.", names=names)
            return words

        return Act(phrase("Reminding"), "", ("remind", again, note, *ids), send)


def _is_late(section: SectionProgress, now: datetime) -> bool:
    return section.reminded_at is not None and now - section.reminded_at < LATELY


def waits_words(section: SectionProgress, now: datetime) -> str:
    """Whom it waits for, and when they were reminded."""
    words = (blocker_words(section), reminded_words(section, now))
    return phrase(", ").join(filter(None, words))


def reminder_in_full(section: SectionProgress, now: datetime) -> str:
    if section.reminded_at is None:
        return blocker_words(section)
    return phrase(
        "{whom}, reminded {when} by {who}",
        whom=blocker_words(section),
        when=when(section.reminded_at, now),
        who=section.reminded_by or "",
    )


def describe_lately(refusal: ProblemAnswer) -> str:
    """What stands behind `sheets.reminded_lately`, and what helps."""
    sections = refusal.facts.get("sections")
    named = listed(
        f"{one.get('section', '')} ({one.get('asked_by', '')})"
        for one in (sections if isinstance(sections, list) else [])
        if isinstance(one, dict)
    )
    return phrase(
        "A colleague reminded of them within the last hour: {named}. Enter reminds once more, Esc leaves it.",
        named=named,
    )


@on_paper()
def list_on_paper(presenter: PublishPresenter, now: datetime) -> str:
    """HTML of the sections that the filter shows, for whoever has to be told: a vice-chancellor, a dean."""
    rows = "".join(
        f"<tr><td align='right'>{number}</td><td>{escape(full_title_of(one))}</td>"
        f"<td>{escape(one.lead or '')}</td><td>{escape(state_words(one))}</td>"
        f"<td align='right'>{escape(filled_words(one))}</td><td>{escape(_reminded_on(one))}</td></tr>"
        for number, one in enumerate(presenter.visible, 1)
    )
    what = "Outstanding grade sheets" if presenter.filter == "outstanding" else "Grade sheets"
    return (
        f"<h2>{what} · {escape(presenter.scope_words)}</h2><p>{escape(presenter.standing)}<br>"
        f"Printed {local(now):%d %B %Y %H:%M}</p>"
        "<table width='100%' cellspacing='0' cellpadding='3' border='1'>"
        "<thead><tr><th>No.</th><th>Section</th><th>Teacher</th><th>State</th><th align='right'>Marks</th>"
        f"<th>Reminded</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _reminded_on(section: SectionProgress) -> str:
    """The day in full: paper is read later than it is printed."""
    if section.reminded_at is None:
        return ""
    return f"{local(section.reminded_at):%d %b %H:%M}, {section.reminded_by or ''}"
