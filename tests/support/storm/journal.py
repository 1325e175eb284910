"""What one client was shown as saved, kept by nobody but itself: the evidence by which the end is judged.

Every mark in a storm is typed once and never again, by anybody: the mark itself tells which edit it was.
"""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from sims_shared.merge import Key

HIGHEST = Decimal("99999.99")
EDITS_OF_A_CLIENT = 100_000
# An edit may be durable and not yet in the journal when its process dies; no number is used again.
SKIPPED_AFTER_A_DEATH = 10


class Shown(NamedTuple):
    section_id: int
    key: Key
    score: Decimal


class Journal:
    """Appended to and synced to disk after each mark that was shown as saved."""

    def __init__(self, path: Path, client: int) -> None:
        self._path = path
        self._first = client * EDITS_OF_A_CLIENT
        known = read_journal(path)
        last = max((int(shown.score * 100) for shown in known), default=self._first)
        self._next = last + (SKIPPED_AFTER_A_DEATH if path.exists() else 1)
        self._file = path.open("ab")

    def new_score(self) -> Decimal:
        """A mark that nobody has typed before."""
        score = Decimal(self._next) / 100
        self._next += 1
        assert self._next < self._first + EDITS_OF_A_CLIENT, "this client has typed all its marks"
        return score.quantize(Decimal("0.01"))

    def shown(self, section_id: int, key: Key, score: Decimal) -> None:
        line = json.dumps([section_id, *key, str(score)]).encode() + b"\n"
        self._file.write(line)
        self._file.flush()
        os.fsync(self._file.fileno())


def read_journal(path: Path) -> list[Shown]:
    """A last line that the death of its writer cut short was not yet shown."""
    if not path.exists():
        return []
    whole = path.read_bytes()
    lines = whole[: whole.rfind(b"\n") + 1].splitlines()
    return [
        Shown(section, (enrollment, assessment), Decimal(score))
        for section, enrollment, assessment, score in map(json.loads, lines)
    ]
