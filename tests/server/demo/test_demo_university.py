"""The demo university is what the contract promises, sentence by sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sims_server.access.operations import ship_roles
from sims_server.demo import DemoRefused, install_demo
from sims_server.kernel.execute import execute_as_system
from sims_server.kernel.secrets import is_password
from tests.support.database import TestDatabase, server_database
from tests.support.university import University

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
BESIDES = {"office", "accounts", "auditor"}
NINE = {"admin", "registrar", "examcell", "dean", "head", "faculty", "faculty2", "counter", "student"}


@pytest.fixture(scope="module")
def demo(module_database_url: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[University]:
    database = server_database(module_database_url.app_url)
    data = tmp_path_factory.mktemp("demo")
    execute_as_system(database, ship_roles, None, action="roles.ship", data=data)
    install_demo(database, data)
    yield University(database)
    database.close()


# The open sheets of the open term that faculty (lead) and faculty2 share.
SHARED = """
SELECT s.id, s.weights_total, s.seats_taken, c.department_id FROM section s JOIN sheet h ON h.section_id =
s.id AND h.state = 'open'
  JOIN term t ON t.id = s.term_id AND t.status = 'open' JOIN course c ON c.id = s.course_id
  JOIN section_staff f ON f.section_id = s.id JOIN account a ON a.id = f.account_id AND a.username =
  'faculty' AND f.role = 'lead'
  JOIN section_staff g ON g.section_id = s.id JOIN account b ON b.id = g.account_id AND b.username =
  'faculty2'
"""


@pytest.mark.parametrize(
    ("table", "count"),
    [("department", 6), ("program", 20), ("course", 120), ("section", 150), ("student", 3000)],
)
def test_it_is_as_large_as_promised(demo: University, table: str, count: int) -> None:
    assert demo.row(f"SELECT count(*) FROM {table}") == count


def test_every_name_is_in_two_scripts(demo: University) -> None:
    assert (
        demo.row(
            "SELECT count(*) FROM student WHERE name_native ~ '[\u0600-\u06ff]' AND name ~ '^[A-Za-z ]+$'"
        )
        == 3000
    )


def test_the_earlier_term_is_closed_and_published(demo: University) -> None:
    assert demo.rows(
        "SELECT t.status, count(*) FILTER (WHERE r.state = 'published') > 5000 AS published, "
        "count(*) FILTER (WHERE r.state = 'draft') > 0 AS drafts FROM result r JOIN term t ON "
        "t.id = r.term_id GROUP BY 1 ORDER BY 1"
    ) == [
        {"status": "closed", "published": True, "drafts": False},
        {"status": "open", "published": False, "drafts": True},
    ]
    assert demo.row("SELECT count(*) FROM registration WHERE cgpa IS NOT NULL") == 2250


def test_sheets_of_the_open_term_are_in_every_state_with_drafts_where_approved(demo: University) -> None:
    rows = demo.rows(
        "SELECT h.state, bool_and((SELECT count(*) FROM result r WHERE r.section_id = s.id) = "
        "CASE h.state WHEN 'approved' THEN s.seats_taken ELSE 0 END) AS right FROM sheet h JOIN "
        "section s ON s.id = h.section_id JOIN term t ON t.id = s.term_id WHERE t.status = 'open' "
        "GROUP BY 1 ORDER BY 1"
    )
    assert rows == [{"state": state, "right": True} for state in ("approved", "open", "submitted")]


def test_an_account_of_every_role_signs_in_with_the_demo_password(demo: University) -> None:
    hashes = {
        row["username"]: row["password_hash"]
        for row in demo.rows(
            "SELECT a.username, c.password_hash FROM account a, account_credentials(a.username) c "
            "WHERE NOT a.disabled"
        )
    }
    assert hashes.keys() >= NINE
    assert {name for name in hashes if is_password(hashes[name], "sims-demo-2026")} == NINE | BESIDES
    assert demo.row("SELECT value FROM setting WHERE key = 'security.require_otp'") is False
    assert demo.row("SELECT demo FROM system")


def test_every_open_sheet_the_two_share_is_as_promised(demo: University) -> None:
    shared = demo.rows(SHARED)
    assert shared
    home = demo.row(
        "SELECT department_id FROM account_role g JOIN account a ON a.id = g.account_id WHERE "
        "a.username = 'head'"
    )
    for section in shared:
        assert (section["weights_total"], section["department_id"]) == (100, home)
        assert section["seats_taken"] >= 20
    ids = [section["id"] for section in shared]
    assert (
        demo.row(
            "SELECT count(*) FROM enrollment WHERE section_id = ANY (%(ids)s) AND status <> 'enrolled'",
            ids=ids,
        )
        == 0
    )
    assert (
        demo.row(
            (
                "SELECT count(*) FROM assessment WHERE section_id = ANY (%(ids)s) AND (locked_at IS "
                "NOT NULL OR entered_by <> 'faculty')"
            ),
            ids=ids,
        )
        == 0
    )
    assert demo.row("SELECT count(*) FROM sync_presence") == 0
    assert (
        demo.row(
            "SELECT count(*) FROM section_staff f JOIN account a ON a.id = f.account_id WHERE "
            "a.username = 'head'"
        )
        == 0
    )


def test_the_open_terms_dates_lie_ahead(demo: University) -> None:
    assert demo.row(
        "SELECT least(enroll_until, drop_until, withdraw_until, marks_due) > current_date FROM "
        "term WHERE status = 'open'"
    )


def test_faculty_has_published_results_in_the_department_of_head(demo: University) -> None:
    assert (
        demo.row(
            "SELECT count(*) FROM result r JOIN section_staff f ON f.section_id = r.section_id "
            "JOIN account a ON a.id = f.account_id AND a.username = 'faculty' JOIN course c ON "
            "c.id = r.course_id JOIN account_role g ON g.department_id = c.department_id JOIN "
            "account h ON h.id = g.account_id AND h.username = 'head' WHERE r.state = 'published'"
        )
        > 20
    )


def test_student_is_one_of_them_with_results(demo: University) -> None:
    assert demo.row(
        "SELECT r.cgpa > 0 FROM account a JOIN registration r ON r.student_id = a.student_id "
        "WHERE a.username = 'student'"
    )


def test_a_few_holds_of_each_kind_stand(demo: University) -> None:
    assert demo.row(
        "SELECT bool_and(n > 1) FROM (SELECT k.kind, count(h.id) AS n FROM hold_kind k LEFT JOIN "
        "hold h ON h.kind = k.kind AND h.lifted_at IS NULL GROUP BY 1) x"
    )


def test_installing_it_again_does_nothing(demo: University, tmp_path: Path) -> None:
    before = demo.row("SELECT count(*) FROM audit")
    install_demo(demo.database, tmp_path)
    assert demo.row("SELECT count(*) FROM audit") == before


def test_it_is_never_mixed_with_a_real_record(university: University, tmp_path: Path) -> None:
    university.student("Somebody Real")
    with pytest.raises(DemoRefused):
        install_demo(university.database, tmp_path)
    assert university.row("SELECT demo FROM system") is False


def test_every_program_has_a_curriculum_and_people_apply_in_every_state(demo: University) -> None:
    assert demo.row("SELECT count(DISTINCT program_id) FROM curriculum_course") == 20
    semesters = demo.rows(
        "SELECT semester, count(*) AS courses FROM curriculum_course u JOIN program p ON p.id = u.program_id "
        "WHERE p.code = 'BSCS' GROUP BY 1 ORDER BY 1"
    )
    assert [row["courses"] for row in semesters] == [3, 2] * 4
    states = demo.rows("SELECT status FROM applicant GROUP BY 1 ORDER BY 1")
    assert [row["status"] for row in states] == [
        "accepted",
        "applied",
        "offered",
        "rejected",
        "shortlisted",
        "withdrawn",
    ]
    assert demo.row("SELECT count(*) FROM applicant WHERE registration_id IS NOT NULL") == 0


def test_the_counter_has_a_paper_nobody_came_for_and_a_name_waits(demo: University) -> None:
    assert demo.rows("SELECT tray, collected_by FROM request WHERE status = 'completed'") == [
        {"tray": "A-1", "collected_by": None}
    ]
    assert demo.rows("SELECT type, missing, promised_on FROM request WHERE missing <> '{}'") == [
        {"type": "degree", "missing": ["attested CNIC"], "promised_on": None}
    ]
    assert demo.row("SELECT count(*) FROM name_correction WHERE status = 'pending'") == 1


def test_work_is_under_way_for_head_controller_and_registrar(demo: University) -> None:
    """And none of it on a sheet or a result of the two who teach together."""
    assert demo.rows(
        "SELECT EXISTS (SELECT FROM change_approval a WHERE a.change_id = p.id) AS signed_once, p.status "
        "FROM pending_change p ORDER BY p.id"
    ) == [{"signed_once": False, "status": "pending"}, {"signed_once": True, "status": "pending"}]
    assert demo.rows("SELECT kind, state FROM academic_case ORDER BY id") == [
        {"kind": "recheck", "state": "proposed"},
        {"kind": "recheck", "state": "proposed"},
        {"kind": "unfair_means", "state": "requested"},
    ]
    assert demo.row("SELECT count(*) FROM assessment WHERE locked_at IS NOT NULL") == 2
    assert (
        demo.row(
            "SELECT count(*) FROM section_staff f JOIN account a ON a.id = f.account_id AND a.username IN "
            "('faculty', 'faculty2') WHERE f.section_id IN (SELECT r.section_id FROM pending_change p JOIN "
            "result r ON r.id = p.result_id UNION SELECT section_id FROM assessment WHERE locked_at IS NOT "
            "NULL UNION SELECT r.section_id FROM case_result c JOIN result r ON r.id = c.result_id)"
        )
        == 0
    )
