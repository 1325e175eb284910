"""Keys made once a run, documents sealed with them, and ways of tampering with a file."""

from __future__ import annotations

import functools
import io
import re
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

import pikepdf

from sims_server.sealing.documents import Content, content_bytes
from sims_server.sealing.drawing import draw_document
from sims_server.sealing.keys import Keyring, make_keys
from sims_server.sealing.signing import PdfSealer
from sims_server.sealing.symbol import Code, make_code
from sims_shared.seal import Trust
from sims_shared.seal.file import find_hole

PUBLIC_URL = "https://sims.example.edu"
MADE_ON = date(2024, 1, 1)
SEALED_AT = datetime(2024, 3, 4, 9, 30, tzinfo=UTC)
PASSPHRASE = b"a passphrase for tests"


def keyring(name: str = "ours") -> Keyring:
    """Keys of the University of Exampleabad; another name makes other keys that claim the same."""
    return _keyring(name)


@functools.cache
def _keyring(name: str) -> Keyring:
    folder = Path(tempfile.mkdtemp(prefix=f"sims-keys-{name}-"))
    return make_keys(
        folder / "keys",
        issuer="XU",
        institution="University of Exampleabad",
        passphrase=PASSPHRASE,
        day=MADE_ON,
    )


def trust(name: str = "ours") -> Trust:
    return Trust([keyring(name).key_document(PUBLIC_URL)])


def code_of(content: Content, name: str = "ours") -> Code:
    return make_code(content, keyring(name).current("code", content.issue_day()), PUBLIC_URL)


def sealer(name: str = "ours") -> PdfSealer:
    return _sealer(name)


@functools.cache
def _sealer(name: str) -> PdfSealer:
    return PdfSealer(keyring(name).current("document", SEALED_AT.date()))


def seal(
    content: Content, name: str = "ours", *, drawn: bytes | None = None, code: Code | None = None
) -> bytes:
    """A sealed file. `drawn` and `code` graft another page or code into it."""
    code = code or code_of(content, name)
    drawn = drawn or draw_document(content, code)
    return sealer(name).seal(drawn, content_bytes(content), code.address, SEALED_AT, content.issuer.name)


def flip(data: bytes, place: int, bit: int = 0) -> bytes:
    changed = bytearray(data)
    changed[place] ^= 1 << bit
    return bytes(changed)


def signed_length(data: bytes) -> int:
    """Where the padding of the hole begins, as an offset into the file."""
    hole = find_hole(data)
    size = int(data[hole.start + 4 : hole.start + 8], 16)
    return hole.start + 2 * (size + 4)


def appended_revision(data: bytes) -> bytes:
    """An incremental update that adds one harmless object."""
    start = int(re.findall(rb"startxref\s+(\d+)", data)[-1])
    size = int(re.findall(rb"/Size (\d+)", data)[-1])
    root = re.findall(rb"/Root (\d+ \d+ R)", data)[-1]
    added = b"\n%d 0 obj\n<< /Note (added) >>\nendobj\n" % size
    place = len(data) + 1
    table = b"xref\n%d 1\n%010d 00000 n \n" % (size, place)
    trailer = b"trailer\n<< /Size %d /Root %s /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (
        size + 1,
        root,
        start,
        len(data) + len(added),
    )
    return data + added + table + trailer


def overridden_object(data: bytes, number: int, body: bytes) -> bytes:
    """An incremental update that replaces an object."""
    start = int(re.findall(rb"startxref\s+(\d+)", data)[-1])
    size = int(re.findall(rb"/Size (\d+)", data)[-1])
    root = re.findall(rb"/Root (\d+ \d+ R)", data)[-1]
    added = b"\n%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"xref\n%d 1\n%010d 00000 n \n" % (number, len(data) + 1)
    trailer = b"trailer\n<< /Size %d /Root %s /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (
        size,
        root,
        start,
        len(data) + len(added),
    )
    return data + added + table + trailer


def rewritten(data: bytes, change: object) -> bytes:
    """The file saved anew by another program after `change(pdf)`."""
    with pikepdf.open(io.BytesIO(data)) as document:
        change(document)  # type: ignore[operator]
        target = io.BytesIO()
        document.save(target)
    return target.getvalue()


def unsigned(data: bytes) -> bytes:
    """The file without its seal, otherwise whole."""

    def strip(document: pikepdf.Pdf) -> None:
        del document.Root["/AcroForm"]
        del document.Root["/Perms"]
        for page in document.pages:
            if "/Annots" in page:
                del page["/Annots"]

    return rewritten(data, strip)
