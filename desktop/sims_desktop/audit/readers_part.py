"""Who read on screen: people and how many students on the left, which ones on the right."""

from __future__ import annotations

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from sims_desktop.audit.readers import SPANS, ReadersPresenter, kind_words, student_words
from sims_desktop.kit import theme
from sims_desktop.kit.asking import text_label
from sims_desktop.kit.desk import Desk
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.tables import Field, RecordModel, RecordView
from sims_desktop.kit.tasks import Task
from sims_desktop.kit.wording import when
from sims_shared.audit import DisclosureView, Reader, ReaderList
from sims_shared.messages import Page


class ReadersPart(Desk[ReaderList]):
    """↓ and ↑ choose a person, Tab goes to what was read, Enter there opens the student."""

    title = later("Who read")
    guide = "administrator#who-read"

    def __init__(
        self, around: Surroundings, presenter: ReadersPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(around, "audit_readers", parent)
        self.presenter = presenter
        self._reading: Task | None = None
        self._of: tuple[int | None, int] | None = None
        self._build()
        add = self.add_action
        add("readers.span", later("Next span of time"), "F", self.next_span)
        add("readers.refresh", later("Ask the server again"), "F5", self.refresh)
        presenter.on_change = self._show
        around.theme.changed.connect(self._show)
        self._show()

    def _build(self) -> None:
        wide, presenter, now = self.fontMetrics().averageCharWidth(), self.presenter, self.around.now
        self.summary = text_label("readers_summary", self, larger=True)
        self.span = QComboBox(self)
        self.span.setObjectName("readers_span")
        self.span.setAccessibleName(phrase("How far back"))
        for days, words in SPANS.items():
            self.span.addItem(phrase(words), days)
        self.span.activated.connect(lambda _: self._narrow())
        self.model: RecordModel[Reader] = RecordModel(
            [
                Field(later("Who"), lambda one: one.actor.name, wide * 22),
                Field(later("Students"), lambda one: f"{one.students:,}", wide * 9, is_number=True),
                Field(later("Opened"), lambda one: f"{one.opened:,}", wide * 9, is_number=True),
                Field(later("Taken out"), lambda one: f"{one.exported:,}", wide * 10, is_number=True),
                Field(later("Printed"), lambda one: f"{one.printed:,}", wide * 9, is_number=True),
                Field(later("Last"), lambda one: when(one.last_at, now()), wide * 14),
                Field(later("Alarm"), presenter.alarm_words, 0),
            ],
            tint=self._tint,
        )
        self.list: RecordView[Reader] = RecordView(self.model, "readers_list", parent=self)
        self.list.setAccessibleName(phrase("Who read students' records"))
        self.list.remember_columns(self.around.remembered)
        self.list.selectionModel().currentRowChanged.connect(lambda *_: self._moved())
        self.heading = text_label("readers_heading", self, larger=True)
        self.read_model: RecordModel[DisclosureView] = RecordModel(
            [
                Field(later("When"), lambda one: when(one.at, now()), wide * 14),
                Field(later("Student"), student_words, wide * 30),
                Field(later("How"), kind_words, wide * 10),
                Field(later("What"), lambda one: one.what, 0),
            ]
        )
        self.read: RecordView[DisclosureView] = RecordView(self.read_model, "readers_read", parent=self)
        self.read.setAccessibleName(phrase("What this person read"))
        self.read.opened.connect(lambda one: self.wants.emit("student", one.student_id))
        self.read.end_reached.connect(self.read_more)
        self.note = Note(self)
        top = QHBoxLayout()
        top.addWidget(self.span)
        top.addStretch(1)
        right = QWidget(self)
        column = QVBoxLayout(right)
        column.setContentsMargins(8, 0, 0, 0)
        column.addWidget(self.heading)
        column.addWidget(self.read, 1)
        column.addStretch(0)
        self.split = self.split_of("readers_split", self.list, right, (520, 480))
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addLayout(top)
        layout.addWidget(self.split, 1)
        layout.addWidget(self.note)
        self.setFocusProxy(self.list)

    def more_keys(self) -> tuple[tuple[str, str], ...]:
        return ((phrase("Open the student under the cursor"), "Enter"),)

    # Showing

    def _tint(self, one: Reader) -> QColor | None:
        return theme.tint("conflict") if one.alarmed_at is not None else None

    def _show(self) -> None:
        presenter, before = self.presenter, self.list.current()
        self.summary.setText(presenter.sentence)
        readers = list(presenter.readers)
        self.model.set_records(readers)
        ids = [one.actor.id for one in readers]
        if ids:
            self.list.selectRow(ids.index(before.actor.id) if before and before.actor.id in ids else 0)
        self._moved()

    def _moved(self) -> None:
        reader = self.list.current()
        self.read.setVisible(reader is not None)
        if reader is None:
            self.heading.setText("")
            self._of = None
            return
        self.heading.setText(reader.actor.name)
        of = (reader.actor.id, id(self.presenter.loaded))
        if of != self._of and reader.actor.id is not None:
            self._of = of
            self._read(reader)

    def _read(self, reader: Reader) -> None:
        if self._reading is not None:
            self._reading.cancel()
        self.read_model.set_records([])

        def done(page: Page[DisclosureView]) -> None:
            self._reading = None
            self.presenter.take_read(page)
            self.read_model.set_records(list(self.presenter.read))

        self._reading = self.around.tasks.run(
            lambda progress: self.presenter.read_of(reader), done, self._not_read, owner=self
        )

    def _not_read(self, error: Exception) -> None:
        self._reading = None
        self.note.say(self.presenter.refused(error))

    def read_more(self) -> None:
        path = self.presenter.next
        if path is None or self._reading is not None:
            return

        def done(page: Page[DisclosureView]) -> None:
            self._reading = None
            if path == self.presenter.next:
                self.presenter.take_more(page)
                self.read_model.add_records(page.results)

        self._reading = self.around.tasks.run(
            lambda progress: self.presenter.calls.more_disclosures(path), done, self._not_read, owner=self
        )

    def next_span(self) -> None:
        self.span.setCurrentIndex((self.span.currentIndex() + 1) % self.span.count())
        self._narrow()

    def _narrow(self) -> None:
        self.presenter.days = int(self.span.currentData())
        self.refresh()
