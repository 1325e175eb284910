"""The lists of a student's page: what stands in which column. The rule a newcomer would get wrong: a list is
read without scrolling sideways, so a column has a width that it wishes, and gives way.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PySide6.QtGui import QColor

from sims_desktop.kit import theme
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.tables import Field, RecordModel
from sims_desktop.kit.wording import status_words, when
from sims_desktop.students.presenter import (
    AttendanceLine,
    Fact,
    Then,
    grade_words,
    number,
    percentage_words,
)
from sims_shared.record import EnrollmentLine
from sims_shared.requests import RequestView
from sims_shared.results import ResultView, TermResultView
from sims_shared.transcripts import IssuedDocumentView

Now = Callable[[], datetime]


def facts(wide: int) -> RecordModel[Fact]:
    return RecordModel(
        [
            Field(later("What"), lambda fact: fact[0], wide * 24),
            Field(later("It says"), lambda fact: fact[1], wide * 60),
        ]
    )


def terms(wide: int) -> RecordModel[TermResultView]:
    return RecordModel(
        [
            Field(later("Term"), lambda one: one.term, wide * 16),
            Field(later("SGPA"), lambda one: number(one.sgpa), wide * 9, is_number=True),
            Field(later("CGPA"), lambda one: number(one.cgpa), wide * 9, is_number=True),
            Field(later("GPA credits"), lambda one: number(one.gpa_credits), wide * 12, is_number=True),
            Field(later("Earned"), lambda one: number(one.earned), wide * 10, is_number=True),
            Field(later("Standing"), lambda one: one.standing.replace("_", " "), 0),
        ]
    )


def enrollments(wide: int) -> RecordModel[EnrollmentLine]:
    return RecordModel(
        [
            Field(later("Term"), lambda one: one.term, wide * 14),
            Field(later("Course"), lambda one: f"{one.course_code} {one.course_title}", wide * 34),
            Field(later("Section"), lambda one: one.section, wide * 9),
            Field(later("Kind"), lambda one: phrase(one.kind), wide * 12),
            Field(later("Attempt"), lambda one: str(one.attempt), wide * 9, is_number=True),
            Field(later("Status"), lambda one: status_words(one.status), wide * 12),
            Field(later("Why it ended"), lambda one: one.end_reason or "", 0),
        ]
    )


def results(wide: int) -> RecordModel[ResultView]:
    return RecordModel(
        [
            Field(later("Term"), lambda one: one.term, wide * 14),
            Field(later("Course"), lambda one: f"{one.course_code} {one.course_title}", wide * 34),
            Field(later("Attempt"), lambda one: str(one.attempt), wide * 9, is_number=True),
            Field(later("Total"), lambda one: number(one.total), wide * 9, is_number=True),
            Field(later("Grade"), grade_words, wide * 12),
            Field(later("Points"), lambda one: number(one.grade_points), wide * 9, is_number=True),
            Field(later("Credits"), lambda one: number(one.credits), wide * 9, is_number=True),
            Field(later("In the CGPA"), lambda one: phrase(one.counts), wide * 13),
            Field(later("State"), lambda one: status_words(one.state), 0),
        ],
        tint=_result_tint,
    )


def attendance(wide: int) -> RecordModel[AttendanceLine]:
    return RecordModel(
        [
            Field(later("Term"), lambda one: one.enrollment.term, wide * 14),
            Field(
                later("Course"),
                lambda one: f"{one.enrollment.course_code} {one.enrollment.course_title}",
                wide * 34,
            ),
            Field(
                later("Attended"),
                lambda one: f"{one.percentage.attended:f}" if one.percentage else "",
                wide * 10,
                is_number=True,
            ),
            Field(
                later("Held"),
                lambda one: str(one.percentage.total) if one.percentage else "",
                wide * 8,
                is_number=True,
            ),
            Field(later("Attendance"), percentage_words, 0),
        ]
    )


def requests(wide: int, now: Now) -> RecordModel[RequestView]:
    return RecordModel(
        [
            Field(later("Type"), lambda one: one.type.replace("_", " "), wide * 18),
            Field(later("Status"), lambda one: status_words(one.status), wide * 12),
            Field(later("Copies"), lambda one: str(one.copies), wide * 8, is_number=True),
            Field(later("Asked for"), lambda one: when(one.created_at, now()), wide * 20),
            Field(later("By"), lambda one: one.requested_by.name, wide * 20),
            Field(later("Notes"), lambda one: one.notes, 0),
        ]
    )


def documents(wide: int, now: Now) -> RecordModel[IssuedDocumentView]:
    return RecordModel(
        [
            Field(later("Serial"), lambda one: one.serial, wide * 20),
            Field(later("Document"), lambda one: one.document.replace("_", " "), wide * 18),
            Field(later("State"), lambda one: status_words(one.status), wide * 12),
            Field(later("For"), lambda one: one.purpose, wide * 24),
            Field(
                later("Issued"),
                lambda one: phrase(
                    "{when} by {name}", when=when(one.issued_at, now()), name=one.issued_by.name
                ),
                0,
            ),
        ]
    )


def past(wide: int) -> RecordModel[Then]:
    return RecordModel(
        [
            Field(later("What"), lambda line: line.what, wide * 30),
            Field(later("Then"), lambda line: line.then, wide * 34),
            Field(later("Now"), lambda line: line.now, wide * 34),
        ],
        tint=lambda line: theme.tint("waiting") if line.then != line.now else None,
    )


def _result_tint(result: ResultView) -> QColor | None:
    if result.withheld_for is not None:
        return theme.tint("conflict")
    return theme.tint("closed") if result.counts != "counted" else None
