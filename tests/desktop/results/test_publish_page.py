"""The controller's page from the keyboard, against a real server."""

from __future__ import annotations

from typing import Any

import pyotp
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from sims_desktop.results.page import PublishPage
from sims_desktop.shell.window import MainWindow
from tests.desktop.approvals.program import CONTROL, WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look
from tests.server.results.scene import approve, fill, publish, results
from tests.support.api import Api
from tests.support.university import University

SHIFT = Qt.KeyboardModifier.ShiftModifier


def tower(qtbot: QtBot, window: MainWindow) -> PublishPage:
    window.activateWindow()
    page = window.open("results")
    assert isinstance(page, PublishPage)
    qtbot.waitUntil(lambda: page.presenter.is_loaded and page._loading is None, timeout=WAIT)
    page.list.setFocus()
    qtbot.waitUntil(page.list.hasFocus, timeout=WAIT)
    return page


def rows(qtbot: QtBot, page: PublishPage, count: int) -> list[str]:
    """The states of the students, once they are all there."""
    qtbot.waitUntil(lambda: len(page.row_model.records) == count, timeout=WAIT)
    return [row.state_words for row in page.row_model.records]


def settled(qtbot: QtBot, page: PublishPage) -> None:
    qtbot.waitUntil(lambda: page._task is None and page._loading is None, timeout=WAIT)


def states(page: PublishPage) -> list[str]:
    return [page.model.data(page.model.index(row, 1)) for row in range(page.model.rowCount())]


def test_what_stops_a_publish_is_said_withheld_and_published_with_its_number(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api
) -> None:
    approve(api, scene["section"])
    window = program.enter("examcell")
    page = tower(qtbot, window)
    assert page.summary.text() == "2 sections: 2 outstanding (1 not started)"
    assert states(page) == ["Approved, 1 missing", "Not started"]
    assert rows(qtbot, page, 3)[1:] == ["Ready", "Ready"]
    press(Qt.Key.Key_Return, CONTROL)
    assert page.asking.complaint.text().startswith("Not yet: 1 student without a result or a reason: ")
    look(window, "publish_missing")
    press(Qt.Key.Key_Tab)
    page.rows.setFocus()
    press("W")
    press("9")
    press(Qt.Key.Key_Return)
    assert page.asking.complaint.text().startswith("Type the reason's digit: 1 fee")
    page.asking.line.clear()
    press("3 paper two")
    press(Qt.Key.Key_Return)
    settled(qtbot, page)
    assert page.note.text() == "Withheld: 1 result, award awaited."
    qtbot.waitUntil(lambda: "Withheld" in rows(qtbot, page, 3)[0], timeout=WAIT)
    assert states(page)[0] == "Approved, 1 withheld"
    press(Qt.Key.Key_Return, CONTROL)
    assert page.asking.question.text().startswith("CS-101 A: 2 results complete, 1 withheld and left behind.")
    assert {row["state"] for row in results(api, scene["section"])} == {"draft"}
    look(window, "publish_question")
    press(Qt.Key.Key_Return, CONTROL)
    settled(qtbot, page)
    number = api.as_("examcell").get("/api/notifications-of-result/").json["results"][0]["number"]
    assert page.note.text().startswith("Published: CS-101 A, 2 results, 1 withheld. Notification ")
    assert number in page.note.text()
    assert states(page)[0] == "Published: 2 of 3, 1 withheld"
    look(window, "publish_done")


def test_the_cursor_stays_with_the_student_who_was_withheld(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api, university: University
) -> None:
    fill(university, scene)
    approve(api, scene["section"])
    page = tower(qtbot, program.enter("examcell"))
    rows(qtbot, page, 3)
    page.rows.setFocus()
    press(Qt.Key.Key_End)
    last = page.row_model.records[2].reg_no
    press("W")
    press("1")
    press(Qt.Key.Key_Return)
    settled(qtbot, page)
    qtbot.waitUntil(lambda: "Withheld" in rows(qtbot, page, 3)[0], timeout=WAIT)
    row = page.rows.current()
    assert row is not None
    assert row.reg_no == last == page.row_model.records[0].reg_no, "the list has it first now"
    assert [one.reg_no for one in page.rows.chosen()] == [last]


def test_a_publish_asks_for_its_code_in_place_and_loses_nothing(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api, university: University
) -> None:
    approve(api, scene["section"])
    missing = next(row["id"] for row in results(api, scene["section"]) if row["total"] is None)
    one = {"result_ids": [missing], "reason": "award_awaited", "note": ""}
    assert api.as_("examcell").post("/api/results/withhold/", one).status == 200
    window = program.enter("examcell")
    page = tower(qtbot, window)
    secret = api.as_("examcell").post("/api/auth/otp/enroll/").json["secret"]
    code = pyotp.TOTP(secret)
    assert api.as_("examcell").post("/api/auth/otp/confirm/", {"otp": code.now()}).status == 200
    setting = {"key": "results.code_at_publish", "value": True}
    admin = program.server.as_("admin")
    assert admin.post("/api/settings/", setting).status == 201
    admin.close()
    assert sorted(rows(qtbot, page, 3)) == ["Ready", "Ready", "Withheld, award awaited"]
    press(Qt.Key.Key_Return, CONTROL)
    assert page.asking.complaint.text() == ""
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: page.asking.asks_line, timeout=WAIT)
    assert page.asking.question.text().startswith("Publishing CS-101 A: your one-time code")
    press("123 456")
    press(Qt.Key.Key_Return)
    settled(qtbot, page)
    qtbot.waitUntil(lambda: "wait for the next one" in page.asking.complaint.text(), timeout=WAIT)
    assert page.asking.line.text() == "123 456", "what was typed stands"
    look(window, "publish_code")
    university.run("UPDATE account SET otp_last_step = 0 WHERE username = 'examcell'")
    page.asking.line.selectAll()
    press(code.now())
    press(Qt.Key.Key_Return, CONTROL)
    settled(qtbot, page)
    assert page.note.text().startswith("Published: CS-101 A, 2 results, 1 withheld. Notification ")


def test_a_section_is_frozen_after_it_is_asked_once(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api, university: University
) -> None:
    fill(university, scene)
    approve(api, scene["section"])
    publish(api, scene["section"])
    page = tower(qtbot, program.enter("registrar"))
    rows(qtbot, page, 3)
    press("F", CONTROL | SHIFT)
    assert "3 results will be closed for good" in page.asking.question.text()
    press(Qt.Key.Key_Escape)
    assert not page.asking.question.isVisible()
    press("F", CONTROL | SHIFT)
    press(Qt.Key.Key_Return, CONTROL)
    settled(qtbot, page)
    assert page.note.text() == "Frozen: CS-101 A, 3 results."
    assert states(page)[0] == "Frozen"


def test_a_withheld_result_is_released_by_a_later_notification(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api, university: University
) -> None:
    fill(university, scene)
    approve(api, scene["section"])
    held = results(api, scene["section"])[1]["id"]
    api.as_("examcell").post("/api/results/withhold/", {"result_ids": [held], "reason": "fee", "note": ""})
    publish(api, scene["section"])
    page = tower(qtbot, program.enter("examcell"))
    assert rows(qtbot, page, 3) == ["Withheld, fee", "Published", "Published"]
    page.rows.setFocus()
    press("L")
    press(Qt.Key.Key_Return, CONTROL)
    settled(qtbot, page)
    assert page.note.text().startswith("Released: 1 result. Notification ")
    assert states(page)[0] == "Published"


def test_the_whole_term_waits_for_every_sheet_and_then_goes_at_once(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api, university: University
) -> None:
    fill(university, scene)
    approve(api, scene["section"])
    page = tower(qtbot, program.enter("examcell"))
    press(Qt.Key.Key_Return, CONTROL | SHIFT)
    assert "1 sheet is not approved: CS-202 B (Faculty)." in page.asking.complaint.text()
    row = university.rows("SELECT id FROM enrollment WHERE section_id = %(s)s", s=scene["other"])[0]["id"]
    final = university.rows("SELECT id FROM assessment WHERE section_id = %(s)s", s=scene["other"])[0]["id"]
    university.score(row, final, "80")
    approve(api, scene["other"])
    press(Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: page.summary.text() == "2 sections: 2 ready", timeout=WAIT)
    press(Qt.Key.Key_Return, CONTROL | SHIFT)
    assert page.asking.question.text().startswith(
        "Fall 2026: 4 results of 2 sections complete, nobody withheld."
    )
    press(Qt.Key.Key_Return, CONTROL)
    settled(qtbot, page)
    assert states(page) == ["Published", "Published"]


def test_a_change_shows_its_effect_before_it_is_sent(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api, university: University
) -> None:
    fill(university, scene)
    approve(api, scene["section"])
    publish(api, scene["section"])
    window = program.enter("examcell")
    page = tower(qtbot, window)
    rows(qtbot, page, 3)
    page.rows.setFocus()
    press("R", CONTROL)
    press("Fnal 90")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(
        lambda: "There are Quiz, Midterm and Final." in page.asking.complaint.text(), timeout=WAIT
    )
    page.asking.line.clear()
    press("final 90")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "CGPA" in page.asking.question.text(), timeout=WAIT)
    assert page.asking.question.text().startswith("total 75 → 85, grade B+ → A, CGPA 3.30 → 4.00.")
    assert api.as_("head").get("/api/pending-changes/").json["results"] == []
    look(window, "publish_change")
    press("A page was missed")
    press(Qt.Key.Key_Return)
    settled(qtbot, page)
    assert "B+ → A. It waits for the head or dean" in page.note.text()
    (change,) = api.as_("head").get("/api/pending-changes/").json["results"]
    assert change["scores"][0]["score"] == "90.00"


def test_two_versions_of_a_result_stand_below_the_students(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api, university: University
) -> None:
    fill(university, scene)
    approve(api, scene["section"])
    publish(api, scene["section"])
    result = results(api, scene["section"])[0]["id"]
    asked = {"result_id": result, "reason": "A page was missed", "new_grade": "A-"}
    change = api.as_("faculty").post("/api/results/change-request/", asked).json["id"]
    for who in ("head", "registrar"):
        decided = {"change_id": change, "approved": True}
        assert api.as_(who).post("/api/results/approve-change/", decided).status == 200
    window = program.enter("examcell")
    page = tower(qtbot, window)
    rows(qtbot, page, 3)
    page.rows.setFocus()
    press("H")
    told = page.versions.sentence
    qtbot.waitUntil(lambda: "A page was missed" in told.text(), timeout=WAIT)
    assert told.text().startswith("Grade B+ → A- and Points 3.3 → 3.7.")
    look(window, "publish_versions")
    press(Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: told.text() == "State not published → published.", timeout=WAIT)
    press(Qt.Key.Key_Escape)
    assert not page.versions.isVisible()


def test_a_draft_is_not_changed_by_request_and_nothing_is_sent_without_the_server(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api, university: University
) -> None:
    fill(university, scene)
    approve(api, scene["section"])
    window = program.enter("examcell")
    page = tower(qtbot, window)
    rows(qtbot, page, 3)
    press("R", CONTROL)
    assert "a draft is corrected on its sheet" in page.asking.complaint.text()
    program.server.kill()
    press(Qt.Key.Key_Return, CONTROL)
    press(Qt.Key.Key_Return, CONTROL)
    settled(qtbot, page)
    assert "counts only once" in page.asking.complaint.text()
    assert "publishing needs the server" in page.summary.text()
    look(window, "publish_offline")


def test_the_filter_narrows_the_tower_and_the_program_its_counts_in_the_dark(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api, university: University
) -> None:
    university.program(scene["department"], "BBA")
    fill(university, scene)
    approve(api, scene["section"])
    window = program.enter("examcell")
    page = tower(qtbot, window)
    press("F")
    assert [section.course_code for section in page.model.records] == ["CS-202"]
    press("F")
    assert [section.course_code for section in page.model.records] == ["CS-101"]
    page.around.theme.set_look("dark")
    rows(qtbot, page, 3)
    look(window, "publish_dark")
    page.around.theme.set_look("light")
    page.program.setCurrentIndex(1)
    page.program.activated.emit(1)
    qtbot.waitUntil(lambda: page.summary.text() == "No section of BBA, Fall 2026 has students.", timeout=WAIT)
    look(window, "publish_empty")
