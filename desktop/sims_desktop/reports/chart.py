"""A picture of one line: a bar for each of its parts, its number above, and how all lines together stand."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from sims_desktop.kit import theme
from sims_desktop.kit.language import phrase

WIDEST = 90.0  # pixels of a bar, however few there are


class Bars(QWidget):
    """Shares of a line. A dashed mark on each bar says the share of the total, so that a section is seen
    beside all others."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("reports_bars")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._names: Sequence[str] = ()
        self._counts: Sequence[int] = ()
        self._all: Sequence[int] = ()

    def show_line(self, of: str, names: Sequence[str], counts: Sequence[int], of_all: Sequence[int]) -> None:
        """`of` names the line; `of_all` are the counts of the total, or empty for the total itself."""
        self._names, self._counts, self._all = names, counts, of_all
        parts = ", ".join(f"{name} {count:,}" for name, count in zip(names, counts, strict=True) if count)
        said = phrase("{line}: {parts}", line=of, parts=parts or "–")
        self.setAccessibleName(said)
        self.setToolTip(said)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().averageCharWidth() * 40, self.fontMetrics().height() * 9)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._counts:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette, high = self.palette(), self.fontMetrics().height()
        wide = (self.width() - 16.0) / len(self._counts)
        bottom, top = self.height() - high - 6.0, high + 8.0
        whole, all_whole = max(sum(self._counts), 1), max(sum(self._all), 1)
        shares = [count / whole for count in self._counts]
        usual = [count / all_whole for count in self._all]
        most = max([*shares, *usual]) or 1.0
        bar = min(wide - 6.0, WIDEST)
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        for number, (name, count, share) in enumerate(zip(self._names, self._counts, shares, strict=True)):
            place = len(shares) - 1 - number if rtl else number
            middle = 8.0 + place * wide + wide / 2
            tall = (bottom - top) * share / most
            box = QRectF(middle - bar / 2, bottom - tall, bar, tall)
            painter.fillRect(box, palette.color(QPalette.ColorRole.Highlight))
            painter.setPen(palette.color(QPalette.ColorRole.WindowText))
            centre = int(Qt.AlignmentFlag.AlignCenter)
            if count:
                above = QRectF(middle - wide / 2, bottom - tall - high - 2, wide, high)
                painter.drawText(above, centre, f"{count:,}")
            under = QRectF(middle - wide / 2, bottom + 3, wide, high)
            shown = self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, int(wide))
            painter.drawText(under, centre, shown)
            if usual:
                level = bottom - (bottom - top) * usual[number] / most
                painter.setPen(QPen(theme.mark("refused"), 1.5, Qt.PenStyle.DashLine))
                painter.drawLine(int(middle - bar / 2 - 2), int(level), int(middle + bar / 2 + 2), int(level))
        painter.setPen(palette.color(QPalette.ColorRole.Mid))
        painter.drawLine(8, int(bottom), self.width() - 8, int(bottom))
        painter.end()
