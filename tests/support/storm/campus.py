"""The university that stands in the storm: durable PostgreSQL, one server process, everybody's sheets."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

from sims_server.access.operations import ship_roles
from sims_server.kernel.cluster import Cluster
from sims_server.kernel.database import Database
from sims_server.kernel.execute import execute_as_system
from sims_server.kernel.migrations import migrate
from sims_server.kernel.postmaster import Layout, read_listening
from sims_server.kernel.proof import make_known
from sims_server.kernel.provision import provision
from sims_server.kernel.secrets import read_or_make_secret
from tests.support.server import ROOT
from tests.support.storm.journal import HIGHEST
from tests.support.university import University

DATABASE = "storm"
DEVICES_OF_A_PERSON = 2
SHEETS = 3
STUDENTS = 40


class Campus:
    """Made by `Campus(folder, clients)`; `close` ends every process."""

    def __init__(self, folder: Path, clients: int) -> None:
        self._folder = folder
        # Durable: what PostgreSQL has committed must survive its own death.
        self.cluster = Cluster.start(folder / "cluster", durable=True)
        try:
            provision(self.cluster.superuser_url(), self.cluster.passwords, database=DATABASE)
            migrate(self.cluster.url("sims_owner", DATABASE))
            self.usernames = [f"typist{n // DEVICES_OF_A_PERSON}" for n in range(clients)]
            self.sections = self._furnish()
            self._guard = threading.Lock()
            self._server: subprocess.Popen[bytes] | None = None
            self._port = 0
            self.start_server()
        except BaseException:
            self.cluster.stop()
            raise

    def _furnish(self) -> list[int]:
        self._data = self._folder / "data"
        self._data.mkdir()
        make_known(self.cluster.url("sims_owner", DATABASE), read_or_make_secret(self._data))
        database = Database(self.cluster.url("sims_app", DATABASE), read_or_make_secret(self._data))
        try:
            execute_as_system(database, ship_roles, None, action="roles.ship", data=self._data)
            make = University(database)
            scene = make.stand(students=1)
            staff = [make.account(name, "faculty") for name in dict.fromkeys(self.usernames)]
            registrations = [
                make.registration(make.student(), scene["program"], scene["regulation"])
                for _ in range(STUDENTS)
            ]
            sections = []
            for _ in range(SHEETS):
                section = make.section(
                    make.course(scene["department"]), scene["term"], "A", STUDENTS + 5, staff
                )
                for name, type_, weight in (
                    ("Quiz", "quiz", 20),
                    ("Lab", "quiz", 30),
                    ("Final", "final", 50),
                ):
                    make.assessment(section, name, type_, weight, HIGHEST)
                for registration in registrations:
                    make.enrollment(registration, section)
                sections.append(section)
            return sections
        finally:
            database.close()

    # -- The server --------------------------------------------------------------------------------

    def start_server(self) -> None:
        command = [sys.executable, "-m", "tests.support.server", self.cluster.url("sims_app", DATABASE)]
        with (self._folder / "server.log").open("ab") as log:
            process = subprocess.Popen(
                [*command, str(self._data)], cwd=ROOT, stdout=subprocess.PIPE, stderr=log
            )
        assert process.stdout is not None
        with process.stdout as told:
            line = told.readline().decode().strip()
        if not line.startswith("http://"):
            process.kill()
            process.wait()
            raise RuntimeError(f"the server did not start; see {self._folder / 'server.log'}")
        with self._guard:
            self._server, self._port = process, urlsplit(line).port or 0

    def port(self) -> int:
        with self._guard:
            return self._port

    def signal_server(self, number: int) -> None:
        if self._server is not None and self._server.poll() is None:
            self._server.send_signal(number)

    def kill_server(self) -> None:
        """And start another one."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()
        self.start_server()

    # -- PostgreSQL --------------------------------------------------------------------------------

    def postgres(self) -> list[int]:
        """Its processes, the postmaster first."""
        listening = read_listening(Layout(self.cluster.data))
        if listening is None:
            return []
        children = Path(f"/proc/{listening.pid}/task/{listening.pid}/children")
        try:
            return [listening.pid, *map(int, children.read_text().split())]
        except OSError:
            return [listening.pid]

    def signal_postgres(self, number: int, pids: list[int] | None = None) -> list[int]:
        pids = self.postgres() if pids is None else pids
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        return pids

    def kill_postgres(self) -> None:
        """All of it at once. Its supervisor starts it again; nobody here helps."""
        self.signal_postgres(signal.SIGKILL)

    def superuser_url(self) -> str:
        return self.cluster.superuser_url(DATABASE)

    def close(self) -> None:
        if self._server is not None:
            self._server.kill()
            self._server.wait()
        self.cluster.stop()
