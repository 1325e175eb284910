"""The storm itself: who is killed, stopped, cut off and delayed, when, and for how long."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.server import ROOT
from tests.support.storm.campus import Campus
from tests.support.storm.judge import Verdict, judge
from tests.support.storm.proxy import DOWN, UP, Network, Wire

SETTLES_WITHIN = 60.0
STARTS_WITHIN = 120.0
LEAVES_WITHIN = 120.0
STEP = 0.1


@dataclass(frozen=True)
class Weather:
    """Seconds between two faults of a kind, on average."""

    kill: float = 2.6
    partition: float = 3.2
    stop: float = 9.0
    delay: float = 9.0
    reset: float = 4.0


FAIR = Weather()
ROUGH = Weather(kill=1.6, partition=1.6, stop=4.0, delay=5.0, reset=1.5)


@dataclass
class Report:
    """What a storm was like and what it left behind."""

    seconds: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    stuck: int = 0
    settled_after: float = 0.0
    verdict: Verdict = field(default_factory=Verdict)
    complaints: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        judged = self.verdict
        return not (judged.lost or judged.doubled or judged.divergent or self.stuck or self.complaints)

    def words(self) -> str:
        judged, counts = self.verdict, self.counts
        kills = sum(count for name, count in counts.items() if name.startswith("killed"))
        typed = (
            f"{self.seconds:.0f} s of storm; marks shown as saved {judged.shown:,}, "
            f"versions written {judged.written:,}, conflicts recorded {judged.conflicts:,}, "
            f"replaced on their own computer {judged.superseded:,}, let go there {judged.let_go:,}"
        )
        suffered = (
            f"kills {kills} (clients {counts['killed client']}, server {counts['killed server']}, "
            f"PostgreSQL {counts['killed PostgreSQL']}), stops {counts['stopped']}, partitions "
            f"{counts['partition']} (one way {counts['one way']}), delays {counts['delay']}, resets in the "
            f"middle of an answer {counts['reset']}"
        )
        found = (
            f"lost {judged.lost}, doubled {judged.doubled}, divergent {judged.divergent}, stuck beyond "
            f"{SETTLES_WITHIN:.0f} s {self.stuck}; every queue empty {self.settled_after:.1f} s after the "
            f"faults stopped"
        )
        return "\n".join([typed, suffered, found, *judged.complaints, *self.complaints])


class Client:
    """One client process, its wire, and what it says of itself."""

    def __init__(self, number: int, username: str, wire: Wire, folder: Path, seed: int, window: bool) -> None:
        self.number, self.username, self.wire = number, username, wire
        self._folder, self._seed, self._window = folder, seed, window
        self.process: subprocess.Popen[bytes] | None = None
        self.back_at = 0.0
        self.is_stopped = False

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.support.storm.typist", "--folder", str(self._folder)]
        command += ["--server", self.wire.url, "--username", self.username, "--number", str(self.number)]
        command += ["--seed", str(self._seed), *(["--window"] if self._window else [])]
        surroundings = {
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            # No keyring: the person's own must stay as it is, and the wrapped key is the harder way.
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        }
        with (self._folder / f"client-{self.number}.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=surroundings, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
            self.is_stopped = False

    def signal(self, number: int) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def standing(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self._folder / f"standing-{self.number}").read_text())
        except FileNotFoundError:
            return {}
        return found


class Storm:
    def __init__(
        self,
        folder: Path,
        clients: int,
        windows: int,
        seed: int,
        weather: Weather,
        say: Callable[[str], None] = lambda words: None,
    ) -> None:
        self.random = random.Random(seed)
        self.weather = weather
        self.say = say
        self.report = Report()
        self.folder = folder
        self._phase("type")
        self.campus = Campus(folder, clients)
        self.network = Network(self.campus.port)
        self.clients = [
            Client(number, username, self.network.lay(), folder, seed, number < windows)
            for number, username in enumerate(self.campus.usernames)
        ]
        self._healing: list[tuple[float, Callable[[], None]]] = []

    def _phase(self, name: str) -> None:
        partial = self.folder / "phase.partial"
        partial.write_text(name)
        partial.replace(self.folder / "phase")

    def run(self, seconds: float) -> Report:
        for client in self.clients:
            client.start()
        self._wait_until_all_type()
        self._rage(seconds)
        self._clear_up()
        self._settle()
        self._send_home()
        urls = [client.wire.url for client in self.clients]
        self.report.verdict = judge(
            self.folder, self.campus.usernames, urls, self.campus.superuser_url(), self.campus.sections
        )
        return self.report

    def close(self) -> None:
        for client in self.clients:
            client.kill()
        self.network.close()
        self.campus.close()

    def _wait_until_all_type(self) -> None:
        until = time.monotonic() + STARTS_WITHIN
        while not all((self.folder / f"journal-{c.number}").exists() and c.standing() for c in self.clients):
            if time.monotonic() > until:
                raise RuntimeError(f"a client did not begin to type; see {self.folder}/client-*.log")
            self._watch()
            time.sleep(STEP)

    # -- While it rages ----------------------------------------------------------------------------

    def _rage(self, seconds: float) -> None:
        began = time.monotonic()
        faults = {
            self._kill: self.weather.kill,
            self._partition: self.weather.partition,
            self._stop: self.weather.stop,
            self._delay: self.weather.delay,
            self._reset: self.weather.reset,
        }
        due = {fault: began + self.random.expovariate(1 / pause) for fault, pause in faults.items()}
        told = began
        while (now := time.monotonic()) < began + seconds:
            for fault, pause in faults.items():
                if now >= due[fault]:
                    fault()
                    due[fault] = now + self.random.expovariate(1 / pause)
            self._heal(now)
            self._watch()
            if now - told > 30:
                told = now
                self.say(f"{now - began:.0f} s: {dict(self.report.counts)}")
            time.sleep(STEP)
        self.report.seconds = time.monotonic() - began

    def _heal(self, now: float) -> None:
        for entry in [entry for entry in self._healing if entry[0] <= now]:
            self._healing.remove(entry)
            entry[1]()

    def _watch(self) -> None:
        """Who was killed starts again after a while; who died otherwise is a complaint."""
        for client in self.clients:
            if client.process is None:
                if client.back_at and time.monotonic() >= client.back_at:
                    client.start()
            elif client.process.poll() is not None:
                self.report.complaints.append(
                    f"client {client.number} died by itself with {client.process.returncode}: "
                    + _tail(self.folder / f"client-{client.number}.log")
                )
                client.process = None
                client.back_at = time.monotonic()

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        self._healing.append((time.monotonic() + seconds, act))

    def _kill(self) -> None:
        choice = self.random.random()
        if choice < 0.12:
            self.campus.kill_postgres()
            self.report.counts["killed PostgreSQL"] += 1
        elif choice < 0.30:
            self.campus.kill_server()
            self.report.counts["killed server"] += 1
        else:
            running = [client for client in self.clients if client.process is not None]
            if running:
                client = self.random.choice(running)
                client.kill()
                client.back_at = time.monotonic() + self.random.uniform(0, 3)
                self.report.counts["killed client"] += 1

    def _partition(self) -> None:
        wires = [client.wire for client in self.clients]
        if self.random.random() < 0.85:
            wires = self.random.sample(wires, self.random.randint(1, max(1, len(wires) // 2)))
        directions = self.random.choice([{UP, DOWN}, {UP, DOWN}, {UP}, {DOWN}])
        for wire in wires:
            wire.cut = wire.cut | directions
        self.report.counts["partition"] += 1
        self.report.counts["one way"] += len(directions) == 1

        def mend() -> None:
            for wire in wires:
                wire.cut = wire.cut - directions

        self._later(self.random.uniform(0.5, 6), mend)

    def _stop(self) -> None:
        """SIGSTOP, and SIGCONT a while later."""
        choice, pause = self.random.random(), self.random.uniform(0.5, 4)
        self.report.counts["stopped"] += 1
        if choice < 0.15:
            pids = self.campus.signal_postgres(signal.SIGSTOP)
            self._later(pause, lambda: _ignore(self.campus.signal_postgres(signal.SIGCONT, pids)))
        elif choice < 0.35:
            self.campus.signal_server(signal.SIGSTOP)
            self._later(pause, lambda: self.campus.signal_server(signal.SIGCONT))
        else:
            client = self.random.choice(self.clients)
            client.signal(signal.SIGSTOP)
            self._later(pause, lambda: client.signal(signal.SIGCONT))

    def _delay(self) -> None:
        wire = self.random.choice(self.clients).wire
        wire.delay = self.random.uniform(0.05, 1.0)
        self.report.counts["delay"] += 1

        def hurry() -> None:
            wire.delay = 0.0

        self._later(self.random.uniform(1, 5), hurry)

    def _reset(self) -> None:
        self.random.choice(self.clients).wire.reset_due = True

    # -- Afterwards --------------------------------------------------------------------------------

    def _clear_up(self) -> None:
        self._heal(float("inf"))
        self.report.counts["reset"] = sum(client.wire.resets for client in self.clients)
        for client in self.clients:
            client.wire.cut, client.wire.delay, client.wire.reset_due = frozenset(), 0.0, False
            client.signal(signal.SIGCONT)
            if client.process is None:
                client.start()
        self._phase("settle")

    def _settle(self) -> None:
        """Sixty seconds for every queue to empty, from the moment the faults stopped."""
        began, began_at = time.monotonic(), time.time()
        left = list(self.clients)
        while left and time.monotonic() - began < SETTLES_WITHIN:
            left = [client for client in left if not _is_settled(client.standing(), began_at)]
            self._watch()
            time.sleep(STEP)
        self.report.settled_after = time.monotonic() - began
        self.report.stuck = len(left)
        for client in left:
            self.report.complaints.append(f"stuck: client {client.number} says {client.standing()}")

    def _send_home(self) -> None:
        self._phase("report")
        until = time.monotonic() + LEAVES_WITHIN
        for client in self.clients:
            if client.process is None:
                continue
            with contextlib.suppress(subprocess.TimeoutExpired):
                client.process.wait(max(until - time.monotonic(), 1))
            if client.process.poll() != 0:
                self.report.complaints.append(
                    f"client {client.number} did not go home ({client.process.poll()}): {client.standing()} "
                    + _tail(self.folder / f"client-{client.number}.log")
                )
                client.kill()
            client.process = None


def _is_settled(standing: dict[str, Any], since: float) -> bool:
    return (
        bool(standing) and standing["at"] > since and standing["phase"] == "settle" and not standing["unsent"]
    )


def _tail(log: Path) -> str:
    try:
        return log.read_text("utf-8", "replace")[-600:]
    except OSError:
        return ""


def _ignore(value: object) -> None:
    return None
