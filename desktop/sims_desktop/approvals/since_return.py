"""A sheet that was returned once and is here again: what stands otherwise since. Qt-free.

The rule a newcomer would get wrong: it is compared with what was handed in before the return, not with what
stood while it was back. Nobody approved a mark that came and went in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import left_to_right, plural, when
from sims_shared.policy.rounding import plain
from sims_shared.revisions import CellThen, SheetCompared, SheetMoment, SheetRevisions


class PastCalls(Protocol):
    """Raises `ClientError`s only; called off the window's thread."""

    def read_revisions(self, section_id: int) -> SheetRevisions: ...

    def compare_revisions(self, section_id: int, since: int, until: int) -> SheetCompared: ...


class MarkWords(Protocol):
    """How a mark without a score is said."""

    def __call__(self, mark: str | None) -> str: ...


@dataclass(frozen=True, slots=True)
class Moved:
    """One mark, as it was handed in before and as it is handed in now."""

    number: str
    name: str
    assessment: str
    before: str
    after: str
    who: str


@dataclass(frozen=True, slots=True)
class SinceReturn:
    sentence: str
    marks: list[Moved]


def pair_of(revisions: SheetRevisions) -> tuple[SheetMoment, SheetMoment] | None:
    """The hand-in that was returned last, and that return; None where none was."""
    moments = revisions.moments
    back = next((at for at in reversed(range(len(moments))) if moments[at].to_state == "open"), None)
    if back is None:
        return None
    before = [moment for moment in moments[:back] if moment.to_state == "submitted"]
    return (before[-1], moments[back]) if before else None


def since_return(calls: PastCalls, section_id: int, words: MarkWords, now: datetime) -> SinceReturn | None:
    """Off the window's thread; None where the sheet is here for the first time."""
    revisions = calls.read_revisions(section_id)
    pair = pair_of(revisions)
    if pair is None:
        return None
    handed_in, returned = pair
    compared = calls.compare_revisions(section_id, handed_in.rev, revisions.rev)
    marks = [
        Moved(
            left_to_right(cell.reg_no),
            cell.name,
            cell.assessment,
            _held(cell.before, words),
            _held(cell.after, words),
            f"{cell.by.name}, {when(cell.at, now)}",
        )
        for cell in compared.cells
    ]
    said = phrase(
        "Here again: {who} returned it {when}, “{reason}”.",
        who=returned.by.name,
        when=when(returned.at, now),
        reason=returned.reason or "",
    )
    if marks:
        students = len({cell.enrollment_id for cell in compared.cells})
        what = phrase(
            "{marks} of {students} stand otherwise than revision {rev:,}:",
            marks=plural(len(marks), "mark"),
            students=plural(students, "student"),
            rev=handed_in.rev,
        )
    else:
        what = phrase("No mark stands otherwise than in revision {rev:,}.", rev=handed_in.rev)
    return SinceReturn(f"{said} {what}", marks)


def _held(held: CellThen, words: MarkWords) -> str:
    return plain(held.score) if held.score is not None else words(held.mark)
