"""Pages of a finished document as a person will hold them, one under the other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPixmap, QResizeEvent
from PySide6.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

from sims_desktop.kit.language import phrase
from sims_desktop.kit.printing import pdf_pages

GAP = 12


def read_pages(pdf: bytes, at_most: int | None = None) -> list[QImage]:
    """Off the window's thread: a page takes a tenth of a second. `at_most` of a long file."""
    return list(islice(pdf_pages(pdf), at_most))


class Preview(QScrollArea):
    """Fits the width; what it shows is said in words above it, and to screen readers."""

    def __init__(self, name: str, empty: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._empty = empty
        self._inside = QWidget(self)
        self._column = QVBoxLayout(self._inside)
        self._column.setSpacing(GAP)
        self.title = QLabel(self._inside)
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.title.setWordWrap(True)
        self._column.addWidget(self.title)
        self._sheets: list[QLabel] = []
        self._images: Sequence[QImage] = ()
        self._column.addStretch(1)
        self.setWidget(self._inside)
        self.clear()

    @property
    def page_count(self) -> int:
        return len(self._images)

    def clear(self, words: str = "") -> None:
        self.show_pages((), words or self._empty)

    def show_pages(self, images: Sequence[QImage], title: str) -> None:
        self._images = images
        self.title.setText(title)
        self.setAccessibleName(title)
        for sheet in self._sheets:
            self._column.removeWidget(sheet)
            sheet.deleteLater()
        self._sheets = []
        for number, _ in enumerate(images, 1):
            sheet = QLabel(self._inside)
            sheet.setAccessibleName(
                phrase("{title}, page {number} of {count}", title=title, number=number, count=len(images))
            )
            sheet.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            self._column.insertWidget(number, sheet)
            self._sheets.append(sheet)
        self._fit()
        self.verticalScrollBar().setValue(0)

    def turn(self, by: int) -> None:
        """By most of a screen, down or up."""
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + by * bar.pageStep() * 9 // 10)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        width = max(120, self.viewport().width() - 2 * GAP)
        dots = self.devicePixelRatioF()
        for sheet, image in zip(self._sheets, self._images, strict=True):
            shown = image.scaledToWidth(
                round(min(width * dots, image.width())), Qt.TransformationMode.SmoothTransformation
            )
            shown.setDevicePixelRatio(dots)
            sheet.setPixmap(QPixmap.fromImage(shown))
