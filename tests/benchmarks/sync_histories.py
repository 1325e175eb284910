"""`sims bench sync-histories`: simulated histories of the sync protocol by the thousand, on every core.

Prints the seed of the first failure, which replays it exactly, and exits non-zero.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from tests.support import simulator

REPORT_EVERY = 10.0  # seconds
Play = Callable[[int, int | None], None]


class Asked(NamedTuple):
    """What every worker is told. A worker plays the seeds `first + place + workers * i`."""

    first: int
    number: int
    steps: int | None
    full_stack: bool
    over_a_socket: bool
    workers: int


class Told(NamedTuple):
    """What a worker says: so many more hold; or, with `seed`, that one does not."""

    place: int
    held: int
    seed: int | None = None
    why: str = ""
    is_last: bool = False


def main(argv: Sequence[str] | None = None) -> int:
    """Plays `--n` histories from `--seed` on. 0 when every invariant held in all of them."""
    parser = argparse.ArgumentParser(prog="sims bench sync-histories", description=__doc__)
    parser.add_argument("--n", type=int, default=20_000, help="how many histories (default 20000)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed (default 0)")
    parser.add_argument("--steps", type=int, help="steps of each (default: as the seed says, 12 to 90)")
    parser.add_argument(
        "--full-stack", action="store_true", help="real store, client, handlers and PostgreSQL"
    )
    parser.add_argument("--socket", action="store_true", help="with --full-stack: a server process too")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: cores)")
    given = parser.parse_args(argv)
    workers = max(1, min(given.jobs, given.n))
    asked = Asked(given.seed, given.n, given.steps, given.full_stack, given.socket, workers)
    began = time.monotonic()
    end_when_told()
    held, failure = _watch(asked, began)
    seconds = time.monotonic() - began
    if failure is None and held == asked.number:
        print(f"{held:,} histories hold ({seconds:.1f} s, {workers} processes)")
        return 0
    if failure is None:
        print(f"FAILED: a process ended early; {held:,} of {asked.number:,} histories hold")
        return 1
    more = "".join(
        (
            " --full-stack" if asked.full_stack else "",
            " --socket" if asked.over_a_socket else "",
            f" --steps {asked.steps}" if asked.steps is not None else "",
        )
    )
    print(failure.why)
    print(
        f"FAILED seed {failure.seed} after {held:,} that hold: replay with --n 1 --seed {failure.seed}{more}"
    )
    return 1


def _watch(asked: Asked, began: float) -> tuple[int, Told | None]:
    """How many held, and the first failure heard of. Ends the other workers then."""
    context = multiprocessing.get_context("spawn")
    said = context.SimpleQueue()
    processes = [
        context.Process(target=_work, args=(asked, place, said), daemon=False)
        for place in range(asked.workers)
    ]
    for process in processes:
        process.start()
    held, left, reported, failure = 0, asked.workers, began, None
    try:
        while left and failure is None:
            while said.empty():
                if not any(process.is_alive() for process in processes) and said.empty():
                    return held, None
                time.sleep(0.05)
            told: Told = said.get()
            held += told.held
            left -= told.is_last
            if told.seed is not None:
                failure = told
            if time.monotonic() - reported > REPORT_EVERY:
                reported = time.monotonic()
                rate = held / (reported - began)
                print(f"{held:,} of {asked.number:,} histories hold, {rate:.1f} a second", file=sys.stderr)
    finally:
        for process in processes:
            if left:
                process.terminate()
            process.join()
    return held, failure


def end_when_told() -> None:
    """SIGTERM ends a process as Ctrl+C does: what lies in memory for it, a PostgreSQL too, goes with it."""

    def end(*_: object) -> None:
        raise SystemExit(143)

    signal.signal(signal.SIGTERM, end)


def _work(asked: Asked, place: int, said: multiprocessing.SimpleQueue[Told]) -> None:
    end_when_told()
    seeds = range(asked.first + place, asked.first + asked.number, asked.workers)
    with ExitStack() as after:
        play = _full_stack(after, over_a_socket=asked.over_a_socket) if asked.full_stack else simulator.play
        at_once = 5 if asked.full_stack else simulator.AT_ONCE
        for told in _play_all(play, seeds, asked.steps, place, at_once):
            said.put(told)
            if told.seed is not None:
                return
    said.put(Told(place, 0, is_last=True))


def _play_all(play: Play, seeds: range, steps: int | None, place: int, at_once: int) -> Iterator[Told]:
    for first in range(0, len(seeds), at_once):
        held = 0
        with simulator.undisturbed():
            for seed in seeds[first : first + at_once]:
                try:
                    play(seed, steps)
                except Exception:
                    yield Told(place, held, seed, traceback.format_exc())
                    return
                held += 1
        yield Told(place, held)


def _full_stack(after: ExitStack, *, over_a_socket: bool) -> Play:
    from tests.support.database import quick_folder
    from tests.support.full_stack import play_on, standing_stack

    stack = after.enter_context(standing_stack(over_a_socket=over_a_socket))
    devices = tempfile.TemporaryDirectory(prefix="sims-devices-", dir=quick_folder())
    folder = Path(after.enter_context(devices))
    return lambda seed, steps: play_on(stack, seed, steps, folder)


if __name__ == "__main__":
    raise SystemExit(main())
