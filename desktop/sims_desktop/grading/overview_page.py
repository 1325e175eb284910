"""My sheets: the list a professor sees first. Enter opens a sheet, from this computer when off line."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from sims_desktop.grading.presenter.overview import OverviewPresenter, SheetLine, SheetList
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note, Said
from sims_desktop.kit.page import Page, Surroundings
from sims_desktop.kit.tables import Field, RecordModel, RecordView
from sims_desktop.kit.theme import enlarge


class OverviewPage(Page):
    title = later("My sheets")
    guide = "faculty"

    def __init__(self, around: Surroundings, shelf: SheetList, parent: QWidget | None = None) -> None:
        super().__init__(around, "my_sheets", parent)
        self._presenter = OverviewPresenter(shelf)
        self.summary = Said(self)
        self.summary.setObjectName("my_sheets_summary")
        enlarge(self.summary, 1.2)
        now = around.now
        self.model: RecordModel[SheetLine] = RecordModel(
            [
                Field("Course", lambda line: f"{line.course_code} {line.course_title}", 250),
                Field("Section", lambda line: line.section, 70),
                Field("Term", lambda line: line.term, 90),
                Field("State", lambda line: line.state_words(now()), 340),
                Field("Marks", lambda line: line.missing_words, 140),
                Field("This computer", lambda line: line.waiting_words, 180),
            ]
        )
        self.list = RecordView(self.model, "sheets", parent=self)
        self.list.setAccessibleName(phrase("My sheets"))
        self.note = Note(self)
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.note)
        self.setFocusProxy(self.list)
        self.list.opened.connect(self._open)
        self._presenter.on_change = self._show
        self.add_action("sheets.open", "Open the sheet", "Ctrl+O", self._open_current)
        self._show()

    def _show(self) -> None:
        self.summary.setText(self._presenter.sentence)
        self.model.set_records(list(self._presenter.lines))
        if self._presenter.lines and self.list.current() is None:
            self.list.selectRow(0)

    def _open_current(self) -> None:
        line = self.list.current()
        if line is not None:
            self._open(line)

    def _open(self, line: SheetLine) -> None:
        if line.here:
            self.wants.emit("sheet", line.section_id)
        else:
            self.note.say(
                phrase("This sheet is not on this computer yet; it comes with the next connection.")
            )

    def heard(self, kind: str, id: int) -> None:
        if kind in ("sheet", "sheets", "marks") and self.isVisible():
            self._presenter.refresh()

    def shown(self) -> None:
        self._presenter.refresh()
        self.list.setFocus()
