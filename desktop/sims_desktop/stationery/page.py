"""Closing the day on screen: what should be left, what is left, the sheets used, and the counts before."""

from __future__ import annotations

from functools import partial

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from sims_desktop.kit import theme
from sims_desktop.kit.asking import push_button, row_of, text_label
from sims_desktop.kit.desk import Desk
from sims_desktop.kit.forms import Form
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.tables import LETTER, Field, RecordModel, RecordView
from sims_desktop.kit.wording import left_to_right, when
from sims_desktop.stationery.presenter import Loaded, StationeryPresenter, Wish, outcome_words
from sims_shared.stationery import StockCountView, UsedSheet


class StationeryPage(Desk[Loaded]):
    """Type what is left, Enter counts; Ctrl+P prints the list to sign."""

    title = later("Stationery")
    guide = "counter#closing-the-day"

    def __init__(
        self, around: Surroundings, presenter: StationeryPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(around, "stationery", parent)
        self.presenter = presenter
        self._build()
        add = self.add_action
        add("stationery.count", later("Count"), ("Ctrl+Return", "Ctrl+Enter"), self.count)
        add("stationery.print", later("Print the list to sign"), "Ctrl+P", self.print_list)
        add("stationery.to_line", later("Type what is left"), "Ctrl+L", self._to_line)
        add("stationery.refresh", later("Ask the server again"), "F5", self.refresh)
        presenter.on_change = self._show
        around.theme.changed.connect(self._show)
        self._show()

    def _build(self) -> None:
        self.summary = text_label("stationery_summary", self, larger=True)
        self.since = text_label("stationery_since", self)
        self.opening, self.received, self.remaining, self.why = (QLineEdit(self) for _ in range(4))
        self.form = Form(self)
        for name, label, line in (
            ("opening", later("Sheets it &began with"), self.opening),
            ("received", later("&Received since"), self.received),
            ("remaining", later("Sheets &left"), self.remaining),
            ("note", later("&Why it differs"), self.why),
        ):
            self.form.add(name, label, line)
            line.returnPressed.connect(self.count)
            line.setMaxLength(2000 if name == "note" else 9)
        self.count_button = push_button(self, "stationery_count", self.count, phrase("Count (Enter)"))
        self.sheet_model: RecordModel[UsedSheet] = RecordModel(
            [
                Field(later("Sheet"), lambda one: left_to_right(one.stock_number), LETTER * 14),
                Field(later("Document"), lambda one: left_to_right(one.serial), LETTER * 20),
                Field(later("Outcome"), lambda one: outcome_words(one.outcome), LETTER * 10),
                Field(later("Reason"), lambda one: one.reason, LETTER * 20),
                Field(later("At"), lambda one: when(one.at, self.around.now()), LETTER * 10),
            ],
            tint=lambda one: theme.tint("refused") if one.outcome == "spoiled" else None,
        )
        self.list = RecordView(self.sheet_model, "stationery_sheets", parent=self)
        self.list.setAccessibleName(phrase("Sheets used since the last count"))
        self.nothing = text_label("stationery_nothing", self)
        self.count_model: RecordModel[StockCountView] = RecordModel(
            [
                Field(later("Counted"), lambda one: when(one.counted_at, self.around.now()), LETTER * 14),
                Field(later("Opening"), lambda one: f"{one.opening:,}", LETTER * 8, is_number=True),
                Field(later("Received"), lambda one: f"{one.received:,}", LETTER * 8, is_number=True),
                Field(later("Printed"), lambda one: f"{one.printed:,}", LETTER * 8, is_number=True),
                Field(later("Spoiled"), lambda one: f"{one.spoiled:,}", LETTER * 8, is_number=True),
                Field(later("Left"), lambda one: f"{one.remaining:,}", LETTER * 8, is_number=True),
                Field(later("Difference"), lambda one: f"{one.difference:+,d}", LETTER * 8, is_number=True),
                Field(later("Why it differs"), lambda one: one.note, LETTER * 20),
            ],
            tint=self._tint,
        )
        self.counts = RecordView(self.count_model, "stationery_counts", parent=self)
        self.counts.setAccessibleName(phrase("Counts before"))
        self.note = Note(self)
        left, right = QWidget(self), QWidget(self)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.form)
        column.addLayout(row_of([self.count_button]))
        column.addStretch(1)
        lists = QVBoxLayout(right)
        lists.setContentsMargins(8, 0, 0, 0)
        lists.addWidget(self.nothing)
        lists.addWidget(self.list, 1)
        self.split = self.split_of("stationery_split", left, right, (400, 600))
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addWidget(self.since)
        layout.addWidget(self.split, 1)
        before = text_label("stationery_before", self)
        before.setText(phrase("Counts before"))
        layout.addWidget(before)
        layout.addWidget(self.counts, 1)
        layout.addWidget(self.note)
        self._asked_opening = False
        self.setFocusProxy(self.remaining)

    def _tint(self, one: StockCountView) -> QColor | None:
        return theme.tint("refused") if one.difference else None

    def _show(self) -> None:
        presenter = self.presenter
        self.summary.setText(presenter.sentence)
        since = presenter.since_words(self.around.now())
        self.since.setText(since)
        self.since.setVisible(bool(since))
        self.form.show_row("opening", presenter.asks_opening)
        if presenter.asks_opening != self._asked_opening:  # where a first count begins
            self._asked_opening = presenter.asks_opening
            self.setFocusProxy(self.opening if self._asked_opening else self.remaining)
            if self.remaining.hasFocus() and not self.remaining.text():
                self.setFocus()
        self.form.show_row("note", presenter.asks_note)
        loaded = presenter.loaded
        sheets = loaded.day.sheets if loaded is not None else []
        self.sheet_model.set_records(sheets)
        self.list.setVisible(bool(sheets))
        self.nothing.setVisible(not sheets)
        self.nothing.setText(phrase("No numbered sheet was used since.") if loaded is not None else "")
        self.count_model.set_records(loaded.counts if loaded is not None else [])
        self.count_button.setEnabled(not self.is_busy and loaded is not None)

    def _to_line(self) -> None:
        self.remaining.setFocus()
        self.remaining.selectAll()

    def count(self) -> None:
        if self.is_busy or self.presenter.loaded is None:
            return
        wish = self.presenter.check(
            self.remaining.text(), self.received.text(), self.opening.text(), self.why.text()
        )
        if wish is None:
            self.form.show_faults(self.presenter.faults)
            return
        self.form.clear_faults()
        self.act(phrase("Counting"), partial(self._work, wish), self._counted, self._refused)
        self._show()

    def _work(self, wish: Wish, progress: object) -> StockCountView:
        return self.presenter.count(wish)

    def _counted(self, count: StockCountView) -> None:
        words = self.presenter.counted(count)
        for line in (self.opening, self.received, self.remaining, self.why):
            line.clear()
        self.note.say(f"{words} {phrase('Ctrl+P prints the list to sign; F12 locks.')}")
        self.refresh()
        self._to_line()

    def _refused(self, error: Exception) -> None:
        words = self.presenter.refused(error)
        self._show()
        self.form.show_faults(self.presenter.faults, words)
        if self.presenter.asks_note:
            self.why.setFocus()
        self.refresh()

    def print_list(self) -> None:
        from sims_desktop.kit.printing import ask_printer, print_html

        closed = self.presenter.to_print(self.counts.current())
        if closed is None:
            self.form.complaint.say(phrase("Count first; the list is of a count."))
        elif (printer := ask_printer(self, phrase("Print the list to sign"))) is not None:
            print_html(self.presenter.paper(closed), printer)
            self.note.say(phrase("Printed the list to sign."))

    def shown(self) -> None:
        self.refresh()
        self.setFocus()

    def leaving(self) -> str:
        return phrase("What you counted is not recorded.") if self.remaining.text().strip() else ""
