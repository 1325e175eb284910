"""What the counter's page is made of, and where it stands: one search box, how the student stands, a paper on
its way, its preview beside it. Where the cursor goes between them is here; what is done with them is the
page's."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHBoxLayout,
    QLabel,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from sims_desktop.counter.applications import ApplicationsPanel
from sims_desktop.counter.lists import document_model, student_model
from sims_desktop.counter.panels import PaperPanel, WandLine
from sims_desktop.counter.presenter.applications import ApplicationsPresenter
from sims_desktop.counter.presenter.paper import PaperCalls, PaperPresenter, Stage
from sims_desktop.counter.presenter.verification import Verifier
from sims_desktop.counter.printer_box import PrinterBox
from sims_desktop.counter.printers import FolderPrinter
from sims_desktop.counter.verify_panel import VerifyPanel, dropped_file
from sims_desktop.kit import theme
from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note, Said
from sims_desktop.kit.page import Page, Surroundings
from sims_desktop.kit.preview import Preview
from sims_desktop.kit.tables import RecordView

UNBROKEN = "\u00a0"
PAUSE_MS = 250


class CounterParts(Page):
    title = later("Counter")
    guide = "counter"

    def __init__(
        self,
        around: Surroundings,
        folder: Path,
        verifier: Verifier,
        applications: ApplicationsPresenter,
        calls: PaperCalls,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(around, "counter", parent)
        self.paper = PaperPresenter(calls)
        self._folder = FolderPrinter(folder)
        self._verifier, self._applications = verifier, applications
        self._make_widgets()
        self._lay_out()

    def _make_widgets(self) -> None:
        self.search = WandLine(self)
        self.search.setObjectName("counter_search")
        self.search.setPlaceholderText(phrase("Name, number or phone; or scan a card"))
        self.search.setAccessibleName(phrase("Find a student by name, number or phone, or scan a card"))
        theme.enlarge(self.search, 1.3)
        self.printer = PrinterBox(self._folder, self.around.remembered, self)
        self.headline = Said(self)
        self.headline.setObjectName("headline")
        theme.enlarge(self.headline, 1.4, bold=True)
        self.holds = Complaint(self)
        self.holds.setObjectName("holds")
        theme.enlarge(self.holds, 1.1)
        self.standing = Said(self)
        self.standing.setObjectName("standing")
        self.about = Said(self)
        self.about.setObjectName("about")
        self.hint = Said(self)
        self.hint.setObjectName("hint")
        self.hint.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        for label in (self.headline, self.standing, self.about, self.hint):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.students = student_model()
        self.hits = RecordView(self.students, "hits", parent=self)
        self.hits.setAccessibleName(phrase("Students found"))
        self.documents = document_model(self.around.now)
        self.issued = RecordView(self.documents, "issued", parent=self)
        self.issued.setAccessibleName(phrase("Documents issued to this student"))
        self.panel = PaperPanel(self.paper, self)
        self.applications = ApplicationsPanel(self.around, self._applications, self)
        self.preview = Preview("preview", phrase("The paper stands here before it is sealed."), self)
        self.note = Note(self)
        self.note.setWordWrap(True)  # what the clerk must say is read to its end
        self.verify = VerifyPanel(self.around, self._verifier, self)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(0, 0, 0, 0)
        top.addWidget(self.search, 1)
        label = QLabel(phrase("&Printer"), self)
        label.setBuddy(self.printer)
        top.addWidget(label)
        top.addWidget(self.printer)
        left = QWidget(self)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        forms: tuple[QWidget, ...] = (self.panel, self.applications)
        for part in (self.headline, self.holds, self.standing, self.about, *forms, self.hint):
            column.addWidget(part)
        column.addWidget(self.hits, 1)
        column.addWidget(self.issued, 1)
        column.addStretch(0)
        self.split = QSplitter(Qt.Orientation.Horizontal, self)
        self.split.setObjectName("counter_split")
        self.split.setChildrenCollapsible(False)
        self.split.addWidget(left)
        self.split.addWidget(self.preview)
        self.split.setStretchFactor(0, 3)
        self.split.setStretchFactor(1, 2)
        if not self.around.remembered.restore_place("counter_split", self.split):
            letter = self.fontMetrics().averageCharWidth()
            self.split.setSizes([90 * letter, 70 * letter])
        self.split.splitterMoved.connect(
            lambda *_: self.around.remembered.save_place("counter_split", self.split)
        )
        serving = QWidget(self)
        inner = QVBoxLayout(serving)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addLayout(top)
        inner.addWidget(self.split, 1)
        self.modes = QStackedWidget(self)
        self.modes.addWidget(serving)
        self.modes.addWidget(self.verify)
        outer = QVBoxLayout(self)
        outer.addWidget(self.modes, 1)
        outer.addWidget(self.note)

    # Verify mode

    @property
    def is_verifying(self) -> bool:
        return self.modes.currentWidget() is self.verify

    def toggle_verify(self) -> None:
        if self.is_verifying:
            self._serve()
        else:
            self.start_verify()

    def start_verify(self) -> None:
        self.verify.clear()
        self.modes.setCurrentWidget(self.verify)
        self.verify.code.setFocus()
        self.note.say("")

    def _serve(self) -> None:
        self.modes.setCurrentIndex(0)
        self.note.say("")
        self._focus_where_due()

    def open_file(self) -> None:
        if not self.is_verifying:
            self.start_verify()
        self.verify.open_file()

    def dropEvent(self, event: QDropEvent) -> None:
        path = dropped_file(event.mimeData())
        if path is not None:
            event.acceptProposedAction()
            self.start_verify()
            self.verify.check_file(path)

    def _focus_where_due(self) -> None:
        if self.is_verifying:
            self.verify.code.setFocus()
        elif self.applications.is_open:
            self.applications.focus()
        elif self.paper.stage is Stage.CLOSED:
            self._to_search()
        elif self.paper.stage is Stage.PURPOSE:
            (self.panel.examination if self.paper.examinations else self.panel.purpose).setFocus()
        else:
            self.panel.stock.setFocus()

    def more_keys(self) -> tuple[tuple[str, str], ...]:
        return (
            ("Open the student; go on; seal, print and record", "Enter"),
            ("Into the list below", "Down"),
            ("One step back", "Esc"),
        )

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_file(event.mimeData()) is not None:
            event.acceptProposedAction()

    def choose_printer(self) -> None:
        self.printer.setFocus()
        self.printer.showPopup()

    def _to_search(self) -> None:
        """What stands there is chosen, so that the next scan takes its place."""
        self.search.setFocus()
        self.search.selectAll()

    def _keys_of(self, name: str) -> str:
        return next(one.keys for one in self.around.actions.of(self.title) if one.id == name)

    def _recolour(self) -> None:
        self.holds.say(self.holds.text())
        self.panel.follow()

    def gives_way(self, event: QKeyEvent) -> bool:
        """Whether the search box leaves a key to the desk that it would take for itself."""
        return False

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Letters typed while a list has the focus are meant for the search box; Down goes into a list."""
        if not isinstance(event, QKeyEvent):
            return super().eventFilter(watched, event)
        if event.type() == QEvent.Type.ShortcutOverride and watched is self.search and self.gives_way(event):
            event.ignore()
            return True
        if event.type() != QEvent.Type.KeyPress:
            return super().eventFilter(watched, event)
        if watched is self.search:
            if event.key() == Qt.Key.Key_Down:
                view: QAbstractItemView = self.hits if self.hits.isVisible() else self.issued
                if view.isVisible():
                    view.setFocus()
                    return True
            return False
        plain = not event.modifiers() & ~(
            Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
        )
        if plain and event.text().isprintable() and event.text().strip():
            self._to_search()
            QApplication.sendEvent(self.search, event)
            return True
        return False
