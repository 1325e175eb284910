"""F4: two revisions of the sheet side by side, below the grid: what moved, who wrote it, when.

What a returned sheet is handed in with again is seen here before the head sees it. Enter goes to the cell,
Ctrl+P prints what is shown.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel

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
from sims_desktop.grading.revisions_paper import compared_paper
from sims_desktop.kit.asking import push_button
from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.tables import Field, RecordModel, RecordView
from sims_desktop.kit.wording import left_to_right, when
from sims_shared.revisions import CellMoved, SheetCompared, SheetRevisions

if TYPE_CHECKING:
    from sims_desktop.grading.page import GridPage


class RevisionPanel(Panel):
    """`chosen` when the revisions from `since` to `until` shall be compared, `printed` when on paper."""

    is_wide = True
    chosen = Signal()
    printed = Signal()

    def __init__(self, page: GridPage) -> None:
        super().__init__("revisions", phrase("Two revisions side by side"), page)
        now = page.around.now
        self._choices: list[Choice] = []
        self.revisions: SheetRevisions | None = None
        self.compared: SheetCompared | None = None
        self.waiting = 0
        self.earlier, self.later = QComboBox(self), QComboBox(self)
        row = QHBoxLayout()
        for name, label, box in (
            ("revisions_earlier", phrase("&Earlier"), self.earlier),
            ("revisions_later", phrase("&Later"), self.later),
        ):
            box.setObjectName(name)
            box.setAccessibleName(label.replace("&", ""))
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(12)  # the reasons in it would make the window as wide as they are
            box.activated.connect(lambda _: self._compare())
            title = QLabel(label, self)
            title.setBuddy(box)
            row.addWidget(title)
            row.addWidget(box, 1)
        self.everything = QCheckBox(phrase("&All marks"), self)
        self.everything.setObjectName("revisions_everything")
        self.everything.setAccessibleName(phrase("Also the marks that both revisions show alike"))
        self.everything.setToolTip(phrase("Also the marks that both revisions show alike"))
        self.everything.toggled.connect(lambda _: self._compare())
        self.paper = push_button(self, "revisions_print", self.print_out, phrase("Print (Ctrl+P)"))
        row.addWidget(self.everything)
        row.addWidget(self.paper)
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

    def offer(self, revisions: SheetRevisions, now: datetime) -> None:
        """At first what a person wants to see; then the two that were chosen, and now is still now."""
        pair = first_pair(revisions)
        if self._choices:
            last = len(self._choices) - 1
            chosen = (box.currentIndex() for box in (self.earlier, self.later))
            pair = tuple(len(revisions.moments) + 1 if at == last else at for at in chosen)  # type: ignore[assignment]
        self.revisions = revisions
        self._choices = choices_of(revisions, lambda at: when(at, now))
        for box, at in zip((self.earlier, self.later), pair, strict=True):
            box.clear()
            box.addItems([choice.words for choice in self._choices])
            box.setCurrentIndex(at)
        self._compare()

    @property
    def places(self) -> list[int]:
        """Of the two revisions in the list, the earlier first, whichever box they were chosen in."""
        boxes = (self.earlier, self.later)
        return sorted((box.currentIndex() for box in boxes), key=lambda at: (self._choices[at].rev, at))

    @property
    def since(self) -> int:
        return self._choices[self.places[0]].rev

    @property
    def until(self) -> int:
        return self._choices[self.places[1]].rev

    def _compare(self) -> None:
        if self._choices:
            self.complaint.say("")
            self.chosen.emit()

    def show_compared(self, compared: SheetCompared, waiting: int) -> None:
        at = self.list.current()
        self.compared, self.waiting = compared, waiting
        self.sentence.setText(sentence_of(compared, waiting))
        self.model.set_records(compared.cells)
        keys = [key_of(cell) for cell in compared.cells]
        if keys:
            self.list.selectRow(keys.index(key_of(at)) if at is not None and key_of(at) in keys else 0)

    def show_waiting(self, waiting: int) -> None:
        if self.compared is not None and waiting != self.waiting:
            self.waiting = waiting
            self.sentence.setText(sentence_of(self.compared, waiting))

    def print_out(self) -> bool:
        if self.compared is None:
            self.complaint.say(phrase("Nothing is compared yet."))
        else:
            self.printed.emit()
        return True

    def failed(self, why: str) -> None:
        self.sentence.setText("")
        self.complaint.say(why)


class RevisionDesk:
    def __init__(self, page: GridPage) -> None:
        self._page = page
        page.refreshed.connect(self._heard)

    def toggle(self) -> None:
        page = self._page
        if isinstance(page.panel, RevisionPanel):
            page.close_panel()
            return
        page.view.finish_typing()
        panel = RevisionPanel(page)
        panel.chosen.connect(lambda: self._compare(panel))
        panel.printed.connect(lambda: self._print(panel))
        panel.list.opened.connect(self._go_to)
        page.open_panel(panel)
        panel.list.setFocus()
        self._read(panel)

    def _heard(self) -> None:
        """A sync brought marks: what is called now is no longer what stood then."""
        panel = self._page.panel
        if isinstance(panel, RevisionPanel) and panel.revisions is not None:
            if panel.revisions.rev != self._page.grid.sheet.rev:
                self._read(panel)
            else:
                panel.show_waiting(self._waiting())

    def _waiting(self) -> int:
        return self._page.grid.counted(Badge.WAITING, Badge.SENDING)

    def _read(self, panel: RevisionPanel) -> None:
        page = self._page

        def done(revisions: SheetRevisions) -> None:
            if page.panel is panel:
                panel.offer(revisions, page.around.now())

        page.around.tasks.run(
            lambda progress: page.office.read_revisions(page.section_id),
            done,
            lambda error: self._failed(panel, error),
            owner=panel,
        )

    def _compare(self, panel: RevisionPanel) -> None:
        page, since, until = self._page, panel.since, panel.until
        unchanged = panel.everything.isChecked()

        def done(compared: SheetCompared) -> None:
            asked = (panel.since, panel.until, panel.everything.isChecked())
            if page.panel is panel and asked == (since, until, unchanged):  # the last one asked for
                panel.show_compared(compared, self._waiting())

        page.around.tasks.run(
            lambda progress: page.office.compare_revisions(
                page.section_id, since, until, unchanged=unchanged
            ),
            done,
            lambda error: self._failed(panel, error),
            owner=panel,
        )

    def _print(self, panel: RevisionPanel) -> None:
        page, compared, revisions = self._page, panel.compared, panel.revisions
        assert compared is not None
        assert revisions is not None
        now = page.around.now()
        paper = compared_paper(page.grid.sheet, revisions, panel.places, compared, panel.waiting, now)
        what = phrase("revisions {earlier:,} and {later:,}", earlier=panel.since, later=panel.until)
        page.paper.put(paper, what, wide=True, names_revisions=True)

    def _failed(self, panel: RevisionPanel, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        panel.failed(phrase("{error}. Revisions are compared on line.", error=error))

    def _go_to(self, cell: CellMoved) -> None:
        position = self._page.grid.position(key_of(cell))
        if position is not None:
            self._page.view.put_cursor(position)
            self._page.view.setFocus()
