"""The status bar in words, and the progress of long work with its cancel button."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QStatusBar, QWidget

from sims_desktop.kit import theme
from sims_desktop.kit.language import phrase
from sims_desktop.kit.notes import Said
from sims_desktop.kit.tasks import Task, Tasks
from sims_desktop.shell.presenter import Identity, Standing

SHOWN_AFTER_MS = 400
MINUTE_MS = 60_000


class StatusLine(QStatusBar):
    def __init__(
        self, identity: Identity, tasks: Tasks, now: Callable[[], datetime], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setObjectName("status")
        self.setSizeGripEnabled(False)
        self.setContentsMargins(8, 0, 8, 0)
        self._now = now
        self._standing = Standing()
        self.words = Said(self)
        self.words.setObjectName("standing")
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.addWidget(self.words, 1)
        self._task: Task | None = None
        self.bar = QProgressBar(self)
        self.bar.setFixedWidth(self.fontMetrics().averageCharWidth() * 28)  # what it says stays on one line
        self.cancel = QPushButton(phrase("Cancel"), self)
        self.cancel.setObjectName("status_cancel")
        self.cancel.setFlat(True)
        self.addPermanentWidget(self.bar)
        self.addPermanentWidget(self.cancel)
        self.bar.hide()
        self.cancel.hide()
        self.cancel.clicked.connect(self._cancel)
        self.who = QLabel((phrase("DEMO · ") if identity.is_demo else "") + identity.name, self)
        self.who.setObjectName("who")
        self.who.setTextFormat(Qt.TextFormat.PlainText)
        self.who.setAccessibleName(phrase("Signed in: {name}", name=identity.name))
        self.addPermanentWidget(self.who)
        tasks.started.connect(self._started)
        # "last synced 14:02" turns into "last synced Tue 14:02" by itself.
        self._clock = QTimer(self)
        self._clock.setInterval(MINUTE_MS)
        self._clock.timeout.connect(self._show)
        self._clock.start()
        self._show()

    def show_standing(self, standing: Standing) -> None:
        self._standing = standing
        self._show()

    def recolour(self) -> None:
        """After a change of colour scheme."""
        self._show()

    def _show(self) -> None:
        text = " · ".join(self._standing.words(self._now()))
        self.words.setText(text)
        self.words.setAccessibleName(text)
        palette = self.palette()
        if self._standing.needs_attention:
            palette.setColor(QPalette.ColorRole.WindowText, theme.mark("conflict"))
        self.words.setPalette(palette)

    def _started(self, task: Task) -> None:
        if not task.title:
            return
        self._task = task
        task.progressed.connect(self._progressed)
        # A method of this widget, not a lambda: the connection ends when the widget does.
        task.ended.connect(self._ended)
        # Work that is over at once shows no bar.
        QTimer.singleShot(SHOWN_AFTER_MS, self, lambda: self._appear(task))

    def _appear(self, task: Task) -> None:
        if self._task is task:
            self.bar.setRange(0, 0)
            self.bar.setFormat(task.title)
            self.bar.setAccessibleName(task.title)
            self.bar.show()
            self.cancel.show()

    def _progressed(self, done: int, total: int, words: str) -> None:
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        if words:
            self.bar.setFormat(words)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._put_away()

    def _ended(self) -> None:
        if self._task is not None and self._task.is_over:
            self._put_away()

    def _put_away(self) -> None:
        self._task = None
        self.bar.hide()
        self.cancel.hide()
