"""The conflict tray: cells that two people wrote, with base, mine and theirs.

Both values stay on record whichever is kept. The rule a newcomer would get wrong: keeping mine is a new
edit on top of theirs, which is sent, versioned and may conflict again; keeping theirs writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sims_desktop.grading.presenter.entry import shown
from sims_desktop.grading.presenter.grid import GridPresenter
from sims_desktop.grading.presenter.sheet import Conflict
from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import left_to_right, plural, when


class TrayPresenter:
    def __init__(self, grid: GridPresenter) -> None:
        self.grid = grid
        self.conflicts: Sequence[Conflict] = ()
        self.on_change: Callable[[], None] = lambda: None
        self.reload()

    def reload(self) -> None:
        self.conflicts = [
            conflict
            for conflict in self.grid.shelf.read_conflicts(self.grid.section_id)
            if conflict.key[0] in self.grid.row_of and conflict.key[1] in self.grid.column_of
        ]
        self.on_change()

    def texts(self, conflict: Conflict, now: datetime) -> tuple[str, str, str, str, str, str]:
        """Student, assessment, base, mine, theirs, and whose and when."""
        row = self.grid.sheet.rows[self.grid.row_of[conflict.key[0]]]
        head = self.grid.columns[self.grid.column_of[conflict.key[1]]]
        base, mine, theirs = (
            shown(v) or phrase("blank") for v in (conflict.base, conflict.mine, conflict.theirs)
        )
        author = f"{conflict.by}, {when(conflict.at, now)}"
        return f"{left_to_right(row.reg_no)}  {row.name}", head.name, base, mine, theirs, author

    def same_author(self, conflict: Conflict) -> list[Conflict]:
        """Every open conflict with the same other person, for the key with Shift."""
        return [other for other in self.conflicts if other.by == conflict.by]

    def keep(self, conflicts: Sequence[Conflict], *, mine: bool) -> str:
        choose = self.grid.shelf.keep_mine if mine else self.grid.shelf.keep_theirs
        choose(conflicts)
        self.grid.refresh()
        self.reload()
        whose = phrase("mine") if mine else phrase("theirs")
        return phrase(
            "Kept {whose} in {cells}. Both values stay on record.",
            whose=whose,
            cells=plural(len(conflicts), "cell"),
        )
