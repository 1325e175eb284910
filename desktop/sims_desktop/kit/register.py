"""A register: the list of one kind of entry, and the form of the one under the cursor, changed in place.

The rule a newcomer would get wrong: the form never waits for a key to be editable, and the cursor may leave
an entry that is not saved: its line shows the sign, and what was typed is there when the cursor comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from sims_desktop.kit import theme
from sims_desktop.kit.asking import Asking, push_button, row_of, text_label
from sims_desktop.kit.days import DayLine
from sims_desktop.kit.entries import (
    CHOICE,
    DAY,
    NEW,
    OWN,
    YES,
    Draft,
    EntriesPresenter,
    Entry,
    HasId,
    Meanwhile,
    Typed,
)
from sims_desktop.kit.forms import Form
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.long import LongDesk, SearchLine
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.tables import Field, RecordModel, RecordView

V = TypeVar("V", bound=HasId)
SIGN = "● "


class OwnControl(QWidget):
    """A control for a field that no line or box can show. `edited` when the person changed its value."""

    edited = Signal()

    def value(self) -> Any:
        raise NotImplementedError

    def put(self, value: Any) -> None:
        raise NotImplementedError


class Register(LongDesk[Any], Generic[V]):
    """A subclass names `columns` and may add parts: `filter_boxes` above the list, `below_list` and
    `below_form`, `own_control` for a field of a kind of its own, `more_buttons`."""

    search_words = later("Search: code or name")
    new_words = later("New (Ctrl+N)")
    sizes = (560, 460)
    deletes = True
    """Whether an entry may be taken away; where it only is changed, no key says otherwise."""

    def __init__(
        self,
        around: Surroundings,
        name: str,
        presenter: EntriesPresenter[V],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(around, name, parent)
        self.presenter = presenter
        self._entering = False
        self._putting = False
        self._at: V | None = None
        self._build(name)
        self._add_actions(name)
        self.follow(presenter)
        presenter.on_change = self._show
        around.theme.changed.connect(self._show)
        self._show()

    # What a subclass says

    @property
    def columns(self) -> Sequence[Field[V]]:
        raise NotImplementedError

    @property
    def filter_boxes(self) -> Sequence[QComboBox]:
        return ()

    def take_filters(self) -> None:
        """Into the presenter, from the boxes above the list."""

    def show_filters(self) -> None:
        """Into the boxes above the list, from what was loaded."""

    def below_list(self) -> Sequence[QWidget]:
        return ()

    def below_form(self) -> Sequence[QWidget]:
        return ()

    def own_control(self, entry: Entry) -> OwnControl:
        raise NotImplementedError

    def more_buttons(self) -> Sequence[QPushButton]:
        return ()

    def show_more(self, record: V | None, typed: Typed) -> None:
        """The parts of a subclass, whenever the form shows something else."""

    def line_tint(self, record: V) -> QColor | None:
        return None

    # Building

    def _build(self, name: str) -> None:
        self.summary = text_label(f"{name}_summary", self, larger=True)
        self.search = SearchLine(f"{name}_search", phrase(self.search_words), self)
        self.search.sought.connect(self._narrow)
        top = QHBoxLayout()
        for box in self.filter_boxes:
            box.activated.connect(self._narrow)
            top.addWidget(box)
        top.addWidget(self.search, 1)
        first, *others = self.columns
        signed: Field[V] = Field(first.title, lambda one: self._sign(one) + first.text(one), first.width)
        self.model: RecordModel[V] = RecordModel([signed, *others], tint=self._tint)
        self.list = RecordView(self.model, f"{name}_list", parent=self)
        self.list.setAccessibleName(phrase(self.title))
        self.list.selectionModel().currentRowChanged.connect(lambda *_: self._moved())
        self.heading = text_label(f"{name}_heading", self, larger=True)
        self.form = Form(self)
        self.controls: dict[str, Any] = {}
        for entry in self.presenter.entries:
            control = self._control(entry)
            self.controls[entry.name] = control
            self.form.add(entry.name, entry.label, control)
            control.setObjectName(f"{name}_{entry.name}")
        self.asking = Asking(name, self)
        self.asking.left.connect(self.list.setFocus)
        self.save_button = push_button(self, f"{name}_save", self.save, phrase("Save (Ctrl+Enter)"))
        self.leave_button = push_button(self, f"{name}_leave", self.leave, phrase("Leave it (Esc)"))
        self.new_button = push_button(self, f"{name}_new", self.begin, phrase(self.new_words))
        self.delete_button = push_button(
            self, f"{name}_delete", self.ask_delete, phrase("Delete (Ctrl+Delete)")
        )
        self.note = Note(self)
        left, inner = QWidget(self), QWidget(self)
        beneath = QVBoxLayout(left)
        beneath.setContentsMargins(0, 0, 0, 0)
        beneath.addWidget(self.list, 1)
        for part in self.below_list():
            beneath.addWidget(part)
        column = QVBoxLayout(inner)
        column.setContentsMargins(8, 0, 4, 0)
        column.addWidget(self.heading)
        column.addWidget(self.form)
        for part in self.below_form():
            column.addWidget(part)
        column.addWidget(self.asking)
        column.addLayout(row_of([self.save_button, self.leave_button, *self.more_buttons()]))
        column.addLayout(row_of([self.new_button, self.delete_button]))
        column.addStretch(1)
        # A long form in a small window is scrolled, and follows the focus; it is never squeezed.
        right = QScrollArea(self)
        right.setObjectName(f"{name}_sheet")
        right.setWidgetResizable(True)
        right.setFrameShape(QFrame.Shape.NoFrame)
        right.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        right.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        right.setWidget(inner)
        right.setMinimumWidth(inner.minimumSizeHint().width())
        self.split = self.split_of(f"{name}_split", left, right, self.sizes)
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addLayout(top)
        layout.addWidget(self.split, 1)
        layout.addWidget(self.note)
        self.setFocusProxy(self.list)

    def _control(self, entry: Entry) -> QWidget:
        if entry.kind == OWN:
            control = self.own_control(entry)
            control.edited.connect(lambda: self._edited(entry))
            return control
        if entry.kind == CHOICE:
            box = QComboBox(self)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(12)
            box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            box.activated.connect(lambda _: self._edited(entry))
            return box
        if entry.kind == YES:
            check = QCheckBox(self)
            check.clicked.connect(lambda _: self._edited(entry))
            return check
        line = DayLine(self.today, self) if entry.kind == DAY else QLineEdit(self)
        if entry.hint:
            line.setPlaceholderText(phrase(entry.hint))
        if entry.kind != DAY:
            line.setMaxLength(400)
        line.textEdited.connect(lambda _: self._edited(entry))
        return line

    def _add_actions(self, name: str) -> None:
        add = self.add_action
        add(f"{name}.next", later("Next line"), "J", lambda: self.step(1), self.list)
        add(f"{name}.previous", later("Previous line"), "K", lambda: self.step(-1), self.list)
        add(f"{name}.form", later("Into the form"), ("F2", "E"), self._into_form, self.list)
        add(f"{name}.save", later("Save what is typed"), ("Ctrl+Return", "Ctrl+Enter"), self.save)
        add(f"{name}.new", later("A new one"), "Ctrl+N", self.begin)
        if self.deletes:
            add(f"{name}.delete", later("Delete it"), "Ctrl+Delete", self.ask_delete)
        add(f"{name}.search", later("Search"), "Ctrl+L", self.search.begin)
        add(f"{name}.leave", later("Leave it as it was"), "Esc", self.leave)
        add(f"{name}.recall", later("What you typed and left comes back"), "Ctrl+Z", self.recall, self.list)
        add(f"{name}.refresh", later("Ask the server again"), "F5", self.refresh)

    @property
    def today(self) -> Any:
        return self.around.now().astimezone().date()

    # Showing

    def _sign(self, record: V) -> str:
        return SIGN if record.id in self.presenter.drafts else ""

    def _tint(self, record: V) -> QColor | None:
        if record.id in self.presenter.drafts:
            return theme.tint("waiting")
        return self.line_tint(record)

    def _show(self) -> None:
        presenter, current = self.presenter, self.list.current()
        self._choices()
        self.show_filters()
        self.model.set_records(presenter.records)
        self.choose_again({current.id} if current else set())
        self._show_entry()

    def _choices(self) -> None:
        """What the boxes of the form offer, from what was loaded."""
        for entry in self.presenter.entries:
            if entry.kind != CHOICE:
                continue
            box, choices = self.controls[entry.name], entry.choices()
            if [box.itemData(row) for row in range(box.count())] != [value for _, value in choices]:
                box.clear()
                for said, value in choices:
                    box.addItem(said, value)

    @property
    def is_entering(self) -> bool:
        """Whether the form is that of a new one."""
        return self._entering

    @property
    def entry(self) -> V | None:
        """The one in the form; None for a new one."""
        return None if self._entering else self.list.current()

    def _moved(self) -> None:
        if self.asking.is_asking and not self.is_busy:
            self.asking.leave()
        self.asking.refuse("")
        if not self._entering:
            self._show_entry()

    def _show_entry(self) -> None:
        record, presenter = self.entry, self.presenter
        there = self._entering or record is not None
        self.form.setVisible(there)
        if there:
            typed = presenter.typed_in(record)
            if typed != self.typed:
                self.put(typed)
            if not _same(record, self._at):
                self.form.clear_faults()
        self._at = record
        for entry in presenter.entries:
            self.controls[entry.name].setEnabled(self._entering or not entry.fixed)
        self._show_state()

    def _show_state(self) -> None:
        record, presenter = self.entry, self.presenter
        self.summary.setText(presenter.sentence)
        if self._entering:
            self.heading.setText(phrase(self.new_words).partition(" (")[0])
        else:
            self.heading.setText(presenter.name_of(record) if record is not None else "")
        dirty = self._entering or (record is not None and record.id in presenter.drafts)
        self.save_button.setVisible(dirty)
        self.leave_button.setVisible(dirty)
        self.new_button.setVisible(not self._entering)
        self.delete_button.setVisible(self.deletes and record is not None)
        for button in (self.save_button, self.new_button, self.delete_button, *self.more_buttons()):
            button.setEnabled(not self.is_busy)
        self.show_more(record, self.typed)

    @property
    def typed(self) -> Typed:
        return {name: _value(control) for name, control in self.controls.items()}

    def put(self, typed: Typed) -> None:
        self._putting = True
        for name, value in typed.items():
            control = self.controls[name]
            if _value(control) != value:
                _put_into(control, value)
        self._putting = False

    def _edited(self, entry: Entry) -> None:
        """By hand: what was said about the field was about what stood there before."""
        if not self._putting:
            self.form.forgive(entry.name)
            self.typed_into()

    def typed_into(self) -> None:
        record = self.entry
        self.presenter.keep(record, self.typed)
        self.model.set_records(self.presenter.records)  # the sign in its line
        self._show_state()

    def _into_form(self) -> None:
        first = next(
            (self.controls[one.name] for one in self.presenter.entries if not one.fixed or self._entering),
            None,
        )
        if first is not None and self.form.isVisible():
            first.setFocus()
            if isinstance(first, QLineEdit):
                first.selectAll()

    def _narrow(self) -> None:
        presenter = self.presenter
        before = (presenter.words, dict(presenter.filters))
        presenter.words = self.search.words
        self.take_filters()
        if before != (presenter.words, presenter.filters):
            self.refresh()

    # Acts

    def begin(self) -> None:
        """A new one, from what is proposed; what was begun before stands there still."""
        if self.is_busy or not self.presenter.is_loaded:
            return
        self.asking.leave()
        self._entering = True
        self._show_entry()
        self._into_form()

    def save(self) -> None:
        record, presenter = self.entry, self.presenter
        if self.is_busy or not (self._entering or record is not None):
            return
        draft: Draft[V] | None = presenter.drafts.get(record.id if record is not None else NEW)
        if draft is None and self._entering:
            draft = Draft(None, self.typed)
        if draft is None:
            self.note.say(phrase("Nothing is another than it was."))
            return
        body = presenter.check(draft)
        self.form.show_faults(presenter.faults)
        if body is None:
            return
        self.send(draft, body)

    def send(self, draft: Draft[V], body: dict[str, Any]) -> None:
        presenter = self.presenter

        def done(made: V) -> None:
            said = presenter.saved(draft, made)
            self._entering = False
            self.note.say(said)
            self._acted(made)

        def failed(error: Exception) -> None:
            if isinstance(error, Meanwhile):
                words = presenter.meet(draft, error.now)
                self._show()
                self.form.complaint.say(words)
                return
            words = presenter.refused(error)
            self._show_state()
            self.form.show_faults(presenter.faults, words)

        self.act(phrase("Saving"), lambda progress: presenter.save(draft, body), done, failed)
        self._show_state()

    def _acted(self, made: V | None) -> None:
        """Read anew, and the one that was made is under the cursor where the list has it."""
        self.around.changes.tell(self.objectName(), 0)
        if made is not None and all(one.id != made.id for one in self.presenter.records):
            self.presenter.records = [made, *self.presenter.records]
        self._show()
        if made is not None:
            self.choose_again({made.id})
        self.list.setFocus()
        self.refresh()

    def ask_delete(self) -> None:
        """Asks once; the same key answers yes."""
        record = self.entry
        if record is None or self.is_busy:
            return
        question = phrase(
            "Delete {name}? Ctrl+Delete again deletes it, Esc leaves it.", name=self.presenter.name_of(record)
        )
        self.asking.ask(question, lambda: self._delete(record), about=("delete", record.id))

    def _delete(self, record: V) -> None:
        def done(said: str) -> None:
            self.presenter.deleted(record)
            self.note.say(said)
            self._acted(None)

        def failed(error: Exception) -> None:
            self.asking.refuse(self.presenter.refused(error))
            self._show_state()

        self.act(phrase("Deleting"), lambda progress: self.presenter.delete(record), done, failed)

    def carry_out(self, title: str, work: Callable[[], V], said: Callable[[V], str]) -> None:
        """An act of a subclass that answers the entry as it is now."""

        def done(made: V) -> None:
            self.presenter.replace(made)
            self.note.say(said(made))
            self._acted(made)

        def failed(error: Exception) -> None:
            self.asking.refuse(self.presenter.refused(error))
            self._show_state()

        self.act(title, lambda progress: work(), done, failed)
        self._show_state()

    def leave(self) -> None:
        """What is asked, then what is typed, then the search."""
        if self.asking.is_asking or self.asking.complaint.text():
            self.asking.leave()
        elif self._entering or (self.entry is not None and self.entry.id in self.presenter.drafts):
            self.presenter.forget(self.entry)
            self._entering = False
            self.form.clear_faults()
            self._show()
            self.note.say(phrase("Left as it was. Ctrl+Z brings back what you typed."))
        elif self.search.text():
            self.search.clear()
        self.list.setFocus()

    def recall(self) -> None:
        """What Esc took away from this entry, or from a new one."""
        record = self.list.current()
        if record is not None and self.presenter.recall(record.id):
            self._show()
        elif self.presenter.recall(NEW):
            self._entering = True
            self._show()
        else:
            self.note.say(phrase("There is nothing to bring back."))
            return
        self.note.say("")
        self._into_form()

    # The desk

    def load(self) -> Any:
        return self.presenter.load()

    def take(self, loaded: Any) -> None:
        self.presenter.take(loaded)

    def not_loaded(self, error: Exception) -> None:
        self.presenter.not_loaded(error)

    def leaving(self) -> str:
        if not self.presenter.drafts:
            return ""
        return phrase("{page}: what you typed is not saved.", page=phrase(self.title))


def _same(one: Any, other: Any) -> bool:
    return getattr(one, "id", 0) == getattr(other, "id", 0)


def _value(control: Any) -> Any:
    if isinstance(control, QComboBox):
        return control.currentData()
    if isinstance(control, QCheckBox):
        return control.isChecked()
    if isinstance(control, QLineEdit):
        return control.text()
    return control.value()


def _put_into(control: Any, value: Any) -> None:
    if isinstance(control, QComboBox):
        control.setCurrentIndex(control.findData(value))
    elif isinstance(control, QCheckBox):
        control.setChecked(bool(value))
    elif isinstance(control, QLineEdit):
        control.setText(value)
    else:
        control.put(value)
