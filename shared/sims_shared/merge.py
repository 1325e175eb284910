"""How two people's marks meet: the digest of a sheet and the server's judgement of a batch.

Pure decisions of the off-line protocol; `sheet_copy.py` holds those of the device. The server's
grading slice and the simulator call the same `sync_batch`. The rule a newcomer would get wrong: the
machine never chooses between two people's marks. A write counts only on top of the version its
author's device held; anything else is a conflict for a person to resolve, with both values on record.

`sync_batch` judges one batch against plain mappings that a single query fetched for the touched
cells, and answers with columns ready for one `unnest`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from sims_shared.grading import (
    DeviceOfAnother,
    EditId,
    MutationGap,
    MutationReused,
    Outcome,
    SyncAnswer,
    SyncBatch,
    SyncOp,
    read_value,
)
from sims_shared.values import Person

Key = tuple[int, int]  # (enrollment_id, assessment_id)

OPEN = "open"
CLOSED_ROWS = frozenset({"withdrawn", "barred"})
NOT_ON_ROSTER = "dropped"


class Cell(NamedTuple):
    """A cell as the server has it. `ver` 0: never written. A written cell keeps its ver for ever;
    blank is mark None, score None."""

    mark: str | None
    score: Decimal | None
    ver: int
    by: Person | None = None
    at: datetime | None = None


NEVER = Cell(None, None, 0)


# -- Digest ----------------------------------------------------------------------------------------

_MODULUS = 1 << 256


def cell_digest(key: Key, ver: int, mark: str | None, score: Decimal | None) -> int:
    """One cell's share of the digest; nothing while the cell was never written."""
    if not ver:
        return 0
    line = f"{key[0]},{key[1]},{ver},{mark or ''},{'' if score is None else f'{score:.2f}'}\n"
    return int.from_bytes(hashlib.sha256(line.encode()).digest(), "big")


def digest_of(cells: Iterable[tuple[Key, Cell]]) -> str:
    """The digest of a sheet: 64 lower-case hex digits. The caller leaves out the rows that are no
    longer on the roster."""
    return f"{sum(cell_digest(key, c.ver, c.mark, c.score) for key, c in cells) % _MODULUS:064x}"


def moved_digest(digest: str, moves: Iterable[tuple[Key, Cell, Cell]]) -> str:
    """The digest after each (key, before, after). A sum, so only the cells that moved are hashed."""
    total = int(digest, 16)
    for key, before, after in moves:
        total += cell_digest(key, after.ver, after.mark, after.score)
        total -= cell_digest(key, before.ver, before.mark, before.score)
    return f"{total % _MODULUS:064x}"


# -- The server's side -----------------------------------------------------------------------------


class AssessmentFacts(NamedTuple):
    max_score: Decimal
    locked: bool = False
    entered_by: str = "faculty"


@dataclass(slots=True)
class SheetFacts:
    """What the server holds about the sheet, read after locking its row. Only the cells, rows and
    assessments that the batch touches need be here.

    `roster` maps an enrollment of this section to its status; one that is missing or `dropped` is
    not on the roster. `version_floor` is 0 until a restore: afterwards it lies above every version
    ever handed out, so that no number means two different writes.
    """

    section_id: int
    state: str
    rev: int
    digest: str
    epoch: str
    teaching: bool
    roster: Mapping[int, str]
    assessments: Mapping[int, AssessmentFacts]
    cells: Mapping[Key, Cell]
    version_floor: int = 0


@dataclass(slots=True)
class DeviceFacts:
    """What the server holds about the device and this sheet. `account_id` is whom the device
    belongs to (None: never seen), `last_mid` 0 before its first batch of this sheet, and
    `receipt` the (body hash, outcomes) stored under the very mid of the batch."""

    account_id: int | None
    last_mid: int
    receipt: tuple[str, list[Outcome]] | None = None


@dataclass(slots=True)
class Writes:
    """Columns for one statement. `vers` is the version each cell gets; `base_vers` the one it has."""

    enrollment_ids: list[int] = field(default_factory=list)
    assessment_ids: list[int] = field(default_factory=list)
    marks: list[str | None] = field(default_factory=list)
    scores: list[Decimal | None] = field(default_factory=list)
    vers: list[int] = field(default_factory=list)
    base_vers: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.vers)


@dataclass(slots=True)
class ConflictRecords:
    """Columns for one statement: history on the server, never updated, never blocking a submit."""

    edit_ids: list[EditId] = field(default_factory=list)
    enrollment_ids: list[int] = field(default_factory=list)
    assessment_ids: list[int] = field(default_factory=list)
    base_vers: list[int] = field(default_factory=list)
    mine_marks: list[str | None] = field(default_factory=list)
    mine_scores: list[Decimal | None] = field(default_factory=list)
    theirs_vers: list[int] = field(default_factory=list)
    theirs_marks: list[str | None] = field(default_factory=list)
    theirs_scores: list[Decimal | None] = field(default_factory=list)
    theirs_by: list[int | None] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.base_vers)


class Receipt(NamedTuple):
    client_id: str
    section_id: int
    mid: int
    account_id: int
    body_hash: str
    outcomes: list[Outcome]


@dataclass(slots=True)
class Decision:
    """What the transaction must do: write `writes` and `conflicts` and insert `receipt`, together
    or not at all, then send `answer`. A replay has nothing to write and no receipt."""

    answer: SyncAnswer
    writes: Writes
    conflicts: ConflictRecords
    receipt: Receipt | None
    first_use: bool  # the device is to be bound to the account

    @property
    def replayed(self) -> bool:
        return self.receipt is None


def body_hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def touched(batch: SyncBatch) -> set[Key]:
    """The cells a batch names: what the server has to fetch before it can judge."""
    return {(op.enrollment_id, op.assessment_id) for op in batch.ops}


def sync_batch(
    sheet: SheetFacts,
    device: DeviceFacts,
    batch: SyncBatch,
    *,
    hashed: str,
    account: Person,
    now: datetime,
    summed: bool = True,
) -> Decision:
    """Judges one batch. `hashed` is `body_hash` of the bytes as they came, `account` the
    signed-in person, `now` the server's time of the writes. Not `summed`: the answer's digest is
    the one before the writes, because whoever writes reads the new one where it is kept.

    Raises: DeviceOfAnother, MutationReused, MutationGap. Nothing is to be written then.
    """
    assert account.id is not None, "the system has no devices"
    if device.account_id is not None and device.account_id != account.id:
        raise DeviceOfAnother("Sign in on this device with the account that used it first")
    stored = stored_outcomes(device, batch, hashed)
    if stored is not None:
        answer = SyncAnswer(
            rev=sheet.rev, digest=sheet.digest, epoch=sheet.epoch, state=sheet.state, outcomes=stored
        )
        return Decision(answer, Writes(), ConflictRecords(), None, False)
    check_next(device, batch)
    outcomes, writes, conflicts, moves = judge_ops(sheet, batch.ops, account, now)
    answer = SyncAnswer(
        rev=sheet.rev + 1 if moves else sheet.rev,
        digest=moved_digest(sheet.digest, moves) if summed else sheet.digest,
        epoch=sheet.epoch,
        state=sheet.state,
        outcomes=outcomes,
    )
    receipt = Receipt(batch.client_id, sheet.section_id, batch.mid, account.id, hashed, outcomes)
    return Decision(answer, writes, conflicts, receipt, device.account_id is None)


def stored_outcomes(device: DeviceFacts, batch: SyncBatch, hashed: str) -> list[Outcome] | None:
    if device.receipt is None:
        return None
    if device.receipt[0] != hashed:
        raise MutationReused(f"Batch {batch.mid} of this device was another one")
    return device.receipt[1]


def check_next(device: DeviceFacts, batch: SyncBatch) -> None:
    if batch.mid != device.last_mid + 1:
        raise MutationGap(f"Batch {batch.mid} came after batch {device.last_mid}")


def judge_ops(
    sheet: SheetFacts, ops: Iterable[SyncOp], account: Person, now: datetime
) -> tuple[list[Outcome], Writes, ConflictRecords, list[tuple[Key, Cell, Cell]]]:
    """Each op by itself, in order. A cell is written at most once per batch: a device cannot have
    held a version that its own batch has yet to make."""
    outcomes: list[Outcome] = []
    writes = Writes()
    conflicts = ConflictRecords()
    moves: list[tuple[Key, Cell, Cell]] = []
    written: dict[Key, Cell] = {}
    cells = sheet.cells
    # Of thousands of edits few differ in what is asked here: each is asked once.
    objections: dict[tuple[str | None, int], tuple[str | None, bool]] = {}
    values: dict[tuple[str, str, int], tuple[str | None, Decimal | None] | str] = {}
    for op in ops:
        key = (op.enrollment_id, op.assessment_id)
        current = written.get(key) or cells.get(key, NEVER)
        place = (sheet.roster.get(op.enrollment_id), op.assessment_id)
        found = objections.get(place)
        if found is None:
            found = objections[place] = objection(sheet, op)
        code, visible = found
        if code is None:
            if op.mark.__class__ is str and op.score.__class__ is str:
                same = (op.mark, op.score, op.assessment_id)
                known = values.get(same)
                if known is None:
                    max_score = sheet.assessments[op.assessment_id].max_score
                    known = values[same] = read_value(op.mark, op.score, max_score)
                value = known
            else:  # anything at all, also what cannot be a key
                value = read_value(op.mark, op.score, sheet.assessments[op.assessment_id].max_score)
            if isinstance(value, str):
                code = value
        if code is not None:
            outcomes.append(_rejected(op, current if visible else None, code))
            continue
        assert not isinstance(value, str)
        mark, score = value
        if key not in written and is_on_top(op, current):
            after = Cell(mark, score, next_version(sheet, current), account, now)
            written[key] = after
            moves.append((key, current, after))
            writes.enrollment_ids.append(op.enrollment_id)
            writes.assessment_ids.append(op.assessment_id)
            writes.marks.append(mark)
            writes.scores.append(score)
            writes.vers.append(after.ver)
            writes.base_vers.append(current.ver)
            outcomes.append(_outcome(op, "applied", after))
        elif current.mark == mark and current.score == score:
            outcomes.append(_outcome(op, "same", current))
        else:
            conflicts.edit_ids.append(op.edit_id)
            conflicts.enrollment_ids.append(op.enrollment_id)
            conflicts.assessment_ids.append(op.assessment_id)
            conflicts.base_vers.append(op.base_ver)
            conflicts.mine_marks.append(mark)
            conflicts.mine_scores.append(score)
            conflicts.theirs_vers.append(current.ver)
            conflicts.theirs_marks.append(current.mark)
            conflicts.theirs_scores.append(current.score)
            conflicts.theirs_by.append(current.by.id if current.by else None)
            outcomes.append(_outcome(op, "conflict", current))
    return outcomes, writes, conflicts, moves


def is_on_top(op: SyncOp, current: Cell) -> bool:
    return op.base_ver == current.ver


def next_version(sheet: SheetFacts, current: Cell) -> int:
    return max(current.ver, sheet.version_floor) + 1


def objection(sheet: SheetFacts, op: SyncOp) -> tuple[str | None, bool]:
    """Why an op cannot be taken now, and whether the caller may still see the cell. Authorisation
    is judged at the moment of the push, never at the moment of the edit."""
    if sheet.state != OPEN:
        return "sync.sheet_closed", sheet.teaching
    if not sheet.teaching:
        return "sync.not_teaching", False
    status = sheet.roster.get(op.enrollment_id, NOT_ON_ROSTER)
    if status == NOT_ON_ROSTER:
        return "sync.not_on_roster", False
    assessment = sheet.assessments.get(op.assessment_id)
    if assessment is None:
        return "sync.no_such_assessment", False
    if status in CLOSED_ROWS:
        return "sync.row_closed", True
    if assessment.locked:
        return "sync.assessment_locked", True
    if assessment.entered_by != "faculty":
        return "sync.not_yours", True
    return None, True


def _outcome(
    op: SyncOp, name: Literal["applied", "same", "conflict", "rejected"], cell: Cell, code: str | None = None
) -> Outcome:
    return Outcome(op.edit_id, name, cell.ver, cell.mark, cell.score, cell.by, cell.at, code)


def _rejected(op: SyncOp, current: Cell | None, code: str) -> Outcome:
    if current is None:
        return Outcome(op.edit_id, "rejected", None, None, None, None, None, code)
    return _outcome(op, "rejected", current, code)
