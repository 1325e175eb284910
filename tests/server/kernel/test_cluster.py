"""The embedded PostgreSQL: closed to strangers, shared by its users, gone when the last has gone."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from sims_server.kernel.cluster import Cluster, ClusterFailure
from sims_server.kernel.folder_lock import FolderLock
from tests.support.waiting import wait_until

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="signals and modes of POSIX")

# Holds the cluster of the folder it is given until its standard input ends.
HOLDER = """
import sys
from pathlib import Path
from sims_server.kernel.cluster import Cluster
cluster = Cluster.start(Path(sys.argv[1]), durable=False)
print(cluster.superuser_url(), flush=True)
sys.stdin.read()
cluster.stop()
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def cluster(data: Path) -> Iterator[Cluster]:
    with Cluster.start(data, durable=False) as started:
        yield started


def _ask(cluster: Cluster, question: str) -> list[object]:
    with psycopg.connect(cluster.superuser_url(), autocommit=True) as connection:
        found = connection.execute(question).fetchall()
    return [row[0] for row in found]


def _write(cluster: Cluster, statement: str) -> None:
    with psycopg.connect(cluster.superuser_url(), autocommit=True) as connection:
        connection.execute(statement)


def _pid(data: Path) -> int:
    return int((data / "postgresql" / "postmaster.pid").read_text().splitlines()[0])


def _supervisor_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _holder(data: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLDER, str(data)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _wait_until_stopped(data: Path) -> None:
    FolderLock(data / ".supervisor.lock").exclusive().release()


@posix_only
def test_only_we_can_read_what_it_keeps(cluster: Cluster, data: Path) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (data, *data.iterdir())}
    assert modes["data"] == modes["postgresql"] == 0o700
    assert modes["database-passwords.json"] == modes["postgresql.log"] == 0o600


def test_nobody_comes_in_without_a_password(cluster: Cluster) -> None:
    assert set(_ask(cluster, "SELECT auth_method FROM pg_hba_file_rules")) == {"scram-sha-256"}
    wrong = cluster.superuser_url().replace(cluster._passwords["postgres"], "guessed")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_a_durable_cluster_loses_nothing_and_notices_damage(data: Path) -> None:
    with Cluster.start(data) as cluster:
        for setting in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums"):
            assert _ask(cluster, f"SHOW {setting}") == ["on"], setting
        assert _ask(cluster, "SHOW server_encoding") == ["UTF8"]


def test_letters_of_every_script_are_letters_and_order_is_by_code_point(cluster: Cluster) -> None:
    assert _ask(cluster, "SELECT lower('ÀÉÇ')") == ["àéç"]
    sorted_names = _ask(cluster, "SELECT x FROM unnest(ARRAY['a', 'B', 'é', 'ط']) x ORDER BY x")
    assert sorted_names == ["B", "a", "é", "ط"]
    _write(cluster, "CREATE EXTENSION pg_trgm")
    assert len(_ask(cluster, "SELECT unnest(show_trgm('طالب'))")) == 5


def test_who_comes_second_attaches_and_may_stay_longer(data: Path) -> None:
    first = Cluster.start(data, durable=False)
    pid = _pid(data)
    second = Cluster.start(data, durable=False)
    assert second.superuser_url() == first.superuser_url()
    first.stop()
    assert _pid(data) == pid
    assert _ask(second, "SELECT 1") == [1]
    second.stop()
    assert not (data / "postgresql" / "postmaster.pid").exists()
    assert Cluster.running(data) is None


def test_looking_at_a_running_cluster_does_not_keep_it(data: Path) -> None:
    assert Cluster.running(data) is None
    with Cluster.start(data, durable=False):
        found = Cluster.running(data)
        assert found is not None
        assert _ask(found, "SELECT 1") == [1]
        found.stop()
        assert Cluster.running(data) is not None
    assert Cluster.running(data) is None


def test_several_who_start_at_once_get_the_same_server(data: Path) -> None:
    holders = [_holder(data) for _ in range(4)]
    addresses = {holder.stdout.readline() for holder in holders if holder.stdout}
    assert len(addresses) == 1
    assert "postgresql://" in addresses.pop()
    for holder in holders:
        holder.communicate()
        assert holder.returncode == 0
    _wait_until_stopped(data)
    assert Cluster.running(data) is None


@posix_only
def test_it_stops_after_its_only_user_was_killed(data: Path) -> None:
    with _holder(data) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().startswith("postgresql://")
        holder.kill()
    _wait_until_stopped(data)
    assert Cluster.running(data) is None


@posix_only
def test_a_killed_server_is_started_again_with_all_that_was_committed(data: Path) -> None:
    with Cluster.start(data, durable=False) as cluster:
        _write(cluster, "CREATE TABLE kept AS SELECT 7 AS number")
        killed = _pid(data)
        os.kill(killed, signal.SIGKILL)
        with Cluster.start(data, durable=False) as again:  # waits until it takes connections
            assert _ask(again, "SELECT number FROM kept") == [7]
            assert _pid(data) != killed


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@posix_only
def test_a_killed_server_without_a_socket_comes_back_at_the_same_port(tmp_path: Path) -> None:
    data = tmp_path / ("long" * 30)  # longer than a socket's address may be
    data.parent.mkdir(exist_ok=True)
    with Cluster.start(data, durable=False) as cluster:
        address = cluster.superuser_url()
        assert "127.0.0.1" in address
        os.kill(_pid(data), signal.SIGKILL)
        assert wait_until(lambda: _answers(address))


def _answers(address: str) -> bool:
    try:
        with psycopg.connect(address, connect_timeout=5) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def test_a_killed_supervisor_leaves_nothing_that_stops_the_next_start(data: Path) -> None:
    with Cluster.start(data, durable=False) as cluster:
        _write(cluster, "CREATE TABLE kept AS SELECT 7 AS number")
        supervisor = _supervisor_of(_pid(data))
        os.kill(supervisor, signal.SIGKILL)
        _wait_until_stopped(data)
        with Cluster.start(data, durable=False) as again:
            assert _ask(again, "SELECT number FROM kept") == [7]
            assert _supervisor_of(_pid(data)) != supervisor


@posix_only
def test_a_stranger_with_the_old_process_number_does_not_stop_it(data: Path, tmp_path: Path) -> None:
    """A stranger of the same account: of another's processes PostgreSQL thinks nothing."""
    Cluster.start(data, durable=False).stop()
    files = data / "postgresql"
    with Cluster.start(tmp_path / "other", durable=False):
        stranger = _pid(tmp_path / "other")
        (files / "postmaster.pid").write_text(f"{stranger}\n{files}\n1\n5432\n.\n\n  1  1\nready   \n")
        (files / ".s.PGSQL.5432.lock").write_text(f"{stranger}\n{files}\n1\n5432\n.\n")
        assert Cluster.running(data) is None
        with Cluster.start(data, durable=False) as cluster:
            assert _ask(cluster, "SELECT 1") == [1]


def test_files_of_another_version_are_refused_and_not_touched(data: Path) -> None:
    Cluster.start(data, durable=False).stop()
    version = data / "postgresql" / "PG_VERSION"
    ours = version.read_text()
    version.write_text("15\n")
    with pytest.raises(ClusterFailure, match="made by PostgreSQL 15, and this is PostgreSQL"):
        Cluster.start(data, durable=False)
    assert version.read_text() == "15\n"
    version.write_text(ours)
    Cluster.start(data, durable=False).stop()


def test_an_interrupted_first_start_is_begun_anew(data: Path) -> None:
    half = data / "postgresql.unfinished"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with Cluster.start(data, durable=False) as cluster:
        assert _ask(cluster, "SELECT 1") == [1]
    assert not half.exists()


def test_a_folder_without_its_passwords_says_so(data: Path) -> None:
    Cluster.start(data, durable=False).stop()
    (data / "database-passwords.json").rename(data / "elsewhere.json")
    with pytest.raises(ClusterFailure, match=r"database-passwords\.json is missing"):
        Cluster.start(data, durable=False)


def test_a_path_too_long_for_a_socket_gets_a_port(tmp_path: Path) -> None:
    data = tmp_path / ("a long name " * 9) / "data"
    with Cluster.start(data, durable=False) as cluster:
        assert cluster.host == "127.0.0.1"
        assert _ask(cluster, "SELECT 1") == [1]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root needs another account")
def test_as_root_it_opens_no_folder_above_its_own(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    with Cluster.start(private / "data", durable=False) as cluster:
        assert _ask(cluster, "SELECT 1") == [1]
        assert Path(f"/proc/{_pid(cluster.data)}").stat().st_uid != 0
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert stat.S_IMODE((private / "data").stat().st_mode) == 0o700
