"""Two records of one person: without a screen over the real application, and by keys at a real server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from sims_desktop.client.errors import Offline, ProblemAnswer
from sims_desktop.client.merging import MergeCalls
from sims_desktop.merging.page import MergingPage
from sims_desktop.merging.presenter import MergingPresenter
from sims_desktop.shell.window import MainWindow
from tests.desktop.approvals.program import CONTROL, WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look
from tests.support.api import Api
from tests.support.signed_in import SignIn
from tests.support.university import University


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    """A student and, under another name and program, the same person."""
    scene = university.stand(students=2)
    twin = university.student("Twin Record")
    program = university.program(scene["department"], "MSCS")
    university.registration(twin, program, scene["regulation"], "2026-MS-0001")
    return {**scene, "twin": twin}


def desk(sign_in: SignIn, username: str) -> MergingPresenter:
    client, user = sign_in(username)
    presenter = MergingPresenter(MergeCalls(client), user.permissions, user.id)
    presenter.take(presenter.load())
    return presenter


def test_one_asks_another_confirms_and_it_is_taken_apart_again(
    api: Api, scene: dict[str, Any], sign_in: SignIn
) -> None:
    registrar = desk(sign_in, "registrar")
    assert registrar.sentence == "No merge is waiting."
    (stays,) = registrar.find("CS-0001")
    (twin,) = registrar.find("twin")
    assert registrar.pick(stays) == ""
    assert "Find its duplicate" in registrar.picked_words
    assert registrar.pick(stays).startswith("This is the same record")
    assert registrar.pick(twin) == ""
    assert registrar.pick(registrar.find("CS-0002")[0]).startswith("Two are chosen already")
    registrar.swap()
    assert registrar.picked[0].id == twin.id
    registrar.swap()
    lines = {line.what: line for line in registrar.read(stays.id, twin.id)}
    assert (lines["Name"].stays, lines["Name"].duplicate) == ("Student Number 1", "Twin Record")
    assert "2026-MS-0001" in lines["Registration"].duplicate
    assert (lines["Enrollments"].stays, lines["Enrollments"].duplicate) == ("1", "0")
    assert registrar.ask("Entered twice") == "Asked for. Another person confirms it."
    registrar.take(registrar.load())
    assert registrar.sentence == "1 merge waiting for another person"
    (merge,) = registrar.merges
    assert registrar.why_not_decide(merge) == "You asked for it; another person confirms it."
    with pytest.raises(ProblemAnswer) as own:
        registrar.decide(merge, True, "")
    assert own.value.code == "students.merge_second_person"
    cell = desk(sign_in, "examcell")
    assert not cell.may_ask
    assert cell.sentence == "1 merge for you to confirm"
    (merge,) = cell.merges
    assert "Twin Record is read as Student Number 1" in cell.question(merge)
    assert cell.decide(merge, True, "").startswith("One record now: ")
    assert cell.read(stays.id, twin.id) == []
    registrar.take(registrar.load())
    (merge,) = registrar.merges
    assert "Confirmed by Examcell" in registrar.lead(merge, datetime.now(UTC))
    assert registrar.why_not_undo(merge) == ""
    assert registrar.undo(merge, "Cousins").startswith("Taken apart again: ")
    registrar.take(registrar.load())
    assert "Taken apart by Registrar" in registrar.lead(registrar.merges[0], datetime.now(UTC))
    # Two live registrations in one program are for an order to settle.
    for one in (stays, registrar.find("CS-0002")[0]):
        registrar.pick(one)
    with pytest.raises(ProblemAnswer) as refused:
        registrar.ask("Entered twice")
    assert refused.value.code == "students.registrations_overlap"
    assert "counts only once" in registrar.refused(Offline("away"))


def merging(qtbot: QtBot, window: MainWindow) -> MergingPage:
    window.activateWindow()
    page = window.open("merging")
    assert isinstance(page, MergingPage)
    qtbot.waitUntil(lambda: page.presenter.loaded and page._loading is None, timeout=WAIT)
    page.list.setFocus()
    qtbot.waitUntil(page.list.hasFocus, timeout=WAIT)
    return page


def test_two_people_make_two_records_one_by_keys(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api
) -> None:
    window = program.enter("registrar")
    page = merging(qtbot, window)
    assert page.heading.text() == "A merge makes two records of one person answer as one."
    look(window, "merging_empty")
    press("N", CONTROL)
    for words, picked in (("number 1", 1), ("twin", 2)):
        press(words)
        press(Qt.Key.Key_Return)
        qtbot.waitUntil(page.students.hasFocus, timeout=WAIT)
        press(Qt.Key.Key_Return)
        assert len(page.presenter.picked) == picked
    qtbot.waitUntil(lambda: page.line_model.rowCount() > 1, timeout=WAIT)
    look(window, "merging_new")
    press(Qt.Key.Key_Return)
    assert page.asking.complaint.text() == "Say why they are one person."
    press("Entered twice")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.model.rowCount() == 1, timeout=WAIT)
    assert page.note.text() == "Asked for. Another person confirms it."
    qtbot.waitUntil(lambda: "You asked for it" in page.asking.complaint.text(), timeout=WAIT)
    window = program.enter("examcell")
    page = merging(qtbot, window)
    qtbot.waitUntil(lambda: page.line_model.rowCount() > 1, timeout=WAIT)
    press("A")
    look(window, "merging_confirm")
    assert "Twin Record is read as Student Number 1" in page.asking.question.text()
    press("A")
    qtbot.waitUntil(lambda: page.note.text().startswith("One record now: "), timeout=WAIT)
    qtbot.waitUntil(lambda: page.model.records[0].status == "merged", timeout=WAIT)
    twin = api.as_("registrar").get(f"/api/students/{scene['twin']}/").json
    assert twin["redirected_from"] == scene["twin"]
    program.server.kill()
    press(Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: "Merging needs the server" in page.summary.text(), timeout=WAIT)
