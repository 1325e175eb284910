"""Fields for days, as keys meet them."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QDate, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from sims_desktop.kit.days import DayField

TAB = Qt.Key.Key_Tab


@pytest.mark.parametrize("direction", list(Qt.LayoutDirection)[:2])
def test_tab_leaves_a_day_at_once_so_that_what_follows_does_not_change_it(
    qtbot: QtBot, direction: Qt.LayoutDirection
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.setLayoutDirection(direction)
    before, day, after = QLineEdit(window), DayField(window), QLineEdit(window)
    layout = QVBoxLayout(window)
    for part in (before, day, after):
        layout.addWidget(part)
    day.setDate(QDate(2026, 12, 5))
    window.show()
    window.activateWindow()
    before.setFocus()
    QTest.keyClick(before, TAB)
    assert window.focusWidget() is day
    QTest.keyClick(day, TAB)
    assert window.focusWidget() is after
    QTest.keyClicks(after, "R/88")
    assert (day.text(), after.text()) == ("2026-12-05", "R/88")
    QTest.keyClick(after, TAB, Qt.KeyboardModifier.ShiftModifier)
    assert window.focusWidget() is day
    QTest.keyClick(day, TAB, Qt.KeyboardModifier.ShiftModifier)
    assert window.focusWidget() is before
