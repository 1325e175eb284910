"""Sheets to put into a store under test."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from sims_desktop.offline.exchange import Scope
from sims_desktop.offline.store import SheetStore
from sims_shared.grading import (
    AssessmentView,
    CellOnSheet,
    SheetRow,
    SheetSummary,
    SheetView,
    StudentOnSheet,
)
from sims_shared.sheet_copy import apply_whole
from sims_shared.values import Person

SECTION = 7
MIDTERM, FINAL = 71, 72
AMINA = Person(1, "Amina")
WHEN = datetime(2026, 9, 1, 9, 30, tzinfo=UTC)


def a_row(
    enrollment_id: int, *cells: tuple[int, str | None, str | None, int], status: str = "enrolled"
) -> SheetRow:
    """A row with cells (assessment, mark, score, ver)."""
    return SheetRow(
        enrollment_id=enrollment_id,
        status=status,
        student=StudentOnSheet(
            id=enrollment_id, reg_no=f"2026-{enrollment_id:04d}", name=f"Student {enrollment_id}"
        ),
        cells={
            str(assessment): CellOnSheet(
                mark=mark, score=None if score is None else Decimal(score), ver=ver, by=AMINA, at=WHEN
            )
            for assessment, mark, score, ver in cells
        },
    )


def a_sheet(*rows: SheetRow, rev: int = 5, state: str = "open", epoch: str = "one") -> SheetView:
    return SheetView(
        section_id=SECTION,
        state=state,
        rev=rev,
        digest="",
        epoch=epoch,
        protocol=1,
        assessments=[an_assessment(MIDTERM, "Midterm", "40"), an_assessment(FINAL, "Final", "60")],
        rows=list(rows),
    )


def an_assessment(id_: int, name: str, weight: str) -> AssessmentView:
    return AssessmentView(
        id=id_, section_id=SECTION, name=name, type="quiz", weight=Decimal(weight), max_score=Decimal(100)
    )


def a_summary(section_id: int = SECTION) -> SheetSummary:
    return SheetSummary(
        section_id=section_id,
        course_code="CS-101",
        course_title="Programming",
        term="Fall 2026",
        section="A",
        state="open",
        rev=5,
        filled=0,
        total=4,
    )


def hold(store: SheetStore, sheet: SheetView) -> None:
    """As after a first sync."""
    store.take_list([a_summary(sheet.section_id)])
    store.change(sheet.section_id, Scope.WHOLE, lambda copy: apply_whole(copy, sheet), details=sheet)
