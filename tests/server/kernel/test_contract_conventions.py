"""The conventions every resource keeps, where a client had found them broken."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sims_server.app import Frame
from tests.support.api import Api
from tests.support.university import University


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand()


@pytest.mark.parametrize("page_size", ["0", "201", "-1", "x"])
def test_a_page_size_outside_its_range_is_a_fault(api: Api, scene: dict[str, Any], page_size: str) -> None:
    refused = api.as_("registrar").get(f"/api/students/?page_size={page_size}")
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (400, "?page_size")


@pytest.mark.parametrize("path", ["/api/students/", "/api/students"])
def test_the_next_page_has_the_trailing_slash_whichever_way_the_first_was_asked(
    api: Api, scene: dict[str, Any], path: str
) -> None:
    registrar = api.as_("registrar")
    first = registrar.get(f"{path}?page_size=1").json
    assert first["next"].startswith("/api/students/?")
    assert registrar.get(first["next"]).json["results"][0]["id"] != first["results"][0]["id"]


def test_the_same_request_with_and_without_its_slash_is_one_request_to_the_key(
    api: Api, scene: dict[str, Any]
) -> None:
    registrar = api.as_("registrar")
    body = {"code": "PHY", "name": "Physics"}
    first = registrar.post("/api/departments/", body, headers={"Idempotency-Key": "k"})
    again = registrar.post("/api/departments", body, headers={"Idempotency-Key": "k"})
    assert (first.status, again.status, again.headers["idempotent-replay"]) == (201, 201, "true")
    assert again.content == first.content


def test_what_signing_in_answers_is_never_kept_under_a_key(
    api: Api, university: University, scene: dict[str, Any]
) -> None:
    enrolled = api.as_("counter").post("/api/auth/otp/enroll/", headers={"Idempotency-Key": "k"})
    assert enrolled.status == 200
    assert university.row("SELECT count(*) FROM idempotency_key") == 0


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_an_unknown_method_is_told_which_there_are(api: Api, scene: dict[str, Any], method: str) -> None:
    refused = api.as_("registrar").request(method, "/api/results/1/")
    assert (refused.status, refused.code) == (405, "request.method_not_allowed")
    assert "GET" in refused.headers["allow"]
    assert refused.json["request_id"]
    assert refused.json["instance"] == "/api/results/1/"


def test_a_body_that_is_refused_is_heard_out_first() -> None:
    """Else the connection is reset under a client that still writes, and it never sees the 413."""
    happened: list[str] = []
    parts = [{"type": "http.request", "body": b"x", "more_body": more} for more in (True, True, False)]

    async def refuse(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 413, "headers": []})

    async def receive() -> Any:
        happened.append("heard")
        return parts.pop(0)

    async def send(message: Any) -> None:
        happened.append("answered")

    scope: Any = {"type": "http", "state": {}, "headers": [(b"content-length", b"3")]}
    asyncio.run(Frame(refuse)(scope, receive, send))
    assert happened == ["heard", "heard", "heard", "answered"]
