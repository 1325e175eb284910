"""Merging on screen: merges on the left, two records side by side on the right."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from sims_desktop.kit import theme
from sims_desktop.kit.asking import Asking, push_button, row_of, text_label
from sims_desktop.kit.desk import Desk
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.tables import Field, RecordModel, RecordView
from sims_desktop.kit.wording import left_to_right, plural
from sims_desktop.merging.presenter import STATE_WORDS, Line, MergingPresenter
from sims_shared.people import StudentMergeView, StudentView


class MergingPage(Desk[list[StudentMergeView]]):
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
        self.lines.hide()
        self.asking = Asking("merging", self)
        self.asking.left.connect(self.list.setFocus)
        self.new_button = push_button(self, "merging_new", self.begin, phrase("Two records of one (Ctrl+N)"))
        self.confirm_button = push_button(self, "merging_confirm", self.confirm, phrase("Confirm (A)"))
        self.reject_button = push_button(self, "merging_reject", self.ask_reject, phrase("Reject (R)"))
        self.undo_button = push_button(self, "merging_undo", self.ask_undo, phrase("Take apart (Ctrl+Z)"))
        right = QWidget(self)
        column = QVBoxLayout(right)
        column.setContentsMargins(8, 0, 0, 0)
        for part in (self.heading, self.lead, self.search):
            column.addWidget(part)
        column.addWidget(self.students, 1)
        column.addWidget(self.lines, 2)
        column.addStretch(0)
        column.addWidget(self.asking)
        column.addLayout(row_of((self.new_button, self.confirm_button, self.reject_button, self.undo_button)))
        self.split = self.split_of("merging_split", self.list, right, (450, 550))
        self.note = Note(self)
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addWidget(self.split, 1)
        layout.addWidget(self.note)
        self.setFocusProxy(self.list)

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
        self.asking.recolour()
        self.model.set_records(list(self.presenter.merges))
        self.line_model.set_records(list(self.line_model.records))

    def _show(self) -> None:
        self.summary.setText(self.presenter.sentence)
        merges = list(self.presenter.merges)
        self.list.follow(merges, lambda one: one.id)
        self._moved()

    def _moved(self) -> None:
        presenter = self.presenter
        merge = None if self._new else self.list.current()
        if merge is None or self.asking.about not in (None, merge.id, merge):
            self._leave_unless_new()
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
        self.confirm_button.setEnabled(not self.is_busy and (self._new or not refusal))
        self.reject_button.setVisible(pending)
        self.reject_button.setEnabled(not self.is_busy and not refusal)
        self.undo_button.setVisible(merge is not None and merge.status == "merged" and presenter.may_ask)
        if pending and refusal and not self.asking.is_asking:
            self.asking.refuse(refusal)

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
            self.asking.refuse(self.presenter.refused(error))

        self.around.tasks.run(lambda progress: self.presenter.read(*pair), done, failed, owner=self)

    def _step(self, by: int) -> None:
        if not self._new:
            self.asking.leave()
            self.step(by)

    def _leave_unless_new(self) -> None:
        """What was asked about a merge goes with the cursor; what is asked about two chosen records stays."""
        if not self._new:
            self.asking.leave()

    # A new one

    def begin(self) -> None:
        if not self.presenter.may_ask:
            self.asking.refuse(phrase("The registrar asks for a merge; you confirm it."))
            return
        self.asking.leave()
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
            self.asking.refuse("" if found else phrase("Nobody is found. Try a part of the name."))
            if found:
                self.students.selectRow(0)
                self.students.setFocus()
                self.note.say(phrase("{students} found.", students=plural(len(found), "student")))

        def failed(error: Exception) -> None:
            self.asking.refuse(self.presenter.refused(error))

        self.around.tasks.run(lambda progress: self.presenter.find(words), done, failed, owner=self)

    def pick(self, student: StudentView) -> None:
        refusal = self.presenter.pick(student)
        self.asking.refuse(refusal)
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
        if self.is_busy:
            return
        if self.asking.asks_line:
            self.asking.answer()
        elif self._new:
            if len(self.presenter.picked) == 2:
                hint = phrase("Why are they one person? Enter asks for it, Esc leaves it")
                self.asking.ask_line(hint, phrase("Why they are one person"), self._send)
            else:
                self.asking.refuse(self.presenter.picked_words)
        else:
            self._confirm(self.list.current())

    def _confirm(self, merge: StudentMergeView | None) -> None:
        refusal = self.presenter.why_not_decide(merge)
        if refusal or merge is None:
            self.asking.refuse(refusal)
        else:
            decide = partial(self.presenter.decide, merge, True, "")
            agreed = partial(self._act, decide, phrase("Confirming"))
            self.asking.ask(self.presenter.question(merge), agreed, about=merge)

    def _send(self, reason: str) -> None:
        if not reason.strip():
            self.asking.refuse(phrase("Say why they are one person."))
        else:
            self._act(partial(self.presenter.ask, reason.strip()), phrase("Asking"))

    def ask_reject(self) -> None:
        merge = self.list.current()
        refusal = self.presenter.why_not_decide(merge)
        if refusal or merge is None or self._new:
            self.asking.refuse(refusal)
            return

        def entered(reason: str) -> None:
            if not reason.strip():
                self.asking.refuse(phrase("A rejection needs a reason."))
            else:
                self._act(partial(self.presenter.decide, merge, False, reason.strip()), phrase("Rejecting"))

        hint = phrase("Reason, then Enter; Esc leaves it")
        self.asking.ask_line(hint, phrase("Reason for rejecting it"), entered, about=merge.id)

    def ask_undo(self) -> None:
        merge = self.list.current()
        refusal = self.presenter.why_not_undo(merge)
        if refusal or merge is None or self._new:
            self.asking.refuse(refusal)
            return

        def entered(reason: str) -> None:
            if not reason.strip():
                self.asking.refuse(phrase("Say why they are two people after all."))
            else:
                self._act(partial(self.presenter.undo, merge, reason.strip()), phrase("Taking apart"))

        hint = phrase("Why are they two people after all? Enter takes them apart, Esc leaves it")
        self.asking.ask_line(hint, phrase("Why they are two people"), entered, about=merge.id)

    def leave(self) -> None:
        """One step back: the question, then the two that were chosen."""
        asked = self.asking.is_asking
        self.asking.leave()
        if self._new and not asked:
            self._new = False
            self.presenter.begin_again()
        self.list.setFocus()

    def _act(self, work: Callable[[], str], title: str) -> None:
        self.asking.send()

        def done(said: str) -> None:
            self.asking.leave()
            self._new = False
            self._compared = None
            self.note.say(said)
            self.refresh()

        def failed(error: Exception) -> None:
            self.asking.refuse(self.presenter.refused(error))
            self.refresh()

        self.act(title, lambda progress: work(), done, failed)

    def leaving(self) -> str:
        return phrase("A merge that you began is not asked for.") if self.presenter.picked else ""
