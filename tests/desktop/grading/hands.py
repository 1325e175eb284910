"""A grade page and the keyboard before it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from sims_desktop.grading.page import GridPage
from tests.desktop.grading.sheets import SECTION
from tests.desktop.grading.shelves import LocalShelf

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


class Hands:
    """Keys go to whatever has the focus, as a person's do."""

    def __init__(self, page: GridPage) -> None:
        self.page, self.view, self.grid = page, page.view, page.grid

    def type(self, text: str) -> None:
        for letter in text:
            self.key(letter)

    def key(self, key: Qt.Key | str, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        target = QApplication.focusWidget()
        assert target is not None
        if isinstance(key, str):
            QTest.keyClicks(target, key, modifiers)
        else:
            QTest.keyClick(target, key, modifiers)
        QApplication.processEvents()

    def column(self, column: int) -> list[str]:
        return [self.grid.cell(place, column).text for place in range(self.grid.row_count)]

    @property
    def note(self) -> str:
        return self.page.note.text()


class Desk(Hands):
    """With a shelf whose server is simulated."""

    def __init__(self, page: GridPage, shelf: LocalShelf) -> None:
        super().__init__(page)
        self.shelf = shelf

    def sync(self, qtbot: QtBot) -> None:
        self.shelf.sync_all()
        with qtbot.waitSignal(self.page.refreshed):
            self.page.around.changes.tell("sheet", SECTION)
