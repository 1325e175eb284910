"""Background work on screen: the jobs with a bar each, renewed while in front, and one at length beside.

The rule a newcomer would get wrong: renewing must not move the cursor, and happens only while somebody looks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QRect, QTimer
from PySide6.QtGui import QColor, QHideEvent, QPainter, QPalette, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from sims_desktop.jobs.presenter import JobsPresenter, Loaded, Wanted
from sims_desktop.jobs.words import (
    KINDS,
    STATUSES,
    Named,
    about_words,
    course_words,
    error_words,
    kind_words,
    named_in,
    progress_words,
    result_words,
    share_done,
    status_of,
)
from sims_desktop.kit import theme
from sims_desktop.kit.asking import push_button, row_of, text_label
from sims_desktop.kit.desk import Desk
from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.tables import Field, Index, RecordModel, RecordView
from sims_desktop.kit.wording import when
from sims_shared.access import Permission
from sims_shared.jobs import JobView

RENEW_MS, LOOK_MS = 1500, 20_000  # while something runs, and while nothing does
PROGRESS = 3


class Bar(QStyledItemDelegate):
    """How far a job is, as a bar behind its words. Of one that tells no total only the words are shown."""

    def __init__(self, view: RecordView[JobView], model: RecordModel[JobView]) -> None:
        super().__init__(view)
        self._jobs = model

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        job = self._jobs.record(index.row())
        share = share_done(job) if job is not None else None
        super().paint(painter, option, index)
        if share is None:
            return
        whole: QRect = option.rect.adjusted(4, 0, -4, 0)
        high = max(3, whole.height() // 8)
        whole.setTop(whole.bottom() - high)
        done = QRect(whole)
        done.setWidth(round(whole.width() * share))
        if self._view_flips():
            done.moveRight(whole.right())
        if option.state & QStyle.StateFlag.State_Selected:
            colour = option.palette.color(QPalette.ColorRole.HighlightedText)
            painter.fillRect(done, colour)
            painter.setPen(colour)
            painter.drawRect(whole.adjusted(0, 0, -1, -1))
        else:
            painter.fillRect(whole, theme.tint("closed"))
            painter.fillRect(done, theme.mark("waiting"))

    def _view_flips(self) -> bool:
        view = self.parent()
        return isinstance(view, QWidget) and view.isRightToLeft()


class JobsPage(Desk[Loaded]):
    """R runs again what failed, Del or X cancels, F goes on to the next filter, Enter into the names."""

    title = later("Jobs")
    guide = "operator#work-in-the-background"

    def __init__(self, around: Surroundings, presenter: JobsPresenter, parent: QWidget | None = None) -> None:
        super().__init__(around, "jobs", parent)
        self.presenter = presenter
        self._build()
        self._lay_out()
        add = self.add_action
        add("jobs.retry", later("Run it again"), "R", self.retry)
        add("jobs.cancel", later("Cancel it"), ("Del", "X"), self.cancel)
        add("jobs.filter", later("Next filter"), "F", self._next_filter)
        add("jobs.desk", later("Open the desk of the job"), "O", self.open_desk)
        add("jobs.refresh", later("Ask the server again"), "F5", self.refresh)
        add("jobs.list", later("Back to the list"), "Esc", self.list.setFocus)
        self._clock = QTimer(self)
        self._clock.timeout.connect(self._renew)
        presenter.on_change = self._show
        around.theme.changed.connect(self._show)
        self._show()

    def _build(self) -> None:
        wide, now = self.fontMetrics().averageCharWidth(), self.around.now
        self.summary = text_label("jobs_summary", self, larger=True)
        self.status = QComboBox(self)
        self.status.setObjectName("jobs_status")
        self.status.setAccessibleName(phrase("Which jobs, by how they stand"))
        self.status.addItem(phrase("However they stand"), None)
        for status, words in STATUSES.items():
            self.status.addItem(phrase(words), status)
        self.kind = QComboBox(self)
        self.kind.setObjectName("jobs_kind")
        self.kind.setAccessibleName(phrase("Which kind of job"))
        if self.presenter.reads_all:
            self.kind.addItem(phrase("Every kind but housekeeping that went well"), "")
            self.kind.addItem(phrase("Every kind"), "*")
        else:
            self.kind.addItem(phrase("Every kind"), "")
        for kind in KINDS:
            self.kind.addItem(kind_words(kind), kind)
        for box in (self.status, self.kind):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            box.activated.connect(self._narrow)
        self.model: RecordModel[JobView] = RecordModel(
            [
                Field(later("Job"), lambda job: str(job.id), wide * 6, is_number=True),
                Field(later("What"), lambda job: kind_words(job.kind), wide * 24),
                Field(later("State"), status_of, wide * 10),
                Field(later("How far"), progress_words, wide * 16),
                Field(later("About"), about_words, wide * 12),
                Field(later("By"), lambda job: job.created_by.name, wide * 14),
                Field(later("Asked"), lambda job: when(job.created_at, now()), wide * 16),
            ],
            tint=self._tint,
        )
        self.list = RecordView(self.model, "jobs_list", parent=self)
        self.list.setAccessibleName(phrase("Jobs"))
        self.list.setItemDelegateForColumn(PROGRESS, Bar(self.list, self.model))
        self.list.selectionModel().currentRowChanged.connect(lambda *_: self._draw())
        self.list.end_reached.connect(lambda: self.fetch_more(self.presenter))
        self.list.opened.connect(lambda _: self._into_names())
        self.nothing = text_label("jobs_nothing", self)
        self.heading = text_label("jobs_heading", self, larger=True)
        self.course = text_label("jobs_course", self)
        self.error = Complaint(self)
        self.error.setObjectName("jobs_error")
        self.result = text_label("jobs_result", self)
        self.name_model: RecordModel[Named] = RecordModel(
            [
                Field(later("Who or what"), lambda one: one.who, wide * 16),
                Field(later("What became of it"), lambda one: one.what, 0),
            ],
            tint=lambda one: theme.tint("refused") if one.is_failure else None,
        )
        self.names: RecordView[Named] = RecordView(self.name_model, "jobs_names", parent=self)
        self.names.setAccessibleName(phrase("Whom and what the job names"))
        self.names.opened.connect(self.open_student)
        self.complaint = Complaint(self)
        self.complaint.setObjectName("jobs_complaint")
        self.retry_button = push_button(self, "jobs_retry", self.retry, phrase("Run it again (R)"))
        self.cancel_button = push_button(self, "jobs_cancel", self.cancel, phrase("Cancel it (X)"))
        self.desk_button = push_button(self, "jobs_desk", self.open_desk, phrase("Open its desk (O)"))

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.status)
        top.addWidget(self.kind)
        top.addStretch(1)
        left, right = QWidget(self), QWidget(self)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.nothing)
        column.addWidget(self.list, 1)
        column.addStretch(0)
        column = QVBoxLayout(right)
        column.setContentsMargins(8, 0, 0, 0)
        for part in (self.heading, self.course, self.error, self.result):
            column.addWidget(part)
        column.addWidget(self.names, 1)
        column.addStretch(0)
        column.addWidget(self.complaint)
        column.addLayout(row_of([self.retry_button, self.cancel_button, self.desk_button]))
        self.split = self.split_of("jobs_split", left, right, (620, 380))
        self.note = Note(self)
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addLayout(top)
        layout.addWidget(self.split, 1)
        layout.addWidget(self.note)
        self.setFocusProxy(self.list)

    def more_keys(self) -> tuple[tuple[str, str], ...]:
        return (("To whom and what the job names; there it opens the student", "Enter"),)

    # Showing

    def _tint(self, job: JobView) -> QColor | None:
        if job.status == "failed":
            return theme.tint("refused")
        return theme.tint("closed") if job.status == "cancelled" else None

    def _show(self) -> None:
        presenter = self.presenter
        before, place = self.list.current(), max(0, self.list.currentIndex().row())
        self.summary.setText(presenter.sentence)
        jobs = list(presenter.jobs)
        self._fill(jobs)
        if jobs:
            ids = [job.id for job in jobs]
            failed = next((row for row, job in enumerate(jobs) if job.status == "failed"), 0)
            if before is None:
                wanted = failed  # what asks for somebody comes first
            else:
                wanted = ids.index(before.id) if before.id in ids else min(place, len(ids) - 1)
            if self.list.currentIndex().row() != wanted or not self.list.selectionModel().hasSelection():
                self.list.selectRow(wanted)
        self.list.setVisible(bool(jobs))
        self.nothing.setText(presenter.nothing)
        self.nothing.setVisible(not jobs)
        self._clock.setInterval(RENEW_MS if presenter.has_live else LOOK_MS)
        self._draw()

    def _fill(self, jobs: list[JobView]) -> None:
        """Lines below, or above, or as they stand now: what is in sight stays there."""
        shown = list(self.model.records)
        if shown and jobs[: len(shown)] == shown:
            self.model.add_records(jobs[len(shown) :])
            return
        bar = self.list.verticalScrollBar()
        above = sum(job.id > shown[0].id for job in jobs) if shown and bar.value() else 0
        scrolled = bar.value()
        self.model.set_records(jobs)
        bar.setValue(scrolled + above)

    def _draw(self) -> None:
        presenter, job = self.presenter, self.list.current()
        self.retry_button.setVisible(presenter.may_steer)
        self.cancel_button.setVisible(presenter.may_steer)
        self.retry_button.setEnabled(not self.is_busy and not presenter.why_not_retry(job))
        self.cancel_button.setEnabled(not self.is_busy and not presenter.why_not_cancel(job))
        self.desk_button.setVisible(bool(presenter.desk_of(job)))
        for part in (self.heading, self.course, self.result, self.names):
            part.setVisible(job is not None)
        if job is None:
            self.error.say("")
            self.name_model.set_records([])
            return
        self.heading.setText(presenter.heading(job))
        self.course.setText(course_words(job, self.around.now()))
        self.error.say(error_words(job))
        said = result_words(job)
        self.result.setText(said)
        self.result.setVisible(bool(said))
        names = list(named_in(job))
        if names != list(self.name_model.records):
            self.name_model.set_records(names)
        self.names.setVisible(bool(names))

    # The list

    def _narrow(self) -> None:
        kind = str(self.kind.currentData() or "")
        self.presenter.wanted = Wanted(
            kind if kind not in ("", "*") else None, self.status.currentData(), everything=kind == "*"
        )
        self.complaint.say("")
        self.refresh()

    def _next_filter(self) -> None:
        self.presenter.wanted = replace(self.presenter.wanted, status=self.presenter.next_status())
        self.status.setCurrentIndex(self.status.findData(self.presenter.wanted.status))
        self.refresh()

    def _into_names(self) -> None:
        if self.name_model.rowCount():
            self.names.setFocus()
            if self.names.current() is None:
                self.names.selectRow(0)

    def open_student(self, named: Named) -> None:
        if named.student_id is not None and Permission.READ_STUDENTS in self.presenter.permissions:
            self.wants.emit("student", named.student_id)

    def open_desk(self) -> None:
        desk = self.presenter.desk_of(self.list.current())
        if desk:
            self.wants.emit(desk, 0)
        else:
            self.complaint.say(phrase("None of your pages shows what this job works on."))

    # Acts

    def retry(self) -> None:
        job = self.list.current()
        refusal = self.presenter.why_not_retry(job)
        self.complaint.say(refusal)
        if job is not None and not refusal:
            self._act(partial(self.presenter.retry, job), phrase("Asking for it again"))

    def cancel(self) -> None:
        job = self.list.current()
        refusal = self.presenter.why_not_cancel(job)
        self.complaint.say(refusal)
        if job is not None and not refusal:
            self._act(partial(self.presenter.cancel, job), phrase("Cancelling"))

    def _act(self, work: Callable[[], str], title: str) -> None:
        if self.is_busy:
            return

        def done(words: str) -> None:
            self.note.say(words)
            self.refresh()

        def failed(error: Exception) -> None:
            self.complaint.say(self.presenter.refused(error))
            self.refresh()

        self.act(title, lambda progress: work(), done, failed)
        self._draw()

    # The server

    def _renew(self) -> None:
        """What still runs, by the clock. Silent while another question is on its way."""
        if self._loading is not None or self.is_busy or not self.isVisible():
            return

        def done(loaded: Loaded) -> None:
            self._loading = None
            self._refreshed = self.around.now()
            self.presenter.take(loaded)

        def failed(error: Exception) -> None:
            self._loading = None
            self.presenter.not_loaded(error)

        self._loading = self.around.tasks.run(
            lambda progress: self.presenter.load(renews=True), done, failed, owner=self
        )

    def shown(self) -> None:
        self.refresh()
        self.setFocus()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._clock.start(RENEW_MS if self.presenter.has_live else LOOK_MS)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._clock.stop()
