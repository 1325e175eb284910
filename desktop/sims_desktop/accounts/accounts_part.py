"""Accounts on screen: found on the left, the one at hand on the right, with its sessions; or the form."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from sims_desktop.accounts.account_form import AccountForm
from sims_desktop.accounts.presenter import (
    STALE,
    STATES,
    AccountsPresenter,
    Draft,
    Fact,
    Loaded,
    Shown,
    new_password,
)
from sims_desktop.accounts.words import role_words
from sims_desktop.client.errors import ProblemAnswer
from sims_desktop.kit import theme
from sims_desktop.kit.asking import Asking, push_button, row_of, text_label
from sims_desktop.kit.desk import Desk
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.tables import Field, RecordModel, RecordView
from sims_desktop.kit.tasks import Task
from sims_desktop.kit.wording import left_to_right, when
from sims_shared.access import AccountView, SessionView
from sims_shared.messages import Page as Answer

PAUSE_MS = 250


class AccountsPart(Desk[Loaded]):
    """Letters act upon the account at hand; Ctrl+N and E open the form, Ctrl+Enter saves it or says yes."""

    title = later("Accounts")
    guide = "administrator#accounts"

    def __init__(
        self, around: Surroundings, presenter: AccountsPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(around, "accounts_part", parent)
        self.presenter = presenter
        self._reading: Task | None = None
        self._more: Task | None = None
        self._password_of = ""
        self._build()
        self._lay_out()
        self._add_actions()
        presenter.on_change = self._show
        around.theme.changed.connect(self._recolour)
        self._show()

    def _build(self) -> None:
        wide, presenter, now = self.fontMetrics().averageCharWidth(), self.presenter, self.around.now
        self.summary = text_label("accounts_summary", self, larger=True)
        self.search = QLineEdit(self)
        self.search.setObjectName("accounts_search")
        self.search.setAccessibleName(phrase("Find an account by user name or name"))
        self.search.setPlaceholderText(phrase("User name or name"))
        self.role, self.state = QComboBox(self), QComboBox(self)
        self.role.setObjectName("accounts_role")
        self.role.setAccessibleName(phrase("Accounts of which role"))
        self.role.addItem(phrase("Every role"), None)
        self.role.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.state.setObjectName("accounts_state")
        self.state.setAccessibleName(phrase("Which accounts"))
        for name, (words, _) in STATES.items():
            self.state.addItem(phrase(words), name)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self._narrow)
        self.search.textEdited.connect(lambda _: self._pause.start())
        self.search.returnPressed.connect(self._narrow)
        for box in (self.role, self.state):
            box.activated.connect(lambda _: self._narrow())
        self.model: RecordModel[AccountView] = RecordModel(
            [
                Field(later("User name"), lambda one: left_to_right(one.username), wide * 16, is_kept=True),
                Field(later("Name"), lambda one: one.name, wide * 22),
                Field(later("Roles"), presenter.roles_words, 0),
            ],
            tint=self._tint,
        )
        self.list: RecordView[AccountView] = RecordView(self.model, "accounts_list", parent=self)
        self.list.setAccessibleName(phrase("Accounts"))
        self.list.remember_columns(self.around.remembered)
        self.list.selectionModel().currentRowChanged.connect(lambda *_: self._moved())
        self.list.end_reached.connect(self.read_more)
        self.heading = text_label("accounts_heading", self, larger=True)
        self.fact_model: RecordModel[Fact] = RecordModel(
            [
                Field(later("What"), lambda fact: fact[0], wide * 18),
                Field(later("It says"), lambda fact: fact[1], wide * 36),
            ]
        )
        self.facts: RecordView[Fact] = RecordView(self.fact_model, "accounts_facts", parent=self)
        self.facts.setAccessibleName(phrase("About this account"))
        self.session_model: RecordModel[SessionView] = RecordModel(
            [
                Field(
                    later("Signed in on"),
                    lambda one: one.device or phrase("a computer without a name"),
                    wide * 22,
                ),
                Field(later("Since"), lambda one: when(one.created_at, now()), wide * 14),
                Field(later("Last seen"), lambda one: when(one.last_seen_at, now()), wide * 14),
            ]
        )
        self.sessions: RecordView[SessionView] = RecordView(
            self.session_model, "accounts_sessions", parent=self
        )
        self.sessions.setAccessibleName(phrase("Where this account is signed in"))
        self.once = text_label("accounts_once", self)
        self.password = QLineEdit(self)
        self.password.setObjectName("accounts_password")
        self.password.setAccessibleName(phrase("The password, shown once"))
        self.password.setReadOnly(True)
        theme.enlarge(self.password, 1.3)
        self.copy_button = push_button(
            self, "accounts_copy", self.copy_password, phrase("Copy (Ctrl+Shift+C)")
        )
        self.asking = Asking("accounts", self)
        self.asking.left.connect(self.list.setFocus)
        self.account_form = AccountForm(presenter, self)
        self.account_form.wanted.connect(self.save)
        self.account_form.left.connect(self.leave)
        self.note = Note(self)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.search, 1)
        top.addWidget(self.role)
        top.addWidget(self.state)
        self.new_button = push_button(self, "accounts_new", self.begin_new, phrase("New account (Ctrl+N)"))
        top.addWidget(self.new_button)
        self.buttons: list[QPushButton] = [
            push_button(self, "accounts_edit", self.begin_edit, phrase("Change (E)")),
            push_button(self, "accounts_disable", self.disable, phrase("Disable (D)")),
            push_button(self, "accounts_new_password", self.new_password, phrase("New password (P)")),
            push_button(self, "accounts_codes", self.reset_codes, phrase("Reset codes (O)")),
            push_button(self, "accounts_end_all", self.end_sessions, phrase("End sessions (X)")),
        ]
        detail = QWidget(self)
        column = QVBoxLayout(detail)
        column.setContentsMargins(8, 0, 0, 0)
        column.addWidget(self.heading)
        column.addWidget(self.once)
        once = QHBoxLayout()
        once.addWidget(self.password, 1)
        once.addWidget(self.copy_button)
        column.addLayout(once)
        column.addWidget(self.facts, 3)
        column.addWidget(self.sessions, 2)
        column.addStretch(0)
        column.addWidget(self.asking)
        for some in (self.buttons[:3], self.buttons[3:]):
            column.addLayout(row_of(some))
        self.right = QStackedWidget(self)
        self.right.addWidget(detail)
        self.right.addWidget(self.account_form)
        self.split = self.split_of("accounts_split", self.list, self.right, (480, 520))
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addLayout(top)
        layout.addWidget(self.split, 1)
        layout.addWidget(self.note)
        self._show_password("")
        self.setFocusProxy(self.list)

    def _add_actions(self) -> None:
        add = self.add_action
        add("accounts.find", later("Find an account"), "Ctrl+L", self._to_search)
        add("accounts.into", later("Into the list"), "Down", self._into, self.search)
        add("accounts.new", later("New account"), "Ctrl+N", self.begin_new)
        add("accounts.edit", later("Change it"), ("E", "F2"), self.begin_edit)
        add("accounts.disable", later("Disable, or let in again"), "D", self.disable)
        add("accounts.password", later("Make a new password"), "P", self.new_password)
        add("accounts.codes", later("Reset the one-time codes"), "O", self.reset_codes)
        add("accounts.sessions", later("To its sessions"), "S", self._to_sessions)
        add("accounts.end_all", later("End every session"), "X", self.end_sessions)
        add("accounts.student", later("Open the student"), "R", self._open_student)
        add("accounts.end", later("End this session"), "Delete", self.end_session, self.sessions)
        add("accounts.copy", later("Copy the password"), "Ctrl+Shift+C", self.copy_password)
        add("accounts.save", later("Save it, or yes"), ("Ctrl+Return", "Ctrl+Enter"), self.answer)
        add("accounts.leave", later("Leave it"), "Esc", self.leave)
        add("accounts.refresh", later("Ask the server again"), "F5", self.refresh)

    # Showing

    def _tint(self, one: AccountView) -> QColor | None:
        return theme.tint("closed") if one.disabled else None

    def _recolour(self) -> None:
        self.asking.recolour()
        self.account_form.asking.recolour()
        self.model.set_records(list(self.presenter.accounts))
        self.account_form.show_roles()

    @property
    def is_typing(self) -> bool:
        return self.account_form.draft is not None

    def _show(self) -> None:
        presenter, before = self.presenter, self.list.current()
        self.summary.setText(presenter.sentence)
        if self.role.count() < 2:
            for role in presenter.roles:
                self.role.addItem(role_words(role.name), role.name)
        self.model.set_records(list(presenter.accounts))
        ids = [one.id for one in presenter.accounts]
        if ids:
            self.list.selectRow(ids.index(before.id) if before is not None and before.id in ids else 0)
        self.new_button.setVisible(presenter.may_change)
        self.account_form.show_roles()
        self._moved()

    def _moved(self) -> None:
        """Shows the account under the cursor; what was asked about another is withdrawn."""
        account, shown = self.list.current(), self.presenter.shown
        if account is None:
            self.presenter.shown = None
            self._draw()
        elif shown is None or shown.account.id != account.id:
            if account.username != self._password_of:
                self._show_password("")
            self.asking.leave()
            self.presenter.shown = None
            self._draw()
            self.heading.setText(account.name)
            self._read(account.id)
        else:
            self._draw()

    def _draw(self) -> None:
        shown, presenter = self.presenter.shown, self.presenter
        self.facts.setVisible(shown is not None)
        self.sessions.setVisible(shown is not None and bool(shown.sessions))
        for button in self.buttons:
            button.setVisible(shown is not None and presenter.may_change)
            button.setEnabled(not self.is_busy)
        if shown is None:
            self.heading.setText("")
            return
        self.heading.setText(presenter.heading(shown))
        self.fact_model.set_records(presenter.facts(shown))
        self.sessions.follow(list(shown.sessions), lambda one: one.id)
        allow, disable = phrase("Let in again (D)"), phrase("Disable (D)")
        self.buttons[1].setText(allow if shown.account.disabled else disable)

    def _read(self, account_id: int, then: Callable[[Shown], None] | None = None) -> None:
        """The account at hand, anew."""
        if self._reading is not None:
            self._reading.cancel()

        def done(shown: Shown) -> None:
            self._reading = None
            self.presenter.shown = shown
            self._draw()
            if then is not None:
                then(shown)

        def failed(error: Exception) -> None:
            self._reading = None
            self.asking.refuse(self.presenter.refused(error))

        self._reading = self.around.tasks.run(
            lambda progress: self.presenter.open(account_id), done, failed, owner=self
        )

    # Finding

    def _narrow(self) -> None:
        self._pause.stop()
        presenter = self.presenter
        asked = (self.search.text(), self.role.currentData(), str(self.state.currentData()))
        if asked != (presenter.words, presenter.role, presenter.state):
            presenter.words, presenter.role, presenter.state = asked
            self.refresh()

    def _to_search(self) -> None:
        self.search.setFocus()
        self.search.selectAll()

    def _into(self) -> None:
        self.list.setFocus()

    def read_more(self) -> None:
        path = self.presenter.next
        if path is None or self._more is not None:
            return

        def done(page: Answer[AccountView]) -> None:
            self._more = None
            if path == self.presenter.next:  # else the list was asked anew meanwhile
                self.presenter.take_more(page)
                self.model.add_records(page.results)
                self.summary.setText(self.presenter.sentence)

        def failed(error: Exception) -> None:
            self._more = None
            self.presenter.not_loaded(error)

        self._more = self.around.tasks.run(
            lambda progress: self.presenter.calls.more_accounts(path), done, failed, owner=self
        )

    def _open_student(self) -> None:
        shown = self.presenter.shown
        if shown is not None and shown.account.student is not None:
            self.wants.emit("student", shown.account.student.id)
        else:
            self.asking.refuse(phrase("This account opens no student's record."))

    # The form

    def begin_new(self) -> None:
        self._begin(None)

    def begin_edit(self) -> None:
        if self.presenter.shown is not None:
            self._begin(self.presenter.shown)

    def _begin(self, shown: Shown | None) -> None:
        if self.presenter.why_not_change:
            self.asking.refuse(self.presenter.why_not_change)
        elif not self.is_busy and not self.is_typing:
            self._show_password("")
            self.asking.leave()
            self.right.setCurrentWidget(self.account_form)
            self.account_form.begin(self.presenter.begin(shown))

    def _end_form(self) -> None:
        self.account_form.draft = None
        self.right.setCurrentIndex(0)
        self.list.setFocus()

    def answer(self) -> None:
        if self.is_typing:
            self.save()
        else:
            self.asking.answer()

    def save(self) -> None:
        form, draft = self.account_form, self.account_form.draft
        if draft is None or self.is_busy:
            return
        if not self.presenter.check(draft):
            form.form.show_faults(self.presenter.faults)
            return
        form.form.clear_faults()
        warning = self.presenter.warning(draft)
        if warning:
            form.asking.ask(warning, partial(self._save, draft), about=warning)
        else:
            self._save(draft)

    def _save(self, draft: Draft) -> None:
        form = self.account_form
        form.asking.leave()
        form.save_button.setEnabled(False)

        def done(words: str) -> None:
            form.save_button.setEnabled(True)
            self.note.say(words)
            made = draft.password if draft.shown is None else ""
            self._end_form()
            self.presenter.shown = None
            if draft.shown is None:
                self._find(draft.username.strip())
            else:
                self.refresh()
            if made:
                self._show_password(made, draft.name.strip(), draft.username.strip().lower())

        def failed(error: Exception) -> None:
            form.save_button.setEnabled(True)
            form.refuse(self.presenter.refused(error))
            if draft.shown is not None and isinstance(error, ProblemAnswer) and error.code == STALE:
                self._read(draft.shown.account.id, partial(self._rebase, draft))

        self.act(phrase("Saving the account"), lambda progress: self.presenter.save(draft), done, failed)

    def _rebase(self, draft: Draft, shown: Shown) -> None:
        self.presenter.rebase(draft, shown)
        if self.account_form.draft is draft:
            self.account_form.take_draft()

    def _find(self, username: str) -> None:
        """The new account stands under the cursor."""
        self.search.setText(username)
        self.role.setCurrentIndex(0)
        self.state.setCurrentIndex(0)
        self.presenter.words, self.presenter.role, self.presenter.state = username, None, "all"
        self.refresh()

    # A password is shown once

    def _show_password(self, password: str, name: str = "", username: str = "") -> None:
        self._password_of = username
        self.password.setText(password)
        for part in (self.once, self.password, self.copy_button):
            part.setVisible(bool(password))
        if password:
            self.once.setText(
                phrase("The password of {name}. It is shown only now; Esc puts it away.", name=name)
            )
            self.copy_button.setFocus()

    def copy_password(self) -> None:
        if self.password.text():
            QGuiApplication.clipboard().setText(self.password.text())
            self.note.say(phrase("The password is on the clipboard."))

    # Single acts

    def disable(self) -> None:
        shown = self._at_hand()
        if shown is None:
            return
        refusal = self.presenter.why_not_disable(shown.account)
        if refusal:
            self.asking.leave()
            self.asking.refuse(refusal)
        else:
            question = self.presenter.disable_question(shown.account)
            self._ask(question, "disable", partial(self.presenter.disable, shown))

    def reset_codes(self) -> None:
        shown = self._at_hand()
        if shown is None:
            return
        refusal = self.presenter.why_not_reset(shown.account)
        if refusal:
            self.asking.leave()
            self.asking.refuse(refusal)
        else:
            question = self.presenter.reset_question(shown.account)
            self._ask(question, "codes", partial(self.presenter.reset_codes, shown))

    def new_password(self) -> None:
        shown = self._at_hand()
        if shown is not None:
            password = new_password()
            question = self.presenter.password_question(shown.account)

            def made() -> None:
                self._show_password(password, shown.account.name, shown.account.username)

            self._ask(question, "password", partial(self.presenter.set_password, shown, password), made)

    def _to_sessions(self) -> None:
        if self.sessions.isVisible():
            self.sessions.setFocus()
        else:
            self.asking.refuse(phrase("This account is signed in nowhere."))

    def end_session(self) -> None:
        session = self.sessions.current()
        if self._at_hand() is not None and session is not None:
            self._carry_out(partial(self.presenter.end_session, session))

    def end_sessions(self) -> None:
        shown = self._at_hand()
        if shown is not None:
            question = phrase(
                "Every session of {name} ends now. X or Ctrl+Enter ends them, Esc leaves it.",
                name=shown.account.name,
            )
            self._ask(question, "sessions", partial(self.presenter.end_sessions, shown.account))

    def _at_hand(self) -> Shown | None:
        """The account to act upon; None, with the reason, when there is no acting."""
        if self.presenter.why_not_change:
            self.asking.refuse(self.presenter.why_not_change)
            return None
        return None if self.is_busy or self.is_typing else self.presenter.shown

    def _ask(
        self, question: str, act: str, work: Callable[[], str], then: Callable[[], None] | None = None
    ) -> None:
        shown = self.presenter.shown
        assert shown is not None
        self.asking.ask(question, partial(self._carry_out, work, then), about=(act, shown.account.id))

    def _carry_out(self, work: Callable[[], str], then: Callable[[], None] | None = None) -> None:
        self.asking.leave()
        shown = self.presenter.shown

        def done(words: str) -> None:
            self.note.say(words)
            if then is not None:
                then()
            self.refresh()

        def failed(error: Exception) -> None:
            self.asking.refuse(self.presenter.refused(error))
            if shown is not None:
                self._read(shown.account.id)

        self.act(phrase("Changing the account"), lambda progress: work(), done, failed)
        self._draw()

    def leave(self) -> None:
        """One step back: the question, then the form, then the password."""
        if self.is_typing:
            if self.account_form.asking.is_asking:
                self.account_form.asking.leave()
            else:
                self._end_form()
            return
        if not self.asking.is_asking:
            self._show_password("")
        self.asking.leave()
        self.list.setFocus()

    # The server

    def load(self) -> Loaded:
        return self.presenter.load()

    def take(self, loaded: Loaded) -> None:
        before = self.presenter.shown
        self.presenter.take(loaded)
        if before is not None and self.presenter.shown is before:
            self._read(before.account.id)  # what stands beside the list is as old as the list was

    def not_loaded(self, error: Exception) -> None:
        self.presenter.not_loaded(error)

    def leaving(self) -> str:
        draft = self.account_form.draft
        if draft is not None and draft.is_touched:
            return phrase("An account that you began to change is not saved.")
        if self.password.text():
            return phrase("The password that is shown now will not be shown again.")
        return ""
