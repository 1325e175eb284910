"""Eligibility on screen: sections on the left, who may sit on the right with the threshold drawn through.

The rule a newcomer would get wrong: Space marks and never selects; acts take the marked, or, where nobody is
marked, the student under the cursor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from sims_desktop.eligibility.presenter import (
    EligibilityPresenter,
    Line,
    Loaded,
    Shown,
    Wanted,
    list_words,
    section_words,
)
from sims_desktop.eligibility.slips import SlipsMade
from sims_desktop.kit import theme
from sims_desktop.kit.asking import Asking, push_button, row_of, text_label
from sims_desktop.kit.desk import Desk
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.search import Entry
from sims_desktop.kit.tables import GAP, Field, Index, RecordModel, RecordView
from sims_desktop.kit.tasks import Progress, Task
from sims_desktop.kit.wording import left_to_right, plural, when
from sims_desktop.students.copying import SLIPS, CopyCard
from sims_desktop.students.derivations import Node, of_attendance
from sims_shared.attendance import AttendanceExplained, JudgedSection

PAUSE_MS = 250
FIGURES = (3, 4)
SHOWN_DEPTH = 1
REFERENCE_HINT = later("Condone {count}. On whose authority, as “VC/2026/41”? Enter goes on, Esc leaves it")
REASON_HINT = later("Why is it forgiven? Enter condones, Esc leaves it")
WITHDRAW_HINT = later("Why is the condonation of {count} withdrawn? Enter withdraws, Esc leaves it")


class ThresholdLine(QStyledItemDelegate):
    """Draws the threshold below the last student who is short."""

    def __init__(self, presenter: EligibilityPresenter, view: QWidget, *, figures: bool) -> None:
        super().__init__(view)
        self._presenter, self._figures = presenter, figures

    def displayText(self, value: object, locale: object) -> str:
        return f"{value}{GAP}" if self._figures else str(value)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        below = self._presenter.line_below
        if below and index.row() == below - 1:
            painter.save()
            painter.setPen(QPen(theme.mark("refused"), 2))
            painter.drawLine(option.rect.bottomLeft(), option.rect.bottomRight())
            painter.restore()


class EligibilityPage(Desk[Loaded]):
    """Space marks, A marks all who may be condoned, C condones, U withdraws, N notifies, S makes slips."""

    title = later("Eligibility")
    guide = "controller#who-may-sit"

    def __init__(
        self, around: Surroundings, presenter: EligibilityPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(around, "eligibility", parent)
        self.presenter = presenter
        self._reading: Task | None = None
        self._filling = False
        self._explained = 0  # the student whose tree stands below
        self._authority = ""  # typed last: one decision condones many
        self._build()
        self._lay_out()
        self._add_actions()
        presenter.on_change = self._show
        around.theme.changed.connect(self._recolour)
        self._show()

    def _build(self) -> None:
        wide, now = self.fontMetrics().averageCharWidth(), self.around.now
        self.summary = text_label("eligibility_summary", self, larger=True)
        self.term = self._box("eligibility_term", phrase("Term"))
        self.program = self._box("eligibility_program", phrase("Program"))
        self.semester = self._box("eligibility_semester", phrase("Semester"))
        self.search = QLineEdit(self)
        self.search.setObjectName("eligibility_search")
        self.search.setAccessibleName(phrase("Find a section"))
        self.search.setPlaceholderText(phrase("Course or section"))
        self.search.returnPressed.connect(lambda: self.list.setFocus())
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self._narrow)
        self.search.textEdited.connect(lambda _: self._pause.start())
        self.model: RecordModel[JudgedSection] = RecordModel(
            [
                Field(later("Section"), section_words, wide * 14, whole=_full_words),
                Field(later("Seats"), lambda one: str(one.seats_taken), wide * 6, is_number=True),
                Field(later("List"), lambda one: list_words(one, now()), 0),
            ],
            tint=lambda one: theme.tint("waiting") if one.version is None else None,
        )
        self.list = RecordView(self.model, "eligibility_sections", parent=self)
        self.list.setAccessibleName(phrase("Sections"))
        self.list.selectionModel().currentRowChanged.connect(lambda *_: self._moved())
        self.list.end_reached.connect(lambda: self.fetch_more(self.presenter))
        self.list.opened.connect(lambda _: self._to_students())
        self.heading = text_label("eligibility_heading", self, larger=True)
        self.counts = text_label("eligibility_counts", self)
        self.version = self._box("eligibility_version", phrase("Which list is shown"))
        self.row_model: RecordModel[Line] = RecordModel(
            [
                Field(later("Marked"), self._mark_words, wide * 7),
                Field(later("Number"), lambda line: left_to_right(line.reg_no), wide * 16),
                Field(later("Name"), lambda line: line.name, wide * 20),
                Field(
                    later("Classes"), lambda line: f"{line.attended}/{line.total}", wide * 8, is_number=True
                ),
                Field(
                    later("Percent"),
                    lambda line: left_to_right(line.percent_words),
                    wide * 9,
                    is_number=True,
                    whole=_against,
                ),
                Field(later("Standing"), lambda line: line.standing, 0),
            ],
            tint=self._tint,
        )
        self.rows: RecordView[Line] = RecordView(self.row_model, "eligibility_rows", parent=self)
        self.rows.setAccessibleName(phrase("Who may sit, the shortage first"))
        for column in range(self.row_model.columnCount()):
            delegate = ThresholdLine(self.presenter, self.rows, figures=column in FIGURES)
            self.rows.setItemDelegateForColumn(column, delegate)
        self.tree = QTreeWidget(self)
        self.tree.setObjectName("eligibility_tree")
        self.tree.setAccessibleName(phrase("How the percentage came about"))
        self.tree.setHeaderLabels([phrase("Step"), phrase("Figure"), phrase("Rule")])
        self.tree.header().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.tree.setColumnWidth(0, wide * 36)
        self.tree.setColumnWidth(1, wide * 20)
        self.tree.setAlternatingRowColors(True)
        self.tree.hide()
        self.asking = Asking("eligibility", self)
        self.asking.left.connect(self.rows.setFocus)
        self.condone_button = push_button(self, "eligibility_condone", self.condone, phrase("Condone (C)"))
        self.withdraw_button = push_button(
            self, "eligibility_withdraw", self.withdraw, phrase("Withdraw (U)")
        )
        self.notify_button = push_button(self, "eligibility_notify", self.notify, phrase("Notify (N)"))
        self.explain_button = push_button(self, "eligibility_explain", self.explain, phrase("Explain (E)"))
        self.slips_button = push_button(self, "eligibility_slips", self.make_slips, phrase("Slips (S)"))
        self.buttons = (
            self.condone_button,
            self.withdraw_button,
            self.notify_button,
            self.slips_button,
            self.explain_button,
        )
        self.slips = CopyCard(self.around, self._read_slips, lambda words: self.note.say(words), self, SLIPS)
        self._made: SlipsMade | None = None

    def _box(self, name: str, spoken: str) -> QComboBox:
        box = QComboBox(self)
        box.setObjectName(name)
        box.setAccessibleName(spoken)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        box.activated.connect(lambda _: self._look_at() if box is self.version else self._narrow())
        return box

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.term)
        top.addWidget(self.program)
        top.addWidget(self.semester)
        top.addWidget(self.search)
        top.addStretch(1)
        right = QWidget(self)
        column = QVBoxLayout(right)
        column.setContentsMargins(8, 0, 0, 0)
        for part in (self.heading, self.counts, self.version):
            column.addWidget(part)
        column.addWidget(self.rows, 3)
        column.addWidget(self.tree, 2)
        column.addWidget(self.slips, 3)
        column.addStretch(0)
        column.addWidget(self.asking)
        column.addLayout(row_of(self.buttons))
        self.split = self.split_of("eligibility_split", self.list, right, (330, 670))
        self.note = Note(self)
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addLayout(top)
        layout.addWidget(self.split, 1)
        layout.addWidget(self.note)
        self.setFocusProxy(self.list)

    def _add_actions(self) -> None:
        add = self.add_action
        add("eligibility.mark", later("Mark or unmark the student"), "Space", self.toggle, self.rows)
        add("eligibility.all", later("Mark all who may be condoned"), "A", self.presenter.mark_condonable)
        add("eligibility.condone", later("Condone the marked"), "C", self.condone)
        add("eligibility.withdraw", later("Withdraw the condonation of the marked"), "U", self.withdraw)
        add("eligibility.notify", later("Notify the list"), "N", self.notify)
        add("eligibility.slips", later("Roll-number slips"), "S", self.make_slips)
        add("eligibility.save_slips", later("Save the slips"), "Ctrl+S", self.save_slips)
        add("eligibility.explain", later("Explain the percentage"), "E", self.explain)
        add("eligibility.past", later("Next notified list"), "L", self._next_version)
        add("eligibility.student", later("Open the student"), "O", self.open_student)
        add("eligibility.print", later("Print the list, or the slips"), "Ctrl+P", self.print_list)
        add("eligibility.search", later("Find a section"), "Ctrl+L", self._to_search)
        add("eligibility.next", later("Next section"), "J", lambda: self.step(1))
        add("eligibility.previous", later("Previous section"), "K", lambda: self.step(-1))
        add("eligibility.leave", later("Leave it"), "Esc", self.leave)
        add("eligibility.refresh", later("Ask the server again"), "F5", self.refresh)

    def more_keys(self) -> tuple[tuple[str, str], ...]:
        return (("From the sections to the students", "Enter"),)

    def entries(self, query: str) -> Iterable[Entry]:
        for row, section in enumerate(self.presenter.sections):
            title = phrase("Eligibility of {section}", section=section_words(section))
            yield Entry(title, partial(self.list.selectRow, row), section.course_title)

    # Showing

    def _mark_words(self, line: Line) -> str:
        return phrase("marked") if line.student_id in self.presenter.marked else ""

    def _tint(self, line: Line) -> QColor | None:
        if line.student_id in self.presenter.refusals:
            return theme.tint("invalid")
        if line.student_id in self.presenter.marked:
            return theme.tint("waiting")
        if line.is_condoned or line.is_condonable:
            return theme.tint("conflict")
        return theme.tint("refused") if line.is_short else None

    def _recolour(self) -> None:
        self.asking.recolour()
        self.model.set_records(list(self.presenter.sections))
        self._show_lines()

    def _show(self) -> None:
        presenter, before = self.presenter, self.list.current()
        self.summary.setText(presenter.sentence)
        _fill(self.term, [(one.name, one.id) for one in presenter.terms], presenter.wanted.term_id)
        programs = [(f"{one.code} {one.name}", one.id) for one in presenter.programs]
        _fill(self.program, [(phrase("All programs"), None), *programs], presenter.wanted.program_id)
        semesters = [(phrase("Semester {n}", n=n), n) for n in presenter.semesters]
        _fill(self.semester, [(phrase("All semesters"), None), *semesters], presenter.wanted.semester)
        self.semester.setVisible(bool(semesters))
        sections, shown = list(presenter.sections), list(self.model.records)
        self._filling = True
        if shown and sections[: len(shown)] == shown:
            self.model.add_records(sections[len(shown) :])
        else:
            self.model.set_records(sections)
        if sections:
            ids = [one.id for one in sections]
            row = ids.index(before.id) if before is not None and before.id in ids else 0
            if self.list.currentIndex().row() != row or not self.list.selectionModel().hasSelection():
                self.list.selectRow(row)
        self._filling = False
        self._moved()

    def _moved(self) -> None:
        """Shows the section under the cursor; what was asked about another is withdrawn."""
        if self._filling:
            return
        section, shown = self.list.current(), self.presenter.shown
        if section is None:
            self.presenter.leave_section()
        elif shown is None or shown.section.id != section.id:
            self.presenter.leave_section()
            self.asking.leave()
            self._close_tree()
            self._close_slips()
            self._read(section)
        self._draw()

    def _draw(self) -> None:
        presenter, shown, section = self.presenter, self.presenter.shown, self.list.current()
        self.heading.setVisible(section is not None)
        if section is not None:
            self.heading.setText(_full_words(section))
        self.counts.setText(presenter.counts(self.around.now()))
        self.counts.setVisible(shown is not None)
        now = self.around.now()
        lists = [
            (phrase("List {version}, {when}", version=one.version, when=when(one.notified_at, now)), one.id)
            for one in (shown.lists if shown is not None else ())
        ]
        past = shown.past.id if shown is not None and shown.past is not None else None
        _fill(self.version, [(phrase("As the marks stand now"), None), *lists], past)
        self.version.setVisible(bool(lists))
        self._show_lines()
        for button, may in (
            (self.condone_button, presenter.may_condone),
            (self.withdraw_button, presenter.may_condone),
            (self.notify_button, presenter.may_notify),
            (self.slips_button, presenter.may_print),
            (self.explain_button, True),
        ):
            button.setVisible(may and shown is not None)
            button.setEnabled(not self.is_busy)

    def _show_lines(self) -> None:
        lines, before = self.presenter.lines, self.rows.current()
        self.row_model.set_records(lines)
        self.rows.setVisible(bool(lines) and self._made is None)
        if lines:
            ids = [line.student_id for line in lines]
            row = ids.index(before.student_id) if before is not None and before.student_id in ids else 0
            if self.rows.currentIndex().row() != row or not self.rows.selectionModel().hasSelection():
                self.rows.selectRow(row)

    def _read(self, section: JudgedSection, list_id: int | None = None) -> None:
        def done(shown: Shown) -> None:
            self._reading = None
            current = self.list.current()
            if current is not None and current.id == shown.section.id:
                self.presenter.take_shown(shown)

        def failed(error: Exception) -> None:
            self._reading = None
            self.asking.refuse(self.presenter.refused(error))

        if self._reading is not None:
            self._reading.cancel()
        self._reading = self.around.tasks.run(
            lambda progress: self.presenter.read(section, list_id), done, failed, owner=self
        )

    def _narrow(self) -> None:
        self._pause.stop()
        before = self.presenter.wanted
        term, program = self.term.currentData(), self.program.currentData()
        is_same = (term, program) == (before.term_id, before.program_id)  # or the semester is another's
        semester = self.semester.currentData() if is_same else None
        self.presenter.wanted = Wanted(term, program, self.search.text().strip(), semester)
        self.refresh()

    def narrow_to(self, program_id: int, semester: int | None) -> None:
        """From the palette: `eligibility bscs 3`, in the term that runs."""
        self.asking.leave()
        self.search.clear()
        self.presenter.wanted = Wanted(None, program_id, "", semester)
        self.refresh()

    def _look_at(self) -> None:
        """Another list of this section, or how the marks stand."""
        section = self.list.current()
        if section is not None:
            self.asking.leave()
            self._close_tree()
            self._read(section, self.version.currentData())

    def _next_version(self) -> None:
        if self.version.count() > 1:
            self.version.setCurrentIndex((self.version.currentIndex() + 1) % self.version.count())
            self._look_at()

    def _to_students(self) -> None:
        if self.row_model.rowCount():
            self.rows.setFocus()

    def _to_search(self) -> None:
        self.search.setFocus()
        self.search.selectAll()

    # Marking and acting

    def toggle(self) -> None:
        """Marks, and goes on to the next."""
        line = self.rows.current()
        if line is None or self.presenter.why_not_now():
            return
        self.presenter.toggle(line)
        row = self.rows.currentIndex().row()
        if row + 1 < self.row_model.rowCount():
            self.rows.selectRow(row + 1)

    def condone(self) -> None:
        chosen = self.presenter.chosen(self.rows.current())
        refusal = self.presenter.why_not_condone(chosen)
        if refusal or self.is_busy:
            self.asking.refuse(refusal)
            return

        def referred(authority: str) -> None:
            if not authority.strip():
                self.asking.refuse(phrase("A condonation names on whose authority."))
                return
            self._authority = authority.strip()
            self.asking.ask_line(
                phrase(REASON_HINT), phrase("Why it is forgiven"), partial(reasoned, authority.strip())
            )

        def reasoned(authority: str, reason: str) -> None:
            if not reason.strip():
                self.asking.refuse(phrase("Say why."))
                return
            work = partial(self.presenter.condone, chosen, authority, reason.strip())
            self._act(work, phrase("Condoning"))

        question = phrase(REFERENCE_HINT, count=_who(chosen))
        self.asking.ask_line(question, phrase("On whose authority"), referred)
        self.asking.line.setText(self._authority)
        self.asking.line.selectAll()

    def withdraw(self) -> None:
        chosen = self.presenter.chosen(self.rows.current())
        refusal = self.presenter.why_not_withdraw(chosen)
        if refusal or self.is_busy:
            self.asking.refuse(refusal)
            return

        def reasoned(reason: str) -> None:
            if not reason.strip():
                self.asking.refuse(phrase("Say why."))
                return
            work = partial(self.presenter.withdraw, chosen, reason.strip())
            self._act(work, phrase("Withdrawing"))

        question = phrase(WITHDRAW_HINT, count=_who(chosen))
        self.asking.ask_line(question, phrase("Why it is withdrawn"), reasoned)

    def notify(self) -> None:
        refusal = self.presenter.why_not_notify()
        if refusal or self.is_busy:
            self.asking.refuse(refusal)
            return

        def entered(authority: str) -> None:
            self._act(lambda progress: self.presenter.notify(authority.strip()), phrase("Notifying"))

        self.asking.ask_line(self.presenter.question, phrase("Authority of the list"), entered)

    def _act(self, work: Callable[[Progress], str], title: str) -> None:
        section = self.list.current()
        assert section is not None

        def done(words: str) -> None:
            self.asking.leave()
            self.note.say(words)
            self._again(section)

        def failed(error: Exception) -> None:
            words = self.presenter.refused(error)
            self.asking.refuse(words)
            self.note.say(words)
            self._again(section)

        self.asking.send()
        self.act(title, work, done, failed)
        self._draw()

    def _again(self, section: JudgedSection) -> None:
        """The section and the list of sections, as they are now; marks and what was typed stay."""
        self._close_tree()
        current = self.list.current()
        if current is not None and current.id == section.id:
            self._read(section)
        self.refresh()

    def cancelled(self) -> None:
        """Some may be condoned already: the server says who."""
        self.asking.leave()
        section = self.list.current()
        if section is not None:
            self._again(section)

    def leave(self) -> None:
        if self.asking.is_asking or self.asking.complaint.text():
            self.asking.leave()
        elif self._made is not None:
            self._close_slips()
            self._to_students()
        elif self.tree.isVisible():
            self._close_tree()
            self.rows.setFocus()
        else:
            self.list.setFocus()

    # Slips

    def make_slips(self) -> None:
        """Asks once; the same key answers yes."""
        refusal = self.presenter.why_not_slips()
        section = self.list.current()
        if refusal or self.is_busy or section is None:
            self.asking.refuse(refusal)
            return
        self.asking.ask(self.presenter.slips_question, self._make_slips, about=("slips", section.id))

    def _make_slips(self) -> None:
        def done(made: SlipsMade) -> None:
            self.note.say(made.sentence)
            self._show_slips(made)
            self._draw()

        def failed(error: Exception) -> None:
            self.asking.refuse(self.presenter.refused(error))
            self._draw()

        self.act(phrase("Making slips"), self.presenter.make_slips, done, failed)
        self._draw()

    def _show_slips(self, made: SlipsMade) -> None:
        self._close_tree()
        self._made = made
        about = phrase(SLIPS.about) if made.done else phrase("Esc closes it.")
        self.slips.words.setText("\n".join([made.sentence, *made.lines, about]))
        self.slips.preview.setVisible(bool(made.done))
        if made.done:
            self.slips.open()
        else:
            self.slips.show()

    def _read_slips(self) -> bytes:
        assert self._made is not None
        return self.presenter.read_slips(self._made.job_id)

    def _close_slips(self) -> None:
        self._made = None
        self.slips.hide()
        self.rows.setVisible(bool(self.presenter.lines))

    def save_slips(self) -> None:
        section = self.list.current()
        if self._made is None or section is None:
            self.asking.refuse(phrase("Make the slips first: S."))
        else:
            self.slips.ask_where_to_save(f"slips {section_words(section)}.pdf".replace("/", "-"))

    # Explaining and printing

    def explain(self) -> None:
        line = self.rows.current()
        if line is None:
            self.asking.refuse(phrase("Choose a student first; Space marks several."))
            return
        if self.tree.isVisible() and self._explained == line.student_id:
            self._close_tree()
            self.rows.setFocus()
            return

        def done(found: AttendanceExplained) -> None:
            self._explained = line.student_id
            self._show_tree(of_attendance(found))

        def failed(error: Exception) -> None:
            self.asking.refuse(self.presenter.refused(error))

        self.around.tasks.run(lambda progress: self.presenter.explain(line), done, failed, owner=self)

    def _show_tree(self, nodes: Sequence[Node]) -> None:
        self.tree.clear()
        _grow(self.tree.invisibleRootItem(), nodes)
        self.tree.expandToDepth(SHOWN_DEPTH)
        for row in range(1, self.tree.topLevelItemCount()):  # what stands beside it is there to be opened
            self.tree.collapse(self.tree.model().index(row, 0))
        self.tree.show()
        first = self.tree.topLevelItem(0)
        if first is not None:
            self.tree.setCurrentItem(first)
        self.tree.setFocus()

    def _close_tree(self) -> None:
        self._explained = 0
        self.tree.hide()
        self.tree.clear()

    def open_student(self) -> None:
        line = self.rows.current()
        if line is not None:
            self.wants.emit("student", line.student_id)

    def print_list(self) -> None:
        from sims_desktop.eligibility.paper import eligibility_paper
        from sims_desktop.kit.printing import ask_printer, print_html

        if self._made is not None:
            self.slips.print_it()
        elif self.presenter.shown is None or not self.presenter.lines:
            self.asking.refuse(phrase("Choose a section first."))
        elif (printer := ask_printer(self, phrase("Print the list"))) is not None:
            print_html(eligibility_paper(self.presenter, self.around.now()), printer)
            self.note.say(phrase("Printed the list."))

    # The server

    def load(self) -> Loaded:
        return self.presenter.load()

    def take(self, loaded: Loaded) -> None:
        self.presenter.take(loaded)
        # What somebody else notified or condoned meanwhile shows as well.
        section, shown = self.list.current(), self.presenter.shown
        if section is None or shown is None or self._reading is not None or shown.past is not None:
            return
        if section != shown.section:
            self._read(section)

    def not_loaded(self, error: Exception) -> None:
        self.presenter.not_loaded(error)

    def leaving(self) -> str:
        return phrase("What you typed about eligibility is not sent.") if self.asking.typed else ""


def _fill(box: QComboBox, choices: Sequence[tuple[str, int | None]], chosen: int | None) -> None:
    if [box.itemData(at) for at in range(box.count())] != [value for _, value in choices]:
        box.clear()
        for words, value in choices:
            box.addItem(words, value)
    box.setCurrentIndex(next((at for at, (_, value) in enumerate(choices) if value == chosen), 0))


def _grow(above: QTreeWidgetItem, nodes: Sequence[Node]) -> None:
    for node in nodes:
        item = QTreeWidgetItem(above, [node.what, node.figure, node.rule])
        item.setToolTip(2, node.rule)
        item.setFirstColumnSpanned(not node.figure and not node.rule)
        _grow(item, node.parts)


def _full_words(section: JudgedSection) -> str:
    return f"{section_words(section)} {section.course_title}, {section.term}"


def _against(line: Line) -> str:
    return phrase(
        "{percent} of the {threshold} % needed", percent=line.percent_words, threshold=line.threshold
    )


def _who(chosen: Sequence[Line]) -> str:
    return chosen[0].name if len(chosen) == 1 else plural(len(chosen), "student")
