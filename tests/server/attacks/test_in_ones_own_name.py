"""Rules that stood, and the doors beside them: by the application's own role in psql, and over HTTP.

An approval named somebody who did not act, a publication somebody who may not publish, a role reached further
without a word, a shipped role was taken away, and an administrator was lent what nobody may give him.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from sims_server.kernel import clock
from sims_server.operations_room.operations.checking import broken_invariants
from tests.server.attacks.test_as_the_application import (
    APPROVED,
    PUBLISH,
    scene,  # noqa: F401
)
from tests.server.attacks.test_found_by_hand import stops
from tests.server.results.scene import approve, fill, publish, results
from tests.support.api import Api
from tests.support.database import TestDatabase, server_connection
from tests.support.university import University
from tests.support.waiting import wait_until

ACTS = "SELECT set_config('sims.actor', %({})s::text, true)"
UNNAMED = tuple(statement.replace("set_config('sims.actor', %(", "concat(%(") for statement in APPROVED)
PUBLISHED = f"{PUBLISH} WHERE id = %(draft)s"
FROZEN = (
    "UPDATE result SET state = 'frozen', frozen_at = now(), frozen_by = %({})s WHERE id = %(other_result)s"
)
WIDER = "UPDATE role SET scope = 'all' WHERE name = 'faculty'"
LENT = (
    "INSERT INTO delegation (from_account_id, to_account_id, role_id, department_id, from_date, until_date, "
    "reason, created_at) SELECT g.account_id, %(admin)s, r.id, g.department_id, campus_today(), "
    "campus_today(), 'x', now() FROM account_role g JOIN role r ON r.id = g.role_id "
    "WHERE g.account_id = %(head)s AND r.name = 'head'"
)
TAKEN = (
    "INSERT INTO account_role (account_id, role_id, department_id, valid_from, valid_until, delegation_id, "
    "delegated_by) SELECT d.to_account_id, d.role_id, d.department_id, d.from_date, d.until_date, d.id, "
    "d.from_account_id FROM delegation d"
)
SIGNED = "UPDATE sheet SET state = '{}', {}_by = %({})s, {}_at = now() WHERE section_id = %({})s"
UNHELD = "DELETE FROM account_role WHERE role_id = (SELECT id FROM role WHERE name = 'office')"
ATTACKS: dict[str, tuple[str, tuple[str, ...]]] = {
    "an approval in the name of somebody while nobody acts": ("ck_approval_is_ones_own", UNNAMED[:2]),
    "an approval in the name of somebody while another acts": (
        "ck_approval_is_ones_own",
        (ACTS.format("examcell"), *UNNAMED[:2]),
    ),
    "a sheet approved in the head's name while the dean acts": (
        "ck_sheet_signed_by_who_acts",
        (ACTS.format("dean"), SIGNED.format("approved", "approved", "head", "approved", "submitted")),
    ),
    "a sheet submitted in the lead's name while the head acts": (
        "ck_sheet_signed_by_who_acts",
        (ACTS.format("head"), SIGNED.format("submitted", "submitted", "faculty", "submitted", "open")),
    ),
    "published by a student": (
        "ck_result_published_by_who_may",
        (PUBLISHED.replace("%(registrar)s", "%(student)s"),),
    ),
    "published by the teacher": (
        "ck_result_published_by_who_may",
        (PUBLISHED.replace("%(registrar)s", "%(faculty)s"),),
    ),
    "published in the registrar's name while the head acts": (
        "ck_result_published_by_who_may",
        (ACTS.format("head"), PUBLISHED),
    ),
    "frozen by a student": ("ck_result_frozen_by_who_may", (FROZEN.format("student"),)),
    "frozen in the registrar's name while the head acts": (
        "ck_result_frozen_by_who_may",
        (ACTS.format("head"), FROZEN.format("registrar")),
    ),
    "a role that one holds reaches further": (
        "ck_account_role_is_given_by_another",
        (ACTS.format("faculty"), WIDER),
    ),
    "a shipped role taken away": (
        "ck_role_shipped_stays",
        (UNHELD, "DELETE FROM role WHERE name = 'office'"),
    ),
    "an administrator is lent power over grades": (
        "ck_delegation_not_to_an_administrator",
        (LENT, TAKEN),
    ),
}


@pytest.mark.parametrize("name", list(ATTACKS))
def test_the_database_stops(name: str, scene: dict[str, Any]) -> None:  # noqa: F811
    stops(scene, *ATTACKS[name])


@pytest.mark.parametrize("who", ["nobody", "registrar"])
def test_whoever_may_publishes_and_freezes(who: str, scene: dict[str, Any]) -> None:  # noqa: F811
    """The attacks above differ from these by who does it."""
    with server_connection(scene["url"]) as connection:
        if who != "nobody":
            connection.execute(ACTS.format(who), scene)
        assert connection.execute(PUBLISHED, scene).rowcount == 1
        assert connection.execute(FROZEN.format("registrar"), scene).rowcount == 1
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        connection.rollback()


def test_a_role_that_reaches_further_is_told(university: University) -> None:
    place = university.stand(students=1)
    with university.database.transaction() as connection:
        connection.run(ACTS.format("admin"), admin=place["admin"])
        connection.run(WIDER)
    assert university.rows("SELECT what, role, given_by FROM power_alarm") == [
        {"what": "role_widened", "role": "faculty", "given_by": place["admin"]}
    ]


def test_a_shipped_role_stays(api: Api, university: University) -> None:
    university.stand(students=1)
    admin = api.as_("admin")
    roles = {row["name"]: row["id"] for row in admin.get("/api/roles/").json["results"]}
    university.run(UNHELD)
    refused = admin.request("DELETE", f"/api/roles/{roles['office']}/")
    assert (refused.status, refused.code) == (409, "roles.shipped")
    held = admin.request("DELETE", f"/api/roles/{roles['registrar']}/")
    assert (held.status, held.code) == (409, "roles.in_use")
    added = admin.post("/api/roles/", {"name": "helper", "permissions": ["results.publish"]}).json["id"]
    assert admin.request("DELETE", f"/api/roles/{added}/").status == 204


def test_an_administrator_is_lent_no_power_over_grades(api: Api, university: University) -> None:
    """A second account of his, told once, would lend him the role again and again."""
    place = university.stand(students=1)
    today = str(clock.today("Asia/Karachi"))
    wish = {"role": "head", "department_id": place["department"], "until": today, "reason": "Away"}
    refused = api.as_("head").post("/api/delegations/", {**wish, "to": place["admin"]})
    assert (refused.status, refused.code) == (409, "delegations.unfit")
    assert "manages accounts" in refused.json["detail"]
    assert api.as_("admin").get("/api/auth/me/").json["roles"] == ["admin"]
    # The other way round it is told: whoever was lent it is made an administrator.
    assert api.as_("head").post("/api/delegations/", {**wish, "to": place["stranger"]}).status == 201
    assert university.row("SELECT count(*) FROM power_alarm") == 0
    roles = [{"role": "faculty"}, {"role": "admin"}]
    made = api.as_("admin").patch(f"/api/accounts/{place['stranger']}/", {"roles": roles})
    assert made.status == 200, made.json
    assert university.row("SELECT role FROM power_alarm") == "admin"


HIDDEN = (
    "INSERT INTO pending_change (result_id, old_grade, new_grade, old_total, new_total, new_values, "
    "base_version, by_marks, reason, requested_by, impact) SELECT result_id, old_grade, new_grade, "
    "old_total, new_total, new_values || jsonb_build_object('grade_points', %(points)s::text), "
    "base_version, by_marks, reason, requested_by, impact FROM pending_change "
    "WHERE id = %(asked)s RETURNING id"
)


def test_points_that_are_not_the_grades_are_not_approved(
    api: Api, university: University, database_url: TestDatabase
) -> None:
    """Head and registrar read “C”; behind it stood the points of an A, and the average followed these."""
    place = university.stand(students=2)
    fill(university, place)
    approve(api, place["section"])
    publish(api, place["section"])
    both = results(api, place["section"])
    decide, reject = "/api/results/approve-change/", {"approved": False, "reason": "Not what it says"}
    for result, points in ((both[0], "4.00"), (both[1], "2.00")):
        wish = {"result_id": result["id"], "new_grade": "C", "reason": "A page was missed"}
        asked = api.as_("faculty").post("/api/results/change-request/", wish).json["id"]
        assert api.as_("head").post(decide, {"change_id": asked, **reject}).status == 200
        change = university.row(HIDDEN, points=points, asked=asked)
        for who in ("head", "registrar"):
            answer = api.as_(who).post(decide, {"change_id": change, "approved": True})
            if points == "2.00":
                assert answer.status == 200, answer.json
            else:
                code = "results.moved" if who == "head" else "results.stage"
                assert (answer.status, answer.code) == (409, code)


def test_a_draft_rewritten_before_its_publish_is_named_by_the_check(api: Api, university: University) -> None:
    """The registrar publishes in good faith; the database cannot know what the engine would have said."""
    place = university.stand(students=2)
    fill(university, place)
    approve(api, place["section"])
    assert broken_invariants(university.database) == []
    (first, _) = results(api, place["section"])
    university.run(
        "UPDATE result SET grade = 'A', grade_points = 4, total = 99 WHERE id = %(id)s", id=first["id"]
    )
    publish(api, place["section"])
    (broken,) = broken_invariants(university.database)
    assert broken.name == "result.figures"
    assert [row["result_id"] for row in broken.rows] == [first["id"]]
    assert broken.rows[0]["stored"][:2] == ["99", "A"]
    assert broken.rows[0]["computed"][1] == first["grade"]


LOCKED_OUT = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = 'sims_app'"
MERGE = (
    "INSERT INTO student_merge (survivor_id, duplicate_id, reason, requested_by) "
    "VALUES (%(into)s, %(who)s, 'x', %(registrar)s)"
)
CONFIRM = (
    "UPDATE student_merge SET status = 'merged', decided_by = %(examcell)s, decided_at = now() "
    "WHERE duplicate_id = %(who)s"
)
DONE = "UPDATE student SET merged_into = %(into)s WHERE id = %(who)s"


def test_a_record_is_not_merged_into_one_that_is_being_merged_itself(
    university: University, database_url: TestDatabase
) -> None:
    """In psql; the application locks both. Each alone is lawful, together they make a chain."""
    place = university.stand(students=3)
    first, second, third = place["students"]
    names = {"registrar": place["registrar"], "examcell": place["examcell"]}
    outer, inner = {"who": second, "into": third, **names}, {"who": first, "into": second, **names}
    for merge in (outer, inner):
        university.run(MERGE, **merge)
        university.run(CONFIRM, **merge)
    with (
        server_connection(database_url.app_url) as one,
        server_connection(database_url.app_url) as two,
        server_connection(database_url.app_url, autocommit=True) as watcher,
        ThreadPoolExecutor(1) as pool,
    ):
        one.execute(DONE, outer)
        waits = pool.submit(two.execute, DONE, inner)
        wait_until(lambda: waits.done() or watcher.execute(LOCKED_OUT).fetchone() == (1,))
        one.commit()
        with pytest.raises(psycopg.errors.CheckViolation) as stopped:
            waits.result()
        two.rollback()
    assert stopped.value.diag.constraint_name == "ck_student_merges_make_no_chain"
