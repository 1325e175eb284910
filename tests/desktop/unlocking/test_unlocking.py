"""A locked column is opened again by the head, from the keyboard, at a real server."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from sims_desktop.unlocking.page import UnlockPage
from tests.desktop.approvals.program import WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look
from tests.server.results.scene import approve, fill
from tests.support.api import Api
from tests.support.university import University


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=1)


def lines(page: UnlockPage) -> list[tuple[str, str]]:
    return [(line.section, line.column.name) for line in page.presenter.lines]


def test_the_head_opens_what_was_locked_in_sheets_that_are_open(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api, university: University
) -> None:
    quiz, midterm, _ = scene["assessments"]
    for id in (quiz, midterm):
        assert api.as_("faculty").post(f"/api/assessments/{id}/lock/", {}).status == 200
    assert api.as_("faculty").post(f"/api/assessments/{quiz}/release/", {}).status == 200
    window = program.enter("head")
    window.palette_box.open("unlock")
    assert window.palette_box.entry(0).title == "Locked assessments"
    press(Qt.Key.Key_Escape)
    window.activateWindow()
    page = window.open("unlocking")
    assert isinstance(page, UnlockPage)
    qtbot.waitUntil(lambda: page.presenter.is_loaded and page.list.hasFocus(), timeout=WAIT)
    assert page.summary.text() == "2 assessments locked in open sheets"
    assert lines(page) == [("CS-101 A", "Quiz"), ("CS-101 A", "Midterm")]
    press("U")
    assert page.asking.question.text() == (
        "Quiz of \u2066CS-101 A\u2069: its teachers can type in it again. "
        "What its students have seen stays shown. U unlocks, Esc leaves it."
    )
    look(window, "unlocking_question")
    press("J")
    assert not page.asking.is_asking, "what was asked was about the other one"
    press("K")
    press("U")
    press("U")
    qtbot.waitUntil(lambda: lines(page) == [("CS-101 A", "Midterm")], timeout=WAIT)
    assert page.note.text().startswith("Unlocked: Quiz of ")
    column = api.as_("faculty").get(f"/api/assessments/{quiz}/").json
    assert column["locked_at"] is None
    assert column["released_at"] is not None
    fill(university, {**scene, "assessments": [quiz, midterm, scene["assessments"][2]]})
    approve(api, scene["section"])
    press(Qt.Key.Key_F5)
    qtbot.waitUntil(
        lambda: page.summary.text() == "Nothing is locked in the open sheets.", timeout=WAIT
    )  # what is handed in is not typed in anyway
    program.server.kill()
    press(Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: "Unlocking needs the server" in page.summary.text(), timeout=WAIT)
