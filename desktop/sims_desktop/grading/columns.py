"""Releasing a column to the students, and locking it: S and K on any cell of it.

The rules a newcomer would get wrong: neither is taken back by the person who does it. What students have
seen they have seen, and only the head of department unlocks; so these two ask once, saying what they do. And
both are about what the server has: what was typed here arrives there first, or the act waits.
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
from sims_desktop.grading.presenter.sheet import Sheet
from sims_desktop.grading.presenter.submission import Device
from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.language import phrase
from sims_desktop.kit.tasks import Progress

if TYPE_CHECKING:
    from sims_desktop.grading.page import GridPage


class ColumnPanel(Panel):
    """What an act on a column does, and Enter; or why it has to wait, and Enter asks again."""

    confirmed = Signal()
    again = Signal()

    def __init__(self, title: str, verb: str, parent: QWidget | None = None) -> None:
        super().__init__("column_act", title, parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.is_ready = False
        self._verb = verb
        self.effect = words(self, "column_effect")
        self.complaint = Complaint(self)
        self.complaint.setObjectName("column_complaint")
        self.button = QPushButton(self)
        self.button.setObjectName("column_confirm")
        self.button.clicked.connect(self._confirm)
        for part in (self.effect, self.complaint, self.button):
            self.body.addWidget(part)
        self.body.addStretch(1)
        self.check()

    def check(self) -> None:
        """What was typed here goes to the server first."""
        self.is_ready = False
        self.effect.setText(phrase("Sending what was typed here first …"))
        self.complaint.say("")
        self._name_button(self._verb)
        self.button.setEnabled(False)

    def ready(self, effect: str) -> None:
        self.is_ready = True
        self.effect.setText(effect)
        self.button.setEnabled(True)

    def has_to_wait(self, why: str) -> None:
        self.effect.setText("")
        self.complaint.say(why)
        self._name_button(phrase("Try again"))
        self.button.setEnabled(True)

    def _name_button(self, verb: str) -> None:
        self.button.setText(phrase("{verb} (Enter)", verb=verb))

    def _confirm(self) -> None:
        if self.button.isEnabled():
            self.button.setEnabled(False)
            self.complaint.say("")
            (self.confirmed if self.is_ready else self.again).emit()

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
        panel = ColumnPanel(self._acts.title(act, column), self._acts.verb(act), page)
        assessment_id = page.grid.columns[column].assessment_id
        panel.again.connect(lambda: self._check(panel, act, assessment_id))
        panel.confirmed.connect(lambda: self._carry_out(panel, act, assessment_id))
        page.open_panel(panel)
        panel.setFocus()
        self._check(panel, act, assessment_id)

    def _check(self, panel: ColumnPanel, act: Act, assessment_id: int) -> None:
        """Sends what waits here, and reads what stands on the server then: that is what the act is about."""
        page, office = self._page, self._page.office
        panel.check()
        since = page.grid.moment

        def work(progress: Progress) -> tuple[bool, Sheet, list[Device]]:
            reached = office.catch_up()
            waiting = office.waiting_devices(page.section_id) if reached else []
            return reached, page.grid.shelf.read_sheet(page.section_id), list(map(Device.seen, waiting))

        def checked(answer: tuple[bool, Sheet, list[Device]]) -> None:
            reached, fresh, devices = answer
            page.show_sheet(fresh, since)
            column = page.grid.column_of.get(assessment_id)
            if page.panel is not panel:
                return
            gone = phrase("The assessment was taken away") + "."
            obstacle = gone if column is None else self._acts.obstacle(act, column)
            if obstacle or column is None:
                page.close_panel()
                page.note.say(obstacle)
                return
            wait = self._acts.away(act, column, reached=reached)
            if wait:
                panel.has_to_wait(wait)
            else:
                elsewhere = [device.in_words(page.around.now()) for device in devices]
                panel.ready(self._acts.effect(act, column, elsewhere))

        page.around.tasks.run(work, checked, page.gone, title=self._acts.verb(act), owner=page)

    def _carry_out(self, panel: ColumnPanel, act: Act, assessment_id: int) -> None:
        page, office = self._page, self._page.office
        column = page.grid.column_of.get(assessment_id)
        if column is None or self._acts.unsent(column):  # something was typed since it was looked at
            self._check(panel, act, assessment_id)
            return
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
