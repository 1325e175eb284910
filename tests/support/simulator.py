"""Thousands of unlucky days: two people, four devices and more, one server, and everything that goes wrong.

A history is a seed. It plays edits, syncs, returns, drops, restores and copies in random order over the
real decisions (`sims_shared.merge`, `sims_shared.sheet_copy`) and the real exchange, with a transport
that loses, repeats and delays, and lets the world move while a request is under way. Invariants S1 to S6
are checked after every step and at rest. `play(seed)` replays a failure exactly.
"""

from __future__ import annotations

import gc
import random
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from itertools import accumulate
from typing import Protocol, TypeVar

from sims_desktop.client.errors import ClientError, Offline, ProblemAnswer, ServerBusy, TryLater
from sims_desktop.offline.exchange import Decide, Exchange, Heartbeat, Scope
from sims_shared import sheet_copy
from sims_shared.grading import SheetChanges, SheetSummary, SheetView, SyncAnswer
from sims_shared.merge import Cell, Key
from sims_shared.sheet_copy import AckedOp, Changes, ConflictMoved, Inflight, NewEdit, SheetCopy
from sims_shared.values import Person
from tests.support.memory_store import MemoryStore, SimulatedStore
from tests.support.simulated_server import SimulatedServer, Value, Write
from tests.support.sync_invariants import (
    LostEdit,
    Watch,
    check_device,
    check_lost,
    check_rest,
    check_write,
    heard_of_newer,
)

SECTIONS = (1, 2)
ENROLLMENTS = (11, 12, 13)
ASSESSMENTS = (21, 22)
PEOPLE = (Person(1, "Amina"), Person(2, "Bilal"))
IMPORTER = Person(9, "Importer")
VALUES: tuple[Value, ...] = (
    (None, None),
    ("absent", None),
    ("scored", Decimal("1.00")),
    ("scored", Decimal("2.00")),
    ("scored", Decimal("3.50")),
    ("scored", Decimal("999.00")),  # over the maximum: rejected
)
ROUNDS_TO_REST = 12
LENGTHS = (12, 15, 20, 25, 30, 30, 40, 45, 60, 90)
MOST_DEVICES = 6
AT_ONCE = 250  # histories between two looks for garbage
T = TypeVar("T")
NewStore = Callable[[str, Callable[[], str]], SimulatedStore]


class CrashedClient(Exception):
    """The process died here; only what was durable is left."""


class ServerPort(Protocol):
    """A server that histories can be played on: what devices call, what happens to it, and what can be
    seen of it. `SimulatedServer` is one; the full stack is another."""

    crash_due: bool
    on_write: Callable[[int, Write, bytes], None]

    @property
    def sections(self) -> Sequence[int]: ...
    @property
    def people(self) -> Sequence[Person]: ...
    def enrollments(self, section_id: int) -> Sequence[int]: ...
    def assessments(self, section_id: int) -> Sequence[int]: ...

    @property
    def epoch_name(self) -> str: ...
    def read_sheet(self, account: Person, section_id: int) -> SheetView: ...
    def read_changes(
        self, account: Person, section_id: int, since: int, heartbeat: Heartbeat
    ) -> SheetChanges: ...
    def push(self, account: Person, section_id: int, body: bytes) -> SyncAnswer: ...
    def begin_other_write(self, section_id: int, cells: dict[Key, Value], author: Person) -> None: ...
    def commit_open(self) -> None: ...
    def set_row(self, section_id: int, enrollment_id: int, status: str) -> None: ...
    def set_locked(self, section_id: int, assessment_id: int, locked: bool) -> None: ...
    def set_state(self, section_id: int, state: str) -> None: ...
    def set_teaching(self, section_id: int, person: Person, teaching: bool) -> None: ...
    def back_up(self) -> None: ...
    def restore(self, place: float) -> bool: ...
    def rev(self, section_id: int) -> int: ...
    def teaches(self, section_id: int, person: Person) -> bool: ...
    def on_roster(self, section_id: int) -> set[int]: ...
    def cells_with_revs(self, section_id: int) -> dict[Key, tuple[Cell, int]]: ...
    def applied_edits(self, section_id: int) -> set[str]: ...
    def version_floor(self) -> int: ...


@dataclass
class Device:
    """One profile on one computer, with what its person saw."""

    name: str
    account: Person
    watch: Watch
    exchange: Exchange = field(init=False)
    busy: bool = False
    damaged: bool = False

    @property
    def store(self) -> SimulatedStore:
        return self.watch.store

    def holds(self, section_id: int) -> bool:
        return self.store.head(section_id) is not None

    def has_met(self, epoch: str, section_id: int) -> bool:
        head = self.store.head(section_id)
        return head is not None and head.epoch == epoch

    @contextmanager
    def syncing(self) -> Iterator[None]:
        self.busy = True
        try:
            yield
        finally:
            self.busy = False


class Wire:
    """A device's connection: loses, repeats and delays, and lets the world move meanwhile."""

    def __init__(self, history: History, device: Device) -> None:
        self.history = history
        self.device = device

    def read_sheets(self) -> list[SheetSummary]:
        raise NotImplementedError("the history names the sections itself")

    def read_sheet(self, section_id: int) -> SheetView:
        return self._carry(lambda: self.history.server.read_sheet(self.device.account, section_id))

    def read_changes(self, section_id: int, since: int, heartbeat: Heartbeat) -> SheetChanges:
        answer = self._carry(
            lambda: self.history.server.read_changes(self.device.account, section_id, since, heartbeat)
        )
        self.history.pulled.append((self.device, section_id, since, answer))
        return answer

    def push(self, section_id: int, body: bytes) -> SyncAnswer:
        history, device = self.history, self.device
        flying = device.store.inflight(section_id)
        assert flying is not None
        if history.faulty and history.chance(0.01):
            raise ProblemAnswer(413, "request.too_large")  # by a proxy; the server never saw it
        device.watch.sends(section_id, flying, body)
        history.stood_on.setdefault(body, device.watch.stood_on(section_id, flying))
        history.pushed.append((device, section_id, flying, body))
        return self._carry(lambda: history.server.push(device.account, section_id, body))

    def _carry(self, deliver: Callable[[], T]) -> T:
        history = self.history
        if not history.faulty:
            return deliver()
        history.meanwhile()
        fate = history.random.random()
        if fate < 0.06:
            raise Offline("dropped on the way there")
        if fate < 0.08:
            raise ServerBusy("503")
        history.server.crash_due = fate < 0.12
        try:
            answer = deliver()
            if fate > 0.92:
                answer = deliver()
        finally:
            history.server.crash_due = False
        history.meanwhile()
        if 0.12 < fate < 0.20:
            raise Offline("dropped on the way back")
        if 0.20 < fate < 0.23:
            raise CrashedClient
        return answer


class History:
    """One seed's story."""

    def __init__(
        self,
        seed: int,
        server: ServerPort | None = None,
        new_store: NewStore = MemoryStore,
        weights: Mapping[str, float] | None = None,
    ) -> None:
        self.random = random.Random(seed)
        weights = weights or STEPS
        self.names, self.weights = tuple(weights), tuple(accumulate(weights.values()))
        self.server: ServerPort = server or SimulatedServer(SECTIONS, ENROLLMENTS, ASSESSMENTS, PEOPLE)
        self.server.on_write = lambda section, write, body: check_write(self.stood_on, section, write, body)
        self.faulty = True
        self.depth = 0
        self.pushed: list[tuple[Device, int, Inflight, bytes]] = []
        self.pulled: list[tuple[Device, int, int, SheetChanges]] = []
        self.stood_on: dict[bytes, dict[Key, Cell]] = {}
        self.snapshots: list[tuple[Device, Watch]] = []
        self.lost: list[tuple[Device, LostEdit]] = []
        self._stores: list[SimulatedStore] = []
        self.devices = [
            self.connect(Device(f"{person.name}-{n}", person, Watch(new_store(self.new_id(), self.new_id))))
            for person in self.server.people
            for n in (1, 2)
        ]

    def new_id(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def stores(self) -> list[SimulatedStore]:
        """Every store there ever was: of devices, of snapshots, of what a restored profile replaced."""
        return self._stores

    def connect(self, device: Device) -> Device:
        if not any(device.store is store for store in self._stores):
            self._stores.append(device.store)
        device.exchange = Exchange(device.watch, Wire(self, device))
        return device

    def play(self, steps: int) -> None:
        for _ in range(steps):
            self.step()
        self.come_to_rest()

    def forget(self) -> None:
        """Lets go of what holds one another in a circle. A thousand objects of each history go at once then,
        at a fifth of what it costs to find them as garbage later."""
        for device in self.devices:
            del device.exchange
        self.__dict__.clear()

    def meanwhile(self) -> None:
        """Others act while a request is under way. The depth bounds how much can nest."""
        if self.depth < 2 and self.chance(0.25):
            self.depth += 1
            try:
                self.step()
            finally:
                self.depth -= 1

    def step(self) -> None:
        getattr(self, self.random.choices(self.names, cum_weights=self.weights)[0])()
        for device in self.devices:
            if device.watch.touched:
                check_device(device.watch, self.server, device.damaged)

    def come_to_rest(self) -> None:
        """Faults stop; every queue must empty, and everybody must hold what the server holds. Everybody syncs
        once; then whoever has something left to send, or has not heard of somebody else's push, again."""
        self.faulty = False
        self.server.commit_open()
        for turn in range(ROUNDS_TO_REST):
            stirred = False
            for device in self.devices:
                device.watch.stirred = False
                for section in self.server.sections:
                    if turn and self.is_settled(device, section):
                        continue
                    if device.holds(section) or self.server.teaches(section, device.account):
                        try:
                            device.exchange.sync_sheet(section)
                        except TryLater:  # a server that has just come back may say so once
                            device.watch.stirred = True
                check_device(device.watch, self.server, device.damaged)
                stirred |= device.watch.stirred
            if not stirred:
                break
        for person in self.server.people:
            # Nothing happens any more: each person's sheets need to be asked for once only.
            told = cache(lambda section, person=person: self.server.read_sheet(person, section).digest)
            for device in self.devices:
                if device.account == person:
                    check_rest(device.watch, self.server, person, self.server.sections, told)
        for device, lost in self.lost:
            check_lost(device.watch, self.server, lost)

    def is_settled(self, device: Device, section: int) -> bool:
        head = device.store.head(section)
        if head is None or (head.epoch, head.cursor) != (self.server.epoch_name, self.server.rev(section)):
            return False
        copy = device.store.held(section)
        return not copy.dirty and copy.inflight is None

    # -- What people do ----------------------------------------------------------------------------

    def a_device(self) -> Device:
        return self.random.choice(self.devices)

    def a_section(self) -> int:
        return self.server.sections[0 if self.chance(0.8) else -1]

    def a_key(self, section: int) -> Key:
        return (
            self.random.choice(self.server.enrollments(section)),
            self.random.choice(self.server.assessments(section)),
        )

    def act(self, device: Device, section: int, scope: Collection[Key], decide: Decide) -> Changes | None:
        return device.watch.change(section, scope, decide)

    def type_marks(self) -> None:
        device, section = self.a_device(), self.a_section()
        if not device.holds(section):
            return
        edits = []
        for _ in range(self.random.choice((1, 1, 2, 4))):
            mark, score = self.random.choice(VALUES)
            edits.append(NewEdit(self.a_key(section), self.new_id(), mark, score))
        self.act(device, section, {new.key for new in edits}, lambda copy: sheet_copy.edit(copy, edits))

    def resolve(self) -> None:
        device, section = self.a_device(), self.a_section()
        conflicts = device.store.held(section).conflict if device.holds(section) else {}
        if not conflicts:
            return
        key = self.random.choice(sorted(conflicts))
        seen = conflicts[key].theirs.ver - (1 if self.chance(0.05) else 0)
        edit_id = self.new_id()
        try:
            if self.chance(0.5):
                self.act(
                    device, section, {key}, lambda copy: sheet_copy.resolve_mine(copy, key, edit_id, seen)
                )
            else:
                self.act(device, section, {key}, lambda copy: sheet_copy.resolve_theirs(copy, key, seen))
        except ConflictMoved:
            pass

    def offer_again(self) -> None:
        device, section = self.a_device(), self.a_section()
        refused = sorted(device.store.held(section).refused) if device.holds(section) else []
        if not refused:
            return
        if self.chance(0.7):
            self.act(
                device, section, refused, lambda copy: sheet_copy.offer_again(copy, refused, self.new_id)
            )
        else:
            self.act(device, section, refused, lambda copy: sheet_copy.give_up(copy, refused))

    def sync(self) -> None:
        device = self.a_device()
        if device.busy:
            return
        try:
            with device.syncing():
                device.exchange.sync_sheet(self.a_section())
        except CrashedClient:
            self.connect(device)
        except ClientError:
            pass

    # -- What happens to computers -----------------------------------------------------------------

    def crash(self) -> None:
        device = self.a_device()
        if not device.busy:
            self.connect(device)

    def copy_profile(self) -> None:
        if len(self.devices) < MOST_DEVICES:
            source = self.a_device()
            account = source.account if self.chance(0.8) else self.random.choice(self.server.people)
            twin = Device(f"{source.name}-copy", account, source.watch.twin())
            twin.damaged = source.damaged
            self.devices.append(self.connect(twin))

    def snapshot_profile(self) -> None:
        device = self.a_device()
        self.snapshots.append((device, device.watch.twin()))
        self._stores.append(self.snapshots[-1][1].store)

    def restore_profile(self) -> None:
        if not self.snapshots:
            return
        device, watch = self.random.choice(self.snapshots)
        if not device.busy:
            device.watch = watch.twin()
            self.lost = [entry for entry in self.lost if entry[0] is not device]
            self.connect(device)

    def damage(self) -> None:
        """A row rots while the program is away."""
        device, section = self.a_device(), self.a_section()
        if device.busy or not device.holds(section):
            return
        copy = device.store.held(section)
        flying = copy.inflight.ops.keys() if copy.inflight else set()
        keys = sorted(copy.base.keys() - copy.dirty.keys() - copy.conflict.keys() - flying)
        if keys:
            device.store.lose_base_row(section, self.random.choice(keys))
            device.damaged = True
            self.lost = [entry for entry in self.lost if entry[0] is not device]
            self.connect(device)

    # -- What happens on the wire ------------------------------------------------------------------

    def repeat_late(self) -> None:
        """A copy of an old request arrives now; its answer may reach the device, late too."""
        if not self.pushed:
            return
        device, section, flying, body = self.random.choice(self.pushed)
        try:
            answer = self.server.push(device.account, section, body)
        except ClientError:
            return
        if self.chance(0.5) and device.holds(section):
            device.watch.change(
                section,
                Scope.WAITING,
                lambda copy: sheet_copy.acknowledge(copy, flying.client_id, flying.mid, answer),
            )

    def late_pull(self) -> None:
        """An old answer to a pull arrives now."""
        if not self.pulled:
            return
        device, section, since, answer = self.random.choice(self.pulled[-8:])
        if device.holds(section):
            device.watch.change(
                section,
                {(cell.enrollment_id, cell.assessment_id) for cell in answer.cells},
                lambda copy: sheet_copy.apply_pull(copy, since, answer),
                answer,
            )

    # -- What happens on the server ----------------------------------------------------------------

    def import_marks(self) -> None:
        section, value = self.a_section(), self.random.choice(VALUES[:5])
        self.server.begin_other_write(section, {self.a_key(section): value}, IMPORTER)
        if self.chance(0.5):
            self.server.commit_open()

    def commit_import(self) -> None:
        self.server.commit_open()

    def move_row(self) -> None:
        status = self.random.choice(("enrolled", "enrolled", "dropped", "withdrawn", "barred"))
        section = self.a_section()
        self.server.set_row(section, self.random.choice(self.server.enrollments(section)), status)

    def lock_assessment(self) -> None:
        section = self.a_section()
        self.server.set_locked(
            section, self.random.choice(self.server.assessments(section)), self.chance(0.4)
        )

    def move_sheet(self) -> None:
        state = self.random.choice(("open", "open", "open", "submitted", "approved"))
        self.server.set_state(self.a_section(), state)

    def change_teacher(self) -> None:
        self.server.set_teaching(self.a_section(), self.server.people[1], self.chance(0.7))

    def back_up(self) -> None:
        self.server.back_up()

    def restore_server(self) -> None:
        """What a device knows to be the newest of its cell, and was its own, is to be offered again."""
        epoch = self.server.epoch_name
        if not self.server.restore(self.random.random()):
            return
        # Whoever had met the last restore found the mark on the server then, or offered it; whoever heard
        # of a newer one from before it has none to offer.
        self.lost = [
            (device, lost)
            for device, lost in self.lost
            if not device.has_met(epoch, lost.section_id) and not heard_of_newer(device.watch, lost)
        ]
        for device in self.devices:
            device.watch.moved.clear()
            for section in device.store.sections():
                held = device.store.held(section)
                kept = self.server.applied_edits(section)
                logged = len(device.store.fates(section))
                busy = held.dirty.keys() | held.conflict.keys() | held.refused.keys()
                for op in held_still(held, device.store.remembered(section)):
                    if op.key not in busy and op.edit_id not in kept and not device.damaged:
                        self.lost.append((device, LostEdit(section, op, held.head.epoch, logged)))


def held_still(held: SheetCopy, remembered: Iterable[AckedOp]) -> Iterable[AckedOp]:
    """Of each cell the device's own edit that is its newest here: after a restore, or two."""
    return {
        op.key: op for op in remembered if op.key in held.base and held.base[op.key].ver == op.ver
    }.values()


STEPS: dict[str, float] = {
    "type_marks": 30,
    "sync": 40,
    "resolve": 6,
    "offer_again": 3,
    "crash": 2,
    "copy_profile": 0.7,
    "snapshot_profile": 1,
    "restore_profile": 0.7,
    "damage": 0.5,
    "repeat_late": 5,
    "late_pull": 4,
    "import_marks": 5,
    "commit_import": 4,
    "move_row": 2,
    "lock_assessment": 1,
    "move_sheet": 2,
    "change_teacher": 0.7,
    "back_up": 1,
    "restore_server": 0.6,
}


@contextmanager
def undisturbed() -> Iterator[None]:
    """Histories make few cycles and many short-lived objects: a fifth of their time goes to looking for
    garbage, unless that is done once after many of them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
        gc.collect()


def length_of(seed: int, lengths: Sequence[int] = LENGTHS) -> int:
    """How many steps the history of this seed has, when nobody says: mostly few, some many."""
    return lengths[seed * 2_654_435_761 % 2**32 * len(lengths) >> 32]


def play(seed: int, steps: int | None = None) -> None:
    """Plays one history. Raises InvariantBroken, or whatever the code under test raised."""
    history = History(seed)
    history.play(length_of(seed) if steps is None else steps)
    history.forget()


def first_failure(seeds: range, steps: int | None = None) -> tuple[int, Exception] | None:
    """The first seed whose history fails, with how; None when all hold."""
    for first in range(seeds.start, seeds.stop, AT_ONCE):
        with undisturbed():
            for seed in range(first, min(first + AT_ONCE, seeds.stop)):
                try:
                    play(seed, steps)
                except Exception as failure:
                    return seed, failure
    return None
