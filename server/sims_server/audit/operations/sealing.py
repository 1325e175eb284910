"""Sealing: about once a second while there is work, outside the transactions that write.

The database makes the block (`seal_audit()`); this only asks for it, lets the newest head be signed and
written down every five minutes, and looks whether somebody reads in bulk. A freeze or an issue asks at
once and waits a second at most. Nothing here may keep anybody from working: what fails is logged, shown
by the health page, and tried again. The lock that sealing takes can be taken by anybody with the
application's password: whoever holds it and seals nothing is ended.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

import psycopg
import sqlalchemy.exc
import structlog

from sims_server.audit import queries
from sims_server.audit.operations.anchoring import EVERY, HistoryBroken, anchor
from sims_server.audit.operations.disclosing import raise_alarms
from sims_server.audit.operations.verifying import note_finding, verify_new
from sims_server.kernel.database import Database
from sims_server.kernel.work import Work

log = structlog.get_logger("sims.audit")
PAUSE = 1.0  # seconds between two looks
PATIENCE = 1.0  # seconds that a freeze or an issue waits
ALARM_EVERY = 5.0
# Seconds that somebody else may hold the seal while no block comes of it; the largest takes one or two.
HELD_IN_VAIN = 30.0


def seal(database: Database, patience: float = 0.0) -> int | None:
    """Seal whatever waits; how many blocks were made. While another process seals, waits for it up to
    `patience` seconds, then leaves it to that one: None when none was made for it."""
    made, until = 0, time.monotonic() + patience
    while True:
        with database.reading() as connection:
            # First the entries of statements over many rows, one by one.
            laid_out = connection.value("SELECT lay_out_audit()")
            number = connection.value("SELECT seal_audit()")
        if number:
            made += 1
        elif number == 0 and laid_out == 0:
            return made
        elif time.monotonic() >= until:
            return made if made or number is not None else None
        else:
            time.sleep(0.02)


def seal_and_anchor(database: Database, data: Path, patience: float = PATIENCE) -> None:
    """A block and its signed head, now. Never raises: what it is asked after is done already."""
    try:
        seal(database, patience)
        anchor(database, data)
    except HistoryBroken as broken:
        note_finding(data, broken.finding)
        log.error("the audit does not follow from its last head", finding=str(broken.finding))
    except (psycopg.Error, sqlalchemy.exc.SQLAlchemyError, OSError, ValueError):
        log.exception("the audit was not sealed; it will be")


def seal_after_commit(work: Work) -> None:
    """For what must be known outside as soon as it is done: a freeze, an issue."""
    work.after_commit(lambda: seal_and_anchor(work.database, work.data))


class Sealer:
    """The sealing thread of one server process. Several processes do not disturb one another."""

    def __init__(self, database: Database, data: Path) -> None:
        self._database = database
        self._data = data
        self._stopping = threading.Event()
        self._anchor_due = float("-inf")
        self._alarm_due = float("-inf")
        self._disclosures = 0
        self._held: tuple[int, float] | None = None  # the newest block while somebody else seals, since when
        self._thread = threading.Thread(target=self._run, name="sealer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float = 20.0) -> None:
        self._stopping.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.turn()
            except (psycopg.Error, sqlalchemy.exc.SQLAlchemyError):
                log.warning("the audit waits for the database")
                self._stopping.wait(PAUSE * 5)
            except Exception:
                log.exception("the sealer stumbled; it goes on")
            self._stopping.wait(PAUSE)

    def turn(self) -> None:
        """One look: seal, and what is due besides."""
        made, now = seal(self._database), time.monotonic()
        if made is None:
            self._watch_the_seal(now)
        else:
            self._held = None
        if now >= self._alarm_due:
            self._alarm_due = now + ALARM_EVERY
            with self._database.reading() as connection:
                newest = queries.last_disclosure(connection)
            if newest != self._disclosures:
                raise_alarms(self._database, self._data)
                self._disclosures = newest
        if now >= self._anchor_due:
            self._anchor_due = now + EVERY.total_seconds()
            # The head is known outside first; then there is time to look whether it holds.
            seal_and_anchor(self._database, self._data)
            verify_new(self._database, self._data)

    def _watch_the_seal(self, now: float) -> None:
        """Somebody else holds it. Who makes blocks may; who only holds would keep the audit open for ever."""
        with self._database.reading() as connection:
            newest = queries.newest_number(connection)
            if self._held is None or self._held[0] != newest:
                self._held = (newest, now)
            elif now - self._held[1] >= HELD_IN_VAIN:
                self._held = None
                for holder in queries.end_who_holds_the_seal(connection):
                    log.error("who held the seal and sealed nothing was ended", **holder)
