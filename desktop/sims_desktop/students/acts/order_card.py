"""T: an order about a registration. Enter shows in words what follows, Ctrl+Enter gives exactly that."""

from __future__ import annotations

from datetime import date
from functools import partial

from PySide6.QtCore import QDate
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from sims_desktop.kit.asking import push_button, row_of, text_label
from sims_desktop.kit.check_boxes import CheckBox
from sims_desktop.kit.days import DayField
from sims_desktop.kit.forms import Form
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.page import Page
from sims_desktop.kit.wording import left_to_right, plural, status_words
from sims_desktop.students.acts.card import SEND, Card, Choice, scrolling
from sims_desktop.students.acts.orders import STATUSES, Order, OrderPresenter
from sims_desktop.students.acts.wishes import is_moved, no_in_words
from sims_shared.record import RecordView as Record
from sims_shared.record import StatusOrderForeseen


class OrderCard(Card):
    """Whatever is changed after the words were shown takes them away: they were about something else."""

    def __init__(self, page: Page, presenter: OrderPresenter) -> None:
        super().__init__(page, "student_order")
        self.presenter = presenter
        self._foreseen: tuple[Order, StatusOrderForeseen] | None = None
        self._build()
        add = page.add_action
        add("student.order_foresee", later("What would follow"), ("Return", "Enter"), self.foresee, self)
        add("student.order_give", later("Give the order"), SEND, self.give, self)

    def _build(self) -> None:
        inside = self._inside = QWidget(self)
        self.registration, self.status = Choice(inside), Choice(inside)
        self.day = DayField(inside)
        self.order_no, self.reason = QLineEdit(inside), QLineEdit(inside)
        self.order_no.setMaxLength(80)
        self.reason.setMaxLength(2000)
        self.form = Form(inside)
        for name, label, control in (
            ("id", later("Re&gistration"), self.registration),
            ("status", later("&Becomes"), self.status),
            ("effective_on", later("&From"), self.day),
            ("order_no", later("&Order number"), self.order_no),
            ("reason", later("&Why"), self.reason),
        ):
            self.form.add(name, label, control)
        self.form.setObjectName("student_order_form")
        self.withdraws = CheckBox(inside)
        self.withdraws.setObjectName("student_order_withdraws")
        self.withdraws.setChecked(True)
        self.withdraws.toggled.connect(lambda _: self._show())
        self.words = text_label("student_order_words", inside)
        self.past = text_label("student_order_past", inside)
        self.give_button = push_button(inside, "student_order_give", self.give)
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 4, 0, 0)
        column.addWidget(self.form)
        column.addWidget(self.withdraws)
        column.addWidget(self.words)
        column.addLayout(row_of([self.give_button]))
        column.addWidget(self.past)
        column.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scrolling(inside, self, "student_order_area"))
        self._today()
        for box in (self.registration, self.status):
            box.currentIndexChanged.connect(lambda _: self._forget())
        self.registration.currentIndexChanged.connect(lambda _: self._turn())
        self.day.dateChanged.connect(lambda _: self._forget())
        for line in (self.order_no, self.reason):
            line.textChanged.connect(lambda _: self._forget())
        self.setFocusProxy(self.status)
        self._show()

    def begin(self, record: Record) -> None:
        self.status.setFocus()
        self._read_past()

    def _turn(self) -> None:
        """Another registration."""
        self._fill_statuses()
        if self.isVisible():
            self._read_past()

    def _read_past(self) -> None:
        """Beneath the form, when it arrives; an order can be given without it."""
        here = self.registration.currentData()
        self.past.setText("")
        if here is None:
            return

        def done(lines: list[str]) -> None:
            if here == self.registration.currentData():
                self.past.setText("\n".join(lines) or phrase("No order was given so far."))
                self.fit()

        def failed(error: Exception) -> None:
            if here == self.registration.currentData():
                self.past.setText(no_in_words(error))

        self.page.around.tasks.run(lambda progress: self.presenter.read_past(here), done, failed, owner=self)

    def take(self, record: Record) -> None:
        self.presenter.record = record
        chosen, wanted = self.registration.currentData(), self.status.currentData()
        self.registration.blockSignals(True)
        self.registration.clear()
        for one in self.presenter.registrations:
            self.registration.addItem(f"{left_to_right(one.reg_no)} · {status_words(one.status)}", one.id)
        self.registration.setCurrentIndex(max(0, self.registration.findData(chosen)))
        self.registration.blockSignals(False)
        self.form.show_row("id", self.registration.count() > 1)
        self._fill_statuses()
        self.status.setCurrentIndex(max(0, self.status.findData(wanted)))
        self._forget()

    def _fill_statuses(self) -> None:
        """Every status but the present one; which may follow it the server says."""
        here = self.registration.currentData()
        present = next((one.status for one in self.presenter.registrations if one.id == here), "")
        self.status.clear()
        self.status.addItem("–", "")
        for status in STATUSES:
            if status != present:
                self.status.addItem(status_words(status), status)

    def _today(self) -> None:
        today = self.page.around.now().astimezone().date()
        self.day.setDate(QDate(today.year, today.month, today.day))

    # What follows

    def foresee(self) -> None:
        order = self._checked()
        if order is None or self.is_busy:
            return

        def done(foreseen: StatusOrderForeseen) -> None:
            self._foreseen = (order, foreseen)
            self._show()

        self.act(phrase("Looking ahead"), partial(self.presenter.foresee, order), done, self._failed)

    def give(self) -> None:
        """Twice: the first shows what follows."""
        order = self._checked()
        if order is None or self.is_busy:
            return
        if self._foreseen is None or self._foreseen[0] != order:
            self.foresee()
            return
        foreseen = self._foreseen[1]
        withdraws = self.withdraws.isChecked() and self.presenter.offers_ending(order, foreseen)

        def done(words: str) -> None:
            self.order_no.clear()
            self.reason.clear()
            self.status.setCurrentIndex(0)
            self.withdraws.setChecked(True)
            self._today()
            self.hide()
            self.done.emit(words)

        work = partial(self.presenter.give, order, foreseen, withdraws)
        self.act(phrase("Giving the order"), work, done, self._failed)
        self._show()

    def _failed(self, error: Exception) -> None:
        words = self.presenter.refused(error)
        self._forget()
        self.form.show_faults(self.presenter.faults, words)
        if is_moved(error):
            self.moved.emit()

    def _checked(self) -> Order | None:
        self.day.interpretText()
        chosen = self.day.date()
        order = self.presenter.check(
            self.registration.currentData(),
            str(self.status.currentData() or ""),
            date(chosen.year(), chosen.month(), chosen.day()),
            self.order_no.text(),
            self.reason.text(),
        )
        if order is None:
            self.form.show_faults(self.presenter.faults)
        else:
            self.form.clear_faults()
        return order

    def _forget(self) -> None:
        self._foreseen = None
        self._show()

    def _show(self) -> None:
        known = self._foreseen
        offers = known is not None and self.presenter.offers_ending(*known)
        self.withdraws.setVisible(offers)
        if known is None:
            self.words.setText(phrase("Enter shows what would follow; nothing is done by that."))
            self.give_button.setText(phrase("What would follow? (Enter)"))
        else:
            many = plural(len(self.presenter.endable(known[1])), "running enrollment")
            self.withdraws.setText(phrase("Turn {enrollments} &into W", enrollments=many))
            lines = self.presenter.consequences(*known, self.withdraws.isChecked() and offers)
            self.words.setText("\n".join(lines))
            self.give_button.setText(phrase("Give the order (Ctrl+Enter)"))
        self.words.setAccessibleName(self.words.text())
        self.fit()

    @property
    def height_wished(self) -> int:
        width = self.width()
        return max(self._inside.sizeHint().height(), self._inside.heightForWidth(width)) + 4

    @property
    def unsaid(self) -> str:
        typed = self.order_no.text().strip() or self.reason.text().strip()
        return phrase("The order that you began is not given.") if typed else ""
