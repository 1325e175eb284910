"""A real server in a process of its own, over a test's database: for races, and for being killed.

`serve()` starts one and answers once it listens. With `dies_after=".../sync/"` the process is killed with
SIGKILL at the moment when it would begin to answer a request to such a path: the effect is committed, the
answer is lost. The product has no such switch; the wrapper around the application lives here.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from sims_server.app import create_app
from sims_server.kernel.database import Database
from sims_server.kernel.secrets import read_or_make_secret
from sims_server.running import log_to_standard_error
from tests.support.api import Api, Reply
from tests.support.database import TestDatabase

ROOT = Path(__file__).parents[2]
# Each server is a fork of one that has imported everything; where there is no fork it begins from nothing.
PROCESSES: ForkServerContext | SpawnContext
if sys.platform == "win32":
    PROCESSES = multiprocessing.get_context("spawn")
else:
    PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.support.warm_server"])
STARTS_WITHIN = 30.0
ANSWERS_WITHIN = 30.0


class Caller:
    """Somebody signed in at a real server. Safe to use from one thread each."""

    def __init__(self, base_url: str, token: str) -> None:
        self._http = httpx2.Client(
            base_url=base_url, headers={"Authorization": f"Bearer {token}"}, timeout=ANSWERS_WITHIN
        )

    def request(self, method: str, path: str, json: Any = None, content: bytes | None = None) -> Reply:
        answer = self._http.request(method, path, json=json, content=content)
        return Reply(answer.status_code, dict(answer.headers), answer.content)

    def get(self, path: str) -> Reply:
        return self.request("GET", path)

    def post(self, path: str, json: Any = None, content: bytes | None = None) -> Reply:
        return self.request("POST", path, json, content)

    def close(self) -> None:
        self._http.close()


@dataclass
class ServerProcess:
    """One server process and where it listens."""

    process: BaseProcess
    base_url: str
    api: Api

    def as_(self, username: str) -> Caller:
        """A new session of this account."""
        return Caller(self.base_url, str(self.api.as_(username).token))

    @property
    def was_killed(self) -> bool:
        """Whether it dies (or died) of SIGKILL; waits for the end."""
        self.process.join(STARTS_WITHIN)
        return self.process.exitcode == -signal.SIGKILL

    def kill(self) -> None:
        self.process.kill()
        self.process.join()

    def stop(self) -> None:
        self.process.terminate()
        self.process.join(STARTS_WITHIN)
        self.process.close()


Serve = Callable[..., ServerProcess]


@pytest.fixture
def serve(api: Api, database_url: TestDatabase) -> Iterator[Serve]:
    """Starts real servers over this test's database; they end with the test."""
    running: list[ServerProcess] = []

    def start(*, dies_after: str = "") -> ServerProcess:
        heard, said = PROCESSES.Pipe(duplex=False)
        process = PROCESSES.Process(
            target=_serve, args=(database_url.app_url, api.data, dies_after, said), daemon=True
        )
        process.start()
        said.close()
        with heard:
            try:  # the pipe closes when the process ends, so this cannot wait for a server that is dead
                line = heard.recv()
            except EOFError:
                raise AssertionError("the server did not start") from None
        server = ServerProcess(process, line, api)
        running.append(server)
        return server

    yield start
    for server in running:
        server.stop()


class Dying:
    """Around the application: the process is gone before the first byte of such an answer."""

    def __init__(self, app: ASGIApp, path: str) -> None:
        self.app = app
        self.path = path.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def last_words(message: Message) -> None:
            if message["type"] == "http.response.start":
                os.kill(os.getpid(), signal.SIGKILL)
            await send(message)

        dies = str(scope.get("path", "")).rstrip("/").endswith(self.path)
        await self.app(scope, receive, last_words if dies else send)


class _Announcing(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, announce: Callable[[str], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        assert sockets is not None
        self._announce(f"http://127.0.0.1:{sockets[0].getsockname()[1]}")


def serve_application(app: Any, dies_after: str, announce: Callable[[str], None]) -> None:
    """Serve on a free port and announce where, until the process is told to end."""
    log_to_standard_error()
    if dies_after:
        app = Dying(app, dies_after)
    # Named as TCP, or asyncio does not turn off Nagle and each answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=5)
    asyncio.run(_Announcing(config, announce).serve(sockets=[listener]))


def _serve(url: str, data: Path, dies_after: str, said: Connection) -> None:
    from tests.support.warm_server import serve_warm

    serve_warm(url, data, dies_after, said.send)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("data", type=Path)
    parser.add_argument("--dies-after", default="")
    parsed = parser.parse_args(arguments)
    app = create_app(Database(parsed.url, read_or_make_secret(parsed.data), pool_size=16), parsed.data)
    serve_application(app, parsed.dies_after, lambda line: print(line, flush=True))


if __name__ == "__main__":
    main(sys.argv[1:])
