"""The audit: every change of the record, with old and new values, by whom, through which request.

The rule a newcomer would get wrong: nothing in the application writes it. Triggers do, in the same
transaction, whoever writes: a request, a job, an import, a clerk with psql.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sims_shared.messages import View
from sims_shared.values import Person

__all__ = ["AuditEntry"]


class AuditEntry(View, kw_only=True):
    """One changed row. `entity` is the singular resource name; `changes` maps a field to [old, new],
    both "…" where the value must not be kept; `summary` says it in words."""

    id: int
    at: datetime
    actor: Person
    action: str
    entity: str
    entity_id: int | None
    method: str
    path: str
    summary: str
    changes: dict[str, Any]
    request_id: str
