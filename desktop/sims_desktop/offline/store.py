"""The grade sheets on this computer, in one encrypted SQLite file per person.

Every action of a person is one transaction, durable when the method returns; only then may a cell be
shown as saved on this computer. Every method is local and quick: none waits for a network. The rule a
newcomer would get wrong: connections are not shared between threads, so the store opens one for each
thread that asks, and the window and the sync thread meet in SQLite's own lock.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import apsw
import msgspec

from sims_desktop.offline import keys, outbox, upgrades
from sims_desktop.offline.connections import Connections
from sims_desktop.offline.exchange import Decide, Heartbeat, Scope
from sims_desktop.offline.failures import in_words
from sims_shared import sheet_copy
from sims_shared.grading import AssessmentView, SheetChanges, SheetSummary, SheetView
from sims_shared.merge import Cell, Key
from sims_shared.sheet_copy import AckedOp, Badge, Changes, Fate, Head, Inflight, NewEdit, SheetCopy
from sims_shared.values import Person

T = TypeVar("T")

FILE_NAME = "sheets.db"
KEPT_FOR_A_RESTORE = timedelta(days=14)

_decode_view = msgspec.json.Decoder(AssessmentView).decode
_decode_summary = msgspec.json.Decoder(SheetSummary).decode


class Waiting(NamedTuple):
    """Cells of this computer that the server has not settled."""

    dirty: int = 0
    inflight: int = 0
    conflicts: int = 0
    refused: int = 0

    @property
    def unsent(self) -> int:
        return self.dirty + self.inflight


@dataclass(slots=True)
class ListedSheet:
    """One line of "My sheets". `here`: it opens without a network. `filled` and `total` count the cells
    of enrolled rows, as this computer knows them when it is here, else as the server said."""

    section_id: int
    course_code: str
    course_title: str
    term: str
    section: str
    state: str
    rev: int
    filled: int
    total: int
    here: bool
    waiting: Waiting
    synced_at: datetime | None
    summary: SheetSummary


class HeldRow(NamedTuple):
    enrollment_id: int
    student_id: int
    reg_no: str
    name: str
    status: str


class ShownCell(NamedTuple):
    """What the grid shows: conflict.mine, else what waits, else what flies, else what was refused, else
    the base. `note` is the code of a refusal; `by` and `at` are those of the base."""

    mark: str | None
    score: Decimal | None
    badge: Badge
    note: str = ""
    by: Person | None = None
    at: datetime | None = None


@dataclass(slots=True)
class OpenSheet:
    """A sheet as it lies here. Cells that were never written and hold nothing have no entry."""

    section_id: int
    state: str
    rev: int
    columns: list[AssessmentView]
    rows: list[HeldRow]
    cells: dict[Key, ShownCell] = field(default_factory=dict)
    summary: SheetSummary | None = None


class OpenGrid(NamedTuple, Generic[T]):
    """A sheet as a window holds it: `cells[row][column]` instead of its own cells, equal ones the same
    object."""

    sheet: OpenSheet
    cells: list[list[T]]


class ShownConflict(NamedTuple):
    """Two people's values of one cell. `seen_ver` goes back with the choice, so that nobody chooses
    against a value that has changed meanwhile."""

    section_id: int
    key: Key
    reg_no: str
    name: str
    assessment: str
    base: Cell
    mine: sheet_copy.Edit
    theirs: Cell

    @property
    def seen_ver(self) -> int:
        return self.theirs.ver


class ShownRefusal(NamedTuple):
    section_id: int
    key: Key
    reg_no: str
    name: str
    assessment: str
    mine: sheet_copy.Edit
    code: str


class SheetStore:
    """One person's sheets. Open it with `open_store`; safe to use from any thread."""

    def __init__(self, path: Path, key: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.path = path
        self._key = key
        self._now = now
        self._connections = Connections(self._connect)
        self._pruned: set[int] = set()  # sheets whose old applied edits were forgotten since the start
        # Called after each transaction that changed a sheet, on the thread that made it.
        self.on_change: Callable[[int], None] = lambda section_id: None

    def close(self) -> None:
        """Closes every thread's connection. Nobody may use the store afterwards."""
        self._connections.close()

    def _connect(self) -> apsw.Connection:
        return upgrades.connect(self.path, self._key)

    @property
    def _db(self) -> apsw.Connection:
        return self._connections.mine

    @contextmanager
    def _transaction(self) -> Iterator[apsw.Connection]:
        """IMMEDIATE: a transaction that only later asked to write could be refused after it had read."""
        with in_words(), self._connections.using() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:  # after some faults SQLite has rolled back already
                    db.execute("ROLLBACK")
                raise

    @contextmanager
    def _snapshot(self) -> Iterator[apsw.Connection]:
        """Several SELECTs over one state."""
        with in_words(), self._connections.using() as db:
            db.execute("BEGIN")
            try:
                yield db
            finally:
                if db.in_transaction:
                    db.execute("ROLLBACK")

    # -- What the windows use ----------------------------------------------------------------------

    def sheets(self) -> list[ListedSheet]:
        """Every sheet that the server listed for this person, held here or not."""
        with self._snapshot() as db:
            summaries = {section: _decode_summary(raw) for section, raw in db.execute("SELECT * FROM listed")}
            held = {
                section: (state, cursor, synced_at)
                for section, state, cursor, synced_at in db.execute(
                    "SELECT section_id, state, cursor, synced_at FROM sheet"
                )
            }
            lines = []
            for section_id, summary in summaries.items():
                filled, total, state, rev, synced_at = (
                    summary.filled,
                    summary.total,
                    summary.state,
                    summary.rev,
                    None,
                )
                if section_id in held:
                    state, rev, synced_at = held[section_id]
                    filled, total = self._filled(db, section_id)
                lines.append(
                    ListedSheet(
                        section_id,
                        summary.course_code,
                        summary.course_title,
                        summary.term,
                        summary.section,
                        state,
                        rev,
                        filled,
                        total,
                        section_id in held,
                        self._waiting(db, section_id),
                        None if synced_at is None else datetime.fromisoformat(synced_at),
                        summary,
                    )
                )
            return lines

    def _filled(self, db: apsw.Connection, section_id: int) -> tuple[int, int]:
        rows = "SELECT count(*) FROM row WHERE section_id = ? AND status = 'enrolled'"
        columns = "SELECT count(*) FROM assessment WHERE section_id = ? AND position >= 0"
        total = db.execute(rows, (section_id,)).get * db.execute(columns, (section_id,)).get
        # A waiting edit counts instead of the base it stands on.
        filled = db.execute(
            "SELECT count(*) FROM ("
            " SELECT enrollment_id FROM base b WHERE section_id = ?1 AND mark IS NOT NULL AND NOT EXISTS"
            "  (SELECT 1 FROM dirty d WHERE d.section_id = ?1 AND d.enrollment_id = b.enrollment_id"
            "   AND d.assessment_id = b.assessment_id)"
            " UNION ALL SELECT enrollment_id FROM dirty WHERE section_id = ?1 AND mark IS NOT NULL) c"
            " JOIN row r ON r.section_id = ?1 AND r.enrollment_id = c.enrollment_id"
            " WHERE r.status = 'enrolled'",
            (section_id,),
        ).get
        return filled, total

    def open_sheet(self, section_id: int) -> OpenSheet | None:
        """The whole sheet, rows by registration number; None when it is not on this computer."""
        with self._snapshot() as db:
            head = outbox.read_head(db, section_id)
            if head is None:
                return None
            cells = _shown(outbox.read_copy(db, section_id, head, Scope.WHOLE))
            return self._opened(db, section_id, head, cells)

    def open_grid(
        self, section_id: int, show: Callable[[str | None, Decimal | None, Badge, str], T]
    ) -> OpenGrid[T] | None:
        """As `open_sheet`, for sheets of any size: the marks are never held twice. `show` makes a cell of
        mark, score, badge and note, and is asked once for each that differs. Who wrote a cell is told by
        `cells`."""
        with self._snapshot() as db:
            head = outbox.read_head(db, section_id)
            if head is None:
                return None
            sheet = self._opened(db, section_id, head, {})
            columns, rows = sheet.columns, sheet.rows
            cells = outbox.read_grid(
                db, section_id, [row.enrollment_id for row in rows], [column.id for column in columns],
                lambda mark, score: show(mark, score, "confirmed", ""),
            )  # fmt: skip
            places = {row.enrollment_id: line for row, line in zip(rows, cells, strict=True)}
            numbers = {column.id: number for number, column in enumerate(columns)}
            unsettled = _shown(outbox.read_copy(db, section_id, head, Scope.WAITING))
            for (enrollment, assessment), cell in unsettled.items():
                if cell.badge != "confirmed" and enrollment in places and assessment in numbers:
                    fresh = show(cell.mark, cell.score, cell.badge, cell.note)
                    places[enrollment][numbers[assessment]] = fresh
            return OpenGrid(sheet, cells)

    def _opened(
        self, db: apsw.Connection, section_id: int, head: Head, cells: dict[Key, ShownCell]
    ) -> OpenSheet:
        rows = db.execute(
            "SELECT enrollment_id, student_id, reg_no, name, status FROM row"
            " WHERE section_id = ? AND status IS NOT NULL ORDER BY reg_no",
            (section_id,),
        )
        columns, held = self._columns(db, section_id), [HeldRow(*row) for row in rows]
        raw = db.execute("SELECT summary FROM listed WHERE section_id = ?", (section_id,)).get
        summary = None if raw is None else _decode_summary(raw)
        return OpenSheet(section_id, head.state, head.cursor, columns, held, cells, summary)

    def cells(self, section_id: int, wanted: Collection[Key] | None = None) -> dict[Key, ShownCell]:
        """What some cells show, or all; for refreshing an open grid."""
        with self._snapshot() as db:
            head = outbox.read_head(db, section_id)
            if head is None:
                return {}
            scope = Scope.WHOLE if wanted is None else wanted
            return _shown(outbox.read_copy(db, section_id, head, scope, alone=True), wanted)

    def edit(
        self, section_id: int, edits: Iterable[tuple[int, int, str | None, Decimal | None]]
    ) -> dict[Key, ShownCell]:
        """One action of the person: (enrollment_id, assessment_id, mark, score) of each cell. Durable on
        return. Answers what the touched cells show now. Raises KeyError when the sheet is not here."""
        new = [
            NewEdit((enrollment, assessment), str(uuid.uuid4()), mark, score)
            for enrollment, assessment, mark, score in edits
        ]
        touched = {edit.key for edit in new}
        with self._transaction() as db:
            head = outbox.read_head(db, section_id)
            if head is None:
                raise KeyError(f"section {section_id} is not on this computer")
            copy = outbox.read_copy(db, section_id, head, touched, alone=True)
            changes = sheet_copy.edit(copy, new)
            outbox.write_changes(db, section_id, changes, self._stamp())
        self.on_change(section_id)
        # What the transaction left, without reading it all again.
        return _shown(sheet_copy.with_edits(copy, changes), touched)

    def conflicts(self, section_id: int | None = None) -> list[ShownConflict]:
        with self._snapshot() as db:
            return [
                ShownConflict(
                    section,
                    key,
                    *self._names(db, section, key),
                    conflict.base,
                    conflict.mine,
                    conflict.theirs,
                )
                for section, copy in self._copies(db, section_id)
                for key, conflict in copy.conflict.items()
            ]

    def keep_mine(self, section_id: int, choices: Iterable[tuple[Key, int]]) -> None:
        """Mine becomes a new edit on top of theirs. Each choice is (cell, `seen_ver`).

        Raises ConflictMoved, and chooses nothing, when one of the other values has changed since.
        """
        chosen = list(choices)

        def decide(copy: SheetCopy) -> Changes:
            return _together(
                sheet_copy.resolve_mine(copy, key, str(uuid.uuid4()), seen) for key, seen in chosen
            )

        self._act(section_id, {key for key, _ in chosen}, decide)

    def keep_theirs(self, section_id: int, choices: Iterable[tuple[Key, int]]) -> None:
        """Theirs stands; mine stays in the edit log. Raises as `keep_mine`."""
        chosen = list(choices)

        def decide(copy: SheetCopy) -> Changes:
            return _together(sheet_copy.resolve_theirs(copy, key, seen) for key, seen in chosen)

        self._act(section_id, {key for key, _ in chosen}, decide)

    def refused(self, section_id: int | None = None) -> list[ShownRefusal]:
        """Edits that the server did not take, with names for showing and exporting."""
        with self._snapshot() as db:
            return [
                ShownRefusal(section, key, *self._names(db, section, key), refused.mine, refused.code)
                for section, copy in self._copies(db, section_id)
                for key, refused in copy.refused.items()
            ]

    def offer_again(self, section_id: int, wanted: Collection[Key] | None = None) -> int:
        """Refused edits wait again; all of the sheet, or some. Answers how many."""
        changes = self._act(
            section_id,
            Scope.WAITING if wanted is None else wanted,
            lambda copy: sheet_copy.offer_again(
                copy, list(copy.refused) if wanted is None else wanted, lambda: str(uuid.uuid4())
            ),
        )
        return sum(mine is not None for mine in changes.dirty.values())

    def give_up(self, section_id: int, wanted: Collection[Key]) -> None:
        """The person lets refused edits go. They stay in the edit log."""
        self._act(section_id, wanted, lambda copy: sheet_copy.give_up(copy, wanted))

    def hand_over(self, section_id: int, asked: Mapping[Key, tuple[str, int]]) -> None:
        """Refused edits are carried by change requests now: cell to (edit_id, number of the request)."""
        self._act(section_id, asked.keys(), lambda copy: sheet_copy.hand_over(copy, asked))

    def student_ids(self, section_id: int) -> dict[int, int]:
        """Whose each enrollment is, also of rows that have left the roster."""
        rows = "SELECT enrollment_id, student_id FROM row WHERE section_id = ?"
        with self._connections.using() as db:
            return dict(db.execute(rows, (section_id,)))

    def waiting_count(self, section_id: int | None = None) -> Waiting:
        with self._snapshot() as db:
            return self._waiting(db, section_id)

    def history(self, section_id: int, key: Key) -> list[tuple[Fate, datetime]]:
        """What happened to one cell on this computer, oldest first. The times are this clock's."""
        with self._snapshot() as db:
            lines = outbox.read_fates(db, section_id)
            return [(fate, datetime.fromisoformat(at)) for fate, at in lines if fate.key == key]

    def _act(self, section_id: int, scope: Scope | Collection[Key], decide: Decide) -> Changes:
        with self._snapshot() as db:
            if outbox.read_head(db, section_id) is None:
                raise KeyError(f"section {section_id} is not on this computer")
        changes = self.change(section_id, scope, decide)
        assert changes is not None, "a person's decision always answers"
        return changes

    # -- What the sync thread uses -----------------------------------------------------------------

    def change(
        self,
        section_id: int,
        scope: Scope | Collection[Key],
        decide: Decide,
        details: SheetView | SheetChanges | None = None,
    ) -> Changes | None:
        """See `DeviceStore`. A decision that raises writes nothing."""
        with self._transaction() as db:
            head = outbox.read_head(db, section_id)
            copy = outbox.read_copy(db, section_id, head or Head(self._client_id(db)), scope)
            changes = decide(copy)
            if changes is None:
                return None
            if details is not None:
                outbox.write_details(db, section_id, details)
            outbox.write_changes(db, section_id, changes, self._stamp())
        self.on_change(section_id)
        return changes

    def client_id(self) -> str:
        with self._transaction() as db:
            return self._client_id(db)

    def _client_id(self, db: apsw.Connection) -> str:
        known = _recall(db, "client_id")
        if known is None:
            known = str(uuid.uuid4())
            _remember(db, "client_id", known)
        return known

    def renew_client_id(self) -> str:
        new = str(uuid.uuid4())
        with self._transaction() as db:
            _remember(db, "client_id", new)
        return new

    def head(self, section_id: int) -> Head | None:
        with self._connections.using() as db:
            return outbox.read_head(db, section_id)

    def inflight(self, section_id: int) -> Inflight | None:
        with self._connections.using() as db:
            return outbox.read_inflight(db, section_id)

    def heartbeat(self, section_id: int) -> Heartbeat:
        with self._snapshot() as db:
            head = outbox.read_head(db, section_id)
            assert head is not None
            waiting = self._waiting(db, section_id)
            return Heartbeat(head.client_id, waiting.unsent, waiting.conflicts)

    def remembered(self, section_id: int) -> list[AckedOp]:
        """Applied edits of the last 14 days, in the order in which they came to be so."""
        with self._snapshot() as db:
            return [
                AckedOp(
                    (enrollment, assessment),
                    edit_id,
                    mark,
                    outbox.number(score),
                    ver,
                    datetime.fromisoformat(at),
                )
                for enrollment, assessment, edit_id, mark, score, ver, at in db.execute(
                    "SELECT enrollment_id, assessment_id, edit_id, mark, score, ver, at FROM acked"
                    " WHERE section_id = ? AND at >= ? ORDER BY seq",
                    (section_id, _oldest_remembered(db)),
                )
            ]

    def held(self, section_id: int) -> SheetCopy:
        with self._snapshot() as db:
            head = outbox.read_head(db, section_id)
            assert head is not None
            return outbox.read_copy(db, section_id, head, Scope.WHOLE)

    def held_sections(self) -> list[int]:
        with self._connections.using() as db:
            return [section for (section,) in db.execute("SELECT section_id FROM sheet ORDER BY section_id")]

    def waiting_sections(self) -> list[int]:
        asked = "SELECT section_id FROM dirty UNION SELECT section_id FROM inflight ORDER BY section_id"
        with self._connections.using() as db:
            return [section for (section,) in db.execute(asked)]

    def take_list(self, summaries: Iterable[SheetSummary]) -> None:
        """The caller's sheets as the server lists them now. Held ones that are not listed stay listed
        (a closed term) until `purge`."""
        encoded = [(summary.section_id, msgspec.json.encode(summary)) for summary in summaries]
        with self._transaction() as db:
            db.execute("DELETE FROM listed WHERE section_id NOT IN (SELECT section_id FROM sheet)")
            db.executemany("INSERT OR REPLACE INTO listed (section_id, summary) VALUES (?, ?)", encoded)

    def synced(self, section_id: int) -> None:
        """A round for this sheet ended well; old applied edits need no longer be remembered. How old is
        counted in the server's time: a clock of this computer that jumps a month ahead must not make it
        forget what a restore may yet lose."""
        with self._transaction() as db:
            db.execute("UPDATE sheet SET synced_at = ? WHERE section_id = ?", (self._stamp(), section_id))
            if section_id in self._pruned:
                return
            self._pruned.add(section_id)
            oldest = _oldest_remembered(db)
            db.execute("DELETE FROM acked WHERE section_id = ? AND at < ?", (section_id, oldest))

    def record_incident(self, section_id: int, what: str) -> None:
        with self._transaction() as db:
            db.execute(
                "INSERT INTO incident (section_id, at, what) VALUES (?, ?, ?)",
                (section_id, self._stamp(), what),
            )

    def incidents(self) -> list[str]:
        with self._connections.using() as db:
            return [what for (what,) in db.execute("SELECT what FROM incident ORDER BY seq")]

    def purge(self, section_id: int, *, exported: bool = False) -> bool:
        """Forgets a sheet and its students; the edit log stays. Without `exported` it is refused (False)
        while edits are on no record but this computer's: waiting, or turned away by something that did
        not judge them."""
        with self._transaction() as db:
            head = outbox.read_head(db, section_id)
            if head is None:
                return True
            copy = outbox.read_copy(db, section_id, head, ())
            judged = all(refused.code.startswith("sync.") for refused in copy.refused.values())
            if (copy.dirty or copy.inflight is not None or not judged) and not exported:
                return False
            flying = copy.inflight.ops if copy.inflight is not None else {}
            left: list[tuple[Key, sheet_copy.Edit | sheet_copy.Sealed]] = [
                *copy.dirty.items(),
                *flying.items(),
                *((key, conflict.mine) for key, conflict in copy.conflict.items()),
                *((key, refused.mine) for key, refused in copy.refused.items()),
            ]
            fates = [Fate(key, mine.edit_id, "purged", mine.mark, mine.score) for key, mine in left]
            outbox.write_fates(db, section_id, fates, self._stamp())
            for table in _TABLES_OF_A_SHEET:
                db.execute(f"DELETE FROM {table} WHERE section_id = ?", (section_id,))
            db.execute("DELETE FROM meta WHERE name GLOB ?", (f"memo/{section_id}/*",))
        self.on_change(section_id)
        return True

    # -- What the profile keeps --------------------------------------------------------------------

    def recall(self, name: str) -> str | None:
        """A value kept with `remember`: the session's tokens, who the person is."""
        with self._connections.using() as db:
            return _recall(db, name)

    def remember(self, name: str, value: str | None) -> None:
        with self._transaction() as db:
            if value is None:
                db.execute("DELETE FROM meta WHERE name = ?", (name,))
            else:
                _remember(db, name, value)

    def remember_passphrase(self, passphrase: str) -> None:
        """For signing in off line, after the server took it."""
        self.remember("passphrase", keys.passphrase_hash(passphrase))

    def passphrase_matches(self, passphrase: str) -> bool:
        hashed = self.recall("passphrase")
        return hashed is not None and keys.passphrase_matches(passphrase, hashed)

    # -- Within ------------------------------------------------------------------------------------

    def _stamp(self) -> str:
        return self._now().isoformat()

    def _columns(self, db: apsw.Connection, section_id: int) -> list[AssessmentView]:
        rows = db.execute(
            "SELECT view FROM assessment WHERE section_id = ? AND position >= 0 ORDER BY position",
            (section_id,),
        )
        return [_decode_view(view) for (view,) in rows]

    def _copies(self, db: apsw.Connection, section_id: int | None) -> Iterator[tuple[int, SheetCopy]]:
        sections = self.held_sections() if section_id is None else [section_id]
        for section in sections:
            head = outbox.read_head(db, section)
            if head is not None:
                yield section, outbox.read_copy(db, section, head, ())

    def _names(self, db: apsw.Connection, section_id: int, key: Key) -> tuple[str, str, str]:
        reg_no, name = db.execute(
            "SELECT reg_no, name FROM row WHERE section_id = ? AND enrollment_id = ?", (section_id, key[0])
        ).get or ("", "")
        view = db.execute("SELECT view FROM assessment WHERE assessment_id = ?", (key[1],)).get
        return reg_no, name, "" if view is None else _decode_view(view).name

    def _waiting(self, db: apsw.Connection, section_id: int | None) -> Waiting:
        where, given = ("", ()) if section_id is None else (" WHERE section_id = ?", (section_id,))
        flying = sum(
            len(sheet_copy.decode_batch(body))
            for (body,) in db.execute(f"SELECT body FROM inflight{where}", given)
        )
        counts = [
            db.execute(f"SELECT count(*) FROM {table}{where}", given).get
            for table in ("dirty", "conflict", "refused")
        ]
        return Waiting(counts[0], flying, counts[1], counts[2])


_TABLES_OF_A_SHEET = (
    "assessment",
    "row",
    "base",
    "dirty",
    "inflight",
    "conflict",
    "refused",
    "acked",
    "listed",
    "sheet",
)


def open_store(folder: Path, account: str, passphrase: str | None = None) -> SheetStore:
    """Opens, upgrades or creates the store of a profile. `account` names it in the system's keyring.

    Raises: PassphraseNeeded, WrongPassphrase, KeyLost, WrongKey, StoreTooNew, StoreTooOld.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / FILE_NAME
    key = keys.obtain_key(folder, account, passphrase, store_exists=path.exists())
    upgrades.prepare(path, key)
    return SheetStore(path, key)


def _shown(copy: SheetCopy, wanted: Collection[Key] | None = None) -> dict[Key, ShownCell]:
    if wanted is None:
        flying = copy.inflight.ops.keys() if copy.inflight is not None else set()
        wanted = copy.base.keys() | copy.dirty.keys() | copy.conflict.keys() | copy.refused.keys() | flying
    cells = {}
    for key in wanted:
        mark, score, badge = sheet_copy.shown(copy, key)
        base = copy.base.get(key)
        note = copy.refused[key].code if badge == "refused" else ""
        by, at = (base.by, base.at) if base is not None else (None, None)
        cells[key] = ShownCell(mark, score, badge, note, by, at)
    return cells


def _together(parts: Iterable[Changes]) -> Changes:
    """Several choices as one transaction."""
    whole = Changes()
    for part in parts:
        whole.dirty.update(part.dirty)
        whole.conflict.update(part.conflict)
        whole.fates.extend(part.fates)
    return whole


def _recall(db: apsw.Connection, name: str) -> str | None:
    value: str | None = db.execute("SELECT value FROM meta WHERE name = ?", (name,)).get
    return value


def _remember(db: apsw.Connection, name: str, value: str) -> None:
    db.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value))


def _oldest_remembered(db: apsw.Connection) -> str:
    """Fourteen days before the newest time that the server gave an edit of this computer."""
    newest = db.execute("SELECT max(at) FROM acked").get
    return "" if newest is None else (datetime.fromisoformat(newest) - KEPT_FOR_A_RESTORE).isoformat()
