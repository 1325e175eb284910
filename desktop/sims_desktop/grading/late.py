"""Beside the grid: marks that came too late, and what becomes of them.

Ctrl+R opens the panel with the cursor in the reason, already filled in: Enter asks. So a late mark becomes a
change request with two keys, and any other reason is typed over the first. Where nothing is left over of a
published sheet, Ctrl+R asks for a change of the mark under the cursor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QWidget

from sims_desktop.client.errors import ClientError
from sims_desktop.client.late_marks import Asked, LeftOver
from sims_desktop.grading.correction import CorrectionDesk, CorrectionPanel
from sims_desktop.grading.panels import ENTER, Panel, words
from sims_desktop.grading.presenter.late import COMMON_REASONS, LatePresenter, Way, numbered, reason_of
from sims_desktop.grading.presenter.sheet import Badge
from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.tables import Field, RecordModel, RecordView
from sims_desktop.kit.tasks import Progress
from sims_desktop.kit.wording import plural

if TYPE_CHECKING:
    from sims_desktop.grading.page import GridPage


class LatePanel(Panel):
    """One refused mark a line, the reason below. `asked(reason)`, `let_go(marks)` and `sent_again()` are
    what the person chose."""

    is_wide = True
    asked = Signal(str)
    let_go = Signal(object)
    sent_again = Signal()

    def __init__(self, late: LatePresenter, parent: QWidget | None = None) -> None:
        super().__init__("late", phrase("Refused marks, kept here"), parent)
        self._late = late
        self._is_new = True
        self.sentence = words(self, "late_sentence")
        titles = ("Student", "Assessment", "On record", "Mine", "Refused because", later("What helps"))
        widths = (240, 120, 80, 70, 250, 300)

        def field(number: int) -> Field[LeftOver]:
            return Field(titles[number], lambda one: late.texts(one)[number], widths[number])

        self.model = RecordModel([field(number) for number in range(len(titles))])
        self.list = RecordView(self.model, "late_marks", several=True, parent=self)
        self.list.setAccessibleName(phrase("Refused marks, kept here"))
        self.reason = QComboBox(self)
        self.reason.setObjectName("late_reason")
        self.reason.setAccessibleName(phrase("Why the results shall change"))
        self.reason.setEditable(True)
        # It would take the Enter that asks for itself, to complete what is complete.
        self.reason.setCompleter(None)  # type: ignore[arg-type]
        self.reason.addItems([phrase(reason) for reason in COMMON_REASONS])
        self.reason.setToolTip(phrase("Or a digit: {list}", list=numbered(COMMON_REASONS)))
        self.reason_label = QLabel(phrase("&Reason"), self)
        self.reason_label.setBuddy(self.reason)
        self.ask = QPushButton(phrase("Ask for changes (Enter)"), self)
        self.ask.setObjectName("late_ask")
        self.again = QPushButton(phrase("Send again (F8)"), self)
        self.again.setObjectName("late_again")
        self.drop = QPushButton(phrase("Let go of the chosen (Delete)"), self)
        self.drop.setObjectName("late_drop")
        self.complaint = Complaint(self)
        self.complaint.setObjectName("late_complaint")
        why = QHBoxLayout()
        why.addWidget(self.reason_label)
        why.addWidget(self.reason, 1)
        why.addWidget(self.ask)
        acts = QHBoxLayout()
        acts.addWidget(self.complaint)
        acts.addStretch(1)
        acts.addWidget(self.again)
        acts.addWidget(self.drop)
        self.body.addWidget(self.sentence)
        self.body.addWidget(self.list, 1)
        self.body.addLayout(why)
        self.body.addLayout(acts)
        self.ask.clicked.connect(self._ask)
        self.again.clicked.connect(self.sent_again)
        self.drop.clicked.connect(self._drop)

    def show_marks(self) -> None:
        late = self._late
        self.sentence.setText(late.sentence)
        self.list.follow(list(late.marks), lambda one: one.key)
        some, way = bool(late.marks), late.way
        for part in (self.reason_label, self.reason, self.ask):
            part.setVisible(way is Way.REQUEST and some)
        self.ask.setEnabled(True)
        self.again.setVisible(way is Way.SEND and some)
        self.drop.setEnabled(some)
        if not self._is_new:
            return  # a sync that brings news takes nobody's cursor away
        self._is_new = False
        if way is Way.REQUEST and some:
            self.reason.setFocus()
            if (line := self.reason.lineEdit()) is not None:
                line.selectAll()
        else:
            self.list.setFocus()

    def working(self) -> None:
        self.complaint.say("")
        self.ask.setEnabled(False)

    def failed(self, why: str) -> None:
        self.ask.setEnabled(True)
        self.complaint.say(why)

    def _ask(self) -> None:
        offered = [self.reason.itemText(place) for place in range(self.reason.count())]
        reason = reason_of(self.reason.currentText(), offered)
        if not reason:
            self.complaint.say(phrase("Say why the results shall change."))
            self.reason.setFocus()
        elif self.ask.isEnabled() and self._late.way is Way.REQUEST:
            self.asked.emit(reason)

    def _drop(self) -> None:
        chosen = self.list.chosen()
        if chosen:
            self.let_go.emit(chosen)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in ENTER and self.ask.isVisible():
            self._ask()
            return
        if event.key() == Qt.Key.Key_Delete and self.list.hasFocus():
            self._drop()
            return
        super().keyPressEvent(event)


class LateMarks:
    """The panel's part of the page."""

    def __init__(self, page: GridPage) -> None:
        self._page = page
        self.late = LatePresenter(page.grid)
        self._correction = CorrectionDesk(page)

    @property
    def count(self) -> int:
        """Refused marks of the sheet, also those that no cell shows any more."""
        grid = self._page.grid
        return grid.counted(Badge.REFUSED) + grid.sheet.refused_elsewhere

    @property
    def notice(self) -> str:
        """For the head of the page, as long as something is left over."""
        count = self.count
        if not count:
            return ""
        return phrase("{marks} refused and kept here: Ctrl+R", marks=plural(count, "mark"))

    def show_all(self) -> None:
        """The panel, with its lines anew."""
        if isinstance(self._page.panel, LatePanel):
            self.read()
        else:
            self.open()
        self._page.note.say(
            phrase("Refused marks of students or assessments that are on the sheet no longer: see the list.")
        )

    def open(self) -> None:
        page = self._page
        if isinstance(page.panel, LatePanel | CorrectionPanel):
            page.close_panel()
            return
        if self.late.way is Way.REQUEST and not self.count:
            self._correction.open()
            return
        panel = LatePanel(self.late, page)
        panel.asked.connect(self._ask)
        panel.let_go.connect(self._let_go)
        panel.sent_again.connect(page.send_refused_again)
        page.open_panel(panel)
        panel.setFocus()
        self.read()

    def read(self) -> None:
        """Again, after the sheet changed."""
        page, office = self._page, self._page.office
        if not isinstance(page.panel, LatePanel):
            return

        def work(progress: Progress) -> Sequence[LeftOver]:
            return office.left_over(page.section_id)

        page.around.tasks.run(work, self._show, owner=page)

    def _show(self, marks: Sequence[LeftOver]) -> None:
        self.late.marks = marks
        panel = self._page.panel
        if isinstance(panel, LatePanel):
            panel.show_marks()

    def _ask(self, reason: str) -> None:
        page, office = self._page, self._page.office
        if isinstance(page.panel, LatePanel):
            page.panel.working()

        def work(progress: Progress) -> Asked:
            return office.request_changes(page.section_id, reason)

        page.around.tasks.run(work, self._asked, self._failed, title="Asking for changes", owner=page)

    def _asked(self, asked: Asked) -> None:
        page = self._page
        page.note.say(self.late.asked(asked))
        page.refresh()
        if asked.left and isinstance(page.panel, LatePanel):
            page.panel.failed(phrase("Not asked for: {left}.", left="; ".join(asked.left)))
        elif isinstance(page.panel, LatePanel):
            page.close_panel()
        page.around.changes.tell("marks", page.section_id)

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        page = self._page
        words = phrase(
            "{why}. The marks stay here; ask again when you are connected.", why=str(error).rstrip(".")
        )
        if isinstance(page.panel, LatePanel):
            page.panel.failed(words)
        else:
            page.note.say(words)
        page.refresh()

    def let_go_of_all(self) -> None:
        page, office = self._page, self._page.office

        def work(progress: Progress) -> Sequence[LeftOver]:
            return office.left_over(page.section_id)

        page.around.tasks.run(work, self._let_go_of, owner=page)

    def _let_go_of(self, marks: Sequence[LeftOver]) -> None:
        if marks:
            self._let_go(marks)
        else:
            self._page.note.say(phrase("No mark was refused"))

    def _let_go(self, marks: Sequence[LeftOver]) -> None:
        self._page.kept(self.late.let_go(marks))
        self._show(self.late.marks)
