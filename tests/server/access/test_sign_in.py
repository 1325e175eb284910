"""Signing in, staying in, being thrown out."""

from __future__ import annotations

from tests.support.api import Api
from tests.support.university import PASSWORD, University


def test_a_token_names_the_person_and_their_roles(api: Api, university: University) -> None:
    university.account("registrar", "registrar")
    answer = api.anonymous.post("/api/auth/token/", {"username": "Registrar", "password": PASSWORD})
    assert answer.status == 200
    assert answer.json["user"]["roles"] == ["registrar"]
    assert answer.json["expires_in"] == 900


def test_unknown_user_and_wrong_password_are_answered_alike(api: Api, university: University) -> None:
    university.account("registrar", "registrar")
    wrong = api.anonymous.post("/api/auth/token/", {"username": "registrar", "password": "not this one"})
    unknown = api.anonymous.post("/api/auth/token/", {"username": "nobody", "password": "not this one"})
    assert wrong.status == unknown.status == 401
    assert wrong.code == unknown.code == "auth.invalid"
    assert {**wrong.json, "request_id": ""} == {**unknown.json, "request_id": ""}


def test_a_removed_role_bites_on_the_very_next_request(api: Api, university: University) -> None:
    university.account("boss", "admin")
    client = api.as_("boss")
    assert client.get("/api/accounts/").status == 200
    university.run("DELETE FROM account_role")
    assert client.get("/api/accounts/").status == 403


def test_a_disabled_account_is_refused_on_the_very_next_request(api: Api, university: University) -> None:
    university.account("boss", "admin")
    client = api.as_("boss")
    university.run("UPDATE account SET disabled = true")
    assert client.get("/api/auth/me/").status == 401


def test_a_refresh_token_survives_one_lost_answer_and_no_second_reuse(
    api: Api, university: University
) -> None:
    university.account("registrar", "registrar")
    first = api.anonymous.post("/api/auth/token/", {"username": "registrar", "password": PASSWORD}).json[
        "refresh"
    ]
    lost = api.anonymous.post("/api/auth/token/refresh/", {"refresh": first})
    retried = api.anonymous.post("/api/auth/token/refresh/", {"refresh": first})
    assert lost.status == retried.status == 200
    again = api.anonymous.post("/api/auth/token/refresh/", {"refresh": first})
    assert again.status == 401
    assert api.anonymous.post("/api/auth/token/refresh/", {"refresh": retried.json["refresh"]}).status == 401


def test_failed_attempts_are_throttled_and_a_success_elsewhere_is_not(
    api: Api, university: University
) -> None:
    university.account("registrar", "registrar")
    for _ in range(5):
        assert (
            api.anonymous.post("/api/auth/token/", {"username": "registrar", "password": "wrong"}).status
            == 401
        )
    blocked = api.anonymous.post("/api/auth/token/", {"username": "registrar", "password": PASSWORD})
    assert blocked.status == 429
    assert int(blocked.headers["retry-after"]) >= 1
