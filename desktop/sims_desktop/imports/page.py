"""The import desk on screen: earlier imports on the left, one file or import at length on the right.

One key, Ctrl+Enter, does the next thing: previews the file, sends what its columns mean, brings in exactly
what is shown. The rule a newcomer would get wrong: the page draws by what the presenter shows, never by
which button was pressed last; an import that another person opened looks the same.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from sims_desktop.imports.panes import FilePane, HeaderPane, TablesPane
from sims_desktop.imports.presenter import (
    FATES,
    KIND_WORDS,
    READABLE,
    AtHand,
    ImportsPresenter,
    Shown,
    batch_words,
    faults_file,
)
from sims_desktop.kit import theme
from sims_desktop.kit.asking import Asking, push_button, row_of, text_label
from sims_desktop.kit.desk import Desk
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.tables import Field, RecordModel, RecordView
from sims_desktop.kit.tasks import Progress, Task
from sims_desktop.kit.wording import plural
from sims_shared.imports import ImportSummary


class ImportsPage(Desk[list[ImportSummary]]):
    """Ctrl+O or a dropped file, Ctrl+Enter for the next step, Ctrl+Z takes an import back."""

    title = later("Import")
    guide = "registrar#bringing-data-in"
    about_files = later(
        "CSV, XLSX or ODS. The first row names the columns. First comes a preview of every row; "
        "then all of the file is brought in, or nothing."
    )

    def __init__(
        self, around: Surroundings, presenter: ImportsPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(around, "imports", parent)
        self.presenter = presenter
        self._opening: Task | None = None
        self._naming = False
        self._drawn: Shown | None = None
        self._build()
        self._add_actions()
        self.setAcceptDrops(True)
        presenter.on_change = self._show
        around.theme.changed.connect(self._recolour)
        self._show()

    def _build(self) -> None:
        wide = self.fontMetrics().averageCharWidth()
        self.summary = text_label("imports_summary", self, larger=True)
        self.model: RecordModel[ImportSummary] = RecordModel(
            [
                Field(later("File"), lambda one: one.file_name, wide * 18),
                Field(later("Kind"), lambda one: phrase(KIND_WORDS.get(one.kind, one.kind)), wide * 11),
                Field(later("State"), batch_words, wide * 16),
                Field(later("By"), lambda one: one.created_by.name, 0),
            ],
            tint=self._tint,
        )
        self.list = RecordView(self.model, "imports_list", parent=self)
        self.list.setAccessibleName(phrase("Earlier imports"))
        self.list.opened.connect(self.open_batch)
        self.heading = text_label("imports_heading", self, larger=True)
        self.lead = text_label("imports_lead", self)
        self.file = FilePane(self)
        self.file.offer(self.presenter.kinds)
        self.headers = HeaderPane(self)
        self.headers.changed.connect(self._columns_named)
        self.tables = TablesPane(self)
        self.empty = QWidget(self)
        self.parts = QStackedWidget(self)
        for part in (self.empty, self.file, self.headers, self.tables):
            self.parts.addWidget(part)
        self.asking = Asking("imports", self)
        self.next_button = push_button(self, "imports_next", self.go_on)
        self.columns_button = push_button(self, "imports_columns", self.name_columns)
        self.save_button = push_button(self, "imports_save", self.ask_where_to_save)
        self.undo_button = push_button(self, "imports_undo", self.undo)
        self.more_button = push_button(self, "imports_more", self.read_more)
        self.choose_button = push_button(self, "imports_choose", self.ask_for_file)
        self.choose_button.setText(phrase("Choose a file (Ctrl+O)"))
        self.columns_button.setText(phrase("Name the columns (M)"))
        self.save_button.setText(phrase("Save what is wrong (Ctrl+S)"))
        self.undo_button.setText(phrase("Take it back (Ctrl+Z)"))
        self.more_button.setText(phrase("More rows (N)"))
        buttons = row_of(
            (
                self.next_button,
                self.choose_button,
                self.columns_button,
                self.save_button,
                self.more_button,
                self.undo_button,
            )
        )
        right = QWidget(self)
        column = QVBoxLayout(right)
        column.setContentsMargins(8, 0, 0, 0)
        column.addWidget(self.heading)
        column.addWidget(self.lead)
        column.addWidget(self.parts, 1)
        column.addWidget(self.asking)
        column.addLayout(buttons)
        self.split = self.split_of("imports_split", self.list, right, (460, 540))
        self.note = Note(self)
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addWidget(self.split, 1)
        layout.addWidget(self.note)
        self.setFocusProxy(self.list)

    def _columns_named(self) -> None:
        self.asking.refuse("")

    def _add_actions(self) -> None:
        add = self.add_action
        add("imports.choose", later("Choose a file"), "Ctrl+O", self.ask_for_file)
        add("imports.next", later("The next step"), ("Ctrl+Return", "Ctrl+Enter"), self.go_on)
        add("imports.columns", later("Name the columns"), "M", self.name_columns)
        add("imports.save", later("Save what is wrong as a file"), "Ctrl+S", self.ask_where_to_save)
        add("imports.undo", later("Take this import back"), "Ctrl+Z", self.undo)
        add("imports.faults", later("What is wrong"), "1", lambda: self._turn(0))
        add("imports.rows", later("Rows"), "2", lambda: self._turn(1))
        add("imports.differences", later("Averages that differ"), "3", lambda: self._turn(2))
        add("imports.fate", later("Only rows of the next fate"), "F", self.next_fate)
        add("imports.more", later("More rows"), "N", self.read_more)
        add("imports.down", later("Next import"), "J", lambda: self._step(1))
        add("imports.up", later("Previous import"), "K", lambda: self._step(-1))
        add("imports.leave", later("Leave it"), "Esc", self.leave)
        add("imports.refresh", later("Ask the server again"), "F5", self.refresh)

    def more_keys(self) -> tuple[tuple[str, str], ...]:
        return ((phrase("Open the import under the cursor"), "Enter"),)

    # Showing

    def _tint(self, one: ImportSummary) -> QColor | None:
        meaning = {"previewed": "waiting", "faulty": "refused", "undone": "closed"}.get(one.status)
        return theme.tint(meaning) if meaning else None

    def _recolour(self) -> None:
        self.asking.recolour()
        self.tables.recolour()
        self.model.set_records(list(self.presenter.batches))

    def _show(self) -> None:
        presenter, shown = self.presenter, self.presenter.shown
        self.summary.setText(presenter.sentence)
        self.model.set_records(list(presenter.batches))
        if shown is not None:
            at = [one.id for one in presenter.batches]
            if shown.view.id in at and self.list.currentIndex().row() != at.index(shown.view.id):
                self.list.selectRow(at.index(shown.view.id))
        self._show_part()
        self._show_buttons()

    def _show_part(self) -> None:
        presenter, shown = self.presenter, self.presenter.shown
        if shown is not None:
            kind = phrase(KIND_WORDS.get(shown.view.kind, shown.view.kind))
            self.heading.setText(f"{shown.view.file_name}: {kind}")
            self.lead.setText(presenter.lead(self.around.now()))
            if (shown.needs_columns and presenter.has_file) or self._naming:
                if self._drawn is not shown:
                    self.headers.show_headers(presenter.headers())
                self.parts.setCurrentWidget(self.headers)
            else:
                fresh = self._drawn is None or self._drawn.view.id != shown.view.id
                newly_faulty = self._drawn is not None and len(self._drawn.faults) != len(shown.faults)
                if self._drawn is not shown:
                    self.tables.show_import(shown, turn=fresh or newly_faulty)
                self.parts.setCurrentWidget(self.tables)
            self._drawn = shown
        elif presenter.at_hand is not None:
            self.heading.setText(phrase("A file to bring in"))
            self.lead.setText(phrase("Nothing is changed by the preview; it says what every row would do."))
            self.file.show_file(presenter.at_hand)
            self.parts.setCurrentWidget(self.file)
        else:
            self.heading.setText(phrase("Drop a file here, or press Ctrl+O"))
            self.lead.setText(phrase(self.about_files))
            self.parts.setCurrentWidget(self.empty)
        if shown is None:
            self._drawn = None
            self._naming = False

    def _show_buttons(self) -> None:
        shown, busy = self.presenter.shown, self.is_busy
        words = self._next_words()
        self.next_button.setText(words)
        self.next_button.setVisible(bool(words))
        self.next_button.setEnabled(not busy)
        self.choose_button.setVisible(shown is None and self.presenter.at_hand is None)
        self.columns_button.setVisible(
            shown is not None
            and self.presenter.has_file
            and not self._is_naming
            and bool(shown.view.mapping)
            and shown.view.committed_at is None
        )
        self.save_button.setVisible(shown is not None and bool(shown.faults) and not self._is_naming)
        self.undo_button.setVisible(shown is not None and shown.view.status == "committed")
        self.undo_button.setEnabled(not busy and not self.presenter.why_not_undo)
        self.more_button.setVisible(shown is not None and shown.more is not None and not self._is_naming)

    @property
    def _is_naming(self) -> bool:
        return self.parts.currentWidget() is self.headers

    def _next_words(self) -> str:
        shown = self.presenter.shown
        if self._is_naming or (shown is None and self.presenter.at_hand is not None):
            return phrase("Preview (Ctrl+Enter)")
        if shown is None:
            return ""
        if shown.view.status == "previewed" and not self.presenter.why_not_commit:
            if shown.view.kind == "results_history":
                proposed = shown.view.proposed_by is not None
                return phrase("Confirm (Ctrl+Enter)") if proposed else phrase("Propose (Ctrl+Enter)")
            return phrase("Bring it in (Ctrl+Enter)")
        if shown.view.status == "uploaded" and shown.job is not None and shown.job.status != "done":
            return phrase("Read it again (Ctrl+Enter)")
        return ""

    # The file

    def ask_for_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, phrase("Bring a file in"), "", phrase(READABLE))
        if path:
            self.choose(Path(path))

    def choose(self, path: Path) -> None:
        """As the dialog and a dropped file give it."""
        if self.is_busy:
            self.asking.refuse(phrase("One file at a time; this one is under way."))
            return
        self.asking.leave()
        refusal = self.presenter.choose(path)
        self.asking.refuse(refusal)
        if not refusal:
            self.file.kind.setFocus()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if len(event.mimeData().urls()) == 1 and event.mimeData().urls()[0].isLocalFile():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.choose(Path(event.mimeData().urls()[0].toLocalFile()))

    # Acts

    def go_on(self) -> None:
        """The next step of whatever is shown; also answers yes to what was asked."""
        presenter, shown = self.presenter, self.presenter.shown
        if self.is_busy:
            return
        if self.asking.is_asking:
            self.asking.answer()
        elif self._is_naming:
            self._send_columns()
        elif shown is None and presenter.at_hand is not None:
            presenter.say_kind(str(self.file.kind.currentData()), self.file.complete.isChecked())
            self._preview(presenter.at_hand, None)
        elif shown is None:
            self.asking.refuse(phrase("Choose a file first: Ctrl+O, or drop it here."))
        elif shown.view.status == "uploaded":
            self._run(phrase("Reading the file"), partial(presenter.retry, shown), phrase("Read again."))
        elif presenter.why_not_commit:
            self.asking.refuse(presenter.why_not_commit)
        elif presenter.commit_question:
            self.asking.ask(presenter.commit_question, self._commit)
        else:
            self._commit()

    def _preview(self, file: AtHand, mapping: dict[str, str] | None) -> None:
        self._naming = False
        self._drawn = None

        def work(progress: Progress) -> Shown:
            return self.presenter.preview(file, mapping, progress)

        self._run(phrase("Reading {name}", name=file.name), work, phrase("Read {name}.", name=file.name))

    def _send_columns(self) -> None:
        said = self.headers.said()
        missing = self.presenter.check_mapping(said)
        if missing:
            self.asking.refuse(missing)
            return
        file = self.presenter.at_hand
        assert file is not None
        self._preview(file, said)

    def name_columns(self) -> None:
        """The headers again, also those that were explained before."""
        shown = self.presenter.shown
        if shown is None or not self.presenter.has_file or not self.presenter.headers():
            self.asking.refuse(phrase("Every column of this file has its own name already."))
            return
        self._naming = True
        self._drawn = None
        self._show()
        self.headers.take_focus()

    def _commit(self) -> None:
        shown = self.presenter.shown
        assert shown is not None
        if self.presenter.why_not_commit:
            return
        history = shown.view.kind == "results_history"
        said = phrase("Brought in: {name}.", name=shown.view.file_name)
        if history and shown.view.proposed_by is None:
            said = phrase("Proposed. Another person confirms it.")

        def work(progress: Progress) -> Shown:
            return self.presenter.commit(shown, progress)

        self._run(phrase("Bringing {name} in", name=shown.view.file_name), work, said)

    def undo(self) -> None:
        shown = self.presenter.shown
        refusal = self.presenter.why_not_undo
        if refusal or shown is None:
            self.asking.refuse(refusal)
            return

        def work(progress: Progress) -> Shown:
            return self.presenter.undo(shown)

        def agreed() -> None:
            name = shown.view.file_name
            self._run(phrase("Taking {name} back", name=name), work, phrase("Taken back: {name}.", name=name))

        self.asking.ask(self.presenter.undo_question, agreed)

    def _run(self, title: str, work: Callable[[Progress], Shown], said: str) -> None:
        """One act on its way; its answer is shown and said, its refusal stands beside the buttons."""
        self.asking.leave()

        def done(shown: Shown) -> None:
            self.presenter.take_shown(shown)
            failed = shown.job is not None and shown.job.status in ("failed", "cancelled")
            self.note.say("" if failed else said)
            self.around.changes.tell("imports", shown.view.id)
            if self._is_naming:
                self.headers.take_focus()
            else:
                self.tables.take_focus()

        def failed(error: Exception) -> None:
            self.asking.refuse(self.presenter.refused(error))
            self._show()
            self.refresh()

        self.act(title, work, done, failed)
        self._show_buttons()

    def cancelled(self) -> None:
        self.note.say(phrase("Cancelled."))
        self._show()
        self.refresh()

    def leave(self) -> None:
        if self.asking.is_asking:
            self.asking.leave()
        elif self._naming:
            self._naming = False
            self._drawn = None
            self._show()
        elif self.presenter.at_hand is not None and self.presenter.shown is None:
            self.presenter.leave_file()
        self.asking.refuse("")
        self.list.setFocus()

    # What is wrong, as a file

    def ask_where_to_save(self) -> None:
        shown = self.presenter.shown
        if shown is None or not shown.faults:
            self.asking.refuse(phrase("There is nothing wrong to be saved."))
            return
        stem = Path(shown.view.file_name).stem
        name = phrase("{name}, what is wrong.csv", name=stem)
        path, _ = QFileDialog.getSaveFileName(self, phrase("Save what is wrong"), name, "CSV (*.csv)")
        if path:
            self.save_faults(Path(path))

    def save_faults(self, path: Path) -> None:
        shown = self.presenter.shown
        assert shown is not None
        try:
            path.write_bytes(faults_file(shown.faults))
        except OSError as error:
            self.asking.refuse(phrase("Not saved: {why}", why=error.strerror or error))
            return
        self.note.say(
            phrase("Saved {faults} to {name}.", faults=plural(len(shown.faults), "fault"), name=path.name)
        )

    # Rows and earlier imports

    def _turn(self, to: int) -> None:
        if self.parts.currentWidget() is self.tables:
            self.tables.turn(to)
            self.tables.take_focus()

    def next_fate(self) -> None:
        shown = self.presenter.shown
        if shown is None or self._is_naming:
            return
        counts = shown.view.counts
        there = [fate for fate in FATES if fate is None or getattr(counts, fate)]
        at = there.index(shown.fate) if shown.fate in there else 0
        self.tables.turn(1)
        self._read(shown.view.id, there[(at + 1) % len(there)])

    def read_more(self) -> None:
        shown = self.presenter.shown
        if shown is not None and shown.more is not None and self._opening is None:
            self._follow(lambda progress: self.presenter.read_more(shown))

    def open_batch(self, batch: ImportSummary) -> None:
        if not self.is_busy:
            self.asking.leave()
            self._naming = False
            self._read(batch.id, None)

    def _read(self, import_id: int, fate: str | None) -> None:
        self._follow(lambda progress: self.presenter.open(import_id, fate))

    def _follow(self, work: Callable[[Progress], Shown]) -> None:
        def done(shown: Shown) -> None:
            self._opening = None
            self.presenter.take_shown(shown)

        def failed(error: Exception) -> None:
            self._opening = None
            self.asking.refuse(self.presenter.refused(error))

        if self._opening is not None:
            self._opening.cancel()
        self._opening = self.around.tasks.run(work, done, failed, owner=self)

    def _step(self, by: int) -> None:
        self.step(by)
        current = self.list.current()
        if current is not None:
            self.open_batch(current)

    def heard(self, kind: str, id: int) -> None:
        if kind == "imports":
            self.refresh()

    def leaving(self) -> str:
        if self.is_busy:
            return phrase("A file is being brought in; leaving does not stop the server.")
        return ""


class DateSheetFilesPage(ImportsPage):
    """The same steps for the files of a date sheet only, from the desk that arranges it."""

    title = later("Date sheet from a file")
    guide = "controller#the-date-sheet"
    about_files = later(
        "First the rooms: name, seats. Then the papers: course_code, term, section, part, date, starts_at, "
        "ends_at, rooms (as Hall A: 60, Room 7). CSV, XLSX or ODS, its first row names the columns; a "
        "preview says what every row would do, and then all of the file is brought in, or nothing."
    )

    def leave(self) -> None:
        """Esc with nothing to leave goes back to the date sheet."""
        chosen = self.presenter.at_hand is not None and self.presenter.shown is None
        idle = not (chosen or self.asking.is_asking or self._naming)
        super().leave()
        if idle and not self.is_busy:
            self.wants.emit("date_sheet", 0)
