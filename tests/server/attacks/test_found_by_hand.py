"""Holes that an attacker found in the running system, each tried again as it was found.

By hand means: as the application's own database role in psql, or as a student's role behind it. What is said
to the database about who acts is believed; all of it stands in the audit.
"""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from sims_server.access.rules import SHIPPED_ROLES
from sims_shared.access import Permission
from tests.server.attacks.test_as_the_application import scene  # noqa: F401
from tests.server.results.scene import approve, fill, publish
from tests.support.api import Api
from tests.support.database import TestDatabase, server_connection
from tests.support.university import University

OWN = "SELECT set_config('sims.actor', %(dean)s::text, true)"
DECLARED = (
    "INSERT INTO term_result (registration_id, term_id, sgpa, cgpa, earned, notification_id) "
    "SELECT r.registration_id, x.term_id, 4, 4, 200, x.id FROM result r, notification_of_result x "
    "WHERE r.id = %(result)s AND x.id = %(foreign_notification)s"
)
MERGE = (
    "INSERT INTO student_merge (survivor_id, duplicate_id, reason, requested_by) "
    "SELECT min(id), max(id), 'x', %(registrar)s FROM student"
)
PINNED = (
    "INSERT INTO regulation (code, version, status, policy, in_force_at) "
    "SELECT 'KIND', 1, 'in_force', policy, now() FROM regulation LIMIT 1"
)
EXCHANGED = (
    "UPDATE registration SET regulation_id = (SELECT max(id) FROM regulation) "
    "WHERE id = (SELECT registration_id FROM result WHERE id = %(result)s)"
)
UNDONE = (
    "UPDATE student_merge SET status = 'undone', undone_by = %(registrar)s, undone_at = now(), "
    "decided_by = %(head)s"
)
GIVEN = (
    "INSERT INTO account_role (account_id, role_id) SELECT %(dean)s, id FROM role WHERE name = 'exam_cell'"
)
MERGED = "UPDATE student_merge SET status = 'merged', decided_by = %({})s, decided_at = now()"
ATTACKS: dict[str, tuple[str, tuple[str, ...]]] = {
    "a term that nobody sat, declared by a notification that happens to exist": (
        "ck_term_result_declared_by_notification",
        (DECLARED,),
    ),
    "a regulation exchanged beneath what was published": (
        "ck_registration_keeps_its_regulation",
        (PINNED, EXCHANGED),
    ),
    "two records made one by somebody who may not": (
        "ck_student_merge_decided_by_who_may",
        (MERGE, MERGED.format("faculty")),
    ),
    "who made two records one, exchanged while undoing it": (
        "ck_student_merge_moves_on",
        (
            MERGE,
            MERGED.format("examcell"),
            UNDONE,
        ),
    ),
    "power over grades given to oneself": (
        "ck_account_role_is_given_by_another",
        (OWN, GIVEN),
    ),
    "power over grades added to a role one holds": (
        "ck_account_role_is_given_by_another",
        (OWN, "UPDATE role SET permissions = permissions || '{results.publish}' WHERE name = 'dean'"),
    ),
    "another role called the registrar": (
        "ck_role_shipped_keeps_its_name",
        ("UPDATE role SET name = 'clerk' WHERE name = 'registrar'",),
    ),
}


def stops(place: dict[str, Any], constraint: str, statements: tuple[str, ...]) -> None:
    """All but the last statement go through, the last is refused by that constraint."""
    with server_connection(place["url"]) as connection:
        for statement in statements[:-1]:
            assert connection.execute(statement, place).rowcount == 1
        with pytest.raises(psycopg.errors.CheckViolation) as caught:
            connection.execute(statements[-1], place)
        connection.rollback()
    assert caught.value.diag.constraint_name == constraint


@pytest.mark.parametrize("name", list(ATTACKS))
def test_the_database_stops(name: str, scene: dict[str, Any]) -> None:  # noqa: F811
    stops(scene, *ATTACKS[name])


def test_what_a_second_person_confirms_is_merged(scene: dict[str, Any]) -> None:  # noqa: F811
    """The attacks above differ from this one by who decides."""
    with server_connection(scene["url"]) as connection:
        assert connection.execute(MERGE, scene).rowcount == 1
        assert connection.execute(MERGED.format("examcell"), scene).rowcount == 1
        connection.rollback()


LEAKS = {
    "a cast that fails says the value": "SELECT id FROM student_search WHERE search_text::int > 0",
    "a division that fails answers yes or no": (
        "SELECT id FROM student_search WHERE 1 / (CASE WHEN search_text LIKE '%2%' THEN 0 ELSE 1 END) = 1"
    ),
}


@pytest.mark.parametrize("name", list(LEAKS))
def test_a_students_role_hears_nobody_elses_row_in_an_error(
    name: str, api: Api, university: University, database_url: TestDatabase
) -> None:
    place = university.stand(students=3)
    with server_connection(database_url.app_url) as connection:
        me = str(place["students"][0])
        connection.execute("SELECT set_config('sims.student', %s, true)", (me,))
        connection.execute("SET LOCAL ROLE sims_student")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(LEAKS[name])


def test_a_student_finds_oneself_and_nobody_else(api: Api, university: University) -> None:
    place = university.stand(students=3)
    student = api.as_("student")
    mine = student.get("/api/students/").json["results"][0]
    assert [row["id"] for row in student.get(f"/api/students/?search={mine['reg_no']}").json["results"]] == [
        mine["id"]
    ]
    for number in ("0001", "0002", "0003"):
        found = student.get(f"/api/students/?search={number}").json["results"]
        assert {row["id"] for row in found} <= {mine["id"]}
    assert len(place["students"]) == 3


def test_a_students_role_is_not_told_who_is_one_person_with_whom(
    api: Api, university: University, database_url: TestDatabase
) -> None:
    place = university.stand(students=3)
    first, second, third = place["students"]
    university.run(
        "INSERT INTO student_merge (survivor_id, duplicate_id, reason, requested_by) "
        "VALUES (%(first)s, %(second)s, 'x', %(registrar)s)",
        first=first,
        second=second,
        registrar=place["registrar"],
    )
    university.run(MERGED.format("examcell"), examcell=place["examcell"])
    university.run("UPDATE student SET merged_into = %(a)s WHERE id = %(b)s", a=first, b=second)

    def told(acting: int, wanted: int) -> object:
        with server_connection(database_url.app_url) as connection:
            connection.execute("SELECT set_config('sims.student', %s, true)", (str(acting),))
            connection.execute("SET LOCAL ROLE sims_student")
            row = connection.execute("SELECT same_person(%s)", (wanted,)).fetchone()
            assert row is not None
            return row[0]

    assert told(first, first) == [first, second]
    assert told(third, first) == [first]
    assert told(third, second) == [second]


def test_who_left_a_section_does_not_approve_the_marks_left_in_it(api: Api, university: University) -> None:
    """The head taught with the lead, typed, and left before the sheet was submitted."""
    place = university.stand(students=1)
    fill(university, place)
    section, head = place["section"], place["head"]
    registrar = api.as_("registrar")
    both = {"staff": [{"user_id": place["faculty"], "role": "lead"}, {"user_id": head, "role": "co"}]}
    assert registrar.patch(f"/api/sections/{section}/", both).status == 200
    with university.database.transaction() as connection:
        connection.run("SELECT set_config('sims.actor', %(head)s::text, true)", head=head)
        connection.run("UPDATE assessment_score SET score = score - 1 WHERE section_id = %(s)s", s=section)
    alone = {"staff": [{"user_id": place["faculty"], "role": "lead"}]}
    assert registrar.patch(f"/api/sections/{section}/", alone).status == 200
    teacher = api.as_("faculty")
    rev = teacher.get(f"/api/sheets/{section}/").json["rev"]
    assert teacher.post(f"/api/sheets/{section}/submit/", {"rev": rev}).status == 200
    rev = teacher.get(f"/api/sheets/{section}/").json["rev"]
    refused = api.as_("head").post(f"/api/sheets/{section}/approve/", {"rev": rev})
    assert (refused.status, refused.code) == (403, "sheets.own")
    assert api.as_("dean").post(f"/api/sheets/{section}/approve/", {"rev": rev}).status == 200


def test_an_administrator_gives_nobody_elses_power_to_himself(api: Api, university: University) -> None:
    university.stand(students=1)
    admin = api.as_("admin")
    me = admin.get("/api/auth/me/").json["id"]
    own = admin.get(f"/api/accounts/{me}/").json["roles"]
    for role in ("registrar", "exam_cell", "faculty"):
        refused = admin.patch(f"/api/accounts/{me}/", {"roles": [*own, {"role": role}]})
        assert (refused.status, refused.code) == (403, "accounts.own_power")
    assert admin.patch(f"/api/accounts/{me}/", {"roles": [*own, {"role": "counter"}]}).status == 200
    roles = {row["name"]: row for row in admin.get("/api/roles/").json["results"]}
    wider = {"permissions": [*roles["admin"]["permissions"], "results.publish"]}
    refused = admin.patch(f"/api/roles/{roles['admin']['id']}/", wider)
    assert (refused.status, refused.code) == (403, "accounts.own_power")
    # To others he gives it, and the audit says who gave it to whom.
    made = {
        "username": "second",
        "name": "S",
        "password": "a long new password 7",
        "roles": [{"role": "registrar"}],
    }
    assert admin.post("/api/accounts/", made).status == 201
    found = admin.get("/api/audit/?entity=account_role&search=accounts.create").json["results"]
    assert found[0]["actor"]["id"] == me


def test_attendance_beneath_a_frozen_result_stands(
    api: Api, university: University, database_url: TestDatabase
) -> None:
    place = university.stand(students=2)
    fill(university, place)
    teacher, registrar, section = api.as_("faculty"), api.as_("registrar"), place["section"]
    day = str(university.row("SELECT start_date FROM term WHERE id = %(t)s", t=place["term"]))
    mark = {
        "section_id": section,
        "date": day,
        "student_id": place["students"][0],
        "status": "absent",
        "reason": "r",
    }
    made = registrar.post("/api/attendance/", mark)
    assert made.status == 201, made.json
    approve(api, section)
    publish(api, section)
    late = registrar.patch(f"/api/attendance/{made.json['id']}/", {"status": "late", "reason": "Came at ten"})
    assert late.status == 200, late.json
    assert registrar.post("/api/results/freeze/", {"section_id": section}).status == 200
    class_session = made.json["class_session_id"]
    for client, method, path, body in (
        (registrar, "patch", f"/api/attendance/{made.json['id']}/", {"status": "present", "reason": "r"}),
        (registrar, "post", "/api/attendance/", {**mark, "slot": 2}),
        (registrar, "post", f"/api/class-sessions/{class_session}/call-off/", {"reason": "r"}),
        (teacher, "post", "/api/class-sessions/", {"section_id": section, "held_on": day, "slot": 3}),
    ):
        refused = getattr(client, method)(path, body)
        assert (refused.status, refused.code) == (409, "attendance.frozen"), (path, refused.json)
    for statement in (
        "UPDATE attendance SET status = 'present'",
        "UPDATE class_session SET called_off_at = now(), called_off_reason = 'x'",
        (
            "INSERT INTO class_session (section_id, held_on, slot) "
            "SELECT section_id, held_on, 9 FROM class_session"
        ),
    ):
        with server_connection(database_url.app_url) as connection:
            with pytest.raises(psycopg.errors.CheckViolation) as caught:
                connection.execute(statement)
            assert caught.value.diag.constraint_name == "ck_attendance_results_are_not_frozen"


def test_the_words_for_power_over_grades_are_permissions_and_the_administrator_has_none(
    university: University,
) -> None:
    powers = set(university.row("SELECT powers_over_grades()"))
    assert powers <= {str(permission) for permission in Permission}
    assert not powers & {str(permission) for permission in SHIPPED_ROLES["admin"][1]}
    assert powers & {str(permission) for permission in SHIPPED_ROLES["registrar"][1]}
