"""The form in which a request that waits is corrected, below the request itself."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QSpinBox, QWidget

from sims_desktop.kit.forms import Form
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.tasks import Task
from sims_desktop.requests.form import COPIES_AT_MOST, ENTER
from sims_desktop.requests.presenter.correcting import CorrectingPresenter
from sims_shared.requests import RequestView

Read = tuple[RequestView, str]


class CorrectionForm(Form):
    """`settled(sentence)` when the server took it, `left` when nothing is corrected any more."""

    settled = Signal(str)
    left = Signal()

    def __init__(
        self, around: Surroundings, presenter: CorrectingPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("correction")
        self._around, self.presenter = around, presenter
        self._task: Task | None = None
        self.copies = QSpinBox(self)
        self.copies.setRange(1, COPIES_AT_MOST)
        self.addressee, self.notes = QLineEdit(self), QLineEdit(self)
        self.addressee.setMaxLength(200)
        self.notes.setMaxLength(2000)
        self.add("copies", later("&Copies"), self.copies)
        self.add("addressee", later("&Addressed to"), self.addressee)
        self.add("notes", later("&Notes"), self.notes)
        self.hide()

    @property
    def is_open(self) -> bool:
        return self.presenter.request is not None

    @property
    def is_begun(self) -> bool:
        """Whether something would be lost."""
        return self.is_open and bool(self._changes())

    @property
    def has_focus(self) -> bool:
        here = QApplication.focusWidget()
        return self.is_open and here is not None and self.isAncestorOf(here)

    def _changes(self) -> dict[str, object]:
        return self.presenter.changes(self.copies.value(), self.addressee.text(), self.notes.text())

    def begin(self, request: RequestView) -> None:
        """Reads it anew first: what is corrected is what stands there now."""

        def done(read: Read) -> None:
            self._task = None
            self.presenter.take(read)
            fresh = read[0]
            self.copies.setValue(fresh.copies)
            self.addressee.setText(fresh.addressee or "")
            self.notes.setText(fresh.notes)
            self.clear_faults()
            self.show()
            self.copies.setFocus()
            self.copies.selectAll()

        def failed(error: Exception) -> None:
            self._task = None
            self.show()
            self.complaint.say(self.presenter.refused(error, None, self._around.now()))

        self._run(partial(self.presenter.read, request.id), done, failed, "")

    def save(self) -> None:
        self.copies.interpretText()
        if self._task is not None or not self.is_open:
            return
        body = self._changes()
        if not body:
            self.leave()
            return

        def done(said: str) -> None:
            self._task = None
            self.leave()
            self.settled.emit(said)

        def failed(error: Exception) -> None:
            self._task = None
            self._look_again(error)

        self._run(partial(self.presenter.save, body), done, failed, phrase("Correcting"))

    def _look_again(self, error: Exception) -> None:
        def done(now: Read | None) -> None:
            self._task = None
            before = self.presenter.request
            words = self.presenter.refused(error, now, self._around.now())
            if now is not None and before is not None:
                self._take_over(before, now[0])
            self.show_faults(self.presenter.faults, words)

        def failed(fault: Exception) -> None:
            raise fault  # what the server may say is an answer

        self._run(partial(self.presenter.look_again, error), done, failed, "")

    def _take_over(self, before: RequestView, fresh: RequestView) -> None:
        """What the person did not touch follows the other's change; only what they typed is saved over it."""
        if self.copies.value() == before.copies:
            self.copies.setValue(fresh.copies)
        if self.addressee.text() == (before.addressee or ""):
            self.addressee.setText(fresh.addressee or "")
        if self.notes.text() == before.notes:
            self.notes.setText(fresh.notes)

    def _run(self, work: object, done: object, failed: object, title: str) -> None:
        assert callable(work)
        assert callable(done)
        assert callable(failed)
        self._task = self._around.tasks.run(lambda progress: work(), done, failed, title=title, owner=self)
        self._task.ended.connect(partial(self._ended, self._task))

    def _ended(self, task: Task) -> None:
        """Cancelled: what was typed stays, and what was read still says whether it was saved."""
        if self._task is task:
            self._task = None

    def leave(self) -> None:
        if not self.isHidden():
            self.presenter.take(None)
            self.hide()
            self.left.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in ENTER and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            if not event.isAutoRepeat():
                self.save()
            return
        super().keyPressEvent(event)
