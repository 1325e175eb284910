"""What PostgreSQL refuses the application's own role, by direct SQL: the database is right last."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests.support.database import TestDatabase, server_connection
from tests.support.university import University

Scene = dict[str, Any]
INSERT = (
    "INSERT INTO assessment_score (section_id, enrollment_id, assessment_id, max_score, mark, score) "
    "SELECT a.section_id, %(e)s, a.id, {maximum}, %(mark)s, %(score)s FROM assessment a WHERE a.id = %(a)s"
)


NO_PATH = (
    "DELETE FROM assessment_score",
    "TRUNCATE assessment_score",
    "UPDATE assessment_score SET version = 1",
    "UPDATE assessment_score SET updated_by = 1",
    "UPDATE assessment_score SET enrollment_id = enrollment_id + 1",
    "DELETE FROM assessment_score_version",
    "UPDATE assessment_score_version SET score = 20",
    "INSERT INTO assessment_score_version (version) VALUES (9)",
    "UPDATE sync_receipt SET outcome = ''",
    "DELETE FROM sync_receipt",
    "UPDATE sync_conflict SET my_score = 1",
    "DELETE FROM sync_conflict",
    "UPDATE sheet SET rev = 0",
    "UPDATE sheet SET digest = 0",
    "DELETE FROM sheet",
    "UPDATE sheet_version SET reason = ''",
    "DELETE FROM sheet_change",
    "UPDATE audit SET actor_name = 'nobody'",
    "DELETE FROM audit",
    "UPDATE section SET weights_total = 0",
    "DELETE FROM enrollment",
    "UPDATE sync_device SET account_id = 1",
)


@pytest.fixture
def scene(university: University) -> Scene:
    found = university.stand(students=2)
    university.score(found["enrollments"][0], found["assessments"][0], 12)
    return found


def refused(database: TestDatabase, sql: str, **values: Any) -> str:
    """The constraint (or the error's class) by which `sql` is refused."""
    with server_connection(database.app_url) as connection:
        try:
            connection.execute(sql, values)
            connection.commit()
        except psycopg.Error as error:
            return error.diag.constraint_name or type(error).__name__
    return "nothing refused it"


def test_a_mark_that_is_none(scene: Scene, database_url: TestDatabase) -> None:
    cell = {"e": scene["enrollments"][1], "a": scene["assessments"][0]}
    wrong = {
        ("scored", "20.01"): "ck_assessment_score_within_maximum",
        ("scored", "-0.01"): "ck_assessment_score_within_maximum",
        ("scored", "NaN"): "ck_assessment_score_within_maximum",
        (None, "5"): "ck_assessment_score_iff_scored",
        ("absent", "5"): "ck_assessment_score_iff_scored",
        ("scored", None): "ck_assessment_score_iff_scored",
        ("asleep", None): "ck_assessment_score_mark",
    }
    change = "UPDATE assessment_score SET mark = %(mark)s, score = %(score)s"
    for sql in (INSERT.format(maximum="a.max_score"), change):
        found = {value: refused(database_url, sql, mark=value[0], score=value[1], **cell) for value in wrong}
        assert found == wrong


def test_a_maximum_of_ones_own(scene: Scene, database_url: TestDatabase) -> None:
    cell = {"e": scene["enrollments"][1], "a": scene["assessments"][0]}
    answer = refused(database_url, INSERT.format(maximum="99"), **cell, mark="scored", score=50)
    assert answer == "fk_assessment_score_assessment"
    assert refused(database_url, "UPDATE assessment_score SET max_score = 99") == "InsufficientPrivilege"


def test_lowering_a_maximum_below_a_score(scene: Scene, database_url: TestDatabase) -> None:
    change = "UPDATE assessment SET max_score = 11 WHERE id = %(a)s"
    assert refused(database_url, change, a=scene["assessments"][0]) == "ck_assessment_score_within_maximum"


def test_no_path_to_evidence(scene: Scene, database_url: TestDatabase) -> None:
    found = {sql: refused(database_url, sql) for sql in NO_PATH}
    assert found == dict.fromkeys(NO_PATH, "InsufficientPrivilege")


def test_append_only_tables_say_so_to_their_owner_too(scene: Scene, database_url: TestDatabase) -> None:
    for table in ("assessment_score_version", "sync_receipt", "sync_conflict", "sheet_version"):
        with (
            psycopg.connect(database_url.owner_url) as owner,
            pytest.raises(psycopg.Error, match="append-only"),
        ):
            owner.execute(f"DELETE FROM {table}")


def close(university: University, scene: Scene) -> None:
    university.run(
        "UPDATE sheet SET state = 'submitted', submitted_by = %(by)s, submitted_at = now()",
        by=scene["faculty"],
    )


def test_writing_to_a_closed_sheet(scene: Scene, database_url: TestDatabase, university: University) -> None:
    close(university, scene)
    assert (
        refused(database_url, "UPDATE assessment_score SET score = 13") == "ck_assessment_score_sheet_is_open"
    )
    cell = {"e": scene["enrollments"][1], "a": scene["assessments"][0]}
    anew = refused(database_url, INSERT.format(maximum="a.max_score"), **cell, mark="absent", score=None)
    assert anew == "ck_assessment_score_sheet_is_open"


def test_joining_or_leaving_a_closed_sheet(
    scene: Scene, database_url: TestDatabase, university: University
) -> None:
    late = university.registration(university.student(), scene["program"], scene["regulation"])
    close(university, scene)
    leave = "UPDATE enrollment SET status = 'dropped', ended_at = now()"
    assert refused(database_url, leave) == "ck_enrollment_sheet_is_open"
    join = (
        "INSERT INTO enrollment (student_id, registration_id, section_id, term_id, course_id) "
        "SELECT r.student_id, r.id, s.id, s.term_id, s.course_id FROM registration r, section s "
        "WHERE r.id = %(r)s"
    )
    assert refused(database_url, join, r=late) == "ck_enrollment_sheet_is_open"


def test_a_sheet_goes_no_other_way_than_its_own(
    scene: Scene, database_url: TestDatabase, university: University
) -> None:
    leap = (
        "UPDATE sheet SET state = 'approved', submitted_by = %(f)s, submitted_at = now(), "
        "approved_by = %(h)s, approved_at = now()"
    )
    assert refused(database_url, leap, f=scene["faculty"], h=scene["head"]) == "ck_sheet_transition"
    close(university, scene)
    approve = "UPDATE sheet SET state = 'approved', approved_by = %(by)s, approved_at = now()"
    assert refused(database_url, approve, by=scene["faculty2"]) == "ck_sheet_approver_does_not_teach"
    assert refused(database_url, approve, by=scene["faculty"]) in (
        "ck_sheet_approver_does_not_teach",
        "ck_sheet_approver_is_not_submitter",
    )
    university.run("UPDATE section_staff SET until = now()")
    assert refused(database_url, approve, by=scene["faculty"]) == "ck_sheet_approver_may_approve"
    university.run(
        "INSERT INTO account_role (account_id, role_id, department_id) "
        "SELECT %(f)s, id, %(d)s FROM role WHERE name = 'head'",
        f=scene["faculty"],
        d=scene["department"],
    )
    assert refused(database_url, approve, by=scene["faculty"]) == "ck_sheet_approver_is_not_submitter"


def test_a_receipt_leaves_no_gap(scene: Scene, database_url: TestDatabase) -> None:
    insert = (
        "WITH d AS (INSERT INTO sync_device (client_id, account_id) VALUES (gen_random_uuid(), %(by)s) "
        "RETURNING client_id) "
        "INSERT INTO sync_receipt (client_id, section_id, mid, account_id, body_hash, outcome) "
        "SELECT client_id, %(s)s, 2, %(by)s, '', '' FROM d"
    )
    assert refused(database_url, insert, by=scene["faculty"], s=scene["section"]) == "ck_sync_receipt_no_gap"


def test_every_write_by_psql_leaves_version_and_audit(
    scene: Scene, database_url: TestDatabase, university: University
) -> None:
    before = university.row("SELECT count(*) FROM audit WHERE entity = 'assessment_score'")
    with server_connection(database_url.app_url) as connection:
        connection.execute("UPDATE assessment_score SET score = 13.5")
    versions = university.rows(
        "SELECT version, score, by_account_id FROM assessment_score_version ORDER BY id"
    )
    assert [(row["version"], str(row["score"])) for row in versions] == [(1, "12.00"), (2, "13.50")]
    audited = university.rows("SELECT * FROM audit WHERE entity = 'assessment_score' ORDER BY id")
    assert len(audited) == before + 1
    assert audited[-1]["actor_name"] == "database:sims_app"
    assert audited[-1]["changes"] == {"score": [12.0, 13.5], "version": [1, 2]}
