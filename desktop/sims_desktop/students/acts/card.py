"""A card that a key opens below the tabs of a student's page: one at a time, Esc puts it away.

The rule a newcomer would get wrong: what was typed is not lost by putting the card away, nor by a refusal;
only when it was done does the card begin anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QFrame, QScrollArea, QSplitter, QWidget
from shiboken6 import isValid

from sims_desktop.kit.page import Page
from sims_desktop.kit.tasks import Progress, Task
from sims_shared.record import RecordView

T = TypeVar("T")
SHARE = 65  # of a hundred: what a card takes at most
SEND = ("Ctrl+Return", "Ctrl+Enter")


class Choice(QComboBox):
    """A list to choose from by letters: they are its own, and no keys of the page."""

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            held = event.modifiers() & ~(
                Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
            )
            if not held and event.text().isprintable() and event.text():
                event.accept()
                return True
        return super().event(event)


class Card(QWidget):
    """`done(words)` after an act; `moved()` when the server's no speaks of a record that is another than the
    page shows, or nobody knows what came of an act."""

    done = Signal(str)
    moved = Signal()

    def __init__(self, page: Page, name: str) -> None:
        super().__init__(page)
        self.setObjectName(name)
        self.page = page
        self._task: Task | None = None
        self.hide()

    def begin(self, record: RecordView) -> None:
        """Shown from now on, for this student."""
        raise NotImplementedError

    def take(self, record: RecordView) -> None:
        """The record was read anew."""
        raise NotImplementedError

    @property
    def unsaid(self) -> str:
        """What would be lost with the window, as a sentence."""
        return ""

    def recolour(self) -> None:
        """Another look."""

    @property
    def height_wished(self) -> int:
        return self.sizeHint().height()

    def fit(self) -> None:
        """As high as what stands in it, and no higher than leaves the parts above in sight."""
        split = self.parentWidget()
        if isinstance(split, QSplitter) and self.isVisible():
            sizes = split.sizes()
            whole = sum(sizes)
            at = split.indexOf(self)
            mine = min(max(self.height_wished, self.minimumSizeHint().height()), whole * SHARE // 100)
            others = whole - sizes[at]
            split.setSizes(
                [
                    mine if place == at else size * (whole - mine) // max(1, others)
                    for place, size in enumerate(sizes)
                ]
            )

    @property
    def is_busy(self) -> bool:
        return self._task is not None

    def act(
        self,
        title: str,
        work: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """One act at a time, off the window's thread."""
        if self._task is not None:
            return

        def over(answer: T) -> None:
            self._task = None
            done(answer)

        def refused(error: Exception) -> None:
            self._task = None
            if self.isHidden():  # put away meanwhile: a no is not kept from whoever asked
                self.show()
            failed(error)

        def run(progress: Progress) -> T:
            return work()

        self._task = task = self.page.around.tasks.run(run, over, refused, title=title, owner=self)

        def ended() -> None:
            if self._task is task and isValid(self):  # the page may be closed
                self._task = None
                self.moved.emit()  # cancelled: nobody knows whether it was done

        task.ended.connect(ended)


def scrolling(inside: QWidget, parent: QWidget, name: str) -> QScrollArea:
    """A form that is higher than the room there is can still be read to its end."""
    area = QScrollArea(parent)
    area.setObjectName(name)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(inside)
    return area
