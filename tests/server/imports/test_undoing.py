"""An import is taken out again while nothing stands on it: what was before is again, once, or nothing is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from sims_server.imports.operations import import_file
from sims_server.imports.operations.undoing import WRITTEN
from sims_server.regulations.operations import install_default_regulation
from sims_shared.imports import KINDS
from tests.server.imports.test_importing_files import FILES
from tests.support.api import Api, Client, Reply
from tests.support.database import TestDatabase, server_connection
from tests.support.university import University

# Everything a file of any kind writes, as text: what was there before must be there again.
STATE = """
SELECT jsonb_build_object(
  'department', (SELECT jsonb_agg(x ORDER BY id) FROM department x),
  'program', (SELECT jsonb_agg(x ORDER BY id) FROM program x),
  'course', (SELECT jsonb_agg(x ORDER BY id) FROM course x),
  'prerequisites', (SELECT jsonb_agg(x ORDER BY course_id, prerequisite_id) FROM course_prerequisite x),
  'term', (SELECT jsonb_agg(x ORDER BY id) FROM term x),
  'account', (SELECT jsonb_agg(to_jsonb(x) ORDER BY id) FROM account x),
  'roles', (SELECT jsonb_agg(jsonb_build_array(account_id, role_id, department_id)
                             ORDER BY account_id, role_id) FROM account_role),
  'section', (SELECT jsonb_agg(x ORDER BY id) FROM section x),
  'staff', (SELECT jsonb_agg(to_jsonb(x) ORDER BY id) FROM section_staff x),
  -- A former name stays findable for ever.
  'student', (SELECT jsonb_agg(to_jsonb(x) - 'search_text' ORDER BY id) FROM student x),
  'registration', (SELECT jsonb_agg(x ORDER BY id) FROM registration x),
  'enrollment', (SELECT jsonb_agg(x ORDER BY id) FROM enrollment x),
  'assessment', (SELECT jsonb_agg(x ORDER BY id) FROM assessment x),
  'scores', (SELECT jsonb_agg(jsonb_build_array(enrollment_id, assessment_id, mark, score) ORDER BY id)
               FROM assessment_score WHERE mark IS NOT NULL),
  'attendance', (SELECT jsonb_agg(jsonb_build_array(class_session_id, student_id, status, reason) ORDER BY id)
                   FROM attendance),
  'classes', (SELECT jsonb_agg(x ORDER BY id) FROM class_session x),
  'holds', (SELECT jsonb_agg(jsonb_build_array(student_id, kind, amount, reason) ORDER BY id)
              FROM hold WHERE lifted_at IS NULL),
  'rooms', (SELECT jsonb_agg(jsonb_build_array(name, seats) ORDER BY name) FROM exam_room),
  'papers', (SELECT jsonb_agg(jsonb_build_array(section_id, part, held_on, starts_at, minutes) ORDER BY id)
               FROM exam_paper),
  'seatings', (SELECT jsonb_agg(jsonb_build_array(p.section_id, m.name, g.position, g.seats)
                                ORDER BY g.paper_id, g.position)
                 FROM exam_seating g JOIN exam_paper p ON p.id = g.paper_id
                 JOIN exam_room m ON m.id = g.room_id)) AS state"""
MORE = {
    "attendance": "reg_no,course_code,term,section,date,status\n0007,CS-101,Fall 2026,A,2026-09-14,absent\n",
    "holds": "reg_no,amount\n0007,100\n",
    "exam_rooms": "name,seats\nHall A,60\nRoom 7,\n",
    "exam_papers": (
        "course_code,term,section,date,starts_at,rooms\n"
        'CS-101,Fall 2026,A,2027-01-04,09:00,"Hall A: 1, Room 7"\n'
    ),
}
ACCOUNTS = "username,name,roles,password\nlead,Lead Teacher,faculty,long enough words\n"
# A second file of each kind, which changes what the first one made.
CHANGES = {
    "departments": "code,name,faculty_name\nCS,Computing,Sciences\n",
    "programs": "code,name,department_code,credits_required\nBSCS,BS Computing,MT,134\n",
    "courses": "code,title,credits,department_code,prerequisites\nCS-101,Programming,4,MT,CS-102\n",
    "terms": "name,start_date,end_date,enroll_until\nFall 2026,2026-09-02,2027-01-15,2026-09-20\n",
    "accounts": "username,name,email,roles\nboss,Head,b@x.pk,MT:head\nlead,Lead Teacher,,faculty CS:office\n",
    "sections": "course_code,term,section,capacity,faculty\nCS-101,Fall 2026,A,7,helper lead\n",
    "students": "reg_no,name,program_code,admitted_on,phone\n0007,Amina K. Khan,BSCS,2026-09-03,0300\n",
    "enrollments": (
        "reg_no,course_code,term,section,status,ended_on\n0007,CS-101,Fall 2026,A,dropped,2026-10-01\n"
    ),
    "assessments": (
        "course_code,term,section,assessment,type,weight,max_score\nCS-101,Fall 2026,A,Quiz,quiz,30,25\n"
    ),
    "scores": "reg_no,course_code,term,section,assessment,score,mark\n0007,CS-101,Fall 2026,A,Quiz,,absent\n",
    "attendance": (
        "reg_no,course_code,term,section,date,status,reason\n0007,CS-101,Fall 2026,A,2026-09-14,leave,ill\n"
    ),
    "holds": "reg_no,amount,reason\n0007,250.50,Two terms\n",
    "exam_rooms": "name,seats\nHall A,75\n",
    "exam_papers": (
        "course_code,term,section,date,starts_at,ends_at,rooms\n"
        "CS-101,Fall 2026,A,2027-01-05,2:00 pm,5:30 pm,room 7\n"
    ),
}


_UP_TO_ENROLLMENTS = tuple(FILES)[: tuple(FILES).index("enrollments") + 1]


class Desk:
    """Imports, and takes imports out again."""

    def __init__(self, api: Api, university: University, folder: Path, url: str) -> None:
        self.api = api
        self.university = university
        self.folder = folder
        self.url = url
        api.run(install_default_regulation, None)
        university.setting("security.require_otp", False)
        university.account("everything", "admin", "registrar", "exam_cell")
        self.client: Client = api.as_("everything")

    def run(self, kind: str, content: str) -> int:
        path = self.folder / f"{kind}.csv"
        path.write_text(content, encoding="utf-8")
        outcome = import_file(self.api.database, kind, path, self.api.data)
        assert outcome.faults == [], (kind, outcome.faults)
        assert outcome.is_committed, kind
        made: int = self.university.row("SELECT max(id) FROM import_batch")
        return made

    def undo(self, import_id: int) -> Reply:
        return self.client.post(f"/api/imports/{import_id}/undo/")

    def state(self) -> Any:
        """As the superuser: hashes of passwords are nothing that the application reads."""
        with psycopg.connect(self.url) as connection:
            (state,) = connection.execute(STATE).fetchone() or (None,)
        return state


@pytest.fixture
def desk(api: Api, university: University, tmp_path: Path, database_url: TestDatabase) -> Desk:
    return Desk(api, university, tmp_path, database_url.superuser_url)


def test_an_undo_restores_exactly_what_was(desk: Desk) -> None:
    """Every kind in order, each imported, undone and imported again; then a file that changes it."""
    for kind, content in {**FILES, **MORE}.items():
        before = desk.state()
        made = desk.run(kind, content)
        assert desk.state() != before
        undone = desk.undo(made)
        assert (undone.status, undone.json["status"]) == (200, "undone"), undone.content
        assert undone.json["undone_by"]["name"] == "Everything"
        assert desk.state() == before, kind
        desk.run(kind, content)
    # From the last to the first, so that what a changed file touches still lies open.
    for kind, content in reversed(CHANGES.items()):
        before = desk.state()
        changed = desk.run(kind, content)
        assert desk.state() != before, kind
        assert desk.undo(changed).status == 200, (kind, desk.undo(changed).content)
        assert desk.state() == before, kind


def test_what_a_later_import_changed_and_gave_back_keeps_no_earlier_one(desk: Desk) -> None:
    """Of every kind: imported, changed by a second file, and both taken out again, the last first."""
    kept = {
        # Power that was given is told for ever, a former name stays findable, a mark keeps its versions; and
        # the rooms that an undo gives back to a paper are no longer the rows that the file made.
        "accounts": "2 rows of power alarm refer to account 4.",
        "students": "2 rows of student name version refer to registration 1.",
        "scores": "The cell was changed since.",
        "exam_papers": "2 rows of exam seating refer to exam_paper 1.",
    }
    for kind, content in {**FILES, **MORE}.items():
        before = desk.state()
        first = desk.run(kind, content)
        between = desk.state()
        second = desk.run(kind, CHANGES[kind])
        assert desk.undo(first).code == "imports.depended_on", kind
        assert desk.undo(second).status == 200, kind
        assert desk.state() == between, kind
        undone = desk.undo(first)
        if kind in kept:
            assert [fault["detail"] for fault in undone.json["errors"]] == [kept[kind]]
            continue
        assert undone.status == 200, (kind, undone.content)
        assert desk.state() == before, kind
        desk.run(kind, content)


def test_every_kind_is_undone_or_says_why_not(desk: Desk) -> None:
    assert (
        set(KINDS)
        == {*WRITTEN, "results_history"}
        == {*FILES, *MORE, "results_history"}
        == {
            *CHANGES,
            "results_history",
        }
    )


def test_what_depends_on_an_import_keeps_it_and_is_listed(desk: Desk) -> None:
    made = {kind: desk.run(kind, content) for kind, content in FILES.items()}
    before = desk.state()
    for kind, dependant in (
        ("departments", "program"),
        ("courses", "section"),
        ("terms", "section"),
        ("sections", "enrollment"),
        ("students", "enrollment"),
        ("enrollments", "assessment score"),
        ("assessments", "assessment score"),
    ):
        refused = desk.undo(made[kind])
        assert (refused.status, refused.code) == (409, "imports.depended_on"), kind
        assert any(dependant in fault["detail"] for fault in refused.json["errors"]), refused.json
        assert desk.state() == before
    first = desk.undo(made["departments"]).json["errors"][0]
    assert (first["pointer"], first["code"]) == ("row 2", "depended_on")


def test_a_row_changed_since_keeps_the_import(desk: Desk, university: University) -> None:
    desk.run("departments", FILES["departments"])
    changed = desk.run("departments", "code,name\nCS,Computing\n")
    university.run("UPDATE department SET name = 'Informatics' WHERE code = 'CS'")
    refused = desk.undo(changed)
    assert (refused.status, refused.code) == (409, "imports.depended_on")
    assert [(fault["pointer"], fault["code"]) for fault in refused.json["errors"]] == [
        ("row 2", "changed_since")
    ]
    assert university.row("SELECT name FROM department WHERE code = 'CS'") == "Informatics"
    # What somebody changed in another column is theirs, and stays.
    second = desk.run("departments", "code,name\nMT,Maths\n")
    university.run("UPDATE department SET faculty_name = 'Sciences' WHERE code = 'MT'")
    assert desk.undo(second).status == 200
    assert university.rows("SELECT name, faculty_name FROM department WHERE code = 'MT'") == [
        {"name": "Mathematics", "faculty_name": "Sciences"}
    ]


def test_a_score_changed_since_or_on_a_closed_sheet_keeps_the_import(
    desk: Desk, university: University
) -> None:
    made = {kind: desk.run(kind, content) for kind, content in FILES.items()}
    university.run("UPDATE assessment_score SET score = 12 WHERE score = 17.5")
    refused = desk.undo(made["scores"])
    assert [fault["pointer"] for fault in refused.json["errors"]] == ["row 2"]
    lead = university.row("SELECT id FROM account WHERE username = 'lead'")
    university.run(
        "UPDATE sheet SET state = 'submitted', submitted_at = now(), submitted_by = %(lead)s", lead=lead
    )
    refused = desk.undo(made["scores"])
    assert {fault["code"] for fault in refused.json["errors"]} == {"changed_since", "sheet_closed"}
    assert university.row("SELECT count(*) FROM assessment_score WHERE mark IS NOT NULL") == 2


def test_an_import_is_undone_once_by_whoever_may_import_it(desk: Desk, university: University) -> None:
    made = desk.run("departments", FILES["departments"])
    university.account("accounts", "accounts")
    university.account("faculty", "faculty")
    path = f"/api/imports/{made}/undo/"
    assert desk.api.anonymous.post(path).status == 401
    assert desk.api.as_("faculty").post(path).status == 403
    assert desk.api.as_("accounts").post(path).status == 404
    assert desk.undo(made).status == 200
    assert (desk.undo(made).status, desk.undo(made).code) == (409, "imports.already_undone")
    acts = university.rows(
        "SELECT DISTINCT actor_name, operation FROM audit WHERE action = 'imports.undo' "
        "AND entity = 'department'"
    )
    assert acts == [{"actor_name": "Everything", "operation": "delete"}]


def test_devices_learn_of_enrollments_that_are_taken_out(desk: Desk, university: University) -> None:
    made = {kind: desk.run(kind, content) for kind, content in FILES.items() if kind in _UP_TO_ENROLLMENTS}
    section = university.row("SELECT id FROM section WHERE course_code = 'CS-101'")
    gone = {row["id"] for row in university.rows("SELECT id FROM enrollment")}
    lead = desk.api.as_("lead")
    before = lead.get(f"/api/sheets/{section}/").json
    assert {row["enrollment_id"] for row in before["rows"]} == gone
    assert desk.undo(made["enrollments"]).status == 200
    changes = lead.get(f"/api/sheets/{section}/changes/?since={before['rev']}").json
    assert (set(changes["roster"]["removed"]), changes["roster"]["added"]) == (gone, [])
    assert changes["rev"] > before["rev"]
    assert university.row("SELECT seats_taken FROM section WHERE id = %(id)s", id=section) == 0


def test_what_was_not_committed_cannot_be_undone(desk: Desk) -> None:
    uploaded = desk.client.post(
        "/api/imports/", files={"file": ("d.csv", b"code,name\nX,Y\n")}, data={"kind": "departments"}
    )
    refused = desk.undo(uploaded.json["id"])
    assert (refused.status, refused.code) == (409, "imports.not_committed")


def test_an_account_that_has_acted_stays(desk: Desk, university: University) -> None:
    made = desk.run("accounts", ACCOUNTS)
    desk.api.anonymous.post("/api/auth/token/", {"username": "lead", "password": "long enough words"})
    refused = desk.undo(made)
    assert refused.code == "imports.depended_on"
    assert university.row("SELECT count(*) FROM account WHERE username = 'lead'") == 1


def test_a_file_of_accounts_keeps_no_password(desk: Desk, university: University) -> None:
    desk.run("accounts", ACCOUNTS)
    kept = "SELECT count(*) FROM import_batch WHERE position('long enough'::bytea in file) > 0"
    assert university.row(kept) == 0


def test_the_application_removes_only_what_an_import_made(
    desk: Desk, university: University, database_url: TestDatabase
) -> None:
    desk.run("departments", FILES["departments"])
    desk.run("programs", FILES["programs"])
    first = desk.run("students", FILES["students"])
    other = desk.run("students", FILES["students"].replace("000", "900"))
    old = university.row("SELECT min(id) FROM registration")
    with server_connection(database_url.app_url, autocommit=True) as app:
        for statement, state in (
            (f"SELECT remove_imported({other}, ARRAY[{old}]::bigint[])", "23514"),
            ("DELETE FROM student", "42501"),
            ("DELETE FROM registration", "42501"),
            (f"UPDATE import_batch SET status = 'previewed' WHERE id = {first}", "23514"),
            (f"UPDATE import_batch SET status = 'undone' WHERE id = {first}", "23514"),
            (f"UPDATE import_batch SET counts = '{{}}' WHERE id = {first}", "23514"),
            ("UPDATE import_effect SET target = 1", "42501"),
            ("DELETE FROM import_effect", "42501"),
        ):
            with pytest.raises(psycopg.Error) as refused:
                app.execute(statement)
            assert refused.value.sqlstate == state, statement
