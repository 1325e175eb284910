"""A matrix of ticks: lines by columns, Space ticks what stands under the cursor.

The rule a newcomer would get wrong: the grid decides nothing. It says that a cell was ticked (`toggled`), and
whoever holds what is ticked answers with the cells anew; so a tick that is refused never looked taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QObject, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QTableView, QWidget

from sims_desktop.kit import theme
from sims_desktop.kit.language import phrase
from sims_desktop.kit.tables import (
    ACCESSIBLE,
    ALIGNMENT,
    BACKGROUND,
    CENTRE,
    DISPLAY,
    FONT,
    NOWHERE,
    TOOL_TIP,
    Index,
)

TICK, EMPTY, CLOSED = "✓", "", "·"


@dataclass(frozen=True, slots=True)
class Head:
    """A line or a column. `whole` says what a short title means; a heading parts the lines below it."""

    title: str
    whole: str = ""
    is_heading: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """`may` be ticked at all; `is_new` when what stands there is not saved yet; `note` is said besides."""

    is_on: bool = False
    may: bool = True
    is_new: bool = False
    note: str = ""


class TickModel(QAbstractTableModel):
    """`cell(line, column)` is asked for what is painted."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.lines: Sequence[Head] = ()
        self.columns: Sequence[Head] = ()
        self._cell: Callable[[int, int], Cell] = lambda line, column: Cell(may=False)

    def show(self, lines: Sequence[Head], columns: Sequence[Head], cell: Callable[[int, int], Cell]) -> None:
        """The same heads keep cursor and scroll."""
        self._cell = cell
        if (lines, columns) != (self.lines, self.columns):
            self.beginResetModel()
            self.lines, self.columns = lines, columns
            self.endResetModel()
        elif lines and columns:
            self.dataChanged.emit(self.index(0, 0), self.index(len(lines) - 1, len(columns) - 1))

    def cell(self, line: int, column: int) -> Cell:
        return Cell(may=False) if self.lines[line].is_heading else self._cell(line, column)

    def rowCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.lines)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        line, column = index.row(), index.column()
        heading = self.lines[line].is_heading
        if role == ALIGNMENT:
            return CENTRE
        if role == BACKGROUND:
            if heading:
                return theme.tint("closed")
            return theme.tint("waiting") if self.cell(line, column).is_new else None
        if role == DISPLAY:
            if heading:
                return ""
            cell = self.cell(line, column)
            return TICK if cell.is_on else EMPTY if cell.may else CLOSED
        if role in (TOOL_TIP, ACCESSIBLE):
            return self.in_words(line, column)
        return None

    def in_words(self, line: int, column: int) -> str:
        """`Publish results, registrar: yes`."""
        head, above, cell = self.lines[line], self.columns[column], self.cell(line, column)
        if head.is_heading:
            return head.title
        state = phrase("yes") if cell.is_on else phrase("no")
        said = phrase(
            "{line}, {column}: {state}",
            line=head.whole or head.title,
            column=above.whole or above.title,
            state=state,
        )
        if cell.is_new:
            said = phrase("{words}, not saved yet", words=said)
        return f"{said}. {cell.note}" if cell.note else said

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        heads = self.columns if orientation == Qt.Orientation.Horizontal else self.lines
        if not 0 <= section < len(heads):
            return None
        head = heads[section]
        if role == DISPLAY:
            return head.title
        if role == TOOL_TIP:
            return head.whole or head.title
        if role == FONT and head.is_heading:
            font = QFont()
            font.setBold(True)
            return font
        if role == ALIGNMENT and orientation == Qt.Orientation.Vertical:
            return int(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if self.lines[index.row()].is_heading:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable


class TickGrid(QTableView):
    """`toggled(line, column)` on Space, Enter or a click into a cell; `moved(line, column)` with the
    cursor."""

    toggled = Signal(int, int)
    moved = Signal(int, int)

    def __init__(self, name: str, spoken: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.ticks = TickModel(self)
        self.setModel(self.ticks)
        self.setObjectName(name)
        self.setAccessibleName(spoken)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.horizontalHeader().setHighlightSections(True)
        self.verticalHeader().setHighlightSections(True)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)

    def show_ticks(
        self, lines: Sequence[Head], columns: Sequence[Head], cell: Callable[[int, int], Cell]
    ) -> None:
        is_new = (lines, columns) != (self.ticks.lines, self.ticks.columns)
        self.ticks.show(lines, columns, cell)
        if is_new:
            self.fit()
            first = next((number for number, line in enumerate(lines) if not line.is_heading), None)
            if first is not None and columns:
                self.setCurrentIndex(self.ticks.index(first, 0))

    def fit(self) -> None:
        """Columns as wide as their titles, lines a little higher than the letters."""
        metrics = self.fontMetrics()
        self.verticalHeader().setDefaultSectionSize(metrics.height() + 6)
        for number, head in enumerate(self.ticks.columns):
            wide = max(metrics.horizontalAdvance(part) for part in head.title.split("\n"))
            self.setColumnWidth(number, wide + metrics.height())

    @property
    def place(self) -> tuple[int, int]:
        index = self.currentIndex()
        return (index.row(), index.column()) if index.isValid() else (-1, -1)

    def toggle(self) -> None:
        line, column = self.place
        if line >= 0:
            self.toggled.emit(line, column)

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        if current.isValid():
            self.moved.emit(current.row(), current.column())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if plain and event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.toggle()
            return
        super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and index.isValid() and index == self.currentIndex():
            self.toggle()
