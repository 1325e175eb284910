"""COSE_Sign1 (RFC 9052) with Ed25519, in its one deterministic spelling.

Only one form is accepted: tag 18, protected header {1: -8, 4: key id}, an empty unprotected header,
an embedded payload. The unprotected header is not signed; a message that puts anything there is
refused, so that nobody can attach words to somebody else's seal.
"""

from __future__ import annotations

from collections.abc import Callable

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

EDDSA = -8
ALGORITHM = 1
KEY_ID = 4
SIGN1_TAG = 18
MAX_BYTES = 1 << 20


class NotSigned(ValueError):
    """The bytes are not a COSE_Sign1 message of the one accepted form."""


class Sign1:
    """A message taken apart, not yet believed."""

    def __init__(self, protected: bytes, key_id: str, payload: bytes, signature: bytes) -> None:
        self.protected = protected
        self.key_id = key_id
        self.payload = payload
        self.signature = signature

    def is_signed_by(self, public_key: bytes, external: bytes = b"") -> bool:
        """Whether the Ed25519 key (raw 32 bytes) signed this."""
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(
                self.signature, _to_be_signed(self.protected, self.payload, external)
            )
        except (InvalidSignature, ValueError):
            return False
        return True


def _to_be_signed(protected: bytes, payload: bytes, external: bytes) -> bytes:
    return cbor2.dumps(["Signature1", protected, external, payload], canonical=True)


def sign1(payload: bytes, key_id: str, sign: Callable[[bytes], bytes], external: bytes = b"") -> bytes:
    """The COSE_Sign1 bytes of `payload`; `sign` makes the raw 64-byte Ed25519 signature. `external`
    is signed too and not sent: it keeps a status list from being taken for a transcript."""
    protected = cbor2.dumps({ALGORITHM: EDDSA, KEY_ID: key_id.encode()}, canonical=True)
    signature = sign(_to_be_signed(protected, payload, external))
    return cbor2.dumps(cbor2.CBORTag(SIGN1_TAG, [protected, {}, payload, signature]), canonical=True)


def read_sign1(data: bytes) -> Sign1:
    """Takes a message apart. Raises `NotSigned`; says nothing of the signature."""
    if len(data) > MAX_BYTES:
        raise NotSigned("too long")
    try:
        tag = cbor2.loads(data)
        if not isinstance(tag, cbor2.CBORTag) or tag.tag != SIGN1_TAG:
            raise NotSigned("not a COSE_Sign1 message")
        protected, unprotected, payload, signature = tag.value
        header = cbor2.loads(protected)
        key_id = header[KEY_ID].decode("ascii")
        # Rebuilding is the check: whatever is not of the one form comes out as other bytes.
        rebuilt = sign1(payload, key_id, lambda _: signature)
    except NotSigned:
        raise
    except Exception as failure:  # cbor2 raises many kinds on hostile bytes; all mean the same here
        raise NotSigned(f"not a COSE_Sign1 message: {failure}") from failure
    if rebuilt != data or unprotected or len(signature) != 64:
        raise NotSigned("not of the one accepted form")
    return Sign1(protected, key_id, payload, signature)
