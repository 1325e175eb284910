"""The days of a term on a line: the term itself as a bar, a tick a day, and where today is.

Each day has a line of its own below the bar, so that no words cover others however near two days lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from sims_desktop.kit import theme
from sims_desktop.kit.language import phrase
from sims_desktop.terms.presenter import Mark

BAR = 8
EDGE = 8


class Timeline(QWidget):
    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._marks: Sequence[Mark] = ()
        self._term: tuple[date, date] | None = None
        self._today = date.min

    def show_days(self, marks: Sequence[Mark], term: tuple[date, date] | None, today: date) -> None:
        """`term` from its first day to its last, where both are known."""
        self._marks, self._term, self._today = marks, term, today
        told = [mark.words for mark in marks]
        self.setAccessibleName(phrase("Days of the term"))
        self.setAccessibleDescription("\n".join(told))
        self.setVisible(bool(marks))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        high = self.fontMetrics().height() + 2
        return QSize(300, high * (len(self._marks) + 1) + BAR * 3)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, self.sizeHint().height())

    @property
    def _ends(self) -> tuple[date, date]:
        """What the line spans: the days, and today where it is not far from them."""
        days = [mark.day for mark in self._marks]
        first, last = min(days), max(days)
        near = (last - first) / 4
        if first - near <= self._today <= last + near:
            return min(first, self._today), max(last, self._today)
        return first, last

    @property
    def today_words(self) -> str:
        first, last = self._ends
        if self._today < first:
            return phrase("today is before")
        return phrase("today is after") if self._today > last else phrase("today")

    def place_of(self, day: date) -> float:
        """Where a day stands, from the left; what lies beyond the ends stands at them."""
        first, last = self._ends
        wide = self.width() - 2 * EDGE
        share = min(1.0, max(0.0, (day - first).days / max(1, (last - first).days)))
        return EDGE + (1 - share if self._flips else share) * wide

    @property
    def _flips(self) -> bool:
        return self.layoutDirection() is Qt.LayoutDirection.RightToLeft

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._marks:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette, metrics = self.palette(), painter.fontMetrics()
        high = metrics.height() + 2
        top = high + BAR
        painter.setPen(QPen(palette.color(QPalette.ColorRole.Mid), 1))
        painter.drawLine(QPointF(EDGE, top + BAR / 2), QPointF(self.width() - EDGE, top + BAR / 2))
        if self._term is not None and self._term[0] <= self._term[1]:
            left, right = sorted(self.place_of(day) for day in self._term)
            bar = QRectF(left, top, max(2.0, right - left), BAR)
            painter.fillRect(bar, palette.color(QPalette.ColorRole.Highlight))
        painter.setPen(QPen(palette.color(QPalette.ColorRole.Dark), 1))
        for row, mark in enumerate(self._marks):
            x = self.place_of(mark.day)
            painter.drawLine(QPointF(x, top - 2), QPointF(x, top + BAR + high * (row + 1) - high / 3))
        for row, mark in enumerate(self._marks):
            past = mark.day < self._today
            role = QPalette.ColorRole.PlaceholderText if past else QPalette.ColorRole.WindowText
            painter.setPen(palette.color(role))
            self._write(painter, mark.words, self.place_of(mark.day), top + BAR + high * (row + 1))
        x = self.place_of(self._today)
        painter.setPen(QPen(theme.mark("conflict"), 2))
        painter.drawLine(QPointF(x, high), QPointF(x, top + BAR + 3))
        self._write(painter, self.today_words, x, metrics.ascent(), centred=True)

    def _write(self, painter: QPainter, said: str, x: float, y: float, *, centred: bool = False) -> None:
        """Beside its tick, on the side where there is room, over whatever ticks pass there; today's word
        stands above its own."""
        metrics = painter.fontMetrics()
        wide = metrics.horizontalAdvance(said)
        after, before = x + 5, x - 5 - wide
        if self._flips:
            beside = before if before >= 0 else after
        else:
            beside = after if after + wide <= self.width() else before
        left = min(max(0.0, x - wide / 2 if centred else beside), max(0.0, self.width() - wide))
        if not centred:
            behind = QRectF(left - 2, y - metrics.ascent(), wide + 4, metrics.height())
            painter.fillRect(behind, self.palette().color(QPalette.ColorRole.Window))
        painter.drawText(QPointF(left, y), said)
