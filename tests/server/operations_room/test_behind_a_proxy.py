"""Whose word counts for where a request came from: failed sign-ins are counted per address."""

import asyncio
from pathlib import Path

import pytest

from sims_server.running import configuration
from sims_server.settings import Settings


def address_seen(trusted: str | None, came_from: str, says: str) -> str:
    seen: list[str] = []

    async def app(scope, receive, send):
        seen.append(scope["client"][0])

    config = configuration(app, Settings(data=Path(), trusted_proxies=trusted))
    config.load()
    scope = {"type": "http", "client": (came_from, 4000), "headers": [(b"x-forwarded-for", says.encode())]}
    asyncio.run(config.loaded_app({**scope, "scheme": "http", "asgi": {"version": "3.0"}}, None, None))
    return seen[0]


@pytest.mark.parametrize("came_from", ["127.0.0.1", "10.0.0.9"])
def test_nobody_names_another_address_for_themselves(came_from):
    assert address_seen(None, came_from, "203.0.113.7") == came_from


def test_a_named_proxy_says_whom_it_speaks_for_and_others_do_not():
    assert address_seen("10.0.0.9", "10.0.0.9", "203.0.113.7") == "203.0.113.7"
    assert address_seen("10.0.0.9", "127.0.0.1", "203.0.113.7") == "127.0.0.1"
