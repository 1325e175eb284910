"""The sign-in window: server, user, password, and a one-time code when the server asks for one."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from sims_desktop.kit.forms import Form
from sims_desktop.kit.tasks import Tasks
from sims_desktop.shell.presenter import Ask, Identity, SignInPresenter


class SignInWindow(QWidget):
    """`signed_in(identity)`. The password leaves the form as soon as it was used."""

    signed_in = Signal(object)

    def __init__(self, presenter: SignInPresenter, tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sign_in")
        self.setWindowTitle("SIMS: sign in")
        self._presenter = presenter
        self._tasks = tasks
        presenter.on_change = self._show
        title = QLabel("Student Information Management", self)
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        font.setBold(True)
        title.setFont(font)
        self.form = Form(self)
        self.server, self.username, self.password, self.otp = (QLineEdit(self) for _ in range(4))
        self.server.setText(presenter.server)
        self.username.setText(presenter.username)
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.otp.setInputMethodHints(Qt.InputMethodHint.ImhDigitsOnly)
        self.form.add("server", "&Server", self.server)
        self.form.add("username", "&User name", self.username)
        self.form.add("password", "&Password", self.password)
        self.form.add("otp", "One-time &code", self.otp)
        self.enter_button = QPushButton("Sign in", self)
        self.enter_button.setObjectName("enter")
        self.enter_button.setDefault(True)
        self.offline_button = QPushButton("Work off line", self)
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
        for line in (self.server, self.username, self.password, self.otp):
            line.returnPressed.connect(self.enter)
        self._show()
        self.setMinimumWidth(self.fontMetrics().averageCharWidth() * 62)
        (self.password if presenter.username else self.username).setFocus()

    def enter(self) -> None:
        self._try(
            self._presenter.attempt,
            self.server.text(),
            self.username.text(),
            self.password.text(),
            self.otp.text(),
        )

    def enter_offline(self) -> None:
        def attempt(server: str, username: str, password: str, otp: str) -> Identity:
            return self._presenter.attempt_offline(server, username, password)

        self._try(attempt, self.server.text(), self.username.text(), self.password.text(), self.otp.text())

    def _try(self, attempt: Callable[[str, str, str, str], Identity], *said: str) -> None:
        if not self.enter_button.isEnabled():
            return
        server, username, password, otp = said
        if not self._presenter.check(server, username, password, otp):
            return
        self._busy(True)
        self._tasks.run(
            lambda progress: attempt(server, username, password, otp),
            self._entered,
            lambda error: self._failed(error, server, username),
            title="Signing in",
        )

    def _entered(self, identity: Identity) -> None:
        self._busy(False)
        self.password.clear()
        self.otp.clear()
        self.signed_in.emit(identity)

    def _failed(self, error: Exception, server: str, username: str) -> None:
        self._busy(False)
        self._presenter.refused(error, server, username)
        if self._presenter.asks is Ask.CODE:
            self.otp.setFocus()
        else:
            self.password.selectAll()
            self.password.setFocus()

    def _busy(self, busy: bool) -> None:
        self.enter_button.setEnabled(not busy)
        self.offline_button.setEnabled(not busy)
        self.progress.setText("Signing in …" if busy else "")

    def _show(self) -> None:
        presenter = self._presenter
        self.form.show_faults(presenter.faults, presenter.complaint)
        self.form.show_row("otp", presenter.asks is Ask.CODE)
        self.offline_button.setVisible(presenter.can_go_offline)
