"""Results from before this system: as recorded, by two people; what the regulation would say is listed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sims_server.imports.operations import run_import
from sims_server.kernel.jobs import run_job
from tests.support.api import Api, Client
from tests.support.brought import bring_result
from tests.support.database import TestDatabase, server_connection
from tests.support.university import University

# Two terms: 4.00 x 4 and 2.70 x 3 make 3.44; 3.00 x 4 more makes 3.28. The office once printed 2.87.
FILE = (
    "reg_no,term,course_code,course_title,credits,grade,grade_points,total,outcome,sgpa,cgpa\n"
    "2024-CS-0001,Fall 2022,CS-101,Programming I,4,A,4.00,86,pass,,\n"
    "2024-CS-0001,Fall 2022,MT-111,,3,B-,2.70,66.5,pass,,\n"
    "2024-CS-0001,Fall 2022,,,,,,,,3.44,3.44\n"
    "2024-CS-0001,Spring 2023,CS-102,,4,B,3.00,71,pass,3.00,2.87\n"
    "2024-CS-0002,Fall 2022,CS-101,,4,F,0,31,fail,,\n"
    "2024-CS-0002,Spring 2023,CS-101,,4,C,2.00,58,pass,,\n"
)


@pytest.fixture
def scene(api: Api, university: University) -> dict[str, Any]:
    scene = university.stand(students=3)
    for name, start in (("Fall 2022", date(2022, 9, 1)), ("Spring 2023", date(2023, 2, 1))):
        university.term(
            name, start_date=start, end_date=date(2023, 7, 1), status="closed",
            enroll_until=None, drop_until=None, withdraw_until=None, marks_due=None,
        )  # fmt: skip
    for code, credits in (("MT-111", 3), ("CS-102", 4)):
        university.course(scene["department"], code, credits)
    university.account("examcell2", "exam_cell")
    return scene


def preview(api: Api, client: Client, content: str = FILE) -> dict[str, Any]:
    made = client.post(
        "/api/imports/", files={"file": ("old.csv", content.encode())}, data={"kind": "results_history"}
    )
    assert made.status == 201, made.content
    run_job(api.database, api.data, made.json["job_id"])
    shown: dict[str, Any] = client.get(f"/api/imports/{made.json['id']}/").json
    return shown


def bring(api: Api, content: str = FILE) -> dict[str, Any]:
    """Proposed by the registrar, confirmed by the examination cell, committed."""
    registrar, examcell = api.as_("registrar"), api.as_("examcell")
    shown = preview(api, registrar, content)
    assert shown["faults"] == [], shown["faults"]
    path, plan = f"/api/imports/{shown['id']}/", {"plan_hash": shown["plan_hash"]}
    proposed = registrar.post(f"{path}commit/", plan)
    assert (proposed.status, proposed.json["status"]) == (202, "previewed")
    confirmed = examcell.post(f"{path}commit/", plan)
    assert confirmed.status == 202, confirmed.content
    run_job(api.database, api.data, confirmed.json["job_id"])
    view: dict[str, Any] = examcell.get(path).json
    assert view["status"] == "committed", view
    return view


def test_two_people_commit_results_as_they_were_recorded(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    view = bring(api)
    assert (view["proposed_by"]["name"], view["confirmed_by"]["name"]) == ("Registrar", "Examcell")
    rows = university.rows(
        "SELECT g.reg_no, c.code, r.attempt, r.grade, r.grade_points, r.total, r.outcome, r.source, r.state, "
        "r.recorded_title FROM result r JOIN registration g ON g.id = r.registration_id "
        "JOIN course c ON c.id = r.course_id JOIN term t ON t.id = r.term_id "
        "WHERE g.reg_no = '2024-CS-0002' OR c.code = 'MT-111' ORDER BY g.reg_no, t.start_date"
    )
    assert [(row["code"], row["attempt"], row["grade"], row["outcome"]) for row in rows] == [
        ("MT-111", 1, "B-", "pass"),
        ("CS-101", 1, "F", "fail"),
        ("CS-101", 2, "C", "pass"),
    ]
    assert (rows[0]["total"], rows[0]["grade_points"], rows[0]["source"], rows[0]["state"]) == (
        Decimal("66.5"),
        Decimal("2.70"),
        "legacy",
        "published",
    )
    assert university.row("SELECT cgpa FROM registration WHERE reg_no = '2024-CS-0001'") == Decimal("2.87")
    counts = university.rows(
        "SELECT coalesce(k.counts, 'counted') AS counts FROM result r JOIN registration g ON g.id = "
        "r.registration_id LEFT JOIN result_counting k ON k.result_id = r.id "
        "WHERE g.reg_no = '2024-CS-0002' ORDER BY r.attempt"
    )
    assert counts == [{"counts": "replaced"}, {"counts": "counted"}]


def test_g42_the_recorded_cgpa_stands_and_the_difference_is_listed(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    shown = preview(api, api.as_("registrar"))
    listed = api.as_("registrar").get(shown["differences"]).json["results"]
    expected = [("2024-CS-0001", "Spring 2023", "cgpa", "2.87", "3.28")]
    seen = [(d["reg_no"], d["term"], d["figure"], d["recorded"], d["recomputed"]) for d in listed]
    assert seen == expected
    view = bring(api)
    listed = api.as_("examcell").get(view["differences"]).json["results"]
    assert [(d["reg_no"], d["term"], d["figure"], d["recorded"], d["recomputed"]) for d in listed] == expected
    stored = university.rows("SELECT sgpa, cgpa, import_id FROM term_result ORDER BY id")
    assert [(str(row["sgpa"]), str(row["cgpa"]), row["import_id"]) for row in stored] == [
        ("3.44", "3.44", view["id"]),
        ("3.00", "2.87", view["id"]),
    ]


def test_the_transcript_prints_what_was_recorded(api: Api, scene: dict[str, Any]) -> None:
    from sims_server.transcripts.queries import read_record
    from sims_server.transcripts.rules import _summary, _terms

    bring(api)
    record = api.run(lambda work, _: read_record(work, scene["students"][0]), None)
    first, second = _terms(record)
    assert [(row.title, row.grade, row.note) for row in first.rows] == [
        ("Programming I", "A", "as recorded"),
        ("Course MT-111", "B-", "as recorded"),
    ]
    assert (second.sgpa, second.cgpa, second.recorded) == ("3.00", "2.87", True)
    assert (_summary(record).cgpa, _summary(record).derivation) == ("2.87", "as recorded and declared")


def test_one_person_never_commits(api: Api, scene: dict[str, Any], university: University) -> None:
    registrar = api.as_("registrar")
    shown = preview(api, registrar)
    path, plan = f"/api/imports/{shown['id']}/commit/", {"plan_hash": shown["plan_hash"]}
    assert registrar.post(path, plan).json["proposed_by"]["name"] == "Registrar"
    again = registrar.post(path, plan)
    assert (again.status, again.code) == (409, "imports.own_proposal")
    for outsider, status in (("admin", 404), ("accounts", 404), ("head", 403), ("faculty", 403)):
        assert api.as_(outsider).post(path, plan).status == status, outsider
    assert university.row("SELECT count(*) FROM result") == 0


def test_a_proposal_is_of_one_plan(api: Api, scene: dict[str, Any], university: University) -> None:
    registrar = api.as_("registrar")
    shown = preview(api, registrar)
    path, plan = f"/api/imports/{shown['id']}/commit/", {"plan_hash": shown["plan_hash"]}
    registrar.post(path, plan)
    bring_result(
        university, registration_id=scene["registrations"][0], student_id=scene["students"][0],
        term_id=scene["term"], course_id=scene["course"], credits=3, outcome="pass", grade="B",
        regulation_id=scene["regulation"], state="published", published_at="2026-01-01",
        published_by=scene["examcell"],
    )  # fmt: skip
    university.run("UPDATE term SET name = 'Autumn 2022' WHERE name = 'Fall 2022'")
    assert api.as_("examcell").post(path, plan).code == "imports.stale"


def test_again_changes_nothing_and_otherwise_is_a_fault(
    api: Api, scene: dict[str, Any], university: University, tmp_path: Path
) -> None:
    bring(api)
    again = preview(api, api.as_("registrar"))
    assert again["counts"]["same"] == again["counts"]["rows"] == 6
    otherwise = preview(
        api,
        api.as_("registrar"),
        FILE.replace(",B-,", ",B,").replace("3.44,3.44", "3.45,3.44")
        + "2024-CS-0003,Fall 1999,XX-1,,3,A,4,90,pass,,\n2024-CS-0003,Fall 2022,,,,,,,,,\n"
        + "2024-CS-0003,Spring 2023,MT-111,,,A,4,90,,3.00,\n2024-CS-0003,Spring 2023,,,,,,,,3.10,\n",
    )
    assert {(fault["pointer"], fault["code"]) for fault in otherwise["faults"]} == {
        ("row 3, column course_code", "recorded_otherwise"),
        ("row 4, column sgpa", "recorded_otherwise"),
        ("row 8, column term", "unknown"),
        ("row 8, column course_code", "unknown"),
        ("row 9, column course_code", "missing"),
        ("row 10, column credits", "missing"),
        ("row 10, column outcome", "missing"),
        ("row 10, column sgpa", "contradicts"),
        ("row 11, column sgpa", "contradicts"),
    }


def test_what_was_brought_is_never_taken_out(api: Api, scene: dict[str, Any]) -> None:
    view = bring(api)
    refused = api.as_("registrar").post(f"/api/imports/{view['id']}/undo/")
    assert (refused.status, refused.code) == (409, "imports.not_undoable")
    assert "change request" in refused.json["detail"]


def test_the_command_line_leaves_old_results_to_two_people_and_is_done_when_they_are(
    api: Api,
    scene: dict[str, Any],
    university: University,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "old.csv"
    path.write_text(FILE, encoding="utf-8")
    for _ in range(2):  # given again, it is the same import that waits
        assert run_import(api.database, "results_history", path, api.data) == 3
        (batch,) = university.rows("SELECT id, status, plan_hash, created_by FROM import_batch")
        assert (batch["status"], batch["created_by"]) == ("previewed", None)
        said = capsys.readouterr()
        assert (said.out, f"POST /api/imports/{batch['id']}/commit/" in said.err) == ("", True)
    assert university.row("SELECT count(*) FROM result") == 0
    # What it says to do is what is to be done.
    for who in ("registrar", "examcell"):
        body = {"plan_hash": api.as_(who).get(f"/api/imports/{batch['id']}/").json["plan_hash"]}
        committed = api.as_(who).post(f"/api/imports/{batch['id']}/commit/", body)
        assert committed.status == 202, committed.content
    run_job(api.database, api.data, committed.json["job_id"])
    assert api.as_("registrar").get(f"/api/imports/{batch['id']}/").json["status"] == "committed"
    assert run_import(api.database, "results_history", path, api.data) == 0
    assert "0 new" in capsys.readouterr().out


def test_the_application_cannot_bring_results_alone(
    api: Api, scene: dict[str, Any], university: University, database_url: TestDatabase
) -> None:
    """Straight into the table, with a batch of its own making, as one person, in one transaction, or into a
    batch that was committed before."""
    committed = bring(api)["id"]
    row = (
        "INSERT INTO result (registration_id, student_id, term_id, course_id, credits, outcome, source, "
        "regulation_id, grade, state, published_at, published_by, import_id) VALUES "
        f"({scene['registrations'][2]}, {scene['students'][2]}, {scene['term']}, {scene['course']}, "
        f"3, 'pass', 'legacy', {scene['regulation']}, 'A', 'published', now(), {scene['examcell']}, "
        "{batch})"
    )
    batch = "INSERT INTO import_batch (kind, file_name, file{0}) VALUES ('results_history', 'x', ''{1})"
    averages = (
        "INSERT INTO term_result (registration_id, term_id, sgpa, cgpa{0}) "
        f"VALUES ({scene['registrations'][2]}, {scene['term']}, 4, 4{{1}})"
    )
    acting = "SELECT set_config('sims.actor', '{0}', true)"
    first, second, outsider = scene["registrar"], scene["examcell"], scene["faculty"]
    made = university.insert("import_batch", kind="results_history", file_name="x", file=b"")
    ready = "UPDATE import_batch SET status = 'previewed', plan_hash = 'p' WHERE id = {0}"
    propose = "UPDATE import_batch SET proposed_by = {1}, proposed_at = now() WHERE id = {0}"
    confirm = "UPDATE import_batch SET confirmed_by = {1}, confirmed_at = now() WHERE id = {0}"
    commit = "UPDATE import_batch SET status = 'committed', committed_at = now() WHERE id = {0}"
    attacks: tuple[tuple[str, ...], ...] = (
        (row.format(batch="NULL"),),
        (row.format(batch=committed),),
        (row.format(batch=made),),
        (batch.format(", status", ", 'committed'"),),
        (batch.format(", proposed_by, proposed_at", f", {first}, now()"),),
        (ready.format(made), commit.format(made)),
        # Both in one transaction, whoever it claims to be.
        (
            ready.format(made),
            acting.format(first),
            propose.format(made, first),
            acting.format(second),
            confirm.format(made, second),
        ),
        # For another, and by somebody of neither office.
        (ready.format(made), acting.format(first), propose.format(made, second)),
        (ready.format(made), acting.format(outsider), propose.format(made, outsider)),
        ("UPDATE result SET import_id = NULL",),
        (averages.format("", ""),),
        (averages.format(", import_id", f", {committed}"),),
    )
    with server_connection(database_url.app_url) as app:
        for attack in attacks:
            for statement in attack[:-1]:
                app.execute(statement)
            with pytest.raises(psycopg.Error) as refused:
                app.execute(attack[-1])
            assert refused.value.sqlstate in ("23514", "42501"), attack
            app.rollback()
        # Proposed lawfully, and confirmed by the same person.
        app.execute(ready.format(made))
        app.execute(acting.format(first))
        app.execute(propose.format(made, first))
        app.commit()
        app.execute(acting.format(first))
        with pytest.raises(psycopg.errors.CheckViolation):
            app.execute(confirm.format(made, first))
        app.rollback()
        # Another plan is not what was proposed.
        app.execute(f"UPDATE import_batch SET plan_hash = 'q' WHERE id = {made}")
        app.commit()
        app.execute(acting.format(second))
        with pytest.raises(psycopg.errors.CheckViolation):
            app.execute(confirm.format(made, second))
