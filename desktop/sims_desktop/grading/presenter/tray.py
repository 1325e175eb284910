"""The conflict tray: cells that two people wrote, with base, mine and theirs.

Both values stay on record whichever is kept. The rule a newcomer would get wrong: keeping mine is a new
edit on top of theirs, which is sent, versioned and may conflict again; keeping theirs writes nothing. Either
is one step of undo, and takes the place of what was typed in that cell before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sims_desktop.grading.presenter.entry import shown
from sims_desktop.grading.presenter.grid import GridPresenter, Position
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
        # Also of students and assessments that are on the sheet no longer: a conflict nobody can see is
        # one that nobody can end.
        self.conflicts = self.grid.shelf.read_conflicts(self.grid.section_id)
        self.on_change()

    def described(self, at: Position) -> str:
        """A cell in words; of one in conflict whose marks they are."""
        key = self.grid.key(*at)
        conflict = next((conflict for conflict in self.conflicts if conflict.key == key), None)
        if conflict is None:
            return self.grid.described(*at)
        return f"{self.grid.row(at[0]).name}, {self.grid.columns[at[1]].name}, {conflict.in_words}"

    def texts(self, conflict: Conflict, now: datetime) -> tuple[str, str, str, str, str, str]:
        """Student, assessment, base, mine, theirs, and whose and when."""
        base, mine, theirs = (
            shown(v) or phrase("blank") for v in (conflict.base, conflict.mine, conflict.theirs)
        )
        author = f"{conflict.by}, {when(conflict.at, now)}"
        student = f"{left_to_right(conflict.reg_no)}  {conflict.name}"
        return student, conflict.assessment, base, mine, theirs, author

    def same_author(self, conflict: Conflict) -> list[Conflict]:
        """Every open conflict with the same other person, for the key with Shift."""
        return [other for other in self.conflicts if (other.by_id, other.by) == (conflict.by_id, conflict.by)]

    def keep(self, conflicts: Sequence[Conflict], *, mine: bool) -> str:
        choose = self.grid.shelf.keep_mine if mine else self.grid.shelf.keep_theirs
        choose(conflicts)
        self.grid.refresh()
        self.reload()
        whose = phrase("mine") if mine else phrase("theirs")
        label = phrase("keeping {whose} in {cells}", whose=whose, cells=plural(len(conflicts), "cell"))
        still = {conflict.key for conflict in self.conflicts}
        self.grid.settled(
            {c.key: c.theirs if mine else c.mine for c in conflicts if c.key not in still}, label
        )
        return phrase(
            "Kept {whose} in {cells}. Both values stay on record.",
            whose=whose,
            cells=plural(len(conflicts), "cell"),
        )
