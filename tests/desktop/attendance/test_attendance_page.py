"""The attendance page from the keyboard, against a real server."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from sims_desktop.attendance.page import AttendancePage
from sims_desktop.shell.window import MainWindow
from tests.desktop.approvals.program import CONTROL, WAIT, Program, press
from tests.support.api import Api
from tests.support.university import University


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=12)


def class_list(qtbot: QtBot, window: MainWindow) -> AttendancePage:
    window.activateWindow()
    page = window.open("attendance")
    assert isinstance(page, AttendancePage)
    qtbot.waitUntil(lambda: page.presenter.is_known, timeout=WAIT)
    page.list.setFocus()
    qtbot.waitUntil(page.list.hasFocus, timeout=WAIT)
    return page


def test_a_lecture_is_marked_in_a_few_keys_also_while_the_server_is_away(
    qtbot: QtBot, program: Program, api: Api, scene: dict[str, Any]
) -> None:
    page = class_list(qtbot, program.enter("faculty"))
    assert page.counts.text() == "12 present"
    press("7")
    assert page.typed.text() == "7"
    press(Qt.Key.Key_Return)
    press("3L")
    press(Qt.Key.Key_Return)
    press("v")  # the cursor stands on the third
    assert page.counts.text() == "10 present, 1 absent, 1 on leave"
    press(Qt.Key.Key_Z, CONTROL)
    assert page.counts.text() == "10 present, 1 absent, 1 late"
    assert "not saved yet" in page.state.text()
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: page.state.text().startswith("Saved"), timeout=WAIT)
    assert page.note.text() == "Saved: 10 present, 1 absent, 1 late"
    found = api.as_("faculty").get("/api/attendance/?status=absent").json["results"]
    assert [mark["student_id"] for mark in found] == [scene["students"][6]]
    qtbot.waitUntil(lambda: "Faculty" in page.presenter.lines[0].marked_by, timeout=WAIT)
    assert page.presenter.lines[6].standing == "short of 75 %"
    program.server.kill()
    press("12")
    press(Qt.Key.Key_Return)
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: "sent when the server can be reached" in page.state.text(), timeout=WAIT)
    assert [kept.changed for kept in page.presenter.drafts.kept] == [{scene["students"][11]: "absent"}]


def test_letters_belong_to_what_is_being_typed(qtbot: QtBot, program: Program, scene: dict[str, Any]) -> None:
    page = class_list(qtbot, program.enter("faculty"))
    press("/al")
    assert (page.typed.text(), page.counts.text()) == ("/al", "12 present")
    press(Qt.Key.Key_Escape)
    assert page.typed.text() == ""
    press("/student number 12")
    press(Qt.Key.Key_Return)
    assert page.list.currentIndex().row() == 11
    press("a")
    assert page.presenter.lines[11].mark == "absent"
    assert ("On leave", "V") in [
        (bound.action.text(), bound.keys) for bound in page.around.actions.of("Attendance")
    ]
