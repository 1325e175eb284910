"""The rules of attendance hold in the database too, whoever writes: each attack with what stops it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from sims_server.kernel import clock
from tests.support.api import Api
from tests.support.database import TestDatabase, server_connection
from tests.support.university import University


@pytest.fixture
def scene(api: Api, university: University) -> dict[str, Any]:
    scene = university.stand(students=2)
    scene["today"] = clock.now().date()
    scene["session"] = university.insert("class_session", section_id=scene["section"], held_on=scene["today"])
    for student in scene["students"]:
        university.insert(
            "attendance",
            section_id=scene["section"],
            class_session_id=scene["session"],
            student_id=student,
            status="present",
        )
    course = university.course(scene["department"])
    scene["elsewhere"] = university.section(course, scene["term"], "B", 5, (scene["faculty"],))
    scene["cancelled"] = university.section(course, scene["term"], "C", 5)
    university.run("UPDATE section SET status = 'cancelled' WHERE id = %(id)s", id=scene["cancelled"])
    scene["neighbour"] = university.student("Enrolled elsewhere")
    other = university.registration(scene["neighbour"], scene["program"], scene["regulation"])
    university.enrollment(other, scene["elsewhere"])
    scene["stranger_id"] = university.student("Not enrolled")
    scene["list"] = university.row(
        "INSERT INTO eligibility_list (section_id, version) VALUES (%(id)s, 1) RETURNING id",
        id=scene["section"],
    )
    scene["before"] = scene["today"] - timedelta(days=40)
    scene["student_0"], scene["student_1"] = scene["students"]
    return scene


ATTACKS = {
    "a student who does not sit in the section is marked": (
        (
            "INSERT INTO attendance (section_id, class_session_id, student_id, status) "
            "VALUES (%(section)s, %(session)s, %(stranger_id)s, 'present')"
        ),
        "fk_attendance_enrollment",
    ),
    "a mark goes to a class of another section": (
        (
            "INSERT INTO attendance (section_id, class_session_id, student_id, status) "
            "VALUES (%(elsewhere)s, %(session)s, %(neighbour)s, 'present')"
        ),
        "fk_attendance_class_session",
    ),
    "a student is marked twice in one class": (
        (
            "INSERT INTO attendance (section_id, class_session_id, student_id, status) "
            "VALUES (%(section)s, %(session)s, %(student_0)s, 'absent')"
        ),
        "uq_attendance_class_session_student",
    ),
    "a status nobody knows": ("UPDATE attendance SET status = 'asleep'", "ck_attendance_status"),
    "a class before the term": (
        "INSERT INTO class_session (section_id, held_on) VALUES (%(section)s, %(before)s)",
        "ck_class_session_within_term",
    ),
    "a class moved out of the term": (
        "UPDATE class_session SET held_on = %(before)s WHERE id = %(session)s",
        "ck_class_session_within_term",
    ),
    "a term moved away from its classes": (
        "UPDATE term SET start_date = %(today)s + 1 WHERE id = %(term)s",
        "ck_term_holds_its_class_sessions",
    ),
    "a class of a cancelled section": (
        "INSERT INTO class_session (section_id, held_on) VALUES (%(cancelled)s, %(today)s)",
        "ck_class_session_section_is_active",
    ),
    "two classes in one slot": (
        "INSERT INTO class_session (section_id, held_on) VALUES (%(section)s, %(today)s)",
        "uq_class_session_section_day_slot",
    ),
    "a taken class is deleted": (
        "DELETE FROM class_session WHERE id = %(session)s",
        "fk_attendance_class_session",
    ),
    "a row is added to a notified list": (
        (
            "INSERT INTO eligibility_row (list_id, section_id, student_id, registration_id, regulation_id, "
            "outcome, total, attended, threshold) SELECT %(list)s, %(section)s, %(student_0)s, r.id, "
            "r.regulation_id, 'eligible', 1, 1, 75 FROM registration r WHERE r.student_id = %(student_0)s"
        ),
        "ck_eligibility_list_is_complete",
    ),
    "a list jumps its version": (
        "INSERT INTO eligibility_list (section_id, version) VALUES (%(section)s, 7)",
        "ck_eligibility_list_versions_follow",
    ),
    "somebody is condoned without authority": (
        (
            "INSERT INTO condonation (section_id, student_id, authority, reason) "
            "VALUES (%(section)s, %(student_0)s, '', 'x')"
        ),
        "ck_condonation_authority",
    ),
}
FORBIDDEN = (
    "DELETE FROM attendance",
    "TRUNCATE attendance",
    "UPDATE attendance SET student_id = %(student_1)s",
    "UPDATE attendance SET class_session_id = 1",
    "UPDATE class_session SET taken_at = NULL",
    "UPDATE class_session SET section_id = %(elsewhere)s",
    "UPDATE eligibility_list SET version = 2",
    "DELETE FROM eligibility_list",
    "UPDATE eligibility_row SET outcome = 'eligible'",
    "DELETE FROM eligibility_row",
    "UPDATE condonation SET reason = 'another'",
    "DELETE FROM condonation",
    "ALTER TABLE attendance DISABLE TRIGGER ALL",
)


def test_each_rule_is_a_constraint_that_stops_the_application_too(
    scene: dict[str, Any], database_url: TestDatabase
) -> None:
    named = {name: value for name, value in scene.items() if isinstance(value, int | type(scene["today"]))}
    with server_connection(database_url.app_url, autocommit=True) as connection:
        for attack, (statement, rule) in ATTACKS.items():
            with pytest.raises(psycopg.errors.IntegrityError) as stopped:
                connection.execute(statement, named)
            assert stopped.value.diag.constraint_name == rule, attack
        for statement in FORBIDDEN:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement, named)


def test_who_dropped_is_not_marked_and_a_notified_list_stands_before_its_owner_too(
    scene: dict[str, Any], university: University, database_url: TestDatabase
) -> None:
    university.run(
        "UPDATE enrollment SET status = 'dropped', ended_at = now() WHERE student_id = %(id)s",
        id=scene["student_0"],
    )
    with server_connection(database_url.app_url, autocommit=True) as connection:
        for attack in (
            "UPDATE attendance SET status = 'late' WHERE student_id = %(student_0)s",
            (
                "INSERT INTO attendance (section_id, class_session_id, student_id, status) SELECT "
                "%(section)s, id, %(student_0)s, 'late' FROM class_session"
            ),
        ):
            with pytest.raises(psycopg.errors.IntegrityError):
                connection.execute(attack, {**scene, "today": None})
    with psycopg.connect(database_url.owner_url, autocommit=True) as connection:
        for statement in ("UPDATE eligibility_list SET authority = 'x'", "TRUNCATE eligibility_row"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_a_student_acting_sees_own_marks_and_with_nothing_set_none(
    scene: dict[str, Any], database_url: TestDatabase
) -> None:
    with server_connection(database_url.app_url) as connection:
        connection.execute("SET LOCAL ROLE sims_student")
        for table in ("attendance", "class_session", "condonation", "eligibility_list", "eligibility_row"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
        connection.execute("SELECT set_config('sims.student', %s, true)", [str(scene["student_0"])])
        assert connection.execute("SELECT student_id FROM attendance").fetchall() == [(scene["student_0"],)]
        assert connection.execute("SELECT id FROM class_session").fetchall() == [(scene["session"],)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("UPDATE attendance SET status = 'present'")


def test_what_psql_writes_is_audited_and_takes_the_class(
    scene: dict[str, Any], university: University
) -> None:
    assert university.row(
        "SELECT taken_at IS NOT NULL FROM class_session WHERE id = %(id)s", id=scene["session"]
    )
    assert university.rows(
        "SELECT entity, count(*) AS entries FROM audit WHERE entity IN ('attendance', 'class_session') "
        "GROUP BY entity ORDER BY entity"
    ) == [{"entity": "attendance", "entries": 2}, {"entity": "class_session", "entries": 2}]
