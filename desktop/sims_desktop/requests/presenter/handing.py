"""A paper leaves the house: who takes it, at the queue as at the counter. Qt-free.

The rule a newcomer would get wrong: of two who hand out the same paper only the first is written down. The
second is told to whom it went, and nothing is overwritten.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_hex
from typing import Any, Protocol

from sims_desktop.client.errors import ClientError, ProblemAnswer, TryLater
from sims_desktop.kit.language import phrase
from sims_desktop.requests.presenter.words import (
    is_ready,
    now_words,
    taken_by,
    title_words,
    tray_of,
    who_words,
)
from sims_shared.access import Permission
from sims_shared.requests import RequestView, WrongRequestState

STALE = "request.stale"


class Calls(Protocol):
    def read_request(self, request_id: int) -> RequestView: ...
    def move(self, request_id: int, body: dict[str, Any], key: str) -> RequestView: ...
    def note_collected(self, request_id: int, collected_by: str) -> RequestView: ...


@dataclass(slots=True)
class Handing:
    """`move`, `hand_out` and `look_again` ask the server and run off the window's thread."""

    calls: Calls
    permissions: Collection[str]
    _keys: dict[object, str] = field(default_factory=dict)

    @property
    def may(self) -> bool:
        return Permission.COMPLETE_REQUEST in self.permissions

    def why_not(self, request: RequestView | None) -> str:
        """Why it cannot be handed out now, or nothing."""
        if request is None:
            return phrase("Choose a request first.")
        if not self.may:
            return phrase("The counter hands out what is approved.")
        if request.status == "pending":
            return phrase("It waits for a decision; only what is approved is handed out.")
        if request.status == "rejected":
            return phrase("It was rejected.")
        return "" if request.status == "approved" or is_ready(request) else phrase("It was handed out.")

    def choices(self, request: RequestView) -> str:
        """What is asked before a paper leaves the house."""
        asked = phrase("1 the student, 2 a bearer: “2 Ahmed Khan 35202-1234567-1”")
        if is_ready(request):
            return asked
        return phrase(
            "{asked}, 3 nobody yet, it lies ready (in the next free tray, or “3 B-14”)", asked=asked
        )

    def question(self, request: RequestView, titles: Mapping[str, str]) -> str:
        return phrase(
            "{title} for {who}: who takes it? {choices}; Enter",
            title=title_words(request.type, titles),
            who=who_words(request),
            choices=self.choices(request),
        )

    def move(self, request_id: int, body: dict[str, Any]) -> RequestView:
        """Raises ProblemAnswer: `requests.wrong_state`."""
        key = self._keys.setdefault((request_id, repr(body)), token_hex(16))
        return self.calls.move(request_id, body, key)

    def hand_out(self, request: RequestView, typed: str, titles: Mapping[str, str], now: datetime) -> str:
        """Completes it, or notes who came for what lay ready. Answers what was done. Raises ProblemAnswer."""
        taker, _ = taken_by(typed, request)
        if request.status == "approved":
            body = {"status": "completed", "collected_by": taker}
            done = self.move(request.id, body if taker is not None else body | {"tray": tray_of(typed)})
        else:
            assert taker is not None
            done = self.calls.note_collected(request.id, taker)
        if done.collected_by != taker:
            raise ProblemAnswer(409, WrongRequestState.code, detail=now_words(done, now))
        what = f"{title_words(done.type, titles)}, {who_words(done)}"
        if taker is None:
            if done.tray:
                return phrase("Ready: {what}. Put it into tray {tray}.", what=what, tray=done.tray)
            return phrase("Ready: {what}. It waits for whoever comes.", what=what)
        return phrase("Handed out: {what}, to {taker}.", what=what, taker=taker)

    def look_again(self, request: RequestView, error: Exception) -> RequestView | None:
        """How it stands where somebody was quicker; None after any other no."""
        if not isinstance(error, ProblemAnswer) or error.code not in (WrongRequestState.code, STALE):
            return None
        try:
            return self.calls.read_request(request.id)
        except ClientError:
            return None

    def refused(self, error: Exception) -> str:
        if not isinstance(error, ClientError):
            raise error
        if isinstance(error, TryLater):
            return phrase(
                "{error}. Nothing may have been done; asked again it counts only once.", error=error
            )
        faults = [one.detail for one in error.errors] if isinstance(error, ProblemAnswer) else []
        return "\n".join([str(error), *faults])


def quicker_words(fresh: RequestView, now: datetime) -> str:
    return phrase("Somebody was quicker. {now}", now=now_words(fresh, now))
