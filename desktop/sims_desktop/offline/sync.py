"""The sync thread: keeps the sheets of this computer and those of the server alike, for as long as the
program runs.

It never waits for an event that may not come: a round begins when something was typed, and in any case
after a while. The rule a newcomer would get wrong: a failed round is not reported and left; it is waited
out with a growing, jittered pause of at most a minute, and the same bytes are sent again.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum
from typing import Protocol

from sims_desktop.client.errors import ClientError, ProblemAnswer, SignedOut, TryLater
from sims_desktop.kit.language import phrase
from sims_desktop.offline.exchange import DeviceStore, Exchange, SheetServer
from sims_shared.grading import SheetSummary
from sims_shared.problems import NotPermitted

_log = logging.getLogger(__name__)

SHORTEST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
BETWEEN_ROUNDS = 20.0
# Typing is let finish for a moment, so that a row of marks is one batch.
AFTER_TYPING = 0.7


class Link(Enum):
    STARTING = "starting"
    CONNECTED = "connected"
    OFFLINE = "offline"
    SIGNED_OUT = "signed_out"


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """How syncing stands. `since`: when the link became what it is; `trouble` is a sentence for the
    person when the link stands and something is still refused; `busy`: a round is under way."""

    link: Link = Link.STARTING
    since: datetime | None = None
    last_synced: datetime | None = None
    trouble: str = ""
    busy: bool = False


class SyncStore(DeviceStore, Protocol):
    """The device's store with its list of sheets."""

    def take_list(self, summaries: list[SheetSummary]) -> None: ...

    def held_sections(self) -> list[int]: ...

    def waiting_sections(self) -> list[int]: ...

    def synced(self, section_id: int) -> None: ...


def sync_once(
    store: SyncStore, server: SheetServer, exchange: Exchange | None = None, *, only_waiting: bool = False
) -> list[ClientError]:
    """One round over the list and every sheet; with `only_waiting`, over those alone that hold edits to
    send, or news for whoever waits to submit. Answers the refusals of single sheets, which do not keep
    the others from syncing; raises `TryLater` when the server cannot be had at all."""
    exchange = exchange or Exchange(store, server)
    if only_waiting:
        waiting = set(store.waiting_sections())
        sections = [s for s in store.held_sections() if s in waiting or exchange.has_news(s)]
    else:
        sections = store.held_sections()
        try:
            summaries = server.read_sheets()
        except ProblemAnswer as problem:
            # A clerk has no sheets, and that is no trouble; who has marks here must hear of it.
            if problem.code != NotPermitted.code or sections:
                raise
        else:
            store.take_list(summaries)
            sections = sorted({summary.section_id for summary in summaries} | set(store.held_sections()))
    troubles: list[ClientError] = []
    for section_id in sections:
        try:
            exchange.sync_sheet(section_id)
        except ProblemAnswer as problem:
            troubles.append(problem)
        else:
            if store.head(section_id) is not None:
                store.synced(section_id)
    return troubles


@dataclass
class Pace:
    """How long to wait: doubled with each failure, jittered so that a hall full of laptops does not come
    back at once, never above a minute."""

    random: random.Random = field(default_factory=random.Random)
    failures: int = 0

    def after(self, error: Exception | None) -> float:
        """Seconds until the next attempt after a round that ended so; 0 after a good one."""
        if error is None:
            self.failures = 0
            return 0.0
        self.failures += 1
        longest = min(SHORTEST_PAUSE * 2.0 ** min(self.failures, 10), LONGEST_PAUSE)
        pause = self.random.uniform(longest / 2, longest)
        asked = error.retry_after if isinstance(error, TryLater) else None
        return min(max(pause, asked or 0.0), LONGEST_PAUSE)


class SyncThread:
    """Loops over `sync_once`. `on_status` is called on this thread whenever the status changes; a window
    passes it on to its own.

    Args:
        store, server: as for `sync_once`.
        on_status: takes each new `SyncStatus`.
        pace: how long to wait between rounds.
    """

    def __init__(
        self,
        store: SyncStore,
        server: SheetServer,
        on_status: Callable[[SyncStatus], None] = lambda status: None,
        *,
        pace: Pace | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._exchange = Exchange(store, server)
        self._server = server
        self._on_status = on_status
        self._pace = pace or Pace()
        self._now = now
        self._monotonic = monotonic
        self._whole_due = 0.0
        self._whole_asked = False
        self._wake = threading.Event()
        self._ended = threading.Condition()
        self._rounds_begun = 0
        self._rounds_ended = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sync", daemon=True)
        self.status = SyncStatus()

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> bool:
        """Ends after the request under way; what was decided by then is durable. False when it is still
        under way after `timeout` seconds."""
        self._stopping.set()
        self._wake.set()
        with self._ended:
            self._ended.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def wake(self) -> None:
        """Something was typed: send it soon. Any thread. While the server cannot be had this changes
        nothing, or every key would knock at a closed door."""
        if not self._pace.failures:
            self._wake.set()

    def sync_now(self, timeout: float) -> bool:
        """Asks for a whole round that begins from now on, whatever the pace, and waits until it has
        ended. False after `timeout` seconds. Never call it on the window's thread."""
        with self._ended:
            wanted = self._rounds_begun + 1
            self._whole_asked = True
            self._wake.set()
            self._ended.wait_for(lambda: self._rounds_ended >= wanted or self._stopping.is_set(), timeout)
            return self._rounds_ended >= wanted

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            with self._ended:
                self._rounds_begun += 1
                begun = self._rounds_begun
                whole = self._whole_asked or self._monotonic() >= self._whole_due
                self._whole_asked = False
            error = self._round(only_waiting=not whole)
            pause = self._pace.after(error)
            if whole or error is not None:
                self._whole_due = self._monotonic() + (pause if error is not None else BETWEEN_ROUNDS)
            with self._ended:
                self._rounds_ended = begun
                self._ended.notify_all()
            left = max(self._whole_due - self._monotonic(), 0.0)
            if self._wake.wait(left) and not self._whole_asked:
                self._stopping.wait(AFTER_TYPING)

    def _round(self, *, only_waiting: bool) -> Exception | None:
        """One round; what kept it from being held, if anything did. The refusal of a single sheet is
        told to the person and does not slow the others down."""
        self._tell(replace(self.status, busy=True))
        try:
            troubles = sync_once(self._store, self._server, self._exchange, only_waiting=only_waiting)
        except ClientError as failure:
            link = Link.SIGNED_OUT if isinstance(failure, SignedOut) else Link.OFFLINE
            self._tell(self._moved(link, trouble=str(failure)))
            return failure
        except Exception as bug:
            # A full disk, a fault of ours: the thread lives on, and the person is told that it is here
            # that marks do not get on.
            _log.exception("a round of syncing failed")
            self._tell(
                self._moved(
                    self.status.link,
                    trouble=phrase(
                        "Marks cannot be sent from this computer; they are safe here. "
                        "Tell the administrator: {bug}",
                        bug=bug,
                    ),
                )
            )
            return bug
        # A quick round says nothing about the sheets it left out.
        trouble = "; ".join(map(str, troubles)) or (self.status.trouble if only_waiting else "")
        self._tell(replace(self._moved(Link.CONNECTED, trouble), last_synced=self._now()))
        return None

    def _moved(self, link: Link, trouble: str) -> SyncStatus:
        since = self.status.since if link is self.status.link else self._now()
        return replace(self.status, link=link, since=since, trouble=trouble, busy=False)

    def _tell(self, status: SyncStatus) -> None:
        if status != self.status:
            self.status = status
            self._on_status(status)
