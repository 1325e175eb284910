"""The bonafide letter by keys alone, and what has to be asked for instead, against a real server."""

from __future__ import annotations

from datetime import datetime, timedelta

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from sims_desktop.counter.presenter.paper import Stage
from sims_desktop.counter.presenter.verification import Question
from sims_desktop.shell.window import MainWindow
from tests.desktop.approvals.test_inbox_page import look
from tests.desktop.counter.conftest import WAIT, OpenCounter
from tests.desktop.counter.test_counter_page import open_student, over, press, scan, stage_is, type_in
from tests.support.api import Api
from tests.support.published import Record, pdf_of
from tests.support.server import Serve

Key = Qt.Key


def test_a_letter_is_sealed_by_a_digit_and_what_is_decided_first_is_asked_for(
    qtbot: QtBot, open_counter: OpenCounter, serve: Serve, record: Record, api: Api
) -> None:
    page = open_counter(serve().base_url)
    window = page.window()
    assert isinstance(window, MainWindow)
    open_student(qtbot, page)
    assert "F4\u00a0Bonafide\u00a0letter" in page.hint.text()
    press(Key.Key_F4)
    assert stage_is(page, Stage.PURPOSE)
    assert page.panel.purpose.hasFocus()
    assert page.panel.heading.text() == "Bonafide letter of STUDENT NAME ONE"
    assert page.panel.choices.text().endswith("4\u00a0Scholarship   5\u00a0Other, in words")
    scan("5")
    assert page.paper.faults[0].detail == "Say in words what it is for; the letter prints them"
    page.panel.purpose.selectAll()
    type_in("2")
    page.panel.addressee.setText("The Consul General")
    press(Key.Key_Return)
    qtbot.waitUntil(lambda: stage_is(page, Stage.PREVIEW), timeout=WAIT)
    QApplication.processEvents()
    look(window, "counter_letter")
    scan("L-1")
    qtbot.waitUntil(lambda: over(page) and len(page.documents.records) == 1, timeout=WAIT)
    (letter,) = page.documents.records
    assert (letter.document, letter.purpose, letter.addressee) == (
        "bonafide",
        "Visa application",
        "The Consul General",
    )
    content = api.as_("counter").get(f"/api/transcripts/issued/{letter.serial}/").json["content"]
    assert content["statements"][0] == "To: The Consul General"
    assert page.note.text().startswith(f"{letter.serial} printed on 1 sheet L-1 and recorded.")

    press(Key.Key_F2)  # the next paper is not a letter
    assert "Personal record" in page.panel.choices.text()
    assert not page.panel.addressee.isVisible()
    press(Key.Key_Escape)
    press(Key.Key_F5)
    assert page.applications.is_open
    assert page.note.text() == (
        "A no-objection, character or other letter is decided first: take the application."
    )


def test_who_is_on_leave_is_told_why_there_is_no_letter(
    qtbot: QtBot, open_counter: OpenCounter, serve: Serve, record: Record
) -> None:
    page = open_counter(serve().base_url)
    open_student(qtbot, page)
    leave = "UPDATE registration SET status = 'on_leave' WHERE id = %(id)s"
    record.university.run(leave, id=record.registration)  # while the student stands there
    press(Key.Key_F4)
    scan("1")
    qtbot.waitUntil(lambda: stage_is(page, Stage.PURPOSE) and bool(page.paper.complaint), timeout=WAIT)
    assert "is on leave, not active." in page.paper.complaint
    press(Key.Key_Escape)
    page.visit(record.student)
    qtbot.waitUntil(lambda: "on leave" in page.about.text(), timeout=WAIT)
    press(Key.Key_F4)
    assert page.note.text() == (
        "No letter: the registration is on leave. The registrar changes that by an order."
    )
    assert stage_is(page, Stage.CLOSED)


def test_a_letter_whose_time_has_passed_is_genuine_and_not_to_be_relied_upon(
    qtbot: QtBot, open_counter: OpenCounter, serve: Serve, record: Record, api: Api
) -> None:
    page = open_counter(serve().base_url)
    verifier = page._verifier
    wanted = {"student_id": record.student, "document": "bonafide", "purpose": "visa"}
    serial = api.as_("counter").post("/api/transcripts/issue/", wanted).json["serial"]
    assert verifier.refresh()
    question = Question(data=pdf_of(api, serial))
    now: datetime = page.around.now()
    today = verifier.judge(question, now)
    assert (today.verdict, today.is_good) == ("GENUINE", True)
    assert {label for label, _ in today.facts} & {"Valid until", "CGPA", "Credits"} == {"Valid until"}
    late = verifier.judge(question, now + timedelta(days=92))
    assert (late.verdict, late.is_good) == ("GENUINE, EXPIRED", False)
    assert "which has passed." in late.in_words
