"""The date sheet of a term as the examination cell has it in a spreadsheet: rooms first, then papers."""

from __future__ import annotations

import io
from datetime import time
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from sims_server.imports.operations import ImportOutcome, import_file, run_import
from sims_server.imports.rules.cells import CellRefused, clock, seated
from sims_server.kernel.jobs import run_job
from tests.server.examinations.conftest import campus_day
from tests.support.api import Api
from tests.support.university import University

DAY = campus_day(20)
ROOMS = "name,seats\nHall A,60\nRoom 7,\n"
HEADER = "course_code,term,section,part,date,starts_at,ends_at,rooms\n"


class Sheet:
    """A class with two courses, CS-101 in the sections A and B; and the files of its date sheet."""

    def __init__(self, api: Api, university: University, folder: Path) -> None:
        self.api, self.university, self.folder = api, university, folder
        self.scene = university.stand(students=3)
        self.term = university.row("SELECT name FROM term")
        course = university.row("SELECT course_id FROM section")
        university.section(course, self.scene["term"], "B")
        self.lone = university.course(self.scene["department"], "CS-202")
        university.section(self.lone, self.scene["term"], "A", 50, (self.scene["faculty"],))
        self.examcell = api.as_("examcell")

    def line(self, rest: str) -> str:
        return rest.replace("TERM", self.term).replace("DAY", str(DAY)) + "\n"

    def file(self, kind: str, content: str | bytes, name: str = "") -> Path:
        path = self.folder / (name or f"{kind}.csv")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def run(self, kind: str, content: str | bytes, name: str = "") -> ImportOutcome:
        return import_file(self.api.database, kind, self.file(kind, content, name), self.api.data)

    def papers(self) -> list[Any]:
        return [
            f"{one['course_code']} {one['section_code']} {one['part']} {one['starts_at']} {one['minutes']} "
            + ", ".join(f"{room['name']}:{room['seats']}" for room in one["rooms"])
            for one in self.examcell.get("/api/exam-papers/?ordering=course_code").json["results"]
        ]


@pytest.fixture
def sheet(api: Api, university: University, tmp_path: Path) -> Sheet:
    return Sheet(api, university, tmp_path)


def test_a_time_of_day_is_never_guessed() -> None:
    said = ("09:00", "9.30", "14:30:00", "2:00 PM", "12:05 am", "12:00 p.m.", "24:00")
    assert [clock(one) for one in said] == ["09:00", "09:30", "14:30", "14:00", "00:05", "12:00", "24:00"]
    for night in ("2:00", "02:00:00", "0:30"):
        with pytest.raises(CellRefused) as refused:
            clock(night)
        assert refused.value.code == "at_night", night
    for wrong in ("25:00", "9", "13:00 pm", "9:75", "nine", "24:30"):
        with pytest.raises(CellRefused):
            clock(wrong)
    assert seated(" Hall A:60 ;Room  7\nLab") == "Hall A: 60, Room 7, Lab"
    for wrong in ("Hall, hall", "Hall: many", "Hall: 0", ": 5", "Hall:"):
        with pytest.raises(CellRefused):
            seated(wrong)


def test_a_date_sheet_is_brought_in_by_preview_and_commit(sheet: Sheet) -> None:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        page = book.add_worksheet()
        day, hour = (book.add_format({"num_format": form}) for form in ("yyyy-mm-dd", "hh:mm"))
        page.write_row(0, 0, ["course_code", "term", "section", "date", "starts_at", "ends_at", "rooms"])
        page.write_row(1, 0, ["CS-101", sheet.term, "A", "", "", "", "hall a: 40, Room 7"])
        page.write_datetime(1, 3, DAY, day)
        page.write_datetime(1, 4, time(9), hour)
        page.write_datetime(1, 5, time(12), hour)
        page.write_row(2, 0, ["CS-202", sheet.term, "", str(DAY), "2:00 pm"])
    for kind, name, file in (
        ("exam_rooms", "rooms.csv", ROOMS.encode()),
        ("exam_papers", "date sheet.xlsx", content.getvalue()),
    ):
        made = sheet.examcell.post("/api/imports/", files={"file": (name, file)}, data={"kind": kind})
        assert made.status == 201, made.content
        run_job(sheet.api.database, sheet.api.data, made.json["job_id"])
        read = sheet.examcell.get(f"/api/imports/{made.json['id']}/").json
        assert (read["status"], read["counts"]["new"], read["faults"]) == ("previewed", 2, [])
        path = f"/api/imports/{made.json['id']}/commit/"
        asked = sheet.examcell.post(path, {"plan_hash": read["plan_hash"]})
        assert asked.status == 202
        run_job(sheet.api.database, sheet.api.data, asked.json["job_id"])
    assert sheet.papers() == ["CS-101 A  09:00 180 Hall A:40, Room 7:None", "CS-202 A  14:00 180 "]
    # Again it changes nothing; what it then says otherwise is changed and nothing else.
    again = sheet.run("exam_papers", content.getvalue(), "again.xlsx")
    assert (again.counts["same"], again.is_committed) == (2, False)
    moved = HEADER + sheet.line("CS-202,TERM,A,,DAY,15:00,,Room 7")
    assert sheet.run("exam_papers", moved).counts["changed"] == 1
    assert sheet.papers()[1] == "CS-202 A  15:00 180 Room 7:None", "it takes as long as before"
    # Who brings it in is who arranges the date sheet.
    for who, status in (("registrar", 201), ("head", 403), ("faculty", 403)):
        given = {"file": ("rooms.csv", ROOMS.encode())}
        asked = sheet.api.as_(who).post("/api/imports/", files=given, data={"kind": "exam_rooms"})
        assert asked.status == status, who


def test_every_fault_is_named_by_row_and_column_and_nothing_is_brought_in(
    sheet: Sheet, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet.run("exam_rooms", ROOMS)
    lines = [
        "CS-101,TERM,,,DAY,09:00,,",
        "CS-101,TERM,C,,DAY,09:00,,",
        "XX-1,Never,A,,DAY,09:00,,",
        "CS-101,TERM,A,,1999-01-01,2:00,,",
        "CS-101,TERM,A,Lab,DAY,12:00,09:00,Cellar; Room 7",
        "CS-202,TERM,,,DAY,22:30,,",
        "CS-202,TERM,A,,DAY,09:00,09:05,Hall A: lots",
        "CS-101,TERM,B,,DAY,09:00,12:00,Hall A",
    ]
    content = HEADER + "".join(sheet.line(one) for one in lines)
    found = [(one.pointer, one.code) for one in sheet.run("exam_papers", content).faults]
    assert found == [
        ("row 2, column section", "missing"),
        ("row 3, column section", "unknown"),
        ("row 4, column course_code", "unknown"),
        ("row 4, column term", "unknown"),
        ("row 5, column date", "outside_term"),
        ("row 5, column starts_at", "at_night"),
        ("row 6, column ends_at", "before_start"),
        ("row 6, column rooms", "unknown"),
        ("row 7, column ends_at", "out_of_range"),
        ("row 8, column section", "repeated"),
        ("row 8, column ends_at", "out_of_range"),
        ("row 8, column rooms", "malformed"),
    ]
    assert sheet.papers() == []
    path = sheet.file("exam_papers", content)
    assert run_import(sheet.api.database, "exam_papers", path, sheet.api.data) == 1
    assert "row 6, column rooms: There is no room “Cellar”" in capsys.readouterr().err
    rooms = "name,seats\nhall a,5\nHall: B,0\nAula,\nAULA,3\n"
    assert [(one.pointer, one.code) for one in sheet.run("exam_rooms", rooms).faults] == [
        ("row 2, column name", "taken"),
        ("row 3, column name", "malformed"),
        ("row 3, column seats", "out_of_range"),
        ("row 5, column name", "repeated"),
    ]


def test_an_undo_waits_for_whoever_arranged_the_rooms_since(sheet: Sheet, university: University) -> None:
    sheet.run("exam_rooms", ROOMS)
    rooms = university.row("SELECT max(id) FROM import_batch")
    line = "CS-202,TERM,A,,DAY,09:00,,Room 7"
    sheet.run("exam_papers", HEADER + sheet.line(line))
    made = university.row("SELECT max(id) FROM import_batch")
    sheet.run("exam_papers", HEADER + sheet.line(line.replace("Room 7", "Hall A")))
    changed = university.row("SELECT max(id) FROM import_batch")
    paper = sheet.examcell.get("/api/exam-papers/").json["results"][0]
    halls = {one["name"]: one["id"] for one in sheet.examcell.get("/api/exam-rooms/").json["results"]}

    def undo(id: int) -> list[str]:
        return [one["code"] for one in sheet.examcell.post(f"/api/imports/{id}/undo/").json.get("errors", [])]

    def seat(*names: str) -> None:
        body = {"rooms": [{"room_id": halls[name]} for name in names]}
        assert sheet.examcell.patch(f"/api/exam-papers/{paper['id']}/", body).status == 200

    seat("Hall A", "Room 7")
    assert undo(changed) == ["changed_since"], "a room more"
    assert "depended_on" in undo(rooms), "a paper is written there"
    assert sheet.examcell.delete(f"/api/exam-rooms/{halls['Room 7']}/").code == "examinations.room_in_use"
    seat("Hall A")
    assert undo(changed) == []
    assert sheet.papers() == ["CS-202 A  09:00 180 Room 7:None"]
    assert undo(made) == ["depended_on"], "the seating that stands is another row than the one it made"
    assert sheet.examcell.delete(f"/api/exam-rooms/{halls['Hall A']}/").status == 204
