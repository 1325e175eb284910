"""A clerk closes the day by keys: a missing sheet is told with its number and kept with its reason."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from sims_desktop.stationery.page import StationeryPage
from tests.desktop.approvals.program import WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look
from tests.support.api import Api
from tests.support.published import Record


@pytest.mark.usefixtures("keys")
def test_a_day_is_closed_by_keys_and_a_missing_sheet_is_explained(
    qtbot: QtBot, program: Program, api: Api, record: Record
) -> None:
    counter = api.as_("counter")
    wanted = {"student_id": record.student, "document": "transcript", "purpose": "visa"}
    serial = counter.post("/api/transcripts/issue/", wanted).json["serial"]
    for number, outcome in (("S-100", "printed"), ("S-101", "spoiled")):
        body = {"printer": "HP-3", "stock_numbers": [number], "outcome": outcome, "reason": "jam"}
        assert counter.post(f"/api/transcripts/issued/{serial}/print/", body).status == 200
    window = program.enter("counter")
    window.activateWindow()
    desk = window.open("counter")
    qtbot.waitUntil(lambda: desk.focusWidget() is not None, timeout=WAIT)
    press(Qt.Key.Key_F7)
    page = window.page
    assert isinstance(page, StationeryPage)
    qtbot.waitUntil(lambda: page.presenter.loaded is not None and page.opening.hasFocus(), timeout=WAIT)
    assert page.summary.text() == "This pile was never counted. Since it began: printed 1, spoiled 1."
    press("many")
    press(Qt.Key.Key_Return)
    assert [fault.pointer for fault in page.presenter.faults] == ["/remaining", "/opening"]
    page.opening.setText("500")
    page.remaining.setText("497")
    page.remaining.setFocus()
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.why.hasFocus(), timeout=WAIT)
    assert page.form.complaint.text() == (
        "1 sheet missing: 498 should be left. Count again, or say why and press Enter."
    )
    assert page.remaining.text() == "497", "what was typed stays"
    look(window, "stationery_differs")
    press("Torn by the feeder")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.count_model.rowCount() == 1, timeout=WAIT)
    assert page.note.text().startswith("opening 500, printed 1, spoiled 1, left 497: 1 sheet missing.")
    qtbot.waitUntil(lambda: page.summary.text().endswith("497 should be left."), timeout=WAIT)
    closed = page.presenter.to_print(None)
    assert closed is not None
    paper = page.presenter.paper(closed)
    assert "S-101" in paper
    assert "Torn by the feeder" in paper
    press("497")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.count_model.rowCount() == 2, timeout=WAIT)
    assert page.note.text().startswith("opening 497, printed 0, spoiled 0, left 497: balances.")
    look(window, "stationery_closed")
