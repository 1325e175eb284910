"""Undo without end, each step with its name.

An undo is a new edit with the old values: it is written, sent and recorded like any other. The rule a
newcomer would get wrong: a cell that somebody else changed since is left alone and counted, because
undo takes back what *this* person did, never what a colleague did after.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from sims_desktop.grading.presenter.entry import Value
from sims_desktop.grading.presenter.sheet import Key


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
    marks were let go of; that is undone on a closed sheet too, where they are refused again and kept."""

    label: str
    changes: tuple[Change, ...]
    lets_go: bool = False


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

    @property
    def undo_label(self) -> str:
        return self.done[-1].label if self.done else ""

    @property
    def redo_label(self) -> str:
        return self.undone[-1].label if self.undone else ""
