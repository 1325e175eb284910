"""A real PostgreSQL for tests: one cluster a run, and for each test a database of its own.

The database is a clone of a template that was migrated once, so a test commits for real, deferred
constraints fire, and nobody has to clean up. The rule a newcomer would get wrong: rolling a test back
looks cheaper, but then "who acts" leaks from test to test and a rule that is checked at commit is
never checked at all.

All workers of a parallel run share the cluster: whoever needs it first starts it, and it stops with
the last of them, even when they are killed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from sims_server.kernel.cluster import Cluster
from sims_server.kernel.database import Database
from sims_server.kernel.folder_lock import FolderLock
from sims_server.kernel.migrations import migrate
from sims_server.kernel.proof import make_known, prove
from sims_server.kernel.provision import open_to_roles, provision
from sims_server.kernel.secrets import read_or_make_secret

RUN_FOLDER = "SIMS_TEST_RUN_FOLDER"
SECRET = "SIMS_SECRET_KEY"
TEMPLATE = "sims_template"
PREFIX = "sims-test-"
ROOM_IN_MEMORY = 6 * 1024**3  # bytes: ten times what a run needs

_run_lock = pytest.StashKey[FolderLock]()


@dataclass(frozen=True)
class TestDatabase:
    """One test's own database. URLs are in libpq's form, `postgresql://…?host=…&port=…`."""

    __test__ = False

    name: str
    cluster: Cluster

    def url(self, role: str) -> str:
        return self.cluster.url(role, self.name)

    @property
    def app_url(self) -> str:
        return self.url("sims_app")

    @property
    def owner_url(self) -> str:
        return self.url("sims_owner")

    @property
    def superuser_url(self) -> str:
        return self.cluster.superuser_url(self.name)


def quick_folder() -> Path:
    """Where files lie that nobody wants back: in memory, where the system offers that and has room. A
    database is a thousand files; copying them takes a disk ten times as long."""
    memory = Path("/dev/shm")
    with contextlib.suppress(OSError):
        if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM_IN_MEMORY:
            return memory
    return Path(tempfile.gettempdir())


def pytest_configure(config: pytest.Config) -> None:
    """Before any worker starts: the folder of this run, which the workers find in the environment."""
    if hasattr(config, "workerinput"):
        return
    for place in {Path(tempfile.gettempdir()), quick_folder()}:
        _sweep(place)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=quick_folder()))
    config.stash[_run_lock] = FolderLock(folder / "run.lock").exclusive()
    os.environ[RUN_FOLDER] = str(folder)
    # One secret for all servers of a run: the template knows them by it, whatever folder each has.
    os.environ[SECRET] = "of the tests"


def pytest_unconfigure(config: pytest.Config) -> None:
    lock = config.stash.get(_run_lock, None)
    if lock is None:
        return
    folder = Path(os.environ.pop(RUN_FOLDER))
    os.environ.pop(SECRET)
    supervising = FolderLock(folder / "cluster" / ".supervisor.lock")
    if supervising.path.exists():
        patience = time.monotonic() + 10  # a worker that was killed: its cluster is just stopping
        while not supervising.try_exclusive() and time.monotonic() < patience:
            time.sleep(0.02)
        supervising.release()
    lock.release()
    shutil.rmtree(folder, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Removes what a run left behind that was killed an hour ago or more."""
    for old in folder.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            lock = FolderLock(old / "run.lock")
            if time.time() - old.stat().st_mtime > 3600 and not lock.is_taken():
                shutil.rmtree(old, ignore_errors=True)


def server_database(url: str, *, pool_size: int = 20) -> Database:
    """What a server of this run reaches a database through."""
    return Database(url, read_or_make_secret(Path(os.devnull)), pool_size=pool_size)


def server_connection(url: str, *, autocommit: bool = False) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection by hand that the database takes for the server's: what even the server cannot do."""
    connection = psycopg.connect(url, autocommit=autocommit)
    prove(connection, read_or_make_secret(Path(os.devnull)))
    return connection


@pytest.fixture(scope="session")
def database_cluster() -> Iterator[Cluster]:
    """The run's PostgreSQL, without durability. Shared by all workers: make your own databases in it,
    change nothing that belongs to the cluster."""
    cluster = Cluster.start(Path(os.environ[RUN_FOLDER]) / "cluster", durable=False)
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def database_template(database_cluster: Cluster) -> str:
    """The name of the migrated, empty database that tests clone."""
    lock = Path(os.environ[RUN_FOLDER]) / "template.lock"
    with (
        FolderLock(lock).exclusive(),
        psycopg.connect(database_cluster.superuser_url(), autocommit=True) as connection,
    ):
        query = "SELECT datistemplate FROM pg_database WHERE datname = %s"
        found = connection.execute(query, [TEMPLATE]).fetchone()
        if found is None or not found[0]:
            connection.execute(f"DROP DATABASE IF EXISTS {TEMPLATE} WITH (FORCE)")
            provision(database_cluster.superuser_url(), database_cluster.passwords, database=TEMPLATE)
            migrate(database_cluster.url("sims_owner", TEMPLATE))
            make_known(database_cluster.url("sims_owner", TEMPLATE), read_or_make_secret(Path(os.devnull)))
            # What the migrations wrote would be unsealed for as long as the run lasts, in each clone.
            with psycopg.connect(database_cluster.superuser_url(TEMPLATE)) as inside:
                inside.execute("SET session_replication_role = replica")
                inside.execute("DELETE FROM audit")
                inside.execute("SELECT setval('audit_id_seq', 1, false)")
            connection.execute(f"ALTER DATABASE {TEMPLATE} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false")
    return TEMPLATE


@contextlib.contextmanager
def cloned_database(cluster: Cluster, template: str) -> Iterator[TestDatabase]:
    """A clone of `template`, dropped afterwards together with whoever is still connected to it."""
    name = f"test_{uuid.uuid4().hex[:16]}"
    with psycopg.connect(cluster.superuser_url(), autocommit=True) as connection:
        # Copying files takes 15 ms here; writing them through the log as well takes more.
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER sims_owner TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        open_to_roles(connection, name)
    try:
        yield TestDatabase(name, cluster)
    finally:
        with psycopg.connect(cluster.superuser_url(), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def database_url(database_cluster: Cluster, database_template: str) -> Iterator[TestDatabase]:
    """This test's own database, at the newest migration, empty but for what migrations insert."""
    with cloned_database(database_cluster, database_template) as database:
        yield database


@pytest.fixture(scope="module")
def module_database_url(database_cluster: Cluster, database_template: str) -> Iterator[TestDatabase]:
    """One database for all tests of a module: for tests that only read what the module filled in."""
    with cloned_database(database_cluster, database_template) as database:
        yield database
