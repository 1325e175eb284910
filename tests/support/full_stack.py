"""Histories through the full stack: the real store, the real client, the real application with every handler,
and a real PostgreSQL that is backed up and restored under everybody's feet.

The same `History` and the same invariants as in memory; only what happens to the server is SQL here. Bytes
go over a socket to a server of its own process, or, many times cheaper, straight into the application
(`InProcess`). One thread plays, so what was read of the database stays true until the next thing is done
to it, and the invariants need not ask again.
"""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import httpx2
import msgspec
import psycopg
from psycopg import sql

from sims_desktop.client.errors import Offline, TryLater
from sims_desktop.client.http import Client
from sims_desktop.client.sheets import SheetCalls
from sims_desktop.offline.exchange import Heartbeat
from sims_server.access.operations import ship_roles
from sims_server.app import create_app
from sims_server.kernel.cluster import Cluster
from sims_server.kernel.database import Database
from sims_server.kernel.execute import execute_as_system
from sims_server.kernel.migrations import migrate
from sims_server.kernel.proof import make_known
from sims_server.kernel.provision import open_to_roles, provision
from sims_server.kernel.secrets import read_or_make_secret
from sims_shared.grading import Outcome, SheetChanges, SheetView, SyncAnswer, read_batch
from sims_shared.merge import NEVER, Cell, Key
from sims_shared.values import SYSTEM, Person
from tests.support.database import quick_folder
from tests.support.server import ROOT
from tests.support.simulated_server import VERSIONS_OF_AN_EPOCH, InvariantBroken, Value, Write
from tests.support.simulator import STEPS, History, length_of
from tests.support.stored_device import stored_devices
from tests.support.university import PASSWORD, University

STUDENTS = 3
# Short days, and a backup only now and then: it ends every connection and costs as much as ten syncs.
LENGTHS = (8, 10, 12, 15, 18, 20, 25, 30, 45)
WEIGHTS = {**STEPS, "back_up": 0.25}
STAGED_AT_ONCE = 40
RECONNECTS_WITHIN = 20.0
_decode_outcomes = msgspec.json.Decoder(list[Outcome]).decode
T = TypeVar("T")

# As many courses as `n`, each with section A, every third with section B too; staff, assessments, roster.
_STAGE = """
WITH course AS (
  INSERT INTO course (code, title, credits, department_id)
  SELECT 'H-' || i, 'History', 3, %(department)s FROM generate_series(1, %(n)s) i RETURNING *),
offering AS (
  INSERT INTO offering (course_id, term_id) SELECT id, %(term)s FROM course RETURNING *),
section AS (
  INSERT INTO section (offering_id, course_id, term_id, code, capacity, course_code, course_title, credits,
                       marks_total, grading, counts_in_gpa)
  SELECT o.id, c.id, o.term_id, k.code, 50, c.code, c.title, c.credits, c.marks_total, c.grading,
         c.counts_in_gpa
    FROM course c JOIN offering o ON o.course_id = c.id
    JOIN (VALUES ('A'), ('B')) k (code) ON k.code = 'A' OR c.id %% 3 = 0
  RETURNING *)
SELECT array_agg(id ORDER BY code) FROM section GROUP BY course_id"""
_STAFF = """
INSERT INTO section_staff (section_id, account_id, role)
SELECT s, a, CASE WHEN a = %(lead)s THEN 'lead' ELSE 'co' END
  FROM unnest(%(sections)s::bigint[]) s, unnest(%(staff)s::bigint[]) a"""
_ASSESSMENTS = """
INSERT INTO assessment (section_id, name, type, weight, max_score)
SELECT s, k.name, k.type, 50, 10
  FROM unnest(%(sections)s::bigint[]) s, (VALUES ('Quiz', 'quiz'), ('Final', 'final')) k (name, type)"""
_ROSTER = """
INSERT INTO enrollment (student_id, registration_id, section_id, term_id, course_id)
SELECT r.student_id, r.id, s.id, s.term_id, s.course_id
  FROM section s, registration r
 WHERE s.id = ANY (%(sections)s) AND r.id = ANY (CASE s.code WHEN 'A' THEN %(a)s::bigint[] ELSE %(b)s END)"""

# The whole sheet: a line for each row of the roster, past or present, and each of its cells.
_SHEET = """
SELECT h.rev, e.id, e.status <> 'dropped', p.assessment_id, v.rev, coalesce(
         (SELECT max(g.rev) FROM sheet_change g WHERE g.enrollment_id = e.id AND g.kind = 'roster'), 0),
       p.mark, p.score, p.version, p.updated_by, u.name, p.updated_at
  FROM enrollment e
  JOIN sheet h ON h.section_id = e.section_id
  LEFT JOIN assessment_score p ON p.enrollment_id = e.id
  LEFT JOIN assessment_score_version v
    ON v.enrollment_id = p.enrollment_id AND v.assessment_id = p.assessment_id AND v.version = p.version
  LEFT JOIN account u ON u.id = p.updated_by
 WHERE e.section_id = %s"""


class _Sheet(NamedTuple):
    """A sheet as the database has it."""

    rev: int
    on_roster: set[int]
    cells: dict[Key, tuple[Cell, int]]  # with the rev from which a pull must have brought it


Version = tuple[Key, Cell, str | None]  # what was written, and by which device


class InProcess(httpx2.BaseTransport):
    """Carries a client's bytes straight into the application: everything is real but the socket."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._loop = asyncio.new_event_loop()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        return self._loop.run_until_complete(self._carry(request))

    async def _carry(self, request: httpx2.Request) -> httpx2.Response:
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": request.url.path,
            "raw_path": request.url.raw_path.split(b"?")[0],
            "query_string": request.url.query,
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        asked = [{"type": "http.request", "body": request.read(), "more_body": False}]
        told: list[Any] = []

        async def receive() -> Any:
            return asked.pop() if asked else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            told.append(message)

        await self._application(scope, receive, send)
        body = b"".join(message.get("body", b"") for message in told[1:])
        return httpx2.Response(told[0]["status"], headers=list(told[0]["headers"]), content=body)

    def close(self) -> None:
        if not self._loop.is_closed():
            self._loop.close()


class FullStack:
    """A `ServerPort` over a server that listens at `base_url` (or, with `application`, is called in this
    process) and whose database is `superuser_url`."""

    def __init__(
        self, university: University, base_url: str, superuser_url: str, application: Any = None
    ) -> None:
        self.crash_due = False
        self.on_write: Callable[[int, Write, bytes], None] = lambda section, write, body: None
        self._university = university
        self._superuser_url = superuser_url
        self._seen: dict[Any, Any] = {}  # until the next thing is done to the server
        self._settled: dict[Any, Any] = {}  # until a backup takes its place
        self._staged: list[list[int]] = []
        self._db = psycopg.connect(superuser_url, autocommit=True)
        self._psql = psycopg.connect(superuser_url)
        self._open_section = 0  # of the sheet that `_psql` has written and not yet committed
        self._backups: list[str] = []
        self._blank = ""
        self._clients: dict[int, SheetCalls] = {}
        self._https: list[Client] = []
        self._scene = university.stand(students=2 * STUDENTS)
        self._sections: Sequence[int] = ()
        self._people: Sequence[Person] = tuple(
            Person(self._scene[name], name.title()) for name in ("faculty", "faculty2")
        )
        for person in self._people:
            client = Client(base_url, transport=None if application is None else InProcess(application))
            self._https.append(client)
            assert person.id is not None
            self._clients[person.id] = SheetCalls(client)

    def stage(self) -> None:
        """New sheets for the next history: mostly one, sometimes two."""
        self._seen.clear()
        self._settled.clear()
        self._drop(*self._backups)
        self._backups.clear()
        if not self._staged:
            self._begin_anew()
            scene, lead = self._scene, self._people[0].id
            with self._db.transaction():
                given = {"n": STAGED_AT_ONCE}
                given |= {name: scene[name] for name in ("department", "term")}
                self._staged = [row[0] for row in self._db.execute(_STAGE, given).fetchall()]
                sections = [section for pair in self._staged for section in pair]
                staff = [person.id for person in self._people]
                self._db.execute(_STAFF, {"sections": sections, "lead": lead, "staff": staff})
                self._db.execute(_ASSESSMENTS, {"sections": sections})
                registrations = scene["registrations"]
                rows = {"a": registrations[:STUDENTS], "b": registrations[STUDENTS:]}
                self._db.execute(_ROSTER, {"sections": sections, **rows})
        self._sections = tuple(self._staged.pop())

    def _begin_anew(self) -> None:
        """The database as it was before the first history. It would grow with each, and a backup copies
        all of it. Everybody signs in anew too: a session whose token was changed after a backup ends with
        its restore, and no history is about that."""
        if self._blank:
            self._alone(partial(self._take_place, self._blank))
        else:
            self._blank = f"blank_{time.monotonic_ns()}"
            self._alone(lambda maintenance, database: _copy(maintenance, database, self._blank))
        for person, client in zip(self._people, self._https, strict=True):
            client.sign_in(person.name.lower(), PASSWORD)

    def _drop(self, *databases: str) -> None:
        for name in databases:
            self._db.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))

    def close(self) -> None:
        self._drop(*self._backups, *filter(None, [self._blank]))
        self._psql.close()
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
        before = self._written(section_id)
        self._seen.clear()
        answer = self._of(account).push(section_id, body)
        self._look(section_id, body, answer, before)
        if self.crash_due:
            self.crash_due = False
            raise Offline("the server died")
        return answer

    def _look(self, section_id: int, body: bytes, answer: SyncAnswer, before: dict[int, Version]) -> None:
        """S2 and S3 in what the database says happened."""
        batch = read_batch(body)
        edits = {(op.enrollment_id, op.assessment_id): op.edit_id for op in batch.ops}
        latest = {key: cell for key, cell, _ in before.values()}
        written = self._written(section_id)
        for number, (key, after, _) in written.items():
            if number not in before:
                name = (batch.client_id, section_id, batch.mid)
                write = Write(key, after.ver, latest.get(key, NEVER), after, name, edits[key])
                self.on_write(section_id, write, body)
                latest[key] = after
        authors = {(key, cell.ver): client_id for key, cell, client_id in written.values()}
        for op, outcome in zip(batch.ops, answer.outcomes, strict=True):
            if outcome.outcome == "applied":
                key = (op.enrollment_id, op.assessment_id)
                author = authors.get((key, outcome.ver or 0))
                if author != batch.client_id:
                    raise InvariantBroken(f"S3: {key} was answered applied, but {author} wrote it")

    def _written(self, section_id: int) -> dict[int, Version]:
        """Every version ever written of the sheet's cells, oldest first, by number."""

        def read() -> dict[int, Version]:
            rows = self._db.execute(
                "SELECT v.id, v.enrollment_id, v.assessment_id, v.client_id::text, v.mark, v.score,"
                " v.version, v.by_account_id, u.name, v.at FROM assessment_score_version v"
                " LEFT JOIN account u ON u.id = v.by_account_id WHERE v.section_id = %s ORDER BY v.id",
                [section_id],
            ).fetchall()
            return {row[0]: ((row[1], row[2]), _cell(*row[4:]), row[3]) for row in rows}

        return self._once(("written", section_id), read)

    # -- What happens to the server ----------------------------------------------------------------

    def begin_other_write(self, section_id: int, cells: dict[Key, Value], author: Person) -> None:
        """A psql session that has written and not yet committed."""
        self.commit_open()
        self._open_section = section_id
        for (enrollment_id, assessment_id), (mark, score) in cells.items():
            try:
                self._psql.execute(
                    "INSERT INTO assessment_score (section_id, enrollment_id, assessment_id, max_score, mark,"
                    " score)"
                    " SELECT a.section_id, %s, a.id, a.max_score, %s, %s FROM assessment a WHERE a.id = %s"
                    " ON CONFLICT (enrollment_id, assessment_id) DO UPDATE"
                    " SET mark = excluded.mark, score = excluded.score",
                    [enrollment_id, mark, score, assessment_id],
                )
            except psycopg.errors.CheckViolation:  # the sheet is closed
                self._psql.rollback()

    def commit_open(self) -> None:
        if self._open_section:
            self._seen.clear()
            self._psql.commit()
            self._open_section = 0

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
        self._settled.pop(("teaches", section_id, person.id), None)
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
        self._psql.rollback()
        self._open_section = 0
        floor = self.version_floor() + VERSIONS_OF_AN_EPOCH
        backup = self._backups[int(place * len(self._backups))]

        self._seen.clear()
        self._settled.clear()
        self._alone(partial(self._take_place, backup))
        self._run("UPDATE system SET epoch = gen_random_uuid(), version_floor = %s", floor)
        return True

    def _take_place(self, backup: str, maintenance: psycopg.Connection[Any], database: str) -> None:
        maintenance.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))
        _copy(maintenance, backup, database)

    def _alone(self, act: Callable[[psycopg.Connection[Any], str], None]) -> None:
        """Acts on the database while nobody is connected to it; the server finds it again."""
        database = self._value("SELECT current_database()")
        self._db.close()
        self._psql.close()
        with psycopg.connect(self._superuser_url, dbname="postgres", autocommit=True) as maintenance:
            maintenance.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database]
            )
            act(maintenance, database)
        self._university.database.engine.dispose()
        self._db = psycopg.connect(self._superuser_url, autocommit=True)
        self._psql = psycopg.connect(self._superuser_url)
        patience = time.monotonic() + RECONNECTS_WITHIN
        for client in self._https:
            while True:
                try:
                    client.hello()
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
        epoch: str = self._system()[0]
        return epoch

    def version_floor(self) -> int:
        floor: int = self._system()[1]
        return floor

    def _system(self) -> tuple[Any, ...]:
        return self._once(
            "system", lambda: self._row("SELECT epoch::text, version_floor FROM system"), self._settled
        )

    def enrollments(self, section_id: int) -> Sequence[int]:
        query = "SELECT id FROM enrollment WHERE section_id = %s ORDER BY id"
        return self._once(("enrollments", section_id), lambda: self._column(query, section_id), self._settled)

    def assessments(self, section_id: int) -> Sequence[int]:
        query = "SELECT id FROM assessment WHERE section_id = %s ORDER BY id"
        return self._once(("assessments", section_id), lambda: self._column(query, section_id), self._settled)

    def teaches(self, section_id: int, person: Person) -> bool:
        query = "SELECT until IS NULL FROM section_staff WHERE section_id = %s AND account_id = %s"
        name = ("teaches", section_id, person.id)
        return self._once(name, lambda: bool(self._value(query, section_id, person.id)), self._settled)

    def rev(self, section_id: int) -> int:
        return self._sheet(section_id).rev

    def on_roster(self, section_id: int) -> set[int]:
        return self._sheet(section_id).on_roster

    def cells_with_revs(self, section_id: int) -> dict[Key, tuple[Cell, int]]:
        return self._sheet(section_id).cells

    def _sheet(self, section_id: int) -> _Sheet:
        def read() -> _Sheet:
            rows = self._db.execute(_SHEET, [section_id]).fetchall()
            return _Sheet(
                rows[0][0],
                {row[1] for row in rows if row[2]},
                {
                    (row[1], row[3]): (_cell(*row[6:]), max(row[4], row[5]))
                    for row in rows
                    if row[3] is not None
                },
            )

        return self._once(("sheet", section_id), read)

    def applied_edits(self, section_id: int) -> set[str]:
        """From the receipts: what they say was applied."""
        receipts = self._column("SELECT outcome FROM sync_receipt WHERE section_id = %s", section_id)
        outcomes = [one for receipt in receipts for one in _decode_outcomes(bytes(receipt))]
        return {str(one.edit_id) for one in outcomes if one.outcome == "applied"}

    # -- Within ------------------------------------------------------------------------------------

    def _of(self, account: Person) -> SheetCalls:
        assert account.id is not None
        return self._clients[account.id]

    def _run(self, query: str, *values: Any) -> None:
        self._db.execute(query, values)

    def _once(self, name: Any, read: Callable[[], T], kept: dict[Any, Any] | None = None) -> T:
        """Asked of the database once, until something is done to it."""
        kept = self._seen if kept is None else kept
        if name not in kept:
            kept[name] = read()
        found: T = kept[name]
        return found

    def _attempt(self, section_id: int, query: str, *values: Any) -> None:
        """What the database forbids does not happen."""
        self._wait_for_lock(section_id)
        self._seen.clear()
        try:
            self._run(query, *values)
        except psycopg.errors.IntegrityError:
            pass

    def _row(self, query: str, *values: Any) -> tuple[Any, ...]:
        row = self._db.execute(query, values).fetchone()
        assert row is not None
        return row

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


def play_on(stack: FullStack, seed: int, steps: int | None, folder: Path) -> None:
    """One history on new sheets of the stack. Raises as `simulator.play`."""
    stack.stage()
    history = History(seed, stack, stored_devices(folder), WEIGHTS)
    try:
        history.play(length_of(seed, LENGTHS) if steps is None else steps)
    finally:
        stack.commit_open()
        for store in history.stores():
            store.discard()  # type: ignore[attr-defined]
        history.forget()


@contextmanager
def standing_stack(*, over_a_socket: bool = False) -> Iterator[FullStack]:
    """PostgreSQL, server and stack from nothing, for use outside the test suite."""
    with (
        tempfile.TemporaryDirectory(prefix="sims-histories-", dir=quick_folder()) as folder,
        ExitStack() as after,
    ):
        cluster = Cluster.start(Path(folder) / "cluster", durable=False)
        after.callback(cluster.stop)
        provision(cluster.superuser_url(), cluster.passwords, database="histories")
        migrate(cluster.url("sims_owner", "histories"))
        data = Path(folder) / "data"
        data.mkdir()
        make_known(cluster.url("sims_owner", "histories"), read_or_make_secret(data))
        url, above = cluster.url("sims_app", "histories"), cluster.superuser_url("histories")
        yield after.enter_context(stack_over(url, above, data, over_a_socket=over_a_socket))


@contextmanager
def stack_over(
    app_url: str, superuser_url: str, data: Path, *, over_a_socket: bool = False
) -> Iterator[FullStack]:
    """A stack over a migrated, empty database."""
    with ExitStack() as after:
        database = Database(app_url, read_or_make_secret(data), pool_size=2)
        after.callback(database.close)
        execute_as_system(database, ship_roles, None, action="roles.ship", data=data)
        base_url, application = "http://in.process", None
        if over_a_socket:
            command = [sys.executable, "-m", "tests.support.server", app_url, str(data)]
            process = after.enter_context(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE))
            after.callback(process.terminate)
            assert process.stdout is not None
            base_url = process.stdout.readline().decode().strip()
        else:
            # A backup ends every connection; the pool says so aloud each time.
            after.callback(logging.getLogger("sqlalchemy.pool").setLevel, logging.NOTSET)
            logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
            application = create_app(database, data)
        stack = FullStack(University(database), base_url, superuser_url, application)
        after.callback(stack.close)
        yield stack
