"""Merging on screen: merges on the left, two records side by side on the right."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QSplitter, QVBoxLayout, QWidget

from sims_desktop.approvals.page import colour, text_label
from sims_desktop.kit import theme
from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Page, Surroundings
from sims_desktop.kit.tables import Field, RecordModel, RecordView
from sims_desktop.kit.tasks import Task
from sims_desktop.kit.wording import left_to_right, plural
from sims_desktop.merging.presenter import STATE_WORDS, Line, MergingPresenter
from sims_shared.people import StudentMergeView, StudentView

FRESH = timedelta(seconds=30)


class MergingPage(Page):
    """Ctrl+N chooses two records, A or Ctrl+Enter confirms, R rejects, Ctrl+Z takes apart again."""

    title = later("Two records of one")
    guide = "registrar#two-records-of-one-person"

    def __init__(
        self, around: Surroundings, presenter: MergingPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(around, "merging", parent)
        self.presenter = presenter
        self._new = False
        self._compared: tuple[int, int] | None = None
        self._held: StudentMergeView | None = None
        self._entered: Callable[[str], None] | None = None
        self._task: Task | None = None
        self._loading: Task | None = None
        self._refreshed: datetime | None = None
        self._build()
        self._add_actions()
        presenter.on_change = self._show
        around.theme.changed.connect(self._recolour)
        self._show()

    def _build(self) -> None:
        wide = self.fontMetrics().averageCharWidth()
        self.summary = text_label("merging_summary", self, larger=True)
        self.model: RecordModel[StudentMergeView] = RecordModel(
            [
                Field(later("Stays"), lambda one: one.survivor_name, wide * 20),
                Field(later("Duplicate"), lambda one: one.duplicate_name, wide * 20),
                Field(later("State"), lambda one: phrase(STATE_WORDS[one.status]), 0),
            ],
            tint=self._tint,
        )
        self.list = RecordView(self.model, "merging_list", parent=self)
        self.list.setAccessibleName(phrase("Merges"))
        self.list.selectionModel().currentRowChanged.connect(lambda *_: self._moved())
        self.heading = text_label("merging_heading", self, larger=True)
        self.lead = text_label("merging_lead", self)
        self.search = QLineEdit(self)
        self.search.setObjectName("merging_search")
        self.search.setAccessibleName(phrase("Find a record by name or number"))
        self.search.setPlaceholderText(phrase("Name or registration number; Enter finds"))
        self.search.returnPressed.connect(self.find_students)
        self.student_model: RecordModel[StudentView] = RecordModel(
            [
                Field(later("Number"), lambda one: left_to_right(one.reg_no), wide * 20),
                Field(later("Name"), lambda one: one.name, wide * 24),
                Field(later("Father"), lambda one: one.father_name or "", 0),
            ]
        )
        self.students = RecordView(self.student_model, "merging_students", parent=self)
        self.students.setAccessibleName(phrase("Records found"))
        self.students.opened.connect(self.pick)
        self.line_model: RecordModel[Line] = RecordModel(
            [
                Field(later("What"), lambda line: line.what, wide * 20),
                Field(later("The record that stays"), lambda line: line.stays, wide * 28),
                Field(later("Its duplicate"), lambda line: line.duplicate, 0),
            ],
            tint=lambda line: theme.tint("conflict") if line.stays != line.duplicate else None,
        )
        self.lines: RecordView[Line] = RecordView(self.line_model, "merging_lines", parent=self)
        self.lines.setAccessibleName(phrase("Both records side by side"))
        self.question = text_label("merging_question", self)
        self.line = QLineEdit(self)
        self.line.setObjectName("merging_line")
        self.line.setAccessibleName(phrase("Why they are one person"))
        self.line.setMaxLength(2000)
        self.line.returnPressed.connect(self._line_entered)
        self.complaint: Complaint = Complaint(self)
        self.complaint.setObjectName("merging_complaint")
        self.new_button = self._button("merging_new", phrase("Two records of one (Ctrl+N)"), self.begin)
        self.confirm_button = self._button("merging_confirm", phrase("Confirm (A)"), self.confirm)
        self.reject_button = self._button("merging_reject", phrase("Reject (R)"), self.ask_reject)
        self.undo_button = self._button("merging_undo", phrase("Take apart (Ctrl+Z)"), self.ask_undo)
        buttons = QHBoxLayout()
        for button in (self.new_button, self.confirm_button, self.reject_button, self.undo_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        right = QWidget(self)
        column = QVBoxLayout(right)
        column.setContentsMargins(8, 0, 0, 0)
        for part in (self.heading, self.lead, self.search):
            column.addWidget(part)
        column.addWidget(self.students, 1)
        column.addWidget(self.lines, 2)
        column.addStretch(0)
        for part in (self.question, self.line, self.complaint):
            column.addWidget(part)
            part.hide()
        column.addLayout(buttons)
        self.split = QSplitter(Qt.Orientation.Horizontal, self)
        self.split.setObjectName("merging_split")
        self.split.addWidget(self.list)
        self.split.addWidget(right)
        self.split.setSizes([450, 550])
        self.split.setChildrenCollapsible(False)
        self.note = Note(self)
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addWidget(self.split, 1)
        layout.addWidget(self.note)
        self.setFocusProxy(self.list)

    def _button(self, name: str, text: str, call: Callable[[], object]) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.clicked.connect(lambda checked=False: call())
        return button

    def _add_actions(self) -> None:
        add = self.add_action
        add("merging.new", later("Two records of one person"), "Ctrl+N", self.begin)
        add("merging.swap", later("Swap the two"), "X", self._swap)
        add("merging.confirm", later("Confirm"), ("A", "Ctrl+Return", "Ctrl+Enter"), self.confirm)
        add("merging.reject", later("Reject with a reason"), "R", self.ask_reject)
        add("merging.undo", later("Take apart again"), "Ctrl+Z", self.ask_undo)
        add("merging.next", later("Next merge"), "J", lambda: self._step(1))
        add("merging.previous", later("Previous merge"), "K", lambda: self._step(-1))
        add("merging.leave", later("Leave it"), "Esc", self.leave)
        add("merging.refresh", later("Ask the server again"), "F5", self.refresh)

    # Showing

    def _tint(self, merge: StudentMergeView) -> QColor | None:
        if merge.status == "pending":
            return theme.tint("waiting")
        return None if merge.status == "merged" else theme.tint("closed")

    def _recolour(self) -> None:
        colour(self.question, "conflict")
        self.model.set_records(list(self.presenter.merges))
        self.line_model.set_records(list(self.line_model.records))

    def _show(self) -> None:
        self.summary.setText(self.presenter.sentence)
        merges = list(self.presenter.merges)
        self.model.set_records(merges)
        if merges and not self._new and self.list.current() is None:
            self.list.selectRow(0)
        self._moved()

    def _moved(self) -> None:
        presenter = self.presenter
        merge = None if self._new else self.list.current()
        if self._held is not None and (merge is None or merge.id != self._held.id):
            self._leave_asking()
        self.search.setVisible(self._new)
        self.students.setVisible(self._new and bool(self.student_model.records))
        if self._new:
            self.heading.setText(presenter.picked_words)
            self.lead.setText("")
            pair = [one.id for one in presenter.picked]
            self._compare((pair[0], pair[1]) if len(pair) == 2 else None)
        elif merge is not None:
            self.heading.setText(f"{merge.survivor_name} · {merge.duplicate_name}")
            self.lead.setText(presenter.lead(merge, self.around.now()))
            apart = merge.status != "merged"
            self._compare((merge.survivor_id, merge.duplicate_id) if apart else None)
        else:
            nothing = phrase("A merge makes two records of one person answer as one.")
            self.heading.setText(nothing if presenter.loaded else "")
            self.lead.setText(phrase("One person asks, another confirms.") if presenter.loaded else "")
            self._compare(None)
        pending = merge is not None and merge.status == "pending"
        refusal = presenter.why_not_decide(merge)
        self.new_button.setVisible(presenter.may_ask and not self._new)
        self.confirm_button.setVisible(pending or (self._new and len(presenter.picked) == 2))
        self.confirm_button.setText(phrase("Ask for it (Ctrl+Enter)") if self._new else phrase("Confirm (A)"))
        self.confirm_button.setEnabled(self._task is None and (self._new or not refusal))
        self.reject_button.setVisible(pending)
        self.reject_button.setEnabled(self._task is None and not refusal)
        self.undo_button.setVisible(merge is not None and merge.status == "merged" and presenter.may_ask)
        if pending and refusal:
            self.complaint.say(refusal)

    def _compare(self, pair: tuple[int, int] | None) -> None:
        if pair == self._compared:
            return
        self._compared = pair
        self.line_model.set_records([])
        self.lines.hide()
        if pair is None:
            return

        def done(lines: list[Line]) -> None:
            if self._compared == pair:
                self.line_model.set_records(lines)
                self.lines.setVisible(bool(lines))

        def failed(error: Exception) -> None:
            self._compared = None
            self.complaint.say(self.presenter.refused(error))

        self.around.tasks.run(lambda progress: self.presenter.read(*pair), done, failed, owner=self)

    def _step(self, by: int) -> None:
        count = self.model.rowCount()
        if count and not self._new:
            self.complaint.say("")
            self.list.selectRow(min(max(self.list.currentIndex().row() + by, 0), count - 1))

    # A new one

    def begin(self) -> None:
        if not self.presenter.may_ask:
            self.complaint.say(phrase("The registrar asks for a merge; you confirm it."))
            return
        self._leave_asking()
        self._new = True
        self.presenter.begin_again()
        self.search.setFocus()

    def find_students(self) -> None:
        words = self.search.text().strip()
        if not words:
            return

        def done(found: list[StudentView]) -> None:
            self.student_model.set_records(found)
            self.students.setVisible(self._new and bool(found))
            self.complaint.say("" if found else phrase("Nobody is found. Try a part of the name."))
            if found:
                self.students.selectRow(0)
                self.students.setFocus()
                self.note.say(phrase("{students} found.", students=plural(len(found), "student")))

        def failed(error: Exception) -> None:
            self.complaint.say(self.presenter.refused(error))

        self.around.tasks.run(lambda progress: self.presenter.find(words), done, failed, owner=self)

    def pick(self, student: StudentView) -> None:
        refusal = self.presenter.pick(student)
        self.complaint.say(refusal)
        if not refusal:
            self.search.clear()
            self.student_model.set_records([])
            self._moved()
            if len(self.presenter.picked) == 2:
                self.confirm()
            else:
                self.search.setFocus()

    def _swap(self) -> None:
        if self._new:
            self.presenter.swap()

    # Deciding

    def confirm(self) -> None:
        """Asks once; the same key answers yes. For two that were chosen it asks for the reason."""
        if self._task is not None:
            return
        if self._entered is not None:
            self._line_entered()
        elif self._new:
            if len(self.presenter.picked) == 2:
                hint = phrase("Why are they one person? Enter asks for it, Esc leaves it")
                self._ask_line(hint, phrase("Why they are one person"), self._send)
            else:
                self.complaint.say(self.presenter.picked_words)
        else:
            self._confirm(self.list.current())

    def _confirm(self, merge: StudentMergeView | None) -> None:
        refusal = self.presenter.why_not_decide(merge)
        if refusal or merge is None:
            self.complaint.say(refusal)
        elif self._held is not merge:
            self._leave_asking()
            self._held = merge
            self._say_question(self.presenter.question(merge))
        else:
            self._act(partial(self.presenter.decide, merge, True, ""), phrase("Confirming"))

    def _send(self, reason: str) -> None:
        if not reason.strip():
            self.complaint.say(phrase("Say why they are one person."))
        else:
            self._act(partial(self.presenter.ask, reason.strip()), phrase("Asking"))

    def ask_reject(self) -> None:
        merge = self.list.current()
        refusal = self.presenter.why_not_decide(merge)
        if refusal or merge is None or self._new:
            self.complaint.say(refusal)
            return

        def entered(reason: str) -> None:
            if not reason.strip():
                self.complaint.say(phrase("A rejection needs a reason."))
            else:
                self._act(partial(self.presenter.decide, merge, False, reason.strip()), phrase("Rejecting"))

        hint = phrase("Reason, then Enter; Esc leaves it")
        self._ask_line(hint, phrase("Reason for rejecting it"), entered)

    def ask_undo(self) -> None:
        merge = self.list.current()
        refusal = self.presenter.why_not_undo(merge)
        if refusal or merge is None or self._new:
            self.complaint.say(refusal)
            return

        def entered(reason: str) -> None:
            if not reason.strip():
                self.complaint.say(phrase("Say why they are two people after all."))
            else:
                self._act(partial(self.presenter.undo, merge, reason.strip()), phrase("Taking apart"))

        hint = phrase("Why are they two people after all? Enter takes them apart, Esc leaves it")
        self._ask_line(hint, phrase("Why they are two people"), entered)

    def _ask_line(self, hint: str, name: str, entered: Callable[[str], None]) -> None:
        self._leave_asking()
        self._entered = entered
        self._say_question(hint)
        self.line.setAccessibleName(name)
        self.line.clear()
        self.line.show()
        self.line.setFocus()

    def _line_entered(self) -> None:
        if self._entered is not None:
            self._entered(self.line.text())

    def _say_question(self, words: str) -> None:
        colour(self.question, "conflict")
        self.question.setText(words)
        self.question.setAccessibleName(words)
        self.question.show()
        self.complaint.say("")

    def _leave_asking(self) -> None:
        self._held = None
        self._entered = None
        self.question.hide()
        if self.line.isVisible():
            self.line.hide()
            self.list.setFocus()

    def leave(self) -> None:
        """One step back: the question, then the two that were chosen."""
        asked = self._entered is not None or self._held is not None
        self._leave_asking()
        self.complaint.say("")
        if self._new and not asked:
            self._new = False
            self.presenter.begin_again()
        self.list.setFocus()

    def _act(self, work: Callable[[], str], title: str) -> None:
        self._leave_asking()
        self.complaint.say("")

        def done(said: str) -> None:
            self._task = None
            self._new = False
            self._compared = None
            self.note.say(said)
            self.refresh()

        def failed(error: Exception) -> None:
            self._task = None
            self.complaint.say(self.presenter.refused(error))
            self.refresh()

        self._task = self.around.tasks.run(lambda progress: work(), done, failed, title=title, owner=self)
        self._task.ended.connect(self._ended)

    def _ended(self) -> None:
        if self._task is not None and self._task.is_over:
            self._task = None
            self.refresh()

    def refresh(self) -> None:
        if self._loading is not None:
            self._loading.cancel()

        def done(merges: list[StudentMergeView]) -> None:
            self._loading = None
            self._refreshed = self.around.now()
            self.presenter.take(merges)

        def failed(error: Exception) -> None:
            self._loading = None
            self.presenter.not_loaded(error)

        self._loading = self.around.tasks.run(
            lambda progress: self.presenter.load(), done, failed, owner=self
        )

    def shown(self) -> None:
        if self._refreshed is None or self.around.now() - self._refreshed > FRESH:
            self.refresh()
        self.list.setFocus()

    def leaving(self) -> str:
        return phrase("A merge that you began is not asked for.") if self.presenter.picked else ""
