"""Work off the window's thread, its answer back on it. With `offline/sync.py` the only starter of threads.

`run` for one piece of work with one answer; `on_gui` for anybody's callback that must reach widgets. The
rule a newcomer would get wrong: `done` and `failed` are called on the GUI thread, after the work, and not
at all once the task was cancelled or its window is gone; `work` itself must touch no widget.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal
from shiboken6 import isValid

from sims_desktop.kit.language import phrase

T = TypeVar("T")


class Cancelled(Exception):
    """Raised inside work by `Progress.check` after the person cancelled it."""


class Progress:
    """Handed to the work. `report` may be called as often as it likes; the window sees the newest."""

    def __init__(self, tell: Callable[[int, int, str], None]) -> None:
        self._tell = tell
        self._stop = threading.Event()

    def report(self, done: int, total: int, words: str = "") -> None:
        """`done` of `total`; total 0 means nobody knows. Raises Cancelled when the person has had enough."""
        self.check()
        self._tell(done, total, words)

    def pause(self, seconds: float) -> None:
        """Waits, and not a moment longer once the person has had enough. Raises Cancelled then."""
        self._stop.wait(seconds)
        self.check()

    def check(self) -> None:
        if self._stop.is_set():
            raise Cancelled

    @property
    def cancelled(self) -> bool:
        return self._stop.is_set()


class Task(QObject):
    """One piece of work under way. `progressed(done, total, words)` and `ended()` reach the GUI thread."""

    progressed = Signal(int, int, str)
    ended = Signal()

    def __init__(self, title: str, parent: QObject) -> None:
        super().__init__(parent)
        self.title = phrase(title)
        self.is_over = False
        self._progress = Progress(self.progressed.emit)

    def cancel(self) -> None:
        """Ask the work to stop. Its answer, should it still come, is dropped."""
        self._progress._stop.set()


class Tasks(QObject):
    """A few daemon threads that work through a queue. Daemons, so that leaving the program never waits for
    a server that does not answer; what must not be lost is in the local store before a task begins."""

    started = Signal(object)
    _called = Signal(object)

    def __init__(
        self, on_bug: Callable[[BaseException], object], parent: QObject | None = None, threads: int = 3
    ) -> None:
        super().__init__(parent)
        self._on_bug = on_bug
        self._limit = threads
        self._threads: list[threading.Thread] = []
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._closed = False
        self._called.connect(self._call, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        work: Callable[[Progress], T],
        done: Callable[[T], None] = lambda answer: None,
        failed: Callable[[Exception], None] | None = None,
        *,
        title: str = "",
        owner: QObject | None = None,
    ) -> Task:
        """Queue `work`. Without `failed` an error counts as a bug and is reported as one. When `owner`, the
        widget that `done` and `failed` touch, is gone by then, neither is called."""
        task = Task(title, self)
        progress = task._progress

        def finish(callback: Callable[[], Any]) -> None:
            task.is_over = True
            try:
                wanted = not progress.cancelled and not self._closed
                if wanted and (owner is None or isValid(owner)):
                    callback()
            finally:
                task.ended.emit()
                task.deleteLater()

        def job() -> None:
            try:
                progress.check()
                answer = work(progress)
            except Cancelled:
                self.on_gui(lambda: finish(lambda: None))
            except Exception as error:
                caught = error
                self.on_gui(lambda: finish(lambda: failed(caught) if failed else self._on_bug(caught)))
            else:
                self.on_gui(lambda: finish(lambda: done(answer)))

        self._queue.put(job)
        if len(self._threads) < self._limit:
            thread = threading.Thread(target=self._work, name=f"task-{len(self._threads) + 1}", daemon=True)
            self._threads.append(thread)
            thread.start()
        self.started.emit(task)
        return task

    def on_gui(self, call: Callable[[], Any]) -> None:
        """Call it on the GUI thread soon. May be used from any thread."""
        if not self._closed:
            self._called.emit(call)

    def close(self) -> None:
        """No callback reaches a window after this. Threads end when their present work does."""
        self._closed = True
        for _ in self._threads:
            self._queue.put(None)

    def _call(self, call: Callable[[], Any]) -> None:
        if self._closed:
            return
        try:
            call()
        except Exception as error:
            self._on_bug(error)

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            job()
