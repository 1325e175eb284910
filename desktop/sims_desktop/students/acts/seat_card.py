"""Ctrl+N: a part of the course's code or title, Enter into the sections found, Enter there takes the seat."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QVBoxLayout

from sims_desktop.client.student_acts import FOUND
from sims_desktop.kit import theme
from sims_desktop.kit.asking import push_button, text_label
from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.page import Page
from sims_desktop.kit.tables import Field, RecordModel, RecordView
from sims_desktop.kit.tasks import Task
from sims_desktop.kit.wording import left_to_right, plural
from sims_desktop.students.acts.card import Card, Choice
from sims_desktop.students.acts.seats import KINDS, LEAST_LETTERS, Seat, SeatPresenter
from sims_desktop.students.acts.wishes import is_moved, no_in_words
from sims_shared.record import RecordView as Record

PAUSE_MS = 250
LINES = 10  # of the list that are in sight, where there is room


class SeatCard(Card):
    """Where a rule stands against it that the registrar may set aside, Ctrl+O asks for the reason."""

    def __init__(self, page: Page, presenter: SeatPresenter) -> None:
        super().__init__(page, "student_seat")
        self.presenter = presenter
        self._seeking: Task | None = None
        self._wants_list = False
        self._override = ""
        self._refused: Seat | None = None
        self._why_not = ""
        self._build()
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self.seek)
        self.search.textEdited.connect(lambda _: self._pause.start())
        self.search.returnPressed.connect(self._enter)
        self.list.opened.connect(lambda seat: self.enroll(seat))
        self.list.selectionModel().currentRowChanged.connect(lambda *_: self._another())
        self.reason.returnPressed.connect(self.enroll_all_the_same)
        add = page.add_action
        add("student.seat_into", later("Into the sections found"), "Down", self._into, self.search)
        if presenter.rights.override:
            add("student.seat_aside", later("Enroll all the same"), "Ctrl+O", self.ask_reason, self)

    def _build(self) -> None:
        wide = self.fontMetrics().averageCharWidth()
        self.search = QLineEdit(self)
        self.search.setObjectName("student_seat_search")
        self.search.setAccessibleName(phrase("Course to enroll in, by code or title"))
        self.search.setPlaceholderText(phrase("Course code or title"))
        self.kind, self.registration = Choice(self), Choice(self)
        for kind, words in KINDS.items():
            self.kind.addItem(phrase(words), kind)
        top = QHBoxLayout()
        top.addWidget(self.search, 1)
        for name, label, box in (
            ("student_seat_kind", phrase("&Kind"), self.kind),
            ("student_seat_registration", phrase("Re&gistration"), self.registration),
        ):
            box.setObjectName(name)
            box.setAccessibleName(label.replace("&", ""))
            title = QLabel(label, self)
            title.setBuddy(box)
            top.addWidget(title)
            top.addWidget(box)
        self._registration_label = title
        self.said = text_label("student_seat_said", self)
        self.model: RecordModel[Seat] = RecordModel(
            [
                Field(later("Course"), lambda one: f"{left_to_right(one.course)}", wide * 34),
                Field(later("Section"), lambda one: one.section.code, wide * 9),
                Field(later("Seats"), lambda one: one.seats, wide * 12),
                Field(later("Teacher"), lambda one: one.teachers, wide * 22),
                Field(later("Term"), lambda one: one.when, wide * 28),
            ],
            tint=_tint,
        )
        self.list: RecordView[Seat] = RecordView(self.model, "student_seat_list", parent=self)
        self.list.setAccessibleName(phrase("Sections found; Enter enrolls"))
        self.complaint = Complaint(self)
        self.complaint.setObjectName("student_seat_complaint")
        self.reason = QLineEdit(self)
        self.reason.setObjectName("student_seat_reason")
        self.reason.setAccessibleName(phrase("Why all the same; it stays on record"))
        self.reason.setPlaceholderText(
            phrase("Why all the same; Enter enrolls, and the reason stays on record")
        )
        self.reason.setMaxLength(2000)
        self.aside = push_button(
            self, "student_seat_aside", self.ask_reason, phrase("Enroll all the same (Ctrl+O)")
        )
        below = QHBoxLayout()
        below.addWidget(self.reason, 1)
        below.addWidget(self.aside)
        below.addStretch(0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.addLayout(top)
        layout.addWidget(self.said)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.complaint)
        layout.addLayout(below)
        self.setFocusProxy(self.search)
        self._offer("")

    def begin(self, record: Record) -> None:
        nobody = phrase("No registration of this student may enroll.")
        if not self.presenter.registrations:
            self.complaint.say(nobody)
        elif self.complaint.text() == nobody:
            self.complaint.say("")
        if not self.search.text():
            self._show([])
        self.search.setFocus()
        self.search.selectAll()

    def take(self, record: Record) -> None:
        self.presenter.record = record
        self.presenter.forget_terms()
        chosen = self.registration.currentData()
        self.registration.clear()
        for one in self.presenter.registrations:
            self.registration.addItem(left_to_right(one.reg_no), one.id)
        self.registration.setCurrentIndex(max(0, self.registration.findData(chosen)))
        for part in (self.registration, self._registration_label):
            part.setVisible(self.registration.count() > 1)

    # Finding

    def seek(self, then: Callable[[], object] = lambda: None) -> None:
        self._pause.stop()
        words = self.search.text().strip()
        if len(words) < LEAST_LETTERS:
            self._wants_list = False
            self._show([])
            return

        def done(found: list[Seat]) -> None:
            self._seeking = None
            goes, self._wants_list = self._wants_list, False
            self._show(found)
            if goes:
                self._into()
            then()

        def failed(error: Exception) -> None:
            self._seeking = None
            self._wants_list = False
            self.complaint.say(no_in_words(error))

        if self._seeking is not None:
            self._seeking.cancel()
        self._seeking = self.page.around.tasks.run(
            lambda progress: self.presenter.find(words), done, failed, owner=self
        )

    def _show(self, found: list[Seat]) -> None:
        here = self.list.currentIndex().row()
        self.model.set_records(found)
        if 0 <= here < len(found):
            self.list.selectRow(here)
        self.list.setVisible(bool(found))
        self.fit()
        many = plural(len(found), "section")
        if len(found) >= FOUND:
            self.said.setText(phrase("The first {sections}; type more of the course.", sections=many))
        elif found:
            self.said.setText(phrase("{sections}. Enter goes to them, Enter on one enrolls.", sections=many))
        elif len(self.search.text().strip()) < LEAST_LETTERS:
            self.said.setText(phrase("Type a part of the course's code or title."))
        else:
            self.said.setText(phrase("No section of an open term is called that."))

    def _enter(self) -> None:
        self._wants_list = True
        self.seek()

    def _into(self) -> None:
        if self.model.rowCount():
            if self.list.current() is None:
                self.list.selectRow(0)
            self.list.setFocus()

    # Taking the seat

    def enroll(self, seat: Seat | None, override: str = "", reason: str = "") -> None:
        if seat is None or self.is_busy:
            return
        self.complaint.say("")
        kind, registration = str(self.kind.currentData()), self.registration.currentData()

        def done(words: str) -> None:
            self._offer("")
            self.reason.clear()
            self.kind.setCurrentIndex(0)
            self.search.setFocus()
            self.search.selectAll()
            self.seek()
            self.done.emit(words)

        def failed(error: Exception) -> None:
            no = self.presenter.why_not_seat(error, override)
            self._refused = seat
            self._offer(no.override or override)
            self._why_not = no.words
            self.complaint.say(no.words)
            if is_moved(error):
                self.moved.emit()

        work = partial(self.presenter.enroll, seat, registration, kind, override, reason)
        self.act(phrase("Enrolling"), work, done, failed)

    def ask_reason(self) -> None:
        if not self._override:
            self.complaint.say(phrase("There is nothing to set aside: Enter on a section enrolls."))
            return
        self.reason.show()
        self.aside.hide()
        self.reason.setFocus()

    def enroll_all_the_same(self) -> None:
        if not self.reason.text().strip():
            needs = phrase("Setting a rule aside needs its reason.")
            self.complaint.say(f"{self._why_not} {needs}")
        elif self._override and self._refused is not None:
            self.enroll(self._refused, self._override, self.reason.text())

    def _offer(self, override: str) -> None:
        """What may be set aside now; with nothing, neither line nor button."""
        typing = bool(override) and override == self._override and self.reason.isVisible()
        self._override = override
        self.reason.setVisible(typing)
        self.aside.setVisible(bool(override) and not typing)

    def _another(self) -> None:
        if self._refused is not None and self.list.current() != self._refused:
            self._refused = None
            self.complaint.say("")
            self._offer("")

    @property
    def height_wished(self) -> int:
        """Some lines of the list, however many were found."""
        lines = min(max(self.model.rowCount(), 4), LINES) + 2
        return self.minimumSizeHint().height() + lines * self.list.verticalHeader().defaultSectionSize()

    @property
    def unsaid(self) -> str:
        if self.reason.text().strip():
            return phrase("The seat that you gave a reason for is not taken.")
        return ""

    def recolour(self) -> None:
        self.complaint.say(self.complaint.text())


def _tint(seat: Seat) -> QColor | None:
    if seat.is_full:
        return theme.tint("conflict")
    return theme.tint("closed") if seat.term.status != "open" else None
