"""`sims bench keystrokes`: the desktop is killed between two keystrokes of a long entry, as often as asked.

After each death the next start must show every mark that was shown as saved, with the cursor where it was.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.support.keystrokes import Wrong, die_and_come_back


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="sims bench keystrokes", description=__doc__)
    parser.add_argument("--deaths", type=int, default=200, help="how often it is killed (default 200)")
    parser.add_argument("--most", type=int, default=9, help="keys of a life at most (default 9)")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="sims-keystrokes-") as folder:
        try:
            cells = die_and_come_back(Path(folder), given.deaths, random.Random(given.seed), given.most)
        except Wrong as wrong:
            print(f"FAILED: {wrong}")
            return 1
    print(f"killed {given.deaths} times; {cells} cells shown as saved, all there; the cursor where it was")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
