"""What stands beside the grid, one at a time: distribution, conflict tray, paste preview, submit.

A panel never takes over: the grid stays usable, Esc closes the panel and returns to the cell.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from sims_desktop.grading.presenter.entry import number_text
from sims_desktop.grading.presenter.grid import GridPresenter
from sims_desktop.grading.presenter.matching import Line, Match, Odd
from sims_desktop.grading.presenter.sheet import Conflict
from sims_desktop.grading.presenter.submission import Submission
from sims_desktop.grading.presenter.tray import TrayPresenter
from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.histogram import Histogram
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Said
from sims_desktop.kit.tables import Field, RecordModel, RecordView
from sims_desktop.kit.theme import enlarge
from sims_desktop.kit.wording import left_to_right, plural

ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class Panel(QFrame):
    """A title, a body, Esc. A wide one stands below the grid instead of beside it; `share` is how much of
    the page it takes at first."""

    closed = Signal()
    is_wide = False
    share = 0.4

    def __init__(self, name: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.heading = Said(self)
        self.heading.setText(title)
        enlarge(self.heading, bold=True)
        close = QPushButton(phrase("Close (Esc)"), self)
        close.setObjectName("close_panel")
        close.setFlat(True)
        close.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        close.clicked.connect(self.closed)
        top = QHBoxLayout()
        top.addWidget(self.heading, 1)
        top.addWidget(close)
        self.body = QVBoxLayout(self)
        self.body.addLayout(top)

    def undo(self) -> bool:
        """Takes the panel's own last act back; whether it has acts of its own."""
        return False

    def print_out(self) -> bool:
        """Ctrl+P with the focus in it; whether it has a paper of its own."""
        return False

    @property
    def has_focus_inside(self) -> bool:
        focus = QApplication.focusWidget()
        return focus is not None and (focus is self or self.isAncestorOf(focus))

    def confirm(self) -> bool:
        """Ctrl+Enter; whether it means something here, and not the submit of the sheet."""
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
            return
        super().keyPressEvent(event)


def words(parent: QWidget, name: str) -> QLabel:
    label = Said(parent)
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


class DistributionPanel(Panel):
    """Live: it follows the current column and every edit."""

    def __init__(self, grid: GridPresenter, parent: QWidget | None = None) -> None:
        super().__init__("distribution", phrase("Distribution"), parent)
        self._grid = grid
        self.histogram = Histogram(self)
        self.figures = words(self, "figures")
        self.body.addWidget(self.histogram, 1)
        self.body.addWidget(self.figures)
        self.body.addStretch(1)

    def follow(self, column: int) -> None:
        if not self._grid.columns:
            return
        head, spread = self._grid.columns[column], self._grid.distribution(column)
        self.heading.setText(
            phrase("{name}, of {max_score}", name=head.name, max_score=number_text(head.max_score))
        )
        steps = len(spread.bars)
        edges = [
            number_text((head.max_score * step / steps).quantize(head.max_score)) for step in range(steps + 1)
        ]
        self.histogram.show_bars(spread.bars, edges, float(self._grid.pass_share), spread.in_words)
        lines = [spread.in_words]
        if spread.lowest is not None and spread.highest is not None:
            lowest, highest = number_text(spread.lowest), number_text(spread.highest)
            lines.append(
                phrase(
                    "Lowest {lowest}, highest {highest}, spread {spread:.1f}",
                    lowest=lowest,
                    highest=highest,
                    spread=spread.spread,
                )
            )
        lines.append(
            phrase(
                "{scored:,} scored, {absent:,} absent, {other:,} excused, unfair or pending",
                scored=spread.scored,
                absent=spread.absent,
                other=spread.other,
            )
        )
        lines.append(phrase("Sum {total} (control total of the bundle)", total=number_text(spread.total)))
        self.figures.setText("\n".join(lines))


class TrayPanel(Panel):
    """One conflict a line; the page adds the keys that keep mine or theirs."""

    is_wide = True

    def __init__(
        self,
        tray: TrayPresenter,
        now: Callable[[], datetime],
        say: Callable[[str], object],
        go_to: Callable[[Conflict], object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("tray", phrase("Conflicts"), parent)
        self._tray, self._now, self._say = tray, now, say
        titles = (
            phrase("Student"),
            phrase("Assessment"),
            phrase("Before"),
            phrase("Mine"),
            phrase("Theirs"),
            phrase("Who, when"),
        )
        widths = (300, 140, 80, 80, 80, 200)

        def field(number: int) -> Field[Conflict]:
            return Field(titles[number], lambda c: tray.texts(c, now())[number], widths[number])

        self.model = RecordModel([field(number) for number in range(len(titles))])
        self.list = RecordView(self.model, "conflicts", several=True, parent=self)
        self.list.setAccessibleName(phrase("Conflicts: before, mine, theirs, who and when"))
        self.hint = words(self, "tray_hint")
        mine = QPushButton(phrase("Keep &mine (M)"), self)
        theirs = QPushButton(phrase("Keep &theirs (T)"), self)
        mine.setObjectName("keep_mine")
        theirs.setObjectName("keep_theirs")
        buttons = QHBoxLayout()
        buttons.addWidget(mine)
        buttons.addWidget(theirs)
        self.body.addWidget(self.hint)
        self.body.addWidget(self.list, 1)
        self.body.addLayout(buttons)
        mine.clicked.connect(lambda: self.keep(mine=True))
        theirs.clicked.connect(lambda: self.keep(mine=False))
        self.list.selectionModel().currentRowChanged.connect(lambda *_: self._follow(go_to))
        tray.on_change = self.refresh
        self.refresh()

    def refresh(self) -> None:
        self.list.follow(list(self._tray.conflicts), lambda conflict: conflict.key)
        count = len(self._tray.conflicts)
        self.hint.setText(
            phrase("Two people wrote the same cell. Choose which mark stands; the other stays on record.")
            if count
            else phrase("No conflicts.")
        )
        self.heading.setText(phrase("Conflicts: {count:,}", count=count) if count else phrase("Conflicts"))

    def keep(self, *, mine: bool) -> None:
        chosen = self.list.chosen()
        if chosen:
            self._say(self._tray.keep(chosen, mine=mine))

    def keep_all(self, *, mine: bool) -> None:
        """Of all conflicts with the person of the chosen one."""
        conflict = self.list.current()
        if conflict is not None:
            self._say(self._tray.keep(self._tray.same_author(conflict), mine=mine))

    def _follow(self, go_to: Callable[[Conflict], object]) -> None:
        conflict = self.list.current()
        if conflict is not None and self.list.hasFocus():
            go_to(conflict)


class MatchPanel(Panel):
    """What a paste by number would change. Enter applies; what fits nobody stays in the list beside it."""

    is_wide = True
    share = 0.5  # what is about to change is what one reads now, not the grid
    applied = Signal(object)

    def __init__(
        self,
        parent: QWidget | None = None,
        *,
        title: str = later("Paste by registration number"),
        verb: str = later("Paste"),
    ) -> None:
        super().__init__("match", phrase(title), parent)
        self._match: Match | None = None
        self.sentence = words(self, "match_sentence")
        self.changes: RecordModel[Line] = RecordModel(
            [
                Field("Number", lambda line: left_to_right(line.reg_no), 150),
                Field("Name", lambda line: line.name, 150),
                Field("Assessment", lambda line: line.column, 90),
                Field("Now", lambda line: line.old or phrase("blank"), 60, is_number=True),
                Field("New", lambda line: line.new or phrase("blank"), 60, is_number=True),
            ]
        )
        self.odd: RecordModel[Odd] = RecordModel(
            [
                Field("Number", lambda odd: left_to_right(odd.reg_no), 150),
                Field("Says", lambda odd: odd.text, 70),
                Field("Why it stays out", lambda odd: odd.why, 240),
            ]
        )
        self.list = RecordView(self.changes, "match_changes", parent=self)
        self.list.setAccessibleName(phrase("What would change"))
        self.rest = RecordView(self.odd, "match_odd", parent=self)
        self.rest.setAccessibleName(phrase("Lines that stay out"))
        self.apply = QPushButton(phrase("{verb} (Enter)", verb=phrase(verb)), self)
        self.apply.setObjectName("match_apply")
        self.apply.clicked.connect(self._apply)
        self.list.opened.connect(lambda line: self._apply())
        said = QHBoxLayout()
        said.addWidget(self.sentence, 1)
        said.addWidget(self.apply)
        self.body.addLayout(said)
        lists = QHBoxLayout()
        lists.addWidget(self.list, 3)
        lists.addWidget(self.rest, 2)
        self.body.addLayout(lists, 1)

    def preview(self, match: Match) -> None:
        self._match = match
        self.sentence.setText(match.sentence)
        self.changes.set_records(match.changes)
        self.odd.set_records(match.odd)
        self.rest.setVisible(bool(match.odd))
        self.apply.setEnabled(bool(match.changes))
        if match.changes:
            self.list.selectRow(0)
            self.list.setFocus()
        else:
            self.setFocus()

    def _apply(self) -> None:
        match, self._match = self._match, None
        if match is None or not match.changes:
            return
        self.applied.emit(match)
        self.changes.set_records([])
        self.apply.setEnabled(False)
        if match.odd:
            self.sentence.setText(phrase("{lines} stayed out:", lines=plural(len(match.odd), "line")))
        else:
            self.closed.emit()


class SubmitPanel(Panel):
    """What is missing, who still holds marks, and one button that says exactly what it does."""

    def __init__(
        self, now: Callable[[], datetime], submit: Callable[[], object], parent: QWidget | None = None
    ) -> None:
        super().__init__("submit", phrase("Submit"), parent)
        self._now = now
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.missing = words(self, "submit_missing")
        self.devices = words(self, "submit_devices")
        self.question = words(self, "submit_question")
        self.note = QLineEdit(self)
        self.note.setObjectName("submit_note")
        self.note.setAccessibleName(phrase("Note to the head"))
        self.note.setPlaceholderText(phrase("Note to the head, if there is something to say"))
        self.note.setMaxLength(2000)
        self.complaint = Complaint(self)
        self.button = QPushButton(phrase("Submit (Ctrl+Enter)"), self)
        self.button.setObjectName("submit_button")
        self.button.clicked.connect(lambda: submit())
        for part in (self.missing, self.devices, self.question, self.note, self.complaint, self.button):
            self.body.addWidget(part)
        self.body.addStretch(1)

    def begin(self, *, returned: bool) -> None:
        """Whoever hands in a returned sheet is about to say what was put right."""
        (self.note if returned else self).setFocus()

    def show_submission(self, submission: Submission) -> None:
        missing = submission.missing
        self.missing.setText("\n".join(missing) if missing else phrase("No mark is missing."))
        held = [device.in_words(self._now()) for device in submission.devices]
        self.devices.setText(phrase("Marks that have not arrived:\n") + "\n".join(held) if held else "")
        self.devices.setVisible(bool(held))
        self.question.setText(submission.question())
        self.button.setEnabled(submission.may_submit)
