"""One file, and a connection to it for each thread.

The rule a newcomer would get wrong: a connection is not closed under whoever is in the middle of something.
A page may still be reading while its person signs out, and SQLite would end that in an exception.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import apsw

CLOSING_SECONDS = 10.0


class Connections:
    """`connect` opens another one."""

    def __init__(self, connect: Callable[[], apsw.Connection]) -> None:
        self._connect = connect
        self._local = threading.local()
        self._idle = threading.Condition()
        self._users = 0
        self._open: list[apsw.Connection] = []

    @property
    def mine(self) -> apsw.Connection:
        """This thread's."""
        connection: apsw.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
            with self._idle:
                self._open.append(connection)
        return connection

    @contextmanager
    def using(self) -> Iterator[apsw.Connection]:
        """This thread's, which nobody closes meanwhile."""
        with self._idle:
            self._users += 1
        try:
            yield self.mine
        finally:
            with self._idle:
                self._users -= 1
                self._idle.notify_all()

    def close(self) -> None:
        """All of them, when whoever uses one is through."""
        with self._idle:
            self._idle.wait_for(lambda: not self._users, CLOSING_SECONDS)
            for connection in self._open:
                connection.close()
            self._open.clear()
        self._local = threading.local()
