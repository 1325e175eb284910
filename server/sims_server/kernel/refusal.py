"""From refusals to RFC 9457, and from the database's last word to a refusal.

Application checks answer kindly; when a constraint fires all the same (a race, a bug) its name is
looked up here, so that the client still gets a typed refusal and never SQL.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import psycopg
import sqlalchemy.exc

from sims_shared.problems import Kind, Refusal

STATUS: dict[Kind, int] = {
    Kind.INVALID: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.MISSING: 404,
    Kind.NOT_ALLOWED: 405,
    Kind.CONFLICT: 409,
    Kind.STALE: 412,
    Kind.TOO_LARGE: 413,
    Kind.TOO_MANY: 429,
    Kind.UNAVAILABLE: 503,
    Kind.BROKEN: 500,
}
MEDIA_TYPE = "application/problem+json"


class Duplicate(Refusal):
    code = "request.duplicate"
    title = "There is one already"
    kind = Kind.CONFLICT


class InUse(Refusal):
    code = "request.in_use"
    title = "Something refers to this, so it cannot be deleted"
    kind = Kind.CONFLICT


class UnknownReference(Refusal):
    code = "request.unknown_reference"
    title = "The input names something that does not exist"
    kind = Kind.INVALID


class RuleOfTheRecord(Refusal):
    code = "request.constraint"
    title = "A rule of the record forbids this"
    kind = Kind.CONFLICT


class NotAcceptedByDatabase(Refusal):
    code = "request.value_refused"
    title = "A value does not fit its column"
    kind = Kind.INVALID


class Busy(Refusal):
    code = "request.busy"
    title = "Somebody else is changing the same thing; try again"
    kind = Kind.UNAVAILABLE


class DatabaseAway(Refusal):
    code = "health.database_away"
    title = "The database cannot be reached"
    kind = Kind.UNAVAILABLE


# Constraint name → refusal, filled by app.py from the slices' models.
CONSTRAINTS: dict[str, type[Refusal]] = {}


def refusal_of(error: psycopg.Error) -> BaseException:
    """The refusal a database error stands for; the error itself where it is a bug of ours."""
    name = error.diag.constraint_name or ""
    if name in CONSTRAINTS:
        return CONSTRAINTS[name]()
    if isinstance(error, psycopg.errors.UniqueViolation):
        return Duplicate(f"“{name}” allows one only.")
    if isinstance(error, psycopg.errors.ForeignKeyViolation):
        # "is still referenced from table" is the delete's side, whatever language the server speaks.
        if error.diag.message_detail and "still referenced" in error.diag.message_detail:
            return InUse()
        return UnknownReference(f"“{name}” names something that does not exist.")
    if isinstance(error, psycopg.errors.CheckViolation | psycopg.errors.ExclusionViolation):
        return RuleOfTheRecord(f"“{name}” forbids this.")
    if isinstance(
        error,
        psycopg.errors.NumericValueOutOfRange
        | psycopg.errors.StringDataRightTruncation
        | psycopg.errors.UntranslatableCharacter,
    ):
        return NotAcceptedByDatabase()
    if isinstance(
        error,
        # The third: it waited longer for something else (a password being hashed) than a transaction may.
        psycopg.errors.LockNotAvailable
        | psycopg.errors.QueryCanceled
        | psycopg.errors.IdleInTransactionSessionTimeout
        | psycopg.errors.TransactionRollback
        | psycopg.errors.SerializationFailure
        | psycopg.errors.DeadlockDetected,
    ):
        return Busy(retry_after=1)
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return DatabaseAway(retry_after=2)
    return error


@contextmanager
def in_use_as(refusal: type[Refusal]) -> Iterator[None]:
    """Around a DELETE: when something still refers to the row, this refusal says so."""
    try:
        yield
    except psycopg.errors.ForeignKeyViolation as error:
        raise refusal() from error


def refusal_of_pool(error: sqlalchemy.exc.SQLAlchemyError) -> BaseException:
    """The same for what the pool raises: no connection free, or none to be had."""
    if isinstance(error, sqlalchemy.exc.TimeoutError):
        return Busy("Every connection is in use.", retry_after=1)
    if isinstance(error, sqlalchemy.exc.DBAPIError) and isinstance(error.orig, psycopg.Error):
        return refusal_of(error.orig)
    return error


def problem_of(refusal: Refusal, *, instance: str, request_id: str) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers of a refusal."""
    status = STATUS[refusal.kind]
    document: dict[str, Any] = {
        "type": f"/problems/{refusal.code}",
        "title": refusal.title,
        "status": status,
        "detail": refusal.detail,
        "instance": instance,
        "code": refusal.code,
        "request_id": request_id,
    }
    if refusal.errors:
        document["errors"] = list(refusal.errors)
    for name, value in refusal.facts.items():
        document.setdefault(name, value)
    headers = {"X-Request-Id": request_id}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status in (429, 503):
        headers["Retry-After"] = str(refusal.retry_after or 1)
    return status, msgspec.json.encode(document), headers
