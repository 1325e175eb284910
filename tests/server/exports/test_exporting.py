"""A list leaves as it is stored, for whoever may read it, and comes back without changing anything."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import load_workbook

from sims_server.exports.queries import EXPORTS
from sims_server.exports.rules import in_csv, in_workbook
from sims_server.imports.operations import import_file
from sims_shared.imports import KINDS
from sims_shared.tables import protected, protected_in_workbook, unprotected
from tests.server.examinations.conftest import campus_day
from tests.support.api import Api, Client, Reply
from tests.support.brought import bring_result
from tests.support.university import University

TRACES = """
SELECT (SELECT count(*) FROM audit) AS audit, (SELECT sum(rev) FROM sheet) AS revs,
       (SELECT count(*) FROM import_batch) AS imports
"""
NASTY = (
    "=1+1",
    "+92 300",
    "-dash",
    "@home",
    "'=quoted",
    " spaced ",
    'comma, "quote"',
    "half; half",
    "آمنہ خان",
)


@pytest.fixture
def scene(api: Api, university: University) -> dict[str, Any]:
    """A department with everything that can be exported in it, and names that a spreadsheet would eat."""
    scene = university.stand(students=len(NASTY))
    for student, name in zip(scene["students"], NASTY, strict=True):
        university.run("UPDATE student SET name = %(name)s WHERE id = %(id)s", name=name, id=student)
    university.run(
        "UPDATE student SET national_id = '00123', phone = '+92 300 1', father_name = 'Khan', date_of_birth "
        "= '2004-02-29', address = E'House 1\\nStreet \"2\"' WHERE id = %(id)s",
        id=scene["students"][0],
    )
    university.run("UPDATE registration SET reg_no = '0007' WHERE id = %(id)s", id=scene["registrations"][0])
    for enrollment in scene["enrollments"][:3]:
        for assessment, mark in zip(scene["assessments"], ("17.50", "0.25", None), strict=True):
            university.score(enrollment, assessment, mark, "scored" if mark else "absent")
    for number, status in ((3, "dropped"), (4, "withdrawn")):
        university.run(
            "UPDATE enrollment SET status = %(status)s, ended_at = now(), end_reason = 'left' "
            "WHERE id = %(id)s",
            status=status,
            id=scene["enrollments"][number],
        )
    for amount, kind in (("1250.50", "fee"), (None, "library")):
        university.insert(
            "hold", student_id=scene["students"][1], kind=kind, blocks=["transcript"], reason="-owed",
            amount=amount, placed_by=scene["registrar"],
        )  # fmt: skip
    met = university.insert("class_session", section_id=scene["section"], held_on="2026-11-02", slot=2)
    university.insert(
        "attendance", section_id=scene["section"], class_session_id=met, student_id=scene["students"][0],
        status="late", reason="=bus",
    )  # fmt: skip
    hall = university.insert("exam_room", name="-Hall", seats=60)
    paper = university.insert(
        "exam_paper", section_id=scene["section"], held_on=campus_day(20), starts_at="14:00",
        minutes=600,
    )  # fmt: skip
    university.insert("exam_seating", paper_id=paper, room_id=hall, position=1, seats=40)
    old = university.course(scene["department"], "OLD-1")
    bring_result(
        university, registration_id=scene["registrations"][0], student_id=scene["students"][0],
        term_id=scene["term"], course_id=old, credits=3, outcome="pass", grade="B+", grade_points="3.30",
        total="76.125", regulation_id=scene["regulation"], state="published", published_at="2026-01-01",
        published_by=scene["examcell"], recorded_title="-Old title",
    )  # fmt: skip
    university.run("UPDATE course SET title = '=SUM(A1)' WHERE code = 'CS-101'")
    return scene


def publish(api: Api, scene: dict[str, Any], university: University) -> None:
    """A section whose sheet is closed, and an enrollment that its result completed."""
    section = university.section(
        university.course(scene["department"], "CS-300"), scene["term"], staff=(scene["faculty"],)
    )
    enrollment = university.enrollment(scene["registrations"][5], section)
    university.score(enrollment, university.assessment(section), "81.25")
    path = f"/api/sheets/{section}/"
    for who, step in (("faculty", "submit"), ("examcell", "approve")):
        client = api.as_(who)
        done = client.post(f"{path}{step}/", {"rev": client.get(path).json["rev"]})
        assert done.status == 200, done.content
    published = api.as_("registrar").post("/api/results/publish/", {"section_id": section})
    assert published.status == 200, published.content


def export(client: Client, kind: str, form: str = "csv", query: str = "") -> Reply:
    return client.get(f"/api/exports/{kind}.{form}{query}")


def table(reply: Reply) -> list[dict[str, str]]:
    assert reply.status == 200, reply.content
    return list(csv.DictReader(io.StringIO(reply.content.decode())))


def test_export_and_import_again_changes_nothing(
    api: Api, scene: dict[str, Any], university: University, tmp_path: Path
) -> None:
    assert set(KINDS) <= set(EXPORTS)
    publish(api, scene, university)
    assert university.row("SELECT count(*) FROM enrollment WHERE status = 'completed'") == 1
    traces = university.rows(TRACES)
    for kind in KINDS:
        reader = api.as_("admin" if kind == "accounts" else "registrar")
        for form in ("csv", "xlsx"):
            reply = export(reader, kind, form)
            path = tmp_path / f"{kind}.{form}"
            path.write_bytes(reply.content)
            if form == "csv":
                assert reply.headers["content-type"] == "text/csv; charset=utf-8"
            outcome = import_file(api.database, kind, path, api.data)
            assert outcome.faults == [], (kind, form)
            assert outcome.counts["same"] == outcome.counts["rows"] > 0, (kind, form, outcome.counts)
    after = university.rows(TRACES)
    assert after == traces


@given(st.text(alphabet="'=+-@＝＠ \t\r\nab0", max_size=8))
def test_a_text_comes_back_from_a_cell_as_it_was(text: str) -> None:
    assert unprotected(protected(text)) == text
    assert unprotected(protected_in_workbook(text)) == text
    assert not protected(text).startswith(("=", "+", "-", "@", "＝", "＠", "\t", "\r"))


@given(st.decimals(min_value=-99999, max_value=99999, places=6))
def test_a_number_leaves_exactly(number: Any) -> None:
    assert in_csv(number) == f"{number:f}"
    cell = in_workbook(number)
    assert type(number)(repr(cell) if isinstance(cell, float) else str(cell)) == number


def test_an_export_is_as_stored(api: Api, scene: dict[str, Any]) -> None:
    registrar = api.as_("registrar")
    first = table(export(registrar, "students", query="?ordering=reg_no"))[0]
    assert (first["reg_no"], first["name"], first["phone"]) == ("0007", "'=1+1", "'+92 300 1")
    assert (first["national_id"], first["date_of_birth"]) == ("00123", "2004-02-29")
    scores = table(export(registrar, "scores"))
    assert {(row["score"], row["mark"]) for row in scores} == {
        ("17.50", "scored"),
        ("0.25", "scored"),
        ("", "absent"),
    }
    assert table(export(registrar, "results"))[0]["total"] == "76.125"
    sheet = load_workbook(io.BytesIO(export(registrar, "scores", "xlsx").content)).get_sheet_by_index(0)
    header, *rows = sheet.to_python()
    assert {row[header.index("reg_no")] for row in rows} >= {"0007"}
    assert {row[header.index("score")] for row in rows} == {17.5, 0.25, ""}


def test_the_lists_own_filters_and_no_pages(api: Api, scene: dict[str, Any]) -> None:
    registrar = api.as_("registrar")
    one = table(export(registrar, "students", query="?reg_no=0007"))
    assert [row["reg_no"] for row in one] == ["0007"]
    assert len(table(export(registrar, "students", query="?search=dash"))) == 1
    assert len(table(export(registrar, "enrollments", query="?status=dropped"))) == 1
    assert export(registrar, "students", query="?page_size=5&cursor=x").status == 400
    assert export(registrar, "students", query="?colour=red").status == 400
    assert export(registrar, "courses", query="?ordering=colour").status == 400
    assert export(registrar, "colours").status == 404
    assert export(registrar, "students", "pdf").status == 404


def test_holds_that_were_lifted_are_not_placed_again(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    university.run("UPDATE hold SET lifted_at = now(), lifted_by = NULL, lift_reason = 'paid'")
    registrar = api.as_("registrar")
    assert table(export(registrar, "holds")) == []
    assert len(table(export(registrar, "holds", query="?lifted=true"))) == 2


def test_private_fields_leave_only_with_whoever_may_read_them(api: Api, scene: dict[str, Any]) -> None:
    shown = table(export(api.as_("accounts"), "students", query="?reg_no=0007"))[0]
    assert (shown["national_id"], shown["phone"], shown["father_name"], shown["date_of_birth"]) == ("",) * 4
    assert table(export(api.as_("auditor"), "students", query="?reg_no=0007"))[0]["national_id"] == "00123"


def test_an_export_reaches_as_far_as_its_reader(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    other = university.department("EE")
    university.account("otherhead", ("head", other))
    assert export(api.anonymous, "students").status == 401
    for outsider in ("student", "faculty", "counter", "office"):
        assert export(api.as_(outsider), "students").status == 403, outsider
    assert table(export(api.as_("otherhead"), "students")) == []
    assert len(table(export(api.as_("head"), "students"))) == len(NASTY)
    assert export(api.as_("head"), "holds").status == 403
    assert export(api.as_("head"), "audit").status == 403
    assert export(api.as_("registrar"), "accounts").status == 403
    assert export(api.as_("accounts"), "scores").status == 403
    assert table(export(api.as_("auditor"), "audit", query="?entity=student"))[0]["entity"] == "student"
    assert b"password" not in export(api.as_("admin"), "accounts").content


def test_an_export_is_remembered_as_a_disclosure_of_everybody_in_it(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    export(api.as_("registrar"), "enrollments", query=f"?section_id={scene['section']}")
    assert university.rows(
        "SELECT kind, what, count(DISTINCT student_id) AS students, count(*) AS n "
        "FROM disclosure GROUP BY 1, 2"
    ) == [{"kind": "exported", "what": "export of enrollments", "students": len(NASTY), "n": len(NASTY)}]
    export(api.as_("registrar"), "courses")
    assert university.row("SELECT count(*) FROM disclosure") == len(NASTY)


def test_a_withheld_result_leaves_without_its_marks(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    draft = university.insert(
        "result", enrollment_id=scene["enrollments"][0], registration_id=scene["registrations"][0],
        student_id=scene["students"][0], section_id=scene["section"], term_id=scene["term"],
        course_id=scene["course"], credits=3, grade="A", grade_points="4", total="90", outcome="pass",
        regulation_id=scene["regulation"],
    )  # fmt: skip
    university.insert("withholding", result_id=draft, reason="fee", placed_by=scene["registrar"])
    row = table(export(api.as_("registrar"), "results", query=f"?section_id={scene['section']}"))[0]
    assert (row["outcome"], row["grade"], row["total"], row["grade_points"]) == ("withheld", "", "", "")


def test_the_document_names_each_lists_filters(api: Api, scene: dict[str, Any]) -> None:
    paths = api.anonymous.get("/schema/openapi.json").json["paths"]
    described = paths["/api/exports/students.csv"]["get"]
    names = {parameter["name"] for parameter in described["parameters"]}
    assert {"program_id", "search", "ordering"} <= names
    assert not {"page_size", "cursor", "count"} & names
    assert "text/csv" in described["responses"]["200"]["content"]
