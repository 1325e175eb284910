"""The embedded PostgreSQL of a data folder: for the demo, the tests and a university on one PC.

Whoever uses the folder calls `Cluster.start`; the first one starts the server, the others attach to
it, and it stops when the last of them has called `stop` or has ended in any other way. The rule a
newcomer would get wrong: nobody stops it on behalf of others. An import that began before the server
was started must not take the database away from it when it ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import psycopg

from sims_server.kernel.folder_lock import FolderLock
from sims_server.kernel.postmaster import STEP, SUPERUSER, ClusterFailure, Layout, Listening, read_listening

__all__ = ["Cluster", "ClusterFailure"]

LOGIN_ROLES = ("sims_owner", "sims_app", "sims_readonly", "sims_backup")


class Cluster:
    """One running PostgreSQL. Made by `start` or found by `running`, never directly."""

    def __init__(
        self,
        layout: Layout,
        listening: Listening,
        hold: FolderLock | None,
        supervisor: subprocess.Popen[str] | None = None,
    ) -> None:
        self.data = layout.data
        self.host = listening.host
        self.port = listening.port
        self._layout = layout
        self._hold = hold
        self._supervisor = supervisor
        self._passwords = layout.read_passwords()

    @classmethod
    def start(cls, data: Path, *, durable: bool = True) -> Cluster:
        """Starts the server of `data`, or attaches to the one that runs there.

        `data` is made (0700) when it is absent. With `durable=False`, for tests, nothing is synced to
        disk and the server is stopped hard. Raises ClusterFailure with the reason in words.
        """
        # Not resolved: where the path is short, it is the path of the socket that people will type.
        layout = Layout(Path(os.path.abspath(data)))
        if not layout.data.exists():
            layout.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FolderLock(layout.start_lock).exclusive():
            # Waits here while a server that lost its last user is still stopping.
            hold = FolderLock(layout.hold_lock).shared()
            try:
                _write_passwords(layout)
                supervisor = None
                if not FolderLock(layout.supervisor_lock).is_taken():
                    supervisor = _start_supervisor(layout, durable=durable)
                return cls(layout, _wait_for_listening(layout), hold, supervisor)
            except BaseException:
                hold.release()
                raise

    @classmethod
    def running(cls, data: Path) -> Cluster | None:
        """The server that runs in `data` now, or None. Does not keep it running."""
        layout = Layout(Path(os.path.abspath(data)))
        listening = read_listening(layout)
        return cls(layout, listening, None) if listening and layout.passwords.exists() else None

    @property
    def passwords(self) -> Mapping[str, str]:
        """Of the roles that may sign in, the superuser's aside: what `provision` takes."""
        return {role: self._passwords[role] for role in LOGIN_ROLES}

    def url(self, role: str, database: str = "sims") -> str:
        """`postgresql://role:password@/database?host=…&port=…`, as libpq and SQLAlchemy read it.
        KeyError when `role` cannot sign in."""
        sign_in = f"{quote(role, safe='')}:{quote(self._passwords[role], safe='')}"
        place = f"host={quote(self.host, safe='/')}&port={self.port}"
        return f"postgresql://{sign_in}@/{quote(database, safe='')}?{place}"

    def superuser_url(self, database: str = "postgres") -> str:
        return self.url(SUPERUSER, database)

    def stop(self) -> None:
        """Gives the cluster back. Returns when the server has stopped, or at once when others use it."""
        if self._hold is None:
            return
        self._hold.release()
        self._hold = None
        if _wait_while_stopping(self._layout):
            if self._supervisor is not None:
                self._supervisor.wait()
        elif self._supervisor is not None:
            # It goes on for others, and nobody here waits for it: no leak to report when we end.
            self._supervisor.returncode = 0

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _write_passwords(layout: Layout) -> None:
    if layout.passwords.exists():
        return
    if layout.files.exists():
        raise ClusterFailure(
            f"{layout.passwords} is missing; without it nobody can sign in to {layout.files}."
        )
    passwords = {role: secrets.token_urlsafe(24) for role in (SUPERUSER, *LOGIN_ROLES)}
    unfinished = layout.passwords.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="ascii") as file:
        json.dump(passwords, file)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(layout.passwords)


def _start_supervisor(layout: Layout, *, durable: bool) -> subprocess.Popen[str]:
    """Starts the supervising process and returns it once PostgreSQL takes connections."""
    command = [sys.executable, "-I", "-m", "sims_server.kernel.postmaster", str(layout.data)]
    command += [] if durable else ["--disposable"]
    with open(os.open(layout.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb") as log:
        supervisor = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,  # Ctrl+C at a terminal is for us; the server stops after us
            cwd=layout.data,
        )
    assert supervisor.stdout is not None
    with supervisor.stdout as told:
        answer = told.readline()
        if answer != "ready\n":
            answer += told.read()
            supervisor.wait()
            raise ClusterFailure(answer.strip() or f"The supervisor of PostgreSQL ended; see {layout.log}")
    return supervisor


def _wait_for_listening(layout: Layout) -> Listening:
    while (listening := read_listening(layout)) is None or not _answers(listening):
        if not FolderLock(layout.supervisor_lock).is_taken():
            raise ClusterFailure(f"PostgreSQL ended while it was started; see {layout.log}")
        time.sleep(STEP)
    return listening


def _answers(listening: Listening) -> bool:
    """A server that was just killed still says in its file that it is ready."""
    place = f"host='{_quoted(listening.host)}' port={listening.port} user={SUPERUSER} dbname=postgres"
    return psycopg.pq.PGconn.ping(place.encode()) == psycopg.pq.Ping.OK


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _wait_while_stopping(layout: Layout) -> bool:
    """After our hold is released: True once the server has stopped, False when others hold it."""
    with contextlib.suppress(FileNotFoundError):  # the folder itself was removed meanwhile
        while FolderLock(layout.supervisor_lock).is_taken():
            probe = FolderLock(layout.hold_lock)
            if probe.try_exclusive():  # nobody holds it and the supervisor is about to notice
                probe.release()
            elif probe.try_shared():  # others share it
                probe.release()
                return False
            # else the supervisor has it and is stopping the server
            time.sleep(STEP)
    return True
