"""The whole program against a real server: sign in, type, lose the network, come back."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from sims_desktop.app import Desktop
from sims_desktop.grading.overview_page import OverviewPage
from sims_desktop.grading.page import GridPage
from sims_desktop.grading.presenter.sheet import Badge
from sims_desktop.shell.window import MainWindow
from tests.desktop.shell.conftest import Start
from tests.support.api import Api
from tests.support.server import Serve
from tests.support.university import PASSWORD

WAIT = 20_000


def enter(qtbot: QtBot, desktop: Desktop, username: str = "faculty", password: str = PASSWORD) -> MainWindow:
    desktop.enter(username, password)
    qtbot.waitUntil(lambda: desktop.window is not None, timeout=WAIT)
    assert desktop.window is not None
    qtbot.waitExposed(desktop.window)
    return desktop.window


def open_sheet(qtbot: QtBot, window: MainWindow, section_id: int) -> GridPage:
    overview = window.open("sheets")
    assert isinstance(overview, OverviewPage)
    qtbot.waitUntil(lambda: any(line.here for line in overview.model.records), timeout=WAIT)
    page = window.open("sheet", section_id)
    assert isinstance(page, GridPage)
    page.view.setFocus()
    return page


def type_mark(page: GridPage, text: str) -> None:
    for letter in text:
        target = QApplication.focusWidget()
        assert target is not None
        QTest.keyClicks(target, letter)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)


def standing(window: MainWindow) -> str:
    return window.status.words.text()


def bool_of_text(label: QLabel) -> bool:
    return bool(label.text())


def on_server(api: Api, section_id: int) -> list[str]:
    sheet = api.as_("faculty2").get(f"/api/sheets/{section_id}/").json
    return [cell["score"] for row in sheet["rows"] for cell in row["cells"].values()]


def test_a_mark_is_typed_saved_here_and_sent_without_anybody_waiting(
    qtbot: QtBot, start: Start, serve: Serve, scene: dict[str, Any], api: Api
) -> None:
    window = enter(qtbot, start(serve().base_url))
    page = open_sheet(qtbot, window, scene["section"])
    type_mark(page, "17,5")
    assert page.grid.cell(0, 0).badge is Badge.WAITING
    assert "1 change waiting" in standing(window)
    qtbot.waitUntil(lambda: page.grid.cell(0, 0).badge is Badge.SAVED, timeout=WAIT)
    qtbot.waitUntil(lambda: standing(window).startswith("Connected · last synced "), timeout=WAIT)
    assert on_server(api, scene["section"]) == ["17.50"]


def test_work_goes_on_through_a_lost_server_and_a_restart(
    qtbot: QtBot, start: Start, serve: Serve, scene: dict[str, Any], api: Api
) -> None:
    server = serve()
    window = enter(qtbot, start(server.base_url))
    page = open_sheet(qtbot, window, scene["section"])
    server.kill()
    type_mark(page, "11")
    qtbot.waitUntil(lambda: standing(window).startswith("Off line since "), timeout=WAIT)
    type_mark(page, "12")
    assert "2 changes waiting" in standing(window)
    window.close()

    window = enter(qtbot, start(server.base_url))
    page = open_sheet(qtbot, window, scene["section"])
    assert [page.grid.cell(place, 0).text for place in range(4)] == ["11", "12", "", ""]
    type_mark(page, "13")
    window.close()

    window = enter(qtbot, start(serve().base_url))
    page = open_sheet(qtbot, window, scene["section"])
    qtbot.waitUntil(lambda: page.grid.counted(Badge.WAITING, Badge.SENDING) == 0, timeout=WAIT)
    assert sorted(on_server(api, scene["section"])) == ["11.00", "12.00", "13.00"]


def test_a_wrong_password_opens_nothing_on_line_or_off(
    qtbot: QtBot, start: Start, serve: Serve, scene: dict[str, Any]
) -> None:
    server = serve()
    enter(qtbot, start(server.base_url)).close()
    for server_is_up in (True, False):
        if not server_is_up:
            server.kill()
        desktop = start(server.base_url)
        complaint = desktop.enter("faculty", "not the password").form.complaint
        qtbot.waitUntil(partial(bool_of_text, complaint), timeout=WAIT)
        assert complaint.text() == "User name, password or code is not right."
        assert desktop.window is None


def test_another_person_takes_over_without_seeing_the_first_one_s_sheets(
    qtbot: QtBot, start: Start, serve: Serve, scene: dict[str, Any]
) -> None:
    desktop = start(serve().base_url)
    window = enter(qtbot, desktop)
    open_sheet(qtbot, window, scene["section"])
    window.switch_user()
    assert desktop.window is None
    assert desktop.sign_in is not None
    desktop.sign_in.close()
    window = enter(qtbot, desktop, "stranger")
    qtbot.waitUntil(lambda: standing(window).startswith("Connected · "), timeout=WAIT)
    overview = window.open("sheets")
    assert isinstance(overview, OverviewPage)
    assert list(overview.model.records) == []


def test_a_complete_sheet_is_submitted_from_the_keyboard(
    qtbot: QtBot, start: Start, serve: Serve, scene: dict[str, Any], api: Api
) -> None:
    window = enter(qtbot, start(serve().base_url))
    page = open_sheet(qtbot, window, scene["section"])
    page.view.selectAll()
    type_mark(page, "15")
    page.submit()
    qtbot.waitUntil(lambda: page.submission.may_submit, timeout=WAIT)
    page.submit()
    qtbot.waitUntil(lambda: page.grid.sheet.state == "submitted", timeout=WAIT)
    assert page.grid.type_text(0, 0, "1").changed == 0
    assert api.as_("head").get(f"/api/sheets/{scene['section']}/").json["state"] == "submitted"
