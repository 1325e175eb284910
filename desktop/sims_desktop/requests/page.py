"""The office's queue of requests on screen: the list, one request at length beside it, the acts below."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from sims_desktop.kit import theme
from sims_desktop.kit.asking import Asking, push_button, row_of, text_label
from sims_desktop.kit.desk import Desk
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.tables import LETTER, Field, RecordModel, RecordView
from sims_desktop.kit.tasks import Progress, Task
from sims_desktop.kit.wording import left_to_right
from sims_desktop.requests.correction import CorrectionForm
from sims_desktop.requests.presenter.queue import FILTERS, Loaded, Outcome, Plan, QueuePresenter
from sims_desktop.requests.presenter.words import asks_letter, in_order, letter_words, taken_by, title_words
from sims_shared.messages import Page
from sims_shared.requests import RequestView


class RequestsPage(Desk[Loaded]):
    """J and K move, A approves, R rejects with a reason, C or Enter hands out. `desks` are the pages of the
    person: with the counter, T leads there with the student."""

    title = later("Requests")
    guide = "registrar#requests"

    def __init__(
        self,
        around: Surroundings,
        presenter: QueuePresenter,
        desks: Collection[str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(around, "requests", parent)
        self.presenter = presenter
        if not presenter.may_decide:
            self.guide = "counter#applications"
        self._desks = desks
        self._shown: RequestView | None = None
        self._outcomes: list[Outcome] = []
        self._plan: Plan | None = None
        self._more: Task | None = None
        self._agreed = ""  # a bearer's words that were read back with the question of the letter
        self._build()
        self._add_actions()
        presenter.on_change = self._show
        around.theme.changed.connect(self._recolour)
        self._show()

    def _build(self) -> None:
        presenter, now = self.presenter, self.around.now
        self.summary = text_label("requests_summary", self, larger=True)
        self.filter, self.type = QComboBox(self), QComboBox(self)
        self.filter.setObjectName("requests_filter")
        self.filter.setAccessibleName(phrase("Which requests"))
        for name, words in FILTERS.items():
            self.filter.addItem(phrase(words), name)
        self.filter.setCurrentIndex(self.filter.findData(presenter.filter))
        self.type.setObjectName("requests_type")
        self.type.setAccessibleName(phrase("What is asked for"))
        self.type.addItem(phrase("Everything"), None)
        self.type.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        for box in (self.filter, self.type):
            box.activated.connect(self._narrow)
        self.search = QLineEdit(self)
        self.search.setObjectName("requests_search")
        self.search.setAccessibleName(phrase("Only of a student, by name, number or phone"))
        self.search.setPlaceholderText(phrase("Name, number or phone; Enter"))
        self.search.returnPressed.connect(self._search)
        self.new_button = push_button(self, "requests_new", self.open_new, phrase("New request (Ctrl+N)"))
        self.new_button.setVisible(presenter.may_create)
        top = QHBoxLayout()
        for part in (self.filter, self.type):
            top.addWidget(part)
        top.addWidget(self.search, 1)
        top.addWidget(self.new_button)
        self.model: RecordModel[RequestView] = RecordModel(
            [
                Field("✓", presenter.sign, LETTER * 3, whole=presenter.sign_words),
                Field(later("What"), presenter.title, LETTER * 16),
                Field(later("Number"), lambda one: left_to_right(one.reg_no or ""), LETTER * 14),
                Field(later("Name"), lambda one: one.student_name, LETTER * 18),
                Field(later("State"), lambda one: presenter.state(one, now()), LETTER * 20),
            ],
            tint=self._tint,
        )
        self.list: RecordView[RequestView] = RecordView(self.model, "requests_list", parent=self)
        self.list.setAccessibleName(phrase("Requests"))
        self.list.selectionModel().currentRowChanged.connect(lambda *_: self._moved())
        self.list.opened.connect(lambda _: self.hand_out())
        self.list.end_reached.connect(self._read_more)
        self.heading = text_label("requests_heading", self, larger=True)
        self.detail = text_label("requests_detail", self)
        self.correction = CorrectionForm(self.around, presenter.correcting, self)
        self.correction.left.connect(self.list.setFocus)
        self.correction.settled.connect(self._corrected)
        self.asking = Asking("requests", self)
        self.asking.left.connect(self.list.setFocus)
        self.approve_button = push_button(self, "requests_approve", self.approve)
        self.reject_button = push_button(self, "requests_reject", self.ask_reason)
        self.hand_button = push_button(self, "requests_hand", self.hand_out, phrase("Hand out (C)"))
        self.counter_button = push_button(
            self, "requests_counter", self.to_counter, phrase("To the counter (T)")
        )
        self.correct_button = push_button(self, "requests_correct", self.correct, phrase("Correct (E)"))
        self.note = Note(self)
        self._lay_out(top)

    def _lay_out(self, top: QHBoxLayout) -> None:
        told = QWidget(self)
        inner = QVBoxLayout(told)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(self.heading)
        inner.addWidget(self.detail)
        inner.addStretch(1)
        scroll = QScrollArea(self)
        scroll.setObjectName("requests_whole")
        scroll.setAccessibleName(phrase("The request at length"))
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(told)
        right = QWidget(self)
        column = QVBoxLayout(right)
        column.setContentsMargins(8, 0, 0, 0)
        column.addWidget(scroll, 1)
        column.addWidget(self.correction)
        column.addWidget(self.asking)
        column.addLayout(row_of((self.approve_button, self.reject_button)))
        column.addLayout(row_of((self.hand_button, self.counter_button, self.correct_button)))
        self.split = self.split_of("requests_split", self.list, right, (640, 360))
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addLayout(top)
        layout.addWidget(self.split, 1)
        layout.addWidget(self.note)
        self.setFocusProxy(self.list)

    def _add_actions(self) -> None:
        add = self.add_action
        add("requests.next", later("Next request"), "J", lambda: self.step(1))
        add("requests.previous", later("Previous request"), "K", lambda: self.step(-1))
        add("requests.approve", later("Approve"), ("A", "Ctrl+Return", "Ctrl+Enter"), self.approve)
        add("requests.reject", later("Reject with a reason"), "R", self.ask_reason)
        add("requests.hand_out", later("Hand out"), "C", self.hand_out)
        if self.presenter.may_create:
            add("requests.correct", later("Correct what is asked for"), "E", self.correct)
        add("requests.choose", later("Choose this request"), "Space", self._choose, self.list)
        add("requests.choose_like", later("Choose all like this"), "Ctrl+A", self._choose_like, self.list)
        if "counter" in self._desks:
            add("requests.counter", later("To the counter with this student"), "T", self.to_counter)
        if "students" in self._desks:
            add("requests.student", later("Open the student"), "O", self._to_student)
        if self.presenter.may_create:
            add("requests.new", later("New request"), "Ctrl+N", self.open_new)
        add("requests.search", later("Only of one student"), "Ctrl+L", self._to_search)
        add("requests.filter", later("Next filter"), "F", self._next_filter)
        add("requests.print", later("Print this list"), "Ctrl+P", self.print_list)
        add("requests.leave", later("Leave it"), "Esc", self.leave)
        add("requests.refresh", later("Ask the server again"), "F5", self.refresh)

    def more_keys(self) -> tuple[tuple[str, str], ...]:
        return ((phrase("Hand out the request under the cursor"), "Enter"),)

    # Showing

    def _tint(self, one: RequestView) -> QColor | None:
        if one.id in self.presenter.refusals:
            return theme.tint("refused")
        return theme.tint("closed") if one.status in ("rejected", "completed") else None

    def _recolour(self) -> None:
        self.asking.recolour()
        self.model.set_records(list(self.model.records))

    def _show(self) -> None:
        before, row = self.list.current(), max(0, self.list.currentIndex().row())
        self.summary.setText(self.presenter.sentence)
        self._show_types()
        requests, there = self.presenter.requests, list(self.model.records)
        if there and len(requests) > len(there) and requests[: len(there)] == there:
            self.model.add_records(requests[len(there) :])  # cursor and scroll stay
        else:
            self.model.set_records(requests)
            ids = [one.id for one in requests]
            wanted = ids.index(before.id) if before and before.id in ids else min(row, len(ids) - 1)
            if requests and self.list.currentIndex().row() != wanted:
                self.list.selectRow(wanted)
        self._moved()

    def _show_types(self) -> None:
        types = in_order(self.presenter.titles)
        if self.type.count() <= 1 and types:
            for one in types:
                self.type.addItem(title_words(one, self.presenter.titles), one)

    def _moved(self) -> None:
        """Shows the request under the cursor; what was asked about another is withdrawn."""
        request, presenter = self.list.current(), self.presenter
        same = request is not None and self._shown is not None and request.id == self._shown.id
        if not same and not self.is_busy:
            self.asking.leave()
            self.correction.leave()
        self._shown = request
        self.heading.setVisible(request is not None)
        self.detail.setVisible(request is not None)
        if request is not None:
            number = left_to_right(request.reg_no or "")
            self.heading.setText(f"{presenter.title(request)}\n{request.student_name} {number}".strip())
            self.detail.setText(presenter.detail(request, self.around.now()))
            if not self.asking.is_asking:
                self.asking.refuse(presenter.refusals.get(request.id, ""))
        self._show_buttons(request)

    def _show_buttons(self, request: RequestView | None) -> None:
        presenter = self.presenter
        chosen = len(presenter.chosen)
        many = phrase(" {chosen:,} chosen", chosen=chosen) if chosen else ""
        self.approve_button.setText(phrase("Approve{many} (A)", many=many))
        self.reject_button.setText(phrase("Reject{many} (R)", many=many))
        decides = bool(chosen) or not presenter.why_not_decide(request)
        hands = not presenter.handing.why_not(request)
        for button, may in (
            (self.approve_button, decides),
            (self.reject_button, decides),
            (self.hand_button, hands),
            (self.counter_button, request is not None and "counter" in self._desks),
            (self.correct_button, not presenter.correcting.why_not(request)),
        ):
            button.setVisible(may)
            button.setEnabled(not self.is_busy)

    def _narrow(self) -> None:
        filter, type = str(self.filter.currentData()), self.type.currentData()
        self.presenter.narrow(filter, type, self.search.text())
        self.asking.leave()
        self.refresh()

    def _search(self) -> None:
        self._narrow()
        self.list.setFocus()

    def _to_search(self) -> None:
        self.search.setFocus()
        self.search.selectAll()

    def _next_filter(self) -> None:
        self.filter.setCurrentIndex(self.filter.findData(self.presenter.next_filter()))
        self._narrow()

    def _read_more(self) -> None:
        """One page at a time, when the end of what was read comes into sight."""
        loaded = self.presenter.loaded
        if loaded is None or loaded.next is None or self._more is not None or self._loading is not None:
            return
        after = loaded.next

        def done(page: Page[RequestView] | None) -> None:
            self._more = None
            self.presenter.take_more(page, after)

        def failed(error: Exception) -> None:
            self._more = None
            self.note.say(self.presenter.handing.refused(error))

        self._more = self.around.tasks.run(
            lambda progress: self.presenter.read_more(), done, failed, owner=self
        )

    # Choosing

    def _choose(self) -> None:
        request = self.list.current()
        if request is not None:
            refusal = self.presenter.toggle(request)
            if refusal:
                self.asking.refuse(refusal)
            else:
                self.asking.leave()
                self.step(1)

    def _choose_like(self) -> None:
        request = self.list.current()
        if request is not None:
            self.asking.leave()
            refusal = self.presenter.choose_like(request)
            if refusal:
                self.asking.refuse(refusal)

    # Deciding

    def approve(self) -> None:
        """One at once; of several it asks, and the same key answers. Also sends what stands in the line."""
        if self.correction.has_focus:
            self.correction.save()
            return
        if self.asking.asks_line:
            self.asking.answer()
            return
        if not self._may_ask():
            return
        plan = self.presenter.plan(self.list.current(), approves=True)
        if isinstance(plan, str):
            self.asking.refuse(plan)
        elif len(plan.requests) > 1:
            self.asking.ask(self.presenter.question(plan), partial(self._carry_out, plan), about=plan)
        else:
            self.asking.leave()
            self._carry_out(plan)

    def ask_reason(self) -> None:
        """The reason is what the student reads."""
        if not self._may_ask():
            return
        plan = self.presenter.plan(self.list.current(), approves=False, reason="-")
        if isinstance(plan, str):
            self.asking.refuse(plan)
            return

        def entered(reason: str) -> None:
            again = self.presenter.plan(self.list.current(), approves=False, reason=reason)
            if isinstance(again, str):
                self.asking.refuse(again)
            elif self._may_act():
                self.asking.send()
                self._carry_out(again)

        hint = phrase("Why? The student reads it. Enter rejects, Esc leaves it.")
        self.asking.ask_line(hint, phrase("Reason for rejecting it"), entered, about=plan)

    def _may_ask(self) -> bool:
        """One thing at a time: a correction that is not saved is said, one in which nothing stands goes."""
        if self.correction.is_begun:
            self.asking.refuse(phrase("The correction is not saved: Enter saves it, Esc leaves it."))
            return False
        self.correction.leave()
        return True

    def _may_act(self) -> bool:
        if self.is_busy:
            self.note.say(phrase("One moment: the last act is still on its way."))
        return not self.is_busy

    def _carry_out(self, plan: Plan) -> None:
        if not self._may_act():
            return
        outcomes: list[Outcome] = []
        self._outcomes, self._plan = outcomes, plan
        which = phrase("Approving") if plan.approves else phrase("Rejecting")

        def work(progress: Progress) -> None:
            self.presenter.carry_out(plan, progress.report, outcomes)

        def failed(error: Exception) -> None:
            raise error  # what the server may say is an outcome

        self.act(which, work, lambda _: self.cancelled(), failed)
        self._show_buttons(self.list.current())

    def cancelled(self) -> None:
        """Also after a cancel: what was decided was decided. What was typed stays while it was refused."""
        plan, self._plan = self._plan, None
        if plan is None:
            self.asking.refuse(phrase("Perhaps it was done; the list says so in a moment."))
            self.refresh()
            return
        said = self.presenter.take_outcomes(plan, self._outcomes, self.around.now())
        failed = next((one for one in self._outcomes if one.error is not None), None)
        if failed is None:
            self.asking.leave()
        self.note.say(said or phrase("Nothing was decided."))
        self._show()
        if failed is not None:
            self._stand_on(failed.request.id)
            words = self.presenter.refusals[failed.request.id]
            self.asking.refuse(words)
            if self.asking.asks_line:
                self.asking.line.setFocus()
        self.refresh()
        self.around.changes.tell("requests", 0)

    def _stand_on(self, request_id: int) -> None:
        """Upon the request that something is said about, and what was typed for it stays."""
        ids = [one.id for one in self.model.records]
        current = self.list.current()
        if request_id in ids and (current is None or current.id != request_id):
            self._shown = self.model.record(ids.index(request_id))
            self.list.selectRow(ids.index(request_id))

    # Handing out

    def hand_out(self) -> None:
        """Asks who takes it; also for what lay ready."""
        if not self._may_ask():
            return
        request = self.list.current()
        refusal = self.presenter.handing.why_not(request)
        if refusal or request is None:
            self.asking.refuse(refusal)
            return
        request_id = request.id

        def entered(typed: str) -> None:
            wanted = self.presenter.request(request_id)
            refusal = self.presenter.handing.why_not(wanted)
            if wanted is None or refusal:
                self.asking.refuse(refusal)
                return
            taker, refusal = taken_by(typed, wanted)
            if refusal:
                self.asking.refuse(refusal)
            elif asks_letter(typed) and self._agreed != typed:
                self._agreed = typed
                self.asking.refuse(letter_words(taker or ""))
            elif self._may_act():
                self._send_out(wanted, typed)

        self._agreed = ""
        question = self.presenter.handing.question(request, self.presenter.titles)
        self.asking.ask_line(question, phrase("Who takes it"), entered, about=request)

    def _send_out(self, request: RequestView, typed: str) -> None:
        now = self.around.now
        self.asking.send()

        def done(said: str) -> None:
            self.asking.leave()
            self.presenter.forget()
            self.note.say(said)
            self.refresh()
            self.around.changes.tell("requests", request.student_id)

        def failed(error: Exception) -> None:
            self._look_again(request, error)

        presenter = self.presenter

        def work(progress: Progress) -> str:
            return presenter.handing.hand_out(request, typed, presenter.titles, now())

        self.act(phrase("Handing out"), work, done, failed)
        self._show_buttons(request)

    def _look_again(self, request: RequestView, error: Exception) -> None:
        """How it stands now; what was typed waits in its line."""

        def done(found: RequestView | str) -> None:
            words = found if isinstance(found, str) else self.presenter.keep(found, self.around.now())
            self._show()
            self._stand_on(request.id)
            self.asking.refuse(words)
            self.asking.line.setFocus()
            self.note.say(words)
            self.refresh()

        self.around.tasks.run(lambda progress: self.presenter.look_again(request, error), done, owner=self)

    # Correcting

    def correct(self) -> None:
        request = self.list.current()
        refusal = self.presenter.correcting.why_not(request)
        if refusal or request is None:
            self.asking.refuse(refusal)
        elif not self.correction.is_open:
            self.asking.leave()
            self.correction.begin(request)

    def _corrected(self, said: str) -> None:
        self.note.say(said)
        self.refresh()

    # Elsewhere

    def to_counter(self) -> None:
        request = self.list.current()
        if request is not None and "counter" in self._desks:
            self.wants.emit("counter", request.student_id)

    def _to_student(self) -> None:
        request = self.list.current()
        if request is not None:
            self.wants.emit("student", request.student_id)

    def print_list(self) -> None:
        from sims_desktop.kit.printing import ask_printer, print_html

        if not self.presenter.requests:
            self.note.say(self.presenter.sentence)
        elif (printer := ask_printer(self, phrase("Print this list"))) is not None:
            print_html(self.presenter.paper(self.around.now()), printer)
            self.note.say(phrase("Printed the list."))

    def bring(self, id: int) -> None:
        """From Today: the list that is counted there, by its place among the filters."""
        names = list(FILTERS)
        if 0 <= id < len(names):
            self.filter.setCurrentIndex(self.filter.findData(names[id]))
            self._narrow()

    def open_new(self) -> None:
        self.wants.emit("new_request", 0)

    def leave(self) -> None:
        """Esc: what was refused is read, the question and what was typed go; then what is chosen."""
        if not self.asking.is_asking:
            self.presenter.chosen.clear()
        self.presenter.take_as_read()
        self.asking.leave()
        self.correction.leave()
        self._show()
        self.list.setFocus()

    # The desk

    def load(self) -> Loaded:
        return self.presenter.load()

    def take(self, loaded: Loaded) -> None:
        typed = self.asking.typed or self.correction.is_open
        self.presenter.held = self._shown if typed else None
        self.presenter.take(loaded)

    def not_loaded(self, error: Exception) -> None:
        self.presenter.not_loaded(error)

    def heard(self, kind: str, id: int) -> None:
        if kind == "requests" and self._refreshed is not None and not self.is_busy and self._loading is None:
            self.refresh()

    def shown(self) -> None:
        self.refresh_when_stale()
        self.list.setFocus()

    def leaving(self) -> str:
        if self.is_busy:
            return phrase("A decision is still being sent.")
        begun = self.asking.typed or self.correction.is_begun
        return phrase("What you typed about a request is not sent.") if begun else ""
