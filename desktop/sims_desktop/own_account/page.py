"""One's own account on screen: who one is and where one is signed in, the password, one-time codes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from sims_desktop.kit import theme
from sims_desktop.kit.asking import push_button, row_of, text_label
from sims_desktop.kit.desk import Desk
from sims_desktop.kit.forms import Complaint, Form
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.tables import Field, RecordModel, RecordView
from sims_desktop.kit.wording import when
from sims_desktop.own_account.picture import CodePicture
from sims_desktop.own_account.presenter import Fact, Loaded, OwnAccountPresenter
from sims_shared.access import OtpSecret, SessionView

LINES = (
    ("current", later("The password &now")),
    ("new", later("The &new one")),
    ("again", later("The new one once &more")),
)


class OwnAccountPage(Desk[Loaded]):
    """P goes to the password, O sets up one-time codes, Delete ends the session under the cursor."""

    title = later("My account")
    guide = "account"

    def __init__(
        self, around: Surroundings, presenter: OwnAccountPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(around, "own_account", parent)
        self.presenter = presenter
        self._build()
        self._lay_out()
        add = self.add_action
        add("own.password", later("Change the password"), "P", self._to_password)
        add("own.codes", later("Set up one-time codes"), "O", self.set_up)
        add("own.end", later("End this session"), "Delete", self.end_session, self.list)
        add("own.save", later("Change or confirm it"), ("Ctrl+Return", "Ctrl+Enter"), self.answer)
        add("own.copy", later("Copy secret or recovery codes"), "Ctrl+Shift+C", self.copy)
        add("own.print", later("Print the recovery codes"), "Ctrl+P", self.print_codes)
        add("own.leave", later("Leave it"), "Esc", self.leave)
        add("own.refresh", later("Ask the server again"), "F5", self.refresh)
        presenter.on_change = self._show
        around.theme.changed.connect(self._show)
        self._show()

    def _build(self) -> None:
        wide, now = self.fontMetrics().averageCharWidth(), self.around.now
        self.summary = text_label("own_summary", self, larger=True)
        self.fact_model: RecordModel[Fact] = RecordModel(
            [
                Field(later("What"), lambda fact: fact[0], wide * 18),
                Field(later("It says"), lambda fact: fact[1], wide * 30),
            ]
        )
        self.facts: RecordView[Fact] = RecordView(self.fact_model, "own_facts", parent=self)
        self.facts.setAccessibleName(phrase("About your account"))
        self.model: RecordModel[SessionView] = RecordModel(
            [
                Field(later("Signed in on"), _device, wide * 24),
                Field(later("Since"), lambda one: when(one.created_at, now()), wide * 14),
                Field(later("Last seen"), lambda one: when(one.last_seen_at, now()), wide * 14),
            ]
        )
        self.list: RecordView[SessionView] = RecordView(self.model, "own_sessions", parent=self)
        self.list.setAccessibleName(phrase("Where you are signed in"))
        self.complaint = Complaint(self)
        self.complaint.setObjectName("own_complaint")
        self.form = Form(self)
        self.lines: dict[str, QLineEdit] = {}
        for name, label in LINES:
            line = QLineEdit(self)
            line.setEchoMode(QLineEdit.EchoMode.Password)
            line.setMaxLength(1000)
            self.lines[name] = line
            self.form.add(name, label, line)
        self.lines["again"].returnPressed.connect(self.change_password)
        self.codes_about = text_label("own_codes_about", self)
        self.secret = text_label("own_secret", self, larger=True)
        self.address = text_label("own_address", self)
        self.picture = CodePicture("own_picture", phrase("The secret as a code for the camera"), self)
        self.code = QLineEdit(self)
        self.code.setMaxLength(12)
        self.code.returnPressed.connect(self.confirm)
        self.code_form = Form(self)
        self.code_form.add("otp", later("The &code it shows now"), self.code)
        self.recovery_about = text_label("own_recovery_about", self)
        self.recovery = text_label("own_recovery", self)
        theme.enlarge(self.recovery, 1.2)
        self.note = Note(self)

    def _lay_out(self) -> None:
        end = push_button(self, "own_end", self.end_session, phrase("End this session (Delete)"))
        self.change_button = push_button(
            self, "own_change", self.change_password, phrase("Change the password (Ctrl+Enter)")
        )
        self.codes_button = push_button(self, "own_set_up", self.set_up, phrase("Set up one-time codes (O)"))
        self.confirm_button = push_button(self, "own_confirm", self.confirm, phrase("Confirm (Ctrl+Enter)"))
        self.copy_button = push_button(self, "own_copy", self.copy, phrase("Copy (Ctrl+Shift+C)"))
        self.print_button = push_button(self, "own_print", self.print_codes, phrase("Print (Ctrl+P)"))
        self.away_button = push_button(
            self, "own_away", self.put_away, phrase("I have put them away (Ctrl+Enter)")
        )
        left, right = QWidget(self), QWidget(self)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.facts, 2)
        column.addWidget(self.list, 3)
        column.addWidget(self.complaint)
        column.addLayout(row_of([end]))
        form = QVBoxLayout(right)
        form.setContentsMargins(8, 0, 0, 0)
        heading = text_label("own_password_heading", self, larger=True)
        heading.setText(phrase("Password"))
        form.addWidget(heading)
        form.addWidget(self.form)
        form.addLayout(row_of([self.change_button]))
        form.addSpacing(self.fontMetrics().height())
        codes = text_label("own_codes_heading", self, larger=True)
        codes.setText(phrase("One-time codes"))
        for part in (
            *(codes, self.codes_about, self.address, self.picture, self.secret, self.code_form),
            *(self.recovery_about, self.recovery),
        ):
            form.addWidget(part)
        form.addLayout(
            row_of(
                [
                    self.codes_button,
                    self.confirm_button,
                    self.copy_button,
                    self.print_button,
                    self.away_button,
                ]
            )
        )
        form.addStretch(1)
        self.split = self.split_of("own_split", left, right, (480, 520))
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addWidget(self.split, 1)
        layout.addWidget(self.note)
        self.setFocusProxy(self.list)

    # Showing

    def _show(self) -> None:
        presenter = self.presenter
        self.summary.setText(presenter.sentence)
        self.fact_model.set_records(presenter.facts)
        sessions = list(presenter.loaded.sessions) if presenter.loaded is not None else []
        self.list.follow(sessions, lambda one: one.id)
        self.change_button.setEnabled(not self.is_busy)
        has_secret, has_codes = presenter.secret is not None, bool(presenter.recovery)
        self.codes_about.setText(presenter.codes_words)
        self.codes_about.setVisible(not has_secret and not has_codes)
        self.secret.setText(presenter.secret_words)
        self.address.setText(
            phrase(
                "Add an account in the authenticator of your phone: scan this, or choose “enter a key” and "
                "type what stands below."
            )
        )
        self.picture.show_text(presenter.secret.otpauth_uri if presenter.secret is not None else "")
        for part in (self.secret, self.address, self.picture, self.code_form, self.confirm_button):
            part.setVisible(has_secret)
        self.recovery.setText("\n".join(presenter.recovery))
        self.recovery_about.setText(
            phrase(
                "One-time codes are in force. These recovery codes are shown only now: each signs in once, "
                "in place of the phone."
            )
        )
        for part in (self.recovery, self.recovery_about, self.print_button, self.away_button):
            part.setVisible(has_codes)
        self.copy_button.setVisible(has_secret or has_codes)
        self.codes_button.setVisible(presenter.may_set_up and not has_codes)

    # Acts

    def _to_password(self) -> None:
        self.lines["current"].setFocus()

    def answer(self) -> None:
        if self.presenter.recovery:
            self.put_away()
        elif self.presenter.secret is not None and not any(line.text() for line in self.lines.values()):
            self.confirm()
        else:
            self.change_password()

    def change_password(self) -> None:
        if self.is_busy:
            return
        current, new, again = (self.lines[name].text() for name, _ in LINES)
        if not self.presenter.check_password(current, new, again):
            self.form.show_faults(self.presenter.faults)
            return
        self.form.clear_faults()

        def done(words: str) -> None:
            for line in self.lines.values():
                line.clear()
            self.list.setFocus()
            self._done(words)

        def failed(error: Exception) -> None:
            words = self.presenter.refused(error)
            self.form.show_faults(self.presenter.faults, words)
            self._show()

        work = partial(self.presenter.change_password, current, new)
        self.act(phrase("Changing the password"), lambda progress: work(), done, failed)
        self._show()

    def set_up(self) -> None:
        if self.is_busy or not self.presenter.may_set_up:
            return

        def done(secret: OtpSecret) -> None:
            self.presenter.secret = secret
            self._show()
            self.code.setFocus()

        self._ask(self.presenter.enroll, done, phrase("Setting up one-time codes"))

    def confirm(self) -> None:
        code = self.code.text().strip()
        if self.is_busy or not code:
            return

        def done(codes: Sequence[str]) -> None:
            self.presenter.secret, self.presenter.recovery = None, codes
            self.code.clear()
            self.code_form.clear_faults()
            self._show()
            self.copy_button.setFocus()
            self.refresh()

        self._ask(partial(self.presenter.confirm, code), done, phrase("Confirming the code"))

    def _ask(self, work: Callable[[], object], done: Callable[..., None], title: str) -> None:
        def failed(error: Exception) -> None:
            self.code_form.complaint.say(self.presenter.refused(error))
            self.code_form.show()
            self.code.selectAll()
            self.code.setFocus()

        self.act(title, lambda progress: work(), done, failed)

    def end_session(self) -> None:
        session = self.list.current()
        refusal = self.presenter.why_not_end(session)
        self.complaint.say(refusal)
        if not refusal and session is not None and not self.is_busy:

            def failed(error: Exception) -> None:
                self.complaint.say(self.presenter.refused(error))
                self.refresh()

            work = partial(self.presenter.end_session, session)
            self.act(phrase("Ending a session"), lambda progress: work(), self._done, failed)

    def _done(self, words: str) -> None:
        self.note.say(words)
        self.refresh()

    def copy(self) -> None:
        presenter = self.presenter
        text = "\n".join(presenter.recovery) or (presenter.secret.secret if presenter.secret else "")
        if text:
            QGuiApplication.clipboard().setText(text)
            self.note.say(phrase("It is on the clipboard."))

    def print_codes(self) -> None:
        if not self.presenter.recovery:
            return
        from sims_desktop.kit.printing import ask_printer, print_html

        printer = ask_printer(self, phrase("Print the recovery codes"))
        if printer is not None:
            print_html(self.presenter.paper(), printer)

    def put_away(self) -> None:
        self.presenter.recovery = ()
        self._show()
        self.list.setFocus()

    def leave(self) -> None:
        """Recovery codes stay: they are told once, and Esc is pressed easily."""
        self.presenter.secret = None
        self.code.clear()
        self.code_form.clear_faults()
        self.complaint.say("")
        self._show()
        self.list.setFocus()

    # The server

    def leaving(self) -> str:
        if self.presenter.recovery:
            return phrase("The recovery codes are shown only now.")
        return phrase("The password is not changed yet.") if self.lines["new"].text() else ""


def _device(session: SessionView) -> str:
    name = session.device or phrase("a computer without a name")
    return phrase("{device}, this window", device=name) if session.current else name
