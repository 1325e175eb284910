"""The desk of holds: the list, one hold in words beside it, and the form that places or changes one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from sims_desktop.client.errors import ProblemAnswer
from sims_desktop.holds.presenter import FILTERS, STALE, Editing, HoldsPresenter, Loaded
from sims_desktop.holds.words import EFFECTS, amount_words, effect_words, kind_words, student_words
from sims_desktop.kit import theme
from sims_desktop.kit.asking import Asking, colour, push_button, row_of, text_label
from sims_desktop.kit.forms import Form
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.long import LongDesk, SearchLine
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.tables import LETTER, Field, RecordModel, RecordView
from sims_desktop.kit.tasks import Progress
from sims_desktop.kit.wording import left_to_right, plural
from sims_desktop.students.finding import FindStudent
from sims_desktop.students.presenter import Finder
from sims_shared.holds import HoldView
from sims_shared.people import StudentView

SIGN = "✓ "


class HoldsPage(LongDesk[Loaded]):
    """J and K move, L lifts, E edits, Space chooses several, F the next filter, Ctrl+N places."""

    title = later("Holds")
    keys_name = later("Holds")
    guide = "registrar#holds"

    def __init__(
        self,
        around: Surroundings,
        presenter: HoldsPresenter,
        finder: Finder,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(around, "holds", parent)
        self.presenter, self._finder = presenter, finder
        self._student: StudentView | None = None
        self._editing: Editing | None = None
        self._build()
        self._add_actions()
        self.follow(presenter)
        presenter.on_change = self._show
        around.theme.changed.connect(self._show)
        self._close_form()
        self._show()

    def _build(self) -> None:
        self.summary = text_label("holds_summary", self, larger=True)
        self.filter, self.kind = QComboBox(self), QComboBox(self)
        self.filter.setObjectName("holds_filter")
        self.filter.setAccessibleName(phrase("Which holds"))
        for name, words in FILTERS.items():
            self.filter.addItem(phrase(words), name)
        self.kind.setObjectName("holds_kind")
        self.kind.setAccessibleName(phrase("Holds of which kind"))
        self.kind.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        for box in (self.filter, self.kind):
            box.activated.connect(self._narrow)
        self.search = SearchLine("holds_search", phrase("Search: name, number, reason"), self)
        self.search.sought.connect(self._narrow)
        self.search.setVisible(not self.presenter.student_id)
        top = QHBoxLayout()
        for box in (self.filter, self.kind):
            top.addWidget(box)
        top.addWidget(self.search, 1)
        if self.presenter.student_id:
            top.addStretch(1)
        now = self.around.now
        self.model: RecordModel[HoldView] = RecordModel(
            [
                Field(later("Number"), self._number_words, LETTER * 15, is_kept=True),
                Field(later("Student"), lambda hold: hold.student_name, LETTER * 18),
                Field(later("Kind"), lambda hold: kind_words(hold.kind), LETTER * 10),
                Field(later("Amount"), amount_words, LETTER * 10, is_number=True),
                Field(later("State"), lambda hold: self.presenter.state_of(hold, now()), LETTER * 16),
            ],
            tint=self._tint,
        )
        self.list = RecordView(self.model, "holds_list", parent=self)
        self.list.setAccessibleName(phrase("Holds, newest first"))
        self.list.selectionModel().currentRowChanged.connect(lambda *_: self._moved())
        self.list.opened.connect(lambda hold: self.wants.emit("student", hold.student_id))
        self.heading = text_label("holds_heading", self, larger=True)
        self.about = text_label("holds_about", self)
        self.barred = text_label("holds_barred", self)
        self._build_form()
        self.asking = Asking("holds", self)
        self.asking.left.connect(self.list.setFocus)
        self.lift_button = push_button(self, "holds_lift", self.ask_lift)
        self.edit_button = push_button(self, "holds_edit", self.edit, phrase("Edit (E)"))
        self.place_button = push_button(self, "holds_place", self.begin, phrase("Place a hold (Ctrl+N)"))
        self.note = Note(self)
        right = QWidget(self)
        column = QVBoxLayout(right)
        column.setContentsMargins(8, 0, 0, 0)
        for part in (self.heading, self.about, self.barred):
            column.addWidget(part)
        column.addWidget(self.placing, 1)
        column.addWidget(self.asking)
        column.addLayout(row_of([self.lift_button, self.edit_button, self.place_button]))
        column.addStretch(0)
        self.split = self.split_of("holds_split", self.list, right, (640, 380))
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addLayout(top)
        layout.addWidget(self.split, 1)
        layout.addWidget(self.note)
        self.setFocusProxy(self.list)

    def _build_form(self) -> None:
        self.placing = QWidget(self)
        words = phrase("Whom does it stand against? Type a name or a number.")
        self.finding = FindStudent(self, "holds_student", self._finder, words)
        self.finding.chosen.connect(self._take_student)
        self.new_kind, self.effect = QComboBox(self), QComboBox(self)
        self.new_kind.currentIndexChanged.connect(lambda _: self._follow_kind())
        for name, said in EFFECTS.items():
            self.effect.addItem(phrase(said), name)
        self.effect.currentIndexChanged.connect(lambda _: self._say_effect())
        self.reason, self.amount, self.contact = QLineEdit(self), QLineEdit(self), QLineEdit(self)
        self.reason.setMaxLength(2000)
        self.contact.setMaxLength(200)
        self.amount.setMaxLength(20)
        self.form = Form(self)
        for name, label, control in (
            ("kind", later("&Kind"), self.new_kind),
            ("reason", later("&Reason"), self.reason),
            ("amount", later("&Amount"), self.amount),
            ("effect", later("E&ffect"), self.effect),
            ("contact", later("&Whom to see"), self.contact),
        ):
            self.form.add(name, label, control)
        self.effect_words = text_label("holds_effect_words", self)
        self.save_button = push_button(self, "holds_save", self.save)
        self.leave_button = push_button(self, "holds_leave", self.leave, phrase("Leave it (Esc)"))
        column = QVBoxLayout(self.placing)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.finding, 1)
        column.addWidget(self.form)
        column.addWidget(self.effect_words)
        column.addLayout(row_of([self.save_button, self.leave_button]))
        column.addStretch(0)

    def _add_actions(self) -> None:
        add, acts = self.add_action, self.presenter.may_place
        add("holds.next", later("Next hold"), "J", lambda: self.step(1), self.list)
        add("holds.previous", later("Previous hold"), "K", lambda: self.step(-1), self.list)
        if acts:
            add("holds.lift", later("Lift with a reason"), "L", self.ask_lift, self.list)
            add("holds.edit", later("Edit the hold"), "E", self.edit, self.list)
            add("holds.choose", later("Choose this hold"), "Space", self._choose, self.list)
            add("holds.every", later("Choose all that you may lift"), "Ctrl+A", self._choose_every, self.list)
            add("holds.place", later("Place a hold"), "Ctrl+N", self.begin)
            add("holds.save", later("Save what is typed"), ("Ctrl+Return", "Ctrl+Enter"), self.save)
        add("holds.filter", later("Next filter"), "F", self._next_filter, self.list)
        if not self.presenter.student_id:
            add("holds.search", later("Search"), "Ctrl+L", self.search.begin)
        add("holds.leave", later("Leave it"), "Esc", self.leave)
        add("holds.refresh", later("Ask the server again"), "F5", self.refresh)

    def more_keys(self) -> tuple[tuple[str, str], ...]:
        return ((phrase("The student's page"), "Enter"),)

    # Showing

    def _number_words(self, hold: HoldView) -> str:
        return (SIGN if hold.id in self.presenter.chosen else "") + left_to_right(hold.reg_no or "–")

    def _tint(self, hold: HoldView) -> QColor | None:
        if hold.id in self.presenter.refusals:
            return theme.tint("refused")
        if hold.id in self.presenter.chosen:
            return theme.tint("waiting")
        return theme.tint("closed") if hold.lifted_at is not None else None

    def _show(self) -> None:
        presenter, current = self.presenter, self.list.current()
        self.summary.setText(presenter.sentence)
        if presenter.is_loaded and self.kind.count() != len(presenter.kinds) + 1:
            self.kind.clear()
            self.kind.addItem(phrase("Every kind"), "")
            for one in presenter.kinds.values():
                self.kind.addItem(kind_words(one.kind), one.kind)
        self.kind.setCurrentIndex(max(0, self.kind.findData(presenter.kind)))
        self.filter.setCurrentIndex(self.filter.findData(presenter.filter))
        self.model.set_records(presenter.holds)
        self.choose_again({current.id} if current else set())
        self._moved()

    def _moved(self) -> None:
        """The hold under the cursor, in words; what was asked about another is withdrawn."""
        hold = self.list.current()
        if self.asking.is_asking and not self.is_busy and self.asking.about != self._meant_ids():
            self.asking.leave()
        chosen, presenter = len(self.presenter.chosen), self.presenter
        hint = phrase("Nothing here is held back.") if presenter.is_loaded and not presenter.holds else ""
        self.heading.setText(f"{kind_words(hold.kind)}: {student_words(hold)}" if hold else hint)
        self.about.setText(presenter.about(hold, self.around.now()) if hold else "")
        refusal = presenter.why_not(hold) if hold and hold.lifted_at is None and not chosen else ""
        self.barred.setText(refusal)
        colour(self.barred, "conflict")
        self.barred.setVisible(bool(refusal) and not self.is_entering)
        many = phrase(" {chosen:,} chosen", chosen=chosen) if chosen else ""
        self.lift_button.setText(phrase("Lift{many} (L)", many=many))
        may = bool(chosen) or (hold is not None and not presenter.why_not(hold))
        entering, busy = self.is_entering, self.is_busy
        for part in (self.heading, self.about):
            part.setVisible(not entering)
        self.lift_button.setVisible(may and not entering)
        self.edit_button.setVisible(may and not chosen and not entering)
        self.place_button.setVisible(presenter.may_place and not entering)
        for button in (self.lift_button, self.edit_button, self.place_button, self.save_button):
            button.setEnabled(not busy)

    def _narrow(self) -> None:
        presenter = self.presenter
        wanted = (str(self.filter.currentData()), self.kind.currentData(), self.search.words)
        if wanted == (presenter.filter, presenter.kind, presenter.words):
            return
        presenter.filter, presenter.words = wanted[0], wanted[2]
        if presenter.is_loaded:
            presenter.kind = wanted[1]
        presenter.refusals = {}
        self.refresh()

    def _next_filter(self) -> None:
        self.presenter.next_filter()
        self.presenter.refusals = {}
        self.refresh()

    # Choosing and lifting

    def _choose(self) -> None:
        hold = self.list.current()
        if hold is not None:
            self.asking.leave()
            refusal = self.presenter.toggle(hold)
            self.asking.refuse(refusal)
            if not refusal:
                self.step(1)

    def _choose_every(self) -> None:
        self.presenter.choose_every()

    def _meant_ids(self) -> tuple[int, ...]:
        return tuple(hold.id for hold in self.presenter.meant(self.list.current()))

    def ask_lift(self) -> None:
        """Asks why, once for all of them."""
        meant = self.presenter.meant(self.list.current())
        refusal = self.presenter.why_not(meant[0] if meant else None)
        if refusal or self.is_busy:
            self.asking.leave()
            self.asking.refuse(refusal)
            return

        def entered(reason: str) -> None:
            if not reason.strip():
                self.asking.refuse(phrase("Say why; it stays on record."))
                return

            def work(progress: Progress) -> str:
                return self.presenter.lift(meant, reason.strip(), progress.report)

            self._carry_out(work, phrase("Lifting"))

        which = plural(len(meant), "hold") if len(meant) > 1 else student_words(meant[0])
        question = phrase("Lift {which}: why? Enter lifts, Esc leaves it", which=which)
        self.asking.ask_line(question, phrase("Why it is lifted"), entered, about=self._meant_ids())

    def _carry_out(self, work: Callable[[Progress], str], title: str) -> None:
        self.asking.send()

        def done(said: str) -> None:
            self.presenter.chosen.clear()
            self.asking.leave()
            self._acted(said)

        def failed(error: Exception) -> None:
            words = self.presenter.refused(error)
            self.asking.refuse(words)
            self.note.say(words)
            if isinstance(error, ProblemAnswer):
                self.refresh()  # the list was old

        self.act(title, work, done, failed)
        self._moved()

    def _acted(self, said: str) -> None:
        self.note.say(said)
        self.around.changes.tell("holds", 0)
        self.refresh()

    # Placing and changing

    @property
    def is_entering(self) -> bool:
        return not self.placing.isHidden()

    def begin(self) -> None:
        """A new hold: on the student of this page, or on one that is found first."""
        presenter = self.presenter
        if not presenter.kinds_to_place or self.is_busy:
            self.asking.refuse(phrase("You may only read holds.") if not presenter.may_place else "")
            return
        if self.is_entering and self._editing is None:
            return
        self._open_form(None)
        self.new_kind.clear()
        for one in presenter.kinds_to_place:
            self.new_kind.addItem(kind_words(one.kind), one.kind)
        self.new_kind.setCurrentIndex(max(0, self.new_kind.findData(presenter.usual_kind)))
        self._follow_kind()
        self._take_student(presenter.student)

    def _take_student(self, student: StudentView | None) -> None:
        self._student = student
        self.finding.setVisible(self.presenter.student is None)
        if student is None:
            self.finding.clear()
            self.finding.begin()
            return
        self.finding.put_away()
        self.finding.search.setText(f"{student.reg_no} {student.name}")
        self.new_kind.setFocus() if self.new_kind.count() > 1 else self.reason.setFocus()

    def edit(self) -> None:
        """The form with what stands there now, read anew."""
        hold = self.list.current()
        refusal = self.presenter.why_not(hold)
        if refusal or hold is None or self.is_busy or self.is_entering:
            self.asking.leave()
            self.asking.refuse(refusal)
            return

        def done(editing: Editing) -> None:
            self._open_form(editing)
            self.new_kind.clear()
            self.new_kind.addItem(kind_words(editing.hold.kind), editing.hold.kind)
            self._put(editing.hold)
            self.reason.setFocus()
            self.reason.selectAll()
            self._moved()

        self.act("", lambda progress: self.presenter.begin_change(hold), done, self._not_saved)

    def _put(self, hold: HoldView) -> None:
        self.reason.setText(hold.reason)
        self.amount.setText(amount_words(hold))
        self.effect.setCurrentIndex(self.effect.findData(hold.effect))
        self.contact.setText(hold.contact)
        self._say_effect()

    def _open_form(self, editing: Editing | None) -> None:
        self.asking.leave()
        self._editing = editing
        self.form.clear_faults()
        for line in (self.reason, self.amount, self.contact):
            line.clear()
        self.finding.setVisible(editing is None)
        self.form.show_row("kind", editing is None)
        self.save_button.setText(
            phrase("Place it (Ctrl+Enter)") if editing is None else phrase("Save (Ctrl+Enter)")
        )
        self.placing.show()
        self._moved()

    def _close_form(self) -> None:
        self.placing.hide()
        self._editing = self._student = None
        self.finding.clear()
        for line in (self.reason, self.amount, self.contact):
            line.clear()
        self.form.clear_faults()

    def _follow_kind(self) -> None:
        """What a hold of this kind does unless said otherwise."""
        kind = self.presenter.kinds.get(str(self.new_kind.currentData()))
        if kind is not None and self._editing is None:
            self.effect.setCurrentIndex(self.effect.findData(kind.effect))
            self.contact.setText(kind.contact)
        self._say_effect()

    def _say_effect(self) -> None:
        kind = self.presenter.kinds.get(str(self.new_kind.currentData()))
        blocks = self._editing.hold.blocks if self._editing else (kind.blocks if kind else [])
        self.effect_words.setText(effect_words(str(self.effect.currentData()), blocks))

    def save(self) -> None:
        """Places what the form says, or changes what it was opened for."""
        if self.asking.asks_line:
            self.asking.answer()
            return
        if not self.is_entering or self.is_busy:
            return
        presenter, editing = self.presenter, self._editing
        typed = (self.reason.text(), self.amount.text(), str(self.effect.currentData()), self.contact.text())
        if editing is None:
            body = presenter.check(self._student, str(self.new_kind.currentData() or ""), *typed)
        else:
            body = presenter.check_change(editing, *typed)
        self.form.show_faults(presenter.faults)
        if body is None:
            if any(fault.pointer == "/student" for fault in presenter.faults):
                self.finding.begin()
            return
        if not body:
            self.form.complaint.say(phrase("Nothing is another than it was."))
            return

        def done(said: str) -> None:
            self._close_form()
            self._acted(said)
            self.list.setFocus()

        work = partial(presenter.place, body) if editing is None else partial(presenter.change, editing, body)
        self.act(phrase("Saving"), lambda progress: work(), done, self._not_saved)
        self._moved()

    def _not_saved(self, error: Exception) -> None:
        """Why not; what was typed stays. Changed by somebody else, it is read again first."""
        words = self.presenter.refused(error)
        editing = self._editing
        if self.is_entering:
            self.form.show_faults(self.presenter.faults, words)
        else:
            self.asking.refuse(words)
        self._moved()
        if isinstance(error, ProblemAnswer) and error.code == STALE and editing is not None:

            def read(now: Editing) -> None:
                self._editing = now
                self._take_over(editing.hold, now.hold)
                self.form.complaint.say(self.presenter.meanwhile(editing.hold, now.hold))
                self.refresh()

            self.act("", lambda progress: self.presenter.begin_change(editing.hold), read, self._not_saved)

    def _take_over(self, before: HoldView, now: HoldView) -> None:
        """Of what another person changed: where nothing was typed here."""
        for line, was, is_now in (
            (self.reason, before.reason, now.reason),
            (self.amount, amount_words(before), amount_words(now)),
            (self.contact, before.contact, now.contact),
        ):
            if line.text() == was:
                line.setText(is_now)
        if self.effect.currentData() == before.effect:
            self.effect.setCurrentIndex(self.effect.findData(now.effect))

    def leave(self) -> None:
        if self.asking.is_asking or self.asking.complaint.text():
            self.asking.leave()
        elif self.is_entering:
            self._close_form()
            self._moved()
        elif self.search.hasFocus() and self.search.text():
            self.search.clear()
            return
        elif self.presenter.chosen:
            self.presenter.chosen.clear()
            self._show()
        self.list.setFocus()

    # The desk

    def load(self) -> Loaded:
        return self.presenter.load()

    def take(self, loaded: Loaded) -> None:
        if loaded.student is not None and self.title != loaded.student.name:
            self.title = phrase("Holds: {name}", name=loaded.student.name)
            self.title_changed.emit()
        self.presenter.take(loaded)

    def not_loaded(self, error: Exception) -> None:
        self.presenter.not_loaded(error)

    def heard(self, kind: str, id: int) -> None:
        if kind == "holds" and self._refreshed is not None and not self.is_busy and not self.isVisible():
            self._refreshed = None

    def leaving(self) -> str:
        if self.is_entering and self.reason.text().strip():
            editing = self._editing
            if editing is None or self.reason.text().strip() != editing.hold.reason:
                return phrase("A hold that you typed is not saved.")
        return phrase("What you typed about a hold is not sent.") if self.asking.typed else ""
