"""After the storm: what became of every mark that somebody was shown as saved.

The evidence is the clients' own journals. A mark is accounted for when the database has it as a version of
its cell or as the losing side of a recorded conflict, or when its own computer replaced it by a later mark
that is accounted for in turn; everything else is lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

from sims_desktop.offline import outbox
from sims_desktop.offline.store import SheetStore
from sims_desktop.shell.workplace import ProfileDoor
from sims_shared.merge import Key
from tests.support.storm.journal import Shown, read_journal
from tests.support.university import PASSWORD

Place = tuple[int, Key]  # section and cell


@dataclass
class Verdict:
    """Counts, and the first sentences of what is wrong."""

    shown: int = 0
    written: int = 0
    conflicts: int = 0
    superseded: int = 0
    let_go: int = 0  # typed over a conflict and given up before it was sent
    waiting: int = 0
    lost: int = 0
    doubled: int = 0
    divergent: int = 0
    complaints: list[str] = field(default_factory=list)

    def complain(self, sentence: str) -> None:
        if len(self.complaints) < 20:
            self.complaints.append(sentence)


class Records:
    """What the database says."""

    def __init__(self, superuser_url: str, sections: Sequence[int]) -> None:
        with psycopg.connect(superuser_url, autocommit=True) as db:
            self.versions: Counter[tuple[Place, Decimal]] = Counter(
                ((row[0], (row[1], row[2])), row[3])
                for row in db.execute(
                    "SELECT section_id, enrollment_id, assessment_id, score FROM assessment_score_version"
                    " WHERE score IS NOT NULL AND section_id = ANY (%s)",
                    [list(sections)],
                )
            )
            self.losing: set[tuple[Place, Decimal]] = {
                ((row[0], (row[1], row[2])), row[3])
                for row in db.execute(
                    "SELECT section_id, enrollment_id, assessment_id, my_score FROM sync_conflict"
                    " WHERE my_score IS NOT NULL"
                )
            }
            self.cells: dict[int, dict[Key, tuple[str | None, Decimal | None, int]]] = {
                section: {
                    (row[0], row[1]): (row[2], row[3], row[4])
                    for row in db.execute(
                        "SELECT enrollment_id, assessment_id, mark, score, version FROM assessment_score"
                        " WHERE section_id = %s",
                        [section],
                    )
                }
                for section in sections
            }
            counted = db.execute("SELECT count(*) FROM sync_conflict").fetchone()
            self.conflicts: int = counted[0] if counted else 0


def judge(
    folder: Path,
    usernames: Sequence[str],
    server_urls: Sequence[str],
    superuser_url: str,
    sections: Sequence[int],
) -> Verdict:
    records, verdict = Records(superuser_url, sections), Verdict()
    verdict.conflicts = records.conflicts
    verdict.written = sum(records.versions.values())
    for (place, score), times in records.versions.items():
        if times > 1:
            verdict.doubled += 1
            verdict.complain(f"doubled: {score} was written {times} times to {place}")
    for number, (username, url) in enumerate(zip(usernames, server_urls, strict=True)):
        door = ProfileDoor(folder / f"profile-{number}")
        if username not in door.known_users(url):
            if read_journal(folder / f"journal-{number}"):
                verdict.lost += 1
                verdict.complain(f"lost: the whole store of client {number}")
            continue
        door.enter_offline(url, username, PASSWORD)
        assert door.opened is not None
        try:
            _judge_client(
                number, read_journal(folder / f"journal-{number}"), door.opened.store, records, verdict
            )
        finally:
            door.opened.close()
    return verdict


def _judge_client(
    number: int, journal: Sequence[Shown], store: SheetStore, records: Records, verdict: Verdict
) -> None:
    verdict.shown += len(journal)
    logs = {section: Log(store, section) for section in {shown.section_id for shown in journal}}
    for shown in journal:
        why = logs[shown.section_id].account_for(shown, records, verdict)
        if why:
            verdict.lost += 1
            verdict.complain(f"lost: client {number} was shown {shown.score} in {shown.key} as saved; {why}")
    for section, cells in records.cells.items():
        if store.head(section) is None:
            verdict.divergent += 1
            verdict.complain(f"divergent: client {number} does not hold section {section}")
            continue
        held = store.held(section)
        verdict.waiting += len(held.dirty) + (len(held.inflight.ops) if held.inflight is not None else 0)
        base = {key: (cell.mark, cell.score, cell.ver) for key, cell in held.base.items() if cell.ver}
        for key in base.keys() | cells.keys():
            if base.get(key) != cells.get(key):
                verdict.divergent += 1
                verdict.complain(
                    f"divergent: client {number} holds {base.get(key)} in {key}, the server {cells.get(key)}"
                )


class Log:
    """One sheet's edit log, by mark and by edit."""

    def __init__(self, store: SheetStore, section_id: int) -> None:
        self.section_id = section_id
        self.by_mark: dict[tuple[Key, Decimal | None], list[str]] = {}
        self.fates: dict[str, list[Any]] = {}
        for fate, _ in outbox.read_fates(store._db, section_id):
            if fate.fate == "edited":
                self.by_mark.setdefault((fate.key, fate.score), []).append(fate.edit_id)
            self.fates.setdefault(fate.edit_id, []).append(fate)
        self.waiting: set[str] = set()
        self.shown: set[str] = set()
        if store.head(section_id) is not None:
            copy = store.held(section_id)
            self.waiting = {mine.edit_id for mine in copy.dirty.values()}
            if copy.inflight is not None:
                self.waiting |= {op.edit_id for op in copy.inflight.ops.values()}
            self.shown = {one.mine.edit_id for one in copy.conflict.values()}
            self.shown |= {one.mine.edit_id for one in copy.refused.values()}

    def _was_sent(self, edit_id: str) -> bool:
        return any(fate.fate == "sealed" for fate in self.fates[edit_id])

    def account_for(self, shown: Shown, records: Records, verdict: Verdict) -> str:
        """Empty when the mark is accounted for, else why not."""
        mark = ((self.section_id, shown.key), shown.score)
        edits = self.by_mark.get((shown.key, shown.score))
        if not edits:
            return "its computer knows nothing of it"
        if mark in records.versions or mark in records.losing:
            return ""
        edit_id = edits[-1]
        verdict.superseded += self.fates[edit_id][-1].fate == "superseded"
        for _ in range(len(self.fates)):
            if edit_id in self.waiting or edit_id in self.shown:
                return ""
            last = self.fates[edit_id][-1]
            if last.fate in ("superseded", "chose_mine", "offered_again"):
                if last.note not in self.fates:
                    return f"it was {last.fate} by an edit that is not there"
                if last.fate == "superseded":
                    newer = self.fates[last.note][0]
                    if ((self.section_id, newer.key), newer.score) in records.versions:
                        return ""
                edit_id = last.note
                continue
            if last.fate in ("chose_theirs", "given_up") and not self._was_sent(edit_id):
                verdict.let_go += 1  # typed over a conflict, then let go by the person, before it was sent
                return ""
            newest = ((self.section_id, last.key), last.score)
            if newest in records.versions or newest in records.losing:
                return ""
            return f"its computer says {last.fate}, the database knows nothing of it"
        return "its edits replace each other in a circle"
