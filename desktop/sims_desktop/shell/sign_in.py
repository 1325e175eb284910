"""The sign-in window: server, user, password, and a one-time code when the server asks for one."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from sims_desktop.kit.forms import Form
from sims_desktop.kit.language import NAMES, phrase, spoken
from sims_desktop.kit.tasks import Tasks
from sims_desktop.kit.theme import enlarge
from sims_desktop.shell.presenter import Ask, Identity, SignInPresenter


class SignInWindow(QWidget):
    """`signed_in(identity)`; `language_chosen(code)`, when all is to be said in another one. The password
    leaves the form as soon as it was used."""

    signed_in = Signal(object)
    language_chosen = Signal(str)
    closed = Signal()

    def __init__(self, presenter: SignInPresenter, tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sign_in")
        self.setWindowTitle(phrase("SIMS: sign in"))
        self._presenter = presenter
        self._tasks = tasks
        self._offline_if_away = False
        presenter.on_change = self._show
        title = QLabel(phrase("Student Information Management"), self)
        enlarge(title, 1.5, bold=True)
        self.form = Form(self)
        self.server, self.username, self.password = (QLineEdit(self) for _ in range(3))
        self.otp, self.previous = (QLineEdit(self) for _ in range(2))
        self.server.setText(presenter.server)
        self.username.setText(presenter.username)
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.previous.setEchoMode(QLineEdit.EchoMode.Password)
        self.otp.setInputMethodHints(Qt.InputMethodHint.ImhDigitsOnly)
        self.language = QComboBox(self)
        for code, name in NAMES.items():
            self.language.addItem(name, code)
        self.language.setCurrentIndex(self.language.findData(spoken()))
        self.language.activated.connect(lambda _: self.language_chosen.emit(self.language.currentData()))
        self.form.add("language", "&Language", self.language)
        self.form.add("server", "&Server", self.server)
        self.form.add("username", "&User name", self.username)
        self.form.add("password", "&Password", self.password)
        self.form.add("otp", "One-time &code", self.otp)
        self.form.add("previous", "P&revious password", self.previous)
        self.enter_button = QPushButton(phrase("Sign in"), self)
        self.enter_button.setObjectName("enter")
        self.enter_button.setDefault(True)
        self.offline_button = QPushButton(phrase("Work off line"), self)
        self.offline_button.setObjectName("enter_offline")
        self.progress = QLabel(self)
        self.progress.setObjectName("sign_in_progress")
        row = QHBoxLayout()
        row.addWidget(self.progress, 1)
        row.addWidget(self.offline_button)
        row.addWidget(self.enter_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(28, 24, 28, 20)
        layout.setSpacing(14)
        layout.addWidget(title)
        layout.addWidget(self.form)
        layout.addStretch(1)
        layout.addLayout(row)
        self.enter_button.clicked.connect(self.enter)
        self.offline_button.clicked.connect(self.enter_offline)
        for line in (self.server, self.username, self.password, self.otp, self.previous):
            line.returnPressed.connect(self.enter)
        self._show()
        self.setMinimumWidth(self.fontMetrics().averageCharWidth() * 62)
        (self.password if presenter.username else self.username).setFocus()

    def enter(self) -> None:
        self._try(self._presenter.attempt)

    def enter_wherever_possible(self) -> None:
        """At the server, or off line when it is away and this computer knows the person."""
        self._offline_if_away = True
        self.enter()

    def enter_offline(self) -> None:
        def attempt(server: str, username: str, password: str, otp: str, previous: str) -> Identity:
            return self._presenter.attempt_offline(server, username, password)

        self._try(attempt)

    def _try(self, attempt: Callable[[str, str, str, str, str], Identity]) -> None:
        if not self.enter_button.isEnabled():
            return
        lines = (self.server, self.username, self.password, self.otp, self.previous)
        server, username, password, otp, previous = (line.text() for line in lines)
        if not self._presenter.check(server, username, password, otp, previous):
            return
        self._busy(True)
        self._tasks.run(
            lambda progress: attempt(server, username, password, otp, previous),
            self._entered,
            lambda error: self._failed(error, server, username),
            title="Signing in",
            owner=self,
        )

    def _entered(self, identity: Identity) -> None:
        self._busy(False)
        self.password.clear()
        self.otp.clear()
        self.previous.clear()
        self.signed_in.emit(identity)

    def _failed(self, error: Exception, server: str, username: str) -> None:
        self._busy(False)
        self._presenter.refused(error, server, username)
        if self._offline_if_away and self._presenter.can_go_offline:
            self._offline_if_away = False
            self.enter_offline()
            return
        self._offline_if_away = False
        if self._presenter.asks is Ask.CODE:
            self.otp.setFocus()
        elif self._presenter.asks is Ask.PREVIOUS:
            self.previous.setFocus()
        else:
            self.password.selectAll()
            self.password.setFocus()

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        self.closed.emit()

    def _busy(self, busy: bool) -> None:
        self.enter_button.setEnabled(not busy)
        self.offline_button.setEnabled(not busy)
        self.progress.setText(phrase("Signing in …") if busy else "")

    def _show(self) -> None:
        presenter = self._presenter
        self.form.show_faults(presenter.faults, presenter.complaint)
        self.form.show_row("otp", presenter.asks is Ask.CODE)
        self.form.show_row("previous", presenter.asks is Ask.PREVIOUS)
        self.offline_button.setVisible(presenter.can_go_offline)
