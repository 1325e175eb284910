"""One open transaction, as an operation sees it: who acts, what time it is, and the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sims_server.kernel.actor import Caller
from sims_server.kernel.database import Connection, Database


@dataclass(slots=True)
class Work:
    """Handed to every operation and query. Nothing in it commits; `after_commit` runs what must only
    happen once the record stands (mail, a nudge to the queue)."""

    connection: Connection
    database: Database
    caller: Caller
    now: datetime
    request_id: str
    data: Path
    action: str = ""
    address: str = ""
    callbacks: list[Callable[[], None]] = field(default_factory=list)
    refusal_callbacks: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rows = self.connection.rows
        self.tuples = self.connection.tuples
        self.row = self.connection.row
        self.value = self.connection.value
        self.run = self.connection.run
        self.insert = self.connection.insert
        self.update = self.connection.update

    rows: Callable[..., list[dict[str, Any]]] = field(init=False)
    tuples: Callable[..., list[tuple[Any, ...]]] = field(init=False)
    row: Callable[..., dict[str, Any] | None] = field(init=False)
    value: Callable[..., Any] = field(init=False)
    run: Callable[..., int] = field(init=False)
    insert: Callable[..., Any] = field(init=False)
    update: Callable[..., int] = field(init=False)

    @property
    def today(self) -> date:
        """The institution's calendar day."""
        return self.now.astimezone(ZoneInfo(self.setting("time_zone"))).date()

    def setting(self, key: str) -> Any:
        return self.database.setting(self.connection, key)

    def after_commit(self, callback: Callable[[], None]) -> None:
        self.callbacks.append(callback)

    def after_refusal(self, callback: Callable[[], None]) -> None:
        """Run once this transaction was refused and rolled back: what must stay all the same."""
        self.refusal_callbacks.append(callback)

    def take_number(self, series: str, year: int) -> int:
        """The next number of a series, without gaps: the row stays locked until commit."""
        number: int = self.value(
            "INSERT INTO series AS s (name, year, last) VALUES (%(series)s, %(year)s, 1) "
            "ON CONFLICT (name, year) DO UPDATE SET last = s.last + 1 RETURNING last",
            series=series,
            year=year,
        )
        return number
