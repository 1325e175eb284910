"""Credit from elsewhere is asked for at the desk, course by course, and waits for two people."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from sims_desktop.cases.page import CasesPage
from sims_desktop.cases.transfer_page import TransferPage
from sims_desktop.cases.transferring import Line, TransferPresenter
from tests.desktop.approvals.program import CONTROL, WAIT, Program, press
from tests.support.api import Api
from tests.support.university import University


class Nobody:
    """Is never asked: what is wrong with a line is known without a server."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


@pytest.mark.parametrize("written", ["Functional English", "English; B", "; B; EN-102", "A; B; C; three", ""])
def test_a_line_that_is_no_course_says_how_one_is_written(written: str) -> None:
    told = TransferPresenter(Nobody()).read_lines(written)
    assert isinstance(told, str)
    assert "Functional English; B; EN-102; 3" in told


def test_courses_are_typed_one_a_line() -> None:
    lines = TransferPresenter(Nobody()).read_lines("Functional English; B; EN-102; 3\n\nCalculus;;MT-101")
    assert lines == [Line("Functional English", "B", "EN-102", "3"), Line("Calculus", "", "MT-101", None)]


def test_credit_is_asked_for_from_the_keyboard(
    qtbot: QtBot, program: Program, university: University, api: Api
) -> None:
    scene = university.stand(students=2)
    university.course(scene["department"], "EN-102")
    window = program.enter("registrar")
    window.activateWindow()
    page = window.open("new_transfer")
    assert isinstance(page, TransferPage)
    qtbot.waitUntil(lambda: page.finding.search.hasFocus() and bool(page.term.count()), timeout=WAIT)
    number = api.as_("registrar").get(f"/api/students/{scene['students'][0]}/").json["reg_no"]
    press("student number")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(page.finding.list.hasFocus, timeout=WAIT)
    assert not page.form.isVisible()
    press("L", CONTROL)
    press(number)
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(page.institution.hasFocus, timeout=WAIT)
    assert not page.finding.list.isVisible()
    press(Qt.Key.Key_Return, CONTROL)
    assert page.form._complaints["institution"].text() == "Say where they were passed."
    press("Example College")
    page.reference.setFocus()
    press("EC/14/2022")
    page.courses.setFocus()
    press("Functional English; B; EN-999")
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: page.form.complaint.text() == "There is no course EN-999 here.", timeout=WAIT)
    page.courses.selectAll()
    press("Functional English; B; en-102")
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: isinstance(window.page, CasesPage), timeout=WAIT)
    assert isinstance(window.page, CasesPage)
    assert window.page.note.text().startswith("Asked: 1 course of ")
    (asked,) = api.as_("head").get("/api/transfers/").json["results"]
    assert (asked["institution"], asked["reference"], asked["state"]) == (
        "Example College",
        "EC/14/2022",
        "proposed",
    )
