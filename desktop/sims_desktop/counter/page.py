"""The counter's page: one search box, how the student stands, a paper on its way, its preview beside it.

The cursor is in the search box whenever nothing else asks for it, so that a wand may be used at any time.
The rule a newcomer would get wrong: Enter seals only when the preview has been seen and the server has
answered; no key leads to a sealed paper in one step.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QKeyEvent, QKeySequence, QPageSize
from PySide6.QtWidgets import QWidget

from sims_desktop.client.transcripts import CounterCalls
from sims_desktop.counter.parts import UNBROKEN, CounterParts
from sims_desktop.counter.presenter.applications import ApplicationsPresenter
from sims_desktop.counter.presenter.clearance import clearance_words
from sims_desktop.counter.presenter.desk import (
    LEAST_LETTERS,
    DeskPresenter,
    Found,
    Visitor,
    is_sealed_code,
)
from sims_desktop.counter.presenter.paper import Job, PaperPresenter, Sheet, Stage, words_of
from sims_desktop.counter.presenter.verification import Question, Verifier
from sims_desktop.counter.printers import list_printers
from sims_desktop.counter.slip import draw_slip
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.preview import read_pages
from sims_desktop.kit.wording import status_words
from sims_shared.requests import RequestView
from sims_shared.transcripts import Examination, IssuedDocumentDetail, IssuedDocumentView


class CounterPage(CounterParts):
    """`folder` takes what is printed "to a file"."""

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
        super().__init__(around, folder, verifier, applications, calls, parent)
        self._desk = desk
        self._calls = calls
        self._asked = 0
        self._drawn = 0
        self._just_printed: tuple[Sheet, ...] = ()
        self._connect()
        self._add_actions()
        self.paper.on_change = self._follow_paper
        self._show_visitor(None)
        around.tasks.run(lambda progress: list_printers(), self.printer.show_printers, owner=self)
        # Keys and list are kept while there is a network, for the day when there is none.
        around.tasks.run(lambda progress: verifier.refresh(), owner=self)

    def _connect(self) -> None:
        self.setAcceptDrops(True)
        self.around.theme.changed.connect(self._recolour)
        self.verify.judged.connect(lambda finding: self.note.say(f"{finding.verdict}: {finding.in_words}"))
        self.search.entered.connect(self.find_now)
        self.search.textEdited.connect(self._typed)
        self.modes.currentChanged.connect(lambda _: self._forget_print())
        self._pause.timeout.connect(self._find_as_typed)
        self.hits.opened.connect(lambda student: self.visit(student.id))
        self.issued.opened.connect(lambda document: self.show_sealed(document))
        self.panel.entered.connect(self.go_on)
        self.applications.settled.connect(self._settled)
        self.applications.taken.connect(self._print_slip)
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
        add("counter.certificate", later("Detailed marks certificate"), "F3", self.begin_certificate)
        add("counter.letter", later("Bonafide letter"), "F4", self.begin_letter)
        add("counter.other_letter", later("Another letter, by application"), "F5", self.begin_other_letter)
        add("counter.unofficial", "Unofficial copy", "Shift+F2", self.show_unofficial)
        add("counter.application", later("Take an application"), "F8", self.begin_application)
        add("counter.hand_out", later("Hand out what is ready"), "Shift+F8", self.begin_hand_out)
        add("counter.slip", later("Print the receipt slip again"), "Ctrl+F8", self.print_slip_again)
        add("counter.clearance", later("Print the clearance form"), "Ctrl+H", self.print_clearance)
        add("counter.spoiled", "A sheet is spoiled", "F6", lambda: self.begin_reprint(True))
        add("counter.undo", later("The sheet just printed is spoiled"), "Ctrl+Z", self.undo_print)
        add("counter.again", "Print the chosen document again", "Shift+F6", lambda: self.begin_reprint(False))
        add("counter.close_day", "Close the day", "F7", lambda: self.wants.emit("stationery", 0))
        add("counter.printer", "Choose the printer", "Ctrl+P", self.choose_printer)
        add("counter.preview_down", "Preview down", "Alt+PgDown", lambda: self.preview.turn(1))
        add("counter.preview_up", "Preview up", "Alt+PgUp", lambda: self.preview.turn(-1))

    # Finding

    def find_now(self) -> None:
        words = self.search.text().strip()
        self._pause.stop()
        self._forget_print()
        if is_sealed_code(words):
            self.search.clear()
            self.start_verify()
            self.verify.code.setText(words)
            self.verify.code.selectAll()
            self.verify.check(Question(text=words))
        elif words:
            self._find(words, opens=True)

    def _typed(self) -> None:
        self._forget_print()
        self._pause.start()

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
            self.visit(found.open_id, found.serial, found.request_id)
            return
        if opens and self.search.hasFocus():
            self.search.selectAll()  # the next scan takes its place
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

    def visit(self, student_id: int, serial: str = "", request_id: int | None = None) -> None:
        if self._is_busy():
            return
        self._forget_print()
        self._asked += 1
        asked = self._asked

        def done(visitor: Visitor) -> None:
            if asked == self._asked:
                self._show_visitor(visitor)
                self._select(serial)
                self._to_search()
                self.note.say(visitor.first_line(self.around.now()))
                self._open_request(visitor, request_id)

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

    def _open_request(self, visitor: Visitor, request_id: int | None) -> None:
        """Of a slip that was scanned: what can be done with it now, or how it stands."""
        request = next((one for one in visitor.requests if one.id == request_id), None)
        if request is None:
            return
        if self._applications.may_bring(request):
            self.applications.bring(visitor, request)
        elif self._applications.may_hand_out(request):
            self.applications.hand_out(visitor, request.id)
        self.note.say(self._applications.now_words(request, self.around.now()))
        self._show_hint()

    def _print_slip(self, request: RequestView, institution: str, said: str) -> None:
        """The application is taken, whatever becomes of the slip."""
        self._settled(said)
        pdf, printer = (
            draw_slip(self._applications.slip(request, institution), request.receipt),
            self.printer.printer,
        )
        self._render(pdf, phrase("Receipt {receipt}", receipt=request.receipt))

        def printed(nothing: None) -> None:
            self.note.say(f"{said} " + phrase("Receipt {receipt} printed.", receipt=request.receipt))

        def failed(error: Exception) -> None:
            again = self._keys_of("counter.slip")
            self.note.say(
                f"{said} {words_of(error)} " + phrase("{keys} prints the receipt again.", keys=again)
            )

        self.around.tasks.run(
            lambda progress: printer.print(pdf, request.receipt), printed, failed, owner=self
        )

    def print_clearance(self) -> None:
        """The counter lifts no hold; it says where to go, and gives the form to be signed there."""
        visitor = self._visitor_or_say()
        if visitor is None or self._is_busy():
            return
        if not visitor.holds:
            self.note.say(phrase("No hold stands against this student; there is nothing to clear."))
            return
        name, printer = f"clearance-{visitor.student.reg_no}".replace("/", "-"), self.printer.printer

        def drawn(institution: str) -> None:
            words = clearance_words(visitor, institution, self.around.now())
            pdf = draw_slip(words, visitor.student.reg_no, QPageSize.PageSizeId.A5)
            self._render(pdf, phrase("Clearance form"))
            printed = partial(self.note.say, phrase("Clearance form printed on {name}.", name=printer.name))
            self.around.tasks.run(
                lambda progress: printer.print(pdf, name),
                lambda nothing: printed(),
                self._say_error,
                owner=self,
            )

        self.around.tasks.run(
            lambda progress: self._applications.read_institution(), drawn, self._say_error, owner=self
        )

    def print_slip_again(self) -> None:
        visitor = self._visitor_or_say()
        if visitor is None or self._is_busy():
            return
        request = self._applications.to_slip(visitor)
        if request is None:
            self.note.say(phrase("No application of this student waits."))
            return
        said = self._applications.now_words(request, self.around.now())
        self.around.tasks.run(
            lambda progress: self._applications.read_institution(),
            lambda institution: self._print_slip(request, institution, said),
            self._say_error,
            owner=self,
        )

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

    def begin_letter(self) -> None:
        visitor = self._visitor_or_say()
        if visitor is None or self._is_busy():
            return
        if not self.paper.begin(visitor, is_letter=True):
            self.note.say(visitor.letter_refusal)

    def begin_other_letter(self) -> None:
        """What somebody has to decide is asked for; no clerk seals it."""
        self.begin_application()
        if self.applications.is_open:
            said = phrase("A no-objection, character or other letter is decided first: take the application.")
            self.note.say(said)

    def begin_certificate(self) -> None:
        visitor = self._visitor_or_say()
        if visitor is None or self._is_busy():
            return
        if visitor.refusal:
            self.note.say(visitor.refusal)
            return

        def done(found: list[Examination]) -> None:
            if self._desk.visitor is not visitor or self._is_busy():
                return
            if found:
                self.paper.begin(visitor, found)
            else:
                self.note.say(phrase("No result of an examination is out yet."))

        self.around.tasks.run(
            lambda progress: self._calls.examinations(visitor.student.id), done, self._say_error, owner=self
        )

    def go_on(self) -> None:
        """Enter in the form."""
        paper = self.paper
        if paper.stage is Stage.PURPOSE:
            self.panel.take_examination()
            if paper.choose(
                self.panel.purpose.text(), self.panel.copies.value(), self.panel.addressee.text()
            ):
                self._draw()
        elif paper.stage is Stage.PREVIEW:
            if paper.take_stock(self.panel.stock.text()):
                self._carry_out(paper.make_job())
        elif paper.stage is Stage.REPRINT:
            self._go_on_reprinting()
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
        self.preview.show_pages(images, phrase("Preview: what the sealed paper will say"))
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
        self._just_printed = tuple(job.sheets)
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

        self._look_up(document.serial, lambda detail: self._begin_reprint(detail, spoiled))

    def _begin_reprint(self, detail: IssuedDocumentDetail, spoiled: bool) -> None:
        refusal = self.paper.begin_reprint(detail, spoiled=spoiled)
        if refusal:
            self.note.say(refusal)

    def _look_up(self, serial: str, done: Callable[[IssuedDocumentDetail], None]) -> None:
        self.around.tasks.run(lambda progress: self.paper.look_up(serial), done, self._say_error, owner=self)

    def undo_print(self) -> None:
        """What came out of the printer a moment ago is spoiled; of several copies the last, until the wand
        names another of them."""
        printed = self._just_printed
        if not printed:
            spoiled = self._keys_of("counter.spoiled")
            said = phrase("Nothing was printed last; {keys} is for a chosen document.", keys=spoiled)
            self.note.say(said)
        elif not self._is_at_work:
            self._select(printed[-1].serial)
            self._look_up(printed[-1].serial, lambda detail: self._begin_reprint(detail, spoiled=True))

    def _go_on_reprinting(self) -> None:
        paper, void = self.paper, self.panel.void.text().strip()
        assert paper.document is not None
        other = [one.serial for one in self._just_printed if void and one.stock == void]
        if paper.is_spoiled and other and other[0] != paper.document.serial:
            self._look_up(other[0], self._reprint_other)
            return
        job = paper.reprint(self.panel.reason.text(), void, self.panel.stock.text())
        if job is not None:
            self._carry_out(job)

    def _reprint_other(self, detail: IssuedDocumentDetail) -> None:
        if self.paper.stage is Stage.REPRINT:
            self.paper.turn_to(detail)
            self._go_on_reprinting()

    def _forget_print(self) -> None:
        if self._just_printed:
            self._just_printed = ()
            self._show_hint()

    def gives_way(self, event: QKeyEvent) -> bool:
        return bool(self._just_printed) and event.matches(QKeySequence.StandardKey.Undo)

    def _render(self, pdf: bytes, title: str) -> None:
        self._drawn += 1
        drawn = self._drawn

        def done(images: list[QImage]) -> None:
            if drawn == self._drawn:
                self.preview.show_pages(images, title)

        self.around.tasks.run(lambda progress: read_pages(pdf), done, owner=self)

    # Keys and focus

    def _visitor_or_say(self) -> Visitor | None:
        if self.is_verifying:
            self._serve()
        if self._desk.visitor is None:
            self.note.say(phrase("Open a student first: scan a card, or type and press Enter."))
        self._forget_print()
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

    def _show_hint(self) -> None:
        """What can be done next, with the keys as they are bound now."""
        visitor = self._desk.visitor
        names = ["transcript", "certificate", "letter", "unofficial"] if visitor else []
        names = [f"counter.{name}" for name in ["undo"] * bool(self._just_printed) + names]
        names += ["counter.spoiled", "counter.again"] if visitor and visitor.documents else []
        names += ["counter.clearance"] if visitor and visitor.holds else []
        names += ["counter.application"] if visitor and self._applications.may_take else []
        hands = visitor is not None and not self._applications.why_not_hand_out(visitor)
        names += ["counter.hand_out"] if hands else []
        names += ["counter.slip"] if visitor and self._applications.to_slip(visitor) else []
        bound = {one.id: one for one in self.around.actions.of(self.title)}
        said = [f"{bound[name].keys} {bound[name].action.text()}" for name in (*names, "counter.verify")]
        self.hint.setText("   ".join(words.replace(" ", UNBROKEN) for words in said))
        self.hint.setVisible(not self._is_at_work)

    def _follow_paper(self) -> None:
        self.panel.follow()
        self._show_hint()
        if self.paper.stage in (Stage.WORKING, Stage.DRAWING):
            self.note.say("")

    def _say_error(self, error: Exception) -> None:
        self.note.say(words_of(error))

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
