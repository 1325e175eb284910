"""Every SELECT of the audit."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from sims_server.audit.rules import in_words
from sims_server.kernel.actor import Caller
from sims_server.kernel.paging import Filter, Listing, Order
from sims_server.kernel.work import Work
from sims_shared.access import Permission
from sims_shared.audit import AuditEntry
from sims_shared.problems import NotFound
from sims_shared.values import Person

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
PRIVATE_FIELDS = ("national_id", "date_of_birth", "phone", "address", "father_name")

# As text, because what was recorded as 72.50 must not pass through a float.
_CHANGES = """CASE WHEN a.entity = 'student' AND NOT %(private_all)s
  THEN (SELECT coalesce(jsonb_object_agg(e.key, CASE WHEN e.key = ANY(%(private_fields)s::text[])
               THEN '["…", "…"]'::jsonb ELSE e.value END), '{}') FROM jsonb_each(a.changes) e)
  ELSE a.changes END::text"""
_exact = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


def exact_values(text: str) -> dict[str, Any]:
    """A JSON object whose decimals stay decimals."""
    return _exact.decode(text)


def _scope(caller: Caller) -> tuple[str, dict[str, Any]]:
    private = caller.reach(Permission.READ_PRIVATE_FIELDS).everything
    values = {"private_all": private, "private_fields": list(PRIVATE_FIELDS)}
    return ("" if caller.reach(Permission.READ_AUDIT).everything else "false"), values


def _shape(row: dict[str, Any]) -> dict[str, Any]:
    changes = exact_values(row["changes"])
    actor = Person(row.pop("actor_id"), row.pop("actor_name"))
    operation = row.pop("operation")
    summary = in_words(actor.name, operation, row["entity"], row["entity_id"], changes)
    return {**row, "actor": actor, "changes": changes, "summary": summary}


AUDIT = Listing(
    entity="audit",
    columns={
        "id": "a.id",
        "at": "a.at",
        "actor_id": "a.actor_id",
        "actor_name": "a.actor_name",
        "action": "a.action",
        "entity": "a.entity",
        "entity_id": "a.entity_id",
        "method": "a.method",
        "path": "a.path",
        "operation": "a.operation",
        "changes": _CHANGES,
        "request_id": "a.request_id",
    },
    source="audit a",
    key="a.id",
    filters={
        "actor": Filter("a.actor_id = {}", int),
        "entity": Filter("a.entity = {}", str),
        "entity_id": Filter("a.entity_id = {}", int),
        "action": Filter("a.action = {}", str),
        "method": Filter("a.method = {}", str),
        "request_id": Filter("a.request_id = {}", str),
        "from": Filter("a.at >= {}", Moment),
        "to": Filter("a.at <= {}", Moment, through=True),
    },
    orders={"at": Order("a.at", "timestamptz")},
    default_order="-id",
    search="folded(concat_ws(' ', a.actor_name, a.action, a.entity, a.path)) LIKE {}",
    scope=_scope,
    shape=_shape,
)


def get_audit_entry(work: Work, id: int) -> AuditEntry:
    """One entry of the audit."""
    row = AUDIT.one(work, id)
    if row is None:
        raise NotFound
    return AuditEntry(**row)
