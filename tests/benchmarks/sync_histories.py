"""`sims bench sync-histories`: simulated histories of the sync protocol by the thousand.

Prints the seed of the first failure, which replays it exactly, and exits non-zero.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Sequence

from tests.support import simulator

REPORT_EVERY = 1_000


def main(argv: Sequence[str] | None = None) -> int:
    """Plays `--n` histories from `--seed` on. 0 when every invariant held in all of them."""
    parser = argparse.ArgumentParser(prog="sims bench sync-histories", description=__doc__)
    parser.add_argument("--n", type=int, default=2_000, help="how many histories (default 2000)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed (default 0)")
    parser.add_argument("--steps", type=int, default=60, help="steps of each (default 60)")
    asked = parser.parse_args(argv)
    began = time.monotonic()
    for done, seed in enumerate(range(asked.seed, asked.seed + asked.n), start=1):
        try:
            simulator.play(seed, asked.steps)
        except Exception:
            traceback.print_exc()
            print(f"FAILED seed {seed} of {asked.steps} steps: replay with --n 1 --seed {seed}")
            return 1
        if done % REPORT_EVERY == 0:
            print(f"{done:,} histories hold", file=sys.stderr)
    print(f"{asked.n:,} histories hold ({time.monotonic() - began:.1f} s)")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
