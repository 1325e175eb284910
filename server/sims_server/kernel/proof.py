"""A connection shows the database that it is the server's: only then is believed whom it names as acting.

The password of `sims_app` lies in one environment variable and travels to wherever somebody wants to "look
something up". With it alone nobody speaks for a registrar: the database asks each connection for an answer
that takes the server's own secret, which lies elsewhere (`secret.key`, SIMS_SECRET_KEY). The rule a newcomer
would get wrong: a connection opened beside `Database` may read everything and write nothing that counts.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import psycopg
from psycopg.rows import tuple_row

_PURPOSE = b"sims: this connection is the server's"
_QUESTION = "SELECT server_challenge()"
_ANSWER = "SELECT set_config('sims.server', %s, false)"
UNPROVEN = ("only_the_server_writes", "audit_names_whom_the_server_told")


class ServerUnknown(Exception):
    """The database knows another server; the message says what to do."""


def proof_key(secret: bytes) -> bytes:
    """32 bytes derived from the server's secret, which signs tokens and never leaves the process."""
    return hmac.digest(secret, _PURPOSE, hashlib.sha256)


def prove(connection: psycopg.Connection[Any], secret: bytes) -> None:
    """Answer what the database asks, once for as long as the connection lives. A database that does not
    ask yet (it waits for its migrations) is left alone."""
    try:
        cursor = connection.cursor(row_factory=tuple_row)
        (challenge,) = cursor.execute(_QUESTION).fetchone() or ("",)
        cursor.execute(_ANSWER, [_answer(secret, challenge)])
        if not connection.autocommit:
            connection.commit()
    except psycopg.errors.UndefinedFunction:
        connection.rollback()


async def prove_one_of_the_queue(connection: psycopg.AsyncConnection[Any], secret: bytes) -> None:
    """The same for a connection of the worker's, whose library has its own pool."""
    try:
        cursor = connection.cursor(row_factory=tuple_row)
        (challenge,) = await (await cursor.execute(_QUESTION)).fetchone() or ("",)
        await cursor.execute(_ANSWER, [_answer(secret, challenge)])
        await connection.commit()
    except psycopg.errors.UndefinedFunction:
        await connection.rollback()


def _answer(secret: bytes, challenge: str) -> str:
    return hmac.new(proof_key(secret), challenge.encode(), hashlib.sha256).hexdigest()


def make_known(url: str, secret: bytes) -> None:
    """Make this server known, as the owner; as the application only where no server is known yet. Raises
    ServerUnknown when it knows another and `url` is not the owner's."""
    with psycopg.connect(url) as connection:
        try:
            connection.execute("SELECT know_server(%s)", [proof_key(secret)])
        except psycopg.errors.InsufficientPrivilege as error:
            raise ServerUnknown(
                "the database knows another server. Give this one the same secret (SIMS_SECRET_KEY, or the "
                "other's secret.key in the data folder), or start it once with DATABASE_OWNER_URL."
            ) from error


def ensure_known(url: str, secret: bytes) -> None:
    """See that the database of `url`, the application's, believes this server. Raises ServerUnknown."""
    with psycopg.connect(url) as connection:
        prove(connection, secret)
        try:
            believed = connection.execute("SELECT by_the_server()").fetchone() == (True,)
        except psycopg.errors.UndefinedFunction:  # it waits for its migrations
            return
    if not believed:
        make_known(url, secret)


def is_unproven(error: BaseException) -> bool:
    """Whether a statement was refused because its connection had not shown whose it is."""
    return isinstance(error, psycopg.Error) and error.diag.constraint_name in UNPROVEN
