"""Backups on screen: what there is and when each was restored for rehearsal, one more, one rehearsal."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from sims_desktop.kit import theme
from sims_desktop.kit.asking import colour, push_button, row_of, text_label
from sims_desktop.kit.desk import Desk
from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.tables import Field, RecordModel, RecordView
from sims_desktop.kit.tasks import Progress
from sims_desktop.kit.wording import left_to_right, when
from sims_desktop.operations_room.presenter import Backups, BackupsPresenter
from sims_desktop.operations_room.words import backup_state, rehearsal_words, size_words
from sims_shared.operations_room import BackupView


class BackupsPage(Desk[Backups]):
    """B takes one, D rehearses the restore of the chosen one, Esc stops what is under way."""

    title = later("Backups")
    guide = "operator#backups"

    def __init__(
        self, around: Surroundings, presenter: BackupsPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(around, "backups", parent)
        self.presenter = presenter
        self._build()
        add = self.add_action
        add("backups.take", later("Take a backup now"), "B", self.take_backup)
        add("backups.drill", later("Rehearse a restore of the chosen one"), "D", self.drill)
        add("backups.stop", later("Stop what is under way"), "Esc", self.stop)
        add("backups.refresh", later("Ask the server again"), "F5", self.refresh)
        presenter.on_change = self._show
        around.theme.changed.connect(self._show)
        self._show()

    def _build(self) -> None:
        wide, now = self.fontMetrics().averageCharWidth(), self.around.now
        self.summary = text_label("backups_summary", self, larger=True)
        self.model: RecordModel[BackupView] = RecordModel(
            [
                Field(later("Taken"), lambda one: when(one.started_at, now()), wide * 18),
                Field(
                    later("Size"), lambda one: left_to_right(size_words(one.size)), wide * 10, is_number=True
                ),
                Field(later("State"), backup_state, wide * 16),
                Field(later("Restore rehearsed"), lambda one: rehearsal_words(one, now()), wide * 40),
                Field(later("File"), lambda one: left_to_right(one.file_name), 0),
            ],
            tint=self._tint,
        )
        self.list = RecordView(self.model, "backups_list", parent=self)
        self.list.setAccessibleName(phrase("Backups, the newest first"))
        self.list.end_reached.connect(lambda: self.fetch_more(self.presenter))
        self.list.selectionModel().currentRowChanged.connect(lambda *_: self._draw())
        self.bar = QProgressBar(self)
        self.bar.setObjectName("backups_bar")
        self.bar.setAccessibleName(phrase("How far it is"))
        self.bar.hide()
        self.complaint = Complaint(self)
        self.complaint.setObjectName("backups_complaint")
        self.take_button = push_button(self, "backups_take", self.take_backup, phrase("Take one now (B)"))
        self.drill_button = push_button(self, "backups_drill", self.drill, phrase("Rehearse a restore (D)"))
        self.stop_button = push_button(self, "backups_stop", self.stop, phrase("Stop it (Esc)"))
        self.about = text_label("backups_about", self)
        self.about.setText(
            phrase(
                "A rehearsal restores the copy into a database of its own, compares every table, runs every "
                "check and drops it again; nothing in use is touched. A restore in earnest is a command on "
                "the server: F1 says how."
            )
        )
        self.note = Note(self)
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.about)
        layout.addWidget(self.complaint)
        layout.addWidget(self.bar)
        layout.addLayout(row_of([self.take_button, self.drill_button, self.stop_button]))
        layout.addStretch(0)
        layout.addWidget(self.note)
        self.setFocusProxy(self.list)

    # Showing

    def _tint(self, one: BackupView) -> QColor | None:
        if one.status == "failed" or (
            one.drill_outcome is not None and not one.drill_outcome.startswith("ok")
        ):
            return theme.tint("refused")
        if one.removed_at is not None:
            return theme.tint("closed")
        newest = self.presenter.newest
        is_newest = newest is not None and newest.id == one.id
        return theme.tint("conflict") if is_newest and self.presenter.is_overdue(self.around.now()) else None

    def _show(self) -> None:
        presenter, now = self.presenter, self.around.now()
        self.summary.setText(presenter.sentence(now))
        overdue = presenter.is_loaded and presenter.is_overdue(now)
        colour(self.summary, "refused" if presenter.complaint or overdue else "waiting")
        before = self.list.current()
        self.model.set_records(list(presenter.backups))
        self.list.setVisible(bool(presenter.backups))
        if presenter.backups:
            ids = [one.id for one in presenter.backups]
            row = ids.index(before.id) if before is not None and before.id in ids else 0
            if self.list.currentIndex().row() != row or not self.list.selectionModel().hasSelection():
                self.list.selectRow(row)
        self._draw()

    def _draw(self) -> None:
        busy = self.is_busy
        self.take_button.setEnabled(not busy)
        self.drill_button.setEnabled(not busy and not self.presenter.why_not_drill(self.list.current()))
        self.stop_button.setVisible(busy)
        self.bar.setVisible(busy)

    # Acts

    def take_backup(self) -> None:
        self._act(self.presenter.take_backup, phrase("Taking a backup"))

    def drill(self) -> None:
        chosen = self.list.current()
        refusal = self.presenter.why_not_drill(chosen)
        self.complaint.say(refusal)
        if chosen is not None and not refusal:
            self._act(partial(self.presenter.drill, chosen), phrase("Rehearsing a restore"))

    def stop(self) -> None:
        """The server stops too, at its next step."""
        if self._task is not None:
            self._task.cancel()
            self.note.say(phrase("It stops at its next step."))

    def _act(self, work: Callable[[Progress], str], title: str) -> None:
        if self.is_busy:
            return

        def done(words: str) -> None:
            self.note.say(words)
            self._over()

        def failed(error: Exception) -> None:
            self.complaint.say(self.presenter.refused(error))
            self._over()

        self.complaint.say("")
        self.act(title, work, done, failed)
        assert self._task is not None
        self.bar.setRange(0, 0)
        self.bar.setFormat(f"{title} %p %")
        self._task.progressed.connect(self._progressed)
        self._draw()

    def _progressed(self, done: int, total: int, words: str) -> None:
        self.bar.setRange(0, total)
        self.bar.setValue(done)

    def _over(self) -> None:
        self._draw()
        self.refresh()
        self.list.setFocus()

    def cancelled(self) -> None:
        self.note.say(phrase("Stopped."))
        self._over()
