"""`sims_desktop [--server URL] [--profile DIR]`: the desktop program."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="sims desktop", description="The SIMS desktop.")
    parser.add_argument("--server", metavar="URL", help="address of the server; the last one by default")
    parser.add_argument("--profile", type=Path, metavar="DIR", help="where this computer keeps its sheets")
    parser.add_argument("--sign-in", metavar="USER:PASSWORD", help="sign in at once, for the demo")
    asked = parser.parse_args(arguments)
    from sims_desktop.app import run

    return run(asked.server, asked.profile, asked.sign_in)


if __name__ == "__main__":
    sys.exit(main())
