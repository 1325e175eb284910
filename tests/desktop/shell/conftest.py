"""The program on a test's own profile, started again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from sims_desktop.app import Desktop
from tests.support.university import University

Start = Callable[[str], Desktop]


@pytest.fixture
def start(qtbot: QtBot, tmp_path: Path) -> Iterator[Start]:
    """Starts the program on this test's profile, again and again."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    started: list[Desktop] = []

    def run(server: str) -> Desktop:
        for before in started:
            before.close()
        started.append(Desktop(app, tmp_path / "profile", server))
        return started[-1]

    yield run
    for desktop in started:
        desktop.close()
        if desktop.sign_in is not None:
            desktop.sign_in.close()
        assert not (desktop.profile / "errors.log").exists(), (desktop.profile / "errors.log").read_text()


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=4)
