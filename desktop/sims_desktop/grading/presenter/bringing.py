"""Marks from a file of somebody else: a learning platform's export, a colleague's list.

Which column is which is guessed from its heading, shown, and remembered by the headings for the next file
like it. The rule a newcomer would get wrong: a guess is never carried out unseen, and a column that could
be two assessments is left for the person to say.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sims_desktop.grading.presenter.grid import GridPresenter
from sims_desktop.grading.presenter.matching import Match, folded, match_lines
from sims_desktop.grading.presenter.workbook import pages_of
from sims_desktop.kit.language import later, phrase

MOST_BYTES = 20 * 1024 * 1024
NO_COLUMN = -1
# What platforms add to the name of an assessment: “Assignment: Quiz 1 (Real)”, “Quiz 1 (48291)”.
_ADDED = re.compile(r"\A(?:assignment|quiz|forum|lesson)\s*:\s*|\s*\((?:real|\d+)\)\s*\Z", re.IGNORECASE)
# Lines that are no student: Canvas writes the maxima below the headings.
_NO_STUDENT = re.compile(r"\s*points possible", re.IGNORECASE)
_NOTHING = {"-", "–", "—", "n/a"}


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column of the file holds the number, and which each assessment (by its place on the sheet)."""

    number: int
    marks: dict[int, int] = field(default_factory=dict)

    def remembered(self, headings: Sequence[str], names: Sequence[str]) -> str:
        """As JSON, by headings and names of assessments: it fits the next section and the next term."""
        marks = {names[target]: headings[source] for target, source in self.marks.items()}
        return json.dumps({"number": headings[self.number], "marks": marks}, ensure_ascii=False)


@dataclass(slots=True)
class Foreign:
    """A file's table: its headings, and its lines as texts."""

    headings: list[str]
    lines: list[list[str]]

    @property
    def fingerprint(self) -> str:
        """The same for two exports of one platform whose columns are the same."""
        return hashlib.sha256("\x00".join(self.headings).encode()).hexdigest()[:16]


def text_of(content: bytes) -> str:
    """The text of a CSV file in the encodings that spreadsheets write."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def lines_of(text: str) -> list[list[str]]:
    """Lines of a table with commas, semicolons or tabs, whichever its first line has most of."""
    first = text.partition("\n")[0]
    separator = max((",", ";", "\t"), key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    return [[cell.strip() for cell in line] for line in rows]


def foreign_table(pages: Iterable[Sequence[Sequence[str]]]) -> Foreign:
    """The first page that has headings and a line. Raises ValueError when none has."""
    for page in pages:
        lines = [list(line) for line in page if any(cell.strip() for cell in line)]
        if len(lines) > 1:
            width = max(map(len, lines))
            padded = [[*line, *[""] * (width - len(line))] for line in lines]
            return Foreign(padded[0], [line for line in padded[1:] if not _NO_STUDENT.match(line[0])])
    raise ValueError(phrase("The file has no table with headings and lines."))


def read_pages(name: str, content: bytes) -> dict[str, list[list[str]]]:
    """The pages of a file. Raises ValueError, in words, when it cannot be read."""
    if len(content) > MOST_BYTES:
        raise ValueError(phrase("The file is larger than 20 MB; no list of marks is."))
    if name.lower().endswith((".csv", ".txt", ".tsv")):
        return {name: lines_of(text_of(content))}
    return pages_of(content)


def _plain(heading: str) -> str:
    plain = heading.strip()
    while (shorter := _ADDED.sub("", plain).strip()) != plain:
        plain = shorter
    return plain.casefold()


def guess_columns(grid: GridPresenter, table: Foreign, remembered: str = "") -> Columns | None:
    """What was chosen for these headings before, else what the headings and numbers say. None when no
    column holds registration numbers of this section."""
    names = {head.name: at for at, head in enumerate(grid.columns)}
    if remembered:
        told = json.loads(remembered)
        if told["number"] in table.headings:
            marks = {
                names[name]: table.headings.index(heading)
                for name, heading in told["marks"].items()
                if name in names and heading in table.headings
            }
            return Columns(table.headings.index(told["number"]), marks)
    known = {folded(row.reg_no) for row in grid.sheet.rows}
    counts = [sum(folded(line[at]) in known for line in table.lines) for at in range(len(table.headings))]
    number = max(range(len(counts)), key=counts.__getitem__, default=NO_COLUMN)
    if number == NO_COLUMN or not counts[number]:
        return None
    marks = {}
    for target, head in enumerate(grid.columns):
        fitting = [at for at, heading in enumerate(table.headings) if _plain(heading) == head.name.casefold()]
        if len(fitting) == 1:
            marks[target] = fitting[0]
    return Columns(number, marks)


def match_columns(grid: GridPresenter, table: Foreign, columns: Columns) -> Match:
    """What the file would do with its columns told so."""
    targets = [(source, target) for target, source in sorted(columns.marks.items())]
    lines = [["" if cell in _NOTHING else cell for cell in line] for line in table.lines]
    match = match_lines(grid, lines, columns.number, targets)
    match.told = later("bringing {} in from the file")
    return match
