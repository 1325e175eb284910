"""Lending one's role on screen: what is lent on the left, the form that lends on the right."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial

from PySide6.QtCore import QDate, QLocale, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QComboBox,
    QDateEdit,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from sims_desktop.approvals.page import text_label
from sims_desktop.delegations.presenter import DelegationsPresenter, Loaded, state_words
from sims_desktop.kit import theme
from sims_desktop.kit.forms import Complaint, Form
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Page, Surroundings
from sims_desktop.kit.tables import Field, RecordModel, RecordView
from sims_desktop.kit.tasks import Task
from sims_shared.access import ColleagueView, DelegationView

FRESH = timedelta(seconds=30)
A_WEEK = 7


class DelegationsPage(Page):
    """Enter finds the colleague, Ctrl+Enter lends, R takes back what is chosen on the left."""

    title = later("While I am away")
    guide = "head#while-you-are-away"

    def __init__(
        self, around: Surroundings, presenter: DelegationsPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(around, "delegations", parent)
        self.presenter = presenter
        self._task: Task | None = None
        self._loading: Task | None = None
        self._refreshed: datetime | None = None
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
        self.back_button = QPushButton(phrase("Take back (R)"), self)
        self.back_button.setObjectName("delegations_back")
        self.back_button.clicked.connect(lambda checked=False: self.take_back())
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
        self.lend_button = QPushButton(phrase("Lend it (Ctrl+Enter)"), self)
        self.lend_button.setObjectName("delegations_lend")
        self.lend_button.clicked.connect(lambda checked=False: self.lend())
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
        beneath = QHBoxLayout()
        beneath.addWidget(self.back_button)
        beneath.addStretch(1)
        column.addLayout(beneath)
        column.addStretch(0)
        form = QVBoxLayout(right)
        form.setContentsMargins(8, 0, 0, 0)
        form.addWidget(self.about)
        form.addWidget(self.form)
        row = QHBoxLayout()
        row.addWidget(self.lend_button)
        row.addStretch(1)
        form.addLayout(row)
        form.addStretch(1)
        self.split = QSplitter(Qt.Orientation.Horizontal, self)
        self.split.setObjectName("delegations_split")
        self.split.addWidget(left)
        self.split.addWidget(right)
        self.split.setSizes([550, 450])
        self.split.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addWidget(self.split, 1)
        layout.addWidget(self.note)
        self.setFocusProxy(self.search)

    @property
    def _today(self) -> date:
        return self.around.now().astimezone().date()

    def _day(self, ahead: int) -> QDateEdit:
        edit = QDateEdit(self)
        edit.setCalendarPopup(True)
        edit.setDisplayFormat("yyyy-MM-dd")
        edit.setLocale(QLocale.c())
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
        self.model.set_records(lines)
        self.list.setVisible(bool(lines))
        self.back_button.setVisible(bool(lines))
        self.nothing.setVisible(not lines)
        self.nothing.setText(phrase("You have lent nothing, and nobody lent you anything.") if loaded else "")
        if lines and not self.list.selectionModel().hasSelection():
            self.list.selectRow(0)
        if loaded is not None and not self.role.count():
            for role in loaded.roles:
                self.role.addItem(phrase(role), role)
            for department in loaded.departments:
                self.department.addItem(f"{department.code} {department.name}", department.id)
        self.lend_button.setEnabled(self._task is None and loaded is not None)

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
        if self._task is not None:
            return
        wish = self.presenter.check(
            self.colleague.currentData(),
            str(self.role.currentData() or ""),
            self.department.currentData(),
            _date(self.first),
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
        if not refusal and chosen is not None and self._task is None:
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
            self._task = None
            said(words)
            self.note.say(words)
            self.refresh()

        def failed(error: Exception) -> None:
            self._task = None
            refused(self.presenter.refused(error))
            self.refresh()

        self._task = self.around.tasks.run(lambda progress: work(), done, failed, title=title, owner=self)
        self._task.ended.connect(self._ended)
        self._show()

    def _ended(self) -> None:
        if self._task is not None and self._task.is_over:
            self._task = None
            self.refresh()

    def refresh(self) -> None:
        if self._loading is not None:
            self._loading.cancel()

        def done(loaded: Loaded) -> None:
            self._loading = None
            self._refreshed = self.around.now()
            self.presenter.take(loaded)

        def failed(error: Exception) -> None:
            self._loading = None
            self.presenter.not_loaded(error)

        self._loading = self.around.tasks.run(
            lambda progress: self.presenter.load(), done, failed, owner=self
        )

    def shown(self) -> None:
        if self._refreshed is None or self.around.now() - self._refreshed > FRESH:
            self.refresh()
        self.search.setFocus()

    def leaving(self) -> str:
        return phrase("What you began to lend is not lent.") if self.reason.text().strip() else ""


def _date(edit: QDateEdit) -> date:
    edit.interpretText()
    chosen = edit.date()
    return date(chosen.year(), chosen.month(), chosen.day())
