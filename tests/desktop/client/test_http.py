"""The client against answers that a network really gives: ours, somebody else's, and none."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import httpx2
import msgspec
import pytest

from sims_desktop.client.errors import Offline, ProblemAnswer, ServerBusy, SignedOut
from sims_desktop.client.http import Client
from sims_desktop.client.session import ForgetfulKeeper, Session
from sims_desktop.client.sheets import SheetCalls
from sims_desktop.offline.exchange import Heartbeat

Answer = Callable[[httpx2.Request], httpx2.Response]

USER = {
    "id": 1,
    "username": "amina",
    "name": "Amina",
    "roles": ["faculty"],
    "permissions": [],
    "student_id": None,
    "sections_taught": [7],
    "departments": [],
}


def tokens(number: int) -> httpx2.Response:
    pair = {"access": f"access-{number}", "refresh": f"refresh-{number}", "expires_in": 900, "user": USER}
    return httpx2.Response(200, json=pair)


def problem(status: int, code: str, headers: dict[str, str] | None = None, **facts: Any) -> httpx2.Response:
    document = {"type": "about:blank", "title": "No", "status": status, "detail": "Because.", "code": code}
    return httpx2.Response(
        status,
        content=msgspec.json.encode(document | facts),
        headers={"content-type": "application/problem+json"} | (headers or {}),
    )


def whoever_teaches(*sections: int) -> dict[str, Any]:
    return {
        "id": 1,
        "username": "ayesha",
        "name": "Ayesha",
        "roles": ["faculty"],
        "permissions": [],
        "student_id": None,
        "sections_taught": list(sections),
        "departments": [],
    }


class Campus:
    """A network with one server: paths answer as told, and what was asked is kept."""

    def __init__(self, **answers: Answer) -> None:
        self.answers: dict[str, Answer] = {
            "/api/auth/token/": lambda request: tokens(1),
            "/api/auth/token/refresh/": lambda request: tokens(2),
        }
        self.asked: list[httpx2.Request] = []
        self.lock = threading.Lock()

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        with self.lock:
            self.asked.append(request)
        return self.answers[request.url.path](request)

    def paths(self) -> list[str]:
        return [request.url.path for request in self.asked]


@pytest.fixture
def campus() -> Campus:
    return Campus()


@pytest.fixture
def client(campus: Campus) -> Client:
    client = Client("https://sims.example.edu", transport=httpx2.MockTransport(campus))
    client.sign_in("amina", "secret")
    campus.asked.clear()
    return client


class TestSigningIn:
    def test_a_wrong_password_is_the_servers_no(self, campus: Campus) -> None:
        campus.answers["/api/auth/token/"] = lambda request: problem(401, "auth.invalid")
        client = Client("https://sims.example.edu", transport=httpx2.MockTransport(campus))
        with pytest.raises(ProblemAnswer) as refused:
            client.sign_in("amina", "wrong")
        assert refused.value.code == "auth.invalid"
        assert not client.session.signed_in

    def test_too_many_attempts_are_waited_out(self, campus: Campus) -> None:
        campus.answers["/api/auth/token/"] = lambda request: problem(
            429, "auth.too_many_attempts", {"retry-after": "17"}
        )
        client = Client("https://sims.example.edu", transport=httpx2.MockTransport(campus))
        with pytest.raises(ServerBusy) as busy:
            client.sign_in("amina", "wrong")
        assert busy.value.retry_after == 17

    def test_who_is_not_signed_in_asks_nobody(self, campus: Campus) -> None:
        client = Client("https://sims.example.edu", transport=httpx2.MockTransport(campus))
        with pytest.raises(SignedOut):
            client.get("/api/sheets/", dict[str, Any])
        assert campus.asked == []


class TestTheSession:
    def test_an_ended_access_token_is_refreshed_and_the_request_sent_again(
        self, campus: Campus, client: Client
    ) -> None:
        def only_the_second(request: httpx2.Request) -> httpx2.Response:
            fresh = request.headers["authorization"] == "Bearer access-2"
            return httpx2.Response(200, json={"ok": 1}) if fresh else problem(401, "auth.required")

        campus.answers["/api/thing/"] = only_the_second
        assert client.get("/api/thing/", dict[str, int]) == {"ok": 1}
        assert campus.paths() == ["/api/thing/", "/api/auth/token/refresh/", "/api/thing/"]

    def test_the_new_pair_is_kept_before_it_is_used(self, campus: Campus) -> None:
        keeper = ForgetfulKeeper()
        client = Client("https://sims.example.edu", Session(keeper), transport=httpx2.MockTransport(campus))
        client.sign_in("amina", "secret")
        kept: list[str | None] = []

        def look(request: httpx2.Request) -> httpx2.Response:
            kept.append(keeper.recall("refresh_token"))
            return problem(401, "auth.required") if len(kept) == 1 else httpx2.Response(200, json={})

        campus.answers["/api/thing/"] = look
        client.get("/api/thing/", dict[str, int])
        assert kept == ["refresh-1", "refresh-2"]

    def test_a_token_about_to_end_is_refreshed_beforehand(self, campus: Campus) -> None:
        clock = [0.0]
        session = Session(ForgetfulKeeper(), monotonic=lambda: clock[0])
        client = Client("https://sims.example.edu", session, transport=httpx2.MockTransport(campus))
        client.sign_in("amina", "secret")
        campus.answers["/api/thing/"] = lambda request: httpx2.Response(200, json={})
        clock[0] = 880.0
        client.get("/api/thing/", dict[str, int])
        assert campus.asked[-1].headers["authorization"] == "Bearer access-2"

    def test_many_threads_refresh_once(self, campus: Campus, client: Client) -> None:
        """A refresh token used twice looks like a thief's and ends the session."""

        def only_the_second(request: httpx2.Request) -> httpx2.Response:
            fresh = request.headers["authorization"] == "Bearer access-2"
            return httpx2.Response(200, json={}) if fresh else problem(401, "auth.required")

        campus.answers["/api/thing/"] = only_the_second
        threads = [
            threading.Thread(target=lambda: client.get("/api/thing/", dict[str, int])) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert campus.paths().count("/api/auth/token/refresh/") == 1

    def test_a_revoked_session_is_signed_out_and_not_off_line(self, campus: Campus, client: Client) -> None:
        campus.answers["/api/thing/"] = lambda request: problem(401, "auth.required")
        campus.answers["/api/auth/token/refresh/"] = lambda request: problem(401, "auth.refresh_invalid")
        with pytest.raises(SignedOut):
            client.get("/api/thing/", dict[str, int])

    def test_a_lost_answer_to_a_refresh_leaves_the_old_token_for_the_retry(
        self, campus: Campus, client: Client
    ) -> None:
        def lost(request: httpx2.Request) -> httpx2.Response:
            raise httpx2.ReadError("reset by peer")

        campus.answers["/api/thing/"] = lambda request: problem(401, "auth.required")
        campus.answers["/api/auth/token/refresh/"] = lost
        with pytest.raises(Offline):
            client.get("/api/thing/", dict[str, int])
        campus.answers["/api/auth/token/refresh/"] = lambda request: tokens(2)
        campus.answers["/api/thing/"] = lambda request: httpx2.Response(200, json={})
        assert client.session.access_token(client._exchange, refused="access-1") == "access-2"
        assert msgspec.json.decode(campus.asked[-1].content) == {"refresh": "refresh-1"}


class TestWhatIsNotTheServer:
    @pytest.mark.parametrize(
        "answer",
        [
            httpx2.Response(200, html="<h1>Hotel Paradise: accept our terms</h1>"),
            httpx2.Response(302, headers={"location": "https://portal.example/"}),
            httpx2.Response(403, html="<h1>Forbidden by your provider</h1>"),
            httpx2.Response(400, json={"error": "some proxy"}),
            httpx2.Response(404, content=b"{", headers={"content-type": "application/problem+json"}),
            httpx2.Response(200, json=["not", "a", "sheet"]),
        ],
        ids=["portal", "redirect", "provider", "proxy", "torn", "other"],
    )
    def test_counts_as_off_line(self, campus: Campus, client: Client, answer: httpx2.Response) -> None:
        campus.answers["/api/sheets/7/"] = lambda request: answer
        with pytest.raises(Offline):
            SheetCalls(client).read_sheet(7)

    @pytest.mark.parametrize(
        "fault", [httpx2.ConnectError("refused"), httpx2.ReadTimeout("slow"), httpx2.RemoteProtocolError("x")]
    )
    def test_no_answer_counts_as_off_line(self, campus: Campus, client: Client, fault: Exception) -> None:
        def broken(request: httpx2.Request) -> httpx2.Response:
            raise fault

        campus.answers["/api/sheets/7/"] = broken
        with pytest.raises(Offline):
            SheetCalls(client).read_sheet(7)

    @pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
    def test_a_busy_server_is_waited_out(self, campus: Campus, client: Client, status: int) -> None:
        campus.answers["/api/sheets/7/"] = lambda request: httpx2.Response(status, html="busy")
        with pytest.raises(ServerBusy):
            SheetCalls(client).read_sheet(7)


class TestTheServersNo:
    def test_carries_its_code_its_faults_and_its_facts(self, campus: Campus, client: Client) -> None:
        campus.answers["/api/sheets/7/submit/"] = lambda request: problem(
            409,
            "sheets.devices_unsynced",
            devices=[{"client_id": "x"}],
            errors=[{"pointer": "/rev", "code": "a", "detail": "b"}],
        )
        with pytest.raises(ProblemAnswer) as refused:
            SheetCalls(client).submit_sheet(7, 3, [])
        assert refused.value.code == "sheets.devices_unsynced"
        assert refused.value.facts == {"devices": [{"client_id": "x"}]}
        assert refused.value.errors[0].pointer == "/rev"


class TestSheets:
    def test_a_push_sends_the_very_bytes(self, campus: Campus, client: Client) -> None:
        campus.answers["/api/sheets/7/sync/"] = lambda request: httpx2.Response(
            200, json={"rev": 1, "digest": "", "epoch": "e", "state": "open", "outcomes": []}
        )
        body = b'{ "spaces" : "stay" }'
        assert SheetCalls(client).push(7, body).rev == 1
        assert campus.asked[-1].content == body

    def test_a_pull_is_the_devices_heartbeat(self, campus: Campus, client: Client) -> None:
        campus.answers["/api/sheets/7/changes/"] = lambda request: httpx2.Response(
            200, json={"rev": 1, "digest": "", "epoch": "e", "state": "open", "cells": []}
        )
        SheetCalls(client).read_changes(7, 4, Heartbeat("c", 2, 1))
        assert dict(campus.asked[-1].url.params) == {
            "since": "4",
            "client_id": "c",
            "pending": "2",
            "conflicts": "1",
        }

    def test_the_list_is_read_to_its_last_page(self, campus: Campus, client: Client) -> None:
        def page(request: httpx2.Request) -> httpx2.Response:
            last = "cursor" in request.url.params
            section = {
                "section_id": 2 if last else 1,
                "course_code": "CS-101",
                "course_title": "Programming",
                "term": "Fall",
                "section": "A",
                "state": "open",
                "rev": 0,
                "filled": 0,
                "total": 0,
            }
            return httpx2.Response(
                200, json={"results": [section], "next": None if last else "/api/sheets/?cursor=x"}
            )

        campus.answers["/api/sheets/"] = page
        campus.answers["/api/auth/me/"] = lambda request: httpx2.Response(200, json=whoever_teaches(1, 2))
        assert [line.section_id for line in SheetCalls(client).read_sheets()] == [1, 2]
        campus.answers["/api/auth/me/"] = lambda request: httpx2.Response(200, json=whoever_teaches(2))
        assert [line.section_id for line in SheetCalls(client).read_sheets()] == [2]

    def test_whoever_teaches_nothing_keeps_nobodys_marks(self, campus: Campus, client: Client) -> None:
        campus.answers["/api/auth/me/"] = lambda request: httpx2.Response(200, json=whoever_teaches())
        assert SheetCalls(client).read_sheets() == []
        assert "/api/sheets/" not in [request.url.path for request in campus.asked]
