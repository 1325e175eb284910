"""What a device decides: each rule by itself. The histories play them together."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from sims_shared.grading import (
    MAX_OPS,
    CellOnSheet,
    ChangedCell,
    Outcome,
    SheetChanges,
    SheetRow,
    SheetView,
    StudentOnSheet,
    SyncAnswer,
    read_batch,
)
from sims_shared.merge import Cell, Key
from sims_shared.sheet_copy import (
    AckedOp,
    Conflict,
    ConflictMoved,
    Edit,
    Head,
    Inflight,
    NewEdit,
    Refused,
    SheetCopy,
    acknowledge,
    apply_pull,
    apply_whole,
    decode_batch,
    edit,
    epoch_changed,
    hand_over,
    held_digest,
    offer_again,
    refuse_batch,
    resolve_mine,
    resolve_theirs,
    restart_identity,
    seal,
    shown,
)
from sims_shared.values import Person

DEVICE = "0b5f1f0e-8d5a-4b52-9f3e-3c8f6f6f0a01"
OTHER = "0b5f1f0e-8d5a-4b52-9f3e-3c8f6f6f0a02"
BILAL = Person(2, "Bilal")
WHEN = datetime(2026, 9, 1, tzinfo=UTC)
CELL: Key = (11, 21)
BASE = Cell("scored", Decimal("5.00"), 3, BILAL, WHEN)
THEIRS = Cell("absent", None, 4, BILAL, WHEN)
MINE = Edit("e1", "scored", Decimal("7.00"))


def a_copy(**parts: Any) -> SheetCopy:
    copy = SheetCopy(7, Head(DEVICE, cursor=20, epoch="one"), {11: "enrolled"}, {CELL: BASE})
    return replace(copy, **parts)


def in_flight(copy: SheetCopy) -> SheetCopy:
    changes = seal(copy, DEVICE)
    assert changes is not None
    assert changes.head is not None
    return replace(copy, head=changes.head, dirty={}, inflight=changes.sealed)


def an_answer(*outcomes: Outcome, epoch: str = "one") -> SyncAnswer:
    return SyncAnswer(rev=30, digest="", epoch=epoch, state="open", outcomes=list(outcomes))


def outcome(name: Any, cell: Cell | None = None, code: str | None = None, edit_id: str = "e1") -> Outcome:
    if cell is None:
        return Outcome(edit_id, name, None, None, None, None, None, code)
    return Outcome(edit_id, name, cell.ver, cell.mark, cell.score, cell.by, cell.at, code)


def a_pull(*cells: tuple[Key, Cell], rev: int = 25, epoch: str = "one") -> SheetChanges:
    return SheetChanges(
        rev=rev,
        digest="",
        epoch=epoch,
        state="open",
        cells=[
            ChangedCell(
                enrollment_id=key[0],
                assessment_id=key[1],
                mark=cell.mark,
                score=cell.score,
                ver=cell.ver,
                by=cell.by,
                at=cell.at,
            )
            for key, cell in cells
        ],
    )


def a_whole(*cells: tuple[Key, Cell], epoch: str = "one") -> SheetView:
    return SheetView(
        section_id=7,
        state="open",
        rev=9,
        digest="",
        epoch=epoch,
        protocol=1,
        assessments=[],
        rows=[
            SheetRow(
                enrollment_id=11,
                status="enrolled",
                student=StudentOnSheet(id=1, reg_no="R", name="S"),
                cells={
                    str(key[1]): CellOnSheet(mark=c.mark, score=c.score, ver=c.ver, by=c.by, at=c.at)
                    for key, c in cells
                },
            )
        ],
    )


class TestEditing:
    def test_typing_again_supersedes_on_the_same_computer(self) -> None:
        changes = edit(a_copy(dirty={CELL: MINE}), [NewEdit(CELL, "e2", "absent", None)])
        assert changes.dirty[CELL] == Edit("e2", "absent", None)
        assert [(fate.edit_id, fate.fate) for fate in changes.fates] == [
            ("e1", "superseded"),
            ("e2", "edited"),
        ]

    def test_typing_back_to_the_base_is_still_sent(self) -> None:
        """A pull may have passed over the cell while it waited; only the server can say what is there."""
        changes = edit(a_copy(dirty={CELL: MINE}), [NewEdit(CELL, "e2", BASE.mark, BASE.score)])
        assert CELL in changes.dirty

    def test_typing_on_a_conflict_changes_mine_and_sends_nothing(self) -> None:
        copy = a_copy(conflict={CELL: Conflict(MINE, THEIRS, BASE)}, base={CELL: THEIRS})
        changes = edit(copy, [NewEdit(CELL, "e2", "excused", None)])
        assert changes.dirty == {}
        held = changes.conflict[CELL]
        assert held is not None
        assert held.mine.edit_id == "e2"

    def test_typing_on_a_refused_cell_takes_its_place(self) -> None:
        copy = a_copy(refused={CELL: Refused(MINE, "sync.sheet_closed")})
        changes = edit(copy, [NewEdit(CELL, "e2", "excused", None)])
        assert changes.refused == {CELL: None}
        assert changes.dirty[CELL] == Edit("e2", "excused", None)

    def test_a_block_that_names_a_cell_twice_keeps_the_last(self) -> None:
        changes = edit(a_copy(), [NewEdit(CELL, "e1", "absent", None), NewEdit(CELL, "e2", "excused", None)])
        assert changes.dirty[CELL] == Edit("e2", "excused", None)


class TestSealing:
    def test_takes_everything_that_waits_with_its_base(self) -> None:
        copy = in_flight(a_copy(dirty={CELL: MINE}))
        assert copy.inflight is not None
        batch = read_batch(copy.inflight.body)
        assert (batch.client_id, batch.mid) == (DEVICE, 1)
        assert (batch.ops[0].base_ver, batch.ops[0].score) == (3, "7.00")
        assert copy.head.next_mid == 2

    def test_one_batch_flies_at_a_time(self) -> None:
        copy = replace(in_flight(a_copy(dirty={CELL: MINE})), dirty={CELL: Edit("e2", None, None)})
        assert seal(copy, DEVICE) is None

    def test_a_new_identity_counts_from_one(self) -> None:
        copy = a_copy(dirty={CELL: MINE}, head=Head(DEVICE, next_mid=9, epoch="one"))
        changes = seal(copy, OTHER)
        assert changes is not None
        assert changes.sealed is not None
        assert (changes.sealed.client_id, changes.sealed.mid) == (OTHER, 1)

    def test_a_batch_carries_at_most_what_the_contract_allows(self) -> None:
        many = {(enrollment, 21): MINE for enrollment in range(MAX_OPS + 10)}
        changes = seal(a_copy(dirty=many), DEVICE)
        assert changes is not None
        assert changes.sealed is not None
        assert len(changes.sealed.ops) == MAX_OPS

    def test_what_was_sealed_is_read_back_from_its_bytes(self) -> None:
        copy = in_flight(a_copy(dirty={CELL: MINE, (11, 22): Edit("e9", None, None)}))
        assert copy.inflight is not None
        assert decode_batch(copy.inflight.body) == copy.inflight.ops


class TestAcknowledging:
    def flying(self) -> SheetCopy:
        return in_flight(a_copy(dirty={CELL: MINE}))

    def test_applied_becomes_the_base(self) -> None:
        after = Cell("scored", Decimal("7.00"), 4, BILAL, WHEN)
        changes = acknowledge(self.flying(), DEVICE, 1, an_answer(outcome("applied", after)))
        assert changes is not None
        assert changes.landed
        assert changes.base == {CELL: after}
        assert changes.acked == [AckedOp(CELL, "e1", "scored", Decimal("7.00"), 4, WHEN)]

    def test_an_edit_made_meanwhile_waits_on_top_of_it(self) -> None:
        copy = replace(self.flying(), dirty={CELL: Edit("e2", "absent", None)})
        after = Cell("scored", Decimal("7.00"), 4, BILAL, WHEN)
        changes = acknowledge(copy, DEVICE, 1, an_answer(outcome("applied", after)))
        assert changes is not None
        assert CELL not in changes.dirty

    def test_a_conflict_keeps_mine_and_moves_the_base_to_theirs(self) -> None:
        changes = acknowledge(self.flying(), DEVICE, 1, an_answer(outcome("conflict", THEIRS)))
        assert changes is not None
        assert changes.base == {CELL: THEIRS}
        assert changes.conflict == {CELL: Conflict(MINE, THEIRS, BASE)}

    @pytest.mark.parametrize(
        "said", [outcome("conflict", THEIRS), outcome("rejected", None, "sync.not_on_roster")]
    )
    def test_an_edit_made_meanwhile_is_folded_in_and_not_sent(self, said: Outcome) -> None:
        newer = Edit("e2", "excused", None)
        changes = acknowledge(replace(self.flying(), dirty={CELL: newer}), DEVICE, 1, an_answer(said))
        assert changes is not None
        assert changes.dirty == {CELL: None}
        held = changes.conflict.get(CELL) or changes.refused.get(CELL)
        assert held is not None
        assert held.mine == newer

    @pytest.mark.parametrize(
        ("client_id", "mid", "answer"),
        [
            (DEVICE, 2, an_answer(outcome("conflict", THEIRS))),
            (OTHER, 1, an_answer(outcome("conflict", THEIRS))),
            (DEVICE, 1, an_answer(outcome("conflict", THEIRS), epoch="two")),
            (DEVICE, 1, an_answer()),
            (DEVICE, 1, an_answer(outcome("conflict", THEIRS, edit_id="x"))),
        ],
        ids=["another number", "another device", "another epoch", "too short", "another edit"],
    )
    def test_an_answer_to_something_else_changes_nothing(
        self, client_id: str, mid: int, answer: SyncAnswer
    ) -> None:
        assert acknowledge(self.flying(), client_id, mid, answer) is None

    def test_the_cursor_goes_back_to_before_what_a_pull_passed_over(self) -> None:
        copy = self.flying()
        copy = replace(copy, head=copy.head._replace(cursor=25, behind=20))
        changes = acknowledge(copy, DEVICE, 1, an_answer(outcome("conflict", THEIRS)))
        assert changes is not None
        assert changes.head is not None
        assert (changes.head.cursor, changes.head.behind) == (20, None)

    def test_a_refused_batch_gives_its_number_back_and_loses_nothing(self) -> None:
        changes = refuse_batch(self.flying(), DEVICE, 1, "auth.not_permitted")
        assert changes is not None
        assert changes.head is not None
        assert changes.head.next_mid == 1
        assert changes.refused == {CELL: Refused(MINE, "auth.not_permitted")}


class TestPulling:
    def test_the_base_moves(self) -> None:
        changes = apply_pull(a_copy(), 20, a_pull((CELL, THEIRS)))
        assert changes is not None
        assert changes.head is not None
        assert changes.base == {CELL: THEIRS}
        assert changes.head.cursor == 25

    def test_but_not_under_a_waiting_edit_and_the_passing_over_is_noted(self) -> None:
        changes = apply_pull(a_copy(dirty={CELL: MINE}), 20, a_pull((CELL, THEIRS)))
        assert changes is not None
        assert changes.head is not None
        assert changes.base == {}
        assert changes.head.behind == 20

    def test_nothing_is_taken_while_a_batch_flies(self) -> None:
        assert apply_pull(in_flight(a_copy(dirty={CELL: MINE})), 20, a_pull((CELL, THEIRS))) is None

    def test_an_answer_to_an_older_question_is_not_taken(self) -> None:
        assert apply_pull(a_copy(), 19, a_pull((CELL, THEIRS))) is None

    def test_an_older_version_never_comes_back(self) -> None:
        changes = apply_pull(a_copy(base={CELL: THEIRS}), 20, a_pull((CELL, BASE)))
        assert changes is not None
        assert changes.base == {}

    def test_an_open_conflict_follows_theirs(self) -> None:
        copy = a_copy(base={CELL: THEIRS}, conflict={CELL: Conflict(MINE, THEIRS, BASE)})
        newest = Cell("excused", None, 5, BILAL, WHEN)
        changes = apply_pull(copy, 20, a_pull((CELL, newest)))
        assert changes is not None
        held = changes.conflict[CELL]
        assert held is not None
        assert held.theirs == newest

    def test_a_whole_sheet_takes_the_place_of_everything_but_what_waits(self) -> None:
        other: Key = (11, 22)
        copy = a_copy(base={CELL: BASE, other: BASE, (11, 23): BASE}, dirty={CELL: MINE})
        changes = apply_whole(copy, a_whole((CELL, THEIRS), (other, THEIRS)))
        assert changes is not None
        assert changes.base == {other: THEIRS, (11, 23): None}

    def test_nothing_is_compared_while_edits_wait(self) -> None:
        assert held_digest(a_copy()) is not None
        assert held_digest(a_copy(dirty={CELL: MINE})) is None
        assert held_digest(in_flight(a_copy(dirty={CELL: MINE}))) is None


class TestResolving:
    COPY = a_copy(base={CELL: THEIRS}, conflict={CELL: Conflict(MINE, THEIRS, BASE)})

    def test_mine_is_a_new_edit_on_top_of_theirs(self) -> None:
        changes = resolve_mine(self.COPY, CELL, "e2", seen_ver=4)
        assert changes.dirty == {CELL: Edit("e2", "scored", Decimal("7.00"))}
        assert changes.conflict == {CELL: None}

    def test_theirs_keeps_the_losing_value_on_record(self) -> None:
        (fate,) = resolve_theirs(self.COPY, CELL, seen_ver=4).fates
        assert (fate.fate, fate.score) == ("chose_theirs", Decimal("7.00"))

    def test_a_value_nobody_saw_is_not_chosen_against(self) -> None:
        with pytest.raises(ConflictMoved):
            resolve_mine(self.COPY, CELL, "e2", seen_ver=3)


class TestIdentityAndRestore:
    def test_a_new_identity_loses_nothing(self) -> None:
        changes = restart_identity(in_flight(a_copy(dirty={CELL: MINE})), OTHER)
        assert changes.head is not None
        assert (changes.head.client_id, changes.head.next_mid) == (OTHER, 1)
        assert changes.landed
        assert changes.dirty == {CELL: MINE}

    def test_an_edit_made_meanwhile_stays_the_newer_one(self) -> None:
        newer = Edit("e2", "absent", None)
        copy = replace(in_flight(a_copy(dirty={CELL: MINE})), dirty={CELL: newer})
        changes = restart_identity(copy, OTHER)
        assert changes.dirty == {}
        assert [(fate.edit_id, fate.fate) for fate in changes.fates] == [("e1", "superseded")]

    def test_an_edit_the_restored_server_lost_is_offered_again(self) -> None:
        mine = Cell("scored", Decimal("7.00"), 4, BILAL, WHEN)
        remembered = [AckedOp(CELL, "e1", "scored", Decimal("7.00"), 4, WHEN)]
        changes = epoch_changed(a_copy(base={CELL: mine}), a_whole((CELL, BASE), epoch="two"), remembered)
        assert changes is not None
        assert changes.base == {CELL: BASE}
        assert changes.refused == {CELL: Refused(MINE, "sync.lost_in_restore")}

    def test_one_that_a_late_packet_brought_back_is_offered_after_the_next_restore(self) -> None:
        mine = Cell("scored", Decimal("7.00"), 4, BILAL, WHEN)
        again = mine._replace(ver=1_000_004)
        remembered = [AckedOp(CELL, "e1", "scored", Decimal("7.00"), 4, WHEN)]
        back = epoch_changed(a_copy(base={CELL: mine}), a_whole((CELL, again), epoch="two"), remembered)
        assert back is not None
        assert back.refused == {}
        assert [(op.edit_id, op.ver) for op in back.acked] == [("e1", again.ver)]
        changes = epoch_changed(a_copy(base={CELL: again}), a_whole((CELL, BASE), epoch="three"), back.acked)
        assert changes is not None
        assert changes.refused == {CELL: Refused(MINE, "sync.lost_in_restore")}

    def test_of_two_edits_that_two_restores_took_the_older_is_offered_as_well(self) -> None:
        older = Cell("scored", Decimal("7.00"), 4, BILAL, WHEN)
        newer = Cell("scored", Decimal("8.00"), 5, BILAL, WHEN)
        remembered = [
            AckedOp(CELL, "e1", "scored", Decimal("7.00"), 4, WHEN),
            AckedOp(CELL, "e2", "scored", Decimal("8.00"), 5, WHEN),
        ]
        first = epoch_changed(a_copy(base={CELL: newer}), a_whole((CELL, older), epoch="two"), remembered)
        assert first is not None
        assert first.refused == {CELL: Refused(Edit("e2", "scored", Decimal("8.00")), "sync.lost_in_restore")}
        # The person lets it go, for the older stands. Then that is taken too.
        second = epoch_changed(a_copy(base={CELL: older}), a_whole((CELL, BASE), epoch="three"), remembered)
        assert second is not None
        assert second.refused == {CELL: Refused(MINE, "sync.lost_in_restore")}

    def test_one_that_somebody_had_overwritten_is_theirs_to_offer(self) -> None:
        remembered = [AckedOp(CELL, "e1", "scored", Decimal("7.00"), 3)]
        changes = epoch_changed(a_copy(base={CELL: THEIRS}), a_whole((CELL, BASE), epoch="two"), remembered)
        assert changes is not None
        assert changes.refused == {}

    def test_with_a_batch_in_flight_the_identity_comes_first(self) -> None:
        assert epoch_changed(in_flight(a_copy(dirty={CELL: MINE})), a_whole(epoch="two"), []) is None

    def test_refused_edits_wait_again_as_new_ones(self) -> None:
        copy = a_copy(refused={CELL: Refused(MINE, "sync.sheet_closed")})
        changes = offer_again(copy, [CELL], lambda: "e2")
        assert changes.dirty == {CELL: Edit("e2", "scored", Decimal("7.00"))}
        assert changes.refused == {CELL: None}


class TestShowing:
    @pytest.mark.parametrize(
        ("copy", "badge"),
        [
            (a_copy(), "confirmed"),
            (a_copy(refused={CELL: Refused(MINE, "x")}), "refused"),
            (in_flight(a_copy(dirty={CELL: MINE})), "sending"),
            (a_copy(dirty={CELL: MINE}, refused={CELL: Refused(MINE, "x")}), "waiting"),
            (a_copy(dirty={CELL: MINE}, conflict={CELL: Conflict(MINE, THEIRS, BASE)}), "conflict"),
        ],
    )
    def test_the_badge_tells_which_value_it_is(self, copy: SheetCopy, badge: str) -> None:
        assert shown(copy, CELL)[2] == badge

    def test_a_batch_in_flight_is_shown_by_its_own_value(self) -> None:
        flying = Inflight(DEVICE, 1, b"", in_flight(a_copy(dirty={CELL: MINE})).inflight.ops)
        assert shown(a_copy(inflight=flying), CELL)[:2] == ("scored", Decimal("7.00"))


class TestChangeRequests:
    def test_a_refused_mark_that_a_request_carries_is_refused_no_more(self) -> None:
        copy = a_copy(refused={CELL: Refused(MINE, "sync.sheet_closed")})
        changes = hand_over(copy, {CELL: (MINE.edit_id, 41)})
        assert changes.refused == {CELL: None}
        assert [(fate.fate, fate.note) for fate in changes.fates] == [("change_requested", "41")]

    def test_one_typed_anew_meanwhile_stays(self) -> None:
        copy = a_copy(refused={CELL: Refused(MINE, "sync.sheet_closed")})
        assert hand_over(copy, {CELL: ("another", 41)}).refused == {}
