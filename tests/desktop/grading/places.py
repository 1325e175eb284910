"""Teachers at grade pages before one real server: window, store, client, handlers and PostgreSQL; only the
socket is not. Several sit at once, each on a computer of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from sims_desktop.client.errors import ClientError
from sims_desktop.client.http import Client
from sims_desktop.client.sheet_office import SheetOffice
from sims_desktop.client.sheets import SheetCalls
from sims_desktop.grading.page import GridPage
from sims_desktop.grading.presenter.shelf import StoreShelf
from sims_desktop.kit.actions import Actions
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.remembered import Remembered
from sims_desktop.kit.tasks import Tasks
from sims_desktop.kit.theme import Theme
from sims_desktop.offline import upgrades
from sims_desktop.offline.exchange import Exchange
from sims_desktop.offline.store import SheetStore
from sims_desktop.offline.sync import sync_once
from tests.desktop.grading.hands import Hands
from tests.support.api import Api
from tests.support.full_stack import InProcess
from tests.support.university import PASSWORD

KEY = "5e" * 32


class Place(Hands):
    """A teacher at the grade page of one section. `away` cuts the network."""

    def __init__(self, api: Api, qtbot: QtBot, around: Surroundings, path: Path, username: str, section: int):
        upgrades.prepare(path, KEY)
        self.store = SheetStore(path, KEY)
        self.client = Client("http://in.process", transport=InProcess(api.client.app))
        person = self.client.sign_in(username, PASSWORD)
        self.calls = SheetCalls(self.client)
        self.exchange = Exchange(self.store, self.calls)
        self.section = section
        self._qtbot = qtbot
        assert self.catch_up()
        office = SheetOffice(self.client, self.store, self.catch_up)
        page = GridPage(around, StoreShelf(self.store, person_id=person.id), office, section)
        super().__init__(page)
        qtbot.addWidget(page)
        page.resize(1100, 700)
        page.show()
        page.view.setFocus()
        page.activateWindow()
        qtbot.waitUntil(lambda: QApplication.focusWidget() is page.view)

    def turn_to(self) -> None:
        """This window comes to the front, where keys reach it."""
        self.page.activateWindow()
        self.view.setFocus()
        self._qtbot.waitUntil(lambda: QApplication.focusWidget() is self.view)

    def catch_up(self) -> bool:
        try:
            return sync_once(self.store, self.calls, self.exchange) == []
        except ClientError:
            return False

    def sync(self) -> None:
        self.catch_up()
        with self._qtbot.waitSignal(self.page.refreshed):
            self.page.around.changes.tell("sheet", self.section)

    def until(self, holds: Callable[[], object]) -> None:
        self._qtbot.waitUntil(lambda: bool(holds()), timeout=15_000)

    def close(self) -> None:
        self.store.close()
        self.client.close()


Sit = Callable[..., Place]


@pytest.fixture
def sit(api: Api, qtbot: QtBot, tmp_path: Path) -> Iterator[Sit]:
    """Somebody at the grade page of a section, each at a computer of their own."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    places: list[Place] = []
    bugs: list[BaseException] = []

    def at(username: str, section: int) -> Place:
        folder = tmp_path / f"{len(places)}-{username}"
        folder.mkdir()
        remembered = Remembered(folder)
        tasks = Tasks(bugs.append, threads=1)
        around = Surroundings(Actions(remembered), tasks, remembered, Theme(app, remembered))
        places.append(Place(api, qtbot, around, folder / "sheets.db", username, section))
        return places[-1]

    yield at
    for place in places:
        place.page.around.tasks.close()
        place.close()
    assert bugs == []
