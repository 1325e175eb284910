"""The signed status list: which issued documents are valid, superseded or revoked, off line.

Two bits a document at the index its code carries, deflated, signed. The rule a newcomer would get
wrong: a list says what was true when it was signed. Its age is part of every answer, and past
`STALE_AFTER` the answer says "stale" in that word.
"""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, timedelta
from enum import IntEnum

import cbor2

from sims_shared.seal.cose import read_sign1
from sims_shared.seal.keys import Trust

DOMAIN = b"sims-status-list"
STALE_AFTER = timedelta(days=7)
MAX_DOCUMENTS = 1 << 25

ISSUER, LISTED_AT, COUNT, BITS = range(1, 5)


class Status(IntEnum):
    VALID = 0
    REVOKED = 1
    SUPERSEDED = 2


class StatusListUnreadable(ValueError):
    """Not a status list, or not signed by a key that is trusted."""


class StatusList:
    """Statuses of the documents 0 … count - 1 of one issuer, as of `listed_at` (aware, UTC)."""

    def __init__(self, issuer: str, listed_at: datetime, count: int, packed: bytes) -> None:
        self.issuer = issuer
        self.listed_at = listed_at
        self.count = count
        self.packed = packed

    def status(self, index: int) -> Status | None:
        """None when the document is newer than the list."""
        if not 0 <= index < self.count:
            return None
        value = self.packed[index >> 2] >> (index & 3) * 2 & 3
        return Status(value) if value < 3 else Status.REVOKED  # a word of the future is no "valid"


def pack_statuses(statuses: list[Status]) -> bytes:
    packed = bytearray((len(statuses) + 3) // 4)
    for index, status in enumerate(statuses):
        packed[index >> 2] |= status << (index & 3) * 2
    return bytes(packed)


def encode_status_list(issuer: str, listed_at: datetime, statuses: list[Status]) -> bytes:
    """The payload to sign (deterministic CBOR)."""
    return cbor2.dumps(
        {
            ISSUER: issuer,
            LISTED_AT: int(listed_at.timestamp()),
            COUNT: len(statuses),
            BITS: zlib.compress(pack_statuses(statuses), 9),
        },
        canonical=True,
    )


def read_status_list(data: bytes, trust: Trust) -> StatusList:
    """A list whose signature holds under a trusted status key that was in force when it was signed.
    Raises `StatusListUnreadable`."""
    try:
        message = read_sign1(data)
        claims = cbor2.loads(message.payload)
        issuer, count = claims[ISSUER], claims[COUNT]
        listed_at = datetime.fromtimestamp(claims[LISTED_AT], UTC)
        known = trust.find_key(issuer, message.key_id, "status")
        if known is None:
            raise StatusListUnreadable("the status list is signed by an unknown key")
        if not message.is_signed_by(known[1].raw(), DOMAIN):
            raise StatusListUnreadable("the status list's signature does not hold")
        # A key begins on a day of the institution's calendar, a list is timed in UTC.
        days = [listed_at.date() + timedelta(days=shift) for shift in (-1, 0, 1)]
        if not any(known[1].in_force(day) for day in days):
            raise StatusListUnreadable("the status list is signed by a key not in force at its time")
        if not 0 <= count <= MAX_DOCUMENTS:
            raise StatusListUnreadable("the status list's length is impossible")
        size = (count + 3) // 4
        inflater = zlib.decompressobj()
        packed = inflater.decompress(claims[BITS], size + 1)
        if len(packed) != size:
            raise StatusListUnreadable("the status list is not complete")
    except StatusListUnreadable:
        raise
    except Exception as failure:  # NotSigned, cbor2, zlib and key errors all mean the same here
        raise StatusListUnreadable(f"this is not a status list: {failure}") from failure
    return StatusList(issuer, listed_at, count, packed)
