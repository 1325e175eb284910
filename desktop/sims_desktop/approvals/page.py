"""The approval inbox on screen: the list, one item at length beside it, and the decision below that.

Nothing here is modal: the one question that is asked, before a change is applied, stands where the
decision is made and is answered by the same key.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from sims_desktop.approvals.compared import ComparedRows
from sims_desktop.approvals.presenter import Detail, InboxPresenter, Item, Key, Loaded, Outcome, Plan, age
from sims_desktop.approvals.scans import Scans
from sims_desktop.client.errors import ClientError
from sims_desktop.kit import theme
from sims_desktop.kit.asking import Asking, colour, push_button, row_of, text_label
from sims_desktop.kit.desk import Desk
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.tables import LETTER, Field, RecordModel, RecordView
from sims_desktop.kit.tasks import Progress
from sims_shared.cases import ChangeEvidenceView

Row = tuple[str, str, str]


class DetailPane(QWidget):
    """One item at length, read only."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heading = text_label("detail_heading", self, larger=True)
        self.lead = text_label("detail_lead", self)
        self.warnings = text_label("detail_warnings", self)
        self.lines = text_label("detail_lines", self)
        self.files = text_label("detail_files", self)
        self._columns: Row = ("", "", "")
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.addWidget(self.heading)
        self._box.addWidget(self.lead)
        self._box.addWidget(self.warnings)
        self.table: RecordView[Row] | None = None
        self.model: RecordModel[Row] | None = None
        self.compared = ComparedRows(self)
        self._box.addWidget(self.lines)
        self._box.addWidget(self.compared)
        self._box.addWidget(self.files)
        self._box.addStretch(1)

    def show_words(self, heading: str, lead: str = "") -> None:
        self.show_detail(Detail(heading, lead, ("", "", ""), []))

    def show_detail(self, detail: Detail) -> None:
        self.heading.setText(detail.title)
        self.lead.setText(detail.lead)
        self.lead.setVisible(bool(detail.lead))
        self.warnings.setText("\n".join(detail.warnings))
        self.warnings.setVisible(bool(detail.warnings))
        self.recolour()
        self.lines.setText("\n".join(detail.lines))
        self.lines.setVisible(bool(detail.lines))
        self.show_files("")
        self.compared.show_moved(detail.since_return)
        self._show_rows(detail)

    def show_files(self, words: str) -> None:
        self.files.setText(words)
        self.files.setVisible(bool(words))

    def recolour(self) -> None:
        colour(self.warnings, "conflict")
        self.compared.recolour()

    def _show_rows(self, detail: Detail) -> None:
        if self.table is None or self._columns != detail.columns:
            if self.table is not None:
                self._box.removeWidget(self.table)
                self.table.deleteLater()
            self._columns = detail.columns
            wide = LETTER
            self.model = RecordModel(
                [
                    Field(detail.columns[0], lambda row: row[0], wide * 18),
                    Field(detail.columns[1], lambda row: row[1], wide * 18),
                    Field(detail.columns[2], lambda row: row[2], wide * 18),
                ],
                tint=self._tint,
            )
            self.table = RecordView(self.model, "detail_rows", parent=self)
            self.table.setAccessibleName(phrase("What it is about"))
            self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self.table.setSelectionMode(RecordView.SelectionMode.NoSelection)
            self.table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            self.table.fitted.connect(self._fit)
            self._box.insertWidget(3, self.table)
        assert self.model is not None
        self.model.set_records(detail.rows)
        self.table.setVisible(bool(detail.rows))
        self._fit()

    def _fit(self) -> None:
        """As high as its rows, however many lines they have: what follows stands right below."""
        table = self.table
        if table is not None:
            rows = table.verticalHeader().defaultSectionSize() * table.model().rowCount()
            bar = table.horizontalScrollBar().sizeHint().height()
            bar *= table.horizontalHeader().length() > self.width()  # at a large zoom
            frame = 2 * table.frameWidth()
            table.setFixedHeight(table.horizontalHeader().sizeHint().height() + rows + frame + bar)

    def _tint(self, row: Row) -> QColor | None:
        """Before and after that differ stand out."""
        return theme.tint("waiting") if self._columns[1] == phrase("Before") and row[1] != row[2] else None


class InboxPage(Desk[Loaded]):
    """J and K move, Space chooses, A or Ctrl+Enter approves, R returns with a reason."""

    title = later("Approvals")
    guide = "head"

    def __init__(
        self, around: Surroundings, presenter: InboxPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(around, "approvals", parent)
        self.presenter = presenter
        self._outcomes: list[Outcome] = []
        self._shown: tuple[Key, int] | None = None
        self._scans: Scans | None = None
        self._build()
        self._add_actions()
        presenter.on_change = self._show
        around.theme.changed.connect(self._recolour)
        self._show()

    def _build(self) -> None:
        self.summary = text_label("approvals_summary", self, larger=True)
        presenter, now, wide = self.presenter, self.around.now, LETTER
        self.model: RecordModel[Item] = RecordModel(
            [
                Field("✓", presenter.sign, wide * 4, whole=presenter.sign_words),
                Field("Item", lambda item: item.title, wide * 23),
                Field("Kind", lambda item: item.kind_words, wide * 8),
                Field("What", lambda item: item.gist, wide * 18),
                Field("Waiting", lambda item: age(item.since, now()), wide * 9),
                Field("From", lambda item: item.by, wide * 17),
            ],
            tint=self._tint,
        )
        self.list = RecordView(self.model, "approvals_list", parent=self)
        self.list.setAccessibleName(phrase("Waiting for approval"))
        self.list.selectionModel().currentRowChanged.connect(lambda *_: self._moved())
        self.detail = DetailPane()
        scroll = QScrollArea(self)
        scroll.setObjectName("approvals_detail")
        scroll.setAccessibleName(phrase("What it is about"))
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(self.detail)
        self.asking = Asking("approvals", self)
        self.asking.left.connect(self.list.setFocus)
        self.approve_button = push_button(self, "approvals_approve", self.approve)
        self.return_button = push_button(self, "approvals_return", self.ask_reason)
        right = QWidget(self)
        column = QVBoxLayout(right)
        column.setContentsMargins(8, 0, 0, 0)
        column.addWidget(scroll, 1)
        column.addWidget(self.asking)
        column.addLayout(row_of((self.approve_button, self.return_button)))
        self.split = self.split_of("approvals_split", self.list, right, (550, 450))
        self.note = Note(self)
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addWidget(self.split, 1)
        layout.addWidget(self.note)
        self.setFocusProxy(self.list)

    def _add_actions(self) -> None:
        add = self.add_action
        add("approvals.next", "Next item", ("J",), lambda: self.step(1))
        add("approvals.previous", "Previous item", ("K",), lambda: self.step(-1))
        add("approvals.approve", "Approve", ("A", "Ctrl+Return", "Ctrl+Enter"), self.approve)
        add("approvals.return", "Return with a reason", "R", self.ask_reason)
        add("approvals.choose", "Choose this item", "Space", self._choose, self.list)
        add("approvals.choose_like", "Choose all like this", "Ctrl+A", self._choose_like, self.list)
        add("approvals.evidence", later("Save the files of the request"), "E", self.save_scans)
        add("approvals.leave", "Leave it undecided", "Esc", self.leave)
        add("approvals.refresh", "Ask the server again", "F5", self.refresh)

    # Showing

    def _tint(self, item: Item) -> QColor | None:
        if item.key in self.presenter.refusals:
            return theme.tint("refused")
        return theme.tint("closed") if item.barred else None

    def _recolour(self) -> None:
        self.detail.recolour()
        self.asking.recolour()
        self.model.set_records(list(self.presenter.items))

    @property
    def current(self) -> Item | None:
        return self.list.current()

    def _show(self) -> None:
        before = self.current
        row = max(0, self.list.currentIndex().row())
        items = list(self.presenter.items)
        self.summary.setText(self.presenter.sentence)
        self.model.set_records(items)
        if items:
            at = next(
                (n for n, item in enumerate(items) if before is not None and item.key == before.key), None
            )
            wanted = min(row, len(items) - 1) if at is None else at
            if self.list.currentIndex().row() != wanted:
                self.list.selectRow(wanted)
        self._moved()

    def _moved(self) -> None:
        """Shows the item under the cursor; a question about another is withdrawn."""
        item = self.current
        same = item is not None and self._shown == (item.key, _version(item))
        if not same:
            self.asking.leave()
        self._show_controls(item)
        if same:
            return
        self._shown = (item.key, _version(item)) if item is not None else None
        if item is None:
            self.detail.show_words(phrase("Nothing to decide") if self.presenter.loaded_at else "")
        elif item.change is not None:
            self.detail.show_detail(self.presenter.read_detail(item))
            self._read_scans(item)
        else:
            self.detail.show_words(item.title, phrase("Reading the sheet …"))
            self._read(item)

    def _read(self, item: Item) -> None:
        wanted = (item.key, _version(item))

        def done(detail: Detail) -> None:
            if self._shown == wanted:
                self.detail.show_detail(detail)

        def failed(error: Exception) -> None:
            if not isinstance(error, ClientError):
                raise error
            if self._shown == wanted:
                self._shown = None  # asked again when the cursor comes back or the list is read
                self.detail.show_words(
                    item.title, phrase("{error}. The sheet cannot be shown now.", error=error)
                )

        self.around.tasks.run(lambda progress: self.presenter.read_detail(item), done, failed, owner=self)

    def _read_scans(self, item: Item) -> None:
        """The files of a change request come after it: it is read without waiting for them."""
        self._scans = scans = self.presenter.scans_of(item)

        def done(files: list[ChangeEvidenceView]) -> None:
            if self._scans is scans:
                scans.files = files
                self.detail.show_files(scans.words(self.around.now()))

        def failed(error: Exception) -> None:
            if not isinstance(error, ClientError):
                raise error
            if self._scans is scans:
                self.detail.show_files(phrase("{error}. Its files cannot be listed now.", error=error))

        self.around.tasks.run(lambda progress: scans.load(), done, failed, owner=self)

    def save_scans(self) -> None:
        """E: the one file under a name, several into a folder."""
        item, scans = self.current, self._scans
        if item is None or item.change is None or scans is None or not scans.files:
            self.asking.complaint.say(phrase("No file is filed with this."))
            return
        names = scans.names
        if len(names) == 1:
            path, _ = QFileDialog.getSaveFileName(self, phrase("Save a copy"), names[0])
            names = [Path(path).name]
            folder = Path(path).parent if path else None
        else:
            path = QFileDialog.getExistingDirectory(self, phrase("Save copies in a folder"))
            folder = Path(path) if path else None
        if folder is not None:
            self.save_scans_as(scans, folder, names)

    def save_scans_as(self, scans: Scans, folder: Path, names: list[str]) -> None:
        def failed(error: Exception) -> None:
            if not isinstance(error, ClientError | OSError):
                raise error
            why = error.strerror or error if isinstance(error, OSError) else error
            self.asking.complaint.say(phrase("Not saved: {why}", why=why))

        title = phrase("Fetching {name}", name=names[0])
        self.around.tasks.run(
            lambda progress: scans.save(folder, names), self.note.say, failed, title=title, owner=self
        )

    def _show_controls(self, item: Item | None) -> None:
        chosen = len(self.presenter.chosen)
        may = item is not None and (bool(chosen) or not item.barred)
        is_change = item is not None and item.change is not None
        many = phrase(" {chosen:,} chosen", chosen=chosen) if chosen else ""
        self.approve_button.setText(phrase("Approve{many} (A)", many=many))
        self.return_button.setText(f"{phrase('Reject') if is_change else phrase('Return')}{many} (R)")
        for button in (self.approve_button, self.return_button):
            button.setEnabled(may and not self.is_busy)
            button.setVisible(item is not None)
        words = ""
        if item is not None and not chosen:
            words = self.presenter.refusals.get(item.key, "") or item.barred
        elif item is not None:
            words = self.presenter.refusals.get(item.key, "")
        self.asking.complaint.say(words)

    # Moving and choosing

    def _choose(self) -> None:
        item = self.current
        if item is not None:
            words = self.presenter.toggle(item.key)
            if words:
                self.asking.complaint.say(words)
            else:
                self.asking.leave()
                self.step(1)

    def _choose_like(self) -> None:
        item = self.current
        if item is not None:
            self.asking.leave()
            self.presenter.choose_like(item.key)

    # Deciding

    def approve(self) -> None:
        """Approves; asks first where that applies a change, and the same key answers yes."""
        if self.asking.line.hasFocus():
            self.asking.answer()
            return
        plan = self._plan(approves=True)
        if plan is not None and plan.question:
            self.asking.ask(plan.question, partial(self._carry_out, plan), about=plan)
        elif plan is not None:
            self.asking.leave()
            self._carry_out(plan)

    def ask_reason(self) -> None:
        if self._plan(approves=False, reason="-") is not None:
            hint = phrase("Reason, then Enter; Esc leaves it")
            self.asking.ask_line(hint, phrase("Reason for returning it"), self._send_return)

    def _send_return(self, reason: str) -> None:
        plan = self._plan(approves=False, reason=reason)
        if plan is not None:
            self.asking.send()
            self._carry_out(plan)

    def _plan(self, *, approves: bool, reason: str = "") -> Plan | None:
        """What would be decided; None with the refusal below the item."""
        item = self.current
        plan = self.presenter.plan(item.key if item else None, approves=approves, reason=reason)
        if isinstance(plan, Plan):
            return plan
        self.asking.complaint.say(plan)
        return None

    def leave(self) -> None:
        """Esc: the question and the reason go, then what is chosen."""
        if not self.asking.is_asking and self.presenter.chosen:
            self.presenter.chosen.clear()
            self._show()
        self.asking.leave()
        self._show_controls(self.current)
        self.list.setFocus()

    def _carry_out(self, plan: Plan) -> None:
        if self.is_busy:
            self.asking.complaint.say(phrase("One moment: the last decision is still on its way."))
            return
        outcomes: list[Outcome] = []
        self._outcomes = outcomes
        title = (phrase("Approving") if plan.approves else phrase("Returning")) + f" {plan.items[0].title}"
        if len(plan.items) > 1:
            title = phrase(
                "{which} {count:,} items",
                which=phrase("Approving") if plan.approves else phrase("Returning"),
                count=len(plan.items),
            )

        def work(progress: Progress) -> None:
            self.presenter.carry_out(plan, progress.report, outcomes)

        def failed(error: Exception) -> None:
            raise error  # what the server may say is an outcome

        self.act(title, work, lambda _: self.cancelled(), failed)
        self.note.say(f"{title} …")
        self._show_controls(self.current)

    def cancelled(self) -> None:
        """Also after a cancel: what was decided was decided."""
        said = self.presenter.take_outcomes(self._outcomes)
        self.note.say(said or phrase("Nothing was decided."))
        if self.asking.asks_line and any(one.error is not None for one in self._outcomes):
            self.asking.refuse(self.asking.complaint.text())
            self.asking.line.setFocus()
        else:
            self.asking.leave()
            self.list.setFocus()
        self.around.changes.tell("results", 0)
        self.refresh()

    # The server

    def load(self) -> Loaded:
        return self.presenter.load()

    def take(self, loaded: Loaded) -> None:
        self.presenter.take_list(loaded, self.around.now())

    def not_loaded(self, error: Exception) -> None:
        self.presenter.take_trouble(error)

    def heard(self, kind: str, id: int) -> None:
        """Each round of syncing tells of sheets; the inbox asks anew at most twice a minute."""
        if kind == "sheets" and self.isVisible() and not self.is_busy and self._loading is None:
            self.refresh_when_stale()

    def shown(self) -> None:
        self.refresh()
        self.list.setFocus()

    def leaving(self) -> str:
        if self.is_busy:
            return phrase("A decision is still being sent.")
        return ""


def _version(item: Item) -> int:
    """What moves when the item reads differently."""
    return item.sheet.rev if item.sheet is not None else len(item.change.approvals) if item.change else 0
