"""N: the person's own fields. Ctrl+Enter saves what differs; of another name it says first what carries the
old one."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from sims_desktop.kit.asking import colour, push_button, row_of, text_label
from sims_desktop.kit.forms import Form
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.page import Page
from sims_desktop.students.acts.card import SEND, Card, scrolling
from sims_desktop.students.acts.person import LABELS, PersonPresenter, is_stale
from sims_shared.people import StudentView
from sims_shared.record import RecordView as Record


class PersonCard(Card):
    """Opened, it reads the person anew, so that what it compares with is what the server has."""

    def __init__(self, page: Page, presenter: PersonPresenter) -> None:
        super().__init__(page, "student_person")
        self.presenter = presenter
        self._agreed = ""  # the name whose consequences were shown
        inside = self._inside = QWidget(self)
        self.lines: dict[str, QLineEdit] = {}
        self.form = Form(inside)
        self.form.setObjectName("student_person_form")
        for name, label in LABELS.items():
            line = QLineEdit(inside)
            line.setMaxLength(500)
            line.textEdited.connect(lambda _: self._say(""))
            self.lines[name] = line
            self.form.add(name, label, line)
        self.words = text_label("student_person_words", inside)
        self.save_button = push_button(inside, "student_person_save", self.save, phrase("Save (Ctrl+Enter)"))
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 4, 0, 0)
        column.addWidget(self.form)
        column.addWidget(self.words)
        column.addLayout(row_of([self.save_button]))
        column.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scrolling(inside, self, "student_person_area"))
        self.setFocusProxy(self.lines["name"])
        page.add_action("student.person_save", later("Save the person's fields"), SEND, self.save, self)
        self._say("")

    @property
    def typed(self) -> dict[str, str]:
        return {name: self.lines[name].text() for name in self.presenter.fields}

    def begin(self, record: Record) -> None:
        self.lines["name"].setFocus()
        if self.unsaid:
            return  # put away with something typed: it stands there still
        self._agreed = ""
        self.form.clear_faults()

        def done(read: tuple[StudentView, str]) -> None:
            self.presenter.take(read)
            self._fill({name: self.presenter.text(name) for name in self.presenter.fields})
            for name in LABELS:
                self.form.show_row(name, name in self.presenter.fields)
            self.lines["name"].setFocus()
            self.lines["name"].selectAll()

        self.act(phrase("Reading the person"), self.presenter.load, done, self._failed)

    def take(self, record: Record) -> None:
        self.presenter.record = record

    def _fill(self, texts: dict[str, str]) -> None:
        for name, text in texts.items():
            self.lines[name].setText(text)
            self.lines[name].setCursorPosition(0)

    def save(self) -> None:
        if self.is_busy or self.presenter.base is None:
            return
        typed = self.typed
        if not self.presenter.changes(typed):
            self._say(phrase("Nothing is changed."))
            return
        if not self.presenter.check(typed):
            self.form.show_faults(self.presenter.faults)
            return
        self.form.clear_faults()
        consequence = self.presenter.name_words(typed)
        if consequence and self._agreed != typed["name"]:
            self._agreed = typed["name"]
            once_more = phrase("Ctrl+Enter once more changes the name.")
            self._say(f"{consequence} {once_more}")
            return

        def done(saved: StudentView) -> None:
            self.presenter.base = None
            self._fill(dict.fromkeys(self.lines, ""))
            self._agreed = ""
            self._say("")
            self.hide()
            self.done.emit(phrase("Saved: {name}.", name=saved.name))

        def failed(error: Exception) -> None:
            if is_stale(error):
                self._meet()
            else:
                self._failed(error)

        self.act(phrase("Saving"), partial(self.presenter.save, typed), done, failed)

    def _meet(self) -> None:
        """Theirs, with mine kept where both changed the same."""
        before = self.presenter.base
        assert before is not None

        def done(theirs: tuple[StudentView, str]) -> None:
            texts = self.presenter.meet(theirs, self.typed)
            self._fill(texts)
            self._agreed = ""
            self.form.show_faults(self.presenter.faults)
            self._say(self.presenter.meeting_words(before))
            self.moved.emit()

        self.act(phrase("Reading the person"), self.presenter.load, done, self._failed)

    def _failed(self, error: Exception) -> None:
        words = self.presenter.refused(error)
        self.form.show_faults(self.presenter.faults, words)

    def _say(self, words: str) -> None:
        self.words.setText(words)
        self.words.setAccessibleName(words)
        self.words.setVisible(bool(words))
        colour(self.words, "conflict")
        self.fit()

    @property
    def height_wished(self) -> int:
        width = self.width()
        return max(self._inside.sizeHint().height(), self._inside.heightForWidth(width)) + 4

    @property
    def unsaid(self) -> str:
        changed = self.presenter.base is not None and self.presenter.changes(self.typed)
        return phrase("What you changed of the person is not saved.") if changed else ""

    def recolour(self) -> None:
        self._say(self.words.text())
