"""Kinds of request: what a copy costs, until when it is promised, which papers belong to it, and whether it
can be asked for. Qt-free.

The rule a newcomer would get wrong: a kind is never taken away, because what was asked for names it; it is
offered no more. And what was asked for before keeps its amount, its day and its papers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sims_desktop.kit.entries import OWN, YES, EntriesPresenter, Entry, Typed, figure, whole, words
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import plural
from sims_desktop.requests.presenter.words import date_words
from sims_shared.requests import RequestTypeView

PAPERS_AT_MOST = 20
DAYS_AT_MOST = 365
LETTERS_AT_MOST = 200


@dataclass(slots=True)
class RequestKindsPresenter(EntriesPresenter[RequestTypeView]):
    noun: str = later("kind of request")
    many: str = later("kinds of request")
    ordering: str = "title"
    beside: dict[str, str] = field(default_factory=lambda: {"requests.type_taken": "type"})

    @property
    def entries(self) -> Sequence[Entry]:
        return (
            Entry("type", later("&Kind"), read=kind_name, hint=later("as duplicate_degree"), fixed=True),
            Entry("title", later("&Title"), read=words, hint=later("as students and papers call it")),
            Entry("fee", later("&Fee of a copy"), read=fee, hint=later("0 where it is free")),
            Entry("promised_days", later("&Working days"), read=days, hint=later("until it is promised")),
            Entry("checklist", later("&Papers"), OWN, read=papers),
            Entry("is_offered", later("Can be &asked for"), YES),
        )

    def name_of(self, record: RequestTypeView) -> str:
        return phrase(record.title)

    def proposal(self) -> Typed:
        return {
            "type": "",
            "title": "",
            "fee": "0",
            "promised_days": "5",
            "checklist": (),
            "is_offered": True,
        }

    def said(self, one: Entry, typed: object) -> str:
        if one.kind == OWN and isinstance(typed, tuple):
            return ", ".join(phrase(paper) for paper in typed) or "–"
        return EntriesPresenter.said(self, one, typed)

    def state_words(self, record: RequestTypeView) -> str:
        return phrase("offered") if record.is_offered else phrase("not offered")

    def fee_words(self, record: RequestTypeView) -> str:
        return f"{record.fee:,.2f}" if record.fee else phrase("free")

    def effect_of(self, record: RequestTypeView | None, typed: Typed) -> str:
        """What the counter says of it, and whom a change does not touch."""
        said = []
        if not typed["is_offered"]:
            said.append(phrase("Nobody can ask for it; what was asked for goes on."))
        same_days = record is not None and typed["promised_days"].strip() == str(record.promised_days)
        if record is not None and same_days and record.promised_on is not None and typed["is_offered"]:
            promised = phrase(
                "Asked for today it is promised for {day}; days off are passed over.",
                day=date_words(record.promised_on),
            )
            said.append(promised)
        if record is not None:
            said.append(phrase("What was asked for before keeps its amount, its day and its papers."))
        return "\n".join(said)


def kind_name(typed: str) -> str:
    """Small letters, digits and `_`, however it is typed."""
    said = "_".join(words(typed).lower().split())
    if not (said.isascii() and said[0].isalpha() and said.replace("_", "").isalnum() and len(said) <= 40):
        raise ValueError(phrase("A short name of letters and digits, as duplicate_degree."))
    return said


def fee(typed: str) -> str:
    said = figure(typed or "0")
    if said.startswith("-"):
        raise ValueError(phrase("A fee is 0 or more."))
    return said


def days(typed: str) -> int:
    said = whole(typed)
    if not 1 <= said <= DAYS_AT_MOST:
        raise ValueError(phrase("1 to {most} working days.", most=DAYS_AT_MOST))
    return said


def papers(typed: Sequence[str]) -> list[str]:
    """A paper a line; blank lines are none."""
    said = list(dict.fromkeys(line for line in (" ".join(one.split()) for one in typed) if line))
    if len(said) > PAPERS_AT_MOST:
        raise ValueError(phrase("{papers} at most.", papers=plural(PAPERS_AT_MOST, "paper")))
    if any(len(line) > LETTERS_AT_MOST for line in said):
        raise ValueError(phrase("No more than {most} letters.", most=LETTERS_AT_MOST))
    return said
