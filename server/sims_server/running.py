"""Bringing a server up and taking it down: database, roles, migrations, shipped rows, demo.

The server itself signs in as `sims_app` and never as owner; the owner's password is used for the
moment a migration takes.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import io
import logging
import signal
import socket
import sys
import threading
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import structlog
import uvicorn

from sims_server.access.operations import ship_roles
from sims_server.app import create_app, import_slices
from sims_server.audit.operations.sealing import Sealer
from sims_server.kernel.cluster import Cluster
from sims_server.kernel.database import Database
from sims_server.kernel.execute import execute_as_system
from sims_server.kernel.jobs import Worker
from sims_server.kernel.migrations import migrate
from sims_server.kernel.proof import ensure_known, make_known
from sims_server.kernel.provision import provision
from sims_server.kernel.scheduler import Scheduler
from sims_server.kernel.secrets import read_or_make_secret
from sims_server.regulations.operations import install_default_regulation
from sims_server.settings import Settings

log = structlog.get_logger("sims")


@dataclass
class Running:
    """An open installation: its database as `sims_app`, its folder, and the cluster when it is ours."""

    database: Database
    data: Path
    cluster: Cluster | None
    settings: Settings


def one_line(text: str) -> str:
    """A text as it stands in a log: what would begin another line, or speak to a terminal, is spelled out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _spelled_out(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An address or a message may hold anything that somebody sent."""
    for name, value in entry.items():
        if not isinstance(value, bool | int | float | BaseException | tuple | None):
            entry[name] = one_line(str(value))
    return entry


def _indented(trace: str) -> str:
    """A traceback ends with the words of the exception, which may be somebody's: none of its lines begins
    as an entry of the log does."""
    return "\n".join(f"    {one_line(line)}" for line in trace.split("\n"))


def _plain_traceback(stream: TextIO, raised: Any) -> None:
    whole = io.StringIO()
    structlog.dev.plain_traceback(whole, raised)
    stream.write("\n" + _indented(whole.getvalue().strip("\n")))


class _OneLine(logging.Formatter):
    """The same for libraries that log by themselves."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = one_line(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:
        return _indented(super().formatException(ei))


def log_to_standard_error() -> None:
    """Standard output carries one line, the address; everything else goes to standard error."""
    # Without the values of local variables, which rich would print: a log holds no names, marks or tokens.
    console = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=_plain_traceback)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper("iso", utc=True),
            _spelled_out,
            console,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)


@contextlib.contextmanager
def installation(settings: Settings) -> Iterator[Running]:
    """The installation, migrated and ready; an embedded PostgreSQL that this process started stops with
    it."""
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    cluster: Cluster | None = None
    owner_url, app_url = settings.owner_url, settings.database_url
    if app_url is None:
        cluster = Cluster.start(settings.data)
        provision(cluster.superuser_url(), cluster.passwords)
        owner_url, app_url = cluster.url("sims_owner"), cluster.url("sims_app")
    database: Database | None = None
    try:
        secret = read_or_make_secret(settings.data)
        if owner_url is not None:
            migrate(owner_url)
            make_known(owner_url, secret)
        ensure_known(app_url, secret)
        database = Database(app_url, secret)
        import_slices()
        prepare(database, settings.data)
        if settings.demo:
            from sims_server.demo import install_demo
            from sims_server.transcripts.operations import ensure_demo_keys

            install_demo(database, settings.data)
            ensure_demo_keys(database, settings.data)
        yield Running(database, settings.data, cluster, settings)
    finally:
        if database is not None:
            database.close()
        if cluster is not None:
            cluster.stop()


def prepare(database: Database, data: Path) -> None:
    """The rows every installation has: shipped roles, and a regulation so that students can register."""
    execute_as_system(database, ship_roles, None, action="roles.ship", data=data)
    execute_as_system(database, install_default_regulation, None, action="regulations.ship", data=data)


STOPPING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name))


class _Server(uvicorn.Server):
    """Says where it listens once it answers. A terminal that is closed (SIGHUP) ends it as SIGTERM does:
    whoever asked is answered first."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            print(f"listening on http://{shown}:{port}", flush=True)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        with super().capture_signals():
            own = [number for number in STOPPING if signal.getsignal(number) is _stop]
            for number in own:
                signal.signal(number, self.handle_exit)
            try:
                yield
            finally:
                for number in own:
                    signal.signal(number, _stop)


class Stopped(SystemExit):
    """A signal asked to stop; everything that was opened is closed on the way out."""


def _stop(*_: Any) -> None:
    # Once is enough: another signal would interrupt the closing, and leave PostgreSQL running.
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
    raise Stopped(0)


def _stop_on_signals() -> None:
    """What nohup started outlives its terminal: an ignored SIGHUP stays ignored."""
    for number in STOPPING:
        if number in (signal.SIGTERM, signal.SIGINT) or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def serve(settings: Settings) -> int:
    """Serve until a signal. The worker and the clock run in the same process."""
    log_to_standard_error()
    _stop_on_signals()
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # IPPROTO_TCP by name: only then does the event loop turn Nagle off on what it accepts, and an answer
    # in two writes waits 40 ms for the other side's delayed ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        print(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}", file=sys.stderr)
        return 1
    with installation(settings) as running:
        app = create_app(running.database, running.data, demo=settings.demo)
        config = configuration(app, settings)
        _collect_less()
        threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()
        # Not asyncio.run: it would make the standard loop, whatever the configuration names.
        with (
            background(running) as app.state.worker,
            asyncio.Runner(loop_factory=config.get_loop_factory()) as runner,
        ):
            runner.run(_Server(config).serve(sockets=[listener]))
    return 0


@contextlib.contextmanager
def background(running: Running) -> Iterator[Worker]:
    """What goes on beside the requests: jobs, the clock, and the sealing of the audit. Every process of an
    installation does all three, so that any of them may run alone; locks in the database see to it that
    one of them is the clock, and one at a time seals. Their connections are their own: a job tells how far
    it is over a second one, while requests that wait for what it holds may have taken all of theirs."""
    database = Database(running.database.url, read_or_make_secret(running.data), pool_size=6)
    worker = Worker(database, running.data)
    clock = Scheduler(database, running.data)
    sealer = Sealer(database, running.data)
    worker.start()
    clock.start()
    sealer.start()
    try:
        yield worker
    finally:
        clock.stop()
        sealer.stop()
        worker.stop()
        database.close()
        log.info("stopped")


def configuration(app: Any, settings: Settings) -> uvicorn.Config:
    """How the web server runs `app`: whom it believes, and how long it waits for answers under way."""
    return uvicorn.Config(
        app,
        lifespan="on",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=10,
        proxy_headers=settings.trusted_proxies is not None,
        forwarded_allow_ips=settings.trusted_proxies,
        http=_http(),
        loop=_loop(),
    )


def _collect_less() -> None:
    """What stands once the application is made is not looked through again for what is gone, and a page's
    rows are no reason to look: with Python's own numbers that is a twelfth of a list page."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


def _warm_up() -> None:
    """Import what the first sealed document needs while the first person signs in."""
    importlib.import_module("sims_server.sealing.signing")


def work(settings: Settings) -> int:
    """Run a worker alone, until a signal: everything the server does but answer."""
    log_to_standard_error()
    _stop_on_signals()
    with installation(settings) as running, background(running):
        print("working", flush=True)
        signal.pause()
    return 0


def _http() -> Any:
    try:
        import httptools  # noqa: F401
    except ImportError:
        return "h11"
    return "httptools"


def _loop() -> Any:
    try:
        import uvloop  # noqa: F401
    except ImportError:
        return "asyncio"
    return "uvloop"
