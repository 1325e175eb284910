"""The invariants of the off-line protocol, S1 to S6, as checks over one device and one server.

`Watch` stands between the exchange and a store and notes what nobody in the product needs to know:
what the person had before the eyes when typing. That is what S2 is about; a version number that moved
along unseen would satisfy its letter only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from sims_desktop.offline.exchange import Decide, Heartbeat, Scope
from sims_shared import merge
from sims_shared.grading import SheetChanges, SheetView
from sims_shared.merge import NEVER, Cell, Key
from sims_shared.sheet_copy import AckedOp, Changes, Head, Inflight, SheetCopy
from sims_shared.values import Person
from tests.support.memory_store import SimulatedStore
from tests.support.simulated_server import InvariantBroken, Write

if TYPE_CHECKING:
    from tests.support.simulator import ServerPort

ENDS = frozenset(
    {
        "superseded",
        "applied",
        "same",
        "chose_mine",
        "chose_theirs",
        "offered_again",
        "given_up",
        "change_requested",
        "purged",
    }
)


class Watch:
    """A store under observation. `eyes` maps each edit to the cell its person had seen."""

    def __init__(self, store: SimulatedStore) -> None:
        self.store = store
        self.eyes: dict[str, Cell] = {}
        self.sent: dict[tuple[str, int, int], bytes] = {}
        self.live: dict[int, set[str]] = {}
        self.read: dict[int, int] = {}
        self.touched: set[int] = set()
        self.purged: set[int] = set()
        self.moved: set[tuple[str, int, Key]] = set()  # (epoch, section, cell) since the last restore
        self.stirred = False  # whether anything became different since somebody last looked

    def twin(self) -> Watch:
        twin = Watch(self.store.twin())
        twin.eyes = dict(self.eyes)
        twin.live = {section: set(live) for section, live in self.live.items()}
        twin.read = dict(self.read)
        return twin

    def client_id(self) -> str:
        return self.store.client_id()

    def renew_client_id(self) -> str:
        return self.store.renew_client_id()

    def head(self, section_id: int) -> Head | None:
        return self.store.head(section_id)

    def inflight(self, section_id: int) -> Inflight | None:
        return self.store.inflight(section_id)

    def heartbeat(self, section_id: int) -> Heartbeat:
        return self.store.heartbeat(section_id)

    def remembered(self, section_id: int) -> list[AckedOp]:
        return self.store.remembered(section_id)

    def held(self, section_id: int) -> SheetCopy:
        return self.store.held(section_id)

    def record_incident(self, section_id: int, what: str) -> None:
        self.store.record_incident(section_id, what)

    def purge(self, section_id: int) -> bool:
        self.touched.add(section_id)
        self.purged.add(section_id)
        gone = self.store.purge(section_id)
        self.stirred |= gone
        return gone

    def change(
        self,
        section_id: int,
        scope: Scope | Collection[Key],
        decide: Decide,
        details: SheetView | SheetChanges | None = None,
    ) -> Changes | None:
        head, flying = self.store.head(section_id), self.store.inflight(section_id)
        changes = self.store.change(section_id, scope, decide, details)
        if changes is not None:
            self.stirred |= changes.head not in (None, head) or changes.landed or changes.sealed is not None
            self.stirred |= bool(changes.base or changes.fates or changes.roster)
            if changes.landed and flying is not None:
                self.sent.pop((flying.client_id, section_id, flying.mid), None)
            self.touched.add(section_id)
            copy = self.store.held(section_id)
            self.moved.update((copy.head.epoch, section_id, key) for key in changes.base)
            self._look(copy, changes)
        return changes

    def _look(self, copy: SheetCopy, changes: Changes) -> None:
        replaced = {
            fate.note: fate.edit_id for fate in changes.fates if fate.fate == "superseded"
        }  # newer edit -> older
        for key, mine in changes.dirty.items():
            if mine is None or mine.edit_id in self.eyes:
                continue
            older = replaced.get(mine.edit_id)
            while older in replaced:
                older = replaced[older]
            waited = older in self.eyes and not changes.refused
            self.eyes[mine.edit_id] = self.eyes[older] if waited and older else copy.base.get(key, NEVER)
        if changes.landed:
            for key in changes.base:
                # The answer to one's own batch is seen: a newer edit stands on it.
                if key in copy.dirty:
                    self.eyes[copy.dirty[key].edit_id] = copy.base.get(key, NEVER)

    def sends(self, section_id: int, flying: Inflight, body: bytes) -> None:
        """A sealed batch keeps its bytes."""
        name = (flying.client_id, section_id, flying.mid)
        if self.sent.setdefault(name, body) != body:
            raise InvariantBroken(f"S3: batch {name} changed while in flight")

    def stood_on(self, section_id: int, flying: Inflight) -> dict[Key, Cell]:
        return {key: self.eyes[op.edit_id] for key, op in flying.ops.items()}


def check_write(
    stood_on: Mapping[bytes, Mapping[Key, Cell]], section_id: int, write: Write, body: bytes
) -> None:
    """S2: version n+1 was written by someone whose device held, and whose person saw, version n."""
    seen = stood_on[body][write.key]
    if seen != write.before:
        raise InvariantBroken(f"S2: {section_id}{write.key} {write.before} overwritten by one who saw {seen}")


def check_device(watch: Watch, server: ServerPort, damaged: bool) -> None:
    """S1, S2 and S6 of one device, after a step."""
    for section_id in watch.touched:
        if watch.store.head(section_id) is None:
            _check_edits(watch, section_id, ())
            continue
        copy = watch.store.held(section_id)
        flying = copy.inflight.ops if copy.inflight is not None else {}
        held = [mine.edit_id for mine in copy.dirty.values()]
        held += [conflict.mine.edit_id for conflict in copy.conflict.values()]
        held += [refused.mine.edit_id for refused in copy.refused.values()]
        held += [op.edit_id for op in flying.values()]
        _check_edits(watch, section_id, held)
        for key, mine in copy.dirty.items():
            if key not in flying and copy.base.get(key, NEVER) != watch.eyes[mine.edit_id]:
                raise InvariantBroken(f"S2: base of {section_id}{key} moved under a waiting edit")
        if not damaged:
            _check_cursor(copy, server, section_id)
    watch.touched.clear()


def _check_edits(watch: Watch, section_id: int, held: Collection[str]) -> None:
    """S1: what was shown as saved is still held exactly once, or has ended exactly once."""
    live = watch.live.setdefault(section_id, set())
    fates = watch.store.fates(section_id)
    for fate in fates[watch.read.get(section_id, 0) :]:
        if fate.fate == "edited" or fate.note == "sync.lost_in_restore":
            live.add(fate.edit_id)
        elif fate.edit_id not in live:
            raise InvariantBroken(f"S1: edit {fate.edit_id} {fate.fate}, though it had ended")
        elif fate.fate in ENDS:
            live.discard(fate.edit_id)
    watch.read[section_id] = len(fates)
    if len(held) != len(live) or live.symmetric_difference(held):
        raise InvariantBroken(f"S1: held {sorted(held)}, alive {sorted(live)}")


def _check_cursor(copy: SheetCopy, server: ServerPort, section_id: int) -> None:
    """S6: no row at or before the cursor is unknown here."""
    if copy.head.epoch != server.epoch_name:
        return
    flying = copy.inflight.ops if copy.inflight is not None else {}
    on_roster = server.on_roster(section_id)
    for key, (cell, rev) in server.cells_with_revs(section_id).items():
        if rev > copy.head.cursor or key in copy.dirty or key in flying:
            continue
        if key[0] in copy.roster and key[0] in on_roster and copy.base.get(key, NEVER).ver < cell.ver:
            raise InvariantBroken(f"S6: cursor {copy.head.cursor} skipped {section_id}{key} of rev {rev}")


def check_rest(
    watch: Watch,
    server: ServerPort,
    account: Person,
    sections: Iterable[int],
    digest_told: Callable[[int], str],
) -> None:
    """S4 and S5 of one device, once faults have stopped and everybody has synced. `digest_told` is what the
    server tells this person of a section."""
    for section_id in sections:
        if not server.teaches(section_id, account):
            head = watch.store.head(section_id)
            if head is not None and not watch.store.held(section_id).refused:
                raise InvariantBroken(f"S5: section {section_id} stays though {account.name} left it")
            continue
        copy = watch.store.held(section_id)
        if copy.dirty or copy.inflight is not None:
            raise InvariantBroken(f"S5: {len(copy.dirty)} edits of section {section_id} still wait")
        if copy.head.epoch != server.epoch_name or copy.head.cursor != server.rev(section_id):
            raise InvariantBroken(f"S4: {copy.head} at rest, server at {server.rev(section_id)}")
        on_roster = server.on_roster(section_id)
        if copy.roster.keys() != on_roster:
            raise InvariantBroken(f"S4: roster {set(copy.roster)}, server {on_roster}")
        ours = {key: cell for key, cell in copy.base.items() if key[0] in on_roster and cell.ver}
        theirs = {k: c for k, (c, _) in server.cells_with_revs(section_id).items() if k[0] in on_roster}
        if ours != theirs:
            raise InvariantBroken(f"S4: base of section {section_id} is {ours}, server {theirs}")
        if merge.digest_of(ours.items()) != digest_told(section_id):
            raise InvariantBroken(f"S4: digest of section {section_id}")


class LostEdit(NamedTuple):
    """An edit that a restore took from the server: the newest this device knew of its cell."""

    section_id: int
    op: AckedOp
    epoch: str  # the device's own before the restore: it may not have met the one before that either
    logged: int  # lines of the edit log then


def heard_of_newer(watch: Watch, lost: LostEdit) -> bool:
    """Whether an answer from before the restore was still on its way, with a newer version of the cell. The
    edit is then no longer the last that the device knew; that version is its own author's to offer."""
    return (lost.epoch, lost.section_id, lost.op.key) in watch.moved


def check_lost(watch: Watch, server: ServerPort, lost: LostEdit) -> None:
    """S1 across a restore: an edit that the server lost was offered to its person again."""
    section_id, op = lost.section_id, lost.op
    if section_id in watch.purged:
        return  # whoever stops teaching the section takes its marks along no further
    if heard_of_newer(watch, lost):
        return
    if any(fate.key == op.key for fate in watch.store.fates(section_id)[lost.logged :]):
        return
    cell, _ = server.cells_with_revs(section_id).get(op.key, (NEVER, 0))
    if cell.ver > server.version_floor():
        return  # written again since: whether it then held the same value is not told any more
    if (cell.mark, cell.score) != (op.mark, op.score):
        raise InvariantBroken(f"S1: {op} was lost with the server's restore and never offered")
