"""The unofficial copy of a record: seen as it will be held, saved or printed.

The rule a newcomer would get wrong: it is drawn by the server and says on every page what it is; nothing here
draws or changes it. Its code verifies for 48 hours.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from sims_desktop.client.errors import ClientError
from sims_desktop.kit.asking import text_label
from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.language import phrase
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.preview import Preview, read_pages
from sims_desktop.kit.tasks import Progress, Task


class CopyCard(QWidget):
    """Below the parts of a record. `read` runs off the window's thread; `say` is told what was done."""

    def __init__(
        self,
        around: Surroundings,
        read: Callable[[], bytes],
        say: Callable[[str], None],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("student_copy")
        self._around, self._read, self._say = around, read, say
        self._task: Task | None = None
        self.pdf: bytes | None = None
        self.words = text_label("student_copy_words", self)
        self.words.setText(
            phrase(
                "An unofficial copy says so on every page, and its code verifies for 48 hours. "
                "Ctrl+S saves it, Ctrl+P prints it, Esc closes it."
            )
        )
        self.complaint: Complaint = Complaint(self)
        self.complaint.setObjectName("student_copy_complaint")
        self.preview = Preview("student_copy_pages", phrase("Reading the copy …"), self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (self.words, self.complaint):
            column.addWidget(part)
        column.addWidget(self.preview, 1)
        self.hide()

    def open(self) -> None:
        """Reads it anew: a copy is of this moment."""
        self.pdf = None
        self.complaint.say("")
        self.preview.clear()
        self.show()

        def work(progress: Progress) -> tuple[bytes, list[QImage]]:
            pdf = self._read()
            return pdf, read_pages(pdf)

        def done(found: tuple[bytes, list[QImage]]) -> None:
            self.pdf, pages = found
            self.preview.show_pages(pages, phrase("Unofficial copy"))

        def failed(error: Exception) -> None:
            if not isinstance(error, ClientError):
                raise error
            self.preview.clear(phrase("There is no copy: {why}", why=error))

        if self._task is not None:
            self._task.cancel()
        self._task = self._around.tasks.run(work, done, failed, title=phrase("Reading the copy"), owner=self)

    def ask_where_to_save(self, name: str) -> None:
        if self.pdf is not None:
            path, _ = QFileDialog.getSaveFileName(self, phrase("Save the copy"), name, phrase("PDF (*.pdf)"))
            if path:
                self.save(Path(path))

    def save(self, path: Path) -> None:
        """Written beside it first, so that a full disk leaves the old file as it was."""
        if self.pdf is None:
            return
        unfinished = path.with_name(f"{path.name}.part")
        try:
            unfinished.write_bytes(self.pdf)
            unfinished.replace(path)
        except OSError as error:
            self.complaint.say(phrase("Not saved: {why}", why=error.strerror or error))
        else:
            self._say(phrase("Saved {name}.", name=path.name))

    def print_it(self) -> None:
        from sims_desktop.kit.printing import ask_printer, print_pdf

        if self.pdf is None:
            return
        if (printer := ask_printer(self, phrase("Print the copy"))) is not None:
            try:
                print_pdf(self.pdf, printer)
            except OSError as error:
                self.complaint.say(str(error))
            else:
                self._say(phrase("Printed the copy."))
