"""Admissions on screen: one list, letters that move whom is chosen, and a form for a new application."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from sims_desktop.admissions.presenter import (
    FILTERS,
    STATUS_WORDS,
    AdmissionsPresenter,
    Loaded,
    papers_words,
)
from sims_desktop.kit import theme
from sims_desktop.kit.asking import colour, text_label
from sims_desktop.kit.forms import Complaint, Form
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Page, Surroundings
from sims_desktop.kit.tables import Field, RecordModel, RecordView
from sims_desktop.kit.tasks import Progress, Task
from sims_shared.admissions import ApplicantView

FRESH = timedelta(seconds=30)
NEXT = 4  # the button that goes with Ctrl+Enter
LINES = (
    ("name", later("&Name")),
    ("father_name", later("&Father")),
    ("national_id", later("National &identity")),
    ("date_of_birth", later("&Born")),
    ("phone", later("&Phone")),
    ("email", later("&E-mail")),
    ("documents", later("Papers &needed")),
)


class AdmissionsPage(Page):
    """S shortlists, O offers, A accepts, R rejects, W withdraws whom is chosen; Ctrl+Enter admits."""

    title = later("Admissions")
    guide = "registrar#admissions"

    def __init__(
        self, around: Surroundings, presenter: AdmissionsPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(around, "admissions", parent)
        self.presenter = presenter
        self._held: list[int] | None = None
        self._ends_as = ""
        self._entering = False
        self._task: Task | None = None
        self._loading: Task | None = None
        self._refreshed: datetime | None = None
        self._build()
        self._add_actions()
        presenter.on_change = self._show
        around.theme.changed.connect(self._show)
        self._show()

    def _build(self) -> None:
        wide, presenter = self.fontMetrics().averageCharWidth(), self.presenter
        self.summary = text_label("admissions_summary", self, larger=True)
        self.filter, self.only = QComboBox(self), QComboBox(self)
        self.filter.setObjectName("admissions_filter")
        self.filter.setAccessibleName(phrase("Which applications"))
        for name, words in FILTERS.items():
            self.filter.addItem(phrase(words), name)
        self.only.setObjectName("admissions_program")
        self.only.setAccessibleName(phrase("Of which program"))
        self.only.addItem(phrase("Every program"), None)
        self.only.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        for box in (self.filter, self.only):
            box.activated.connect(self._narrow)
        top = QHBoxLayout()
        top.addWidget(self.filter)
        top.addWidget(self.only)
        top.addStretch(1)
        self.model: RecordModel[ApplicantView] = RecordModel(
            [
                Field(later("Name"), lambda one: one.name, wide * 24),
                Field(later("Father"), lambda one: one.father_name or "", wide * 18),
                Field(later("Program"), presenter.program_words, wide * 10),
                Field(later("Term"), presenter.term_words, wide * 12),
                Field(later("State"), lambda one: phrase(STATUS_WORDS[one.status]), wide * 14),
                Field(later("Papers"), papers_words, wide * 24),
                Field(later("What became of it"), presenter.outcome_words, 0),
            ],
            tint=self._tint,
        )
        self.list: RecordView[ApplicantView] = RecordView(
            self.model, "admissions_list", several=True, parent=self
        )
        self.list.setAccessibleName(phrase("Applications"))
        self.form = Form(self)
        self.fields: dict[str, QLineEdit] = {}
        for name, label in LINES:
            line = QLineEdit(self)
            line.setMaxLength(400)
            self.fields[name] = line
            self.form.add(name, label, line)
        self.fields["date_of_birth"].setPlaceholderText(phrase("as 2007-03-01"))
        self.fields["documents"].setPlaceholderText(phrase("with commas between: Certificate, Photograph"))
        self.program, self.term = QComboBox(self), QComboBox(self)
        for name, label, box in (
            ("program_id", later("P&rogram"), self.program),
            ("term_id", later("&Term"), self.term),
        ):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            self.form.add(name, label, box)
        self.question = text_label("admissions_question", self)
        self.line = QLineEdit(self)
        self.line.setObjectName("admissions_line")
        self.line.setAccessibleName(phrase("Reason"))
        self.line.setMaxLength(2000)
        self.line.returnPressed.connect(self._end)
        self.complaint: Complaint = Complaint(self)
        self.complaint.setObjectName("admissions_complaint")
        self.note = Note(self)
        buttons = QHBoxLayout()
        self.buttons: list[QPushButton] = []
        for name, words, call in (
            ("shortlist", phrase("Shortlist (S)"), partial(self.move_on, "shortlisted")),
            ("offer", phrase("Offer (O)"), partial(self.move_on, "offered")),
            ("accept", phrase("Accept (A)"), partial(self.move_on, "accepted")),
            ("reject", phrase("Reject (R)"), partial(self.ask_why, "rejected")),
            ("admit", phrase("Admit (Ctrl+Enter)"), self.admit),
            ("new", phrase("New application (Ctrl+N)"), self.begin),
        ):
            button = QPushButton(words, self)
            button.setObjectName(f"admissions_{name}")
            button.clicked.connect(lambda checked=False, call=call: call())
            buttons.addWidget(button)
            self.buttons.append(button)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addLayout(top)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.form)
        for below in (self.question, self.line, self.complaint):
            layout.addWidget(below)
            below.hide()
        layout.addLayout(buttons)
        layout.addWidget(self.note)
        self.setFocusProxy(self.list)

    def _add_actions(self) -> None:
        add = self.add_action
        for key, status, words in (
            ("S", "shortlisted", later("Shortlist")),
            ("O", "offered", later("Offer a place")),
            ("A", "accepted", later("Accept")),
        ):
            add(f"admissions.{status}", words, key, partial(self.move_on, status), self.list)
        add("admissions.rejected", later("Reject"), "R", partial(self.ask_why, "rejected"), self.list)
        add("admissions.withdrawn", later("Withdrawn"), "W", partial(self.ask_why, "withdrawn"), self.list)
        add("admissions.paper", later("The next paper is there"), "D", self.receive, self.list)
        add("admissions.same", later("The same person"), "1", partial(self._settle, True), self.list)
        add("admissions.another", later("Another person"), "2", partial(self._settle, False), self.list)
        add("admissions.admit", later("Admit, or the next step"), ("Ctrl+Return", "Ctrl+Enter"), self.admit)
        add("admissions.new", later("New application"), "Ctrl+N", self.begin)
        add("admissions.leave", later("Leave it"), "Esc", self.leave)
        add("admissions.refresh", later("Ask the server again"), "F5", self.refresh)

    # Showing

    def _tint(self, one: ApplicantView) -> QColor | None:
        if one.id in self.presenter.refusals:
            return theme.tint("refused")
        return theme.tint("waiting") if one.status == "accepted" and one.reg_no is None else None

    def _show(self) -> None:
        presenter, loaded = self.presenter, self.presenter.loaded
        colour(self.question, "conflict")
        self.summary.setText(presenter.sentence)
        if loaded is not None and not self.program.count():
            for program in loaded.programs:
                for box in (self.program, self.only):
                    box.addItem(f"{program.code} {program.name}", program.id)
            for term in loaded.terms:
                self.term.addItem(term.name, term.id)
        self.list.follow(list(loaded.applicants) if loaded else [], lambda one: one.id)
        self.form.setVisible(self._entering)
        for button in self.buttons:
            only = self.buttons[NEXT] if self._entering else button
            button.setVisible(presenter.may_manage and button is only)
            button.setEnabled(self._task is None)
        self.buttons[NEXT].setText(
            phrase("Enter it (Ctrl+Enter)") if self._entering else phrase("Admit (Ctrl+Enter)")
        )

    def _narrow(self) -> None:
        self.presenter.filter = str(self.filter.currentData())
        self.presenter.program_id = self.only.currentData()
        self.refresh()

    def _chosen(self) -> list[ApplicantView]:
        return self.list.chosen()

    # Moving

    def move_on(self, status: str, reason: str = "") -> None:
        chosen = self._chosen()
        if not self.presenter.may_manage or not chosen:
            self.complaint.say(self.presenter.why_not_admit(chosen))
            return

        def work(progress: Progress) -> str:
            return self.presenter.move(chosen, status, reason, progress.report)

        self._act(work, self.presenter.refused, phrase("Moving"))

    def ask_why(self, status: str) -> None:
        if not self.presenter.may_manage or not self._chosen():
            self.complaint.say(self.presenter.why_not_admit(self._chosen()))
            return
        self.complaint.say("")
        self._ends_as = status
        said = phrase("{status}: why? Enter moves, Esc leaves it", status=phrase(STATUS_WORDS[status]))
        self.question.setText(said)
        self.question.show()
        self.line.clear()
        self.line.show()
        self.line.setFocus()

    def _end(self) -> None:
        reason = self.line.text().strip()
        if not reason:
            self.complaint.say(phrase("It is final; say why."))
        else:
            self.move_on(self._ends_as, reason)

    def receive(self) -> None:
        current = self.list.current()
        if current is not None and self.presenter.may_manage:
            self._act(
                lambda progress: self.presenter.receive(current), self.presenter.refused, phrase("Keeping")
            )

    # Admitting

    def _settle(self, is_same: bool) -> None:
        current = self.list.current()
        if current is not None:
            self.complaint.say(self.presenter.settle(current, is_same=is_same))

    def admit(self) -> None:
        """Asks once; the same key answers yes. In the form it enters the application."""
        if self._task is not None:
            return
        if self._entering:
            self._enter()
            return
        if self._ends_as:
            self._end()
            return
        chosen = self._chosen()
        refusal = self.presenter.why_not_admit(chosen)
        ids = [one.id for one in chosen]
        if refusal:
            self._leave_asking()
            self.complaint.say(refusal)
        elif self._held != ids:
            self._leave_asking()
            self.complaint.say("")
            self._held = ids
            self.question.setText(self.presenter.question(chosen))
            self.question.show()
        else:
            refused = partial(self.presenter.not_admitted, applicants=chosen)
            self._act(lambda progress: self.presenter.admit(chosen), refused, phrase("Admitting"))

    # A new one

    def begin(self) -> None:
        if not self.presenter.may_manage:
            self.complaint.say(phrase("The registrar enters applications."))
            return
        self._leave_asking()
        self._entering = True
        self._show()
        self.fields["name"].setFocus()

    def _enter(self) -> None:
        given: dict[str, Any] = {name: line.text() for name, line in self.fields.items()}
        given |= {"program_id": self.program.currentData(), "term_id": self.term.currentData()}
        application = self.presenter.check(given)
        if application is None:
            self.form.show_faults(self.presenter.faults)
            return
        self.form.clear_faults()

        def done() -> None:
            for line in self.fields.values():
                line.clear()
            self.fields["name"].setFocus()  # they come in piles

        def refused(error: Exception) -> str:
            words = self.presenter.refused(error)
            self.form.show_faults(self.presenter.faults, words)
            return ""

        self._act(lambda progress: self.presenter.enter(application), refused, phrase("Entering"), done)

    # Carrying out

    def _act(
        self,
        work: Callable[[Progress], str],
        refused: Callable[[Exception], str],
        title: str,
        then: Callable[[], None] = lambda: None,
    ) -> None:
        self._leave_asking()
        self.complaint.say("")

        def done(said: str) -> None:
            self._task = None
            self.note.say(said)
            then()
            self.refresh()

        def failed(error: Exception) -> None:
            self._task = None
            self.complaint.say(refused(error))
            self._show()

        self._task = self.around.tasks.run(work, done, failed, title=title, owner=self)
        self._task.ended.connect(self._ended)
        self._show()

    def _ended(self) -> None:
        """After a cancel: whoever had moved has moved; the list says who."""
        if self._task is not None and self._task.is_over:
            self._task = None
            self.refresh()

    def _leave_asking(self) -> None:
        self._held = None
        self._ends_as = ""
        self.question.hide()
        if self.line.isVisible():
            self.line.hide()
            self.list.setFocus()

    def leave(self) -> None:
        if self._entering and self._held is None and not self._ends_as:
            self._entering = False
            self._show()
        self._leave_asking()
        self.complaint.say("")
        self.list.setFocus()

    def refresh(self) -> None:
        if self._loading is not None:
            self._loading.cancel()

        def done(loaded: Loaded) -> None:
            self._loading = None
            self._refreshed = self.around.now()
            chosen = {one.id for one in self._chosen()}
            self.presenter.take(loaded)
            self._choose(chosen)

        def failed(error: Exception) -> None:
            self._loading = None
            self.presenter.not_loaded(error)

        self._loading = self.around.tasks.run(
            lambda progress: self.presenter.load(), done, failed, owner=self
        )

    def _choose(self, ids: set[int]) -> None:
        """Whoever was chosen stays chosen, wherever the new list has them; else the first is."""
        model = self.list.selectionModel()
        flags = model.SelectionFlag
        model.clearSelection()
        rows = [row for row, one in enumerate(self.model.records) if one.id in ids]
        for row in rows or ([0] if self.model.records else []):
            index = self.model.index(row, 0)
            model.setCurrentIndex(index, flags.Select | flags.Rows)

    def shown(self) -> None:
        if self._refreshed is None or self.around.now() - self._refreshed > FRESH:
            self.refresh()
        self.list.setFocus()

    def leaving(self) -> str:
        typed = self._entering and any(line.text().strip() for line in self.fields.values())
        return phrase("An application that you began is not entered.") if typed else ""
