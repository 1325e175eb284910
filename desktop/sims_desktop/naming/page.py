"""Corrections of names on screen: what waits on the left, one at length with its proof on the right."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from sims_desktop.kit import theme
from sims_desktop.kit.asking import Asking, push_button, row_of, text_label
from sims_desktop.kit.desk import Desk
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.tables import LETTER, Field, RecordModel, RecordView
from sims_desktop.kit.tasks import Task
from sims_desktop.kit.wording import left_to_right
from sims_desktop.naming.presenter import STATE_WORDS, Loaded, NamingPresenter
from sims_shared.messages import Page
from sims_shared.naming import NameCorrectionView


class NamingPage(Desk[Loaded]):
    """J and K move, A or Ctrl+Enter confirms after asking once, R rejects with a reason, E saves the
    proof."""

    title = later("Names to confirm")
    guide = "registrar#another-name"

    def __init__(
        self, around: Surroundings, presenter: NamingPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(around, "naming", parent)
        self.presenter = presenter
        self._more: Task | None = None
        self._build()
        self._add_actions()
        presenter.on_change = self._show
        around.theme.changed.connect(self._recolour)
        self._show()

    def _build(self) -> None:
        self.summary = text_label("naming_summary", self, larger=True)
        self.model: RecordModel[NameCorrectionView] = RecordModel(
            [
                Field(later("Number"), lambda one: left_to_right(one.reg_no or ""), LETTER * 16),
                Field(later("From"), lambda one: one.from_name, LETTER * 20),
                Field(later("To"), lambda one: one.name, LETTER * 20),
                Field(later("State"), lambda one: phrase(STATE_WORDS[one.status]), LETTER * 16),
            ],
            tint=self._tint,
        )
        self.list: RecordView[NameCorrectionView] = RecordView(self.model, "naming_list", parent=self)
        self.list.setAccessibleName(phrase("Corrections of names"))
        self.list.selectionModel().currentRowChanged.connect(lambda *_: self._moved())
        self.list.opened.connect(lambda one: self.wants.emit("student", one.student_id))
        self.list.end_reached.connect(self._read_more)
        self.heading = text_label("naming_heading", self, larger=True)
        self.detail = text_label("naming_detail", self)
        self.asking = Asking("naming", self)
        self.asking.left.connect(self.list.setFocus)
        self.confirm_button = push_button(self, "naming_confirm", self.confirm, phrase("Confirm (A)"))
        self.reject_button = push_button(self, "naming_reject", self.ask_reject, phrase("Reject (R)"))
        self.withdraw_button = push_button(
            self, "naming_withdraw", self.ask_withdraw, phrase("Take back (Ctrl+Z)")
        )
        self.save_button = push_button(self, "naming_save", self.save_evidence, phrase("Save the proof (E)"))
        right = QWidget(self)
        column = QVBoxLayout(right)
        column.setContentsMargins(8, 0, 0, 0)
        for part in (self.heading, self.detail):
            column.addWidget(part)
        column.addStretch(1)
        column.addWidget(self.asking)
        column.addLayout(
            row_of((self.confirm_button, self.reject_button, self.withdraw_button, self.save_button))
        )
        self.split = self.split_of("naming_split", self.list, right, (560, 440))
        self.note = Note(self)
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addWidget(self.split, 1)
        layout.addWidget(self.note)
        self.setFocusProxy(self.list)

    def _add_actions(self) -> None:
        add = self.add_action
        add("naming.confirm", later("Confirm"), ("A", "Ctrl+Return", "Ctrl+Enter"), self.confirm)
        add("naming.reject", later("Reject with a reason"), "R", self.ask_reject)
        add("naming.withdraw", later("Take back what I asked for"), "Ctrl+Z", self.ask_withdraw)
        add("naming.evidence", later("Save a copy of the proof"), "E", self.save_evidence)
        add("naming.next", later("Next name"), "J", lambda: self._step(1))
        add("naming.previous", later("Previous name"), "K", lambda: self._step(-1))
        add("naming.filter", later("Next filter"), "F", self.turn)
        add("naming.leave", later("Leave it"), "Esc", self.leave)
        add("naming.refresh", later("Ask the server again"), "F5", self.refresh)

    def more_keys(self) -> tuple[tuple[str, str], ...]:
        return ((phrase("Open the student"), "Enter"),)

    # Showing

    def _tint(self, one: NameCorrectionView) -> QColor | None:
        if one.status == "pending":
            return theme.tint("waiting")
        return None if one.status == "confirmed" else theme.tint("closed")

    def _recolour(self) -> None:
        self.asking.recolour()
        self._show()

    def _show(self) -> None:
        before, row = self.list.current(), max(0, self.list.currentIndex().row())
        self.summary.setText(self.presenter.sentence)
        corrections = list(self.presenter.corrections)
        self.model.set_records(corrections)
        if corrections:
            ids = [one.id for one in corrections]
            at = ids.index(before.id) if before and before.id in ids else min(row, len(ids) - 1)
            self.list.selectRow(at)
        self._moved()

    def _moved(self) -> None:
        one, presenter = self.list.current(), self.presenter
        if one is None or self.asking.about not in (None, one.id):
            self.asking.leave()
        self.heading.setText(f"{one.name} · {left_to_right(one.reg_no or '')}" if one is not None else "")
        nothing = phrase("One person asks on the student's page (N), with the proof; another confirms here.")
        self.detail.setText(presenter.detail(one, self.around.now()) if one is not None else nothing)
        refusal = presenter.why_not_decide(one)
        pending = one is not None and one.status == "pending"
        for button, may in (
            (self.confirm_button, pending and not refusal),
            (self.reject_button, pending and not refusal),
            (self.withdraw_button, not presenter.why_not_withdraw(one)),
            (self.save_button, one is not None),
        ):
            button.setVisible(may)
            button.setEnabled(not self.is_busy)
        if pending and refusal and not self.asking.is_asking:
            self.asking.refuse(refusal)

    def _step(self, by: int) -> None:
        self.asking.leave()
        self.step(by)

    def turn(self) -> None:
        self.asking.leave()
        self.presenter.turn()
        self.refresh()

    def _read_more(self) -> None:
        """One page at a time, when the end of what was read comes into sight."""
        loaded = self.presenter.loaded
        if loaded is None or loaded.next is None or self._more is not None or self._loading is not None:
            return
        after = loaded.next

        def done(page: Page[NameCorrectionView] | None) -> None:
            self._more = None
            self.presenter.take_more(page, after)

        def failed(error: Exception) -> None:
            self._more = None
            self.note.say(self.presenter.refused(error))

        self._more = self.around.tasks.run(
            lambda progress: self.presenter.read_more(), done, failed, owner=self
        )

    # Deciding

    def confirm(self) -> None:
        """Asks once; the same key answers yes. Also sends what stands in the line."""
        if self.is_busy:
            return
        if self.asking.asks_line:
            self.asking.answer()
            return
        one = self.list.current()
        refusal = self.presenter.why_not_decide(one)
        if refusal or one is None:
            self.asking.refuse(refusal)
            return
        agreed = partial(self._act, partial(self.presenter.decide, one, True, ""), phrase("Confirming"))
        self.asking.ask(self.presenter.question(one), agreed, about=one.id)

    def ask_reject(self) -> None:
        one = self.list.current()
        refusal = self.presenter.why_not_decide(one)
        if refusal or one is None or self.is_busy:
            self.asking.refuse(refusal)
            return

        def entered(reason: str) -> None:
            if not reason.strip():
                self.asking.refuse(phrase("A rejection needs a reason."))
            else:
                self._act(partial(self.presenter.decide, one, False, reason.strip()), phrase("Rejecting"))

        hint = phrase("Reason, then Enter; Esc leaves it")
        self.asking.ask_line(hint, phrase("Reason for rejecting it"), entered, about=one.id)

    def ask_withdraw(self) -> None:
        one = self.list.current()
        refusal = self.presenter.why_not_withdraw(one)
        if refusal or one is None or self.is_busy:
            self.asking.refuse(refusal)
            return
        agreed = partial(self._act, partial(self.presenter.withdraw, one), phrase("Taking it back"))
        question = phrase("{old} keeps the name. Ctrl+Enter takes it back.", old=one.from_name)
        self.asking.ask(question, agreed, about=one.id)

    def _act(self, work: Callable[[], str], title: str) -> None:
        self.asking.send()
        one = self.list.current()

        def done(said: str) -> None:
            self.asking.leave()
            self.note.say(said)
            self.refresh()
            if one is not None:
                self.around.changes.tell("student", one.student_id)

        def failed(error: Exception) -> None:
            self.asking.refuse(self.presenter.refused(error))
            self.refresh()

        self.act(title, lambda progress: work(), done, failed)

    def save_evidence(self) -> None:
        one = self.list.current()
        if one is None or self.is_busy:
            self.asking.refuse(self.presenter.why_not_decide(one))
            return
        chosen, _ = QFileDialog.getSaveFileName(self, phrase("Save a copy of the proof"), one.evidence)
        if chosen:
            self.save_to(one, Path(chosen))

    def save_to(self, one: NameCorrectionView, path: Path) -> None:
        def failed(error: Exception) -> None:
            self.note.say(self.presenter.refused(error))

        self.around.tasks.run(
            lambda progress: self.presenter.save(one, path), self.note.say, failed, owner=self
        )

    def leave(self) -> None:
        self.asking.leave()
        self.list.setFocus()

    # The desk

    def load(self) -> Loaded:
        return self.presenter.load()

    def take(self, loaded: Loaded) -> None:
        self.presenter.take(loaded)

    def not_loaded(self, error: Exception) -> None:
        self.presenter.not_loaded(error)

    def heard(self, kind: str, id: int) -> None:
        if kind == "names" and self._refreshed is not None and not self.is_busy and self._loading is None:
            self.refresh()

    def shown(self) -> None:
        self.refresh()
        self.list.setFocus()

    def leaving(self) -> str:
        if self.is_busy:
            return phrase("A decision is still being sent.")
        return phrase("What you typed about a name is not sent.") if self.asking.typed else ""
