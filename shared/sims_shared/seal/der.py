"""The signature container (CMS, RFC 5652) in its one spelling.

A library may accept a container in which bits were flipped that no signature covers: a version, an
unused certificate, a longer length. So the container is taken apart by a reader that knows only DER,
put together again from what is signed or known, and compared byte for byte.
"""

from __future__ import annotations

from typing import NamedTuple

SEQUENCE, SET, INTEGER, OCTETS, OID, NULL = 0x30, 0x31, 0x02, 0x04, 0x06, 0x05
CONTEXT_0, CONTEXT_1 = 0xA0, 0xA1

SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
DATA = bytes.fromhex("06092a864886f70d010701")
SHA256 = bytes.fromhex("0609608648016503040201")
ECDSA_SHA256 = bytes.fromhex("06082a8648ce3d040302")
RSA_SHA256 = bytes.fromhex("06092a864886f70d01010b") + b"\x05\x00"
TIME_STAMP_TOKEN = bytes.fromhex("060b2a864886f70d010910020e")
MESSAGE_DIGEST = bytes.fromhex("06092a864886f70d010904")
CONTENT_TYPE = bytes.fromhex("06092a864886f70d010903")
SIGNING_CERTIFICATE_2 = bytes.fromhex("060b2a864886f70d010910022f")

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class NotDer(ValueError):
    """The bytes are not the DER they should be."""


def encode(tag: int, content: bytes) -> bytes:
    """One element, with the shortest length."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


class Element(NamedTuple):
    """An element: its tag, its content, and itself whole."""

    tag: int
    content: bytes
    whole: bytes


def read(data: bytes, start: int = 0) -> tuple[Element, int]:
    """The element at `start` and where the next one begins. Raises `NotDer`."""
    try:
        tag, first = data[start], data[start + 1]
        place = start + 2
        if tag & 0x1F == 0x1F:
            raise NotDer("a tag is longer than any we write")
        size = first
        if first >= 0x80:
            count = first & 0x7F
            if not 1 <= count <= 4:
                raise NotDer("a length is not definite")
            size = int.from_bytes(data[place : place + count], "big")
            place += count
    except IndexError as failure:
        raise NotDer("the container ends too soon") from failure
    content = data[place : place + size]
    whole = data[start : place + size]
    if len(content) != size or encode(tag, content) != whole:
        raise NotDer("a length is not the shortest, or runs past the end")
    return Element(tag, content, whole), place + size


def read_all(data: bytes, *tags: int) -> list[Element]:
    """The elements that `data` consists of; `tags` are what they must be. Raises `NotDer`."""
    found, place = [], 0
    while place < len(data):
        element, place = read(data, place)
        found.append(element)
    if tags and [element.tag for element in found] != list(tags):
        raise NotDer("the container is not built as ours are")
    return found


class Container(NamedTuple):
    """What a container holds: certificates (DER), the signed attributes as they are signed (DER SET),
    the signature, and a time-stamp token or None."""

    certificates: list[bytes]
    attributes: bytes
    signature: bytes
    time_stamp: bytes | None
    algorithm: bytes

    def attribute(self, oid: bytes) -> bytes | None:
        """The one value (DER) of a signed attribute. Raises `NotDer` when it has several."""
        values = []
        for attribute in read_all(read_all(self.attributes, SET)[0].content):
            kind, value_set = read_all(attribute.content, OID, SET)
            if kind.whole == oid:
                values += [value.whole for value in read_all(value_set.content)]
        if len(values) > 1:
            raise NotDer("a signed attribute stands twice")
        return values[0] if values else None


def _issuer_and_serial(certificate: bytes) -> bytes:
    body = read_all(read_all(read_all(certificate, SEQUENCE)[0].content)[0].content)
    if body and body[0].tag == CONTEXT_0:  # the version, absent in version 1
        body = body[1:]
    if len(body) < 3 or body[0].tag != INTEGER or body[2].tag != SEQUENCE:
        raise NotDer("a certificate is not one")
    return encode(SEQUENCE, body[2].whole + body[0].whole)


def build(container: Container) -> bytes:
    """The DER of a container, as our signer writes it; the first certificate is the signer's."""
    digest = encode(SEQUENCE, SHA256 + b"\x05\x00")
    attributes = read_all(container.attributes, SET)[0].content
    signer = (
        encode(INTEGER, b"\x01")
        + _issuer_and_serial(container.certificates[0])
        + digest
        + encode(CONTEXT_0, attributes)
        + encode(SEQUENCE, container.algorithm)
        + encode(OCTETS, container.signature)
    )
    if container.time_stamp is not None:
        stamp = encode(SEQUENCE, TIME_STAMP_TOKEN + encode(SET, container.time_stamp))
        signer += encode(CONTEXT_1, stamp)
    signed_data = (
        encode(INTEGER, b"\x01")
        + encode(SET, digest)
        + encode(SEQUENCE, DATA)
        + encode(CONTEXT_0, b"".join(sorted(container.certificates)))
        + encode(SET, encode(SEQUENCE, signer))
    )
    return encode(SEQUENCE, SIGNED_DATA + encode(CONTEXT_0, encode(SEQUENCE, signed_data)))


def take_apart(data: bytes) -> tuple[Container, int]:
    """The container that `data` begins with, and its length; what follows is padding. The signer's
    certificate comes first. Raises `NotDer`. Whether it is in its one spelling is for `build` to
    say."""
    outer, end = read(data)
    if outer.tag != SEQUENCE:
        raise NotDer("this is not a container")
    kind, explicit = read_all(outer.content, OID, CONTEXT_0)
    if kind.whole != SIGNED_DATA:
        raise NotDer("this is not signed data")
    parts = read_all(read_all(explicit.content, SEQUENCE)[0].content)
    if [part.tag for part in parts] != [INTEGER, SET, SEQUENCE, CONTEXT_0, SET]:
        raise NotDer("the container is not built as ours are")
    certificates = [element.whole for element in read_all(parts[3].content)]
    signers = read_all(parts[4].content, SEQUENCE)
    fields = read_all(signers[0].content)
    tags = [field.tag for field in fields]
    expected = [INTEGER, SEQUENCE, SEQUENCE, CONTEXT_0, SEQUENCE, OCTETS]
    if tags not in (expected, [*expected, CONTEXT_1]):
        raise NotDer("the signer's part is not built as ours are")
    first = [
        certificate for certificate in certificates if _issuer_and_serial(certificate) == fields[1].whole
    ]
    if len(first) != 1:
        raise NotDer("the signer's certificate is not there")
    time_stamp = None
    if len(fields) == 7:
        stamp = read_all(fields[6].content, SEQUENCE)[0]
        kind, values = read_all(stamp.content, OID, SET)
        if kind.whole != TIME_STAMP_TOKEN:
            raise NotDer("something unsigned is attached that is not a time stamp")
        time_stamp = values.content
    return (
        Container(
            first + [certificate for certificate in certificates if certificate != first[0]],
            encode(SET, fields[3].content),
            fields[5].content,
            time_stamp,
            fields[4].content,
        ),
        end,
    )


def low_s(signature: bytes) -> bool:
    """Whether an ECDSA signature over P-256 is in its one spelling: s and n - s both verify."""
    try:
        r, s = read_all(read_all(signature, SEQUENCE)[0].content, INTEGER, INTEGER)
    except (NotDer, ValueError):
        return False
    numbers = [int.from_bytes(part.content, "big", signed=True) for part in (r, s)]
    shortest = all(
        len(part.content) == max(1, (number.bit_length() + 8) // 8)
        for part, number in zip((r, s), numbers, strict=True)
    )
    return shortest and numbers[0] > 0 and 0 < numbers[1] <= P256_ORDER // 2
