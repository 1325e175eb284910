"""The grade grid's page: title and state in words, strip, grid, panel beside it, note at the foot.

Every act goes through the presenter, which writes to the local store and never waits; what asks the
server (submitting, late marks, release, cut-offs) does so off the window's thread, in a module of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import partial
from pathlib import Path

from PySide6.QtCore import QLocale, Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from sims_desktop.grading.clipboard import put_on_clipboard, rows_on_clipboard
from sims_desktop.grading.columns import ColumnDesk
from sims_desktop.grading.cutoffs import CutoffDesk
from sims_desktop.grading.files import SheetFiles
from sims_desktop.grading.finding import Finding, named, show_row
from sims_desktop.grading.late import LateMarks
from sims_desktop.grading.memo import MemoDesk
from sims_desktop.grading.panels import DistributionPanel, MatchPanel, Panel, TrayPanel
from sims_desktop.grading.paper import Paper
from sims_desktop.grading.plan import PlanDesk
from sims_desktop.grading.presenter.entry import number_text
from sims_desktop.grading.presenter.grid import NAME, Filter, GridPresenter, Outcome
from sims_desktop.grading.presenter.guards import Suspicion, suspicions
from sims_desktop.grading.presenter.matching import Match, apply_match, match_rows
from sims_desktop.grading.presenter.office import SheetOffice
from sims_desktop.grading.presenter.sheet import Badge, Conflict, Row, Sheet, SheetNotHere, SheetShelf
from sims_desktop.grading.presenter.stack import StackPresenter
from sims_desktop.grading.presenter.tray import TrayPresenter
from sims_desktop.grading.result_past import ResultPastDesk
from sims_desktop.grading.revisions import RevisionDesk
from sims_desktop.grading.strip import Strip
from sims_desktop.grading.submitting import Submitting
from sims_desktop.grading.view import GridView
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note, Said
from sims_desktop.kit.page import Page, Surroundings
from sims_desktop.kit.search import Entry, rank
from sims_desktop.kit.theme import enlarge

KEYS_NAME = later("Grade grid")
MOST_SUMMED = 5_000
LOOKS_AFTER = 700  # milliseconds after the last act: guards never come between two keys


class GridPage(Page):
    """`refreshed` when what a sync brought is shown."""

    refreshed = Signal()
    guide = "faculty"
    keys_name = KEYS_NAME

    def __init__(
        self,
        around: Surroundings,
        shelf: SheetShelf,
        office: SheetOffice,
        section_id: int,
        parent: QWidget | None = None,
    ) -> None:
        self.grid = GridPresenter(shelf, section_id, decimal_mark=QLocale().decimalPoint())
        sheet = self.grid.sheet
        self.title = f"{sheet.title} · {sheet.section}"
        super().__init__(around, "grid_page", parent)
        self.office = office
        self.section_id = section_id
        where = f"{phrase('Section')} {sheet.section}"
        self.heading = Said(self)
        self.heading.setText(f"{sheet.title} · {where} · {sheet.term}")
        self.heading.setObjectName("sheet_title")
        self.heading.setTextFormat(Qt.TextFormat.PlainText)
        enlarge(self.heading, 1.2, bold=True)
        self.state = Said(self)
        self.state.setObjectName("sheet_state")
        self.state.setTextFormat(Qt.TextFormat.PlainText)
        self.state.setWordWrap(True)  # the head's words are as long as they are; the window is not
        self.view = GridView(self.grid, self)
        self.finding = Finding(self)
        self.find_line = self.finding.line
        self.note = Note(self)
        self.figures = Said(self)
        self.figures.setObjectName("selection_figures")
        self.strip: Strip | None = None
        self.panel: Panel | None = None
        self.submitting = Submitting(self)
        self.submission, self.submit = self.submitting.state, self.submitting.submit
        self.tray = TrayPresenter(self.grid)
        self.late = LateMarks(self)
        self.cutoffs = CutoffDesk(self)
        self.column_desk = ColumnDesk(self)
        self.plan, self.files = PlanDesk(self), SheetFiles(self)
        self.paper = Paper(self)
        self.revisions, self.memo = RevisionDesk(self), MemoDesk(self)
        self.result_past = ResultPastDesk(self)
        self.noticed: list[Suspicion] = []
        self._let_be: set[Suspicion] = set()
        self._looking = QTimer(self)
        self._looking.setSingleShot(True)
        self._looking.setInterval(LOOKS_AFTER)
        self._looking.timeout.connect(self.look_for_slips)
        self._is_refreshing = self._refresh_again = self._waits_for_editor = False
        self._lay_out()
        self._add_actions()
        self.view.say = self._say
        self.view.acted = self._acted
        self.view.next_problem = self.next_problem
        self.view.itemDelegate().closeEditor.connect(lambda *_: self._typed())
        self.view.table.on_act = self._did
        self._return_to_place()
        self.view.selectionModel().currentChanged.connect(lambda *_: self._moved())
        self.view.selectionModel().selectionChanged.connect(lambda *_: self._count_selection())
        around.theme.changed.connect(self.view.recolour)
        self.show_standing()
        self._moved()
        if not self.grid.columns:
            self.note.say(phrase("This sheet has no columns yet: Ctrl+T writes the plan of assessment."))

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.heading)
        top.addSpacing(16)
        top.addWidget(self.state, 1)
        top.addWidget(self.find_line)
        self._across = QSplitter(Qt.Orientation.Horizontal, self)
        self._across.setObjectName("grid_split")
        self._down = QSplitter(Qt.Orientation.Vertical, self)
        self._down.addWidget(self.view)
        self._across.addWidget(self._down)
        for split in (self._across, self._down):
            split.setStretchFactor(0, 1)
            split.setChildrenCollapsible(False)
        self.hint = Said(self)
        self.hint.setObjectName("hint")
        self.hint.setTextFormat(Qt.TextFormat.PlainText)
        self.hint.setWordWrap(True)
        self.hint.hide()
        foot = QHBoxLayout()
        foot.addWidget(self.note, 1)
        foot.addWidget(self.figures)
        self._column = QVBoxLayout(self)
        self._column.addLayout(top)
        self._column.addWidget(self.hint)
        self._column.addWidget(self._across, 1)
        self._column.addLayout(foot)
        self.setFocusProxy(self.view)
        self.setAcceptDrops(True)

    def _add_actions(self) -> None:
        add, cells = self.add_action, self.view
        self.undo_action = add("grading.undo", "Undo", "Ctrl+Z", self.undo)
        self.redo_action = add("grading.redo", "Redo", ("Ctrl+Y", "Ctrl+Shift+Z"), self.redo)
        add("grading.copy", "Copy", "Ctrl+C", self.copy, cells)
        add(
            "grading.copy_with_names",
            "Copy with numbers and names",
            "Ctrl+Shift+C",
            self.copy_with_names,
            cells,
        )
        add("grading.cut", "Cut", "Ctrl+X", self.cut, cells)
        add("grading.paste", "Paste", "Ctrl+V", self.paste, cells)
        add("grading.paste_by_number", "Paste by registration number", "Ctrl+Shift+V", self.paste_by_number)
        add("grading.fill_down", "Fill down", "Ctrl+D", self.fill_down, cells)
        add("grading.clear", "Clear", ("Del", "Backspace"), self.clear, cells)
        add("grading.find", "Go to a registration number or name", ("/", "Ctrl+G"), self.open_find, cells)
        add("grading.next_problem", "Next problem", "F7", self.next_problem)
        add("grading.late", "Refused marks; ask for a change", "Ctrl+R", self.late.open)
        add("grading.send_again", "Send refused marks again", "F8", self.send_refused_again)
        add("grading.give_up", "Let go of refused marks", "Shift+F8", self.give_up_refused)
        add("grading.missing_here", "Missing in this column", "M", self.toggle_missing, cells)
        add("grading.missing", "Missing anywhere", "Shift+M", self.toggle_missing_anywhere, cells)
        add("grading.sort", "Sort by this column", "O", self.sort, cells)
        add("grading.sort_by_name", "Sort by name", "Shift+O", self.sort_by_name, cells)
        add("grading.stack", "Enter an unsorted stack of scripts", "F6", self.toggle_strip)
        add("grading.stack_again", "Key a stack a second time, blind", "Shift+F6", self.toggle_blind_strip)
        add("grading.distribution", "Distribution", "Ctrl+F", self.toggle_distribution)
        add("grading.plan", "Plan of assessment", "Ctrl+T", self.plan.open)
        add("grading.memo", later("Compare with the hall memo"), "F3", self.memo.toggle)
        add("grading.revisions", later("Two revisions side by side"), "F4", self.revisions.toggle)
        past = later("Two versions of this student's result")
        add("grading.result_past", past, "Shift+F4", self.result_past.toggle)
        add("grading.cutoffs", "Cut-offs between the grades", "F9", self.cutoffs.toggle)
        add("grading.release", "Show this column to the students", "S", self.column_desk.release, cells)
        add("grading.lock", "Lock this column", "K", self.column_desk.lock, cells)
        add("grading.tray", "Conflict tray", "Ctrl+J", self.toggle_tray)
        add("grading.submit", "Submit to the head of department", ("Ctrl+Return", "Ctrl+Enter"), self.submit)
        add("grading.award_list", "Print the award list", "Ctrl+P", self.paper.award_list)
        add("grading.award_column", "Print this column in words", "Ctrl+Shift+P", self.paper.column)
        add("grading.go_to_slip", "Go to what was noticed", "Ctrl+H", self.go_to_slip)
        add("grading.let_slip_be", "Let be what was noticed", "Ctrl+Shift+H", self.let_slip_be)
        add("grading.save_file", "Save as an Excel file", "Ctrl+S", self.files.ask_where_to_save)
        add("grading.bring_file", "Bring marks in from a file", "Ctrl+O", self.files.ask_which_to_bring)

    def more_keys(self) -> tuple[tuple[str, str], ...]:
        return (
            ("Overwrite the cell", "type"),
            ("Edit what stands", "F2"),
            ("Revert", "Esc"),
            ("Down; up", "Enter; Shift+Enter"),
            ("Right; Enter then returns to the first column", "Tab"),
            ("To the end of the filled cells", "Ctrl+↑ ↓ ← →"),
            ("One mark into all chosen cells", "type, Enter"),
            ("Absent, excused, unfair means, pending", "A  E  U  PE"),
        )

    def entries(self, query: str) -> Iterable[Entry]:
        """Students of this sheet."""
        if len(query.strip()) < 2:
            return
        for row in self.grid.sheet.rows:
            if rank(query, f"{row.reg_no} {row.name}") is not None:
                yield Entry(
                    row.name,
                    partial(self.go_to_row, row),
                    phrase("{reg_no} · student of this sheet", reg_no=row.reg_no),
                )

    # Acts

    def _did(self, outcome: Outcome) -> None:
        self._say(outcome.sentence)
        self._acted()

    def _say(self, sentence: str) -> None:
        self.note.say(" · ".join(filter(None, (sentence, self.memo.notice()))))

    def _acted(self) -> None:
        self._looking.start()
        if self.tray.conflicts:  # mine in one of them may be another now
            self.tray.reload()
        self.show_standing()
        self._moved()
        self._count_selection()
        self.around.changes.tell("marks", self.section_id)

    def undo(self) -> None:
        if self.panel is not None and self.panel.undo():
            return
        self._did(self.grid.undo())

    def redo(self) -> None:
        self._did(self.grid.redo())

    def copy(self) -> None:
        self._copy(with_names=False)

    def copy_with_names(self) -> None:
        self._copy(with_names=True)

    def _copy(self, *, with_names: bool) -> None:
        block = self.view.hull()
        if block is not None:
            put_on_clipboard(self.grid.block(*block, with_names=with_names), texts=2 if with_names else 0)
            rows, columns = block.bottom - block.top + 1, block.right - block.left + 1
            self.note.say(phrase("Copied {rows:,} × {columns:,} cells", rows=rows, columns=columns))

    def cut(self) -> None:
        block = self.view.hull()
        if block is not None:
            rows, outcome = self.grid.cut(*block)
            put_on_clipboard(rows)
            self._did(outcome)

    def paste(self) -> None:
        block = self.view.hull()
        if block is not None:
            rows = rows_on_clipboard()
            self._did(self.grid.paste_rows(rows, block.top, block.left, block.bottom, block.right))

    def paste_by_number(self) -> None:
        match = match_rows(self.grid, rows_on_clipboard(), self.view.column_here())
        if match is None:
            self.note.say(phrase("The clipboard has no column of registration numbers of this section"))
            return
        panel = MatchPanel(self)
        panel.applied.connect(self.apply_match)
        self.open_panel(panel)
        panel.preview(match)

    def apply_match(self, match: Match) -> None:
        self._did(apply_match(self.grid, match))

    def fill_down(self) -> None:
        block = self.view.hull()
        if block is not None:
            self._did(self.grid.fill_down(*block))

    def clear(self) -> None:
        self._did(self.grid.clear(self.view.chosen()))

    # Moving about

    def open_find(self) -> None:
        self.finding.open()

    def _leave_find(self) -> None:
        self.finding.leave()

    def next_problem(self) -> None:
        self.view.finish_typing()
        position = self.grid.next_problem(self.view.here())
        if position is None and self.grid.sheet.refused_elsewhere:
            self.late.show_all()
            return
        if position is None:
            self.note.say(phrase("No problem left"))
            return
        self.view.go_to(position)
        self.view.is_hopping = True
        described = self.tray.described(position)
        said = phrase("{described}. Enter goes to the next problem.", described=described)
        if self.grid.cell(*position).typed is not None:  # above all where the row takes no mark any more
            said = phrase(
                "{described}. Delete clears it, Enter goes to the next problem.", described=described
            )
        if self.grid.sheet.returned_because and self.grid.cell(*position).badge < Badge.CONFLICT:
            described = ". ".join(filter(None, (described, self.grid.closed(*position))))
            said = phrase("{described}. F7 goes on.", described=described)
            said = f"{said} · {phrase('The head: “{because}”', because=self.grid.sheet.returned_because)}"
            self.view.is_hopping = False
        self.note.say(said)

    def send_refused_again(self) -> None:
        self.kept(self.grid.send_refused_again())
        self.late.read()

    def give_up_refused(self) -> None:
        self.late.let_go_of_all()

    def sort(self) -> None:
        """By the column under the cursor: highest first, lowest first, and back to the numbers."""
        at = self.view.here()
        column = at[1] if at else 0
        if self.grid.sorted_by != column:
            self._sort(column, descending=True)
            self.note.say(phrase("Highest first. O turns it round."))
        elif self.grid.is_descending:
            self._sort(column, descending=False)
            self.note.say(phrase("Lowest first. O goes back to registration numbers."))
        else:
            self._sort(None)
            self.note.say(phrase("By registration number"))

    def sort_by_name(self) -> None:
        by_name = self.grid.sorted_by == NAME
        self._sort(None if by_name else NAME)
        self.note.say(phrase("By registration number") if by_name else phrase("By name"))

    def _sort(self, column: int | None, *, descending: bool = False) -> None:
        at = self.view.here()
        student = self.grid.row(at[0]) if at and at[0] < self.grid.row_count else None
        self.grid.sort(column, descending=descending)
        self.view.show_order()
        if at and student is not None and self.grid.columns:  # the cursor stays with the student
            place = self.grid.position((student.enrollment_id, self.grid.columns[0].assessment_id))
            if place is not None:
                self.view.put_cursor((place[0], at[1]))

    def toggle_missing(self) -> None:
        self._filter(Filter.MISSING_HERE)

    def toggle_missing_anywhere(self) -> None:
        self._filter(Filter.MISSING)

    def _filter(self, wanted: Filter) -> None:
        at = self.view.here()
        column = self.view.column_here()
        if at and at[0] < self.grid.row_count and self.grid.columns:
            self.view.keep(self.grid.key(at[0], column))
        if self.grid.filter is wanted:
            self.grid.apply_filter(Filter.ALL)
            self.note.say(phrase("All students"))
            return
        self.grid.apply_filter(wanted, column)
        where = (
            phrase("in {name}", name=self.grid.columns[column].name)
            if wanted is Filter.MISSING_HERE
            else phrase("anywhere")
        )
        if not self.grid.row_count:
            self.grid.apply_filter(Filter.ALL)
            self.note.say(phrase("Nothing is missing {where}", where=where))
            return
        count = self.grid.row_count
        self.note.say(
            phrase(
                "{count:,} missing {where}. Ctrl+A chooses them, A marks absent, M shows everybody.",
                count=count,
                where=where,
            )
        )

    # Guards

    def look_for_slips(self) -> None:
        """A while after the last act: what in this column looks as if a hand had slipped."""
        found = suspicions(self.grid, self.view.column_here())
        self.noticed = [slip for slip in found if slip not in self._let_be]
        self.hint.setVisible(bool(self.noticed))
        if self.noticed:
            more = (
                phrase(" (and {number} more)", number=len(self.noticed) - 1) if len(self.noticed) > 1 else ""
            )
            self.hint.setText(
                phrase(
                    "{sentence}{more} Ctrl+H goes there, Ctrl+Shift+H lets it be.",
                    sentence=self.noticed[0].sentence,
                    more=more,
                )
            )

    def go_to_slip(self) -> None:
        for slip in self.noticed[:1]:
            position = self.grid.position(slip.keys[0])
            if position is not None:
                self.view.go_to(position)

    def let_slip_be(self) -> None:
        self._let_be.update(self.noticed[:1])
        self.look_for_slips()

    # What stands beside the grid

    def open_panel(self, panel: Panel) -> None:
        self.close_panel()
        self.panel = panel
        panel.closed.connect(self.close_panel)
        split = self._down if panel.is_wide else self._across
        split.addWidget(panel)
        whole = max(split.height() if panel.is_wide else split.width(), 400)
        own = round(whole * panel.share)
        split.setSizes([whole - own, own])
        panel.show()

    def close_panel(self) -> None:
        if self.panel is not None:
            panel, self.panel = self.panel, None
            self.tray.on_change = lambda: None
            panel.hide()
            panel.setParent(None)
            panel.deleteLater()
            self.view.setFocus()

    def toggle_distribution(self) -> None:
        if isinstance(self.panel, DistributionPanel):
            self.close_panel()
            return
        panel = DistributionPanel(self.grid, self)
        self.open_panel(panel)
        panel.follow(self.view.column_here())
        self.view.setFocus()

    def toggle_tray(self) -> None:
        if isinstance(self.panel, TrayPanel):
            self.close_panel()
            return
        self.tray.reload()
        panel = TrayPanel(self.tray, self.around.now, self.kept, self._show_conflict, self)
        add = self.add_action
        add("grading.keep_mine", "Keep mine", "M", lambda: panel.keep(mine=True), panel)
        add("grading.keep_theirs", "Keep theirs", "T", lambda: panel.keep(mine=False), panel)
        add(
            "grading.keep_all_mine",
            "Keep mine of every conflict with this person",
            "Shift+M",
            lambda: panel.keep_all(mine=True),
            panel,
        )
        add(
            "grading.keep_all_theirs",
            "Keep theirs of every conflict with this person",
            "Shift+T",
            lambda: panel.keep_all(mine=False),
            panel,
        )
        self.open_panel(panel)
        panel.list.setFocus()

    def kept(self, sentence: str) -> None:
        self.note.say(sentence)
        self.show_standing()
        self.around.changes.tell("marks", self.section_id)

    def _show_conflict(self, conflict: Conflict) -> None:
        position = self.grid.position(conflict.key)
        if position is not None:
            self.view.put_cursor(position)

    def toggle_blind_strip(self) -> None:
        self.toggle_strip(blind=True)

    def toggle_strip(self, *, blind: bool = False) -> None:
        if self.strip is not None:
            strip, self.strip = self.strip, None
            strip.hide()
            strip.deleteLater()
            self.view.show()
            self.view.setFocus()
            return
        if not self.grid.columns:
            return
        column = self.view.column_here()
        if self.grid.columns[column].closed:
            self.note.say(f"{self.grid.columns[column].closed}.")
            return
        self.strip = Strip(StackPresenter(self.grid, column, blind=blind), self._follow, self)
        self.strip.closed.connect(lambda: self.toggle_strip())
        self.strip.acted.connect(self._acted)
        self._column.insertWidget(1, self.strip)
        self.view.setVisible(not blind)  # whoever keys a second time must not see the first marks
        self.strip.line.setFocus()

    def _follow(self, row: Row) -> None:
        """The strip's script, as far as a filter shows its student: the strip says the rest."""
        show_row(self, row, lift=False)

    def go_to_row(self, row: Row) -> None:
        show_row(self, row, lift=True)

    # What comes from elsewhere

    def heard(self, kind: str, id: int) -> None:
        if kind == "sheet" and id == self.section_id:
            self.refresh()

    def refresh(self) -> None:
        """Reads a large sheet off this thread, one reading at a time, so that typing goes on."""
        if self._is_refreshing:
            self._refresh_again = True
            return
        self._is_refreshing, self._refresh_again = True, False
        since = self.grid.moment
        shelf, section_id = self.grid.shelf, self.section_id
        self.around.tasks.run(
            lambda progress: shelf.read_sheet(section_id),
            lambda fresh: self._take(fresh, since),
            self.gone,
            owner=self,
        )

    def _take(self, fresh: Sheet, since: int) -> None:
        self._is_refreshing = False
        self.show_sheet(fresh, since)
        if self._refresh_again:
            self.refresh()

    def show_sheet(self, fresh: Sheet, since: int) -> None:
        if self.view.is_typing and not self.grid.fits(fresh):
            # Rows that move would close the editor and lose half a mark. Its person ends it first.
            self._waits_for_editor = True
            return
        at = self.view.here()
        before = self.grid.row(at[0]) if at and at[0] < self.grid.row_count else None
        if at and before is not None and at[1] < len(self.grid.columns):
            self.view.keep(self.grid.key(*at), at[0])
        heads = [column.heading for column in self.grid.columns]
        self.grid.take(fresh, since)
        if heads != [column.heading for column in self.grid.columns]:
            self.view.measure()
            self.view.updateGeometries()
        self.tray.reload()
        self.show_standing()
        self._moved(speak=False)
        if before is not None and before.enrollment_id not in self.grid.row_of:
            self._tell_who_left(before)
        self.submitting.show()
        self.late.read()
        self.refreshed.emit()

    def _tell_who_left(self, row: Row) -> None:
        """The row under the cursor went: whose mark would be typed now must not come as a surprise."""
        at = self.view.here()
        if at is None or at[0] >= self.grid.row_count:
            return
        self.note.say(
            phrase(
                "{name} has left the section meanwhile. The cursor is now at {student}.",
                name=row.name,
                student=named(self.grid.row(at[0])),
            )
        )

    def _typed(self) -> None:
        if self._waits_for_editor:
            self._waits_for_editor = False
            self.refresh()

    def gone(self, error: Exception) -> None:
        """The sheet left this computer: its person teaches the section no longer."""
        self._is_refreshing = False
        if not isinstance(error, SheetNotHere):
            raise error
        self.note.say(phrase("You no longer teach this section; its sheet has left this computer."))
        self.setEnabled(False)

    def shown(self) -> None:
        self.view.setFocus()

    def leaving(self) -> str:
        self.view.finish_typing()
        count = self.grid.counted(Badge.INVALID)
        if not count:
            return ""
        return phrase(
            "{title}: {count:,} typed texts are no marks and would be forgotten.",
            title=self.title,
            count=count,
        )

    def show_standing(self) -> None:
        words = self.grid.state_words
        because = self.grid.sheet.returned_because
        if because:
            words = phrase("{words} · Returned: {because}", words=words, because=because)
        self.state.setText(" · ".join(filter(None, (words, self.memo.standing, self.late.notice))))
        history = self.grid.history
        self.undo_action.setText(phrase("Undo {undo_label}", undo_label=history.undo_label).strip())
        self.redo_action.setText(phrase("Redo {redo_label}", redo_label=history.redo_label).strip())
        self.undo_action.setEnabled(bool(history.done))
        self.redo_action.setEnabled(bool(history.undone))

    def _return_to_place(self) -> None:
        """Where the cursor was, also when the program was killed."""
        told = self.around.remembered.text(f"cursor/{self.section_id}").split()
        if len(told) == 2 and all(number.isdecimal() for number in told):
            position = self.grid.position((int(told[0]), int(told[1])))
            if position is not None:
                self.view.put_cursor(position)

    def _moved(self, *, speak: bool = True) -> None:
        """To another cell. A sync that only brought news does not talk over what the last act said."""
        if isinstance(self.panel, DistributionPanel):
            self.panel.follow(self.view.column_here())
        at = self.view.here()
        if at and at[0] < self.grid.row_count and at[1] < len(self.grid.columns):
            enrollment_id, assessment_id = self.grid.key(*at)
            name, place = f"cursor/{self.section_id}", f"{enrollment_id} {assessment_id}"
            if self.around.remembered.text(name) != place:
                self.around.remembered.put_now(name, place)
            cell = self.grid.cell(*at)
            closed = self.grid.closed(*at)
            if not speak:
                return
            if cell.badge is Badge.CONFLICT:
                self.note.say(self.tray.described(at))
            elif cell.badge is not Badge.SAVED and cell.note:
                self.note.say(cell.note)
            elif closed:
                self.note.say(f"{closed}.")

    def _count_selection(self) -> None:
        count = sum(block.size for block in self.view.blocks())
        words = phrase("{count:,} chosen", count=count) if count > 1 else ""
        if 1 < count <= MOST_SUMMED:
            cells = (self.grid.cell(*at) for at in self.view.chosen())
            scores = [score for cell in cells if (score := cell.value.score) is not None]
            if scores:
                words += phrase(
                    ", sum {count}, mean {number:.1f}",
                    count=number_text(sum(scores, Decimal(0))),
                    number=sum(scores) / len(scores),
                )
        self.figures.setText(words)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            self.files.bring(Path(paths[0]))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            if self.find_line.hasFocus():
                self.finding.give_up()
            elif self.panel is not None:
                self.close_panel()
            elif self.grid.filter is not Filter.ALL:
                self._filter(self.grid.filter)
            return
        super().keyPressEvent(event)
