"""A returned sheet: the cells that the head's words name, for F7.

The head writes as on paper: "Quiz of 417 and 0418 not added up". The rule a newcomer would get wrong: a
number that fits several students, or none, names nobody; the words themselves always stand above the grid.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sims_desktop.grading.presenter.sheet import Column, Row

NUMBER = re.compile(r"[0-9]{2,}")
CLAUSE = re.compile(r"[;\n؛]")
LAST_DIGITS = re.compile(r"([0-9]+)[^0-9]*\Z")
Spot = tuple[int, int]


def named_cells(because: str, rows: Sequence[Row], columns: Sequence[Column]) -> list[Spot]:
    """(row, column) of the sheet, row by row: the students whose number the words say, under the assessments
    they say, or under the first one that takes marks. “Quiz of 2; midterm of 28” is two sentences: each has
    its own; one that names no assessment goes by the whole."""
    if not columns:
        return []
    everywhere = _named_columns(because, columns)
    if not everywhere:
        everywhere = [next((place for place, head in enumerate(columns) if not head.closed), 0)]
    spots: set[Spot] = set()
    for clause in CLAUSE.split(because):
        wanted = _named_columns(clause, columns) or everywhere
        spots.update((row, column) for row in named_rows(clause, rows) for column in wanted)
    return sorted(spots)


def _named_columns(words: str, columns: Sequence[Column]) -> list[int]:
    said = words.casefold()
    return [place for place, head in enumerate(columns) if head.name.strip().casefold() in said]


def named_rows(because: str, rows: Sequence[Row]) -> list[int]:
    """Places of the students whose registration number, or its last digits, the words say."""
    said = because.casefold()
    found = {place for place, row in enumerate(rows) if len(row.reg_no) > 3 and row.reg_no.casefold() in said}
    by_digits: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        if last := LAST_DIGITS.search(row.reg_no):
            by_digits.setdefault(last[1].lstrip("0"), []).append(place)
    for row in rows:  # what is said in full is not read again by its parts
        said = said.replace(row.reg_no.casefold(), " ") if row.reg_no.casefold() in said else said
    for digits in NUMBER.findall(said):
        places = by_digits.get(digits.lstrip("0"), ())
        if len(places) == 1:
            found.update(places)
    return sorted(found)
