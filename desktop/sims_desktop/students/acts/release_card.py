"""L on a withheld result: one line for the receipt or reference, Enter releases it."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QVBoxLayout

from sims_desktop.kit.asking import Asking
from sims_desktop.kit.language import phrase
from sims_desktop.kit.page import Page
from sims_desktop.results.presenter import refusal_words
from sims_desktop.students.acts.card import Card
from sims_desktop.students.acts.releasing import ReleasePresenter
from sims_desktop.students.acts.wishes import is_moved
from sims_shared.record import RecordView as Record
from sims_shared.results import ResultView


class ReleaseCard(Card):
    """What was typed stays when the server says no."""

    def __init__(self, page: Page, presenter: ReleasePresenter) -> None:
        super().__init__(page, "student_release")
        self.presenter = presenter
        self.asking = Asking("student_release", self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.addWidget(self.asking)
        layout.addStretch(1)
        self.setFocusProxy(self.asking.line)

    def ask(self, result: ResultView) -> None:
        hint = phrase("Receipt or reference; Enter releases, Esc leaves it")
        question = f"{self.presenter.question(result)}\n{hint}"
        self.asking.ask_line(question, phrase("Receipt or reference"), partial(self._release, result))

    def begin(self, record: Record) -> None:
        self.asking.line.setFocus()

    def take(self, record: Record) -> None:
        """Whatever became of it meanwhile: the question is about the row, and the server judges that."""

    def _release(self, result: ResultView, reference: str) -> None:
        if not reference.strip():
            self.asking.refuse(phrase("Type the receipt, or what else allows it; it stays on record."))
            return
        self.asking.send()

        def done(words: str) -> None:
            self.asking.leave()
            self.hide()
            self.page.around.changes.tell("results", 0)
            self.done.emit(words)

        def failed(error: Exception) -> None:
            self.asking.refuse(refusal_words(error))
            if is_moved(error):
                self.moved.emit()

        self.act(phrase("Releasing"), partial(self.presenter.release, result, reference), done, failed)

    @property
    def unsaid(self) -> str:
        return phrase("A result that you gave a reference for is not released.") if self.asking.typed else ""

    def recolour(self) -> None:
        self.asking.recolour()
