"""The public keys a verifier trusts: an institution's `/.well-known/sims-seal.json`.

A document outlives its server, so keys are never deleted: a retired key keeps judging what it sealed
while it was in force. The rule a newcomer would get wrong: the certificate inside a PDF proves
nothing by itself, anybody can make one with our name in it. Only a certificate that stands here,
byte for byte, counts.
"""

from __future__ import annotations

import base64
import binascii
from datetime import date
from typing import Literal

import msgspec

Purpose = Literal["code", "document", "status"]


class PublicKey(msgspec.Struct, frozen=True, kw_only=True):
    """One key. `public_key` is base64 of the raw 32 bytes (Ed25519) or of the DER
    SubjectPublicKeyInfo (ES256, RS256); `certificates` are base64 DER, the key's own first. A key is
    good for what is issued on the days `valid_from` … `valid_until`, both included, and before
    `withdrawn_on`."""

    id: str
    purpose: Purpose
    algorithm: Literal["Ed25519", "ES256", "RS256"]
    public_key: str
    certificates: list[str] = []
    valid_from: date
    valid_until: date
    withdrawn_on: date | None = None

    def raw(self) -> bytes:
        return base64.b64decode(self.public_key)

    def chain(self) -> list[bytes]:
        return [base64.b64decode(certificate) for certificate in self.certificates]

    def in_force(self, day: date) -> bool:
        return self.valid_from <= day <= self.valid_until and (
            self.withdrawn_on is None or day < self.withdrawn_on
        )


class KeyDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What one institution publishes. `issuer` is the short id printed in every code; `demo` keys
    convince nobody."""

    format: Literal[1] = 1
    issuer: str
    institution: str
    public_url: str
    demo: bool = False
    keys: list[PublicKey]


class KeysUnreadable(ValueError):
    """The key document is not one."""


def read_key_document(data: bytes) -> KeyDocument:
    """A key document from its JSON. Raises `KeysUnreadable`."""
    try:
        document = msgspec.json.decode(data, type=KeyDocument)
        for key in document.keys:
            key.raw()
            key.chain()
    except (msgspec.DecodeError, binascii.Error, ValueError, RecursionError) as failure:
        raise KeysUnreadable(f"this is not a key document: {failure}") from failure
    return document


class Trust:
    """The institutions this verifier believes. Two documents of one issuer are not merged: the
    first that knows a key answers for it."""

    def __init__(self, documents: list[KeyDocument] | tuple[KeyDocument, ...] = ()) -> None:
        self.documents = tuple(documents)

    def knows_issuer(self, issuer: str) -> bool:
        return any(document.issuer == issuer for document in self.documents)

    def find_key(self, issuer: str, key_id: str, purpose: Purpose) -> tuple[KeyDocument, PublicKey] | None:
        for document in self.documents:
            for key in document.keys:
                if document.issuer == issuer and key.id == key_id and key.purpose == purpose:
                    return document, key
        return None

    def find_certificate(self, certificate: bytes) -> tuple[KeyDocument, PublicKey] | None:
        """Whose document key this DER certificate is, compared byte for byte."""
        for document in self.documents:
            for key in document.keys:
                chain = key.chain() if key.purpose == "document" else []
                if chain and chain[0] == certificate:
                    return document, key
        return None
