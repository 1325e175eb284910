"""F1: the guide's pages, off line, from `docs/guide` beside the program or inside the frozen one."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QDialog, QTextBrowser, QVBoxLayout, QWidget

from sims_desktop.kit.language import phrase


def guide_folder() -> Path:
    """PyInstaller unpacks data under `sys._MEIPASS`; a checkout has it four levels above this file."""
    frozen = getattr(sys, "_MEIPASS", None)
    return Path(frozen) / "docs" / "guide" if frozen else Path(__file__).parents[3] / "docs" / "guide"


def anchor_of(heading: str) -> str:
    """`While you are away` is reached as `#while-you-are-away`."""
    return "-".join(re.sub(r"[^a-z0-9 ]", "", heading.casefold()).split())


class GuideWindow(QDialog):
    """One page of the guide, `faculty` or `counter#holds`. Not modal."""

    def __init__(self, parent: QWidget, folder: Path | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("guide")
        self._folder = folder or guide_folder()
        self.text = QTextBrowser(self)
        self.text.setObjectName("guide_text")
        self.text.setOpenExternalLinks(False)
        self.text.setSearchPaths([str(self._folder)])
        self.text.setAccessibleName(phrase("Guide"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.text)
        metrics = self.fontMetrics()
        self.resize(metrics.averageCharWidth() * 90, metrics.height() * 36)

    def open_page(self, topic: str) -> None:
        name, _, anchor = topic.partition("#")
        file = self._folder / f"{name}.md"
        self.setWindowTitle(phrase("Guide: {name}", name=name.replace("-", " ")))
        if file.is_file():
            self.text.setSource(QUrl.fromLocalFile(str(file)))
            self._go_to(anchor)
        else:
            hint = phrase("? shows the keys of the page you are on.")
            self.text.setPlainText(
                phrase("The guide has no page “{name}” yet.\n\n{hint}", name=name, hint=hint)
            )
        self.show()
        self.raise_()

    def _go_to(self, anchor: str) -> None:
        """Qt gives the headings of a Markdown page no anchors."""
        block = self.text.document().begin()
        while anchor and block.isValid():
            if block.blockFormat().headingLevel() and anchor_of(block.text()) == anchor:
                self.text.setTextCursor(QTextCursor(block))
                bar = self.text.verticalScrollBar()
                bar.setValue(bar.value() + self.text.cursorRect().top())
                return
            block = block.next()
