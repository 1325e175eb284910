"""D, W, B and R on an enrollment: one line for the reason, Enter; where a day has passed, what remains."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QLineEdit, QVBoxLayout

from sims_desktop.kit.asking import push_button, row_of, text_label
from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.page import Page
from sims_desktop.students.acts.card import SEND, Card
from sims_desktop.students.acts.seats import WITHDRAW, No, SeatPresenter
from sims_desktop.students.acts.wishes import is_moved
from sims_shared.record import EnrollmentLine
from sims_shared.record import RecordView as Record


class LeaveCard(Card):
    """The reason stays when the server says no: Ctrl+Enter withdraws with it where only that remains, Ctrl+O
    sets the passed day aside with it."""

    def __init__(self, page: Page, presenter: SeatPresenter) -> None:
        super().__init__(page, "student_leave")
        self.presenter = presenter
        self.enrollment: EnrollmentLine | None = None
        self._verb = ""
        self._no = No("")
        self.question = text_label("student_leave_question", self)
        self.reason = QLineEdit(self)
        self.reason.setObjectName("student_leave_reason")
        self.reason.setAccessibleName(phrase("The reason, which stays on record"))
        self.reason.setPlaceholderText(phrase("The reason; Enter does it, Esc leaves it"))
        self.reason.setMaxLength(2000)
        self.reason.returnPressed.connect(self.say)
        self.complaint = Complaint(self)
        self.complaint.setObjectName("student_leave_complaint")
        self.instead = push_button(
            self, "student_leave_instead", self.withdraw_instead, phrase("Withdraw instead (Ctrl+Enter)")
        )
        self.aside = push_button(
            self, "student_leave_aside", self.set_aside, phrase("All the same, by override (Ctrl+O)")
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        for part in (self.question, self.reason, self.complaint):
            layout.addWidget(part)
        layout.addLayout(row_of([self.instead, self.aside]))
        layout.addStretch(1)
        self.setFocusProxy(self.reason)
        add = page.add_action
        add("student.leave_instead", later("Withdraw instead"), SEND, self.withdraw_instead, self)
        if presenter.rights.override:
            add("student.leave_aside", later("All the same, by override"), "Ctrl+O", self.set_aside, self)

    def ask(self, verb: str, enrollment: EnrollmentLine) -> None:
        if self.enrollment is None or self.enrollment.id != enrollment.id:
            self.reason.clear()
        self._verb, self.enrollment = verb, enrollment
        self.question.setText(self.presenter.question(verb, enrollment))
        self.question.setAccessibleName(self.question.text())
        self._show(No(""))
        self.reason.setFocus()

    def begin(self, record: Record) -> None:
        self.reason.setFocus()

    def take(self, record: Record) -> None:
        """Whatever became of it meanwhile: the question is about the row, and the server judges that."""

    def say(self) -> None:
        self._do(self._verb)

    def withdraw_instead(self) -> None:
        if self._no.may_withdraw:
            self._do(WITHDRAW)
        else:
            self.say()

    def set_aside(self) -> None:
        if self._no.override:
            self._do(self._verb, self._no.override)

    def _do(self, verb: str, override: str = "") -> None:
        enrollment, reason = self.enrollment, self.reason.text()
        if enrollment is None or self.is_busy:
            return
        if not reason.strip():
            self._show(No(phrase("It needs a reason, which stays on record."), self._no.override))
            return
        self.reason.setReadOnly(True)

        def done(words: str) -> None:
            self.reason.setReadOnly(False)
            self.reason.clear()
            self.enrollment = None
            self.hide()
            self.done.emit(words)

        def failed(error: Exception) -> None:
            self.reason.setReadOnly(False)
            no = self.presenter.why_not_end(error)
            if verb != self._verb:
                self.ask(verb, enrollment)
            self._show(no)
            if is_moved(error) and not (no.override or no.may_withdraw):
                self.moved.emit()

        title = phrase("Changing the enrollment")
        self.act(title, partial(self.presenter.end, verb, enrollment, reason, override), done, failed)

    def _show(self, no: No) -> None:
        self._no = no
        self.complaint.say(no.words)
        self.instead.setVisible(no.may_withdraw)
        self.aside.setVisible(bool(no.override))

    @property
    def unsaid(self) -> str:
        typed = self.enrollment is not None and self.reason.text().strip()
        return phrase("The enrollment that you gave a reason for is as it was.") if typed else ""

    def recolour(self) -> None:
        self.complaint.say(self.complaint.text())
