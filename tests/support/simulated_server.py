"""A server of sheets in memory: the real judgement of batches, over dictionaries that commit at once.

It has what the protocol leans on and nothing else: a lock per sheet, a revision taken inside it, a
receipt in the transaction of the effect, backups, and the other paths by which marks are written.
Each point that a mutant breaks is a method of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from sims_desktop.client.errors import Offline, ProblemAnswer
from sims_desktop.offline.exchange import Heartbeat
from sims_shared import merge
from sims_shared.grading import (
    CellOnSheet,
    ChangedCell,
    DeviceOfAnother,
    Outcome,
    RosterChanges,
    SheetChanges,
    SheetRow,
    SheetView,
    StudentOnSheet,
    SyncAnswer,
    SyncBatch,
    read_batch,
)
from sims_shared.merge import NEVER, AssessmentFacts, Cell, Decision, DeviceFacts, Key, SheetFacts
from sims_shared.problems import Kind, Refusal
from sims_shared.values import Person

Value = tuple[str | None, Decimal | None]
BatchName = tuple[str, int, int]  # (client_id, section_id, mid)
DAY_ONE = datetime(2026, 9, 1, tzinfo=UTC)
VERSIONS_OF_AN_EPOCH = 1_000_000
STATUS = {Kind.FORBIDDEN: 403, Kind.CONFLICT: 409, Kind.INVALID: 400, Kind.TOO_LARGE: 413}


class Write(msgspec.Struct, frozen=True):
    """One line of what really happened, for the invariants to compare with what was said."""

    key: Key
    ver: int
    before: Cell
    after: Cell
    batch: BatchName | None
    edit_id: str | int | None


@dataclass
class SimulatedSheet:
    section_id: int
    roster: dict[int, str]
    assessments: dict[int, AssessmentFacts]
    teachers: set[int]
    state: str = merge.OPEN
    rev: int = 0
    digest: str = "0" * 64
    cells: dict[Key, Cell] = field(default_factory=dict)
    cell_revs: dict[Key, int] = field(default_factory=dict)
    roster_revs: dict[int, int] = field(default_factory=dict)
    writes: list[Write] = field(default_factory=list)
    last_mids: dict[str, int] = field(default_factory=dict)
    receipts: dict[BatchName, tuple[str, list[Outcome]]] = field(default_factory=dict)
    conflicts: int = 0

    def twin(self) -> SimulatedSheet:
        """A sheet of its own with the same content: what lies in the collections is never altered."""
        return replace(
            self,
            roster=dict(self.roster),
            assessments=dict(self.assessments),
            teachers=set(self.teachers),
            cells=dict(self.cells),
            cell_revs=dict(self.cell_revs),
            roster_revs=dict(self.roster_revs),
            writes=list(self.writes),
            last_mids=dict(self.last_mids),
            receipts=dict(self.receipts),
        )


@dataclass
class OpenTransaction:
    """Another path's write that has taken its revision and is yet to commit."""

    section_id: int
    rev: int
    cells: dict[Key, Value]
    author: Person


class SimulatedServer:
    def __init__(
        self,
        sections: Collection[int],
        enrollments: Collection[int],
        assessments: Collection[int],
        people: Collection[Person],
    ) -> None:
        self.sections: Sequence[int] = tuple(sections)
        self.people: Sequence[Person] = tuple(people)
        teachers = {person.id for person in people if person.id is not None}
        self.sheets = {
            section: SimulatedSheet(
                section,
                dict.fromkeys(enrollments, "enrolled"),
                {assessment: AssessmentFacts(Decimal(10)) for assessment in assessments},
                set(teachers),
            )
            for section in sections
        }
        self.devices: dict[str, int] = {}
        self.ever_taught = teachers
        self.on_write: Callable[[int, Write, bytes], None] = lambda section, write, body: None
        self.epoch = 1
        self.ticks = 0
        self.open: OpenTransaction | None = None
        self.crash_due = False
        self.backups: list[tuple[dict[int, SimulatedSheet], dict[str, int]]] = []

    # -- What devices call -------------------------------------------------------------------------

    def read_sheet(self, account: Person, section_id: int) -> SheetView:
        sheet = self._taught(account, section_id)
        rows = [self._row(sheet, enrollment) for enrollment in self._on_roster(sheet)]
        return SheetView(
            section_id=section_id,
            state=sheet.state,
            rev=sheet.rev,
            digest=sheet.digest,
            epoch=str(self.epoch),
            protocol=1,
            assessments=[],
            rows=rows,
        )

    def read_changes(
        self, account: Person, section_id: int, since: int, heartbeat: Heartbeat
    ) -> SheetChanges:
        sheet = self._taught(account, section_id)
        assert account.id is not None
        if self.devices.setdefault(heartbeat.client_id, account.id) != account.id:
            raise ProblemAnswer(403, DeviceOfAnother.code)
        on_roster = set(self._on_roster(sheet))
        moved = [e for e, rev in sheet.roster_revs.items() if rev > since]
        return SheetChanges(
            rev=sheet.rev,
            digest=sheet.digest,
            epoch=str(self.epoch),
            state=sheet.state,
            cells=[
                ChangedCell(
                    enrollment_id=key[0],
                    assessment_id=key[1],
                    mark=cell.mark,
                    score=cell.score,
                    ver=cell.ver,
                    by=cell.by,
                    at=cell.at,
                )
                for key, cell in sheet.cells.items()
                if sheet.cell_revs[key] > since and key[0] in on_roster
            ],
            roster=RosterChanges(
                added=[self._row(sheet, e) for e in moved if e in on_roster],
                removed=[e for e in moved if e not in on_roster],
            ),
        )

    def push(self, account: Person, section_id: int, body: bytes) -> SyncAnswer:
        """One batch, to the committed answer."""
        if account.id not in self.ever_taught:
            raise ProblemAnswer(404, "request.not_found")
        try:
            batch = read_batch(body)
            self.wait_for_lock(section_id)
            decision = self._judge(account, section_id, batch, body)
        except Refusal as refusal:
            raise ProblemAnswer(STATUS[refusal.kind], refusal.code, detail=refusal.detail) from None
        self._commit(section_id, batch, decision, body)
        self._check_answer(section_id, batch, decision)
        self.maybe_crash()
        return msgspec.json.decode(msgspec.json.encode(decision.answer), type=SyncAnswer)

    def _judge(self, account: Person, section_id: int, batch: SyncBatch, body: bytes) -> Decision:
        sheet = self.sheets[section_id]
        touched = merge.touched(batch)
        return merge.sync_batch(
            SheetFacts(
                section_id=section_id,
                state=sheet.state,
                rev=sheet.rev,
                digest=sheet.digest,
                epoch=str(self.epoch),
                teaching=account.id in sheet.teachers,
                roster=sheet.roster,
                assessments=sheet.assessments,
                cells={key: sheet.cells[key] for key in touched if key in sheet.cells},
                version_floor=self.version_floor(),
            ),
            self.device_facts(sheet, batch),
            batch,
            hashed=merge.body_hash(body),
            account=account,
            now=self.now(),
        )

    def _commit(self, section_id: int, batch: SyncBatch, decision: Decision, body: bytes) -> None:
        sheet = self.sheets[section_id]
        name = (batch.client_id, section_id, batch.mid)
        if decision.receipt is None:
            return
        applied = {
            (op.enrollment_id, op.assessment_id): op.edit_id
            for op, outcome in zip(batch.ops, decision.answer.outcomes, strict=True)
            if outcome.outcome == "applied"
        }
        writes = decision.writes
        by, at = authorship(decision)
        moved = {
            (writes.enrollment_ids[i], writes.assessment_ids[i]): Cell(
                writes.marks[i], writes.scores[i], writes.vers[i], by, at
            )
            for i in range(len(writes))
        }
        for key, after in moved.items():
            before = sheet.cells.get(key, NEVER)
            write = Write(key, after.ver, before, after, name, applied[key])
            sheet.writes.append(write)
            self.on_write(section_id, write, body)
        self._store_cells(sheet, moved, decision.answer.rev)
        sheet.rev = decision.answer.rev
        sheet.conflicts += len(decision.conflicts)
        self.keep_receipt(sheet, name, decision)
        if decision.first_use:
            self.devices[batch.client_id] = decision.receipt.account_id

    def _store_cells(self, sheet: SimulatedSheet, moved: dict[Key, Cell], rev: int) -> None:
        sheet.digest = merge.moved_digest(
            sheet.digest,
            [
                (key, sheet.cells.get(key, NEVER), after)
                for key, after in moved.items()
                if sheet.roster.get(key[0], merge.NOT_ON_ROSTER) != merge.NOT_ON_ROSTER
            ],
        )
        for key, after in moved.items():
            self.store_cell(sheet, key, after)
            sheet.cell_revs[key] = rev

    def _check_answer(self, section_id: int, batch: SyncBatch, decision: Decision) -> None:
        """S3: what is said about an edit is what happened to it in this batch."""
        name = (batch.client_id, section_id, batch.mid)
        sheet = self.sheets[section_id]
        mids = sorted(mid for client_id, _, mid in sheet.receipts if client_id == batch.client_id)
        if mids != list(range(1, len(mids) + 1)):
            raise InvariantBroken(f"S3: batches {mids} of one device")
        written = {write.edit_id for write in sheet.writes if write.batch == name}
        for outcome in decision.answer.outcomes:
            said = outcome.outcome == "applied"
            if said != (outcome.edit_id in written):
                raise InvariantBroken(f"S3: {name} edit {outcome.edit_id} answered {outcome.outcome}")

    def maybe_crash(self) -> None:
        """Dies here when told to: after the commit, before the answer."""
        if self.crash_due:
            self.crash_due = False
            raise Offline("the server died")

    # -- Points that mutants break -----------------------------------------------------------------

    def wait_for_lock(self, section_id: int) -> None:
        """Whoever writes a sheet waits for the writer before it: rev order is commit order."""
        if self.open is not None and self.open.section_id == section_id:
            self.commit_open()

    def device_facts(self, sheet: SimulatedSheet, batch: SyncBatch) -> DeviceFacts:
        return DeviceFacts(
            self.devices.get(batch.client_id),
            sheet.last_mids.get(batch.client_id, 0),
            sheet.receipts.get((batch.client_id, sheet.section_id, batch.mid)),
        )

    def keep_receipt(self, sheet: SimulatedSheet, name: BatchName, decision: Decision) -> None:
        """In the transaction of the effect: no crash can come between."""
        assert decision.receipt is not None
        sheet.receipts[name] = (decision.receipt.body_hash, decision.receipt.outcomes)
        sheet.last_mids[name[0]] = name[2]

    def store_cell(self, sheet: SimulatedSheet, key: Key, after: Cell) -> None:
        """A cell once written keeps its row for ever, blank or not."""
        sheet.cells[key] = after

    def take_rev(self, sheet: SimulatedSheet) -> int:
        return sheet.rev + 1

    def version_floor(self) -> int:
        return (self.epoch - 1) * VERSIONS_OF_AN_EPOCH

    # -- Other paths -------------------------------------------------------------------------------

    def begin_other_write(self, section_id: int, cells: dict[Key, Value], author: Person) -> None:
        """An import, a single POST, a psql session: takes its revision now, commits later."""
        self.wait_for_lock(section_id)
        self.commit_open()
        self.open = OpenTransaction(section_id, self.take_rev(self.sheets[section_id]), cells, author)

    def commit_open(self) -> None:
        if self.open is None:
            return
        transaction, self.open = self.open, None
        sheet = self.sheets[transaction.section_id]
        moved = {}
        for key, (mark, score) in transaction.cells.items():
            before = sheet.cells.get(key, NEVER)
            ver = max(before.ver, self.version_floor()) + 1
            moved[key] = Cell(mark, score, ver, transaction.author, self.now())
            sheet.writes.append(Write(key, ver, before, moved[key], None, None))
        self._store_cells(sheet, moved, transaction.rev)
        sheet.rev = max(sheet.rev, transaction.rev)

    def set_row(self, section_id: int, enrollment_id: int, status: str) -> None:
        self.wait_for_lock(section_id)
        sheet = self.sheets[section_id]
        sheet.rev += 1
        was = sheet.roster[enrollment_id] != merge.NOT_ON_ROSTER
        will = status != merge.NOT_ON_ROSTER
        if was != will:
            row = [(key, cell) for key, cell in sheet.cells.items() if key[0] == enrollment_id]
            sheet.digest = merge.moved_digest(
                sheet.digest, [(key, NEVER, cell) if will else (key, cell, NEVER) for key, cell in row]
            )
        sheet.roster[enrollment_id] = status
        sheet.roster_revs[enrollment_id] = sheet.rev

    def set_locked(self, section_id: int, assessment_id: int, locked: bool) -> None:
        self.wait_for_lock(section_id)
        sheet = self.sheets[section_id]
        sheet.rev += 1
        sheet.assessments[assessment_id] = sheet.assessments[assessment_id]._replace(locked=locked)

    def set_state(self, section_id: int, state: str) -> None:
        self.wait_for_lock(section_id)
        self.sheets[section_id].state = state

    def back_up(self) -> None:
        self.backups.append((_twins(self.sheets), dict(self.devices)))

    def restore(self, place: float) -> bool:
        """Comes back from one of the backups, if there is any."""
        if not self.backups:
            return False
        self.open = None
        sheets, devices = self.backups[int(place * len(self.backups))]
        self.sheets, self.devices = _twins(sheets), dict(devices)
        self.epoch += 1
        return True

    def set_teaching(self, section_id: int, person: Person, teaching: bool) -> None:
        assert person.id is not None
        if teaching:
            self.sheets[section_id].teachers.add(person.id)
        else:
            self.sheets[section_id].teachers.discard(person.id)

    # -- What can be seen --------------------------------------------------------------------------

    @property
    def epoch_name(self) -> str:
        return str(self.epoch)

    def enrollments(self, section_id: int) -> Sequence[int]:
        return tuple(self.sheets[section_id].roster)

    def assessments(self, section_id: int) -> Sequence[int]:
        return tuple(self.sheets[section_id].assessments)

    def rev(self, section_id: int) -> int:
        return self.sheets[section_id].rev

    def teaches(self, section_id: int, person: Person) -> bool:
        return person.id in self.sheets[section_id].teachers

    def on_roster(self, section_id: int) -> set[int]:
        return set(self._on_roster(self.sheets[section_id]))

    def cells_with_revs(self, section_id: int) -> dict[Key, tuple[Cell, int]]:
        """Each written cell with the rev from which a pull must have brought it: its own, or that at
        which its row came back to the roster."""
        sheet = self.sheets[section_id]
        return {
            key: (cell, max(sheet.cell_revs[key], sheet.roster_revs.get(key[0], 0)))
            for key, cell in sheet.cells.items()
        }

    def applied_edits(self, section_id: int) -> set[str]:
        return {str(w.edit_id) for w in self.sheets[section_id].writes if w.edit_id is not None}

    # -- Within ------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """Unique per call, so that the time of a write names it in the invariants."""
        self.ticks += 1
        return DAY_ONE + timedelta(seconds=self.ticks)

    def _taught(self, account: Person, section_id: int) -> SimulatedSheet:
        sheet = self.sheets[section_id]
        if account.id not in sheet.teachers:
            raise ProblemAnswer(404, "request.not_found")
        return sheet

    def _on_roster(self, sheet: SimulatedSheet) -> list[int]:
        return [e for e, status in sheet.roster.items() if status != merge.NOT_ON_ROSTER]

    def _row(self, sheet: SimulatedSheet, enrollment_id: int) -> SheetRow:
        return SheetRow(
            enrollment_id=enrollment_id,
            status=sheet.roster[enrollment_id],
            student=StudentOnSheet(
                id=enrollment_id, reg_no=f"R-{enrollment_id}", name=f"Student {enrollment_id}"
            ),
            cells={
                str(key[1]): CellOnSheet(mark=c.mark, score=c.score, ver=c.ver, by=c.by, at=c.at)
                for key, c in sheet.cells.items()
                if key[0] == enrollment_id
            },
        )


def _twins(sheets: dict[int, SimulatedSheet]) -> dict[int, SimulatedSheet]:
    return {section: sheet.twin() for section, sheet in sheets.items()}


def authorship(decision: Decision) -> tuple[Person | None, datetime | None]:
    """Author and time of the batch's writes, as its own answer tells them."""
    for outcome in decision.answer.outcomes:
        if outcome.outcome == "applied":
            return outcome.by, outcome.at
    return None, None


class InvariantBroken(AssertionError):
    """One of S1 to S6 does not hold. The message begins with its name."""
