"""The local store: durable, encrypted, and the same decisions as in memory."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import apsw
import pytest

from sims_desktop.offline import upgrades
from sims_desktop.offline.exchange import Scope
from sims_desktop.offline.store import SheetStore, Waiting
from sims_shared.grading import ChangedCell, Outcome, RosterChanges, SheetChanges, SyncAnswer
from sims_shared.sheet_copy import Badge, Changes, ConflictMoved, SheetCopy, acknowledge, apply_pull, seal
from sims_shared.values import Person
from tests.desktop.offline.sheets import AMINA, FINAL, MIDTERM, SECTION, WHEN, a_row, a_sheet, hold

KEY = "a1" * 32
BILAL = Person(2, "Bilal")
SEVENTY = Decimal("70.00")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    upgrades.prepare(tmp_path / "sheets.db", KEY)
    return tmp_path / "sheets.db"


@pytest.fixture
def store(path: Path) -> Iterator[SheetStore]:
    store = SheetStore(path, KEY)
    hold(store, a_sheet(a_row(11, (MIDTERM, "scored", "55.00", 3)), a_row(12)))
    yield store
    store.close()


def test_closing_waits_for_whoever_is_in_the_middle_of_reading(store: SheetStore) -> None:
    reads, goes_on, closed = threading.Event(), threading.Event(), threading.Event()
    shown: list[str | None] = []

    def show(mark: str | None, score: Decimal | None, badge: Badge, note: str) -> str | None:
        reads.set()
        assert goes_on.wait(30)
        shown.append(mark)
        return mark

    reader = threading.Thread(target=lambda: store.open_grid(SECTION, show))

    def close() -> None:
        store.close()
        closed.set()

    closer = threading.Thread(target=close)
    reader.start()
    assert reads.wait(30)
    closer.start()
    assert not closed.wait(0.05), "it was closed under the reader"
    goes_on.set()
    reader.join(30)
    closer.join(30)
    assert closed.is_set()
    assert "scored" in shown


def seal_all(store: SheetStore) -> None:
    client_id = store.client_id()
    store.change(SECTION, Scope.WAITING, lambda copy: seal(copy, client_id))


def answer(store: SheetStore, *outcomes: Outcome) -> Changes | None:
    flying = store.inflight(SECTION)
    assert flying is not None
    said = SyncAnswer(rev=6, digest="", epoch="one", state="open", outcomes=list(outcomes))
    return store.change(
        SECTION, Scope.WAITING, lambda copy: acknowledge(copy, flying.client_id, flying.mid, said)
    )


def conflict_at(store: SheetStore, edit_id: str, ver: int = 4) -> Outcome:
    return Outcome(edit_id, "conflict", ver, "scored", Decimal("60.00"), BILAL, WHEN)


def flying_ids(store: SheetStore) -> list[str]:
    flying = store.inflight(SECTION)
    assert flying is not None
    return [op.edit_id for op in flying.ops.values()]


def a_conflict(store: SheetStore) -> None:
    store.edit(SECTION, [(11, MIDTERM, "scored", SEVENTY)])
    seal_all(store)
    answer(store, conflict_at(store, flying_ids(store)[0]))


class TestOpening:
    def test_a_sheet_opens_as_it_was_synced(self, store: SheetStore) -> None:
        sheet = store.open_sheet(SECTION)
        assert sheet is not None
        assert [column.name for column in sheet.columns] == ["Midterm", "Final"]
        assert [(row.reg_no, row.name) for row in sheet.rows] == [
            ("2026-0011", "Student 11"),
            ("2026-0012", "Student 12"),
        ]
        assert sheet.rev == 5
        assert sheet.cells == {(11, MIDTERM): ("scored", Decimal("55.00"), "confirmed", "", AMINA, WHEN)}

    def test_a_sheet_that_is_not_here_opens_as_none(self, store: SheetStore) -> None:
        assert store.open_sheet(99) is None

    def test_typing_into_a_sheet_that_is_not_here_is_an_error(self, store: SheetStore) -> None:
        with pytest.raises(KeyError):
            store.edit(99, [(1, 1, "absent", None)])

    def test_the_list_tells_what_is_filled_and_what_waits(self, store: SheetStore) -> None:
        store.edit(SECTION, [(12, FINAL, "absent", None), (11, MIDTERM, None, None)])
        (line,) = store.sheets()
        assert (line.filled, line.total, line.here) == (1, 4, True)
        assert line.waiting == Waiting(dirty=2)


class TestTyping:
    def test_an_edit_is_there_after_the_program_died(
        self, path: Path, store: SheetStore, tmp_path: Path
    ) -> None:
        shown = store.edit(SECTION, [(11, MIDTERM, "scored", SEVENTY)])
        assert shown[11, MIDTERM].badge == "waiting"
        # What a crash leaves: the files as they are now, without anybody closing them.
        died = tmp_path / "died"
        died.mkdir()
        for file in (path, path.with_name("sheets.db-wal")):
            shutil.copyfile(file, died / file.name)
        after = SheetStore(died / path.name, KEY)
        assert after.cells(SECTION)[11, MIDTERM][:3] == ("scored", SEVENTY, "waiting")
        after.close()

    def test_a_block_is_one_transaction(self, store: SheetStore) -> None:
        def torn(copy: SheetCopy) -> Changes:
            raise OSError("the disk is full")

        with pytest.raises(OSError, match="disk"):
            store.change(SECTION, Scope.WAITING, torn)
        assert store.waiting_count() == Waiting()

    def test_an_edit_answers_what_the_store_then_shows(self, store: SheetStore) -> None:
        a_conflict(store)
        keys = {(11, MIDTERM), (12, MIDTERM), (12, FINAL), (11, FINAL)}
        store.edit(SECTION, [(12, FINAL, "scored", SEVENTY)])
        told = store.edit(
            SECTION,
            [(11, MIDTERM, "absent", None), (12, MIDTERM, None, None), (12, FINAL, "scored", Decimal(9)),
             (11, FINAL, "scored", Decimal(8))],
        )  # fmt: skip
        assert told == store.cells(SECTION, keys)
        whole = store.cells(SECTION)
        assert all(whole[key] == cell for key, cell in told.items() if key in whole)

    def test_typing_what_is_confirmed_waits_for_nothing(self, store: SheetStore) -> None:
        store.edit(SECTION, [(11, MIDTERM, "scored", Decimal("55.00"))])
        assert store.waiting_count() == Waiting()

    def test_two_threads_each_have_a_connection(self, store: SheetStore) -> None:
        faults: list[BaseException] = []

        def type_many(enrollment: int) -> None:
            try:
                for score in range(30):
                    store.edit(SECTION, [(enrollment, FINAL, "scored", Decimal(score))])
            except BaseException as fault:
                faults.append(fault)

        threads = [threading.Thread(target=type_many, args=(enrollment,)) for enrollment in (11, 12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert faults == []
        assert {cell.score for key, cell in store.cells(SECTION).items() if key[1] == FINAL} == {Decimal(29)}

    def test_the_edit_log_cannot_be_rewritten(self, path: Path, store: SheetStore) -> None:
        store.edit(SECTION, [(11, MIDTERM, "scored", SEVENTY)])
        for statement in ("DELETE FROM edit_log", "UPDATE edit_log SET score = '99'"):
            with pytest.raises(apsw.ConstraintError, match="append-only"):
                upgrades.connect(path, KEY).execute(statement)

    def test_a_grid_shows_what_the_sheet_shows(self, store: SheetStore) -> None:
        a_conflict(store)
        store.edit(SECTION, [(12, FINAL, "scored", SEVENTY), (13, FINAL, "absent", None)])
        sheet = store.open_sheet(SECTION)
        grid = store.open_grid(SECTION, lambda *shown: shown)
        assert sheet is not None
        assert grid is not None
        assert grid.sheet == replace(sheet, cells={})
        for row, line in zip(sheet.rows, grid.cells, strict=True):
            for column, cell in zip(sheet.columns, line, strict=True):
                told = sheet.cells.get((row.enrollment_id, column.id))
                assert cell == (told[:4] if told is not None else (None, None, "confirmed", ""))
        assert store.open_grid(99, lambda *shown: shown) is None


class TestConflicts:
    def test_both_values_are_shown_with_their_names(self, store: SheetStore) -> None:
        a_conflict(store)
        (shown,) = store.conflicts()
        assert (shown.reg_no, shown.assessment) == ("2026-0011", "Midterm")
        assert (shown.base.score, shown.mine.score, shown.theirs.score) == (
            Decimal("55.00"),
            SEVENTY,
            Decimal("60.00"),
        )
        assert shown.theirs.by == BILAL
        assert store.cells(SECTION)[11, MIDTERM][:3] == ("scored", SEVENTY, "conflict")

    def test_mine_becomes_a_new_edit_on_top_of_theirs(self, store: SheetStore) -> None:
        a_conflict(store)
        store.keep_mine(SECTION, [((11, MIDTERM), 4)])
        seal_all(store)
        flying = store.inflight(SECTION)
        assert flying is not None
        assert flying.ops[11, MIDTERM].base_ver == 4

    def test_theirs_stands_and_mine_stays_in_the_log(self, store: SheetStore) -> None:
        a_conflict(store)
        store.keep_theirs(SECTION, [((11, MIDTERM), 4)])
        assert store.cells(SECTION)[11, MIDTERM][:3] == ("scored", Decimal("60.00"), "confirmed")
        fates = [fate.fate for fate, _ in store.history(SECTION, (11, MIDTERM))]
        assert fates == ["edited", "sealed", "conflict", "chose_theirs"]

    def test_nobody_chooses_against_a_value_they_have_not_seen(self, store: SheetStore) -> None:
        a_conflict(store)
        moved = SheetChanges(
            rev=9,
            digest="",
            epoch="one",
            state="open",
            cells=[
                ChangedCell(
                    enrollment_id=11, assessment_id=MIDTERM, mark="absent", score=None, ver=5, by=BILAL
                )
            ],
        )
        store.change(SECTION, {(11, MIDTERM)}, lambda copy: apply_pull(copy, 5, moved), details=moved)
        for choose in (store.keep_mine, store.keep_theirs):
            with pytest.raises(ConflictMoved):
                choose(SECTION, [((11, MIDTERM), 4)])
        assert store.conflicts()[0].theirs.mark == "absent"


class TestRefusals:
    def refuse(self, store: SheetStore) -> None:
        store.edit(SECTION, [(12, FINAL, "scored", SEVENTY)])
        seal_all(store)
        (edit_id,) = flying_ids(store)
        refused = Outcome(edit_id, "rejected", None, None, None, None, None, "sync.sheet_closed")
        answer(store, refused)

    def test_a_refused_edit_stays_visible_with_its_reason(self, store: SheetStore) -> None:
        self.refuse(store)
        assert store.cells(SECTION)[12, FINAL][:4] == ("scored", SEVENTY, "refused", "sync.sheet_closed")
        (shown,) = store.refused()
        assert (shown.reg_no, shown.name, shown.assessment) == ("2026-0012", "Student 12", "Final")

    def test_it_is_offered_again_with_one_key(self, store: SheetStore) -> None:
        self.refuse(store)
        assert store.offer_again(SECTION) == 1
        assert store.waiting_count(SECTION) == Waiting(dirty=1)

    def test_it_can_be_let_go(self, store: SheetStore) -> None:
        self.refuse(store)
        store.give_up(SECTION, [(12, FINAL)])
        assert store.waiting_count(SECTION) == Waiting()
        assert store.history(SECTION, (12, FINAL))[-1][0].fate == "given_up"


class TestLeaving:
    def test_a_sheet_with_unsent_edits_is_not_forgotten(self, store: SheetStore) -> None:
        store.edit(SECTION, [(12, FINAL, "absent", None)])
        assert not store.purge(SECTION)
        assert store.open_sheet(SECTION) is not None

    def test_nor_one_whose_edits_nobody_judged(self, store: SheetStore) -> None:
        store.edit(SECTION, [(12, FINAL, "absent", None)])
        seal_all(store)
        flying = store.inflight(SECTION)
        assert flying is not None
        from sims_shared.sheet_copy import refuse_batch

        store.change(
            SECTION,
            Scope.WAITING,
            lambda copy: refuse_batch(copy, flying.client_id, flying.mid, "request.not_found"),
        )
        assert not store.purge(SECTION)
        assert store.purge(SECTION, exported=True)

    def test_a_forgotten_sheet_leaves_the_log_and_no_student(self, path: Path, store: SheetStore) -> None:
        TestRefusals().refuse(store)
        assert store.purge(SECTION)
        assert store.sheets() == []
        left = upgrades.connect(path, KEY)
        for table in ("row", "base", "refused", "assessment", "acked"):
            assert left.execute(f"SELECT count(*) FROM {table}").get == 0
        assert store.history(SECTION, (12, FINAL))[-1][0].fate == "purged"


class TestRows:
    def test_a_row_that_leaves_is_not_shown_but_named_where_an_edit_was_refused(
        self, store: SheetStore
    ) -> None:
        TestRefusals().refuse(store)
        gone = SheetChanges(
            rev=8, digest="", epoch="one", state="open", cells=[], roster=RosterChanges(removed=[12])
        )
        store.change(SECTION, (), lambda copy: apply_pull(copy, 5, gone), details=gone)
        sheet = store.open_sheet(SECTION)
        assert sheet is not None
        assert [row.enrollment_id for row in sheet.rows] == [11]
        assert store.refused()[0].name == "Student 12"

    def test_a_row_that_comes_brings_its_name_and_cells(self, store: SheetStore) -> None:
        row = a_row(13, (FINAL, "scored", "33.00", 2))
        came = SheetChanges(
            rev=8, digest="", epoch="one", state="open", cells=[], roster=RosterChanges(added=[row])
        )
        store.change(SECTION, {(13, FINAL)}, lambda copy: apply_pull(copy, 5, came), details=came)
        sheet = store.open_sheet(SECTION)
        assert sheet is not None
        assert sheet.rows[-1].name == "Student 13"
        assert sheet.cells[13, FINAL].score == Decimal("33.00")


class TestMemory:
    def test_applied_edits_are_remembered_for_fourteen_days_of_the_servers_time(self, path: Path) -> None:
        clock = [datetime(2026, 9, 1, tzinfo=UTC)]
        store = SheetStore(path, KEY, now=lambda: clock[0])
        hold(store, a_sheet(a_row(11), a_row(12)))

        def applied(enrollment: int, at: datetime) -> str:
            store.edit(SECTION, [(enrollment, FINAL, "scored", SEVENTY)])
            seal_all(store)
            (edit_id,) = flying_ids(store)
            answer(store, Outcome(edit_id, "applied", 1, "scored", SEVENTY, AMINA, at))
            return edit_id

        first = applied(11, WHEN)
        clock[0] += timedelta(days=400)  # this computer's clock decides nothing
        store.synced(SECTION)
        assert [op.edit_id for op in store.remembered(SECTION)] == [first]
        second = applied(12, WHEN + timedelta(days=14))
        assert [op.edit_id for op in store.remembered(SECTION)] == [first, second]
        store.close()
        store = SheetStore(path, KEY, now=lambda: clock[0])
        seal_all(store)
        store.edit(SECTION, [(12, FINAL, "absent", None)])
        seal_all(store)
        (third,) = flying_ids(store)
        answer(
            store, Outcome(third, "applied", 2, "absent", None, AMINA, WHEN + timedelta(days=14, seconds=1))
        )
        assert [op.edit_id for op in store.remembered(SECTION)] == [second, third]
        store.synced(SECTION)
        assert [op.edit_id for op in store.remembered(SECTION)] == [second, third]
        store.close()

    def test_the_passphrase_is_known_by_its_hash_only(self, store: SheetStore) -> None:
        store.remember_passphrase("correct horse")
        assert store.passphrase_matches("correct horse")
        assert not store.passphrase_matches("incorrect horse")
        assert "horse" not in (store.recall("passphrase") or "")
