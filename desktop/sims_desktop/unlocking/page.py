"""Locked columns of open sheets: a list, what unlocking would do below it, and the key that does it."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from sims_desktop.kit.asking import Asking, push_button, row_of, text_label
from sims_desktop.kit.desk import Desk
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.tables import LETTER, Field, RecordModel, RecordView
from sims_desktop.kit.wording import when
from sims_desktop.unlocking.presenter import Locked, UnlockPresenter


class UnlockPage(Desk[list[Locked]]):
    """J and K move, U asks and, once more, unlocks."""

    title = later("Locked assessments")
    guide = "head#locked-assessments"

    def __init__(
        self, around: Surroundings, presenter: UnlockPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(around, "unlocking", parent)
        self.presenter = presenter
        now = around.now
        self.summary = text_label("unlocking_summary", self, larger=True)
        self.model: RecordModel[Locked] = RecordModel(
            [
                Field(later("Section"), lambda line: line.section, LETTER * 12),
                Field(later("Course"), lambda line: line.sheet.course_title, LETTER * 30),
                Field(later("Assessment"), lambda line: line.column.name, LETTER * 18),
                Field(later("Locked"), lambda line: when(line.column.locked_at, now()), LETTER * 16),
                Field(later("Shown to students"), lambda line: line.shown_words(now()), LETTER * 16),
                Field(later("Term"), lambda line: line.sheet.term, LETTER * 12),
            ]
        )
        self.list = RecordView(self.model, "unlocking_list", parent=self)
        self.list.setAccessibleName(phrase("Locked assessments of open sheets"))
        self.list.selectionModel().currentRowChanged.connect(lambda *_: self._moved())
        self.list.opened.connect(lambda _: self.unlock())
        self.asking = Asking("unlocking", self)
        self.button = push_button(self, "unlocking_unlock", self.unlock, phrase("Unlock (U)"))
        self.note = Note(self)
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.asking)
        layout.addLayout(row_of([self.button]))
        layout.addWidget(self.note)
        self.setFocusProxy(self.list)
        add = self.add_action
        add("unlocking.unlock", later("Unlock this assessment"), "U", self.unlock, self.list)
        add("unlocking.next", later("Next assessment"), "J", lambda: self.step(1), self.list)
        add("unlocking.previous", later("Previous assessment"), "K", lambda: self.step(-1), self.list)
        add("unlocking.leave", later("Leave it"), "Esc", self.leave)
        add("unlocking.refresh", later("Ask the server again"), "F5", self.refresh)
        presenter.on_change = self._show
        around.theme.changed.connect(self.asking.recolour)
        self._show()

    def _show(self) -> None:
        before, place = self.list.current(), max(0, self.list.currentIndex().row())
        self.summary.setText(self.presenter.sentence)
        lines = list(self.presenter.lines)
        self.model.set_records(lines)
        if lines:
            ids = [line.column.id for line in lines]
            same = before is not None and before.column.id in ids
            self.list.selectRow(ids.index(before.column.id) if same and before else min(place, len(ids) - 1))
        self._moved()

    def _moved(self) -> None:
        line = self.list.current()
        if self.asking.is_asking and (line is None or self.asking.about != line.column.id):
            self.asking.leave()
        self.button.setEnabled(line is not None and not self.is_busy)

    def unlock(self) -> None:
        """Asks; once more about the same one, it is done."""
        line = self.list.current()
        if line is not None and not self.is_busy:
            self.asking.ask(self.presenter.question(line), lambda: self._carry_out(line), line.column.id)

    def _carry_out(self, line: Locked) -> None:
        def done(words: str) -> None:
            self.note.say(words)
            self.refresh()

        def failed(error: Exception) -> None:
            self.asking.refuse(self.presenter.refused(error))
            self.refresh()

        self.note.say(phrase("Unlocking …"))
        self.act(phrase("Unlocking"), lambda progress: self.presenter.unlock(line), done, failed)
        self._moved()

    def leave(self) -> None:
        self.asking.leave()
        self.list.setFocus()

    def leaving(self) -> str:
        return phrase("An act is still being sent.") if self.is_busy else ""
