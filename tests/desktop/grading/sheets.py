"""Sheets for the tests of the grid: five students, three assessments, as the server would send them."""

from __future__ import annotations

from decimal import Decimal

from sims_shared.grading import AssessmentView, CellOnSheet, SheetRow, SheetView, StudentOnSheet
from sims_shared.values import Person

SECTION = 17
MIDTERM, QUIZ, FINAL = 1, 2, 3
AMNA = Person(5, "Dr Amna Tariq")
SAAD = Person(6, "Dr Saad Aziz")

STUDENTS = (
    (1001, "2020-XU-BSCS-0417", "Ayesha Khan", "enrolled"),
    (1002, "2020-XU-BSCS-0418", "Bilal Ahmed", "enrolled"),
    (1003, "2021-XU-BSCS-0017", "Chen Wei", "withdrawn"),
    (1004, "2021-XU-BSCS-1417", "فاطمہ زہرا", "enrolled"),
    (1005, "2022-XU-BSCS-0418", "Esra Yılmaz", "enrolled"),
)


def assessment(
    id: int, name: str, weight: str, max_score: str, *, entered_by: str = "faculty"
) -> AssessmentView:
    return AssessmentView(
        id=id,
        section_id=SECTION,
        name=name,
        type="quiz",
        weight=Decimal(weight),
        max_score=Decimal(max_score),
        entered_by=entered_by,
    )


def wire_sheet(
    scores: dict[tuple[int, int], str] | None = None,
    *,
    state: str = "open",
    students: tuple[tuple[int, str, str, str], ...] = STUDENTS,
    assessments: tuple[AssessmentView, ...] | None = None,
) -> SheetView:
    """`scores` maps (enrollment, assessment) to text, all of version 1 and written by Amna."""
    given = scores or {}
    columns = assessments or (
        assessment(MIDTERM, "Midterm", "30", "40"),
        assessment(QUIZ, "Quiz", "20", "10"),
        assessment(FINAL, "Final", "50", "100", entered_by="exam_cell"),
    )
    rows = []
    for enrollment_id, reg_no, name, status in students:
        cells = {
            str(assessment_id): CellOnSheet(mark="scored", score=Decimal(text), ver=1, by=AMNA)
            for (owner, assessment_id), text in given.items()
            if owner == enrollment_id
        }
        student = StudentOnSheet(id=enrollment_id - 1000, reg_no=reg_no, name=name)
        rows.append(SheetRow(enrollment_id=enrollment_id, status=status, student=student, cells=cells))
    return SheetView(
        section_id=SECTION,
        state=state,
        rev=12,
        digest="",
        epoch="e1",
        protocol=1,
        assessments=list(columns),
        rows=rows,
    )
