"""The printed code: signed content as an address that any phone opens, drawn as vector squares.

Level L of error correction, because a symbol of 50 mm with larger modules survives a bad copier
better than a dense one with more redundancy (tried: 45 mm reads at 150 dpi with JPEG and rotation,
33 mm does not). The address is upper case so that the alphanumeric mode packs it: 5.5 bits a letter.
"""

from __future__ import annotations

import functools
from typing import NamedTuple
from urllib.parse import urlsplit

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from sims_server.sealing.documents import Content, content_bytes, content_hash
from sims_server.sealing.keys import SealingKey
from sims_shared.seal.content import SignedContent, check_code, encode_content, encode_token
from sims_shared.seal.cose import sign1
from sims_shared.seal.judgment import CourseGrade
from sims_shared.seal.symbol import (
    ALPHANUMERIC,
    CORRECTION,
    LETTERS,
    PADS,
    Matrix,
    block_lengths,
    count_bits,
    flips,
    frame,
)

LARGEST_VERSION = 27  # 125 modules: 0.4 mm each at 50 mm
SIDE = 50 * mm
MASK = 4


class Code(NamedTuple):
    """`message` the COSE bytes, `token` their base32, `address` what the symbol holds, `check` the
    eight letters, `short` the address a person can type."""

    message: bytes
    token: str
    address: str
    check: str
    short: str


def signed_content(content: Content, data: bytes, *, with_courses: bool) -> SignedContent:
    """What the code says of a content. `data` is its canonical JSON."""
    courses = [
        CourseGrade(row.code, row.credits, row.grade) for term in content.terms for row in term.rows
    ] + [
        CourseGrade(row.code, row.credits or "-", row.grade)
        for row in (content.marks.rows if content.marks else [])
    ]
    summary = content.summary
    return SignedContent(
        issuer=content.issuer.id,
        serial=content.serial,
        issued_on=content.issue_day(),
        document=content.document,
        name=content.holder.name,
        reg_no=content.registration.reg_no,
        program=content.registration.program,
        cgpa=summary.cgpa if summary else (content.marks.cgpa if content.marks else "-"),
        credits=summary.earned if summary else "-",
        courses=courses if with_courses else None,
        status_index=content.status_index,
        content_sha256=content_hash(data),
        demo=content.demo,
        valid_until=content.last_day(),
    )


def address_root(public_url: str) -> str:
    """`HTTPS://HOST` of the setting `public_url`, upper case. Raises `ValueError` when it has a path:
    a path's letters have a case and would not survive."""
    parts = urlsplit(public_url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/"):
        raise ValueError(f"public_url must be scheme and host only, not {public_url!r}")
    return f"{parts.scheme}://{parts.netloc}".upper()


def make_code(content: Content, key: SealingKey, public_url: str) -> Code:
    """The code of a content, signed by the key for codes. Courses are left out, and the totals and
    the content's hash stay, where they would make the symbol too dense."""
    data = content_bytes(content)
    root = address_root(public_url)
    for with_courses in (True, False):
        payload = encode_content(signed_content(content, data, with_courses=with_courses))
        message = sign1(payload, key.id, key.sign)
        token = encode_token(message)
        if len(f"{root}/V/{token}") <= _capacity(LARGEST_VERSION):
            break
    check = check_code(message)
    return Code(
        message,
        token,
        f"{root}/V/{token}",
        check,
        f"{root.split('://', 1)[1]}/V/{content.serial}.{check}",
    )


def _capacity(version: int) -> int:
    """Alphanumeric letters a symbol of this version holds at level L."""
    bits = sum(block_lengths(version)) * 8 - 4 - count_bits(version)
    return bits // 11 * 2 + (1 if bits % 11 >= 6 else 0)


@functools.cache
def _powers() -> tuple[list[int], list[int]]:
    """Exponents and logarithms of GF(256) over 0x11D."""
    exponents, logarithms, value = [0] * 510, [0] * 256, 1
    for power in range(255):
        exponents[power] = exponents[power + 255] = value
        logarithms[value] = power
        value = value << 1 ^ (0x11D if value & 0x80 else 0)
    return exponents, logarithms


@functools.cache
def _multiples(degree: int) -> list[int]:
    """The generator polynomial of a degree times each byte, without its leading term, as one number:
    dividing then costs one shift and one xor a codeword."""
    exponents, logarithms = _powers()
    generator = [1]
    for power in range(degree):
        raised = [*generator, 0]
        for index, coefficient in enumerate(generator):
            if coefficient:
                raised[index + 1] ^= exponents[logarithms[coefficient] + power]
        generator = raised
    rows = [0]
    for factor in range(1, 256):
        products = [
            exponents[logarithms[coefficient] + logarithms[factor]] if coefficient else 0
            for coefficient in generator[1:]
        ]
        rows.append(int.from_bytes(bytes(products), "big"))
    return rows


def _correction(block: bytes, degree: int) -> bytes:
    rows, rest, keep = _multiples(degree), 0, (1 << 8 * degree) - 1
    top = 8 * (degree - 1)
    for word in block:
        rest = (rest << 8 & keep) ^ rows[rest >> top ^ word]
    return rest.to_bytes(degree, "big")


def matrix(address: str) -> Matrix:
    """The modules of the symbol, rows from the top, without a quiet zone. `address` is of the
    alphanumeric set. Raises `ValueError` when it is not, or longer than any symbol holds."""
    version = next((version for version in range(1, 41) if _capacity(version) >= len(address)), None)
    if version is None:
        raise ValueError("the address is longer than any symbol holds")
    values = [LETTERS.index(letter) for letter in address]
    bits = f"{ALPHANUMERIC:04b}{len(values):0{count_bits(version)}b}"
    bits += "".join(f"{values[i] * 45 + values[i + 1]:011b}" for i in range(0, len(values) - 1, 2))
    if len(values) % 2:
        bits += f"{values[-1]:06b}"
    lengths = block_lengths(version)
    room = sum(lengths)
    bits += "0" * min(4, room * 8 - len(bits))
    bits += "0" * (-len(bits) % 8)
    words = bytearray(int(bits, 2).to_bytes(len(bits) // 8, "big"))
    words += bytes(PADS[index % 2] for index in range(room - len(words)))
    degree = CORRECTION[version - 1]
    blocks, start = [], 0
    for length in lengths:
        blocks.append(bytes(words[start : start + length]))
        start += length
    corrections = [_correction(block, degree) for block in blocks]
    stream = bytes(block[i] for i in range(max(lengths)) for block in blocks if i < len(block))
    stream += bytes(correction[i] for i in range(degree) for correction in corrections)
    grid, path = frame(version, MASK)
    modules: Matrix = [[bool(module) for module in row] for row in grid]
    turned = flips(version, MASK)
    shown = f"{int.from_bytes(stream, 'big'):0{len(stream) * 8}b}".ljust(len(path), "0")
    for (row, column), bit, turn in zip(path, shown, turned, strict=True):
        modules[row][column] = (bit == "1") ^ turn
    return modules


def draw_symbol(canvas: Canvas, address: str, x: float, y: float, side: float = SIDE) -> None:
    """Draws the symbol with its lower left corner at (x, y), `side` points wide (at least 50 mm for
    signed content). Dark modules of a row that touch are one rectangle, in module units, inside a
    marked section that the verifier reads back."""
    modules = matrix(address)
    count = len(modules)
    code = [
        "/SIMSCode BMC q 0 g 0 G",
        f"{side / count:.6f} 0 0 {side / count:.6f} {x:.3f} {y:.3f} cm",
    ]
    for line, row in enumerate(modules):
        column = 0
        while column < count:
            end = column
            while end < count and row[end]:
                end += 1
            if end > column:
                code.append(f"{column} {count - 1 - line} {end - column} 1 re")
            column = end + 1
    code.append("f Q EMC")
    canvas._code.extend(code)
