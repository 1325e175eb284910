"""The strip for an unsorted stack of scripts (F6): one line, a big name, and the running control total."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLineEdit, QListWidget, QListWidgetItem, QWidget

from sims_desktop.grading.presenter.sheet import Row
from sims_desktop.grading.presenter.stack import Asking, StackPresenter
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Said
from sims_desktop.kit.theme import enlarge

ROW_ROLE = int(Qt.ItemDataRole.UserRole)
PROMPTS = {
    Asking.NUMBER: later("Number"),
    Asking.MARK: later("Mark"),
    Asking.KEEP_OR_REPLACE: later("Keep or R"),
}


class Strip(QFrame):
    """`closed` on Esc at the first question; `student_found(row)` lets the grid follow."""

    closed = Signal()
    acted = Signal()

    def __init__(
        self, stack: StackPresenter, follow: Callable[[Row], object], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("strip")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._stack = stack
        self._follow = follow
        self.prompt = Said(self)
        self.line = QLineEdit(self)
        self.line.setObjectName("strip_line")
        self.line.installEventFilter(self)
        self.line.setMaximumWidth(self.fontMetrics().averageCharWidth() * 24)
        self.student = Said(self)
        self.student.setObjectName("strip_student")
        self.student.setTextFormat(Qt.TextFormat.PlainText)
        enlarge(self.student, 1.6)
        self.progress = Said(self)
        self.progress.setObjectName("strip_progress")
        for sentence in (self.student, self.progress):
            sentence.setWordWrap(True)  # a long one would push the navigation out of a small window
        self.candidates = QListWidget(self)
        self.candidates.setObjectName("strip_candidates")
        self.candidates.setAccessibleName(phrase("Students with these digits"))
        self.candidates.setMaximumHeight(self.fontMetrics().height() * 6)
        self.candidates.itemActivated.connect(self._choose)
        self.candidates.installEventFilter(self)
        layout = QGridLayout(self)
        layout.addWidget(self.prompt, 0, 0)
        layout.addWidget(self.line, 0, 1)
        layout.addWidget(self.student, 0, 2)
        layout.addWidget(self.progress, 1, 0, 1, 3)
        layout.addWidget(self.candidates, 2, 0, 1, 3)
        layout.setColumnStretch(2, 1)
        self.show_state()

    def show_state(self) -> None:
        stack = self._stack
        head = stack.head
        self.prompt.setText(f"{head.name}: {phrase(PROMPTS[stack.asking])}")
        self.line.setAccessibleName(f"{head.name}, {phrase(PROMPTS[stack.asking])}. {stack.sentence}")
        self.student.setText(stack.sentence)
        self.progress.setText(stack.progress.sentence)
        self.candidates.clear()
        for row in stack.candidates:
            item = QListWidgetItem(f"{row.reg_no}   {row.name}")
            item.setData(ROW_ROLE, row)
            self.candidates.addItem(item)
        self.candidates.setVisible(bool(stack.candidates))

    def _enter(self) -> None:
        before = self._stack.student
        self._stack.enter(self.line.text())
        if before is not None and self._stack.asking is Asking.NUMBER:
            self.acted.emit()
        # Digits that fit several students stay, so that more can be added to them.
        if self._stack.candidates:
            self.line.end(False)
        else:
            self.line.clear()
        self.show_state()
        if self._stack.student is not None:
            self._follow(self._stack.student)

    def _choose(self, item: QListWidgetItem) -> None:
        row: Row = item.data(ROW_ROLE)
        self._stack.choose(row)
        self.line.clear()
        self.line.setFocus()
        self.show_state()
        self._follow(row)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            key = event.key()
            if key == Qt.Key.Key_Escape:
                if self._stack.back():
                    self.line.clear()
                    self.line.setFocus()
                    self.show_state()
                else:
                    self.closed.emit()
                return True
            if watched is self.line and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._enter()
                return True
            if watched is self.line and key == Qt.Key.Key_Down and self.candidates.count():
                self.candidates.setCurrentRow(0)
                self.candidates.setFocus()
                return True
        return super().eventFilter(watched, event)
