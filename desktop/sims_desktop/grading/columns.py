"""Releasing a column to the students, and locking it: S and K on any cell of it.

The rule a newcomer would get wrong: neither is taken back by the person who does it. What students have
seen they have seen, and only the head of department unlocks. So these two ask once, saying what they do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QPushButton, QWidget

from sims_desktop.client.errors import ClientError
from sims_desktop.grading.panels import ENTER, Panel, words
from sims_desktop.grading.presenter.columns import Act, ColumnActs
from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.language import phrase
from sims_desktop.kit.tasks import Progress

if TYPE_CHECKING:
    from sims_desktop.grading.page import GridPage


class ColumnPanel(Panel):
    """What an act on a column does, and Enter."""

    confirmed = Signal()

    def __init__(self, title: str, effect: str, verb: str, parent: QWidget | None = None) -> None:
        super().__init__("column_act", title, parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.effect = words(self, "column_effect")
        self.effect.setText(effect)
        self.complaint = Complaint(self)
        self.complaint.setObjectName("column_complaint")
        self.button = QPushButton(phrase("{verb} (Enter)", verb=verb), self)
        self.button.setObjectName("column_confirm")
        self.button.clicked.connect(self._confirm)
        for part in (self.effect, self.complaint, self.button):
            self.body.addWidget(part)
        self.body.addStretch(1)

    def _confirm(self) -> None:
        if self.button.isEnabled():
            self.button.setEnabled(False)
            self.complaint.say("")
            self.confirmed.emit()

    def failed(self, why: str) -> None:
        self.button.setEnabled(True)
        self.complaint.say(why)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in ENTER:
            self._confirm()
            return
        super().keyPressEvent(event)


class ColumnDesk:
    """The keys S and K."""

    def __init__(self, page: GridPage) -> None:
        self._page = page
        self._acts = ColumnActs(page.grid)

    def release(self) -> None:
        self._ask(Act.RELEASE)

    def lock(self) -> None:
        self._ask(Act.LOCK)

    def _ask(self, act: Act) -> None:
        page = self._page
        if not page.grid.columns:
            return
        page.view.finish_typing()
        column = page.view.column_here()
        obstacle = self._acts.obstacle(act, column)
        if obstacle:
            page.note.say(obstacle)
            return
        panel = ColumnPanel(
            self._acts.title(act, column), self._acts.effect(act, column), self._acts.verb(act), page
        )
        assessment_id = page.grid.columns[column].assessment_id
        panel.confirmed.connect(lambda: self._carry_out(act, assessment_id))
        page.open_panel(panel)
        panel.setFocus()

    def _carry_out(self, act: Act, assessment_id: int) -> None:
        page, office = self._page, self._page.office
        call: Callable[[int], None] = (
            office.release_assessment if act is Act.RELEASE else office.lock_assessment
        )

        def work(progress: Progress) -> None:
            call(assessment_id)

        def done(_: None) -> None:
            page.close_panel()
            page.refresh()
            page.note.say(self._acts.done(act, assessment_id))

        def failed(error: Exception) -> None:
            if not isinstance(error, ClientError):
                raise error
            if isinstance(page.panel, ColumnPanel):
                page.panel.failed(str(error))
            else:
                page.note.say(str(error))

        page.around.tasks.run(work, done, failed, title=self._acts.verb(act), owner=page)
