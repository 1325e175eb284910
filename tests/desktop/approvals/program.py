"""The program of one person against a real server, for tests of desks that ask it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from sims_desktop.app import Desktop
from sims_desktop.shell.window import MainWindow
from tests.support.server import Serve, ServerProcess
from tests.support.university import PASSWORD

WAIT = 20_000
CONTROL = Qt.KeyboardModifier.ControlModifier
Enter = Callable[[str], MainWindow]


class Program:
    """One server, and whoever sits down before it. `server` may be killed."""

    def __init__(self, qtbot: QtBot, serve: Serve, profile: Path) -> None:
        self._qtbot, self._profile = qtbot, profile
        self.server: ServerProcess = serve()
        self.started: list[Desktop] = []

    def enter(self, username: str) -> MainWindow:
        """Signs in, on this test's profile, and shows the window."""
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        self.close()
        desktop = Desktop(app, self._profile, self.server.base_url)
        self.started.append(desktop)
        desktop.enter(username, PASSWORD)
        self._qtbot.waitUntil(lambda: desktop.window is not None, timeout=WAIT)
        assert desktop.window is not None
        desktop.window.resize(1280, 760)
        self._qtbot.waitExposed(desktop.window)
        return desktop.window

    def close(self) -> None:
        for desktop in self.started:
            desktop.close()
            if desktop.sign_in is not None:
                desktop.sign_in.close()
            log = desktop.profile / "errors.log"
            assert not log.exists(), log.read_text()
        self.started.clear()


@pytest.fixture
def program(qtbot: QtBot, serve: Serve, tmp_path: Path) -> Iterator[Program]:
    program = Program(qtbot, serve, tmp_path / "profile")
    yield program
    program.close()


def press(key: Qt.Key | str, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """To whatever has the focus, as a person's keys go."""
    target: Any = QApplication.focusWidget()
    assert target is not None, "nothing has the focus"
    if isinstance(key, str):
        QTest.keyClicks(target, key, modifiers)
    else:
        QTest.keyClick(target, key, modifiers)
    QApplication.processEvents()
