"""The approval inbox from the keyboard, against a real server."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from sims_desktop.approvals.page import InboxPage
from sims_desktop.shell.window import MainWindow
from tests.desktop.approvals.program import CONTROL, WAIT, Program, press
from tests.desktop.reach import faults
from tests.server.results.scene import approve, fill, publish, results
from tests.support.api import Api
from tests.support.university import University


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    """The usual scene, its marks in, and a second section of the same teachers with one mark missing."""
    scene = university.stand(students=3)
    fill(university, scene)
    other = university.section(
        university.course(scene["department"], "CS-202"),
        scene["term"],
        "B",
        staff=(scene["faculty"], scene["faculty2"]),
    )
    final = university.assessment(other)
    university.enrollment(scene["registrations"][0], other)
    marked = university.enrollment(scene["registrations"][1], other)
    university.score(marked, final, "61.5")
    return {**scene, "other": other}


def submit(api: Api, section_id: int) -> None:
    teacher = api.as_("faculty")
    rev = teacher.get(f"/api/sheets/{section_id}/").json["rev"]
    answer = teacher.post(f"/api/sheets/{section_id}/submit/", {"rev": rev})
    assert answer.status == 200, answer.content


def ask(api: Api, section_id: int, grade: str, by: str = "faculty", at: int = 0) -> int:
    """A change request; its id."""
    row = results(api, section_id)[at]
    body = {"result_id": row["id"], "new_grade": grade, "reason": "A page was missed", "evidence": "Scan 14"}
    answer = api.as_(by).post("/api/results/change-request/", body)
    assert answer.status == 201, answer.content
    made: int = answer.json["id"]
    return made


def inbox(qtbot: QtBot, window: MainWindow) -> InboxPage:
    window.activateWindow()
    page = window.open("approvals")
    assert isinstance(page, InboxPage)
    qtbot.waitUntil(lambda: page.presenter.loaded_at is not None and page._loading is None, timeout=WAIT)
    page.list.setFocus()
    qtbot.waitUntil(page.list.hasFocus, timeout=WAIT)
    return page


def settled(qtbot: QtBot, page: InboxPage) -> None:
    qtbot.waitUntil(lambda: page._task is None and page._loading is None, timeout=WAIT)


def look(window: MainWindow, name: str) -> None:
    """Keeps a picture for whoever asks for it by SIMS_PICTURES=folder."""
    folder = os.environ.get("SIMS_PICTURES")
    if folder:
        window.grab().save(str(Path(folder) / f"{name}.png"))


def test_a_sheet_is_read_and_approved_with_one_key(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api
) -> None:
    submit(api, scene["section"])
    submit(api, scene["other"])
    window = program.enter("head")
    page = inbox(qtbot, window)
    assert page.summary.text() == "2 sheets wait for you"
    qtbot.waitUntil(lambda: "on the roster" in page.detail.lines.text(), timeout=WAIT)
    assert page.detail.model is not None
    assert page.detail.model.records[0] == ("Quiz, 20 %", "3 of 3", "16.0 of 20")
    look(window, "inbox_sheet")
    press("J")
    qtbot.waitUntil(lambda: "1 mark missing" in page.detail.warnings.text(), timeout=WAIT)
    look(window, "inbox_missing")
    press("K")
    press("A")
    settled(qtbot, page)
    assert page.note.text() == "Approved: CS-101 A, 3 drafts written."
    assert [item.title for item in page.model.records] == ["CS-202 B"]
    assert len(results(api, scene["section"])) == 3


def test_like_items_are_chosen_with_space_and_approved_together(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api
) -> None:
    submit(api, scene["section"])
    submit(api, scene["other"])
    page = inbox(qtbot, program.enter("head"))
    press(Qt.Key.Key_Space)
    press(Qt.Key.Key_Space)
    assert page.summary.text() == "2 sheets wait for you · 2 chosen"
    press(Qt.Key.Key_Return, CONTROL)
    settled(qtbot, page)
    assert page.note.text() == "Approved: 2 (CS-101 A and CS-202 B)."
    assert page.summary.text() == "Nothing waits for you."


def test_a_sheet_is_returned_with_a_reason_typed_beside_it(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api
) -> None:
    submit(api, scene["section"])
    window = program.enter("head")
    page = inbox(qtbot, window)
    press("R")
    press(Qt.Key.Key_Return)
    assert page.asking.complaint.text() == "Say why: the reason goes to whoever handed it in."
    press("A quiz is a jumble")
    assert page.asking.line.text() == "A quiz is a jumble", "letters that are keys elsewhere are letters here"
    look(window, "inbox_return")
    press(Qt.Key.Key_Return)
    settled(qtbot, page)
    assert page.note.text() == "Returned: CS-101 A."
    assert api.as_("faculty").get(f"/api/sheets/{scene['section']}/").json["state"] == "open"


def test_a_sheet_that_is_here_again_is_seen_beside_what_was_handed_in_before(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api, university: University
) -> None:
    submit(api, scene["section"])
    teacher = api.as_("faculty")
    rev = teacher.get(f"/api/sheets/{scene['section']}/").json["rev"]
    words = {"reason": "Quiz of 1 not added up"}
    assert api.as_("head").post(f"/api/sheets/{scene['section']}/return/", words).status == 200
    window = program.enter("head")
    page = inbox(qtbot, window)
    university.score(scene["enrollments"][0], scene["assessments"][0], "18")
    submit(api, scene["section"])
    press(Qt.Key.Key_F5)
    settled(qtbot, page)
    compared = page.detail.compared
    qtbot.waitUntil(compared.isVisible, timeout=WAIT)
    assert re.fullmatch(
        r"Here again: Head returned it \d\d:\d\d, “Quiz of 1 not added up”. "
        rf"1 mark of 1 student stand otherwise than revision {rev}:",
        compared.sentence.text(),
    )
    (moved,) = compared.model.records
    assert (moved.assessment, moved.before, moved.after) == ("Quiz", "16", "18")
    look(window, "inbox_again")
    assert faults(page, page.around.actions) == []


def test_what_moved_meanwhile_is_refused_beside_it_and_read_again(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api
) -> None:
    submit(api, scene["section"])
    page = inbox(qtbot, program.enter("head"))
    api.as_("dean").post(f"/api/sheets/{scene['section']}/return/", {"reason": "no"})
    press("A")
    settled(qtbot, page)
    assert page.note.text() == "1 refused; the reason stands beside each."
    assert page.summary.text() == "Nothing waits for you.", "it is no longer there to decide"


def test_a_change_is_signed_by_two_and_the_second_is_asked_once(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api
) -> None:
    approve(api, scene["section"])
    publish(api, scene["section"])
    change = ask(api, scene["section"], "A")
    window = program.enter("head")
    page = inbox(qtbot, window)
    assert page.summary.text() == "1 change request waits for you"
    assert page.detail.model is not None
    assert ("Grade", "B+", "A") in list(page.detail.model.records)
    assert "You sign as Head, first of two." in page.detail.lines.text()
    look(window, "inbox_change")
    press("A")
    settled(qtbot, page)
    assert page.note.text().endswith("now with the examination cell or the registrar.")

    window = program.enter("examcell")
    page = inbox(qtbot, window)
    assert "second of two: your approval applies it" in page.detail.lines.text()
    press(Qt.Key.Key_Return, CONTROL)
    assert "grade B+ → A, CGPA 3.30 → 4.00. No document is superseded." in page.asking.question.text()
    assert api.as_("head").get(f"/api/pending-changes/{change}/").json["status"] == "pending"
    look(window, "inbox_question")
    press(Qt.Key.Key_Escape)
    assert not page.asking.question.isVisible()
    press(Qt.Key.Key_Return, CONTROL)
    press(Qt.Key.Key_Return, CONTROL)
    settled(qtbot, page)
    assert page.note.text().startswith("Applied: ")
    assert api.as_("head").get(f"/api/pending-changes/{change}/").json["status"] == "approved"
    assert results(api, scene["section"])[0]["grade"] == "A"


def test_one_s_own_request_is_grey_and_says_why(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api
) -> None:
    approve(api, scene["section"])
    publish(api, scene["section"])
    ask(api, scene["section"], "A", by="head")
    window = program.enter("head")
    page = inbox(qtbot, window)
    assert page.summary.text() == "Nothing waits for you. 1 item of your own wait for others."
    assert "You asked for this change; two others decide it." in page.asking.complaint.text()
    assert not page.approve_button.isEnabled()
    press("A")
    assert page.note.text() == ""
    look(window, "inbox_own")


def test_without_the_server_the_list_stays_and_a_decision_is_not_lost_twice(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api
) -> None:
    submit(api, scene["section"])
    window = program.enter("head")
    page = inbox(qtbot, window)
    program.server.kill()
    press("A")
    settled(qtbot, page)
    assert "counts only once" in page.asking.complaint.text()
    qtbot.waitUntil(lambda: "decisions need the server" in page.summary.text(), timeout=WAIT)
    assert len(page.model.records) == 1
    look(window, "inbox_offline")


def test_an_empty_inbox_says_so_in_light_and_dark(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api
) -> None:
    window = program.enter("dean")
    page = inbox(qtbot, window)
    assert page.summary.text() == "Nothing waits for you."
    look(window, "inbox_empty")
    submit(api, scene["section"])
    page.around.theme.set_look("dark")
    press(Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: "on the roster" in page.detail.lines.text(), timeout=WAIT)
    look(window, "inbox_dark")
    page.around.theme.set_look("light")
    assert page.summary.text() == "1 sheet waits for you"


def test_the_scan_of_a_request_is_listed_and_saved_beside_it(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api, tmp_path: Path
) -> None:
    approve(api, scene["section"])
    publish(api, scene["section"])
    change = ask(api, scene["section"], "A")
    page_7 = b"%PDF-1.7 page 7"
    path = f"/api/pending-changes/{change}/evidence/"
    answer = api.as_("faculty").post(path, files={"file": ("page 7.pdf", page_7)}, data={"note": "page 7"})
    assert answer.status == 201, answer.content
    window = program.enter("head")
    page = inbox(qtbot, window)
    qtbot.waitUntil(lambda: page.detail.files.isVisible(), timeout=WAIT)
    assert page.detail.files.text().startswith("Filed with it: page 7.pdf, 1 KB, by Faculty, ")
    assert page.detail.files.text().endswith(": page 7\nE saves a copy.")
    scans = page._scans
    assert scans is not None
    page.save_scans_as(scans, tmp_path, ["a copy.pdf"])
    qtbot.waitUntil(lambda: page.note.text().startswith("Saved 1 file in "), timeout=WAIT)
    assert (tmp_path / "a copy.pdf").read_bytes() == page_7
    page.save_scans_as(scans, tmp_path / "nowhere", ["a copy.pdf"])
    qtbot.waitUntil(lambda: page.asking.complaint.text().startswith("Not saved: No such file"), timeout=WAIT)
