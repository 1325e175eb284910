"""What a page is handed, and what the window asks of a page.

A page is a widget with a name; it registers its own actions and knows no other page. The rule a newcomer
would get wrong: pages do not call each other. An act says what it touched (`Changes.tell`), and every page
decides for itself whether that concerns it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from sims_desktop.kit.actions import Actions
from sims_desktop.kit.language import phrase
from sims_desktop.kit.remembered import Remembered
from sims_desktop.kit.search import Entry
from sims_desktop.kit.tasks import Tasks
from sims_desktop.kit.theme import Theme


class Changes(QObject):
    """What was touched, as `("sheet", 17)` or `("sheets", 0)`, told on the GUI thread."""

    told = Signal(str, int)

    def tell(self, kind: str, id: int = 0) -> None:
        self.told.emit(kind, id)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Surroundings:
    """The window's services, the same for every page."""

    actions: Actions
    tasks: Tasks
    remembered: Remembered
    theme: Theme
    changes: Changes = field(default_factory=Changes)
    now: Callable[[], datetime] = _now


class Page(QWidget):
    """`title` names it in the navigation; `guide` is its page of the guide. `leaving` asks before the
    window closes. Signals: `wants(kind, id)` to open another page, `finished(words)` when it was made for one
    act and that is done: such a page closes by itself, and the one in front says what became of it."""

    title_changed = Signal()
    wants = Signal(str, int)
    finished = Signal(str)

    title = ""
    guide = "faculty"
    keys_name = ""

    def __init__(self, around: Surroundings, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.around = around
        self.setObjectName(name)
        self.setAccessibleName(phrase(self.title))
        around.changes.told.connect(self.heard)

    def take_word(self, words: str) -> None:
        """What a page that closed has done."""

    def add_action(
        self,
        id: str,
        text: str,
        keys: str | tuple[str, ...],
        call: Callable[[], object],
        owner: QWidget | None = None,
    ) -> QAction:
        """Its keys work while the focus is in `owner`, a part of the page, or anywhere in the page."""
        name = self.keys_name or self.title
        return self.around.actions.add(id, text, keys, call, owner or self, page=name)

    def more_keys(self) -> tuple[tuple[str, str], ...]:
        """Keys that are no actions, for the `?` sheet: (what it does, key)."""
        return ()

    def entries(self, query: str) -> Iterable[Entry]:
        """What the palette finds on this page besides its actions, at once."""
        return ()

    def heard(self, kind: str, id: int) -> None:
        """Something was touched."""

    def shown(self) -> None:
        """The page came to the front."""

    def bring(self, id: int) -> None:
        """A desk that shows one thing at a time is handed it; of others each thing has a page of its own."""

    def leaving(self) -> str:
        """What would be lost if the window closed now, as a sentence; empty when nothing would."""
        return ""
