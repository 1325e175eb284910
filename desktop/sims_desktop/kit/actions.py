"""Everything a person can do, by name and key: the source of the palette, the `?` sheet and re-binding.

An action belongs to the window (works everywhere) or to one page (works while that page has the focus).
The rule a newcomer would get wrong: a letter alone may be a key only on a page whose typing goes through
an editor, because the editor takes its letters before any shortcut sees them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.remembered import Remembered

EVERYWHERE = later("Everywhere")


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """An action as the sheet lists it."""

    id: str
    page: str
    action: QAction
    default: tuple[str, ...]

    @property
    def keys(self) -> str:
        return ", ".join(
            key.toString(QKeySequence.SequenceFormat.NativeText)
            for key in self.action.shortcuts()
            if not key.isEmpty()
        )


class Actions(QObject):
    def __init__(self, remembered: Remembered, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._remembered = remembered
        self._bound: list[Bound] = []

    def add(
        self,
        id: str,
        text: str,
        keys: str | Sequence[str],
        call: Callable[[], object],
        owner: QWidget,
        *,
        page: str = EVERYWHERE,
    ) -> QAction:
        """`id` as `grading.undo`; `keys` as `Ctrl+Z` or several. Each page of a kind adds its own action
        under the same id, and all of them are bound again together."""
        default = (keys,) if isinstance(keys, str) else tuple(keys)
        action = QAction(phrase(text), owner)
        action.setObjectName(id)
        everywhere = page == EVERYWHERE
        action.setShortcutContext(
            Qt.ShortcutContext.WindowShortcut if everywhere else Qt.ShortcutContext.WidgetWithChildrenShortcut
        )
        chosen = self._remembered.text(f"keys/{id}", "\n".join(default))
        action.setShortcuts([QKeySequence(key) for key in chosen.split("\n") if key])
        action.triggered.connect(lambda checked=False: call())
        owner.addAction(action)
        bound = Bound(id, page, action, default)
        self._bound.append(bound)
        action.destroyed.connect(lambda: self._bound.remove(bound))
        return action

    def rebind(self, id: str, keys: Sequence[str]) -> list[Bound]:
        """New keys for an action. Returns the actions of the same page that already use one of them; then
        nothing is changed."""
        mine = self._named(id)
        wanted = {QKeySequence(key).toString() for key in keys}
        taken = [
            other
            for other in self._bound
            if other.id != id
            and (other.page == mine[0].page or EVERYWHERE in (other.page, mine[0].page))
            and wanted & {key.toString() for key in other.action.shortcuts()}
        ]
        if not taken:
            for bound in mine:
                bound.action.setShortcuts([QKeySequence(key) for key in keys])
            self._remembered.put(f"keys/{id}", "\n".join(keys))
        return taken

    def reset(self, id: str) -> None:
        self._remembered.forget(f"keys/{id}")
        for bound in self._named(id):
            bound.action.setShortcuts([QKeySequence(key) for key in bound.default])

    def _named(self, id: str) -> list[Bound]:
        return [bound for bound in self._bound if bound.id == id]

    def all(self) -> list[Bound]:
        return list(self._bound)

    def of(self, page: str) -> list[Bound]:
        """One of each action of a page, in the order they were added."""
        return list({bound.id: bound for bound in self._bound if bound.page == page}.values())
