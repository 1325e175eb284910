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
    ended = play(out)
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-4000:]
    pictures = sorted(path.name for path in out.glob("[0-9]*.png"))
    assert [name.split("-")[0] for name in pictures] == [f"{n:02}" for n in range(1, len(pictures) + 1)]
    sealed = next(out.glob("transcript-*.pdf"))
    printed = next((out / "printed").glob("*.pdf"))
    assert sealed.read_bytes() == printed.read_bytes()
    assert "superseded" in (out / "tour.log").read_text(encoding="utf-8").lower()


def test_a_tour_that_cannot_keep_its_pictures_says_so(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    ended = play(blocked / "tour")
    assert ended.returncode == 2
    assert "cannot be written" in ended.stderr


def test_a_tour_whose_step_fails_ends_non_zero_and_says_which(tmp_path: Path) -> None:
    ended = play(tmp_path / "tour", DATABASE_URL="postgresql://nobody@127.0.0.1:1/nowhere")
    assert ended.returncode == 1
    assert "FAILED: the server did not start" in ended.stdout
    assert "FAILED" in (tmp_path / "tour" / "tour.log").read_text(encoding="utf-8")


def play(out: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.stories.tour", "--out", str(out)],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
