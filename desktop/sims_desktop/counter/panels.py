"""The two forms of the counter: a new paper, and another sheet of an issued document."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QSizePolicy, QSpinBox, QVBoxLayout, QWidget

from sims_desktop.counter.presenter.paper import (
    COPIES_AT_MOST,
    PURPOSES,
    SPOILED,
    PaperPresenter,
    Stage,
    examination_words,
)
from sims_desktop.kit.forms import Form
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Said
from sims_desktop.kit.theme import enlarge

OTHER = later("Other, in words")
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


class ExaminationBox(QComboBox):
    """Up and down choose; Enter goes on; D asks for a duplicate."""

    entered = Signal()
    duplicate = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if _is_enter(event):
            if not event.isAutoRepeat():
                self.entered.emit()
        elif event.text().casefold() == "d":
            self.duplicate.emit()
        else:
            super().keyPressEvent(event)


class PaperPanel(QWidget):
    """What is to be printed, and what Enter does next. `entered` when the clerk says so."""

    entered = Signal()

    def __init__(self, paper: PaperPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("paper_panel")
        self._paper = paper
        self._shown = Stage.CLOSED
        self.heading = Said(self)
        self.heading.setObjectName("paper_heading")
        enlarge(self.heading, bold=True)
        self.form = Form(self)
        self.purpose = WandLine(self)
        self.choices = Said(self)
        self.choices.setWordWrap(True)
        self.spoilers = QLabel(
            "   ".join(f"{n} {phrase(reason)}" for n, reason in enumerate(SPOILED, 1)), self
        )
        self.spoilers.setWordWrap(True)
        self.copies = CountBox(self)
        self.copies.setRange(1, COPIES_AT_MOST)
        self.reason = WandLine(self)
        self.void = WandLine(self)
        self.stock = WandLine(self)
        self.stock.setPlaceholderText(phrase("plain paper"))
        self.examination = ExaminationBox(self)
        self.evidence = WandLine(self)
        self.evidence.setMaxLength(80)
        self.addressee = WandLine(self)
        self.addressee.setMaxLength(200)
        self.addressee.setPlaceholderText(phrase("To whom it may concern"))
        self.form.add("examination", later("&Examination"), self.examination)
        self.form.add("evidence", later("&Duplicate upon"), self.evidence)
        self.form.add("purpose", "&What for", self.purpose)
        self.form.add("addressee", later("&Addressed to"), self.addressee)
        self.form.add("copies", "&Copies", self.copies)
        self.form.add("void", "Spoiled s&heet", self.void)
        self.form.add("reason", "&Reason", self.reason)
        self.form.add("stock_numbers", "Sheet &number", self.stock)
        self.next = Said(self)
        self.next.setObjectName("paper_next")
        self.next.setWordWrap(True)
        for label in (self.heading, self.next, self.choices, self.spoilers):
            label.setTextFormat(Qt.TextFormat.PlainText)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (self.heading, self.choices, self.spoilers, self.form, self.next):
            column.addWidget(part)
        paper_lines = (self.purpose, self.addressee, self.copies, self.stock)
        for line in (*paper_lines, self.examination, self.evidence):
            line.entered.connect(self.entered)
        self.examination.duplicate.connect(self._turn_duplicate)
        self._is_duplicate = False
        self.void.entered.connect(self._to_reason)
        self.reason.entered.connect(self._after_reason)
        self.hide()

    def _turn_duplicate(self) -> None:
        if self._paper.stage is not Stage.PURPOSE:
            return
        self._is_duplicate = not self._is_duplicate
        self.form.show_row("evidence", self._is_duplicate)
        if self._is_duplicate:
            self.evidence.setFocus()

    def take_examination(self) -> None:
        """What was chosen, for a marks certificate."""
        if self._paper.examinations:
            self._paper.take_examination(
                max(0, self.examination.currentIndex()),
                is_duplicate=self._is_duplicate,
                evidence=self.evidence.text(),
            )

    def _to_reason(self) -> None:
        """The wand said which sheet is spoiled; now why."""
        if self._paper.stage is Stage.REPRINT and self.reason.isVisible():
            self.reason.setFocus()
        else:
            self.entered.emit()

    def _after_reason(self) -> None:
        """Of a spoiled sheet the next one is wanded; of another copy nothing is left to say."""
        said = bool(self.reason.text().strip())
        if self._paper.stage is Stage.REPRINT and self._paper.is_spoiled and said and not self.stock.text():
            self.stock.setFocus()
        else:
            self.entered.emit()

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
            self.heading.setText(
                phrase("Detailed marks certificate of {name}", name=name)
                if paper.examinations
                else phrase("Bonafide letter of {name}", name=name)
                if paper.is_letter
                else phrase("Transcript of {name}", name=name)
            )
            choices = [*paper.purposes, *([OTHER] if paper.is_letter else [])]
            self.choices.setText("   ".join(f"{n}\u00a0{phrase(what)}" for n, what in enumerate(choices, 1)))
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
        self.spoilers.setVisible(again is not None and paper.is_spoiled)
        for name in ("purpose", "copies"):
            self.form.show_row(name, again is None)
        self.form.show_row("addressee", again is None and paper.is_letter)
        self.form.show_row("reason", again is not None and paper.needs_reason)
        self.form.show_row("void", again is not None and paper.is_spoiled)
        self.form.show_row("stock_numbers", again is not None or stage not in (Stage.PURPOSE, Stage.DRAWING))
        first = stage is Stage.PURPOSE
        self.examination.setEnabled(first)
        self.evidence.setReadOnly(not first)
        if moved and first and not paper.purpose:
            self._fill_examinations()
        self.form.show_row("examination", again is None and bool(paper.examinations))
        self.form.show_row("evidence", again is None and bool(paper.examinations) and self._is_duplicate)
        self.purpose.setReadOnly(not first)
        self.addressee.setReadOnly(not first)
        self.copies.setReadOnly(not first)
        if moved:
            self._move(stage)
        self.form.show_faults(paper.faults, paper.complaint)
        if paper.faults and paper.complaint:
            self.form.complaint.say(paper.complaint)
        self.next.setText(self._next_words(stage))

    def _fill_examinations(self) -> None:
        self._is_duplicate = False
        self.evidence.clear()
        self.examination.clear()
        for one in self._paper.examinations:
            self.examination.addItem(examination_words(one))

    def _move(self, stage: Stage) -> None:
        paper = self._paper
        if stage is Stage.PURPOSE:
            if not paper.purpose:
                self.purpose.setText(PURPOSES[-1] if paper.examinations else "")
                self.addressee.clear()
                self.copies.setValue(1)
            line = self.examination if paper.examinations else self.purpose
            line.setFocus()
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
            first = self.void if paper.is_spoiled else self.reason if paper.needs_reason else self.stock
            first.setFocus()
            first.selectAll()
        elif stage is Stage.STOPPED:
            self.stock.setFocus()

    def _next_words(self, stage: Stage) -> str:
        paper = self._paper
        if stage is Stage.PURPOSE:
            if paper.examinations:
                return phrase("Up and down choose, D for a duplicate; Enter shows it first. Esc leaves.")
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
            if paper.is_spoiled:
                return phrase(
                    "Wand the spoiled sheet, Enter; a digit or words why, Enter; "
                    "wand the next sheet, Enter prints the same document. Esc leaves."
                )
            return phrase("Enter prints the same document again and records it. Esc leaves.")
        if stage is Stage.WORKING:
            return (
                phrase("Sealing, printing, recording …")
                if paper.document is None
                else phrase("Printing, recording …")
            )
        return ""
