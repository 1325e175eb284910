"""A desk's local store and the server behind it, both real, connected when the test says so."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from sims_desktop.grading.presenter.shelf import StoreShelf
from sims_desktop.offline.exchange import Exchange, Heartbeat
from sims_desktop.offline.store import FILE_NAME, SheetStore
from sims_desktop.offline.upgrades import prepare
from sims_shared.grading import SheetChanges, SheetRow, SheetSummary, SheetView, StudentOnSheet, SyncAnswer
from sims_shared.merge import NOT_ON_ROSTER, AssessmentFacts, Key
from tests.desktop.grading.sheets import AMNA, SAAD, SECTION
from tests.support.simulated_server import SimulatedServer, SimulatedSheet, Value

SUMMARY = SheetSummary(
    section_id=SECTION,
    course_code="CS-211",
    course_title="Data Structures",
    term="Fall 2026",
    section="A",
    state="open",
    rev=1,
    filled=0,
    total=0,
)


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


class LocalShelf(StoreShelf):
    """An encrypted store in a folder of its own, and its server at the other end of a line."""

    def __init__(self, folder: Path, view: SheetView) -> None:
        path = folder / FILE_NAME
        key = secrets.token_hex(32)
        prepare(path, key)
        self.store = SheetStore(path, key)
        super().__init__(self.store)
        self.server = NamedServer(view)
        self._exchange = Exchange(self.store, Line(self.server))
        self.store.take_list([SUMMARY])
        self.sync_all()

    def sync_all(self) -> None:
        self._exchange.sync_sheet(SECTION)

    def write_as_colleague(self, enrollment_id: int, assessment_id: int, score: str) -> None:
        """As Saad, on his own computer; it arrives here with the next sync."""
        cells: dict[Key, Value] = {(enrollment_id, assessment_id): ("scored", Decimal(score))}
        self.server.begin_other_write(SECTION, cells, SAAD)
        self.server.commit_open()

    def enroll(self, enrollment_id: int, reg_no: str, name: str) -> None:
        self.server.names[enrollment_id] = StudentOnSheet(id=enrollment_id, reg_no=reg_no, name=name)
        self.server.sheets[SECTION].roster[enrollment_id] = NOT_ON_ROSTER
        self.server.set_row(SECTION, enrollment_id, "enrolled")

    def on_server(self, enrollment_id: int, assessment_id: int) -> str:
        return str(self.server.sheets[SECTION].cells[(enrollment_id, assessment_id)].score)


@pytest.fixture
def make_shelf(tmp_path: Path) -> Iterator[Callable[[SheetView], LocalShelf]]:
    opened: list[LocalShelf] = []

    def make(view: SheetView) -> LocalShelf:
        folder = tmp_path / f"profile-{len(opened)}"
        folder.mkdir()
        opened.append(LocalShelf(folder, view))
        return opened[-1]

    yield make
    for shelf in opened:
        shelf.store.close()
