"""How the processes of an installation end, and what a worker does that runs without a server."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import psycopg
import pytest

from sims_server.audit.operations.sealing import Sealer
from sims_server.audit.operations.verifying import verify
from tests.support.api import Api
from tests.support.database import TestDatabase
from tests.support.university import University
from tests.support.waiting import wait_until

Process = subprocess.Popen[str]
Start = Callable[..., tuple[Process, str]]


@pytest.fixture
def start(database_url: TestDatabase, tmp_path: Path) -> Iterator[Start]:
    """`sims server …` over this test's database; answers the process and the first line it said."""
    started: list[Process] = []

    def begin(*words: str) -> tuple[Process, str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "sims_server", *words, "--data", str(tmp_path)],
            env={**os.environ, "DATABASE_URL": database_url.app_url},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def waiting(database: psycopg.Connection[tuple[int]]) -> bool:
    row = database.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
    return row is not None and row[0] > 0


def refuses(url: str) -> bool:
    host, port = urlsplit(url).hostname, urlsplit(url).port
    assert host is not None
    assert port is not None
    with socket.socket() as stranger:
        return stranger.connect_ex((host, port)) != 0


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_server_that_is_told_to_stop_answers_who_asked_and_ends_quietly(
    name: str, start: Start, database_url: TestDatabase
) -> None:
    under_nohup = name == "SIGTERM"
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if under_nohup else signal.SIG_DFL)
    try:
        process, line = start("serve", "--port", "0")
    finally:
        signal.signal(signal.SIGHUP, before)
    url = line.removeprefix("listening on ")
    if under_nohup:  # it outlives its terminal
        process.send_signal(signal.SIGHUP)
        assert httpx2.get(f"{url}/api/hello/", timeout=30).status_code == 200
    statuses: list[int] = []

    def ask() -> None:
        body = {"username": "nobody", "password": "nothing"}
        statuses.append(httpx2.post(f"{url}/api/auth/token/", json=body, timeout=30).status_code)

    asking = threading.Thread(target=ask)
    with psycopg.connect(database_url.superuser_url) as holder:
        holder.execute("LOCK TABLE account IN ACCESS EXCLUSIVE MODE")
        asking.start()
        wait_until(lambda: waiting(holder))
        process.send_signal(getattr(signal, name))
        wait_until(lambda: refuses(url))  # it has heard
    asking.join(30)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, statuses) == (0, [401])
    assert "Traceback" not in said, said
    assert "CancelledError" not in said, said


def test_a_worker_without_a_server_seals_the_audit_and_beside_another_each_entry_once(
    start: Start, api: Api, university: University, tmp_path: Path
) -> None:
    university.stand(students=2)
    process, line = start("worker")
    assert line == "working"

    def all_sealed() -> bool:
        return bool(
            university.row(
                "SELECT (SELECT count(*) FROM audit) = (SELECT sum(entries) FROM audit_block) "
                "AND NOT EXISTS (SELECT FROM audit a WHERE NOT EXISTS "
                "(SELECT FROM audit_block b WHERE a.id <@ b.ids))"
            )
        )

    wait_until(all_sealed)
    other = Sealer(api.database, tmp_path)
    other.start()
    for turn in range(20):
        university.run("UPDATE student SET email = %(words)s", words=f"n{turn}@example.edu")

    wait_until(all_sealed)
    other.stop()
    assert verify(api.database, tmp_path).holds
    process.terminate()
    _, said = process.communicate(timeout=30)
    assert (process.returncode, "Traceback" in said) == (0, False), said
