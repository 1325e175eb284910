"""Every page of every role: reached by keyboard, heard by name, said in Urdu, readable at twice the size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAction
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from sims_desktop.grading.page import GridPage
from sims_desktop.kit import language
from sims_desktop.kit.actions import Actions
from sims_desktop.kit.guide import anchor_of, guide_folder
from sims_desktop.kit.remembered import Remembered
from sims_desktop.kit.shortcuts import ShortcutSheet
from sims_desktop.kit.tables import RecordView
from sims_desktop.kit.wording import left_to_right
from sims_desktop.shell.window import NAME_ROLE, MainWindow
from tests.desktop.approvals.program import WAIT, Program, program  # noqa: F401
from tests.desktop.reach import described, faults, not_reached
from tests.server.results.scene import fill
from tests.support.university import University

ROLES = ("faculty", "head", "examcell", "registrar", "counter", "accounts", "admin", "student")


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    scene = university.stand(students=4)
    fill(university, scene)
    return scene


def step_of(window: MainWindow) -> QAction:
    return next(one.action for one in window._around.actions.all() if one.id == "window.next_part")


def open_grid(qtbot: QtBot, window: MainWindow, section: int) -> GridPage:
    from sims_desktop.grading.presenter.sheet import SheetNotHere

    def arrived() -> bool:
        try:
            window.open("sheet", section)
        except SheetNotHere:
            return False
        return True

    qtbot.waitUntil(arrived, timeout=WAIT)
    page = window.page
    assert isinstance(page, GridPage)
    return page


def panels_of(page: GridPage) -> Iterator[str]:
    """Opens one thing after the other beside the grid."""
    yield "grid"
    page.open_find()
    yield "find"
    page._leave_find()
    for opens in (page.toggle_distribution, page.toggle_tray, page.submit, page.toggle_strip):
        opens()
        yield opens.__name__
    page.toggle_strip()


def test_every_part_of_every_page_is_reached_and_heard(
    qtbot: QtBot,
    program: Program,  # noqa: F811
    scene: dict[str, Any],
) -> None:
    found: dict[str, list[str]] = {}
    for role in ROLES:
        window = program.enter(role)
        window.activateWindow()
        actions = window._around.actions
        found[f"{role}: window"] = faults(window, actions)
        for kind in desks_of(window):
            page = window.open(kind)
            QApplication.processEvents()
            found[f"{role}: {kind}"] = faults(page, actions) + unreached(window) + guideless(page.guide)
            found[f"{role}: {kind} at 1280"] = sideways(page)
        if role == "faculty":
            grid = open_grid(qtbot, window, scene["section"])
            for part in panels_of(grid):
                QApplication.processEvents()
                found[f"beside the grid: {part}"] = faults(grid, actions) + unreached(window)
            cells = spoken_cells(grid), expected_cells(grid)
            sheet = ShortcutSheet(actions, "Everywhere", window)
            found["keys"] = faults(sheet)
            found["palette"] = faults(window.palette_box)
            in_urdu(program, qtbot, scene["section"])
    everything = sorted({f"{part}: {one}" for part, told in found.items() for one in told})
    assert not everything, "\n".join(everything)
    assert cells[0] == cells[1]


def in_urdu(program: Program, qtbot: QtBot, section: int) -> None:  # noqa: F811
    """The same window in the other language and back, the sheet in front again."""
    desktop = program.started[-1]
    before = desktop.window
    assert before is not None
    before.open("sheet", section)
    desktop.set_language(language.URDU)
    window = desktop.window
    assert window is not None
    assert window is not before
    assert window.layoutDirection() is Qt.LayoutDirection.RightToLeft
    assert window.navigation.item(0).text() == "میری شیٹیں"
    page = open_grid(qtbot, window, section)
    assert page.view.table.frozen_texts(0)[0] == left_to_right(page.grid.row(0).reg_no)
    assert page.grid.described(0, 1) == "Student Number 1, Midterm, \u206850\u2069 میں سے \u206840\u2069"
    assert desktop.remembered.text("look/language") == language.URDU
    desktop.set_language(language.ENGLISH)
    assert desktop.window is not None
    assert desktop.window.place == ("sheet", section)
    assert desktop.window.navigation.item(0).text() == "My sheets"


def desks_of(window: MainWindow) -> list[str]:
    rows = range(window.navigation.count())
    names = [window.navigation.item(row).data(NAME_ROLE) for row in rows]
    kinds = [str(name).split("/")[0] for name in names if name]  # a heading is no desk
    assert kinds
    return kinds


def guideless(topic: str) -> list[str]:
    """F1 leads to a page of the guide, and to its heading, without a network."""
    name, _, anchor = topic.partition("#")
    file = guide_folder() / f"{name}.md"
    if not file.is_file():
        return [f"the guide has no page {name}"]
    lines = file.read_text(encoding="utf-8").splitlines()
    headings = {anchor_of(line.lstrip("# ")) for line in lines if line.startswith("#")}
    return [f"the guide's page {name} has no heading {anchor}"] if anchor and anchor not in headings else []


def sideways(page: QWidget) -> list[str]:
    """Lists that are read only by scrolling from left to right."""
    return [
        f"{described(view)} scrolls sideways by {view.horizontalScrollBar().maximum()}"
        for view in page.findChildren(RecordView)
        if view.isVisible() and view.horizontalScrollBar().maximum()
    ]


def unreached(window: MainWindow) -> list[str]:
    return [f"never reached: {one}" for one in not_reached(window, step_of(window))]


def spoken_cells(page: GridPage) -> list[str]:
    """What a screen reader is told of each cell, row by row."""
    interface = QAccessible.queryAccessibleInterface(page.view)
    told = [interface.child(number) for number in range(interface.childCount())]
    cells = [one.text(QAccessible.Text.Name) for one in told if one.role() == QAccessible.Role.Cell]
    wide = len(page.grid.columns) + 1
    return [name for number, name in enumerate(cells) if number % wide != wide - 1]


def expected_cells(page: GridPage) -> list[str]:
    return [
        f"{row.name}, {head.name}, {page.grid.cell(place, column).text} of {int(head.max_score)}"
        for place, row in enumerate(page.grid.sheet.rows)
        for column, head in enumerate(page.grid.columns)
    ]


def test_what_the_check_looks_for_is_found(qtbot: QtBot, tmp_path: Any) -> None:
    """Each fault made on purpose."""
    root = QWidget()
    qtbot.addWidget(root)
    column = QVBoxLayout(root)
    lonely, label, mouse = QLineEdit(root), QLabel("&Weight", root), QPushButton("Press", root)
    mouse.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    for part in (label, lonely, mouse):
        column.addWidget(part)
    root.addAction(QAction("Hidden act", root))
    told = faults(root, Actions(Remembered(tmp_path)))
    assert told == [
        "QLineEdit (no name): a screen reader says nothing",
        "QLineEdit (no name) of QWidget (no name): no stable name",
        "label “&Weight”: its key leads nowhere",
        "QPushButton (no name) “Press”: only a mouse presses it",
        "action “Hidden act” of QWidget (no name): neither palette nor keys know it",
    ]
    label.setBuddy(lonely)
    lonely.setObjectName("weight")
    mouse.setText("Press (F4)")
    assert len(faults(root)) == 0
