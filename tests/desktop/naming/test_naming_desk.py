"""Another name by two people: without a screen over the real application, and by keys at a real server."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from sims_desktop.client.errors import Offline, ProblemAnswer
from sims_desktop.client.naming import NamingCalls
from sims_desktop.client.student_acts import StudentActCalls
from sims_desktop.naming.page import NamingPage
from sims_desktop.naming.presenter import NamingPresenter
from sims_desktop.shell.window import MainWindow
from tests.desktop.approvals.program import CONTROL, WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look
from tests.support.api import Api
from tests.support.signed_in import SignIn
from tests.support.university import University

NOW = datetime.now(UTC)
PAPER = b"%PDF-1.4 matriculation certificate"


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=2)


def ask(sign_in: SignIn, student: int, name: str = "Ayesha Siddiqua") -> int:
    client, _ = sign_in("registrar")
    asked = StudentActCalls(client).correct_name(student, name, "", "Matriculation", "matric.pdf", PAPER)
    return asked.id


def desk(sign_in: SignIn, username: str) -> NamingPresenter:
    client, user = sign_in(username)
    presenter = NamingPresenter(NamingCalls(client), user.permissions, user.id)
    presenter.take(presenter.load())
    return presenter


def test_who_asked_waits_and_another_person_confirms(
    api: Api, scene: dict[str, Any], sign_in: SignIn, tmp_path: Path
) -> None:
    first, second = scene["students"]
    assert desk(sign_in, "examcell").sentence == "No name waits for a second person."
    ask(sign_in, first)
    ask(sign_in, second, "Bilal Ahmed")
    registrar, cell = desk(sign_in, "registrar"), desk(sign_in, "examcell")
    assert registrar.sentence == "2 names that you asked for: another person confirms."
    assert cell.sentence == "2 names for you to confirm."
    mine, (one, other) = registrar.corrections[0], cell.corrections
    assert registrar.why_not_decide(mine) == "You asked for it; another person confirms it."
    assert cell.why_not_withdraw(one).startswith("Whoever asked for it")
    assert "From “Student Number 1” to “Ayesha Siddiqua”." in cell.detail(one, NOW)
    assert "No valid document carries the old name." in cell.detail(one, NOW)
    assert cell.save(one, tmp_path / "copy.pdf").startswith("Saved copy.pdf in ")
    assert (tmp_path / "copy.pdf").read_bytes() == PAPER
    assert "cannot be written there" in cell.refused(FileNotFoundError(2, "No such file"))
    assert cell.decide(one, True, "") == "Student Number 1 is called Ayesha Siddiqua now."
    with pytest.raises(ProblemAnswer, match="confirmed"):
        desk(sign_in, "examcell").decide(one, False, "late")
    assert registrar.withdraw(registrar.corrections[1]) == "Taken back: Student Number 2 keeps the name."
    cell.turn()
    assert cell.loaded is None
    cell.take(cell.load())
    assert cell.sentence == "2 corrections of names asked for, in any state."
    assert {one.status for one in cell.corrections} == {"confirmed", "withdrawn"}
    assert "counts only once" in cell.refused(Offline("The server cannot be reached"))
    cell.not_loaded(Offline("The server cannot be reached"))
    assert "Names need the server" in cell.sentence
    assert other.id in {one.id for one in cell.corrections}


def test_a_name_is_confirmed_by_keys(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api, sign_in: SignIn, tmp_path: Path
) -> None:
    first, second = scene["students"]
    ask(sign_in, first)
    ask(sign_in, second, "Bilal Ahmed")
    window = program.enter("examcell")
    window.activateWindow()
    page = window.open("naming")
    assert isinstance(page, NamingPage)
    assert isinstance(window, MainWindow)

    def settled() -> bool:
        return page.presenter.loaded is not None and page._loading is None and not page.is_busy

    qtbot.waitUntil(lambda: settled() and page.model.rowCount() == 2, timeout=WAIT)
    look(window, "naming")
    press("A")
    assert page.asking.complaint.text() == ""
    look(window, "naming_question")
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: settled() and page.model.rowCount() == 1, timeout=WAIT)
    assert page.note.text() == "Student Number 1 is called Ayesha Siddiqua now."
    assert api.as_("registrar").get(f"/api/students/{first}/").json["name"] == "Ayesha Siddiqua"
    press("R")
    press(Qt.Key.Key_Return)
    assert "needs a reason" in page.asking.complaint.text()
    press("The certificate is of a brother")
    assert page.leaving() == "What you typed about a name is not sent."
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: settled() and page.model.rowCount() == 0, timeout=WAIT)
    assert page.summary.text() == "No name waits for a second person."
    look(window, "naming_empty")
    press("F")
    qtbot.waitUntil(lambda: settled() and page.model.rowCount() == 2, timeout=WAIT)
    press("J")
    qtbot.waitUntil(lambda: "Confirmed by Examcell" in page.detail.text(), timeout=WAIT)
    page.save_to(page.model.record(1), tmp_path / "nowhere" / "copy.pdf")
    qtbot.waitUntil(lambda: "cannot be written there" in page.note.text(), timeout=WAIT)
    program.server.kill()
    press(Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: "Names need the server" in page.summary.text(), timeout=WAIT)
