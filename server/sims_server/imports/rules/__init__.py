"""What the rows of a file say. Pure: files are read by operations, the record is asked by queries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sims_server.imports.rules.cells import Cell, CellRefused, plain
from sims_server.imports.rules.columns import COLUMNS, Column
from sims_server.imports.rules.headers import columns_of, header_faults, mapping_faults, offer
from sims_shared.examinations import LONGEST, SHORTEST
from sims_shared.problems import Fault
from sims_shared.values import intake_of

__all__ = [
    "COLUMNS",
    "Cell",
    "Column",
    "ReadRow",
    "counts_of",
    "header_faults",
    "in_file_order",
    "mapping_faults",
    "offer",
    "place_of",
    "read_rows",
]


DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row as a spreadsheet counts it (the header is 1), its readable cells, and its faults."""

    number: int
    cells: dict[str, str]
    faults: tuple[tuple[str, str, str], ...]  # column, code, sentence


def read_rows(
    kind: str, header: Sequence[Cell], table: Iterable[Sequence[Cell]], mapping: Mapping[str, str]
) -> Iterator[ReadRow]:
    """Each row that is not blank, cell by cell. The header must have passed `header_faults`."""
    by_name: dict[str, Column] = {column.name: column for column in COLUMNS[kind]}
    placed = [(place, by_name[name]) for place, name in enumerate(columns_of(header, mapping)) if name]
    named = {column.name for _, column in placed}
    required = [column.name for column in COLUMNS[kind] if column.required and column.name in named]
    for number, row in enumerate(table, start=2):
        cells: dict[str, str] = {}
        faults: list[tuple[str, str, str]] = []
        for place, column in placed:
            given = plain(row[place]) if place < len(row) else ""
            if not given:
                continue
            try:
                if "\x00" in given:
                    raise CellRefused("malformed", "NUL cannot be stored.")
                cells[column.name] = column.read(given)
            except CellRefused as refused:
                faults.append((column.name, refused.code, refused.detail))
        if not cells and not faults:
            continue
        refused_columns = {column for column, _, _ in faults}
        faults += [
            (name, "missing", f"“{name}” is required.")
            for name in required
            if name not in cells and name not in refused_columns
        ]
        faults += _across(kind, cells, refused_columns)
        yield ReadRow(number, cells, tuple(faults))


def _across(kind: str, cells: dict[str, str], refused: set[str]) -> list[tuple[str, str, str]]:
    """What two cells of a row say together, and the defaults that follow from another cell."""
    faults: list[tuple[str, str, str]] = []
    if kind == "terms" and cells.get("start_date", "") > cells.get("end_date", "9"):
        faults.append(
            ("end_date", "before_start", f"The term would end on {cells['end_date']}, before it starts.")
        )
    elif kind == "students" and "intake" not in cells and "intake" not in refused and "admitted_on" in cells:
        admitted = date.fromisoformat(cells["admitted_on"])
        cells["intake"] = intake_of(admitted.year, admitted.month)
    elif kind == "scores":
        mark = cells.get("mark")
        if "score" in cells and mark not in (None, "scored"):
            faults.append(
                ("score", "score_beside_mark", f"“{mark}” stands for itself; no score goes with it.")
            )
        elif "score" in cells:
            cells["mark"] = "scored"
        elif mark == "scored" and "score" not in refused:
            faults.append(("score", "missing", "“scored” needs a score."))
    elif (
        kind == "enrollments"
        and "ended_on" in cells
        and cells.get("status", "enrolled") == "enrolled"
        and "status" not in refused
    ):
        faults.append(
            (
                "ended_on",
                "not_ended",
                "An enrollment that goes on has no end; say dropped, withdrawn or barred.",
            )
        )
    elif kind == "accounts" and "password" in cells and _is_weak(cells["password"]):
        faults.append(("password", "too_weak", "A password has 10 characters or more, not all the same few."))
    elif kind == "holds" and "kind" not in cells and "kind" not in refused:
        cells["kind"] = "fee"
    elif kind == "attendance" and "slot" not in cells and "slot" not in refused:
        cells["slot"] = "1"
    elif kind == "exam_papers":
        faults += _sat(cells, refused)
    elif kind == "results_history":
        faults += _recorded(cells, refused)
    return faults


def _sat(cells: dict[str, str], refused: set[str]) -> list[tuple[str, str, str]]:
    """Of a section that writes one paper nobody says which; and a paper ends after it begins."""
    if "part" not in refused:
        cells.setdefault("part", "")
    if "starts_at" in refused or "starts_at" not in cells:
        return []
    begins = _minute(cells["starts_at"])
    if "ends_at" not in cells:
        if begins < DAY - SHORTEST or "ends_at" in refused:
            return []
        return [("starts_at", "out_of_range", "A paper ends on the day it begins.")]
    lasts = _minute(cells["ends_at"]) - begins
    if lasts <= 0:
        return [("ends_at", "before_start", f"It would end at {cells['ends_at']}, before it begins.")]
    if not SHORTEST <= lasts <= LONGEST:
        detail = f"A paper takes {SHORTEST} to {LONGEST} minutes, not {lasts}."
        return [("ends_at", "out_of_range", detail)]
    return []


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


_OF_A_COURSE = ("course_title", "credits", "grade", "grade_points", "total", "outcome", "attempt")


def _recorded(cells: dict[str, str], refused: set[str]) -> list[tuple[str, str, str]]:
    """A row of the years before is a course's result, a term's averages, or both."""
    if "course_code" in cells or "course_code" in refused:
        return [
            (name, "missing", f"“{name}” is required beside a course.")
            for name in ("credits", "outcome")
            if name not in cells and name not in refused
        ]
    astray = [name for name in _OF_A_COURSE if name in cells]
    if astray:
        return [("course_code", "missing", f"“{astray[0]}” stands there, but no course.")]
    if not {"sgpa", "cgpa"} & (set(cells) | refused):
        return [("course_code", "missing", "The row names neither a course nor an average of the term.")]
    return []


def _is_weak(password: str) -> bool:
    return len(password) < 10 or len(set(password.lower())) < 4


def place_of(row: int, column: str) -> str:
    """Where a fault is, as a person looks for it."""
    return f"row {row}, column {column}"


def in_file_order(kind: str, faults: Iterable[tuple[int, str, str, str]]) -> list[Fault]:
    """Faults (row, column, code, sentence) by row, then as the columns stand in the description."""
    order: dict[str, int] = {column.name: place for place, column in enumerate(COLUMNS[kind])}
    ordered = sorted(faults, key=lambda fault: (fault[0], order.get(fault[1], 99), fault[2]))
    return [Fault(place_of(row, column), code, detail) for row, column, code, detail in ordered]


def counts_of(fates: Iterable[tuple[str, int]]) -> dict[str, Any]:
    """`{rows, new, changed, same, lifted, fault}` of (fate, how many)."""
    counts = {"new": 0, "changed": 0, "same": 0, "lifted": 0, "fault": 0}
    counts.update(dict(fates))
    # What is lifted stands on no row of the file: it is lifted because it does not.
    return {"rows": sum(counts.values()) - counts["lifted"], **counts}
