"""From counted rows to lines and a total. Pure.

The rule a newcomer would get wrong: lines may share sections (two programs in one room) and students (one
person in two courses), so a total is never the sum of its lines where those are what is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sims_shared.reports import (
    AttendanceLine,
    AttendanceReport,
    EnrollmentLine,
    EnrollmentReport,
    GradeLine,
    GradeReport,
    ReportBy,
)

AT_MOST = 2000  # lines; a term has fewer sections
Rows = Sequence[Mapping[str, Any]]
_MARKS = ("present", "late", "leave", "absent")
_NOWHERE: Mapping[str, Any] = {"id": 0, "code": "", "title": ""}


def _lines(rows: Rows) -> dict[int, list[Mapping[str, Any]]]:
    """Rows by line, in the order they came."""
    found: dict[int, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["id"], []).append(row)
    return found


def _named(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("id", "code", "title")}


def _sum(rows: Iterable[Mapping[str, Any]], name: str) -> int:
    return sum(row[name] for row in rows)


def add_up_grades(by: ReportBy, rows: Rows) -> GradeReport:
    """`rows` count the results of a line, a grade and an outcome."""
    best: dict[str, Decimal] = {}
    for row in rows:
        points = Decimal(-1) if row["most"] is None else row["most"]
        best[row["grade"]] = max(points, best.get(row["grade"], points))
    grades = sorted(best, key=lambda grade: (-best[grade], grade))

    def line(named: Mapping[str, Any], own: Rows) -> GradeLine:
        pointed = _sum(own, "pointed")
        points = sum((row["points"] for row in own if row["points"] is not None), Decimal(0))
        return GradeLine(
            **_named(named),
            results=_sum(own, "results"),
            counts=[_sum((row for row in own if row["grade"] == grade), "results") for grade in grades],
            passed=_sum((row for row in own if row["outcome"] == "pass"), "results"),
            failed=_sum((row for row in own if row["outcome"] == "fail"), "results"),
            mean_points=(points / pointed).quantize(Decimal("0.01"), ROUND_HALF_UP) if pointed else None,
        )

    lines = [line(own[0], own) for own in _lines(rows).values()]
    return GradeReport(
        by=by, grades=grades, lines=lines[:AT_MOST], total=line(_NOWHERE, rows), more=len(lines) > AT_MOST
    )


def add_up_enrollment(by: ReportBy, rows: Rows, students: Mapping[int | None, int]) -> EnrollmentReport:
    """`rows` count the enrollments of a line and a section; `students` are persons by line, those of all
    lines under None."""

    def line(named: Mapping[str, Any], own: Rows, persons: int) -> EnrollmentLine:
        active = {row["section_id"]: row["seats"] for row in own if row["is_active"]}
        return EnrollmentLine(
            **_named(named),
            sections=len(active),
            seats=None if by == "program" and named is not _NOWHERE else sum(active.values()),
            students=persons,
            enrolled=_sum(own, "enrolled"),
            completed=_sum(own, "completed"),
            withdrawn=_sum(own, "withdrawn"),
            barred=_sum(own, "barred"),
            dropped=_sum(own, "dropped"),
        )

    lines = [line(own[0], own, students.get(id, 0)) for id, own in _lines(rows).items()]
    total = line(_NOWHERE, rows, students.get(None, 0))
    return EnrollmentReport(by=by, lines=lines[:AT_MOST], total=total, more=len(lines) > AT_MOST)


def add_up_attendance(by: ReportBy, threshold: Decimal, classes: Rows, marks: Rows) -> AttendanceReport:
    """`classes` are those of a line and a section, `marks` what was marked there."""
    marked = _lines(marks)

    def line(named: Mapping[str, Any], own: Rows, given: Rows) -> AttendanceLine:
        held = {row["section_id"]: row for row in own}
        counted = {mark: _sum(given, mark) for mark in _MARKS}
        every = sum(counted.values())
        share = Decimal(100 * (counted["present"] + counted["late"])) / every if every else None
        return AttendanceLine(
            **_named(named),
            classes=_sum(held.values(), "classes"),
            untaken=_sum(held.values(), "untaken"),
            present=counted["present"],
            late=counted["late"],
            leave=counted["leave"],
            absent=counted["absent"],
            share=None if share is None else share.quantize(Decimal("0.1"), ROUND_HALF_UP),
            below=_sum(given, "below"),
        )

    lines = [line(own[0], own, marked.get(id, [])) for id, own in _lines(classes).items()]
    return AttendanceReport(
        by=by,
        threshold=threshold,
        lines=lines[:AT_MOST],
        total=line(_NOWHERE, classes, marks),
        more=len(lines) > AT_MOST,
    )
