"""What the database makes impossible for whoever holds the application's role and writes SQL by hand.

Each attack names the SQLSTATE that stops it: 23514 a rule of the record, 42501 a missing right or an
append-only table, 23505 and 23503 a key.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest

from tests.server.results.scene import approve, fill, publish, results
from tests.support.api import Api
from tests.support.database import TestDatabase, server_connection
from tests.support.university import University


@dataclass
class Attacker:
    """A session of the application's role, told who acts, and the scene it attacks."""

    url: str
    scene: dict[str, Any]
    ids: dict[str, Any] = field(default_factory=dict)

    def attack(self, *statements: str, sqlstate: str, constraint: str | None = None) -> None:
        """All statements in one transaction, committed; the last (or the commit) must be stopped."""
        carried_out = 0
        caught = None
        try:
            with closing(server_connection(self.url)) as connection, connection.transaction():
                for statement in statements:
                    connection.execute(statement, self.ids)
                    carried_out += 1
        except psycopg.Error as error:
            caught = error
        assert caught is not None, "nothing stopped it"
        assert carried_out >= len(statements) - 1, f"stopped early: {caught}"
        assert caught.sqlstate == sqlstate, caught
        if constraint is not None:
            assert caught.diag.constraint_name == constraint

    def allowed(self, *statements: str) -> None:
        with server_connection(self.url) as connection:
            for statement in statements:
                connection.execute(statement, self.ids)


@pytest.fixture
def published(api: Api, university: University, database_url: TestDatabase) -> Attacker:
    """A published section of two, and one draft of another section."""
    scene = university.stand(students=2)
    fill(university, scene)
    approve(api, scene["section"])
    publish(api, scene["section"])
    course = university.course(scene["department"])
    section = university.section(course, scene["term"], "A", 10, (scene["faculty"],))
    assessment = university.assessment(section)
    university.score(university.enrollment(scene["registrations"][0], section), assessment, 70)
    approve(api, section)
    rows = results(api, scene["section"])
    (draft,) = results(api, section)
    ids = {
        "result": rows[0]["id"],
        "other": rows[1]["id"],
        "draft": draft["id"],
        "section": scene["section"],
        "examcell": scene["examcell"],
        "head": scene["head"],
        "faculty": scene["faculty"],
        "registrar": scene["registrar"],
        "dean": scene["dean"],
        "final": scene["assessments"][2],
        "enrollment": scene["enrollments"][0],
        "notification": rows[0]["notification_id"],
    }
    return Attacker(database_url.app_url, scene, ids)


IMMUTABLE = "ck_result_published_is_immutable"


@pytest.mark.parametrize(
    "column",
    [
        "grade = 'A'",
        "total = 99",
        "grade_points = 4.00",
        "outcome = 'fail'",
        "marks_obtained = 1",
        "percentage = 1",
        "heads = '[]', flags = '{x}'",
        "attempt = 2",
    ],
)
def test_a_published_grade_cannot_be_edited(published: Attacker, column: str) -> None:
    published.attack(
        f"UPDATE result SET {column} WHERE id = %(result)s", sqlstate="23514", constraint=IMMUTABLE
    )


def test_nothing_returns_after_publish(published: Attacker) -> None:
    draft = "state = 'draft', published_at = NULL, published_by = NULL, notification_id = NULL"
    published.attack(
        f"UPDATE result SET {draft} WHERE id = %(result)s", sqlstate="23514", constraint=IMMUTABLE
    )
    published.allowed(
        "UPDATE result SET state = 'frozen', frozen_at = now(), frozen_by = %(examcell)s WHERE id = "
        "%(result)s"
    )
    thaw = "UPDATE result SET state = 'published', frozen_at = NULL, frozen_by = NULL WHERE id = %(result)s"
    published.attack(thaw, sqlstate="23514", constraint=IMMUTABLE)
    published.attack(
        "UPDATE result SET grade = 'A' WHERE id = %(result)s", sqlstate="23514", constraint=IMMUTABLE
    )


def test_a_result_is_never_deleted(published: Attacker) -> None:
    for table in (
        "result",
        "result_version",
        "notification_of_result",
        "pending_change",
        "change_approval",
        "term_result",
        "withholding",
    ):
        published.attack(f"DELETE FROM {table}", sqlstate="42501")
        published.attack(f"TRUNCATE {table} CASCADE", sqlstate="42501")


def test_the_owner_too_cannot_delete_or_rewrite_history(
    published: Attacker, database_url: TestDatabase
) -> None:
    owner = Attacker(database_url.owner_url, published.scene, published.ids)
    owner.attack("DELETE FROM result WHERE id = %(result)s", sqlstate="42501")
    owner.attack("UPDATE result_version SET new_grade = 'A'", sqlstate="42501")
    owner.attack("UPDATE notification_of_result SET number = 'X'", sqlstate="42501")
    owner.attack(
        "UPDATE result SET grade = 'A' WHERE id = %(result)s", sqlstate="23514", constraint=IMMUTABLE
    )


def test_history_is_written_by_triggers_only(published: Attacker) -> None:
    published.attack(
        "INSERT INTO result_version (result_id, version, cause, state, outcome, new_total, new_grade) "
        "VALUES (%(result)s, 9, 'publish', 'published', 'pass', '99', 'A')",
        sqlstate="42501",
    )
    published.attack("UPDATE result_version SET new_grade = 'A'", sqlstate="42501")
    published.attack("UPDATE result SET version = 1 WHERE id = %(result)s", sqlstate="42501")
    published.attack("UPDATE notification_of_result SET content = ''", sqlstate="42501")
    published.attack("UPDATE change_approval SET approved = true", sqlstate="42501")


def test_publishing_and_freezing_change_nothing_but_the_state(published: Attacker) -> None:
    out = (
        "state = 'published', published_at = now(), published_by = %(examcell)s, notification_id = "
        "%(notification)s"
    )
    published.attack(
        f"UPDATE result SET {out}, grade = 'A' WHERE id = %(draft)s",
        sqlstate="23514",
        constraint="ck_result_publish_changes_only_state",
    )
    published.attack(
        "UPDATE result SET state = 'frozen', frozen_at = now(), frozen_by = %(examcell)s, grade = 'A' "
        "WHERE id = %(result)s",
        sqlstate="23514",
        constraint="ck_result_freeze_changes_only_state",
    )
    published.attack("UPDATE result SET state = 'frozen' WHERE id = %(draft)s", sqlstate="23514")


def test_a_published_result_says_who_published_it_when_and_by_which_notification(published: Attacker) -> None:
    for missing in ("published_at = now()", "published_at = now(), published_by = %(examcell)s"):
        published.attack(
            f"UPDATE result SET state = 'published', {missing} WHERE id = %(draft)s", sqlstate="23514"
        )
    published.attack(
        "UPDATE result SET published_at = now(), published_by = %(examcell)s WHERE id = %(draft)s",
        sqlstate="23514",
    )


def test_a_result_begins_as_a_draft(published: Attacker) -> None:
    published.attack(
        "INSERT INTO result (enrollment_id, registration_id, student_id, section_id, term_id, "
        "course_id, credits, outcome, regulation_id, state, "
        "published_at, published_by, notification_id) SELECT enrollment_id, registration_id, "
        "student_id, section_id, term_id, course_id, credits, "
        "'pass', regulation_id, 'published', now(), %(examcell)s, %(notification)s FROM result WHERE "
        "id = %(draft)s",
        sqlstate="23514",
        constraint="ck_result_begins_as_draft",
    )


def test_a_result_keeps_its_student_and_there_is_one_for_an_enrollment(published: Attacker) -> None:
    published.attack("UPDATE result SET student_id = student_id + 1 WHERE id = %(draft)s", sqlstate="42501")
    published.attack(
        "INSERT INTO result (enrollment_id, registration_id, student_id, section_id, term_id, "
        "course_id, credits, outcome, regulation_id) "
        "SELECT enrollment_id, registration_id, student_id, section_id, term_id, course_id, credits, "
        "'pass', regulation_id FROM result "
        "WHERE id = %(draft)s",
        sqlstate="23505",
    )


def test_a_withheld_or_stale_draft_or_one_of_an_open_sheet_is_not_published(published: Attacker) -> None:
    out = (
        "state = 'published', published_at = now(), published_by = %(examcell)s, notification_id = "
        "%(notification)s"
    )
    publish_draft = f"UPDATE result SET {out} WHERE id = %(draft)s"
    withhold = "INSERT INTO withholding (result_id, reason) VALUES (%(draft)s, 'fee')"
    published.attack(
        withhold, publish_draft, sqlstate="23514", constraint="ck_result_withheld_is_not_published"
    )
    published.attack(
        "UPDATE result SET stale = true WHERE id = %(draft)s",
        publish_draft,
        sqlstate="23514",
        constraint="ck_result_published_is_not_stale",
    )
    reopen = (
        "UPDATE sheet SET state = 'open', submitted_by = NULL, submitted_at = NULL, approved_by = "
        "NULL, approved_at = NULL "
        "WHERE section_id = (SELECT section_id FROM result WHERE id = %(draft)s)"
    )
    published.attack(
        reopen,
        "UPDATE result SET stale = false WHERE id = %(draft)s",
        publish_draft,
        sqlstate="23514",
        constraint="ck_result_published_from_approved_sheet",
    )


def test_a_published_result_cannot_be_withheld_and_a_withholding_ends_once(published: Attacker) -> None:
    published.attack(
        "INSERT INTO withholding (result_id, reason) VALUES (%(result)s, 'fee')",
        sqlstate="23514",
        constraint="ck_withholding_only_drafts",
    )
    published.allowed("INSERT INTO withholding (result_id, reason) VALUES (%(draft)s, 'fee')")
    published.attack(
        "INSERT INTO withholding (result_id, reason) VALUES (%(draft)s, 'other')", sqlstate="23505"
    )
    published.attack("UPDATE withholding SET reason = 'other'", sqlstate="42501")
    published.allowed("UPDATE withholding SET released_at = now(), released_by = %(examcell)s")
    published.attack(
        "UPDATE withholding SET released_at = NULL",
        sqlstate="23514",
        constraint="ck_withholding_released_once",
    )


# -- Changes ---------------------------------------------------------------------------------------

ASK = (
    "INSERT INTO pending_change (result_id, old_grade, new_grade, old_total, new_total, new_values, "
    "base_version, by_marks, reason, requested_by) "
    "SELECT id, grade, 'A', total::text, total::text, "
    '\'{"outcome": "pass", "grade_points": "4.00", "marks_obtained": "75.00"}\', version, '
    "false, 'because', %(faculty)s FROM result WHERE id = %(result)s"
)
ALL = "SELECT id FROM pending_change"
FIRST = (
    f"INSERT INTO change_approval (change_id, stage, approver_id, requester_id, capacity, approved) "
    f"SELECT ({ALL}), 1, %(head)s, %(faculty)s, 'head', true "
    "FROM set_config('sims.actor', %(head)s::text, 't')"
)
SECOND = (
    f"INSERT INTO change_approval (change_id, stage, approver_id, requester_id, capacity, approved) "
    f"SELECT ({ALL}), 2, %(examcell)s, %(faculty)s, 'exam_cell', true "
    "FROM set_config('sims.actor', %(examcell)s::text, 't')"
)
APPROVE = "UPDATE pending_change SET status = 'approved', resolved_at = now()"
APPLY = (
    f"UPDATE result SET grade = 'A', grade_points = 4.00, change_request_id = ({ALL}) WHERE id = %(result)s"
)


def test_two_approvals_and_exactly_what_was_approved_go_through(published: Attacker) -> None:
    published.allowed(ASK, FIRST, SECOND, APPROVE, APPLY)
    published.attack(APPLY, sqlstate="23514", constraint=IMMUTABLE)


def test_a_change_is_not_applied_without_its_two_approvals(published: Attacker) -> None:
    published.attack(ASK, APPLY, sqlstate="23514", constraint=IMMUTABLE)
    published.attack(ASK, APPROVE, sqlstate="23514", constraint="ck_pending_change_has_two_approvals")
    published.attack(ASK, FIRST, APPROVE, sqlstate="23514", constraint="ck_pending_change_has_two_approvals")
    published.attack(ASK, SECOND, sqlstate="23514", constraint="ck_change_approval_in_order")
    published.attack(ASK, FIRST, FIRST, sqlstate="23505")


def test_an_approver_is_somebody_else_who_holds_the_capacity_here(published: Attacker) -> None:
    own = FIRST.replace("%(head)s", "%(faculty)s")
    published.attack(ASK, own, sqlstate="23514")
    published.attack(
        ASK,
        FIRST.replace("%(head)s", "%(registrar)s"),
        sqlstate="23514",
        constraint="ck_change_approval_capacity_held",
    )
    published.attack(ASK, FIRST.replace("'head'", "'exam_cell'"), sqlstate="23514")
    published.attack(ASK, FIRST, SECOND.replace("%(examcell)s", "%(head)s"), sqlstate="23514")
    lied = FIRST.replace("%(faculty)s", "%(dean)s")
    published.attack(ASK, lied, sqlstate="23503")


@pytest.mark.parametrize(
    "what",
    [
        "grade = 'A-'",
        "total = 99",
        "grade_points = 3.00",
        "outcome = 'fail'",
        "marks_obtained = 99",
        "credits = 9",
    ],
)
def test_something_else_than_was_approved_cannot_be_applied(published: Attacker, what: str) -> None:
    other = APPLY.replace(
        "grade = 'A',", f"{what}," if what.startswith("grade =") else f"grade = 'A', {what},"
    )
    if what.startswith("grade_points"):
        other = other.replace(", grade_points = 4.00", "")
    published.attack(ASK, FIRST, SECOND, APPROVE, other, sqlstate="23514")


def test_an_approved_change_is_applied_in_its_transaction_to_its_result(published: Attacker) -> None:
    published.attack(ASK, FIRST, SECOND, APPROVE, sqlstate="23514", constraint="ck_pending_change_is_applied")
    published.attack(
        ASK,
        FIRST,
        SECOND,
        APPROVE,
        APPLY.replace("%(result)s", "%(other)s"),
        sqlstate="23514",
        constraint=IMMUTABLE,
    )
    published.attack(
        ASK,
        FIRST,
        SECOND,
        APPROVE,
        APPLY,
        APPLY.replace("'A'", "'B'"),
        sqlstate="23514",
        constraint=IMMUTABLE,
    )


def test_a_request_is_decided_once_and_never_edited(published: Attacker) -> None:
    published.attack(ASK, "UPDATE pending_change SET new_grade = 'A-'", sqlstate="42501")
    published.attack(
        ASK,
        "UPDATE pending_change SET status = 'rejected', resolved_at = now()",
        sqlstate="23514",
        constraint="ck_pending_change_has_a_rejection",
    )
    published.attack(ASK, ASK, sqlstate="23505", constraint="uq_pending_change_one_open")
    published.attack(
        ASK.replace("base_version, by_marks", "status, base_version, by_marks").replace(
            "version, false", "'approved', version, false"
        ),
        sqlstate="42501",
    )
    published.allowed(
        ASK,
        FIRST.replace("true", "false")
        .replace("approved)", "approved, reason)")
        .replace("false FROM", "false, 'no' FROM"),
        "UPDATE pending_change SET status = 'rejected', resolved_at = now()",
    )
    published.attack(
        "UPDATE pending_change SET status = 'pending', resolved_at = NULL",
        sqlstate="23514",
        constraint="ck_pending_change_is_decided_once",
    )


def test_a_change_of_an_older_state_of_the_result_is_not_applied(published: Attacker) -> None:
    stale = ASK.replace("version, false", "version - 1, false")
    published.attack(stale, FIRST, SECOND, APPROVE, APPLY, sqlstate="23514", constraint=IMMUTABLE)


def test_marks_of_an_approved_sheet_move_only_with_their_change(published: Attacker) -> None:
    mark = (
        "UPDATE assessment_score SET score = 99 WHERE enrollment_id = %(enrollment)s AND assessment_id = "
        "%(final)s"
    )
    published.attack(mark, sqlstate="23514", constraint="ck_assessment_score_sheet_is_open")
    published.attack(
        ASK,
        FIRST,
        SECOND,
        APPROVE,
        APPLY,
        mark,
        sqlstate="23514",
        constraint="ck_assessment_score_sheet_is_open",
    )
    named = (
        f"INSERT INTO pending_change_score (change_id, assessment_id, enrollment_id, mark, score) VALUES "
        f"(({ALL}), %(final)s, %(enrollment)s, 'scored', 98)"
    )
    published.attack(
        ASK.replace("false, 'because'", "true, 'because'"),
        FIRST,
        named,
        sqlstate="23514",
        constraint="ck_pending_change_score_stated_first",
    )


def test_late_marks_come_only_where_a_withheld_result_waits_for_them(published: Attacker) -> None:
    cell = (
        "UPDATE assessment_score SET score = 99 WHERE enrollment_id = (SELECT enrollment_id FROM result "
        "WHERE id = %(draft)s)"
    )
    withhold = "INSERT INTO withholding (result_id, reason) VALUES (%(draft)s, 'award_awaited')"
    published.attack(cell, sqlstate="23514", constraint="ck_assessment_score_sheet_is_open")
    published.attack(withhold, cell, sqlstate="23514", constraint="ck_assessment_score_sheet_is_open")


def test_a_total_keeps_at_most_six_places_and_the_state_is_one_of_three(published: Attacker) -> None:
    published.attack(
        "UPDATE result SET total = 70.1234567 WHERE id = %(draft)s",
        sqlstate="23514",
        constraint="ck_result_total_has_six_places",
    )
    published.attack("UPDATE result SET total = -1 WHERE id = %(draft)s", sqlstate="23514")
    published.attack(
        "UPDATE result SET outcome = 'excellent' WHERE id = %(draft)s",
        sqlstate="23514",
        constraint="ck_result_outcome",
    )


def test_a_student_sees_no_draft_and_nobody_elses_result(published: Attacker) -> None:
    with server_connection(published.url) as connection:
        connection.execute("SET LOCAL ROLE sims_student")
        assert connection.execute("SELECT count(*) FROM result").fetchone() == (0,)
        connection.execute(
            "SELECT set_config('sims.student', %s, true)", [str(published.scene["students"][0])]
        )
        assert connection.execute("SELECT id FROM result").fetchall() == [(published.ids["result"],)]
        assert connection.execute("SELECT count(id) FROM withholding").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("UPDATE result SET grade = 'A'")
