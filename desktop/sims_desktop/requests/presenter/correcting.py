"""A request that waits is corrected: other copies, another addressee, other notes. Qt-free.

The rule a newcomer would get wrong: what is saved names what was read. Where somebody else changed or decided
it meanwhile, nothing is overwritten unseen: the person reads what it is now, and what they typed waits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sims_desktop.client.errors import ClientError, ProblemAnswer, TryLater
from sims_desktop.kit.language import phrase
from sims_desktop.requests.presenter.handing import STALE, quicker_words
from sims_desktop.requests.presenter.words import who_words, wish_words
from sims_shared.access import Permission
from sims_shared.problems import Fault
from sims_shared.requests import RequestView, WrongRequestState


class Calls(Protocol):
    def read_for_change(self, request_id: int) -> tuple[RequestView, str]: ...
    def change(self, request_id: int, body: dict[str, Any], etag: str) -> RequestView: ...


@dataclass(slots=True)
class CorrectingPresenter:
    """`read`, `save` and `look_again` ask the server and run off the window's thread."""

    calls: Calls
    permissions: frozenset[str]
    request: RequestView | None = None
    faults: list[Fault] = field(default_factory=list)
    _etag: str = ""

    def why_not(self, request: RequestView | None) -> str:
        if request is None:
            return phrase("Choose a request first.")
        if Permission.CREATE_REQUEST not in self.permissions:
            return phrase("The counter and the registrar correct requests.")
        if request.status != "pending":
            return phrase("It is decided already; what was asked for no longer changes.")
        return ""

    def read(self, request_id: int) -> tuple[RequestView, str]:
        return self.calls.read_for_change(request_id)

    def take(self, read: tuple[RequestView, str] | None) -> None:
        self.request, self._etag = read or (None, "")
        self.faults = []

    def changes(self, copies: int, addressee: str, notes: str) -> dict[str, Any]:
        """Only what differs from what was read."""
        request = self.request
        assert request is not None
        wanted: dict[str, Any] = {
            "copies": copies,
            "addressee": addressee.strip() or None,
            "notes": notes.strip(),
        }
        return {name: value for name, value in wanted.items() if value != getattr(request, name)}

    def save(self, body: dict[str, Any]) -> str:
        """Raises ProblemAnswer: `request.stale`, `requests.wrong_state`, faults of fields."""
        assert self.request is not None
        saved = self.calls.change(self.request.id, body, self._etag)
        return phrase("Corrected: {who}, {wish}.", who=who_words(saved), wish=", ".join(wish_words(saved)))

    def look_again(self, error: Exception) -> tuple[RequestView, str] | None:
        """What it is now where somebody else changed or decided it; None after any other no."""
        changed = isinstance(error, ProblemAnswer) and error.code in (STALE, WrongRequestState.code)
        if not changed or self.request is None:
            return None
        try:
            return self.calls.read_for_change(self.request.id)
        except ClientError:
            return None

    def refused(self, error: Exception, now: tuple[RequestView, str] | None, at: datetime) -> str:
        """What to say, and from what the next attempt starts."""
        if not isinstance(error, ClientError):
            raise error
        self.faults = list(error.errors) if isinstance(error, ProblemAnswer) else []
        if now is not None:
            self.take(now)
            fresh = now[0]
            if fresh.status != "pending":
                return quicker_words(fresh, at)
            wish = ", ".join(wish_words(fresh))
            return phrase(
                "Changed meanwhile, it says now: {wish}. What you typed stands; Enter saves it.", wish=wish
            )
        if isinstance(error, TryLater):
            return phrase("{error}. What you typed stands; Enter tries again.", error=error)
        return str(error)
