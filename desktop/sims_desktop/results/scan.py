"""The scan that goes with a request for a change: chosen by a dialog, or dropped.

The rule a newcomer would get wrong: the file is read when it is chosen, not when it is sent. What was seen
then is what is filed, whatever becomes of the file meanwhile.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QWidget

from sims_desktop.kit.asking import text_label
from sims_desktop.kit.language import phrase
from sims_shared.cases import EVIDENCE_MOST


class ScanField(QWidget):
    """`chosen` when a file was read into `scan`, `refused(words)` when it could not be."""

    chosen = Signal()
    refused = Signal(str)

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.scan: tuple[str, bytes] | None = None
        self.words = text_label(f"{name}_scan_words", self)
        self.button = QPushButton(phrase("Attach the &scan …"), self)
        self.button.setObjectName(f"{name}_scan")
        self.button.clicked.connect(self._ask)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.words, 1)
        layout.addWidget(self.button)
        self.setAcceptDrops(True)

    def _ask(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, phrase("The scan of the script"), "")
        if path:
            self.attach(Path(path))

    def attach(self, path: Path) -> None:
        """As the dialog and a dropped file give it; sent together with the change."""
        try:
            if path.stat().st_size > EVIDENCE_MOST:
                self.refused.emit(phrase("{name} is larger than 10 MB.", name=path.name))
                return
            self.scan = (path.name, path.read_bytes())
        except OSError as error:
            why = error.strerror or error
            self.refused.emit(phrase("{name} cannot be read: {why}", name=path.name, why=why))
            return
        self.words.setText(phrase("{name} goes with it.", name=path.name))
        self.refused.emit("")
        self.chosen.emit()

    def forget(self) -> None:
        self.scan = None
        self.words.setText("")

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if len(event.mimeData().urls()) == 1 and event.mimeData().urls()[0].isLocalFile():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.attach(Path(event.mimeData().urls()[0].toLocalFile()))
