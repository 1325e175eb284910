"""A report as a table: columns, lines with their values, the total, and what its picture shows. Qt-free.

Values stay numbers: the screen and the paper say them in words, a workbook takes them as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from sims_desktop.kit.language import later, phrase
from sims_shared.reports import (
    AttendanceLine,
    AttendanceReport,
    Broadsheet,
    BroadsheetCell,
    BroadsheetRow,
    EnrollmentLine,
    EnrollmentReport,
    GradeLine,
    GradeReport,
)
from sims_shared.results import ExceptionList

Value = str | int | Decimal | None

LINE_NAMES = {
    "section": later("Section"),
    "course": later("Course"),
    "program": later("Program"),
    "department": later("Department"),
    "term": later("Term"),
}
REASONS = {
    "fee": later("withheld: fee"),
    "ufm": later("withheld: unfair means"),
    "award_awaited": later("withheld: award awaited"),
    "document": later("withheld: document"),
    "other": later("withheld"),
}
# Outcomes that stand where there is no grade.
OUTCOMES = {
    "pass": later("pass"),
    "fail": later("fail"),
    "incomplete": later("incomplete"),
    "withdrawn": later("withdrawn"),
    "barred": later("barred"),
    "absent": later("absent"),
    "exempt": later("exempt"),
    "transfer": later("transfer"),
    "audit": later("audit"),
    "void": later("void"),
}
NOT_YET = "…"


@dataclass(frozen=True, slots=True)
class Line:
    """`id` 0 is the total. `bars` are what the picture shows of it, one for each of the table's."""

    id: int
    code: str
    values: tuple[Value, ...]
    bars: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """`numbers` says of each column whether it holds figures. `bars` names the picture's bars."""

    columns: tuple[str, ...]
    numbers: tuple[bool, ...]
    lines: tuple[Line, ...]
    total: Line | None
    bars: tuple[str, ...]
    more: bool


def text_of(value: Value) -> str:
    """As shown: thousands parted, nothing as a dash."""
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    return value if isinstance(value, str) else f"{value:f}"


def percent(part: int, whole: int) -> Decimal | None:
    """Half up to one place; nothing of nothing."""
    if not whole:
        return None
    return (Decimal(100 * part) / whole).quantize(Decimal("0.1"), ROUND_HALF_UP)


def table_of(
    report: GradeReport | EnrollmentReport | AttendanceReport | Broadsheet | ExceptionList,
) -> Table:
    if isinstance(report, GradeReport):
        return _grades(report)
    if isinstance(report, EnrollmentReport):
        return _enrollment(report)
    if isinstance(report, AttendanceReport):
        return _attendance(report)
    if isinstance(report, Broadsheet):
        return _broadsheet(report)
    return _exceptions(report)


def _heads(by: str) -> tuple[str, ...]:
    """A term is named by its code alone."""
    name = phrase(LINE_NAMES[by])
    return (name,) if by == "term" else (name, phrase("Title"))


def _named(by: str, line: GradeLine | EnrollmentLine | AttendanceLine) -> tuple[Value, ...]:
    code = line.code if line.id else phrase("All")
    return (code,) if by == "term" else (code, line.title)


def _table(
    by: str,
    heads: Sequence[str],
    lines: Sequence[Line],
    total: Line,
    bars: Sequence[str],
    more: bool,
) -> Table:
    named = _heads(by)
    return Table(
        (*named, *heads),
        (False,) * len(named) + (True,) * len(heads),
        tuple(lines),
        total if lines else None,
        tuple(bars),
        more,
    )


def grade_words(grade: str) -> str:
    """A grade as it is; an outcome in words."""
    return phrase(OUTCOMES[grade]) if grade in OUTCOMES else grade


def _grades(report: GradeReport) -> Table:
    grades = [grade_words(grade) for grade in report.grades]

    def line(one: GradeLine) -> Line:
        rate = percent(one.passed, one.passed + one.failed)
        values = (one.results, *one.counts, one.passed, one.failed, rate, one.mean_points)
        return Line(one.id, one.code, (*_named(report.by, one), *values), tuple(one.counts))

    heads = [
        phrase("Results"),
        *grades,
        phrase("Passed"),
        phrase("Failed"),
        phrase("Passed %"),
        phrase("Mean"),
    ]
    return _table(
        report.by, heads, [line(one) for one in report.lines], line(report.total), grades, report.more
    )


def _enrollment(report: EnrollmentReport) -> Table:
    states = [phrase(word) for word in ("enrolled", "completed", "withdrawn", "barred", "dropped")]

    def line(one: EnrollmentLine) -> Line:
        counts = (one.enrolled, one.completed, one.withdrawn, one.barred, one.dropped)
        # Whoever withdrew or was barred keeps the seat; who dropped gave it back.
        filled = None if one.seats is None else percent(sum(counts[:4]), one.seats)
        values = (one.sections, one.seats, filled, one.students, *counts)
        return Line(one.id, one.code, (*_named(report.by, one), *values), counts)

    heads = [
        phrase("Sections"),
        phrase("Seats"),
        phrase("Filled %"),
        phrase("Students"),
        *(state[:1].upper() + state[1:] for state in states),
    ]
    return _table(
        report.by, heads, [line(one) for one in report.lines], line(report.total), states, report.more
    )


def _attendance(report: AttendanceReport) -> Table:
    marks = [phrase(word) for word in ("present", "late", "leave", "absent")]

    def line(one: AttendanceLine) -> Line:
        counts = (one.present, one.late, one.leave, one.absent)
        values = (one.classes, one.untaken, *counts, one.share, one.below)
        return Line(one.id, one.code, (*_named(report.by, one), *values), counts)

    heads = [
        phrase("Classes"),
        phrase("Not taken"),
        *(mark[:1].upper() + mark[1:] for mark in marks),
        phrase("Came %"),
        phrase("Students below {threshold} %", threshold=f"{report.threshold.normalize():f}"),
    ]
    return _table(
        report.by, heads, [line(one) for one in report.lines], line(report.total), marks, report.more
    )


def cell_words(cell: BroadsheetCell | None) -> str:
    """Total and grade as they stand; a draft in brackets; nothing for who does not take it."""
    if cell is None:
        return ""
    if cell.withheld_for is not None:
        return phrase("withheld")
    if cell.state is None:
        return NOT_YET
    grade = cell.grade or grade_words(cell.outcome or "")
    said = grade if cell.total is None else f"{cell.total.normalize():f} {grade}"
    if cell.attempt > 1:
        said = f"{said} ×{cell.attempt}"
    return f"({said})" if cell.state == "draft" else said


def _remarks(row: BroadsheetRow, codes: Sequence[str]) -> str:
    taken = [(code, cell) for code, cell in zip(codes, row.cells, strict=True) if cell is not None]
    failed = [code for code, cell in taken if cell.outcome == "fail" and cell.state not in (None, "draft")]
    parts = [phrase("fails {courses}", courses=", ".join(failed))] if failed else []
    reasons = dict.fromkeys(cell.withheld_for for _, cell in taken if cell.withheld_for is not None)
    parts += [phrase(REASONS.get(reason, reason)) for reason in reasons]
    if not row.complete and not reasons:
        parts.append(phrase("not complete"))
    if row.standing:
        parts.append(phrase(row.standing.replace("_", " ")))
    return "; ".join(parts)


def _broadsheet(report: Broadsheet) -> Table:
    codes = [course.code for course in report.courses]
    lines = [
        Line(
            row.student_id,
            row.reg_no,
            (
                row.reg_no,
                row.name,
                *map(cell_words, row.cells),
                row.sgpa,
                row.cgpa,
                row.failed,
                _remarks(row, codes),
            ),
        )
        for row in report.rows
    ]
    heads = (
        phrase("Number"),
        phrase("Name"),
        *codes,
        phrase("SGPA"),
        phrase("CGPA"),
        phrase("Failed"),
        phrase("Remarks"),
    )
    numbers = (False, False, *(False for _ in codes), True, True, True, False)
    return Table(heads, numbers, tuple(lines), None, (), report.more)


def _exceptions(report: ExceptionList) -> Table:
    lines = [
        Line(
            row.result_id or 0,
            row.section,
            (
                row.section,
                row.reg_no,
                row.name,
                phrase(REASONS.get(row.withheld_for, row.withheld_for)) if row.withheld_for else row.why,
                row.note,
            ),
        )
        for row in report.rows
    ]
    heads = (phrase("Section"), phrase("Number"), phrase("Name"), phrase("Why"), phrase("Note"))
    return Table(heads, (False,) * 5, tuple(lines), None, (), report.count > len(report.rows))
