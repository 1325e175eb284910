"""A university with one student whose results are out, keys to seal with, and the program on a profile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from sims_desktop.app import Desktop
from sims_desktop.counter.page import CounterPage
from sims_server.transcripts.operations.keys import manage_keys
from tests.support.api import Api
from tests.support.published import Record
from tests.support.university import PASSWORD, University

WAIT = 20_000
OpenCounter = Callable[[str], CounterPage]


@pytest.fixture
def record(
    university: University, api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[Record]:
    """Keys made as the operator makes them, in a data folder of this test's own."""
    before = api.client.app.state.data
    data = tmp_path / "data"
    data.mkdir()
    for path in before.iterdir():
        if path.is_file():
            (data / path.name).write_bytes(path.read_bytes())
    api.client.app.state.data = api.data = data
    found = Record(university)
    assert manage_keys(api.database, data, "make") == 0
    capsys.readouterr()
    yield found
    api.client.app.state.data = api.data = before


@pytest.fixture
def open_counter(qtbot: QtBot, tmp_path: Path) -> Iterator[OpenCounter]:
    """The program signed in as the counter's clerk, its page in front."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    started: list[Desktop] = []

    def run(server: str) -> CounterPage:
        for before in started:
            before.close()
        desktop = Desktop(app, tmp_path / "profile", server)
        started.append(desktop)
        desktop.remembered.put("counter/printer", f"file in {tmp_path / 'profile' / 'printed'}")
        desktop.enter("counter", PASSWORD)
        qtbot.waitUntil(lambda: desktop.window is not None, timeout=WAIT)
        assert desktop.window is not None
        qtbot.waitExposed(desktop.window)
        desktop.window.activateWindow()
        page = desktop.window.open("counter")
        assert isinstance(page, CounterPage)
        return page

    yield run
    for desktop in started:
        desktop.close()
        if desktop.sign_in is not None:
            desktop.sign_in.close()
        assert not (desktop.profile / "errors.log").exists(), (desktop.profile / "errors.log").read_text()
