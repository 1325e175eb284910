"""A laptop is stolen while its owner is signed in: what its finder can still do, over a real server.

He has the profile: the access token of a quarter of an hour, the refresh token of sixty days, the batches of
marks that were waiting to be pushed, and the keys of requests that were answered. The owner, or an
administrator, does one thing about it; from then on none of it may be good for anything, for ever.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from tests.server.grading.pushing import Device
from tests.support.api import Api, Client
from tests.support.server import Serve
from tests.support.university import PASSWORD, University


@dataclass
class Profile:
    """What lies on the disk of a laptop, and a way to use it."""

    http: Any
    access: str
    refresh: str
    session: str = ""

    def ask(self, method: str, path: str, json: Any = None, **headers: str) -> Any:
        headers["Authorization"] = f"Bearer {self.access}"
        return self.http.request(method, path, json=json, headers=headers)

    def renew(self, refresh: str | None = None) -> Any:
        return self.http.post("/api/auth/token/refresh/", json={"refresh": refresh or self.refresh})


class Owner:
    """The teacher, who remembers the password, at whichever computer."""

    def __init__(self, http: Any) -> None:
        self._http = http
        self.password = PASSWORD

    def sign_in(self) -> Profile:
        said = {"username": "faculty", "password": self.password, "device": "laptop"}
        pair = self._http.post("/api/auth/token/", json=said)
        assert pair.status_code == 200, pair.text
        profile = Profile(self._http, pair.json()["access"], pair.json()["refresh"])
        listed = profile.ask("GET", "/api/auth/sessions/").json()["results"]
        profile.session = next(one["id"] for one in listed if one["current"])
        return profile


@pytest.fixture
def place(university: University) -> dict[str, Any]:
    return university.stand(students=2)


Remedy = Callable[[Profile, Owner, Client, str], None]


def by_the_owner(laptop: Profile, owner: Owner, admin: Client, account: str) -> None:
    """From another computer: end that session."""
    assert owner.sign_in().ask("DELETE", f"/api/auth/sessions/{laptop.session}/").status_code == 204


def by_a_new_password(laptop: Profile, owner: Owner, admin: Client, account: str) -> None:
    said = {"current": owner.password, "new": "a phrase the thief has not heard"}
    assert owner.sign_in().ask("POST", "/api/auth/password/", said).status_code == 204
    owner.password = said["new"]


def by_an_administrators_password(laptop: Profile, owner: Owner, admin: Client, account: str) -> None:
    owner.password = "a phrase that was told by telephone"
    assert admin.patch(account, {"password": owner.password}).status == 200


def by_an_administrator(laptop: Profile, owner: Owner, admin: Client, account: str) -> None:
    assert admin.delete(f"/api/auth/sessions/{laptop.session}/").status == 204


def by_disabling(laptop: Profile, owner: Owner, admin: Client, account: str) -> None:
    """And enabling again, when the laptop is given up for lost."""
    assert admin.patch(account, {"disabled": True}).status == 200
    assert laptop.ask("GET", "/api/auth/me/").status_code == 401
    assert admin.patch(account, {"disabled": False}).status == 200


REMEDIES: tuple[Remedy, ...] = (
    by_the_owner, by_a_new_password, by_an_administrators_password, by_an_administrator, by_disabling,
)  # fmt: skip


def test_nothing_in_a_stolen_profile_is_good_once_its_session_ended(
    api: Api, university: University, place: dict[str, Any], serve: Serve
) -> None:
    acted = "SELECT count(*) FROM audit_entry WHERE actor_id = %(a)s"
    cells = [(row, column) for row in place["enrollments"] for column in place["assessments"]]
    section, account = place["section"], f"/api/accounts/{place['faculty']}/"
    sync = f"/api/sheets/{section}/sync/"
    with httpx2.Client(base_url=serve().base_url, timeout=30) as http:
        owner = Owner(http)
        for remedy, (row, column) in zip(REMEDIES, cells, strict=False):
            laptop, key = owner.sign_in(), uuid.uuid4().hex
            device = Device(api.as_("faculty"), section, client_id=str(uuid.uuid4()))
            pushed = device.seal(device.op(row, column, 0, "scored", "5"))
            waiting = device.seal(device.op(row, column, 1, "scored", "20"))
            first = laptop.ask("POST", sync, pushed, **{"Idempotency-Key": key})
            assert first.json()["outcomes"][0]["outcome"] == "applied", first.text
            before, renewed = laptop.refresh, laptop.renew().json()
            laptop.access, laptop.refresh = renewed["access"], renewed["refresh"]
            assert laptop.ask("GET", "/api/auth/me/").status_code == 200

            remedy(laptop, owner, api.as_("admin"), account)

            done = university.row(acted, a=place["faculty"])
            for token in (laptop.refresh, before, laptop.refresh):
                refused = laptop.renew(token)
                assert (refused.status_code, refused.json()["code"]) == (401, "auth.refresh_invalid")
            for method, path, body, headers in (
                ("POST", sync, waiting, {}),  # what was waiting to be pushed
                ("POST", sync, pushed, {}),  # what was pushed, said again
                ("POST", sync, pushed, {"Idempotency-Key": key}),  # the answer that is kept under a key
                ("POST", f"/api/sheets/{section}/submit/", {"rev": 1}, {}),
                ("GET", f"/api/sheets/{section}/", None, {}),
                ("GET", "/api/auth/sessions/", None, {}),
                ("POST", "/api/auth/password/", {"current": PASSWORD, "new": "a phrase of the thief"}, {}),
                ("POST", "/api/auth/otp/enroll/", None, {}),
                ("DELETE", f"/api/auth/sessions/{laptop.session}/", None, {}),
            ):
                refused = laptop.ask(method, path, body, **headers)
                told = (remedy.__name__, method, path, refused.text)
                assert (refused.status_code, refused.json()["code"]) == (401, "auth.required"), told
            score = "SELECT score FROM assessment_score WHERE (enrollment_id, assessment_id) = (%(e)s, %(a)s)"
            assert university.row(score, e=row, a=column) == 5
            assert university.row(acted, a=place["faculty"]) == done, "somebody acted with what was stolen"


def test_of_two_copies_of_a_refresh_token_neither_goes_on(api: Api, place: dict[str, Any]) -> None:
    """One of them is a thief's. Whoever brings the token of an answer that the other called lost shows that
    there are two; before, that one alone was turned away, and it was the owner."""
    owner = Owner(api.client)
    for worked_on in (False, True):
        laptop = owner.sign_in()
        first, second = laptop.renew().json(), laptop.renew().json()
        late = second["refresh"]
        if worked_on:  # before the first of them comes back
            late = laptop.renew(late).json()["refresh"]
        refused = laptop.renew(first["refresh"])
        assert (refused.status_code, refused.json()["code"]) == (401, "auth.refresh_invalid")
        assert laptop.renew(late).status_code == 401, "the other copy goes on"
        laptop.access = second["access"]
        assert laptop.ask("GET", "/api/auth/me/").status_code == 401


def test_lost_answers_end_nothing_while_there_is_one_copy(api: Api, place: dict[str, Any]) -> None:
    """The attack above differs from this one by whose the second copy is."""
    laptop = Owner(api.client).sign_in()
    for _ in range(3):
        laptop.renew()  # the answer is lost
        laptop.refresh = laptop.renew().json()["refresh"]
        laptop.refresh = laptop.renew().json()["refresh"]
    assert laptop.renew().status_code == 200
