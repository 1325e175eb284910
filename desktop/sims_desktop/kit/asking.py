"""What is asked below a thing and answered there: a question, a line to type in, and why not.

Instead of message boxes. The rules a newcomer would get wrong: one thing is asked at a time, so the next
question forgets what the last would have done; and an answer stays in its line until it has arrived, for
a server that is away or says no must not cost anybody what they typed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from sims_desktop.kit import theme
from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.language import phrase
from sims_desktop.kit.notes import Said


def text_label(name: str, parent: QWidget, *, larger: bool = False) -> QLabel:
    """Plain text that wraps and can be selected; larger for a heading."""
    label = Said(parent)
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if larger:
        theme.enlarge(label, 1.2)
    return label


def colour(label: QLabel, meaning: str) -> None:
    """Words in the colour of a meaning, in whatever look is on."""
    palette = label.palette()
    palette.setColor(QPalette.ColorRole.WindowText, theme.mark(meaning))
    label.setPalette(palette)


def push_button(parent: QWidget, name: str, call: Callable[[], object], text: str = "") -> QPushButton:
    """`call` without the state that a click brings along."""
    button = QPushButton(text, parent)
    button.setObjectName(name)
    button.clicked.connect(lambda checked=False: call())
    return button


def row_of(buttons: Sequence[QPushButton]) -> QHBoxLayout:
    row = QHBoxLayout()
    for button in buttons:
        row.addWidget(button)
    row.addStretch(1)
    return row


class Asking(QWidget):
    """Stands above a row of buttons. `left` when a line went away that had the focus."""

    left = Signal()

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.about: object = None  # what is asked about, while something is asked
        self._agreed: Callable[[], object] | None = None
        self._entered: Callable[[str], object] | None = None
        self._digits = ""
        self.question = text_label(f"{name}_question", self)
        self.line = QLineEdit(self)
        self.line.setObjectName(f"{name}_line")
        self.line.setAccessibleName(phrase("What the step asks for"))
        self.line.setMaxLength(2000)
        self.line.returnPressed.connect(self.answer)
        self.line.textEdited.connect(self._typed)
        self.complaint = Complaint(self)
        self.complaint.setObjectName(f"{name}_complaint")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (self.question, self.line, self.complaint):
            column.addWidget(part)
            part.hide()

    @property
    def is_asking(self) -> bool:
        return self._agreed is not None or self._entered is not None

    @property
    def asks_line(self) -> bool:
        return self._entered is not None

    @property
    def typed(self) -> str:
        """What would be lost."""
        return self.line.text().strip() if self._entered is not None else ""

    def ask(self, question: str, agreed: Callable[[], object], about: object = None) -> None:
        """Yes or Esc. What is asked about the same thing once more is thereby agreed to."""
        if self._agreed is not None and about is not None and self.about == about:
            self.answer()
            return
        self.leave()
        self.about, self._agreed = about, agreed
        self._say(question)

    def ask_line(
        self,
        question: str,
        name: str,
        entered: Callable[[str], object],
        about: object = None,
        digits: str = "",
    ) -> None:
        """A line, Enter or Esc. `name` is what a screen reader calls it. One of `digits` needs no Enter."""
        self.leave()
        self.about, self._entered = about, entered
        self._say(question)
        self._digits = digits
        self.line.setAccessibleName(name)
        self.line.clear()
        self.line.setReadOnly(False)
        self.line.show()
        self.line.setFocus()

    def _typed(self, text: str) -> None:
        if len(text) == 1 and text in self._digits:
            self.answer()

    def answer(self) -> None:
        """Yes to the question, or what stands in the line. While an answer is on its way: nothing."""
        agreed, entered = self._agreed, self._entered
        if agreed is not None:
            self.leave()
            agreed()
        elif entered is not None and not self.line.isReadOnly():
            entered(self.line.text())

    def send(self) -> None:
        """The answer is on its way, and stays where it is."""
        self.complaint.say("")
        self.line.setReadOnly(True)

    def refuse(self, words: str) -> None:
        """Why not, below what was typed; it can be changed and sent again."""
        self.line.setReadOnly(False)
        self.complaint.say(words)

    def leave(self) -> None:
        """Nothing is asked any more. Also takes the complaint away, for it was about that."""
        had_line = self.line.isVisible()
        self.about = self._agreed = self._entered = None
        self.line.setReadOnly(False)
        self.question.hide()
        self.line.clear()
        self.line.hide()
        self.complaint.say("")
        if had_line:
            self.left.emit()

    def recolour(self) -> None:
        colour(self.question, "conflict")

    def _say(self, words: str) -> None:
        self.recolour()
        self.question.setText(words)
        self.question.setAccessibleName(words)
        self.question.show()
        self.complaint.say("")
