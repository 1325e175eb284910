"""The two forms of the counter: a new transcript, and another sheet of an issued document."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLabel, QLineEdit, QSpinBox, QVBoxLayout, QWidget

from sims_desktop.counter.presenter.paper import COPIES_AT_MOST, PURPOSES, PaperPresenter, Stage
from sims_desktop.kit.forms import Form
from sims_desktop.kit.language import phrase
from sims_desktop.kit.theme import enlarge

ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


def _is_enter(event: QKeyEvent) -> bool:
    return event.key() in ENTER and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier


class WandLine(QLineEdit):
    """A line that a wand types into. `entered` at each Enter, but not while the key is held down: a key
    that sticks must not seal."""

    entered = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if _is_enter(event):
            if not event.isAutoRepeat():
                self.entered.emit()
            return
        super().keyPressEvent(event)


class CountBox(QSpinBox):
    """A small number; Enter goes on as in a line."""

    entered = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if _is_enter(event):
            if not event.isAutoRepeat():
                self.interpretText()
                self.entered.emit()
            return
        super().keyPressEvent(event)


class PaperPanel(QWidget):
    """What is to be printed, and what Enter does next. `entered` when the clerk says so."""

    entered = Signal()

    def __init__(self, paper: PaperPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("paper_panel")
        self._paper = paper
        self._shown = Stage.CLOSED
        self.heading = QLabel(self)
        self.heading.setObjectName("paper_heading")
        enlarge(self.heading, bold=True)
        self.form = Form(self)
        self.purpose = WandLine(self)
        self.choices = QLabel(
            "   ".join(f"{n} {phrase(purpose)}" for n, purpose in enumerate(PURPOSES, 1)), self
        )
        self.choices.setWordWrap(True)
        self.copies = CountBox(self)
        self.copies.setRange(1, COPIES_AT_MOST)
        self.reason = WandLine(self)
        self.void = WandLine(self)
        self.stock = WandLine(self)
        self.stock.setPlaceholderText(phrase("plain paper"))
        self.form.add("purpose", "&What for", self.purpose)
        self.form.add("copies", "&Copies", self.copies)
        self.form.add("void", "Spoiled s&heet", self.void)
        self.form.add("reason", "&Reason", self.reason)
        self.form.add("stock_numbers", "Sheet &number", self.stock)
        self.next = QLabel(self)
        self.next.setObjectName("paper_next")
        self.next.setWordWrap(True)
        for label in (self.heading, self.next, self.choices):
            label.setTextFormat(Qt.TextFormat.PlainText)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (self.heading, self.choices, self.form, self.next):
            column.addWidget(part)
        for line in (self.purpose, self.copies, self.reason, self.void, self.stock):
            line.entered.connect(self.entered)
        self.hide()

    def follow(self) -> None:
        """Show the presenter's stage; the cursor goes where the next key belongs."""
        paper, stage = self._paper, self._paper.stage
        moved, self._shown = stage is not self._shown, stage
        self.setVisible(stage is not Stage.CLOSED)
        if stage is Stage.CLOSED:
            return
        again = paper.document
        if again is None:
            name = paper.visitor.student.name if paper.visitor else ""
            self.heading.setText(phrase("Transcript of {name}", name=name))
        else:
            self.heading.setText(
                phrase(
                    "A sheet of {serial} is spoiled: void it and print the same document again",
                    serial=again.serial,
                )
                if paper.is_spoiled
                else phrase("Print {serial} again, the same document", serial=again.serial)
            )
        self.choices.setVisible(again is None and stage in (Stage.PURPOSE, Stage.DRAWING))
        for name in ("purpose", "copies"):
            self.form.show_row(name, again is None)
        self.form.show_row("reason", again is not None and paper.needs_reason)
        self.form.show_row("void", again is not None and paper.is_spoiled)
        self.form.show_row("stock_numbers", again is not None or stage not in (Stage.PURPOSE, Stage.DRAWING))
        first = stage is Stage.PURPOSE
        self.purpose.setReadOnly(not first)
        self.copies.setReadOnly(not first)
        if moved:
            self._move(stage)
        self.form.show_faults(paper.faults, paper.complaint)
        if paper.faults and paper.complaint:
            self.form.complaint.say(paper.complaint)
        self.next.setText(self._next_words(stage))

    def _move(self, stage: Stage) -> None:
        paper = self._paper
        if stage is Stage.PURPOSE:
            if not paper.purpose:
                self.purpose.clear()
                self.copies.setValue(1)
            self.purpose.setFocus()
            self.purpose.selectAll()
        elif stage is Stage.DRAWING:
            self.purpose.setText(paper.purpose)
        elif stage is Stage.PREVIEW:
            if not paper.stock:
                self.stock.clear()
            self.stock.setFocus()
        elif stage is Stage.REPRINT:
            self.stock.clear()
            self.reason.clear()
            self.void.setText(paper.last_stock)
            (self.reason if paper.needs_reason else self.stock).setFocus()
        elif stage is Stage.STOPPED:
            self.stock.setFocus()

    def _next_words(self, stage: Stage) -> str:
        paper = self._paper
        if stage is Stage.PURPOSE:
            return phrase("A digit or words, Enter shows it first. Esc leaves.")
        if stage is Stage.DRAWING:
            return phrase("Drawing …")
        if stage is Stage.PREVIEW:
            many = (
                phrase("numbers of the sheets, one a copy")
                if paper.copies > 1
                else phrase("number of the sheet")
            )
            return phrase(
                "Wand the {many}, or leave it empty for plain paper; Enter seals, prints and records.",
                many=many,
            )
        if stage is Stage.REPRINT:
            return phrase("Enter prints the same document again and records it. Esc leaves.")
        if stage is Stage.WORKING:
            return (
                phrase("Sealing, printing, recording …")
                if paper.document is None
                else phrase("Printing, recording …")
            )
        return ""
