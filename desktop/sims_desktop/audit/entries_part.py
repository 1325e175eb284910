"""The audit on screen: how the chain stands, what is looked for, entries, and the one at hand by fields."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from sims_desktop.audit.presenter import AuditPresenter, Loaded, Wanted, facts_of
from sims_desktop.audit.words import ENTITIES, METHODS, changes_of, moment_words
from sims_desktop.kit import theme
from sims_desktop.kit.asking import colour, push_button, row_of, text_label
from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.long import LongDesk, SearchLine
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.tables import Field, RecordModel, RecordView
from sims_desktop.kit.tasks import Progress
from sims_desktop.kit.wording import when
from sims_shared.audit import AuditEntry

ALARMS = frozenset({"power_alarm", "disclosure_alarm"})
Line = tuple[str, str, str]
Fact = tuple[str, str]


class EntriesPart(LongDesk[Loaded]):
    """A keeps what the entry's person did, T what was done so, H what happened to its thing, Q its request; C
    shows all."""

    title = later("Changes")
    guide = "administrator#the-audit"

    def __init__(
        self, around: Surroundings, presenter: AuditPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(around, "audit_entries", parent)
        self.presenter = presenter
        self._build()
        self._lay_out()
        self._add_actions()
        self.follow(presenter)
        presenter.on_change = self._show
        around.theme.changed.connect(self._show)
        self._show()

    def _build(self) -> None:
        wide, now = self.fontMetrics().averageCharWidth(), self.around.now
        self.chain = text_label("audit_chain", self)
        self.summary = text_label("audit_summary", self, larger=True)
        self.search = SearchLine("audit_search", phrase("Who, what or address"), self)
        self.search.sought.connect(self.narrow)
        self.entity, self.method = QComboBox(self), QComboBox(self)
        self.entity.setObjectName("audit_entity")
        self.entity.setAccessibleName(phrase("What was changed"))
        self.entity.addItem(phrase("Everything"), None)
        for entity, words in ENTITIES.items():
            self.entity.addItem(phrase(words), entity)
        self.method.setObjectName("audit_method")
        self.method.setAccessibleName(phrase("How it was asked for"))
        self.method.addItem(phrase("Every way"), None)
        for method in METHODS:
            self.method.addItem(method, method)
        for box in (self.entity, self.method):
            box.activated.connect(lambda _: self.narrow())
        self.days: dict[str, QLineEdit] = {}
        for name, spoken in (("from", phrase("From this day")), ("to", phrase("Until this day"))):
            line = QLineEdit(self)
            line.setObjectName(f"audit_{name}")
            line.setAccessibleName(spoken)
            line.setPlaceholderText(phrase("any day"))
            line.setMaxLength(10)
            line.setMaximumWidth(wide * 14)
            line.editingFinished.connect(self.narrow)
            self.days[name] = line
        self.complaint = Complaint(self)
        self.complaint.setObjectName("audit_complaint")
        self.model: RecordModel[AuditEntry] = RecordModel(
            [
                Field(
                    later("When"),
                    lambda one: when(one.at, now()),
                    wide * 14,
                    whole=lambda one: moment_words(one.at),
                ),
                Field(later("By"), lambda one: one.actor.name, wide * 16),
                Field(later("What happened"), _happened, 0, whole=lambda one: one.summary),
            ],
            tint=self._tint,
        )
        self.list: RecordView[AuditEntry] = RecordView(self.model, "audit_list", parent=self)
        self.list.setAccessibleName(phrase("Entries of the audit"))
        self.list.remember_columns(self.around.remembered)
        self.list.selectionModel().currentRowChanged.connect(lambda *_: self._draw())
        self.heading = text_label("audit_heading", self, larger=True)
        self.change_model: RecordModel[Line] = RecordModel(
            [
                Field(later("Field"), lambda line: line[0], wide * 16),
                Field(later("Before"), lambda line: line[1], wide * 20),
                Field(later("After"), lambda line: line[2], wide * 20),
            ],
        )
        self.changes: RecordView[Line] = RecordView(self.change_model, "audit_changes", parent=self)
        self.changes.setAccessibleName(phrase("What the entry changed"))
        self.fact_model: RecordModel[Fact] = RecordModel(
            [
                Field(later("What"), lambda fact: fact[0], wide * 12),
                Field(later("It says"), lambda fact: fact[1], wide * 40),
            ]
        )
        self.facts: RecordView[Fact] = RecordView(self.fact_model, "audit_facts", parent=self)
        self.facts.setAccessibleName(phrase("About the entry"))
        self.note = Note(self)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.search, 1)
        top.addWidget(self.entity)
        top.addWidget(self.method)
        for name, words in (("from", phrase("F&rom")), ("to", phrase("&Until"))):
            label = QLabel(words, self)
            label.setBuddy(self.days[name])
            top.addWidget(label)
            top.addWidget(self.days[name])
        self.export_button = push_button(
            self, "audit_export", self.ask_where, phrase("Save the list (Ctrl+S)")
        )
        counted = QHBoxLayout()
        counted.addWidget(self.summary, 1)
        counted.addWidget(self.export_button)
        right = QWidget(self)
        column = QVBoxLayout(right)
        column.setContentsMargins(8, 0, 0, 0)
        column.addWidget(self.heading)
        column.addWidget(self.changes, 3)
        column.addWidget(self.facts, 2)
        self.student_button = push_button(self, "audit_student", self.open_student, phrase("Student (R)"))
        column.addLayout(
            row_of(
                [
                    push_button(self, "audit_actor", self.only_actor, phrase("This person (A)")),
                    push_button(self, "audit_thing", self.only_thing, phrase("This thing (H)")),
                    push_button(self, "audit_request", self.only_request, phrase("This request (Q)")),
                    self.student_button,
                ]
            )
        )
        self.split = self.split_of("audit_split", self.list, right, (540, 460))
        layout = QVBoxLayout(self)
        layout.addWidget(self.chain)
        layout.addLayout(top)
        layout.addWidget(self.complaint)
        layout.addLayout(counted)
        layout.addWidget(self.split, 1)
        layout.addWidget(self.note)
        self.setFocusProxy(self.list)

    def _add_actions(self) -> None:
        add = self.add_action
        add("audit.find", later("Search the audit"), "Ctrl+L", self.search.begin)
        add("audit.into", later("Into the list"), "Down", self.list.setFocus, self.search)
        add("audit.actor", later("Only what this person did"), "A", self.only_actor)
        add("audit.thing", later("Only what happened to this thing"), "H", self.only_thing)
        add("audit.action", later("Only this action"), "T", self.only_action)
        add("audit.request", later("Only this request"), "Q", self.only_request)
        add("audit.student", later("Open the student"), "R", self.open_student)
        add("audit.all", later("Show all again"), "C", self.show_all)
        add("audit.save", later("Save the list as a file"), "Ctrl+S", self.ask_where)
        add("audit.leave", later("Back to the list"), "Esc", self.list.setFocus)
        add("audit.refresh", later("Ask the server again"), "F5", self.refresh)

    # Showing

    def _tint(self, entry: AuditEntry) -> QColor | None:
        return theme.tint("conflict") if entry.entity in ALARMS else None

    def _show(self) -> None:
        presenter, before = self.presenter, self.list.current()
        self.chain.setText(presenter.chain_sentence)
        colour(self.chain, "refused" if presenter.is_broken else "waiting")
        self.summary.setText(presenter.sentence)
        self.export_button.setVisible(presenter.may_export)
        self.model.set_records(list(presenter.entries))
        self.choose_again({before.id} if before is not None else set())
        self._show_wanted()
        self._draw()

    def _show_wanted(self) -> None:
        """What the boxes say is what is looked for, also where an entry suggested it."""
        wanted = self.presenter.wanted
        self.entity.setCurrentIndex(max(0, self.entity.findData(wanted.entity)))
        self.method.setCurrentIndex(max(0, self.method.findData(wanted.method)))
        for line, text in ((self.days["from"], wanted.first), (self.days["to"], wanted.last)):
            if not line.hasFocus():
                line.setText(text)

    def _draw(self) -> None:
        entry = self.list.current()
        for part in (self.changes, self.facts):
            part.setVisible(entry is not None)
        self.student_button.setVisible(entry is not None and entry.student_id is not None)
        if entry is None:
            self.heading.setText("")
            return
        self.heading.setText(entry.summary)
        self.change_model.set_records(changes_of(entry))
        self.fact_model.set_records(list(facts_of(entry, moment_words(entry.at))))

    # Looking for

    def narrow(self) -> None:
        before = self.presenter.wanted
        entity = self.entity.currentData()
        same = entity == before.entity or (entity is None and before.entity not in ENTITIES)
        wanted = Wanted(
            words=self.search.words,
            entity=before.entity if same else entity,
            entity_id=before.entity_id if same else None,
            method=self.method.currentData(),
            first=self.days["from"].text().strip(),
            last=self.days["to"].text().strip(),
            actor=before.actor,
            action=before.action,
            request_id=before.request_id,
        )
        if wanted != before:
            is_lawful = self.presenter.look_for(wanted)
            self.complaint.say("" if is_lawful else self.presenter.faults[0].detail)
            if is_lawful:
                self.refresh()

    def _only(self, keep: Callable[[AuditEntry], bool], otherwise: str) -> None:
        entry = self.list.current()
        if entry is None:
            return
        if keep(entry):
            self._look_anew()
        else:
            self.note.say(otherwise)

    def _look_anew(self) -> None:
        if self.presenter.wanted.words != self.search.words:
            self.search.blockSignals(True)
            self.search.setText(self.presenter.wanted.words)
            self.search.blockSignals(False)
        self._show_wanted()
        self.list.setFocus()
        self.refresh()

    def only_actor(self) -> None:
        self._only(self.presenter.only_actor, phrase("The system did it, nobody by name."))

    def only_thing(self) -> None:
        self._only(self.presenter.only_thing, phrase("It has no number of its own."))

    def only_action(self) -> None:
        self._only(self.presenter.only_action, phrase("It has no action of its own."))

    def only_request(self) -> None:
        self._only(self.presenter.only_request, phrase("It came by no request."))

    def show_alarms(self, entity: str) -> None:
        self.presenter.only_alarms(entity)
        self._look_anew()

    def show_past_the_server(self) -> None:
        self.presenter.only_past_the_server()
        self._look_anew()

    def show_all(self) -> None:
        self.presenter.wanted = Wanted()
        self.complaint.say("")
        for line in self.days.values():
            line.clear()
        self._look_anew()

    def open_student(self) -> None:
        entry = self.list.current()
        if entry is not None and entry.student_id is not None:
            self.wants.emit("student", entry.student_id)
        else:
            self.note.say(phrase("The entry names no student."))

    # Taking along

    def ask_where(self) -> None:
        if not self.presenter.may_export or self.is_busy:
            return
        name = f"audit-{self.around.now():%Y-%m-%d}.xlsx"
        kinds = phrase("Workbook (*.xlsx);;Table (*.csv)")
        path, _ = QFileDialog.getSaveFileName(self, phrase("Save the list as a file"), name, kinds)
        if path:
            self.save_to(Path(path))

    def save_to(self, path: Path) -> None:
        def work(progress: Progress) -> str:
            return self.presenter.export(path, progress.report)

        def failed(error: Exception) -> None:
            self.complaint.say(self.presenter.not_exported(error))

        self.complaint.say("")
        self.act(phrase("Saving the audit"), work, self.note.say, failed)

    def cancelled(self) -> None:
        self.note.say(phrase("Nothing was saved."))


def _happened(entry: AuditEntry) -> str:
    """Without the name, which stands beside it."""
    said = entry.summary.removeprefix(f"{entry.actor.name} ")
    whose = entry.named if entry.named and entry.named not in said else ""
    return f"{whose}: {said}" if whose and whose != entry.actor.name else said
