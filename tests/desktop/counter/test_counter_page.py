"""The counter by keys alone, against a real server."""

from __future__ import annotations

import hashlib
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from sims_desktop.counter.page import CounterPage
from sims_desktop.counter.presenter.paper import Stage
from tests.desktop.counter.conftest import WAIT, OpenCounter
from tests.support.api import Api
from tests.support.published import Record, trust_of
from tests.support.server import Serve

Key = Qt.Key


def press(key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    target = QApplication.focusWidget()
    assert target is not None
    QTest.keyClick(target, key, modifiers)


def type_in(text: str) -> None:
    target = QApplication.focusWidget()
    assert target is not None
    QTest.keyClicks(target, text)


def scan(text: str) -> None:
    """A wand types and ends with Enter."""
    type_in(text)
    press(Key.Key_Return)


def open_student(qtbot: QtBot, page: CounterPage) -> None:
    scan("2022-XU-BSCS-0417")
    qtbot.waitUntil(lambda: page.headline.text().startswith("STUDENT NAME ONE"), timeout=WAIT)


def to_preview(qtbot: QtBot, page: CounterPage, purpose: str = "1") -> None:
    press(Key.Key_F2)
    scan(purpose)
    qtbot.waitUntil(lambda: page.paper.stage is Stage.PREVIEW, timeout=WAIT)


def over(page: CounterPage) -> bool:
    return page.paper.stage is Stage.CLOSED


def test_a_transcript_is_sealed_printed_and_recorded_by_keys_alone(
    qtbot: QtBot, open_counter: OpenCounter, serve: Serve, record: Record, api: Api, tmp_path: Path
) -> None:
    page = open_counter(serve().base_url)
    open_student(qtbot, page)
    assert page.search.hasFocus()
    to_preview(qtbot, page)
    assert page.preview.page_count > 0
    assert api.as_("counter").get("/api/transcripts/issued/").json["results"] == []

    scan("A-000417")
    qtbot.waitUntil(lambda: over(page), timeout=WAIT)
    (document,) = api.as_("counter").get("/api/transcripts/issued/").json["results"]
    assert document["purpose"] == "Visa"
    assert page.note.text() == f"{document['serial']} printed on 1 sheet A-000417 and recorded."
    detail = api.as_("counter").get(f"/api/transcripts/issued/{document['serial']}/").json
    assert [(one["stock_number"], one["outcome"]) for one in detail["sheets"]] == [
        ("A-000417", "bound"),
        ("A-000417", "printed"),
    ]
    printed = (tmp_path / "profile" / "printed" / f"{document['serial']}.pdf").read_bytes()
    assert hashlib.sha256(printed).hexdigest() == document["sha256"]
    from sims_shared.seal import Verdict, judge_file

    assert judge_file(printed, trust_of(api)).verdict is Verdict.GENUINE
    assert page.search.hasFocus()
    qtbot.waitUntil(lambda: len(page.documents.records) == 1, timeout=WAIT)
