"""The tour as somebody who types `./sims tour` gets it: it ends well and leaves what it promises."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(900)
def test_the_tour_ends_well_and_leaves_pictures_papers_and_a_log(tmp_path: Path) -> None:
    out = tmp_path / "tour"
    ended = subprocess.run(
        [sys.executable, "-m", "tests.stories.tour", "--out", str(out)],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-4000:]
    pictures = sorted(path.name for path in out.glob("[0-9]*.png"))
    assert [name.split("-")[0] for name in pictures] == [f"{n:02}" for n in range(1, len(pictures) + 1)]
    sealed = next(out.glob("transcript-*.pdf"))
    printed = next((out / "printed").glob("*.pdf"))
    assert sealed.read_bytes() == printed.read_bytes()
    assert "superseded" in (out / "tour.log").read_text(encoding="utf-8").lower()


def test_a_tour_that_cannot_begin_says_so_and_ends_non_zero(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    ended = subprocess.run(
        [sys.executable, "-m", "tests.stories.tour", "--out", str(blocked / "tour")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode != 0
    assert "cannot be written" in ended.stderr
