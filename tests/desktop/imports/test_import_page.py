"""The import desk from the keyboard, against a real server."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from sims_desktop.imports.page import ImportsPage
from sims_desktop.shell.window import MainWindow
from sims_server.kernel.jobs import run_job
from sims_shared.regulations import default_policy
from tests.desktop.approvals.program import CONTROL, WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look
from tests.server.imports.test_old_results import FILE, preview
from tests.support.api import Api
from tests.support.university import University

STUDENTS = (
    "Roll No,Student,program_code,admitted_on\n"
    "2026-XU-0001,Amna Khan,BSCS,2026-09-01\n2026-XU-0002,Bilal Ahmed,BSCS,2026-09-01\n"
)


@pytest.fixture
def campus(university: University) -> University:
    university.setting("security.require_otp", False)
    university.account("registrar", "registrar")
    department = university.department("CS")
    university.program(department, "BSCS")
    university.regulation(default_policy())
    return university


@pytest.fixture
def old_terms(university: University) -> None:
    """Two students and the terms and courses of the file of old results."""
    scene = university.stand(students=2)
    for name, year in (("Fall 2022", 2022), ("Spring 2023", 2023)):
        dates = dict.fromkeys(("enroll_until", "drop_until", "withdraw_until", "marks_due"))
        start, end = date(year, 1, 1), date(2023, 7, 1)
        university.term(name, start_date=start, end_date=end, status="closed", **dates)
    for code in ("MT-111", "CS-102"):
        university.course(scene["department"], code)


def imports(qtbot: QtBot, window: MainWindow) -> ImportsPage:
    window.activateWindow()
    page = window.open("imports")
    assert isinstance(page, ImportsPage)
    qtbot.waitUntil(lambda: page.presenter.loaded and page._loading is None, timeout=WAIT)
    page.list.setFocus()
    qtbot.waitUntil(page.list.hasFocus, timeout=WAIT)
    return page


def drop(page: ImportsPage, path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    copy, no_button, no_key = (
        Qt.DropAction.CopyAction,
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
    )
    page.dropEvent(QDropEvent(QPointF(9, 9), copy, data, no_button, no_key))


def worked_off(qtbot: QtBot, page: ImportsPage, api: Api, university: University) -> None:
    """The worker of this test: what is asked for is done, until the page has its answer."""

    def done() -> bool:
        for job in university.rows("SELECT id FROM job WHERE status = 'queued'"):
            run_job(api.database, api.data, job["id"])
        return page._task is None and page._loading is None and page._opening is None

    qtbot.waitUntil(done, timeout=WAIT)


def test_a_file_is_dropped_named_previewed_brought_in_and_taken_back(
    qtbot: QtBot, program: Program, campus: University, api: Api, tmp_path: Path
) -> None:
    window = program.enter("registrar")
    page = imports(qtbot, window)
    assert page.summary.text().startswith("Nothing was brought in yet.")
    look(window, "imports_empty")
    drop(page, tmp_path / "new students.csv", STUDENTS)
    assert page.file.kind.currentData() == "students"
    look(window, "imports_file")
    press(Qt.Key.Key_Return, CONTROL)
    worked_off(qtbot, page, api, campus)
    assert page.parts.currentWidget() is page.headers
    boxes = {box.accessibleName(): box for box in page.headers.findChildren(QComboBox)}
    assert boxes["What Roll No means"].currentData() == "roll_no"
    boxes["What Roll No means"].setCurrentIndex(boxes["What Roll No means"].findData("reg_no"))
    boxes["What Student means"].setCurrentIndex(0)
    look(window, "imports_columns")
    press(Qt.Key.Key_Return, CONTROL)
    assert page.asking.complaint.text() == "Still to be named: name."
    boxes["What Student means"].setCurrentIndex(boxes["What Student means"].findData("name"))
    press(Qt.Key.Key_Return, CONTROL)
    worked_off(qtbot, page, api, campus)
    assert page.lead.text().startswith("2 rows: 2 new")
    assert campus.row("SELECT count(*) FROM student") == 0
    look(window, "imports_preview")
    press(Qt.Key.Key_Return, CONTROL)
    worked_off(qtbot, page, api, campus)
    assert page.note.text() == "Brought in: new students.csv."
    assert campus.row("SELECT count(*) FROM student") == 2
    look(window, "imports_done")
    press("Z", CONTROL)
    assert page.asking.question.text().startswith("2 new rows go again")
    press(Qt.Key.Key_Escape)
    assert campus.row("SELECT count(*) FROM student") == 2
    press("Z", CONTROL)
    press(Qt.Key.Key_Return, CONTROL)
    worked_off(qtbot, page, api, campus)
    assert page.note.text() == "Taken back: new students.csv."
    assert campus.row("SELECT count(*) FROM student") == 0


def test_what_is_wrong_is_listed_saved_and_keeps_all_of_the_file_out(
    qtbot: QtBot, program: Program, campus: University, api: Api, tmp_path: Path
) -> None:
    page = imports(qtbot, program.enter("registrar"))
    faulty = "reg_no,name,program_code,admitted_on\n1,Amna,BSCS,yesterday\n2,Bilal,BXX,2026-09-01\n"
    drop(page, tmp_path / "students.csv", faulty)
    press(Qt.Key.Key_Return, CONTROL)
    worked_off(qtbot, page, api, campus)
    look(page.window(), "imports_faults")  # type: ignore[arg-type]
    model = page.tables.fault_model
    assert [(model.data(model.index(row, 0)), model.data(model.index(row, 1))) for row in range(2)] == [
        ("2", "admitted_on"),
        ("3", "program_code"),
    ]
    press(Qt.Key.Key_Return, CONTROL)
    assert page.asking.complaint.text().startswith("Nothing is brought in while a row is at fault.")
    page.save_faults(tmp_path / "wrong.csv")
    assert page.note.text() == "Saved 2 faults to wrong.csv."
    assert (tmp_path / "wrong.csv").read_text("utf-8-sig").splitlines()[1].startswith("2,admitted_on,")
    page.save_faults(tmp_path / "nowhere" / "wrong.csv")
    assert page.asking.complaint.text() == "Not saved: No such file or directory"
    press("2")
    assert page.tables.in_front is page.tables.rows
    drop(page, tmp_path / "departments.csv", "code,name\nMT,Mathematics\n")
    program.server.kill()
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: page._task is None and page._loading is None, timeout=WAIT)
    assert page.asking.complaint.text() == "The server cannot be reached"
    assert "Bringing files in needs the server" in page.summary.text()
    assert page.presenter.at_hand is not None


def test_results_from_before_are_confirmed_by_a_second_person_who_sees_the_averages(
    qtbot: QtBot,
    program: Program,
    old_terms: None,
    university: University,
    api: Api,
) -> None:
    made = preview(api, api.as_("registrar"), FILE)
    page = imports(qtbot, program.enter("registrar"))
    press("J")
    worked_off(qtbot, page, api, university)
    press(Qt.Key.Key_Return, CONTROL)
    assert "a second person confirms them" in page.asking.question.text()
    press(Qt.Key.Key_Return, CONTROL)
    worked_off(qtbot, page, api, university)
    assert page.note.text() == "Proposed. Another person confirms it."
    assert "You proposed it." in page.lead.text()
    assert not page.next_button.isVisible()
    window = program.enter("examcell")
    page = imports(qtbot, window)
    assert page.summary.text() == "1 import ready to bring in"
    press("J")
    worked_off(qtbot, page, api, university)
    assert page.tables.tabs.isTabVisible(2)
    press("3")
    look(window, "imports_second_person")
    press(Qt.Key.Key_Return, CONTROL)
    assert page.asking.question.text().startswith("Registrar proposed these results")
    press(Qt.Key.Key_Return, CONTROL)
    worked_off(qtbot, page, api, university)
    assert university.row("SELECT status FROM import_batch WHERE id = %(id)s", id=made["id"]) == "committed"
    press("Z", CONTROL)
    assert "never taken back" in page.asking.complaint.text()
    look(window, "imports_confirmed")
