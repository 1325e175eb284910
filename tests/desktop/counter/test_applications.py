"""Applications at the counter by keys alone, against a real server."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from sims_desktop.shell.window import MainWindow
from tests.desktop.approvals.test_inbox_page import look
from tests.desktop.counter.conftest import WAIT, OpenCounter
from tests.desktop.counter.test_counter_page import open_student, press, scan, type_in
from tests.support.api import Api
from tests.support.published import Record
from tests.support.server import Serve

Key = Qt.Key
SHIFT = Qt.KeyboardModifier.ShiftModifier


def requests(api: Api) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.as_("counter").get("/api/requests/?ordering=id").json["results"]
    return found


def test_an_application_is_taken_and_what_is_ready_handed_out_without_a_mouse(
    qtbot: QtBot, open_counter: OpenCounter, serve: Serve, record: Record, api: Api
) -> None:
    server = serve()
    page = open_counter(server.base_url)
    window = page.window()
    assert isinstance(window, MainWindow)
    press(Key.Key_F8)
    assert page.note.text() == "Open a student first: scan a card, or type and press Enter."
    open_student(qtbot, page)
    press(Key.Key_F8, SHIFT)
    assert page.note.text() == "Nothing waits to be handed out."
    press(Key.Key_F8)
    taking = page.applications.taking
    qtbot.waitUntil(lambda: taking.type.count() == 4 and taking.type.hasFocus(), timeout=WAIT)
    look(window, "counter_application")
    press(Key.Key_Return)
    assert page.applications.is_taking
    type_in("2")
    taking.addressee.setFocus()
    type_in("Embassy of Turkey")
    # A card that is scanned meanwhile takes nothing away.
    press(Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    scan("2024-CS-0099")
    qtbot.waitUntil(lambda: page.note.text() == "Nobody is found by “2024-CS-0099”.", timeout=WAIT)
    page.visit(record.student)
    assert page.note.text() == "The application is not taken yet: Enter takes it, Esc leaves it."
    assert page.leaving() == page.note.text()
    taking.addressee.setFocus()
    press(Key.Key_Return)
    qtbot.waitUntil(lambda: page.note.text().startswith("Taken: No-objection certificate"), timeout=WAIT)
    (noc,) = requests(api)
    assert (noc["type"], noc["addressee"], noc["copies"]) == ("noc", "Embassy of Turkey", 1)
    assert page.search.hasFocus()
    qtbot.waitUntil(lambda: "not decided yet" in page.standing.text(), timeout=WAIT)
    press(Key.Key_F8, SHIFT)
    assert page.note.text() == "Nothing is approved yet; what was asked for waits for a decision."

    api.as_("registrar").post(f"/api/requests/{noc['id']}/transition/", {"status": "approved"})
    open_student(qtbot, page)
    qtbot.waitUntil(lambda: "approved, not ready yet" in page.standing.text(), timeout=WAIT)
    press(Key.Key_F8, SHIFT)
    assert page.applications.what.currentText() == "1 No-objection certificate: approved, to be handed out"
    QApplication.processEvents()
    look(window, "counter_handing")
    scan("3")
    qtbot.waitUntil(lambda: "certificate ready since " in page.standing.text(), timeout=WAIT)
    assert "Shift+F8 Hand out what is ready" in page.hint.text().replace("\u00a0", " ")
    look(window, "counter_ready")
    press(Key.Key_F8, SHIFT)
    scan("2 Ahmed Khan")
    complaint = page.applications.handing.complaint
    assert complaint.text().startswith("The bearer's identity number")
    # A colleague hands it out first: nothing is overwritten, what was typed stays.
    patched = api.as_("registrar").patch(f"/api/requests/{noc['id']}/", {"collected_by": "his brother"})
    assert patched.status == 200
    scan(" 35202-1234567-1")
    qtbot.waitUntil(lambda: complaint.text().endswith("to his brother."), timeout=WAIT)
    assert page.applications.who.text() == "2 Ahmed Khan 35202-1234567-1"
    assert requests(api)[0]["collected_by"] == "his brother"
    press(Key.Key_Escape)
    assert page.search.hasFocus()
    assert not page.applications.is_open

    server.kill()
    press(Key.Key_F8)
    type_in("3")
    press(Key.Key_Return)
    qtbot.waitUntil(lambda: "counts only once" in taking.complaint.text(), timeout=WAIT)
    assert taking.type.currentData() == "transcript"
    press(Key.Key_Escape)
    QApplication.processEvents()
    assert page.search.hasFocus()
