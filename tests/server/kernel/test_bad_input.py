"""Whatever is sent to whatever route, the answer is a 4xx problem with its faults, never a 5xx.

The routes are taken from the application itself, so that a new one is tried without being named here.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from sims_server.kernel.http import Door
from sims_server.kernel.openapi import doors_of
from tests.support.api import Api, Client, Reply
from tests.support.university import University

HUGE = 10**30
NONSENSE: tuple[Any, ...] = (
    HUGE,
    -1,
    0,
    1.5,
    True,
    None,
    "",
    "x" * 5000,
    "\u0000",
    "NaN",
    "1e5",
    "١٢",
    [],
    {},
    [[1]],
    {"a": {"b": 1}},
    "2026-13-45",
    "' OR 1=1 --",
)
# What a library would say, and a clerk would not understand.
PYTHON = re.compile(r"regex|`|“(str|int|bool|array|object)”|Expected|RFC3339|\bNone\b")
BODIES = (
    b"",
    b"null",
    b"[]",
    b"7",
    b'"text"',
    b"{",
    b'{"a":',
    b'{"x": NaN}',
    b'{"x": Infinity}',
    b"\xff\xfe",
    b'{"\\ud800": 1}',
    b'{"x":' + b"[" * 5000,
    b"[" * 5000,
    b'{"a":' * 5000,
    b'{"score": 1e400}',
    b'{"id": ' + b"9" * 400 + b"}",
)


def address(door: Door, number: int) -> str:
    path = re.sub(r"\{\w+:int\}", str(number), door.path)
    return re.sub(r"\{\w+:(str|path)\}", "no-such-thing", path)


def check(reply: Reply, door: Door, sent: object) -> None:
    assert reply.status < 500, (
        f"{door.method} {door.path} answered {reply.status} to {sent!r}: {reply.content[:300]!r}"
    )
    if reply.status >= 400 and not door.path.startswith("/V/") and not door.path.startswith("/verify"):
        assert reply.headers["content-type"].startswith("application/problem+json"), (
            f"{door.method} {door.path}"
        )
        problem = reply.json
        assert problem["status"] == reply.status
        assert re.fullmatch(r"[a-z_]+\.[a-z_0-9]+", problem["code"]), problem["code"]
        if reply.status == 400 and problem["code"] == "request.invalid":
            assert problem["errors"], f"{door.method} {door.path} names no fault"
        for fault in problem.get("errors", ()):
            assert not PYTHON.search(fault["detail"]), f"{door.method} {door.path}: {fault}"


def plausible(kind: Any) -> Any:
    """A value of roughly the right sort, so that one field at a time can be wrong."""
    schema = msgspec.json.schema(kind)
    text = json.dumps(schema)
    if '"integer"' in text:
        return 1
    if '"boolean"' in text:
        return True
    if '"array"' in text:
        return []
    return "1"


@pytest.fixture
def people(api: Api, university: University) -> dict[str, Client]:
    university.stand(students=2)
    return {
        name: api.as_(name) for name in ("admin", "registrar", "examcell", "faculty", "counter", "student")
    }


@pytest.fixture
def doors(application: TestClient[Litestar]) -> list[Door]:
    return doors_of(application.app)


def test_no_body_of_nonsense_is_more_than_a_fault(people: dict[str, Client], doors: list[Door]) -> None:
    for door in doors:
        if door.command is None or door.multipart or door.path == "/api/auth/logout/":
            continue
        for name in ("registrar", "faculty"):
            for body in BODIES:
                reply = people[name].request(
                    door.method, address(door, 1), content=body, headers={"content-type": "application/json"}
                )
                check(reply, door, body[:40])


def test_no_field_of_nonsense_is_more_than_a_fault(people: dict[str, Client], doors: list[Door]) -> None:
    for door in doors:
        if (
            door.command is None
            or door.multipart
            or door.path == "/api/auth/logout/"
            or "password" in door.path
        ):
            continue
        fields = {field.encode_name: field.type for field in msgspec.structs.fields(door.command)}
        fields = {name: kind for name, kind in fields.items() if f"{{{name}:" not in door.path}
        base = {name: plausible(kind) for name, kind in fields.items()}
        name = (
            "admin" if door.path.startswith(("/api/accounts", "/api/roles", "/api/settings")) else "registrar"
        )
        for field in fields:
            for wrong in NONSENSE:
                body = json.dumps({**base, field: wrong}).encode()
                reply = people[name].request(
                    door.method, address(door, 1), content=body, headers={"content-type": "application/json"}
                )
                check(reply, door, {field: str(wrong)[:30]})


def test_no_query_of_nonsense_is_more_than_a_fault(people: dict[str, Client], doors: list[Door]) -> None:
    wrong = ("", "-1", str(HUGE), "NaN", "%00", "%ff", "x" * 300, "%27%20OR%201=1", "1e3", "true")
    # What the kernel reads alike for every door is asked of some; what is a door's own, of each.
    for place, door in enumerate(door for door in doors if door.method == "GET"):
        names = ["page_size", "cursor", "count", "nonsense"] if place % 6 == 0 else []
        names += ["ordering", "search", *door.listing.filters] if door.listing is not None else []
        names += (
            [field.encode_name for field in msgspec.structs.fields(door.query)]
            if door.query is not None
            else []
        )
        for name in names:
            for value in wrong:
                check(
                    people["registrar"].get(f"{address(door, 1)}?{name}={value}"),
                    door,
                    f"{name}={value[:20]}",
                )


def test_ids_beyond_the_column_are_not_found(people: dict[str, Client], doors: list[Door]) -> None:
    for door in doors:
        if ":int}" in door.path:
            for number in (0, 2**63, HUGE):
                reply = people["admin"].request(door.method, address(door, number), content=b"{}")
                assert reply.status in (400, 403, 404), f"{door.method} {door.path} {number}: {reply.status}"


def test_a_body_of_ten_megabytes_is_too_large(people: dict[str, Client], doors: list[Door]) -> None:
    reply = people["registrar"].request(
        "POST", "/api/students/", content=b'{"name": "' + b"x" * 10_000_000 + b'"}'
    )
    assert reply.status == 413
    assert reply.code == "request.too_large"


def test_a_wrong_token_is_told_to_sign_in(api: Api, doors: list[Door]) -> None:
    for door in doors:
        if door.anonymous:
            continue
        for token in ("x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzaWQiOiIxIn0.", "ü"):
            reply = api.anonymous.request(
                door.method, address(door, 1), headers={"Authorization": f"Bearer {token}".encode()}
            )
            assert reply.status == 401, f"{door.method} {door.path} answered {reply.status}"
            assert reply.headers["www-authenticate"] == "Bearer"
