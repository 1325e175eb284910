"""A histogram of marks, small and of our own: bars, counts above them, the range below, the pass line."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from sims_desktop.kit import theme


class Histogram(QWidget):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("histogram")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._bars: Sequence[int] = ()
        self._labels: Sequence[str] = ()
        self._line: float | None = None

    def show_bars(
        self, bars: Sequence[int], labels: Sequence[str], line: float | None, in_words: str
    ) -> None:
        """`labels` are the edges, one more than the bars; `line` is where the pass mark lies, 0 … 1.
        `in_words` is what a screen reader says instead of the picture."""
        self._bars, self._labels, self._line = bars, labels, line
        self.setAccessibleName(in_words)
        self.setToolTip(in_words)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().averageCharWidth() * 40, self.fontMetrics().height() * 11)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._bars:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        high = self.fontMetrics().height()
        left, right = 8.0, self.width() - 8.0
        bottom, top = self.height() - high - 4.0, high + 6.0
        wide = (right - left) / len(self._bars)
        most = max(max(self._bars), 1)
        for number, count in enumerate(self._bars):
            tall = (bottom - top) * count / most
            box = QRectF(left + number * wide + 1, bottom - tall, wide - 2, tall)
            painter.fillRect(box, palette.color(QPalette.ColorRole.Highlight))
            if count:
                painter.setPen(palette.color(QPalette.ColorRole.WindowText))
                above = QRectF(left + number * wide, bottom - tall - high - 1, wide, high)
                painter.drawText(above, int(Qt.AlignmentFlag.AlignCenter), f"{count:,}")
        painter.setPen(palette.color(QPalette.ColorRole.Mid))
        painter.drawLine(QPointF(left, bottom), QPointF(right, bottom))
        painter.setPen(palette.color(QPalette.ColorRole.WindowText))
        widest = max(self.fontMetrics().horizontalAdvance(label) for label in self._labels) + 6
        every = max(1, -(-widest // max(1, int(wide))))
        for number, label in enumerate(self._labels):
            is_last = number == len(self._bars)
            if number % every and not is_last:
                continue
            x = min(max(left + number * wide - widest / 2, 0.0), self.width() - widest)
            if not is_last and x + widest > self.width() - widest:
                continue  # the last one needs the place
            painter.drawText(QRectF(x, bottom + 2, widest, high), int(Qt.AlignmentFlag.AlignCenter), label)
        if self._line is not None:
            x = left + (right - left) * self._line
            painter.setPen(QPen(theme.mark("refused"), 1.5, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(x, top - 2), QPointF(x, bottom))
        painter.end()
