"""Two people's plans of one sheet: as it was seen, theirs, mine, who and when. Qt-free.

The rule a newcomer would get wrong: a plan is one thing. Whoever saw 100 of 100 wrote over that; so a
colleague's change of any column is shown, also of one that the line does not name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from sims_desktop.grading.presenter.entry import number_text
from sims_desktop.grading.presenter.plan import Planned
from sims_desktop.grading.presenter.sheet import Column
from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import when
from sims_shared.plan import ColumnMoved, PlannedColumn
from sims_shared.values import SYSTEM

NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Met:
    """One column three ways; `who` where somebody changed it meanwhile."""

    name: str
    before: str
    theirs: str
    mine: str
    who: str = ""


def planned(column: Column) -> PlannedColumn:
    return PlannedColumn(
        id=column.assessment_id,
        name=column.name,
        weight=column.weight,
        max_score=column.max_score,
        must_sit=column.must_sit,
    )


def moved_in(facts: Mapping[str, Any]) -> list[ColumnMoved]:
    """What the server says of columns that are not as they were seen."""
    return msgspec.convert(facts.get("columns", []), list[ColumnMoved], strict=False)


def moved_between(before: Sequence[Column], fresh: Sequence[Column]) -> list[ColumnMoved]:
    """The same as far as this computer knows: not by whom, nor when."""
    was = {column.assessment_id: planned(column) for column in before}
    now = {column.assessment_id: planned(column) for column in fresh}
    return [
        ColumnMoved(was=was.get(id), now=now.get(id), by=SYSTEM, at=None)
        for id in dict.fromkeys([*was, *now])
        if was.get(id) != now.get(id)
    ]


def columns_after(before: Sequence[Column], moves: Sequence[ColumnMoved]) -> list[Column]:
    """The columns as the server has them, before a sync brings them."""
    moved = {one.id: move.now for move in moves if (one := move.now or move.was) is not None}
    kept = [
        column
        if column.assessment_id not in moved
        else None
        if (now := moved[column.assessment_id]) is None
        else replace(column, name=now.name, weight=now.weight, max_score=now.max_score, must_sit=now.must_sit)
        for column in before
    ]
    new = [
        Column(now.id, now.name, now.max_score, now.weight, must_sit=now.must_sit)
        for move in moves
        if move.was is None and (now := move.now) is not None
    ]
    return [column for column in kept if column is not None] + new


def _how(weight: Decimal, maximum: Decimal, must_sit: bool) -> str:
    said = phrase("{weight} % of {maximum}", weight=number_text(weight), maximum=number_text(maximum))
    return f"{said}, {phrase('must be sat')}" if must_sit else said


def _told(one: PlannedColumn) -> str:
    return _how(one.weight, one.max_score, one.must_sit)


def _who(move: ColumnMoved, now: datetime) -> str:
    return "" if move.at is None else f"{move.by.name}, {when(move.at, now)}"


def moved_words(moves: Sequence[ColumnMoved], now: datetime) -> str:
    """`Final was 50 % of 50, is 40 % of 50 (Dr Saad Aziz, 09:41); Viva is new, …`."""
    said = []
    for move in moves:
        one = move.now or move.was
        assert one is not None
        if move.was is None:
            words = phrase("{name} is new, {how}", name=one.name, how=_told(one))
        elif move.now is None:
            words = phrase("{name} was taken away", name=one.name)
        elif _told(move.was) == _told(move.now):
            words = phrase("{before} is named {name}", before=move.was.name, name=one.name)
        else:
            words = phrase(
                "{name} was {before}, is {after}",
                name=one.name,
                before=_told(move.was),
                after=_told(move.now),
            )
        who = _who(move, now)
        said.append(f"{words} ({who})" if who else words)
    return "; ".join(said)


def three_ways(
    moves: Sequence[ColumnMoved],
    fresh: Sequence[Column],
    mine: Sequence[Planned],
    now: datetime,
) -> list[Met]:
    """Every column of the plan that stands, then those taken away, then those I would make."""
    by_id = {one.id: move for move in moves if (one := move.now or move.was) is not None}
    wanted = {part.stands.assessment_id: part for part in mine if part.stands is not None}
    lines = []
    for column in fresh:
        theirs = planned(column)
        move = by_id.pop(column.assessment_id, None)
        before = theirs if move is None else move.was
        part = wanted.get(column.assessment_id)
        lines.append(
            Met(
                column.name,
                _told(before) if before is not None else NOTHING,
                _told(theirs),
                _how(part.weight, part.maximum, part.must_sit) if part is not None else _told(theirs),
                _who(move, now) if move is not None else "",
            )
        )
    new = {part.name.casefold(): part for part in mine if part.stands is None}
    for move in by_id.values():
        if move.was is None:  # made there, and not yet brought here
            continue
        again = new.pop(move.was.name.casefold(), None)
        own = _how(again.weight, again.maximum, again.must_sit) if again is not None else NOTHING
        lines.append(Met(move.was.name, _told(move.was), phrase("taken away"), own, _who(move, now)))
    lines += [
        Met(part.name, NOTHING, NOTHING, _how(part.weight, part.maximum, part.must_sit))
        for part in new.values()
    ]
    return lines


def sums(fresh: Sequence[Column], total: Decimal) -> str:
    theirs = sum((column.weight for column in fresh), Decimal(0))
    return phrase(
        "Theirs adds up to {theirs} of 100, with yours over it {mine}.",
        theirs=number_text(theirs),
        mine=number_text(total),
    )
