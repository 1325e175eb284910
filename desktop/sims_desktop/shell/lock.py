"""The lock: after a while without a key the window goes away, and comes back as it was for its password.

The rules a newcomer would get wrong: locking ends nothing – what is half typed stays half typed, and marks go
on being sent – so it may happen at any moment; and it is this computer that knows the password, so it opens
without a network too.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QWindow
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget
from shiboken6 import isValid

from sims_desktop.kit.asking import push_button, text_label
from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.remembered import Remembered
from sims_desktop.kit.tasks import Tasks
from sims_desktop.kit.wording import when

if TYPE_CHECKING:
    from sims_desktop.shell.presenter import Identity
    from sims_desktop.shell.window import MainWindow

MINUTES = {
    2: later("Lock after 2 minutes"),
    5: later("Lock after 5 minutes"),
    15: later("Lock after 15 minutes"),
    30: later("Lock after 30 minutes"),
    0: later("Never lock by itself"),
}
AT_A_COUNTER, ELSEWHERE = 5, 15
_SIGNS_OF_LIFE = frozenset(
    {
        QEvent.Type.KeyPress,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseMove,
        QEvent.Type.Wheel,
        QEvent.Type.TouchBegin,
    }
)
_PASSING = (Qt.WindowType.Popup, Qt.WindowType.ToolTip)


class IdleWatch(QObject):
    """`idle` when nobody touched keyboard or mouse for a while. It listens to windows, not to every widget:
    a filter on the application would be asked a thousand times for each repaint of a grid."""

    idle = Signal()

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._heard = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)  # a coarse one is started anew in vain
        self._timer.timeout.connect(self.idle)
        app.focusWindowChanged.connect(self._listen)

    def watch(self, milliseconds: int) -> None:
        """From now on; 0 ends it."""
        self._timer.setInterval(milliseconds)
        if milliseconds:
            self._timer.start()
        else:
            self._timer.stop()

    def _listen(self, window: QWindow | None) -> None:
        if window is not None:
            window.removeEventFilter(self)  # never twice
            window.installEventFilter(self)
            self._stir()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _SIGNS_OF_LIFE:
            self._stir()
        return False

    def _stir(self) -> None:
        now = time.monotonic()
        if self._timer.isActive() and now - self._heard > min(1.0, self._timer.interval() / 4000):
            self._heard = now
            self._timer.start()


class LockWindow(QWidget):
    """`unlocked` for the password, `switching` when somebody else wants the computer, `closed` when the
    program shall end. `check` runs off the window's thread."""

    unlocked = Signal()
    switching = Signal()
    closed = Signal()

    def __init__(self, name: str, standing: str, check: Callable[[str], bool], tasks: Tasks) -> None:
        super().__init__()
        self.setObjectName("lock")
        self.setWindowTitle(phrase("SIMS: locked"))
        self._name, self._check, self._tasks = name, check, tasks
        self._hidden: list[QWidget] = []
        self.words = text_label("lock_words", self, larger=True)
        self.standing = text_label("lock_standing", self)
        self.standing.setText(standing)
        self.password = QLineEdit(self)
        self.password.setObjectName("lock_password")
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.password.setPlaceholderText(phrase("Your password; Enter unlocks"))
        self.password.setAccessibleName(phrase("Password"))
        self.password.returnPressed.connect(self.unlock)
        self.complaint = Complaint(self)
        self.complaint.setObjectName("lock_complaint")
        self.switch_button = push_button(self, "lock_switch", self.switching.emit, phrase("Switch user"))
        self.enter_button = QPushButton(phrase("Unlock"), self)
        self.enter_button.setObjectName("lock_enter")
        self.enter_button.clicked.connect(lambda checked=False: self.unlock())
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.switch_button)
        row.addWidget(self.enter_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(28, 24, 28, 20)
        layout.setSpacing(14)
        for part in (self.words, self.standing, self.password, self.complaint):
            layout.addWidget(part)
        layout.addStretch(1)
        layout.addLayout(row)
        QWidget.setTabOrder(self.password, self.enter_button)
        QWidget.setTabOrder(self.enter_button, self.switch_button)
        self.setMinimumWidth(self.fontMetrics().averageCharWidth() * 62)

    def lock(self, since: datetime) -> None:
        """Hides every window of the program, dialogs as well, and asks for the password."""
        self.words.setText(phrase("{name}: locked since {clock}.", name=self._name, clock=when(since, since)))
        self._hidden = [one for one in QApplication.topLevelWidgets() if one.isVisible() and one is not self]
        for one in self._hidden:
            one.hide()
        self.show()
        self.raise_()
        self.activateWindow()
        self.password.setFocus()

    def release(self) -> None:
        """Everything as it was."""
        self.hide()
        for one in self._hidden:
            # A question that stood open was answered with no when it went away.
            if isValid(one) and not one.isModal() and one.windowType() not in _PASSING:
                one.show()
                one.activateWindow()
        self._hidden.clear()

    def unlock(self) -> None:
        password = self.password.text()
        if not password or not self.enter_button.isEnabled():
            return
        self.enter_button.setEnabled(False)
        self.complaint.say("")
        self._tasks.run(
            lambda progress: self._check(password), self._checked, title=phrase("Unlocking"), owner=self
        )

    def _checked(self, matches: bool) -> None:
        self.enter_button.setEnabled(True)
        if matches:
            self.password.clear()
            self.unlocked.emit()
            return
        self.complaint.say(
            phrase(
                "This is not the password that {name} signed in with on this computer. If it was changed "
                "elsewhere since, switch user and sign in with the new one.",
                name=self._name,
            )
        )
        self.password.selectAll()
        self.password.setFocus()

    def say(self, words: str) -> None:
        """Why somebody else cannot have the computer now."""
        self.complaint.say(words)
        self.password.setFocus()

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        self.closed.emit()


class Locker(QObject):
    """When the window in front locks, and who opens it again. One for as long as the program runs."""

    def __init__(self, app: QApplication, tasks: Tasks, remembered: Remembered) -> None:
        super().__init__(app)
        self.idle = IdleWatch(app)
        self.idle.idle.connect(self.lock)
        self.window: LockWindow | None = None
        self._tasks, self._remembered = tasks, remembered
        self._behind: MainWindow | None = None

    def attend(self, window: MainWindow, identity: Identity, check: Callable[[str], bool]) -> None:
        """Somebody's window is in front. `check` says whether a password is theirs, off line too."""
        self._behind, self._identity, self._check = window, identity, check
        window.locking.connect(self.lock)
        window.lock_after.connect(self._choose)
        self._watch()

    def leave(self) -> None:
        """Nobody's is."""
        self.idle.watch(0)
        self._behind = None
        self._take_away()

    def lock(self) -> None:
        """The window goes away until the password is typed. Nothing in it ends."""
        if self._behind is None or self.window is not None:
            return
        standing = self._behind.status.words.text()
        self.window = lock = LockWindow(self._identity.name, standing, self._check, self._tasks)
        lock.unlocked.connect(self._open)
        lock.switching.connect(partial(self._end, self._behind.switch_user))
        lock.closed.connect(partial(self._end, self._behind.close))
        lock.lock(datetime.now(UTC))

    def _open(self) -> None:
        if self.window is not None:
            self.window.release()
            self._take_away()
            self._watch()

    def _end(self, leave: Callable[[], object]) -> None:
        """Another person, or the end of the program: where nothing typed would be lost."""
        if self.window is None or self._behind is None:
            return
        if losses := self._behind.losses:
            name, what = self._identity.name, " ".join(losses)
            self.window.say(phrase("{what} Only {name} can go on: unlock, then leave.", what=what, name=name))
            return
        self._take_away()
        leave()

    def _take_away(self) -> None:
        if self.window is not None:
            self.window.hide()
            self.window.deleteLater()
            self.window = None

    def _choose(self, minutes: int) -> None:
        self._remembered.put("lock/minutes", minutes)
        self._watch()

    def _watch(self) -> None:
        """By default sooner at a counter, and never in the demo, whose password nobody has in mind."""
        if self._behind is None:
            return
        at_a_counter = any(desk.id == "counter" for desk in self._identity.desks)
        usual = 0 if self._identity.is_demo else AT_A_COUNTER if at_a_counter else ELSEWHERE
        minutes = self._remembered.number("lock/minutes", usual)
        self.idle.watch(minutes * 60_000)
        if minutes in self._behind.lock_choices:
            self._behind.lock_choices[minutes].setChecked(True)
