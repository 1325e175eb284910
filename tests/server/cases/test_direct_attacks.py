"""What the database makes impossible about cases for whoever writes SQL as the application's role."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests.server.cases.scene import opened, published
from tests.server.results.scene import approve, fill, results
from tests.support.api import Api
from tests.support.database import TestDatabase, server_connection
from tests.support.university import University


class Attacker:
    def __init__(self, url: str, ids: dict[str, Any]) -> None:
        self.url, self.ids = url, ids

    def stopped_by(self, *statements: str) -> str | None:
        """The constraint (or SQLSTATE) that stops these in one transaction; None when nothing does."""
        try:
            with server_connection(self.url) as connection:
                for statement in statements:
                    connection.execute(statement, self.ids)
        except psycopg.Error as error:
            return error.diag.constraint_name or error.sqlstate
        return None


@pytest.fixture
def proposed(api: Api, university: University, database_url: TestDatabase) -> Attacker:
    """A case over two results, proposed by the teacher."""
    scene, (one, two, three) = published(api, university, 3)
    changes = [{"result_id": id, "new_grade": "A"} for id in (one, two)]
    case = opened(api, kind="correction", changes=changes)
    ids = {
        "case": case["id"],
        "first": case["changes"][0]["change_id"],
        "second": case["changes"][1]["change_id"],
        "one": one,
        "three": three,
        "student": scene["students"][2],
        "department": scene["department"],
        **{name: scene[name] for name in ("head", "dean", "examcell", "registrar", "faculty", "office")},
    }
    return Attacker(database_url.app_url, ids)


def sign(stage: int, who: str, capacity: str, approved: str = "true", reason: str = "''") -> str:
    department = "%(department)s" if stage == 1 else "NULL"
    return (
        "INSERT INTO case_approval (case_id, stage, department_id, approver_id, capacity, approved, reason) "
        f"SELECT %(case)s, {stage}, {department}, %({who})s, '{capacity}', {approved}, {reason} "
        f"FROM set_config('sims.actor', %({who})s::text, true)"
    )


APPLY = "UPDATE academic_case SET state = 'applied', resolved_at = now() WHERE id = %(case)s"
REJECT = "UPDATE academic_case SET state = 'rejected', resolved_at = now() WHERE id = %(case)s"


def both(change: str) -> list[str]:
    return [
        "INSERT INTO change_approval (change_id, stage, approver_id, requester_id, capacity, approved) "
        f"SELECT %({change})s, {stage}, %({who})s, %(faculty)s, '{capacity}', true "
        f"FROM set_config('sims.actor', %({who})s::text, true)"
        for stage, who, capacity in ((1, "head", "head"), (2, "examcell", "exam_cell"))
    ]


def test_approvals_of_a_case_come_in_order_from_who_holds_the_capacity(proposed: Attacker) -> None:
    assert proposed.stopped_by(sign(2, "examcell", "exam_cell")) == "ck_case_approval_in_order"
    assert proposed.stopped_by(sign(1, "faculty", "head")) == "ck_case_approval_not_own"
    assert proposed.stopped_by(sign(1, "office", "head")) == "ck_case_approval_capacity_held"
    assert proposed.stopped_by(sign(1, "examcell", "exam_cell")) == "ck_case_approval_capacity_held"
    assert proposed.stopped_by(sign(1, "head", "head"), sign(1, "dean", "dean")) == "uq_case_approval_stage"
    assert proposed.stopped_by(sign(1, "head", "head", "false")) == "ck_case_approval_reason_to_reject"
    assert proposed.stopped_by("DELETE FROM case_approval") == "42501"


def test_a_case_is_applied_with_its_approvals_and_all_its_changes_or_not_at_all(proposed: Attacker) -> None:
    assert proposed.stopped_by(APPLY) == "ck_academic_case_has_its_approvals"
    approvals = [sign(1, "head", "head"), sign(2, "examcell", "exam_cell")]
    assert proposed.stopped_by(*approvals, APPLY) == "ck_case_changes_go_together"
    one_only = [
        *both("first"),
        "UPDATE pending_change SET status = 'approved', resolved_at = now() WHERE id = %(first)s",
        "UPDATE result SET grade = 'A', grade_points = 4, change_request_id = %(first)s WHERE id = %(one)s",
    ]
    assert proposed.stopped_by(*one_only) == "ck_case_changes_go_together"
    assert proposed.stopped_by(*approvals, APPLY, *one_only) == "ck_case_changes_go_together"
    rejection = [sign(1, "head", "head", "false", "'no'")]
    one_refused = "UPDATE pending_change SET status = 'rejected', resolved_at = now() WHERE id = %(first)s"
    assert proposed.stopped_by(*rejection, one_refused) == "ck_case_changes_go_together"
    assert proposed.stopped_by(REJECT) == "ck_academic_case_has_a_rejection"


def test_what_is_decided_stands_as_it_was_proposed(proposed: Attacker) -> None:
    edits = ["reason = 'x'", "authority = 'x'", "decision = '{}', finding = 'x'", "proposed_by = %(head)s"]
    for edit in edits:
        stopped = proposed.stopped_by(f"UPDATE academic_case SET {edit} WHERE id = %(case)s")
        assert stopped in ("ck_academic_case_stands_once_proposed", "42501"), edit
    more = (
        "INSERT INTO case_result (case_id, result_id, student_id) VALUES (%(case)s, %(three)s, %(student)s)"
    )
    assert proposed.stopped_by(more) == "ck_case_result_named_before_proposal"
    change = (
        "INSERT INTO pending_change (result_id, old_grade, new_grade, old_total, new_total, new_values, "
        "base_version, by_marks, reason, requested_by, case_id) "
        "SELECT id, grade, 'A', total::text, total::text, '{}', version, false, 'x', %(faculty)s, %(case)s "
        "FROM result WHERE id = %(three)s"
    )
    assert proposed.stopped_by(change) == "ck_pending_change_stated_before_proposal"
    moved = "UPDATE pending_change SET case_id = NULL WHERE id = %(first)s"
    assert proposed.stopped_by(moved) == "42501"
    back = "UPDATE academic_case SET state = 'requested' WHERE id = %(case)s"
    assert proposed.stopped_by(back) == "ck_academic_case_transition"
    born = (
        "INSERT INTO academic_case (kind, state, reason, requested_by) "
        "VALUES ('correction', 'proposed', 'x', %(faculty)s)"
    )
    assert proposed.stopped_by(born) == "42501"
    assert proposed.stopped_by("DELETE FROM academic_case") == "42501"
    assert proposed.stopped_by("UPDATE case_result SET open = false") == "42501"


def test_a_withholding_is_not_released_while_its_case_is_open(
    api: Api, university: University, database_url: TestDatabase
) -> None:
    scene = university.stand(students=1)
    fill(university, scene)
    approve(api, scene["section"])
    (row,) = results(api, scene["section"])
    opened(api, kind="unfair_means", result_ids=[row["id"]])
    attacker = Attacker(database_url.app_url, {"me": scene["examcell"]})
    release = "UPDATE withholding SET released_at = now(), released_by = %(me)s WHERE released_at IS NULL"
    assert attacker.stopped_by(release) == "ck_withholding_waits_for_its_case"


def test_a_student_acting_sees_and_writes_the_own_case_only(
    api: Api, university: University, database_url: TestDatabase
) -> None:
    scene, (own, other) = published(api, university, 2)
    mine = opened(api, "student", kind="recheck", result_ids=[own])["id"]
    opened(api, kind="correction", result_ids=[other])
    acting = (
        f"SELECT set_config('sims.student', '{scene['students'][0]}', true), "
        f"set_config('sims.actor', '{scene['student']}', true)"
    )
    with server_connection(database_url.app_url) as connection:
        connection.execute(acting)
        connection.execute("SET LOCAL ROLE sims_student")
        for table in ("academic_case", "case_result", "case_approval", "case_evidence", "evidence_file"):
            rows = connection.execute(f"SELECT * FROM {table}").fetchall()
            assert len(rows) == (1 if table in ("academic_case", "case_result") else 0), table
    attacker = Attacker(database_url.app_url, {"mine": mine, "other": other, "student": scene["students"][1]})
    become = [acting, "SET LOCAL ROLE sims_student"]
    approve = "UPDATE academic_case SET state = 'applied', resolved_at = now() WHERE id = %(mine)s"
    assert attacker.stopped_by(*become, approve) == "ck_academic_case_transition"
    foreign = (
        "INSERT INTO case_result (case_id, result_id, student_id) VALUES (%(mine)s, %(other)s, %(student)s)"
    )
    assert attacker.stopped_by(*become, foreign) == "42501"
    sign_it = (
        "INSERT INTO case_approval (case_id, stage, approver_id, capacity, approved) "
        "VALUES (%(mine)s, 2, 1, 'registrar', true)"
    )
    assert attacker.stopped_by(*become, sign_it) == "42501"
    with server_connection(database_url.app_url) as connection:
        connection.execute("SET LOCAL ROLE sims_student")
        assert connection.execute("SELECT count(*) FROM academic_case").fetchone() == (0,)
