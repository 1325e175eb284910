"""Lending one's role on screen: what is lent on the left, the form that lends on the right."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial

from PySide6.QtCore import QDate
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QComboBox,
    QDateEdit,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from sims_desktop.delegations.presenter import DelegationsPresenter, Loaded, state_words
from sims_desktop.kit import theme
from sims_desktop.kit.asking import push_button, row_of, text_label
from sims_desktop.kit.days import DayField
from sims_desktop.kit.desk import Desk
from sims_desktop.kit.forms import Complaint, Form
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.tables import Field, RecordModel, RecordView
from sims_shared.access import ColleagueView, DelegationView

A_WEEK = 7


class DelegationsPage(Desk[Loaded]):
    """Enter finds the colleague, Ctrl+Enter lends, R takes back what is chosen on the left."""

    title = later("While I am away")
    guide = "head#while-you-are-away"

    def __init__(
        self, around: Surroundings, presenter: DelegationsPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(around, "delegations", parent)
        self.presenter = presenter
        self._build()
        add = self.add_action
        add("delegations.find", later("Find a colleague"), "Ctrl+L", self._to_search)
        add("delegations.lend", later("Lend it"), ("Ctrl+Return", "Ctrl+Enter"), self.lend)
        add("delegations.back", later("Take back what is chosen"), "R", self.take_back, self.list)
        add("delegations.refresh", later("Ask the server again"), "F5", self.refresh)
        presenter.on_change = self._show
        around.theme.changed.connect(self._show)
        self._show()

    def _build(self) -> None:
        wide = self.fontMetrics().averageCharWidth()
        self.summary = text_label("delegations_summary", self, larger=True)
        words = self.presenter.department_words
        self.model: RecordModel[DelegationView] = RecordModel(
            [
                Field(later("Lent by"), lambda one: one.by.name, wide * 14),
                Field(later("To"), lambda one: one.to.name, wide * 14),
                Field(
                    later("Role"), lambda one: f"{phrase(one.role)}, {words(one.department_id)}", wide * 12
                ),
                Field(later("From"), lambda one: one.from_date.isoformat(), wide * 11),
                Field(later("Until"), lambda one: one.until_date.isoformat(), wide * 11),
                Field(later("State"), lambda one: state_words(one, self._today), 0),
            ],
            tint=self._tint,
        )
        self.list = RecordView(self.model, "delegations_list", parent=self)
        self.list.setAccessibleName(phrase("What is lent"))
        self.nothing = text_label("delegations_nothing", self)
        self.back_button = push_button(self, "delegations_back", self.take_back, phrase("Take back (R)"))
        self.search = QLineEdit(self)
        self.search.setPlaceholderText(phrase("A part of the name; Enter finds"))
        self.search.returnPressed.connect(self.find_colleagues)
        self.colleague = QComboBox(self)
        self.role = QComboBox(self)
        self.department = QComboBox(self)
        for box in (self.colleague, self.role, self.department):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.first, self.last = self._day(0), self._day(A_WEEK)
        self.reason = QLineEdit(self)
        self.reason.setMaxLength(2000)
        self.form = Form(self)
        for name, label, control in (
            ("search", later("&Find"), self.search),
            ("to", later("&Colleague"), self.colleague),
            ("role", later("&Role"), self.role),
            ("department_id", later("&Department"), self.department),
            ("from", later("From, &inclusive"), self.first),
            ("until", later("&Until, inclusive"), self.last),
            ("reason", later("&Why"), self.reason),
        ):
            self.form.add(name, label, control)
        self.lend_button = push_button(self, "delegations_lend", self.lend, phrase("Lend it (Ctrl+Enter)"))
        self.about = text_label("delegations_about", self)
        self.about.setText(
            phrase(
                "Your colleague acts under their own name from the first day to the last, and it ends by "
                "itself. They cannot lend it on, and cannot decide what you or they asked for."
            )
        )
        self.complaint = Complaint(self)
        self.complaint.setObjectName("delegations_complaint")
        self.note = Note(self)
        left, right = QWidget(self), QWidget(self)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.nothing)
        column.addWidget(self.list, 1)
        column.addWidget(self.complaint)
        column.addLayout(row_of([self.back_button]))
        column.addStretch(0)
        form = QVBoxLayout(right)
        form.setContentsMargins(8, 0, 0, 0)
        form.addWidget(self.about)
        form.addWidget(self.form)
        form.addLayout(row_of([self.lend_button]))
        form.addStretch(1)
        self.split = self.split_of("delegations_split", left, right, (550, 450))
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addWidget(self.split, 1)
        layout.addWidget(self.note)
        self.setFocusProxy(self.search)

    @property
    def _today(self) -> date:
        return self.around.now().astimezone().date()

    def _day(self, ahead: int) -> DayField:
        edit = DayField(self)
        day = self._today + timedelta(days=ahead)
        edit.setMinimumDate(QDate(self._today.year, self._today.month, self._today.day))
        edit.setDate(QDate(day.year, day.month, day.day))
        return edit

    # Showing

    def _tint(self, one: DelegationView) -> QColor | None:
        return theme.tint("waiting") if one.in_force else theme.tint("closed")

    def _show(self) -> None:
        self.summary.setText(self.presenter.sentence)
        loaded = self.presenter.loaded
        lines = list(loaded.delegations) if loaded else []
        self.list.follow(lines, lambda one: one.id)
        self.list.setVisible(bool(lines))
        self.back_button.setVisible(bool(lines))
        self.nothing.setVisible(not lines)
        self.nothing.setText(phrase("You have lent nothing, and nobody lent you anything.") if loaded else "")
        if loaded is not None and not self.role.count():
            for role in loaded.roles:
                self.role.addItem(phrase(role), role)
            for department in loaded.departments:
                self.department.addItem(f"{department.code} {department.name}", department.id)
        self.lend_button.setEnabled(not self.is_busy and loaded is not None)

    # Acts

    def _to_search(self) -> None:
        self.search.setFocus()
        self.search.selectAll()

    def find_colleagues(self) -> None:
        words = self.search.text().strip()
        if not words:
            return

        def done(found: list[ColleagueView]) -> None:
            self.colleague.clear()
            for one in found:
                self.colleague.addItem(f"{one.name} ({one.username})", one)
            self.form.clear_faults()
            if found:
                self.colleague.setFocus()
            else:
                self.form.complaint.say(phrase("No colleague is called that."))

        def failed(error: Exception) -> None:
            self.form.complaint.say(self.presenter.refused(error))

        self.around.tasks.run(lambda progress: self.presenter.find(words), done, failed, owner=self)

    def lend(self) -> None:
        if self.is_busy:
            return
        first = _date(self.first)
        wish = self.presenter.check(
            self.colleague.currentData(),
            str(self.role.currentData() or ""),
            self.department.currentData(),
            first if first > self._today else None,
            _date(self.last),
            self.reason.text(),
        )
        if wish is None:
            self.form.show_faults(self.presenter.faults)
            return
        self.form.clear_faults()

        def said(words: str) -> None:
            self.reason.clear()
            self.search.clear()
            self.colleague.clear()

        def refused(words: str) -> None:
            self.form.show_faults(self.presenter.faults, words)

        self._act(partial(self.presenter.lend, wish), said, refused, phrase("Lending"))

    def take_back(self) -> None:
        chosen = self.list.current()
        refusal = self.presenter.why_not_back(chosen)
        self.complaint.say(refusal)
        if not refusal and chosen is not None and not self.is_busy:
            work = partial(self.presenter.take_back, chosen)
            self._act(work, lambda words: None, self.complaint.say, phrase("Taking back"))

    def _act(
        self,
        work: Callable[[], str],
        said: Callable[[str], None],
        refused: Callable[[str], None],
        title: str,
    ) -> None:
        def done(words: str) -> None:
            said(words)
            self.note.say(words)
            self.refresh()

        def failed(error: Exception) -> None:
            refused(self.presenter.refused(error))
            self.refresh()

        self.act(title, lambda progress: work(), done, failed)
        self._show()

    def leaving(self) -> str:
        return phrase("What you began to lend is not lent.") if self.reason.text().strip() else ""


def _date(edit: QDateEdit) -> date:
    edit.interpretText()
    chosen = edit.date()
    return date(chosen.year(), chosen.month(), chosen.day())
