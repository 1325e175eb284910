"""The main window and the sign-in window, on screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMessageBox, QPushButton, QVBoxLayout
from pytestqt.qtbot import QtBot

from sims_desktop.client.errors import Offline, ProblemAnswer
from sims_desktop.kit.actions import EVERYWHERE, Actions
from sims_desktop.kit.page import Page, Surroundings
from sims_desktop.kit.remembered import Remembered
from sims_desktop.kit.tasks import Progress, Tasks
from sims_desktop.kit.theme import Theme
from sims_desktop.offline.sync import Link, SyncStatus
from sims_desktop.shell.presenter import Desk, Identity, LocallyLocked, SignInPresenter, Standing, desks_of
from sims_desktop.shell.sign_in import SignInWindow
from sims_desktop.shell.window import MainWindow
from sims_shared.access import Permission

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
PERMISSIONS = (Permission.SUBMIT_SHEET, Permission.APPROVE_CHANGE)
AMNA = Identity(
    user_id=5,
    username="amna",
    name="Dr Amna Tariq",
    roles=("faculty", "head"),
    permissions=PERMISSIONS,
    server="http://sims.test",
    is_demo=True,
)
DESKS = (
    Desk("sheets", "My sheets", frozenset({Permission.SUBMIT_SHEET})),
    Desk("inbox", "Approvals", frozenset({Permission.APPROVE_CHANGE})),
)


@pytest.fixture
def around(qtbot: QtBot, tmp_path: Path) -> Iterator[Surroundings]:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    remembered = Remembered(tmp_path)
    bugs: list[BaseException] = []
    tasks = Tasks(bugs.append)
    yield Surroundings(Actions(remembered), tasks, remembered, Theme(app, remembered), now=lambda: NOW)
    tasks.close()
    assert bugs == []


class Sheet(Page):
    """A page with one action and, once asked to, something to lose."""

    def __init__(self, around: Surroundings, kind: str, id: int) -> None:
        self.title = f"{kind} {id}"
        super().__init__(around, kind)
        self.loss = ""
        self.acted = 0
        self.line = QLineEdit(self)
        QVBoxLayout(self).addWidget(self.line)
        self.add_action(f"{kind}.act", f"Act on {self.title}", "F9", self._act)

    def _act(self) -> None:
        self.acted += 1

    def leaving(self) -> str:
        return self.loss


@pytest.fixture
def window(qtbot: QtBot, around: Surroundings) -> MainWindow:
    window = MainWindow(AMNA, DESKS, around, lambda kind, id: Sheet(around, kind, id))
    qtbot.addWidget(window)
    window.show()
    return window


def sheet(window: MainWindow) -> Sheet:
    page = window.page
    assert isinstance(page, Sheet)
    return page


def titles(window: MainWindow) -> list[str]:
    return [window.navigation.item(row).text().strip() for row in range(window.navigation.count())]


def test_the_first_desk_is_open_and_others_are_made_when_chosen(window: MainWindow) -> None:
    assert titles(window) == ["My sheets", "Approvals"]
    assert sheet(window).title == "sheets 0"
    assert window.stack.count() == 1
    window.navigation.setCurrentRow(1)
    assert sheet(window).title == "inbox 0"


def test_a_long_navigation_has_headings_that_are_read_and_take_no_key(
    qtbot: QtBot, around: Surroundings
) -> None:
    registrar = desks_of([*Permission])
    window = MainWindow(AMNA, registrar, around, lambda kind, id: Sheet(around, kind, id))
    qtbot.addWidget(window)
    window.show()
    headings = list(dict.fromkeys(desk.heading for desk in registrar if desk.heading))
    assert [name for name in titles(window) if name in headings] == headings, "each once, in their order"
    navigation = window.navigation
    walked = [navigation.currentItem().text()]
    for _ in registrar[1:]:
        QTest.keyClick(navigation, Qt.Key.Key_Down)
        walked.append(navigation.currentItem().text())
    assert walked == [desk.title for desk in registrar]
    last = navigation.currentItem()
    assert last.data(Qt.ItemDataRole.AccessibleDescriptionRole) == "Yourself"
    bound = {one.id: one.action for one in around.actions.of(EVERYWHERE)}
    bound["window.next_page"].trigger()
    assert window.place == (registrar[0].id, 0)
    bound["window.previous_page"].trigger()
    assert window.place == ("account", 0)
    window.palette_box.open("examinations")
    found = range(window.palette_box.list.model().rowCount())
    assert "Examinations" not in [window.palette_box.entry(row).title for row in found]
    window.palette_box.hide()
    window.open("sheet", 17)
    assert titles(window)[-2:] == ["Open pages", "sheet 17"]
    window.close_page()
    assert titles(window)[-1] == "My account"
    assert window.place == ("account", 0)


def test_a_page_asks_for_another_and_it_is_opened_once(window: MainWindow) -> None:
    sheet(window).wants.emit("sheet", 17)
    sheet(window).wants.emit("sheet", 17)
    assert titles(window) == ["My sheets", "Approvals", "sheet 17"]
    window.close_page()
    assert titles(window) == ["My sheets", "Approvals"]
    window.navigation.setCurrentRow(0)
    window.close_page()
    assert titles(window) == ["My sheets", "Approvals"], "the desks stay"


def test_a_page_made_for_one_act_closes_when_that_is_done_and_when_it_is_left(window: MainWindow) -> None:
    desks = titles(window)
    page = window.open("new_case")
    assert len(titles(window)) == len(desks) + 1
    window.open("inbox")
    page.finished.emit("Opened C-1.")
    assert titles(window) == desks
    assert window.place == ("inbox", 0)
    window.open("new_case")
    window.close_page()
    assert titles(window) == desks, "it is no desk"


def test_the_palette_reaches_actions_of_this_page_and_other_pages(window: MainWindow, qtbot: QtBot) -> None:
    first = sheet(window)
    window.open("sheet", 17)
    window.palette_box.open("act on")
    assert window.palette_box.entry(0).title == "Act on sheet 17"
    assert window.palette_box.list.model().rowCount() == 1
    QTest.keyClick(window.palette_box.line, Qt.Key.Key_Return)
    assert (sheet(window).acted, first.acted) == (1, 0)
    window.palette_box.open("my sheets")
    QTest.keyClick(window.palette_box.line, Qt.Key.Key_Return)
    assert window.page is first


def test_the_status_bar_tells_how_things_stand_and_who_is_here(window: MainWindow) -> None:
    window.show_standing(Standing(SyncStatus(Link.CONNECTED, NOW, last_synced=NOW), waiting=3))
    assert window.status.words.text().startswith("Connected · 3 changes waiting · last synced ")
    assert window.status.who.text() == "DEMO · Dr Amna Tariq"
    assert "DEMO" in window.windowTitle()


def answer_with(qtbot: QtBot, name: str) -> Callable[[], None]:
    def press() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        button = next(b for b in box.findChildren(QPushButton) if b.text() == name)
        button.click()

    return press


@pytest.mark.parametrize(("answer", "stays"), [("Stay", True), ("Leave anyway", False)])
def test_leaving_asks_only_when_something_would_be_lost(
    window: MainWindow, qtbot: QtBot, answer: str, stays: bool
) -> None:
    sheet(window).loss = "2 typed texts are no marks"
    QTimer.singleShot(0, answer_with(qtbot, answer))
    window.close()
    assert window.isVisible() is stays
    sheet(window).loss = ""
    window.close()
    assert not window.isVisible()


def test_long_work_shows_its_progress_and_can_be_cancelled(
    window: MainWindow, around: Surroundings, qtbot: QtBot
) -> None:
    import threading

    go_on = threading.Event()

    def work(progress: Progress) -> None:
        go_on.wait(10)
        progress.report(1, 2, "half")

    answers: list[None] = []
    task = around.tasks.run(work, answers.append, title="Reading")
    qtbot.waitUntil(window.status.bar.isVisible)
    window.status.cancel.click()
    assert not window.status.bar.isVisible()
    with qtbot.waitSignal(task.ended):
        go_on.set()
    assert answers == []


def test_keys_and_guide_open_beside_the_page(window: MainWindow, qtbot: QtBot) -> None:
    window.show_keys()
    window.show_guide()
    names = {widget.objectName() for widget in QApplication.topLevelWidgets() if widget.isVisible()}
    assert {"shortcuts", "guide", "main_window"} <= names


class Door:
    """The network of these tests: answers what it is told to."""

    def __init__(self, *answers: Identity | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, str, str]] = []

    def enter(self, server: str, username: str, password: str, otp: str) -> Identity:
        self.asked.append((server, username, password, otp))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def enter_offline(self, server: str, username: str, password: str) -> Identity:
        return self.enter(server, username, password, "off line")

    def unlock(self, server: str, username: str, previous: str, password: str) -> None:
        self.asked.append((server, username, password, f"was {previous}"))

    def known_users(self, server: str) -> Sequence[str]:
        return ["amna"]


def sign_in(qtbot: QtBot, around: Surroundings, door: Door) -> SignInWindow:
    window = SignInWindow(SignInPresenter(door, "http://sims.test/", "amna"), around.tasks)
    qtbot.addWidget(window)
    window.show()
    window.password.setText("sims-demo-2026")
    return window


def test_enter_signs_in_and_the_password_leaves_the_form(qtbot: QtBot, around: Surroundings) -> None:
    door = Door(AMNA)
    window = sign_in(qtbot, around, door)
    assert not window.otp.isVisible()
    with qtbot.waitSignal(window.signed_in) as signed_in:
        QTest.keyClick(window.password, Qt.Key.Key_Return)
    assert signed_in.args == [AMNA]
    assert door.asked == [("http://sims.test", "amna", "sims-demo-2026", "")]
    assert window.password.text() == ""


def test_a_one_time_code_is_asked_for_and_given(qtbot: QtBot, around: Surroundings) -> None:
    door = Door(ProblemAnswer(401, "auth.otp_required"), AMNA)
    window = sign_in(qtbot, around, door)
    window.enter()
    qtbot.waitUntil(window.otp.isVisible)
    window.otp.setText("123456")
    with qtbot.waitSignal(window.signed_in):
        window.enter()
    assert door.asked[1] == ("http://sims.test", "amna", "sims-demo-2026", "123456")


def test_with_the_server_away_off_line_work_is_one_button(qtbot: QtBot, around: Surroundings) -> None:
    window = sign_in(qtbot, around, Door(Offline("no answer"), AMNA))
    assert not window.offline_button.isVisible()
    window.enter()
    qtbot.waitUntil(window.offline_button.isVisible)
    assert (
        window.form.complaint.text() == "The server does not answer. You can work off line on this computer."
    )
    with qtbot.waitSignal(window.signed_in):
        window.offline_button.click()


def test_faults_of_the_form_stand_beside_their_fields(qtbot: QtBot, around: Surroundings) -> None:
    door = Door()
    window = sign_in(qtbot, around, door)
    window.server.setText("sims")
    window.password.clear()
    window.enter()
    assert window.form._complaints["server"].isVisible()
    assert window.form._complaints["password"].text() == "Type your password"
    assert door.asked == []


def test_a_changed_password_unlocks_this_computer_with_the_previous_one(
    qtbot: QtBot, around: Surroundings
) -> None:
    door = Door(LocallyLocked("Your password has changed."), AMNA)
    window = sign_in(qtbot, around, door)
    window.enter()
    qtbot.waitUntil(window.previous.isVisible)
    window.previous.setText("sims-demo-2025")
    with qtbot.waitSignal(window.signed_in):
        window.enter()
    assert door.asked[1] == ("http://sims.test", "amna", "sims-demo-2026", "was sims-demo-2025")
    assert window.previous.text() == ""
