"""A role lent and taken back: without a screen over the real application, and by keys at a real server."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from PySide6.QtCore import QDate, Qt
from pytestqt.qtbot import QtBot

from sims_desktop.client.delegations import DelegationCalls
from sims_desktop.client.errors import Offline, ProblemAnswer
from sims_desktop.delegations.page import DelegationsPage
from sims_desktop.delegations.presenter import DelegationsPresenter, state_words
from tests.desktop.approvals.program import CONTROL, WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look
from tests.support.api import Api
from tests.support.signed_in import SignIn
from tests.support.university import University


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=1)


@pytest.fixture
def today(university: University) -> date:
    day: date = university.row("SELECT campus_today()")
    return day


def desk(sign_in: SignIn, username: str) -> DelegationsPresenter:
    client, user = sign_in(username)
    presenter = DelegationsPresenter(DelegationCalls(client), user.id)
    presenter.take(presenter.load())
    return presenter


def roles_of(api: Api, username: str) -> list[str]:
    roles: list[str] = api.as_(username).get("/api/auth/me/").json["roles"]
    return roles


def test_a_head_lends_for_some_days_and_takes_back_and_every_fault_is_named(
    api: Api, scene: dict[str, Any], today: date, sign_in: SignIn
) -> None:
    head = desk(sign_in, "head")
    assert head.sentence == "Nothing is lent now."
    assert head.loaded is not None
    assert head.loaded.roles[0] == "head"
    assert [one.code for one in head.loaded.departments] == ["CS"]
    (colleague,) = head.find("stranger")
    assert head.find("head") == []
    week = today + timedelta(days=7)
    assert head.check(None, "", None, week, today, " ") is None
    assert [one.pointer for one in head.faults] == ["/search", "/role", "/department_id", "/until", "/reason"]
    wish = head.check(colleague, "head", scene["department"], today, week, "Hajj")
    assert wish is not None
    assert head.lend(wish) == f"Lent: Stranger acts as head until {week}."
    assert "head" in roles_of(api, "stranger")
    with pytest.raises(ProblemAnswer) as again:
        head.lend(wish)
    assert "already" in head.refused(again.value)
    not_mine = head.check(colleague, "dean", scene["department"], today, week, "Hajj")
    assert not_mine is not None
    with pytest.raises(ProblemAnswer) as refused:
        head.lend(not_mine)
    assert refused.value.code == "delegations.not_yours"
    head.take(head.load())
    assert head.sentence == "You lend 1 role now."
    # Whoever it was lent to sees it too, and may lay it down.
    borrower = desk(sign_in, "stranger")
    assert borrower.sentence == "You act in 1 role of others now."
    assert borrower.loaded is not None
    (lent,) = borrower.loaded.delegations
    assert state_words(lent, today) == "in force"
    assert borrower.take_back(lent) == "Laid down: you act as head no longer."
    assert "head" not in roles_of(api, "stranger")
    head.take(head.load())
    assert head.loaded is not None
    over = head.loaded.delegations[0]
    assert head.why_not_back(over) == "It was taken back already."
    assert state_words(over, today) == "taken back by Stranger"
    later = head.check(colleague, "head", scene["department"], week, week, "Later")
    assert later is not None
    head.lend(later)
    head.take(head.load())
    assert head.loaded is not None
    assert state_words(head.loaded.delegations[0], today) == f"begins {week}"
    assert "counts only once" in head.refused(Offline("away"))


def test_a_role_is_lent_and_taken_back_by_keys(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api
) -> None:
    window = program.enter("head")
    window.activateWindow()
    page = window.open("delegations")
    assert isinstance(page, DelegationsPage)
    qtbot.waitUntil(lambda: page.presenter.loaded is not None and page.search.hasFocus(), timeout=WAIT)
    assert page.nothing.text() == "You have lent nothing, and nobody lent you anything."
    press(Qt.Key.Key_Return, CONTROL)
    look(window, "delegations_faults")
    assert page.search.hasFocus()
    press("stran")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.colleague.count() == 1 and page.colleague.hasFocus(), timeout=WAIT)
    page.last.setDate(QDate(page.first.date()).addDays(3))
    page.reason.setFocus()
    press("Conference")
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: page.note.text().startswith("Lent: Stranger"), timeout=WAIT)
    qtbot.waitUntil(lambda: page.summary.text() == "You lend 1 role now.", timeout=WAIT)
    assert "head" in roles_of(api, "stranger")
    look(window, "delegations_lent")
    page.list.setFocus()
    press("R")
    qtbot.waitUntil(lambda: page.note.text().startswith("Taken back: Stranger"), timeout=WAIT)
    qtbot.waitUntil(lambda: page.summary.text() == "Nothing is lent now.", timeout=WAIT)
    assert "head" not in roles_of(api, "stranger")
    program.server.kill()
    press(Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: "Lending needs the server" in page.summary.text(), timeout=WAIT)
