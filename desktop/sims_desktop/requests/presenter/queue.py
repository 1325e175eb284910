"""The office's queue of requests: what waits, what was chosen, and the acts on it. Qt-free.

The rules a newcomer would get wrong: what somebody else decided meanwhile stays in the list, as it is now,
until the person has read it; and a hand-over that came too late still notes who took the paper, where nobody
is noted yet.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from typing import Protocol

from sims_desktop.client.errors import ClientError, ProblemAnswer, TryLater
from sims_desktop.client.http import Parameters
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import left_to_right, listed, local, plural, when
from sims_desktop.requests.presenter import correcting, handing
from sims_desktop.requests.presenter.correcting import CorrectingPresenter
from sims_desktop.requests.presenter.handing import Handing, quicker_words
from sims_desktop.requests.presenter.words import (
    now_words,
    state_words,
    terms_words,
    title_words,
    waiting_words,
    who_words,
    wish_words,
    with_said,
)
from sims_shared.access import Permission
from sims_shared.messages import Page
from sims_shared.requests import RequestTypeView, RequestView

FILTERS: dict[str, str] = {
    "pending": later("waiting for a decision"),
    "approved": later("to be handed out"),
    "ready": later("ready, nobody came yet"),
    "uncollected": later("ready for 30 days, nobody came"),
    "all": later("of any state"),
}
GIVEN: dict[str, Parameters] = {
    "pending": {"status": "pending", "ordering": "id"},
    "approved": {"status": "approved", "ordering": "id"},
    "ready": {"status": "completed", "collected": False, "ordering": "id"},
    "uncollected": {"status": "completed", "uncollected": True, "ordering": "id"},
    "all": {"ordering": "-id"},
}


class Calls(handing.Calls, correcting.Calls, Protocol):
    def list_types(self) -> list[RequestTypeView]: ...
    def read_page(self, given: Parameters) -> Page[RequestView]: ...
    def read_next(self, path: str) -> Page[RequestView]: ...


@dataclass(frozen=True, slots=True)
class Loaded:
    """The beginning of the queue; `next` is where it goes on."""

    requests: Sequence[RequestView]
    next: str | None
    titles: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be decided, and how."""

    requests: Sequence[RequestView]
    approves: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one request; `fresh` is how it stands where somebody was quicker."""

    request: RequestView
    error: ClientError | None = None
    fresh: RequestView | None = None


@dataclass(slots=True)
class QueuePresenter:
    """`load`, `read_more` and the acts ask the server and run off the window's thread; `take…` puts what
    they answered in place. `chosen` are those marked with Space."""

    calls: Calls
    permissions: Collection[str]
    filter: str = "pending"
    type: str | None = None
    search: str = ""
    loaded: Loaded | None = None
    chosen: set[int] = field(default_factory=set)
    refusals: dict[int, str] = field(default_factory=dict)
    """Why a request could not be decided as the person wanted, by id."""
    complaint: str = ""
    held: RequestView | None = None
    """Whose words stand in a line: it stays, though it was decided elsewhere meanwhile."""
    on_change: Callable[[], None] = lambda: None
    _kept: dict[int, RequestView] = field(default_factory=dict)
    handing: Handing = field(init=False)
    correcting: CorrectingPresenter = field(init=False)

    def __post_init__(self) -> None:
        self.handing = Handing(self.calls, self.permissions)
        self.correcting = CorrectingPresenter(self.calls, frozenset(self.permissions))
        if not self.may_decide:
            self.filter = "approved"

    @property
    def may_decide(self) -> bool:
        return Permission.DECIDE_REQUEST in self.permissions

    @property
    def may_create(self) -> bool:
        return Permission.CREATE_REQUEST in self.permissions

    # The list

    def load(self) -> Loaded:
        """As far as the person had read before, so that reading anew takes nobody back to the top."""
        titles = self.loaded.titles if self.loaded is not None else None
        if titles is None:
            titles = {one.type: one.title for one in self.calls.list_types()}
        wanted = len(self.loaded.requests) if self.loaded is not None else 0
        page = self.calls.read_page({**GIVEN[self.filter], "type": self.type, "search": self.search or None})
        found = list(page.results)
        while page.next is not None and len(found) < wanted:
            page = self.calls.read_next(page.next)
            found += page.results
        return Loaded(found, page.next, titles)

    def read_more(self) -> Page[RequestView] | None:
        """The next page, where there is one."""
        if self.loaded is None or self.loaded.next is None:
            return None
        return self.calls.read_next(self.loaded.next)

    def take(self, loaded: Loaded) -> None:
        self.loaded, self.complaint = loaded, ""
        self.chosen &= {one.id for one in self.requests}
        self.on_change()

    def take_more(self, page: Page[RequestView] | None, after: str | None) -> None:
        """`after` is where the list ended when this page was asked for; of another list it is no part."""
        if page is None or self.loaded is None or self.loaded.next != after:
            return
        self.loaded = Loaded([*self.loaded.requests, *page.results], page.next, self.loaded.titles)
        self.on_change()

    def not_loaded(self, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        self.complaint = phrase("{error}. Requests need the server; F5 asks again.", error=error)
        self.on_change()

    def narrow(self, filter: str, type: str | None, search: str) -> None:
        """Another list from its beginning: nothing of the last one is chosen any more."""
        self.filter, self.type, self.search = filter, type, search.strip()
        if self.loaded is not None:
            self.loaded = Loaded((), None, self.loaded.titles)
        self.forget()

    def next_filter(self) -> str:
        names = list(FILTERS)
        return names[(names.index(self.filter) + 1) % len(names)]

    def forget(self) -> None:
        """Nothing is chosen, and what was refused has been read."""
        self.chosen.clear()
        self.take_as_read()

    def take_as_read(self) -> None:
        """What was refused, and what stayed in the list for that alone."""
        self.held = None
        self.refusals.clear()
        self._kept.clear()

    @property
    def requests(self) -> list[RequestView]:
        """As the server lists them, with those in their place that somebody else took out of the list."""
        found = {one.id: one for one in self.loaded.requests} if self.loaded is not None else {}
        held = {self.held.id: self.held} if self.held is not None else {}
        every = {**held, **self._kept, **found}
        return sorted(every.values(), key=lambda one: one.id, reverse=self.filter == "all")

    def request(self, request_id: int) -> RequestView | None:
        return next((one for one in self.requests if one.id == request_id), None)

    @property
    def titles(self) -> Mapping[str, str]:
        return self.loaded.titles if self.loaded is not None else {}

    def title(self, request: RequestView) -> str:
        return title_words(request.type, self.titles)

    @property
    def sentence(self) -> str:
        if self.complaint:
            return self.complaint
        if self.loaded is None:
            return phrase("Reading the requests …")
        which = phrase(FILTERS[self.filter])
        of_type = f" ({title_words(self.type, self.titles)})" if self.type else ""
        count = len(self.loaded.requests)
        if not count:
            found = phrase(" for “{search}”", search=self.search) if self.search else ""
            return phrase("No request {which}{found}", which=which, found=found) + f"{of_type}."
        said = phrase("{requests} {which}", requests=plural(count, "request"), which=which) + of_type
        return phrase("{said}, and more below", said=said) if self.loaded.next is not None else said

    def paper(self, now: datetime) -> str:
        """The list as it stands, to take to the shelf or to the telephone."""
        heads = (phrase("What"), phrase("Number"), phrase("Name"), phrase("State"), phrase("Receipt"))
        rows = "".join(
            f"<tr><td>{escape(self.title(one))}</td><td>{escape(one.reg_no or '')}</td>"
            f"<td>{escape(one.student_name)}</td><td>{escape(self.state(one, now))}</td>"
            f"<td>{escape(one.receipt)}</td></tr>"
            for one in self.requests
        )
        return (
            f"<h3>{escape(self.sentence)}, {local(now):%Y-%m-%d %H:%M}</h3>"
            "<table width='100%' cellspacing='0' cellpadding='3' border='1'><thead><tr>"
            + "".join(f"<th align='left'>{escape(head)}</th>" for head in heads)
            + f"</tr></thead><tbody>{rows}</tbody></table>"
        )

    # One request

    def sign(self, request: RequestView) -> str:
        if request.id in self.refusals:
            return "✗"
        return "✓" if request.id in self.chosen else ""

    def sign_words(self, request: RequestView) -> str:
        if request.id in self.refusals:
            return self.refusals[request.id]
        return phrase("chosen") if request.id in self.chosen else phrase("not chosen")

    def state(self, request: RequestView, now: datetime) -> str:
        """`for 3 days`; before it the state, where the list does not name it, and the tray."""
        since = waiting_words(request, now)
        if request.tray:
            since = phrase("tray {tray}, {since}", tray=left_to_right(request.tray), since=since)
        if request.status == GIVEN[self.filter].get("status"):
            return since
        return phrase("{state}, {since}", state=state_words(request), since=since)

    def detail(self, request: RequestView, now: datetime) -> str:
        asker = request.requested_by.name
        asked = phrase("Asked for: {when}, by {name}.", when=when(request.created_at, now), name=asker)
        terms = terms_words(request)
        return "\n".join([now_words(request, now), *terms, *wish_words(request), asked])

    def why_not_decide(self, request: RequestView | None) -> str:
        if request is None:
            return phrase("Choose a request first.")
        if not self.may_decide:
            return phrase("The registrar decides; the counter hands out what is approved.")
        return "" if request.status == "pending" else phrase("It is decided already.")

    # Choosing

    def toggle(self, request: RequestView) -> str:
        """Why it cannot be chosen, or nothing."""
        refusal = self.why_not_decide(request)
        if not refusal:
            self.chosen ^= {request.id}
            self.on_change()
        return refusal

    def choose_like(self, request: RequestView) -> str:
        """All that are listed, wait, and ask for the same kind of thing."""
        refusal = self.why_not_decide(request)
        if not refusal:
            like = [one for one in self.requests if one.type == request.type and one.status == "pending"]
            self.chosen |= {one.id for one in like}
            self.on_change()
        return refusal

    # Deciding

    def plan(self, current: RequestView | None, *, approves: bool, reason: str = "") -> Plan | str:
        """What would be decided: whatever is chosen, else the one under the cursor; or why nothing can."""
        if self.chosen:
            requests = [one for one in self.requests if one.id in self.chosen and one.status == "pending"]
        elif refusal := self.why_not_decide(current):
            return refusal
        else:
            requests = [current] if current is not None else []
        if not requests:
            return phrase("It is decided already.")
        if not approves and not reason.strip():
            return phrase("A rejection needs a reason.")
        return Plan(requests, approves, reason.strip())

    def question(self, plan: Plan) -> str:
        """Asked once before several are decided, for nothing leads back."""
        kinds: dict[str, int] = {}
        for one in plan.requests:
            kinds[one.type] = kinds.get(one.type, 0) + 1
        kept = [f"{count:,} {title_words(kind, self.titles)}" for kind, count in kinds.items()]
        return phrase("Approve {kinds}? A approves them, Esc leaves them.", kinds=listed(kept))

    def carry_out(self, plan: Plan, report: Callable[[int, int, str], None], outcomes: list[Outcome]) -> None:
        """One call each, into `outcomes`; a refusal stops nothing, a server that is away everything."""
        for done, request in enumerate(plan.requests):
            report(done, len(plan.requests), who_words(request))
            status = "approved" if plan.approves else "rejected"
            body = {"status": status}
            if plan.reason:
                body["notes"] = with_said(request.notes, plan.reason)
            try:
                outcomes.append(Outcome(self.handing.move(request.id, body)))
            except ProblemAnswer as problem:
                outcomes.append(Outcome(request, problem, self.handing.look_again(request, problem)))
            except TryLater as trouble:
                outcomes.append(Outcome(request, trouble))
                return

    def take_outcomes(self, plan: Plan, outcomes: Sequence[Outcome], now: datetime) -> str:
        """The sentence below the list; what was refused stays in it with the reason."""
        done = [one.request for one in outcomes if one.error is None]
        failed = [one for one in outcomes if one.error is not None]
        # What is left of a number that was cancelled, or that the network broke off, stays chosen.
        self.chosen -= {one.request.id for one in outcomes if not isinstance(one.error, TryLater)}
        self._kept = {one.fresh.id: one.fresh for one in failed if one.fresh is not None}
        self.refusals = {one.request.id: self._why_words(one, now) for one in failed}
        parts = []
        if done:
            which = phrase("Approved") if plan.approves else phrase("Rejected")
            what = (
                f"{self.title(done[0])}, {who_words(done[0])}"
                if len(done) == 1
                else plural(len(done), "request")
            )
            parts.append(f"{which}: {what}.")
        if refused := [one for one in failed if not isinstance(one.error, TryLater)]:
            parts.append(phrase("Not done: {who}.", who=listed(who_words(one.request) for one in refused)))
        away = next((one.error for one in failed if isinstance(one.error, TryLater)), None)
        if away is not None:
            left = len(plan.requests) - len(outcomes) + 1
            parts.append(
                phrase(
                    "{error}. {requests} not decided; asked again each counts only once.",
                    error=away,
                    requests=plural(left, "request"),
                )
            )
        return " ".join(parts)

    def _why_words(self, outcome: Outcome, now: datetime) -> str:
        if outcome.fresh is not None:
            return quicker_words(outcome.fresh, now)
        return str(outcome.error)

    # Handing out

    def look_again(self, request: RequestView, error: Exception) -> RequestView | str:
        """How it stands now where somebody was quicker, else why not. Off the window's thread."""
        words = self.handing.refused(error)
        return self.handing.look_again(request, error) or words

    def keep(self, fresh: RequestView, now: datetime) -> str:
        """It stays in the list as it is now. Answers what to say."""
        self._kept = {fresh.id: fresh}
        said = quicker_words(fresh, now)
        self.refusals = {fresh.id: said}
        return said
