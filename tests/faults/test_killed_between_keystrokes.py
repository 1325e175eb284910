"""`kill -9` of the desktop between two keystrokes. `./sims bench keystrokes` does it two hundred times."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.support.keystrokes import die_and_come_back


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_killed_between_two_keystrokes_every_mark_shown_as_saved_is_there_and_the_cursor_too(
    tmp_path: Path,
) -> None:
    assert die_and_come_back(tmp_path, 4, random.Random(417), most_strokes=24) > 5
