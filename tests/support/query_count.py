"""Counts the statements a piece of code sends to the database, so that a list that asks once for each
row is noticed. The rule a newcomer would get wrong: count what the driver sends, not calls of one's
own functions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

NOW_AND_THEN = (
    "select pg_catalog.version()",
    "select current_schema()",
    "show ",
    "Composed([SQL('SELECT\\n    typname AS name",  # a type is looked up
    "SELECT key, value FROM setting",
    "SELECT server_challenge()",
    "SELECT set_config('sims.server'",
)


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements sent by this process meanwhile, in order; without those that a new connection asks
    and the settings, which are read once in a while."""
    statements: list[str] = []
    original = psycopg.Cursor.execute

    def execute(self: psycopg.Cursor[Any], query: Any, *more: Any, **named: Any) -> Any:
        if not str(query).startswith(NOW_AND_THEN):
            statements.append(str(query))
        return original(self, query, *more, **named)

    psycopg.Cursor.execute = execute  # type: ignore[method-assign]
    try:
        yield statements
    finally:
        psycopg.Cursor.execute = original  # type: ignore[method-assign]
