"""Reports: a term or a course in figures – grades, seats, attendance – a line for each section, course,
program, department or term.

The rule a newcomer would get wrong: nothing here is judged anew. Grades are counted as they were published;
what is still a draft, or withheld, is in no figure.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from sims_shared.messages import View

__all__ = [
    "AttendanceLine",
    "AttendanceReport",
    "Broadsheet",
    "BroadsheetCell",
    "BroadsheetCourse",
    "BroadsheetRow",
    "EnrollmentLine",
    "EnrollmentReport",
    "GradeLine",
    "GradeReport",
    "ReportBy",
]

ReportBy = Literal["section", "course", "program", "department", "term"]


class GradeLine(msgspec.Struct, kw_only=True):
    """Published results of one section, course, program, department or term. `counts` has a number for each
    of the report's grades. `passed` and `failed` are outcomes; a withdrawal or an incomplete is neither.
    `mean_points` is over the results that have points, rounded half up to 2 places."""

    id: int
    code: str
    title: str
    results: int
    counts: list[int]
    passed: int
    failed: int
    mean_points: Decimal | None


class GradeReport(View, kw_only=True):
    """`grades`, best first; where a result has no grade its outcome stands for it. `more` when lines were
    left out."""

    by: ReportBy
    grades: list[str]
    lines: list[GradeLine]
    total: GradeLine
    more: bool


class EnrollmentLine(msgspec.Struct, kw_only=True):
    """Who sits where. `seats` are those of active sections; a program has none of its own."""

    id: int
    code: str
    title: str
    sections: int
    seats: int | None
    students: int
    enrolled: int
    completed: int
    withdrawn: int
    barred: int
    dropped: int


class EnrollmentReport(View, kw_only=True):
    """`students` counts each person once in a line and once in the total."""

    by: ReportBy
    lines: list[EnrollmentLine]
    total: EnrollmentLine
    more: bool


class AttendanceLine(msgspec.Struct, kw_only=True):
    """Classes and marks. `share` is present and late in percent of all marks, rounded half up to 1 place;
    `below` counts students, once a section, whose own share is under the report's `threshold`."""

    id: int
    code: str
    title: str
    classes: int
    untaken: int
    present: int
    late: int
    leave: int
    absent: int
    share: Decimal | None
    below: int


class AttendanceReport(View, kw_only=True):
    """A plain count of marks. Who may sit an examination is judged by the student's regulation, not here."""

    by: ReportBy
    threshold: Decimal
    lines: list[AttendanceLine]
    total: AttendanceLine
    more: bool


class BroadsheetCourse(msgspec.Struct, kw_only=True):
    """A column of a broadsheet. `failed` are its published fails."""

    id: int
    code: str
    title: str
    credits: Decimal
    sat: int
    failed: int


class BroadsheetCell(msgspec.Struct, kw_only=True):
    """What a student has in a course. Null figures where it is withheld (`withheld_for` says why) or where
    nothing was drafted; `state` is draft, published, frozen, or null without a result."""

    total: Decimal | None
    grade: str | None
    outcome: str | None
    state: str | None
    attempt: int
    withheld_for: str | None


class BroadsheetRow(msgspec.Struct, kw_only=True):
    """A student of the class. `cells` has one for each course, null where the student does not take it.
    Averages and `standing` as declared for the term, null before. `complete` when every result is out."""

    student_id: int
    registration_id: int
    reg_no: str
    roll_no: str | None
    name: str
    cells: list[BroadsheetCell | None]
    sgpa: Decimal | None
    cgpa: Decimal | None
    earned: Decimal | None
    standing: str
    failed: int
    complete: bool


class Broadsheet(View, kw_only=True):
    """A program's class in a term: students by registration number, courses by code. What is a draft is
    shown as one, for comparing before it is notified."""

    courses: list[BroadsheetCourse]
    rows: list[BroadsheetRow]
    complete: int
    more: bool
