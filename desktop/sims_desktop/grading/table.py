"""The grid's cells as Qt asks for them: thousands of small questions a second, answered from kept texts.

Columns are the assessments and, last, the weighted total; number and name stand in the frozen header.
The rule a newcomer would get wrong: a pasted block of a thousand cells is one `dataChanged`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt
from PySide6.QtGui import QColor

from sims_desktop.grading.presenter.grid import GridPresenter, Outcome, Position
from sims_desktop.grading.presenter.sheet import BADGE_WORDS, Badge
from sims_desktop.kit import theme
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.tables import (
    ACCESSIBLE,
    ALIGNMENT,
    BACKGROUND,
    DISPLAY,
    EDIT,
    NOWHERE,
    RIGHT,
    TOOL_TIP,
    Index,
)
from sims_desktop.kit.wording import left_to_right

MEANINGS = {
    Badge.WAITING: "waiting",
    Badge.SENDING: "waiting",
    Badge.CONFLICT: "conflict",
    Badge.REFUSED: "refused",
    Badge.INVALID: "invalid",
}
NOTHING = Qt.ItemFlag.NoItemFlags
READABLE = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
WRITABLE = READABLE | Qt.ItemFlag.ItemIsEditable
TOTAL_TITLE = later("Total\nof 100")


class GradeTable(QAbstractTableModel):
    """`on_act` hears the outcome of an edit that the view's editor made."""

    def __init__(self, grid: GridPresenter, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.grid = grid
        self.on_act: Callable[[Outcome], None] = lambda outcome: None
        grid.on_cells = self._cells_changed
        grid.on_rows = self._rows_changed
        self._tints: dict[str, QColor] = {}
        self.refresh_tints()

    def refresh_tints(self) -> None:
        """After a change of colour scheme."""
        self._tints = {name: theme.tint(name) for name in ("conflict", "refused", "invalid", "closed")}

    def frozen_texts(self, row: int) -> Sequence[str]:
        student = self.grid.row(row)
        return left_to_right(student.reg_no), student.name

    def rowCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else self.grid.row_count

    def columnCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.grid.columns) + 1

    @property
    def total_column(self) -> int:
        return len(self.grid.columns)

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        if role in (DISPLAY, EDIT):
            return self.text(index.row(), index.column())
        if role == ALIGNMENT:
            return RIGHT
        if role == BACKGROUND:
            return self.background(index.row(), index.column())
        if role == TOOL_TIP:
            return self._hint(index.row(), index.column())
        if role == ACCESSIBLE:
            row, column = index.row(), index.column()
            if column == len(self.grid.columns):
                return phrase(
                    "{name}, total, {total}",
                    name=self.grid.row(row).name,
                    total=self.grid.total(row) or phrase("nothing yet"),
                )
            return self.grid.described(row, column)
        return None

    def text(self, row: int, column: int) -> str:
        if column == len(self.grid.columns):
            return self.grid.total(row)
        return self.grid.cell(row, column).text

    def background(self, row: int, column: int) -> QColor | None:
        if column == len(self.grid.columns):
            return self._tints["closed"]
        badge = self.grid.cell(row, column).badge
        if badge >= Badge.CONFLICT:
            return self._tints[MEANINGS[badge]]
        if self.grid.is_closed(row, column):
            return self._tints["closed"]
        return None

    def _hint(self, row: int, column: int) -> str | None:
        if column == len(self.grid.columns):
            return phrase("Weighted marks entered so far; the regulation computes the result at approval")
        cell = self.grid.cell(row, column)
        parts = (
            [] if cell.badge is Badge.SAVED else [cell.note or phrase(BADGE_WORDS[cell.badge]).capitalize()]
        )
        closed = self.grid.closed(row, column)
        if closed:
            parts.append(closed)
        author = self.grid.author(self.grid.key(row, column)) if cell.badge is Badge.SAVED else None
        if author is not None:
            at = f", {author.at:%d %b %H:%M}" if author.at else ""
            parts.append(phrase("By {by}", by=author.name) + at)
        return "\n".join(parts) or None

    def meaning(self, row: int, column: int) -> str | None:
        """The corner mark's meaning, or None for a cell the server has."""
        if column == len(self.grid.columns):
            return None
        badge = self.grid.cell(row, column).badge
        return MEANINGS[badge] if badge is not Badge.SAVED else None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        if orientation == Qt.Orientation.Horizontal:
            if section == len(self.grid.columns):
                return phrase(TOTAL_TITLE) if role in (DISPLAY, ACCESSIBLE) else None
            column = self.grid.columns[section]
            if role in (DISPLAY, ACCESSIBLE):
                return column.heading
            if role == TOOL_TIP:
                return column.closed or column.heading.replace("\n", ", ")
            return None
        if role in (DISPLAY, ACCESSIBLE):
            student = self.grid.row(section)
            return f"{student.reg_no} {student.name}"
        if role == TOOL_TIP:
            student = self.grid.row(section)
            return f"{student.name}: {student.status}"
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        # Qt asks this of every cell when all are selected: no enum is combined here.
        column = index.column()
        if column < 0:
            return NOTHING
        if column == len(self.grid.columns) or self.grid.is_closed(index.row(), column):
            return READABLE
        return WRITABLE

    def setData(self, index: Index, value: Any, role: int = EDIT) -> bool:
        if role != EDIT or index.column() >= len(self.grid.columns):
            return False
        if str(value) == self.grid.cell(index.row(), index.column()).text:
            return True
        self.on_act(self.grid.type_text(index.row(), index.column(), str(value)))
        return True

    def _cells_changed(self, positions: Sequence[Position]) -> None:
        rows = [position[0] for position in positions]
        left = min(position[1] for position in positions)
        # To the right end, because the total changes with every mark.
        self.dataChanged.emit(self.index(min(rows), left), self.index(max(rows), len(self.grid.columns)))

    def _rows_changed(self) -> None:
        self.beginResetModel()
        self.endResetModel()

    def place(self, position: Position) -> QModelIndex:
        return self.index(*position)
