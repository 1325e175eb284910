"""Beside a published sheet: Ctrl+R on a mark, the new one, what it would do, the reason, sent.

The effect is seen before the reason is asked for, and nothing is sent before both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QComboBox, QFormLayout, QLabel, QLineEdit, QPushButton, QWidget

from sims_desktop.client.errors import ClientError
from sims_desktop.grading.panels import ENTER, Panel, words
from sims_desktop.grading.presenter.correction import CorrectionPresenter
from sims_desktop.grading.presenter.late import COMMON_REASONS, numbered, reason_of
from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.language import phrase
from sims_desktop.kit.tasks import Progress
from sims_desktop.results.correcting import file_with
from sims_desktop.results.scan import ScanField
from sims_shared.results import ChangeImpact, PendingChangeView

if TYPE_CHECKING:
    from sims_desktop.grading.page import GridPage

T = TypeVar("T")


class CorrectionPanel(Panel):
    """`foresee` when a new mark was typed, `send(reason)` when it shall be asked for."""

    foresee = Signal()
    send = Signal(str)

    def __init__(self, wish: CorrectionPresenter, parent: QWidget | None = None) -> None:
        super().__init__("correction", wish.heading, parent)
        self.wish = wish
        self.card = words(self, "correction_card")
        self.card.setText(wish.card)
        self.past = words(self, "correction_past")
        self.past.hide()
        self.mark = QLineEdit(self)
        self.mark.setObjectName("correction_mark")
        self.impact = words(self, "correction_impact")
        self.reason = QComboBox(self)
        self.reason.setObjectName("correction_reason")
        self.reason.setEditable(True)
        self.reason.setCompleter(None)  # type: ignore[arg-type]
        self.reason.addItems([phrase(reason) for reason in COMMON_REASONS[1:]])
        self.reason.setAccessibleName(phrase("Why the result shall change"))
        self.complaint = Complaint(self)
        self.complaint.setObjectName("correction_complaint")
        self.scan = ScanField("correction", self)
        self.scan.chosen.connect(self._attached)
        self.scan.refused.connect(self.complaint.say)
        self.setAcceptDrops(True)
        self.button = QPushButton(phrase("Show what it would do (Enter)"), self)
        self.button.setObjectName("correction_send")
        self.button.clicked.connect(self._next)
        form = QFormLayout()
        ask = QLabel(wish.question, self)
        ask.setBuddy(self.mark)
        self.mark.setAccessibleName(wish.question.replace("&", ""))
        form.addRow(ask, self.mark)
        self.why = QLabel(phrase("&Reason, or a digit: {list}", list=numbered(COMMON_REASONS[1:])), self)
        self.why.setWordWrap(True)
        self.why.setBuddy(self.reason)
        self.body.addWidget(self.card)
        self.body.addWidget(self.past)
        self.body.addLayout(form)
        self.body.addWidget(self.impact)
        self.body.addWidget(self.why)
        self.body.addWidget(self.reason)
        self.body.addWidget(self.scan)
        self.body.addWidget(self.complaint)
        self.body.addWidget(self.button)
        self.body.addStretch(1)
        self.setFocusProxy(self.mark)
        self.mark.textEdited.connect(self._retyped)
        self._show()

    def _show(self) -> None:
        known = bool(self.wish.impact)
        self.impact.setText(self.wish.impact)
        for part in (self.impact, self.why, self.reason, self.scan):
            part.setVisible(known)
        self.button.setText(
            phrase("Ask for this change (Enter)") if known else phrase("Show what it would do (Enter)")
        )
        self.button.setEnabled(True)

    def _retyped(self) -> None:
        self.wish.impact = ""
        self.complaint.say("")
        self._show()

    def _attached(self) -> None:
        self.reason.setFocus()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self.scan.dragEnterEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self.scan.dropEvent(event)

    def show_past(self, history: str) -> None:
        """How the result stood until now, a line a version."""
        self.past.setText(history)
        self.past.setVisible(bool(history))

    def foreseen(self) -> None:
        self._show()
        self.reason.setFocus()
        if (line := self.reason.lineEdit()) is not None:
            line.selectAll()

    def failed(self, why: str) -> None:
        self._show()
        self.complaint.say(why)

    def _next(self) -> None:
        if not self.button.isEnabled():
            return
        self.complaint.say("")
        if not self.wish.impact:
            wrong = self.wish.read(self.mark.text())
            if wrong:
                self.failed(wrong)
                return
            self.button.setEnabled(False)
            self.foresee.emit()
            return
        offered = [self.reason.itemText(place) for place in range(self.reason.count())]
        reason = reason_of(self.reason.currentText(), offered)
        if not reason:
            self.failed(phrase("Say why the result shall change."))
            return
        self.button.setEnabled(False)
        self.send.emit(reason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in ENTER and not self.scan.button.hasFocus():
            self._next()
            return
        super().keyPressEvent(event)


class CorrectionDesk:
    """Ctrl+R where nothing is left over and the results are out."""

    def __init__(self, page: GridPage) -> None:
        self._page = page
        self._results: dict[int, int] = {}

    def open(self) -> None:
        page = self._page
        at = page.view.here()
        if at is None or at[0] >= page.grid.row_count or not page.grid.columns:
            return
        key = page.grid.key(at[0], page.view.column_here())
        panel = CorrectionPanel(CorrectionPresenter(page.grid, key), page)
        panel.foresee.connect(lambda: self._foresee(panel))
        panel.send.connect(lambda reason: self._send(panel, reason))
        page.open_panel(panel)
        panel.mark.setFocus()
        page.result_past.read(
            key[0], panel, lambda past: panel.show_past(past.history if past is not None else "")
        )

    def _result_of(self, enrollment_id: int) -> int:
        """Off the window's thread. Raises LookupError when no result of this student is published."""
        page, office = self._page, self._page.office
        if enrollment_id not in self._results:
            self._results = {
                result.enrollment_id: result.id
                for result in office.read_results(page.section_id)
                if result.is_published and result.enrollment_id is not None
            }
        return self._results[enrollment_id]

    def _foresee(self, panel: CorrectionPanel) -> None:
        wish, office = panel.wish, self._page.office

        def work(progress: Progress) -> ChangeImpact:
            return office.preview_change(wish.wish(self._result_of(wish.key[0])))

        def done(impact: ChangeImpact) -> None:
            wish.foreseen(impact)
            if self._page.panel is panel:
                panel.foreseen()

        self._run(work, done, panel, phrase("What a change would do"))

    def _send(self, panel: CorrectionPanel, reason: str) -> None:
        wish, page, office = panel.wish, self._page, self._page.office

        scan = panel.scan.scan

        def work(progress: Progress) -> PendingChangeView:
            # Sent again it is the same request: its key says so.
            change = office.request_change(wish.wish(self._result_of(wish.key[0])), reason, wish.request_key)
            file_with(change, scan, office.file_scan)
            return change

        def done(change: PendingChangeView) -> None:
            if page.panel is panel:
                page.close_panel()
            page.note.say(wish.asked(change, page.around.now()))

        self._run(work, done, panel, phrase("Asking for a change"))

    def _run(
        self,
        work: Callable[[Progress], T],
        done: Callable[[T], None],
        panel: CorrectionPanel,
        title: str,
    ) -> None:
        page = self._page

        def failed(error: Exception) -> None:
            if not isinstance(error, (LookupError, ClientError)):
                raise error
            nobody = isinstance(error, LookupError)
            why = phrase("The result of this student is not published.") if nobody else str(error)
            say = panel.failed if page.panel is panel else page.note.say
            say(why)

        page.around.tasks.run(work, done, failed, title=title, owner=page)
