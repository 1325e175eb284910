"""What a device holds of a grade sheet, and every decision it takes about it, as pure functions.

A cell of the copy is base (what the server last confirmed) and at most one of: dirty (typed, waits),
in flight, in conflict, refused. The rule a newcomer would get wrong: the base of a cell with a
waiting edit never moves, or the push would claim a version its author never saw and overwrite a
colleague's mark in silence.

Each decision reads a `SheetCopy`, whole or only the cells it touches, and returns `Changes`; whoever
keeps the copy writes them in one transaction, and only then shows or sends anything. The desktop's
store and the simulator run the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple, TypeVar

import msgspec

from sims_shared.grading import (
    MAX_BATCH_BYTES,
    MAX_OPS,
    SheetChanges,
    SheetRow,
    SheetView,
    SyncAnswer,
    SyncBatch,
    SyncOp,
)
from sims_shared.merge import NEVER, OPEN, Cell, Key, digest_of
from sims_shared.messages import PROTOCOL_MAX
from sims_shared.problems import Kind, Refusal

V = TypeVar("V")

# -- What is kept --------------------------------------------------------------


class Edit(NamedTuple):
    """What a person typed and nobody has confirmed."""

    edit_id: str
    mark: str | None
    score: Decimal | None


class Sealed(NamedTuple):
    edit_id: str
    mark: str | None
    score: Decimal | None
    base_ver: int


class Inflight(NamedTuple):
    """A sealed batch: these bytes and no others are sent until an answer to them is stored."""

    client_id: str
    mid: int
    body: bytes
    ops: Mapping[Key, Sealed]


class Conflict(NamedTuple):
    mine: Edit
    theirs: Cell
    base: Cell


class Refused(NamedTuple):
    mine: Edit
    code: str


class Head(NamedTuple):
    """What is kept once per sheet. `client_id` is the one that `next_mid` counts under. `behind` is
    the cursor before the first pull that passed over a cell because an edit waited on it: once the
    batch has landed, pulls go on from there."""

    client_id: str
    next_mid: int = 1
    cursor: int = 0
    behind: int | None = None
    epoch: str = ""
    state: str = OPEN


@dataclass(slots=True)
class SheetCopy:
    """A sheet as a device holds it, whole or only the cells a decision touches."""

    section_id: int
    head: Head
    roster: Mapping[int, str] = field(default_factory=dict)
    base: Mapping[Key, Cell] = field(default_factory=dict)
    dirty: Mapping[Key, Edit] = field(default_factory=dict)
    inflight: Inflight | None = None
    conflict: Mapping[Key, Conflict] = field(default_factory=dict)
    refused: Mapping[Key, Refused] = field(default_factory=dict)


FateName = Literal[
    "edited", "sealed", "superseded", "applied", "same", "conflict", "refused", "chose_mine",
    "chose_theirs", "offered_again", "back_to_dirty", "given_up", "change_requested", "purged",
]  # fmt: skip


class Fate(NamedTuple):
    """One line of the append-only edit log."""

    key: Key
    edit_id: str
    fate: FateName
    mark: str | None
    score: Decimal | None
    note: str = ""


class AckedOp(NamedTuple):
    """An applied edit that is remembered for 14 days in case the server is restored. `at` is the server's
    time of it: this computer's clock decides nothing."""

    key: Key
    edit_id: str
    mark: str | None
    score: Decimal | None
    ver: int
    at: datetime | None = None


@dataclass(slots=True)
class Changes:
    """What a decision wants written, in one transaction. None under a key: the entry goes away."""

    head: Head | None = None
    base: dict[Key, Cell | None] = field(default_factory=dict)
    dirty: dict[Key, Edit | None] = field(default_factory=dict)
    conflict: dict[Key, Conflict | None] = field(default_factory=dict)
    refused: dict[Key, Refused | None] = field(default_factory=dict)
    sealed: Inflight | None = None  # a batch goes in flight
    landed: bool = False  # the batch in flight is over
    roster: dict[int, str | None] = field(default_factory=dict)
    acked: list[AckedOp] = field(default_factory=list)
    fates: list[Fate] = field(default_factory=list)


def same_value(one: Cell | Edit | Sealed, mark: str | None, score: Decimal | None) -> bool:
    return one.mark == mark and one.score == score


Badge = Literal["conflict", "refused", "waiting", "sending", "confirmed"]


def shown(copy: SheetCopy, key: Key) -> tuple[str | None, Decimal | None, Badge]:
    """What the grid shows: conflict.mine, else dirty, else in flight, else a refused edit, else
    base."""
    if (conflict := copy.conflict.get(key)) is not None:
        return conflict.mine.mark, conflict.mine.score, "conflict"
    if (edit := copy.dirty.get(key)) is not None:
        return edit.mark, edit.score, "waiting"
    if copy.inflight is not None and (sealed := copy.inflight.ops.get(key)) is not None:
        return sealed.mark, sealed.score, "sending"
    if (refused := copy.refused.get(key)) is not None:
        return refused.mine.mark, refused.mine.score, "refused"
    base = copy.base.get(key, NEVER)
    return base.mark, base.score, "confirmed"


_own_batch = msgspec.json.Decoder(SyncBatch)


# -- What is decided ------------------------------------------------------------


class ConflictMoved(Refusal):
    code = "sync.conflict_moved"
    title = "The other value has changed since you looked at it"
    kind = Kind.CONFLICT


class NewEdit(NamedTuple):
    key: Key
    edit_id: str
    mark: str | None
    score: Decimal | None


def edit(copy: SheetCopy, edits: Iterable[NewEdit]) -> Changes:
    """Typing what the server already confirmed is no edit. On a cell in conflict the new
    value becomes `mine` and waits for the person's choice with it."""
    changes = Changes()
    for key, edit_id, mark, score in edits:
        mine = Edit(edit_id, mark, score)
        conflict = changes.conflict.get(key) or copy.conflict.get(key)
        waiting = changes.dirty.get(key) or copy.dirty.get(key)
        refused = copy.refused.get(key)
        if conflict is not None:
            changes.fates.append(_superseded(key, conflict.mine, edit_id))
            changes.conflict[key] = conflict._replace(mine=mine)
        elif waiting is not None or refused is not None or _differs(copy, mine, key):
            if waiting is not None:
                changes.fates.append(_superseded(key, waiting, edit_id))
            if refused is not None and key not in changes.refused:
                changes.fates.append(_superseded(key, refused.mine, edit_id))
                changes.refused[key] = None
            changes.dirty[key] = mine
        else:
            continue
        changes.fates.append(Fate(key, edit_id, "edited", mark, score))
    return changes


def with_edits(copy: SheetCopy, changes: Changes) -> SheetCopy:
    """The copy after what `edit` decided was written, for showing it. Bases and batch stay."""

    def after(held: Mapping[Key, V], changed: Mapping[Key, V | None]) -> dict[Key, V]:
        together = {**held, **changed}
        return {key: value for key, value in together.items() if value is not None}

    return replace(
        copy,
        dirty=after(copy.dirty, changes.dirty),
        conflict=after(copy.conflict, changes.conflict),
        refused=after(copy.refused, changes.refused),
    )


def _differs(copy: SheetCopy, mine: Edit, key: Key) -> bool:
    flying = copy.inflight is not None and key in copy.inflight.ops
    return flying or not same_value(copy.base.get(key, NEVER), mine.mark, mine.score)


def _superseded(key: Key, old: Edit | Sealed, by_edit: str) -> Fate:
    return Fate(key, old.edit_id, "superseded", old.mark, old.score, by_edit)


def seal(copy: SheetCopy, client_id: str) -> Changes | None:
    """None while a batch is in flight or nothing waits. The bytes made here are the ones
    that are sent, however often. A device that took a new identity counts from 1 again."""
    if copy.inflight is not None or not copy.dirty:
        return None
    mid = copy.head.next_mid if copy.head.client_id == client_id else 1
    count = min(len(copy.dirty), MAX_OPS)
    while True:
        ops = {
            key: Sealed(mine.edit_id, mine.mark, mine.score, copy.base.get(key, NEVER).ver)
            for key, mine in list(copy.dirty.items())[:count]
        }
        body = encode_batch(client_id, mid, ops)
        if len(body) <= MAX_BATCH_BYTES:
            break
        count //= 2
    return Changes(
        head=copy.head._replace(client_id=client_id, next_mid=mid + 1),
        dirty=dict.fromkeys(ops),
        sealed=Inflight(client_id, mid, body, ops),
        fates=[Fate(key, op.edit_id, "sealed", op.mark, op.score, str(mid)) for key, op in ops.items()],
    )


def encode_batch(client_id: str, mid: int, ops: Mapping[Key, Sealed]) -> bytes:
    return msgspec.json.encode(
        SyncBatch(
            client_id=client_id,
            mid=mid,
            protocol=PROTOCOL_MAX,
            ops=[
                SyncOp(op.edit_id, key[0], key[1], op.base_ver, op.mark, op.score) for key, op in ops.items()
            ],
        )
    )


def decode_batch(body: bytes) -> dict[Key, Sealed]:
    """The edits of a batch this device sealed, whatever protocol it spoke then."""
    return {
        (op.enrollment_id, op.assessment_id): Sealed(
            str(op.edit_id), op.mark, None if op.score is None else Decimal(op.score), op.base_ver
        )
        for op in _own_batch.decode(body).ops
    }


def acknowledge(
    copy: SheetCopy, client_id: str, mid: int, answer: SyncAnswer, *, leaving: bool = False
) -> Changes | None:
    """`client_id` and `mid` are those of the request that `answer` came to. None: the answer is not
    to the batch in flight, or comes from before or after a restore (versions of another epoch mean
    other writes), and changes nothing. Whoever is leaving the sheet hears it all the same: they
    cannot pull to learn the new epoch, and their bases go away anyway."""
    flying = copy.inflight
    if flying is None or (flying.client_id, flying.mid) != (client_id, mid):
        return None
    if answer.epoch != copy.head.epoch and not leaving:
        return None
    if [outcome.edit_id for outcome in answer.outcomes] != [op.edit_id for op in flying.ops.values()]:
        return None
    changes = Changes(landed=True, head=_caught_up(copy.head)._replace(state=answer.state))
    for (key, op), outcome in zip(flying.ops.items(), answer.outcomes, strict=True):
        newer = copy.dirty.get(key)
        base = copy.base.get(key, NEVER)
        theirs = None
        if outcome.ver is not None:
            theirs = Cell(outcome.mark, outcome.score, outcome.ver, outcome.by, outcome.at)
        if outcome.outcome in ("applied", "same"):
            assert theirs is not None
            changes.base[key] = theirs
            changes.fates.append(Fate(key, op.edit_id, outcome.outcome, op.mark, op.score, str(theirs.ver)))
            if outcome.outcome == "applied":
                changes.acked.append(AckedOp(key, op.edit_id, op.mark, op.score, theirs.ver, theirs.at))
            continue
        mine = Edit(op.edit_id, op.mark, op.score)
        if newer is not None:
            changes.fates.append(_superseded(key, op, newer.edit_id))
            changes.dirty[key] = None
            mine = newer
        if outcome.outcome == "conflict":
            assert theirs is not None
            changes.conflict[key] = Conflict(mine, theirs, base)
            changes.fates.append(Fate(key, mine.edit_id, "conflict", mine.mark, mine.score, str(theirs.ver)))
        else:
            code = outcome.code or "sync.rejected"
            changes.refused[key] = Refused(mine, code)
            changes.fates.append(Fate(key, mine.edit_id, "refused", mine.mark, mine.score, code))
        if theirs is not None:
            changes.base[key] = theirs
    return changes


def _caught_up(head: Head) -> Head:
    """Even an `applied` may be older than what a pull passed over: a copied profile that seals the
    very bytes of its twin gets the twin's stored outcome."""
    return head if head.behind is None else head._replace(cursor=head.behind, behind=None)


def refuse_batch(copy: SheetCopy, client_id: str, mid: int, code: str) -> Changes | None:
    """An answer that ends the batch without judging its edits. They become refused, stay
    visible and can be sent again. The number goes back, because the server has not used it."""
    flying = copy.inflight
    if flying is None or (flying.client_id, flying.mid) != (client_id, mid):
        return None
    changes = Changes(landed=True, head=_caught_up(copy.head)._replace(next_mid=mid))
    for key, op in flying.ops.items():
        mine = Edit(op.edit_id, op.mark, op.score)
        newer = copy.dirty.get(key)
        if newer is not None:
            changes.fates.append(_superseded(key, op, newer.edit_id))
            changes.dirty[key] = None
            mine = newer
        changes.refused[key] = Refused(mine, code)
        changes.fates.append(Fate(key, mine.edit_id, "refused", mine.mark, mine.score, code))
    return changes


def apply_pull(copy: SheetCopy, since: int, answer: SheetChanges) -> Changes | None:
    """`since` is the cursor that was asked with. None: a batch is in flight, the answer is
    to an older question, or the server was restored (then `epoch_changed` is due)."""
    if copy.inflight is not None or since != copy.head.cursor or answer.epoch != copy.head.epoch:
        return None
    changes = Changes()
    passed = False
    if answer.roster is not msgspec.UNSET:
        for enrollment_id in answer.roster.removed:
            changes.roster[enrollment_id] = None
        for row in answer.roster.added:
            changes.roster[row.enrollment_id] = row.status
            for key, theirs in _cells_of(row):
                passed |= _move_base(copy, key, theirs, changes)
    for cell in answer.cells:
        theirs = Cell(cell.mark, cell.score, cell.ver, cell.by, cell.at)
        passed |= _move_base(copy, (cell.enrollment_id, cell.assessment_id), theirs, changes)
    behind = since if passed and copy.head.behind is None else copy.head.behind
    changes.head = copy.head._replace(cursor=answer.rev, state=answer.state, behind=behind)
    return changes


def _cells_of(row: SheetRow) -> Iterator[tuple[Key, Cell]]:
    for assessment_id, cell in row.cells.items():
        yield (row.enrollment_id, int(assessment_id)), Cell(cell.mark, cell.score, cell.ver, cell.by, cell.at)


def _move_base(copy: SheetCopy, key: Key, theirs: Cell, changes: Changes) -> bool:
    """Whether the cell was passed over. Under a waiting edit the base stays, so that the push reports
    the conflict. Under an open conflict `theirs` moves along, so that the person always chooses
    against the newest value."""
    base = changes.base.get(key) or copy.base.get(key, NEVER)
    if theirs.ver <= base.ver:
        return False
    if key in copy.dirty:
        return True
    changes.base[key] = theirs
    conflict = copy.conflict.get(key)
    if conflict is not None:
        changes.conflict[key] = conflict._replace(theirs=theirs)
    return False


def apply_whole(copy: SheetCopy, sheet: SheetView) -> Changes | None:
    """Takes the whole sheet instead of what is held, keeping what waits and what is in
    conflict. Needs the whole copy. None while a batch is in flight."""
    if copy.inflight is not None:
        return None
    changes = Changes()
    cells: dict[Key, Cell] = {}
    for row in sheet.rows:
        changes.roster[row.enrollment_id] = row.status
        cells.update(_cells_of(row))
    changes.roster.update(dict.fromkeys(copy.roster.keys() - changes.roster.keys()))
    for key in copy.base.keys() - cells.keys():
        if key not in copy.dirty:
            changes.base[key] = None
    passed = False
    for key, theirs in cells.items():
        if copy.base.get(key, NEVER) == theirs:
            continue
        if key in copy.dirty:
            passed = True
        else:
            changes.base[key] = theirs
    changes.head = copy.head._replace(
        cursor=sheet.rev, epoch=sheet.epoch, state=sheet.state, behind=0 if passed else None
    )
    for key, conflict in copy.conflict.items():
        theirs = cells.get(key, NEVER)
        if theirs != conflict.theirs:
            changes.conflict[key] = conflict._replace(theirs=theirs)
    return changes


def held_digest(copy: SheetCopy) -> str | None:
    """The digest of what is held, to be compared at the end of a sync. None while edits
    wait or fly: their bases are not moved by pulls, so there is nothing to compare yet. Needs the
    whole copy."""
    if copy.dirty or copy.inflight is not None:
        return None
    return digest_of((key, cell) for key, cell in copy.base.items() if key[0] in copy.roster)


def resolve_mine(copy: SheetCopy, key: Key, edit_id: str, seen_ver: int) -> Changes:
    """Mine becomes a new edit on top of theirs. `seen_ver` is the version of theirs that the
    person saw. Raises ConflictMoved when it is no longer that one; KeyError without a conflict."""
    conflict = _seen(copy, key, seen_ver)
    mine = conflict.mine
    return Changes(
        conflict={key: None},
        dirty={key: Edit(edit_id, mine.mark, mine.score)},
        fates=[
            Fate(key, mine.edit_id, "chose_mine", mine.mark, mine.score, edit_id),
            Fate(key, edit_id, "edited", mine.mark, mine.score),
        ],
    )


def resolve_theirs(copy: SheetCopy, key: Key, seen_ver: int) -> Changes:
    """Theirs stands; the losing value stays in the edit log and in the server's record."""
    mine = _seen(copy, key, seen_ver).mine
    return Changes(
        conflict={key: None},
        fates=[Fate(key, mine.edit_id, "chose_theirs", mine.mark, mine.score, str(seen_ver))],
    )


def _seen(copy: SheetCopy, key: Key, seen_ver: int) -> Conflict:
    conflict = copy.conflict[key]
    if conflict.theirs.ver != seen_ver:
        raise ConflictMoved("Look at the new value before you choose")
    return conflict


def restart_identity(copy: SheetCopy, client_id: str) -> Changes:
    """A restored or copied profile used a number that its twin had used. Under a new
    client_id the bases stay and what was in flight waits again, unless a newer edit already does."""
    changes = Changes(head=copy.head._replace(client_id=client_id, next_mid=1))
    if copy.inflight is not None:
        changes.landed = True
        for key, op in copy.inflight.ops.items():
            newer = copy.dirty.get(key)
            if newer is not None:
                changes.fates.append(_superseded(key, op, newer.edit_id))
            else:
                changes.dirty[key] = Edit(op.edit_id, op.mark, op.score)
                changes.fates.append(Fate(key, op.edit_id, "back_to_dirty", op.mark, op.score))
    return changes


def epoch_changed(copy: SheetCopy, sheet: SheetView, remembered: Iterable[AckedOp]) -> Changes | None:
    """The server came back from a backup. Takes the whole sheet and offers again every
    remembered edit that was the last this device knew of its cell and that the server lost. What the
    server holds all the same is remembered on under its version there. `remembered` is in the order in
    which the edits came to be so.

    With a batch in flight the caller does `restart_identity` first; until then None.
    """
    changes = apply_whole(copy, sheet)
    if changes is None:
        return None
    for op in _last_known(copy, remembered):
        held = copy.base.get(op.key, NEVER)
        now = changes.base[op.key] or NEVER if op.key in changes.base else held
        # Of a row that is off the roster now nothing is known, so its blanks are offered too.
        differs = not now.ver or not same_value(now, op.mark, op.score)
        moved = now != held
        busy = op.key in copy.dirty or op.key in copy.conflict or op.key in copy.refused
        if moved and not differs:
            # A late packet may have brought this very edit back. The next restore may take it again.
            changes.acked.append(op._replace(ver=now.ver, at=now.at))
        elif moved and not busy:
            changes.refused[op.key] = Refused(Edit(op.edit_id, op.mark, op.score), "sync.lost_in_restore")
            changes.fates.append(
                Fate(op.key, op.edit_id, "refused", op.mark, op.score, "sync.lost_in_restore")
            )
    return changes


def _last_known(copy: SheetCopy, remembered: Iterable[AckedOp]) -> Iterable[AckedOp]:
    """Of each cell the edit that this copy still holds. After a restore that may be an older one than was
    applied last, and the next restore may take that as well."""
    return {op.key: op for op in remembered if copy.base.get(op.key, NEVER).ver == op.ver}.values()


def offer_again(copy: SheetCopy, keys: Collection[Key], new_edit_id: Callable[[], str]) -> Changes:
    """Refused edits wait again, as new edits on top of the base that is held now."""
    changes = Changes()
    for key in keys:
        refused = copy.refused.get(key)
        if refused is None:
            continue
        mine = refused.mine
        changes.refused[key] = None
        if key in copy.dirty or key in copy.conflict:
            changes.fates.append(Fate(key, mine.edit_id, "given_up", mine.mark, mine.score))
            continue
        edit_id = new_edit_id()
        changes.dirty[key] = Edit(edit_id, mine.mark, mine.score)
        changes.fates.append(Fate(key, mine.edit_id, "offered_again", mine.mark, mine.score, edit_id))
        changes.fates.append(Fate(key, edit_id, "edited", mine.mark, mine.score))
    return changes


def give_up(copy: SheetCopy, keys: Collection[Key]) -> Changes:
    """The person lets refused edits go. They stay in the edit log."""
    changes = Changes()
    for key in keys:
        refused = copy.refused.get(key)
        if refused is not None:
            mine = refused.mine
            changes.refused[key] = None
            changes.fates.append(Fate(key, mine.edit_id, "given_up", mine.mark, mine.score))
    return changes


def hand_over(copy: SheetCopy, asked: Mapping[Key, tuple[str, int]]) -> Changes:
    """Refused edits that a change request now carries: for each cell the edit that was asked for and the
    number of the request. One that was replaced meanwhile stays."""
    changes = Changes()
    for key, (edit_id, change_id) in asked.items():
        refused = copy.refused.get(key)
        if refused is not None and refused.mine.edit_id == edit_id:
            mine = refused.mine
            changes.refused[key] = None
            changes.fates.append(
                Fate(key, edit_id, "change_requested", mine.mark, mine.score, str(change_id))
            )
    return changes
