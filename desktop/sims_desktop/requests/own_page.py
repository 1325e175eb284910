"""My requests on screen: what I asked for on the left, what came of it and a new one on the right."""

from __future__ import annotations

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from sims_desktop.kit import theme
from sims_desktop.kit.asking import push_button, row_of, text_label
from sims_desktop.kit.desk import Desk
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.tables import LETTER, Field, RecordModel, RecordView
from sims_desktop.requests.form import RequestForm
from sims_desktop.requests.presenter.own import Loaded, OwnPresenter
from sims_desktop.requests.presenter.words import is_ready, state_words, waiting_words
from sims_shared.requests import RequestView


class OwnRequestsPage(Desk[Loaded]):
    """Ctrl+N asks for something, Enter or Ctrl+Enter sends it, Esc leaves the form with what was typed."""

    title = later("My requests")
    guide = "students#my-requests"

    def __init__(self, around: Surroundings, presenter: OwnPresenter, parent: QWidget | None = None) -> None:
        super().__init__(around, "my_requests", parent)
        self.presenter = presenter
        self._build()
        add = self.add_action
        add("my_requests.next", later("Next request"), "J", lambda: self.step(1), self.list)
        add("my_requests.previous", later("Previous request"), "K", lambda: self.step(-1), self.list)
        add("my_requests.new", later("Ask for something"), "Ctrl+N", self.begin)
        add("my_requests.send", later("Send the request"), ("Ctrl+Return", "Ctrl+Enter"), self.send)
        add("my_requests.leave", later("Leave the form"), "Esc", self.leave)
        add("my_requests.refresh", later("Ask the server again"), "F5", self.refresh)
        presenter.on_change = self._show
        around.theme.changed.connect(self._show)
        self._show()

    def _build(self) -> None:
        presenter, now = self.presenter, self.around.now
        self.summary = text_label("my_requests_summary", self, larger=True)
        self.model: RecordModel[RequestView] = RecordModel(
            [
                Field(later("What"), presenter.title, LETTER * 22),
                Field(later("State"), state_words, LETTER * 26),
                Field(later("Since"), lambda one: waiting_words(one, now()), LETTER * 14),
            ],
            tint=self._tint,
        )
        self.list: RecordView[RequestView] = RecordView(self.model, "my_requests_list", parent=self)
        self.list.setAccessibleName(phrase("What you asked for"))
        self.list.selectionModel().currentRowChanged.connect(lambda *_: self._show_detail())
        self.nothing = text_label("my_requests_nothing", self)
        self.heading = text_label("my_requests_heading", self, larger=True)
        self.detail = text_label("my_requests_detail", self)
        self.form = RequestForm(presenter.applying, self)
        self.form.entered.connect(self.send)
        self.form.hide()
        self.new_button = push_button(
            self, "my_requests_new", self.begin, phrase("Ask for something (Ctrl+N)")
        )
        self.send_button = push_button(self, "my_requests_send", self.send, phrase("Send it (Ctrl+Enter)"))
        self.note = Note(self)
        left, right = QWidget(self), QWidget(self)
        lines = QVBoxLayout(left)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.addWidget(self.nothing)
        lines.addWidget(self.list, 1)
        lines.addStretch(0)
        column = QVBoxLayout(right)
        column.setContentsMargins(8, 0, 0, 0)
        for part in (self.heading, self.detail, self.form):
            column.addWidget(part)
        column.addLayout(row_of((self.new_button, self.send_button)))
        column.addStretch(1)
        self.split = self.split_of("my_requests_split", left, right, (560, 440))
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addWidget(self.split, 1)
        layout.addWidget(self.note)
        self.setFocusProxy(self.list)

    # Showing

    def _tint(self, one: RequestView) -> QColor | None:
        if is_ready(one):
            return theme.tint("waiting")
        return theme.tint("closed") if one.status in ("rejected", "completed") else None

    def _show(self) -> None:
        before = self.list.current()
        requests = list(self.presenter.requests)
        self.summary.setText(self.presenter.sentence)
        self.model.set_records(requests)
        self.list.setVisible(bool(requests))
        self.nothing.setVisible(not requests and self.presenter.loaded is not None)
        self.nothing.setText(
            phrase("You have asked for nothing yet. A paper that needs no decision you get at the counter.")
        )
        self.form.show_types()
        if requests:
            ids = [one.id for one in requests]
            self.list.selectRow(ids.index(before.id) if before and before.id in ids else 0)
        self._show_detail()

    def _show_detail(self) -> None:
        request, writing = self.list.current(), self.form.isVisibleTo(self)
        shown = request is not None and not writing
        self.detail.setVisible(shown)
        self.heading.setVisible(shown or writing)
        if writing:
            self.heading.setText(phrase("A new request"))
        elif request is not None:
            self.heading.setText(self.presenter.title(request))
            self.detail.setText(self.presenter.detail(request, self.around.now()))
        self.new_button.setVisible(not writing)
        self.send_button.setVisible(writing)
        self.send_button.setEnabled(not self.is_busy)

    # A new one

    def begin(self) -> None:
        self.form.show()
        self._show_detail()
        self.form.begin()

    def leave(self) -> None:
        """What was typed stands there at the next Ctrl+N."""
        if not self.is_busy:
            self.form.hide()
            self._show_detail()
            self._focus()

    def _focus(self) -> None:
        if self.form.isVisibleTo(self):
            self.form.begin()
        else:
            (self.list if self.list.isVisibleTo(self) else self.new_button).setFocus()

    def send(self) -> None:
        if not self.form.isVisibleTo(self):
            self.begin()
            return
        body = self.form.check(self.presenter.student_id)
        if body is None or self.is_busy:
            return
        applying = self.presenter.applying

        def done(made: RequestView) -> None:
            self.form.clear()
            self.leave()
            self.note.say(applying.asked_words(made))
            self.refresh()

        def failed(error: Exception) -> None:
            self.form.refuse(applying.refused(error))
            self._show_detail()

        self.act(phrase("Sending the request"), lambda progress: applying.ask_for(body), done, failed)
        self._show_detail()

    # The desk

    def load(self) -> Loaded:
        return self.presenter.load()

    def take(self, loaded: Loaded) -> None:
        self.presenter.take(loaded)

    def not_loaded(self, error: Exception) -> None:
        self.presenter.not_loaded(error)

    def shown(self) -> None:
        self.refresh_when_stale()
        self._focus()

    def leaving(self) -> str:
        return phrase("A request that you began is not sent.") if self.form.is_begun else ""
