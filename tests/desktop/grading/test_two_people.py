"""Two people at one sheet at the same time, and what the office does to it meanwhile: everything typed is
kept, shown and said, and no window asks in the way. Real windows, stores, handlers and PostgreSQL.
"""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from sims_desktop.grading.columns import ColumnPanel
from sims_desktop.grading.cutoffs import CutoffPanel
from sims_desktop.grading.late import LatePanel
from sims_desktop.grading.panels import SubmitPanel
from sims_desktop.grading.presenter.sheet import Badge
from tests.desktop.grading.hands import CONTROL
from tests.desktop.grading.places import Place, Sit
from tests.support.api import Api
from tests.support.university import University

QUIZ, MIDTERM = 0, 1
KEPT = "1 mark refused and kept here: Ctrl+R"
Scene = dict[str, Any]


@pytest.fixture
def scene(university: University) -> Scene:
    return university.stand(students=4)


def put(place: Place, row: int, column: int, text: str) -> None:
    place.turn_to()
    place.view.put_cursor((row, column))
    place.type(text)
    place.key(Qt.Key.Key_Return)


def leave(university: University, enrollment: int, status: str) -> None:
    university.run(
        "UPDATE enrollment SET status = %(status)s, ended_at = now() WHERE id = %(id)s",
        status=status,
        id=enrollment,
    )


def submit(api: Api, section: int) -> None:
    lead = api.as_("faculty")
    rev = lead.get(f"/api/sheets/{section}/").json["rev"]
    assert lead.post(f"/api/sheets/{section}/submit/", {"rev": rev}).status == 200


def bring_news(place: Place) -> None:
    """A sync ends in the background, and the window has read what it brought."""
    assert place.catch_up()
    place.page.around.changes.tell("sheet", place.section)
    place.until(lambda: not place.page._is_refreshing)


def refusals(place: Place) -> list[list[str]]:
    """The lines of the panel of refused marks: assessment, mine, why, and what helps."""
    panel = place.page.panel
    assert isinstance(panel, LatePanel)
    place.until(lambda: panel.model.rowCount())
    return [
        [str(panel.model.index(row, column).data()) for column in (1, 3, 4, 5)]
        for row in range(panel.model.rowCount())
    ]


def test_whose_mark_stands_against_mine_is_said_at_the_cell(sit: Sit, scene: Scene) -> None:
    mine, other = sit("faculty", scene["section"]), sit("faculty2", scene["section"])
    put(other, 0, QUIZ, "12")
    other.sync()
    put(mine, 0, QUIZ, "14")
    mine.sync()
    mine.turn_to()
    mine.view.put_cursor((0, QUIZ))
    assert mine.note.startswith("Student Number 1, Quiz, in conflict: 14 typed here, 12 by Faculty2 ")
    assert mine.note.endswith("; Ctrl+J decides")


def test_half_a_mark_outlives_rows_that_move_and_a_sheet_that_closes(
    sit: Sit, scene: Scene, api: Api, university: University
) -> None:
    place = sit("faculty2", scene["section"])
    place.turn_to()
    place.view.put_cursor((1, QUIZ))
    place.type("1")
    leave(university, scene["enrollments"][0], "dropped")
    bring_news(place)
    place.type("7")
    place.key(Qt.Key.Key_Return)
    place.until(lambda: place.grid.row_count == 3)
    assert place.column(QUIZ) == ["17", "", ""], "with the student it was typed for"
    place.view.put_cursor((1, QUIZ))
    place.type("1")
    submit(api, scene["section"])
    bring_news(place)
    place.type("8")
    place.key(Qt.Key.Key_Return)
    place.until(lambda: place.grid.sheet.state == "submitted")
    place.sync()
    assert place.column(QUIZ) == ["17", "18", ""]
    assert place.page.state.text().endswith("2 marks refused and kept here: Ctrl+R")


def test_a_colleagues_mark_does_not_slip_into_the_one_being_typed(
    sit: Sit, scene: Scene, university: University
) -> None:
    place = sit("faculty2", scene["section"])
    place.turn_to()
    place.view.put_cursor((1, QUIZ))
    place.type("1")
    university.score(scene["enrollments"][1], scene["assessments"][QUIZ], 9)
    bring_news(place)
    place.until(lambda: place.grid.cell(1, QUIZ).text == "9")
    place.type("7")
    place.key(Qt.Key.Key_Return)
    assert place.column(QUIZ)[1] == "17"
    assert " wrote 9 here while you typed; Ctrl+Z brings it back." in place.note
    place.key(Qt.Key.Key_Z, CONTROL)
    assert place.column(QUIZ)[1] == "9"
    place.view.put_cursor((2, QUIZ))
    place.key(Qt.Key.Key_F2)
    university.score(scene["enrollments"][2], scene["assessments"][QUIZ], 8)
    bring_news(place)
    place.until(lambda: place.grid.cell(2, QUIZ).text == "8")
    place.key(Qt.Key.Key_Return)
    assert place.column(QUIZ)[2] == "8", "an editor in which nothing was typed clears nothing"


def test_marks_of_whoever_left_are_shown_with_what_helps(
    sit: Sit, scene: Scene, university: University
) -> None:
    place = sit("faculty", scene["section"])
    put(place, 0, QUIZ, "12")
    put(place, 1, QUIZ, "13")
    leave(university, scene["enrollments"][0], "withdrawn")
    leave(university, scene["enrollments"][1], "dropped")
    place.sync()
    assert place.page.state.text().endswith("2 marks refused and kept here: Ctrl+R")
    place.turn_to()
    place.key(Qt.Key.Key_R, CONTROL)
    assert refusals(place) == [
        [
            "Quiz",
            "12",
            "The student has withdrawn or is barred",
            "The student has left: ask the registrar, or let go of it",
        ],
        [
            "Quiz",
            "13",
            "The student has left the section",
            "The student is not on the sheet: ask the registrar, or let go of it",
        ],
    ]


def test_a_mark_no_cell_shows_any_more_is_named_by_f7_and_before_a_submit(
    sit: Sit, scene: Scene, university: University
) -> None:
    place = sit("faculty", scene["section"])
    put(place, 1, QUIZ, "13")
    leave(university, scene["enrollments"][1], "dropped")
    place.sync()
    assert place.page.state.text().endswith(KEPT)
    place.turn_to()
    place.key(Qt.Key.Key_F7)
    assert refusals(place)[0][1] == "13"
    place.key(Qt.Key.Key_Escape)
    place.page.submit()
    panel = place.page.panel
    assert isinstance(panel, SubmitPanel)
    place.until(lambda: place.page.submission.may_submit)
    assert panel.missing.text().endswith(
        "1 mark refused and kept here, of students or assessments no longer on the sheet: Ctrl+R"
    )
    place.key(Qt.Key.Key_R, CONTROL)
    refusals(place)
    place.key(Qt.Key.Key_Delete)
    assert place.note.startswith("Let go of 1 refused mark.")
    place.sync()
    assert "refused" not in place.page.state.text()


def test_a_column_that_was_taken_away_keeps_its_name_beside_the_mark(
    sit: Sit, scene: Scene, api: Api
) -> None:
    place = sit("faculty2", scene["section"])
    put(place, 0, MIDTERM, "30")
    assert api.as_("faculty").delete(f"/api/assessments/{scene['assessments'][MIDTERM]}/").status == 204
    place.sync()
    assert [column.name for column in place.grid.columns] == ["Quiz", "Final"]
    assert place.page.state.text().endswith(KEPT)
    place.turn_to()
    place.key(Qt.Key.Key_F7)
    assert refusals(place) == [
        [
            "Midterm",
            "30",
            "The assessment was taken away",
            "The column is gone: type it into another one, then let go of it",
        ]
    ]


def test_what_stands_in_a_marks_way_is_told_as_it_is_now(sit: Sit, scene: Scene, api: Api) -> None:
    midterm = f"/api/assessments/{scene['assessments'][MIDTERM]}/"
    place = sit("faculty2", scene["section"])
    put(place, 0, MIDTERM, "45")
    assert api.as_("faculty").patch(midterm, {"max_score": "40"}).status == 200
    place.sync()
    place.turn_to()
    place.key(Qt.Key.Key_R, CONTROL)
    assert refusals(place)[0][3] == "Type a mark up to 40 in its cell"
    place.key(Qt.Key.Key_Escape)
    assert api.as_("faculty").patch(midterm, {"max_score": "50"}).status == 200
    assert api.as_("faculty").post(f"{midterm}lock/", {}).status == 200
    place.sync()
    place.turn_to()
    place.key(Qt.Key.Key_R, CONTROL)
    assert refusals(place)[0][3] == "The assessment is locked; the head of department can unlock it"
    assert api.as_("head").post(f"{midterm}unlock/", {}).status == 200
    place.sync()
    place.until(lambda: refusals(place)[0][3] == "F8 sends it: nothing stands in its way now")
    place.key(Qt.Key.Key_F8)
    place.sync()
    assert place.grid.counted(Badge.REFUSED) == 0
    assert place.column(MIDTERM)[0] == "45"


def test_a_column_shown_and_locked_by_one_is_so_at_the_others_and_the_head_opens_it(
    sit: Sit, scene: Scene, api: Api
) -> None:
    lead, other = sit("faculty", scene["section"]), sit("faculty2", scene["section"])
    put(other, 0, QUIZ, "12")
    head = other.exchange._head(scene["section"])  # tells of the mark, and does not come to send it
    other.calls.read_changes(scene["section"], head.cursor, other.store.heartbeat(scene["section"]))
    for key in (Qt.Key.Key_S, Qt.Key.Key_K):
        lead.turn_to()
        lead.view.put_cursor((0, QUIZ))
        lead.key(key)
        panel = lead.page.panel
        assert isinstance(panel, ColumnPanel)
        lead.until(panel.button.isEnabled)
        assert "\nFaculty2 on " in panel.effect.text()
        assert ": 1 mark not sent, last seen " in panel.effect.text()
        lead.key(Qt.Key.Key_Return)
        lead.until(lambda: lead.page.panel is None)
    other.sync()
    assert other.grid.columns[QUIZ].standing.startswith("released to students ")
    assert other.grid.columns[QUIZ].locked
    assert other.column(QUIZ)[0] == "12"
    other.turn_to()
    other.view.put_cursor((0, QUIZ))
    other.key(Qt.Key.Key_S)
    assert other.note.startswith("Quiz is released to students ")
    other.key(Qt.Key.Key_R, CONTROL)
    assert refusals(other)[0][3] == "The assessment is locked; the head of department can unlock it"
    assert api.as_("head").post(f"/api/assessments/{scene['assessments'][QUIZ]}/unlock/", {}).status == 200
    other.sync()
    assert not other.grid.columns[QUIZ].locked
    other.key(Qt.Key.Key_F8)
    other.sync()
    told = api.as_("faculty").get(f"/api/sheets/{scene['section']}/").json["rows"][0]["cells"]
    assert told[str(scene["assessments"][QUIZ])]["score"] == "12.00"


def test_the_strip_follows_its_assessment_and_says_what_was_not_entered(
    sit: Sit, scene: Scene, api: Api, university: University
) -> None:
    place = sit("faculty", scene["section"])
    place.turn_to()
    place.view.put_cursor((0, MIDTERM))
    place.key(Qt.Key.Key_F6)
    strip = place.page.strip
    assert strip is not None
    place.type("2")
    place.key(Qt.Key.Key_Return)
    place.type("4")
    assert api.as_("faculty").delete(f"/api/assessments/{scene['assessments'][QUIZ]}/").status == 204
    bring_news(place)
    place.until(lambda: len(place.grid.columns) == 2)
    place.type("1")
    place.key(Qt.Key.Key_Return)
    assert [column.name for column in place.grid.columns] == ["Midterm", "Final"]
    assert place.column(0) == ["", "41", "", ""], "in the Midterm, which is the first column now"
    place.type("3")
    place.key(Qt.Key.Key_Return)
    leave(university, scene["enrollments"][2], "dropped")
    bring_news(place)
    place.until(lambda: place.grid.row_count == 3)
    place.type("44")
    place.key(Qt.Key.Key_Return)
    assert strip.student.text() == "Student Number 3 has left the section meanwhile: not entered"
    place.type("4")
    place.key(Qt.Key.Key_Return)
    submit(api, scene["section"])
    bring_news(place)
    place.until(lambda: place.grid.sheet.state == "submitted")
    place.type("33")
    place.key(Qt.Key.Key_Return)
    assert strip.student.text() == (
        "Student Number 4: The sheet is submitted and waits for approval. Not entered"
    )
    assert place.column(0) == ["", "41", ""]
    assert QApplication.focusWidget() is strip.line


def test_before_a_submit_the_lead_reads_whose_computer_holds_marks_and_the_return_brings_them(
    sit: Sit, scene: Scene, api: Api
) -> None:
    section = scene["section"]
    lead, other = sit("faculty", section), sit("faculty2", section)
    put(other, 0, QUIZ, "12")
    other.store.heartbeat(section)
    other.calls.read_changes(section, other.exchange._head(section).cursor, other.store.heartbeat(section))
    lead.turn_to()
    lead.page.submit()
    panel = lead.page.panel
    assert isinstance(panel, SubmitPanel)
    lead.until(lambda: lead.page.submission.may_submit)
    assert "Faculty2 on " in panel.devices.text()
    assert ": 1 mark not sent, last seen " in panel.devices.text()
    lead.page.submit()
    lead.until(lambda: lead.page.panel is None)
    words = {"reason": "Quiz of group B?"}
    assert api.as_("head").post(f"/api/sheets/{section}/return/", words).status == 200
    other.sync()
    assert "Returned: Quiz of group B?" in other.page.state.text()
    assert other.grid.counted(Badge.REFUSED, Badge.WAITING, Badge.SENDING) == 0
    told = api.as_("faculty").get(f"/api/sheets/{section}/").json["rows"][0]["cells"]
    assert told[str(scene["assessments"][QUIZ])]["score"] == "12.00"


def test_lines_between_the_grades_stay_when_a_colleague_changes_marks(
    sit: Sit, university: University, api: Api
) -> None:
    from tests.desktop.grading.test_grid_and_server import open_cutoffs, relative_section

    section = relative_section(university, "6")
    place = sit("faculty", section)
    panel = open_cutoffs(place)
    place.key(Qt.Key.Key_Down)
    place.key(Qt.Key.Key_Right)
    place.key(Qt.Key.Key_Right)
    panel.reason.setText("Two scripts were read again")
    (final,) = api.as_("faculty").get(f"/api/assessments/?section_id={section}").json["results"]
    first = university.rows("SELECT min(id) AS id FROM enrollment WHERE section_id = %(s)s", s=section)[0]
    university.score(first["id"], final["id"], 45)
    place.key(Qt.Key.Key_Return)
    place.until(lambda: panel.complaint.text())
    assert panel.complaint.text().startswith("A colleague has changed marks meanwhile: the counts are new")
    assert panel.sentence.text().startswith("Mean 60.5, ")
    assert {grade: str(at) for grade, at in panel.cutoffs.moved.items()} == {"B+": "72.00"}
    assert panel.reason.text() == "Two scripts were read again"
    place.key(Qt.Key.Key_Return)
    place.until(lambda: panel.standing.text().startswith("Proposed by Faculty "))
    assert isinstance(place.page.panel, CutoffPanel)


def test_a_returned_sheet_is_put_right_where_the_head_points_and_handed_in_with_a_note(
    sit: Sit, scene: Scene, api: Api
) -> None:
    section = scene["section"]
    lead = sit("faculty", section)
    for row, mark in enumerate(("12", "13", "14", "15")):
        put(lead, row, MIDTERM, mark)
    lead.sync()
    submit(api, section)
    words = {"reason": "Midterm of 0002 and 4: page 7 was not added up"}
    assert api.as_("head").post(f"/api/sheets/{section}/return/", words).status == 200
    lead.sync()
    lead.turn_to()
    lead.view.put_cursor((0, QUIZ))
    lead.key(Qt.Key.Key_F7)
    assert lead.view.here() == (1, MIDTERM)
    assert lead.note.startswith("Student Number 2, Midterm, "), "where it is, and only then the words again"
    assert lead.note.endswith("F7 goes on. · The head: “Midterm of 0002 and 4: page 7 was not added up”")
    lead.type("23")
    lead.key(Qt.Key.Key_Return)
    lead.key(Qt.Key.Key_F7)
    lead.key(Qt.Key.Key_F7)
    lead.sync()
    lead.key(Qt.Key.Key_Return, CONTROL)
    panel = lead.page.panel
    assert isinstance(panel, SubmitPanel)
    lead.until(lambda: lead.page.submission.may_submit)
    lead.type("Added up now")
    lead.key(Qt.Key.Key_Return, CONTROL)
    lead.until(lambda: lead.page.panel is None)
    lead.until(lambda: lead.grid.sheet.state == "submitted")
    assert lead.page.state.text().startswith("Submitted ")
    assert lead.page.state.text().endswith(", waiting for the head of department")
    (told,) = api.as_("head").get("/api/sheets/?state=submitted").json["results"]
    assert (told["submit_note"], told["return_reason"]) == ("Added up now", None)
    moments = api.as_("head").get(f"/api/sheets/{section}/revisions/").json["moments"]
    assert [moment["reason"] for moment in moments] == [None, words["reason"], "Added up now"]
    rev = lead.grid.sheet.rev
    assert api.as_("head").post(f"/api/sheets/{section}/approve/", {"rev": rev}).status == 200
    moments = api.as_("head").get(f"/api/sheets/{section}/revisions/").json["moments"]
    assert moments[-1]["reason"] is None, "an approval says nothing"
