"""Each rule of the sync protocol, taken away: the simulator must notice every one.

A check that cannot fail is a defect, so here the invariants are made to fail. The mutants live in these
tests and nowhere in the product; the last ones take away what the simulator itself taught us to add.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from sims_desktop.offline import exchange
from sims_desktop.offline.exchange import Exchange, Scope
from sims_shared import merge, sheet_copy
from sims_shared.grading import SheetChanges, SyncAnswer, SyncBatch, SyncOp
from sims_shared.merge import NEVER, Cell, Decision, DeviceFacts, Key
from sims_shared.sheet_copy import Changes, Head, Inflight, Sealed, SheetCopy
from tests.support.simulated_server import BatchName, SimulatedServer, SimulatedSheet
from tests.support.simulator import first_failure

HISTORIES = range(600)
Caught = Callable[..., None]


@pytest.fixture
def caught(record_property: Callable[[str, object], None], capsys: pytest.CaptureFixture[str]) -> Caught:
    """Plays histories until one fails and asserts that an invariant, not an accident, ended it."""

    def play_until_caught(*invariants: str) -> None:
        failure = first_failure(HISTORIES)
        assert failure is not None, f"no history out of {len(HISTORIES)} noticed the mutant"
        seed, why = failure
        record_property("histories", seed + 1)
        with capsys.disabled():
            print(f"\n  caught after {seed + 1} histories: {str(why)[:90]}")
        assert str(why).startswith(invariants), f"seed {seed} failed by {why!r}"

    return play_until_caught


def test_no_mutant_no_failure() -> None:
    assert first_failure(range(60)) is None


def test_mutant_no_receipts(monkeypatch: pytest.MonkeyPatch, caught: Caught) -> None:
    def forgetful(server: SimulatedServer, sheet: SimulatedSheet, batch: SyncBatch) -> DeviceFacts:
        return DeviceFacts(server.devices.get(batch.client_id), batch.mid - 1, None)

    monkeypatch.setattr(SimulatedServer, "device_facts", forgetful)
    caught("S3")


def test_mutant_last_write_wins(monkeypatch: pytest.MonkeyPatch, caught: Caught) -> None:
    def always(op: SyncOp, current: Cell) -> bool:
        return True

    monkeypatch.setattr(merge, "is_on_top", always)
    caught("S2")


def test_mutant_batch_changed_in_flight(monkeypatch: pytest.MonkeyPatch, caught: Caught) -> None:
    sealed = Exchange._sealed

    def refilled(copy: SheetCopy) -> Changes | None:
        flying = copy.inflight
        if flying is None or not copy.dirty:
            return None
        ops = dict(flying.ops)
        for key, mine in copy.dirty.items():
            base = copy.base.get(key, NEVER)
            ops[key] = Sealed(mine.edit_id, mine.mark, mine.score, base.ver)
        body = sheet_copy.encode_batch(flying.client_id, flying.mid, ops)
        return Changes(
            dirty=dict.fromkeys(copy.dirty), sealed=Inflight(flying.client_id, flying.mid, body, ops)
        )

    def resealed(self: Exchange, section_id: int) -> Inflight | None:
        self.store.change(section_id, Scope.WAITING, refilled)
        return sealed(self, section_id)

    monkeypatch.setattr(Exchange, "_sealed", resealed)
    caught("S1", "S3")


def test_mutant_dirty_cleared_on_ack(monkeypatch: pytest.MonkeyPatch, caught: Caught) -> None:
    acknowledge = sheet_copy.acknowledge

    def careless(
        copy: SheetCopy, client_id: str, mid: int, answer: SyncAnswer, *, leaving: bool = False
    ) -> Changes | None:
        changes = acknowledge(copy, client_id, mid, answer, leaving=leaving)
        if changes is not None and copy.inflight is not None:
            changes.dirty.update(dict.fromkeys(copy.inflight.ops.keys() & copy.dirty.keys()))
        return changes

    monkeypatch.setattr(exchange, "acknowledge", careless)
    caught("S1")


def test_mutant_base_moved_under_a_dirty_cell(monkeypatch: pytest.MonkeyPatch, caught: Caught) -> None:
    move_base = sheet_copy._move_base

    def eager(copy: SheetCopy, key: Key, theirs: Cell, changes: Changes) -> bool:
        return move_base(replace(copy, dirty={}), key, theirs, changes)

    monkeypatch.setattr(sheet_copy, "_move_base", eager)
    caught("S2")


def test_mutant_pull_applied_while_in_flight(monkeypatch: pytest.MonkeyPatch, caught: Caught) -> None:
    apply_pull = sheet_copy.apply_pull

    def impatient(copy: SheetCopy, since: int, answer: SheetChanges) -> Changes | None:
        return apply_pull(replace(copy, inflight=None), since, answer)

    monkeypatch.setattr(exchange, "apply_pull", impatient)
    caught("S2", "S4", "S6")


def test_mutant_gap_unchecked(monkeypatch: pytest.MonkeyPatch, caught: Caught) -> None:
    def trusting(device: DeviceFacts, batch: SyncBatch) -> None:
        return None

    monkeypatch.setattr(merge, "check_next", trusting)
    caught("S3")


def test_mutant_digest_unchecked(monkeypatch: pytest.MonkeyPatch, caught: Caught) -> None:
    def incurious(self: Exchange, section_id: int, pulled: SheetChanges) -> None:
        return None

    monkeypatch.setattr(Exchange, "_compare", incurious)
    caught("S4")


def test_mutant_receipt_outside_the_transaction(monkeypatch: pytest.MonkeyPatch, caught: Caught) -> None:
    keep_receipt = SimulatedServer.keep_receipt

    def late(server: SimulatedServer, sheet: SimulatedSheet, name: BatchName, decision: Decision) -> None:
        server.maybe_crash()
        keep_receipt(server, sheet, name, decision)

    monkeypatch.setattr(SimulatedServer, "keep_receipt", late)
    caught("S3")


def test_mutant_rev_from_a_sequence(monkeypatch: pytest.MonkeyPatch, caught: Caught) -> None:
    def numbers_without_waiting(server: SimulatedServer, section_id: int) -> None:
        """The writer before has its number and is not done; a sequence just hands out the next."""
        if server.open is not None and server.open.section_id == section_id:
            sheet = server.sheets[section_id]
            sheet.rev = max(sheet.rev, server.open.rev)

    monkeypatch.setattr(SimulatedServer, "wait_for_lock", numbers_without_waiting)
    caught("S4", "S6")


def test_mutant_row_deleted_when_blanked(monkeypatch: pytest.MonkeyPatch, caught: Caught) -> None:
    store_cells = SimulatedServer._store_cells

    def deleting(server: SimulatedServer, sheet: SimulatedSheet, moved: dict[Key, Cell], rev: int) -> None:
        blanked = {key for key, cell in moved.items() if cell.mark is None}
        store_cells(
            server, sheet, {key: NEVER if key in blanked else cell for key, cell in moved.items()}, rev
        )
        for key in blanked:
            del sheet.cells[key]

    monkeypatch.setattr(SimulatedServer, "_store_cells", deleting)
    caught("S1", "S2", "S4")  # S1: versions that begin again name two edits alike


def test_mutant_rev_not_taken_by_an_import(monkeypatch: pytest.MonkeyPatch, caught: Caught) -> None:
    def keeps(server: SimulatedServer, sheet: SimulatedSheet) -> int:
        return sheet.rev

    monkeypatch.setattr(SimulatedServer, "take_rev", keeps)
    caught("S6")


def test_mutant_passed_over_cells_never_read_again(monkeypatch: pytest.MonkeyPatch, caught: Caught) -> None:
    def onward(head: Head) -> Head:
        return head._replace(behind=None)

    monkeypatch.setattr(sheet_copy, "_caught_up", onward)
    caught("S4", "S6")


def test_mutant_versions_used_again_after_a_restore(monkeypatch: pytest.MonkeyPatch, caught: Caught) -> None:
    def none(server: SimulatedServer) -> int:
        return 0

    monkeypatch.setattr(SimulatedServer, "version_floor", none)
    caught("S2")


def test_mutant_lost_edits_not_offered_after_a_restore(
    monkeypatch: pytest.MonkeyPatch, caught: Caught
) -> None:
    epoch_changed = sheet_copy.epoch_changed

    def forgetful(copy: SheetCopy, sheet: object, remembered: Iterable[object]) -> Changes | None:
        return epoch_changed(copy, sheet, ())  # type: ignore[arg-type]

    monkeypatch.setattr(exchange, "epoch_changed", forgetful)
    caught("S1")
