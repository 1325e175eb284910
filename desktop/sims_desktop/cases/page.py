"""The cases desk on screen: the list, one case at length beside it, and below that what is signed or asked.

One line takes every answer: a reason, a mark, a judgment, an authority. The rule a newcomer would get wrong:
approving asks once, with the effect in words, and only the case that was shown then is signed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from sims_desktop.cases.presenter import FILTERS, KINDS, CasesPresenter, Draft, Shown
from sims_desktop.cases.words import KIND_WORDS, Row, about_words, size_words, state_words
from sims_desktop.kit import theme
from sims_desktop.kit.asking import Asking, push_button, row_of, text_label
from sims_desktop.kit.desk import Desk
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.tables import Field, RecordModel, RecordView
from sims_desktop.kit.tasks import Task
from sims_desktop.kit.wording import when
from sims_shared.cases import EVIDENCE_MOST, CaseLine, EvidenceView

REASON_HINT = later("Reason, then Enter; Esc leaves it")
ONLY_READ = later("You read cases; others open them and add to them.")
NOTE_HINT = later("What this file is; Enter files it, Esc leaves it")


class CasesPage(Desk[list[CaseLine]]):
    """J and K move, A or Ctrl+Enter approves, R rejects, P or D proposes, H records a hearing, E goes to the
    files, Ctrl+N opens."""

    title = later("Cases")
    guide = "controller#cases"

    def __init__(
        self, around: Surroundings, presenter: CasesPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(around, "cases", parent)
        self.presenter = presenter
        self._reading: Task | None = None
        self._drawn: Shown | None = None
        self._wanted = 0
        self._answers: dict[tuple[int, int], str] = {}
        self._build()
        self._add_actions()
        self.setAcceptDrops(True)
        presenter.on_change = self._show
        around.theme.changed.connect(self._recolour)
        self._show()

    def _build(self) -> None:
        wide, now = self.fontMetrics().averageCharWidth(), self.around.now
        self.summary = text_label("cases_summary", self, larger=True)
        self.kind = QComboBox(self)
        self.kind.setObjectName("cases_kind")
        self.kind.setAccessibleName(phrase("Kind of case"))
        self.kind.addItem(phrase("Every kind"), None)
        for kind in KINDS:
            self.kind.addItem(phrase(KIND_WORDS[kind]), kind)
        self.kind.activated.connect(self._narrow)
        self.filter = QComboBox(self)
        self.filter.setObjectName("cases_filter")
        self.filter.setAccessibleName(phrase("Which cases"))
        for name in self.presenter.filters:
            self.filter.addItem(phrase(FILTERS[name]), name)
        self.filter.setCurrentIndex(self.filter.findData(self.presenter.filter))
        self.filter.activated.connect(self._narrow)
        self.new_button = push_button(self, "cases_new", self.open_new, phrase("Open a case (Ctrl+N)"))
        top = QHBoxLayout()
        for part in (self.filter, self.kind, self.new_button):
            top.addWidget(part)
        top.addStretch(1)
        self.model: RecordModel[CaseLine] = RecordModel(
            [
                Field(later("Case"), lambda case: case.number, wide * 10),
                Field(later("Kind"), lambda case: phrase(KIND_WORDS.get(case.kind, case.kind)), wide * 12),
                Field(later("About"), about_words, wide * 20),
                Field(later("State"), state_words, 0),
            ],
            tint=self._tint,
        )
        self.list = RecordView(self.model, "cases_list", parent=self)
        self.list.setAccessibleName(phrase("Cases"))
        self.list.selectionModel().currentRowChanged.connect(lambda *_: self._moved())
        self.heading = text_label("cases_heading", self, larger=True)
        self.lead = text_label("cases_lead", self)
        self.row_model: RecordModel[Row] = RecordModel(
            [
                Field(later("What changes"), lambda row: row[0], wide * 34),
                Field(later("Before"), lambda row: row[1], wide * 16),
                Field(later("After"), lambda row: row[2], wide * 16),
            ],
            tint=lambda row: theme.tint("waiting") if row[1] != row[2] else None,
        )
        self.rows: RecordView[Row] = RecordView(self.row_model, "cases_rows", parent=self)
        self.rows.setAccessibleName(phrase("What the case changes"))
        self.file_model: RecordModel[EvidenceView] = RecordModel(
            [
                Field(later("File"), lambda file: file.name, wide * 26),
                Field(later("Size"), size_words, wide * 10, is_number=True),
                Field(later("What it is"), lambda file: file.note, wide * 20),
                Field(later("By"), lambda file: f"{file.filed_by.name}, {when(file.filed_at, now())}", 0),
            ]
        )
        self.files: RecordView[EvidenceView] = RecordView(self.file_model, "cases_files", parent=self)
        self.files.setAccessibleName(phrase("Files of the case"))
        self.files.opened.connect(self.ask_where_to_save)
        self.no_files = text_label("cases_no_files", self)
        self.asking = Asking("cases", self)
        self.asking.left.connect(self.list.setFocus)
        self.approve_button = push_button(self, "cases_approve", self.approve, phrase("Approve (A)"))
        self.reject_button = push_button(self, "cases_reject", self.ask_reject, phrase("Reject (R)"))
        self.propose_button = push_button(self, "cases_propose", self.propose, phrase("Propose (P)"))
        self.hearing_button = push_button(self, "cases_hearing", self.ask_hearing, phrase("Hearing (H)"))
        self.attach_button = push_button(
            self, "cases_attach", self.ask_for_file, phrase("Attach a file (Ctrl+O)")
        )
        self.withdraw_button = push_button(self, "cases_withdraw", self.withdraw, phrase("Withdraw (W)"))
        self._lay_out(top)

    def _lay_out(self, top: QHBoxLayout) -> None:
        self.buttons = (
            self.approve_button,
            self.reject_button,
            self.propose_button,
            self.hearing_button,
            self.attach_button,
            self.withdraw_button,
        )
        right = QWidget(self)
        column = QVBoxLayout(right)
        column.setContentsMargins(8, 0, 0, 0)
        column.addWidget(self.heading)
        column.addWidget(self.lead)
        column.addWidget(self.rows, 3)
        column.addWidget(self.no_files)
        column.addWidget(self.files, 1)
        column.addStretch(0)
        column.addWidget(self.asking)
        column.addLayout(row_of(self.buttons))
        self.split = self.split_of("cases_split", self.list, right, (480, 520))
        self.note = Note(self)
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addLayout(top)
        layout.addWidget(self.split, 1)
        layout.addWidget(self.note)
        self.setFocusProxy(self.list)

    def _add_actions(self) -> None:
        add = self.add_action
        add("cases.next", later("Next case"), "J", lambda: self.step(1))
        add("cases.previous", later("Previous case"), "K", lambda: self.step(-1))
        add("cases.approve", later("Approve"), ("A", "Ctrl+Return", "Ctrl+Enter"), self.approve)
        add("cases.reject", later("Reject with a reason"), "R", self.ask_reject)
        add("cases.propose", later("Propose what becomes of it"), ("P", "D"), self.propose)
        add("cases.hearing", later("Record a hearing"), "H", self.ask_hearing)
        add("cases.withdraw", later("Withdraw my request"), "W", self.withdraw)
        add("cases.evidence", later("To the files of the case"), "E", self._to_files)
        add("cases.attach", later("Attach a file"), "Ctrl+O", self.ask_for_file)
        add("cases.new", later("Open a case"), "Ctrl+N", self.open_new)
        add("cases.transfer", later("Ask for credit from elsewhere"), "Ctrl+Shift+N", self.open_transfer)
        add("cases.filter", later("Next filter"), "F", self._next_filter)
        add("cases.leave", later("Leave it"), "Esc", self.leave)
        add("cases.refresh", later("Ask the server again"), "F5", self.refresh)

    def more_keys(self) -> tuple[tuple[str, str], ...]:
        return ((phrase("Save a copy of the file under the cursor"), "Enter"),)

    # Showing

    def _tint(self, case: CaseLine) -> QColor | None:
        if case.decidable:
            return theme.tint("waiting")
        return theme.tint("closed") if case.resolved_at is not None else None

    def _recolour(self) -> None:
        self.asking.recolour()
        self.model.set_records(list(self.presenter.cases))
        self.row_model.set_records(list(self.row_model.records))

    def _show(self) -> None:
        presenter = self.presenter
        before, place = self.list.current(), max(0, self.list.currentIndex().row())
        self.summary.setText(presenter.sentence)
        cases = list(presenter.cases)
        self.model.set_records(cases)
        if cases:
            ids = [case.id for case in cases]
            wanted = ids.index(before.id) if before and before.id in ids else min(place, len(ids) - 1)
            if self._wanted in ids:
                wanted, self._wanted = ids.index(self._wanted), 0
            if self.list.currentIndex().row() != wanted:
                self.list.selectRow(wanted)
        self._moved()

    def _moved(self) -> None:
        """Shows the case under the cursor; what was asked about another is withdrawn."""
        case, shown = self.list.current(), self.presenter.shown
        if case is None:
            if shown is not None:
                self.presenter.shown = None
            self._draw(None)
        elif shown is not None and shown.case.id == case.id and _same(shown.case, case):
            self._draw(shown)
        else:
            if self.asking.about != case.id:
                self.asking.leave()
            self._draw(None)
            self.heading.setText(f"{case.number}: {phrase(KIND_WORDS.get(case.kind, case.kind))}")
            self._read(case.id)

    def _draw(self, shown: Shown | None) -> None:
        self._show_buttons(shown)
        if shown is self._drawn and shown is not None:
            return
        self._drawn = shown
        self.rows.setVisible(shown is not None and bool(shown.rows))
        self.files.setVisible(shown is not None and bool(shown.evidence))
        self.no_files.setVisible(shown is not None and not shown.evidence)
        if shown is None:
            nothing = self.presenter.loaded and not self.presenter.cases
            self.heading.setText(phrase("A case changes results upon two signatures") if nothing else "")
            hint = phrase("Above the list you choose which are shown.")
            if self.presenter.may_open:
                hint = phrase("Ctrl+N opens one; above the list you choose which are shown.")
            self.lead.setText(hint if nothing else "")
            return
        kind = phrase(KIND_WORDS.get(shown.case.kind, shown.case.kind))
        self.heading.setText(f"{shown.case.number}: {kind}, {about_words(shown.case)}")
        effect = f"\n{shown.effect}" if shown.effect else ""
        self.lead.setText(self.presenter.lead(self.around.now()) + effect)
        self.row_model.set_records(list(shown.rows))
        self.file_model.set_records(list(shown.evidence))
        self.no_files.setText(
            phrase("No file is with it. Drop one here, or press Ctrl+O.")
            if shown.is_open and self.presenter.may_open
            else phrase("No file is with it.")
        )

    def _show_buttons(self, shown: Shown | None) -> None:
        presenter, busy = self.presenter, self.is_busy
        state = shown.case.state if shown is not None else ""
        self.approve_button.setVisible(state == "proposed" and presenter.may_decide)
        self.reject_button.setVisible(state in ("proposed", "requested") and presenter.may_decide)
        self.propose_button.setVisible(state == "requested" and presenter.may_propose)
        self.hearing_button.setVisible(shown is not None and not presenter.why_not_hear)
        self.new_button.setVisible(presenter.may_open)
        self.attach_button.setVisible(presenter.may_open and shown is not None and shown.is_open)
        self.withdraw_button.setVisible(shown is not None and not presenter.why_not_withdraw)
        self.approve_button.setEnabled(not busy and shown is not None and not presenter.why_not_decide)
        for button in self.buttons[1:]:
            button.setEnabled(not busy)
        if state == "proposed" and presenter.may_decide and not self.asking.is_asking:
            self.asking.refuse(presenter.why_not_decide)

    def _read(self, case_id: int) -> None:
        def done(shown: Shown) -> None:
            self._reading = None
            current = self.list.current()
            if current is not None and current.id == shown.case.id:
                self.presenter.shown = shown
                self._draw(shown)

        def failed(error: Exception) -> None:
            self._reading = None
            self.asking.refuse(self.presenter.refused(error))

        if self._reading is not None:
            self._reading.cancel()
        self._reading = self.around.tasks.run(
            lambda progress: self.presenter.read(case_id), done, failed, owner=self
        )

    def _narrow(self) -> None:
        self.presenter.kind = self.kind.currentData()
        self.presenter.filter = str(self.filter.currentData())
        self.refresh()

    def _next_filter(self) -> None:
        self.presenter.next_filter()
        self.filter.setCurrentIndex(self.filter.findData(self.presenter.filter))
        self.refresh()

    # Deciding

    def approve(self) -> None:
        """Asks once with the effect; the same key answers yes. Also sends what stands in the line."""
        if self.asking.asks_line:
            self.asking.answer()
            return
        shown = self.presenter.shown
        refusal = self.presenter.why_not_decide
        if refusal or shown is None or self.is_busy:
            self.asking.refuse(refusal)
        else:
            agreed = partial(self._act, partial(self.presenter.decide, shown, True, ""), phrase("Approving"))
            self.asking.ask(self.presenter.question, agreed, about=shown)

    def ask_reject(self) -> None:
        shown = self.presenter.shown
        if shown is None or not shown.is_open or self.is_busy:
            self.asking.refuse(self.presenter.why_not_decide)
            return

        def entered(reason: str) -> None:
            if not reason.strip():
                self.asking.refuse(phrase("A rejection needs a reason."))
                return
            self._act(partial(self.presenter.decide, shown, False, reason.strip()), phrase("Rejecting"))

        self.asking.ask_line(
            phrase(REASON_HINT), phrase("Reason for rejecting it"), entered, about=shown.case.id
        )

    def withdraw(self) -> None:
        shown = self.presenter.shown
        refusal = self.presenter.why_not_withdraw
        if refusal or shown is None:
            self.asking.refuse(refusal)
        else:
            self._act(partial(self.presenter.withdraw, shown), phrase("Withdrawing"))

    # Proposing

    def propose(self) -> None:
        shown = self.presenter.shown
        refusal = self.presenter.why_not_propose
        if refusal or shown is None or self.is_busy:
            self.asking.refuse(refusal)
        else:
            self._ask_next(shown, Draft(), 0, "")

    def _ask_next(self, shown: Shown, draft: Draft, answered: int, last: str) -> None:
        asked = self.presenter.asks(draft, answered)
        if asked is None:
            self._act(partial(self.presenter.propose, shown, draft, last), phrase("Proposing"))
            return

        def entered(typed: str) -> None:
            found = self.presenter.answer(draft, answered, typed)
            if isinstance(found, str):
                self.asking.refuse(found)
            else:
                self._answers[(shown.case.id, answered)] = typed
                self._ask_next(shown, found, answered + 1, typed.strip())

        self.asking.ask_line(*asked, entered, about=shown.case.id, digits=self.presenter.digits_of(answered))
        # A proposal that was refused is made again without typing it all again.
        self.asking.line.setText(self._answers.get((shown.case.id, answered), ""))
        self.asking.line.selectAll()

    def ask_hearing(self) -> None:
        """When and where the accused is heard; one that is put off is recorded again."""
        shown, refusal = self.presenter.shown, self.presenter.why_not_hear
        if refusal or shown is None or self.is_busy:
            self.asking.refuse(refusal)
            return

        def entered(typed: str) -> None:
            found = self.presenter.read_hearing(typed)
            if isinstance(found, str):
                self.asking.refuse(found)
            else:
                self._act(
                    partial(self.presenter.record_hearing, shown, *found), phrase("Recording the hearing")
                )

        hint = phrase("Day and place of the hearing, as “2026-12-14 10:00, committee room”; Enter records it")
        self.asking.ask_line(hint, phrase("Day and place of the hearing"), entered, about=shown.case.id)

    # Files

    def _to_files(self) -> None:
        if self.file_model.rowCount():
            self.files.setFocus()
            if self.files.current() is None:
                self.files.selectRow(0)
        elif self.presenter.shown is not None:
            self.asking.refuse(phrase("No file is with this case."))

    def ask_where_to_save(self, file: EvidenceView) -> None:
        """A stranger's file is saved where the person says; this program never opens it by itself."""
        path, _ = QFileDialog.getSaveFileName(self, phrase("Save a copy"), Path(file.name).name)
        if path:
            self.save_file(file, Path(path))

    def save_file(self, file: EvidenceView, path: Path) -> None:
        shown = self.presenter.shown
        assert shown is not None

        def done(content: bytes) -> None:
            try:
                path.write_bytes(content)
            except OSError as error:
                self.asking.refuse(phrase("Not saved: {why}", why=error.strerror or error))
                return
            self.note.say(phrase("Saved {name}.", name=path.name))

        def failed(error: Exception) -> None:
            self.asking.refuse(self.presenter.refused(error))

        self.around.tasks.run(
            lambda progress: self.presenter.read_file(shown, file),
            done,
            failed,
            title=phrase("Fetching {name}", name=file.name),
            owner=self,
        )

    def _may_attach(self) -> bool:
        shown = self.presenter.shown
        why_not = ""
        if not self.presenter.may_open:
            why_not = phrase(ONLY_READ)
        elif shown is None or not shown.is_open:
            why_not = phrase("A file is attached to an open case; choose one.")
        self.asking.refuse(why_not)
        return not why_not

    def ask_for_file(self) -> None:
        if not self._may_attach():
            return
        path, _ = QFileDialog.getOpenFileName(self, phrase("Attach a file"), "")
        if path:
            self.attach(Path(path))

    def attach(self, path: Path) -> None:
        """As the dialog and a dropped file give it; asks in a line what it is."""
        shown = self.presenter.shown
        if not self._may_attach() or shown is None:
            return
        try:
            if path.stat().st_size > EVIDENCE_MOST:
                self.asking.refuse(phrase("{name} is larger than 10 MB.", name=path.name))
                return
            content = path.read_bytes()
        except OSError as error:
            self.asking.refuse(
                phrase("{name} cannot be read: {why}", name=path.name, why=error.strerror or error)
            )
            return

        def entered(note: str) -> None:
            self._act(
                partial(self.presenter.attach, shown, path.name, content, note.strip()),
                phrase("Filing {name}", name=path.name),
            )

        hint = f"{path.name}: {phrase(NOTE_HINT)}"
        self.asking.ask_line(hint, phrase("What the file is"), entered, about=shown.case.id)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if len(event.mimeData().urls()) == 1 and event.mimeData().urls()[0].isLocalFile():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.attach(Path(event.mimeData().urls()[0].toLocalFile()))

    # What is carried out

    def leave(self) -> None:
        self.asking.leave()
        self.list.setFocus()

    def _act(self, work: Callable[[], str], title: str) -> None:
        shown = self.presenter.shown
        assert shown is not None
        self.asking.send()

        def read_again() -> None:
            if self.presenter.shown is not None and self.presenter.shown.case.id == shown.case.id:
                self.presenter.shown = None  # it is another case now
            self.refresh()

        def done(said: str) -> None:
            self.asking.leave()
            read_again()
            self.note.say(said)
            self.around.changes.tell("cases", shown.case.id)

        def failed(error: Exception) -> None:
            words = self.presenter.refused(error)
            read_again()
            self._drawn = None
            self.asking.refuse(words)
            self.note.say(words)

        self.act(title, lambda progress: work(), done, failed)
        self._show_buttons(shown)

    # The desk

    def open_transfer(self) -> None:
        if self.presenter.may_propose:
            self.wants.emit("new_transfer", 0)
        else:
            self.asking.refuse(phrase("The department or the registrar asks for transfers."))

    def open_new(self) -> None:
        if not self.presenter.may_open:
            self.asking.refuse(phrase(ONLY_READ))
            return
        self.wants.emit("new_case", 0)

    def bring(self, id: int) -> None:
        """A case that was opened just now, among those under way."""
        self._wanted, self.presenter.filter = id, "open"
        self.kind.setCurrentIndex(0)
        self.presenter.kind = None
        self.filter.setCurrentIndex(self.filter.findData("open"))
        self.refresh()

    def heard(self, kind: str, id: int) -> None:
        if kind == "cases" and self._refreshed is not None and not self.is_busy:
            self.refresh()

    def take_word(self, words: str) -> None:
        self.note.say(words)

    def leaving(self) -> str:
        if self.asking.typed:
            return phrase("What you typed about a case is not sent.")
        return ""


def _same(read: CaseLine, listed: CaseLine) -> bool:
    """Whether the case at length is still the one that the list shows."""
    return (read.state, len(read.approvals), read.evidence_count) == (
        listed.state,
        len(listed.approvals),
        listed.evidence_count,
    )
