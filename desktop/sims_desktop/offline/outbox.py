"""How a `SheetCopy` lies in SQLite: reading the cells a decision needs, writing what it decided.

Nothing is decided here. The rule a newcomer would get wrong: these functions run inside the caller's
transaction; one that committed by itself would leave an edit both waiting and in flight after a crash.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

import apsw
import msgspec

from sims_desktop.offline.exchange import Scope
from sims_desktop.offline.history import keep_head
from sims_shared.grading import AssessmentView, SheetChanges, SheetRow, SheetView
from sims_shared.merge import Cell, Key
from sims_shared.sheet_copy import (
    AckedOp,
    Changes,
    Conflict,
    Edit,
    Fate,
    Head,
    Inflight,
    Refused,
    SheetCopy,
    decode_batch,
)
from sims_shared.values import Person

Row = tuple[Any, ...]
T = TypeVar("T")

_CELL_COLUMNS = "mark, score, ver, by_id, by_name, at"
# Of cells given as JSON, [[enrollment, assessment], …]: thousands are one statement.
_KEYS = "(SELECT value ->> 0, value ->> 1 FROM json_each(?))"
_AMONG = f"section_id = ? AND (enrollment_id, assessment_id) IN {_KEYS}"

_encode = msgspec.json.Encoder().encode
_decode_cell = msgspec.json.Decoder(Cell).decode
_decode_edit = msgspec.json.Decoder(Edit).decode


def number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def text_of(score: Decimal | None) -> str | None:
    return None if score is None else format(score, "f")


class CellReader:
    """Turns rows into cells. Thirty thousand cells share a few hundred values and a few authors."""

    def __init__(self) -> None:
        self._numbers: dict[str | None, Decimal | None] = {None: None}
        self._people: dict[tuple[int | None, str], Person] = {}

    def number(self, text: str | None) -> Decimal | None:
        try:
            return self._numbers[text]
        except KeyError:
            return self._numbers.setdefault(text, number(text))

    def person(self, id_: int | None, name: str | None) -> Person | None:
        if name is None:
            return None
        try:
            return self._people[id_, name]
        except KeyError:
            return self._people.setdefault((id_, name), Person(id_, name))

    def cell(self, row: Row) -> Cell:
        """From `mark, score, ver, by_id, by_name, at`."""
        mark, score, ver, by_id, by_name, at = row
        return Cell(
            mark,
            self.number(score),
            ver,
            self.person(by_id, by_name),
            None if at is None else datetime.fromisoformat(at),
        )


def read_head(db: apsw.Connection, section_id: int) -> Head | None:
    for row in db.execute(
        "SELECT client_id, next_mid, cursor, behind, epoch, state FROM sheet WHERE section_id = ?",
        (section_id,),
    ):
        return Head(*row)
    return None


def read_inflight(db: apsw.Connection, section_id: int) -> Inflight | None:
    for client_id, mid, body in db.execute(
        "SELECT client_id, mid, body FROM inflight WHERE section_id = ?", (section_id,)
    ):
        return Inflight(client_id, mid, body, decode_batch(body))
    return None


def read_copy(
    db: apsw.Connection,
    section_id: int,
    head: Head,
    scope: Scope | Collection[Key],
    *,
    alone: bool = False,
) -> SheetCopy:
    """The copy of a sheet, with the bases of the cells in `scope`, and the roster only with `Scope.WHOLE`.
    What waits, flies, is in conflict or refused is read whole, because a decision about a pull may meet more
    cells than it was told of; `alone` reads it of the cells in `scope` only, for a decision that looks at
    no others. Somebody who was off line for weeks has thousands waiting, and types one."""
    where: str = "section_id = ?"
    given: tuple[object, ...] = (section_id,)
    if alone and not isinstance(scope, Scope):
        where, given = _AMONG, (section_id, _encode(list(scope)))
    dirty = {
        (enrollment, assessment): Edit(edit_id, mark, number(score))
        for enrollment, assessment, edit_id, mark, score in db.execute(
            "SELECT enrollment_id, assessment_id, edit_id, mark, score FROM dirty"
            f" WHERE {where} ORDER BY seq",
            given,
        )
    }
    inflight = read_inflight(db, section_id)
    conflict = {
        (enrollment, assessment): Conflict(_decode_edit(mine), _decode_cell(theirs), _decode_cell(base))
        for enrollment, assessment, mine, theirs, base in db.execute(
            f"SELECT enrollment_id, assessment_id, mine, theirs, base FROM conflict WHERE {where}", given
        )
    }
    refused = {
        (enrollment, assessment): Refused(Edit(edit_id, mark, number(score)), code)
        for enrollment, assessment, edit_id, mark, score, code in db.execute(
            f"SELECT enrollment_id, assessment_id, edit_id, mark, score, code FROM refused WHERE {where}",
            given,
        )
    }
    roster: dict[int, str] = {}
    if scope is Scope.WHOLE:
        base = read_bases(db, section_id)
        roster = read_roster(db, section_id)
    elif isinstance(scope, Scope):
        base = read_bases(
            db, section_id, dirty.keys() | (inflight.ops.keys() if inflight is not None else set())
        )
    else:
        base = read_bases(db, section_id, scope)
    return SheetCopy(section_id, head, roster, base, dirty, inflight, conflict, refused)


def read_roster(db: apsw.Connection, section_id: int) -> dict[int, str]:
    return dict(
        db.execute(
            "SELECT enrollment_id, status FROM row WHERE section_id = ? AND status IS NOT NULL", (section_id,)
        )
    )


def read_bases(db: apsw.Connection, section_id: int, keys: Collection[Key] | None = None) -> dict[Key, Cell]:
    """The bases of a sheet, or of some of its cells."""
    read = CellReader()
    where: str = "section_id = ?"
    given: tuple[object, ...] = (section_id,)
    if keys is not None:
        where, given = _AMONG, (section_id, _encode(list(keys)))
    bases = f"SELECT enrollment_id, assessment_id, {_CELL_COLUMNS} FROM base WHERE {where}"
    return {(row[0], row[1]): read.cell(row[2:]) for row in db.execute(bases, given)}


def read_grid(
    db: apsw.Connection,
    section_id: int,
    enrollments: Sequence[int],
    assessments: Sequence[int],
    show: Callable[[str | None, Decimal | None], T],
) -> list[list[T]]:
    """The bases as lines of cells, as SQLite finds them: of a million cells only the few hundred that
    differ are ever made. `show` makes one of mark and score."""
    blank = show(None, None)
    lines = [[blank] * len(assessments) for _ in enrollments]
    line_of = dict(zip(enrollments, lines, strict=True))
    column_of = {assessment: number for number, assessment in enumerate(assessments)}
    seen: dict[tuple[str | None, str | None], T] = {(None, None): blank}
    for enrollment, assessment, mark, score in db.execute(
        "SELECT enrollment_id, assessment_id, mark, score FROM base WHERE section_id = ?", (section_id,)
    ):
        line, column = line_of.get(enrollment), column_of.get(assessment)
        if line is not None and column is not None:
            cell = seen.get((mark, score))
            if cell is None:
                cell = seen[mark, score] = show(mark, number(score))
            line[column] = cell
    return lines


def write_changes(db: apsw.Connection, section_id: int, changes: Changes, at: str) -> None:
    """Everything a decision wants written. `at` is this computer's clock, recorded as a claim."""
    if changes.head is not None:
        write_head(db, section_id, changes.head)
    _write_bases(db, section_id, changes)
    _delete(db, "dirty", section_id, changes.dirty)
    db.executemany(
        "INSERT INTO dirty (section_id, enrollment_id, assessment_id, edit_id, mark, score)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            (section_id, *key, mine.edit_id, mine.mark, text_of(mine.score))
            for key, mine in changes.dirty.items()
            if mine is not None
        ),
    )
    if changes.landed:
        db.execute("DELETE FROM inflight WHERE section_id = ?", (section_id,))
    if changes.sealed is not None:
        batch = changes.sealed
        db.execute(
            "INSERT INTO inflight (section_id, client_id, mid, body) VALUES (?, ?, ?, ?)",
            (section_id, batch.client_id, batch.mid, batch.body),
        )
    _delete(db, "conflict", section_id, changes.conflict)
    db.executemany(
        "INSERT INTO conflict (section_id, enrollment_id, assessment_id, edit_id, mine, theirs, base)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (section_id, *key, c.mine.edit_id, _encode(c.mine), _encode(c.theirs), _encode(c.base))
            for key, c in changes.conflict.items()
            if c is not None
        ),
    )
    _delete(db, "refused", section_id, changes.refused)
    db.executemany(
        "INSERT INTO refused (section_id, enrollment_id, assessment_id, edit_id, mark, score, code)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (section_id, *key, r.mine.edit_id, r.mine.mark, text_of(r.mine.score), r.code)
            for key, r in changes.refused.items()
            if r is not None
        ),
    )
    db.executemany(
        "UPDATE row SET status = ? WHERE section_id = ? AND enrollment_id = ?",
        ((status, section_id, enrollment) for enrollment, status in changes.roster.items()),
    )
    _write_acked(db, section_id, changes.acked, at)
    write_fates(db, section_id, changes.fates, at)


def write_head(db: apsw.Connection, section_id: int, head: Head) -> None:
    db.execute(
        "INSERT INTO sheet (section_id, client_id, next_mid, cursor, behind, epoch, state)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (section_id) DO UPDATE SET client_id = excluded.client_id,"
        " next_mid = excluded.next_mid, cursor = excluded.cursor, behind = excluded.behind,"
        " epoch = excluded.epoch, state = excluded.state",
        (section_id, *head),
    )


def _write_bases(db: apsw.Connection, section_id: int, changes: Changes) -> None:
    _delete(db, "base", section_id, [key for key, cell in changes.base.items() if cell is None])
    db.executemany(
        f"INSERT OR REPLACE INTO base (section_id, enrollment_id, assessment_id, {_CELL_COLUMNS})"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                section_id,
                *key,
                cell.mark,
                text_of(cell.score),
                cell.ver,
                None if cell.by is None else cell.by.id,
                None if cell.by is None else cell.by.name,
                None if cell.at is None else cell.at.isoformat(),
            )
            for key, cell in changes.base.items()
            if cell is not None
        ),
    )


def _delete(db: apsw.Connection, table: str, section_id: int, keys: Collection[Key]) -> None:
    if keys:
        db.execute(f"DELETE FROM {table} WHERE {_AMONG}", (section_id, _encode(list(keys))))


def _write_acked(db: apsw.Connection, section_id: int, acked: Iterable[AckedOp], at: str) -> None:
    db.executemany(
        "INSERT OR REPLACE INTO acked"
        " (section_id, enrollment_id, assessment_id, edit_id, mark, score, ver, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                section_id,
                *op.key,
                op.edit_id,
                op.mark,
                text_of(op.score),
                op.ver,
                at if op.at is None else op.at.isoformat(),
            )
            for op in acked
        ),
    )


def write_fates(db: apsw.Connection, section_id: int, fates: Iterable[Fate], at: str) -> None:
    db.executemany(
        "INSERT INTO edit_log"
        " (section_id, enrollment_id, assessment_id, edit_id, fate, mark, score, note, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (section_id, *fate.key, fate.edit_id, fate.fate, fate.mark, text_of(fate.score), fate.note, at)
            for fate in fates
        ),
    )


def read_fates(db: apsw.Connection, section_id: int) -> Iterator[tuple[Fate, str]]:
    """The edit log of a sheet, oldest first, each line with the time this computer claims."""
    for enrollment, assessment, edit_id, fate, mark, score, note, at in db.execute(
        "SELECT enrollment_id, assessment_id, edit_id, fate, mark, score, note, at FROM edit_log"
        " WHERE section_id = ? ORDER BY seq",
        (section_id,),
    ):
        yield Fate((enrollment, assessment), edit_id, fate, mark, number(score), note), at


def write_details(db: apsw.Connection, section_id: int, details: SheetView | SheetChanges) -> None:
    """Names and columns, which no decision reads. Rows get their status from the decision. Raises
    HistoryRefused when a whole sheet comes from a history that this computer cannot follow."""
    assessments = details.assessments
    if assessments is not msgspec.UNSET:
        write_assessments(db, section_id, assessments)
    if isinstance(details, SheetView):
        keep_head(db, details.audit_head)
        write_rows(db, section_id, details.rows)
    elif details.roster is not msgspec.UNSET:
        write_rows(db, section_id, details.roster.added)


def write_assessments(db: apsw.Connection, section_id: int, views: list[AssessmentView]) -> None:
    """A column that was taken away has no place any more; its name stays for the edits that are still
    shown, as a student's does."""
    db.execute("UPDATE assessment SET position = -1 WHERE section_id = ?", (section_id,))
    db.executemany(
        "INSERT INTO assessment (assessment_id, section_id, position, view) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (assessment_id) DO UPDATE SET section_id = excluded.section_id,"
        " position = excluded.position, view = excluded.view",
        ((view.id, section_id, position, _encode(view)) for position, view in enumerate(views)),
    )


def write_rows(db: apsw.Connection, section_id: int, rows: list[SheetRow]) -> None:
    db.executemany(
        "INSERT INTO row (section_id, enrollment_id, student_id, reg_no, name) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (section_id, enrollment_id) DO UPDATE SET student_id = excluded.student_id,"
        " reg_no = excluded.reg_no, name = excluded.name",
        (
            (section_id, row.enrollment_id, row.student.id, row.student.reg_no, row.student.name)
            for row in rows
        ),
    )
