"""The cases desk from the keyboard, against a real server."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from sims_desktop.cases.opening_page import OpeningPage
from sims_desktop.cases.page import CasesPage
from sims_desktop.results.page import PublishPage
from sims_desktop.shell.window import MainWindow
from tests.desktop.approvals.program import CONTROL, WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look
from tests.server.cases.scene import published, result
from tests.support.api import Api
from tests.support.university import University


def cases(qtbot: QtBot, window: MainWindow) -> CasesPage:
    window.activateWindow()
    page = window.open("cases")
    assert isinstance(page, CasesPage)
    qtbot.waitUntil(lambda: page.presenter.loaded and settled(page), timeout=WAIT)
    page.list.setFocus()
    qtbot.waitUntil(page.list.hasFocus, timeout=WAIT)
    return page


def settled(page: CasesPage) -> bool:
    current = page.list.current()
    shown = page.presenter.shown
    is_read = current is None or (shown is not None and shown.case.id == current.id)
    return page._task is None and page._loading is None and page._reading is None and is_read


def test_a_case_goes_from_a_result_to_its_second_signature_by_keys(
    qtbot: QtBot, program: Program, university: University, api: Api, tmp_path: Path
) -> None:
    _, results = published(api, university, students=2)
    window = program.enter("examcell")
    window.activateWindow()
    tower = window.open("results")
    assert isinstance(tower, PublishPage)
    qtbot.waitUntil(lambda: len(tower.row_model.records) == 2, timeout=WAIT)
    tower.rows.setFocus()
    press("C")
    opening = window.page
    assert isinstance(opening, OpeningPage)
    qtbot.waitUntil(lambda: opening.presenter.whose is not None, timeout=WAIT)
    assert opening.results.chosen()[0].id == results[0]
    opening.kind.setCurrentIndex(opening.kind.findData("correction"))
    press(Qt.Key.Key_Return, CONTROL)
    look(window, "case_opening_faults")
    assert opening.reason.hasFocus()
    press("A page was missed")
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: isinstance(window.page, CasesPage), timeout=WAIT)
    page = cases(qtbot, window)
    assert page.note.text().startswith("Opened C-")
    assert window.navigation.item(window.navigation.count() - 1).text() != "New case", "its work is done"
    assert page.summary.text() == "1 case open"
    qtbot.waitUntil(lambda: page.presenter.shown is not None and settled(page), timeout=WAIT)
    paper = tmp_path / "script.txt"
    paper.write_text("page 4, 15 marks")
    page.attach(paper)
    press("The page that was missed")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.file_model.rowCount() == 1 and settled(page), timeout=WAIT)
    assert page.note.text().endswith("script.txt.")
    press("P")
    press("final 90")
    look(window, "case_proposing")
    press(Qt.Key.Key_Return)
    press("Board 12/2026")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.note.text().startswith("Proposed: ") and settled(page), timeout=WAIT)
    assert page.asking.complaint.text() == "You asked or proposed it; other people decide."
    assert not page.approve_button.isEnabled()
    window = program.enter("head")
    page = cases(qtbot, window)
    assert page.summary.text() == "1 case waiting for me"
    assert page.row_model.records[0][1:] == ("75 B+ 3.30", "85 A 4.00")
    look(window, "case_head")
    press("E")
    assert page.files.hasFocus()
    page.save_file(page.file_model.records[0], tmp_path / "copy.txt")
    qtbot.waitUntil(lambda: page.note.text() == "Saved copy.txt.", timeout=WAIT)
    assert (tmp_path / "copy.txt").read_text() == "page 4, 15 marks"
    press("A")
    assert page.asking.question.text().startswith("You sign first")
    press("A")
    qtbot.waitUntil(lambda: page.note.text().startswith("Approved: ") and settled(page), timeout=WAIT)
    assert result(api, results[0])["grade"] == "B+"
    window = program.enter("registrar")
    page = cases(qtbot, window)
    press(Qt.Key.Key_Return, CONTROL)
    assert "You sign as the last." in page.asking.question.text()
    look(window, "case_second")
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: page.note.text().startswith("Applied: ") and settled(page), timeout=WAIT)
    assert result(api, results[0])["grade"] == "A"


def sign(qtbot: QtBot, program: Program, who: str, said: str) -> CasesPage:
    page = cases(qtbot, program.enter(who))
    press("A")
    press("A")
    qtbot.waitUntil(lambda: page.note.text().startswith(said) and settled(page), timeout=WAIT)
    return page


def test_unfair_means_are_reported_by_number_of_the_student_the_paper_and_the_report(
    qtbot: QtBot, program: Program, university: University, api: Api
) -> None:
    _, results = published(api, university, students=2)
    reg_no = result(api, results[0])["reg_no"]
    window = program.enter("examcell")
    window.activateWindow()
    press("K", CONTROL)
    press("ufm")
    assert window.palette_box.entry(0).title == "Report unfair means"
    press(Qt.Key.Key_Return)
    opening = window.page
    assert isinstance(opening, OpeningPage)
    press(reg_no)
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(opening.results.hasFocus, timeout=WAIT)
    press(Qt.Key.Key_Return)
    assert opening.authority.hasFocus()
    press("Hall 2, report 14")
    look(window, "case_unfair_means")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: isinstance(window.page, CasesPage), timeout=WAIT)
    page = cases(qtbot, window)
    assert page.presenter.shown is not None
    case = page.presenter.shown.case
    assert (case.kind, case.reason) == ("unfair_means", "As reported: Hall 2, report 14")
    assert [one.result_id for one in case.results] == [results[0]]
    # Heard, and judged: the digit needs no Enter.
    press("H")
    press("soon")
    press(Qt.Key.Key_Return)
    assert page.asking.complaint.text().startswith("A day first")
    page.asking.line.selectAll()
    press("2026-12-14 10:00, committee room")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "Hearing on" in page.lead.text() and settled(page), timeout=WAIT)
    look(window, "case_heard")
    press("D")
    press("3")
    assert page.asking.question.text().startswith("Judgment: course cancelled. Authority")
    press("UFM committee 12/3")
    look(window, "case_judged")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.note.text().startswith("Proposed") and settled(page), timeout=WAIT)
    page = sign(qtbot, program, "head", "Approved: ")
    page = sign(qtbot, program, "registrar", "Applied: ")
    window = program.started[0].window
    assert window is not None
    page.bring(case.id)
    page.presenter.filter = "all"
    page.refresh()
    qtbot.waitUntil(lambda: "may appeal until" in page.lead.text(), timeout=WAIT)
    look(window, "case_appeal")
    assert result(api, results[0])["grade"] == "XF"


def test_a_case_is_rejected_with_a_reason_and_nothing_is_signed_without_the_server(
    qtbot: QtBot, program: Program, university: University, api: Api
) -> None:
    _, results = published(api, university, students=2)
    for one in results:
        body = {"kind": "correction", "reason": "Missed", "changes": [{"result_id": one, "new_grade": "A"}]}
        assert api.as_("faculty").post("/api/cases/", body).status == 201
    page = cases(qtbot, program.enter("head"))
    assert page.summary.text() == "2 cases waiting for me"
    press("R")
    press(Qt.Key.Key_Return)
    assert page.asking.complaint.text() == "A rejection needs a reason."
    press("The script shows no such page")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.note.text().startswith("Rejected: ") and settled(page), timeout=WAIT)
    assert page.model.rowCount() == 1
    program.server.kill()
    press("A")
    press("A")
    qtbot.waitUntil(lambda: page._task is None and page._loading is None, timeout=WAIT)
    assert "counts only once" in page.note.text()
    assert "Cases need the server" in page.summary.text()


def test_the_auditor_reads_cases_and_is_told_who_opens_them(
    qtbot: QtBot, program: Program, university: University, api: Api
) -> None:
    _, results = published(api, university, students=1)
    opened = {"kind": "recheck", "reason": "Add it up again", "result_ids": results[:1]}
    assert api.as_("registrar").post("/api/cases/", opened).status == 201
    university.account("auditing", "auditor")
    window = program.enter("auditing")
    page = cases(qtbot, window)
    assert page.summary.text() == "1 case open"
    assert page.presenter.shown is not None
    assert not [button for button in (page.new_button, *page.buttons) if button.isVisible()]
    look(window, "cases_auditor")
    press("N", CONTROL)
    assert page.asking.complaint.text() == "You read cases; others open them and add to them."
    assert window.page is page
