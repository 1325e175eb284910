"""When the program itself is wrong: sorry, a reference, and the work goes on. Never a traceback on screen.

A refusal is not a bug: it is shown beside what was refused. What arrives here was expected by nobody.
The whole story goes to `errors.log` of the profile under the reference that the person sees.
"""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from types import TracebackType

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox, QWidget

from sims_desktop.kit.language import phrase

MOST_LOGGED = 2_000_000


def new_reference() -> str:
    """`B-4F2A-91C3`: short enough to read out over the telephone."""
    digits = token_hex(4).upper()
    return f"B-{digits[:4]}-{digits[4:]}"


class BugReporter:
    """Writes the log and shows one dialog at a time; while it is open, further bugs are only logged."""

    def __init__(self, profile: Path, owner: Callable[[], QWidget | None] = lambda: None) -> None:
        self._log = profile / "errors.log"
        self._owner = owner
        self._open: QMessageBox | None = None
        self._lock = threading.Lock()
        self.on_gui: Callable[[Callable[[], object]], object] = lambda call: call()
        # What is no mistake of the program, such as a full disk, is told in its own words.
        self.words_of: Callable[[BaseException], str | None] = lambda error: None

    def install(self) -> None:
        """From now on every exception that nobody caught comes here, from any thread."""
        sys.excepthook = self._hook
        threading.excepthook = lambda caught: self.report(caught.exc_value) if caught.exc_value else None

    def _hook(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            self.report(error)

    def report(self, error: BaseException) -> str:
        """Logs it, shows the dialog, answers the reference."""
        reference = new_reference()
        self._write(reference, error)
        self.on_gui(lambda: self._show(reference, self.words_of(error)))
        return reference

    def _write(self, reference: str, error: BaseException) -> None:
        story = "".join(traceback.format_exception(error))
        with self._lock:
            try:
                if self._log.exists() and self._log.stat().st_size > MOST_LOGGED:
                    self._log.replace(self._log.with_suffix(".old"))
                with self._log.open("a", encoding="utf-8") as log:
                    log.write(f"{datetime.now(UTC).isoformat()} {reference}\n{story}\n")
            except OSError:
                # A full disk must not turn one bug into an endless row of them.
                sys.stderr.write(f"{reference}\n{story}\n")

    def _show(self, reference: str, words: str | None) -> None:
        if self._open is not None:
            return
        box = QMessageBox(self._owner())
        box.setObjectName("bug")
        box.setWindowTitle(phrase("Something went wrong"))
        box.setIcon(QMessageBox.Icon.Warning)
        box.setText(
            words or phrase("Sorry, the program made a mistake. Your marks are safe on this computer.")
        )
        box.setInformativeText(
            phrase("Please tell the help desk this reference: {reference}", reference=reference)
        )
        copy = box.addButton(phrase("Copy reference"), QMessageBox.ButtonRole.ActionRole)
        box.addButton(QMessageBox.StandardButton.Close)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(reference))
        box.setModal(False)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.finished.connect(self._closed)
        self._open = box
        box.show()

    def _closed(self, result: int) -> None:
        self._open = None
