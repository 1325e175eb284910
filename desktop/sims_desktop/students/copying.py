"""A paper that the server drew for one student or many: seen as it will be held, saved or printed.

The rule a newcomer would get wrong: it says on every page what it is, and nothing here draws or changes it.
Of a long file only the first pages are shown; all of it is saved and printed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from sims_desktop.client.errors import ClientError
from sims_desktop.kit.asking import text_label
from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.preview import Preview, read_pages
from sims_desktop.kit.tasks import Progress, Task


@dataclass(frozen=True, slots=True)
class PaperWords:
    """What a card says of its paper; `name` is its object's."""

    name: str
    title: str
    about: str
    reading: str
    missing: str
    save: str
    print: str
    printed: str
    pages: int | None = None
    """How many are shown, of a file of many."""


UNOFFICIAL = PaperWords(
    "student_copy",
    later("Unofficial copy"),
    later(
        "An unofficial copy says so on every page, and its code verifies for 48 hours. "
        "Ctrl+S saves it, Ctrl+P prints it, Esc closes it."
    ),
    later("Reading the copy"),
    later("There is no copy: {why}"),
    later("Save the copy"),
    later("Print the copy"),
    later("Printed the copy."),
)
SLIP = PaperWords(
    "student_slip",
    later("Roll-number slip"),
    later(
        "The slip says what the date sheet and the notified lists say now. "
        "Ctrl+S saves it, Ctrl+P prints it, Esc closes it."
    ),
    later("Reading the slip"),
    later("There is no slip: {why}"),
    later("Save the slip"),
    later("Print the slip"),
    later("Printed the slip."),
)
SLIPS = PaperWords(
    "eligibility_slips",
    later("Roll-number slips"),
    later("Ctrl+S saves them, Ctrl+P prints them, Esc closes them."),
    later("Fetching the slips"),
    later("There are no slips: {why}"),
    later("Save the slips"),
    later("Print the slips"),
    later("Printed the slips."),
    pages=3,
)


class CopyCard(QWidget):
    """Below the parts of a record. `read` runs off the window's thread; `say` is told what was done."""

    def __init__(
        self,
        around: Surroundings,
        read: Callable[[], bytes],
        say: Callable[[str], None],
        parent: QWidget,
        what: PaperWords = UNOFFICIAL,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(what.name)
        self._what = what
        self._around, self._read, self._say = around, read, say
        self._task: Task | None = None
        self.pdf: bytes | None = None
        self.words = text_label(f"{what.name}_words", self)
        self.words.setText(phrase(what.about))
        self.complaint: Complaint = Complaint(self)
        self.complaint.setObjectName(f"{what.name}_complaint")
        self.preview = Preview(f"{what.name}_pages", phrase(what.reading), self)
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
            return pdf, read_pages(pdf, self._what.pages)

        def done(found: tuple[bytes, list[QImage]]) -> None:
            self.pdf, pages = found
            self.preview.show_pages(pages, phrase(self._what.title))

        def failed(error: Exception) -> None:
            if not isinstance(error, ClientError):
                raise error
            self.preview.clear(phrase(self._what.missing, why=error))

        if self._task is not None:
            self._task.cancel()
        title = phrase(self._what.reading)
        self._task = self._around.tasks.run(work, done, failed, title=title, owner=self)

    def ask_where_to_save(self, name: str) -> None:
        if self.pdf is not None:
            title = phrase(self._what.save)
            path, _ = QFileDialog.getSaveFileName(self, title, name, phrase("PDF (*.pdf)"))
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
        if (printer := ask_printer(self, phrase(self._what.print))) is not None:
            try:
                print_pdf(self.pdf, printer)
            except OSError as error:
                self.complaint.say(str(error))
            else:
                self._say(phrase(self._what.printed))
