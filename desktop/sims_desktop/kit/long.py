"""A list longer than a page: read on when its end is reached, and searched while somebody types.

The rule a newcomer would get wrong: what was asked for may arrive after the list has been read anew. Then it
belongs to no list any more and is dropped.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QLabel, QLineEdit, QWidget

from sims_desktop.kit.desk import Desk
from sims_desktop.kit.tables import RecordModel
from sims_desktop.kit.tasks import Task
from sims_shared.messages import Page

PAUSE_MS = 250
T = TypeVar("T")


class Presenter(Protocol):
    """Whoever holds a long list. `next` is where it goes on, None at its end."""

    @property
    def next(self) -> str | None: ...
    @property
    def sentence(self) -> str: ...
    def read_on(self, path: str) -> Page[Any]: ...
    def take_more(self, page: Page[Any]) -> None: ...
    def not_loaded(self, error: Exception) -> None: ...


class LongDesk(Desk[T]):
    """`follow(presenter)` once the list is there."""

    model: RecordModel[Any]
    summary: QLabel
    _reading_on: Task | None = None

    def follow(self, presenter: Presenter) -> None:
        self._holder = presenter
        self.list.end_reached.connect(self.read_on)

    def read_on(self) -> None:
        """The next page below what is there; nothing while one is on its way."""
        path = self._holder.next
        if path is None or self._reading_on is not None or self._loading is not None:
            return

        def done(page: Page[Any]) -> None:
            self._reading_on = None
            if self._holder.next == path:
                self._holder.take_more(page)
                self.model.add_records(page.results)
                self.summary.setText(self._holder.sentence)

        def failed(error: Exception) -> None:
            self._reading_on = None
            self._holder.not_loaded(error)

        self._reading_on = self.around.tasks.run(
            lambda progress: self._holder.read_on(path), done, failed, owner=self
        )

    def refresh(self) -> None:
        if self._reading_on is not None:
            self._reading_on.cancel()
            self._reading_on = None
        super().refresh()

    def choose_again(self, ids: set[int]) -> None:
        """Whatever was chosen stays chosen, wherever the list has it now; else the first line is."""
        model = self.list.selectionModel()
        flags = model.SelectionFlag
        rows = [row for row, one in enumerate(self.model.records) if one.id in ids]
        if not rows:
            if self.model.records:
                self.list.selectRow(0)
            return
        model.clearSelection()
        for row in rows:
            model.setCurrentIndex(self.model.index(row, 0), flags.Select | flags.Rows)


class SearchLine(QLineEdit):
    """`sought` when the typing pauses, and at once with Enter."""

    sought = Signal()

    def __init__(self, name: str, spoken: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(spoken)
        self.setPlaceholderText(spoken)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self.sought)
        self.textChanged.connect(lambda _: self._pause.start())
        self.returnPressed.connect(self._at_once)

    @property
    def words(self) -> str:
        return " ".join(self.text().split())

    def begin(self) -> None:
        self.setFocus()
        self.selectAll()

    def _at_once(self) -> None:
        self._pause.stop()
        self.sought.emit()
