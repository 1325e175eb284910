"""The status list, signed: what `/.well-known/sims-status.cbor` answers and verifiers keep."""

from __future__ import annotations

from datetime import datetime

from sims_server.sealing.keys import SealingKey
from sims_shared.seal.cose import sign1
from sims_shared.seal.statuses import DOMAIN, Status, encode_status_list


def make_status_list(issuer: str, listed_at: datetime, statuses: list[Status], key: SealingKey) -> bytes:
    """The signed list of the documents 0 … n - 1 as of `listed_at` (aware), by the key for status
    lists. Gaps in the numbering are revoked: nothing was issued there."""
    return sign1(encode_status_list(issuer, listed_at, statuses), key.id, key.sign, DOMAIN)
