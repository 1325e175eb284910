"""A term in figures at a real server: into a line and out again, in an order, and taken along as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import python_calamine
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from sims_desktop.reports.page import ReportsPage
from sims_desktop.shell.window import MainWindow
from tests.desktop.approvals.program import WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look
from tests.server.results.scene import approve, enter, publish
from tests.support.api import Api
from tests.support.university import University

MARKS: list[Any] = [[20, 50, 100], [16, 40, 70], [4, 10, 20], [16, 40, "absent"]]


@pytest.fixture
def scene(api: Api, university: University) -> dict[str, Any]:
    scene = university.stand(students=4)
    for row, marks in enumerate(MARKS):
        enter(university, scene, row, marks)
    approve(api, scene["section"])
    publish(api, scene["section"])
    other = university.section(
        university.course(scene["department"], "CS-205"), scene["term"], "B", 2, [university.ids["faculty"]]
    )
    for registration in scene["registrations"][:2]:
        university.enrollment(registration, other)
    return scene


def reports(qtbot: QtBot, program: Program, username: str) -> ReportsPage:
    window = program.enter(username)
    window.activateWindow()
    page = window.open("reports")
    assert isinstance(page, ReportsPage)
    qtbot.waitUntil(lambda: page.presenter.shown is not None, timeout=WAIT)
    return page


def cells(page: ReportsPage) -> list[list[str]]:
    model = page.model
    return [
        [model.data(model.index(row, column)) for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def test_a_term_is_read_by_keys_from_its_courses_to_a_section_and_back(
    qtbot: QtBot, program: Program, scene: dict[str, Any]
) -> None:
    page = reports(qtbot, program, "registrar")
    window = page.window()
    assert isinstance(window, MainWindow)
    assert page.heading.text() == "Grades · by course · Fall 2026"
    assert page.sentence.text() == (
        "4 results published, 2 passed and 2 failed. The mean of the points is 1.83."
    )
    assert [line[0] for line in cells(page)] == ["CS-101", "All"]
    assert page.bars.accessibleName().startswith("CS-101: A ")
    look(window, "reports_grades")

    page.list.setFocus()
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "by section" in page.heading.text(), timeout=WAIT)
    assert page.heading.text() == "Grades · by section · CS-101 · Fall 2026"
    assert cells(page)[0][:3] == ["CS-101 A", "Course CS-101", "4"]
    press(Qt.Key.Key_Return)
    assert page.note.text() == "A section is the smallest line there is."
    press(Qt.Key.Key_Backspace)
    qtbot.waitUntil(lambda: page.heading.text() == "Grades · by course · Fall 2026", timeout=WAIT)

    press("2")
    qtbot.waitUntil(lambda: page.heading.text().startswith("Enrollment"), timeout=WAIT)
    assert page.sentence.text() == "4 students in 2 sections; 52 seats in all."
    assert [line[:6] for line in cells(page)] == [
        ["CS-101", "Course CS-101", "1", "50", "8.0", "4"],
        ["CS-205", "Course CS-205", "1", "2", "100.0", "2"],
        ["All", "", "2", "52", "11.5", "4"],
    ]
    page.list.setFocus()
    page.list.setCurrentIndex(page.model.index(0, 4))
    press("o")
    assert [line[0] for line in cells(page)] == ["CS-205", "CS-101", "All"], "the fullest first"
    press("o")
    assert [line[0] for line in cells(page)] == ["CS-101", "CS-205", "All"]
    look(window, "reports_enrollment")

    press("3")
    qtbot.waitUntil(lambda: page.heading.text().startswith("Attendance"), timeout=WAIT)
    assert page.sentence.text() == "No class is on record here yet."
    assert cells(page) == []
    press("4")
    qtbot.waitUntil(lambda: page.heading.text().startswith("Broadsheet"), timeout=WAIT)
    assert page.sentence.text() == "A broadsheet is of one class: choose a term and a program above."
    page.choose(program_id=scene["program"])
    qtbot.waitUntil(lambda: len(cells(page)) == 4, timeout=WAIT)
    assert page.sentence.text() == "4 students in 2 courses, 2 complete."
    first, second, third, _ = cells(page)
    assert first[:4] == ["2024-CS-0001", "Student Number 1", "100 A", "…"]
    assert first[-1] == "not complete; good standing"
    assert (second[3], third[2:4], third[-1]) == ("…", ["20 F", ""], "fails CS-101; probation")
    look(window, "reports_broadsheet")
    page.list.setFocus()
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.page is not page, timeout=WAIT)
    assert window.place == ("student", scene["students"][0])
    window.open("reports")
    page.list.setFocus()
    press("5")
    qtbot.waitUntil(lambda: page.heading.text().startswith("What stops"), timeout=WAIT)
    assert page.sentence.text() == "Nothing stops a publish, and nothing is withheld."


def test_what_is_shown_is_taken_along_and_a_lost_connection_leaves_it_standing(
    qtbot: QtBot, program: Program, scene: dict[str, Any], tmp_path: Path
) -> None:
    page = reports(qtbot, program, "head")
    assert [page.kind.itemText(at) for at in range(page.kind.count())] == [
        "Grades",
        "Enrollment",
        "Attendance",
        "Broadsheet",
    ]
    workbook, paper = tmp_path / "grades.xlsx", tmp_path / "grades.pdf"
    page.save(workbook)
    qtbot.waitUntil(lambda: page.note.text() == "Saved grades.xlsx.", timeout=WAIT)
    rows = python_calamine.CalamineWorkbook.from_path(str(workbook)).get_sheet_by_index(0).to_python()
    assert rows[0][0] == page.heading.text()
    head = rows[4]
    total = dict(zip(head, rows[6], strict=True))
    assert (total["Course"], total["Results"], total["Mean"]) == ("All", 4.0, 1.83)
    page.save(paper)
    qtbot.waitUntil(lambda: page.note.text() == "Saved grades.pdf.", timeout=WAIT)
    with pypdfium2.PdfDocument(paper) as document:
        assert "CS-101" in document[0].get_textpage().get_text_bounded()
        assert len(list(document[0].get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]))) == 1, (
            "its picture"
        )
    page.save(tmp_path / "nowhere" / "grades.xlsx")
    qtbot.waitUntil(lambda: page.complaint.text().startswith("Not saved: "), timeout=WAIT)

    program.server.kill()
    page.refresh()
    qtbot.waitUntil(lambda: page.age.text() != "", timeout=WAIT)
    assert "These are the figures of" in page.age.text()
    assert [line[0] for line in cells(page)] == ["CS-101", "All"]
