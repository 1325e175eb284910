"""Acts on a student's page by keys alone, against a real server, with somebody else at work meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from sims_desktop.kit.tasks import Task
from sims_desktop.shell.window import MainWindow
from sims_desktop.students.page import ENROLLMENTS, RESULTS, StudentPage
from tests.desktop.approvals.program import CONTROL, WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look
from tests.desktop.reach import faults
from tests.server.results.scene import approve, fill, publish, results
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
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api, tmp_path: Path
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
    qtbot.waitUntil(lambda: "will become W" in order.words.text(), timeout=WAIT)
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
    assert person.reason.hasFocus()  # beside it: why, and the scan that proves it
    press("Matriculation certificate")
    paper = tmp_path / "matric.pdf"
    paper.write_bytes(b"%PDF-1.4 matriculation certificate")
    person.evidence.setText(str(paper))
    press(ENTER, CONTROL)
    assert "once more asks a second person" in person.words.text()
    press(ENTER, CONTROL)
    qtbot.waitUntil(lambda: "Somebody changed meanwhile" in person.words.text(), timeout=WAIT)
    assert (person.lines["phone"].text(), person.lines["address"].text()) == ("0300-1", "Karachi")
    look(page.window(), "acts_person")  # type: ignore[arg-type]
    assert faults(page, page.around.actions) == []
    press(ENTER, CONTROL)
    press(ENTER, CONTROL)
    asked = "Asked for: Student Number One. Another person confirms it."
    qtbot.waitUntil(lambda: page.note.text().startswith(asked), timeout=WAIT)
    qtbot.waitUntil(lambda: all(task.is_over for task in page_tasks), timeout=WAIT)
    now = api.as_("registrar").get(f"/api/students/{student}/").json
    assert (now["name"], now["phone"]) == ("Student Number 1", "0300-1")
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
        assert (page.bench is None) is (kind == "record"), "a teacher may ask for a change, and no more"
        assert not {"student.enroll", "student.drop", "student.order", "student.person"} & actions_of(page)
        assert ("student.correct" in actions_of(page)) is (kind == "student")


def test_a_withheld_result_is_released_where_the_student_stands(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api, university: University
) -> None:
    fill(university, scene)
    approve(api, scene["section"])
    held = [one for one in results(api, scene["section"]) if one["student_id"] == scene["students"][0]]
    withheld = {"result_ids": [held[0]["id"]], "reason": "fee", "note": ""}
    assert api.as_("examcell").post("/api/results/withhold/", withheld).status == 200
    publish(api, scene["section"])
    page = opened(qtbot, program, "registrar", scene["students"][0])
    press("3")
    press("L")
    asking = page.bench.release_card.asking
    assert "is withheld: fee. It goes out by a later notification of today" in asking.question.text()
    press(ENTER)
    assert asking.complaint.text().startswith("Type the receipt")
    look(page.window(), "student_release")  # type: ignore[arg-type]
    press("Challan 4711")
    press(ENTER)
    qtbot.waitUntil(lambda: page.note.text().startswith("Released: CS-101 B+. Notification "), timeout=WAIT)
    assert "SGPA 3.30, CGPA 3.30, good standing." in page.note.text()
    qtbot.waitUntil(lambda: len(page.terms.records) == 1, timeout=WAIT)
    notes = university.rows("SELECT release_note FROM withholding")
    assert [row["release_note"] for row in notes] == ["Challan 4711"]
    kinds = university.rows("SELECT kind FROM notification_of_result ORDER BY id")
    assert [row["kind"] for row in kinds] == ["main", "later"]
    press("L")
    assert page.complaint.text().startswith("Nothing is withheld there")
    press("1")
    wanted: list[str] = []
    page.wants.connect(lambda kind, id: wanted.append(kind))
    press("L")
    assert wanted == ["holds"]


def test_a_published_mark_is_corrected_from_its_student_s_page(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api, university: University, tmp_path: Path
) -> None:
    """The term is closed: its sheet is on no teacher's computer any more."""
    fill(university, scene)
    approve(api, scene["section"])
    page = opened(qtbot, program, "faculty", scene["students"][0])
    press("R", CONTROL)
    assert page.complaint.text().startswith("3 goes to the results; Ctrl+R asks")
    publish(api, scene["section"])
    university.run("UPDATE term SET status = 'closed' WHERE id = %(id)s", id=scene["term"])
    press(Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: any(one.is_published for one in page.results.records), timeout=WAIT)
    press("3")
    press("R", CONTROL)
    assert page.bench is not None
    card = page.bench.correction_card
    qtbot.waitUntil(lambda: "70 of 100" in card.components.text(), timeout=WAIT)
    assert card.components.text().endswith("\u2068total 75\u2069 · \u2068grade B+\u2069")
    assert "published" in card.past.text()
    press("Finale 90")
    press(ENTER)
    assert card.complaint.text().startswith("“Finale 90”: name the assessment, then its mark. There are ")
    press("A", CONTROL)
    press("Final 90")
    press(ENTER)
    qtbot.waitUntil(card.reason.hasFocus, timeout=WAIT)
    assert card.impact.text().startswith("total 75 → 85, grade B+ → A, CGPA 3.30 → 4.00.")
    scan = tmp_path / "page 7.pdf"
    scan.write_bytes(b"%PDF-1.7 page 7")
    card.scan.attach(scan)
    look(page.window(), "student_correction")  # type: ignore[arg-type]
    assert faults(page, page.around.actions) == []
    press("1")
    press(ENTER)
    qtbot.waitUntil(lambda: page.note.text().startswith("Asked: "), timeout=WAIT)
    assert "With the head or dean of the department since " in page.note.text()
    assert not card.isVisible()
    filed = university.rows(
        "SELECT p.reason, e.name FROM pending_change p JOIN change_evidence e ON e.change_id = p.id"
    )
    assert [(row["reason"], row["name"]) for row in filed] == [("Added up wrongly", "page 7.pdf")]
    qtbot.waitUntil(page.views[RESULTS].hasFocus, timeout=WAIT)
    press("R", CONTROL)
    qtbot.waitUntil(
        lambda: "with the head or dean of the department since " in card.past.text(), timeout=WAIT
    )
    assert card.line.text() == "", "what was asked for is done"
