"""The disk fails at any call, the power goes at any call: what was shown as saved is there afterwards, and
what could not be kept was never shown, but said in words."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import apsw
import pytest

from sims_desktop.offline import upgrades
from sims_desktop.offline.exchange import Scope
from sims_desktop.offline.failures import NotKept
from sims_desktop.offline.store import SheetStore
from sims_shared.grading import Outcome, SyncAnswer
from sims_shared.merge import Key
from sims_shared.sheet_copy import SheetCopy, acknowledge, seal
from tests.desktop.offline.disk import Disk, PowerCut, open_on
from tests.desktop.offline.sheets import FINAL, MIDTERM, SECTION, WHEN, a_row, a_sheet, hold

KEY = "7c" * 32
ROWS = range(11, 41)
ACTIONS = 25
HISTORIES = 120
Value = tuple[str | None, Decimal | None]


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a sheet of thirty rows, on a disk that still worked."""
    path = tmp_path_factory.mktemp("disk") / "blank.db"
    upgrades.prepare(path, KEY)
    store = SheetStore(path, KEY)
    hold(store, a_sheet(*(a_row(enrollment) for enrollment in ROWS)))
    store.close()
    return path


class Person:
    """Types, seals and hears answers, and remembers what was shown as saved."""

    def __init__(self, store: SheetStore, luck: random.Random) -> None:
        self.store, self.luck = store, luck
        self.shown: dict[Key, Value] = {}
        self.under_way: dict[Key, Value] = {}
        self.said: list[str] = []
        self.kept = 0

    def act(self) -> None:
        """One action. What raises was not shown."""
        try:
            if self.luck.random() < 0.75:
                self._type()
            else:
                self._sync()
            self.kept += 1
        except NotKept as failure:
            self.said.append(str(failure))

    def _type(self) -> None:
        cells = {
            (self.luck.choice(ROWS), self.luck.choice((MIDTERM, FINAL))): Decimal(self.luck.randrange(10_000))
            / 100
            for _ in range(self.luck.choice((1, 1, 1, 5, 30)))
        }
        self.under_way = {key: ("scored", score) for key, score in cells.items()}
        seen = self.store.edit(SECTION, [(*key, "scored", score) for key, score in cells.items()])
        for key, value in self.under_way.items():
            assert (seen[key].mark, seen[key].score) == value
            self.shown[key] = value
        self.under_way = {}

    def _sync(self) -> None:
        """The server takes whatever is sent."""
        flying = self.store.inflight(SECTION)
        if flying is None:
            client_id = self.store.client_id()
            self.store.change(SECTION, Scope.WAITING, lambda copy: seal(copy, client_id))
            return
        batch = flying
        outcomes = [
            Outcome(op.edit_id, "applied", op.base_ver + 1, op.mark, op.score, None, WHEN)
            for op in batch.ops.values()
        ]
        answer = SyncAnswer(rev=9, digest="0" * 64, epoch="one", state="open", outcomes=outcomes)

        def heard(copy: SheetCopy) -> object:
            return acknowledge(copy, batch.client_id, batch.mid, answer)

        self.store.change(SECTION, Scope.WAITING, heard)  # type: ignore[arg-type]


def found_in(store: SheetStore) -> dict[Key, Value]:
    return {key: (cell.mark, cell.score) for key, cell in store.cells(SECTION).items()}


def check(person: Person, found: dict[Key, Value]) -> None:
    """Everything shown is there; what was under way is there as a whole, or not at all."""
    arrived = {key for key, value in person.under_way.items() if found.get(key) == value}
    before = {key for key in person.under_way if found.get(key) == person.shown.get(key)}
    assert arrived == person.under_way.keys() or before == person.under_way.keys()
    for key, value in person.shown.items():
        if key not in person.under_way:
            assert found[key] == value, f"{key} was shown as {value} and is {found.get(key)}"


def copied(blank: Path, folder: Path, name: str) -> Path:
    path = folder / f"{name}.db"
    path.write_bytes(blank.read_bytes())
    return path


def cut_the_power_somewhere(blank: Path, folder: Path, seed: int, *, waits_for_the_disk: bool = True) -> None:
    """One story of typing that ends in the dark. What was shown must be there in the morning."""
    luck = random.Random(seed)
    path, rescued = copied(blank, folder, str(seed)), folder / f"{seed}-rescued.db"
    disk = Disk(luck, is_not_waited_for=not waits_for_the_disk)
    person = Person(open_on(disk, path, KEY), luck)
    disk.arm(luck.randrange(1, 400), PowerCut, None)
    for _ in range(ACTIONS * 4):
        person.act()
        if disk.is_dead:
            break
    disk.cut_power(path, rescued)
    person.store.close()
    again = SheetStore(rescued, KEY)
    try:
        check(person, found_in(again))
        assert again._db.execute("PRAGMA integrity_check").get == "ok"
    finally:
        again.close()


@pytest.mark.parametrize("first", range(0, HISTORIES, 40))
def test_power_cut_at_any_call_keeps_what_was_shown_as_saved(blank: Path, tmp_path: Path, first: int) -> None:
    for seed in range(first, first + 40):
        cut_the_power_somewhere(blank, tmp_path, seed)


def test_mutant_shown_before_the_disk_has_it(
    blank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in range(40):
        try:
            cut_the_power_somewhere(blank, tmp_path, seed, waits_for_the_disk=False)
        except (AssertionError, KeyError, NotKept, apsw.Error) as noticed:
            with capsys.disabled():
                print(f"\n  caught after {seed + 1} power cuts: {str(noticed).splitlines()[0][:90]}")
            return
    pytest.fail("forty power cuts lost nothing that was not synced")


@pytest.mark.parametrize(
    ("fault", "word"),
    [(apsw.FullError, "full"), (apsw.IOError, "fault"), (apsw.ReadOnlyError, "read-only")],
)
@pytest.mark.parametrize("lasts", [1, 20])
def test_a_failing_disk_is_said_in_words_and_nothing_is_shown_that_is_not_kept(
    blank: Path, tmp_path: Path, fault: type[apsw.Error], word: str, lasts: int
) -> None:
    said: list[str] = []
    for seed in range(20):
        luck = random.Random(seed)
        path = copied(blank, tmp_path, str(seed))
        disk = Disk(luck)
        person = Person(open_on(disk, path, KEY), luck)
        disk.arm(luck.randrange(1, 120), fault, lasts)
        for _ in range(ACTIONS * 2):
            failures = len(person.said)
            person.act()
            if len(person.said) > failures:
                # Refused: the store shows what it showed before, now and after a restart.
                check(person, found_in(person.store))
                assert found_in(person.store).items() >= person.shown.items()
                person.under_way = {}
        disk.disarm()
        before = person.kept
        for _ in range(5):  # room was made: work goes on in the same program
            person.act()
        assert person.kept > before
        person.store.close()
        again = SheetStore(path, KEY)
        check(person, found_in(again))
        again.close()
        said += person.said
    assert said
    assert all(sentence.startswith("Not saved. ") for sentence in said)
    assert any(word in sentence for sentence in said)


@pytest.fixture
def store(blank: Path, tmp_path: Path) -> Iterator[SheetStore]:
    store = SheetStore(copied(blank, tmp_path, "mine"), KEY)
    yield store
    store.close()


def test_a_real_sqlite_without_room_refuses_and_goes_on_when_there_is_room(store: SheetStore) -> None:
    pages = store._db.pragma("page_count")
    store._db.pragma("max_page_count", pages)

    def fill() -> None:
        for number in range(10_000):
            store.edit(SECTION, [(ROWS[number % len(ROWS)], FINAL, "scored", Decimal(number % 90 + 1))])

    with pytest.raises(NotKept, match=r"^Not saved\. The disk of this computer is full"):
        fill()
    shown = found_in(store)
    store._db.pragma("max_page_count", pages * 4)
    store.edit(SECTION, [(11, MIDTERM, "absent", None)])
    assert found_in(store) == {**shown, (11, MIDTERM): ("absent", None)}


def test_a_store_that_may_only_be_read_says_so(store: SheetStore) -> None:
    store._db.pragma("query_only", True)
    with pytest.raises(NotKept, match="read-only"):
        store.edit(SECTION, [(11, FINAL, "absent", None)])
    assert (11, FINAL) not in found_in(store)
