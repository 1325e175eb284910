"""Tables: lists of records, and the frozen columns of a wide grid.

The rules a newcomer would get wrong: a model answers thousands of calls a second, so it returns at once for
roles it does not serve (compared as ints), keeps its texts, and never measures all rows to size a column. And
a list never scrolls sideways to be read: its columns share the room there is, and where a line is too short
for a text the rows are two lines high. Only widths that a person has drawn stay as drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import Any, Generic, TypeVar

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QPainter, QPalette, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QStyledItemDelegate, QTableView, QWidget

from sims_desktop.kit.language import phrase
from sims_desktop.kit.remembered import Remembered
from sims_desktop.kit.theme import scaled

Index = QModelIndex | QPersistentModelIndex
NOWHERE = QModelIndex()
R = TypeVar("R")

DISPLAY = int(Qt.ItemDataRole.DisplayRole)
EDIT = int(Qt.ItemDataRole.EditRole)
TOOL_TIP = int(Qt.ItemDataRole.ToolTipRole)
ALIGNMENT = int(Qt.ItemDataRole.TextAlignmentRole)
BACKGROUND = int(Qt.ItemDataRole.BackgroundRole)
FOREGROUND = int(Qt.ItemDataRole.ForegroundRole)
FONT = int(Qt.ItemDataRole.FontRole)
ACCESSIBLE = int(Qt.ItemDataRole.AccessibleTextRole)

LETTER = 8  # pixels of a letter at the usual size, for the widths of fields

RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
GAP = "\u2002"  # an en space: figures stand to the right, and the words of the next column begin there
CENTRE = int(Qt.AlignmentFlag.AlignCenter)


@dataclass(frozen=True, slots=True)
class Field(Generic[R]):
    """One column of a list. `text` is asked once for each record."""

    title: str
    text: Callable[[R], str]
    width: int = 120  # wished, at the usual size; the view follows the zoom and the room there is
    is_number: bool = False
    whole: Callable[[R], str] | None = None  # what a cell means that says it shortly: its tool tip
    is_kept: bool = False  # never cut: what a thing is known by


class RecordModel(QAbstractTableModel, Generic[R]):
    """Records of one kind, read-only, in the order given. Texts are computed when records are set."""

    def __init__(
        self,
        fields: Sequence[Field[R]],
        *,
        tint: Callable[[R], QColor | None] | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._fields = fields
        self._tint = tint
        self.records: Sequence[R] = ()
        self._texts: list[list[str]] = []

    def set_records(self, records: Sequence[R]) -> None:
        """New content. Same number of records: the view keeps its cursor and selection."""
        texts = [[field.text(record) for field in self._fields] for record in records]
        if len(records) != len(self.records):
            self.beginResetModel()
            self.records, self._texts = records, texts
            self.endResetModel()
            return
        self.records, self._texts = records, texts
        if records:
            self.dataChanged.emit(self.index(0, 0), self.index(len(records) - 1, len(self._fields) - 1))

    def add_records(self, records: Sequence[R]) -> None:
        """Below those that are there: cursor, selection and scroll stay."""
        if not records:
            return
        first = len(self.records)
        self.beginInsertRows(NOWHERE, first, first + len(records) - 1)
        self.records = [*self.records, *records]
        self._texts += [[field.text(record) for field in self._fields] for record in records]
        self.endInsertRows()

    def record(self, row: int) -> R | None:
        return self.records[row] if 0 <= row < len(self.records) else None

    def rowCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.records)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._fields)

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        if role == DISPLAY:
            return self._texts[index.row()][index.column()]
        if role == ALIGNMENT:
            return RIGHT if self._fields[index.column()].is_number else None
        if role == BACKGROUND and self._tint is not None:
            return self._tint(self.records[index.row()])
        if role in (TOOL_TIP, ACCESSIBLE):
            field, text = self._fields[index.column()], self._texts[index.row()][index.column()]
            if field.whole is not None:
                text = field.whole(self.records[index.row()])
            return f"{phrase(field.title)}: {text}"
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == DISPLAY:
            field = self._fields[section]
            return phrase(field.title) + (GAP if field.is_number else "")
        if orientation == Qt.Orientation.Horizontal and role == ALIGNMENT:
            return RIGHT if self._fields[section].is_number else None
        return None


def shared_out(needs: Sequence[int], wishes: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Widths of columns that fill `room`. As wished where there is plenty; as their texts need where that
    goes; else the widest give way first, none below `least`. Where even that passes the room and one has to
    go sideways, nothing is won by cutting: each has what it needs, up to a third of the room."""
    wide = [max(pair) for pair in zip(needs, wishes, strict=True)]
    if sum(wide) > room >= sum(needs):
        part = (room - sum(needs)) / (sum(wide) - sum(needs))
        wide = [need + int((wish - need) * part) for need, wish in zip(needs, wide, strict=True)]
    elif sum(least) > room:
        wide = [max(small, min(need, room // 3)) for need, small in zip(needs, least, strict=True)]
    elif sum(needs) > room:
        # Between the narrowest and the widest cap there is one at which everything just fits.
        low, high = 0, max(needs)
        while low < high:
            cap = (low + high + 1) // 2
            if sum(map(max, least, [min(need, cap) for need in needs])) <= room:
                low = cap
            else:
                high = cap - 1
        wide = list(map(max, least, [min(need, low) for need in needs]))
    if wide:
        wide[-1] += max(0, room - sum(wide))
    return wide


ARABIC = "\u0600", "\u06ff"
READABLE = 12  # letters on a line, below which a text is in shreds


class Figures(QStyledItemDelegate):
    """Keeps figures apart from the next column. Only what is painted: copies and readers have the text."""

    def displayText(self, value: Any, locale: Any) -> str:
        return f"{value}{GAP}"


class RecordView(QTableView, Generic[R]):
    """A list of records: whole rows, one Enter or double click to open. `opened(record)`. `fitted` when its
    rows or columns have taken another size. `end_reached` when the last line comes into sight or under the
    cursor: whoever reads a page at a time asks for the next one."""

    opened = Signal(object)
    fitted = Signal()
    end_reached = Signal()
    _high = 0
    _is_fitting = False
    _by_hand = False

    def __init__(
        self, model: RecordModel[R], name: str, *, several: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setModel(model)
        self._records = model
        self.setObjectName(name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        mode = QAbstractItemView.SelectionMode
        self.setSelectionMode(mode.ExtendedSelection if several else mode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setWordWrap(True)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setMinimumSectionSize(self.fontMetrics().height())
        self.horizontalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        figures = Figures(self)
        for number, field in enumerate(model._fields):
            if field.is_number:
                self.setItemDelegateForColumn(number, figures)
        self._needs: list[int] = []
        self._tall: set[int] = set()  # columns in letters of another font, whose lines are higher
        self._fit_rows()
        self._share(sum(self._wishes()))
        self.horizontalHeader().sectionResized.connect(self._drawn)
        model.modelReset.connect(self._measure)
        model.dataChanged.connect(self._measure)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        self.doubleClicked.connect(lambda index: self._open())

    def changeEvent(self, event: QEvent) -> None:
        """Rows and columns follow the zoom, columns also those that a person has widened."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            before, now = self._high, self.fontMetrics().height()
            if before and before != now:
                header = self.horizontalHeader()
                widths = [header.sectionSize(number) for number in range(header.count())]
                self._fit_rows()
                if not self._by_hand:
                    self._measure()
                    return
                for number, width in enumerate(widths):
                    header.resizeSection(number, round(width * now / before))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def remember_columns(self, remembered: Remembered) -> None:
        """The widths that a person draws, from one start to the next."""
        name = f"columns/{self.objectName()}"
        self._by_hand = remembered.restore_place(name, self.horizontalHeader())
        self.horizontalHeader().sectionResized.connect(
            lambda *_: remembered.save_place(name, self.horizontalHeader()) if self._by_hand else None
        )

    def _drawn(self) -> None:
        if not self._is_fitting and not self._by_hand:
            self._by_hand = True
            self.horizontalHeader().setStretchLastSection(True)

    def _wishes(self) -> list[int]:
        return [max(scaled(field.width), self._least(field)) for field in self._records._fields]

    def _least(self, field: Field[R]) -> int:
        """Its title stays readable."""
        metrics = self.fontMetrics()
        gap = metrics.horizontalAdvance(GAP) if field.is_number else 0
        return metrics.horizontalAdvance(phrase(field.title)) + metrics.height() + gap

    def _measure(self) -> None:
        """How wide each column's texts are: of the longest, for measuring all would take seconds."""
        metrics, texts = self.fontMetrics(), self._records._texts
        self._needs, self._tall = [], set()
        for number, field in enumerate(self._records._fields):
            longest = nlargest(3, (row[number] for row in texts), key=len)
            if any(ARABIC[0] <= sign <= ARABIC[1] for text in longest for sign in text):
                self._tall.add(number)
            widest = max((metrics.horizontalAdvance(text) for text in longest), default=0)
            gap = metrics.horizontalAdvance(GAP) if field.is_number else 0
            self._needs.append(max(self._least(field), widest + metrics.height() * 2 // 3 + gap))
        self._fit()

    def _fit(self) -> None:
        """Called at every change of size; what a person has drawn stays."""
        if self._by_hand or self._is_fitting or not self.isVisible():
            return
        for _ in range(2):  # higher rows may bring a scroll bar, which takes of the room
            room = self.viewport().width()
            self._share(room)
            if self.viewport().width() == room:
                break

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit()

    def hide_columns(self, hidden: Collection[int]) -> None:
        """The others share the room. Not a width that a person has drawn, though Qt tells it alike."""
        before, self._is_fitting = self._is_fitting, True
        for number in range(len(self._records._fields)):
            self.setColumnHidden(number, number in hidden)
        self._is_fitting = before
        self._fit()

    def _share(self, room: int) -> None:
        shown = [at for at in range(len(self._records._fields)) if not self.isColumnHidden(at)]
        fields, header = [self._records._fields[at] for at in shown], self.horizontalHeader()
        least = [self._least(field) for field in fields]
        needs = [self._needs[at] for at in shown] if self._needs else least
        wishes = self._wishes()
        # Among figures, which give way to nothing, a title would be left with what is over.
        is_of_figures = 2 * sum(field.is_number for field in fields) > len(fields)
        readable = self.fontMetrics().averageCharWidth() * READABLE if is_of_figures else 0
        kept = [
            need if field.is_kept else small if field.is_number else max(small, min(need, readable))
            for field, need, small in zip(fields, needs, least, strict=True)
        ]
        widths = shared_out(needs, [wishes[at] for at in shown], kept, room)
        self._is_fitting = True
        for number, width in zip(shown, widths, strict=True):
            header.resizeSection(number, width)
        cut = [at for at, width, need in zip(shown, widths, needs, strict=True) if width < need]
        self._fit_rows(2 if cut else 1, is_tall=any(number in self._tall for number in cut))
        self.updateGeometries()
        self._is_fitting = False
        self.fitted.emit()

    def _fit_rows(self, lines: int = 1, *, is_tall: bool = False) -> None:
        metrics = self.fontMetrics()
        self._high = line = metrics.height()
        if is_tall:
            line = metrics.boundingRect(QRect(0, 0, 1000, 1000), 0, "\u06af\n\u06af").height() // 2
        self.verticalHeader().setDefaultSectionSize(max(line, self._high) * lines + 8)

    def selectRow(self, row: int) -> None:
        """Qt takes the column at the window's edge, and from right to left there may be none."""
        flags = QItemSelectionModel.SelectionFlag
        index = self._records.index(row, 0)
        self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)

    def current(self) -> R | None:
        index = self.currentIndex()
        return self._records.record(index.row()) if index.isValid() else None

    def chosen(self) -> list[R]:
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [record for row in rows if (record := self._records.record(row)) is not None]

    def follow(self, records: Sequence[R], who: Callable[[R], Hashable]) -> None:
        """As the model's `set_records`, but the cursor and what is chosen stay with whom they were on,
        wherever the list has them now: the next key must not meet somebody else. Of whoever is gone the
        cursor stays at the place."""
        before, place = self.current(), max(0, self.currentIndex().row())
        chosen = {who(record) for record in self.chosen()}
        self._records.set_records(records)
        if not records:
            return
        here = None if before is None else who(before)
        at = next((row for row, record in enumerate(records) if who(record) == here), None)
        rows = [row for row, record in enumerate(records) if who(record) in chosen]
        if not rows:
            self.selectRow(min(place, len(records) - 1) if at is None else at)
            return
        last = self._records.columnCount() - 1
        choice = QItemSelection()
        for row in rows:
            choice.select(self._records.index(row, 0), self._records.index(row, last))
        flags = QItemSelectionModel.SelectionFlag
        cursor = self._records.index(rows[0] if at is None else at, 0)
        self.selectionModel().setCurrentIndex(cursor, flags.NoUpdate)
        self.selectionModel().select(choice, flags.ClearAndSelect)

    def _scrolled(self, value: int) -> None:
        if value and value == self.verticalScrollBar().maximum():
            self.end_reached.emit()

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        if current.isValid() and 0 < current.row() == self._records.rowCount() - 1:
            self.end_reached.emit()

    def moveCursor(self, action: Any, modifiers: Any) -> QModelIndex:
        """Home and End are the first and the last line: in whole rows, Qt's other column is no move."""
        ends = {
            QAbstractItemView.CursorAction.MoveHome: 0,
            QAbstractItemView.CursorAction.MoveEnd: self._records.rowCount() - 1,
        }
        if action in ends:
            return self._records.index(ends[action], max(0, self.currentIndex().column()))
        return super().moveCursor(action, modifiers)

    def keyPressEvent(self, event: Any) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers() & ~KEYPAD:
            self._open()
            return
        super().keyPressEvent(event)

    def _open(self) -> None:
        record = self.current()
        if record is not None:
            self.opened.emit(record)


KEYPAD = Qt.KeyboardModifier.KeypadModifier


class FrozenHeader(QHeaderView):
    """Columns that never scroll away: the vertical header, painted as several texts. `texts(row)` gives
    them. The cursor cannot enter them, so Enter and Tab stay among the cells a person fills."""

    def __init__(self, texts: Callable[[int], Sequence[str]], widths: Sequence[int], parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        self._texts = texts
        self._widths = list(widths)
        self.setSectionsClickable(True)
        self.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setHighlightSections(True)

    def set_widths(self, widths: Sequence[int]) -> None:
        """For plain letters; the row of the cursor is bold and a little wider."""
        self._widths = [round(width * 1.08) for width in widths]
        self.headerDataChanged(Qt.Orientation.Vertical, 0, max(0, self.count() - 1))
        self.updateGeometry()

    @property
    def widths(self) -> Sequence[int]:
        return self._widths

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return QSize(sum(self._widths), hint.height())

    def paintSection(self, painter: QPainter, rect: QRect, logical: int) -> None:
        painter.save()
        palette = self.palette()
        chooser = self.selectionModel()
        here = chooser is not None and chooser.isRowSelected(logical, NOWHERE)
        current = chooser is not None and chooser.currentIndex().row() == logical
        back = QPalette.ColorRole.Highlight if here else QPalette.ColorRole.Button
        painter.fillRect(rect, palette.color(back))
        painter.setPen(palette.color(QPalette.ColorRole.Mid))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        fore = QPalette.ColorRole.HighlightedText if here else QPalette.ColorRole.ButtonText
        painter.setPen(palette.color(fore))
        if current:
            font = self.font()
            font.setBold(True)
            painter.setFont(font)
        metrics = painter.fontMetrics()
        flips = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        edge = rect.right() if flips else rect.left()
        for text, width in zip(self._texts(logical), self._widths, strict=False):
            left = edge - width if flips else edge
            box = QRect(left + 6, rect.top(), width - 12, rect.height())
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, box.width())
            side = Qt.AlignmentFlag.AlignRight if flips else Qt.AlignmentFlag.AlignLeft
            middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute
            painter.drawText(box, int(side | middle), shown)
            edge += -width if flips else width
        painter.restore()
