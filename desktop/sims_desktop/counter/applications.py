"""The counter's two forms about requests: an application that is taken, and a paper that is handed out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from sims_desktop.counter.panels import WandLine
from sims_desktop.counter.presenter.applications import ApplicationsPresenter
from sims_desktop.counter.presenter.desk import Visitor
from sims_desktop.kit.forms import Form
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.tasks import Task
from sims_desktop.kit.theme import enlarge
from sims_desktop.requests.form import ByDigit, RequestForm
from sims_shared.requests import RequestView


class ApplicationsPanel(QWidget):
    """`settled(sentence)` when the server took it. One form at a time, for one visitor; a number that is
    already on its way keeps it open."""

    settled = Signal(str)

    def __init__(
        self, around: Surroundings, presenter: ApplicationsPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("applications_panel")
        self._around, self._presenter = around, presenter
        self._visitor: Visitor | None = None
        self._task: Task | None = None
        self._reading: Task | None = None
        self.heading = QLabel(self)
        self.heading.setObjectName("applications_heading")
        enlarge(self.heading, bold=True)
        self.taking = RequestForm(presenter.applying, self)
        self.taking.entered.connect(self.go_on)
        self.handing = Form(self)
        self.what = ByDigit(self)
        self.what.currentIndexChanged.connect(lambda _: self._show_next())
        self.who = WandLine(self)
        self.who.setMaxLength(200)
        self.who.entered.connect(self.go_on)
        self.handing.add("what", later("&What"), self.what)
        self.handing.add("who", later("Who &takes it"), self.who)
        self.next = QLabel(self)
        self.next.setObjectName("applications_next")
        self.next.setWordWrap(True)
        for label in (self.heading, self.next):
            label.setTextFormat(Qt.TextFormat.PlainText)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (self.heading, self.taking, self.handing, self.next):
            column.addWidget(part)
        self.hide()
        if presenter.may_take or presenter.handing.may:
            self._read_types()

    def _read_types(self) -> None:
        """What can be asked for, once a day; away now, it is asked for with the first form."""
        if self._presenter.applying.titles or self._reading is not None:
            return

        def done(titles: dict[str, str]) -> None:
            self._reading = None
            self._presenter.applying.take_types(titles)
            self.taking.show_types()
            if self.is_taking and not self.taking.is_begun:
                self.taking.begin()

        def failed(error: Exception) -> None:
            self._reading = None
            words = self._presenter.applying.refused(error)
            if self.is_taking:
                self.taking.refuse(words)

        self._reading = self._around.tasks.run(
            lambda progress: self._presenter.applying.read_types(), done, failed, owner=self
        )

    # Open and closed

    @property
    def is_open(self) -> bool:
        return self._visitor is not None

    @property
    def is_taking(self) -> bool:
        return self.is_open and self.taking.isVisibleTo(self)

    @property
    def unfinished(self) -> str:
        """What would be lost if another form opened now, as a sentence."""
        if self._task is not None:
            return phrase("One moment: the last act is still on its way.")
        if self.is_taking and self.taking.is_begun:
            return phrase("The application is not taken yet: Enter takes it, Esc leaves it.")
        if self.is_open and self.who.text().strip():
            return phrase("It is not handed out yet: Enter hands it out, Esc leaves it.")
        return ""

    @property
    def is_under_way(self) -> bool:
        return self._task is not None

    def take(self, visitor: Visitor) -> None:
        self._open(visitor, self._presenter.taking_words(visitor), is_taking=True)
        self.taking.clear()
        self._read_types()
        self._show_next()
        self.focus()

    def hand_out(self, visitor: Visitor) -> None:
        self._open(visitor, self._presenter.handing_words(visitor), is_taking=False)
        self.handing.clear_faults()
        self.who.clear()
        self.what.clear()
        for digit, request in enumerate(self._presenter.to_hand_out(visitor), 1):
            self.what.addItem(f"{digit} {self._presenter.line_words(request)}", request)
        self._show_next()
        self.focus()

    def _open(self, visitor: Visitor, heading: str, *, is_taking: bool) -> None:
        self._visitor = visitor
        self.heading.setText(heading)
        self.taking.setVisible(is_taking)
        self.handing.setVisible(not is_taking)
        self.show()

    def close_form(self) -> None:
        self._visitor = None
        self.taking.clear()
        self.who.clear()
        self.hide()

    def focus(self) -> None:
        if self.is_taking:
            self.taking.begin()
        else:
            self.who.setFocus()

    def _show_next(self) -> None:
        if self.is_taking:
            self.next.setText(phrase("A digit chooses what; Enter takes the application. Esc leaves."))
            return
        request = self.what.currentData()
        choices = self._presenter.handing.choices(request) if request is not None else ""
        self.next.setText(phrase("{choices}; Enter hands it out. Esc leaves.", choices=choices))

    # Carrying out

    def go_on(self) -> None:
        """Enter in either form."""
        visitor = self._visitor
        if visitor is None or self._task is not None:
            return
        if self.is_taking:
            body = self.taking.check(visitor.student.id)
            if body is not None:
                self._send(body)
            return
        request: RequestView | None = self.what.currentData()
        if request is None:
            return
        typed = self.who.text()
        refusal = self._presenter.why_not_to(request, typed)
        self.handing.show_faults((), refusal)
        if not refusal:
            self._send_out(request, typed)

    def _send(self, body: dict[str, Any]) -> None:
        applying = self._presenter.applying
        self._run(
            phrase("Taking the application"),
            lambda: self._presenter.taken_words(applying.ask_for(body)),
            lambda error: self.taking.refuse(applying.refused(error)),
        )

    def _send_out(self, request: RequestView, typed: str) -> None:
        presenter, now = self._presenter, self._around.now

        def refused(error: Exception) -> None:
            self._around.tasks.run(
                lambda progress: presenter.look_again(request, error, now()),
                lambda words: self.handing.show_faults((), words),
                owner=self,
            )

        self._run(phrase("Handing out"), lambda: presenter.hand_out(request, typed, now()), refused)

    def _run(self, title: str, work: Callable[[], str], refused: Callable[[Exception], None]) -> None:
        def done(said: str) -> None:
            self._task = None
            self.close_form()
            self.settled.emit(said)

        def failed(error: Exception) -> None:
            self._task = None
            refused(error)

        self._task = self._around.tasks.run(lambda progress: work(), done, failed, title=title, owner=self)
        self._task.ended.connect(partial(self._ended, self._task))

    def _ended(self, task: Task) -> None:
        """Cancelled: what was typed stays, and sent again it counts once."""
        if self._task is task:
            self._task = None
