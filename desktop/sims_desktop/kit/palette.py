"""Ctrl+K: one box over every action, page, sheet, student and setting.

Sources are asked as the person types; a source that must ask the server answers later through `offer`,
so that the box never waits. Esc or a click elsewhere closes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    QStringListModel,
    Qt,
)
from PySide6.QtGui import QKeyEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from sims_desktop.kit.language import phrase
from sims_desktop.kit.search import Entry, best

STEPS: dict[int, int] = {
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_PageDown: 10,
    Qt.Key.Key_PageUp: -10,
}

Source = Callable[[str], Iterable[Entry]]


class Palette(QFrame):
    def __init__(self, owner: QWidget) -> None:
        super().__init__(owner, Qt.WindowType.Popup)
        self._owner = owner
        self.setObjectName("palette")
        self.setAccessibleName(phrase("Palette"))
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._sources: list[Source] = []
        self._entries: Sequence[Entry] = ()
        self._late: list[Entry] = []
        self.line = QLineEdit(self)
        self.line.setObjectName("palette_line")
        self.line.setPlaceholderText(phrase("Action, sheet, student, setting …"))
        self.line.setAccessibleName(phrase("Search actions, sheets, students and settings"))
        self._model = QStringListModel(self)
        self.list = QListView(self)
        self.list.setObjectName("palette_list")
        self.list.setAccessibleName(phrase("Found"))
        self.list.setModel(self._model)
        self.list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setUniformItemSizes(True)
        self.list.setItemDelegate(_EntryPainter(self))
        layout = QVBoxLayout(self)
        layout.addWidget(self.line)
        layout.addWidget(self.list)
        self.line.textChanged.connect(self._search)
        self.line.installEventFilter(self)
        self.list.clicked.connect(lambda index: self._choose())

    def add_source(self, source: Source) -> None:
        """Called with the words typed; answers entries from memory or the local store, at once."""
        self._sources.append(source)

    def offer(self, query: str, entries: Iterable[Entry]) -> None:
        """Entries that came later, from the server. Dropped when the person typed on meanwhile."""
        if self.isVisible() and query == self.line.text():
            self._late = list(entries)
            self._fill()

    def refill(self) -> None:
        """A source knows more now than when it was asked."""
        if self.isVisible():
            self._fill()

    def open(self, query: str = "") -> None:
        owner = self._owner
        metrics = self.fontMetrics()
        width = min(owner.width() - 40, metrics.averageCharWidth() * 90)
        self.setGeometry(QRect(0, 0, width, metrics.height() * 24))
        corner = owner.mapToGlobal(owner.rect().topLeft())
        self.move(corner.x() + (owner.width() - width) // 2, corner.y() + 60)
        self.line.setText(query)
        self._search(query)
        self.show()
        self.line.setFocus()

    def entry(self, row: int) -> Entry:
        return self._entries[row]

    def _search(self, query: str) -> None:
        self._late = []
        self._fill()

    def _fill(self) -> None:
        query = self.line.text()
        found = [entry for source in self._sources for entry in source(query)] + self._late
        self._entries = best(query, found)
        self._model.setStringList([f"{e.title}, {e.detail} {e.key}".strip(", ") for e in self._entries])
        if self._entries:
            self.list.setCurrentIndex(self._model.index(0))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.line and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            key = event.key()
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._choose()
                return True
            step = STEPS.get(key)
            if step is not None and self._entries:
                row = min(max(self.list.currentIndex().row() + step, 0), len(self._entries) - 1)
                self.list.setCurrentIndex(self._model.index(row))
                return True
        return super().eventFilter(watched, event)

    def _choose(self) -> None:
        row = self.list.currentIndex().row()
        self.hide()
        if 0 <= row < len(self._entries):
            self._entries[row].choose()


class _EntryPainter(QStyledItemDelegate):
    """Title where a line begins, detail greyed after it, key at its end."""

    def __init__(self, owner: Palette) -> None:
        super().__init__(owner)
        self._owner = owner

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(100, self._owner.fontMetrics().height() + 8)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        entry = self._owner.entry(index.row())
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        palette = self._owner.palette()
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        if chosen:
            painter.fillRect(rect, palette.color(QPalette.ColorRole.Highlight))
        strong = QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text
        weak = QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.PlaceholderText
        box = rect.adjusted(8, 0, -8, 0)
        metrics = painter.fontMetrics()
        flips = self._owner.layoutDirection() is Qt.LayoutDirection.RightToLeft
        left, right = (
            int(side | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute)
            for side in (Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight)
        )
        begin, end = (right, left) if flips else (left, right)
        before, after = metrics.horizontalAdvance(entry.title) + 12, metrics.horizontalAdvance(entry.key) + 12
        rest = box.adjusted(after, 0, -before, 0) if flips else box.adjusted(before, 0, -after, 0)
        painter.setPen(palette.color(weak))
        painter.drawText(box, end, entry.key)
        detail = metrics.elidedText(entry.detail, Qt.TextElideMode.ElideRight, rest.width())
        painter.drawText(rest, begin, detail)
        painter.setPen(palette.color(strong))
        painter.drawText(box, begin, entry.title)
        painter.restore()
