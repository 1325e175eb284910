"""`sims bench grid`: how quickly the grade grid answers, on a real store, in a real window off screen.

Each line says what was measured, the median, the slowest, and what it may cost. The rule a newcomer would get
wrong: "in the model" leaves out the disk, which is why the same acts stand a second time with the store
below them; only there is a mark safe when the act returns.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:  # Qt is imported only once the platform is chosen
    from PySide6.QtCore import Qt
    from PySide6.QtWidgets import QApplication

    from sims_desktop.grading.presenter.grid import GridPresenter
    from sims_desktop.grading.presenter.sheet import Cell, Edit, Key
    from sims_desktop.grading.presenter.shelf import StoreShelf
    from sims_desktop.kit.page import Surroundings
    from sims_desktop.offline.store import SheetStore
    from sims_shared.grading import AssessmentView, SheetRow
    from sims_shared.sheet_copy import Changes, SheetCopy

SECTION = 17
WINDOW = (1280, 800)
FIRST_ENROLLMENT = 1001
CHUNK = 50_000
MEMORY = "--memory-of"

# What a person does not see as a pause. A key that takes longer is felt, whatever the median says.
UNSEEN = 100.0


class Size(NamedTuple):
    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    median: float
    slowest: float | None
    unit: str
    wanted: float  # the median may be at most this
    processor: float | None = None  # what of the median was work; the rest was waiting, or other programs
    slowest_wanted: float | None = None

    @property
    def holds(self) -> bool:
        slow = self.slowest is not None and self.slowest_wanted is not None
        return self.median <= self.wanted and not (slow and self.slowest > self.slowest_wanted)

    @property
    def words(self) -> str:
        slowest = "" if self.slowest is None else f"{self.slowest:9.1f}"
        limit = "" if self.slowest_wanted is None else f", slowest ≤ {self.slowest_wanted:g}"
        processor = "" if self.processor is None else f"{self.processor:9.1f}"
        verdict = "holds" if self.holds else "MISSED"
        return (
            f"{self.name:48} {self.median:9.1f} {slowest:>9} {processor:>9} {self.unit:4}"
            f" ≤ {self.wanted:g}{limit}  {verdict}"
        )


# --- the sheets ------------------------------------------------------------------------------------


def make_store(folder: Path, size: Size, *, filled: float = 0.97) -> SheetStore:
    """A sheet as a sync leaves it: marks that arrived column by column from two teachers."""
    from sims_desktop.offline.store import FILE_NAME, SheetStore
    from sims_desktop.offline.upgrades import prepare
    from sims_shared.grading import SheetSummary, SheetView
    from sims_shared.merge import Cell
    from sims_shared.sheet_copy import Changes, Head
    from sims_shared.values import Person

    path, key = folder / FILE_NAME, secrets.token_hex(32)
    prepare(path, key)
    store = SheetStore(path, key)
    summary = SheetSummary(SECTION, "CS-211", "Data Structures", "Fall 2026", "A", "open", 1, 0, 0)
    store.take_list([summary])
    chance = random.Random(1)
    enrollments = range(FIRST_ENROLLMENT, FIRST_ENROLLMENT + size.rows)
    view = SheetView(SECTION, "open", 1, "", "e1", 1, _assessments(size.columns), _roster(enrollments))
    head = Head(store.client_id(), epoch="e1", cursor=1)
    roster = dict.fromkeys(enrollments, "enrolled")
    store.change(SECTION, (), lambda copy: Changes(head=head, roster=roster), details=view)
    people = (Person(5, "Dr Amna Tariq"), Person(6, "Dr Saad Aziz"))
    scores = [Decimal(half) / 2 for half in range(201)]
    begun = datetime(2026, 9, 1, 8, tzinfo=UTC)
    step = max(1, CHUNK // size.columns)
    for top in range(0, size.rows, step):
        cells: dict[tuple[int, int], Cell | None] = {}
        for enrollment in enrollments[top : top + step]:
            for column in range(size.columns):
                if chance.random() < filled:
                    batch = enrollment // 500 * size.columns + column
                    at, by = begun + timedelta(minutes=batch), people[batch % 2]
                    cells[enrollment, column + 1] = Cell("scored", chance.choice(scores), 1, by, at)
        changes = Changes(base=cells)
        store.change(SECTION, (), partial(_unseen, changes))
    return store


def _unseen(changes: Changes, copy: SheetCopy) -> Changes:
    return changes


def _assessments(count: int) -> list[AssessmentView]:
    from sims_shared.grading import AssessmentView

    weight = (Decimal(100) / count).quantize(Decimal("0.01"))
    return [
        AssessmentView(n, SECTION, f"Quiz {n}", "quiz", weight, Decimal(100), entered_by="faculty")
        for n in range(1, count + 1)
    ]


def _roster(enrollments: range) -> list[SheetRow]:
    from sims_shared.grading import SheetRow, StudentOnSheet

    return [
        SheetRow(
            enrollment,
            "enrolled",
            StudentOnSheet(
                enrollment, f"2022-XU-BSCS-{enrollment - FIRST_ENROLLMENT:06d}", f"Student {enrollment}"
            ),
            {},
        )
        for enrollment in enrollments
    ]


# --- measuring -------------------------------------------------------------------------------------


class Spent(NamedTuple):
    """Milliseconds by the clock on the wall, and of this process's own work."""

    wall: float
    processor: float


def timed(act: Callable[[], object]) -> Spent:
    started, worked = time.perf_counter(), time.process_time()
    act()
    return Spent((time.perf_counter() - started) * 1000, (time.process_time() - worked) * 1000)


def line_of(name: str, spent: Sequence[Spent], wanted: float, slowest_wanted: float | None = None) -> Line:
    walls = [one.wall for one in spent]
    work = statistics.median(one.processor for one in spent)
    return Line(name, statistics.median(walls), max(walls), "ms", wanted, work, slowest_wanted)


class InMemory:
    """A shelf without a disk below it: what the model alone costs."""

    def __init__(self, shelf: StoreShelf) -> None:
        self._shelf = shelf

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shelf, name)

    def write(self, section_id: int, edits: Sequence[Edit]) -> dict[Key, Cell]:
        from sims_desktop.grading.presenter.sheet import Badge, cell_of

        return {(one.enrollment_id, one.assessment_id): cell_of(one.value, Badge.WAITING) for one in edits}


def blocks_of(rows: int, columns: int, count: int) -> list[str]:
    """Clipboards of the same size and different marks, as a spreadsheet writes them."""
    from sims_desktop.grading.presenter.blocks import write_block

    chance = random.Random(2)
    return [
        write_block([[str(chance.randrange(201) / 2) for _ in range(columns)] for _ in range(rows)])
        for _ in range(count)
    ]


def paste_lines(grid: GridPresenter, told: str, bounds: tuple[float, float, float]) -> list[Line]:
    """4,000 cells: 500 students × 8 assessments."""
    pastes, undos, redos = [], [], []
    for text in blocks_of(500, 8, 9):
        gc.collect()
        pastes.append(timed(partial(grid.paste, text, 0, 0)))
        undos.append(timed(grid.undo))
        redos.append(timed(grid.redo))
    return [
        line_of(f"paste 4,000 cells, {told}", pastes, bounds[0]),
        line_of(f"undo it, {told}", undos, bounds[1]),
        line_of(f"redo it, {told}", redos, bounds[2]),
    ]


class NoOffice:
    """The server is away, and nobody asks for it."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the grid asked the server to {name}")


class Window:
    """A sheet open in a window of its own, and the keyboard before it."""

    def __init__(self, app: QApplication, folder: Path, store: SheetStore) -> None:
        from sims_desktop.grading.presenter.shelf import StoreShelf
        from sims_desktop.kit.actions import Actions
        from sims_desktop.kit.page import Surroundings
        from sims_desktop.kit.remembered import Remembered
        from sims_desktop.kit.tasks import Tasks
        from sims_desktop.kit.theme import Theme

        def fail(error: BaseException) -> None:
            raise error

        self.app = app
        remembered = Remembered(folder)
        self.tasks = Tasks(fail)
        around = Surroundings(Actions(remembered), self.tasks, remembered, Theme(app, remembered))
        self.opening = timed(lambda: self._open(around, StoreShelf(store)))
        self.page.view.setFocus()
        self.page.activateWindow()
        self.settle()

    def _open(self, around: Surroundings, shelf: StoreShelf) -> None:
        from sims_desktop.grading.page import GridPage

        office: Any = NoOffice()
        self.page = GridPage(around, shelf, office, SECTION)
        self.page.resize(*WINDOW)
        self.page.show()
        self.settle()

    def settle(self) -> None:
        self.app.processEvents()

    def press(self, key: Qt.Key | str, modifiers: Qt.KeyboardModifier | None = None) -> Spent:
        """One key, until everything it changed is painted."""
        from PySide6.QtCore import Qt
        from PySide6.QtTest import QTest

        target = self.app.focusWidget()
        assert target is not None, "no window has the keyboard"
        held = Qt.KeyboardModifier.NoModifier if modifiers is None else modifiers

        def hit() -> None:
            if isinstance(key, str):
                QTest.keyClicks(target, key, held)
            else:
                QTest.keyClick(target, key, held)
            self.settle()

        return timed(hit)

    def repaint(self) -> Spent:
        def paint() -> None:
            self.page.update()
            for part in (self.page.view.viewport(), self.page.view.frozen.viewport()):
                part.update()
            self.page.view.horizontalHeader().viewport().update()
            self.settle()

        return timed(paint)

    def close(self) -> None:
        self.page.close()
        self.page.deleteLater()
        self.settle()
        self.tasks.close()


def window_lines(window: Window) -> list[Line]:
    """Of a sheet of 5,000 × 40."""
    from PySide6.QtCore import Qt

    from sims_desktop.grading.presenter.grid import Filter

    page, view, grid = window.page, window.page.view, window.page.grid
    lines = [line_of("open 5,000 × 40 from the store", [window.opening], 2_000)]
    view.go_to((0, 0))
    window.settle()
    lines.append(line_of("repaint a full window", [window.repaint() for _ in range(50)], 20))
    pages = [window.press(Qt.Key.Key_PageDown) for _ in range(200)]
    lines.append(line_of("a page down, of 200", pages, 20, UNSEEN))
    bar = view.verticalScrollBar()

    def drag(to: int) -> None:
        bar.setValue(to)
        window.settle()

    drags = [timed(partial(drag, bar.maximum() * n // 100)) for n in range(100)]
    lines.append(line_of("the scroll bar dragged, a step", drags, 20, UNSEEN))
    jumps = []
    chance = random.Random(3)
    for _ in range(20):
        view.go_to((chance.randrange(5_000), 0))
        window.press("/")
        jumps += [window.press(digit) for digit in f"{chance.randrange(5_000):06d}"]
        window.press(Qt.Key.Key_Return)
    lines.append(line_of("go to a number, a digit", jumps, 50, UNSEEN))
    view.go_to((0, 3))
    filters = [window.press(Qt.Key.Key_M) for _ in range(20)]
    lines.append(line_of("who is missing among 5,000, and back", filters, 50, UNSEEN))
    view.go_to((0, 3))
    sorts = [window.press("o") for _ in range(9)]
    lines.append(line_of("sort 5,000 by a column, round, and back", sorts, 50, UNSEEN))
    wheres = []
    for _ in range(10):
        wheres.append(timed(lambda: grid.apply_filter(Filter.MISSING)))
        grid.apply_filter(Filter.ALL)
    lines.append(line_of("missing anywhere, 200,000 cells looked at", wheres, 100))
    view.go_to((10, 0))
    window.settle()
    keys = []
    for _ in range(30):
        keys += [window.press(key) for key in ("4", "7", Qt.Key.Key_Return)]
    lines.append(line_of("type a mark, a key", keys, 20, UNSEEN))
    alls = [window.press(Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier) for _ in range(5)]
    lines.append(line_of("choose all 200,000 cells", alls, 50, UNSEEN))
    view.go_to((0, 0))
    window.settle()
    fresh = grid.shelf.read_sheet(SECTION)
    refreshes = [timed(partial(grid.take, fresh, grid.moment)) for _ in range(5)]
    lines.append(line_of("show what a sync brought", refreshes, 50, UNSEEN))
    page.look_for_slips()
    slips = []
    for _ in range(5):
        grid.type_text(10, 0, str(chance.randrange(100)))
        slips.append(timed(page.look_for_slips))
    lines.append(line_of("look for slips after a mark", slips, 100))
    assert page.isVisible()
    return lines


def strip_lines(window: Window) -> list[Line]:
    """Every one of 500 scripts: three digits, Enter, two digits, Enter, as real keys."""
    from PySide6.QtCore import Qt

    page = window.page
    page.view.go_to((0, 0))
    window.press(Qt.Key.Key_F6)
    order = list(range(500))
    chance = random.Random(4)
    chance.shuffle(order)
    keys, scripts = [], []
    for number in order:
        line = [*f"{number:03d}", Qt.Key.Key_Return, *str(chance.randrange(10, 100)), Qt.Key.Key_Return]
        spent = [window.press(key) for key in line]
        keys += spent
        scripts.append(Spent(sum(one.wall for one in spent), sum(one.processor for one in spent)))
    entered = page.strip.progress.text()
    assert entered.startswith("500 entered"), entered
    window.press(Qt.Key.Key_Escape)
    return [
        line_of("a script in the unsorted strip (7 keys), of 500", scripts, UNSEEN),
        line_of("a key in the strip, of 3,500", keys, 20, UNSEEN),
    ]


# --- memory ----------------------------------------------------------------------------------------


def resident() -> dict[str, float]:
    """MB now and at most, of this process."""
    told = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {name: int(told[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM")}


def say_memory(folder: Path, key: str) -> int:
    """In a process of its own: opens the sheet in a window, scrolls through it, prints what it grew by."""
    from PySide6.QtCore import Qt
    from PySide6.QtWidgets import QApplication

    from sims_desktop.offline.store import FILE_NAME, SheetStore

    app = QApplication([])
    store = SheetStore(folder / FILE_NAME, key)
    with tempfile.TemporaryDirectory() as small:
        tiny = make_store(Path(small), Size(5, 20))
        window = Window(app, Path(small), tiny)  # everything is imported and painted once
        window.repaint()
        window.close()
        tiny.close()
        del window
    gc.collect()
    before = resident()["VmRSS"]
    window = Window(app, folder, store)
    for _ in range(200):
        window.press(Qt.Key.Key_PageDown)
    window.page.view.go_to((0, 0))
    window.settle()
    now = resident()
    print(f"{now['VmRSS'] - before:.1f} {now['VmHWM'] - before:.1f} {window.opening.wall:.1f}")
    window.close()
    return 0


def memory_lines(folder: Path) -> list[Line]:
    size = Size(100_000, 20)
    place = folder / "memory"
    place.mkdir()
    store = make_store(place, size)
    key = store._key
    store.close()
    told = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.grid", MEMORY, str(place)],
        env={**os.environ, "SIMS_BENCH_KEY": key},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    grown, peak, opening = map(float, told)
    return [
        Line("100,000 × 20 in a window, memory", grown, None, "MB", 150),
        Line("100,000 × 20 while it opens, memory", peak, None, "MB", 200),
        Line("open 100,000 × 20 from the store", opening, None, "ms", 20_000),
    ]


# --- the bench -------------------------------------------------------------------------------------


def main(argv: Sequence[str] | None = None) -> int:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.setdefault("QT_LOGGING_RULES", "qt.qpa.*=false")
    parser = argparse.ArgumentParser(prog="sims bench grid", description=__doc__)
    parser.add_argument(MEMORY, type=Path, metavar="FOLDER", help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="without the sheet of 100,000 × 20")
    given = parser.parse_args(argv)
    if given.memory_of is not None:
        return say_memory(given.memory_of, os.environ["SIMS_BENCH_KEY"])

    from PySide6.QtWidgets import QApplication

    from sims_desktop.grading.presenter.grid import GridPresenter
    from sims_desktop.grading.presenter.shelf import StoreShelf
    from sims_desktop.grading.table import GradeTable

    app = QApplication.instance() or QApplication(["sims"])
    assert isinstance(app, QApplication)
    lines: list[Line] = []

    def add(more: Sequence[Line]) -> None:
        for line in more:
            print(line.words, flush=True)
        lines.extend(more)

    print(f"{'':48} {'median':>9} {'slowest':>9} {'work':>9}      wanted", flush=True)
    with tempfile.TemporaryDirectory(prefix="sims-grid-") as made:
        folder = Path(made)

        def sheet(name: str, size: Size, filled: float = 0.97) -> SheetStore:
            (folder / name).mkdir()
            return make_store(folder / name, size, filled=filled)

        class_of_500 = sheet("class", Size(500, 8))
        in_memory: Any = InMemory(StoreShelf(class_of_500))
        grid = GridPresenter(in_memory, SECTION)
        table = GradeTable(grid)
        add(paste_lines(grid, "in the model", (40, 20, 20)))
        del table
        grid = GridPresenter(StoreShelf(class_of_500), SECTION)
        table = GradeTable(grid)
        add(paste_lines(grid, "durable on the disk", (250, 250, 250)))
        del table
        class_of_500.close()
        scripts = sheet("scripts", Size(500, 6), filled=0.0)
        window = Window(app, folder / "scripts", scripts)
        add(strip_lines(window))
        window.close()
        scripts.close()
        large = sheet("large", Size(5_000, 40))
        window = Window(app, folder / "large", large)
        add(window_lines(window))
        window.close()
        large.close()
        if not given.quick:
            add(memory_lines(folder))
    known = [line for line in lines if line.processor]
    waited = sum(line.median for line in known) / sum(line.processor or 0 for line in known)
    if waited > 1.4:
        print(f"Other programs ran: the clock went {waited:.1f} times as far as this one's work.")
    missed = [line.name for line in lines if not line.holds]
    print(f"{len(missed)} missed: {'; '.join(missed)}" if missed else "every one holds")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
