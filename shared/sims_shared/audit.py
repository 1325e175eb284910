"""The audit: every change of the record, with old and new values, by whom, through which request.

The rule a newcomer would get wrong: nothing in the application writes it. Triggers do, in the same
transaction, whoever writes: a request, a job, an import, a clerk with psql. Its entries are sealed in
blocks, each naming the one before; a chain convinces from the moment its head is known outside, so heads
are signed and kept in a file, in every backup and on every computer that syncs.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from sims_shared.messages import View
from sims_shared.values import Person

__all__ = ["AuditEntry", "AuditHead", "DisclosureView", "Recovery", "objection_to", "signed_bytes"]


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


class DisclosureView(View, kw_only=True):
    """Somebody opened, exported or printed (`kind`) the record of a student; `what` of it."""

    id: int
    at: datetime
    actor: Person
    student_id: int
    kind: str
    what: str
    request_id: str


class AuditHead(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="head"):
    """The end of the audit at a moment, signed with a key that the database does not hold.

    `number` and `hash` (64 hex digits) are the newest block's; `signed_at` in UTC. `generation` counts the
    restores from a backup that lost history: heads of an earlier one may be longer than what is left.
    `key` is the public Ed25519 key, `signature` over `signed_bytes`, both base64."""

    number: int
    hash: str
    signed_at: datetime
    generation: int = 0
    key: str
    signature: str = ""


class Recovery(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="recovered"):
    """A restore from a backup, signed: of the history before it, blocks up to `kept_number` still stand
    and those after, up to `lost_number` as far as is known, are gone."""

    generation: int
    kept_number: int
    kept_hash: str
    lost_number: int
    backup: str
    signed_at: datetime
    key: str
    signature: str = ""


def signed_bytes(statement: AuditHead | Recovery) -> bytes:
    """What the signature is over: the statement as JSON, its fields in their order, without signature."""
    return b"SIMS audit\n" + msgspec.json.encode(msgspec.structs.replace(statement, signature=""))


def objection_to(held: AuditHead | None, told: AuditHead | None) -> str | None:
    """Why a history that ends in `told` cannot be the one that once ended in `held`; None when it can."""
    if held is None:
        return None
    if told is None:
        return f"The server shows no audit; this computer has seen its block {held.number}."
    if told.generation > held.generation:
        return None  # a signed record says what the restore lost
    if told.generation < held.generation:
        return "The server shows the audit of before a restore that this computer has seen."
    if told.number < held.number:
        return (
            f"The server's audit ends at block {told.number}; this computer has seen block {held.number}, "
            "and no restore is on record."
        )
    if told.number == held.number and told.hash != held.hash:
        return f"Block {held.number} of the server's audit is not the one that this computer has seen."
    return None
