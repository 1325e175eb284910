"""The grade page against the real server: what is left over of a closed sheet, columns that are shown and
locked, cut-offs that are moved. Real window, store, client, handlers and PostgreSQL; only the socket is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit

from sims_desktop.grading.columns import ColumnPanel
from sims_desktop.grading.correction import CorrectionPanel
from sims_desktop.grading.cutoffs import CutoffPanel
from sims_desktop.grading.late import LatePanel
from sims_desktop.grading.memo import MemoPanel
from sims_desktop.grading.panels import SubmitPanel
from sims_desktop.grading.plan import PlanPanel
from sims_desktop.grading.presenter.sheet import Badge
from sims_desktop.grading.result_past import ResultPastPanel
from sims_desktop.grading.revisions import RevisionPanel
from sims_desktop.kit.wording import local
from sims_server.kernel import clock
from tests.desktop.grading.hands import CONTROL, SHIFT
from tests.desktop.grading.places import Place, Sit
from tests.server.results.scene import results
from tests.support.api import Api
from tests.support.policies import document
from tests.support.university import PASSWORD, University

Scene = dict[str, Any]


@pytest.fixture
def scene(university: University) -> Scene:
    scene = university.stand(students=3)
    for enrollment in scene["enrollments"]:
        for assessment in scene["assessments"]:
            university.score(enrollment, assessment, 10)
    return scene


def submit(api: Api, section: int) -> int:
    rev: int = api.as_("faculty").get(f"/api/sheets/{section}/").json["rev"]
    assert api.as_("faculty").post(f"/api/sheets/{section}/submit/", {"rev": rev}).status == 200
    return rev


def publish(api: Api, section: int) -> None:
    rev = submit(api, section)
    assert api.as_("head").post(f"/api/sheets/{section}/approve/", {"rev": rev}).status == 200
    assert api.as_("examcell").post("/api/results/publish/", {"section_id": section}).status == 200


def type_two_late_marks(place: Place, closed: Callable[[], object]) -> LatePanel:
    """19 for the first and 18 for the second student, while the sheet is closed elsewhere."""
    place.type("19")
    place.key(Qt.Key.Key_Return)
    place.type("18")
    place.key(Qt.Key.Key_Return)
    closed()
    place.sync()
    assert place.page.state.text().endswith("2 marks refused and kept here: Ctrl+R")
    return open_late(place)


def open_late(place: Place) -> LatePanel:
    place.key(Qt.Key.Key_R, CONTROL)
    panel = place.page.panel
    assert isinstance(panel, LatePanel)
    place.until(lambda: panel.sentence.text())
    return panel


# Marks that came too late


def test_late_marks_of_a_published_sheet_become_change_requests_with_two_keys(
    sit: Sit, scene: Scene, api: Api
) -> None:
    place = sit("faculty2", scene["section"])
    panel = type_two_late_marks(place, lambda: publish(api, scene["section"]))
    assert "The results are published" in panel.sentence.text()
    assert [panel.model.index(0, column).data() for column in range(1, 4)] == ["Quiz", "10", "19"]
    place.key(Qt.Key.Key_Return)
    place.until(lambda: place.page.panel is None)
    assert place.note == "Asked for 2 changes with 2 marks. They wait for the head of department."
    pending = api.as_("head").get("/api/pending-changes/").json["results"]
    assert sorted(change["scores"][0]["score"] for change in pending) == ["18.00", "19.00"]
    assert {change["reason"] for change in pending} == {
        "Entered before the sheet was closed, but not sent in time"
    }
    place.until(lambda: "Ctrl+R" not in place.page.state.text())
    assert place.column(0) == ["10", "10", "10"], "until somebody approves, the record stands"


def test_off_line_nothing_is_asked_for_and_nothing_lost(sit: Sit, scene: Scene, api: Api) -> None:
    place = sit("faculty2", scene["section"])
    panel = type_two_late_marks(place, lambda: publish(api, scene["section"]))
    place.client.session.forget()
    place.type("My own reason")
    place.key(Qt.Key.Key_Return)
    place.until(lambda: "The marks stay here" in panel.complaint.text())
    assert len(place.store.refused(scene["section"])) == 2
    assert place.page.panel is panel
    assert panel.ask.isEnabled()
    place.client.sign_in("faculty2", PASSWORD)
    place.key(Qt.Key.Key_Return)
    place.until(lambda: place.page.panel is None)
    pending = api.as_("head").get("/api/pending-changes/").json["results"]
    assert {change["reason"] for change in pending} == {"My own reason"}


def test_late_marks_are_offered_again_once_the_sheet_was_returned(sit: Sit, scene: Scene, api: Api) -> None:
    section = scene["section"]
    place = sit("faculty2", section)
    panel = type_two_late_marks(place, lambda: submit(api, section))
    assert "Ask the head of department to return the sheet" in panel.sentence.text()
    assert not panel.ask.isVisible()
    returned = api.as_("head").post(f"/api/sheets/{section}/return/", {"reason": "Quiz of group B?"})
    assert returned.status == 200
    place.sync()
    assert "Returned: Quiz of group B?" in place.page.state.text()
    place.until(lambda: "F8 sends all of them again" in panel.sentence.text())
    place.key(Qt.Key.Key_F8)
    place.sync()
    assert place.grid.counted(Badge.REFUSED) == 0
    cells = api.as_("faculty").get(f"/api/sheets/{section}/").json["rows"][0]["cells"]
    assert cells[str(scene["assessments"][0])]["score"] == "19.00"


def test_letting_a_late_mark_go_is_undone(sit: Sit, scene: Scene, api: Api) -> None:
    section = scene["section"]
    place = sit("faculty2", section)
    panel = type_two_late_marks(place, lambda: submit(api, section))
    assert [late.reg_no for late in panel.list.chosen()] == ["2024-CS-0001"]
    place.key(Qt.Key.Key_Delete)
    assert place.note == "Let go of 1 refused mark. Ctrl+Z undoes."
    assert place.column(0) == ["10", "18", "10"]
    assert len(place.store.refused(section)) == 1
    place.key(Qt.Key.Key_Z, CONTROL)
    assert place.column(0) == ["19", "18", "10"], "typed again"
    place.sync()
    assert place.grid.counted(Badge.REFUSED) == 2, "and kept, because the sheet is still closed"
    place.key(Qt.Key.Key_Escape)
    place.view.setFocus()
    place.key(Qt.Key.Key_F8, SHIFT)
    place.until(lambda: place.grid.counted(Badge.REFUSED) == 0)
    assert place.column(0) == ["10", "10", "10"]


# A published mark that is wrong


def test_a_published_mark_is_corrected_by_a_request_whose_effect_is_seen_first(
    sit: Sit, scene: Scene, tmp_path: Path, api: Api
) -> None:
    publish(api, scene["section"])
    place = sit("faculty", scene["section"])
    place.view.put_cursor((1, 2))
    place.key(Qt.Key.Key_R, CONTROL)
    panel = place.page.panel
    assert isinstance(panel, CorrectionPanel)
    assert panel.card.text() == "Quiz: 10 of 20 · Midterm: 10 of 50 · Final: 10 of 100 · total 21.0"
    place.type("120")
    place.key(Qt.Key.Key_Return)
    assert panel.complaint.text() == "More than the maximum of 100"
    panel.mark.selectAll()
    place.type("90")
    place.key(Qt.Key.Key_Return)
    place.until(lambda: panel.impact.isVisible())
    assert "21 → 61" in panel.impact.text()
    assert api.as_("head").get("/api/pending-changes/").json["results"] == []
    panel.scan.attach(tmp_path / "none.pdf")
    assert panel.complaint.text() == "none.pdf cannot be read: No such file or directory"
    scan = tmp_path / "page 7.pdf"
    scan.write_bytes(b"%PDF-1.7 page 7")
    panel.scan.attach(scan)
    assert panel.scan.words.text() == "page 7.pdf goes with it."
    assert panel.why.text() == (
        "&Reason, or a digit: 1 Added up wrongly, 2 A script or page was found that had not been marked"
    )
    panel.reason.lineEdit().selectAll()
    place.type("1")
    place.key(Qt.Key.Key_Return)
    place.until(lambda: place.page.panel is None)
    assert re.fullmatch(
        r"Asked for 90 in Final for Student Number 2\. "
        r"With the head or dean of the department since \d\d:\d\d\.",
        place.note,
    )
    (change,) = api.as_("head").get("/api/pending-changes/").json["results"]
    assert (change["new_total"], change["reason"]) == ("61", "Added up wrongly")
    filed = api.as_("head").get(f"/api/pending-changes/{change['id']}/evidence/").json["results"]
    assert [(file["name"], file["media_type"]) for file in filed] == [("page 7.pdf", "application/pdf")]
    assert place.column(2) == ["10", "10", "10"]
    place.key(Qt.Key.Key_R, CONTROL)
    card = place.page.panel
    assert isinstance(card, CorrectionPanel)
    place.until(lambda: card.past.isVisible())
    waits = card.past.text().split("\n")[-1]
    assert waits.startswith("with the head or dean of the department since ")
    assert waits.endswith(": “Added up wrongly”, asked by Faculty")


# The plan of assessment


def test_a_plan_of_assessment_is_written_in_one_line_and_made_in_other_sheets_too(
    sit: Sit, university: University, api: Api
) -> None:
    scene = university.stand(students=2)
    course = university.course(scene["department"])
    bare = [university.section(course, scene["term"], code, 50, (scene["faculty"],)) for code in "BCD"]
    university.enrollment(scene["registrations"][0], bare[0])
    place = sit("faculty", bare[0])
    assert place.note == "This sheet has no columns yet: Ctrl+T writes the plan of assessment."
    place.key(Qt.Key.Key_T, CONTROL)
    panel = place.page.panel
    assert isinstance(panel, PlanPanel)
    place.type("20/30/60")
    assert panel.sentence.text() == "The weights add up to 110, more than 100."
    place.key(Qt.Key.Key_Backspace)
    place.key(Qt.Key.Key_Backspace)
    place.type("50")
    assert panel.sentence.text() == "100 of 100. Ctrl+Enter makes 3 columns."
    place.key(Qt.Key.Key_Return)
    assert panel.line.text() == "Quiz 20 of 20, Midterm 30 of 30, Final 50 of 50"
    panel.line.setText("")
    place.type("Quiz 20 of 10, Midterm 30, Final! 50 of 100")
    place.key(Qt.Key.Key_Return, CONTROL)
    place.until(lambda: place.grid.columns)
    assert [column.name for column in place.grid.columns] == ["Quiz", "Midterm", "Final"]
    place.until(lambda: panel.elsewhere.isVisible())
    place.key(Qt.Key.Key_Y)
    place.until(lambda: "2 other sheets" in place.note)
    made = [
        [(a["name"], a["weight"], a["max_score"], a["must_sit"]) for a in rows]
        for section in bare
        if (rows := api.as_("faculty").get(f"/api/assessments/?section_id={section}").json["results"])
    ]
    assert (
        made
        == [
            [
                ("Quiz", "20.00", "10.00", False),
                ("Midterm", "30.00", "30.00", False),
                ("Final", "50.00", "100.00", True),
            ]
        ]
        * 3
    )
    place.key(Qt.Key.Key_Z, CONTROL)
    place.until(lambda: place.note == "Took away 9 columns.")
    assert api.as_("faculty").get("/api/assessments/?section_id=" + str(bare[1])).json["results"] == []


def test_a_plan_that_stands_is_seen_and_changed_and_taken_back(sit: Sit, scene: Scene) -> None:
    place = sit("faculty", scene["section"])
    place.key(Qt.Key.Key_T, CONTROL)
    again = place.page.panel
    assert isinstance(again, PlanPanel)
    assert [part.texts()[3:] for part in again.model.records] == [
        ("theory", ""),
        ("theory", ""),
        ("theory", "must be sat"),
    ]
    place.type("25/25/50")
    assert again.sentence.text() == "100 of 100. Ctrl+Enter changes 2 columns."
    place.key(Qt.Key.Key_Return, CONTROL)
    place.until(lambda: [int(column.weight) for column in place.grid.columns] == [25, 25, 50])
    place.until(lambda: place.note == "The plan stands as you wrote it. Ctrl+Z takes it back.")
    place.key(Qt.Key.Key_Z, CONTROL)
    place.until(lambda: place.note == "The plan is as it was.")
    place.until(lambda: [int(column.weight) for column in place.grid.columns] == [20, 30, 50])
    assert place.grid.columns[2].must_sit


# Columns shown to the students, and locked


def ask(place: Place, key: Qt.Key) -> ColumnPanel:
    """The panel, once it says what the act would do or why it has to wait."""
    place.key(key)
    panel = place.page.panel
    assert isinstance(panel, ColumnPanel), place.note
    place.until(panel.button.isEnabled)
    return panel


def test_a_column_is_shown_to_the_students_and_later_locked(sit: Sit, scene: Scene, api: Api) -> None:
    path = f"/api/assessment-scores/?assessment_id={scene['assessments'][0]}"
    place = sit("faculty", scene["section"])
    assert api.as_("student").get(path).json["results"] == []
    panel = ask(place, Qt.Key.Key_S)
    assert panel.effect.text().startswith("Every student sees their own mark at once: 3 marks.")
    place.key(Qt.Key.Key_Return)
    place.until(lambda: place.grid.columns[0].released)
    assert [score["score"] for score in api.as_("student").get(path).json["results"]] == ["10.00"]
    assert place.grid.columns[0].heading.split("\n")[2].startswith("released ")
    assert place.grid.columns[0].standing.startswith("released to students ")
    place.key(Qt.Key.Key_S)
    assert place.note.startswith("Quiz is released to students ")
    place.type("12")
    place.key(Qt.Key.Key_Return)
    place.view.put_cursor((0, 0))
    panel = ask(place, Qt.Key.Key_K)
    assert panel.effect.text().startswith("Nobody types in this column any more: 3 marks.")
    assert [score["score"] for score in api.as_("student").get(path).json["results"]] == ["12.00"], (
        "what was typed went first"
    )
    place.key(Qt.Key.Key_Return)
    place.until(lambda: place.grid.columns[0].locked)
    assert place.grid.type_text(0, 0, "1").changed == 0
    place.view.put_cursor((0, 0))
    place.key(Qt.Key.Key_K)
    assert place.note.endswith("The head of department can unlock it.")


def test_a_column_waits_for_its_own_marks_and_for_the_server(sit: Sit, scene: Scene, api: Api) -> None:
    place = sit("faculty", scene["section"])
    place.type("12")
    place.key(Qt.Key.Key_Return)
    place.view.put_cursor((0, 0))
    place.client.session.forget()
    panel = ask(place, Qt.Key.Key_S)
    assert panel.complaint.text() == (
        "The server cannot be reached. 1 mark of Quiz only on this computer: students would see less than "
        "your screen. Nothing was done; Enter tries again."
    )
    assert panel.button.text() == "Try again (Enter)"
    place.client.sign_in("faculty", PASSWORD)
    place.key(Qt.Key.Key_Return)
    place.until(lambda: panel.is_ready)
    assert panel.effect.text().startswith("Every student sees their own mark at once: 3 marks.")
    place.grid.type_text(1, 0, "13")
    place.key(Qt.Key.Key_Return)
    place.until(lambda: panel.is_ready and panel.button.isEnabled() and not place.grid.counted(Badge.WAITING))
    assert not place.grid.columns[0].released, "what was typed since is sent and looked at first"
    place.client.session.forget()
    place.key(Qt.Key.Key_Return)
    place.until(lambda: panel.complaint.text())
    assert panel.button.isEnabled()
    assert not place.grid.columns[0].released


# Cut-offs

BANDS = [
    ["1.5", "A", "4.00"],
    ["1", "B+", "3.50"],
    ["0.5", "B", "3.00"],
    ["0", "C+", "2.50"],
    ["-1.5", "D", "1.00"],
]
MARKS = (40, 50, 60, 60, 60, 60, 60, 60, 70, 80)  # mean 60, σ 10


def relative_section(university: University, latitude: str | None) -> int:
    scale: dict[str, Any] = {"kind": "relative", "method": "z", "rows": BANDS}
    if latitude is not None:
        scale["latitude"] = latitude
    scene = university.stand(students=len(MARKS), policy=document(scale=scale))
    section = university.section(
        university.course(scene["department"]), scene["term"], "R", 50, (scene["faculty"],)
    )
    final = university.assessment(section, "Final", "final", 100, 100)
    for registration, mark in zip(scene["registrations"], MARKS, strict=True):
        university.score(university.enrollment(registration, section), final, mark)
    return section


def open_cutoffs(place: Place) -> CutoffPanel:
    place.key(Qt.Key.Key_F9)
    place.until(lambda: isinstance(place.page.panel, CutoffPanel))
    panel = place.page.panel
    assert isinstance(panel, CutoffPanel)
    return panel


def test_cut_offs_are_moved_by_key_with_live_counts_and_frozen_by_the_approval(
    sit: Sit, university: University, api: Api
) -> None:
    section = relative_section(university, "6")
    place = sit("faculty", section)
    panel = open_cutoffs(place)
    assert panel.sentence.text().startswith("Mean 60, σ 10, of 10 totals. Each line may be moved by 6;")
    assert panel.cutoffs.counts == {"A": 1, "B+": 1, "B": 0, "C+": 6, "D": 1, "F": 1}
    place.key(Qt.Key.Key_Down)
    place.key(Qt.Key.Key_Right)
    assert panel.cutoffs.counts == {"A": 1, "B+": 0, "B": 1, "C+": 6, "D": 1, "F": 1}
    assert panel.picture.accessibleName() == (
        "B+ begins at 71, 0 students; may go from 65 to 75 (70 by the rule)"
    )
    for _ in range(9):
        place.key(Qt.Key.Key_Right)
    assert panel.cutoffs.moved == {"B+": 75}, "no line passes its neighbour"
    place.key(Qt.Key.Key_Z, CONTROL)
    assert panel.cutoffs.moved == {"B+": 74}
    place.key(Qt.Key.Key_Backspace)
    assert panel.cutoffs.moved == {}
    assert not panel.button.isEnabled()
    place.key(Qt.Key.Key_Right, SHIFT)
    place.key(Qt.Key.Key_End)
    for _ in range(5):
        place.key(Qt.Key.Key_Left)
    assert panel.cutoffs.counts == {"A": 1, "B+": 0, "B": 1, "C+": 6, "D": 2, "F": 0}
    place.key(Qt.Key.Key_Return)
    assert panel.complaint.text() == "Say why the lines are moved."
    place.type("Two scripts were read again")
    place.key(Qt.Key.Key_Return)
    place.until(lambda: panel.standing.text().startswith("Proposed by Faculty "))
    told = api.as_("head").get(f"/api/sheets/{section}/cutoffs/").json["classes"][0]
    assert told["reason"] == "Two scripts were read again"
    place.key(Qt.Key.Key_Escape)
    place.page.submit()
    place.until(lambda: place.page.submission.may_submit)
    assert isinstance(place.page.panel, SubmitPanel)
    place.page.submit()
    place.until(lambda: place.page.panel is None)
    rev = api.as_("head").get(f"/api/sheets/{section}/").json["rev"]
    assert api.as_("head").post(f"/api/sheets/{section}/approve/", {"rev": rev}).status == 200
    assert [row["grade"] for row in results(api, section)] == ["D", "D", *["C+"] * 6, "B", "A"]


def test_a_line_is_dragged_with_the_mouse_as_far_as_it_may(sit: Sit, university: University) -> None:
    place = sit("faculty", relative_section(university, "3"))
    panel = open_cutoffs(place)
    picture = panel.picture

    def at(total: float) -> QPoint:
        return QPoint(round(picture.x_of(panel.cutoffs.lines[0].by_rule.__class__(total))), 60)

    QTest.mousePress(picture, Qt.MouseButton.LeftButton, pos=at(75))
    QTest.mouseMove(picture, at(74))
    QTest.mouseMove(picture, at(60))
    QTest.mouseRelease(picture, Qt.MouseButton.LeftButton, pos=at(60))
    assert panel.cutoffs.moved == {"A": 72}
    place.key(Qt.Key.Key_Z, CONTROL)
    assert panel.cutoffs.moved == {}, "a drag is one act"


def test_where_the_regulation_fixes_its_lines_moving_one_only_shows_what_would_be(
    sit: Sit, university: University
) -> None:
    place = sit("faculty", relative_section(university, None))
    panel = open_cutoffs(place)
    assert panel.sentence.text().endswith("moving one only shows what would be.")
    for _ in range(6):
        place.key(Qt.Key.Key_Left)
    assert panel.cutoffs.moved == {"A": 70}
    assert panel.cutoffs.counts["A"] == 2
    assert not panel.button.isVisible()


def test_a_class_that_is_not_graded_relatively_has_no_lines(sit: Sit, scene: Scene) -> None:
    place = sit("faculty", scene["section"])
    place.key(Qt.Key.Key_F9)
    place.until(lambda: "does not grade in relation to the class" in place.note)
    assert place.page.panel is None


def printed(place: Place, file: Path) -> str:
    """Ctrl+P, the system's own dialog, and what the file then says."""

    def choose() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QDialog)
        name = dialog.findChild(QLineEdit, "filename")
        assert name is not None
        name.setText(str(file))
        dialog.accept()

    QTimer.singleShot(0, choose)
    asked_in = QApplication.focusWidget()
    place.key(Qt.Key.Key_P, CONTROL)
    place.page.activateWindow()  # no window system does it here
    assert asked_in is not None
    asked_in.setFocus()
    document = pypdfium2.PdfDocument(file)
    try:
        texts = [document[number].get_textpage().get_text_range() for number in range(len(document))]
    finally:
        document.close()
    return " ".join(" ".join(texts).split())


def test_a_returned_sheet_is_seen_beside_what_was_handed_in_and_printed(
    sit: Sit, api: Api, scene: Scene, tmp_path: Path
) -> None:
    rev = submit(api, scene["section"])
    words = {"reason": "Page 7 was not added up"}
    assert api.as_("head").post(f"/api/sheets/{scene['section']}/return/", words).status == 200
    place = sit("faculty", scene["section"])
    place.type("17")
    place.key(Qt.Key.Key_Return)
    place.sync()
    place.type("9")
    place.key(Qt.Key.Key_Return)
    place.key(Qt.Key.Key_F4)
    panel = place.page.panel
    assert isinstance(panel, RevisionPanel)
    place.until(lambda: panel.sentence.text().startswith("1 mark of 1 student stand otherwise."))
    assert panel.sentence.text().endswith("On this computer only, not sent and in no revision: 1 mark.")
    assert f"by Faculty, revision {rev}" in panel.earlier.currentText()
    assert panel.later.currentText().startswith("now, ")
    texts = [str(panel.model.index(0, column).data()) for column in range(6)]
    assert texts[2:5] == ["Quiz", "10", "17"]
    assert texts[5].startswith("Faculty, ")
    panel.everything.click()
    place.until(lambda: panel.model.rowCount() == 9)
    panel.list.setFocus()
    pages = printed(place, tmp_path / "revisions.pdf")
    assert f"Before: handed in {local(clock.now()):%d %B %Y}" in pages
    assert f"by Faculty, revision {rev}" in pages
    assert "1 mark of 1 student stand otherwise. On this computer only" in pages
    assert "all marks, in bold what stands otherwise" in pages
    assert place.note == f"Printed revisions {rev} and {place.grid.sheet.rev}"
    panel.everything.click()
    place.until(lambda: panel.model.rowCount() == 1)
    panel.list.setFocus()
    place.key(Qt.Key.Key_Return)
    assert place.page.view.here() == (0, 0), "Enter goes to the cell"
    place.sync()
    place.until(lambda: panel.model.rowCount() == 2)
    assert panel.later.currentText() == f"now, revision {place.grid.sheet.rev}", "also when marks were sent"
    assert panel.sentence.text() == "2 marks of 2 students stand otherwise."
    assert "Award list" in printed(place, tmp_path / "list.pdf"), "with the focus in the grid"
    panel.later.setCurrentIndex(1)
    panel.earlier.setCurrentIndex(0)
    panel.later.activated.emit(1)
    place.until(lambda: panel.model.rowCount() == 9)
    place.key(Qt.Key.Key_F4)
    assert place.page.panel is None


def test_two_versions_of_one_result_are_seen_with_the_reason_of_the_change(
    sit: Sit, api: Api, scene: Scene
) -> None:
    place = sit("faculty", scene["section"])
    place.key(Qt.Key.Key_F4, SHIFT)
    panel = place.page.panel
    assert isinstance(panel, ResultPastPanel)
    place.until(lambda: panel.card.complaint.text())
    assert panel.card.complaint.text() == (
        "Student Number 1 has no result yet: it comes when the head approves the sheet."
    )
    place.key(Qt.Key.Key_Escape)
    publish(api, scene["section"])
    result = results(api, scene["section"])[0]["id"]
    wish = {"assessment_id": scene["assessments"][2], "mark": "scored", "score": "90"}
    asked = {"result_id": result, "reason": "Page 7 was missed", "scores": [wish]}
    change = api.as_("faculty").post("/api/results/change-request/", asked).json["id"]
    for who in ("head", "examcell"):
        decided = {"change_id": change, "approved": True}
        assert api.as_(who).post("/api/results/approve-change/", decided).status == 200
    place.sync()
    place.key(Qt.Key.Key_F4, SHIFT)
    past = place.page.panel
    assert isinstance(past, ResultPastPanel)
    place.until(lambda: "Page 7" in past.card.sentence.text())
    assert past.card.sentence.text().startswith("Final 10 → 90, Total 21 → 61, Grade F → C+")
    assert past.card.sentence.text().endswith(
        "Faculty asked: “Page 7 was missed”, approved by Head and Examcell."
    )
    told = [[str(past.card.model.index(row, column).data()) for column in range(4)] for row in range(3)]
    assert told == [
        ["", "Quiz", "10", "10"],
        ["", "Midterm", "10", "10"],
        ["≠", "Final", "10", "90"],
    ]
    past.card.later.setCurrentIndex(0)
    past.card.earlier.setCurrentIndex(1)
    past.card.later.activated.emit(0)
    assert past.card.sentence.text() == "State not published → published."
    place.key(Qt.Key.Key_Escape)
    place.key(Qt.Key.Key_R, CONTROL)
    card = place.page.panel
    assert isinstance(card, CorrectionPanel)
    place.until(lambda: card.past.isVisible())
    assert card.past.text().split("\n")[-1].endswith(": 61, C+ (Page 7 was missed)")


def test_marking_absent_says_what_the_hall_memo_says(sit: Sit, scene: Scene) -> None:
    place = sit("faculty", scene["section"])
    place.key(Qt.Key.Key_F3)
    place.type("=2")
    place.key(Qt.Key.Key_Return)
    panel = place.page.panel
    assert isinstance(panel, MemoPanel)
    assert panel.sentence.text() == "0 marked absent; the hall memo says 2: 2 differ."
    place.key(Qt.Key.Key_Escape)
    place.type("A")
    place.key(Qt.Key.Key_Return)
    assert place.page.note.text().endswith("1 marked absent; the hall memo says 2: 1 differ.")
