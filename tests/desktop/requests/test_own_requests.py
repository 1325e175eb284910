"""A student's own requests by keys at a real server."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from sims_desktop.requests.own_page import OwnRequestsPage
from tests.desktop.approvals.program import CONTROL, WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look
from tests.desktop.requests.test_queue import ask
from tests.support.api import Api
from tests.support.university import University


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=2)


def test_a_student_asks_and_reads_what_came_of_it(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api
) -> None:
    ask(api, scene["students"][1])  # somebody else's
    window = program.enter("student")
    window.activateWindow()
    page = window.open("my_requests")
    assert isinstance(page, OwnRequestsPage)

    def settled() -> bool:
        return page.presenter.loaded is not None and page._loading is None and not page.is_busy

    qtbot.waitUntil(settled, timeout=WAIT)
    assert page.summary.text() == "Nothing that you asked for is under way."
    assert page.nothing.isVisible()
    look(window, "own_nothing")
    press("N", CONTROL)
    assert page.form.type.hasFocus()
    assert [page.form.type.itemText(row) for row in range(page.form.type.count())] == [
        "1 Bonafide certificate",
        "2 Degree",
        "3 Migration certificate",
        "4 No-objection certificate",
        "5 Transcript",
        "6 Verification of documents",
        "7 Other",
    ]
    press("7")
    press(Qt.Key.Key_Return)
    look(window, "own_faults")
    assert page.form.notes.hasFocus()  # beside its field: say what
    press("My letter of admission")
    press(Qt.Key.Key_Escape)
    assert page.leaving() == "A request that you began is not sent."
    press("N", CONTROL)
    assert page.form.notes.text() == "My letter of admission"
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.summary.text() == "1 request under way." and settled(), timeout=WAIT)
    assert page.note.text().startswith("Asked for: Other, for Student Number 1")
    assert page.leaving() == ""
    lines = page.detail.text().splitlines()
    assert lines[1].startswith("Promised for ")
    assert [lines[0], *lines[2:4]] == [
        "Not decided yet (just now).",
        "1 copy",
        "My letter of admission",
    ]
    look(window, "own_asked")
    # Decided and made out meanwhile; what the office said stands below what was asked.
    registrar = api.as_("registrar")
    path = f"/api/requests/{page.presenter.requests[0].id}/transition/"
    said = {"status": "approved", "notes": "My letter of admission\n— Two seals"}
    assert registrar.post(path, said).status == 200
    assert registrar.post(path, {"status": "completed"}).status == 200
    press(Qt.Key.Key_F5)
    ready = "1 paper lies ready at the counter for you."
    qtbot.waitUntil(lambda: page.summary.text() == ready and settled(), timeout=WAIT)
    assert page.detail.text().startswith("Ready since ")
    assert "The office says: Two seals" in page.detail.text()
    look(window, "own_ready")
    program.server.kill()
    press("N", CONTROL)
    page.form.type.setFocus()
    press("5")
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: "counts only once" in page.form.complaint.text(), timeout=WAIT)
    assert page.form.type.currentData() == "transcript"
