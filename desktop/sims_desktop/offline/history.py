"""The end of the server's audit, as this computer has seen it last.

A chain of hashes convinces only whoever kept its head elsewhere, so every computer that syncs keeps one,
and takes no sheet from a server whose history is shorter than that, or another. A server that was
restored says so in a signed record and may be shorter. The rule a newcomer would get wrong: nothing that
was typed here is lost by a refusal. It waits, and the person is told why.
"""

from __future__ import annotations

import base64

import apsw
import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from sims_desktop.client.errors import ProblemAnswer
from sims_shared.audit import AuditHead, objection_to, signed_bytes

NAME = "audit_head"


class HistoryRefused(ProblemAnswer):
    """This computer takes nothing from a server that shows such an audit."""

    def __init__(self, objection: str) -> None:
        super().__init__(
            409, "audit.history_refused", "The server's history is not the one seen here", objection
        )


def read_head(db: apsw.Connection) -> AuditHead | None:
    """The head that this computer holds."""
    kept: str | None = db.execute("SELECT value FROM meta WHERE name = ?", (NAME,)).get
    return None if kept is None else msgspec.json.decode(kept, type=AuditHead)


def keep_head(db: apsw.Connection, told: AuditHead | None) -> None:
    """Hold the head that the server tells, when it goes on from the one held here. Raises
    HistoryRefused."""
    held = read_head(db)
    objection = objection_to(held, told)
    if objection is None and told is not None and not is_signed(told):
        objection = f"The server's word for block {told.number} of its audit is not signed."
    if objection is not None:
        raise HistoryRefused(objection)
    if told is not None and told != held:
        value = msgspec.json.encode(told).decode()
        db.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (NAME, value))


def is_signed(head: AuditHead) -> bool:
    """Whether the key that the head names has signed it. Whose key it is, `audit verify` says."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(head.key))
        key.verify(base64.b64decode(head.signature), signed_bytes(head))
    except (ValueError, InvalidSignature):
        return False
    return True
