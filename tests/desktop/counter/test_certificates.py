"""The marks certificate of an examination by keys alone, and its duplicate, against a real server."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from sims_desktop.counter.presenter.paper import Stage
from sims_desktop.shell.window import MainWindow
from tests.desktop.approvals.test_inbox_page import look
from tests.desktop.counter.conftest import WAIT, OpenCounter
from tests.desktop.counter.test_counter_page import open_student, over, press, scan, stage_is, type_in
from tests.support.api import Api
from tests.support.published import Record
from tests.support.server import Serve

Key = Qt.Key


def test_a_marks_certificate_is_sealed_and_a_lost_one_replaced(
    qtbot: QtBot, open_counter: OpenCounter, serve: Serve, record: Record, api: Api
) -> None:
    page = open_counter(serve().base_url)
    window = page.window()
    assert isinstance(window, MainWindow)
    open_student(qtbot, page)
    press(Key.Key_F3)
    qtbot.waitUntil(lambda: stage_is(page, Stage.PURPOSE) and page.panel.examination.hasFocus(), timeout=WAIT)
    assert page.panel.heading.text() == "Detailed marks certificate of STUDENT NAME ONE"
    press(Key.Key_Down)
    older = page.panel.examination.currentText()
    press(Key.Key_Return)
    qtbot.waitUntil(lambda: stage_is(page, Stage.PREVIEW), timeout=WAIT)
    QApplication.processEvents()
    look(window, "counter_certificate")
    scan("D-1")
    qtbot.waitUntil(lambda: over(page) and len(page.documents.records) == 1, timeout=WAIT)
    (first,) = page.documents.records
    assert (first.document, first.purpose) == ("dmc", "Personal record")
    assert page.search.hasFocus()

    press(Key.Key_F3)
    qtbot.waitUntil(lambda: stage_is(page, Stage.PURPOSE), timeout=WAIT)
    assert first.serial in page.panel.examination.itemText(1)
    assert older.split(" · ")[0] in page.panel.examination.itemText(1)
    press(Key.Key_Down)
    type_in("d")
    assert page.panel.evidence.hasFocus()
    press(Key.Key_Return)
    assert page.paper.faults[0].detail == "The number of the report or affidavit of the loss"
    scan("FIR 12/2026")
    qtbot.waitUntil(lambda: stage_is(page, Stage.PREVIEW), timeout=WAIT)
    look(window, "counter_duplicate")
    scan("D-2")
    qtbot.waitUntil(lambda: over(page) and len(page.documents.records) == 2, timeout=WAIT)
    issued = api.as_("counter").get("/api/transcripts/issued/").json["results"]
    assert [(one["kind"], one["status"], one["purpose"]) for one in issued] == [
        ("duplicate", "valid", "Personal record, duplicate upon FIR 12/2026"),
        ("original", "superseded", "Personal record"),
    ]
