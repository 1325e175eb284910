"""A network that misbehaves: between one client and the server, as told.

It holds bytes back in one direction or both (a partition: nothing is refused, nothing arrives, and after the
cut the bytes arrive late), delays them, or resets the connection in the middle of an answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from typing import Any

UP, DOWN = "up", "down"
CHUNK = 65_536
# RST instead of FIN: the other side learns of it as of a cable that was pulled.
ABRUPTLY = struct.pack("ii", 1, 0)


class Wire:
    """The way of one client to the server. Everything may be changed from any thread at any time."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.cut: frozenset[str] = frozenset()
        self.delay = 0.0
        self.reset_due = False
        self.resets = 0
        self.port = 0
        self._listener: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def listen(self) -> None:
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._listener.sockets[0].getsockname()[1]

    def deafen(self) -> None:
        if self._listener is not None:
            self._listener.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await self._passes(UP)
            try:
                there = await asyncio.open_connection("127.0.0.1", self._network.upstream())
            except OSError:
                _abort(writer)
                return
            pumps = [
                asyncio.ensure_future(self._pump(reader, there[1], UP, writer)),
                asyncio.ensure_future(self._pump(there[0], writer, DOWN, there[1])),
            ]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for end in (writer, there[1]):
                end.close()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        direction: str,
        other: asyncio.StreamWriter,
    ) -> None:
        while data := await reader.read(CHUNK):
            await self._passes(direction)
            if self.delay:
                await asyncio.sleep(self.delay)
            if direction == DOWN and self.reset_due:
                self.reset_due = False
                self.resets += 1
                writer.write(data[: len(data) // 2])
                await writer.drain()
                _abort(writer)
                _abort(other)
                return
            writer.write(data)
            await writer.drain()

    async def _passes(self, direction: str) -> None:
        while direction in self.cut:  # noqa: ASYNC110 - whoever mends it is another thread
            await asyncio.sleep(0.05)


def _abort(writer: asyncio.StreamWriter) -> None:
    held = writer.get_extra_info("socket")
    if held is not None:
        with contextlib.suppress(OSError):
            held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABRUPTLY)
    writer.transport.abort()


class Network:
    """All wires, on a thread of their own. `upstream` answers the server's port of this moment."""

    def __init__(self, upstream: Callable[[], int]) -> None:
        self.upstream = upstream
        self._wires: list[Wire] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="network", daemon=True)
        self._thread.start()

    def lay(self) -> Wire:
        wire = Wire(self)
        self._wires.append(wire)
        self._do(wire.listen())
        return wire

    def close(self) -> None:
        async def end() -> None:
            for wire in self._wires:
                wire.deafen()
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self._do(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)
