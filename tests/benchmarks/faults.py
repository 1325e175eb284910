"""`sims bench faults`: real client processes, a real server and PostgreSQL, and a storm around them.

Prints its counts; exits non-zero unless lost, doubled, divergent and stuck are all 0.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.support.storm.storm import FAIR, ROUGH, Report, Storm


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="sims bench faults", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="of storm (default 10)")
    parser.add_argument("--clients", type=int, default=10, help="client processes (default 10)")
    parser.add_argument("--windows", type=int, default=2, help="how many of them with windows (default 2)")
    parser.add_argument("--seed", type=int, help="of the weather (default: another one each time)")
    parser.add_argument("--rough", action="store_true", help="two and a half times as many faults")
    given = parser.parse_args(argv)
    seed = random.randrange(1_000_000) if given.seed is None else given.seed
    folder = Path(tempfile.mkdtemp(prefix="sims-storm-"))
    print(f"weather {seed}; everything lies in {folder}", flush=True)
    weather = ROUGH if given.rough else FAIR
    report = run_storm(
        folder, given.minutes * 60, given.clients, given.windows, seed, rough=weather is ROUGH, loud=True
    )
    print(report.words())
    if report.holds:
        shutil.rmtree(folder, ignore_errors=True)
        return 0
    print(f"FAILED; what each process said, its journal and its store lie in {folder}")
    return 1


def run_storm(
    folder: Path, seconds: float, clients: int, windows: int, seed: int, *, rough: bool, loud: bool = False
) -> Report:
    def say(words: str) -> None:
        if loud:
            print(words, file=sys.stderr, flush=True)

    storm = Storm(folder, clients, min(windows, clients), seed, ROUGH if rough else FAIR, say)
    try:
        return storm.run(seconds)
    finally:
        storm.close()


if __name__ == "__main__":
    raise SystemExit(main())
