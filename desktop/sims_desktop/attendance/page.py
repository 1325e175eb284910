"""The attendance page: section, day and slot above, the class list below, the keys in the list itself.

The focus stays in the list: a letter marks the student under the cursor, digits look for a number. The
rule a newcomer would get wrong: while a number or a name is being typed, letters belong to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from PySide6.QtCore import QDate, QEvent, Qt
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDateEdit,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from sims_desktop.attendance.presenter.classlist import LETTERS, ClassListPresenter, Line
from sims_desktop.attendance.presenter.drafts import ClassKey, KeptClass, Sent
from sims_desktop.kit import theme
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Page, Surroundings
from sims_desktop.kit.search import Entry
from sims_desktop.kit.tables import KEYPAD, LETTER, Field, RecordModel, RecordView
from sims_desktop.kit.tasks import Progress
from sims_desktop.kit.theme import enlarge
from sims_desktop.kit.wording import left_to_right
from sims_shared.attendance import ClassRoster

TINTS = {"absent": "refused", "late": "conflict", "leave": "waiting"}
HINT = later("A absent · L late · V on leave · P present; or the last digits of a number, Enter: absent")
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class ClassTable(RecordView[Line]):
    """The list. Digits, `/` and what follows go to `typed`; everything else is as in any list."""

    def __init__(self, model: RecordModel[Line], presenter: ClassListPresenter, parent: QWidget) -> None:
        super().__init__(model, "class_list", parent=parent)
        self._presenter = presenter

    def event(self, event: QEvent) -> bool:
        # Before the actions of the page take the letter of a name for a mark.
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and self._is_typing(event)
        ):
            event.accept()
            return True
        return super().event(event)

    def _is_typing(self, event: QKeyEvent) -> bool:
        if event.modifiers() & ~(KEYPAD | Qt.KeyboardModifier.ShiftModifier):
            return False
        text = event.text()
        if self._presenter.typed:
            return text.isprintable() or event.key() in (*ENTER, Qt.Key.Key_Backspace, Qt.Key.Key_Escape)
        return text != "" and (text.isdigit() or text == "/")

    def keyPressEvent(self, event: Any) -> None:
        if self._is_typing(event):
            if event.key() in ENTER:
                self._presenter.enter()
            elif event.key() == Qt.Key.Key_Backspace:
                self._presenter.take_back_letter()
            elif event.key() == Qt.Key.Key_Escape:
                self._presenter.leave_typing()
            elif event.text():
                self._presenter.type(event.text())
            return
        super().keyPressEvent(event)


class AttendancePage(Page):
    title = later("Attendance")
    guide = "faculty#attendance"

    def __init__(
        self, around: Surroundings, presenter: ClassListPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(around, "attendance", parent)
        self.presenter = presenter
        self._is_showing = False
        self._build()
        self._add_actions()
        presenter.on_change = self._show
        around.theme.changed.connect(self._show)
        self._fill_sections()
        self._show()

    def _build(self) -> None:
        wide = LETTER
        self.section = QComboBox(self)
        self.section.setObjectName("attendance_section")
        self.section.setAccessibleName(phrase("Section"))
        self.section.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.day = QDateEdit(self)
        self.day.setObjectName("attendance_day")
        self.day.setAccessibleName(phrase("Day of the class"))
        self.day.setCalendarPopup(True)
        self.day.setDisplayFormat("ddd d MMMM yyyy")
        self.day.setMinimumWidth(self.fontMetrics().averageCharWidth() * 28)
        self.day.setDate(_as_qdate(self._today()))
        self.slot = QSpinBox(self)
        self.slot.setObjectName("attendance_slot")
        self.slot.setAccessibleName(phrase("Slot of the day"))
        self.slot.setPrefix(phrase("Slot "))
        self.slot.setRange(1, 20)
        self.section.activated.connect(lambda _: self._choose())
        self.day.dateChanged.connect(lambda _: self._choose())
        self.slot.valueChanged.connect(lambda _: self._choose())
        self.save_button = QPushButton(phrase("Save"), self)
        self.save_button.setObjectName("attendance_save")
        self.save_button.setToolTip("Ctrl+Enter")
        self.save_button.clicked.connect(lambda checked=False: self.save())
        top = QHBoxLayout()
        for part in (self.section, self.day, self.slot):
            top.addWidget(part)
        top.addStretch(1)
        top.addWidget(self.save_button)
        self.counts = self._label("attendance_counts", larger=1.4)
        self.state = self._label("attendance_state")
        self.typed = self._label("attendance_typed", larger=1.4)
        self.elsewhere = self._label("attendance_elsewhere")
        self.model: RecordModel[Line] = RecordModel(
            [
                Field("Number", lambda line: left_to_right(line.reg_no), wide * 20),
                Field("Name", lambda line: line.name, wide * 30),
                Field("This class", lambda line: line.mark_words, wide * 14),
                Field("So far", lambda line: line.so_far, wide * 20, is_number=True),
                Field("Standing", lambda line: line.standing, wide * 32),
                Field("Marked by", lambda line: line.marked_by, wide * 20),
            ],
            tint=_tint,
        )
        self.list = ClassTable(self.model, self.presenter, self)
        self.list.setAccessibleName(phrase("Class list"))
        self.list.selectionModel().currentRowChanged.connect(lambda now, _: self._moved(now.row()))
        self.hint = self._label("attendance_hint")
        self.hint.setText(phrase(HINT))
        self.note = Note(self)
        line = QHBoxLayout()
        line.addWidget(self.counts)
        line.addStretch(1)
        line.addWidget(self.typed)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addLayout(line)
        layout.addWidget(self.state)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.hint)
        layout.addWidget(self.elsewhere)
        layout.addWidget(self.note)
        self.setFocusProxy(self.list)

    def _label(self, name: str, larger: float = 1.0) -> QLabel:
        label = QLabel(self)
        label.setObjectName(name)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(larger == 1.0)
        enlarge(label, larger)
        return label

    def _add_actions(self) -> None:
        presenter, add = self.presenter, self.add_action
        marks = {"P": phrase("Present"), "A": phrase("Absent"), "L": phrase("Late"), "V": phrase("On leave")}
        for letter, words in marks.items():
            add(
                f"attendance.{words.lower().replace(' ', '_')}",
                words,
                letter,
                self._marking(letter),
                self.list,
            )
        add("attendance.everybody", "Everybody present", "Ctrl+Shift+P", presenter.mark_everybody)
        add("attendance.save", "Save this class", ("Ctrl+Return", "Ctrl+Enter"), self.save)
        add("attendance.undo", "Undo", "Ctrl+Z", presenter.undo)
        add("attendance.redo", "Do again", ("Ctrl+Y", "Ctrl+Shift+Z"), presenter.redo)
        add("attendance.mine", "Keep my marks", "M", lambda: presenter.decide(mine=True), self.list)
        add("attendance.theirs", "Take their marks", "T", lambda: presenter.decide(mine=False), self.list)
        add("attendance.before", "Day before", "Ctrl+Left", lambda: self._move_day(-1))
        add("attendance.after", "Day after", "Ctrl+Right", lambda: self._move_day(1))
        add("attendance.today", "Today", "Ctrl+T", lambda: self.day.setDate(_as_qdate(self._today())))
        add("attendance.kept", "Next class kept on this computer", "F7", self.go_to_kept)
        add("attendance.let_go", "Let go of what is typed here", (), presenter.let_go)
        add("attendance.refresh", "Ask the server again", "F5", self.refresh)

    def _marking(self, letter: str) -> Callable[[], None]:
        return lambda: self.presenter.mark_here(LETTERS[letter])

    def more_keys(self) -> tuple[tuple[str, str], ...]:
        return (
            ("A number marked absent", "417 Enter"),
            ("Late, on leave, present", "417L 417V 417P Enter"),
            ("Goes to a name", "/ahmed Enter"),
        )

    # Which class

    def _today(self) -> date:
        return self.around.now().astimezone().date()

    def _fill_sections(self) -> None:
        sections = self.presenter.sections
        if [self.section.itemData(n) for n in range(self.section.count())] == [one.id for one in sections]:
            return
        chosen = self.section.currentData()
        self.section.clear()
        for one in sections:
            self.section.addItem(one.title, one.id)
        place = self.section.findData(chosen)
        self.section.setCurrentIndex(place if place >= 0 else 0)
        self._choose()

    def _wanted(self) -> ClassKey | None:
        id = self.section.currentData()
        return None if id is None else ClassKey(id, _as_date(self.day.date()), self.slot.value())

    def _choose(self) -> None:
        wanted = self._wanted()
        if wanted is not None and wanted != self.presenter.key:
            self.note.say("")
            self.presenter.choose(*wanted)
            self.refresh()

    def _go_to(self, key: ClassKey) -> None:
        self.section.setCurrentIndex(self.section.findData(key.section_id))
        for box in (self.day, self.slot):
            box.blockSignals(True)
        self.day.setDate(_as_qdate(key.day))
        self.slot.setValue(key.slot)
        for box in (self.day, self.slot):
            box.blockSignals(False)
        self._choose()
        self.list.setFocus()

    def _move_day(self, by: int) -> None:
        self.day.setDate(self.day.date().addDays(by))

    def go_to_kept(self) -> None:
        """The next class whose list is only on this computer."""
        others = self.presenter.elsewhere
        if others:
            after = [
                kept for kept in others if self.presenter.key is not None and kept.key > self.presenter.key
            ]
            self._go_to((after or others)[0].key)
        else:
            self.note.say(phrase("No other class waits on this computer."))

    # The server

    def refresh(self) -> None:
        key = self.presenter.key
        if key is None:
            return

        def done(roster: ClassRoster) -> None:
            self.presenter.take(key, roster)

        def failed(error: Exception) -> None:
            self.presenter.take_trouble(key, error)

        self.around.tasks.run(lambda progress: self.presenter.load(key), done, failed, owner=self)

    def save(self) -> None:
        if self.presenter.save() is not None:
            self._send_ready()

    def _send_ready(self) -> None:
        drafts = self.presenter.drafts
        for kept in drafts.begin():

            def send(progress: Progress, kept: KeptClass = kept) -> Sent:
                return drafts.send(kept)

            self.around.tasks.run(send, self._sent, title="Saving attendance", owner=self)
        self._show()

    def _sent(self, sent: Sent) -> None:
        self.presenter.drafts.settle(sent)
        self.around.changes.tell("attendance", sent.kept.section_id)
        if sent.error is None and sent.kept.key == self.presenter.key:
            self.note.say(phrase("Saved: {counts}", counts=self.presenter.counts))
            self.refresh()
            self._send_ready()  # what was saved again meanwhile

    def heard(self, kind: str, id: int) -> None:
        if kind in ("sheet", "sheets"):
            self._fill_sections()
        if kind in ("attendance", "sheets") and self.isVisible():
            self._show()

    # Showing

    def _moved(self, row: int) -> None:
        if not self._is_showing and row >= 0:
            self.presenter.place = row

    def _show(self) -> None:
        presenter = self.presenter
        self._is_showing = True
        try:
            self.model.set_records(list(presenter.lines))
            if presenter.lines and self.list.currentIndex().row() != presenter.place:
                self.list.selectRow(presenter.place)
        finally:
            self._is_showing = False
        self.counts.setText(presenter.counts)
        self.state.setText(presenter.state)
        self.state.setAccessibleName(presenter.state)
        self.typed.setText(presenter.typed)
        self.elsewhere.setText(presenter.elsewhere_words)
        self.elsewhere.setVisible(bool(presenter.elsewhere_words))
        self.save_button.setEnabled(not presenter.closed and bool(presenter.lines))
        if presenter.said:
            self.note.say(presenter.said)
            presenter.said = ""

    def shown(self) -> None:
        self._fill_sections()
        self.refresh()
        self._show()
        self.list.setFocus()

    def entries(self, query: str) -> Iterable[Entry]:
        """The classes of a teacher, by any part of their name: `att cs 101`."""
        for one in self.presenter.sections if query.strip() else ():

            def go(id: int = one.id) -> None:
                self._go_to(ClassKey(id, self._today(), 1))

            yield Entry(one.title, go, phrase("attendance of today"), also="att attendance class")


def _tint(line: Line) -> QColor | None:
    meaning = TINTS.get(line.mark or "")
    return theme.tint(meaning) if meaning else None


def _as_qdate(day: date) -> QDate:
    return QDate(day.year, day.month, day.day)


def _as_date(day: QDate) -> date:
    return date(day.year(), day.month(), day.day())
