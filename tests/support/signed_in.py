"""The desktop's client of somebody signed in, over the real application: for presenters, which know no
window and need no process of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from sims_desktop.client.http import Client
from sims_shared.access import User
from tests.support.api import Api
from tests.support.full_stack import InProcess
from tests.support.university import PASSWORD

SignIn = Callable[[str], tuple[Client, User]]


@pytest.fixture
def sign_in(api: Api) -> Iterator[SignIn]:
    clients: list[tuple[Client, InProcess]] = []

    def enter(username: str) -> tuple[Client, User]:
        wire = InProcess(api.client.app)
        client = Client("http://sims.test", transport=wire)
        clients.append((client, wire))
        return client, client.sign_in(username, PASSWORD)

    yield enter
    for client, wire in clients:
        client.close()
        wire.close()
