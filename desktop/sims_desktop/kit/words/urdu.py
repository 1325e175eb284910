"""Everything the program says in Urdu."""

from __future__ import annotations

CATALOG: dict[str, str] = {}
