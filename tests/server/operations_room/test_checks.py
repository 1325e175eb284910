"""`sims server check`: it finds nothing in a sound record, and each invariant finds what breaks it.

Broken rows are written as the superuser with triggers and foreign keys switched off, as a damaged disk
or a careless hand would leave them, and rolled back after the look.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from sims_server.access.operations import ship_roles
from sims_server.kernel.database import Connection, Database
from sims_server.kernel.execute import execute_as_system
from sims_server.operations_room.operations import run_checks
from sims_server.operations_room.operations.checking import (
    CGPA,
    COUNTS,
    COUNTS_SENTENCE,
    broken_invariants,
)
from sims_server.operations_room.queries.invariants import INVARIANTS, Invariant, broken_rows
from tests.server.results.scene import approve, fill, publish
from tests.support.api import Api
from tests.support.database import TestDatabase, server_database
from tests.support.university import University

DOCUMENT = """
WITH d AS (
  INSERT INTO issued_document (serial, status_index, student_id, registration_id, document, purpose, content,
    content_sha256, sha256,
    qr_text, check_code, verify_url, pdf_key_id, qr_key_id, issued_at)
  SELECT 'A-1', 0, student_id, registration_id, 'transcript', 'test', '{}', encode(sha256('{}'), 'hex'),
  encode(sha256('pdf'), 'hex'),
         'qr', 'ABCDEFGH', 'https://x/V/1', 'p', 'q', now() FROM result ORDER BY id LIMIT 1 RETURNING id),
f AS (INSERT INTO issued_document_file (document_id, pdf) SELECT id, 'pdf' FROM d)
INSERT INTO issued_document_result (document_id, result_id, total, grade)
SELECT d.id, r.id, '75', r.grade FROM d, (SELECT * FROM result ORDER BY id LIMIT 1) r RETURNING result_id AS
id
"""
CHANGED = """
INSERT INTO result_version (result_id, version, cause, state, outcome, new_total, new_grade, grade_points,
change_request_id)
SELECT id, version + 1, 'change', state, outcome, '99', 'A', 4, 77 FROM result ORDER BY id LIMIT 1
"""
REQUEST = """
INSERT INTO pending_change (result_id, new_values, base_version, by_marks, reason, requested_by, status,
resolved_at, applied_in)
SELECT r.id, '{}', 1, false, 'x', a.id, 'approved', now(), pg_current_xact_id() FROM result r, account a
ORDER BY r.id, a.id LIMIT 1
"""
RECEIPT = """
INSERT INTO sync_device (client_id, account_id) SELECT '00000000-0000-0000-0000-000000000001', min(id) FROM
account;
INSERT INTO sync_receipt (client_id, section_id, mid, account_id, body_hash, outcome)
SELECT '00000000-0000-0000-0000-000000000001', s.id, {mid}, (SELECT {whose}(id) FROM account), '', '' FROM
section s LIMIT 1
"""
MARKED = """
INSERT INTO attendance (section_id, class_session_id, student_id, status)
SELECT section_id, 77, student_id, 'present' FROM enrollment LIMIT 1
"""
SHORT = """
UPDATE enrollment SET status = 'enrolled';
INSERT INTO eligibility_list (section_id, version) SELECT min(id), 1 FROM section;
INSERT INTO eligibility_row (list_id, section_id, student_id, registration_id, regulation_id, outcome, total,
attended, threshold) SELECT l.id, l.section_id, e.student_id, e.registration_id, 1, 'short', 2, 1, 75
FROM eligibility_list l JOIN enrollment e USING (section_id)
"""
ADMITTED_ELSEWHERE = """
INSERT INTO applicant (name, program_id, term_id, status, student_id, registration_id, admitted_at)
SELECT 'x', r.program_id + 77, e.term_id, 'accepted', r.student_id, r.id, now()
FROM registration r JOIN enrollment e ON e.registration_id = r.id LIMIT 1
"""
LENT_BY_NOBODY = """
INSERT INTO account_role (account_id, role_id, department_id, valid_from, valid_until, delegation_id,
delegated_by) SELECT g.account_id, g.role_id, g.department_id, current_date, current_date, 77, g.account_id
FROM account_role g WHERE g.department_id IS NOT NULL LIMIT 1
"""
# A case as the application writes one, in a state that nothing led to.
CASE = """
INSERT INTO academic_case (kind, state, reason, requested_by, proposed_by, proposed_at, resolved_at,
applied_in)
SELECT '{kind}', 'applied', 'x', min(id), min(id), now(), now(), pg_current_xact_id() FROM account
"""
OPEN_WHEN_DECIDED = (
    CASE.format(kind="correction")
    + """;
INSERT INTO case_result (case_id, result_id, student_id) SELECT c.id, r.id, r.student_id
FROM academic_case c, (SELECT * FROM result ORDER BY id LIMIT 1) r
"""
)
NOT_DECIDED_WITH_IT = (
    CASE.format(kind="correction")
    + """;
INSERT INTO pending_change (result_id, new_values, base_version, by_marks, reason, requested_by, case_id)
SELECT r.id, '{}', 1, false, 'x', c.requested_by, c.id
FROM academic_case c, (SELECT min(id) AS id FROM result) r
"""
)
CREDIT = (
    CASE.format(kind="transfer")
    + """;
INSERT INTO transfer_credit (case_id, registration_id, term_id, institution, original_course, course_id,
credits, outcome, grade) SELECT c.id, r.registration_id, r.term_id, 'x', 'x', r.course_id, 3, 'transfer', 'TR'
FROM academic_case c, (SELECT * FROM result ORDER BY id LIMIT 1) r
"""
)
TOO_SOON = """
INSERT INTO result_lapse (result_id, due_on, noticed_on, grade, outcome, ended, ended_at)
SELECT min(id), current_date - 5, current_date - 6, '', 'fail', 'lapsed', now() FROM result;
INSERT INTO pending_change (result_id, new_values, base_version, by_marks, reason, status, resolved_at,
applied_in, lapse_id) SELECT result_id, '{}', 1, false, 'x', 'approved', now(), pg_current_xact_id(), id
FROM result_lapse
"""
SCAN = """
INSERT INTO evidence_file (sha256, content) VALUES (encode(sha256('scan'), 'hex'), 'scan');
INSERT INTO case_evidence (case_id, sha256, name, media_type, size, filed_by)
SELECT 77, encode(sha256('scan'), 'hex'), 'a.pdf', 'application/pdf', 5, min(id) FROM account
"""
MERGED_IN_A_RING = """
INSERT INTO student_merge (survivor_id, duplicate_id, reason, status, requested_by, decided_by, decided_at)
SELECT s.into, s.id, 'x', 'merged', 1, 2, now()
FROM (SELECT min(id) AS id, max(id) AS into FROM student UNION ALL SELECT max(id), min(id) FROM student) s;
UPDATE student s SET merged_into = m.survivor_id FROM student_merge m WHERE m.duplicate_id = s.id
"""
MERGED_BY_NOBODY = """
UPDATE student SET merged_into = (SELECT max(id) FROM student) WHERE id = (SELECT min(id) FROM student)
"""
# For each invariant the ways to break it that must be noticed.
BREAKING: dict[str, tuple[str, ...]] = {
    "schema.validated": (
        "ALTER TABLE result DISABLE TRIGGER result_moves_lawfully",
        "ALTER TABLE term ADD CONSTRAINT later CHECK (id > 0) NOT VALID",
        "ALTER TABLE result DISABLE ROW LEVEL SECURITY",
    ),
    "role.settings": (
        """DO $$ BEGIN EXECUTE
             format('ALTER ROLE sims_app IN DATABASE %I SET synchronous_commit = off', current_database())
           ; END $$""",
    ),
    "audit.triggers": (
        "ALTER TABLE student DISABLE TRIGGER zz_audit_update",
        "DROP TRIGGER zz_audit_delete ON enrollment",
    ),
    "audit.coverage": (
        "INSERT INTO student (name) VALUES ('Slipped In')",
        "DELETE FROM audit WHERE entity = 'result' AND operation = 'insert'",
    ),
    "audit.agrees": (
        "UPDATE result SET grade = 'F'",
        "UPDATE assessment_score SET score = 1 WHERE id = (SELECT min(id) FROM assessment_score)",
    ),
    "section.seats": (
        "UPDATE section SET seats_taken = seats_taken - 1",
        "DELETE FROM enrollment WHERE id = (SELECT min(id) FROM enrollment)",
    ),
    "section.weights": ("UPDATE assessment SET weight = weight + 1", "UPDATE section SET weights_total = 0"),
    "section.sheet": ("DELETE FROM sheet",),
    "sheet.digest": (
        "UPDATE assessment_score SET score = 1 WHERE id = (SELECT min(id) FROM assessment_score)",
        "UPDATE sheet SET digest = digest + 1",
        "UPDATE enrollment SET status = 'dropped', ended_at = now()",
    ),
    "student.merged": (MERGED_BY_NOBODY, MERGED_IN_A_RING),
    "sheet.approval": (
        "UPDATE sheet SET approved_by = (SELECT account_id FROM section_staff WHERE role = 'co' LIMIT 1)",
    ),
    "score.versions": (
        "UPDATE assessment_score SET version = version + 1",
        "UPDATE assessment_score SET score = 1 WHERE id = (SELECT min(id) FROM assessment_score)",
        "DELETE FROM assessment_score_version WHERE id = (SELECT min(id) FROM assessment_score_version)",
        "UPDATE assessment_score SET version = 3; UPDATE assessment_score_version SET version = 3",
        "DELETE FROM assessment_score WHERE id = (SELECT min(id) FROM assessment_score)",
    ),
    "score.bounds": ("UPDATE assessment SET max_score = 1",),
    "sync.receipts": (RECEIPT.format(mid=2, whose="min"),),
    "sync.device": (RECEIPT.format(mid=1, whose="max"),),
    "registration.current": (
        (
            "DROP INDEX uq_registration_one_current; UPDATE registration SET student_id = (SELECT min(id) "
            "FROM student)"
        ),
    ),
    "enrollment.completed": (
        "UPDATE enrollment SET status = 'enrolled'",
        "DELETE FROM result",
    ),
    "attendance.sessions": (
        "INSERT INTO class_session (section_id, held_on) SELECT min(id), '2001-01-01' FROM section",
        (
            "INSERT INTO class_session (section_id, held_on, taken_at) SELECT id, current_date, now() "
            "FROM section LIMIT 1"
        ),
    ),
    "attendance.roster": (MARKED,),
    "attendance.notified": (SHORT,),
    "applicant.admitted": (ADMITTED_ELSEWHERE,),
    "delegation.within": (LENT_BY_NOBODY,),
    "enrollment.overrides": (
        """UPDATE enrollment SET override = '{"code": "enrollment.held", "reason": "by hand"}'""",
    ),
    "enrollment.batches": ("UPDATE enrollment SET batch_id = 77",),
    "result.states": ("UPDATE sheet SET state = 'submitted', approved_by = NULL, approved_at = NULL",),
    "result.versions": (
        "DELETE FROM result_version WHERE version = 1",
        "UPDATE result SET grade = 'A', total = 99",
        "DELETE FROM result_version WHERE version = 2",
    ),
    "result.changed_by_approval": (CHANGED,),
    "result.withheld": ("INSERT INTO withholding (result_id, reason) SELECT min(id), 'fee' FROM result",),
    "change.approvals": (REQUEST,),
    "change.lapses": (
        TOO_SOON,
        (
            "INSERT INTO result_lapse (result_id, grade, outcome, ended, ended_at) "
            "SELECT min(id), 'F', 'fail', 'lapsed', now() FROM result"
        ),
    ),
    "incomplete.declared": ("UPDATE result SET outcome = 'incomplete'",),
    "case.approvals": (CASE.format(kind="correction"),),
    "case.together": (OPEN_WHEN_DECIDED, NOT_DECIDED_WITH_IT),
    "result.transferred": (
        CREDIT,
        "UPDATE result SET source = 'transfer', enrollment_id = NULL, section_id = NULL",
    ),
    "evidence.content": (SCAN,),
    "notification.content": (
        "UPDATE notification_of_result SET content = content || ' '",
        "UPDATE series SET last = last + 1 WHERE name = 'notification_of_result'",
    ),
    "term_result.versions": ("UPDATE term_result SET sgpa = 0", "DELETE FROM term_result_version"),
    "document.content": (
        "UPDATE issued_document_file SET pdf = 'other'",
        "UPDATE issued_document SET content = '[]'",
        "DELETE FROM issued_document_file",
    ),
    "document.superseded": (CHANGED,),
    "search.numbers": (
        "DELETE FROM student_number WHERE student_id = (SELECT min(id) FROM student)",
        "INSERT INTO student_number (ending, student_id) SELECT '2031-12345', min(id) FROM student",
        "UPDATE student SET phone = '0300-1112223', search_text = '0300-1112223'",
    ),
}


@pytest.fixture(scope="module")
def record(
    application: TestClient[Litestar],
    module_database_url: TestDatabase,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[TestDatabase]:
    """A section with published results and an issued document, made the way people make it."""
    database = server_database(module_database_url.app_url)
    application.app.state.database = database
    data: Path = application.app.state.data
    execute_as_system(database, ship_roles, None, action="roles.ship", data=data)
    api, university = Api(application, database, data), University(database)
    scene = university.stand(students=3)
    fill(university, scene)
    approve(api, scene["section"])
    publish(api, scene["section"])
    university.row(DOCUMENT)
    yield module_database_url
    database.close()


@pytest.fixture
def checked(record: TestDatabase) -> Iterator[Database]:
    database = server_database(record.app_url, pool_size=1)
    yield database
    database.close()


def test_a_sound_record_holds(checked: Database) -> None:
    out = io.StringIO()
    assert run_checks(checked, out) == 0, out.getvalue()
    assert out.getvalue().count("holds   ") == len(INVARIANTS) + 5
    assert "all" in out.getvalue().splitlines()[-1]


def test_every_invariant_is_broken_once_on_purpose() -> None:
    assert set(BREAKING) == {invariant.name for invariant in INVARIANTS}


@pytest.mark.parametrize(
    ("name", "harm"),
    [(name, harm) for name, harms in BREAKING.items() for harm in harms],
    ids=lambda text: text if "." in text and " " not in text else "",
)
def test_the_check_notices_what_breaks_it(record: TestDatabase, name: str, harm: str) -> None:
    invariant = next(one for one in INVARIANTS if one.name == name)
    with psycopg.connect(record.superuser_url) as driver:
        driver.execute("SET session_replication_role = replica")
        assert broken_rows(Connection(driver), invariant) == []
        for statement in harm.split(";\n"):
            driver.execute(statement)
        rows = broken_rows(Connection(driver), invariant)
        driver.rollback()
    assert rows


def test_a_table_without_statistics_is_not_read_again_for_each_row_of_another(
    checked: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Right after a demo was filled or a backup restored there are none: this check took hours there."""
    asked = Invariant("x", "y", "SELECT 1 WHERE current_setting('enable_nestloop') = 'on'")
    monkeypatch.setattr("sims_server.operations_room.operations.checking.INVARIANTS", (asked,))
    assert asked.name not in {broken.name for broken in broken_invariants(checked)}


def test_a_result_that_is_said_not_to_count_is_named(record: TestDatabase, checked: Database) -> None:
    out = io.StringIO()
    with psycopg.connect(record.superuser_url) as driver:
        driver.execute("SET session_replication_role = replica")
        harmed = driver.execute(
            "INSERT INTO result_counting (result_id, counts) SELECT min(id), 'excluded' FROM result "
            "WHERE state <> 'draft' AND id NOT IN (SELECT result_id FROM result_counting) RETURNING result_id"
        ).fetchone()
        assert harmed is not None
    try:
        assert run_checks(checked, out) == 1
    finally:
        with psycopg.connect(record.superuser_url) as driver:
            driver.execute("SET session_replication_role = replica")
            driver.execute("DELETE FROM result_counting WHERE result_id = %s", harmed)
    broken = [line for line in out.getvalue().splitlines() if line.startswith("BROKEN")]
    assert broken == [f"BROKEN  {COUNTS}: {COUNTS_SENTENCE}"]
    assert f'{{"result_id":{harmed[0]},"counts":"excluded","computed":"counted"}}' in out.getvalue()


def test_a_wrong_average_is_named_with_the_right_one(record: TestDatabase, checked: Database) -> None:
    with psycopg.connect(record.superuser_url) as driver:
        driver.execute("SET session_replication_role = replica")
        before = driver.execute("SELECT id, cgpa FROM registration ORDER BY id LIMIT 1").fetchone()
        assert before is not None
        driver.execute("UPDATE registration SET cgpa = cgpa + 0.01 WHERE id = %s", [before[0]])
    out = io.StringIO()
    try:
        assert run_checks(checked, out) == 1
    finally:
        with psycopg.connect(record.superuser_url) as driver:
            driver.execute("SET session_replication_role = replica")
            driver.execute("UPDATE registration SET cgpa = %s WHERE id = %s", [before[1], before[0]])
    broken = [line for line in out.getvalue().splitlines() if line.startswith("BROKEN")]
    assert broken == [
        f"BROKEN  {CGPA}: A registration's CGPA is what its regulation makes of its published results"
    ]
    assert f'"registration_id":{before[0]}' in out.getvalue()
    assert f'"computed":"{before[1]}"' in out.getvalue()
