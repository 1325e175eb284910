"""Beside the grid: Ctrl+T writes the plan of assessment, Ctrl+Enter makes its columns, Y the same elsewhere.

The rule a newcomer would get wrong: columns are made one by one, and the server may refuse one of them. What
was made stays and is named; Ctrl+Z takes it away again as long as nobody typed a mark under it.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QLineEdit, QPushButton, QWidget

from sims_desktop.client.errors import ClientError
from sims_desktop.grading.panels import ENTER, Panel, words
from sims_desktop.grading.presenter.plan import Planned, PlanPresenter
from sims_desktop.grading.presenter.sheet import OPEN
from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.tables import Field, RecordModel, RecordView
from sims_desktop.kit.tasks import Progress
from sims_desktop.kit.wording import listed, plural

if TYPE_CHECKING:
    from sims_desktop.grading.page import GridPage

Made = tuple[list[int], str]
"""The columns that were made, and why the next one was not."""


class PlanPanel(Panel):
    """`make` when the columns shall be made, `repeat` when the same shall be made in `others`."""

    share = 0.48
    make = Signal()
    repeat = Signal()
    take_back = Signal()

    def __init__(self, plan: PlanPresenter, parent: QWidget | None = None) -> None:
        super().__init__("plan", phrase("Plan of assessment"), parent)
        self.plan = plan
        self.made: list[int] = []
        self.others: Sequence[tuple[int, str]] = ()
        self.line = QLineEdit(self)
        self.line.setObjectName("plan_line")
        self.line.setAccessibleName(phrase("Weights and names of the assessments"))
        self.line.setPlaceholderText("20/30/50")
        self.sentence = words(self, "plan_sentence")
        titles = (later("Name"), later("Weight"), later("Maximum"), later("Head"), later("Rule"))

        def field(number: int) -> Field[Planned]:
            return Field(titles[number], lambda part: part.texts()[number], (120, 70, 80, 80, 90)[number])

        self.model = RecordModel([field(number) for number in range(len(titles))])
        self.list = RecordView(self.model, "plan_columns", parent=self)
        self.list.setAccessibleName(phrase("Columns that would be made"))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.complaint = Complaint(self)
        self.complaint.setObjectName("plan_complaint")
        self.button = QPushButton(phrase("Make these columns (Ctrl+Enter)"), self)
        self.button.setObjectName("plan_make")
        self.button.clicked.connect(self._make)
        self.elsewhere = QPushButton(self)
        self.elsewhere.setObjectName("plan_repeat")
        self.elsewhere.clicked.connect(self.repeat)
        self.elsewhere.hide()
        for part in (self.line, self.sentence, self.list, self.complaint, self.button, self.elsewhere):
            self.body.addWidget(part)
        self.setFocusProxy(self.line)
        self.line.textEdited.connect(lambda text: self._read(text))
        self._read("")

    def _read(self, text: str) -> None:
        self.plan.read(text)
        self.sentence.setText(self.plan.sentence)
        self.model.set_records(list(self.plan.parts))
        self.button.setEnabled(self.plan.may_make)

    def _make(self) -> None:
        if self.button.isEnabled():
            self.button.setEnabled(False)
            self.complaint.say("")
            self.make.emit()

    def finished(self, made: list[int], sentence: str, others: Sequence[tuple[int, str]], why: str) -> None:
        self.made, self.others = made, others
        self.complaint.say(why)
        self.sentence.setText(sentence)
        self.line.setEnabled(False)
        self.button.setVisible(False)
        self.elsewhere.setVisible(bool(others) and not why)
        names = listed([name for _, name in others])
        self.elsewhere.setText(phrase("The same in {names} (Y)", names=names))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocusProxy(None)  # type: ignore[arg-type]
        self.setFocus()

    def failed(self, why: str) -> None:
        self.button.setEnabled(self.plan.may_make)
        self.complaint.say(why)

    def undo(self) -> bool:
        if self.made:
            self.take_back.emit()
        return True

    def confirm(self) -> bool:
        if not self.made:
            self._make()
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in ENTER and self.line.isEnabled():
            # The line in full, to go on with: names and maxima that were meant.
            if self.plan.may_make:
                self.line.setText(self.plan.line)
            return
        if event.matches(QKeySequence.StandardKey.Undo):
            self.undo()
            return
        if event.key() == Qt.Key.Key_Y and self.elsewhere.isVisible():
            self.elsewhere.hide()
            self.repeat.emit()
            return
        super().keyPressEvent(event)


class PlanDesk:
    """The key Ctrl+T."""

    def __init__(self, page: GridPage) -> None:
        self._page = page

    def open(self) -> None:
        page = self._page
        if isinstance(page.panel, PlanPanel):
            page.close_panel()
            return
        if page.grid.sheet.state != OPEN:
            page.note.say(f"{page.grid.closed_words}.")
            return
        panel = PlanPanel(PlanPresenter(page.grid.columns), page)
        panel.make.connect(lambda: self._make(panel))
        panel.repeat.connect(lambda: self._repeat(panel))
        panel.take_back.connect(lambda: self._take_back(panel))
        page.open_panel(panel)
        panel.line.setFocus()

    def _create(self, section_id: int, parts: Sequence[Planned], once: str) -> Made:
        """Off the window's thread. `once` makes asking again after a lost answer the same request."""
        made: list[int] = []
        try:
            for number, part in enumerate(parts):
                key = f"{once}-{section_id}-{number}"
                made.append(self._page.office.create_assessment(part.body(section_id), key))
        except ClientError as error:
            return made, str(error)
        return made, ""

    def _make(self, panel: PlanPanel) -> None:
        page, parts, once = self._page, panel.plan.parts, uuid.uuid4().hex[:20]

        def work(progress: Progress) -> tuple[list[int], str, list[tuple[int, str]]]:
            made, why = self._create(page.section_id, parts, once)
            page.office.catch_up()
            return made, why, page.office.sheets_without_columns(page.section_id)

        def done(answer: tuple[list[int], str, list[tuple[int, str]]]) -> None:
            made, why, others = answer
            page.refresh()
            if page.panel is not panel:
                return
            if not made:
                panel.failed(why)
                return
            said = phrase("Made {columns}. Ctrl+Z takes them away.", columns=plural(len(made), "column"))
            panel.finished(made, said, others, why)
            page.note.say(said)

        page.around.tasks.run(work, done, title="Making the columns", owner=page)

    def _repeat(self, panel: PlanPanel) -> None:
        page, parts, once = self._page, panel.plan.parts, uuid.uuid4().hex[:20]
        others = list(panel.others)

        def work(progress: Progress) -> Made:
            made: list[int] = []
            whys: list[str] = []
            for done, (section_id, name) in enumerate(others):
                progress.report(done, len(others))
                here, why = self._create(section_id, parts, once)
                made += here
                if why:
                    whys.append(f"{name}: {why}")
            page.office.catch_up()
            return made, "; ".join(whys)

        def done(answer: Made) -> None:
            made, why = answer
            said = phrase("Made the same columns in {sheets}.", sheets=plural(len(others), "other sheet"))
            if page.panel is panel:
                said += " " + phrase("Ctrl+Z takes them away.")
                panel.finished(panel.made + made, said, (), why)
            page.note.say(why or said)

        page.around.tasks.run(work, done, title="Making the columns", owner=page)

    def _take_back(self, panel: PlanPanel) -> None:
        page, made = self._page, list(panel.made)
        panel.made = []

        def work(progress: Progress) -> str:
            try:
                for assessment_id in reversed(made):
                    page.office.remove_assessment(assessment_id)
            except ClientError as error:
                return str(error)
            finally:
                page.office.catch_up()
            return ""

        def done(why: str) -> None:
            if page.panel is panel:
                page.close_panel()
            page.refresh()
            page.note.say(why or phrase("Took away {columns}.", columns=plural(len(made), "column")))

        page.around.tasks.run(work, done, title="Taking the columns away", owner=page)
