"""Undo without end, each step with its name.

An undo is a new edit with the old values: it is written, sent and recorded like any other. The rule a
newcomer would get wrong: a cell that somebody else changed since is left alone and counted, because
undo takes back what *this* person did, never what a colleague did after. A colleague who wrote the very
same mark has changed it too: undone, both would have lost theirs.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from sims_desktop.grading.presenter.entry import Value
from sims_desktop.grading.presenter.sheet import OPEN, Badge, Key
from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import plural

if TYPE_CHECKING:
    from sims_desktop.grading.presenter.grid import GridPresenter


class Held(NamedTuple):
    """What a cell held: its value and, while it holds no mark, the text that stands in it."""

    value: Value
    typed: str | None


class Change(NamedTuple):
    key: Key
    before: Held
    after: Held


@dataclass(frozen=True, slots=True)
class Step:
    """One act of a person, whatever the number of its cells. `label` completes "Undo …". `lets_go`: refused
    marks were let go of; that is undone on a closed sheet too, where they are refused again and kept.
    `is_choice`: between a colleague's mark and an own one, so undoing it writes over the colleague's."""

    label: str
    changes: tuple[Change, ...]
    lets_go: bool = False
    is_choice: bool = False


class Travel(NamedTuple):
    """What going one step back or on writes, and how many cells it leaves as they are and why."""

    held: list[tuple[Key, Held]]
    changed_since: int
    by_others: int

    @property
    def kept_words(self) -> str:
        words = ""
        if self.changed_since:
            words += phrase(" {cells} changed since and stayed.", cells=plural(self.changed_since, "cell"))
        if self.by_others:
            words += phrase(
                " {cells} a colleague wrote as well and stayed.", cells=plural(self.by_others, "cell")
            )
        return words


@dataclass(slots=True)
class History:
    done: list[Step] = field(default_factory=list)
    undone: list[Step] = field(default_factory=list)

    def record(self, step: Step) -> None:
        self.done.append(step)
        self.undone.clear()

    def forget(self, keys: Container[Key]) -> None:
        """What was done to these cells before somebody chose between two marks. Taken back, it would put what
        stood there before a colleague's mark over that mark."""
        for steps in (self.done, self.undone):
            steps[:] = [
                kept
                for step in steps
                if (
                    kept := replace(step, changes=tuple(c for c in step.changes if c.key not in keys))
                ).changes
            ]

    def take(self, grid: GridPresenter, *, back: bool) -> tuple[Step, Travel] | None:
        """The next step leaves one end and comes to the other; None when there is none."""
        source, target = (self.done, self.undone) if back else (self.undone, self.done)
        if not source:
            return None
        step = source.pop()
        if not step.lets_go:
            target.append(step)
        return step, _travelled(grid, step, back=back)

    @property
    def undo_label(self) -> str:
        return self.done[-1].label if self.done else ""

    @property
    def redo_label(self) -> str:
        return self.undone[-1].label if self.undone else ""


def _travelled(grid: GridPresenter, step: Step, *, back: bool) -> Travel:
    held: dict[Key, Held] = {}
    changed_since = 0
    asked: list[Key] = []
    for key, before, after in step.changes:
        there, wanted = (after, before) if back else (before, after)
        cell = grid.cell_of(key) if _is_there(grid, step, key) else None
        if cell is None or (cell.value, cell.typed) != there:
            changed_since += 1
            continue
        held[key] = wanted
        is_judged = back and not (step.is_choice or step.lets_go)
        if is_judged and cell.badge is Badge.SAVED and wanted.value != cell.value:
            asked.append(key)
    theirs = grid.shelf.read_others(grid.section_id, asked) if asked else frozenset()
    left = [(key, wanted) for key, wanted in held.items() if key not in theirs]
    return Travel(left, changed_since, len(theirs))


def _is_there(grid: GridPresenter, step: Step, key: Key) -> bool:
    """On the sheet still, and open."""
    if key[0] not in grid.row_of or key[1] not in grid.column_of:
        return False
    is_open = grid.sheet.state == OPEN and not grid.columns[grid.column_of[key[1]]].closed
    return is_open or step.lets_go
