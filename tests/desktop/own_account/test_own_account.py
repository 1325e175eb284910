"""One's own account: sessions, password and one-time codes, over the real application and by keys."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyotp
import pytest
import zxingcpp
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from sims_desktop.client.errors import ProblemAnswer
from sims_desktop.client.own_account import OwnAccountCalls
from sims_desktop.own_account.page import OwnAccountPage
from sims_desktop.own_account.presenter import OwnAccountPresenter
from sims_desktop.shell.workplace import ProfileDoor
from sims_desktop.today.page import TodayPage
from tests.desktop.approvals.program import CONTROL, WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look
from tests.support.api import Api
from tests.support.signed_in import SignIn
from tests.support.university import PASSWORD, University

NEW = "seven green boats"


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=1)


def test_a_wrong_password_costs_one_attempt_and_not_the_session(
    api: Api, university: University, scene: dict[str, Any], sign_in: SignIn
) -> None:
    kept: list[tuple[str, str]] = []
    client, _ = sign_in("student")
    own = OwnAccountPresenter(
        OwnAccountCalls(client), lambda old, new: kept.append((old, new)), lambda: datetime.now(UTC)
    )
    elsewhere = api.as_("student")
    own.take(own.load())
    assert own.sentence == "Student, signed in on 2 computers"
    assert not own.check_password("", "short", "other")
    assert [one.pointer for one in own.faults] == ["/current", "/new"]
    assert not own.check_password(PASSWORD, NEW, "another one")
    with pytest.raises(ProblemAnswer) as wrong:
        own.change_password("not the password", NEW)
    assert own.refused(wrong.value) == "The current password is wrong."
    assert [one.pointer for one in own.faults] == ["/current"]
    assert university.row("SELECT count(*) FROM sign_in_failure") == 1
    with pytest.raises(ProblemAnswer) as weak:
        own.change_password(PASSWORD, "password1234")
    own.refused(weak.value)
    assert [one.pointer for one in own.faults] == ["/new"]
    assert kept == []
    assert own.change_password(PASSWORD, NEW).startswith("The password is changed")
    assert kept == [(PASSWORD, NEW)]
    assert elsewhere.get("/api/auth/me/").status == 401
    own.take(own.load())
    assert own.loaded is not None
    (here,) = own.loaded.sessions
    assert "this window" in own.why_not_end(here)


def test_password_and_codes_are_changed_by_keys_and_the_computer_opens_with_the_new_one(
    qtbot: QtBot, program: Program, scene: dict[str, Any], university: University, tmp_path: Path
) -> None:
    university.setting("security.require_otp", True)
    window = program.enter("head")
    window.activateWindow()
    today = window.page
    assert isinstance(today, TodayPage)
    qtbot.waitUntil(lambda: today._loading is None and today.list.hasFocus(), timeout=WAIT)
    assert today.model.records[0].words.startswith("Alarm: one-time codes are not set up")
    press(Qt.Key.Key_Return)
    page = window.page
    assert isinstance(page, OwnAccountPage)
    qtbot.waitUntil(lambda: page.presenter.loaded is not None and page.list.hasFocus(), timeout=WAIT)
    assert page.codes_about.text().startswith("Your roles ask for one-time codes")
    press("p")
    for typed in (PASSWORD, NEW, NEW):
        press(typed)
        if typed is not NEW or not page.lines["again"].text():
            press(Qt.Key.Key_Tab)
    page.lines["again"].setFocus()
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.note.text().startswith("The password is changed"), timeout=WAIT)
    press("o")
    qtbot.waitUntil(lambda: page.code.hasFocus(), timeout=WAIT)
    look(window, "own_secret")
    assert page.presenter.secret is not None
    picture = page.picture.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    size, dots = (picture.width(), picture.height()), bytes(picture.constBits())
    seen = zxingcpp.read_barcodes(Image.frombytes("L", size, dots, "raw", "L", picture.bytesPerLine()))
    assert [one.text for one in seen] == [page.presenter.secret.otpauth_uri], "a camera reads it"
    press(pyotp.TOTP(page.presenter.secret.secret).now())
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: len(page.presenter.recovery) == 10, timeout=WAIT)
    press(Qt.Key.Key_Escape)
    look(window, "own_recovery")
    assert page.leaving() == "The recovery codes are shown only now."
    assert page.presenter.recovery[0] in page.recovery.text()
    assert page.presenter.recovery[0] in page.presenter.paper()
    press(Qt.Key.Key_Return, CONTROL)
    assert page.leaving() == page.recovery.text() == ""
    qtbot.waitUntil(lambda: page.codes_about.text().startswith("One-time codes are set up"), timeout=WAIT)
    server = program.server
    program.close()
    server.kill()
    door = ProfileDoor(tmp_path / "profile")
    assert door.enter_offline(server.base_url, "head", NEW).username == "head"
    assert door.opened is not None
    door.opened.close()
