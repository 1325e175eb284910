"""N: the person's own fields. Ctrl+Enter saves what differs; another name is asked for with its proof, and it
is said first what carries the old one."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QFileDialog, QLineEdit, QVBoxLayout, QWidget

from sims_desktop.kit.asking import colour, push_button, row_of, text_label
from sims_desktop.kit.forms import Form
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.page import Page
from sims_desktop.students.acts.card import SEND, Card, scrolling
from sims_desktop.students.acts.person import LABELS, PersonPresenter, is_stale
from sims_shared.naming import NameCorrectionView
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
            if name == "name_native":  # what another name needs stands below it
                self._add_proof(inside)
        self.lines["name"].textEdited.connect(lambda _: self._show_proof())
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
        page.add_action(
            "student.person_proof", later("Choose the scan of the proof"), "Ctrl+O", self.choose, self
        )
        self._show_proof()
        self._say("")

    def _add_proof(self, inside: QWidget) -> None:
        self.reason, self.evidence = QLineEdit(inside), QLineEdit(inside)
        self.reason.setMaxLength(2000)
        self.evidence.setPlaceholderText(phrase("Ctrl+O chooses the scan"))
        self.form.add("reason", later("&Why another name"), self.reason)
        self.form.add("evidence", later("&Scan of the proof"), self.evidence)

    def fit(self) -> None:
        """No line is squeezed for another one's fault: what does not fit is scrolled."""
        self._inside.setMinimumHeight(max(0, self._inside.heightForWidth(self._inside.width())))
        super().fit()

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
            self._show_proof()
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

    def _show_proof(self) -> None:
        """Asked for with another name, and only then."""
        renamed = self.presenter.base is not None and self.presenter.is_renamed(self.typed)
        for name in ("reason", "evidence"):
            self.form.show_row(name, renamed)
        self.fit()

    def choose(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, phrase("The scan of the paper that proves the name"), "")
        if path:
            self.evidence.setText(path)
            self.evidence.setFocus()

    def save(self) -> None:
        if self.is_busy or self.presenter.base is None:
            return
        typed = self.typed
        if not self.presenter.changes(typed):
            self._say(phrase("Nothing is changed."))
            return
        renamed, proof = self.presenter.is_renamed(typed), None
        is_good = self.presenter.check(typed)
        if renamed:
            proof = self.presenter.read_proof(self.reason.text(), self.evidence.text())
        if not is_good or (renamed and proof is None):
            self.form.show_faults(self.presenter.faults)
            self.fit()
            return
        self.form.clear_faults()
        consequence = self.presenter.name_words(typed)
        if consequence and self._agreed != typed["name"]:
            self._agreed = typed["name"]
            once_more = phrase("Ctrl+Enter once more asks a second person for the name.")
            self._say(f"{consequence} {once_more}")
            return
        if self.presenter.rest(typed):
            self._save_rest(typed, proof)
        elif proof is not None:
            self._ask_for_name(typed, proof)

    def _save_rest(self, typed: dict[str, str], proof: tuple[str, bytes] | None) -> None:
        def done(saved: tuple[StudentView, str]) -> None:
            self.presenter.take(saved)
            if proof is not None:
                self._ask_for_name(typed, proof)
            else:
                self._over(phrase("Saved: {name}.", name=saved[0].name))

        def failed(error: Exception) -> None:
            if is_stale(error):
                self._meet()
            else:
                self._failed(error)

        self.act(phrase("Saving"), partial(self.presenter.save, typed), done, failed)

    def _ask_for_name(self, typed: dict[str, str], proof: tuple[str, bytes]) -> None:
        def done(asked: NameCorrectionView) -> None:
            self.page.around.changes.tell("names", asked.student_id)
            self._over(phrase("Asked for: {name}. Another person confirms it.", name=asked.name))

        ask = partial(self.presenter.ask_for_name, typed, self.reason.text(), proof)
        self.act(phrase("Asking for another name"), ask, done, self._failed)

    def _over(self, said: str) -> None:
        self.presenter.base = None
        self._fill(dict.fromkeys(self.lines, ""))
        self.reason.clear()
        self.evidence.clear()
        self._agreed = ""
        self._show_proof()
        self._say("")
        self.hide()
        self.done.emit(said)

    def _meet(self) -> None:
        """Theirs, with mine kept where both changed the same."""
        before = self.presenter.base
        assert before is not None

        def done(theirs: tuple[StudentView, str]) -> None:
            texts = self.presenter.meet(theirs, self.typed)
            self._fill(texts)
            self._show_proof()
            self._agreed = ""
            self.form.show_faults(self.presenter.faults)
            self._say(self.presenter.meeting_words(before))
            self.moved.emit()

        self.act(phrase("Reading the person"), self.presenter.load, done, self._failed)

    def _failed(self, error: Exception) -> None:
        words = self.presenter.refused(error)
        self.form.show_faults(self.presenter.faults, words)
        self.fit()

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
