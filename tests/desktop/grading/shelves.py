"""A desk's local store and the server behind it, both real, connected when the test says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import count

import pytest

from sims_desktop.grading.presenter.entry import Value
from sims_desktop.grading.presenter.sheet import Badge, Cell, Column, Conflict, Edit, Key, Row, Sheet
from sims_desktop.offline.exchange import Exchange, Heartbeat
from sims_shared import sheet_copy
from sims_shared.grading import SheetChanges, SheetRow, SheetSummary, SheetView, StudentOnSheet, SyncAnswer
from sims_shared.merge import NEVER, AssessmentFacts
from sims_shared.merge import Cell as ServerCell
from tests.desktop.grading.sheets import AMNA, SAAD, SECTION
from tests.support.memory_store import MemoryStore
from tests.support.simulated_server import SimulatedServer, SimulatedSheet


class NamedServer(SimulatedServer):
    """The simulated server with names of students and assessments, which the histories do without."""

    def __init__(self, view: SheetView) -> None:
        super().__init__([SECTION], [row.enrollment_id for row in view.rows], [], [AMNA, SAAD])
        self.names = {row.enrollment_id: row.student for row in view.rows}
        self.columns = view.assessments
        sheet = self.sheets[SECTION]
        sheet.state = view.state
        sheet.roster = {row.enrollment_id: row.status for row in view.rows}
        sheet.assessments = {
            a.id: AssessmentFacts(a.max_score, a.locked_at is not None, a.entered_by)
            for a in view.assessments
        }
        cells = {
            (row.enrollment_id, int(id)): (cell.mark, cell.score)
            for row in view.rows
            for id, cell in row.cells.items()
        }
        self.begin_other_write(SECTION, cells, AMNA)
        self.commit_open()

    def read_sheet(self, account: object, section_id: int) -> SheetView:
        view = super().read_sheet(AMNA, section_id)
        view.assessments = self.columns
        return view

    def _row(self, sheet: SimulatedSheet, enrollment_id: int) -> SheetRow:
        row = super()._row(sheet, enrollment_id)
        row.student = self.names[enrollment_id]
        return row


class Line:
    """The network between this desk and the server, as Amna."""

    def __init__(self, server: NamedServer) -> None:
        self.server = server

    def read_sheets(self) -> list[SheetSummary]:
        return []

    def read_sheet(self, section_id: int) -> SheetView:
        return self.server.read_sheet(AMNA, section_id)

    def read_changes(self, section_id: int, since: int, heartbeat: Heartbeat) -> SheetChanges:
        return self.server.read_changes(AMNA, section_id, since, heartbeat)

    def push(self, section_id: int, body: bytes) -> SyncAnswer:
        return self.server.push(AMNA, section_id, body)


BADGES = {
    "confirmed": Badge.SAVED,
    "waiting": Badge.WAITING,
    "sending": Badge.SENDING,
    "conflict": Badge.CONFLICT,
    "refused": Badge.REFUSED,
}


class LocalShelf:
    def __init__(self, view: SheetView) -> None:
        self.server = NamedServer(view)
        self._ids = (f"00000000-0000-4000-8000-{n:012d}" for n in count(1))
        self.store = MemoryStore(next(self._ids), lambda: next(self._ids))
        self._exchange = Exchange(self.store, Line(self.server))
        self.sync_all()

    def sync_all(self) -> None:
        self._exchange.sync_sheet(SECTION)

    def write_as_colleague(self, enrollment_id: int, assessment_id: int, score: str) -> None:
        self.server.begin_other_write(
            SECTION, {(enrollment_id, assessment_id): ("scored", Decimal(score))}, SAAD
        )
        self.server.commit_open()
        if not self.store.held(SECTION).dirty:
            self.sync_all()

    def enroll(self, enrollment_id: int, reg_no: str, name: str) -> None:
        self.server.names[enrollment_id] = StudentOnSheet(id=enrollment_id, reg_no=reg_no, name=name)
        self.server.sheets[SECTION].roster[enrollment_id] = merge_out
        self.server.set_row(SECTION, enrollment_id, "enrolled")
        self.sync_all()

    def on_server(self, enrollment_id: int, assessment_id: int) -> str:
        return str(self.server.sheets[SECTION].cells[(enrollment_id, assessment_id)].score)

    # interim

    def _cell(self, copy: sheet_copy.SheetCopy, key: Key) -> Cell:
        mark, score, badge = sheet_copy.shown(copy, key)
        base = copy.base.get(key, NEVER)
        return Cell(Value(mark, score), BADGES[badge], by=base.by.name if base.by else "", at=base.at)

    def read_sheet(self, section_id: int) -> Sheet:
        copy = self.store.held(section_id)
        rows = []
        for enrollment_id, status in copy.roster.items():
            student = self.server.names[enrollment_id]
            rows.append(Row(enrollment_id, student.reg_no, student.name, status))
        columns = [
            Column(
                a.id,
                a.name,
                a.max_score,
                a.weight,
                closed="The exam cell enters this assessment" if a.entered_by == "exam_cell" else "",
            )
            for a in self.server.columns
        ]
        cells = {
            (row.enrollment_id, column.assessment_id): self._cell(
                copy, (row.enrollment_id, column.assessment_id)
            )
            for row in rows
            for column in columns
        }
        return Sheet(
            section_id,
            "CS-211 Data Structures",
            "A",
            "Fall 2026",
            copy.head.state,
            copy.head.cursor,
            columns,
            rows,
            cells,
        )

    def read_cells(self, section_id: int, keys: Sequence[Key] | None = None) -> dict[Key, Cell]:
        copy = self.store.held(section_id)
        return {key: self._cell(copy, key) for key in keys or ()}

    def write(self, section_id: int, edits: Sequence[Edit]) -> dict[Key, Cell]:
        new = [
            sheet_copy.NewEdit(
                (e.enrollment_id, e.assessment_id), next(self._ids), e.value.mark, e.value.score
            )
            for e in edits
        ]
        self.store.change(section_id, [n.key for n in new], lambda copy: sheet_copy.edit(copy, new))
        return self.read_cells(section_id, [n.key for n in new])

    def read_conflicts(self, section_id: int) -> list[Conflict]:
        copy = self.store.held(section_id)

        def value(cell: ServerCell | sheet_copy.Edit) -> Value:
            return Value(cell.mark, cell.score)

        return [
            Conflict(
                section_id,
                key,
                value(c.base),
                value(c.mine),
                value(c.theirs),
                c.theirs.ver,
                c.theirs.by.name if c.theirs.by else "",
                c.theirs.at,
            )
            for key, c in copy.conflict.items()
        ]

    def keep_mine(self, conflicts: Sequence[Conflict]) -> None:
        for c in conflicts:
            self.store.change(
                c.section_id,
                [c.key],
                lambda copy, c=c: sheet_copy.resolve_mine(copy, c.key, next(self._ids), c.theirs_ver),
            )

    def keep_theirs(self, conflicts: Sequence[Conflict]) -> None:
        for c in conflicts:
            self.store.change(
                c.section_id, [c.key], lambda copy, c=c: sheet_copy.resolve_theirs(copy, c.key, c.theirs_ver)
            )

    def send_again(self, section_id: int, keys: Sequence[Key]) -> None:
        self.store.change(
            section_id, keys, lambda copy: sheet_copy.offer_again(copy, keys, lambda: next(self._ids))
        )

    def give_up(self, section_id: int, keys: Sequence[Key]) -> None:
        self.store.change(section_id, keys, lambda copy: sheet_copy.give_up(copy, keys))


merge_out = "dropped"


@pytest.fixture
def make_shelf() -> Callable[[SheetView], LocalShelf]:
    return LocalShelf
