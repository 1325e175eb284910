"""The first page: what waits, alarms and days in words, over the real application and by keys at a server."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from sims_desktop.approvals.page import InboxPage
from sims_desktop.audit.page import AuditPage
from sims_desktop.client.errors import Offline
from sims_desktop.client.session import ForgetfulKeeper
from sims_desktop.client.today import TodayCalls
from sims_desktop.grading.overview_page import OverviewPage
from sims_desktop.requests.own_page import OwnRequestsPage
from sims_desktop.requests.page import RequestsPage
from sims_desktop.shell.presenter import desks_of
from sims_desktop.shell.window import MainWindow
from sims_desktop.students.page import StudentPage
from sims_desktop.today.page import TodayPage
from sims_desktop.today.presenter import KEPT, TodayPresenter
from sims_shared.access import Permission
from tests.desktop.approvals.program import WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look, submit
from tests.server.results.scene import fill
from tests.support.api import Api
from tests.support.signed_in import SignIn
from tests.support.university import University


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    scene = university.stand(students=2)
    fill(university, scene)
    return scene


def today_of(sign_in: SignIn, username: str, keeper: ForgetfulKeeper | None = None) -> TodayPresenter:
    client, user = sign_in(username)
    desks = desks_of(user.permissions, user.student_id is not None, user.student_id is not None)
    titles = {desk.id: desk.title for desk in desks}
    presenter = TodayPresenter(TodayCalls(client), titles, keeper or ForgetfulKeeper())
    presenter.take(presenter.calls.read(), datetime.now(UTC))
    return presenter


def lines(presenter: TodayPresenter) -> list[tuple[str, str]]:
    return [(line.words, line.where) for line in presenter.lines]


def test_who_decides_is_told_how_much_and_where_and_who_handed_in_is_not(
    api: Api, scene: dict[str, Any], sign_in: SignIn
) -> None:
    head = today_of(sign_in, "head")
    assert head.lines == []
    assert head.empty_line.words == "Nothing waits for you."
    assert head.none_words == "None now: grade sheets to approve and changes to decide."
    assert lines(today_of(sign_in, "faculty")) == [("1 grade sheet to fill", "My sheets")]
    submit(api, scene["section"])
    head = today_of(sign_in, "head")
    assert lines(head) == [("1 grade sheet to approve", "Approvals")]
    assert head.none_words == "None now: changes to decide."
    assert lines(today_of(sign_in, "faculty")) == []


def test_an_alarm_stands_first_and_says_so_in_words(api: Api, scene: dict[str, Any], sign_in: SignIn) -> None:
    hold = {"student_id": scene["students"][0], "kind": "library", "reason": "due"}
    api.as_("registrar").post("/api/holds/", hold)
    assert today_of(sign_in, "registrar").none_words.endswith(" No alarm.")
    account = {"username": "second", "name": "Second", "password": "a long new password 7"}
    answer = api.as_("admin").post("/api/accounts/", {**account, "roles": [{"role": "registrar"}]})
    assert answer.status == 201, answer.content
    registrar = today_of(sign_in, "registrar")
    alarm, hold_line = registrar.lines
    assert alarm.words.startswith("Alarm: 1 time power over grades was given")
    assert (hold_line.words, hold_line.where) == ("1 open hold", "Holds")
    assert registrar.headline(datetime.now(UTC)).endswith(" · 1 alarm")
    assert "No alarm." not in registrar.none_words


def test_days_ahead_are_counted_and_only_marks_are_said_when_they_are_overdue(
    scene: dict[str, Any], university: University, sign_in: SignIn
) -> None:
    now = datetime.now(UTC)
    today = now.astimezone().date()
    university.run(
        "UPDATE term SET enroll_until = %(gone)s, drop_until = %(today)s, withdraw_until = %(next)s, "
        "marks_due = %(gone)s",
        gone=today - timedelta(days=3),
        today=today,
        next=today + timedelta(days=12),
    )
    said = [(line.words.split(",")[0], line.term) for line in today_of(sign_in, "registrar").days(now)]
    assert said == [
        ("Marks were due 3 days ago", "Fall 2026"),
        ("Dropping without a mark ends today", "Fall 2026"),
        ("Withdrawing ends in 12 days", "Fall 2026"),
    ]
    words = [line.words for line in today_of(sign_in, "student").days(now)]
    assert [line.split(" ends ")[0] for line in words] == ["Dropping without a mark", "Withdrawing"]
    university.run("UPDATE term SET marks_due = '2027-02-01'")
    (marks,) = [line for line in today_of(sign_in, "head").days(now) if line.words.startswith("Marks")]
    assert marks.day == date(2027, 2, 1)
    assert marks.words.endswith(", Mon 1 February 2027")


def test_a_student_is_told_how_they_stand_and_has_a_page_of_their_own(
    api: Api, scene: dict[str, Any], sign_in: SignIn
) -> None:
    api.as_("student").post("/api/requests/", {"student_id": scene["students"][0], "type": "noc"})
    student = today_of(sign_in, "student")
    assert student.standing_words == "\u20662024-CS-0001\u2069 · active · 0 credits earned"
    assert lines(student) == [("1 open request of yours", "My requests")]
    assert today_of(sign_in, "head").standing_words == ""


def test_the_last_numbers_outlive_the_network_and_the_program(scene: dict[str, Any], sign_in: SignIn) -> None:
    now, kept = datetime.now(UTC), ForgetfulKeeper()
    before = lines(today_of(sign_in, "faculty", kept))
    client, _ = sign_in("faculty")
    titles = {"sheets": "My sheets", "today": "Today"}
    again = TodayPresenter(TodayCalls(client), titles, kept)
    again.not_loaded(Offline("The server cannot be reached"))
    assert lines(again) == before
    assert again.age_words(now).startswith("The server cannot be reached. This is how it stood at ")
    kept.remember(KEPT, '{"of another version": 1}')
    new = TodayPresenter(TodayCalls(client), titles, kept)
    assert new.empty_line.words == "Reading what waits for you …"
    new.not_loaded(Offline("The server cannot be reached"))
    assert new.empty_line.words == "Not known yet."
    assert "shown with the next connection" in new.age_words(now)
    with pytest.raises(ZeroDivisionError):
        new.not_loaded(ZeroDivisionError())


def test_sheets_open_first_for_who_has_them_and_this_page_for_everybody_else() -> None:
    assert [desk.id for desk in desks_of([Permission.SUBMIT_SHEET])][:2] == ["sheets", "today"]
    assert desks_of([Permission.APPROVE_SHEET])[0].id == "today"
    student = [Permission.READ_STUDENTS]
    assert [desk.id for desk in desks_of(student, True, True)] == ["today", "record", "account"]
    assert [desk.id for desk in desks_of(student, True)] == ["today", "record", "students", "account"]


def today_page(qtbot: QtBot, window: MainWindow) -> TodayPage:
    window.activateWindow()
    page = window.page
    assert isinstance(page, TodayPage)
    qtbot.waitUntil(lambda: page._loading is None and page.list.hasFocus(), timeout=WAIT)
    return page


def shown(page: TodayPage) -> list[str]:
    return [line.words for line in page.model.records]


def test_enter_opens_what_is_counted_and_the_way_back_counts_anew(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api
) -> None:
    submit(api, scene["section"])
    window = program.enter("head")
    page = today_page(qtbot, window)
    look(window, "today_head")
    press(Qt.Key.Key_Return)
    inbox = window.page
    assert isinstance(inbox, InboxPage)
    qtbot.waitUntil(lambda: bool(inbox.presenter.items) and inbox._loading is None, timeout=WAIT)
    inbox.list.setFocus()
    press("A")
    qtbot.waitUntil(lambda: inbox._task is None and not inbox.presenter.items, timeout=WAIT)
    press(Qt.Key.Key_Home, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: shown(page) == ["Nothing waits for you."], timeout=WAIT)
    look(window, "today_nothing")
    program.server.kill()
    press(Qt.Key.Key_F5)
    qtbot.waitUntil(page.age.isVisible, timeout=WAIT)
    assert "This is how it stood at " in page.age.text()
    assert shown(page) == ["Nothing waits for you."]
    look(window, "today_off_line")
    page = today_page(qtbot, program.enter("head"))
    qtbot.waitUntil(page.age.isVisible, timeout=WAIT)
    assert shown(page) == ["Nothing waits for you."], "a start without the server has the last numbers"


def test_an_alarm_leads_to_the_audit_and_requests_to_their_desk(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api
) -> None:
    api.as_("student").post("/api/requests/", {"student_id": scene["students"][0], "type": "noc"})
    account = {"username": "second", "name": "Second", "password": "a long new password 7"}
    api.as_("admin").post("/api/accounts/", {**account, "roles": [{"role": "registrar"}]})
    window = program.enter("registrar")
    page = today_page(qtbot, window)
    look(window, "today_registrar")
    assert [line.is_alarm for line in page.model.records] == [True, False]
    press(Qt.Key.Key_Return)
    audit = window.page
    assert isinstance(audit, AuditPage)
    qtbot.waitUntil(lambda: len(audit.changes.presenter.entries) == 1, timeout=WAIT)
    assert audit.changes.heading.text() == "Admin gave Second the role registrar"
    window.open("today")
    qtbot.waitUntil(lambda: page._loading is None and page.list.hasFocus(), timeout=WAIT)
    press(Qt.Key.Key_Down)
    press(Qt.Key.Key_Return)
    assert isinstance(window.page, RequestsPage)
    window = program.enter("student")
    page = today_page(qtbot, window)
    look(window, "today_student")
    press(Qt.Key.Key_Return)
    assert isinstance(window.page, OwnRequestsPage)
    record = window.open("record")
    assert isinstance(record, StudentPage)
    qtbot.waitUntil(lambda: record.presenter.record is not None, timeout=WAIT)
    assert "2024-CS-0001" in record.headline.text()
    assert window.navigation.currentItem().text() == "My record"
    look(window, "record_student")
    assert isinstance(program.enter("faculty").page, OverviewPage)
