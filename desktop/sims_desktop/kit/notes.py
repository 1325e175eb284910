"""The quiet line at the foot of a page: what the last act did, in one sentence, read aloud too.

Instead of message boxes: nothing here takes the focus or waits for an answer.
"""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from sims_desktop.kit.language import runs_right_to_left

_FROM_THE_RIGHT = "\u200f"


class Said(QLabel):
    """Plain words for people. In a language from right to left they begin at the right even where the first
    of them is a name or a code: Qt takes a line's direction from its first letter, whatever surrounds it."""

    def setText(self, text: str) -> None:
        if runs_right_to_left():
            text = "\n".join(f"{_FROM_THE_RIGHT}{line}" if line else line for line in text.split("\n"))
        super().setText(text)

    def text(self) -> str:
        return super().text().replace(_FROM_THE_RIGHT, "")


class Note(Said):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("note")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setMinimumHeight(self.fontMetrics().height() + 6)

    def say(self, sentence: str) -> None:
        self.setText(sentence)
        self.setToolTip(sentence)
        if sentence and QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, sentence))
