"""PostgreSQL 15, the oldest that a university may bring: where Debian's package of it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sims_server.kernel.folder_lock import FolderLock
from sims_server.kernel.postmaster import Layout, Owner, owner_of

PROGRAMS = Path("/usr/lib/postgresql/15/bin")


def _run(owner: Owner | None, *command: str) -> None:
    subprocess.run(
        [str(PROGRAMS / command[0]), *command[1:]],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd="/",
        user=owner.uid if owner else None,
        group=owner.gid if owner else None,
        extra_groups=[] if owner else None,
    )


@pytest.fixture
def oldest_server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The superuser's URL of a fresh PostgreSQL 15 without durability."""
    if not (PROGRAMS / "postgres").exists():
        pytest.skip("PostgreSQL 15 is not installed here")
    folder = Path(os.environ["SIMS_TEST_RUN_FOLDER"]) / f"oldest-{os.getpid()}"
    folder.parent.chmod(0o711)  # the account that PostgreSQL runs as must be able to walk here
    folder.mkdir()
    owner = owner_of(Layout(folder))
    if owner:
        os.chown(folder, *owner)
    files = folder / "files"
    with FolderLock(folder.parent / "oldest.lock").exclusive():
        try:
            _run(owner, "initdb", "-D", str(files), "-U", "postgres", "--auth=trust", "--encoding=UTF8",
                 "--locale=C.UTF-8", "--no-sync")  # fmt: skip
            options = f"-c listen_addresses= -k {folder} -c fsync=off"
            _run(owner, "pg_ctl", "-D", str(files), "-w", "-l", str(folder / "log"), "-o", options, "start")
            yield f"postgresql://postgres@/postgres?host={folder}&port=5432"
            _run(owner, "pg_ctl", "-D", str(files), "-w", "-m", "immediate", "stop")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
