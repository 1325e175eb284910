"""Credit from elsewhere on screen: find the student, type the courses one a line; Ctrl+Enter asks for it."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from sims_desktop.cases.transferring import TransferPresenter
from sims_desktop.kit.asking import push_button, row_of, text_label
from sims_desktop.kit.forms import Form
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Page, Surroundings
from sims_desktop.kit.tasks import Task
from sims_desktop.students.finding import FindStudent
from sims_desktop.students.presenter import Finder
from sims_shared.cases import TransferView
from sims_shared.people import StudentView
from sims_shared.terms import TermView

LINES = 5


class TransferPage(Page):
    title = later("Credit from elsewhere")
    guide = "controller#cases"

    def __init__(
        self,
        around: Surroundings,
        presenter: TransferPresenter,
        finder: Finder,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(around, "new_transfer", parent)
        self.presenter, self._finder = presenter, finder
        self._task: Task | None = None
        self._build()
        self.add_action("new_transfer.find", later("Find a student"), "Ctrl+L", self.finding.begin)
        self.add_action("new_transfer.ask", later("Ask for it"), ("Ctrl+Return", "Ctrl+Enter"), self.ask)
        presenter.on_change = self._show
        self._show()

    def _build(self) -> None:
        invitation = phrase("Whose credit is it? Type a name or a number.")
        self.finding = FindStudent(self, "new_transfer", self._finder, invitation)
        self.finding.chosen.connect(self._take)
        self.finding.sought.connect(lambda: self.presenter.take(None))
        self.heading = text_label("new_transfer_heading", self, larger=True)
        self.institution, self.reference, self.reason = QLineEdit(self), QLineEdit(self), QLineEdit(self)
        for line, most in ((self.institution, 200), (self.reference, 200), (self.reason, 2000)):
            line.setMaxLength(most)
        self.term = QComboBox(self)
        self.courses = QPlainTextEdit(self)
        self.courses.setTabChangesFocus(True)
        self.courses.setPlaceholderText(phrase("One a line: Functional English; B; EN-102; 3"))
        self.courses.setFixedHeight(self.fontMetrics().lineSpacing() * LINES)
        self.form = Form(self)
        self.form.add("institution", later("&Passed at"), self.institution)
        self.form.add("reference", later("&Decision on their equivalence"), self.reference)
        self.form.add("term_id", later("Counts from &term"), self.term)
        self.form.add("courses", later("&Courses"), self.courses)
        self.form.add("reason", later("&Reason"), self.reason)
        self.ask_button = push_button(self, "new_transfer_ask", self.ask, phrase("Ask for it (Ctrl+Enter)"))
        self.note = Note(self)
        layout = QVBoxLayout(self)
        layout.addWidget(self.finding, 1)
        layout.addWidget(self.heading)
        layout.addWidget(self.form)
        layout.addLayout(row_of([self.ask_button]))
        layout.addStretch(0)
        layout.addWidget(self.note)
        self.setFocusProxy(self.finding)

    def _show(self) -> None:
        there = self.presenter.student is not None
        self.heading.setText(self.presenter.heading)
        self.heading.setVisible(there)
        self.form.setVisible(there)
        self.ask_button.setVisible(there)

    def shown(self) -> None:
        self.finding.begin()

        def done(terms: list[TermView]) -> None:
            self.presenter.terms = terms
            if not self.term.count():
                for term in terms:
                    self.term.addItem(term.name, term.id)

        self.around.tasks.run(
            lambda progress: self.presenter.calls.read_terms(), done, self._not_read, owner=self
        )

    def _not_read(self, error: Exception) -> None:
        self.note.say(self.presenter.refused(error))

    def _take(self, student: StudentView) -> None:
        self.finding.put_away()
        self.presenter.take(student)
        self.institution.setFocus()

    def ask(self) -> None:
        if self._task is not None:
            return
        if self.presenter.student is None:
            self.note.say(phrase("Find the student first."))
            return
        wish = self.presenter.check(
            self.term.currentData(),
            self.institution.text(),
            self.reference.text(),
            self.reason.text(),
            self.courses.toPlainText(),
        )
        if wish is None:
            self.form.show_faults(self.presenter.faults)
            return
        self.form.clear_faults()

        def done(answer: TransferView | str) -> None:
            self._task = None
            if isinstance(answer, str):
                self.form.show_faults([], answer)
                return
            words = self.presenter.asked_words(answer)
            for line in (self.institution, self.reference, self.reason):
                line.clear()
            self.finding.clear()
            self.courses.clear()
            self.presenter.take(None)
            self.around.changes.tell("cases", answer.id)
            self.wants.emit("cases", 0)
            self.finished.emit(words)

        def failed(error: Exception) -> None:
            self._task = None
            words = self.presenter.refused(error)
            self.form.show_faults(self.presenter.faults, words)

        self._task = self.around.tasks.run(
            lambda progress: self.presenter.send(*wish), done, failed, title=phrase("Asking"), owner=self
        )
        self._task.ended.connect(self._ended)

    def _ended(self) -> None:
        if self._task is not None and self._task.is_over:
            self._task = None

    def leaving(self) -> str:
        if self.courses.toPlainText().strip():
            return phrase("Credit that you began to type is not asked for.")
        return ""
