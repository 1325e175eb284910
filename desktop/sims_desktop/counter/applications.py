"""The counter's three forms about requests: an application that is taken, what it lacked and is brought now,
and a paper that is handed out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from sims_desktop.counter.panels import WandLine
from sims_desktop.counter.presenter.applications import ApplicationsPresenter
from sims_desktop.counter.presenter.desk import Visitor
from sims_desktop.kit.forms import Form
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Said
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.tasks import Task
from sims_desktop.kit.theme import enlarge
from sims_desktop.requests.checklist import Checklist
from sims_desktop.requests.form import ByDigit, RequestForm
from sims_desktop.requests.presenter.words import asks_letter, letter_words, taken_by
from sims_shared.requests import RequestTypeView, RequestView

T = TypeVar("T")


class ApplicationsPanel(QWidget):
    """`settled(sentence)` when the server took it, `taken(request, institution, sentence)` when a slip is to
    be printed of it. One form at a time, for one visitor; a number that is already on its way keeps it
    open."""

    settled = Signal(str)
    taken = Signal(object, str, str)

    def __init__(
        self, around: Surroundings, presenter: ApplicationsPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("applications_panel")
        self._around, self._presenter = around, presenter
        self._visitor: Visitor | None = None
        self._task: Task | None = None
        self._reading: Task | None = None
        self.heading = Said(self)
        self.heading.setObjectName("applications_heading")
        enlarge(self.heading, bold=True)
        self.taking = RequestForm(presenter.applying, self, ticks=True)
        self.taking.entered.connect(self.go_on)
        self.taking.type.currentIndexChanged.connect(lambda _: self._show_next())
        self.bringing = Form(self)
        self.checklist = Checklist(self)
        self.fee_receipt = WandLine(self)
        self.fee_receipt.setMaxLength(80)
        self.fee_receipt.setPlaceholderText(phrase("empty where it is not paid yet"))
        self.checklist.entered.connect(self.go_on)
        self.fee_receipt.entered.connect(self.go_on)
        self.bringing.add("missing", later("&Brought"), self.checklist)
        self.bringing.add("fee_receipt", later("Fee &receipt"), self.fee_receipt)
        self._brought: RequestView | None = None
        self._agreed = ""  # a bearer's words that were read back with the question of the letter
        self.handing = Form(self)
        self.what = ByDigit(self)
        self.what.currentIndexChanged.connect(lambda _: self._show_next())
        self.who = WandLine(self)
        self.who.setMaxLength(200)
        self.who.entered.connect(self.go_on)
        self.handing.add("what", later("&What"), self.what)
        self.handing.add("who", later("Who &takes it"), self.who)
        self.next = Said(self)
        self.next.setObjectName("applications_next")
        self.next.setWordWrap(True)
        for label in (self.heading, self.next):
            label.setTextFormat(Qt.TextFormat.PlainText)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (self.heading, self.taking, self.bringing, self.handing, self.next):
            column.addWidget(part)
        self.hide()
        if presenter.may_take or presenter.handing.may:
            self._read_types()

    def _read_types(self) -> None:
        """What can be asked for, and until when: anew with each form, for days off and fees may be others.
        What was read before stands meanwhile, so that a digit may follow at once."""
        if self._reading is not None:
            return
        is_first = not self._presenter.applying.titles

        def done(kinds: dict[str, RequestTypeView]) -> None:
            self._reading = None
            self._presenter.applying.take_types(kinds)
            self.taking.show_types()
            if is_first and self.is_taking and not self.taking.is_begun:
                self.taking.begin()

        def failed(error: Exception) -> None:
            self._reading = None
            words = self._presenter.applying.refused(error)
            if self.is_taking and is_first:
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
        if self._brought is not None and (self.checklist.is_begun or self.fee_receipt.text().strip()):
            return phrase("What was brought is not noted yet: Enter notes it, Esc leaves it.")
        if self.is_open and self.who.text().strip():
            return phrase("It is not handed out yet: Enter hands it out, Esc leaves it.")
        return ""

    @property
    def is_under_way(self) -> bool:
        return self._task is not None

    def take(self, visitor: Visitor) -> None:
        self._open(visitor, self._presenter.taking_words(visitor), self.taking)
        self.taking.clear()
        self._read_types()
        self._show_next()
        self.focus()

    def bring(self, visitor: Visitor, request: RequestView) -> None:
        """What it lacked when it was taken."""
        self._open(visitor, self._presenter.bringing_words(request), self.bringing)
        self._brought = request
        self.bringing.clear_faults()
        self.checklist.show_papers(request.missing)
        self.fee_receipt.clear()
        self.bringing.show_row("fee_receipt", bool(request.fee_due) and request.fee_receipt is None)
        self._show_next()
        self.focus()

    def hand_out(self, visitor: Visitor, request_id: int | None = None) -> None:
        """What is ready, or the one whose slip was scanned."""
        self._open(visitor, self._presenter.handing_words(visitor), self.handing)
        self.handing.clear_faults()
        self.who.clear()
        self.what.clear()
        for digit, request in enumerate(self._presenter.to_hand_out(visitor), 1):
            self.what.addItem(f"{digit} {self._presenter.line_words(request)}", request)
            if request.id == request_id:
                self.what.setCurrentIndex(digit - 1)
        self._show_next()
        self.focus()

    def _open(self, visitor: Visitor, heading: str, shown: Form) -> None:
        self._visitor, self._brought, self._agreed = visitor, None, ""
        self.heading.setText(heading)
        for form in (self.taking, self.bringing, self.handing):
            form.setVisible(form is shown)
        self.show()

    def close_form(self) -> None:
        self._visitor = self._brought = None
        self._agreed = ""
        self.taking.clear()
        self.who.clear()
        self.hide()

    def focus(self) -> None:
        if self.is_taking:
            self.taking.begin()
        elif self._brought is not None:
            self.checklist.setFocus()
        else:
            self.who.setFocus()

    def _show_next(self) -> None:
        if self.is_taking:
            if self._presenter.applying.checklist(self.taking.type.currentData()):
                words = phrase(
                    "Enter goes to the papers; Space ticks off what was brought; Enter takes it. Esc leaves."
                )
            else:
                words = phrase("A digit chooses what; Enter takes the application. Esc leaves.")
            self.next.setText(words)
            return
        if self._brought is not None:
            self.next.setText(phrase("Space ticks off what is brought; Enter notes it. Esc leaves."))
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
        if self._brought is not None:
            self._send_brought(self._brought)
            return
        request: RequestView | None = self.what.currentData()
        if request is None:
            return
        typed = self.who.text()
        refusal = self._presenter.why_not_to(request, typed)
        self.handing.show_faults((), refusal)
        if refusal:
            return
        if asks_letter(typed) and self._agreed != typed:
            self._agreed = typed
            taker, _ = taken_by(typed, request)
            self.next.setText(letter_words(taker or ""))
            return
        self._send_out(request, typed)

    def _send(self, body: dict[str, Any]) -> None:
        applying = self._presenter.applying
        self._run(
            phrase("Taking the application"),
            lambda: self._with_institution(applying.ask_for(body)),
            self._took,
            lambda error: self.taking.refuse(applying.refused(error)),
        )

    def _send_brought(self, request: RequestView) -> None:
        presenter, missing, receipt = self._presenter, self.checklist.missing, self.fee_receipt.text()
        self._run(
            phrase("Noting what was brought"),
            lambda: self._with_institution(presenter.bring(request, missing, receipt)),
            self._took,
            lambda error: self.bringing.show_faults((), presenter.handing.refused(error)),
        )

    def _with_institution(self, made: RequestView) -> tuple[RequestView, str]:
        return made, self._presenter.read_institution()

    def _took(self, taken: tuple[RequestView, str]) -> None:
        made, institution = taken
        self.taken.emit(made, institution, self._presenter.taken_words(made))

    def _send_out(self, request: RequestView, typed: str) -> None:
        presenter, now = self._presenter, self._around.now

        def refused(error: Exception) -> None:
            self._around.tasks.run(
                lambda progress: presenter.look_again(request, error, now()),
                lambda words: self.handing.show_faults((), words),
                owner=self,
            )

        self._run(
            phrase("Handing out"),
            lambda: presenter.hand_out(request, typed, now()),
            self.settled.emit,
            refused,
        )

    def _run(
        self,
        title: str,
        work: Callable[[], T],
        tell: Callable[[T], None],
        refused: Callable[[Exception], None],
    ) -> None:
        def done(answer: T) -> None:
            self._task = None
            self.close_form()
            tell(answer)

        def failed(error: Exception) -> None:
            self._task = None
            refused(error)

        self._task = self._around.tasks.run(lambda progress: work(), done, failed, title=title, owner=self)
        self._task.ended.connect(partial(self._ended, self._task))

    def _ended(self, task: Task) -> None:
        """Cancelled: what was typed stays, and sent again it counts once."""
        if self._task is task:
            self._task = None
