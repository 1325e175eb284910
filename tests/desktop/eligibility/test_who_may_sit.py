"""Who may sit: without a screen over the real application, and by keys at a real server."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from sims_desktop.client.eligibility import EligibilityCalls
from sims_desktop.client.errors import Offline, ProblemAnswer
from sims_desktop.eligibility.page import EligibilityPage
from sims_desktop.eligibility.paper import eligibility_paper
from sims_desktop.eligibility.presenter import EligibilityPresenter, Wanted, list_words
from sims_desktop.kit.printing import print_html, printer_to_file
from sims_desktop.kit.tasks import Progress
from sims_desktop.results.classes import intake_of
from tests.desktop.approvals.program import WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look
from tests.server.attendance.test_eligibility import POLICY, day
from tests.support.api import Api
from tests.support.signed_in import SignIn
from tests.support.university import University

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
WATCH = Progress(lambda done, total, words: None)


@pytest.fixture
def scene(api: Api, university: University) -> dict[str, Any]:
    """Ten classes; the four students attended 10, 7, 5 and 6 of them: two may be condoned."""
    scene = university.stand(students=4, policy=POLICY)
    faculty = api.as_("faculty")
    for slot in range(1, 11):
        marks = [
            {"student_id": student, "status": "present" if slot <= attended else "absent"}
            for student, attended in zip(scene["students"], (10, 7, 5, 6), strict=True)
        ]
        body = {"section_id": scene["section"], "date": day(2), "slot": slot, "marks": marks}
        assert faculty.post("/api/attendance/bulk/", body).status == 201
    return scene


def today() -> datetime:
    return datetime.now(UTC)


def desk(sign_in: SignIn, username: str, scene: dict[str, Any]) -> EligibilityPresenter:
    """With the section at hand."""
    client, user = sign_in(username)
    presenter = EligibilityPresenter(EligibilityCalls(client), user.permissions, today)
    presenter.take(presenter.load())
    show(presenter, scene)
    return presenter


def show(presenter: EligibilityPresenter, scene: dict[str, Any], list_id: int | None = None) -> None:
    section = next(one for one in presenter.sections if one.id == scene["section"])
    presenter.take_shown(presenter.read(section, list_id))


def standings(presenter: EligibilityPresenter) -> list[tuple[str, str]]:
    return [(line.percent_words, line.standing) for line in presenter.lines]


def test_shortages_stand_first_are_condoned_one_by_one_and_a_refusal_keeps_no_other(
    scene: dict[str, Any], sign_in: SignIn
) -> None:
    cell = desk(sign_in, "examcell", scene)
    assert standings(cell) == [
        ("50.00 %", "short"),
        ("60.00 %", "short, may be condoned"),
        ("70.00 %", "short, may be condoned"),
        ("100.00 %", "may sit"),
    ]
    assert cell.line_below == 3
    assert cell.counts(NOW) == (
        "4 students after 10 classes: 1 may sit, 0 condoned, 2 short and may be condoned, 1 short. "
        "No list is notified yet."
    )
    cell.mark_condonable()
    assert len(cell.marked) == 2
    cell.toggle(cell.lines[0])
    said = cell.condone(cell.chosen(None), "VC/2026/41", "Flood in the district", WATCH)
    assert said == "2 students condoned. 1 student refused; why stands in the list."
    show(cell, scene)
    assert standings(cell)[:2] == [
        ("50.00 %", "not condoned: 50.00 % is less than the 60 % from which a shortage may be condoned."),
        ("60.00 %", "condoned: VC/2026/41"),
    ]
    assert cell.marked == {scene["students"][2]}
    cell.toggle(cell.lines[0])
    assert cell.why_not_withdraw([cell.lines[0]]) == "Nobody chosen has a condonation."
    said = cell.withdraw([cell.lines[1]], "Wrong student", WATCH)
    assert said == "1 condonation withdrawn; they stay on record as withdrawn."
    show(cell, scene)
    assert cell.lines[1].is_condonable
    with pytest.raises(ProblemAnswer) as faulty:
        cell.condone([cell.lines[1]], "x" * 400, "y", WATCH)
    assert "200" in cell.refused(faulty.value)
    assert "counts only once" in cell.refused(Offline("away"))
    head = desk(sign_in, "head", scene)
    assert head.why_not_condone(head.lines) == "Your roles do not condone shortages."
    assert head.why_not_notify() == ""
    teacher_client, teacher = sign_in("faculty")
    teaching = EligibilityPresenter(EligibilityCalls(teacher_client), teacher.permissions, today)
    with pytest.raises(ProblemAnswer) as not_theirs:
        teaching.load()
    assert not_theirs.value.status == 403


def test_a_notified_list_stays_as_it_was_and_later_marks_are_said_beside_it(
    scene: dict[str, Any], sign_in: SignIn, api: Api, tmp_path: Path, qtbot: QtBot
) -> None:
    cell = desk(sign_in, "examcell", scene)
    assert "NOT NOTIFIED" in eligibility_paper(cell, NOW)
    assert "1 sit, 3 barred" in cell.question
    assert cell.notify("Board 4/3") == "List 1 is notified: 1 sit, 0 condoned, 3 barred."
    cell.take(cell.load())
    section = next(one for one in cell.sections if one.id == scene["section"])
    assert list_words(section, NOW).endswith(": 3 barred")
    # Attendance that is corrected afterwards changes how the marks stand, and not the list.
    body = {
        "section_id": scene["section"],
        "date": day(2),
        "slot": 8,
        "marks": [{"student_id": scene["students"][1], "status": "present"}],
        "reason": "Medical, file 12",
    }
    assert api.as_("registrar").post("/api/attendance/bulk/", body).status == 201
    show(cell, scene)
    assert ("80.00 %", "may sit; list 1: short, barred") in standings(cell)
    (newest,) = cell.shown.lists if cell.shown is not None else ()
    show(cell, scene, newest.id)
    assert ("70.00 %", "short, barred") in standings(cell)
    assert cell.why_not_notify().startswith("This is a list as it was notified")
    paper = eligibility_paper(cell, NOW)
    assert "List 1, notified" in paper
    assert "Board 4/3" in paper
    file = tmp_path / "list.pdf"
    print_html(paper, printer_to_file(file))
    text = pypdfium2.PdfDocument(file)[0].get_textpage().get_text_range()
    assert "threshold" in text
    assert "70.00 %" in text
    cell.wanted = Wanted(section.term_id, None, "no such course")
    cell.take(cell.load())
    assert cell.sentence == "No section of yours answers this choice."


def test_a_class_is_found_by_its_program_and_semester(
    scene: dict[str, Any], sign_in: SignIn, university: University
) -> None:
    presenter = desk(sign_in, "examcell", scene)
    term = next(one for one in presenter.terms if one.id == presenter.wanted.term_id)
    university.run("UPDATE registration SET intake = %(intake)s", intake=intake_of(3, term))
    (program,) = {row["program_id"] for row in university.rows("SELECT program_id FROM registration")}
    found = {}
    for semester in (3, 4):
        presenter.wanted = Wanted(None, program, "", semester)
        presenter.take(presenter.load())
        found[semester] = [one.id for one in presenter.sections]
    assert scene["section"] in found[3]
    assert found[4] == []
    assert presenter.semesters == range(1, 9)


def test_eligibility_opens_at_a_class_from_the_palette(
    qtbot: QtBot, program: Program, scene: dict[str, Any], university: University
) -> None:
    (code,) = {row["code"] for row in university.rows("SELECT code FROM program")}
    window = program.enter("examcell")
    window.activateWindow()
    press("K", Qt.KeyboardModifier.ControlModifier)
    press(f"eligibility {code.lower()} 8")
    box = window.palette_box
    qtbot.waitUntil(lambda: box.list.model().rowCount() > 0, timeout=WAIT)
    assert box.entry(0).title == f"Who may sit: {code}, semester 8"
    press(Qt.Key.Key_Return)
    page = window.page
    assert isinstance(page, EligibilityPage)
    qtbot.waitUntil(lambda: page.summary.text() == "No section of yours answers this choice.", timeout=WAIT)
    assert page.semester.currentText() == "Semester 8"
    page.semester.setCurrentIndex(0)
    page.semester.activated.emit(0)
    qtbot.waitUntil(lambda: page.model.rowCount() > 0, timeout=WAIT)


def test_who_may_sit_is_settled_by_keys(qtbot: QtBot, program: Program, scene: dict[str, Any]) -> None:
    window = program.enter("examcell")
    window.activateWindow()
    page = window.open("eligibility")
    assert isinstance(page, EligibilityPage)
    qtbot.waitUntil(lambda: page.model.rowCount() > 0 and page.list.hasFocus(), timeout=WAIT)
    rows = [one.id for one in page.presenter.sections]
    page.list.selectRow(rows.index(scene["section"]))
    qtbot.waitUntil(lambda: page.row_model.rowCount() == 4, timeout=WAIT)
    press(Qt.Key.Key_Return)
    assert page.rows.hasFocus()
    page.rows.selectRow(1)
    press(Qt.Key.Key_Space)
    press(Qt.Key.Key_Space)
    assert len(page.presenter.marked) == 2
    look(window, "eligibility_marked")
    press("C")
    press("VC/2026/41")
    press(Qt.Key.Key_Return)
    press("Flood")
    look(window, "eligibility_reason")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.note.text() == "2 students condoned.", timeout=WAIT)
    qtbot.waitUntil(lambda: "2 condoned" in page.counts.text(), timeout=WAIT)
    page.rows.setFocus()
    press("E")
    qtbot.waitUntil(lambda: page.tree.isVisible() and page.tree.hasFocus(), timeout=WAIT)
    look(window, "eligibility_explained")
    press(Qt.Key.Key_Escape)
    assert page.rows.hasFocus()
    press("N")
    assert "3 sit, 1 barred" in page.asking.question.text()
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(
        lambda: page.note.text().startswith("List 1 is notified: 1 sit, 2 condoned"), timeout=WAIT
    )
    qtbot.waitUntil(lambda: page.version.isVisible() and page.version.count() == 2, timeout=WAIT)
    page.rows.setFocus()
    press("L")
    qtbot.waitUntil(lambda: page.counts.text().startswith("List 1 as notified"), timeout=WAIT)
    look(window, "eligibility_past")
    press("C")
    assert "As the marks stand now" in page.asking.complaint.text()
    program.server.kill()
    press(Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: "Eligibility needs the server" in page.summary.text(), timeout=WAIT)
    assert page.row_model.rowCount() == 4
