"""The form of a request: what by its digit, how many, for whom, and what else is to be known."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QLineEdit, QSizePolicy, QSpinBox, QVBoxLayout, QWidget

from sims_desktop.kit.asking import text_label
from sims_desktop.kit.forms import Form
from sims_desktop.kit.language import later, phrase
from sims_desktop.requests.checklist import Checklist
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

    def __init__(
        self, applying: ApplyingPresenter, parent: QWidget | None = None, *, ticks: bool = False
    ) -> None:
        """`ticks`: an office takes it, and ticks off what was brought."""
        super().__init__(parent)
        self._applying, self._ticks = applying, ticks
        self.type = ByDigit(self)
        self.type.setPlaceholderText(phrase("its digit chooses it"))
        self.type.currentIndexChanged.connect(lambda _: self._show_what_belongs())
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
        self.about = text_label("about_type", self)
        rows.insertWidget(0, self.choices)
        rows.insertWidget(1, self.about)
        self.checklist = Checklist(self)
        self.checklist.entered.connect(self.entered)
        self.fee_receipt = QLineEdit(self)
        self.fee_receipt.setMaxLength(80)
        self.fee_receipt.setPlaceholderText(phrase("empty where it is not paid yet"))
        self.add("type", later("&What"), self.type)
        self.add("missing", later("&Brought"), self.checklist)
        self.add("fee_receipt", later("Fee &receipt"), self.fee_receipt)
        self.add("copies", later("&Copies"), self.copies)
        self.add("addressee", later("&Addressed to"), self.addressee)
        self.add("notes", later("&Notes"), self.notes)
        self.show_types()
        self._show_what_belongs()

    def _show_what_belongs(self) -> None:
        """Another kind was chosen: none of its papers is there yet."""
        type = self.type.currentData()
        papers = self._applying.checklist(type)
        self.checklist.show_papers(papers)
        self.show_row("missing", self._ticks and bool(papers))
        self.show_row("fee_receipt", self._ticks and self._applying.costs(type))
        self._say_about()

    def _say_about(self) -> None:
        about = self._applying.about(self.type.currentData())
        self.about.setText(about)
        self.about.setVisible(bool(about))

    def show_types(self) -> None:
        """What can be asked for; what was chosen stays chosen."""
        chosen = self.type.currentData()
        types = self._applying.types
        if [self.type.itemData(row) for row in range(self.type.count())] == list(types):
            self._say_about()
            if not self.checklist.is_begun and self._applying.checklist(chosen) != self.checklist.missing:
                self._show_what_belongs()
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
        typed = (self.addressee, self.notes, self.fee_receipt)
        return self.checklist.is_begun or any(line.text().strip() for line in typed)

    def clear(self) -> None:
        self.type.setCurrentIndex(-1)
        self.copies.setValue(1)
        self.addressee.clear()
        self.notes.clear()
        self.fee_receipt.clear()
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
            self.checklist.missing if self._ticks else (),
            self.fee_receipt.text(),
        )
        self.show_faults(self._applying.faults)
        return body

    def refuse(self, words: str) -> None:
        """The server's no: faults beside their fields, else the words above; all that was typed stays."""
        self.show_faults(self._applying.faults, words)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """What no field wanted for itself comes here."""
        if event.key() in ENTER and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            if event.isAutoRepeat():
                return
            if self.type.hasFocus() and self.checklist.isVisibleTo(self):
                self.checklist.setFocus()  # what was brought is looked through before it is taken
            else:
                self.entered.emit()
            return
        super().keyPressEvent(event)
