"""What a story is played on: a real server, a cable that can be cut, people at real windows, a camera.

`Stage` says in words what happens, photographs it and ends what it started. A `Someone` is a person at a
keyboard: keys go to whatever has the focus, as a person's do. The rule a newcomer would get wrong: nothing
here sleeps for a while and hopes; `until` waits for a fact, and a fact that does not come fails the step.
"""

from __future__ import annotations

import builtins
import contextlib
import ctypes
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx2
from PySide6.QtCore import QSize, qInstallMessageHandler
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from sims_desktop.app import Desktop
from sims_desktop.kit.page import Page
from sims_desktop.shell.window import MainWindow

ROOT = Path(__file__).parents[2]
PASSWORD = "sims-demo-2026"
WINDOW = QSize(1280, 800)
STARTS_WITHIN = 240.0
HAPPENS_WITHIN = 60.0
PAUSE_MS = 15

T = TypeVar("T")
P = TypeVar("P", bound=Page)


class StepFailed(Exception):
    """A step of the story did not come out; `str()` says what was expected."""


def end_with_parent() -> None:
    """Between fork and exec (Linux): the child ends when we do, even when we are killed."""
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM, 0, 0, 0)


class DemoServer:
    """`sims_server serve --demo` in a process of its own. Its log goes to a file."""

    def __init__(self, data: Path, log: Path) -> None:
        command = [sys.executable, "-P", "-m", "sims_server", "serve", "--demo", "--port", "0"]
        with log.open("ab") as words:
            self.process = subprocess.Popen(
                [*command, "--data", str(data)],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=words,
                preexec_fn=end_with_parent if sys.platform.startswith("linux") else None,
            )
        assert self.process.stdout is not None
        # The pipe closes when the process ends, so this cannot wait for a server that is dead.
        told = self.process.stdout.readline().decode().strip()
        if not told.startswith("listening on "):
            self.stop()
            raise StepFailed(f"the server did not start; its log is {log}")
        self.base_url = told.removeprefix("listening on ")

    def stop(self) -> None:
        """It stops its database first."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(STARTS_WITHIN)
        if self.process.stdout is not None:
            self.process.stdout.close()


class Cable:
    """Between one computer and the server: relays TCP until it is `cut`, and again when it is `mended`."""

    def __init__(self, server: str) -> None:
        address = urlsplit(server)
        assert address.hostname is not None
        assert address.port is not None
        self._target = (address.hostname, address.port)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = self._listener.getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self._port}"
        self._is_cut = False
        self._listen()

    def _listen(self) -> None:
        listener = self._listener
        listener.settimeout(0.1)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while listener.fileno() >= 0:
            try:
                near, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            try:
                far = socket.create_connection(self._target, timeout=5)
            except OSError:
                near.close()
                continue
            with self._lock:
                if self._is_cut:
                    near.close()
                    far.close()
                    return
                self._open |= {near, far}
            for one, other in ((near, far), (far, near)):
                one.settimeout(None)
                threading.Thread(target=self._relay, args=(one, other), daemon=True).start()

    def _relay(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
        self._close(source, target)

    def _close(self, *ends: socket.socket) -> None:
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
            with self._lock:
                self._open.discard(end)

    def cut(self) -> None:
        with self._lock:
            self._is_cut = True
            ends = list(self._open)
        self._listener.close()
        self._close(*ends)

    def mend(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._is_cut = False
        self._listen()


class Caller:
    """Somebody signed in at the server without a window."""

    def __init__(self, base_url: str, username: str) -> None:
        self._http = httpx2.Client(base_url=base_url, timeout=HAPPENS_WITHIN)
        answer = self.post("/api/auth/token/", {"username": username, "password": PASSWORD})
        self._http.headers["Authorization"] = f"Bearer {answer['access']}"

    def get(self, path: str, **parameters: Any) -> Any:
        return self._answer(self._http.get(path, params=parameters))

    def every(self, path: str, **parameters: Any) -> list[Any]:
        """All pages of a list."""
        page = self.get(path, page_size=200, **parameters)
        found = list(page["results"])
        while page["next"]:
            page = self._answer(self._http.get(page["next"]))
            found += page["results"]
        return found

    def download(self, path: str) -> bytes:
        answer = self._http.get(path)
        if answer.status_code != 200:
            raise StepFailed(f"{path} answered {answer.status_code}: {answer.text[:600]}")
        return answer.content

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._answer(self._http.post(path, json=body))

    def upload(self, path: str, file: Path, **fields: str) -> Any:
        files = {"file": (file.name, file.read_bytes())}
        return self._answer(self._http.post(path, data=fields, files=files))

    def _answer(self, answer: httpx2.Response) -> Any:
        if answer.status_code >= 400:
            raise StepFailed(f"{answer.request.url.path} answered {answer.status_code}: {answer.text[:600]}")
        return answer.json()

    def close(self) -> None:
        self._http.close()


class Stage:
    """The server, the folder that keeps what came of it, and whoever sits at a window."""

    def __init__(self, out: Path, platform: str = "offscreen") -> None:
        out.mkdir(parents=True, exist_ok=True)
        self.out = out
        self._log = (out / "tour.log").open("w", encoding="utf-8")
        self._steps = self._pictures = 0
        self._began = time.monotonic()
        self._temporary = tempfile.TemporaryDirectory(prefix="sims-tour-")
        self.data = Path(self._temporary.name)
        self._people: list[Someone] = []
        self._cables: list[Cable] = []
        self._server: DemoServer | None = None
        self._bugs: list[str] = []
        self._hook = sys.excepthook
        # Qt calls Python from C++: what is raised there reaches nobody but this hook.
        sys.excepthook = self._caught
        os.environ.setdefault("QT_QPA_PLATFORM", platform)
        # Off screen Qt complains of each window that it cannot raise one; that belongs into a file.
        self._qt_log = (out / "windows.log").open("w", encoding="utf-8")
        qInstallMessageHandler(lambda kind, where, words: print(words, file=self._qt_log, flush=True))
        app = QApplication.instance() or QApplication(["sims"])
        assert isinstance(app, QApplication)
        self.app = app

    def _caught(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        self._bugs.append("".join(traceback.format_exception(error)))

    # Words and pictures

    def step(self, words: str) -> None:
        self._steps += 1
        self._tell(f"\n{self._steps:>2}. {words}")

    def say(self, words: str) -> None:
        self._tell("\n".join(f"    {line}" for line in words.splitlines()))

    def _tell(self, words: str) -> None:
        print(words, flush=True)
        print(words, file=self._log, flush=True)

    def next_picture(self, words: str) -> Path:
        """Where the next picture goes."""
        self._pictures += 1
        slug = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")
        path = self.out / f"{self._pictures:02}-{slug}.png"
        self.say(f"[{path.name}]")
        return path

    def photograph(self, widget: QWidget, words: str) -> Path:
        self.app.processEvents()
        path = self.next_picture(words)
        if not widget.grab().save(str(path)):
            raise StepFailed(f"the picture {path} could not be written")
        return path

    # Facts

    def until(self, holds: Callable[[], T], what: str, seconds: float = HAPPENS_WITHIN) -> T:
        """The first truthy answer of `holds`, with the windows alive meanwhile."""
        end = time.monotonic() + seconds
        while True:
            self.check_for_bugs()
            answer = holds()
            if answer:
                return answer
            if time.monotonic() > end:
                raise StepFailed(f"after {seconds:g} seconds it is still not so that {what}")
            QTest.qWait(PAUSE_MS)

    def check_for_bugs(self) -> None:
        for log in self.data.glob("computers/*/errors.log"):
            self._bugs.append(log.read_text(encoding="utf-8"))
        if self._bugs:
            raise StepFailed(f"the program made a mistake:\n{self._bugs[0]}")

    def expect(self, fact: object, what: str) -> None:
        if not fact:
            raise StepFailed(f"it is not so that {what}")

    # Who and what takes part

    @property
    def server(self) -> DemoServer:
        assert self._server is not None
        return self._server

    @property
    def server_data(self) -> Path:
        return self.data / "server"

    def start_server(self) -> DemoServer:
        self._server = DemoServer(self.server_data, self.out / "server.log")
        return self._server

    def run(self, module: str, *arguments: str, code: int = 0) -> str:
        """A command as at a terminal (`./sims server`, `./sims verify`): what it printed. Fails the step
        when it ends with another code than this."""
        command = [sys.executable, "-P", "-m", module, *arguments]
        ended = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=STARTS_WITHIN
        )
        if ended.returncode != code:
            raise StepFailed(
                f"{module} {' '.join(arguments)} ended with {ended.returncode}, not with {code}:\n"
                f"{ended.stdout}{ended.stderr}"
            )
        return ended.stdout.strip()

    def lay_cable(self) -> Cable:
        cable = Cable(self.server.base_url)
        self._cables.append(cable)
        return cable

    def seat(self, username: str, cable: Cable | None = None) -> Someone:
        """Signs somebody in at a computer of their own."""
        someone = Someone(self, username, cable.base_url if cable else self.server.base_url)
        self._people.append(someone)
        someone.sign_in()
        return someone

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def close(self) -> None:
        """Everybody leaves, the server stops, the data goes; what `out` holds stays."""
        for someone in self._people:
            someone.leave()
        for cable in self._cables:
            cable.cut()
        if self._server is not None:
            self._server.stop()
        sys.excepthook = self._hook
        qInstallMessageHandler(None)
        self._qt_log.close()
        self._log.close()
        self._temporary.cleanup()


class Someone:
    """A person at a computer of their own, with hands on the keyboard."""

    def __init__(self, stage: Stage, username: str, server: str) -> None:
        self.stage = stage
        self.username = username
        self._popup: QWidget | None = None
        self.desktop = Desktop(stage.app, stage.data / "computers" / username, server)

    def sign_in(self) -> None:
        """Types name and password, as anybody does."""
        form = self.desktop.show_sign_in()
        form.username.clear()
        form.username.setFocus()
        self.type(self.username)
        self.press("Tab")
        self.type(PASSWORD)
        self.press("Return")
        self.stage.until(
            lambda: self.desktop.window is not None or bool(form.form.complaint.text()),
            f"{self.username} is signed in",
        )
        if self.desktop.window is None:
            raise StepFailed(f"{self.username} could not sign in: {form.form.complaint.text()}")
        self.window.resize(WINDOW)
        self.turn_to()
        self.stage.until(lambda: self.standing.startswith("Connected"), f"{self.username} is on line")

    @property
    def window(self) -> MainWindow:
        assert self.desktop.window is not None
        return self.desktop.window

    @property
    def front(self) -> QWidget:
        """What takes this person's keys: a dialog over the window, the window, or the sign-in."""
        modal = QApplication.activeModalWidget()
        if modal is not None:
            return modal
        front = self.desktop.window or self.desktop.sign_in
        assert front is not None
        return front

    def turn_to(self) -> None:
        """The window comes to the front, where keys reach it."""
        front = self.front
        active = QApplication.activeWindow()
        if active is front or QApplication.activePopupWidget() is not None:
            return
        if active is not None and active.parent() is not None and active.window().parentWidget() is front:
            return
        front.show()
        front.raise_()
        front.activateWindow()
        self.stage.until(
            lambda: QApplication.activeWindow() is front, f"{self.username}'s window is in front"
        )

    def _focus(self) -> QWidget:
        self.turn_to()
        # Kept: PySide forgets the child of a widget of Qt's own as soon as nobody holds its parent.
        popup = self._popup = QApplication.activePopupWidget()
        target = (popup.focusWidget() or popup) if popup is not None else QApplication.focusWidget()
        if target is None:
            raise StepFailed(f"nothing in {self.username}'s window takes keys")
        return target

    def press(self, *keys: str) -> None:
        """Keys by name: `Ctrl+Return`, `F2`, `Tab`."""
        for name in keys:
            together = QKeySequence(name)[0]  # type: ignore[index]
            QTest.keyClick(self._focus(), together.key(), together.keyboardModifiers())
            self.stage.app.processEvents()

    def type(self, text: str) -> None:
        for letter in text:
            QTest.keyClicks(self._focus(), letter)
        self.stage.app.processEvents()

    def page(self, kind: builtins.type[P]) -> P:
        """The page in front of this person, which is one of this kind."""
        page = self.window.page
        if not isinstance(page, kind):
            raise StepFailed(f"{self.username} looks at {type(page).__name__}, not at {kind.__name__}")
        return page

    def go_to(self, words: str, kind: builtins.type[P]) -> P:
        """By the palette, as to everything."""
        self.press("Ctrl+K")
        self.type(words)
        self.press("Return")
        self.stage.until(lambda: isinstance(self.window.page, kind), f"{self.username} sees {words}")
        return self.page(kind)

    @property
    def standing(self) -> str:
        """The status bar's words."""
        return self.window.status.words.text()

    def picture(self, words: str) -> Path:
        self.window.resize(WINDOW)
        return self.stage.photograph(self.window, words)

    def leave(self) -> None:
        self.desktop.close()
        if self.desktop.sign_in is not None:
            self.desktop.sign_in.close()


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """SIGTERM ends the story as Ctrl+C does, so that what it started is stopped."""

    def end(*_: object) -> None:
        raise SystemExit(143)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
