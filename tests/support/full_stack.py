"""Histories through the full stack: the real store, the real client over a real socket, the real handlers
in a process of their own, and a real PostgreSQL that is backed up and restored under everybody's feet.

The same `History` and the same invariants as in memory; only what happens to the server is SQL here.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from sims_desktop.client.errors import Offline, TryLater
from sims_desktop.client.http import Client
from sims_desktop.client.sheets import SheetCalls
from sims_desktop.offline.exchange import Heartbeat
from sims_server.access.operations import ship_roles
from sims_server.kernel.cluster import Cluster
from sims_server.kernel.database import Database
from sims_server.kernel.execute import execute_as_system
from sims_server.kernel.migrations import migrate
from sims_server.kernel.provision import open_to_roles, provision
from sims_shared.grading import Outcome, SheetChanges, SheetView, SyncAnswer, read_batch
from sims_shared.merge import NEVER, Cell, Key
from sims_shared.values import SYSTEM, Person
from tests.support.server import ROOT
from tests.support.simulated_server import VERSIONS_OF_AN_EPOCH, InvariantBroken, Value, Write
from tests.support.simulator import History
from tests.support.stored_device import stored_devices
from tests.support.university import PASSWORD, University

STUDENTS = 3
RECONNECTS_WITHIN = 20.0
_decode_outcomes = msgspec.json.Decoder(list[Outcome]).decode


class FullStack:
    """A `ServerPort` over a server that listens at `base_url` and whose database is `superuser_url`."""

    def __init__(self, university: University, base_url: str, superuser_url: str) -> None:
        self.crash_due = False
        self.on_write: Callable[[int, Write, bytes], None] = lambda section, write, body: None
        self._university = university
        self._base_url = base_url
        self._superuser_url = superuser_url
        self._db = psycopg.connect(superuser_url, autocommit=True)
        self._open: psycopg.Connection[Any] | None = None
        self._open_section = 0
        self._backups: list[str] = []
        self._clients: dict[int, SheetCalls] = {}
        self._https: list[Client] = []
        self._scene = university.stand(students=1)
        self._sections: Sequence[int] = ()
        self._people: Sequence[Person] = tuple(
            Person(self._scene[name], name.title()) for name in ("faculty", "faculty2")
        )
        for person in self._people:
            client = Client(base_url)
            client.sign_in(person.name.lower(), PASSWORD)
            self._https.append(client)
            assert person.id is not None
            self._clients[person.id] = SheetCalls(client)

    def stage(self) -> None:
        """Two new sheets, for the next history."""
        make, scene = self._university, self._scene
        staff = (scene["faculty"], scene["faculty2"])
        course = make.course(scene["department"])
        self._sections = tuple(make.section(course, scene["term"], code, 50, staff) for code in "AB")
        for section in self._sections:
            for name, type_ in (("Quiz", "quiz"), ("Final", "final")):
                make.assessment(section, name, type_, 50, 10)
            for _ in range(STUDENTS):
                registration = make.registration(make.student(), scene["program"], scene["regulation"])
                make.enrollment(registration, section)
        self._backups.clear()

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
        for client in self._https:
            client.close()
        self._db.close()

    # -- What devices call -------------------------------------------------------------------------

    def read_sheet(self, account: Person, section_id: int) -> SheetView:
        return self._of(account).read_sheet(section_id)

    def read_changes(
        self, account: Person, section_id: int, since: int, heartbeat: Heartbeat
    ) -> SheetChanges:
        return self._of(account).read_changes(section_id, since, heartbeat)

    def push(self, account: Person, section_id: int, body: bytes) -> SyncAnswer:
        self._wait_for_lock(section_id)
        before = self._value("SELECT coalesce(max(id), 0) FROM assessment_score_version")
        answer = self._of(account).push(section_id, body)
        self._look(section_id, body, answer, before)
        if self.crash_due:
            self.crash_due = False
            raise Offline("the server died")
        return answer

    def _look(self, section_id: int, body: bytes, answer: SyncAnswer, before: int) -> None:
        """S2 and S3 in what the database says happened."""
        batch = read_batch(body)
        edits = {(op.enrollment_id, op.assessment_id): op.edit_id for op in batch.ops}
        for key, after in self._versions(section_id, "v.id > %s", before):
            name = (batch.client_id, section_id, batch.mid)
            previous = dict(self._versions(section_id, "v.version < %s", after.ver, at=key))
            write = Write(key, after.ver, previous.get(key, NEVER), after, name, edits[key])
            self.on_write(section_id, write, body)
        for op, outcome in zip(batch.ops, answer.outcomes, strict=True):
            if outcome.outcome == "applied":
                key = (op.enrollment_id, op.assessment_id)
                author = self._value(
                    "SELECT client_id::text FROM assessment_score_version"
                    " WHERE enrollment_id = %s AND assessment_id = %s AND version = %s",
                    *key,
                    outcome.ver,
                )
                if author != batch.client_id:
                    raise InvariantBroken(f"S3: {key} was answered applied, but {author} wrote it")

    def _versions(
        self, section_id: int, condition: str, value: int, at: Key | None = None
    ) -> list[tuple[Key, Cell]]:
        """Cells as once written, oldest first."""
        query = (
            "SELECT v.enrollment_id, v.assessment_id, v.mark, v.score, v.version, v.by_account_id, u.name,"
            " v.at FROM assessment_score_version v LEFT JOIN account u ON u.id = v.by_account_id"
            f" WHERE v.section_id = %s AND {condition}"
        )
        values: list[int] = [section_id, value]
        if at is not None:
            query += " AND v.enrollment_id = %s AND v.assessment_id = %s"
            values += at
        rows = self._db.execute(f"{query} ORDER BY v.version, v.id", values).fetchall()
        return [((row[0], row[1]), _cell(*row[2:])) for row in rows]

    # -- What happens to the server ----------------------------------------------------------------

    def begin_other_write(self, section_id: int, cells: dict[Key, Value], author: Person) -> None:
        """A psql session that has written and not yet committed."""
        self.commit_open()
        self._open, self._open_section = psycopg.connect(self._superuser_url), section_id
        for (enrollment_id, assessment_id), (mark, score) in cells.items():
            try:
                self._open.execute(
                    "INSERT INTO assessment_score (section_id, enrollment_id, assessment_id, max_score, mark,"
                    " score)"
                    " SELECT a.section_id, %s, a.id, a.max_score, %s, %s FROM assessment a WHERE a.id = %s"
                    " ON CONFLICT (enrollment_id, assessment_id) DO UPDATE"
                    " SET mark = excluded.mark, score = excluded.score",
                    [enrollment_id, mark, score, assessment_id],
                )
            except psycopg.errors.CheckViolation:  # the sheet is closed
                self._open.rollback()

    def commit_open(self) -> None:
        if self._open is not None:
            self._open.commit()
            self._open.close()
            self._open = None

    def _wait_for_lock(self, section_id: int) -> None:
        """PostgreSQL would make the next writer wait; one thread cannot, so the first commits."""
        if self._open_section == section_id:
            self.commit_open()

    def set_row(self, section_id: int, enrollment_id: int, status: str) -> None:
        ended = "CASE WHEN %s IN ('dropped', 'withdrawn', 'barred') THEN now() END"
        self._attempt(
            section_id,
            f"UPDATE enrollment SET status = %s, ended_at = {ended} WHERE id = %s",
            status,
            status,
            enrollment_id,
        )

    def set_locked(self, section_id: int, assessment_id: int, locked: bool) -> None:
        value = "now()" if locked else "NULL"
        self._attempt(section_id, f"UPDATE assessment SET locked_at = {value} WHERE id = %s", assessment_id)

    def set_state(self, section_id: int, state: str) -> None:
        if state == "open":
            self._attempt(
                section_id,
                "UPDATE sheet SET state = 'open', submitted_by = NULL, submitted_at = NULL,"
                " return_reason = 'again' WHERE section_id = %s AND state <> 'open'",
                section_id,
            )
        else:
            self._attempt(
                section_id,
                "UPDATE sheet SET state = 'submitted', submitted_by = %s, submitted_at = now()"
                " WHERE section_id = %s AND state = 'open'",
                self._people[0].id,
                section_id,
            )

    def set_teaching(self, section_id: int, person: Person, teaching: bool) -> None:
        until = "NULL" if teaching else "now()"
        self._attempt(
            section_id,
            f"UPDATE section_staff SET until = {until} WHERE section_id = %s AND account_id = %s",
            section_id,
            person.id,
        )

    def back_up(self) -> None:
        if len(self._backups) < 2:
            self.commit_open()
            name = f"backup_{time.monotonic_ns()}"
            self._alone(lambda maintenance, database: _copy(maintenance, database, name))
            self._backups.append(name)

    def restore(self, place: float) -> bool:
        """A backup takes the database's place, with a new epoch and a floor above every version."""
        if not self._backups:
            return False
        if self._open is not None:
            self._open.close()
            self._open = None
        floor = self.version_floor() + VERSIONS_OF_AN_EPOCH
        backup = self._backups[int(place * len(self._backups))]

        def take_place(maintenance: psycopg.Connection[Any], database: str) -> None:
            maintenance.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))
            _copy(maintenance, backup, database)

        self._alone(take_place)
        self._run("UPDATE system SET epoch = gen_random_uuid(), version_floor = %s", floor)
        return True

    def _alone(self, act: Callable[[psycopg.Connection[Any], str], None]) -> None:
        """Acts on the database while nobody is connected to it; the server finds it again."""
        database = self._value("SELECT current_database()")
        self._db.close()
        with psycopg.connect(self._superuser_url, dbname="postgres", autocommit=True) as maintenance:
            maintenance.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database]
            )
            act(maintenance, database)
        self._university.database.engine.dispose()
        self._db = psycopg.connect(self._superuser_url, autocommit=True)
        patience = time.monotonic() + RECONNECTS_WITHIN
        for client in self._https:
            while True:
                try:
                    client.me()
                    break
                except TryLater:
                    if time.monotonic() > patience:
                        raise

    # -- What can be seen --------------------------------------------------------------------------

    @property
    def sections(self) -> Sequence[int]:
        return self._sections

    @property
    def people(self) -> Sequence[Person]:
        return self._people

    @property
    def epoch_name(self) -> str:
        epoch: str = self._value("SELECT epoch::text FROM system")
        return epoch

    def enrollments(self, section_id: int) -> Sequence[int]:
        return self._column("SELECT id FROM enrollment WHERE section_id = %s ORDER BY id", section_id)

    def assessments(self, section_id: int) -> Sequence[int]:
        return self._column("SELECT id FROM assessment WHERE section_id = %s ORDER BY id", section_id)

    def rev(self, section_id: int) -> int:
        rev: int = self._value("SELECT rev FROM sheet WHERE section_id = %s", section_id)
        return rev

    def teaches(self, section_id: int, person: Person) -> bool:
        return bool(
            self._value(
                "SELECT until IS NULL FROM section_staff WHERE section_id = %s AND account_id = %s",
                section_id,
                person.id,
            )
        )

    def on_roster(self, section_id: int) -> set[int]:
        return set(
            self._column(
                "SELECT id FROM enrollment WHERE section_id = %s AND status <> 'dropped'", section_id
            )
        )

    def cells_with_revs(self, section_id: int) -> dict[Key, tuple[Cell, int]]:
        rows = self._db.execute(
            "SELECT p.enrollment_id, p.assessment_id, v.rev, coalesce((SELECT max(g.rev) FROM sheet_change g"
            "  WHERE g.enrollment_id = p.enrollment_id AND g.kind = 'roster'), 0),"
            "  p.mark, p.score, p.version, p.updated_by, u.name, p.updated_at"
            " FROM assessment_score p LEFT JOIN account u ON u.id = p.updated_by"
            " JOIN assessment_score_version v ON v.enrollment_id = p.enrollment_id"
            "  AND v.assessment_id = p.assessment_id AND v.version = p.version WHERE p.section_id = %s",
            [section_id],
        ).fetchall()
        return {(row[0], row[1]): (_cell(*row[4:]), max(row[2], row[3])) for row in rows}

    def applied_edits(self, section_id: int) -> set[str]:
        """From the receipts: what they say was applied."""
        receipts = self._column("SELECT outcome FROM sync_receipt WHERE section_id = %s", section_id)
        outcomes = [one for receipt in receipts for one in _decode_outcomes(bytes(receipt))]
        return {str(one.edit_id) for one in outcomes if one.outcome == "applied"}

    def version_floor(self) -> int:
        floor: int = self._value("SELECT version_floor FROM system")
        return floor

    # -- Within ------------------------------------------------------------------------------------

    def _of(self, account: Person) -> SheetCalls:
        assert account.id is not None
        return self._clients[account.id]

    def _run(self, query: str, *values: Any) -> None:
        self._db.execute(query, values)

    def _attempt(self, section_id: int, query: str, *values: Any) -> None:
        """What the database forbids does not happen."""
        self._wait_for_lock(section_id)
        try:
            self._run(query, *values)
        except psycopg.errors.IntegrityError:
            pass

    def _value(self, query: str, *values: Any) -> Any:
        row = self._db.execute(query, values).fetchone()
        return None if row is None else row[0]

    def _column(self, query: str, *values: Any) -> list[Any]:
        return [row[0] for row in self._db.execute(query, values).fetchall()]


def _cell(mark: str | None, score: Any, ver: int, by: int | None, name: str | None, at: Any) -> Cell:
    return Cell(mark, score, ver, SYSTEM if by is None else Person(by, name or ""), at)


def _copy(maintenance: psycopg.Connection[Any], source: str, name: str) -> None:
    statement = sql.SQL("CREATE DATABASE {} OWNER sims_owner TEMPLATE {} STRATEGY FILE_COPY")
    maintenance.execute(statement.format(sql.Identifier(name), sql.Identifier(source)))
    open_to_roles(maintenance, name)


def play_on(stack: FullStack, seed: int, steps: int, folder: Path) -> None:
    """One history on new sheets of the stack. Raises as `simulator.play`."""
    stack.stage()
    history = History(seed, server=stack, new_store=stored_devices(folder))
    try:
        history.play(steps)
    finally:
        stack.commit_open()
        for device in history.devices:
            device.store.close()  # type: ignore[attr-defined]


@contextmanager
def standing_stack() -> Iterator[FullStack]:
    """PostgreSQL, server and stack from nothing, for use outside the test suite."""
    with tempfile.TemporaryDirectory(prefix="sims-histories-") as folder, ExitStack() as after:
        cluster = Cluster.start(Path(folder) / "cluster", durable=False)
        after.callback(cluster.stop)
        provision(cluster.superuser_url(), cluster.passwords, database="histories")
        migrate(cluster.url("sims_owner", "histories"))
        url, data = cluster.url("sims_app", "histories"), Path(folder) / "data"
        data.mkdir()
        database = Database(url, pool_size=2)
        after.callback(database.close)
        execute_as_system(database, ship_roles, None, action="roles.ship", data=data)
        command = [sys.executable, "-m", "tests.support.server", url, str(data)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        after.callback(process.wait)
        after.callback(process.terminate)
        assert process.stdout is not None
        base_url = process.stdout.readline().decode().strip()
        stack = FullStack(University(database), base_url, cluster.superuser_url("histories"))
        after.callback(stack.close)
        yield stack
