"""An audit entry in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

VERBS = {"insert": "added", "update": "changed", "delete": "deleted"}
NAMED = 3  # fields told with their values; the rest is counted
VALUE_LENGTH = 40


def _shown(value: Any) -> str:
    text = "nothing" if value in (None, "") else str(value)
    return text if len(text) <= VALUE_LENGTH else text[: VALUE_LENGTH - 1] + "…"


def in_words(
    actor: str, operation: str, entity: str, entity_id: int | None, changes: Mapping[str, Sequence[Any]]
) -> str:
    """Such as “Registrar changed request 12: status from pending to approved”."""
    thing = entity.replace("_", " ") + ("" if entity_id is None else f" {entity_id}")
    said = f"{actor} {VERBS[operation]} {thing}"
    if operation != "update":
        return said
    told = [
        f"{field.replace('_', ' ')} from {_shown(old)} to {_shown(new)}"
        for field, (old, new) in list(changes.items())[:NAMED]
    ]
    more = len(changes) - len(told)
    return f"{said}: {', '.join(told)}" + (f" and {more} more" if more > 0 else "")
