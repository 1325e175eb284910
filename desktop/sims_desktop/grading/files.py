"""The grid's files: the sheet out as Excel, marks in from it or from a learning platform's export.

Reading and writing go on off the window's thread; what a file would do is always seen before it is done.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QFormLayout, QLabel, QPushButton, QWidget

from sims_desktop.grading.panels import MatchPanel, Panel, words
from sims_desktop.grading.presenter.bringing import (
    NO_COLUMN,
    Columns,
    Foreign,
    foreign_table,
    guess_columns,
    match_columns,
    read_pages,
)
from sims_desktop.grading.presenter.grid import GridPresenter
from sims_desktop.grading.presenter.matching import Match
from sims_desktop.grading.presenter.workbook import NotThisSheet, read_workbook, write_workbook
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.tasks import Progress

if TYPE_CHECKING:
    from sims_desktop.grading.page import GridPage

READABLE = later("Lists of marks (*.xlsx *.ods *.xls *.csv *.txt *.tsv)")


class ColumnsPanel(Panel):
    """Which column of the file is which. Enter shows what would change."""

    is_wide = True
    chosen = Signal(object)

    def __init__(
        self, grid: GridPresenter, table: Foreign, columns: Columns | None, parent: QWidget | None = None
    ) -> None:
        super().__init__("columns", phrase("Which column is which?"), parent)
        self._table = table
        self.sentence = words(self, "columns_sentence")
        self.sentence.setText(
            phrase(
                "The file has {count:,} lines. Choose where the registration numbers stand, "
                "and the marks of each assessment that shall come in. "
                "The choice is remembered for files like this one.",
                count=len(table.lines),
            )
        )
        form = QFormLayout()
        self.number = self._choice("columns_number", columns.number if columns else 0, free=False)
        self.number.setAccessibleName(phrase("Registration number"))
        self._row(form, phrase("Registration number"), self.number)
        self.marks: dict[int, QComboBox] = {}
        for target, head in enumerate(grid.columns):
            if head.closed:
                continue
            at = columns.marks.get(target, NO_COLUMN) if columns else NO_COLUMN
            self.marks[target] = self._choice(f"columns_{head.assessment_id}", at, free=True)
            self.marks[target].setAccessibleName(phrase("Column of {name}", name=head.name))
            self._row(form, head.name, self.marks[target])
        self.show_changes = QPushButton(phrase("Show what would change (Enter)"), self)
        self.show_changes.setObjectName("columns_show")
        self.show_changes.setDefault(True)
        self.show_changes.clicked.connect(lambda: self.chosen.emit(self.columns))
        self.body.addWidget(self.sentence)
        self.body.addLayout(form)
        self.body.addWidget(self.show_changes, 0, Qt.AlignmentFlag.AlignRight)
        self.body.addStretch(1)
        self.setFocusProxy(self.number)

    def _row(self, form: QFormLayout, title: str, box: QComboBox) -> None:
        label = QLabel(title, self)
        label.setBuddy(box)
        form.addRow(label, box)

    def _choice(self, name: str, at: int, *, free: bool) -> QComboBox:
        box = QComboBox(self)
        box.setObjectName(name)
        if free:
            box.addItem(phrase("not from this file"), NO_COLUMN)
        sample = self._table.lines[0] if self._table.lines else []
        for column, heading in enumerate(self._table.headings):
            example = sample[column] if column < len(sample) else ""
            box.addItem(
                phrase(
                    "{heading} – such as “{example}”",
                    heading=heading or phrase("Column {number}", number=column + 1),
                    example=example[:24],
                ),
                column,
            )
        box.setCurrentIndex(max(0, box.findData(at)))
        return box

    @property
    def columns(self) -> Columns:
        marks = {target: int(box.currentData()) for target, box in self.marks.items()}
        return Columns(
            int(self.number.currentData()), {target: at for target, at in marks.items() if at != NO_COLUMN}
        )


class SheetFiles:
    """What the page does with files. `bring` takes a path, as the dialog and a file dropped give it."""

    def __init__(self, page: GridPage) -> None:
        self._page = page

    def ask_where_to_save(self) -> None:
        page = self._page
        sheet = page.grid.sheet
        name = f"{sheet.title} {sheet.section} {sheet.term}.xlsx".replace("/", "-")
        path, _ = QFileDialog.getSaveFileName(
            page, phrase("Save the sheet as an Excel file"), name, "Excel (*.xlsx)"
        )
        if path:
            self.save(Path(path))

    def save(self, path: Path) -> None:
        """Written whole or not at all: an old file stays where the disk is full."""
        page = self._page
        page.view.finish_typing()
        try:
            content = write_workbook(page.grid, page.around.now())
            unfinished = path.with_name(path.name + ".part")
            unfinished.write_bytes(content)
            unfinished.replace(path)
        except OSError as error:
            page.note.say(phrase("Not saved: {strerror}", strerror=error.strerror or error))
            return
        page.note.say(
            phrase("Saved {name}. Type marks there, then bring the file in with Ctrl+O.", name=path.name)
        )

    def ask_which_to_bring(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self._page, phrase("Bring marks in from a file"), "", phrase(READABLE)
        )
        if path:
            self.bring(Path(path))

    def bring(self, path: Path) -> None:
        page = self._page
        page.view.finish_typing()

        def work(progress: Progress) -> dict[str, list[list[str]]]:
            return read_pages(path.name, path.read_bytes())

        page.around.tasks.run(
            work,
            partial(self._read, path.name),
            self._not_read,
            title=phrase("Reading {name}", name=path.name),
            owner=page,
        )

    def _not_read(self, error: Exception) -> None:
        if not isinstance(error, ValueError | OSError):
            raise error
        self._page.note.say(getattr(error, "strerror", None) or str(error))

    def _read(self, name: str, pages: dict[str, list[list[str]]]) -> None:
        page = self._page
        try:
            match = read_workbook(page.grid, pages)
            if match is not None:
                self._preview(match, phrase("From {name}", name=name))
                return
            table = foreign_table(pages.values())
        except (NotThisSheet, ValueError) as error:
            page.note.say(str(error))
            return
        remembered = page.around.remembered.text(f"columns/{table.fingerprint}")
        columns = guess_columns(page.grid, table, remembered)
        panel = ColumnsPanel(page.grid, table, columns, page)
        panel.chosen.connect(partial(self._match, name, table))
        page.open_panel(panel)
        panel.show_changes.setFocus()
        if columns is not None and columns.marks and remembered:
            self._match(name, table, columns)  # told before: straight to what would change

    def _match(self, name: str, table: Foreign, columns: Columns) -> None:
        page = self._page
        if not columns.marks:
            page.note.say(phrase("Choose the column of one assessment at least."))
            return
        names = [head.name for head in page.grid.columns]
        told = columns.remembered(table.headings, names)
        page.around.remembered.put(f"columns/{table.fingerprint}", told)
        self._preview(match_columns(page.grid, table, columns), phrase("From {name}", name=name))

    def _preview(self, match: Match, title: str) -> None:
        page = self._page
        panel = MatchPanel(page, title=title, verb=phrase("Bring in"))
        panel.applied.connect(page.apply_match)
        page.open_panel(panel)
        panel.preview(match)
        if not match.changes and not match.odd:
            page.note.say(phrase("Nothing in the file differs. {list}", list=" ".join(match.notes)).strip())
