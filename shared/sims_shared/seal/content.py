"""The signed content of the printed code: what a stranger can check without network or server.

`HTTPS://HOST/V/<base32>` where the base32 (RFC 4648, upper case, no padding) is a COSE_Sign1 message
over a compact CBOR map with integer keys. The rule a newcomer would get wrong: base32 has spare bits
in its last letter, so only the one spelling that encodes back to itself is accepted.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from datetime import date, timedelta
from typing import Any

import cbor2
import msgspec

from sims_shared.seal.cose import NotSigned, Sign1, read_sign1
from sims_shared.seal.judgment import CourseGrade

EPOCH = date(2000, 1, 1)
CHECK_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I, L, O, U: a person reads these aloud
CHECK_LENGTH = 8

# Labels of the map. A label once given keeps its meaning for ever; new ones are added at the end.
ISSUER, SERIAL, ISSUED, DOCUMENT, NAME, REG_NO, PROGRAM, CGPA, CREDITS, COURSES, STATUS, SHA256, DEMO = range(
    1, 14
)
VALID_UNTIL = 14


class SignedContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the code says. Credits, grades and CGPA are text as printed; `content_sha256` is the
    SHA-256 (32 bytes) of the canonical JSON; `courses` is None where they did not fit;
    `status_index` is this document's place in the status list, `valid_until` the last day of a letter."""

    issuer: str
    serial: str
    issued_on: date
    document: str
    name: str
    reg_no: str
    program: str
    cgpa: str
    credits: str
    courses: list[CourseGrade] | None
    status_index: int
    content_sha256: bytes
    demo: bool = False
    valid_until: date | None = None


class TokenMalformed(ValueError):
    """The text is not a code of this system."""


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and str(int(text)) == text else text


def encode_content(content: SignedContent) -> bytes:
    """The compact CBOR map (deterministic)."""
    claims: dict[int, Any] = {
        ISSUER: content.issuer,
        SERIAL: content.serial,
        ISSUED: (content.issued_on - EPOCH).days,
        DOCUMENT: content.document,
        NAME: content.name,
        REG_NO: content.reg_no,
        PROGRAM: content.program,
        CGPA: content.cgpa,
        CREDITS: content.credits,
        STATUS: content.status_index,
        SHA256: content.content_sha256,
    }
    if content.courses is not None:
        # One flat list: three items a course cost less than a list each.
        claims[COURSES] = [
            part
            for course in content.courses
            for part in (course.code, _number(course.credits), course.grade)
        ]
    if content.demo:
        claims[DEMO] = True
    if content.valid_until is not None:
        claims[VALID_UNTIL] = (content.valid_until - EPOCH).days
    return cbor2.dumps(claims, canonical=True)


def decode_content(payload: bytes) -> SignedContent:
    """The content a payload spells. Raises `TokenMalformed`."""
    try:
        claims = cbor2.loads(payload)
        flat, last_day = claims.get(COURSES), claims.get(VALID_UNTIL)
        courses = None
        if flat is not None:
            if len(flat) % 3:
                raise TokenMalformed("the courses are not complete")
            courses = [CourseGrade(flat[i], str(flat[i + 1]), flat[i + 2]) for i in range(0, len(flat), 3)]
        content = msgspec.convert(
            {
                "issuer": claims[ISSUER],
                "serial": claims[SERIAL],
                "issued_on": EPOCH + timedelta(days=claims[ISSUED]),
                "document": claims[DOCUMENT],
                "name": claims[NAME],
                "reg_no": claims[REG_NO],
                "program": claims[PROGRAM],
                "cgpa": claims[CGPA],
                "credits": claims[CREDITS],
                "courses": None
                if courses is None
                else [{"code": c.code, "credits": c.credits, "grade": c.grade} for c in courses],
                "status_index": claims[STATUS],
                "content_sha256": claims[SHA256],
                "demo": claims.get(DEMO, False),
                "valid_until": None if last_day is None else EPOCH + timedelta(days=last_day),
            },
            type=SignedContent,
        )
        if encode_content(content) != payload:
            raise TokenMalformed("the content is not in its one spelling")
    except TokenMalformed:
        raise
    except Exception as failure:  # cbor2 and msgspec raise many kinds on hostile bytes
        raise TokenMalformed(f"the content cannot be read: {failure}") from failure
    return content


def encode_token(message: bytes) -> str:
    """Base32 of a message, upper case without padding: all in the alphanumeric set of QR codes."""
    return base64.b32encode(message).decode("ascii").rstrip("=")


def decode_token(token: str) -> bytes:
    """The message of a token in any case. Raises `TokenMalformed`."""
    folded = token.strip().upper()
    if not folded.isascii():
        raise TokenMalformed("a code holds only letters and digits")
    try:
        message = base64.b32decode(folded + "=" * (-len(folded) % 8))
    except (binascii.Error, ValueError) as failure:
        raise TokenMalformed("this is not a code of this system") from failure
    if not message or encode_token(message) != folded:
        raise TokenMalformed("this is not a code of this system")
    return message


def token_of(text: str) -> str:
    """The token in what a scanner read: a whole address `…/V/<token>`, or the token alone."""
    stripped = text.strip()
    place = stripped.upper().rfind("/V/")
    return (stripped[place + 3 :] if place >= 0 else stripped).rstrip("/")


def read_token(token: str) -> tuple[Sign1, SignedContent]:
    """A token taken apart, not yet believed. Raises `TokenMalformed`."""
    try:
        message = read_sign1(decode_token(token))
    except NotSigned as failure:
        raise TokenMalformed(str(failure)) from failure
    return message, decode_content(message.payload)


def check_code(message: bytes) -> str:
    """The eight letters printed beside the serial, from the signed message itself: whoever does not
    hold the document cannot guess them (40 bits), and whoever does can type them."""
    number = int.from_bytes(hashlib.sha256(message).digest()[:5], "big")
    return "".join(CHECK_LETTERS[number >> shift & 31] for shift in range(35, -5, -5))
