"""Whatever is said twice at once happens as often as it is meant: every POST route, over a real server.

With one Idempotency-Key there is one effect and one answer, given to all; with a key each, one effect where
the route is meant to have one (`posts.py` says of each), else as many as there were requests. Effects are
counted in the audit: transactions that wrote under the request's path. `SIMS_DUPLICATES=64` sends 64 of
everything; in the suite 64 of what matters most and a few of the others.
"""

from __future__ import annotations

import collections
import http.client
import json
import os
import threading
import time
import urllib.parse
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyotp
import pytest

from sims_server.kernel.openapi import doors_of
from tests.server.matrix.desk import Desk
from tests.server.matrix.posts import EACH, KEYLESS, NONE, WISHES, Wish
from tests.server.matrix.test_matrix import plain
from tests.server.transcripts.conftest import data  # noqa: F401  a folder of this test's own keys
from tests.support.api import Api
from tests.support.server import Serve, ServerProcess
from tests.support.university import PASSWORD, University

MANY = 64
FEW = int(os.environ.get("SIMS_DUPLICATES", "6"))
# Here a second effect would be a second mark, seat, grade, number or sealed paper.
MATTERS = {
    "/api/sections/{section_id}/enroll/",
    "/api/students/",
    "/api/applicants/admit/",
    "/api/sheets/{section_id}/sync/",
    "/api/sheets/{section_id}/approve/",
    "/api/assessment-scores/",
    "/api/results/publish/",
    "/api/results/release/",
    "/api/results/change-request/",
    "/api/results/approve-change/",
    "/api/holds/{id}/lift/",
    "/api/transcripts/issue/",
}
ROUTES = list(WISHES)
PATIENCE = 120.0
Body = dict[str, Any] | bytes | None


class Answer:
    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.status = answer.status
        self.replayed = answer.headers.get("Idempotent-Replay") == "true"
        self.retry_after = answer.headers.get("Retry-After")
        self.content = answer.read()

    @property
    def code(self) -> str:
        found = json.loads(self.content) if self.content else {}
        return str(found.get("code", "")) if isinstance(found, dict) else ""

    def __repr__(self) -> str:
        return f"{self.status} {self.code}"


class Crowd:
    """Sixty-four people at one server who speak at the same moment."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self._host = str(urllib.parse.urlsplit(server.base_url).netloc)
        self._people = ThreadPoolExecutor(MANY)

    def say(
        self, path: str, body: dict[str, Any] | bytes | None, headers: list[dict[str, str]]
    ) -> list[Answer]:
        """One request for each of `headers`, all at once."""
        together = threading.Barrier(len(headers))
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()

        def one(own: dict[str, str]) -> Answer:
            together.wait(PATIENCE)
            patient_until = time.monotonic() + PATIENCE
            while True:
                answer = self._ask(path, content, own)
                # A server that is too busy says so, and whoever asks comes again, as the contract has it.
                if answer.status != 503 or not answer.retry_after or time.monotonic() > patient_until:
                    return answer

        return list(self._people.map(one, headers))

    def _ask(self, path: str, content: bytes, headers: dict[str, str]) -> Answer:
        # A connection each time: the server closes those that were silent for a while.
        connection = http.client.HTTPConnection(self._host, timeout=PATIENCE)
        kind = {"Content-Type": "application/json"} if content else {}
        try:
            connection.request("POST", path, content, {**kind, **headers})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def close(self) -> None:
        self._people.shutdown()


class Office(Desk):
    """The desk where things are made ready, and the crowd in front of it."""

    def __init__(self, api: Api, university: University, data: Path, server: ServerProcess) -> None:  # noqa: F811
        super().__init__(api, university, data)
        self.crowd = Crowd(server)
        self._tokens: dict[str, str] = {}

    def headers(self, who: str) -> dict[str, str]:
        if who not in self._tokens:
            self._tokens[who] = str(self.api.as_(who).token)
        return {"Authorization": f"Bearer {self._tokens[who]}"}

    def effects(self, wish: Wish) -> int:
        """So far: transactions that wrote under this path, or what the wish counts instead."""
        told = "SELECT count(DISTINCT transaction_id) FROM audit WHERE method = 'POST' AND path = %(path)s"
        found: int = self.university.row(wish.counted or told, path=wish.path)
        return found

    def said_by_all(self, wish: Wish, keys: list[str]) -> tuple[list[Answer], int]:
        """The answers, and how many effects there were."""
        before = self.effects(wish)
        own = [{**self.headers(wish.who), "Idempotency-Key": key} for key in keys]
        return self.crowd.say(wish.path, wish.body, own), self.effects(wish) - before


@pytest.fixture
def office(api: Api, university: University, data: Path, serve: Serve) -> Iterator[Office]:  # noqa: F811
    office = Office(api, university, data, serve())
    yield office
    office.crowd.close()


def test_every_post_route_has_a_request(api: Api) -> None:
    """A new POST route is given a line in tests/server/matrix/posts.py: one lawful request, and whether it
    is meant to have one effect when it is said twice."""
    doors = {plain(door.path): door for door in doors_of(api.client.app) if door.method == "POST"}
    assert set(WISHES) | KEYLESS == set(doors)
    assert {path for path, door in doors.items() if not door.takes_key} == KEYLESS
    assert set(MATTERS) <= set(WISHES)


@pytest.mark.parametrize("part", range(4))
def test_what_is_said_twice_at_once_happens_as_often_as_it_is_meant(office: Office, part: int) -> None:
    wrong = []
    for path in ROUTES[part::4]:
        meant, ready = WISHES[path]
        crowd = max(FEW, MANY if path in MATTERS else 0)

        answers, effects = office.said_by_all(ready(office), [uuid.uuid4().hex] * crowd)
        if effects != (0 if meant == NONE else 1):
            wrong.append(f"{path}: {effects} effects of one key, {answers[:3]}")
        if len({(answer.status, answer.content) for answer in answers}) != 1 or answers[0].status >= 300:
            wrong.append(f"{path}: one key was answered differently: {sorted(map(repr, answers))}")
        if sum(answer.replayed for answer in answers) != crowd - 1:
            wrong.append(f"{path}: not replayed to all but one")

        keys = [uuid.uuid4().hex for _ in range(crowd)]
        answers, effects = office.said_by_all(ready(office), keys)
        expected = {EACH: crowd, NONE: 0}.get(meant, 1)
        if effects != expected:
            wrong.append(f"{path}: {effects} effects of {crowd} keys, meant {expected}: {answers[:5]}")
        if meant == EACH and any(answer.status >= 300 for answer in answers):
            wrong.append(f"{path}: refused what was meant again: {answers[:5]}")
        if any(answer.status >= 500 for answer in answers) or not any(a.status < 300 for a in answers):
            wrong.append(f"{path}: {answers[:5]}")
    assert wrong == [], "\n".join(wrong)


# -- What takes no key: its answers are never stored -----------------------------------------------


def form(name: str, content: bytes, **fields: str) -> tuple[bytes, dict[str, str]]:
    """A multipart body and its headers."""
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}' for key, value in fields.items()
    ]
    head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = "".join(f"{part}\r\n" for part in parts).encode() + head.encode() + content + b"\r\n--x--\r\n"
    return body, {"Content-Type": "multipart/form-data; boundary=x"}


def spoken(answers: list[Answer]) -> dict[str, int]:
    """How often each answer was given."""
    return dict(collections.Counter(f"{answer.status} {answer.code}".strip() for answer in answers))


def test_signing_in_and_out_at_once(office: Office) -> None:
    crowd, sign_in = max(FEW, 8), {"username": "counter", "password": PASSWORD}
    came = office.crowd.say("/api/auth/token/", sign_in, [{}] * crowd)
    assert spoken(came) == {"200": crowd}
    assert len({json.loads(answer.content)["access"] for answer in came}) == crowd

    # One refresh token: the answer, once more for whoever lost it, and then somebody holds a copy.
    refresh = json.loads(came[0].content)["refresh"]
    again = office.crowd.say("/api/auth/token/refresh/", {"refresh": refresh}, [{}] * MANY)
    assert spoken(again) == {"200": 2, "401 auth.refresh_invalid": MANY - 2}
    for answer in (answer for answer in again if answer.status == 200):
        pair = json.loads(answer.content)
        ended = office.crowd.say("/api/auth/token/refresh/", {"refresh": pair["refresh"]}, [{}])
        assert spoken(ended) == {"401 auth.refresh_invalid": 1}

    own = {"Authorization": f"Bearer {json.loads(came[1].content)['access']}"}
    left = office.crowd.say("/api/auth/logout/", None, [own] * MANY)
    assert set(spoken(left)) <= {"204", "401 auth.required"}
    assert "204" in spoken(left)
    me = office.api.client.get("/api/auth/me/", headers=own)
    assert me.status_code == 401


def test_a_password_is_changed_by_one_of_many(office: Office) -> None:
    wish = Wish("office", "/api/auth/password/", {"current": PASSWORD, "new": "another long phrase of mine"})
    own = office.headers("office")
    answers = office.crowd.say(wish.path, wish.body, [own] * max(FEW, 6))
    assert spoken(answers)["204"] == 1
    assert set(spoken(answers)) <= {"204", "401 auth.invalid", "429 auth.too_many_attempts"}
    assert office.effects(wish) == 1


def test_one_set_of_recovery_codes_is_given_out(office: Office) -> None:
    own = office.headers("dean")
    asked = office.crowd.say("/api/auth/otp/enroll/", None, [own] * max(FEW, 6))
    assert set(spoken(asked)) == {"200"}
    secret = office.university.row("SELECT otp_secret FROM account_credentials('dean')")
    assert secret in {json.loads(answer.content)["secret"] for answer in asked}
    wish = Wish("dean", "/api/auth/otp/confirm/", {"otp": pyotp.TOTP(secret).now()})
    given = office.crowd.say(wish.path, wish.body, [own] * MANY)
    assert spoken(given) == {"200": 1, "400 auth.otp_invalid": MANY - 1}
    assert office.effects(wish) == 1

    # One code, and one recovery code, let one of many in.
    office.university.run("UPDATE account SET otp_last_step = 0 WHERE username = 'dean'")
    (codes,) = (json.loads(answer.content)["recovery_codes"] for answer in given if answer.status == 200)
    for code in (pyotp.TOTP(secret).now(), codes[0]):
        office.university.run("DELETE FROM sign_in_failure")  # or the many who failed stand in the way
        sign_in = {"username": "dean", "password": PASSWORD, "otp": code}
        came = office.crowd.say("/api/auth/token/", sign_in, [{}] * max(FEW, 6))
        assert spoken(came).get("200") == 1, spoken(came)


def test_files_at_once(office: Office) -> None:
    crowd = max(FEW, 8)
    # Each upload is looked at; the commit lets one of them through (test above).
    body, headers = form("d.csv", b"code,name\nFF,Forestry\n", kind="departments")
    uploads = Wish("registrar", "/api/imports/", None, "SELECT count(*) FROM import_batch")
    before = office.effects(uploads)
    answers = office.crowd.say(uploads.path, body, [{**office.headers("registrar"), **headers}] * crowd)
    assert spoken(answers) == {"201": crowd}
    assert office.effects(uploads) - before == crowd

    # A paper is filed in a case once.
    path = f"/api/cases/{office.case()['id']}/evidence/"
    body, headers = form("page.txt", b"the page that was missed")
    answers = office.crowd.say(path, body, [{**office.headers("faculty"), **headers}] * MANY)
    assert spoken(answers) == {"201": 1, "409 cases.evidence_filed": MANY - 1}
    assert office.effects(Wish("faculty", path, None)) == 1

    body, headers = form("a.pdf", b"%PDF-1.7 of somewhere else")
    for path in ("/api/transcripts/verify-file/", "/verify/file/"):
        last = office.university.row("SELECT max(id) FROM audit")
        answers = office.crowd.say(path, body, [headers] * crowd)
        assert {answer.status for answer in answers} == {200}
        assert office.university.row("SELECT max(id) FROM audit") == last
