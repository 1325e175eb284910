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
    Broadsheet,
    BroadsheetCell,
    BroadsheetCourse,
    BroadsheetRow,
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


def _cell(row: Mapping[str, Any]) -> BroadsheetCell:
    """What is withheld shows no figure, whoever looks."""
    shown = row["withheld_for"] is None
    return BroadsheetCell(
        total=row["total"] if shown else None,
        grade=(row["grade"] or None) if shown else None,
        outcome=row["outcome"] if shown else "withheld",
        state=row["state"],
        attempt=row["attempt"],
        withheld_for=row["withheld_for"],
    )


def _is_out(row: Mapping[str, Any]) -> bool:
    return row["state"] in ("published", "frozen")


def lay_out(rows: Rows, declared: Mapping[int, Mapping[str, Any]]) -> Broadsheet:
    """`rows` are enrollments with their results, by student; `declared` the term's averages by
    registration."""
    by_course: dict[int, list[Mapping[str, Any]]] = {}
    by_student: dict[int, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_course.setdefault(row["course_id"], []).append(row)
        by_student.setdefault(row["registration_id"], []).append(row)
    courses = [
        BroadsheetCourse(
            id=id,
            code=own[0]["code"],
            title=own[0]["title"],
            credits=own[0]["credits"],
            sat=len(own),
            failed=sum(_is_out(row) and row["outcome"] == "fail" for row in own),
        )
        for id, own in sorted(by_course.items(), key=lambda item: (item[1][0]["code"], item[0]))
    ]
    place = {course.id: at for at, course in enumerate(courses)}
    students = []
    for id, own in by_student.items():
        cells: list[BroadsheetCell | None] = [None] * len(courses)
        for row in own:
            cells[place[row["course_id"]]] = _cell(row)
        averages = declared.get(id, {})
        students.append(
            BroadsheetRow(
                student_id=own[0]["student_id"],
                registration_id=id,
                reg_no=own[0]["reg_no"],
                roll_no=own[0]["roll_no"] or None,
                name=own[0]["name"],
                cells=cells,
                sgpa=averages.get("sgpa"),
                cgpa=averages.get("cgpa"),
                earned=averages.get("earned"),
                standing=averages.get("standing", ""),
                failed=sum(_is_out(row) and row["outcome"] == "fail" for row in own),
                complete=all(map(_is_out, own)),
            )
        )
    return Broadsheet(
        courses=courses,
        rows=students[:AT_MOST],
        complete=sum(student.complete for student in students),
        more=len(students) > AT_MOST,
    )
