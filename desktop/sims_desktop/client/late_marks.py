"""Marks that came too late, after the results were published: turned into requests for a change.

The rule a newcomer would get wrong: a refused mark leaves the tray only when the server has said that a
request carries it. The key of each request is made of its edits, so that asking again after a lost answer
asks for the same thing and not twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple

from sims_desktop.client.errors import ProblemAnswer
from sims_desktop.client.http import Client
from sims_desktop.client.results import every
from sims_desktop.kit.language import phrase
from sims_desktop.offline.store import SheetStore, ShownRefusal
from sims_shared.merge import Key
from sims_shared.results import PendingChangeView, ResultView

CLOSED = frozenset({"sync.sheet_closed"})
PUBLISHED = frozenset({"published", "frozen"})


class Asked(NamedTuple):
    """What became of the late marks. `left` says in words, row by row, what could not be asked for."""

    requests: Sequence[PendingChangeView]
    marks: int
    left: Sequence[str]


class LeftOver(NamedTuple):
    """A mark that the server refused and this computer keeps, beside what the server has there."""

    key: Key
    reg_no: str
    name: str
    assessment: str
    mark: str | None
    score: Decimal | None
    server_mark: str | None
    server_score: Decimal | None
    code: str

    @property
    def is_late(self) -> bool:
        """Refused because the sheet was closed, and not for a fault of the mark."""
        return self.code in CLOSED


def left_over(store: SheetStore, section_id: int) -> list[LeftOver]:
    """Every refused mark of this sheet, by registration number."""
    refused = store.refused(section_id)
    if not refused:
        return []
    base = store.held(section_id).base
    found = []
    for late in refused:
        there = base.get(late.key)
        mark, score = (there.mark, there.score) if there is not None else (None, None)
        mine = late.mine
        names = (late.reg_no, late.name, late.assessment)
        found.append(LeftOver(late.key, *names, mine.mark, mine.score, mark, score, late.code))
    return sorted(found, key=lambda one: (one.reg_no, one.key))


def late_marks(store: SheetStore, section_id: int) -> list[ShownRefusal]:
    """Marks of this sheet that were refused because it was closed."""
    return [late for late in store.refused(section_id) if late.code in CLOSED]


def request_changes(client: Client, store: SheetStore, section_id: int, reason: str) -> Asked:
    """Asks for one change a student, with all late marks of that student. Never on the window's thread.

    Raises:
        TryLater: the server cannot be had; what was asked for until then is no longer refused here.
    """
    late = sorted(late_marks(store, section_id), key=lambda one: one.key)
    if not late:
        return Asked((), 0, ())
    students = store.student_ids(section_id)
    results = {
        result.student_id: result
        for result in every(client, "/api/results/", ResultView, {"section_id": section_id})
        if result.state in PUBLISHED
    }
    requests: list[PendingChangeView] = []
    left: list[str] = []
    marks = 0
    for enrollment_id, group in groupby(late, key=lambda one: one.key[0]):
        ours = list(group)
        who = f"{ours[0].reg_no} {ours[0].name}"
        result = results.get(students.get(enrollment_id, 0))
        blank = [one.assessment for one in ours if one.mine.mark is None]
        if result is None:
            left.append(phrase("{who}: the result is not published", who=who))
            continue
        if blank:
            left.append(
                phrase(
                    "{who}: {list} would become blank, which no change can ask for",
                    who=who,
                    list=", ".join(blank),
                )
            )
            continue
        try:
            change = client.post(
                "/api/results/change-request/",
                {"result_id": result.id, "scores": [_score(one) for one in ours], "reason": reason},
                PendingChangeView,
                key=_key(section_id, ours, reason),
            )
        except ProblemAnswer as problem:
            left.append(f"{who}: {problem}")
            continue
        store.hand_over(section_id, {one.key: (one.mine.edit_id, change.id) for one in ours})
        requests.append(change)
        marks += len(ours)
    return Asked(requests, marks, left)


def _score(late: ShownRefusal) -> dict[str, Any]:
    wanted: dict[str, Any] = {"assessment_id": late.key[1], "mark": late.mine.mark}
    if late.mine.score is not None:
        wanted["score"] = str(late.mine.score)
    return wanted


def _key(section_id: int, late: Sequence[ShownRefusal], reason: str) -> str:
    told = "\n".join((str(section_id), reason, *(one.mine.edit_id for one in late)))
    return hashlib.sha256(told.encode()).hexdigest()[:40]
