"""Entries of the audit and the state of its chain as people say them. Qt-free."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import left_to_right, listed, local, when
from sims_shared.audit import AuditChain, AuditEntry

# What is mostly looked for; any other is found by the search, or from an entry (H).
ENTITIES = {
    "student": later("students"),
    "registration": later("registrations"),
    "enrollment": later("enrollments"),
    "attendance": later("attendance"),
    "assessment": later("assessments"),
    "result": later("results"),
    "pending_change": later("changes asked for"),
    "change_approval": later("approvals of changes"),
    "case": later("cases"),
    "hold": later("holds"),
    "request": later("requests"),
    "issued_document": later("issued documents"),
    "term": later("terms"),
    "section": later("sections"),
    "course": later("courses"),
    "regulation": later("regulations"),
    "account": later("accounts"),
    "account_role": later("roles given"),
    "role": later("roles"),
    "delegation": later("roles lent"),
    "setting": later("settings"),
    "power_alarm": later("powers over grades given"),
    "disclosure_alarm": later("alarms of bulk reading"),
}
METHODS = ("POST", "PATCH", "PUT", "DELETE")
WAITS = timedelta(minutes=5)  # an entry is sealed about a second after it is written
OLD = timedelta(hours=26)  # everything is verified every night
HIDDEN = "…"


def entity_words(entity: str) -> str:
    return phrase(ENTITIES[entity]) if entity in ENTITIES else entity.replace("_", " ")


def value_words(value: Any) -> str:
    """A value as it was recorded. `…` is one that must not be kept."""
    if value is None or value == "":
        return phrase("nothing")
    if value == HIDDEN:
        return phrase("not told")
    if isinstance(value, bool):
        return phrase("yes") if value else phrase("no")
    if isinstance(value, str):
        return _moment(value)
    if isinstance(value, Mapping | list):
        return msgspec.json.encode(value).decode()
    return str(value)


def _moment(text: str) -> str:
    if len(text) < 20 or text[10:11] != "T":
        return text
    try:
        return left_to_right(f"{local(text):%Y-%m-%d %H:%M:%S}")
    except ValueError:
        return text


def changes_of(entry: AuditEntry) -> list[tuple[str, str, str]]:
    """(field, old, new), in the order of the record."""
    lines = []
    for field, values in entry.changes.items():
        old, new = values if isinstance(values, list) and len(values) == 2 else (None, values)
        lines.append((field.replace("_", " "), value_words(old), value_words(new)))
    return lines


def moment_words(at: datetime) -> str:
    """To the second: what came first is often the question."""
    return left_to_right(f"{local(at):%Y-%m-%d %H:%M:%S}")


def is_broken(chain: AuditChain) -> bool:
    return bool(chain.finding or chain.not_audited)


def chain_words(chain: AuditChain, now: datetime) -> str:
    """How the chain stands, the worst first."""
    said = []
    if chain.finding:
        said.append(phrase("BROKEN: {finding}.", finding=chain.finding))
    if chain.not_audited:
        said.append(phrase("NOT AUDITED: {tables}.", tables=listed(chain.not_audited)))
    said.append(_sealed_words(chain, now))
    if chain.verified_at is None:
        said.append(phrase("It was never verified."))
    elif not chain.finding:
        words = later("It was found whole up to block {block:,}, last {when}.")
        said.append(phrase(words, block=chain.verified_block, when=when(chain.verified_at, now)))
        if chain.checked_at - chain.verified_at > OLD:
            said.append(phrase("That is longer than a night ago."))
    if chain.head_block < chain.blocks and chain.head_signed_at is not None:
        words = later("Outside the database block {block:,} is known, of {when}.")
        said.append(phrase(words, block=chain.head_block, when=when(chain.head_signed_at, now)))
    elif chain.head_signed_at is None:
        said.append(phrase("Nothing of it is known outside the database yet."))
    return " ".join(said)


def _sealed_words(chain: AuditChain, now: datetime) -> str:
    if chain.sealed_at is None:
        return phrase("Nothing is sealed yet.")
    if chain.unsealed_since is not None and chain.checked_at - chain.unsealed_since > WAITS:
        return phrase(
            "Entries since {since} are not sealed; block {block:,} is of {when}.",
            since=when(chain.unsealed_since, now),
            block=chain.blocks,
            when=when(chain.sealed_at, now),
        )
    return phrase(
        "Sealed in {blocks:,} blocks, last {when}.", blocks=chain.blocks, when=when(chain.sealed_at, now)
    )
