"""One student on screen: the header, seven tabs by number key, and under them how a figure came about.

The rule a newcomer would get wrong: `E` explains the figure under the cursor, in whichever tab that is; the
tree below adds up to it; Ctrl+C takes it along as text, Ctrl+P prints it, Ctrl+S saves it as PDF. What may be
done to the student stands in `acts/`; this page knows their bench and no act.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QDate, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QTabBar,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from sims_desktop.kit.asking import push_button, text_label
from sims_desktop.kit.days import DayField
from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Page, Surroundings
from sims_desktop.kit.tables import RecordView
from sims_desktop.kit.tasks import Progress, Task
from sims_desktop.results.versions.card import VersionsCard
from sims_desktop.results.versions.presenter import VersionsPresenter
from sims_desktop.students import lists
from sims_desktop.students.acts.bench import PERSON, SEATS, Acting, Bench
from sims_desktop.students.acts.bench import RESULTS as OF_RESULTS
from sims_desktop.students.acts.meanwhile import changed_words
from sims_desktop.students.copying import SLIP, CopyCard
from sims_desktop.students.derivations import Node, as_paper, as_text
from sims_desktop.students.presenter import (
    AttendanceLine,
    StudentPresenter,
    Then,
    grade_words,
    percentage_words,
    refusal_words,
)
from sims_shared.record import EnrollmentLine
from sims_shared.record import RecordView as Record
from sims_shared.result_versions import ResultVersions
from sims_shared.results import ResultView, TermResultView

TABS = (
    later("1 Record"),
    later("2 Enrollments"),
    later("3 Results"),
    later("4 Attendance"),
    later("5 Requests"),
    later("6 Documents"),
    later("7 History"),
)
PARTS = ("", "enrollments", "results", "enrollments", "requests", "documents", "")
RECORD, ENROLLMENTS, RESULTS, ATTENDANCE, REQUESTS, DOCUMENTS, HISTORY = range(7)
SHOWN_DEPTH = 6
# What other pages tell of that stands on this one.
CONCERNING = frozenset({"cases", "student", "holds", "requests", "results"})


class StudentPage(Page):
    title = later("Student")
    keys_name = later("Student")
    guide = "registrar#one-student"

    def __init__(
        self,
        around: Surroundings,
        presenter: StudentPresenter,
        acting: Acting | None = None,
        parent: QWidget | None = None,
        *,
        copies: bool = False,
        slips: bool = False,
    ) -> None:
        super().__init__(around, "student", parent)
        self.presenter = presenter
        self.bench: Bench | None = None
        self._is_behind = False
        self._loading: Task | None = None
        self._asking: Task | None = None
        self._explaining: Task | None = None
        self._nodes: Sequence[Node] = ()
        self._build()
        self._lay_out()
        self._add_actions()
        if copies:
            self.add_action("student.unofficial", later("Unofficial copy"), "U", self.toggle_copy)
        if slips:
            # On one's own record; beside seven parts and the acts of an office there is no room for it.
            self.slip_button.setVisible(acting is None)
            self.add_action("student.slip", later("Roll-number slip"), "X", self.toggle_slip)
        if acting is not None and acting.rights.any:
            self._set_up(acting)
        presenter.on_change = self._show
        around.theme.changed.connect(self._show)
        self._turn(RECORD)
        self._show()

    def _build(self) -> None:
        wide, now = self.fontMetrics().averageCharWidth(), self.around.now
        self.headline = text_label("student_headline", self, larger=True)
        self.holds = Complaint(self)
        self.holds.setObjectName("student_holds")
        self.tabs = QTabBar(self)
        self.tabs.setObjectName("student_tabs")
        self.tabs.setAccessibleName(phrase("Parts of the record"))
        self.tabs.setExpanding(False)
        for title in TABS:
            self.tabs.addTab(phrase(title))
        self.facts = lists.facts(wide)
        self.terms = lists.terms(wide)
        self.enrollments = lists.enrollments(wide)
        self.results = lists.results(wide)
        self.attendance = lists.attendance(wide)
        self.requests = lists.requests(wide, now)
        self.documents = lists.documents(wide, now)
        self.past = lists.past(wide)
        self.day = DayField(self)
        self.day.setObjectName("student_day")
        self.day.setAccessibleName(phrase("What the record said on this day"))
        today = self.around.now().astimezone().date()
        self.day.setDate(QDate(today.year, today.month, today.day))
        # The record counts days of the campus, where it may be tomorrow already.
        self.day.setMaximumDate(self.day.date().addDays(1))
        self.tree = QTreeWidget(self)
        self.tree.setObjectName("student_tree")
        self.tree.setAccessibleName(phrase("How the figure came about"))
        self.tree.setHeaderLabels([phrase("Step"), phrase("Figure"), phrase("Rule")])
        self.tree.header().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.tree.setColumnWidth(0, wide * 44)
        self.tree.setColumnWidth(1, wide * 24)
        self.tree.setAlternatingRowColors(True)
        self.complaint: Complaint = Complaint(self)
        self.complaint.setObjectName("student_complaint")
        self.note = Note(self)

    def _lay_out(self) -> None:
        self.stack = QStackedWidget(self)
        self.views: list[RecordView[Any]] = []
        self.nothing: list[QLabel] = []
        columns: list[QVBoxLayout] = []
        for model, name, said in (
            (self.facts, "student_facts", phrase("The person and the registrations")),
            (self.enrollments, "student_enrollments", phrase("Enrollments")),
            (self.results, "student_results", phrase("Results with every attempt")),
            (self.attendance, "student_attendance", phrase("Attendance by section")),
            (self.requests, "student_requests", phrase("Requests")),
            (self.documents, "student_documents", phrase("Documents issued")),
            (self.past, "student_past", phrase("What the record said then, and says now")),
        ):
            panel = QWidget(self)
            column = QVBoxLayout(panel)
            column.setContentsMargins(0, 0, 0, 0)
            view: RecordView[Any] = RecordView(model, name, parent=panel)
            view.setAccessibleName(said)
            nothing = text_label(f"{name}_nothing", panel)
            column.addWidget(nothing)
            column.addWidget(view, 1)
            self.stack.addWidget(panel)
            self.views.append(view)
            self.nothing.append(nothing)
            columns.append(column)
        self.term_view: RecordView[TermResultView] = RecordView(self.terms, "student_terms", parent=self)
        self.term_view.setAccessibleName(phrase("Terms as they were declared"))
        facts = self.views[RECORD]  # as high as its lines, and the terms have the rest
        facts.setSizeAdjustPolicy(RecordView.SizeAdjustPolicy.AdjustToContents)
        columns[RECORD].setStretchFactor(facts, 0)
        columns[RECORD].addWidget(self.term_view, 1)
        ask = QPushButton(phrase("Show this day (Enter)"), self)
        ask.setObjectName("student_show_day")
        ask.clicked.connect(lambda checked=False: self.ask_history())
        top = QHBoxLayout()
        top.addWidget(self.day)
        top.addWidget(ask)
        top.addStretch(1)
        columns[HISTORY].insertLayout(0, top)
        self.split = QSplitter(Qt.Orientation.Vertical, self)
        self.split.setObjectName("student_split")
        self.split.setChildrenCollapsible(False)
        self.split.addWidget(self.stack)
        self.split.addWidget(self.tree)
        self.versions = VersionsCard(self)
        self.split.addWidget(self.versions)
        self.copy_card = CopyCard(self.around, self.presenter.read_copy, self.note.say, self)
        self.slip_card = CopyCard(self.around, self.presenter.read_slip, self.note.say, self, SLIP)
        self.paper_cards = (self.copy_card, self.slip_card)
        for card in self.paper_cards:
            self.split.addWidget(card)
        self._share_below = 0.5
        self.split.splitterMoved.connect(lambda *_: self._drew())
        self.tree.hide()
        self.versions.hide()
        self.views[RESULTS].selectionModel().currentRowChanged.connect(lambda *_: self.versions.hide())
        self.column = QVBoxLayout(self)
        for part in (self.headline, self.holds):
            self.column.addWidget(part)
        top = QHBoxLayout()
        top.addWidget(self.tabs)
        top.addStretch(1)
        self.slip_button = push_button(
            self, "student_slip_button", self.toggle_slip, phrase("Roll-number slip (X)")
        )
        self.slip_button.hide()
        top.addWidget(self.slip_button)
        self.column.addLayout(top)
        self.column.addWidget(self.split, 1)
        self.column.addWidget(self.complaint)
        self.column.addWidget(self.note)
        self.tabs.currentChanged.connect(self._turned)
        for view in (self.views[ENROLLMENTS], self.views[RESULTS], self.views[ATTENDANCE], self.term_view):
            view.opened.connect(lambda record: self.explain())

    def _add_actions(self) -> None:
        add = self.add_action
        for at, title in enumerate(TABS):
            add(f"student.tab{at + 1}", title, str(at + 1), partial(self._turn, at))
        add("student.explain", later("Explain this figure"), "E", self.explain)
        add("student.print", later("Print the explanation"), "Ctrl+P", self.print_tree)
        add("student.save", later("Save the explanation as PDF"), "Ctrl+S", self.ask_where_to_save)
        add("student.copy", later("Copy the explanation as text"), "Ctrl+C", self.copy, self.tree)
        add("student.case", later("Open a case about this result"), "C", self.open_case)
        add("student.day", later("Show this day"), ("Return", "Enter"), self.ask_history, self.day)
        add("student.versions", later("Two versions of this result"), "H", self.toggle_versions)
        add("student.close_tree", later("Close what was opened below"), "Esc", self.close_tree)
        add("student.refresh", later("Ask the server again"), "F5", self.refresh)

    def _set_up(self, acting: Acting) -> None:
        """The acts of whoever may do any: their cards stand below the parts, their buttons above them."""
        to_enrollments = partial(self._turn, ENROLLMENTS)
        bench = Bench(self, acting, self.views[ENROLLMENTS], to_enrollments, self.views[RESULTS])
        for card in bench.cards:
            self.split.addWidget(card)
        self.column.insertWidget(self.column.indexOf(self.split), bench.buttons)
        bench.done.connect(self._acted)
        bench.moved.connect(lambda: self.refresh(anew=True))
        bench.refused.connect(self.complaint.say)
        bench.opened.connect(self._close_explanation)
        self.around.theme.changed.connect(bench.recolour)
        self.bench = bench

    # Showing

    def _show(self) -> None:
        presenter, record = self.presenter, self.presenter.record
        self.headline.setText(presenter.headline)
        self.headline.setAccessibleName(presenter.headline)
        self.holds.say("\n".join(presenter.hold_words))
        self.facts.set_records(presenter.facts())
        self._show_enrollments(presenter.enrollments)
        self.results.set_records(presenter.results)
        if record is not None:
            self.terms.set_records(list(record.term_results or ()))
            self.requests.set_records(list(reversed(record.requests or ())))
            self.documents.set_records(list(reversed(record.documents or ())))
        self.attendance.set_records(list(presenter.attendance or ()))
        self.past.set_records(list(presenter.history or ()))
        self.term_view.setVisible(bool(self.terms.records))
        for at, (view, nothing, part) in enumerate(zip(self.views, self.nothing, PARTS, strict=True)):
            said = presenter.missing(part) if part else ""
            if at == HISTORY:
                said = presenter.history_words
            elif at == ATTENDANCE and not said and presenter.attendance is None:
                said = phrase("Reading attendance …")
            nothing.setText(said)
            nothing.setVisible(bool(said))
            view.setVisible(view.model().rowCount() > 0)
        self._set_title()

    def _show_enrollments(self, lines: Sequence[EnrollmentLine]) -> None:
        """The cursor stays on its enrollment, where the list has grown too."""
        view = self.views[ENROLLMENTS]
        here = view.current()
        self.enrollments.set_records(lines)
        rows = [row for row, one in enumerate(lines) if here is not None and one.id == here.id]
        if rows and view.currentIndex().row() != rows[0]:
            view.selectRow(rows[0])

    def _set_title(self) -> None:
        if self.presenter.record is not None and self.title != self.presenter.title:
            self.title = self.presenter.title
            self.setAccessibleName(self.title)
            self.title_changed.emit()

    def _turn(self, at: int) -> None:
        self.tabs.setCurrentIndex(at)
        self._turned(at)

    def _turned(self, at: int) -> None:
        self.stack.setCurrentIndex(at)
        self._close_copy()
        self.versions.hide()
        self.complaint.say("")
        if self.bench is not None:
            self.bench.show_for({RECORD: PERSON, ENROLLMENTS: SEATS, RESULTS: OF_RESULTS}.get(at, ""))
        view = self.views[at]
        # Before the focus, which would put a cursor there and select nothing.
        if at != HISTORY and view.model().rowCount() and not view.selectionModel().hasSelection():
            view.selectRow(0)
        if self.isVisible():  # a record that arrives after the person has left takes them nowhere
            self._take_focus(at)
        if at == ATTENDANCE:
            self._ask_attendance()

    def _take_focus(self, at: int) -> None:
        view = self.views[at]
        if at == HISTORY:
            self.day.setFocus()
        elif view.model().rowCount():
            view.setFocus()
        else:
            self.tabs.setFocus()  # what had it is hidden now, and the number keys would go nowhere

    # Asking the server

    def refresh(self, said: str = "", anew: bool = False) -> None:
        """`said` is what the page itself just did; else the note says what others did. `anew`: a reading on
        its way may have begun before what is to be read was done."""
        if self._loading is not None:
            if not (said or anew):
                return
            self._loading.cancel()

        def done(record: Record) -> None:
            self._loading, self._is_behind = None, False
            self.presenter.attendance = None
            words = said or changed_words(self.presenter.record, record)
            self.presenter.take(record)
            if self.bench is not None:
                self.bench.take(record)
            if words:
                self.note.say(words)
            at, why_not = self.tabs.currentIndex(), self.complaint.text()
            if self.bench is None or not self.bench.has_focus:
                self._turned(at)
                self.complaint.say(why_not if anew else "")
            elif at == ATTENDANCE:
                self._ask_attendance()

        def failed(error: Exception) -> None:
            self._loading = None
            self.presenter.not_loaded(error)

        self._loading = self.around.tasks.run(
            lambda progress: self.presenter.load(), done, failed, owner=self
        )

    def _acted(self, words: str) -> None:
        self.note.say(words)
        self.refresh(said=words)
        self.around.changes.tell("student", self.presenter.student_id)

    def _ask_attendance(self) -> None:
        if self.presenter.attendance is not None or self.presenter.record is None or self._asking is not None:
            return

        def work(progress: Progress) -> list[AttendanceLine]:
            return self.presenter.load_attendance(progress.report)

        def done(lines: list[AttendanceLine]) -> None:
            self._asking = None
            self.presenter.take_attendance(lines)
            if self.tabs.currentIndex() == ATTENDANCE:
                self._turned(ATTENDANCE)

        self._asking = self.around.tasks.run(
            work, done, self._refused, title=phrase("Reading attendance"), owner=self
        )
        self._asking.ended.connect(self._asked)

    def _asked(self) -> None:
        if self._asking is not None and self._asking.is_over:
            self._asking = None

    def ask_history(self) -> None:
        if self.presenter.record is None:
            return
        self.day.interpretText()
        chosen = self.day.date()
        day = date(chosen.year(), chosen.month(), chosen.day())

        def done(lines: list[Then]) -> None:
            self.presenter.take_history(day, lines)
            self.note.say(self.presenter.history_words)

        self.around.tasks.run(
            lambda progress: self.presenter.load_history(day),
            done,
            self._refused,
            title=phrase("Reading the past"),
            owner=self,
        )

    def _refused(self, error: Exception) -> None:
        self.complaint.say(refusal_words(error))

    # How a figure came about

    def explain(self) -> None:
        """The figure under the cursor; in the record's tab the CGPA."""
        found = self._figure()
        if found is None:
            self.complaint.say(
                phrase("Put the cursor on a course, a result, an attendance or a term; E explains it.")
            )
            return
        what, work = found

        def done(nodes: list[Node]) -> None:
            self._explaining = None
            self._show_tree(nodes)
            self.note.say(
                phrase(
                    "How {what} came about. Ctrl+C copies it, Ctrl+P prints it, Ctrl+S saves it as PDF, "
                    "Esc closes it.",
                    what=what,
                )
            )

        if self._explaining is not None:
            self._explaining.cancel()
        self.complaint.say("")
        self._explaining = self.around.tasks.run(
            lambda progress: work(), done, self._refused, title=phrase("Explaining"), owner=self
        )

    def _figure(self) -> tuple[str, Callable[[], list[Node]]] | None:
        presenter, at = self.presenter, self.tabs.currentIndex()
        if presenter.record is None:
            return None
        if at == RESULTS:
            result = self.results.record(self.views[RESULTS].currentIndex().row())
            if result is not None:
                what = f"{result.course_code} {grade_words(result)}"
                return what, partial(presenter.explain_result, result.id)
        elif at == ENROLLMENTS:
            seat = self.views[ENROLLMENTS].current()
            if seat is not None:
                what = phrase("the marks of {course}", course=seat.course_code)
                return what, partial(presenter.marks_so_far, seat, self.around.now())
        elif at == ATTENDANCE:
            line = self.attendance.record(self.views[ATTENDANCE].currentIndex().row())
            if line is not None:
                what = f"{line.enrollment.course_code} {percentage_words(line)}"
                return what, partial(presenter.explain_attendance, line.enrollment.section_id)
        elif at == RECORD:
            term = self.term_view.current()
            registration = (
                term.registration_id if term is not None else presenter.record.student.registration_id
            )
            return phrase("the CGPA"), partial(presenter.explain_cgpa, registration)
        return None

    def _show_tree(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes
        self.tree.clear()
        self._grow(self.tree.invisibleRootItem(), nodes)
        self.tree.expandToDepth(SHOWN_DEPTH)
        for row in range(1, self.tree.topLevelItemCount()):  # what stands beside it is there to be opened
            self.tree.collapse(self.tree.model().index(row, 0))
        self.versions.hide()
        self._make_room()
        self.tree.show()
        self._give_room(self.tree)
        first = self.tree.topLevelItem(0)
        if first is not None:
            self.tree.setCurrentItem(first)
        self.tree.setFocus()

    def _grow(self, above: QTreeWidgetItem, nodes: Sequence[Node]) -> None:
        for node in nodes:
            item = QTreeWidgetItem(above, [node.what, node.figure, node.rule])
            item.setToolTip(2, node.rule)
            item.setFirstColumnSpanned(not node.figure and not node.rule)
            self._grow(item, node.parts)

    def copy(self) -> None:
        if self._nodes:
            QGuiApplication.clipboard().setText(f"{self.presenter.title}\n{as_text(self._nodes)}")
            self.note.say(phrase("Copied as text."))

    def print_tree(self) -> None:
        from sims_desktop.kit.printing import ask_printer, print_html

        if (card := self._paper_card) is not None:
            card.print_it()
            return
        paper = self._paper()
        if paper and (printer := ask_printer(self, phrase("Print the explanation"))) is not None:
            print_html(paper, printer)
            self.note.say(phrase("Printed the explanation."))

    def ask_where_to_save(self) -> None:
        if (card := self._paper_card) is not None:
            card.ask_where_to_save(f"{self.presenter.title}.pdf".replace("/", "-"))
        elif self._paper():
            name = f"{self.presenter.title}.pdf".replace("/", "-")
            path, _ = QFileDialog.getSaveFileName(
                self, phrase("Save the explanation"), name, phrase("PDF (*.pdf)")
            )
            if path:
                self.save_tree(Path(path))

    def save_tree(self, path: Path) -> None:
        """Written beside it first: Qt does not say that a disk is full."""
        from sims_desktop.kit.printing import print_html, printer_to_file

        unfinished = path.with_name(f"{path.name}.part")
        try:
            unfinished.touch()
            print_html(self._paper(), printer_to_file(unfinished))
            if not unfinished.stat().st_size:
                raise OSError(phrase("The file stayed empty"))
            unfinished.replace(path)
        except OSError as error:
            self.complaint.say(phrase("Not saved: {why}", why=error.strerror or error))
        else:
            self.note.say(phrase("Saved {name}.", name=path.name))

    def _paper(self) -> str:
        """For an appeal. Without an explanation it says how one comes about."""
        if not self._nodes:
            self.complaint.say(phrase("E explains a figure; the explanation is then printed or saved."))
            return ""
        return as_paper(self.presenter.title, self._nodes, self.around.now())

    def toggle_versions(self) -> None:
        """Of the result under the cursor: what was declared before, from which marks, and why it changed."""
        result = self.results.record(self.views[RESULTS].currentIndex().row())
        if not self.versions.isHidden():
            self._close_explanation()
            self._to_part()
        elif self.tabs.currentIndex() != RESULTS or result is None:
            self.complaint.say(phrase("Versions are of a result: 3 goes to them."))
        else:
            self._read_versions(result)

    def _read_versions(self, result: ResultView) -> None:
        self._make_room()
        self._close_explanation()
        self._to_part()
        self.versions.show()
        self._give_room(self.versions)

        def done(known: ResultVersions) -> None:
            if self.results.record(self.views[RESULTS].currentIndex().row()) is result:
                self.versions.show_versions(VersionsPresenter(known, self.around.now()))

        def failed(error: Exception) -> None:
            self.versions.failed(refusal_words(error))

        self.around.tasks.run(
            lambda progress: self.presenter.read_versions(result.id), done, failed, owner=self
        )

    def toggle_copy(self) -> None:
        """The unofficial copy, as it will be held."""
        self._toggle_paper(self.copy_card)

    def toggle_slip(self) -> None:
        """The roll-number slip of the newest term: when and where the student writes which paper."""
        self._toggle_paper(self.slip_card)

    def _toggle_paper(self, card: CopyCard) -> None:
        is_open = card.isVisible()
        self._make_room()
        self._close_explanation()
        self._to_part()
        if not is_open:
            self.stack.hide()  # a page is read at its size; the numbers above lead back
            card.open()
            self.tabs.setFocus()

    @property
    def _paper_card(self) -> CopyCard | None:
        return next((card for card in self.paper_cards if card.isVisible()), None)

    def _close_copy(self) -> None:
        for card in self.paper_cards:
            card.hide()
        self.stack.show()

    def close_tree(self) -> None:
        """What was opened below the parts, an act's card before an explanation."""
        if self.bench is None or not self.bench.close():
            self._close_explanation()
        self._to_part()

    def _to_part(self) -> None:
        view = self.views[self.tabs.currentIndex()]
        (view if view.isVisible() else self.tabs).setFocus()

    def _give_room(self, part: QWidget) -> None:
        """What was asked for is read now: half of the height, or what a person drew."""
        whole = self.split.height()
        sizes = [0] * self.split.count()
        sizes[self.split.indexOf(part)] = own = round(whole * self._share_below)
        sizes[0] = whole - own
        self.split.setSizes(sizes)

    def _drew(self) -> None:
        sizes = self.split.sizes()
        self._share_below = 1 - sizes[0] / max(1, sum(sizes))

    def _make_room(self) -> None:
        if self.bench is not None:
            self.bench.close()

    def _close_explanation(self) -> None:
        self.tree.hide()
        self.versions.hide()
        self._close_copy()
        self._nodes = ()
        self.complaint.say("")
        self.note.say("")  # how it is copied and closed, of what is closed now

    def open_case(self) -> None:
        result = self.results.record(self.views[RESULTS].currentIndex().row())
        if self.tabs.currentIndex() != RESULTS or result is None:
            self.complaint.say(phrase("A case is about a result: 3 goes to them."))
        else:
            self.wants.emit("new_case", result.id)

    def shown(self) -> None:
        if self.presenter.record is None or self._is_behind:
            self.refresh()
        card = self.bench.open_card if self.bench is not None else None
        if card is not None:
            card.setFocus()
        elif self.presenter.record is not None:
            self._turned(self.tabs.currentIndex())

    def heard(self, kind: str, id: int) -> None:
        record = self.presenter.record
        if record is None:
            return
        mine = id in (0, self.presenter.student_id, record.student.id)
        if kind not in CONCERNING or not (mine or kind == "cases"):
            return
        if self.isVisible():
            self.refresh()
        else:
            self._is_behind = True  # read when it is looked at: every reading is remembered

    def leaving(self) -> str:
        return self.bench.unsaid if self.bench is not None else ""
