"""Two revisions of the sheet side by side: which to compare, and what moved, in words. Qt-free.

The rule a newcomer would get wrong: what is compared is what the server holds. A mark that waits on this
computer belongs to no revision yet, so the window says how many wait.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sims_desktop.grading.presenter.entry import Value, shown
from sims_desktop.grading.presenter.sheet import Key
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import plural
from sims_shared.revisions import CellMoved, CellThen, SheetCompared, SheetRevisions

STATES = {"submitted": later("handed in"), "open": later("returned"), "approved": later("approved")}


@dataclass(frozen=True, slots=True)
class Choice:
    """A revision that may be compared, as the list names it."""

    rev: int
    words: str


def choices_of(revisions: SheetRevisions, told: Callable[[datetime], str]) -> list[Choice]:
    """The beginning, every moment of the sheet, and now; oldest first. `told` says a moment."""
    found = [Choice(0, phrase("the empty sheet"))]
    for moment in revisions.moments:
        words = phrase(
            "{what} {when} by {who}, revision {rev:,}",
            what=phrase(STATES.get(moment.to_state, moment.to_state)),
            when=told(moment.at),
            who=moment.by.name,
            rev=moment.rev,
        )
        if moment.reason:
            words += phrase(": “{reason}”", reason=moment.reason)
        found.append(Choice(moment.rev, words))
    found.append(Choice(revisions.rev, phrase("now, revision {rev:,}", rev=revisions.rev)))
    return found


def first_pair(revisions: SheetRevisions) -> tuple[int, int]:
    """Which two a person wants to see, by place in `choices_of`: what was handed in last, and now. On a sheet
    that is back that is what the head saw, also while nothing moved since."""
    last = len(revisions.moments) + 1
    is_back = bool(revisions.moments) and revisions.moments[-1].to_state == "open"
    handed_in = [
        place
        for place, moment in enumerate(revisions.moments, start=1)
        if moment.to_state == "submitted" and (is_back or moment.rev < revisions.rev)
    ]
    return (handed_in[-1] if handed_in else 0), last


def held_words(held: CellThen) -> str:
    score = Decimal(held.score) if held.score is not None else None
    return shown(Value(held.mark, score)) or phrase("blank")


def key_of(cell: CellMoved) -> Key:
    return cell.enrollment_id, cell.assessment_id


def is_moved(cell: CellMoved) -> bool:
    return cell.before != cell.after


def sentence_of(compared: SheetCompared, waiting: int) -> str:
    moved = [cell for cell in compared.cells if is_moved(cell)]
    if not moved:
        said = phrase("Both revisions show the same marks.")
    else:
        students = len({cell.enrollment_id for cell in moved})
        said = phrase(
            "{marks} of {students} stand otherwise.",
            marks=plural(len(moved), "mark"),
            students=plural(students, "student"),
        )
    if waiting:
        said += " " + phrase(
            "On this computer only, not sent and in no revision: {marks}.", marks=plural(waiting, "mark")
        )
    return said
