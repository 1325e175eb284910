"""A page that shows what the server has and acts upon it: read anew, one act at a time, one step up or down.

The rule a newcomer would get wrong: of two readings the later counts, and after an act that was cancelled
nobody knows whether it was carried out; so the desk asks the server again instead of guessing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QWidget

from sims_desktop.kit.page import Page
from sims_desktop.kit.tables import RecordView
from sims_desktop.kit.tasks import Progress, Task

FRESH = timedelta(seconds=30)
T = TypeVar("T")
A = TypeVar("A")


class Source(Protocol[T]):
    """What a desk asks of its presenter."""

    def load(self) -> T: ...
    def take(self, loaded: T, /) -> None: ...
    def not_loaded(self, error: Exception, /) -> None: ...


class Following(Protocol[T]):
    """Whoever holds a list that goes on at `following`, None at its end."""

    following: str | None

    def load_more(self) -> T | None: ...
    def take(self, loaded: T, /) -> None: ...
    def not_loaded(self, error: Exception, /) -> None: ...


class Desk(Page, Generic[T]):
    """`load` runs off the window's thread; `take` and `not_loaded` show what came of it."""

    list: RecordView[Any]
    _task: Task | None = None
    _loading: Task | None = None
    _refreshed: datetime | None = None
    _fetching = False

    @property
    def source(self) -> Source[T]:
        """Whoever reads what is shown and holds it: the presenter, unless a desk says otherwise."""
        return self.presenter  # type: ignore[attr-defined,no-any-return]

    def load(self) -> T:
        return self.source.load()

    def take(self, loaded: T) -> None:
        self.source.take(loaded)

    def not_loaded(self, error: Exception) -> None:
        self.source.not_loaded(error)

    def refresh(self) -> None:
        if self._loading is not None:
            self._loading.cancel()

        def done(loaded: T) -> None:
            self._loading = None
            self._refreshed = self.around.now()
            self.take(loaded)

        def failed(error: Exception) -> None:
            self._loading = None
            self.not_loaded(error)

        self._loading = self.around.tasks.run(lambda progress: self.load(), done, failed, owner=self)

    def fetch_more(self, presenter: Following[T]) -> None:
        """The list's next page, below what is there; nothing while something else is on its way."""
        if self._fetching or self._loading is not None or presenter.following is None:
            return

        def done(loaded: T | None) -> None:
            self._fetching = False
            if loaded is not None:
                presenter.take(loaded)

        def failed(error: Exception) -> None:
            self._fetching = False
            presenter.not_loaded(error)

        self._fetching = True
        self.around.tasks.run(lambda progress: presenter.load_more(), done, failed, owner=self)

    def refresh_when_stale(self) -> None:
        if self._refreshed is None or self.around.now() - self._refreshed > FRESH:
            self.refresh()

    def shown(self) -> None:
        self.refresh_when_stale()
        self.setFocus()

    @property
    def is_busy(self) -> bool:
        return self._task is not None

    def act(
        self,
        title: str,
        work: Callable[[Progress], A],
        done: Callable[[A], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """One act on its way. When one of the two is called it is over, and the desk no longer busy."""

        def over(callback: Callable[[Any], None]) -> Callable[[Any], None]:
            def call(answer: Any) -> None:
                self._task = None
                callback(answer)

            return call

        self._task = task = self.around.tasks.run(work, over(done), over(failed), title=title, owner=self)

        def ended() -> None:
            if self._task is task:
                self._task = None
                self.cancelled()

        task.ended.connect(ended)

    def cancelled(self) -> None:
        self.refresh()

    def step(self, by: int) -> None:
        """The next or previous line of the list."""
        count = self.list.model().rowCount()
        if count:
            self.list.selectRow(min(max(self.list.currentIndex().row() + by, 0), count - 1))

    def split_of(self, name: str, left: QWidget, right: QWidget, sizes: tuple[int, int]) -> QSplitter:
        """The list and what is at hand, side by side, where the person last drew the line between them."""
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.setObjectName(name)
        split.addWidget(left)
        split.addWidget(right)
        split.setSizes(list(sizes))
        split.setChildrenCollapsible(False)
        self.around.remembered.restore_place(name, split)
        split.splitterMoved.connect(lambda *_: self.around.remembered.save_place(name, split))
        return split
