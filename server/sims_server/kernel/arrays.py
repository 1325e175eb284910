"""Long lists on their way to PostgreSQL, for statements that write thousands of rows at once."""

from __future__ import annotations

from collections.abc import Iterable


def array_of(values: Iterable[object]) -> str:
    """An array as PostgreSQL writes it, of values that need no quotes: numbers, fixed words, None. The driver
    looks at every element of a list three times: for 500 ids that is longer than the statement takes."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"
