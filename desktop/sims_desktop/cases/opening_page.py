"""A new case on screen: find the student, choose results, say what kind and why; Ctrl+Enter opens it."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from sims_desktop.cases.opening import PURPOSES, OpeningPresenter, Whose, result_words
from sims_desktop.cases.words import KIND_WORDS
from sims_desktop.kit.asking import text_label
from sims_desktop.kit.forms import Complaint, Form
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Page, Surroundings
from sims_desktop.kit.tables import Field, RecordModel, RecordView
from sims_desktop.kit.tasks import Task
from sims_desktop.students.finding import FindStudent
from sims_desktop.students.presenter import Finder
from sims_shared.cases import CaseView
from sims_shared.people import StudentView
from sims_shared.results import ResultView


class OpeningPage(Page):
    """`result_id` 0: the student is found first."""

    title = later("New case")
    guide = "controller#cases"

    def __init__(
        self,
        around: Surroundings,
        presenter: OpeningPresenter,
        finder: Finder,
        result_id: int,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(around, "new_case", parent)
        self.presenter, self._finder = presenter, finder
        self._result_id = result_id
        self._begun = False
        self._task: Task | None = None
        self._build()
        add = self.add_action
        add("new_case.find", later("Find a student"), "Ctrl+L", self.finding.begin)
        add("new_case.open", later("Open the case"), ("Ctrl+Return", "Ctrl+Enter"), self.open_case)
        add("new_case.choose", later("Choose this result"), "Space", self._choose, self.results)
        presenter.on_change = self._show
        self._show_kind()
        self._show()

    def _build(self) -> None:
        wide = self.fontMetrics().averageCharWidth()
        invitation = phrase("Whose result is it about? Type a name or a number.")
        self.finding = FindStudent(self, "new_case", self._finder, invitation)
        self.finding.chosen.connect(self.visit)
        self.finding.sought.connect(lambda: self.presenter.take(None))
        self.heading = text_label("new_case_heading", self, larger=True)
        self.result_model: RecordModel[ResultView] = RecordModel(
            [
                Field(later("Term"), lambda one: one.term, wide * 14),
                Field(later("Course"), lambda one: f"{one.course_code} {one.course_title}", wide * 36),
                Field(later("Attempt"), lambda one: str(one.attempt), wide * 8, is_number=True),
                Field(later("Result"), result_words, wide * 14),
                Field(later("State"), lambda one: one.state, wide * 10),
            ]
        )
        self.results: RecordView[ResultView] = RecordView(
            self.result_model, "new_case_results", several=True, parent=self
        )
        self.results.setAccessibleName(phrase("Results of the student; Space chooses"))
        self.results.opened.connect(lambda result: self._first_line.setFocus())
        self.kind = QComboBox(self)
        for kind in self.presenter.kinds:
            self.kind.addItem(phrase(KIND_WORDS[kind]), kind)
        self.kind.currentIndexChanged.connect(lambda _: self._show_kind())
        self.purpose = QComboBox(self)
        for purpose, words in PURPOSES.items():
            self.purpose.addItem(phrase(words), purpose)
        self.reason = QLineEdit(self)
        self.reason.setMaxLength(2000)
        self.authority = QLineEdit(self)
        self.authority.setMaxLength(200)
        self.reason.returnPressed.connect(lambda: self._go_on(self.authority))
        self.authority.returnPressed.connect(lambda: self._go_on(self.reason))
        self.form = Form(self)
        self.form.add("kind", later("&Kind"), self.kind)
        self.form.add("purpose", later("&What for"), self.purpose)
        self.form.add("reason", later("&Reason"), self.reason)
        self.form.add("authority", later("&Authority"), self.authority)
        self.results_complaint = Complaint(self)
        self.results_complaint.setObjectName("complaint_result_ids")
        self.open_button = QPushButton(phrase("Open the case (Ctrl+Enter)"), self)
        self.open_button.setObjectName("new_case_open")
        self.open_button.clicked.connect(lambda checked=False: self.open_case())
        buttons = QHBoxLayout()
        buttons.addWidget(self.open_button)
        buttons.addStretch(1)
        self.note = Note(self)
        layout = QVBoxLayout(self)
        layout.addWidget(self.finding, 1)
        layout.addWidget(self.heading)
        layout.addWidget(self.results, 2)
        layout.addWidget(self.results_complaint)
        layout.addWidget(self.form)
        layout.addLayout(buttons)
        layout.addWidget(self.note)
        self.setFocusProxy(self.finding)

    # Whose results

    def shown(self) -> None:
        if self._result_id and not self._begun:
            self._begun = True
            self._ask(lambda: self.presenter.begin(self._result_id))
        elif self.presenter.whose is None:
            self.finding.begin()

    def begin_of(self, kind: str) -> None:
        """From the palette: a case of this kind, about whom is typed next."""
        self.kind.setCurrentIndex(max(self.kind.findData(kind), 0))
        if self.presenter.whose is None:
            self.finding.begin()
        else:
            self._first_line.setFocus()

    @property
    def _is_unfair_means(self) -> bool:
        return str(self.kind.currentData()) == "unfair_means"

    @property
    def _first_line(self) -> QLineEdit:
        """Of a report its number is asked first, and is reason enough."""
        return self.authority if self._is_unfair_means else self.reason

    def _go_on(self, other: QLineEdit) -> None:
        """Enter in a line: to the other where that is needed, else it is opened."""
        needed = other is self.reason and not self._is_unfair_means
        if needed and not other.text().strip():
            other.setFocus()
        else:
            self.open_case()

    def visit(self, student: StudentView) -> None:
        self._ask(lambda: self.presenter.visit(student))

    def _ask(self, work: object) -> None:
        assert callable(work)

        def done(whose: Whose) -> None:
            self.finding.put_away()
            self.presenter.take(whose)
            self.results.setFocus()
            rows = [row for row, one in enumerate(whose.results) if one.id == whose.chosen]
            if whose.results:
                self.results.selectRow(rows[0] if rows else 0)

        def failed(error: Exception) -> None:
            self.note.say(self.presenter.refused(error))

        self.around.tasks.run(lambda progress: work(), done, failed, owner=self)

    # Showing

    def _show(self) -> None:
        whose = self.presenter.whose
        self.heading.setVisible(whose is not None)
        if whose is not None:
            nothing = phrase("{name} has no result that you may see.", name=whose.name)
            self.heading.setText(whose.name if whose.results else nothing)
        self.result_model.set_records(list(whose.results) if whose else [])
        there = whose is not None and bool(whose.results)
        for part in (self.results, self.form, self.open_button):
            part.setVisible(there)

    def _show_kind(self) -> None:
        self.form.show_row("purpose", self.kind.currentData() == "grace")
        self.authority.setPlaceholderText(
            phrase("Number of the report; Enter opens the case and withholds a draft at once")
            if self._is_unfair_means
            else phrase("Committee and minute, where there is one already")
        )

    def _choose(self) -> None:
        index = self.results.currentIndex()
        if index.isValid():
            model = self.results.selectionModel()
            model.select(index, model.SelectionFlag.Toggle | model.SelectionFlag.Rows)

    # Opening

    def open_case(self) -> None:
        if self.presenter.whose is None or self._task is not None:
            self.note.say(phrase("Find the student first."))
            return
        body = self.presenter.check(
            str(self.kind.currentData()),
            self.results.chosen(),
            self.reason.text(),
            self.authority.text(),
            str(self.purpose.currentData()),
        )
        self._show_faults("")
        if body is None:
            return
        wanted = body

        def done(case: CaseView) -> None:
            self._task = None
            words = self.presenter.opened_words(case)
            self.reason.clear()
            self.authority.clear()
            self.finding.clear()
            self.presenter.take(None)
            self.around.changes.tell("cases", case.id)
            self.wants.emit("cases", case.id)
            self.finished.emit(words)

        def failed(error: Exception) -> None:
            self._task = None
            words = self.presenter.refused(error)
            self._show_faults(words)

        self._task = self.around.tasks.run(
            lambda progress: self.presenter.open(wanted),
            done,
            failed,
            title=phrase("Opening the case"),
            owner=self,
        )
        self._task.ended.connect(self._ended)

    def _ended(self) -> None:
        if self._task is not None and self._task.is_over:
            self._task = None

    def _show_faults(self, words: str) -> None:
        """Each beside what it is about; the results have no row in the form."""
        of_results = [one for one in self.presenter.faults if one.pointer.startswith("/result_ids")]
        others = [one for one in self.presenter.faults if one not in of_results]
        self.results_complaint.say("\n".join(one.detail for one in of_results))
        if others or not of_results:
            self.form.show_faults(others, words)
        else:
            self.form.clear_faults()
            self.results.setFocus()

    def leaving(self) -> str:
        if self.reason.text().strip():
            return phrase("A case that you began is not opened.")
        return ""
