"""Enrolling an intake on screen: batches on the left, a new plan or one batch at length on the right."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QComboBox,
    QLineEdit,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from sims_desktop.batches.presenter import (
    STATE_WORDS,
    BatchesPresenter,
    Loaded,
    course_seats_words,
    is_settled,
)
from sims_desktop.kit import theme
from sims_desktop.kit.asking import Asking, push_button, row_of, text_label
from sims_desktop.kit.desk import Desk
from sims_desktop.kit.forms import Form
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.tables import Field, RecordModel, RecordView
from sims_desktop.kit.tasks import Task
from sims_desktop.kit.wording import left_to_right, plural
from sims_shared.batches import BatchCourse, BatchException, BatchSeat, BatchView

SEMESTERS = 12


class BatchesPage(Desk[Loaded]):
    """Ctrl+N plans, Space leaves a seat out, Ctrl+Enter enrolls exactly what is shown, Ctrl+Z undoes."""

    title = later("Enroll a batch")
    guide = "registrar#curricula-and-enrolling-a-whole-batch"

    def __init__(
        self, around: Surroundings, presenter: BatchesPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(around, "batches", parent)
        self.presenter = presenter
        self._planning = False
        self._wished: tuple[int, int | None, int | None] | None = None
        self._reading: Task | None = None
        self._build()
        self._lay_out()
        self._add_actions()
        presenter.on_change = self._show
        around.theme.changed.connect(self._show)
        self._show()

    def _build(self) -> None:
        wide = self.fontMetrics().averageCharWidth()
        self.summary = text_label("batches_summary", self, larger=True)
        self.model: RecordModel[BatchView] = RecordModel(
            [
                Field(later("Batch"), lambda one: one.name, wide * 26),
                Field(later("State"), lambda one: phrase(STATE_WORDS.get(one.state, one.state)), wide * 12),
                Field(later("Seats"), lambda one: f"{one.seats_planned:,}", wide * 8, is_number=True),
                Field(later("Exceptions"), lambda one: f"{one.exceptions_found:,}", 0, is_number=True),
            ],
            tint=self._tint,
        )
        self.list = RecordView(self.model, "batches_list", parent=self)
        self.list.setAccessibleName(phrase("Batches"))
        self.list.opened.connect(self.open_batch)
        self.heading = text_label("batches_heading", self, larger=True)
        self.lead = text_label("batches_lead", self)
        self.program, self.term, self.semester = QComboBox(self), QComboBox(self), QComboBox(self)
        for box in (self.program, self.term, self.semester):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        for number in range(1, SEMESTERS + 1):
            self.semester.addItem(str(number), number)
        self.intake, self.batch, self.electives = QLineEdit(self), QLineEdit(self), QLineEdit(self)
        self.intake.setPlaceholderText(phrase("as 2024F"))
        self.batch.setPlaceholderText(phrase("all of the intake"))
        self.electives.setPlaceholderText(phrase("course codes; core courses are in anyway"))
        self.form = Form(self)
        for name, label, control in (
            ("program_id", later("&Program"), self.program),
            ("intake", later("&Intake"), self.intake),
            ("batch", later("Only &batch"), self.batch),
            ("semester", later("&Semester"), self.semester),
            ("term_id", later("&Term"), self.term),
            ("electives", later("&Electives"), self.electives),
        ):
            self.form.add(name, label, control)
        self.exceptions: RecordModel[BatchException] = RecordModel(
            [
                Field(later("Number"), lambda one: left_to_right(one.reg_no), wide * 18),
                Field(later("Name"), lambda one: one.name, wide * 20),
                Field(later("Course"), lambda one: one.course_code, wide * 10),
                Field(later("Why not"), lambda one: one.detail, 0),
            ],
            tint=lambda one: theme.tint("closed" if is_settled(one) else "conflict"),
        )
        self.seats: RecordModel[BatchSeat] = RecordModel(
            [
                Field(later("Out"), self._out_words, wide * 6),
                Field(later("Number"), lambda one: left_to_right(one.reg_no), wide * 18),
                Field(later("Name"), lambda one: one.name, wide * 20),
                Field(later("Course"), lambda one: one.course_code, wide * 10),
                Field(later("Section"), lambda one: one.section, wide * 9),
                Field(later("Kind"), lambda one: phrase(one.kind), 0),
            ],
            tint=lambda one: theme.tint("closed") if self._out_words(one) else None,
        )
        self.courses: RecordModel[BatchCourse] = RecordModel(
            [
                Field(later("Course"), lambda one: f"{one.course_code} {one.course_title}", wide * 34),
                Field(later("Kind"), lambda one: phrase(one.kind), wide * 10),
                Field(later("Seats"), lambda one: f"{one.seats:,}", wide * 8, is_number=True),
                Field(later("Exceptions"), lambda one: f"{one.exceptions:,}", wide * 11, is_number=True),
                Field(later("Sections"), course_seats_words, 0),
            ]
        )
        self.asking = Asking("batches", self)
        self.note = Note(self)

    def _out_words(self, seat: BatchSeat) -> str:
        return phrase("out") if (seat.student_id, seat.course_id) in self.presenter.left_out else ""

    def _lay_out(self) -> None:
        self.tabs = QTabBar(self)
        self.tabs.setObjectName("batches_tabs")
        self.tabs.setAccessibleName(phrase("Lists of this batch"))
        self.tabs.setExpanding(False)
        self.stack = QStackedWidget(self)
        self.views: list[RecordView[Any]] = []
        models: tuple[tuple[RecordModel[Any], str, str], ...] = (
            (self.exceptions, "batches_exceptions", phrase("Who cannot sit, and why")),
            (self.seats, "batches_seats", phrase("Who sits where; Space leaves a seat out")),
            (self.courses, "batches_courses", phrase("Courses and their sections")),
        )
        for model, name, said in models:
            view: RecordView[Any] = RecordView(model, name, parent=self)
            view.setAccessibleName(said)
            self.stack.addWidget(view)
            self.views.append(view)
            self.tabs.addTab("")
        self.tabs.currentChanged.connect(self.stack.setCurrentIndex)
        self.next_button = push_button(self, "batches_next", self.go_on)
        self.new_button = push_button(self, "batches_new", self.begin)
        self.new_button.setText(phrase("Plan a batch (Ctrl+N)"))
        self.undo_button = push_button(self, "batches_undo", self.ask_undo)
        self.undo_button.setText(phrase("Undo (Ctrl+Z)"))
        right = QWidget(self)
        column = QVBoxLayout(right)
        column.setContentsMargins(8, 0, 0, 0)
        for part in (self.heading, self.lead, self.form, self.tabs):
            column.addWidget(part)
        column.addWidget(self.stack, 1)
        column.addStretch(0)
        column.addWidget(self.asking)
        column.addLayout(row_of((self.next_button, self.new_button, self.undo_button)))
        self.split = self.split_of("batches_split", self.list, right, (430, 570))
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addWidget(self.split, 1)
        layout.addWidget(self.note)
        self.setFocusProxy(self.list)

    def _add_actions(self) -> None:
        add = self.add_action
        add("batches.new", later("Plan a batch"), "Ctrl+N", self.begin)
        add("batches.next", later("The next step"), ("Ctrl+Return", "Ctrl+Enter"), self.go_on)
        add("batches.undo", later("Undo this batch"), "Ctrl+Z", self.ask_undo)
        add("batches.skip", later("Leave this seat out"), "Space", self._skip, self.views[1])
        for at, title in enumerate((later("Exceptions"), later("Seats"), later("Courses"))):
            add(f"batches.tab{at + 1}", title, str(at + 1), partial(self._turn, at))
        add("batches.leave", later("Leave it"), "Esc", self.leave)
        add("batches.refresh", later("Ask the server again"), "F5", self.refresh)

    def more_keys(self) -> tuple[tuple[str, str], ...]:
        return ((phrase("Open the batch under the cursor"), "Enter"),)

    # Showing

    def _tint(self, batch: BatchView) -> QColor | None:
        meaning = {"planned": "waiting", "undone": "closed"}.get(batch.state)
        return theme.tint(meaning) if meaning else None

    def _show(self) -> None:
        presenter, shown = self.presenter, self.presenter.shown
        self.asking.recolour()
        self.summary.setText(presenter.sentence)
        loaded = presenter.loaded
        self.model.set_records(list(loaded.batches) if loaded else [])
        if loaded is not None and not self.program.count():
            for program in loaded.programs:
                self.program.addItem(f"{program.code} {program.name}", program.id)
            for term in loaded.terms:
                self.term.addItem(term.name, term.id)
        self._fill_in()
        there = shown is not None and not self._planning
        self.form.setVisible(self._planning)
        self.tabs.setVisible(there)
        self.stack.setVisible(there)
        if self._planning:
            self.heading.setText(phrase("A plan for an intake"))
            self.lead.setText(phrase("A plan enrolls nobody; it says who would sit where, and who cannot."))
        elif shown is not None:
            self.heading.setText(shown.name)
            self.lead.setText(presenter.lead(self.around.now()))
            self.exceptions.set_records(list(presenter.exceptions))
            self.seats.set_records(list(presenter.seats))
            self.courses.set_records(list(presenter.courses))
            counts = (len(presenter.exceptions), len(presenter.seats), len(presenter.courses))
            for at, (title, count) in enumerate(
                zip((phrase("Exceptions"), phrase("Seats"), phrase("Courses")), counts, strict=True)
            ):
                self.tabs.setTabText(at, f"{at + 1} {title} ({count:,})")
        else:
            self.heading.setText(phrase("A batch enrolls an intake into its semester") if loaded else "")
            self.lead.setText(phrase("Ctrl+N plans one; Enter opens one on the left.") if loaded else "")
        self._show_buttons()

    def _show_buttons(self) -> None:
        shown = self.presenter.shown
        words = ""
        if self._planning:
            words = phrase("Plan it (Ctrl+Enter)")
        elif shown is not None and shown.state == "planned" and self.presenter.left_out:
            words = phrase("Plan again without (Ctrl+Enter)")
        elif shown is not None and not self.presenter.why_not_commit:
            words = phrase("Enroll them (Ctrl+Enter)")
        self.next_button.setText(words)
        self.next_button.setVisible(bool(words))
        self.next_button.setEnabled(not self.is_busy)
        self.new_button.setVisible(self.presenter.may_plan and not self._planning)
        self.undo_button.setVisible(not self._planning and shown is not None and shown.state == "committed")
        self.undo_button.setEnabled(not self.is_busy)

    def _turn(self, at: int) -> None:
        if self.presenter.shown is not None and not self._planning:
            self.tabs.setCurrentIndex(at)
            self.stack.setCurrentIndex(at)
            view = self.views[at]
            if view.model().rowCount() and not view.selectionModel().hasSelection():
                view.selectRow(0)
            view.setFocus()

    # Acts

    def begin(self) -> None:
        if not self.presenter.may_plan:
            self.asking.refuse(phrase("Your roles enroll nobody."))
            return
        self.asking.leave()
        self._planning = True
        self._show()
        self.program.setFocus()

    def begin_for(self, program_id: int, semester: int | None, year: int | None) -> None:
        """From the palette: `enroll batch bscs-22 sem 4`. It stands in the form then."""
        self._wished = (program_id, semester, year)
        self.begin()

    def _fill_in(self) -> None:
        if self._wished is None or not self.program.count():
            return
        (program_id, semester, year), self._wished = self._wished, None
        self.program.setCurrentIndex(max(self.program.findData(program_id), 0))
        if semester is not None:
            self.semester.setCurrentIndex(max(self.semester.findData(semester), 0))
        if year is not None:
            self.intake.setText(f"{year}F")
        self.note.say(phrase("Look at intake and term; Ctrl+Enter shows who would sit where."))

    def go_on(self) -> None:
        """Plans, plans again without what is left out, or enrolls exactly what is shown."""
        presenter = self.presenter
        if self.is_busy:
            return
        if self.asking.asks_line:
            self.asking.answer()
        elif self._planning:
            self._plan()
        elif presenter.left_out:
            self._act(presenter.plan_without, phrase("Planned again."), phrase("Planning"))
        elif presenter.why_not_commit:
            self.asking.refuse(presenter.why_not_commit)
        else:
            seats = plural(len(presenter.seats), "seat")
            self._act(presenter.commit, phrase("Enrolled: {seats}.", seats=seats), phrase("Enrolling"))

    def _plan(self) -> None:
        wish = self.presenter.check(
            self.program.currentData(),
            self.intake.text(),
            int(self.semester.currentData()),
            self.term.currentData(),
            self.batch.text(),
            self.electives.text(),
        )
        if wish is None:
            self.form.show_faults(self.presenter.faults)
            return
        self.form.clear_faults()
        self._act(partial(self.presenter.plan, wish), phrase("Planned."), phrase("Planning"))

    def _skip(self) -> None:
        seat = self.views[1].current()
        if seat is not None:
            self.asking.refuse(self.presenter.toggle((seat.student_id, seat.course_id)))

    def ask_undo(self) -> None:
        refusal = self.presenter.why_not_undo
        if refusal or self._planning:
            self.asking.refuse(refusal)
            return
        question = phrase("Why is it undone? Enter drops whom it seated; Esc leaves it")
        self.asking.ask_line(question, phrase("Why the batch is undone"), self._undo)

    def _undo(self, typed: str) -> None:
        reason = typed.strip()
        if not reason:
            self.asking.refuse(phrase("Say why it is undone."))
            return
        self._act(partial(self.presenter.undo, reason), phrase("Undone."), phrase("Undoing"))

    def leave(self) -> None:
        if self._planning and not self.asking.is_asking:
            self._planning = False
            self._show()
        self.asking.leave()
        self.list.setFocus()

    def _act(self, work: Callable[[], BatchView], said: str, title: str) -> None:
        self.asking.send()

        def done(batch: BatchView) -> None:
            self.asking.leave()
            self._planning = False
            self.presenter.take_shown(batch)
            under_way = batch.state == "planned" and batch.job_id is not None
            self.note.say(phrase("The server is at it; F5 shows when it is done.") if under_way else said)
            self._turn(0 if self.presenter.exceptions else 1)
            self.refresh()

        def failed(error: Exception) -> None:
            words = self.presenter.refused(error)
            if self._planning:
                self.form.show_faults(self.presenter.faults, words)
            else:
                self.asking.refuse(words)
            self._show_buttons()

        self.act(title, lambda progress: work(), done, failed)
        self._show_buttons()

    def open_batch(self, batch: BatchView) -> None:
        def done(found: BatchView) -> None:
            self._reading = None
            self._planning = False
            self.presenter.take_shown(found)
            self._turn(0 if self.presenter.exceptions else 1)

        def failed(error: Exception) -> None:
            self._reading = None
            self.asking.refuse(self.presenter.refused(error))

        self.asking.leave()
        if self._reading is not None:
            self._reading.cancel()
        self._reading = self.around.tasks.run(
            lambda progress: self.presenter.calls.read(batch.id), done, failed, owner=self
        )

    def load(self) -> Loaded:
        return self.presenter.load()

    def take(self, loaded: Loaded) -> None:
        self.presenter.take(loaded)
        shown = self.presenter.shown
        now = next((one for one in loaded.batches if shown is not None and one.id == shown.id), None)
        if now is not None and shown is not None and now.state != shown.state:
            self.open_batch(now)  # a job that was under way is done

    def not_loaded(self, error: Exception) -> None:
        self.presenter.not_loaded(error)

    def leaving(self) -> str:
        return phrase("A plan that you began is not made.") if self._planning and self.intake.text() else ""
