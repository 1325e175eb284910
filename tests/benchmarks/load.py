"""A small closed-loop load generator: keep-alive sockets, one request at a time each.

It runs in a process of its own and spends some 30 µs a request, so that the server, not the client,
is what is measured. Requests are ready-made bytes.
"""

from __future__ import annotations

import multiprocessing
import socket
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Measured:
    """Requests a second, latencies in milliseconds, and how often each status came back."""

    rate: float
    median: float
    p95: float
    statuses: dict[int, int]


def request_bytes(
    method: str,
    path: str,
    host: str,
    token: str = "",
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> bytes:
    """One HTTP/1.1 request, ready to send."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Accept: application/json"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Wire:
    """One keep-alive connection."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._connect()

    def _connect(self) -> None:
        self._socket = socket.create_connection(self._address, timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body."""
        try:
            self._socket.sendall(request)
            return self._answer()
        except (ConnectionError, OSError):  # the server closed an idle connection
            self._connect()
            self._socket.sendall(request)
            return self._answer()

    def _answer(self) -> tuple[int, bytes]:
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            piece = self._socket.recv(262144)
            if not piece:
                raise ConnectionResetError
            received += piece
        head = received[:end].lower()
        status = int(head[9:12])
        body = received[end + 4 :]
        mark = head.find(b"content-length:")
        if mark >= 0:
            length = int(head[mark + 15 :].split(b"\r\n", 1)[0])
            parts = [body]
            missing = length - len(body)
            while missing > 0:
                piece = self._socket.recv(min(1048576, missing))
                if not piece:
                    raise ConnectionResetError
                parts.append(piece)
                missing -= len(piece)
            body = b"".join(parts)
        return status, body

    def close(self) -> None:
        self._socket.close()


def _drive(
    url: str, requests: Sequence[bytes], clients: int, seconds: float, once: bool, answers: Connection
) -> None:
    taken = iter(range(len(requests)))
    lock = threading.Lock()
    statuses: Counter[int] = Counter()
    latencies: list[float] = []
    end = time.perf_counter() + seconds
    turn = [0]

    def next_request() -> bytes | None:
        with lock:
            if once:
                index = next(taken, None)
                return None if index is None else requests[index]
            turn[0] += 1
            return requests[turn[0] % len(requests)]

    def client() -> None:
        wire = Wire(url)
        mine: list[float] = []
        seen: Counter[int] = Counter()
        while time.perf_counter() < end:
            request = next_request()
            if request is None:
                break
            started = time.perf_counter()
            status, _ = wire.ask(request)
            mine.append(time.perf_counter() - started)
            seen[status] += 1
        wire.close()
        with lock:
            latencies.extend(mine)
            statuses.update(seen)

    started = time.perf_counter()
    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers.send((time.perf_counter() - started, latencies, dict(statuses)))


def drive(
    url: str, requests: Sequence[bytes], *, clients: int = 8, seconds: float = 3.0, once: bool = False
) -> Measured:
    """Send `requests` in turn from `clients` connections for `seconds` (or each once, at most so long)."""
    here, there = multiprocessing.get_context("fork").Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(
        target=_drive, args=(url, requests, clients, seconds, once, there)
    )
    process.start()
    elapsed, latencies, statuses = here.recv()
    process.join()
    ordered = sorted(latencies) or [0.0]
    return Measured(
        len(latencies) / elapsed,
        statistics.median(ordered) * 1000,
        ordered[int(len(ordered) * 0.95) - 1] * 1000,
        statuses,
    )


def timed(action: Callable[[], object], repeats: int = 7) -> float:
    """Median seconds of an action."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return statistics.median(times)
