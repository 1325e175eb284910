"""A student found and read from the keyboard, against a real server."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
from PySide6.QtCore import QDate, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from sims_desktop.cases.opening_page import OpeningPage
from sims_desktop.students.finding import StudentsPage
from sims_desktop.students.page import ATTENDANCE, DOCUMENTS, HISTORY, RESULTS, StudentPage
from tests.desktop.approvals.program import CONTROL, WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look
from tests.server.cases.scene import published
from tests.support.api import Api
from tests.support.university import University


def test_a_student_is_found_read_and_explained_by_keys(
    qtbot: QtBot, program: Program, university: University, api: Api
) -> None:
    scene, results = published(api, university, students=3)
    registrar = api.as_("registrar")
    hold = {"student_id": scene["students"][1], "kind": "fee", "reason": "Dues", "amount": "12400"}
    assert registrar.post("/api/holds/", hold).status == 201
    window = program.enter("registrar")
    window.activateWindow()
    page_of_all = window.open("students")
    assert isinstance(page_of_all, StudentsPage)
    found = page_of_all.finding
    qtbot.waitUntil(found.search.hasFocus, timeout=WAIT)
    press("nobody at all")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: found.said.text().startswith("Nobody is found."), timeout=WAIT)
    found.search.clear()
    press("student number")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: found.model.rowCount() == 3 and found.list.hasFocus(), timeout=WAIT)
    look(window, "students_found")
    press(Qt.Key.Key_Down)
    press(Qt.Key.Key_Return)
    page = window.page
    assert isinstance(page, StudentPage)
    qtbot.waitUntil(lambda: page.presenter.record is not None, timeout=WAIT)
    assert "Student Number 2" in page.headline.text()
    assert page.holds.text() == "Fee hold: 12,400.00 Dues; Accounts office"
    items = [window.navigation.item(row).text() for row in range(window.navigation.count())]
    assert any("2024-CS-0002" in item for item in items)
    look(window, "student_record")
    press("3")
    assert page.tabs.currentIndex() == RESULTS
    press("E")
    qtbot.waitUntil(page.tree.isVisible, timeout=WAIT)
    top = page.tree.topLevelItem(0)
    assert top is not None
    assert (top.text(0), top.text(1)) == ("Grade", "B+")
    look(window, "student_explained")
    press("C", CONTROL)
    assert "Quiz: 16" in QGuiApplication.clipboard().text()
    press(Qt.Key.Key_Escape)
    assert not page.tree.isVisible()
    press("H")
    qtbot.waitUntil(lambda: page.versions.model.rowCount() > 3, timeout=WAIT)
    assert page.versions.isVisible()
    look(window, "student_versions")
    press(Qt.Key.Key_Escape)
    assert not page.versions.isVisible()
    press("4")
    qtbot.waitUntil(lambda: page.attendance.rowCount() == 1, timeout=WAIT)
    assert page.tabs.currentIndex() == ATTENDANCE
    press("6")
    assert page.nothing[DOCUMENTS].text() == "There is nothing here."
    assert page.tabs.hasFocus(), "a part without a line keeps the keys"
    press("5")
    press("7")
    assert page.tabs.currentIndex() == HISTORY
    assert page.day.hasFocus()
    page.day.setDate(QDate(2020, 1, 1))
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "was not on record" in page.nothing[HISTORY].text(), timeout=WAIT)
    page.day.setDate(page.day.maximumDate())
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.past.rowCount() > 3, timeout=WAIT)
    look(window, "student_history")
    press(Qt.Key.Key_Escape)
    press("3")
    press("C")
    opening = window.page
    assert isinstance(opening, OpeningPage)
    qtbot.waitUntil(lambda: opening.presenter.whose is not None, timeout=WAIT)
    assert opening.results.chosen()[0].id == results[1]
    # From anywhere: the palette, the number, Enter.
    press("K", CONTROL)
    window.palette_box.line.setFocus()
    press("CS-0003")
    qtbot.waitUntil(lambda: any("0003" in e.title for e in window.palette_box._entries), timeout=WAIT)
    look(window, "student_palette")
    press(Qt.Key.Key_Return)
    other = window.page
    assert isinstance(other, StudentPage)
    qtbot.waitUntil(lambda: other.presenter.record is not None, timeout=WAIT)
    assert "Student Number 3" in other.headline.text()
    program.server.kill()
    press(Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: "F5 asks again" in other.presenter.complaint, timeout=WAIT)


def test_a_student_takes_an_unofficial_copy_along_and_a_head_is_offered_none(
    qtbot: QtBot, program: Program, university: University, api: Api, tmp_path: Path
) -> None:
    scene, _ = published(api, university, students=2)
    window = program.enter("head")
    theirs = window.open("student", scene["students"][0])
    assert isinstance(theirs, StudentPage)
    assert "student.unofficial" not in {one.id for one in window._around.actions.all()}
    window = program.enter("student")
    window.activateWindow()
    page = window.open("record")
    assert isinstance(page, StudentPage)
    qtbot.waitUntil(lambda: page.presenter.record is not None, timeout=WAIT)
    page.tabs.setFocus()
    press("u")
    qtbot.waitUntil(lambda: page.copy_card.preview.page_count > 0, timeout=WAIT)
    QApplication.processEvents()
    look(window, "student_copy")
    page.copy_card.save(tmp_path / "copy.pdf")
    assert page.note.text() == "Saved copy.pdf."
    with pypdfium2.PdfDocument(tmp_path / "copy.pdf") as document:
        assert "UNOFFICIAL" in document[0].get_textpage().get_text_bounded().upper()
    page.copy_card.save(tmp_path / "nowhere" / "copy.pdf")
    assert page.copy_card.complaint.text().startswith("Not saved: ")
    press("2")
    assert not page.copy_card.isVisible()
    assert page.stack.isVisible()
    program.server.kill()
    press("u")
    qtbot.waitUntil(lambda: "There is no copy: " in page.copy_card.preview.title.text(), timeout=WAIT)
