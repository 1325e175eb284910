"""F4: two revisions of the sheet side by side, below the grid: what moved, who wrote it, when.

What a returned sheet is handed in with again is seen here before the head sees it. Enter goes to the cell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel

from sims_desktop.client.errors import ClientError
from sims_desktop.grading.panels import Panel, words
from sims_desktop.grading.presenter.revisions import (
    Choice,
    choices_of,
    first_pair,
    held_words,
    key_of,
    sentence_of,
)
from sims_desktop.grading.presenter.sheet import Badge
from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.tables import Field, RecordModel, RecordView
from sims_desktop.kit.wording import left_to_right, when
from sims_shared.revisions import CellMoved, SheetCompared, SheetRevisions

if TYPE_CHECKING:
    from sims_desktop.grading.page import GridPage


class RevisionPanel(Panel):
    """`chosen(since, until)` when two revisions shall be compared."""

    is_wide = True
    chosen = Signal(int, int)

    def __init__(self, page: GridPage) -> None:
        super().__init__("revisions", phrase("Two revisions side by side"), page)
        now = page.around.now
        self._choices: list[Choice] = []
        self.earlier, self.later = QComboBox(self), QComboBox(self)
        row = QHBoxLayout()
        for name, label, box in (
            ("revisions_earlier", phrase("&Earlier"), self.earlier),
            ("revisions_later", phrase("&Later"), self.later),
        ):
            box.setObjectName(name)
            box.setAccessibleName(label.replace("&", ""))
            box.activated.connect(lambda _: self._compare())
            title = QLabel(label, self)
            title.setBuddy(box)
            row.addWidget(title)
            row.addWidget(box, 1)
        self.sentence = words(self, "revisions_sentence")
        self.sentence.setText(phrase("Asking the server …"))
        self.complaint = Complaint(self)
        self.complaint.setObjectName("revisions_complaint")
        self.model: RecordModel[CellMoved] = RecordModel(
            [
                Field(later("Number"), lambda cell: left_to_right(cell.reg_no), 150),
                Field(later("Name"), lambda cell: cell.name, 160),
                Field(later("Assessment"), lambda cell: cell.assessment, 90),
                Field(later("Before"), lambda cell: held_words(cell.before), 70, is_number=True),
                Field(later("After"), lambda cell: held_words(cell.after), 70, is_number=True),
                Field(later("Who, when"), lambda cell: f"{cell.by.name}, {when(cell.at, now())}", 200),
            ]
        )
        self.list = RecordView(self.model, "revisions_cells", parent=self)
        self.list.setAccessibleName(phrase("What stands otherwise"))
        self.body.addLayout(row)
        self.body.addWidget(self.sentence)
        self.body.addWidget(self.complaint)
        self.body.addWidget(self.list, 1)
        self.setFocusProxy(self.list)

    def offer(self, choices: list[Choice], pair: tuple[int, int]) -> None:
        self._choices = choices
        for box, at in zip((self.earlier, self.later), pair, strict=True):
            box.clear()
            box.addItems([choice.words for choice in choices])
            box.setCurrentIndex(at)
        self._compare()

    def _compare(self) -> None:
        revs = sorted(self._choices[box.currentIndex()].rev for box in (self.earlier, self.later))
        self.complaint.say("")
        self.chosen.emit(*revs)

    def show_compared(self, compared: SheetCompared, waiting: int) -> None:
        self.sentence.setText(sentence_of(compared, waiting))
        self.model.set_records(compared.cells)
        if compared.cells:
            self.list.selectRow(0)

    def failed(self, why: str) -> None:
        self.sentence.setText("")
        self.complaint.say(why)


class RevisionDesk:
    def __init__(self, page: GridPage) -> None:
        self._page = page

    def toggle(self) -> None:
        page = self._page
        if isinstance(page.panel, RevisionPanel):
            page.close_panel()
            return
        page.view.finish_typing()
        panel = RevisionPanel(page)
        panel.chosen.connect(lambda since, until: self._compare(panel, since, until))
        panel.list.opened.connect(self._go_to)
        page.open_panel(panel)
        panel.list.setFocus()

        def done(revisions: SheetRevisions) -> None:
            if page.panel is panel:
                panel.offer(choices_of(revisions, page.around.now()), first_pair(revisions))

        page.around.tasks.run(
            lambda progress: page.office.read_revisions(page.section_id),
            done,
            lambda error: self._failed(panel, error),
            owner=panel,
        )

    def _compare(self, panel: RevisionPanel, since: int, until: int) -> None:
        page = self._page

        def done(compared: SheetCompared) -> None:
            if page.panel is panel:
                panel.show_compared(compared, page.grid.counted(Badge.WAITING, Badge.SENDING))

        page.around.tasks.run(
            lambda progress: page.office.compare_revisions(page.section_id, since, until),
            done,
            lambda error: self._failed(panel, error),
            owner=panel,
        )

    def _failed(self, panel: RevisionPanel, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        panel.failed(phrase("{error}. Revisions are compared on line.", error=error))

    def _go_to(self, cell: CellMoved) -> None:
        position = self._page.grid.position(key_of(cell))
        if position is not None:
            self._page.view.put_cursor(position)
            self._page.view.setFocus()
