"""Verify mode: scan a code or drop a PDF, read one word, compare with the original beside it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtGui import QImage, QPalette
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QSplitter, QVBoxLayout, QWidget

from sims_desktop.counter.panels import WandLine
from sims_desktop.counter.presenter.paper import words_of
from sims_desktop.counter.presenter.verification import LARGEST_FILE, Finding, Question, Verifier
from sims_desktop.kit import theme
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.preview import Preview, read_pages
from sims_desktop.kit.tables import Field, RecordModel, RecordView

ASK = later("Scan the code of a document, or drop its PDF here; Ctrl+O opens one.")


class VerifyPanel(QWidget):
    """`judged(finding)` at each verdict; the first comes without the network, the second with it."""

    judged = Signal(object)

    def __init__(self, around: Surroundings, verifier: Verifier, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("verify_panel")
        self._around = around
        self._verifier = verifier
        self._asked = 0
        self.finding: Finding | None = None
        self.code = WandLine(self)
        self.code.setObjectName("verify_code")
        self.code.setAccessibleName(phrase("Code of the document to verify"))
        self.code.setPlaceholderText(phrase("Scan the code; or drop a PDF"))
        theme.enlarge(self.code, 1.3)
        self.verdict = self._label("verdict", 2.0, bold=True)
        self.in_words = self._label("verdict_words", 1.1)
        self.faults = self._label("verdict_faults", 1.0)
        self.facts = self._label("verdict_facts", 1.1)
        self.courses: RecordModel[tuple[str, str, str]] = RecordModel(
            [
                Field("Course", lambda one: one[0], 130),
                Field("Credits", lambda one: one[1], 70, is_number=True),
                Field("Grade", lambda one: one[2], 70),
            ]
        )
        self.list = RecordView(self.courses, "verified_courses", parent=self)
        self.list.setAccessibleName(phrase("Courses and grades that the seal vouches for"))
        self.original = Preview(
            "original", phrase("The original stands here when the register has it."), self
        )
        top = QHBoxLayout()
        title = QLabel(phrase("&Verify"), self)
        title.setBuddy(self.code)
        top.addWidget(title)
        top.addWidget(self.code, 1)
        left = QWidget(self)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (self.verdict, self.in_words, self.faults, self.facts):
            column.addWidget(part)
        column.addWidget(self.list, 1)
        column.addStretch(0)
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.setChildrenCollapsible(False)
        split.addWidget(left)
        split.addWidget(self.original)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addLayout(top)
        outer.addWidget(split, 1)
        self.setFocusProxy(self.code)
        self.code.entered.connect(self._scanned)
        around.theme.changed.connect(self._recolour)
        self.clear()

    def _label(self, name: str, by: float, *, bold: bool = False) -> QLabel:
        label = QLabel(self)
        label.setObjectName(name)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        label.setWordWrap(True)
        theme.enlarge(label, by, bold=bold)
        return label

    def clear(self) -> None:
        self._asked += 1
        self.finding = None
        self.code.clear()
        self.verdict.setText("")
        self.in_words.setText(phrase(ASK))
        self.facts.setText("")
        self.faults.setText("")
        self.courses.set_records([])
        self.list.hide()
        self.original.clear()
        self._recolour()

    def _scanned(self) -> None:
        text = self.code.text().strip()
        self.code.selectAll()
        if text:
            self.check(Question(text=text))

    def open_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, phrase("Verify a document"), "", phrase("Documents (*.pdf);;All files (*)")
        )
        if name:
            self.check_file(Path(name))

    def check_file(self, path: Path) -> None:
        """A file dropped or opened; read off the window's thread, no more of it than a document has."""

        def read(progress: object) -> bytes:
            with path.open("rb") as file:
                return file.read(LARGEST_FILE + 1)

        def failed(error: Exception) -> None:
            if not isinstance(error, OSError):
                raise error
            self._show(
                Finding(
                    phrase("NOT READ"),
                    phrase("{name} cannot be read: {strerror}.", name=path.name, strerror=error.strerror),
                    False,
                )
            )

        self.code.setText(path.name)
        self.code.selectAll()
        self._around.tasks.run(
            read,
            lambda data: (
                self.check(Question(data=data))
                if data
                else self._show(Finding(phrase("FOREIGN"), phrase("{name} is empty.", name=path.name), False))
            ),
            failed,
            owner=self,
        )

    def check(self, question: Question) -> None:
        """Judged here at once, then asked about on line."""
        self._asked += 1
        asked, now = self._asked, self._around.now()

        def here(finding: Finding) -> None:
            if asked != self._asked:
                return
            self._show(finding)
            self._around.tasks.run(
                lambda progress: self._ask(question, finding),
                there,
                lambda error: self._say_error(error),
                title="Asking the register",
                owner=self,
            )

        def there(answer: tuple[Finding, list[QImage]]) -> None:
            if asked == self._asked:
                self._show(answer[0], answer[1])

        self._around.tasks.run(
            lambda progress: self._verifier.judge(question, now), here, title="Judging", owner=self
        )

    def _ask(self, question: Question, here: Finding) -> tuple[Finding, list[QImage]]:
        finding = self._verifier.ask(question, here, self._around.now())
        return finding, read_pages(finding.original) if finding.original else []

    def _say_error(self, error: Exception) -> None:
        self.faults.setText(words_of(error))

    def _show(self, finding: Finding, original: list[QImage] | None = None) -> None:
        self.finding = finding
        self.verdict.setText(finding.verdict)
        self.in_words.setText(finding.in_words)
        self.faults.setText("\n".join(f"• {fault[:1].upper()}{fault[1:]}" for fault in finding.faults))
        self.facts.setText("\n".join(f"{label}: {value}" for label, value in finding.facts))
        self.courses.set_records(list(finding.courses))
        self.list.setVisible(bool(finding.courses))
        if original:
            self.original.show_pages(original, finding.about_original)
        else:
            self.original.clear()
        self._recolour()
        self.judged.emit(finding)

    def _recolour(self) -> None:
        """Bad news in the colour of a refusal; the word itself says it too."""
        palette = QPalette()
        if self.finding is not None and not self.finding.is_good:
            palette.setColor(QPalette.ColorRole.WindowText, theme.mark("refused"))
        self.verdict.setPalette(palette)
        self.faults.setPalette(palette)


def dropped_file(data: QMimeData) -> Path | None:
    """The one local file that is being dropped."""
    urls = data.urls()
    return Path(urls[0].toLocalFile()) if len(urls) == 1 and urls[0].isLocalFile() else None
