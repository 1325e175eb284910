"""A student's own requests and what came of them. Qt-free."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sims_desktop.client.errors import ClientError
from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import plural, when
from sims_desktop.requests.presenter.applying import ApplyingPresenter
from sims_desktop.requests.presenter.words import is_ready, now_words, terms_words, title_words, wish_words
from sims_shared.requests import RequestTypeView, RequestView

OPEN = frozenset({"pending", "approved"})


class Calls(Protocol):
    def list_own(self, student_id: int) -> list[RequestView]: ...


@dataclass(frozen=True, slots=True)
class Loaded:
    requests: Sequence[RequestView]
    kinds: Mapping[str, RequestTypeView]


@dataclass(slots=True)
class OwnPresenter:
    """`load` asks the server and runs off the window's thread."""

    calls: Calls
    applying: ApplyingPresenter
    student_id: int
    loaded: Loaded | None = None
    complaint: str = ""
    on_change: Callable[[], None] = field(default=lambda: None)

    def load(self) -> Loaded:
        kinds = self.applying.kinds or self.applying.read_types()
        return Loaded(self.calls.list_own(self.student_id), kinds)

    def take(self, loaded: Loaded) -> None:
        self.loaded, self.complaint = loaded, ""
        self.applying.take_types(loaded.kinds)
        self.on_change()

    def not_loaded(self, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        self.complaint = phrase("{error}. Requests need the server; F5 asks again.", error=error)
        self.on_change()

    @property
    def requests(self) -> Sequence[RequestView]:
        return self.loaded.requests if self.loaded is not None else ()

    @property
    def sentence(self) -> str:
        """What is to be fetched first, for that is the student's to do."""
        if self.complaint:
            return self.complaint
        if self.loaded is None:
            return phrase("Reading your requests …")
        ready = [one for one in self.requests if is_ready(one)]
        if ready:
            return phrase(
                "{papers} at the counter for you.",
                papers=plural(len(ready), "paper lies ready", "papers lie ready"),
            )
        waiting = sum(one.status in OPEN for one in self.requests)
        if waiting:
            return phrase("{requests} under way.", requests=plural(waiting, "request"))
        return phrase("Nothing that you asked for is under way.")

    def title(self, request: RequestView) -> str:
        return title_words(request.type, self.applying.titles)

    def detail(self, request: RequestView, now: datetime) -> str:
        lines = [now_words(request, now), *terms_words(request), *wish_words(request)]
        asker = request.requested_by.name
        lines.append(phrase("Asked for: {when}, by {name}.", when=when(request.created_at, now), name=asker))
        return "\n".join(lines)
