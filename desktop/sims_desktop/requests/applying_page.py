"""A new request on screen: find the student, say what is asked for; Enter or Ctrl+Enter sends it."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from sims_desktop.kit.asking import push_button, row_of, text_label
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Page, Surroundings
from sims_desktop.kit.tasks import Task
from sims_desktop.kit.wording import left_to_right
from sims_desktop.requests.form import RequestForm
from sims_desktop.requests.presenter.applying import ApplyingPresenter
from sims_desktop.students.finding import FindStudent
from sims_desktop.students.presenter import Finder
from sims_shared.people import StudentView
from sims_shared.requests import RequestTypeView, RequestView


class NewRequestPage(Page):
    """Ctrl+L finds another student; what stands in the form stays."""

    title = later("New request")
    guide = "registrar#requests"

    def __init__(
        self, around: Surroundings, applying: ApplyingPresenter, finder: Finder, parent: QWidget | None = None
    ) -> None:
        super().__init__(around, "new_request", parent)
        self.applying = applying
        self.student: StudentView | None = None
        self._task: Task | None = None
        self._typing: Task | None = None
        self._build(finder)
        add = self.add_action
        add("new_request.find", later("Find a student"), "Ctrl+L", self.finding.begin)
        add("new_request.send", later("Send the request"), ("Ctrl+Return", "Ctrl+Enter"), self.send)
        add("new_request.back", later("Back to the queue"), "Esc", lambda: self.wants.emit("requests", 0))
        self._show()

    def _build(self, finder: Finder) -> None:
        self.finding = FindStudent(
            self, "new_request", finder, phrase("Who asks? Type a name, a number or a phone.")
        )
        self.finding.chosen.connect(self.visit)
        self.heading = text_label("new_request_heading", self, larger=True)
        self.form = RequestForm(self.applying, self, ticks=True)
        self.form.entered.connect(self.send)
        self.send_button = push_button(
            self, "new_request_send", self.send, phrase("Send the request (Ctrl+Enter)")
        )
        self.note = Note(self)
        layout = QVBoxLayout(self)
        layout.addWidget(self.finding, 1)
        layout.addWidget(self.heading)
        layout.addWidget(self.form)
        layout.addLayout(row_of((self.send_button,)))
        layout.addStretch(0)
        layout.addWidget(self.note)
        self.setFocusProxy(self.finding)

    def shown(self) -> None:
        if self._typing is None:
            self._read_types()
        if self.student is None:
            self.finding.begin()
        else:
            self.form.begin()

    def _read_types(self) -> None:
        def done(kinds: dict[str, RequestTypeView]) -> None:
            self._typing = None
            self.applying.take_types(kinds)
            self.form.show_types()

        def failed(error: Exception) -> None:
            self._typing = None
            self.note.say(self.applying.refused(error))

        self._typing = self.around.tasks.run(
            lambda progress: self.applying.read_types(), done, failed, owner=self
        )

    def visit(self, student: StudentView) -> None:
        self.student = student
        self.finding.put_away()
        self._show()
        self.form.begin()

    def _show(self) -> None:
        student = self.student
        for part in (self.heading, self.form, self.send_button):
            part.setVisible(student is not None)
        if student is not None:
            self.heading.setText(f"{student.name} {left_to_right(student.reg_no)}")

    def send(self) -> None:
        if self.student is None:
            self.note.say(phrase("Find the student first."))
            return
        body = self.form.check(self.student.id)
        if body is None or self._task is not None:
            return

        def done(made: RequestView) -> None:
            self._task = None
            self.student = None
            self.form.clear()
            self.finding.clear()
            self._show()
            self.note.say(self.applying.asked_words(made))
            self.around.changes.tell("requests", made.student_id)
            self.wants.emit("requests", 0)

        def failed(error: Exception) -> None:
            self._task = None
            self.form.refuse(self.applying.refused(error))

        self._task = self.around.tasks.run(
            lambda progress: self.applying.ask_for(body),
            done,
            failed,
            title=phrase("Sending the request"),
            owner=self,
        )
        self._task.ended.connect(self._ended)

    def _ended(self) -> None:
        """Cancelled: sent again it counts once."""
        if self._task is not None and self._task.is_over:
            self._task = None

    def leaving(self) -> str:
        return phrase("A request that you began is not sent.") if self.form.is_begun else ""
