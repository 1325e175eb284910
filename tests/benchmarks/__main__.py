"""`./sims bench`: ratios against the floor and the peer, taken in one run on one machine.

Ours and what it is compared with are measured in turns, several times, and medians are compared: a
machine that is busy for a second is busy for both. `--peer URL` adds the peer (the same jobs in Django
REST Framework). Nothing in the test suite asserts a time; this does the telling.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks import faults, keystrokes, sync_histories
from tests.benchmarks.load import Measured, drive, request_bytes
from tests.benchmarks.peer import OPEN_SECTIONS, Peer
from tests.benchmarks.scene import Scene, scene, start, stop

ROUNDS = 5


@dataclass
class Row:
    """One line of the table. `wanted` is what the design asks of `ratio` (≥, or ≤ where `at_most`)."""

    name: str
    ours: float
    other: float
    unit: str
    against: str
    ratio: float
    wanted: float
    at_most: bool = False

    @property
    def holds(self) -> bool:
        return self.ratio <= self.wanted if self.at_most else self.ratio >= self.wanted


class Bench:
    """One run over one scene."""

    def __init__(self, made: Scene, peer: Peer | None, say: Callable[[str], None]) -> None:
        self.made = made
        self.peer = peer
        self.say = say
        self.rows: list[Row] = []
        self.tokens: dict[str, str] = {}

    def token(self, username: str) -> str:
        if username not in self.tokens:
            self.tokens[username] = self.made.token(username)
        return self.tokens[username]

    def ask(self, username: str, method: str, path: str, body: Any = None) -> bytes:
        payload = b"" if body is None else json.dumps(body).encode()
        return request_bytes(method, path, "127.0.0.1", self.token(username), payload)

    def add(
        self,
        name: str,
        ours: float,
        other: float,
        unit: str,
        against: str,
        wanted: float,
        *,
        faster: bool,
        at_most: bool = False,
    ) -> None:
        """`faster`: both are rates, so the ratio is ours / other; else both are times, other / ours
        (or ours / other where the design bounds it from above)."""
        ratio = ours / other if faster or at_most else other / ours
        row = Row(name, ours, other, unit, against, ratio, wanted, at_most)
        self.rows.append(row)
        self.say(_line(row))

    def rates(
        self, ours: Callable[[], Measured], other: Callable[[], Measured], rounds: int = ROUNDS
    ) -> tuple[float, float]:
        """Medians of both, measured in turns."""
        mine, theirs = [], []
        for _ in range(rounds):
            mine.append(_good(ours()).rate)
            theirs.append(_good(other()).rate)
        return statistics.median(mine), statistics.median(theirs)

    def list_page(self) -> None:
        process, url = start(
            "tests.benchmarks.floor", self.made.cluster.url("sims_app"), str(self.made.data / "secret.key")
        )
        try:
            request = [self.ask("registrar", "GET", "/api/students/")]
            drive(url, request, seconds=1)
            drive(self.made.url, request, seconds=1)
            ours, floor = self.rates(
                lambda: drive(self.made.url, request, seconds=2), lambda: drive(url, request, seconds=2)
            )
        finally:
            stop(process)
        self.add("list page of 50", ours, floor, "requests/s", "floor", 0.6, faster=True)

    def filters(self) -> None:
        if self.peer is None:
            return
        peer = self.peer
        request = [
            self.ask(
                "registrar", "GET", f"/api/students/?program_id={self.made.ids['program']}&status=active"
            )
        ]
        theirs = [peer.ask("GET", "/api/students/?program=5&status=active")]
        ours, other = self.rates(
            lambda: drive(self.made.url, request, seconds=2), lambda: drive(peer.url, theirs, seconds=2)
        )
        self.add("list with filters", ours, other, "requests/s", "peer", 8, faster=True)

    def search(self) -> None:
        words = ["garcia", "siddiq", "kowals", "zainab", "haruto"]
        request = [self.ask("registrar", "GET", f"/api/students/?search={word}") for word in words]
        if self.peer is None:
            self.say(
                f"search                         "
                f"{_good(drive(self.made.url, request, seconds=3)).rate:10.1f} requests/s"
            )
            return
        peer = self.peer
        theirs = [peer.ask("GET", f"/api/students/?search={word}") for word in words]
        ours, other = self.rates(
            lambda: drive(self.made.url, request, seconds=2), lambda: drive(peer.url, theirs, seconds=2), 3
        )
        self.add("search, partial match", ours, other, "requests/s", "peer", 8, faster=True)

    def pages(self) -> None:
        from tests.benchmarks.pages import measure_pages

        measure_pages(self)

    def search_time(self) -> None:
        from tests.benchmarks.pages import measure_search

        measure_search(self)

    def enroll(self) -> None:
        students = iter(range(1, 20_000))

        def batch(sections: list[int], count: int = 400) -> list[bytes]:
            return [
                self.ask(
                    "registrar",
                    "POST",
                    f"/api/sections/{sections[n % 10]}/enroll/",
                    {"student_id": next(students)},
                )
                for n in range(count)
            ]

        def ours() -> Measured:
            return drive(self.made.url, batch(self.made.ids["enroll"]), once=True, seconds=30)

        if self.peer is None:
            process, url = start(
                "tests.benchmarks.floor",
                self.made.cluster.url("sims_app"),
                str(self.made.data / "secret.key"),
            )
            try:
                mine, floor = self.rates(
                    ours, lambda: drive(url, batch(self.made.ids["floor"]), once=True, seconds=30)
                )
            finally:
                stop(process)
            self.add("enroll, all checks", mine, floor, "requests/s", "floor", 0.4, faster=True)
            return
        peer = self.peer

        def other() -> Measured:
            requests = [
                peer.ask(
                    "POST", f"/api/sections/{OPEN_SECTIONS[n % 10]}/enroll/", {"student": peer.next_student()}
                )
                for n in range(200)
            ]
            return drive(peer.url, requests, once=True, seconds=30)

        mine, theirs = self.rates(ours, other)
        self.add("enroll, all checks", mine, theirs, "requests/s", "peer", 5, faster=True)

    def race(self) -> None:
        times = []
        for number, section in enumerate(self.made.ids["races"]):
            requests = [
                self.ask(
                    "registrar",
                    "POST",
                    f"/api/sections/{section}/enroll/",
                    {"student_id": 8000 + number * 200 + n},
                )
                for n in range(200)
            ]
            started = time.perf_counter()
            measured = drive(self.made.url, requests, clients=48, once=True, seconds=60)
            times.append(time.perf_counter() - started)
            seated = measured.statuses.get(201, 0)
            if seated != 100:
                raise SystemExit(f"the race seated {seated} in 100 seats: {measured.statuses}")
        self.say(
            f"race: 200 people for 100 seats: exactly 100 seated in each of {len(times)} races, median "
            f"{statistics.median(times) * 1000:.0f} ms"
        )

    def cells(self) -> None:
        from tests.benchmarks.cells import measure_cells

        measure_cells(self)

    def publish(self) -> None:
        from tests.benchmarks.publishing import measure_publish

        measure_publish(self)

    def transcript(self) -> None:
        request = [self.ask("registrar", "GET", f"/api/transcripts/{self.made.ids['transcript']}/")]
        if self.peer is None:
            measured = _good(drive(self.made.url, request, clients=1, seconds=4))
            self.say(f"transcript, unofficial, 50 courses {measured.median:8.1f} ms")
            return
        peer = self.peer
        theirs = [peer.ask("GET", "/api/transcripts/7/")]
        mine, other = [], []
        for _ in range(3):
            mine.append(_good(drive(self.made.url, request, clients=1, seconds=2)).median)
            other.append(_good(drive(peer.url, theirs, clients=1, seconds=2)).median)
        self.add(
            "transcript PDF, 50 courses",
            statistics.median(mine),
            statistics.median(other),
            "ms",
            "peer",
            1,
            faster=False,
        )


def _good(measured: Measured) -> Measured:
    bad = {status: count for status, count in measured.statuses.items() if status >= 300}
    if bad or not measured.statuses:
        raise SystemExit(f"a benchmark got answers it does not measure: {measured.statuses}")
    return measured


def _line(row: Row) -> str:
    sign = "≤" if row.at_most else "≥"
    verdict = "holds" if row.holds else "MISSED"
    places = 1 if row.ours >= 10 else 3
    return (
        f"{row.name:30} {row.ours:10.{places}f} {row.unit:12} {row.against:24} {row.other:10.{places}f}   "
        f"{row.ratio:6.2f} × ({sign} {row.wanted:g}) {verdict}"
    )


BENCHES = {
    "list": Bench.list_page,
    "filters": Bench.filters,
    "search": Bench.search,
    "pages": Bench.pages,
    "search-time": Bench.search_time,
    "enroll": Bench.enroll,
    "race": Bench.race,
    "cells": Bench.cells,
    "publish": Bench.publish,
    "transcript": Bench.transcript,
}


def main(arguments: Sequence[str]) -> int:
    if arguments and arguments[0] == "sync-histories":
        return sync_histories.main(arguments[1:])
    if arguments and arguments[0] == "faults":
        return faults.main(arguments[1:])
    if arguments and arguments[0] == "keystrokes":
        return keystrokes.main(arguments[1:])
    if arguments and arguments[0] == "grid":
        from tests.benchmarks import grid  # loads Qt's platform only then

        return grid.main(arguments[1:])
    parser = argparse.ArgumentParser(
        prog="sims bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="name",
        help=f"some of: {', '.join(BENCHES)} (default: all of these), or one of sync-histories, faults, "
        "keystrokes, grid",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table as JSON")
    parser.add_argument(
        "--peer", metavar="URL", help="the peer's address; its key and rows are those of its own README"
    )
    given = parser.parse_args(arguments)
    unknown = [name for name in given.names if name not in BENCHES]
    if unknown:
        parser.error(f"no benchmark is named {', '.join(unknown)}")

    def say(text: str) -> None:
        print(text, flush=True)

    peer = Peer(given.peer) if given.peer else None
    with scene(say) as made:
        bench = Bench(made, peer, say)
        for name in given.names or BENCHES:
            BENCHES[name](bench)
    if given.json:
        given.json.write_text(
            json.dumps([{**asdict(row), "holds": row.holds} for row in bench.rows], indent=2)
        )
    return 0 if all(row.holds for row in bench.rows) else 1


def new_id() -> str:
    return str(uuid.uuid4())


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
