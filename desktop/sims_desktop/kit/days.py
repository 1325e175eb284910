"""A line for a day of the calendar, or for none: typed as 2026-12-05, stepped by the arrow keys.

The rule a newcomer would get wrong: no day is a value of its own ("no limit"), so this is no QDateEdit, which
always holds one.
"""

from __future__ import annotations

from datetime import date, timedelta

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from sims_desktop.kit.language import phrase

STEPS = {
    Qt.Key.Key_Up: 1,
    Qt.Key.Key_Down: -1,
    Qt.Key.Key_PageUp: 7,
    Qt.Key.Key_PageDown: -7,
}


class DayLine(QLineEdit):
    """↑ and ↓ a day, Page up and Page down a week; from an empty line on from `today`."""

    def __init__(self, today: date, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._today = today
        self.setMaxLength(10)
        self.setPlaceholderText(phrase("no limit"))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        by = STEPS.get(Qt.Key(event.key()))
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if by is not None and plain and not self.isReadOnly() and self.step(by):
            event.accept()
            return
        super().keyPressEvent(event)

    def step(self, by: int) -> bool:
        """Whether there was a day to go on from."""
        typed = self.text().strip()
        try:
            day = date.fromisoformat(typed) + timedelta(days=by) if typed else self._today
        except (ValueError, OverflowError):
            return False
        self.setText(day.isoformat())
        self.textEdited.emit(self.text())
        return True
