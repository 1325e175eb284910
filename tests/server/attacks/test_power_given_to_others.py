"""An administrator gives nobody power over grades unseen.

Accounts, roles and passwords are the administrator's, says the contract; and: he has no power over grades.
Between the two stands a second account of his, or a registrar's password set anew. It cannot be refused
without refusing the day's work, so it is told to everybody who reads the audit, and nobody can untell it.
"""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests.support.api import Api
from tests.support.database import TestDatabase, server_connection
from tests.support.university import University

NEW = {"username": "second", "name": "Second", "password": "a long new password 7"}


@pytest.fixture
def place(university: University) -> dict[str, Any]:
    return university.stand(students=1)


class Told:
    """What the registrar reads of it."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def cards(self, who: str = "registrar") -> Any:
        shown = self._api.as_(who).get("/api/dashboard/").json["cards"]
        return {card["key"]: card["count"] for card in shown}.get("power_given")

    def entries(self) -> list[tuple[str, str, Any]]:
        """What, which role, whom; newest first. Each by the administrator, in the audit."""
        found = self._api.as_("registrar").get("/api/audit/?entity=power_alarm").json["results"]
        assert {entry["actor"]["name"] for entry in found} <= {"Admin"}
        return [
            (*(entry["changes"].get(name, [None, ""])[1] for name in ("what", "role", "account_id")),)
            for entry in found
        ]


@pytest.fixture
def told(api: Api, place: dict[str, Any]) -> Told:
    told = Told(api)
    assert told.entries() == [], "what a system is set up with is not told"
    return told


def test_a_second_account_with_a_power_over_grades_is_told(api: Api, told: Told) -> None:
    admin = api.as_("admin")
    roles = [{"role": "registrar"}, {"role": "counter"}]
    made = admin.post("/api/accounts/", {**NEW, "roles": roles})
    assert made.status == 201, made.json
    assert told.entries() == [("role_given", "registrar", made.json["id"])]
    path = f"/api/accounts/{made.json['id']}/"
    # The same again is nothing new; other days are.
    assert admin.patch(path, {"roles": roles}).status == 200
    assert len(told.entries()) == 1
    later = [{"role": "registrar", "valid_until": "2099-12-31"}, {"role": "exam_cell"}]
    assert admin.patch(path, {"roles": later}).status == 200
    assert sorted(told.entries()[:2]) == [
        ("role_given", "exam_cell", made.json["id"]),
        ("role_given", "registrar", made.json["id"]),
    ]
    assert told.cards() == told.cards("admin") == told.cards("auditor") == 3
    assert told.cards("faculty") is None


def test_a_role_without_power_over_grades_is_nobodys_business(api: Api, told: Told) -> None:
    made = api.as_("admin").post("/api/accounts/", {**NEW, "roles": [{"role": "counter"}]})
    assert made.status == 201
    assert (
        api.as_("admin").patch(f"/api/accounts/{made.json['id']}/", {"password": "another long one 8"}).status
        == 200
    )
    assert (told.entries(), told.cards()) == ([], 0)


def test_a_password_set_for_somebody_with_power_over_grades_is_told(
    api: Api, told: Told, place: dict[str, Any]
) -> None:
    path = f"/api/accounts/{place['registrar']}/"
    assert api.as_("admin").patch(path, {"name": "Registrar the Second"}).status == 200
    assert told.entries() == []
    assert api.as_("admin").patch(path, {"password": "known to the administrator"}).status == 200
    assert told.entries() == [("password_set", "registrar", place["registrar"])]
    own = {"current": "known to the administrator", "new": "known to the registrar only"}
    assert api.as_("registrar").post("/api/auth/password/", own).status == 204
    assert len(told.entries()) == 1, "one's own is one's own"


def test_a_role_that_is_given_a_power_over_grades_is_told(api: Api, told: Told) -> None:
    admin = api.as_("admin")
    made = admin.post("/api/roles/", {"name": "helper", "permissions": ["students.read"]})
    path = f"/api/roles/{made.json['id']}/"
    assert admin.patch(path, {"permissions": ["students.read", "catalog.read"]}).status == 200
    assert told.entries() == []
    assert admin.patch(path, {"permissions": ["students.read", "results.approve_change"]}).status == 200
    assert told.entries() == [("role_widened", "helper", "")]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM power_alarm",
        "UPDATE power_alarm SET role = ''",
        "TRUNCATE power_alarm",
        "INSERT INTO power_alarm (account_id, given_by, what) SELECT 1, 1, 'role_given'",
        "ALTER TABLE account_role DISABLE TRIGGER account_role_is_said_aloud",
    ],
)
def test_what_was_told_is_not_untold(told: Told, database_url: TestDatabase, statement: str) -> None:
    with (
        server_connection(database_url.app_url) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)
