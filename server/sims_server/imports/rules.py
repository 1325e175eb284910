"""What a file of each kind looks like, and what a cell means. Pure.

The rule a newcomer would get wrong: a spreadsheet's cell is text that somebody typed or a number that
the spreadsheet made of it. `0417` typed into a text cell keeps its zero; nothing here turns a
registration number into a number, nor a mark into a float.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sims_shared.problems import Fault
from sims_shared.values import intake_of, parse_decimal

Cell = object  # str, float, int, bool, date, datetime, None: what CSV and spreadsheets give
Read = Callable[[str], str]


class CellRefused(Exception):
    """A cell that cannot be what its column asks for. The arguments are a code and a sentence."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file: how its cells are read and the SQL type they have afterwards."""

    name: str
    read: Read
    sql: str = "text"
    required: bool = False
    means: str = ""  # for the operator's help


def text(longest: int = 200) -> Read:
    def read(cell: str) -> str:
        if len(cell) > longest:
            raise CellRefused("too_long", f"{len(cell)} characters; at most {longest} fit.")
        return cell

    return read


def matching(pattern: str, means: str) -> Read:
    compiled = re.compile(pattern)

    def read(cell: str) -> str:
        if not compiled.fullmatch(cell):
            raise CellRefused("malformed", f"“{cell[:60]}” is not {means}.")
        return cell

    return read


def lowered(inner: Read) -> Read:
    return lambda cell: inner(cell.lower())


def one_of(*words: str) -> Read:
    def read(cell: str) -> str:
        if cell.lower() not in words:
            raise CellRefused("unknown_word", f"“{cell[:60]}” is none of {', '.join(words)}.")
        return cell.lower()

    return read


def decimal(places: int, low: str, high: str) -> Read:
    lowest, highest = Decimal(low), Decimal(high)

    def read(cell: str) -> str:
        value = parse_decimal(cell)
        if value is None:
            raise CellRefused("malformed", f"“{cell[:60]}” is not a number like 12 or 12.50.")
        exponent = value.normalize().as_tuple().exponent
        if isinstance(exponent, int) and -exponent > places:
            raise CellRefused("too_many_places", f"{cell} has more than {places} decimal places.")
        if not lowest <= value <= highest:
            raise CellRefused("out_of_range", f"{cell} is not between {low} and {high}.")
        return cell

    return read


def whole(low: int, high: int) -> Read:
    def read(cell: str) -> str:
        if not re.fullmatch(r"-?[0-9]{1,9}", cell, re.ASCII):
            raise CellRefused("malformed", f"“{cell[:60]}” is not a whole number.")
        if not low <= int(cell) <= high:
            raise CellRefused("out_of_range", f"{cell} is not between {low} and {high}.")
        return cell

    return read


def day(cell: str) -> str:
    # Only one form: 03/04/2026 is March to one office and April to the next.
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", cell, re.ASCII):
            raise ValueError
        return date.fromisoformat(cell).isoformat()
    except ValueError:
        raise CellRefused("malformed", f"“{cell[:60]}” is not a date like 2026-09-01.") from None


_TRUTHS = {
    "yes": "true",
    "true": "true",
    "1": "true",
    "y": "true",
    "no": "false",
    "false": "false",
    "0": "false",
    "n": "false",
}


def truth(cell: str) -> str:
    if cell.lower() not in _TRUTHS:
        raise CellRefused("malformed", f"“{cell[:60]}” is neither yes nor no.")
    return _TRUTHS[cell.lower()]


def words(cell: str) -> str:
    """Several words in one cell, between spaces, commas or semicolons; kept with single spaces."""
    return " ".join(part for part in re.split(r"[\s,;]+", cell) if part)


CODE = matching(r"\S(.{0,38}\S)?", "a code of at most 40 characters")
REG_NO = matching(r"[!-~]([ -~]{0,38}[!-~])?", "a registration number (at most 40 ASCII characters)")
USERNAME = lowered(matching(r"[a-z0-9][a-z0-9._@-]{0,79}", "a user name (letters, digits and . _ @ -)"))
CREDITS = decimal(2, "0", "999.99")
MARKS = decimal(2, "0.01", "99999.99")

_COURSE = Column("course_code", CODE, required=True)
_TERM = Column("term", text(), required=True)
_SECTION = Column("section", CODE, required=True)
_STUDENT = Column("reg_no", REG_NO, required=True)

COLUMNS: dict[str, tuple[Column, ...]] = {
    "departments": (
        Column("code", CODE, required=True),
        Column("name", text(), required=True),
        Column("faculty_name", text()),
    ),
    "programs": (
        Column("code", CODE, required=True),
        Column("name", text(), required=True),
        Column("department_code", CODE, required=True),
        Column("level", CODE),
        Column("credits_required", decimal(2, "0", "9999.99"), "numeric"),
        Column("semesters", whole(1, 20), "integer"),
    ),
    "courses": (
        Column("code", CODE, required=True),
        Column("title", text(), required=True),
        Column("credits", CREDITS, "numeric", required=True),
        Column("department_code", CODE, required=True),
        Column("marks_total", MARKS, "numeric"),
        Column("credits_theory", CREDITS, "numeric"),
        Column("credits_practical", CREDITS, "numeric"),
        Column("grading", one_of("letter", "pass_fail", "non_credit", "audit")),
        Column("counts_in_gpa", truth, "boolean"),
        Column("prerequisites", words, means="course codes"),
    ),
    "terms": (
        Column("name", text(), required=True),
        Column("start_date", day, "date", required=True),
        Column("end_date", day, "date", required=True),
        Column("kind", one_of("fall", "spring", "summer", "annual", "supplementary")),
        Column("academic_year", text(20)),
        *(
            Column(name, day, "date")
            for name in ("enroll_until", "drop_until", "withdraw_until", "marks_due", "recheck_until")
        ),
        Column("status", one_of("open", "closed")),
    ),
    "accounts": (
        Column("username", USERNAME, required=True),
        Column("name", text(), required=True),
        Column("email", matching(r"[^@\s]+@[^@\s]+", "an e-mail address")),
        Column("roles", words, means="role names; department:role where a role belongs to one, e.g. CS:head"),
        Column(
            "password",
            text(1000),
            means="for new accounts only; without one the account is disabled until it has one",
        ),
        Column("disabled", truth, "boolean"),
        Column("reg_no", REG_NO, means="of the student whose account it is"),
    ),
    "sections": (
        _COURSE,
        _TERM,
        _SECTION,
        Column("capacity", whole(0, 100_000), "integer", required=True),
        Column("faculty", words, means="user names; the first leads"),
        Column("status", one_of("active", "cancelled")),
    ),
    "students": (
        _STUDENT,
        Column("name", text(), required=True, means="as per certificate"),
        Column("program_code", CODE, required=True),
        Column("admitted_on", day, "date", required=True),
        Column("intake", matching(r"[0-9]{4}[SF]", "an intake like 2026F")),
        Column("name_native", text()),
        Column("father_name", text()),
        Column("national_id", text(40)),
        Column("date_of_birth", day, "date"),
        Column("email", matching(r"[^@\s]+@[^@\s]+", "an e-mail address")),
        Column("phone", text(40)),
        Column("address", text(1000)),
        Column("roll_no", text(40)),
        Column("batch", text(40)),
    ),
    "enrollments": (
        _STUDENT,
        _COURSE,
        _TERM,
        _SECTION,
        Column("kind", one_of("regular", "repeat", "improvement", "audit", "supplementary")),
        Column("status", one_of("enrolled", "dropped", "withdrawn", "barred")),
        Column("enrolled_on", day, "date"),
        Column("ended_on", day, "date", means="when dropped, withdrawn or barred"),
    ),
    "assessments": (
        _COURSE,
        _TERM,
        _SECTION,
        Column("assessment", text(), required=True, means="its name, once in a section"),
        Column(
            "type",
            one_of("midterm", "final", "quiz", "assignment", "project", "lab", "viva", "practical"),
            required=True,
        ),
        Column("weight", decimal(2, "0", "100"), "numeric", required=True),
        Column("max_score", MARKS, "numeric", required=True),
        Column("head", one_of("theory", "practical", "internal")),
        Column("must_sit", truth, "boolean"),
        Column("step", decimal(2, "0.01", "100"), "numeric"),
        Column("due_date", day, "date"),
        Column("entered_by", one_of("faculty", "exam_cell")),
    ),
    "scores": (
        _STUDENT,
        _COURSE,
        _TERM,
        _SECTION,
        Column("assessment", text(), required=True),
        Column("score", decimal(2, "0", "99999.99"), "numeric"),
        Column(
            "mark",
            one_of("scored", "absent", "excused", "ufm", "pending"),
            means="scored when there is a score; blank with no score",
        ),
    ),
}


def plain(cell: Cell) -> str:
    """A cell as text. Excel keeps 72 as 72.0 and a date as a moment; both become what was typed."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        stripped = cell.strip()
        # The exporter puts ' before what a spreadsheet would take for a formula; here it is undone.
        return (
            stripped[1:] if len(stripped) > 1 and stripped[0] == "'" and stripped[1] in "=+-@" else stripped
        )
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return str(cell)


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row as a spreadsheet counts it (the header is 1), its readable cells, and its faults."""

    number: int
    cells: dict[str, str]
    faults: tuple[tuple[str, str, str], ...]  # column, code, sentence


def header_faults(kind: str, header: Sequence[Cell]) -> list[Fault]:
    """What is wrong with the first row: columns missing, unknown or named twice."""
    names = [plain(cell).lower() for cell in header]
    known = {column.name for column in COLUMNS[kind]}
    faults = [
        Fault(f"row 1, column {column.name}", "missing_column", f"The file lacks the column “{column.name}”.")
        for column in COLUMNS[kind]
        if column.required and column.name not in names
    ]
    for place, name in enumerate(names):
        if not name:
            continue
        if name not in known:
            offered = ", ".join(column.name for column in COLUMNS[kind])
            faults.append(
                Fault(
                    f"row 1, column {name[:60]}",
                    "unknown_column",
                    f"A file of {kind} has no column “{name[:60]}”; it has {offered}.",
                )
            )
        elif name in names[:place]:
            faults.append(
                Fault(f"row 1, column {name}", "repeated_column", f"The column “{name}” stands there twice.")
            )
    return faults


def read_rows(kind: str, header: Sequence[Cell], table: Iterable[Sequence[Cell]]) -> Iterator[ReadRow]:
    """Each row that is not blank, cell by cell. The header must have passed `header_faults`."""
    by_name = {column.name: column for column in COLUMNS[kind]}
    placed = [(place, by_name[name]) for place, cell in enumerate(header) if (name := plain(cell).lower())]
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
    return faults


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
    """`{rows, new, changed, same, fault}` of (fate, how many)."""
    counts = {"new": 0, "changed": 0, "same": 0, "fault": 0}
    counts.update(dict(fates))
    return {"rows": sum(counts.values()), **counts}
