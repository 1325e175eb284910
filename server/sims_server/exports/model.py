"""Exports store nothing of their own."""

from __future__ import annotations

from sims_shared.problems import Refusal

CONSTRAINTS: dict[str, type[Refusal]] = {}
