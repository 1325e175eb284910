"""Asking for something: what, how many, for whom. The same for student, counter and registry. Qt-free.

The rule a newcomer would get wrong: a request that got no answer may have been taken. It is sent again with
the same key and counts once; a second one that says the same is a second one only after the first arrived.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any, Protocol

from sims_desktop.client.errors import ClientError, ProblemAnswer, TryLater
from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import listed, plural
from sims_desktop.requests.presenter.words import date_words, in_order, title_words, who_words
from sims_shared.problems import Fault
from sims_shared.requests import RequestTypeView, RequestView


class Calls(Protocol):
    def list_types(self) -> list[RequestTypeView]: ...
    def ask_for(self, body: dict[str, Any], key: str) -> RequestView: ...


@dataclass(slots=True)
class ApplyingPresenter:
    """`read_types` and `ask_for` run off the window's thread."""

    calls: Calls
    kinds: Mapping[str, RequestTypeView] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    _keys: dict[str, str] = field(default_factory=dict)

    def read_types(self) -> dict[str, RequestTypeView]:
        return {one.type: one for one in self.calls.list_types()}

    def take_types(self, kinds: Mapping[str, RequestTypeView]) -> None:
        self.kinds = kinds

    @property
    def titles(self) -> Mapping[str, str]:
        return {one.type: one.title for one in self.kinds.values()}

    def checklist(self, type: str | None) -> list[str]:
        """The papers that belong to it."""
        kind = self._kind(type)
        return list(kind.checklist) if kind is not None else []

    def _kind(self, type: str | None) -> RequestTypeView | None:
        return self.kinds.get(type) if type is not None else None

    def costs(self, type: str | None) -> bool:
        kind = self._kind(type)
        return kind is not None and bool(kind.fee)

    def about(self, type: str | None) -> str:
        """What it costs, until when it is promised, and what is to be brought."""
        kind = self._kind(type)
        if kind is None:
            return ""
        within = plural(kind.promised_days, "working day", "working days")
        said = [phrase("Promised within {days}.", days=within)]
        if kind.promised_on is not None:
            day = date_words(kind.promised_on)
            said = [phrase("Promised for {day}, within {days}.", day=day, days=within)]
        if kind.fee:
            said.insert(0, phrase("Fee {fee} a copy.", fee=f"{kind.fee:,.2f}"))
        if kind.checklist:
            papers = listed((phrase(paper) for paper in kind.checklist), 20)
            said.append(phrase("To be brought: {papers}.", papers=papers))
        return " ".join(said)

    @property
    def types(self) -> Sequence[str]:
        """What can be asked for now; the titles are of all, for what was asked for before."""
        return in_order(kind.type for kind in self.kinds.values() if kind.is_offered)

    def check(
        self,
        student_id: int | None,
        type: str | None,
        copies: int,
        addressee: str,
        notes: str,
        missing: Sequence[str] = (),
        fee_receipt: str = "",
    ) -> dict[str, Any] | None:
        """The command, or None with every fault beside its field."""
        self.faults = []
        if student_id is None:
            self.faults.append(Fault("/student_id", "request.missing", phrase("Find the student first.")))
        if type is None:
            detail = phrase("Choose what is asked for; its digit chooses it.")
            self.faults.append(Fault("/type", "request.missing", detail))
        if type == "other" and not notes.strip():
            detail = phrase("Say what is asked for.")
            self.faults.append(Fault("/notes", "request.missing", detail))
        if self.faults:
            return None
        body: dict[str, Any] = {"student_id": student_id, "type": type, "copies": copies}
        if addressee.strip():
            body["addressee"] = addressee.strip()
        if notes.strip():
            body["notes"] = notes.strip()
        if missing:
            body["missing"] = list(missing)
        if fee_receipt.strip():
            body["fee_receipt"] = fee_receipt.strip()
        return body

    def ask_for(self, body: dict[str, Any]) -> RequestView:
        """Raises ProblemAnswer: faults of fields."""
        made = self.calls.ask_for(body, self._keys.setdefault(repr(body), token_hex(16)))
        self._keys.pop(repr(body))
        return made

    def asked_words(self, made: RequestView) -> str:
        what = title_words(made.type, self.titles)
        return phrase("Asked for: {what}, for {who}.", what=what, who=who_words(made))

    def refused(self, error: Exception) -> str:
        """The server's no; its faults stand beside their fields."""
        if not isinstance(error, ClientError):
            raise error
        if isinstance(error, TryLater):
            return phrase(
                "{error}. Nothing may have been done; asked again it counts only once.", error=error
            )
        self.faults = list(error.errors) if isinstance(error, ProblemAnswer) else []
        return str(error)
