"""Ctrl+R on a published result: its components and past, the new mark, its effect, the reason, the scan.

The effect is seen before the reason is asked for, and nothing is sent before both.
"""

from __future__ import annotations

from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFormLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from sims_desktop.grading.panels import ENTER
from sims_desktop.grading.presenter.late import COMMON_REASONS, numbered, reason_of
from sims_desktop.kit.asking import push_button, text_label
from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.language import phrase
from sims_desktop.kit.page import Page
from sims_desktop.results.correcting import ScanNotFiled, file_with
from sims_desktop.results.presenter import refusal_words
from sims_desktop.results.scan import ScanField
from sims_desktop.students.acts.card import Card, scrolling
from sims_desktop.students.acts.correcting import CorrectionPresenter, Known
from sims_desktop.students.acts.wishes import is_moved
from sims_shared.record import RecordView as Record
from sims_shared.results import PendingChangeView, ResultView

REASONS = COMMON_REASONS[1:]


class CorrectionCard(Card):
    """What was typed stays when the server says no, and when the card is put away."""

    def __init__(self, page: Page, presenter: CorrectionPresenter) -> None:
        super().__init__(page, "student_correction")
        self.presenter = presenter
        inside = QWidget(self)
        self.heading = text_label("student_correction_heading", inside)
        self.components = text_label("student_correction_components", inside)
        self.past = text_label("student_correction_past", inside)
        self.line = QLineEdit(inside)
        self.line.setObjectName("student_correction_line")
        self.impact = text_label("student_correction_impact", inside)
        self.reason = QLineEdit(inside)
        self.reason.setObjectName("student_correction_reason")
        self.reason.setAccessibleName(phrase("Why the result shall change"))
        self.offered = [phrase(reason) for reason in REASONS]
        self.scan = ScanField("student_correction", inside)
        self.scan.chosen.connect(self.reason.setFocus)
        self.complaint = Complaint(inside)
        self.complaint.setObjectName("student_correction_complaint")
        self.scan.refused.connect(self.complaint.say)
        self.button = push_button(inside, "student_correction_send", self._next)
        form = QFormLayout()
        title = QLabel(phrase("Ne&w mark"), inside)
        title.setBuddy(self.line)
        self.line.setAccessibleName(phrase("The new mark, or several"))
        form.addRow(title, self.line)
        self.why = QLabel(phrase("&Reason, or a digit: {list}", list=numbered(REASONS)), inside)
        self.why.setWordWrap(True)
        self.why.setBuddy(self.reason)
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 4, 0, 0)
        for above in (self.heading, self.components, self.past):
            column.addWidget(above)
        column.addLayout(form)
        below = (self.impact, self.why, self.reason, self.scan, self.complaint, self.button)
        for part in below:
            column.addWidget(part)
        column.addStretch(1)
        self._inside = inside
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scrolling(inside, self, "student_correction_area"))
        self.setFocusProxy(self.line)
        self.line.textEdited.connect(self._retyped)
        self._show()

    @property
    def height_wished(self) -> int:
        layout = self._inside.layout()
        if layout is not None:
            layout.activate()  # with what was said a moment ago
        width = self.width()
        return max(self._inside.sizeHint().height(), self._inside.heightForWidth(width)) + 4

    # Showing

    def ask(self, result: ResultView) -> None:
        """About this result from now on. The same one again goes on where it was left."""
        if self.presenter.result is None or self.presenter.result.id != result.id:
            self.presenter.begin(result)
            for part in (self.line, self.reason):
                part.clear()
            self.scan.forget()
            self.components.setText(phrase("Asking the server …"))
            self.past.setText("")
        else:
            self.presenter.result = result
        self.complaint.say("")
        self.heading.setText(self.presenter.heading)
        self._show()
        self.line.setFocus()

        def done(known: Known) -> None:
            if self.presenter.result is not result:
                return  # another one was asked for meanwhile
            components, past = self.presenter.take(known, self.page.around.now())
            self.components.setText(components)
            self.past.setText(past)
            self.line.setPlaceholderText(self.presenter.hint)
            self.fit()

        def failed(error: Exception) -> None:
            self.components.setText("")
            self.complaint.say(refusal_words(error))

        self.page.around.tasks.run(lambda progress: self.presenter.read(), done, failed, owner=self)

    def begin(self, record: Record) -> None:
        self.line.setFocus()

    def take(self, record: Record) -> None:
        """Whatever became of it meanwhile: the request is about the row, and the server judges that."""

    def _show(self) -> None:
        known = bool(self.presenter.impact)
        self.impact.setText(self.presenter.impact)
        for part in (self.impact, self.why, self.reason, self.scan):
            part.setVisible(known)
        self.button.setText(
            phrase("Ask for this change (Enter)") if known else phrase("Show what it would do (Enter)")
        )
        self.button.setEnabled(not self.is_busy)
        self.fit()

    def _retyped(self) -> None:
        self.presenter.impact = ""
        self.complaint.say("")
        self._show()

    # Asking

    def _next(self) -> None:
        if self.is_busy:
            return
        self.complaint.say("")
        if not self.presenter.impact:
            wrong = self.presenter.understand(self.line.text())
            if wrong:
                self._refuse(wrong)
            else:
                self.act(
                    phrase("What a change would do"), self.presenter.foresee, self._foreseen, self._failed
                )
            return
        reason = reason_of(self.reason.text(), self.offered)
        if not reason:
            self._refuse(phrase("Say why the result shall change."))
            self.reason.setFocus()
            return
        scan = self.scan.scan

        def work() -> PendingChangeView:
            change = self.presenter.request(reason)
            file_with(change, scan, self.presenter.calls.file_scan)
            return change

        self.act(phrase("Asking for a change"), work, self._asked, self._failed)

    def _foreseen(self, impact: str) -> None:
        self.presenter.impact = impact
        self._show()
        self.reason.setFocus()

    def _asked(self, change: PendingChangeView) -> None:
        said = self.presenter.asked(change, self.page.around.now())
        self.presenter.result = None
        self.hide()
        self.page.around.changes.tell("results", 0)
        self.done.emit(said)

    def _failed(self, error: Exception) -> None:
        self._refuse(str(error) if isinstance(error, ScanNotFiled) else refusal_words(error))
        if is_moved(error):
            self.moved.emit()

    def _refuse(self, why: str) -> None:
        self._show()
        self.complaint.say(why)
        self.fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in ENTER and not self.scan.button.hasFocus():
            self._next()
            return
        super().keyPressEvent(event)

    @property
    def unsaid(self) -> str:
        typed = self.presenter.result is not None and self.line.text().strip()
        return phrase("A change of a result that you typed in is not asked for.") if typed else ""
