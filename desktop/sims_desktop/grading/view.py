"""The grid on screen: keys of a spreadsheet, corner marks, frozen number and name.

Typing overwrites, F2 edits, Esc reverts, Enter goes down, Shift+Enter up, Tab right, and Enter after Tabs
returns to the column where the row was begun. The rule a newcomer would get wrong: with several cells
chosen, what is typed goes into all of them, and while a missing filter is on, only into the blank ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QPointF,
    QRect,
    Qt,
)
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPolygon,
    QResizeEvent,
    QStaticText,
)
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QAbstractItemView,
    QHeaderView,
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionHeader,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from sims_desktop.grading.presenter.entry import Mistake, read_entry
from sims_desktop.grading.presenter.grid import Filter, GridPresenter, Position
from sims_desktop.grading.presenter.sheet import Key
from sims_desktop.grading.table import GradeTable
from sims_desktop.kit import theme
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.tables import FrozenHeader

ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
STRAIGHT = (
    Qt.Key.Key_Left,
    Qt.Key.Key_Right,
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
    Qt.Key.Key_Home,
    Qt.Key.Key_End,
)
ARROWS = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}
SHIFT_OR_KEYPAD = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
MOST_TEXTS = 10_000
FROZEN_TITLES = (later("Registration no."), later("Name"))


class Block(NamedTuple):
    """A rectangle of cells, ends included."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def size(self) -> int:
        return (self.bottom - self.top + 1) * (self.right - self.left + 1)

    def positions(self) -> Iterator[Position]:
        return (
            (row, col) for row in range(self.top, self.bottom + 1) for col in range(self.left, self.right + 1)
        )


class Look(NamedTuple):
    """What one repaint needs to know once, instead of once for each of hundreds of cells."""

    text: QColor
    highlight: QColor
    highlighted: QColor
    cursor: Position | None
    chosen: list[Block]
    margin: int
    flips: bool

    def is_chosen(self, row: int, column: int) -> bool:
        return any(b.top <= row <= b.bottom and b.left <= column <= b.right for b in self.chosen)


class CellDelegate(QStyledItemDelegate):
    """Paints the cells, and makes the editor obey a spreadsheet's keys. The style asks a model eight
    questions about each cell and lays its text out anew; here a cell is asked once, and of the few hundred
    texts of a sheet each is laid out once. The cell under the cursor is left to the style."""

    def __init__(self, view: GridView) -> None:
        super().__init__(view)
        self._view = view

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        view, rect = self._view, option.rect
        row, column = index.row(), index.column()
        look = view.look
        if look is None or look.cursor == (row, column):
            super().paint(painter, option, index)
        else:
            text = view.text_of(view.table.text(row, column))
            size = text.size()
            if size.width() > rect.width() - 2 * look.margin:
                super().paint(painter, option, index)  # it shortens what does not fit
            else:
                chosen = look.is_chosen(row, column)
                back = look.highlight if chosen else view.table.background(row, column)
                if back is not None:
                    painter.fillRect(rect, back)
                painter.setPen(look.highlighted if chosen else look.text)
                inset = look.margin if look.flips else rect.width() - look.margin - size.width()
                above = (rect.height() - size.height()) / 2
                painter.drawStaticText(QPointF(rect.left() + inset, rect.top() + above), text)
        meaning = view.table.meaning(row, column)
        if meaning is not None:
            lit = look is not None and (look.cursor == (row, column) or look.is_chosen(row, column))
            self._paint_corner(painter, rect, meaning, look.highlighted if look is not None and lit else None)

    def _paint_corner(
        self, painter: QPainter, rect: QRect, meaning: str, on_highlight: QColor | None
    ) -> None:
        """In the corner away from the mark; what asks for something has a sign as well as a colour. Where the
        cell is highlighted the sign has the colour of its text: no other is sure to be read there."""
        size = max(5, rect.height() // 4)
        flips = self._view.layoutDirection() is Qt.LayoutDirection.RightToLeft
        colour = self._view.mark_colour(meaning)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        corner, along = (rect.topRight(), -size) if flips else (rect.topLeft(), size)
        painter.drawPolygon(QPolygon([corner, corner + QPoint(along, 0), corner + QPoint(0, size)]))
        sign = theme.SIGNS.get(meaning)
        if sign is not None:
            side = Qt.AlignmentFlag.AlignRight if flips else Qt.AlignmentFlag.AlignLeft
            side |= Qt.AlignmentFlag.AlignAbsolute
            painter.setPen(on_highlight or colour)
            painter.drawText(
                rect.adjusted(size + 2, 0, -size - 2, 0), side | Qt.AlignmentFlag.AlignVCenter, sign
            )
        painter.restore()

    def createEditor(
        self, parent: QWidget, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QWidget:
        line = QLineEdit(parent)
        line.setObjectName("cell_editor")
        line.setFrame(False)
        line.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        line.setAccessibleName(self._view.table.grid.described(index.row(), index.column()))
        column = self._view.table.grid.columns[index.column()]
        plain = line.palette().color(QPalette.ColorRole.Text)

        def judge(text: str) -> None:
            """Says why it is no mark yet, and lets the person type on."""
            meant = read_entry(text, column.max_score, self._view.table.grid.aliases)
            wrong = isinstance(meant, Mistake)
            palette = line.palette()
            palette.setColor(QPalette.ColorRole.Text, theme.mark("invalid") if wrong else plain)
            line.setPalette(palette)
            self._view.say(meant.reason if isinstance(meant, Mistake) else "")

        line.textEdited.connect(judge)
        return line

    def setEditorData(self, editor: QWidget, index: QModelIndex | QPersistentModelIndex) -> None:
        """Once. Qt asks again when a sync brings a colleague's mark into the cell, and would put it in the
        middle of what is being typed: 9 and the 7 of a 17 are a 97."""
        assert isinstance(editor, QLineEdit)
        if editor.property("began") is None:
            text = self._view.table.grid.cell(index.row(), index.column()).text
            editor.setProperty("began", text)
            editor.setText(text)

    def setModelData(
        self, editor: QWidget, model: object, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        assert isinstance(editor, QLineEdit)
        began = str(editor.property("began") or "")
        if editor.text() != began or self._view.overwriting:
            self._view.commit(index.row(), index.column(), editor.text(), began)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Half a mark stays half a mark while another program or the lock is in front: Qt would put the 1 of
        a 15 into the cell, and off it went."""
        if isinstance(event, QFocusEvent) and event.reason() == Qt.FocusReason.ActiveWindowFocusReason:
            return False
        pressed = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress
        if pressed and isinstance(watched, QLineEdit) and isinstance(event, QKeyEvent):
            key = event.key()
            plain = not event.modifiers() & ~SHIFT_OR_KEYPAD
            arrows = self._view.overwriting and key in (Qt.Key.Key_Up, Qt.Key.Key_Down)
            if plain and (key in (*ENTER, Qt.Key.Key_Tab, Qt.Key.Key_Backtab) or arrows):
                self.commitData.emit(watched)
                self.closeEditor.emit(watched, QAbstractItemDelegate.EndEditHint.NoHint)
                self._view.step(event)
                return True
        return super().eventFilter(watched, event)


class Headings(QHeaderView):
    """The titles of the columns. Qt's own paints by asking whether the columns beside each are chosen, and
    that of the model about every row: a second for a sheet of thousands that is chosen as a whole."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setDefaultAlignment(Qt.AlignmentFlag.AlignCenter)

    def paintSection(self, painter: QPainter, rect: QRect, logical: int) -> None:
        option = QStyleOptionHeader()
        self.initStyleOption(option)
        option.rect = rect
        option.section = logical
        option.text = str(self.model().headerData(logical, self.orientation()))
        option.textAlignment = self.defaultAlignment()
        if self.isSortIndicatorShown() and self.sortIndicatorSection() == logical:
            arrows = QStyleOptionHeader.SortIndicator
            down = self.sortIndicatorOrder() is Qt.SortOrder.AscendingOrder
            option.sortIndicator = arrows.SortDown if down else arrows.SortUp
        painter.save()
        self.style().drawControl(QStyle.ControlElement.CE_Header, option, painter, self)
        painter.restore()


class FrozenTitles(QWidget):
    """Titles over the frozen columns, where Qt has only a button."""

    def __init__(self, view: QTableView, header: FrozenHeader) -> None:
        super().__init__(view)
        self._header = header
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().color(QPalette.ColorRole.Button))
        painter.setPen(self.palette().color(QPalette.ColorRole.ButtonText))
        flips = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        edge = self.width() if flips else 0
        side = Qt.AlignmentFlag.AlignRight if flips else Qt.AlignmentFlag.AlignLeft
        for title, width in zip(FROZEN_TITLES, self._header.widths, strict=True):
            left = edge - width if flips else edge
            box = QRect(left + 6, 0, width - 12, self.height() - 4)
            foot = Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignAbsolute
            painter.drawText(box, int(side | foot), phrase(title))
            edge += -width if flips else width
        painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
        painter.drawLine(self.rect().bottomLeft(), self.rect().bottomRight())
        painter.end()


class GridView(QTableView):
    """`say(sentence)` speaks on the page's note; `acted()` follows every change of cells."""

    def __init__(self, grid: GridPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("grid")
        self.setAccessibleName(phrase("Marks"))
        self.say: Callable[[str], object] = lambda sentence: None
        self.acted: Callable[[], object] = lambda: None
        # Since F7 went to a problem and until the cursor is moved otherwise, Enter goes to the next one.
        self.next_problem: Callable[[], object] = lambda: None
        self.is_hopping = False
        self.overwriting = False
        self._return_column: int | None = None
        self._marks: dict[str, QColor] = {}
        self._texts: dict[str, QStaticText] = {}
        self.look: Look | None = None
        self._held: Key | None = None
        self._held_column = 0
        self._held_place: int | None = None
        self.table = GradeTable(grid, self)
        self.frozen = FrozenHeader(self.table.frozen_texts, (150, 190), self)
        self.setVerticalHeader(self.frozen)
        self.setHorizontalHeader(Headings(self))
        self.setModel(self.table)
        self.setItemDelegate(CellDelegate(self))
        trigger = QAbstractItemView.EditTrigger
        self.setEditTriggers(trigger.AnyKeyPressed | trigger.EditKeyPressed | trigger.DoubleClicked)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        self._titles = FrozenTitles(self, self.frozen)
        self.horizontalHeader().geometriesChanged.connect(self._place_titles)
        self.frozen.geometriesChanged.connect(self._place_titles)
        self.table.modelAboutToBeReset.connect(self._hold)
        self.table.modelReset.connect(self._return)
        self.measure()
        if self.table.rowCount():
            self.put_cursor((0, 0))

    @property
    def grid(self) -> GridPresenter:
        return self.table.grid

    def measure(self) -> None:
        """Sizes from the font, and from the longest number and a typical name, never from all rows' paint."""
        self._texts.clear()
        metrics = self.fontMetrics()
        rows = self.grid.sheet.rows
        number = max((len(row.reg_no) for row in rows), default=12)
        name = max((len(row.name) for row in rows[:200]), default=16)
        wide = metrics.averageCharWidth()
        self.frozen.set_widths(
            (
                max(
                    metrics.horizontalAdvance(phrase(FROZEN_TITLES[0])),
                    metrics.horizontalAdvance("0") * number,
                )
                + 18,
                min(max(name, 14), 32) * wide + 18,
            )
        )
        self.frozen.setDefaultSectionSize(metrics.height() + 8)
        for column in range(self.table.columnCount()):
            heading = str(self.table.headerData(column, Qt.Orientation.Horizontal))
            widest = max(metrics.horizontalAdvance(line) for line in heading.split("\n"))
            self.setColumnWidth(column, max(widest + 24, wide * 9))
        self._place_titles()

    def mark_colour(self, meaning: str) -> QColor:
        colour = self._marks.get(meaning)
        if colour is None:
            colour = self._marks[meaning] = theme.mark(meaning)
        return colour

    def text_of(self, text: str) -> QStaticText:
        """Laid out in this view's font."""
        held = self._texts.get(text)
        if held is None:
            if len(self._texts) >= MOST_TEXTS:
                self._texts.clear()
            held = self._texts[text] = QStaticText(text)
            held.setTextFormat(Qt.TextFormat.PlainText)
            held.prepare(font=self.font())
        return held

    def paintEvent(self, event: QPaintEvent) -> None:
        palette, role = self.palette(), QPalette.ColorRole
        self.look = Look(
            palette.color(role.Text),
            palette.color(role.Highlight),
            palette.color(role.HighlightedText),
            self.here(),
            [
                Block(part.top(), part.bottom(), part.left(), part.right())
                for part in list(self.selectionModel().selection())  # type: ignore[call-overload]
            ],
            self.style().pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, None, self) + 1,
            self.isRightToLeft(),
        )
        super().paintEvent(event)

    def recolour(self) -> None:
        self._marks.clear()
        self.table.refresh_tints()
        self.measure()
        self.viewport().update()

    def show_order(self) -> None:
        """An arrow in the title of the column that the rows are sorted by."""
        column = self.grid.sorted_by
        shown = column is not None and column >= 0
        order = Qt.SortOrder
        header = self.horizontalHeader()
        header.setSortIndicatorShown(shown)
        if column is not None and shown:
            way = order.DescendingOrder if self.grid.is_descending else order.AscendingOrder
            header.setSortIndicator(column, way)

    # Where the person is

    def here(self) -> Position | None:
        index = self.currentIndex()
        return (index.row(), index.column()) if index.isValid() else None

    def column_here(self) -> int:
        """The current assessment; from the total it is the last one."""
        at = self.here()
        return min(at[1], len(self.grid.columns) - 1) if at and self.grid.columns else 0

    def blocks(self) -> list[Block]:
        """The chosen rectangles without the total. Asks for ranges, never for every index."""
        last = len(self.grid.columns) - 1
        found = [
            Block(part.top(), part.bottom(), part.left(), min(part.right(), last))
            for part in list(self.selectionModel().selection())  # type: ignore[call-overload]
            if part.left() <= last
        ]
        at = self.here()
        if not found and at and at[1] <= last:
            found = [Block(at[0], at[0], at[1], at[1])]
        return found

    def hull(self) -> Block | None:
        """The rectangle around all that is chosen, as copying and pasting see it."""
        blocks = self.blocks()
        if not blocks:
            return None
        return Block(
            min(b.top for b in blocks),
            max(b.bottom for b in blocks),
            min(b.left for b in blocks),
            max(b.right for b in blocks),
        )

    def chosen(self) -> list[Position]:
        return list(dict.fromkeys(at for block in self.blocks() for at in block.positions()))

    def go_to(self, position: Position) -> None:
        self._return_column = None
        self.is_hopping = False
        self.put_cursor(position)
        self.setFocus()

    def put_cursor(self, position: Position) -> None:
        """On one cell alone. `setCurrentIndex` would extend the selection while Shift is held, as it is
        during Shift+Enter."""
        index = self.table.place(position)
        self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self.scrollTo(index)

    def selectAll(self) -> None:
        """While one column's missing marks are shown, all of that column; else all marks."""
        if not self.table.rowCount():
            return
        only = self.grid.filter is Filter.MISSING_HERE
        left = self.column_here() if only else 0
        right = left if only else len(self.grid.columns) - 1
        block = QItemSelection(self.table.index(0, left), self.table.index(self.table.rowCount() - 1, right))
        self.selectionModel().select(block, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    # Editing

    def edit(self, *args: object) -> bool | None:  # type: ignore[override]
        """Qt calls this with the trigger; typing overwrites, everything else edits what stands."""
        if len(args) == 1:
            self.overwriting = False
            super().edit(args[0])  # type: ignore[call-overload]
            return None
        trigger = args[1]
        self.overwriting = trigger == QAbstractItemView.EditTrigger.AnyKeyPressed
        opened = bool(super().edit(*args))  # type: ignore[call-overload]
        if opened and not self.overwriting:
            line = self._editor()
            if line is not None:
                line.end(False)
        return opened

    def _editor(self) -> QLineEdit | None:
        widget = self.indexWidget(self.currentIndex())
        return widget if isinstance(widget, QLineEdit) else None

    def commit(self, row: int, column: int, text: str, began: str) -> None:
        """`began` is what the cell showed when the typing began; a sync may have brought another since."""
        chosen = self.chosen() if self.overwriting else []
        meanwhile = self._meanwhile(row, column, began)
        if len(chosen) > 1 and (row, column) in chosen:
            only_blank = self.grid.filter in (Filter.MISSING_HERE, Filter.MISSING)
            outcome = self.grid.fill(chosen, text, only_blank=only_blank)
        elif text == self.grid.cell(row, column).text:
            return
        else:
            outcome = self.grid.type_text(row, column, text)
        self.say(" ".join(filter(None, (meanwhile, outcome.sentence))))
        self.acted()

    def _meanwhile(self, row: int, column: int, began: str) -> str:
        cell = self.grid.cell(row, column)
        author = self.grid.author(self.grid.key(row, column)) if cell.text != began else None
        if author is None:
            return ""
        return phrase(
            "{who} wrote {text} here while you typed; Ctrl+Z brings it back.",
            who=author.name,
            text=cell.text or phrase("blank"),
        )

    @property
    def is_typing(self) -> bool:
        """A cell's editor is open."""
        return self._editor() is not None

    def finish_typing(self) -> None:
        """Takes what stands in an open editor, before an act that looks at the whole sheet."""
        line = self._editor()
        if line is not None:
            self.commitData(line)
            self.closeEditor(line, QAbstractItemDelegate.EndEditHint.NoHint)

    # Keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        held = event.modifiers() & ~SHIFT_OR_KEYPAD
        if not held and (key in ENTER or key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab)):
            self.step(event)
            return
        if key in STRAIGHT:
            self._return_column = None
            self.is_hopping = False
        if held == Qt.KeyboardModifier.ControlModifier and key in ARROWS:
            shift = Qt.KeyboardModifier.ShiftModifier
            self._jump(ARROWS[Qt.Key(key)], extend=bool(event.modifiers() & shift))
            return
        at = self.here()
        if at and event.text().strip() and not held and at[1] < len(self.grid.columns):
            closed = self.grid.closed(*at)
            if closed:
                self.say(f"{closed}.")
                return
        super().keyPressEvent(event)

    def step(self, event: QKeyEvent) -> None:
        """Enter, Tab, and the arrows that leave an editor."""
        at = self.here()
        if at is None:
            return
        row, column = at
        key = event.key()
        if self.is_hopping and key in ENTER and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.next_problem()
            if self.here() != at:
                return
        self.is_hopping = False
        back = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier) or key == Qt.Key.Key_Backtab
        last = len(self.grid.columns) - 1
        if key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
            if self._return_column is None:
                self._return_column = column
            target = (row, min(max(column + (-1 if back else 1), 0), last))
        else:
            down = -1 if (back and key in ENTER) or key == Qt.Key.Key_Up else 1
            if key in ENTER and self._return_column is not None:
                column = self._return_column
            self._return_column = None
            target = (self._next_row(row, down), column)
        self.put_cursor(target)

    def _jump(self, way: Position, *, extend: bool) -> None:
        """To the end of the filled cells, or over the blank ones to the next that is filled."""
        at = self.here()
        last = len(self.grid.columns) - 1
        if at is None or last < 0:
            return
        row, column = at[0], min(at[1], last)
        if self.isRightToLeft():
            way = (way[0], -way[1])

        def beyond(place: Position) -> Position | None:
            there = (place[0] + way[0], place[1] + way[1])
            return there if 0 <= there[0] < self.grid.row_count and 0 <= there[1] <= last else None

        def is_blank(place: Position) -> bool:
            return self.grid.cell(*place).is_blank

        there = beyond((row, column))
        if there is None:
            return
        runs = not is_blank((row, column)) and not is_blank(there)  # within filled cells, or over blank ones
        further = beyond(there)
        while further is not None and (not is_blank(further) if runs else is_blank(there)):
            there, further = further, beyond(further)
        block = self.hull()
        if not extend or block is None:
            self.put_cursor(there)
            return
        # The corner that stays is the one across from the cursor.
        corner = (
            block.top if row == block.bottom else block.bottom,
            block.left if column == block.right else block.right,
        )
        index, flags = self.table.place(there), QItemSelectionModel.SelectionFlag
        self.selectionModel().setCurrentIndex(index, flags.NoUpdate)
        chosen = QItemSelection(self.table.place(corner), index)
        self.selectionModel().select(chosen, flags.ClearAndSelect)
        self.scrollTo(index)

    def _next_row(self, row: int, step: int) -> int:
        """The next row that takes marks; the same one at the end of the sheet."""
        place = row + step
        while 0 <= place < self.grid.row_count:
            if self.grid.row(place).takes_marks:
                return place
            place += step
        return row

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab belongs to the cells. Ctrl+Tab leaves."""
        return False

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._return_column = None
        self.is_hopping = False
        super().mousePressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_titles()
        was, now = event.oldSize(), event.size()
        if self.currentIndex().isValid() and (now.width() < was.width() or now.height() < was.height()):
            self.scrollTo(self.currentIndex())  # a panel that opens beside it hides nobody's cursor

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self._place_titles()

    def _place_titles(self) -> None:
        wide, high = self.frozen.width(), self.horizontalHeader().height()
        flips = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        frame = self.frameWidth()
        left = self.width() - wide - frame if flips else frame
        self._titles.setGeometry(left, frame, wide, high)
        self._titles.raise_()

    def _hold(self) -> None:
        """The rows may be fewer already than the cursor's place among them: only its column is held."""
        at = self.here()
        self._held_column = at[1] if at and at[1] < len(self.grid.columns) else 0

    def keep(self, key: Key | None, place: int | None = None) -> None:
        """The cell to return to after the rows change; should it have left, whoever stands at `place` then:
        the next student, as it does when a spreadsheet loses a row."""
        self._held, self._held_place = key, place

    def _return(self) -> None:
        position = self.grid.position(self._held) if self._held else None
        place, self._held, self._held_place = self._held_place or 0, None, None
        if position is None and self.grid.row_count and self.grid.columns:
            position = (
                min(place, self.grid.row_count - 1),
                min(self._held_column, len(self.grid.columns) - 1),
            )
        if position is not None:
            self.put_cursor(position)
