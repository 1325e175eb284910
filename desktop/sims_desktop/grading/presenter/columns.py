"""What may be done with a whole column: shown to the students, locked against further marks. Qt-free.

The rule a newcomer would get wrong: a released column is still typed in. It is closed by the lock, by the
submit of the sheet, and by nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from sims_desktop.grading.presenter.grid import GridPresenter
from sims_desktop.grading.presenter.sheet import OPEN, Badge
from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import plural


class Act(Enum):
    RELEASE = "release"
    LOCK = "lock"


class ColumnActs:
    def __init__(self, grid: GridPresenter) -> None:
        self.grid = grid

    def obstacle(self, act: Act, column: int) -> str:
        """Why it cannot be done now, or nothing."""
        head = self.grid.columns[column]
        if act is Act.RELEASE and head.released:
            return phrase("{name} is {standing}.", name=head.name, standing=head.standing)
        if act is Act.LOCK and head.locked:
            return phrase(
                "{name} is {standing}. The head of department can unlock it.",
                name=head.name,
                standing=head.standing,
            )
        if head.closed and not head.locked:
            return f"{head.closed}."
        if act is Act.LOCK and self.grid.sheet.state != OPEN:
            return f"{self.grid.closed_words}."
        return ""

    def unsent(self, column: int) -> int:
        """Marks of the column that are on this computer only."""
        return self._counted(column, Badge.WAITING, Badge.SENDING)

    def away(self, act: Act, column: int, *, reached: bool) -> str:
        """Why it has to wait: the server is away, or marks of this column have not arrived there."""
        unsent, name = self.unsent(column), self.grid.columns[column].name
        if reached and not unsent:
            return ""
        words = [] if reached else [phrase("The server cannot be reached.")]
        if unsent:
            marks = plural(unsent, "mark")
            words.append(
                phrase(
                    "{marks} of {name} only on this computer: students would see less than your screen.",
                    marks=marks,
                    name=name,
                )
                if act is Act.RELEASE
                else phrase(
                    "{marks} of {name} only on this computer: the lock would keep them out.",
                    marks=marks,
                    name=name,
                )
            )
        words.append(phrase("Nothing was done; Enter tries again."))
        return " ".join(words)

    def title(self, act: Act, column: int) -> str:
        name = self.grid.columns[column].name
        if act is Act.RELEASE:
            return phrase("Show {name} to the students", name=name)
        return phrase("Lock {name}", name=name)

    def effect(self, act: Act, column: int, elsewhere: Sequence[str] = ()) -> str:
        """What it does, with the numbers of this column, before it is done. `elsewhere` are other computers
        that hold marks of this sheet, in words."""
        blank = self.grid.missing().get(column, 0)
        takers = sum(row.takes_marks for row in self.grid.sheet.rows)
        marks = plural(takers - blank, "mark")
        missing = phrase(", {blank:,} missing", blank=blank) if blank else ""
        unclear = self._counted(column, Badge.CONFLICT, Badge.REFUSED, Badge.INVALID)
        also = "\n" + phrase("{cells} not settled (F7).", cells=plural(unclear, "cell")) if unclear else ""
        also += "".join(f"\n{words}" for words in elsewhere)
        if act is Act.RELEASE:
            return (
                phrase(
                    "Every student sees their own mark at once: {marks}{missing}. They can still be "
                    "corrected until the column is locked (K). What students have seen cannot be taken back.",
                    marks=marks,
                    missing=missing,
                )
                + also
            )
        return (
            phrase(
                "Nobody types in this column any more: {marks}{missing}. "
                "Only the head of department can unlock it.",
                marks=marks,
                missing=missing,
            )
            + also
        )

    def verb(self, act: Act) -> str:
        return phrase("Show to students") if act is Act.RELEASE else phrase("Lock")

    def done(self, act: Act, assessment_id: int) -> str:
        name = self.grid.columns[self.grid.column_of[assessment_id]].name
        if act is Act.RELEASE:
            return phrase(
                "The students see {name} now. K locks it when their queries are settled.", name=name
            )
        return phrase("{name} is locked. The head of department can unlock it.", name=name)

    def _counted(self, column: int, *badges: Badge) -> int:
        grid = self.grid
        return sum(
            grid.cell_of((row.enrollment_id, grid.columns[column].assessment_id)).badge in badges
            for row in grid.sheet.rows
        )
