"""Marks that the server refused, mostly because the sheet was submitted or published meanwhile.

They are asked for as a change of the published result, sent again once the sheet is open, or let go of. The
rule a newcomer would get wrong: letting go can be undone, because what a person typed is evidence until
that person says otherwise; the undo types the mark again, and the server refuses it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from sims_desktop.client.late_marks import Asked, LeftOver
from sims_desktop.grading.presenter.entry import Value, number_text, shown
from sims_desktop.grading.presenter.grid import GridPresenter
from sims_desktop.grading.presenter.history import Change, Held, Step
from sims_desktop.grading.presenter.refusals import refusal_words
from sims_desktop.grading.presenter.sheet import OPEN
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import left_to_right, plural

COMMON_REASONS = (
    later("Entered before the sheet was closed, but not sent in time"),
    later("Added up wrongly"),
    later("A script or page was found that had not been marked"),
)


def numbered(reasons: Sequence[str]) -> str:
    """`1 Added up wrongly, 2 …`"""
    return phrase(", ").join(f"{number} {phrase(reason)}" for number, reason in enumerate(reasons, 1))


def reason_of(typed: str, offered: Sequence[str]) -> str:
    """A digit means the reason of that number; anything else is the reason."""
    text = typed.strip()
    if len(text) == 1 and text.isdecimal() and 1 <= int(text) <= len(offered):
        return offered[int(text) - 1]
    return text


class Way(Enum):
    """What the state of the sheet lets a person do with the marks that are left."""

    SEND = "send"
    WAIT = "wait"
    REQUEST = "request"


class LatePresenter:
    """`marks` is what is left over, as last read."""

    def __init__(self, grid: GridPresenter) -> None:
        self.grid = grid
        self.marks: Sequence[LeftOver] = ()

    @property
    def way(self) -> Way:
        sheet = self.grid.sheet
        if sheet.state == OPEN:
            return Way.SEND
        published = any(row.status == "completed" for row in sheet.rows)
        return Way.REQUEST if published else Way.WAIT

    @property
    def sentence(self) -> str:
        """What is left over and what can be done, for the head of the panel."""
        if not self.marks:
            return phrase("No mark was refused.")
        count = plural(len(self.marks), "mark")
        if self.way is Way.SEND:
            return phrase(
                "{count} did not reach the record and stayed on this computer; each line says why and what "
                "helps. F8 sends all of them again, Delete lets go of the chosen ones.",
                count=count,
            )
        if self.way is Way.WAIT:
            return phrase(
                "{count} came after the sheet was closed and stayed on this computer. Ask the head of "
                "department to return the sheet, then F8 sends them; or wait until the results are "
                "published, then they can be asked for as changes. Delete lets go of the chosen ones.",
                count=count,
            )
        return phrase(
            "{count} came after the sheet was closed and stayed on this computer. The results are "
            "published: say why, and Enter asks the head of department for a change of each result. "
            "Delete lets go of the chosen ones.",
            count=count,
        )

    def texts(self, late: LeftOver) -> tuple[str, str, str, str, str, str]:
        """Student, assessment, on record, mine, why it was refused, and what helps."""
        on_record = shown(Value(late.server_mark, late.server_score)) or phrase("blank")
        mine = shown(Value(late.mark, late.score)) or phrase("blank")
        why = refusal_words(late.code)
        student = f"{left_to_right(late.reg_no)}  {late.name}"
        return student, late.assessment, on_record, mine, why, self.advice(late)

    def advice(self, late: LeftOver) -> str:
        """What a person can do about it now; the reason may be gone by now."""
        index, column = self.grid.row_of.get(late.key[0]), self.grid.column_of.get(late.key[1])
        if index is None:
            return phrase("The student is not on the sheet: ask the registrar, or let go of it")
        if column is None:
            return phrase("The column is gone: type it into another one, then let go of it")
        if not self.grid.sheet.rows[index].takes_marks:
            if self.way is Way.REQUEST:
                return phrase("Ask for a change")
            return phrase("The student has left: ask the registrar, or let go of it")
        if self.way is Way.WAIT:
            return phrase("Wait until the sheet is returned or published")
        head = self.grid.columns[column]
        if head.closed:
            return head.closed
        if late.score is not None and late.score > head.max_score:
            return phrase("Type a mark up to {maximum} in its cell", maximum=number_text(head.max_score))
        return phrase("F8 sends it: nothing stands in its way now")

    def let_go(self, marks: Sequence[LeftOver]) -> str:
        """What the server has stands. One step of undo."""
        here = [
            late for late in marks if late.key[0] in self.grid.row_of and late.key[1] in self.grid.column_of
        ]
        self.grid.shelf.give_up(self.grid.section_id, [late.key for late in marks])
        changes = tuple(
            Change(
                late.key,
                Held(Value(late.mark, late.score), None),
                Held(Value(late.server_mark, late.server_score), None),
            )
            for late in here
        )
        words = phrase("letting go of {count}", count=plural(len(marks), "refused mark"))
        if changes:
            self.grid.history.record(Step(words, changes, lets_go=True))
        self.grid.refresh()
        gone = {late.key for late in marks}
        self.marks = [late for late in self.marks if late.key not in gone]
        return phrase("Let go of {count}. Ctrl+Z undoes.", count=plural(len(marks), "refused mark"))

    def asked(self, asked: Asked) -> str:
        """What became of a request, for the foot of the page."""
        if not asked.requests:
            return " ".join(asked.left) or phrase("There is nothing to ask for.")
        said = phrase(
            "Asked for {changes} with {marks}. They wait for the head of department.",
            changes=plural(len(asked.requests), "change"),
            marks=plural(asked.marks, "mark"),
        )
        if asked.left:
            said += " " + phrase("Not asked for: {left}.", left="; ".join(asked.left))
        return said
