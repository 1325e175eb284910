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
from sims_desktop.requests.presenter.words import in_order, title_words, who_words
from sims_shared.problems import Fault
from sims_shared.requests import RequestTypeView, RequestView


class Calls(Protocol):
    def list_types(self) -> list[RequestTypeView]: ...
    def ask_for(self, body: dict[str, Any], key: str) -> RequestView: ...


@dataclass(slots=True)
class ApplyingPresenter:
    """`read_types` and `ask_for` run off the window's thread."""

    calls: Calls
    titles: Mapping[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    _keys: dict[str, str] = field(default_factory=dict)

    def read_types(self) -> dict[str, str]:
        return {one.type: one.title for one in self.calls.list_types()}

    def take_types(self, titles: Mapping[str, str]) -> None:
        self.titles = titles

    @property
    def types(self) -> Sequence[str]:
        return in_order(self.titles)

    def check(
        self, student_id: int | None, type: str | None, copies: int, addressee: str, notes: str
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
