"""Acts on a student's page by keys alone, against a real server, with somebody else at work meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from sims_desktop.kit.tasks import Task
from sims_desktop.shell.window import MainWindow
from sims_desktop.students.page import ENROLLMENTS, StudentPage
from tests.desktop.approvals.program import CONTROL, WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look
from tests.desktop.reach import faults
from tests.support.api import Api
from tests.support.university import University

ENTER = Qt.Key.Key_Return


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    scene = university.stand(students=2)
    needing = university.course(scene["department"], "CS-300")
    university.run(
        "INSERT INTO course_prerequisite (course_id, prerequisite_id) VALUES (%(course)s, %(first)s)",
        course=needing,
        first=scene["course"],
    )
    university.section(needing, scene["term"], "B", 40, (scene["faculty"],))
    university.section(
        university.course(scene["department"], "CS-310"), scene["term"], "A", 1, (scene["faculty2"],)
    )
    return scene


def opened(qtbot: QtBot, program: Program, username: str, student_id: int) -> StudentPage:
    window = program.enter(username)
    window.activateWindow()
    page = window.open("student", student_id)
    assert isinstance(page, StudentPage)
    qtbot.waitUntil(lambda: page.presenter.record is not None, timeout=WAIT)
    return page


def actions_of(page: StudentPage) -> set[str]:
    return {bound.id for bound in page.around.actions.of("Student")}


def statuses(page: StudentPage) -> list[str]:
    return [one.status for one in page.enrollments.records]


def test_a_seat_is_taken_left_and_taken_back_by_keys(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api, university: University
) -> None:
    page = opened(qtbot, program, "registrar", scene["students"][0])
    bench = page.bench
    assert bench is not None
    card = bench.seat_card
    look(page.window(), "acts_record")  # type: ignore[arg-type]
    press("N", CONTROL)
    assert page.tabs.currentIndex() == ENROLLMENTS
    qtbot.waitUntil(card.search.hasFocus, timeout=WAIT)
    press("cs-3")
    press(ENTER)
    qtbot.waitUntil(lambda: card.model.rowCount() == 2 and card.list.hasFocus(), timeout=WAIT)
    look(page.window(), "acts_found")  # type: ignore[arg-type]
    press(ENTER)
    qtbot.waitUntil(lambda: card.complaint.text() == "Not passed yet: CS-101.", timeout=WAIT)
    assert card.aside.isVisible()
    press("O", CONTROL)
    assert card.reason.hasFocus()
    press(ENTER)
    assert "needs its reason" in card.complaint.text()
    press("By transfer")
    look(page.window(), "acts_refused")  # type: ignore[arg-type]
    assert faults(page, page.around.actions) == []
    press(ENTER)
    qtbot.waitUntil(lambda: len(statuses(page)) == 2, timeout=WAIT)
    assert page.note.text().startswith("Enrolled: ")
    qtbot.waitUntil(lambda: card.search.hasFocus() and not card.reason.isVisible(), timeout=WAIT)
    press("CS-310")
    press(ENTER)
    qtbot.waitUntil(lambda: card.model.rowCount() == 1 and card.list.hasFocus(), timeout=WAIT)
    # Somebody else takes the last seat while the list stands there.
    other = university.row("SELECT id FROM section WHERE course_code = 'CS-310'")
    answer = api.as_("head").post(f"/api/sections/{other}/enroll/", {"student_id": scene["students"][1]})
    assert answer.status == 201, answer.content
    press(ENTER)
    qtbot.waitUntil(lambda: card.complaint.text().startswith("Section is full: 1 of 1."), timeout=WAIT)
    assert not card.aside.isVisible(), "nobody sets that aside"
    press(Qt.Key.Key_Escape)
    assert not card.isVisible()
    view = page.views[ENROLLMENTS]
    assert view.hasFocus()
    row = next(row for row, one in enumerate(page.enrollments.records) if one.course_code == "CS-300")
    view.selectRow(row)
    press("D")
    leave = bench.leave_card
    assert leave.reason.hasFocus()
    press("Wrong course")
    look(page.window(), "acts_drop")  # type: ignore[arg-type]
    press(ENTER)
    qtbot.waitUntil(lambda: "dropped" in statuses(page) and view.hasFocus(), timeout=WAIT)
    assert page.note.text().startswith("Dropped: ")
    assert view.currentIndex().row() == row, "the cursor stays on its enrollment"
    press("Z", CONTROL)
    qtbot.waitUntil(lambda: "Ctrl+N takes the seat again" in page.complaint.text(), timeout=WAIT)
    row = 1 - row
    view.selectRow(row)
    press("D")
    press("Wrong line")
    press(ENTER)
    qtbot.waitUntil(lambda: statuses(page) == ["dropped", "dropped"] and view.hasFocus(), timeout=WAIT)
    press("Z", CONTROL)
    qtbot.waitUntil(lambda: statuses(page).count("enrolled") == 1, timeout=WAIT)
    qtbot.waitUntil(lambda: page.note.text().startswith("Taken back: "), timeout=WAIT)
    # After the last day: what remains, with the reason kept.
    university.run("UPDATE term SET drop_until = '2026-09-10'")
    press("D")
    press("Moves away")
    press(ENTER)
    qtbot.waitUntil(lambda: "withdrawal (W) is what remains" in leave.complaint.text(), timeout=WAIT)
    assert leave.reason.text() == "Moves away"
    look(page.window(), "acts_withdraw_instead")  # type: ignore[arg-type]
    press(ENTER, CONTROL)
    qtbot.waitUntil(lambda: "withdrawn" in statuses(page), timeout=WAIT)
    qtbot.waitUntil(view.hasFocus, timeout=WAIT)
    press("Z", CONTROL)
    assert page.complaint.text() == "There is no drop to take back."
    # Off line nothing is lost.
    press("R")
    press("Ill")
    program.server.kill()
    press(ENTER)
    qtbot.waitUntil(lambda: "Nothing may have been done" in leave.complaint.text(), timeout=WAIT)
    assert leave.reason.text() == "Ill"
    assert "is as it was" in page.leaving()


def test_an_order_is_given_and_a_person_changed_by_keys_while_others_work(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api
) -> None:
    student = scene["students"][0]
    page = opened(qtbot, program, "registrar", student)
    page_tasks: list[Task] = []
    page.around.tasks.started.connect(page_tasks.append)
    bench = page.bench
    assert bench is not None
    qtbot.waitUntil(page.views[0].hasFocus, timeout=WAIT)
    press("T")
    order = bench.order_card
    assert order.status.hasFocus()
    press("on")  # letters choose, and are no keys of the page
    assert order.status.currentData() == "on_leave"
    assert page.tabs.currentIndex() == 0
    press(ENTER, CONTROL)
    assert "Name the order" in order.form.findChild(type(order.form.complaint), "complaint_order_no").text()
    order.order_no.setFocus()
    press("R/17")
    press(ENTER)
    qtbot.waitUntil(lambda: "turned into W" in order.words.text(), timeout=WAIT)
    look(page.window(), "acts_order")  # type: ignore[arg-type]
    assert faults(page, page.around.actions) == []
    press(ENTER, CONTROL)
    qtbot.waitUntil(lambda: "on leave" in page.headline.text(), timeout=WAIT)
    assert page.note.text().endswith("1 enrollment became W.")
    assert statuses(page) == ["withdrawn"]
    qtbot.waitUntil(page.views[0].hasFocus, timeout=WAIT)
    press("N")
    person = bench.person_card
    qtbot.waitUntil(lambda: person.lines["name"].text() == "Student Number 1", timeout=WAIT)
    person.lines["name"].selectAll()
    press("Student Number One")
    person.lines["phone"].setFocus()
    press("0300-1")
    theirs = {"phone": "0300-2", "address": "Karachi"}
    assert api.as_("registrar").patch(f"/api/students/{student}/", theirs).status == 200
    press(ENTER, CONTROL)
    assert "once more changes the name" in person.words.text()
    press(ENTER, CONTROL)
    qtbot.waitUntil(lambda: "Somebody changed meanwhile" in person.words.text(), timeout=WAIT)
    assert (person.lines["phone"].text(), person.lines["address"].text()) == ("0300-1", "Karachi")
    look(page.window(), "acts_person")  # type: ignore[arg-type]
    assert faults(page, page.around.actions) == []
    press(ENTER, CONTROL)
    press(ENTER, CONTROL)
    qtbot.waitUntil(lambda: "Student Number One" in page.headline.text(), timeout=WAIT)
    # Somebody else places a hold: what the page says next tells it.
    hold = {"student_id": student, "kind": "library", "reason": "Three books"}
    assert api.as_("registrar").post("/api/holds/", hold).status == 201
    press(Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: page.note.text() == "Meanwhile: a library hold was placed.", timeout=WAIT)
    assert page.leaving() == ""
    # The page goes while an act is on its way: it is done, and nobody is left to hear of it.
    press("2")
    press("R")
    press("Order R/18")
    window = page.window()
    assert isinstance(window, MainWindow)
    window.ask_before_leaving = False
    press(ENTER)
    window.close_page()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not isValid(page)
    path = f"/api/enrollments/?student_id={student}"
    registrar = api.as_("registrar")
    qtbot.waitUntil(lambda: registrar.get(path).json["results"][0]["status"] == "enrolled", timeout=WAIT)
    qtbot.waitUntil(lambda: all(task.is_over for task in page_tasks), timeout=WAIT)


def test_who_may_not_act_sees_no_acts(qtbot: QtBot, program: Program, scene: dict[str, Any]) -> None:
    head = opened(qtbot, program, "head", scene["students"][0])
    may = actions_of(head)
    assert {"student.enroll", "student.drop", "student.withdraw", "student.take_back"} <= may
    assert not {"student.order", "student.person", "student.bar", "student.reinstate", "student.hold"} & may
    assert not {"student.seat_aside", "student.leave_aside"} & may
    fees = actions_of(opened(qtbot, program, "accounts", scene["students"][0]))
    assert "student.hold" in fees
    assert not {one for one in fees if one.startswith(("student.leave", "student.order"))}
    for username, kind in (("faculty", "student"), ("student", "record")):
        window = program.enter(username)
        page = window.open(kind, scene["students"][0] if kind == "student" else 0)
        assert isinstance(page, StudentPage)
        QApplication.processEvents()
        assert page.bench is None
        assert not {"student.enroll", "student.drop", "student.order", "student.person"} & actions_of(page)
