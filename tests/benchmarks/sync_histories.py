"""`sims bench sync-histories`: simulated histories of the sync protocol by the thousand.

Prints the seed of the first failure, which replays it exactly, and exits non-zero.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.support import simulator

REPORT_EVERY = 1_000
Play = Callable[[int, int], None]


def main(argv: Sequence[str] | None = None) -> int:
    """Plays `--n` histories from `--seed` on. 0 when every invariant held in all of them."""
    parser = argparse.ArgumentParser(prog="sims bench sync-histories", description=__doc__)
    parser.add_argument("--n", type=int, default=2_000, help="how many histories (default 2000)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed (default 0)")
    parser.add_argument("--steps", type=int, default=60, help="steps of each (default 60)")
    parser.add_argument(
        "--full-stack", action="store_true", help="real store, socket, handlers and PostgreSQL"
    )
    asked = parser.parse_args(argv)
    with ExitStack() as after:
        play = _full_stack(after) if asked.full_stack else simulator.play
        return _play_all(play, asked.seed, asked.n, asked.steps)


def _play_all(play: Play, first: int, count: int, steps: int) -> int:
    began = time.monotonic()
    for done, seed in enumerate(range(first, first + count), start=1):
        try:
            play(seed, steps)
        except Exception:
            traceback.print_exc()
            print(f"FAILED seed {seed} of {steps} steps: replay with --n 1 --seed {seed}")
            return 1
        if done % REPORT_EVERY == 0:
            print(f"{done:,} histories hold", file=sys.stderr)
    print(f"{count:,} histories hold ({time.monotonic() - began:.1f} s)")
    return 0


def _full_stack(after: ExitStack) -> Play:
    from tests.support.full_stack import play_on, standing_stack

    stack = after.enter_context(standing_stack())
    folder = Path(after.enter_context(tempfile.TemporaryDirectory()))
    return lambda seed, steps: play_on(stack, seed, steps, folder)


if __name__ == "__main__":
    raise SystemExit(main())
