"""The parts of the import desk: the file at hand, its headers, the rows and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QLabel,
    QScrollArea,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from sims_desktop.imports.presenter import (
    FATE_WORDS,
    KIND_WORDS,
    LEFT_OUT,
    AtHand,
    Header,
    Shown,
    cell_words,
    columns_of,
    place_of,
)
from sims_desktop.kit import theme
from sims_desktop.kit.check_boxes import CheckBox
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Said
from sims_desktop.kit.tables import Field, RecordModel, RecordView
from sims_desktop.kit.wording import left_to_right
from sims_shared.imports import DifferenceView, ImportRowView
from sims_shared.problems import Fault

MOST_SHOWN = 2000


class FilePane(QWidget):
    """A file that was chosen: what it is, before it is sent."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = Said(self)
        self.name.setObjectName("import_file")
        self.name.setTextFormat(Qt.TextFormat.PlainText)
        self.kind = QComboBox(self)
        self.kind.setObjectName("import_kind")
        self.kind.setAccessibleName(phrase("What the file holds"))
        self.complete = CheckBox(phrase("It lists every fee hold there is; others are lifted"), self)
        self.complete.setObjectName("import_complete")
        self.complete.setAccessibleName(phrase("The file lists every fee hold"))
        self.kind.currentIndexChanged.connect(lambda _: self._show_complete())
        rows = QFormLayout(self)
        rows.addRow(phrase("File"), self.name)
        label = QLabel(phrase("It &holds"), self)
        label.setBuddy(self.kind)
        rows.addRow(label, self.kind)
        rows.addRow("", self.complete)

    def offer(self, kinds: Sequence[str]) -> None:
        self.kind.clear()
        for kind in kinds:
            self.kind.addItem(phrase(KIND_WORDS.get(kind, kind)), kind)

    def show_file(self, file: AtHand) -> None:
        self.name.setText(f"{file.name} · {len(file.content) / 1024:,.0f} kB")
        self.kind.setCurrentIndex(max(0, self.kind.findData(file.kind)))
        self.complete.setChecked(file.complete)
        self._show_complete()

    def _show_complete(self) -> None:
        self.complete.setVisible(self.kind.currentData() == "holds")


class HeaderPane(QScrollArea):
    """Each header nobody knows, and a choice of what it means."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("import_headers")
        self.setAccessibleName(phrase("What the columns of the file mean"))
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self._boxes: dict[str, QComboBox] = {}

    def show_headers(self, headers: Sequence[Header]) -> None:
        inside = QWidget(self)
        rows = QFormLayout(inside)
        self._boxes = {}
        for number, line in enumerate(headers):
            box = QComboBox(inside)
            box.setObjectName(f"import_header_{number}")
            box.setAccessibleName(phrase("What {header} means", header=line.header))
            box.addItem(phrase("(leave it out)"), LEFT_OUT)
            for column in line.choices:
                box.addItem(column, column)
            box.setCurrentIndex(max(0, box.findData(line.means)))
            box.currentIndexChanged.connect(lambda _: self.changed.emit())
            label = QLabel(line.header, inside)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setBuddy(box)
            rows.addRow(label, box)
            self._boxes[line.header] = box
        self.setWidget(inside)

    def said(self) -> dict[str, str]:
        return {header: str(box.currentData()) for header, box in self._boxes.items()}

    def take_focus(self) -> None:
        if self._boxes:
            next(iter(self._boxes.values())).setFocus()


class TablesPane(QWidget):
    """Three lists of one import, one in front: what is wrong, the rows, averages that differ."""

    turned = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        wide = self.fontMetrics().averageCharWidth()
        self.tabs = QTabBar(self)
        self.tabs.setObjectName("import_tabs")
        self.tabs.setAccessibleName(phrase("Lists of this import"))
        self.tabs.setExpanding(False)
        self.stack = QStackedWidget(self)
        self.fault_model: RecordModel[Fault] = RecordModel(
            [
                Field(later("Row"), lambda fault: place_of(fault)[0], wide * 8, is_number=True),
                Field(later("Column"), lambda fault: place_of(fault)[1], wide * 18),
                Field(later("What is wrong"), lambda fault: fault.detail, wide * 60),
            ],
            tint=lambda fault: theme.tint("refused"),
        )
        self.faults = RecordView(self.fault_model, "import_faults", parent=self)
        self.faults.setAccessibleName(phrase("What is wrong, by row and column"))
        self.difference_model: RecordModel[DifferenceView] = RecordModel(
            [
                Field(later("Number"), lambda one: left_to_right(one.reg_no), wide * 20),
                Field(later("Term"), lambda one: one.term, wide * 14),
                Field(later("Average"), lambda one: one.figure.upper(), wide * 10),
                Field(later("Recorded, prints"), lambda one: str(one.recorded), wide * 18, is_number=True),
                Field(
                    later("By the regulation"),
                    lambda one: phrase("none") if one.recomputed is None else str(one.recomputed),
                    wide * 18,
                    is_number=True,
                ),
            ]
        )
        self.differences = RecordView(self.difference_model, "import_differences", parent=self)
        self.differences.setAccessibleName(phrase("Averages the regulation would make otherwise"))
        self._columns: list[str] | None = None
        self.row_model: RecordModel[ImportRowView] = RecordModel([])
        self.rows: RecordView[ImportRowView] = RecordView(self.row_model, "import_rows", parent=self)
        self.rows.setAccessibleName(phrase("Rows of the file and what happens to them"))
        for view in (self.faults, self.rows, self.differences):
            self.stack.addWidget(view)
        for title in ("", "", ""):
            self.tabs.addTab(title)
        self.tabs.currentChanged.connect(self._turn)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.tabs)
        layout.addWidget(self.stack, 1)

    def show_import(self, shown: Shown, *, turn: bool) -> None:
        """`turn`: to the list that matters most."""
        faults = shown.faults
        self.fault_model.set_records(list(faults[:MOST_SHOWN]))
        self.difference_model.set_records(list(shown.differences))
        self._show_rows(shown)
        fate = phrase(FATE_WORDS[shown.fate]) if shown.fate else phrase("all")
        more = "+" if shown.more is not None else ""
        self.tabs.setTabText(0, phrase("1 What is wrong ({count:,})", count=len(faults)))
        self.tabs.setTabText(
            1, phrase("2 Rows, {fate} ({count}{more})", fate=fate, count=len(shown.rows), more=more)
        )
        self.tabs.setTabText(2, phrase("3 Averages that differ ({count:,})", count=len(shown.differences)))
        self.tabs.setTabVisible(0, bool(faults))
        self.tabs.setTabVisible(2, shown.view.differences is not None)
        if turn:
            self.turn(0 if faults else 1)

    def turn(self, to: int) -> None:
        if self.tabs.isTabVisible(to):
            self.tabs.setCurrentIndex(to)

    @property
    def in_front(self) -> QWidget:
        views = (self.faults, self.rows, self.differences)
        return views[self.stack.currentIndex()]

    def take_focus(self) -> None:
        """The first row chosen, as a person sees where they are."""
        view = self.stack.currentWidget()
        if isinstance(view, RecordView):
            if not view.selectionModel().hasSelection():
                view.selectRow(0)
            view.setFocus()

    def recolour(self) -> None:
        self.fault_model.set_records(list(self.fault_model.records))
        self.row_model.set_records(list(self.row_model.records))

    def _turn(self, to: int) -> None:
        self.stack.setCurrentIndex(to)
        self.turned.emit()

    def _show_rows(self, shown: Shown) -> None:
        """The columns of the list are those of the file, so another file may need another list."""
        columns = columns_of(shown.rows)
        if columns != self._columns:
            self._columns = columns
            old, wide = self.rows, self.fontMetrics().averageCharWidth()
            self.row_model = RecordModel(
                [
                    Field(later("Row"), lambda row: str(row.row), wide * 7, is_number=True),
                    Field(later("What happens"), lambda row: phrase(FATE_WORDS[row.fate]), wide * 14),
                    *(Field(name, _cell_of(name), wide * max(16, len(name) + 4)) for name in columns),
                ],
                tint=_row_tint,
            )
            self.rows = RecordView(self.row_model, "import_rows", parent=self)
            self.rows.setAccessibleName(phrase("Rows of the file and what happens to them"))
            at = self.stack.indexOf(old)
            in_front = self.stack.currentIndex()
            self.stack.removeWidget(old)
            old.deleteLater()
            self.stack.insertWidget(at, self.rows)
            self.stack.setCurrentIndex(in_front)
        self.row_model.set_records(list(shown.rows))


def _cell_of(name: str) -> Callable[[ImportRowView], str]:
    return lambda row: cell_words(row, name)


def _row_tint(row: ImportRowView) -> QColor | None:
    meaning = {"changed": "waiting", "lifted": "conflict", "fault": "refused", "same": "closed"}.get(row.fate)
    return theme.tint(meaning) if meaning else None
