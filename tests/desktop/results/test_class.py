"""A class is notified from the palette on: `notify cs 3`, its exceptions, the draft for comparing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from sims_desktop.results.classes import intake_of, semester_of, wishes_of
from sims_desktop.results.page import ROW_COLUMNS, PublishPage
from sims_shared.catalog import ProgramView
from sims_shared.terms import TermView
from tests.desktop.approvals.program import CONTROL, WAIT, Program, press
from tests.desktop.results.test_publish_page import SHIFT, rows, settled, tower
from tests.server.results.scene import approve, fill
from tests.support.api import Api
from tests.support.university import University


def term(kind: str, start: date) -> TermView:
    days = dict.fromkeys(("enroll_until", "drop_until", "withdraw_until", "marks_due", "recheck_until"))
    named: dict[str, Any] = {"id": 1, "name": "", "kind": kind, "academic_year": "", "status": "open"}
    return TermView(start_date=start, end_date=start, **named, **days)


@pytest.mark.parametrize(
    ("intake", "kind", "year", "semester"),
    [
        ("2025F", "fall", 2026, 3),
        ("2025F", "spring", 2026, 2),
        ("2025S", "fall", 2026, 4),
        ("2026F", "fall", 2026, 1),
        ("2026F", "spring", 2026, None),
        ("2025F", "summer", 2026, None),
        ("", "fall", 2026, None),
    ],
)
def test_the_semester_is_counted_from_the_intake(
    intake: str, kind: str, year: int, semester: int | None
) -> None:
    of = term(kind, date(year, 9 if kind == "fall" else 2, 1))
    assert semester_of(intake, of) == semester
    if semester is not None:
        assert intake_of(semester, of) == intake


def test_what_is_typed_names_a_program_a_semester_and_an_intake() -> None:
    programs = [
        ProgramView(
            id=n, code=code, name="", department_id=1, level="UG", credits_required=Decimal(130), semesters=8
        )
        for n, code in enumerate(("BSCS", "BSCY", "BBA"), 1)
    ]
    (one,) = wishes_of("notify BSCS 3", programs)
    assert (one.desk, one.program.code, one.semester) == ("results", "BSCS", 3)
    (one,) = wishes_of("enroll batch bscs-22 sem 4", programs)
    assert (one.desk, one.program.code, one.semester, one.year) == ("batches", "BSCS", 4, 2022)
    (one,) = wishes_of("eligibility bscs 3", programs)
    assert (one.desk, one.program.code, one.semester) == ("eligibility", "BSCS", 3)
    assert [one.program.code for one in wishes_of("notify bsc", programs)] == ["BSCS", "BSCY"]
    assert wishes_of("notify", programs) == wishes_of("approve bscs 3", programs) == []


def test_a_class_is_notified_by_the_keys_of_the_examination_cell(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api, university: University
) -> None:
    held = scene["registrations"]
    university.run(
        "UPDATE registration SET batch = '2025', intake = '2025F' WHERE id = ANY (%(ids)s)", ids=held[:2]
    )
    university.run("UPDATE section SET status = 'cancelled' WHERE id = %(id)s", id=scene["other"])
    code = university.rows("SELECT code FROM program WHERE id = %(id)s", id=scene["program"])[0]["code"]
    approve(api, scene["section"])
    window = program.enter("examcell")
    window.activateWindow()
    press("K", CONTROL)
    box = window.palette_box
    press(f"notify {code.lower()} 8")
    qtbot.waitUntil(lambda: box.list.model().rowCount() > 0, timeout=WAIT)
    press(Qt.Key.Key_Return)
    page = window.page
    assert isinstance(page, PublishPage)
    said = f"Nobody of {code}, Fall 2026 is in semester 8; the whole program is shown."
    qtbot.waitUntil(lambda: page.summary.text() == said, timeout=WAIT)
    page.presenter.next_filter()
    page.presenter.next_filter()
    page.presenter.chosen = {scene["section"]}
    press("K", CONTROL)
    press(f"notify {code.lower()} 3")
    qtbot.waitUntil(lambda: box.list.model().rowCount() > 0, timeout=WAIT)
    assert box.entry(0).title == f"Notify a result: {code}, semester 3"
    press(Qt.Key.Key_Return)
    assert window.page is page
    assert (page.presenter.filter, page.presenter.chosen) == ("all", set()), (
        "nothing of it is hidden or marked"
    )
    (stuck,) = rows(qtbot, page, 1)
    assert stuck.startswith("Missing: ")
    assert page.heading.text() == f"{code} 2025, semester 3, Fall 2026: 2 students, 1 complete."
    hidden = [name for at, name in enumerate(ROW_COLUMNS) if page.rows.isColumnHidden(at)]
    assert hidden == ["Total", "Grade"]
    window.resize(1000, 700)
    number = page.row_model.records[0].reg_no
    assert page.rows.columnWidth(0) >= page.rows.fontMetrics().horizontalAdvance(number)
    press(Qt.Key.Key_Return, CONTROL)
    assert page.asking.complaint.text().startswith("Not yet: 1 student without a result or a reason: ")
    paper = page.presenter.class_paper()
    assert "In brackets: drafts" in paper
    assert "Exceptions" in paper
    page.list.setFocus()
    press(Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is page.rows
    press("W")
    press("3")
    press(Qt.Key.Key_Return)
    settled(qtbot, page)
    qtbot.waitUntil(lambda: page.row_model.records[0].withheld_for == "award_awaited", timeout=WAIT)
    assert page.heading.text().endswith("2 students, 2 complete.")
    press(Qt.Key.Key_Return, CONTROL)
    assert "1 result of 1 section complete, 1 withheld and left behind" in page.asking.question.text()
    press(Qt.Key.Key_Return, CONTROL)
    settled(qtbot, page)
    assert page.note.text().startswith(
        f"Published: {code} 2025, semester 3, Fall 2026, 1 result, 1 withheld."
    )
    states = university.rows("SELECT state FROM result ORDER BY registration_id")
    assert [row["state"] for row in states] == ["published", "draft", "draft"]
    press(Qt.Key.Key_Down)
    press(Qt.Key.Key_F5)
    settled(qtbot, page)
    press("X")
    assert page.heading.text().endswith("2 students, 2 complete.")


def test_a_section_is_counted_whole_where_the_list_shows_one_program_s_part(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api, university: University
) -> None:
    other = university.program(scene["department"], "BBA")
    registration = university.registration(university.student(), other, scene["regulation"])
    university.enrollment(registration, scene["section"])
    fill(university, scene)
    seat = university.rows("SELECT id FROM enrollment WHERE registration_id = %(r)s", r=registration)[0]["id"]
    for assessment in scene["assessments"]:
        university.score(seat, assessment, "10")
    approve(api, scene["section"])
    page = tower(qtbot, program.enter("examcell"))
    page.narrow_to(other, None)
    settled(qtbot, page)
    rows(qtbot, page, 4)
    assert [one.roster for one in page.model.records] == [1]
    press(Qt.Key.Key_Return, CONTROL)
    assert page.asking.question.text().startswith("CS-101 A, every program: 4 results complete")
    press(Qt.Key.Key_Return, CONTROL)
    settled(qtbot, page)
    assert page.note.text().startswith("Published: CS-101 A, every program, 4 results.")
    rows(qtbot, page, 4)
    qtbot.waitUntil(lambda: page.row_model.records[0].state_words == "Published", timeout=WAIT)
    press("F", CONTROL | SHIFT)
    assert page.asking.question.text().startswith("CS-101 A, every program: 4 results will be closed")
