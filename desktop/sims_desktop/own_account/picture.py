"""A code for a phone's camera: dark on white whatever the look, with the quiet margin a camera needs."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from sims_desktop.kit.codes import dots_of

DOT, QUIET = 4, 4  # pixels of a dot; dots of margin, as the standard asks


class CodePicture(QWidget):
    """What it carries stands beside it in words, for who has no camera at hand."""

    def __init__(self, name: str, said: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(said)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.dots: list[list[bool]] = []

    def show_text(self, text: str) -> None:
        """Empty text shows nothing."""
        self.dots = dots_of(text) if text else []
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        side = (len(self.dots) + 2 * QUIET) * DOT if self.dots else 0
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self.dots:
            return
        painter = QPainter(self)
        painter.fillRect(self.rect(), Qt.GlobalColor.white)
        for row, line in enumerate(self.dots):
            for column, dark in enumerate(line):
                if dark:
                    place = QRectF((column + QUIET) * DOT, (row + QUIET) * DOT, DOT, DOT)
                    painter.fillRect(place, Qt.GlobalColor.black)
        painter.end()
