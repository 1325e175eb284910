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

__all__ = [
    "AuditChain",
    "AuditEntry",
    "AuditHead",
    "DisclosureView",
    "Reader",
    "ReaderList",
    "Recovery",
    "objection_to",
    "signed_bytes",
]


class AuditEntry(View, kw_only=True):
    """One changed row. `entity` is the singular resource name; `changes` maps a field to [old, new],
    both "…" where the value must not be kept; `summary` says it in words. `student_id` and `named` are whose
    record or account it is, by the name of today, where the row says so."""

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
    student_id: int | None
    named: str | None


class AuditChain(View, kw_only=True):
    """How the sealing of the audit stands, as of `checked_at`. `blocks` is the newest block's number and
    `sealed_at` its time; `unsealed_since` when the oldest entry outside any block was written. Up to
    `verified_block` everything was found right at `verified_at`, unless `finding` says what was not.
    `head_block` is the last one whose signed head stands outside the database. `not_audited` are tables
    whose triggers are switched off; `bulk_alarms` counts alarms of bulk reading within a day."""

    checked_at: datetime
    blocks: int
    sealed_at: datetime | None
    unsealed_since: datetime | None
    verified_block: int
    verified_at: datetime | None
    finding: str | None
    head_block: int
    head_signed_at: datetime | None
    not_audited: list[str]
    bulk_alarms: int


class DisclosureView(View, kw_only=True):
    """Somebody opened, exported or printed (`kind`) the record of a student; `what` of it."""

    id: int
    at: datetime
    actor: Person
    student_id: int
    student_name: str
    reg_no: str | None
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


class Reader(View, kw_only=True):
    """How many students one account read within some days: `students` in all, and by how. `alarmed_at` is
    when it last opened more within an hour than is allowed."""

    actor: Person
    students: int
    opened: int
    exported: int
    printed: int
    last_at: datetime
    alarmed_at: datetime | None


class ReaderList(View, kw_only=True):
    """Who read most comes first."""

    since: datetime
    results: list[Reader]
    next: str | None = None


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
