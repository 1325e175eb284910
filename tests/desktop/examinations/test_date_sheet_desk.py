"""The date sheet made by keys at a real server, and what its presenter says over the real application."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from sims_desktop.client.examinations import ExaminationCalls
from sims_desktop.examinations.page import DateSheetPage, date_sheet_paper
from sims_desktop.examinations.presenter import PapersPresenter, clock, seatings
from sims_desktop.imports.page import DateSheetFilesPage
from sims_desktop.kit.entries import Draft, Unresolved
from sims_desktop.kit.printing import print_html, printer_to_file
from sims_shared.examinations import ExamPaperView, ExamRoomView
from tests.desktop.approvals.program import CONTROL, WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look
from tests.desktop.imports.test_import_page import worked_off
from tests.server.examinations.conftest import campus_day, paper, room
from tests.support.api import Api
from tests.support.signed_in import SignIn
from tests.support.university import University


@pytest.mark.parametrize(
    ("typed", "read"),
    [("9", "09:00"), ("9:30", "09:30"), ("14.15", "14:15"), ("0930", "09:30"), ("2 pm", "14:00"),
     ("12 AM", "00:00")],
)  # fmt: skip
def test_a_time_of_day_is_read_however_it_is_typed(typed: str, read: str) -> None:
    assert clock(typed) == read


@pytest.mark.parametrize("typed", ["", "24:00", "9:60", "noon", "14 pm", "0 am"])
def test_what_is_no_time_of_day_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="A time of day is needed"):
        clock(typed)


def test_rooms_are_read_in_their_order_and_one_that_is_not_there_is_named() -> None:
    rooms = [ExamRoomView(id=1, name="Hall A", seats=60), ExamRoomView(id=2, name="Room 7", seats=None)]
    assert seatings("hall a: 30, Room 7", rooms) == [
        {"room_id": 1, "seats": 30},
        {"room_id": 2, "seats": None},
    ]
    assert seatings(" , ", rooms) == []
    for wrong, said in (("Hall B", "no room “Hall B”"), ("Room 7: many", "How many sit in Room 7?")):
        with pytest.raises(ValueError, match=said.replace("?", r"\?")):
            seatings(wrong, rooms)


def desk(sign_in: SignIn) -> PapersPresenter:
    calls = ExaminationCalls(sign_in("examcell")[0])
    presenter = PapersPresenter(calls.papers, lookups=calls)
    presenter.take(presenter.load())
    return presenter


def test_conflicts_are_told_by_name_and_the_next_paper_begins_beside_the_last(
    api: Api, scene: dict[str, Any], sign_in: SignIn
) -> None:
    small = room(api, "Room 7", 2)
    paper(api, scene["section"], 20, "09:00", [{"room_id": small}])
    papers = desk(sign_in)
    assert papers.undated_words.startswith("1 section without a paper yet.")
    typed = {**papers.proposal_for(papers.undated[0]), "held_on": str(campus_day(20)), "rooms": "Room 9"}
    draft: Draft[ExamPaperView] = Draft(None, typed)
    with pytest.raises(Unresolved) as unresolved:
        papers.save(draft, papers.check(draft) or {})
    papers.refused(unresolved.value)
    assert [(one.pointer, one.detail) for one in papers.faults] == [
        ("/rooms", "There is no room “Room 9”; under Rooms (Ctrl+2) it is added.")
    ]
    beside: Draft[ExamPaperView] = Draft(
        None, {**typed, "section": "cs-202", "rooms": "room 7", "starts_at": "11"}
    )
    made = papers.save(beside, papers.check(beside) or {})
    assert papers.saved(beside, made).startswith("Added: ")
    assert papers.proposal()["rooms"] == "Room 7"
    papers.take(papers.load())
    assert papers.trouble == "2 students in two papers at once, 1 room too small."
    first, second = papers.records
    assert papers.wrong_with(first)[0].startswith("At once for Student Number 1 ")
    assert "holds 2; at \u206611:00\u2069 6 are sent there" in papers.wrong_with(second)[1]
    assert papers.undated_words == "Every section of the term has a paper."
    wrong: Draft[ExamPaperView] = Draft(None, {**typed, "section": "CS-999 Z", "rooms": ""})
    with pytest.raises(Unresolved):
        papers.save(wrong, papers.check(wrong) or {})


def test_a_date_sheet_is_made_by_keys_and_printed_by_day(
    qtbot: QtBot, program: Program, api: Api, scene: dict[str, Any], tmp_path: Path
) -> None:
    window = program.enter("examcell")
    window.activateWindow()
    page = window.open("date_sheet")
    assert isinstance(page, DateSheetPage)
    papers, rooms = page.papers, page.rooms

    def settled(part: Any) -> bool:
        return part.presenter.is_loaded and part._loading is None and part._task is None

    qtbot.waitUntil(lambda: settled(papers), timeout=WAIT)
    assert papers.summary.text() == "There is none yet. Ctrl+N makes the first."
    papers.list.setFocus()
    press("2", CONTROL)
    qtbot.waitUntil(lambda: settled(rooms), timeout=WAIT)
    press("N", CONTROL)
    press("Hall A: big")
    press(Qt.Key.Key_Return, CONTROL)
    assert rooms.form._complaints["name"].text() == "A room's name has no comma and no colon."
    rooms.controls["name"].selectAll()
    press("Hall A")
    rooms.controls["seats"].setFocus()
    press("2")
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: rooms.note.text() == "Added: Hall A." and settled(rooms), timeout=WAIT)
    press("1", CONTROL)
    press(Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: settled(papers), timeout=WAIT)
    papers.list.setFocus()
    papers.to_undated()
    press(Qt.Key.Key_Return)
    assert papers.controls["section"].text() == "CS-101 A"
    press(str(campus_day(400)))
    papers.controls["rooms"].setFocus()
    press("Hall A")
    press(Qt.Key.Key_Return, CONTROL)
    outside = papers.form._complaints["held_on"]
    qtbot.waitUntil(lambda: outside.text().startswith("The term runs from "), timeout=WAIT)
    look(window, "date_sheet_refused")
    assert papers.controls["rooms"].text() == "Hall A", "what was typed stands"
    qtbot.waitUntil(lambda: settled(papers), timeout=WAIT)
    papers.controls["held_on"].selectAll()
    press(str(campus_day(20)))
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: papers.note.text().startswith("Added: ") and settled(papers), timeout=WAIT)
    qtbot.waitUntil(lambda: "Hall A holds 2" in papers.wrong.text(), timeout=WAIT)
    look(window, "date_sheet")
    assert papers.trouble.text() == "1 room too small."
    printed = papers.presenter.every_paper()
    print_html(date_sheet_paper("Fall 2026", printed), printer_to_file(tmp_path / "sheet.pdf"))
    with pypdfium2.PdfDocument(tmp_path / "sheet.pdf") as document:
        text = document[0].get_textpage().get_text_bounded()
    assert "09:00–12:00" in text
    assert "Hall A" in text
    program.server.kill()
    press(Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: "F5 asks again" in papers.summary.text(), timeout=WAIT)


def test_a_date_sheet_comes_from_a_file_by_keys(
    qtbot: QtBot, program: Program, api: Api, scene: dict[str, Any], university: University, tmp_path: Path
) -> None:
    window = program.enter("examcell")
    window.activateWindow()
    page = window.open("date_sheet")
    assert isinstance(page, DateSheetPage)
    papers = page.papers

    def settled() -> bool:
        return papers.presenter.is_loaded and papers._loading is None

    qtbot.waitUntil(settled, timeout=WAIT)
    papers.list.setFocus()
    press("O", CONTROL)
    files = window.page
    assert isinstance(files, DateSheetFilesPage)
    qtbot.waitUntil(lambda: files.presenter.loaded, timeout=WAIT)
    look(window, "date_sheet_files")

    def bring(name: str, content: str) -> None:
        (tmp_path / name).write_text(content)
        files.choose(tmp_path / name)
        press(Qt.Key.Key_Return, CONTROL)
        worked_off(qtbot, files, api, university)

    bring("halls.csv", "name,seats\nHall A,2\nHall B,\n")
    assert files.file.kind.count() == 2, "no kind that another desk brings in"
    press(Qt.Key.Key_Return, CONTROL)
    worked_off(qtbot, files, api, university)
    assert files.note.text() == "Brought in: halls.csv."
    line = f"CS-101,{university.row('SELECT name FROM term')},{{}},{campus_day(20)},{{}},{{}}\n"
    header = "course_code,term,section,date,starts_at,rooms\n"
    bring("date sheet.csv", header + line.format("A", "2:00", "Hall C"))
    assert [fault.pointer for fault in files.presenter.shown.faults] == [
        "row 2, column starts_at",
        "row 2, column rooms",
    ]
    look(window, "date_sheet_files_faulty")
    bring("date sheet.csv", header + line.format("A", "2:00 pm", "Hall A: 2; hall b"))
    press(Qt.Key.Key_Return, CONTROL)
    worked_off(qtbot, files, api, university)
    assert files.note.text() == "Brought in: date sheet.csv."
    look(window, "date_sheet_files_done")
    press(Qt.Key.Key_Escape)
    assert window.page is page, "Esc leads back to the date sheet"
    qtbot.waitUntil(lambda: settled() and len(papers.presenter.records) == 1, timeout=WAIT)
    assert papers.presenter.room_words(papers.presenter.records[0]) == "Hall A: 2, Hall B"
    # A room in which papers are written stays, and says so; one that nobody needs goes.
    press("2", CONTROL)
    rooms = page.rooms
    qtbot.waitUntil(lambda: len(rooms.presenter.records) == 2 and rooms._loading is None, timeout=WAIT)
    rooms.list.setFocus()
    rooms.list.selectRow(0)
    press(Qt.Key.Key_Delete, CONTROL)
    press(Qt.Key.Key_Delete, CONTROL)
    qtbot.waitUntil(lambda: "Papers are written in this room" in rooms.asking.complaint.text(), timeout=WAIT)
