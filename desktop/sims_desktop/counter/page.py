"""The counter's page: one search box, how the student stands, a paper on its way, its preview beside it.

The cursor is in the search box whenever nothing else asks for it, so that a wand may be used at any time.
The rule a newcomer would get wrong: Enter seals only when the preview has been seen and the server has
answered; no key leads to a sealed paper in one step.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage, QKeyEvent, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHBoxLayout,
    QLabel,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from sims_desktop.client.transcripts import CounterCalls
from sims_desktop.counter.applications import ApplicationsPanel
from sims_desktop.counter.lists import document_model, student_model
from sims_desktop.counter.panels import PaperPanel, WandLine
from sims_desktop.counter.presenter.applications import ApplicationsPresenter
from sims_desktop.counter.presenter.desk import (
    LEAST_LETTERS,
    DeskPresenter,
    Found,
    Visitor,
    is_sealed_code,
)
from sims_desktop.counter.presenter.paper import Job, PaperPresenter, Stage, words_of
from sims_desktop.counter.presenter.verification import Question, Verifier
from sims_desktop.counter.printer_box import PrinterBox
from sims_desktop.counter.printers import FolderPrinter, list_printers
from sims_desktop.counter.verify_panel import VerifyPanel, dropped_file
from sims_desktop.kit import theme
from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Page, Surroundings
from sims_desktop.kit.preview import Preview, read_pages
from sims_desktop.kit.tables import RecordView
from sims_desktop.kit.wording import status_words
from sims_shared.transcripts import IssuedDocumentDetail, IssuedDocumentView

UNBROKEN = "\u00a0"
PAUSE_MS = 250


class CounterPage(Page):
    """`folder` takes what is printed "to a file"."""

    title = later("Counter")
    guide = "counter"

    def __init__(
        self,
        around: Surroundings,
        calls: CounterCalls,
        desk: DeskPresenter,
        folder: Path,
        verifier: Verifier,
        applications: ApplicationsPresenter,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(around, "counter", parent)
        self._desk = desk
        self._calls = calls
        self.paper = PaperPresenter(calls)
        self._asked = 0
        self._drawn = 0
        self._folder = FolderPrinter(folder)
        self._verifier = verifier
        self._applications = applications
        self._make_widgets()
        self._lay_out()
        self._add_actions()
        self.paper.on_change = self._follow_paper
        self._show_visitor(None)
        around.tasks.run(lambda progress: list_printers(), self.printer.show_printers, owner=self)
        # Keys and list are kept while there is a network, for the day when there is none.
        around.tasks.run(lambda progress: verifier.refresh(), owner=self)

    def _make_widgets(self) -> None:
        self.search = WandLine(self)
        self.search.setObjectName("counter_search")
        self.search.setPlaceholderText(phrase("Name, number or phone; or scan a card"))
        self.search.setAccessibleName(phrase("Find a student by name, number or phone, or scan a card"))
        theme.enlarge(self.search, 1.3)
        self.printer = PrinterBox(self._folder, self.around.remembered, self)
        self.headline = QLabel(self)
        self.headline.setObjectName("headline")
        theme.enlarge(self.headline, 1.4, bold=True)
        self.holds = Complaint(self)
        self.holds.setObjectName("holds")
        theme.enlarge(self.holds, 1.1)
        self.standing = QLabel(self)
        self.standing.setObjectName("standing")
        self.about = QLabel(self)
        self.about.setObjectName("about")
        self.hint = QLabel(self)
        self.hint.setObjectName("hint")
        self.hint.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        for label in (self.headline, self.standing, self.about, self.hint):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.students = student_model()
        self.hits = RecordView(self.students, "hits", parent=self)
        self.hits.setAccessibleName(phrase("Students found"))
        self.documents = document_model(self.around.now)
        self.issued = RecordView(self.documents, "issued", parent=self)
        self.issued.setAccessibleName(phrase("Documents issued to this student"))
        self.panel = PaperPanel(self.paper, self)
        self.applications = ApplicationsPanel(self.around, self._applications, self)
        self.preview = Preview("preview", phrase("The paper stands here before it is sealed."), self)
        self.note = Note(self)
        self.verify = VerifyPanel(self.around, self._verifier, self)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(0, 0, 0, 0)
        top.addWidget(self.search, 1)
        label = QLabel(phrase("&Printer"), self)
        label.setBuddy(self.printer)
        top.addWidget(label)
        top.addWidget(self.printer)
        left = QWidget(self)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        forms: tuple[QWidget, ...] = (self.panel, self.applications)
        for part in (self.headline, self.holds, self.standing, self.about, *forms, self.hint):
            column.addWidget(part)
        column.addWidget(self.hits, 1)
        column.addWidget(self.issued, 1)
        column.addStretch(0)
        self.split = QSplitter(Qt.Orientation.Horizontal, self)
        self.split.setObjectName("counter_split")
        self.split.setChildrenCollapsible(False)
        self.split.addWidget(left)
        self.split.addWidget(self.preview)
        self.split.setStretchFactor(0, 3)
        self.split.setStretchFactor(1, 2)
        if not self.around.remembered.restore_place("counter_split", self.split):
            letter = self.fontMetrics().averageCharWidth()
            self.split.setSizes([90 * letter, 70 * letter])
        self.split.splitterMoved.connect(
            lambda *_: self.around.remembered.save_place("counter_split", self.split)
        )
        serving = QWidget(self)
        inner = QVBoxLayout(serving)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addLayout(top)
        inner.addWidget(self.split, 1)
        self.modes = QStackedWidget(self)
        self.modes.addWidget(serving)
        self.modes.addWidget(self.verify)
        outer = QVBoxLayout(self)
        outer.addWidget(self.modes, 1)
        outer.addWidget(self.note)
        self.setAcceptDrops(True)
        self.around.theme.changed.connect(self._recolour)
        self.verify.judged.connect(lambda finding: self.note.say(f"{finding.verdict}: {finding.in_words}"))
        self.search.entered.connect(self.find_now)
        self.search.textEdited.connect(lambda text: self._pause.start())
        self._pause.timeout.connect(self._find_as_typed)
        self.hits.opened.connect(lambda student: self.visit(student.id))
        self.issued.opened.connect(lambda document: self.show_sealed(document))
        self.panel.entered.connect(self.go_on)
        self.applications.settled.connect(self._settled)
        self.printer.activated.connect(lambda _: self._focus_where_due())
        for view in (self.hits, self.issued):
            view.installEventFilter(self)
        self.search.installEventFilter(self)

    def _add_actions(self) -> None:
        add = self.add_action
        add("counter.verify", "Verify what is brought", "F9", self.toggle_verify)
        add("counter.open_file", "Verify a PDF file", "Ctrl+O", self.open_file)
        add("counter.search", "Next student", "Ctrl+L", self.next_student)
        add("counter.transcript", "Transcript", "F2", self.begin_transcript)
        add("counter.unofficial", "Unofficial copy", "Shift+F2", self.show_unofficial)
        add("counter.application", later("Take an application"), "F8", self.begin_application)
        add("counter.hand_out", later("Hand out what is ready"), "Shift+F8", self.begin_hand_out)
        add("counter.again", "Print the chosen document again", "F6", lambda: self.begin_reprint(False))
        add("counter.spoiled", "A sheet is spoiled", "F7", lambda: self.begin_reprint(True))
        add("counter.close_day", "Close the day", "Shift+F7", lambda: self.wants.emit("stationery", 0))
        add("counter.printer", "Choose the printer", "Ctrl+P", self.choose_printer)
        add("counter.preview_down", "Preview down", "Alt+PgDown", lambda: self.preview.turn(1))
        add("counter.preview_up", "Preview up", "Alt+PgUp", lambda: self.preview.turn(-1))

    def more_keys(self) -> tuple[tuple[str, str], ...]:
        return (
            ("Open the student; go on; seal, print and record", "Enter"),
            ("Into the list below", "Down"),
            ("One step back", "Esc"),
        )

    # Finding

    def find_now(self) -> None:
        words = self.search.text().strip()
        self._pause.stop()
        if is_sealed_code(words):
            self.search.clear()
            self.start_verify()
            self.verify.code.setText(words)
            self.verify.code.selectAll()
            self.verify.check(Question(text=words))
        elif words:
            self._find(words, opens=True)

    def _find_as_typed(self) -> None:
        words = self.search.text().strip()
        if len(words) >= LEAST_LETTERS and not self._is_at_work:
            self._find(words, opens=False)

    def _find(self, words: str, *, opens: bool) -> None:
        self._asked += 1
        asked = self._asked

        def done(found: Found) -> None:
            if asked == self._asked:
                self._show_found(found, opens=opens)

        self.around.tasks.run(
            lambda progress: self._desk.find(words), done, self._say_error, title="Searching", owner=self
        )

    def _show_found(self, found: Found, *, opens: bool) -> None:
        if opens and found.open_id is not None:
            self.visit(found.open_id, found.serial)
            return
        if self._is_at_work:
            self.note.say(found.sentence)
            return
        self._show_visitor(None)
        self.students.set_records(list(found.students))
        self.hits.setVisible(bool(found.students))
        self.standing.setVisible(not found.students)
        if found.students:
            self.hits.selectRow(0)
        else:
            self.standing.setText(found.sentence)
        then = phrase("Down, Enter opens one.") if found.students else ""
        self.note.say(f"{found.sentence} {then}".strip())

    def visit(self, student_id: int, serial: str = "") -> None:
        if self._is_busy():
            return
        self._asked += 1
        asked = self._asked

        def done(visitor: Visitor) -> None:
            if asked == self._asked:
                self._show_visitor(visitor)
                self._select(serial)
                self._to_search()
                self.note.say(visitor.first_line(self.around.now()))

        self.paper.close()
        self.around.tasks.run(
            lambda progress: self._desk.visit(student_id), done, self._say_error, title="Opening", owner=self
        )

    def _show_visitor(self, visitor: Visitor | None) -> None:
        self._desk.visitor = visitor
        self._drawn += 1
        self.hits.hide()
        self.preview.clear()
        self.issued.setVisible(visitor is not None and bool(visitor.documents))
        self.documents.set_records(list(visitor.documents) if visitor else [])
        for label in (self.headline, self.about):
            label.setVisible(visitor is not None)
        if visitor is None:
            self.headline.setText("")
            self.holds.say("")
            self.standing.show()
            self.standing.setText(phrase("Scan a card, or type a name, a number or a phone; Enter opens."))
            self.about.setText("")
            self._show_hint()
            return
        self.headline.setText(visitor.headline)
        self._show_standing(visitor)
        self.about.setText(visitor.about)
        self._show_hint()
        if visitor.documents:
            self.issued.selectRow(0)

    def _show_standing(self, visitor: Visitor) -> None:
        self.holds.say("\n".join(visitor.hold_words))
        requests = visitor.request_words(self.around.now())
        nothing = [] if visitor.holds else [phrase("No hold, no open request.")]
        self.standing.setText("\n".join(requests or nothing))
        self.standing.setVisible(bool(self.standing.text()))

    def _select(self, serial: str) -> None:
        for row, document in enumerate(self.documents.records):
            if document.serial == serial:
                self.issued.selectRow(row)

    def next_student(self) -> None:
        """The cursor back to the search box, whatever is open; what is sealed and not recorded stays."""
        if self.paper.stage is Stage.WORKING:
            return
        if self.is_verifying:
            self._serve()
        self._to_search()

    def bring(self, id: int) -> None:
        """From another page: the student with this id, unless somebody is being served."""
        if self.is_verifying:
            self._serve()
        self.visit(id)

    # Applications

    def begin_application(self) -> None:
        visitor = self._visitor_or_say()
        if visitor is not None and not self._is_busy():
            self._begin(visitor, self._applications.why_not_take, self.applications.take)

    def begin_hand_out(self) -> None:
        visitor = self._visitor_or_say()
        if visitor is not None and not self._is_busy():
            refusal = self._applications.why_not_hand_out(visitor)
            self._begin(visitor, refusal, self.applications.hand_out)

    def _begin(self, visitor: Visitor, refusal: str, opens: Callable[[Visitor], None]) -> None:
        self.note.say(refusal)
        if not refusal:
            self.paper.close()
            opens(visitor)
            self._show_hint()

    def _settled(self, said: str) -> None:
        self.note.say(said)
        self._show_hint()
        self._to_search()
        self._read_again()
        self.around.changes.tell("requests", 0)

    # A transcript

    def begin_transcript(self) -> None:
        visitor = self._visitor_or_say()
        if visitor is None or self._is_busy():
            return
        if not self.paper.begin(visitor):
            self.note.say(visitor.refusal)

    def go_on(self) -> None:
        """Enter in the form."""
        paper = self.paper
        if paper.stage is Stage.PURPOSE:
            if paper.choose(self.panel.purpose.text(), self.panel.copies.value()):
                self._draw()
        elif paper.stage is Stage.PREVIEW:
            if paper.take_stock(self.panel.stock.text()):
                self._carry_out(paper.make_job())
        elif paper.stage is Stage.REPRINT:
            job = paper.reprint(self.panel.reason.text(), self.panel.void.text(), self.panel.stock.text())
            if job is not None:
                self._carry_out(job)
        elif paper.stage is Stage.STOPPED:
            job = paper.go_on(self.panel.stock.text())
            if job is not None:
                self._carry_out(job)

    def _draw(self) -> None:
        visitor = self.paper.visitor
        assert visitor is not None
        student_id = visitor.student.id
        self.around.tasks.run(
            lambda progress: read_unofficial(self.paper, student_id),
            lambda drawn: self._drew(student_id, *drawn),
            self.paper.not_drawn,
            title="Drawing the preview",
            owner=self,
        )

    def _drew(self, student_id: int, pdf: bytes, images: list[QImage]) -> None:
        visitor = self.paper.visitor
        if visitor is None or visitor.student.id != student_id or self.paper.stage is not Stage.DRAWING:
            return
        self._drawn += 1
        self.preview.show_pages(images, phrase("Preview: what the sealed transcript will say"))
        self.paper.drew(pdf)

    def _carry_out(self, job: Job) -> None:
        printer = self.printer.printer
        calls = self._calls
        self.around.tasks.run(
            lambda progress: job.carry_out(calls, printer),
            lambda nothing: self._came_out(job),
            lambda error: self._stopped(job, error),
            title="Sealing and printing",
            owner=self,
        )

    def _came_out(self, job: Job) -> None:
        said = self.paper.done()
        first = job.sheets[0]
        self._announce(said, first.serial, first.pdf or b"")

    def _announce(self, said: str, serial: str, pdf: bytes) -> None:
        """What was done stays readable while the cursor is back in the search box."""
        self.note.say(said)
        self._to_search()
        self._render(pdf, phrase("{serial}, as sealed", serial=serial))
        self._read_again(serial)

    def _read_again(self, serial: str = "") -> None:
        """After an act: how it stands with the student now."""
        visitor = self._desk.visitor
        if visitor is None:
            return
        student_id = visitor.student.id

        def done(fresh: Visitor) -> None:
            current = self._desk.visitor
            if current is not None and current.student.id == student_id:
                self._desk.visitor = fresh
                self._show_hint()
                self._show_standing(fresh)
                self.documents.set_records(list(fresh.documents))
                self.issued.setVisible(bool(fresh.documents))
                self._select(serial)

        # Should the list not come, the note still says what was done; a bug is raised by `words_of`.
        self.around.tasks.run(
            lambda progress: self._desk.visit(student_id), done, lambda error: _unsaid(error), owner=self
        )
        self.around.changes.tell("student", student_id)

    def _stopped(self, job: Job, error: Exception) -> None:
        self.paper.stopped(error)
        if self.paper.complaint:
            self.note.say(self.paper.complaint)

    # Documents issued before

    def show_sealed(self, document: IssuedDocumentView) -> None:
        self._drawn += 1
        drawn = self._drawn

        def done(images: list[QImage]) -> None:
            if drawn == self._drawn:
                sealed = phrase("{serial}, as sealed", serial=document.serial)
                self.preview.show_pages(images, f"{sealed}; {status_words(document.status)}")

        self.around.tasks.run(
            lambda progress: read_pages(self._calls.sealed_file(document.serial)),
            done,
            self._say_error,
            title="Opening the document",
            owner=self,
        )

    def show_unofficial(self) -> None:
        """A copy that says so on every page, for looking at together; it is not printed as paper."""
        visitor = self._visitor_or_say()
        if visitor is None or self._is_busy():
            return
        student_id = visitor.student.id
        printer = self.printer.printer

        def done(images: list[QImage]) -> None:
            self._drawn += 1
            self.preview.show_pages(images, phrase("Unofficial copy"))
            said = phrase(
                "Unofficial copy printed on {name}; its code verifies for 48 hours.", name=printer.name
            )
            self.note.say(said)

        def work(progress: object) -> list[QImage]:
            pdf = self._calls.unofficial_copy(student_id)
            printer.print(pdf, f"unofficial-{visitor.student.reg_no}".replace("/", "-"))
            return read_pages(pdf)

        self.around.tasks.run(work, done, self._say_error, title="Unofficial copy", owner=self)

    def begin_reprint(self, spoiled: bool) -> None:
        if self.is_verifying:
            self._serve()
        document = self.issued.current() if self.issued.isVisible() else None
        if self._is_busy():
            return
        if document is None:
            self.note.say(phrase("Choose a document first: scan its serial, or open its student."))
            return

        def done(detail: IssuedDocumentDetail) -> None:
            refusal = self.paper.begin_reprint(detail, spoiled=spoiled)
            if refusal:
                self.note.say(refusal)

        self.around.tasks.run(
            lambda progress: self.paper.look_up(document.serial), done, self._say_error, owner=self
        )

    def _render(self, pdf: bytes, title: str) -> None:
        self._drawn += 1
        drawn = self._drawn

        def done(images: list[QImage]) -> None:
            if drawn == self._drawn:
                self.preview.show_pages(images, title)

        self.around.tasks.run(lambda progress: read_pages(pdf), done, owner=self)

    def choose_printer(self) -> None:
        self.printer.setFocus()
        self.printer.showPopup()

    # Verify mode

    @property
    def is_verifying(self) -> bool:
        return self.modes.currentWidget() is self.verify

    def toggle_verify(self) -> None:
        if self.is_verifying:
            self._serve()
        else:
            self.start_verify()

    def start_verify(self) -> None:
        self.verify.clear()
        self.modes.setCurrentWidget(self.verify)
        self.verify.code.setFocus()
        self.note.say("")

    def _serve(self) -> None:
        self.modes.setCurrentIndex(0)
        self.note.say("")
        self._focus_where_due()

    def open_file(self) -> None:
        if not self.is_verifying:
            self.start_verify()
        self.verify.open_file()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_file(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = dropped_file(event.mimeData())
        if path is not None:
            event.acceptProposedAction()
            self.start_verify()
            self.verify.check_file(path)

    # Keys and focus

    def _visitor_or_say(self) -> Visitor | None:
        if self.is_verifying:
            self._serve()
        if self._desk.visitor is None:
            self.note.say(phrase("Open a student first: scan a card, or type and press Enter."))
        return self._desk.visitor

    @property
    def _is_at_work(self) -> bool:
        """Whether a form is open: nothing that is found then takes the student's place."""
        return self.paper.stage is not Stage.CLOSED or self.applications.is_open

    def _is_busy(self) -> bool:
        """Says what is not finished; an application's form in which nothing stands yet gives way."""
        unfinished = self.paper.unfinished or self.applications.unfinished
        if unfinished:
            self.note.say(unfinished)
        else:
            self.applications.close_form()
            self._show_hint()
        return bool(unfinished)

    def _to_search(self) -> None:
        """What stands there is chosen, so that the next scan takes its place."""
        self.search.setFocus()
        self.search.selectAll()

    def _focus_where_due(self) -> None:
        if self.is_verifying:
            self.verify.code.setFocus()
        elif self.applications.is_open:
            self.applications.focus()
        elif self.paper.stage is Stage.CLOSED:
            self._to_search()
        elif self.paper.stage is Stage.PURPOSE:
            self.panel.purpose.setFocus()
        else:
            self.panel.stock.setFocus()

    def _show_hint(self) -> None:
        """What can be done next, with the keys as they are bound now."""
        visitor = self._desk.visitor
        names = ["counter.transcript", "counter.unofficial"] if visitor else []
        names += ["counter.again", "counter.spoiled"] if visitor and visitor.documents else []
        names += ["counter.application"] if visitor and self._applications.may_take else []
        hands = visitor is not None and not self._applications.why_not_hand_out(visitor)
        names += ["counter.hand_out"] if hands else []
        bound = {one.id: one for one in self.around.actions.of(self.title)}
        said = [f"{bound[name].keys} {bound[name].action.text()}" for name in (*names, "counter.verify")]
        self.hint.setText("   ".join(words.replace(" ", UNBROKEN) for words in said))
        self.hint.setVisible(not self._is_at_work)

    def _follow_paper(self) -> None:
        self.panel.follow()
        self._show_hint()
        if self.paper.stage in (Stage.WORKING, Stage.DRAWING):
            self.note.say("")

    def _recolour(self) -> None:
        self.holds.say(self.holds.text())
        self.panel.follow()

    def _say_error(self, error: Exception) -> None:
        self.note.say(words_of(error))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Letters typed while a list has the focus are meant for the search box; Down goes into a list."""
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return super().eventFilter(watched, event)
        if watched is self.search:
            if event.key() == Qt.Key.Key_Down:
                view: QAbstractItemView = self.hits if self.hits.isVisible() else self.issued
                if view.isVisible():
                    view.setFocus()
                    return True
            return False
        plain = not event.modifiers() & ~(
            Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
        )
        if plain and event.text().isprintable() and event.text().strip():
            self._to_search()
            QApplication.sendEvent(self.search, event)
            return True
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._back()
            return
        super().keyPressEvent(event)

    def _back(self) -> None:
        if self.is_verifying:
            if self.verify.finding is None:
                self._serve()
            else:
                self.start_verify()
            return
        if self.paper.stage is Stage.WORKING or self.applications.is_under_way:
            return
        if self.applications.is_open:
            self.applications.close_form()
            self._to_search()
            self._show_hint()
            self.note.say("")
        elif self.paper.stage is not Stage.CLOSED:
            visitor, left = self._desk.visitor, self.paper.unfinished
            was_begun = self.paper.job is not None
            self.paper.close()
            self._to_search()
            if was_begun and visitor is not None:  # what was sealed, perhaps without an answer, stands there
                self.visit(visitor.student.id)
            self.note.say(left)
        elif self.search.hasFocus():
            self.search.clear()
            self._asked += 1
            self._show_visitor(None)
            self.note.say("")
        else:
            self._to_search()

    def shown(self) -> None:
        self._focus_where_due()

    def leaving(self) -> str:
        return self.paper.unfinished or self.applications.unfinished


def read_unofficial(paper: PaperPresenter, student_id: int) -> tuple[bytes, list[QImage]]:
    pdf = paper.draw(student_id)
    return pdf, read_pages(pdf)


def _unsaid(error: Exception) -> None:
    words_of(error)
