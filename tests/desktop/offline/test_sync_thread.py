"""The loop around syncing: when it begins, what it says, and that it never gives up."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from sims_desktop.client.errors import ClientError, Offline, ProblemAnswer, ServerBusy, SignedOut
from sims_desktop.offline.exchange import Exchange, Heartbeat
from sims_desktop.offline.store import SheetStore, Waiting
from sims_desktop.offline.sync import LONGEST_PAUSE, Link, Pace, SyncStatus, SyncThread, sync_once
from sims_shared.grading import SheetChanges, SheetSummary, SheetView, SyncAnswer
from sims_shared.values import Person
from tests.desktop.offline.sheets import a_summary
from tests.support.simulated_server import SimulatedServer
from tests.support.stored_device import StoredDevice

AMINA = Person(1, "Amina")
SECTIONS, ENROLLMENTS, ASSESSMENTS = (1, 2), (11, 12), (21,)
TEN_SECONDS = 10.0


class Line:
    """Amina's connection to the simulated server; `fault` cuts it."""

    def __init__(self, server: SimulatedServer) -> None:
        self.server = server
        self.fault: ClientError | None = None
        self.fault_of_section: dict[int, ClientError] = {}
        self.bodies: list[bytes] = []
        self.lose_answers = False
        self.heartbeats: dict[int, Heartbeat] = {}

    def _check(self, section_id: int | None = None) -> None:
        if self.fault is not None:
            raise self.fault
        if section_id in self.fault_of_section:
            raise self.fault_of_section[section_id]

    def read_sheets(self) -> list[SheetSummary]:
        self._check()
        return [a_summary(section) for section in SECTIONS if self.server.teaches(section, AMINA)]

    def read_sheet(self, section_id: int) -> SheetView:
        self._check(section_id)
        return self.server.read_sheet(AMINA, section_id)

    def read_changes(self, section_id: int, since: int, heartbeat: Heartbeat) -> SheetChanges:
        self._check(section_id)
        self.heartbeats[section_id] = heartbeat
        return self.server.read_changes(AMINA, section_id, since, heartbeat)

    def push(self, section_id: int, body: bytes) -> SyncAnswer:
        self._check(section_id)
        self.bodies.append(body)
        answer = self.server.push(AMINA, section_id, body)
        if self.lose_answers:
            raise Offline("lost on the way back")
        return answer


@pytest.fixture
def line() -> Line:
    return Line(SimulatedServer(SECTIONS, ENROLLMENTS, ASSESSMENTS, [AMINA]))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SheetStore]:
    store = StoredDevice(tmp_path)
    yield store
    store.close()


class Journal:
    """Collects what the thread says, and lets a test wait for a sentence instead of sleeping."""

    def __init__(self) -> None:
        self.said: list[SyncStatus] = []
        self._news = threading.Condition()

    def __call__(self, status: SyncStatus) -> None:
        with self._news:
            self.said.append(status)
            self._news.notify_all()

    def wait_for(self, link: Link) -> SyncStatus:
        def last() -> bool:
            return bool(self.said) and self.said[-1].link is link and not self.said[-1].busy

        with self._news:
            assert self._news.wait_for(last, TEN_SECONDS), self.said
            return self.said[-1]


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def thread(store: SheetStore, line: Line, journal: Journal) -> Iterator[SyncThread]:
    thread = SyncThread(store, line, journal)
    yield thread
    assert thread.stop()


class TestOneRound:
    def test_brings_every_sheet_that_is_taught(self, store: SheetStore, line: Line) -> None:
        assert sync_once(store, line) == []
        assert [sheet.section_id for sheet in store.sheets() if sheet.here] == [1, 2]

    def test_sends_what_was_typed(self, store: SheetStore, line: Line) -> None:
        sync_once(store, line)
        store.edit(1, [(11, 21, "scored", Decimal("7.50"))])
        sync_once(store, line, only_waiting=True)
        assert store.waiting_count() == Waiting()
        assert line.server.cells_with_revs(1)[11, 21][0].score == Decimal("7.50")

    def test_resends_the_identical_bytes_until_an_answer_comes(self, store: SheetStore, line: Line) -> None:
        sync_once(store, line)
        store.edit(1, [(11, 21, "absent", None)])
        line.lose_answers = True
        for _ in range(3):
            with pytest.raises(Offline):
                sync_once(store, line)
            store.edit(1, [(12, 21, "absent", None)])
        line.lose_answers = False
        sync_once(store, line)
        assert len(set(line.bodies[:4])) == 1
        assert line.server.cells_with_revs(1)[11, 21][0].ver == 1
        assert store.waiting_count() == Waiting()

    def test_a_refused_sheet_does_not_keep_the_others(self, store: SheetStore, line: Line) -> None:
        line.fault_of_section[1] = ProblemAnswer(403, "auth.not_permitted")
        troubles = sync_once(store, line)
        assert [str(trouble) for trouble in troubles] == ["auth.not_permitted"]
        assert store.head(2) is not None

    def test_a_sheet_that_is_no_longer_taught_leaves_the_computer(
        self, store: SheetStore, line: Line
    ) -> None:
        sync_once(store, line)
        store.edit(1, [(11, 21, "absent", None)])
        line.server.set_teaching(1, AMINA, False)
        sync_once(store, line)
        assert store.open_sheet(1) is None
        assert [sheet.section_id for sheet in store.sheets()] == [2]
        assert [fate.fate for fate, _ in store.history(1, (11, 21))][-2:] == ["refused", "purged"]

    def test_keeping_theirs_is_told_to_the_server_at_once(self, store: SheetStore, line: Line) -> None:
        """The lead who waits to submit must not see a conflict that is settled."""
        exchange = Exchange(store, line)
        sync_once(store, line, exchange)
        line.server.begin_other_write(1, {(11, 21): ("absent", None)}, Person(9, "Importer"))
        line.server.commit_open()
        store.edit(1, [(11, 21, "scored", Decimal("7.50"))])
        sync_once(store, line, exchange)
        assert (line.heartbeats[1].pending, line.heartbeats[1].conflicts) == (0, 1)
        (conflict,) = store.conflicts(1)
        store.keep_theirs(1, [(conflict.key, conflict.seen_ver)])
        line.heartbeats.clear()
        sync_once(store, line, exchange, only_waiting=True)
        assert (line.heartbeats[1].pending, line.heartbeats[1].conflicts) == (0, 0)
        assert list(line.heartbeats) == [1]  # the other sheet has no news

    def test_a_program_that_is_too_old_keeps_its_batch_for_a_newer_one(
        self, store: SheetStore, line: Line, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sync_once(store, line)
        store.edit(1, [(11, 21, "absent", None)])
        from sims_shared import sheet_copy

        monkeypatch.setattr(sheet_copy, "PROTOCOL_MAX", 99)
        (trouble,) = sync_once(store, line)
        assert isinstance(trouble, ProblemAnswer)
        assert trouble.code == "sync.protocol_unsupported"
        assert store.waiting_count().inflight == 1


class TestTheThread:
    def test_says_when_it_is_connected_and_since_when(self, thread: SyncThread, journal: Journal) -> None:
        thread.start()
        status = journal.wait_for(Link.CONNECTED)
        assert status.since is not None
        assert status.last_synced is not None

    def test_off_line_is_said_once_and_ends_by_itself(
        self, thread: SyncThread, journal: Journal, line: Line, store: SheetStore
    ) -> None:
        line.fault = Offline("The server cannot be reached")
        thread.start()
        first = journal.wait_for(Link.OFFLINE)
        assert thread.sync_now(TEN_SECONDS)
        assert thread.status.since == first.since
        line.fault = None
        assert thread.sync_now(TEN_SECONDS)
        journal.wait_for(Link.CONNECTED)

    def test_signed_out_is_not_off_line(self, thread: SyncThread, journal: Journal, line: Line) -> None:
        line.fault = SignedOut("Sign in again")
        thread.start()
        assert journal.wait_for(Link.SIGNED_OUT).trouble == "Sign in again"

    def test_typing_wakes_it(
        self, thread: SyncThread, journal: Journal, line: Line, store: SheetStore
    ) -> None:
        thread.start()
        journal.wait_for(Link.CONNECTED)
        sent = threading.Event()
        store.on_change = lambda section: sent.set() if store.waiting_count() == Waiting() else None
        store.edit(1, [(11, 21, "absent", None)])
        sent.clear()
        thread.wake()
        assert sent.wait(TEN_SECONDS)

    def test_a_fault_of_this_computer_is_told_and_survived(
        self, thread: SyncThread, journal: Journal, line: Line, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        line.fault = OSError("no space left on device")  # type: ignore[assignment]
        thread.start()
        with journal._news:
            assert journal._news.wait_for(
                lambda: any("no space left" in status.trouble for status in journal.said), TEN_SECONDS
            )
        line.fault = None
        assert thread.sync_now(TEN_SECONDS)
        journal.wait_for(Link.CONNECTED)

    def test_one_refused_sheet_is_told_while_connected(
        self, thread: SyncThread, journal: Journal, line: Line
    ) -> None:
        line.fault_of_section[1] = ProblemAnswer(403, "auth.not_permitted", detail="You may not")
        thread.start()
        assert journal.wait_for(Link.CONNECTED).trouble == "You may not"


class TestPace:
    def test_pauses_grow_and_end_at_a_minute(self) -> None:
        pace = Pace(random.Random(1))
        pauses = [pace.after(Offline("away")) for _ in range(40)]
        assert pauses[0] <= 2
        assert pauses[1] <= 4
        assert max(pauses) <= LONGEST_PAUSE
        assert min(pauses[10:]) >= LONGEST_PAUSE / 2

    def test_no_two_laptops_come_back_together(self) -> None:
        paces = [Pace(random.Random(seed)) for seed in range(50)]
        assert len({pace.after(Offline("away")) for pace in paces}) == 50

    def test_the_servers_own_wish_is_kept_up_to_a_minute(self) -> None:
        assert Pace().after(ServerBusy("busy", retry_after=17)) == 17
        assert Pace().after(ServerBusy("busy", retry_after=900)) == LONGEST_PAUSE

    def test_a_good_round_forgets_the_bad_ones(self) -> None:
        pace = Pace(random.Random(1))
        for _ in range(8):
            pace.after(Offline("away"))
        pace.after(None)
        assert pace.after(Offline("away")) <= 2
