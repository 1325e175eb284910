"""The form of a request: what by its digit, how many, for whom, and what else is to be known."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QLineEdit, QSizePolicy, QSpinBox, QVBoxLayout, QWidget

from sims_desktop.kit.asking import text_label
from sims_desktop.kit.forms import Form
from sims_desktop.kit.language import later, phrase
from sims_desktop.requests.presenter.applying import ApplyingPresenter
from sims_desktop.requests.presenter.words import title_words

COPIES_AT_MOST = 50
GAP = "   "
UNBROKEN = "\u00a0"
DIGITS = tuple("123456789")
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class ByDigit(QComboBox):
    """Its lines begin with their digits. A digit chooses at once, whatever was typed a moment before."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # As wide as a line: why it is refused stands below it, in the same room.
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = int(event.text()) - 1 if event.text() in DIGITS else -1
        if 0 <= row < self.count():
            self.setCurrentIndex(row)
            return
        super().keyPressEvent(event)


class RequestForm(Form):
    """`entered` at Enter in any of its fields; a key that is held down enters once."""

    entered = Signal()

    def __init__(self, applying: ApplyingPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._applying = applying
        self.type = ByDigit(self)
        self.type.setPlaceholderText(phrase("its digit chooses it"))
        self.copies = QSpinBox(self)
        self.copies.setRange(1, COPIES_AT_MOST)
        self.addressee, self.notes = QLineEdit(self), QLineEdit(self)
        self.addressee.setMaxLength(200)
        self.addressee.setPlaceholderText(phrase("or empty: to whom it may concern"))
        self.notes.setMaxLength(2000)
        self.notes.setPlaceholderText(phrase("what it is for, and what else should be known"))
        self.choices = text_label("choices", self)
        rows = self.layout()
        assert isinstance(rows, QVBoxLayout)
        rows.insertWidget(0, self.choices)
        self.add("type", later("&What"), self.type)
        self.add("copies", later("&Copies"), self.copies)
        self.add("addressee", later("&Addressed to"), self.addressee)
        self.add("notes", later("&Notes"), self.notes)
        self.show_types()

    def show_types(self) -> None:
        """What can be asked for; what was chosen stays chosen."""
        chosen = self.type.currentData()
        types = self._applying.types
        if [self.type.itemData(row) for row in range(self.type.count())] == list(types):
            return
        self.type.clear()
        for digit, type in enumerate(types, 1):
            self.type.addItem(f"{digit} {title_words(type, self._applying.titles)}", type)
        self.type.setCurrentIndex(self.type.findData(chosen))
        lines = [self.type.itemText(row) for row in range(self.type.count())]
        self.choices.setText(GAP.join(line.replace(" ", UNBROKEN) for line in lines))

    def begin(self) -> None:
        """The cursor where the first key belongs."""
        (self.type if self.type.currentIndex() < 0 else self.notes).setFocus()

    @property
    def is_begun(self) -> bool:
        """Whether something would be lost."""
        return bool(self.addressee.text().strip() or self.notes.text().strip())

    def clear(self) -> None:
        self.type.setCurrentIndex(-1)
        self.copies.setValue(1)
        self.addressee.clear()
        self.notes.clear()
        self.clear_faults()

    def check(self, student_id: int | None) -> dict[str, Any] | None:
        """The command, or None with every fault beside its field."""
        self.copies.interpretText()
        body = self._applying.check(
            student_id,
            self.type.currentData(),
            self.copies.value(),
            self.addressee.text(),
            self.notes.text(),
        )
        self.show_faults(self._applying.faults)
        return body

    def refuse(self, words: str) -> None:
        """The server's no: faults beside their fields, else the words above; all that was typed stays."""
        self.show_faults(self._applying.faults, words)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """What no field wanted for itself comes here."""
        if event.key() in ENTER and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            if not event.isAutoRepeat():
                self.entered.emit()
            return
        super().keyPressEvent(event)
