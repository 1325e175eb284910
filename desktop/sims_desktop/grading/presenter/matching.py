"""Paste by registration number: a list from Excel or the learning platform, in any order.

The person sees what would change before anything does; one step of undo takes all of it back. The rule a
newcomer would get wrong: a number that fits nobody, or comes twice with different marks, is never guessed
at. It stays in the tray beside the grid.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sims_desktop.grading.presenter.blocks import read_block
from sims_desktop.grading.presenter.entry import Mistake, read_entry, shown
from sims_desktop.grading.presenter.grid import GridPresenter, Outcome
from sims_desktop.grading.presenter.sheet import Key
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import plural

NOT_SIGNIFICANT = re.compile(r"[\s\-_/.]+")


class Line(NamedTuple):
    """One cell that would change."""

    key: Key
    reg_no: str
    name: str
    column: str
    old: str
    new: str


class Odd(NamedTuple):
    """One pasted line that does nothing, and why."""

    reg_no: str
    text: str
    why: str


@dataclass(slots=True)
class Match:
    """What a paste would do."""

    same: int = 0
    changes: list[Line] = field(default_factory=list)
    odd: list[Odd] = field(default_factory=list)
    told: str = later("pasting {} by registration number")  # how the step of undo is called
    notes: list[str] = field(default_factory=list)  # of the whole list: a column that is missing

    @property
    def sentence(self) -> str:
        unknown = sum(odd.why == phrase(UNKNOWN) for odd in self.odd)
        other = len(self.odd) - unknown
        said = phrase(
            "{same:,} same, {count:,} to change, {unknown:,} unknown",
            same=self.same,
            count=len(self.changes),
            unknown=unknown,
        )
        said += phrase(", {other:,} not usable", other=other) if other else ""
        return "\n".join([said, *self.notes])


UNKNOWN = later("No student of this section has this number")


def folded(number: str) -> str:
    """A registration number as people retype it: without case, blanks, dashes and dots. Leading zeros
    are part of it."""
    return NOT_SIGNIFICANT.sub("", number).casefold()


def match_by_number(grid: GridPresenter, text: str, column: int) -> Match | None:
    """What the clipboard would do to `column`, or, where its first line names assessments, to those.
    None when no column of it looks like registration numbers of this section."""
    return match_rows(grid, read_block(text), column)


def match_rows(grid: GridPresenter, rows: Sequence[Sequence[str]], column: int) -> Match | None:
    """As `match_by_number`, of rows of cells."""
    lines = [line for line in rows if any(cell.strip() for cell in line)]
    owners = {folded(row.reg_no): row for row in grid.sheet.rows}
    where = _number_column(lines, owners.keys())
    if where is None:
        return None
    targets, body = _targets(grid, lines, where, column)
    return match_lines(grid, body, where, targets)


def match_lines(
    grid: GridPresenter,
    body: Sequence[Sequence[str]],
    where: int,
    targets: Sequence[tuple[int, int]],
) -> Match:
    """What lines would do whose column `where` holds the number; `targets` are pairs (column of the list,
    column of the sheet)."""
    owners = {folded(row.reg_no): row for row in grid.sheet.rows}
    match = Match()
    decided: dict[Key, str] = {}
    for line in body:
        number = line[where].strip() if where < len(line) else ""
        row = owners.get(folded(number))
        for source, target in targets:
            typed = line[source].strip() if source < len(line) else ""
            if row is None:
                match.odd.append(Odd(number, typed, phrase(UNKNOWN)))
                continue
            head = grid.columns[target]
            key = (row.enrollment_id, head.assessment_id)
            meant = read_entry(typed, head.max_score, grid.aliases)
            cell = grid.cell_of(key)
            closed = grid.closed_key(key)
            if isinstance(meant, Mistake):
                match.odd.append(Odd(number, typed, meant.reason))
            elif key in decided and decided[key] != shown(meant):
                other = decided[key] or phrase("blank")
                match.odd.append(
                    Odd(number, typed, phrase("The list also says {other} for this number", other=other))
                )
            elif not typed or (cell.value == meant and cell.typed is None):
                match.same += key not in decided
                decided.setdefault(key, shown(meant))
            elif closed:
                match.odd.append(Odd(number, typed, closed))
            elif key not in decided:
                decided[key] = shown(meant)
                match.changes.append(Line(key, row.reg_no, row.name, head.name, cell.text, shown(meant)))
    return match


def apply_match(grid: GridPresenter, match: Match) -> Outcome:
    texts = {line.key: line.new for line in match.changes}
    return grid.put_texts(texts, phrase(match.told).format(plural(len(texts), "mark")))


def _number_column(lines: Sequence[Sequence[str]], known: Container[str]) -> int | None:
    width = max(map(len, lines), default=0)
    counts = [0] * width
    for line in lines:
        for index, cell in enumerate(line):
            counts[index] += folded(cell) in known
    best = max(range(width), key=counts.__getitem__, default=None)
    return best if best is not None and counts[best] and width > 1 else None


def _targets(
    grid: GridPresenter, lines: Sequence[Sequence[str]], where: int, column: int
) -> tuple[list[tuple[int, int]], Sequence[Sequence[str]]]:
    """Pairs (pasted column, column of the sheet), and the lines below the heading if there is one."""
    names = {head.name.casefold(): index for index, head in enumerate(grid.columns)}
    heading = lines[0]
    named = [
        (i, names[cell.strip().casefold()])
        for i, cell in enumerate(heading)
        if cell.strip().casefold() in names
    ]
    if named:
        return named, lines[1:]
    owners = {folded(row.reg_no) for row in grid.sheet.rows}
    width = max(map(len, lines))
    maximum = grid.columns[column].max_score
    # Names of students and blanks lie between number and mark in most lists: the column with the most
    # readable marks is meant, the last of equals.
    readable = {
        i: sum(
            i < len(line) and bool(line[i].strip()) and not isinstance(read_entry(line[i], maximum), Mistake)
            for line in lines
        )
        for i in range(width)
        if i != where
    }
    source = max(readable, key=lambda i: (readable[i], i))
    is_heading = folded(heading[where]) not in owners if where < len(heading) else True
    unreadable = source < len(heading) and isinstance(read_entry(heading[source], maximum), Mistake)
    return [(source, column)], lines[1:] if is_heading and unreadable else lines
