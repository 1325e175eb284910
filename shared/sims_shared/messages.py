"""The frames every message stands in: commands, pages.

A command is one sentence a person says to the system. It is at once the unit of transaction,
permission, audit, idempotency, off-line queueing and error reporting.
"""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")

PROTOCOL_MIN = 1
PROTOCOL_MAX = 1


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all commands. Fields are what the caller may say; who, when and in which role never
    are fields."""


class View(msgspec.Struct, kw_only=True):
    """Base of all answers."""


class Page(msgspec.Struct, Generic[T], kw_only=True):
    """A keyset page. `next` is an absolute path with its cursor, or null on the last page."""

    results: list[T]
    next: str | None = None
    count: int | msgspec.UnsetType = msgspec.UNSET
