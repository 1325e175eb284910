"""The one door for change.

Open the transaction → session and roles → tell the database who acts and which request → permitted? →
claim the key, or answer what it answered → operation → remember the answer → commit → after-commit
callbacks; a bounded retry. Nothing else commits.
"""

from __future__ import annotations

import hashlib
import random
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

import psycopg
import sqlalchemy.exc
from psycopg.types.json import Jsonb

from sims_server.kernel import clock
from sims_server.kernel.actor import (
    ANONYMOUS,
    READ_ACTOR,
    SYSTEM_CALLER,
    TELL_ACTOR,
    TELL_SYSTEM,
    Caller,
    read_caller,
)
from sims_server.kernel.database import Connection, Database
from sims_server.kernel.proof import is_unproven
from sims_server.kernel.refusal import refusal_of, refusal_of_pool
from sims_server.kernel.work import Work
from sims_shared.problems import KeyReused, NotPermitted, OneTimeCodeNeeded, Refusal

C = TypeVar("C")
R = TypeVar("R")
ATTEMPTS = 5
RETRIED = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)


@dataclass(frozen=True, slots=True)
class Operation(Generic[C, R]):
    """The one function that carries a command out, with what it takes to be allowed to."""

    permission: str | None  # None: any signed-in account
    action: str  # the audit's word: results.publish
    run: Callable[[Work, C], R]

    def __call__(self, work: Work, command: C) -> R:
        return self.run(work, command)


def operation(permission: str | None, action: str) -> Callable[[Callable[[Work, C], R]], Operation[C, R]]:
    """`@operation(Permission.PUBLISH_RESULTS, "results.publish")` above `def publish_results(work,
    command)`."""
    return lambda run: Operation(permission, action, run)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as the door sees it: who claims to ask (the session), what, and with which key."""

    session_id: str | None = None
    method: str = ""
    path: str = ""
    request_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    key: str | None = None
    body: bytes = b""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back, and what is remembered under the key."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    replayed: bool = False
    pieces: Iterator[bytes] | None = None  # in place of the body, where it may be longer than memory


def execute(
    database: Database,
    incoming: Incoming,
    permission: str | None,
    action: str,
    carry_out: Callable[[Work], Answer],
    *,
    data: Path,
    changes: bool = True,
    of_record: bool = True,
) -> Answer:
    """Carry one request out in one transaction. `carry_out` gets the open work and must not commit.
    `of_record` is false where it concerns the caller's own account alone, which no student's role reads."""
    for attempt in range(1, ATTEMPTS + 1):
        work: Work | None = None
        try:
            with database.transaction() if changes else database.reading() as connection:
                now = clock.now()
                caller = _who(database, connection, incoming, action, now, changes)
                work = Work(
                    connection,
                    database,
                    caller,
                    now,
                    incoming.request_id,
                    data,
                    action,
                    incoming.address,
                )
                if permission is not None:
                    check_permission(work, permission)
                if incoming.key is not None and (stored := _claim(work, incoming)) is not None:
                    return stored
                with_student = of_record and caller.is_only_student
                if with_student:
                    _act_as_student(connection, caller, begin=not changes)
                answer = carry_out(work)
                if with_student:
                    connection.run("RESET ROLE" if changes else "COMMIT")
                if incoming.key is not None:
                    _remember(work, incoming, answer)
        except RETRIED as error:
            if attempt == ATTEMPTS:  # people who keep meeting: each is told to come back
                raise _refusal(error) from error
            time.sleep(random.uniform(0, 0.01 * 2**attempt))
            continue
        except Refusal:
            for callback in work.refusal_callbacks if work else ():
                callback()
            raise
        except (psycopg.Error, sqlalchemy.exc.SQLAlchemyError) as error:
            # Nothing was done yet, or nothing would be: the same again over a connection that lives.
            if _lost(database, error) and attempt == 1 and (work is None or not changes):
                continue
            if _proves_anew(database, error) and attempt == 1:
                continue
            raise _refusal(error) from error
        for callback in work.callbacks:
            callback()
        return answer
    raise AssertionError("unreachable")


def execute_as_system(
    database: Database,
    operation: Callable[[Work, C], R],
    command: C,
    *,
    action: str,
    data: Path,
    actor: Caller | None = None,
) -> R:
    """The same door for jobs, the command line and tests: the actor is the system, or whom a job acts for."""
    caller = actor or SYSTEM_CALLER
    for attempt in range(1, ATTEMPTS + 1):
        work: Work | None = None
        try:
            with database.transaction() as connection:
                request_id = uuid.uuid4().hex
                connection.run(
                    TELL_SYSTEM,
                    actor="" if caller.id is None else str(caller.id),
                    name=caller.name,
                    action=action,
                    method="",
                    path="",
                    request_id=request_id,
                )
                work = Work(connection, database, caller, clock.now(), request_id, data, action)
                result = operation(work, command)
        except RETRIED:
            if attempt == ATTEMPTS:
                raise
            time.sleep(random.uniform(0, 0.01 * 2**attempt))
            continue
        except (psycopg.Error, sqlalchemy.exc.SQLAlchemyError) as error:
            if _lost(database, error) and attempt == 1 and work is None:
                continue
            if _proves_anew(database, error) and attempt == 1:
                continue
            raise _refusal(error) from error
        for callback in work.callbacks:
            callback()
        return result
    raise AssertionError("unreachable")


def _refusal(error: psycopg.Error | sqlalchemy.exc.SQLAlchemyError) -> BaseException:
    return refusal_of(error) if isinstance(error, psycopg.Error) else refusal_of_pool(error)


def _lost(database: Database, error: psycopg.Error | sqlalchemy.exc.SQLAlchemyError) -> bool:
    """Whether a connection broke. Then the database has restarted, and the pool's others are as dead:
    without this each of them would fail one more request."""
    if isinstance(error, psycopg.Error):
        state = error.sqlstate or "57P"  # the network's own breaks carry none
        lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) and state[:3] == "57P"
    else:
        lost = isinstance(error, sqlalchemy.exc.DBAPIError) and error.connection_invalidated
    if lost:
        database.forget_connections()
    return lost


def _proves_anew(database: Database, error: BaseException) -> bool:
    """Whether a connection is older than what the database asks of it: a migration came meanwhile. The
    statement was refused, so nothing of the transaction is left."""
    if not is_unproven(error):
        return False
    database.forget_connections()
    return True


def _who(
    database: Database, connection: Connection, incoming: Incoming, action: str, now: datetime, changes: bool
) -> Caller:
    if incoming.session_id is None:
        if changes:
            told = {"actor": "", "name": "anonymous", "action": action, "method": incoming.method}
            connection.run(TELL_SYSTEM, path=incoming.path, request_id=incoming.request_id, **told)
        return ANONYMOUS
    # From when until when somebody holds a role is a matter of the institution's days.
    today = now.astimezone(ZoneInfo(database.setting(connection, "time_zone"))).date()
    if not changes:
        return read_caller(connection, READ_ACTOR, incoming.session_id, now=now, today=today)
    return read_caller(
        connection,
        TELL_ACTOR,
        incoming.session_id,
        now=now,
        today=today,
        action=action,
        method=incoming.method,
        path=incoming.path,
        request_id=incoming.request_id,
    )


def check_permission(work: Work, permission: str) -> None:
    """Raises NotPermitted, or OneTimeCodeNeeded where the institution wants a code for it. An operation that
    does another's work as well asks for the other's permission here, not with `caller.may` alone."""
    if not work.caller.may(permission):
        raise NotPermitted(f"Your role does not include “{permission}”.")
    if (
        permission in work.setting("security.otp_permissions").split()
        and not work.caller.has_otp
        and work.setting("security.require_otp")
    ):
        raise OneTimeCodeNeeded


def _act_as_student(connection: Connection, caller: Caller, *, begin: bool) -> None:
    if begin:
        connection.run("BEGIN")
    connection.value("SELECT set_config('sims.student', %(id)s, true)", id=str(caller.student_id or ""))
    connection.run("SET LOCAL ROLE sims_student")


def _fingerprint(incoming: Incoming) -> bytes:
    return hashlib.sha256(f"{incoming.method} {incoming.path}\n".encode() + incoming.body).digest()


def _claim(work: Work, incoming: Incoming) -> Answer | None:
    """Claim the key in the transaction of the effect; a second holder waits here for the first to
    commit, then answers what it answered."""
    claimed = work.run(
        "INSERT INTO idempotency_key (account_id, key, request_hash) VALUES (%(account)s, %(key)s, %(hash)s) "
        "ON CONFLICT DO NOTHING",
        account=work.caller.id or 0,
        key=incoming.key,
        hash=_fingerprint(incoming),
    )
    if claimed:
        return None
    row = work.row(
        "SELECT request_hash, status, body, headers FROM idempotency_key WHERE account_id = %(account)s "
        "AND key = %(key)s",
        account=work.caller.id or 0,
        key=incoming.key,
    )
    if row is None or row["request_hash"] != _fingerprint(incoming):
        raise KeyReused("The key was used for another request. Take a new one.")
    return Answer(
        row["status"], bytes(row["body"]), {**row["headers"], "Idempotent-Replay": "true"}, replayed=True
    )


def _remember(work: Work, incoming: Incoming, answer: Answer) -> None:
    work.run(
        "UPDATE idempotency_key SET status = %(status)s, body = %(body)s, headers = %(headers)s "
        "WHERE account_id = %(account)s AND key = %(key)s",
        status=answer.status,
        body=answer.body,
        headers=Jsonb(answer.headers),
        account=work.caller.id or 0,
        key=incoming.key,
    )
