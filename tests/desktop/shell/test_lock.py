"""The lock: everything goes away and comes back as it was, for the one who was there."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from sims_desktop.app import Desktop
from sims_desktop.grading.presenter.sheet import Badge
from sims_desktop.shell.lock import AT_A_COUNTER, ELSEWHERE, LockWindow
from tests.desktop.approvals.test_inbox_page import look
from tests.desktop.shell.conftest import Start
from tests.desktop.shell.test_desktop import WAIT, enter, open_sheet, type_mark
from tests.support.server import Serve
from tests.support.university import PASSWORD


def locked(qtbot: QtBot, desktop: Desktop) -> LockWindow:
    QTest.keyClick(desktop.window, Qt.Key.Key_F12)
    qtbot.waitUntil(
        lambda: desktop.locker.window is not None and desktop.locker.window.isVisible(), timeout=WAIT
    )
    assert desktop.locker.window is not None
    return desktop.locker.window


def answer(lock: LockWindow, password: str) -> None:
    QTest.keyClicks(lock.password, password)
    QTest.keyClick(lock.password, Qt.Key.Key_Return)


def test_what_was_half_typed_is_half_typed_again_after_the_lock_also_off_line(
    qtbot: QtBot,
    start: Start,
    serve: Serve,
    scene: dict[str, Any],
) -> None:
    server = serve()
    desktop = start(server.base_url)
    window = enter(qtbot, desktop)
    page = open_sheet(qtbot, window, scene["section"])
    type_mark(page, "17")
    qtbot.waitUntil(lambda: page.grid.cell(0, 0).badge is Badge.SAVED, timeout=WAIT)
    QTest.keyClicks(QApplication.focusWidget(), "1")  # half of "15"
    server.kill()
    lock = locked(qtbot, desktop)
    assert not window.isVisible()
    assert [one for one in QApplication.topLevelWidgets() if one.isVisible()] == [lock]
    assert lock.words.text().startswith("Faculty: locked since ")
    look(lock, "lock")  # type: ignore[arg-type]
    answer(lock, "not my password")
    qtbot.waitUntil(lambda: "not the password" in lock.complaint.text(), timeout=WAIT)
    assert not window.isVisible()
    answer(lock, PASSWORD)
    qtbot.waitUntil(window.isVisible, timeout=WAIT)
    assert desktop.locker.window is None
    qtbot.waitUntil(lambda: QApplication.focusWidget() is not None, timeout=WAIT)
    QTest.keyClicks(QApplication.focusWidget(), "5")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert page.grid.cell(1, 0).text == "15"


def test_somebody_else_gets_the_computer_unless_something_typed_would_be_lost(
    qtbot: QtBot,
    start: Start,
    serve: Serve,
    scene: dict[str, Any],
) -> None:
    desktop = start(serve().base_url)
    window = enter(qtbot, desktop, "registrar")
    students = window.open("students")
    students.leaving = lambda: "A letter is half written."  # type: ignore[method-assign]
    lock = locked(qtbot, desktop)
    lock.switch_button.click()
    assert lock.complaint.text() == (
        "A letter is half written. Only Registrar can go on: unlock, then leave."
    )
    lock.close()
    assert lock.isVisible()
    students.leaving = lambda: ""  # type: ignore[method-assign]
    lock.switch_button.click()
    assert desktop.window is None
    assert desktop.locker.window is None
    assert desktop.sign_in is not None
    qtbot.waitUntil(desktop.sign_in.isVisible, timeout=WAIT)
    enter(qtbot, desktop, "counter")
    assert desktop.window is not None


def test_an_idle_window_locks_itself_and_a_key_puts_it_off(
    qtbot: QtBot,
    start: Start,
    serve: Serve,
    scene: dict[str, Any],
) -> None:
    desktop = start(serve().base_url)
    window = enter(qtbot, desktop, "counter")
    assert desktop.locker.idle._timer.interval() == AT_A_COUNTER * 60_000
    assert window.lock_choices[AT_A_COUNTER].isChecked()
    window.lock_choices[0].trigger()
    assert not desktop.locker.idle._timer.isActive()
    window.close()
    window = enter(qtbot, desktop, "registrar")
    assert not desktop.locker.idle._timer.isActive(), "chosen for this computer"
    window.lock_choices[ELSEWHERE].trigger()
    assert desktop.locker.idle._timer.interval() == ELSEWHERE * 60_000

    desktop.locker.idle._timer.start()
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.focusWindow() is not None, timeout=WAIT)
    desktop.locker.idle._heard = 0.0
    before = desktop.locker.idle._timer.remainingTime()
    qtbot.waitUntil(lambda: desktop.locker.idle._timer.remainingTime() < before - 50, timeout=WAIT)
    QTest.keyClick(QApplication.focusWindow(), Qt.Key.Key_Shift)
    assert desktop.locker.idle._timer.remainingTime() > before - 50

    desktop.locker.idle.watch(50)
    qtbot.waitUntil(lambda: desktop.locker.window is not None, timeout=WAIT)
    assert not window.isVisible()


def test_what_stands_in_an_open_cell_is_kept_when_the_window_closes(
    qtbot: QtBot, start: Start, serve: Serve, scene: dict[str, Any]
) -> None:
    server = serve()
    window = enter(qtbot, start(server.base_url))
    open_sheet(qtbot, window, scene["section"])
    QTest.keyClicks(QApplication.focusWidget(), "1")
    QTest.keyClicks(QApplication.focusWidget(), "5")
    window.close()

    page = open_sheet(qtbot, enter(qtbot, start(server.base_url)), scene["section"])
    assert page.grid.cell(0, 0).text == "15"
