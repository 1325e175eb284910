"""`./sims check`: everything a machine can say about the code without running the university."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.architecture.source import ROOT


def main() -> int:
    """Runs every check, also after one has failed, and answers 1 when any did."""
    scripts = Path(sysconfig.get_path("scripts"))
    steps = {
        "ruff": [str(scripts / "ruff"), "check", "."],
        "mypy --strict": [str(scripts / "mypy")],
        "import contracts": [str(scripts / "lint-imports")],
        "house rules, migrations against models": [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "tests/architecture",
        ],
    }
    failed = []
    for name, command in steps.items():
        print(f"== {name}", flush=True)
        if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
            failed.append(name)
    print(f"check: {'failed: ' + ', '.join(failed) if failed else 'all holds'}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
