"""Beside the grid: the totals of a relatively graded class, and the lines between its grades.

Up and down choose a line, left and right move it by one, with Shift by a quarter; the mouse drags it. Enter
proposes. The rule a newcomer would get wrong: the picture never decides. Where a line may go and who gets
which grade is the presenter's, for keys and mouse alike.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QSizePolicy, QWidget

from sims_desktop.client.errors import ClientError, ProblemAnswer
from sims_desktop.grading.panels import ENTER, Panel, words
from sims_desktop.grading.presenter.cutoffs import BARS, FINE, STEP, WHOLE, CutoffPresenter
from sims_desktop.kit import theme
from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.tables import Field, RecordModel, RecordView
from sims_desktop.kit.tasks import Progress
from sims_shared.cutoffs import SheetCutoffs
from sims_shared.grading import SheetStale

if TYPE_CHECKING:
    from sims_desktop.grading.page import GridPage

GRIP = 7.0  # pixels beside a line at which the mouse still takes it
MARGIN = 14.0
Line = tuple[str, str, str, str, str]


class CutoffPicture(QWidget):
    """Bars of totals, and a line where each grade begins. `changed` after every move."""

    changed = Signal()
    confirmed = Signal()

    def __init__(self, cutoffs: CutoffPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("cutoff_picture")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self._cutoffs = cutoffs
        self._dragged: int | None = None
        self.changed.connect(self.describe)
        self.describe()

    def describe(self) -> None:
        """What a screen reader says of the chosen line."""
        if self._cutoffs.lines:
            said = self._cutoffs.line_words(self._cutoffs.chosen)
            self.setAccessibleName(said)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().averageCharWidth() * 48, self.fontMetrics().height() * 12)

    # Where things are

    def _edge(self) -> tuple[float, float]:
        return MARGIN, self.width() - MARGIN

    def x_of(self, total: Decimal) -> float:
        """Where a total lies. Marks read from left to right in every language, as on a ruler."""
        left, right = self._edge()
        return left + (right - left) * float(total) / WHOLE

    def total_at(self, x: float) -> Decimal:
        left, right = self._edge()
        steps = round((x - left) / (right - left) * WHOLE / float(FINE))
        return steps * FINE

    def line_at(self, x: float) -> int | None:
        near = [
            (abs(self.x_of(self._cutoffs.stands(number)) - x), number)
            for number in range(len(self._cutoffs.lines))
        ]
        found = min(near, default=(GRIP + 1, 0))
        return found[1] if found[0] <= GRIP else None

    # Drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        cutoffs, high = self._cutoffs, self.fontMetrics().height()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        left, right = self._edge()
        bottom, top = self.height() - high - 6.0, high * 2 + 6.0
        bars = cutoffs.bars
        most, wide = max(*bars, 1), (right - left) / BARS
        shade = palette.color(QPalette.ColorRole.Highlight)
        shade.setAlpha(150)
        for number, count in enumerate(bars):
            tall = (bottom - top) * count / most
            painter.fillRect(QRectF(left + number * wide + 0.5, bottom - tall, wide - 1, tall), shade)
        painter.setPen(palette.color(QPalette.ColorRole.WindowText))
        painter.drawLine(QPointF(left, bottom), QPointF(right, bottom))
        for mark in range(0, WHOLE + 1, 10):
            x = self.x_of(Decimal(mark))
            painter.drawLine(QPointF(x, bottom), QPointF(x, bottom + 3))
            box = QRectF(x - 20, bottom + 3, 40, high)
            painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), str(mark))
        self._draw_lines(painter, top, bottom, high)
        if self.hasFocus():
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Highlight), 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _draw_lines(self, painter: QPainter, top: float, bottom: float, high: int) -> None:
        cutoffs, counts = self._cutoffs, self._cutoffs.counts
        plain = self.palette().color(QPalette.ColorRole.WindowText)
        for number, line in enumerate(cutoffs.lines):
            chosen = number == cutoffs.chosen
            x = self.x_of(cutoffs.stands(number))
            if line.grade in cutoffs.moved:
                painter.setPen(QPen(plain, 1, Qt.PenStyle.DotLine))
                at = self.x_of(line.by_rule)
                painter.drawLine(QPointF(at, top), QPointF(at, bottom))
            painter.setPen(QPen(theme.mark("waiting") if chosen else plain, 3 if chosen else 1.4))
            painter.drawLine(QPointF(x, top - 4), QPointF(x, bottom))
            painter.setPen(theme.mark("waiting") if chosen else plain)
            font = painter.font()
            font.setBold(chosen)
            painter.setFont(font)
            # Two heights in turn, so that lines close together keep their letters apart.
            above = 2.0 if number % 2 else 2.0 + high * 0.95
            words = f"{line.grade} {counts.get(line.grade, 0):,}"
            width = self.fontMetrics().horizontalAdvance(words) + 12.0
            start = min(max(x - width / 2, 0.0), self.width() - width)
            painter.drawText(QRectF(start, above, width, high), int(Qt.AlignmentFlag.AlignCenter), words)

    # Hands

    def mousePressEvent(self, event: QMouseEvent) -> None:
        number = self.line_at(event.position().x())
        if number is not None and event.button() == Qt.MouseButton.LeftButton:
            self._cutoffs.choose(number)
            self._cutoffs.begin_drag()
            self._dragged = number
            self.changed.emit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged is not None:
            self._cutoffs.put(self._dragged, self.total_at(event.position().x()), one_act=False)
            self.changed.emit()
            return
        over = self.line_at(event.position().x()) is not None
        self.setCursor(Qt.CursorShape.SplitHCursor if over else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._dragged is not None:
            self._dragged = None
            self._cutoffs.end_drag()
            self.changed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        cutoffs, key = self._cutoffs, event.key()
        step = FINE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else STEP
        acts: dict[int, Callable[[], object]] = {
            Qt.Key.Key_Left: lambda: cutoffs.move(-step),
            Qt.Key.Key_Right: lambda: cutoffs.move(step),
            Qt.Key.Key_Up: lambda: cutoffs.choose(cutoffs.chosen - 1),
            Qt.Key.Key_Down: lambda: cutoffs.choose(cutoffs.chosen + 1),
            Qt.Key.Key_Home: lambda: cutoffs.choose(0),
            Qt.Key.Key_End: lambda: cutoffs.choose(len(cutoffs.lines) - 1),
            Qt.Key.Key_Backspace: cutoffs.back_to_rule,
            Qt.Key.Key_Delete: cutoffs.all_back_to_rule,
        }
        if key in ENTER and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.confirmed.emit()
        elif key == Qt.Key.Key_PageDown:
            cutoffs.next_class()
            self.changed.emit()
        elif event.matches(QKeySequence.StandardKey.Undo):
            cutoffs.undo()
            self.changed.emit()
        elif (act := acts.get(key)) is not None and cutoffs.lines:
            act()
            self.changed.emit()
        else:
            super().keyPressEvent(event)


class CutoffPanel(Panel):
    """`saved` asks for the lines to be proposed."""

    share = 0.6
    saved = Signal()

    def __init__(self, cutoffs: CutoffPresenter, parent: QWidget | None = None) -> None:
        super().__init__("cutoffs", cutoffs.heading, parent)
        self.cutoffs = cutoffs
        self.sentence = words(self, "cutoff_sentence")
        self.picture = CutoffPicture(cutoffs, self)
        titles = (
            later("Grade"),
            later("Begins at"),
            later("Students"),
            later("Against the rule"),
            later("From – to"),
        )

        def field(number: int) -> Field[Line]:
            return Field(titles[number], lambda row: row[number], (70, 110, 90, 130, 120)[number])

        self.model = RecordModel([field(number) for number in range(len(titles))])
        self.list = RecordView(self.model, "cutoff_counts", parent=self)
        self.list.setAccessibleName(phrase("Students by grade"))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.standing = words(self, "cutoff_standing")
        self.complaint = Complaint(self)
        self.complaint.setObjectName("cutoff_complaint")
        self.keys = QLabel(
            phrase(
                "↑ ↓ choose a line · ← → move it (Shift: by a quarter) · "
                "Backspace: where the rule has it · Ctrl+Z undoes"
            ),
            self,
        )
        self.keys.setObjectName("cutoff_keys")
        self.keys.setWordWrap(True)
        self.button = QPushButton(phrase("Propose these lines (Enter)"), self)
        self.button.setObjectName("cutoff_save")
        self.button.clicked.connect(self._save)
        self.reason = QLineEdit(self)
        self.reason.setObjectName("cutoff_reason")
        self.reason.setAccessibleName(phrase("Why the lines are moved"))
        self.reason.setPlaceholderText(phrase("Why the lines are moved; the head reads it. Enter proposes"))
        self.reason.setMaxLength(2000)
        self.reason.setText(cutoffs.reason)
        foot = QHBoxLayout()
        foot.addWidget(self.standing, 1)
        foot.addWidget(self.button)
        self.body.addWidget(self.sentence)
        self.body.addWidget(self.picture, 1)
        self.body.addWidget(self.list, 1)
        self.body.addWidget(self.keys)
        self.body.addWidget(self.reason)
        self.body.addWidget(self.complaint)
        self.body.addLayout(foot)
        self.setFocusProxy(self.picture)
        self.picture.changed.connect(self.show_lines)
        self.picture.confirmed.connect(self._save)
        self.show_lines()

    def show_lines(self) -> None:
        cutoffs = self.cutoffs
        self.heading.setText(cutoffs.heading)
        self.sentence.setText(cutoffs.sentence)
        self.model.set_records(cutoffs.table())
        if cutoffs.lines:
            self.list.selectRow(cutoffs.chosen)
        self.standing.setText(cutoffs.saved_words)
        self.button.setVisible(cutoffs.may_save)
        self.button.setEnabled(cutoffs.may_save and cutoffs.has_changes)
        self.reason.setVisible(cutoffs.may_save and bool(cutoffs.moved))

    def undo(self) -> bool:
        if self.cutoffs.undo():
            self.picture.changed.emit()
        return True

    def _save(self) -> None:
        if not self.button.isEnabled():
            return
        if self.cutoffs.moved and not self.reason.text().strip():
            self.complaint.say(phrase("Say why the lines are moved."))
            self.reason.setFocus()
            return
        self.button.setEnabled(False)
        self.complaint.say("")
        self.saved.emit()

    def failed(self, why: str) -> None:
        self.show_lines()
        self.complaint.say(why)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in ENTER:
            self._save()
            return
        super().keyPressEvent(event)


class CutoffDesk:
    """The key F9."""

    def __init__(self, page: GridPage) -> None:
        self._page = page

    def toggle(self) -> None:
        page = self._page
        if isinstance(page.panel, CutoffPanel):
            page.close_panel()
            return
        page.view.finish_typing()
        page.note.say(phrase("Asking the server for the totals …"))
        self._read(self._open)

    def _read(self, done: Callable[[SheetCutoffs], None]) -> None:
        page, office = self._page, self._page.office

        def work(progress: Progress) -> SheetCutoffs:
            # The totals are of the marks that the server has, so what waits goes first.
            office.catch_up()
            return office.read_cutoffs(page.section_id)

        page.around.tasks.run(work, done, self._failed, title="Reading the cut-offs", owner=page)

    def _open(self, known: SheetCutoffs) -> None:
        page = self._page
        page.note.say("")
        cutoffs = CutoffPresenter(known, page.around.now())
        if not known.classes:
            page.note.say(cutoffs.sentence)
            return
        panel = CutoffPanel(cutoffs, page)
        panel.saved.connect(self._save)
        page.open_panel(panel)
        panel.picture.setFocus()

    def _save(self) -> None:
        page, office = self._page, self._page.office
        panel = page.panel
        if not isinstance(panel, CutoffPanel) or panel.cutoffs.graded is None:
            return
        known, lines = panel.cutoffs.known, dict(panel.cutoffs.moved)
        reason = panel.reason.text().strip() if lines else ""
        regulation_id = panel.cutoffs.graded.regulation_id

        def work(progress: Progress) -> SheetCutoffs:
            return office.propose_cutoffs(page.section_id, regulation_id, known.rev, lines, reason)

        page.around.tasks.run(work, self._saved, self._failed, title="Proposing the cut-offs", owner=page)

    def _saved(self, known: SheetCutoffs) -> None:
        page = self._page
        if isinstance(page.panel, CutoffPanel):
            page.panel.cutoffs.take(known)
            page.panel.picture.changed.emit()
        page.note.say(phrase("The lines go to the head of department with the sheet."))

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        page = self._page
        stale = isinstance(error, ProblemAnswer) and error.code == SheetStale.code
        if not isinstance(page.panel, CutoffPanel):
            page.note.say(str(error))
        elif stale:
            panel = page.panel
            self._read(lambda known: self._renew(panel, known))
        else:
            page.panel.failed(str(error))

    def _renew(self, panel: CutoffPanel, known: SheetCutoffs) -> None:
        page = self._page
        if page.panel is not panel or not known.classes:
            return
        panel.cutoffs.renew(known)
        panel.picture.changed.emit()
        panel.failed(
            phrase(
                "A colleague has changed marks meanwhile: the counts are new, your lines stayed. "
                "Look again, then Enter proposes them."
            )
        )
