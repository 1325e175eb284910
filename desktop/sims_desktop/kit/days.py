"""Fields for a day of the calendar, 2026-12-05, stepped by the arrow keys: one that always holds a day, and
a line that may hold none.

The rule a newcomer would get wrong: no day is a value of its own ("no limit"), so `DayLine` is no QDateEdit,
which always holds one.
"""

from __future__ import annotations

from datetime import date, timedelta

from PySide6.QtCore import QLocale, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDateEdit, QLineEdit, QWidget

from sims_desktop.kit.language import phrase

STEPS = {
    Qt.Key.Key_Up: 1,
    Qt.Key.Key_Down: -1,
    Qt.Key.Key_PageUp: 7,
    Qt.Key.Key_PageDown: -7,
}


class DayField(QDateEdit):
    """Tab leaves it, as it leaves every field: Qt's would go to the month and the day first, and what was
    meant for the next field would change the date. The arrow keys walk its parts."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # before the format, which it turns round
        self.setCalendarPopup(True)
        self.setDisplayFormat("yyyy-MM-dd")
        # Digits as everywhere else in the record, whatever this computer's language counts in.
        self.setLocale(QLocale.c())

    def focusNextPrevChild(self, forwards: bool) -> bool:
        self.setCurrentSectionIndex(self.sectionCount() - 1 if forwards else 0)
        return super().focusNextPrevChild(forwards)


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
