"""Reports on screen: what is asked above, the table, and beside it a picture of the line at hand."""

from __future__ import annotations

import base64
from functools import partial
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtGui import QColor, QPixmap
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from sims_desktop.kit import theme
from sims_desktop.kit.asking import colour, text_label
from sims_desktop.kit.desk import Desk
from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.tables import LETTER, Field, RecordModel, RecordView
from sims_desktop.kit.tasks import Progress
from sims_desktop.reports.chart import Bars
from sims_desktop.reports.figures import Line, text_of
from sims_desktop.reports.presenter import BY, KINDS, Loaded, ReportsPresenter

PICTURE = QSize(640, 200)
EXCEL = ".xlsx"
UPRIGHT = 8  # columns that fit a page held upright


class ReportsPage(Desk[Loaded]):
    """1–5 choose the report, B the lines, Enter goes into one, O orders by the column at hand."""

    title = later("Reports")
    guide = "registrar#reports"

    def __init__(
        self, around: Surroundings, presenter: ReportsPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(around, "reports", parent)
        self.presenter = presenter
        self._columns: tuple[str, ...] = ()
        self._build()
        add = self.add_action
        for at, kind in enumerate(presenter.kinds):
            add(f"reports.{kind}", KINDS[kind], str(at + 1), partial(self.choose, kind=kind))
        add("reports.by", later("Lines of another kind"), "B", self.next_by)
        add("reports.order", later("Order by this column"), "O", self.order)
        add("reports.back", later("One step back"), ("Backspace", "Esc"), self.go_back)
        add("reports.save", later("Save as a file"), "Ctrl+S", self.ask_where_to_save)
        add("reports.print", later("Print"), "Ctrl+P", self.print_it)
        add("reports.refresh", later("Ask the server again"), "F5", self.refresh)
        presenter.on_change = self._show
        around.theme.changed.connect(self._show)
        self._show()

    def more_keys(self) -> tuple[tuple[str, str], ...]:
        return ((phrase("What a line is made of"), "Enter"),)

    def _build(self) -> None:
        self.heading = text_label("reports_heading", self, larger=True)
        self.sentence = text_label("reports_sentence", self)
        self.age = text_label("reports_age", self)
        self.kind = self._box("reports_kind", later("Report"))
        self.by = self._box("reports_by", later("Lines"))
        self.term = self._box("reports_term", later("Term"))
        self.program = self._box("reports_program", later("Program"))
        for kind in self.presenter.kinds:
            self.kind.addItem(phrase(KINDS[kind]), kind)
        for by, words in BY.items():
            self.by.addItem(phrase(words), by)
        self.kind.activated.connect(lambda at: self.choose(kind=self.kind.itemData(at)))
        self.by.activated.connect(lambda at: self.choose(by=self.by.itemData(at)))
        self.term.activated.connect(lambda at: self.choose(term_id=self.term.itemData(at)))
        self.program.activated.connect(lambda at: self.choose(program_id=self.program.itemData(at)))
        top = QHBoxLayout()
        for box in (self.kind, self.by, self.term, self.program):
            top.addWidget(box)
        top.addStretch(1)
        self.bars = Bars(self)
        self.caption = text_label("reports_caption", self)
        self.left_out = text_label("reports_left_out", self)
        self.complaint = Complaint(self)
        self.complaint.setObjectName("reports_complaint")
        self.note = Note(self)
        self._layout = QVBoxLayout(self)
        self._layout.addLayout(top)
        for label in (self.heading, self.sentence, self.age):
            self._layout.addWidget(label)
        self._make_table(())
        self._layout.addWidget(self.list, 1)
        below: tuple[QWidget, ...] = (self.left_out, self.caption, self.bars, self.complaint, self.note)
        for part in below:
            self._layout.addWidget(part)

    def _box(self, name: str, called: str) -> QComboBox:
        box = QComboBox(self)
        box.setObjectName(name)
        box.setAccessibleName(phrase(called))
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        return box

    def _make_table(self, columns: tuple[str, ...]) -> None:
        """Other columns need another view: a view keeps the widths a person drew for its own."""
        numbers = self.presenter.table.numbers if self.presenter.table is not None else ()
        fields: list[Field[Line]] = [
            Field(
                name,
                lambda line, at=at: text_of(line.values[at]),  # type: ignore[misc]
                LETTER * (7 if is_number else 18 if at == 0 else 80 if at == 1 else 10),
                is_number=is_number,
            )
            for at, (name, is_number) in enumerate(zip(columns, numbers, strict=True))
        ]
        self.model: RecordModel[Line] = RecordModel(
            fields or [Field(later("Lines"), lambda line: "")], tint=self._tint
        )
        self.list = RecordView(self.model, "reports_list", parent=self)
        self.list.setAccessibleName(phrase("Figures of the report"))
        self.list.horizontalHeader().setSectionsClickable(True)
        self.list.horizontalHeader().sectionClicked.connect(self._order_by)
        self.list.selectionModel().currentRowChanged.connect(lambda *_: self._draw())
        self.list.opened.connect(self.go_into)
        self._columns = columns
        self.setFocusProxy(self.list)

    def _tint(self, line: Line) -> QColor | None:
        table = self.presenter.table
        return theme.tint("closed") if table is not None and line is table.total else None

    # Showing

    def _show(self) -> None:
        presenter = self.presenter
        columns = presenter.table.columns if presenter.table is not None else ()
        if columns != self._columns:
            old, had_focus = self.list, self.list.hasFocus()
            self._make_table(columns)
            self._layout.replaceWidget(old, self.list)
            old.hide()
            old.deleteLater()
            QWidget.setTabOrder(self.program, self.list)
            self.list.show()
            if had_focus:
                self.list.setFocus()
        self.heading.setText(presenter.title)
        for label, words in (
            (self.sentence, presenter.sentence),
            (self.age, presenter.age_words(self.around.now())),
            (self.left_out, presenter.left_out),
        ):
            label.setText(words)
            label.setVisible(bool(words))
        colour(self.age, "conflict")
        self._show_choices()
        lines = presenter.lines
        kept = self.list.current()
        self.model.set_records(lines)
        if lines:
            at = next((n for n, line in enumerate(lines) if kept is not None and line.id == kept.id), 0)
            self.list.selectRow(at)
        self._draw()

    def _show_choices(self) -> None:
        loaded, question = self.presenter.shown, self.presenter.question
        if loaded is not None:
            self._fill(self.term, phrase("All terms"), [(term.name, term.id) for term in loaded.terms])
            self._fill(
                self.program,
                phrase("All programs"),
                [(program.code, program.id) for program in loaded.programs],
            )
        for box, wanted in (
            (self.kind, question.kind),
            (self.by, question.by),
            (self.term, question.term_id),
            (self.program, question.program_id),
        ):
            box.setCurrentIndex(max(box.findData(wanted), 0))
        self.by.setEnabled(question.has_lines)

    def _fill(self, box: QComboBox, every: str, choices: list[tuple[str, int]]) -> None:
        if box.count() == len(choices) + 1:
            return
        box.clear()
        box.addItem(every, None)
        for words, id in choices:
            box.addItem(words, id)

    def _draw(self) -> None:
        table, line = self.presenter.table, self.list.current()
        drawn = table is not None and bool(table.bars) and line is not None and bool(self.presenter.lines)
        self.bars.setVisible(drawn)
        self.caption.setVisible(drawn)
        if table is None or line is None or not drawn:
            return
        is_total = line is table.total
        of = phrase("All") if is_total else line.code
        of_all = table.total.bars if table.total is not None and not is_total else ()
        self.bars.show_line(of, table.bars, line.bars, of_all)
        self.caption.setText(
            of
            if is_total
            else phrase("{line}; the dashed marks are the shares of all lines together.", line=of)
        )

    # Choosing

    def choose(self, **changed: str | int | None) -> None:
        if self.presenter.choose(**changed):
            self.note.say("")
            self._show_choices()
            self.refresh()

    def next_by(self) -> None:
        if self.presenter.question.has_lines:
            names = list(BY)
            self.choose(by=names[(names.index(self.presenter.question.by) + 1) % len(names)])

    def go_into(self, line: Line) -> None:
        shown = self.presenter.shown
        if self.presenter.go_into(line):
            self.refresh()
        elif shown is not None and shown.question.kind == "broadsheet":
            if self.presenter.opens_students:
                self.wants.emit("student", line.id)
        elif shown is not None and shown.question.has_lines and line.id:
            self.note.say(phrase("A section is the smallest line there is."))

    def go_back(self) -> None:
        if self.presenter.go_back():
            self.note.say("")
            self.refresh()

    def order(self) -> None:
        if self.list.currentIndex().isValid():
            self._order_by(self.list.currentIndex().column())

    def _order_by(self, column: int) -> None:
        row = self.list.currentIndex()
        self.presenter.order_by(column)
        self.list.setCurrentIndex(self.model.index(max(row.row(), 0), column))

    # Taking along

    def ask_where_to_save(self) -> None:
        if not self._something():
            return
        name = self.presenter.title.replace("/", "-")
        path, _ = QFileDialog.getSaveFileName(
            self, phrase("Save the report"), name + EXCEL, phrase("Excel (*.xlsx);;PDF (*.pdf)")
        )
        if path:
            self.save(Path(path))

    def save(self, path: Path) -> None:
        """Written beside it first, so that a full disk leaves the old file as it was."""
        self.complaint.say("")
        unfinished = path.with_name(f"{path.name}.part")

        def work(progress: Progress) -> None:
            unfinished.write_bytes(self.presenter.workbook(self.around.now()))
            unfinished.replace(path)

        def done(nothing: object) -> None:
            self.note.say(phrase("Saved {name}.", name=path.name))

        if path.suffix.lower() != ".pdf":
            self.act(phrase("Saving the report"), work, done, self._not_saved)
            return
        from sims_desktop.kit.printing import print_html, printer_to_file

        try:
            unfinished.touch()
            print_html(self._paper(), printer_to_file(unfinished, wide=self._is_wide))
            if not unfinished.stat().st_size:
                raise OSError(phrase("The file stayed empty"))
            unfinished.replace(path)
        except OSError as error:
            self._not_saved(error)
        else:
            done(None)

    def _not_saved(self, error: Exception) -> None:
        if not isinstance(error, OSError):
            raise error
        self.complaint.say(phrase("Not saved: {why}", why=error.strerror or error))

    def print_it(self) -> None:
        if not self._something():
            return
        from sims_desktop.kit.printing import ask_printer, print_html

        if (printer := ask_printer(self, phrase("Print the report"), wide=self._is_wide)) is not None:
            print_html(self._paper(), printer)
            self.note.say(phrase("Printed the report."))

    @property
    def _is_wide(self) -> bool:
        return len(self._columns) > UPRIGHT

    def _paper(self) -> str:
        return self.presenter.paper(self._picture(), self.around.now())

    def _picture(self) -> str:
        """The chart of the line at hand as paper has it: dark on white, whatever the screen's look."""
        if not self.bars.isVisible():
            return ""
        drawn = Bars()
        drawn.setPalette(theme.palette_of(theme.LIGHT))
        drawn.show_line("", self.bars._names, self.bars._counts, self.bars._all)
        drawn.resize(PICTURE)
        pixmap = QPixmap(PICTURE)
        pixmap.fill(Qt.GlobalColor.white)
        drawn.render(pixmap)
        held = QByteArray()
        buffer = QBuffer(held)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        pixmap.save(buffer, "PNG")
        return f"data:image/png;base64,{base64.b64encode(held.data()).decode()}"

    def _something(self) -> bool:
        if not self.presenter.lines:
            self.complaint.say(phrase("There is nothing to take along yet."))
            return False
        return True

    # The server

    def load(self) -> Loaded:
        return self.presenter.load()

    def take(self, loaded: Loaded) -> None:
        self.complaint.say("")
        self.presenter.take(loaded, self.around.now())

    def not_loaded(self, error: Exception) -> None:
        self.presenter.not_loaded(error)
