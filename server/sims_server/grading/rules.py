"""Who may enter which mark, and which way a sheet may go. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import msgspec

from sims_shared.grading import (
    REJECTIONS_IN_WORDS,
    SCORE_OUT_OF_RANGE,
    SCORED,
    AssessmentInUse,
    AssessmentLocked,
    AssessmentNameTaken,
    DevicesUnsynced,
    DeviceView,
    NotTheLead,
    NotYoursToEnter,
    OwnSheet,
    RowClosed,
    ScoreInvalid,
    SheetClosed,
    SheetStale,
    SheetWrongState,
    WeightsExceeded,
    read_value,
)
from sims_shared.merge import CLOSED_ROWS, NOT_ON_ROSTER, OPEN
from sims_shared.plan import MOST_COLUMNS, PlannedColumn, WritePlan
from sims_shared.problems import Fault, InvalidInput, NotFound
from sims_shared.reminders import NobodyToRemind, RemindedLately

FACULTY = "faculty"
FULL_WEIGHT = Decimal(100)
REMINDED_LATELY = timedelta(hours=1)
NAMED_MOST = 20
HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")


def check_sheet_open(state: str) -> None:
    if state != OPEN:
        raise SheetClosed(f"The sheet is {state}.")


def check_enters(entered_by: str, *, teaching: bool, everywhere: bool) -> None:
    """Teachers write what faculty enters, in their own sections; who reaches everywhere (the examination
    cell) writes only what the cell enters."""
    if entered_by == FACULTY and not teaching:
        raise NotYoursToEnter("The teachers of the section enter this assessment.")
    if entered_by != FACULTY and not everywhere:
        raise NotYoursToEnter("The examination cell enters this assessment.")


def check_weights(total: Decimal, old: Decimal, new: Decimal) -> None:
    """`total` is the section's, with `old` in it."""
    if total - old + new > FULL_WEIGHT:
        raise WeightsExceeded(f"The weights would add up to {total - old + new}.")


def check_row(status: str) -> None:
    """A mark needs a row of the roster that is not closed."""
    if status == NOT_ON_ROSTER:
        raise NotFound("The student is not on the roster of this section.")
    if status in CLOSED_ROWS:
        raise RowClosed(f"The enrollment is {status}.")


def check_not_locked(locked: bool) -> None:
    if locked:
        raise AssessmentLocked


@dataclass(frozen=True, slots=True)
class Standing:
    """A column of the sheet as a writer of the plan meets it; `highest` is the highest mark under it."""

    planned: PlannedColumn
    entered_by: str
    locked: bool
    written: bool
    highest: Decimal | None


Moved = tuple[PlannedColumn | None, PlannedColumn | None]


def plan_moves(seen: Sequence[PlannedColumn], standing: Sequence[PlannedColumn]) -> list[Moved]:
    """What became otherwise of the plan that was seen: (seen, standing), each None where it is not."""
    then, now = {one.id: one for one in seen}, {one.id: one for one in standing}
    return [(then.get(id), now.get(id)) for id in dict.fromkeys([*then, *now]) if then.get(id) != now.get(id)]


def check_plan(wish: WritePlan, standing: Sequence[Standing], *, everywhere: bool) -> list[PlannedColumn]:
    """The changes in an order in which the weights never add up to more than 100 on the way. `standing` is
    what the writer saw. Raises one refusal that names every column it is about."""
    there = {one.planned.id: one for one in standing}
    places = [(f"/change/{at}/id", one.id) for at, one in enumerate(wish.change)]
    places += [(f"/remove/{at}", id) for at, id in enumerate(wish.remove)]
    twice = [id for id, count in Counter(id for _, id in places).items() if count > 1]
    faults = [
        Fault(place, "unknown", "There is no such column on this sheet.")
        if id not in there
        else Fault(place, "twice", "A column is changed or removed once.")
        for place, id in places
        if id not in there or id in twice
    ]
    if len(wish.make) > MOST_COLUMNS:
        faults.append(Fault("/make", "too_many", f"At most {MOST_COLUMNS} columns are made at once."))
    if faults:
        raise InvalidInput(errors=faults)
    touched = [there[id] for _, id in places]
    not_entered = [one for one in touched if (one.entered_by != FACULTY) != everywhere]
    if not_entered or (wish.make and everywhere):
        names = _named(one.planned.name for one in not_entered)
        raise NotYoursToEnter(f"Entered by somebody else: {names}." if names else "Teachers make columns.")
    if locked := [one.planned.name for one in touched if one.locked]:
        raise AssessmentLocked(f"Locked: {_named(locked)}.")
    if held := [there[id].planned.name for id in wish.remove if there[id].written]:
        raise AssessmentInUse(f"Marks were written under {_named(held)}; blanked ones are still on record.")
    changed = {one.id: one for one in wish.change}
    _check_names(wish, [one for one in standing if one.planned.id not in wish.remove], changed)
    _check_maxima(wish, there)
    kept = [changed.get(id, one.planned).weight for id, one in there.items() if id not in wish.remove]
    check_weights(sum(kept, Decimal(0)), Decimal(0), sum((one.weight for one in wish.make), Decimal(0)))
    return sorted(wish.change, key=lambda one: one.weight - there[one.id].planned.weight)


def _check_names(wish: WritePlan, kept: Sequence[Standing], changed: Mapping[int, PlannedColumn]) -> None:
    names = Counter(changed.get(one.planned.id, one.planned).name for one in kept)
    names.update(one.name for one in wish.make)
    if taken := [name for name, count in names.items() if count > 1]:
        raise AssessmentNameTaken(f"More than one column would be named {_named(taken)}.")


def _check_maxima(wish: WritePlan, there: Mapping[int, Standing]) -> None:
    faults = [
        Fault(
            f"/change/{at}/max_score",
            SCORE_OUT_OF_RANGE.removeprefix("sync."),
            f"{one.name} holds a mark of {highest}: its maximum cannot become {one.max_score}.",
        )
        for at, one in enumerate(wish.change)
        if (highest := there[one.id].highest) is not None and one.max_score < highest
    ]
    if faults:
        raise ScoreInvalid(" ".join(fault.detail for fault in faults), errors=faults)


def value_of(
    mark: str | None, score: Decimal | None, max_score: Decimal
) -> tuple[str | None, Decimal | None]:
    """The value that is meant. Raises ScoreInvalid, naming the field."""
    value = read_value(mark, score, max_score)
    if isinstance(value, str):
        pointer = "/mark" if value == "sync.unknown_mark" else "/score"
        words = REJECTIONS_IN_WORDS[value]
        if value == SCORE_OUT_OF_RANGE:
            words = f"{words} ({max_score})"
        fault = Fault(pointer, value.removeprefix("sync."), words)
        raise ScoreInvalid(f"{words}.", errors=[fault])
    return value


def changed_value(
    current: tuple[str | None, Decimal | None], mark: Any, score: Any, max_score: Decimal
) -> tuple[str | None, Decimal | None]:
    """The value after a PATCH of either half. A score alone makes the cell `scored`; another mark alone
    takes the score away."""
    if mark is msgspec.UNSET:
        mark = current[0] if score is msgspec.UNSET or score is None else SCORED
    if score is msgspec.UNSET:
        score = current[1] if mark == SCORED else None
    return value_of(mark, score, max_score)


def check_rev(rev: int, known: int) -> None:
    if rev != known:
        raise SheetStale(f"The sheet is at revision {rev}; you saw {known}.", rev=rev)


def check_submit(
    state: str,
    rev: int,
    known: int,
    role: str | None,
    devices: Sequence[DeviceView],
    acknowledged: Collection[str],
) -> None:
    """`role` is the caller's in the section; `devices` those that hold unsynced marks."""
    if role != "lead":
        raise NotTheLead
    if state != OPEN:
        raise SheetWrongState(f"The sheet is {state} already.")
    check_rev(rev, known)
    seen = {client_id.lower() for client_id in acknowledged}
    waiting = [device for device in devices if device.client_id not in seen]
    if waiting:
        names = ", ".join(f"{device.account.name} ({device.pending})" for device in waiting)
        raise DevicesUnsynced(f"Marks wait on: {names}.", devices=waiting)


def check_approve(
    state: str, rev: int, known: int, *, teaching: bool, submitted_by: int | None, caller: int | None
) -> None:
    if teaching or (submitted_by is not None and submitted_by == caller):
        raise OwnSheet
    if state != "submitted":
        raise SheetWrongState(f"The sheet is {state}, not submitted.")
    check_rev(rev, known)


def check_return(state: str, *, teaching: bool) -> None:
    if teaching:
        raise OwnSheet("Whoever teaches a sheet cannot return it.")
    if state == OPEN:
        raise SheetWrongState("The sheet is open already.")


def check_reminder(asked: Sequence[int], found: Sequence[Mapping[str, Any]], *, again: bool) -> None:
    """`found` are the sections that the caller reaches: name, state of the sheet, lead teacher and whether
    they were reminded of it lately. Nobody is reminded of half of what was chosen."""
    known = {row["section_id"] for row in found}
    faults = [
        Fault(f"/section_ids/{place}", "unknown", f"There is no section {id} that runs.")
        for place, id in enumerate(asked)
        if id not in known
    ]
    if faults:
        raise InvalidInput(f"{len(faults)} of the sections do not exist.", errors=faults)
    closed = [row for row in found if row["state"] != OPEN]
    if closed:
        names = _named(f"{row['section']} is {row['state']}" for row in closed)
        raise SheetWrongState(
            f"Nobody is asked for a sheet that is handed in: {names}.", sections=_facts(closed, "state")
        )
    alone = [row for row in found if row["teacher_id"] is None]
    if alone:
        names = _named(row["section"] for row in alone)
        raise NobodyToRemind(f"Without a lead teacher: {names}.", sections=_facts(alone))
    lately = [row for row in found if row["lately"]]
    if lately and not again:
        names = _named(row["section"] for row in lately)
        raise RemindedLately(
            f"Reminded within the last hour: {names}.", sections=_facts(lately, "asked_at", "asked_by")
        )


def _named(names: Iterable[str]) -> str:
    every = list(names)
    more = f" and {len(every) - NAMED_MOST} more" if len(every) > NAMED_MOST else ""
    return ", ".join(every[:NAMED_MOST]) + more


def _facts(rows: Sequence[Mapping[str, Any]], *more: str) -> list[dict[str, Any]]:
    return [{name: row[name] for name in ("section_id", "section", *more)} for row in rows]


def host_of(public_url: str) -> str:
    """What stands after the @ of a letter's own name; of whatever an administrator set as the address."""
    try:
        host = urlsplit(public_url).hostname or ""
    except ValueError:
        host = ""
    return host if HOST.fullmatch(host) else "localhost"
