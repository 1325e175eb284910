"""A file is imported whole or not at all, and running it again changes nothing."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
import xlsxwriter

from sims_server.imports.operations import ImportOutcome, import_file, run_import
from sims_server.regulations.operations import install_default_regulation
from sims_shared.imports import FileUnreadable, KindNotOffered
from tests.support.api import Api
from tests.support.university import University

FILES = {
    "departments": "code,name\nCS,Computer Science\nMT,Mathematics\n",
    "programs": "code,name,department_code,level\nBSCS,BS Computer Science,CS,UG\n",
    "courses": (
        "code,title,credits,department_code,prerequisites\nCS-101,Programming,4,CS,\nCS-102,Data "
        "Structures,3.5,CS,CS-101\n"
    ),
    "terms": "name,start_date,end_date,kind\nFall 2026,2026-09-01,2027-01-15,fall\n",
    "accounts": (
        "username,name,roles,password\nlead,Lead Teacher,faculty,long enough words\nHelper,Second "
        "Teacher,faculty,\nboss,Head of CS,CS:head faculty,\n"
    ),
    "sections": (
        "course_code,term,section,capacity,faculty\nCS-101,Fall 2026,A,2,lead helper\nCS-102,Fall "
        "2026,A,30,lead\n"
    ),
    "students": (
        "reg_no,name,program_code,admitted_on,name_native\n0007,Amina Khan,BSCS,2026-09-01,آمنہ "
        "خان\n0008,Bilal Shah,BSCS,2026-02-01,\n0009,Sana Malik,BSCS,2026-09-01,\n"
    ),
    "enrollments": (
        "reg_no,course_code,term,section,status,enrolled_on,ended_on\n0007,CS-101,Fall "
        "2026,A,enrolled,2026-08-20,\n0008,CS-101,Fall 2026,A,withdrawn,2026-08-21,2026-10-01\n"
    ),
    "assessments": (
        "course_code,term,section,assessment,type,weight,max_score\nCS-101,Fall "
        "2026,A,Quiz,quiz,40,20\nCS-101,Fall 2026,A,Final,final,60,100\n"
    ),
    "scores": (
        "reg_no,course_code,term,section,assessment,score,mark\n0007,CS-101,Fall "
        "2026,A,Quiz,17.5,\n0007,CS-101,Fall 2026,A,Final,,absent\n0008,CS-101,Fall 2026,A,Quiz,,\n"
    ),
}


@pytest.fixture
def imported(api: Api, tmp_path: Path) -> Files:
    api.run(install_default_regulation, None)
    return Files(api, tmp_path)


class Files:
    """Writes a file and imports it."""

    def __init__(self, api: Api, folder: Path) -> None:
        self.api = api
        self.folder = folder

    def path(self, kind: str, content: str | bytes) -> Path:
        path = self.folder / f"{kind}.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def run(self, kind: str, content: str | bytes) -> ImportOutcome:
        return import_file(self.api.database, kind, self.path(kind, content), self.api.data)

    def all(self, until: str = "scores") -> None:
        for kind, content in FILES.items():
            outcome = self.run(kind, content)
            assert not outcome.faults, (kind, outcome.faults)
            if kind == until:
                return

    def faults(self, kind: str, content: str) -> list[tuple[str, str]]:
        return [(fault.pointer, fault.code) for fault in self.run(kind, content).faults]


def test_an_empty_server_takes_every_kind_in_order(imported: Files, university: University) -> None:
    imported.all()
    assert university.rows("SELECT mark, score FROM assessment_score ORDER BY id") == [
        {"mark": "scored", "score": Decimal("17.50")},
        {"mark": "absent", "score": None},
        {"mark": None, "score": None},
    ]
    assert university.row("SELECT seats_taken FROM section WHERE course_code = 'CS-101'") == 2
    assert university.row("SELECT intake FROM registration WHERE reg_no = '0008'") == "2026S"
    assert university.row("SELECT count(*) FROM section_staff WHERE role = 'lead'") == 2
    assert university.row("SELECT count(*) FROM course_prerequisite") == 1
    assert university.row("SELECT count(*) FROM registration WHERE regulation_id IS NOT NULL") == 3


def test_running_the_same_files_again_changes_nothing(imported: Files, university: University) -> None:
    imported.all()
    before = university.rows(
        "SELECT (SELECT count(*) FROM audit) AS audit, (SELECT sum(rev) FROM sheet) AS rev, "
        "(SELECT count(*) FROM assessment_score_version) AS versions, (SELECT count(*) FROM "
        "import_batch) AS imports"
    )
    for kind, content in FILES.items():
        outcome = imported.run(kind, content)
        assert outcome.counts["same"] == outcome.counts["rows"], (kind, outcome)
        assert not outcome.is_committed
    after = university.rows(
        "SELECT (SELECT count(*) FROM audit) AS audit, (SELECT sum(rev) FROM sheet) AS rev, "
        "(SELECT count(*) FROM assessment_score_version) AS versions, (SELECT count(*) FROM "
        "import_batch) AS imports"
    )
    assert after == before


def test_a_blank_cell_never_erases(imported: Files, university: University) -> None:
    imported.all()
    outcome = imported.run(
        "scores", "reg_no,course_code,term,section,assessment,score\n0007,CS-101,Fall 2026,A,Quiz,\n"
    )
    assert outcome.counts["same"] == 1
    outcome = imported.run(
        "students", "reg_no,name,program_code,admitted_on,name_native\n0007,Amina Khan,BSCS,2026-09-01,\n"
    )
    assert outcome.counts["same"] == 1
    assert university.row("SELECT name_native FROM student ORDER BY id LIMIT 1") == "آمنہ خان"


def test_only_rows_that_differ_are_written(imported: Files, university: University) -> None:
    imported.all()
    outcome = imported.run("scores", FILES["scores"].replace("17.5", "18"))
    assert (outcome.counts["changed"], outcome.counts["same"]) == (1, 2)
    assert university.rows("SELECT version FROM assessment_score ORDER BY id") == [
        {"version": 2},
        {"version": 1},
        {"version": 1},
    ]
    outcome = imported.run("accounts", "username,name,roles\nboss,Head of CS,CS:head\n")
    assert outcome.counts["changed"] == 1
    assert (
        university.row(
            "SELECT count(*) FROM account_role g JOIN account a ON a.id = g.account_id WHERE "
            "a.username = 'boss'"
        )
        == 1
    )
    outcome = imported.run(
        "sections", "course_code,term,section,capacity,faculty\nCS-101,Fall 2026,A,2,helper\n"
    )
    assert outcome.counts["changed"] == 1
    assert university.rows(
        "SELECT a.username, f.role FROM section_staff f JOIN account a ON a.id = f.account_id "
        "JOIN section s ON s.id = f.section_id WHERE s.course_code = 'CS-101' AND until IS NULL"
    ) == [{"username": "helper", "role": "lead"}]


def test_every_fault_is_listed_with_row_and_column_and_nothing_is_half_imported(
    imported: Files, university: University
) -> None:
    imported.all("enrollments")
    faults = imported.faults(
        "assessments",
        "course_code,term,section,assessment,type,weight,max_score\n"
        "CS-101,Fall 2026,A,Good,quiz,10,20\n"
        "CS-999,Fall 2026,A,Quiz,exam,NaN,0\n"
        "CS-101,Fall 2026,B,Quiz,quiz,1.234,20\n"
        "CS-101,Fall 2026,A,Good,quiz,10,20\n"
        "CS-101,Fall 2026,A,Heavy,final,95,100\n"
        ",,,,,,\n"
        "CS-101,Fall 2026,A,,final,1e1,100\n",
    )
    assert faults == [
        ("row 3, column course_code", "unknown"),
        ("row 3, column type", "unknown_word"),
        ("row 3, column weight", "malformed"),
        ("row 3, column max_score", "out_of_range"),
        ("row 4, column section", "unknown"),
        ("row 4, column weight", "too_many_places"),
        ("row 5, column assessment", "repeated"),
        ("row 6, column weight", "weights_exceeded"),
        ("row 8, column assessment", "missing"),
        ("row 8, column weight", "malformed"),
    ]
    assert university.row("SELECT count(*) FROM assessment") == 0


def test_seats_cannot_be_oversold_by_a_file(imported: Files, university: University) -> None:
    imported.all("students")
    rows = "".join(f"{number},CS-101,Fall 2026,A\n" for number in ("0007", "0008", "0009"))
    assert imported.faults("enrollments", "reg_no,course_code,term,section\n" + rows) == [
        ("row 4, column section", "section_full")
    ]
    assert university.row("SELECT count(*) FROM enrollment") == 0


def test_marks_go_into_open_sheets_only(imported: Files, university: University) -> None:
    imported.all("assessments")
    university.run(
        "UPDATE sheet SET state = 'submitted', submitted_at = now(), submitted_by = (SELECT id "
        "FROM account WHERE username = 'lead') WHERE section_id = (SELECT id FROM section WHERE "
        "course_code = 'CS-101')"
    )
    assert imported.faults("scores", FILES["scores"])[0] == ("row 2, column section", "sheet_closed")
    assert imported.faults("enrollments", "reg_no,course_code,term,section\n0009,CS-101,Fall 2026,A\n")[
        -1
    ] == ("row 2, column section", "sheet_closed")


def test_a_score_is_judged_against_its_assessment(imported: Files) -> None:
    imported.all("assessments")
    head = "reg_no,course_code,term,section,assessment,score,mark\n"
    assert imported.faults(
        "scores",
        head
        + (
            "0007,CS-101,Fall 2026,A,Quiz,20.5,\n0009,CS-101,Fall 2026,A,Quiz,5,\n0007,CS-101,Fall "
            "2026,A,Viva,5,\n0008,CS-101,Fall 2026,A,Quiz,5,absent\n"
        ),
    ) == [
        ("row 2, column score", "above_maximum"),
        ("row 3, column reg_no", "not_on_roster"),
        ("row 4, column assessment", "unknown"),
        ("row 5, column score", "score_beside_mark"),
    ]


def test_a_student_needs_a_regulation_in_force(api: Api, tmp_path: Path) -> None:
    files = Files(api, tmp_path)
    for kind in ("departments", "programs"):
        files.run(kind, FILES[kind])
    assert set(files.faults("students", FILES["students"])) == {
        (f"row {row}, column program_code", "no_regulation") for row in (2, 3, 4)
    }


def test_an_account_without_a_password_waits_disabled(imported: Files, university: University) -> None:
    imported.all("accounts")
    assert university.rows("SELECT username, disabled FROM account ORDER BY id") == [
        {"username": "lead", "disabled": False},
        {"username": "helper", "disabled": True},
        {"username": "boss", "disabled": True},
    ]
    assert (
        imported.api.anonymous.post(
            "/api/auth/token/", {"username": "lead", "password": "long enough words"}
        ).status
        == 200
    )
    assert (
        imported.api.anonymous.post("/api/auth/token/", {"username": "helper", "password": "!"}).status == 401
    )


def test_a_second_attempt_is_counted(imported: Files, university: University) -> None:
    imported.all("students")
    imported.run("terms", "name,start_date,end_date\nSpring 2027,2027-02-01,2027-06-15\n")
    imported.run("sections", "course_code,term,section,capacity\nCS-101,Spring 2027,A,5\n")
    imported.run(
        "enrollments", "reg_no,course_code,term,section\n0007,CS-101,Spring 2027,A\n0007,CS-101,Fall 2026,A\n"
    )
    assert university.rows(
        "SELECT t.name, e.attempt, e.kind FROM enrollment e JOIN term t ON t.id = e.term_id ORDER BY attempt"
    ) == [
        {"name": "Fall 2026", "attempt": 1, "kind": "regular"},
        {"name": "Spring 2027", "attempt": 2, "kind": "repeat"},
    ]


def test_semicolons_a_byte_order_mark_and_neutralised_cells_are_read(
    imported: Files, university: University
) -> None:
    assert imported.run("departments", "\ufeffcode;name\nCS;'=Computing\n").is_committed
    assert university.row("SELECT name FROM department") == "=Computing"


def test_a_workbook_is_read_as_it_looks(imported: Files, university: University, tmp_path: Path) -> None:
    imported.all("sections")
    path = tmp_path / "students.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, ["reg_no", "name", "program_code", "admitted_on"])
        sheet.write_row(1, 0, ["0042", "Omar Aziz", "BSCS"])
        sheet.write_number(1, 3, 46266, day)
        sheet.write_row(2, 0, [20260043, "Hina Butt", "BSCS", "2026-09-01"])
    outcome = import_file(imported.api.database, "students", path, imported.api.data)
    assert outcome.counts["new"] == 2, outcome
    assert university.rows("SELECT reg_no, admitted_on::text AS day FROM registration ORDER BY id") == [
        {"reg_no": "0042", "day": "2026-09-01"},
        {"reg_no": "20260043", "day": "2026-09-01"},
    ]


def test_what_is_no_table_is_refused(imported: Files) -> None:
    with pytest.raises(KindNotOffered):
        imported.run("regulations", "a,b\n")
    for content in (b"", b"\xff\xfe\x00", b"PK\x03\x04 no workbook", b'code,name\n"CS,never closed\n'):
        with pytest.raises(FileUnreadable):
            imported.run("departments", content)
    with pytest.raises(FileUnreadable) as refused:
        imported.run("departments", "code,nmae,code\nCS,Computing,CS\n")
    assert [(fault.pointer, fault.code) for fault in refused.value.errors] == [
        ("row 1, column name", "missing_column"),
        ("row 1, column nmae", "unknown_column"),
        ("row 1, column code", "repeated_column"),
    ]


def test_the_command_line_says_how_it_went(imported: Files, capsys: pytest.CaptureFixture[str]) -> None:
    database, data = imported.api.database, imported.api.data
    assert run_import(database, "departments", imported.path("departments", FILES["departments"]), data) == 0
    assert capsys.readouterr().out == "departments: 2 rows: 2 new, 0 changed, 0 same\n"
    assert (
        run_import(
            database, "programs", imported.path("programs", "code,name,department_code\nX,Y,Z\n"), data
        )
        == 1
    )
    assert "row 2, column department_code: There is no department “Z”." in capsys.readouterr().err
