"""How the past is told from the present and the audit. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Row = dict[str, Any]
Key = tuple[str, int]


def undo(
    rows: Mapping[Key, Row],
    entries: Iterable[tuple[Key, str, Mapping[str, Sequence[Any]]]],
) -> dict[Key, Row]:
    """The rows as they were before the `entries` (key, operation, changes), which come newest first. A row
    that was added since is gone."""
    then = {key: dict(row) for key, row in rows.items()}
    for key, operation, changes in entries:
        if operation == "insert":
            then.pop(key, None)
            continue
        before = {field: old for field, (old, _) in changes.items()}
        then[key] = {**then.get(key, {}), **before}
    return then
