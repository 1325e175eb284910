"""Judging a PDF: is it byte for byte what we sealed, and does the paper equal the data?

Nothing here asks a library "is the signature valid?" and leaves it at that: libraries accept
appended revisions that change nothing they look at, and bits flipped where no digest reaches. The
file must be exactly of our one form; a second opinion comes last.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import re
import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import pikepdf
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from sims_shared.seal import der
from sims_shared.seal.canonical import NotCanonical, read_canonical
from sims_shared.seal.content import (
    SignedContent,
    TokenMalformed,
    read_token,
    token_of,
)
from sims_shared.seal.judgment import Judgment, Verdict
from sims_shared.seal.keys import KeyDocument, PublicKey, Trust
from sims_shared.seal.page import PageUnreadable, Shown
from sims_shared.seal.vouching import vouched

CONTENT_NAME = "content.json"
CODE_NAME = "code.txt"
FIELD_NAME = "Seal"
MAX_BYTES = 32 << 20
# What a stranger sends is looked through once: more seals than anybody's file has, or one as long as a book,
# would be as many copies of the file.
LOOKED_AT = 8
LONGEST_SEAL = 1 << 18
BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s*\]")
DATE = re.compile(r"D:(\d{14})(?:Z|\+00'00'?)\Z")
# Keys that make a PDF do something, or show something else than it was sealed with.
ACTIVE = frozenset(
    (
        *("/JS", "/JavaScript", "/OpenAction", "/AA", "/A", "/Launch", "/SubmitForm", "/ImportData"),
        *("/GoToR", "/GoToE", "/URI", "/XFA", "/RichMedia", "/Movie", "/Sound", "/OCProperties"),
        *("/Collection", "/Alternates", "/OPI", "/Ref", "/Encrypt"),
    )
)
# Members of the content that the paper need not show one by one.
PRINTED = ("holder", "transfers", "terms", "summary", "marks", "statements", "remark", "legend")
UNPRINTED = frozenset(("split",))


class Hole(NamedTuple):
    """Where the signature stands: `start` is its first hexadecimal digit, `end` past its last."""

    start: int
    end: int


def find_hole(data: bytes) -> Hole:
    """The hole of the only signature, when its byte range covers the entire file around it. Raises
    `ValueError`, saying what is wrong."""
    count = data.count(b"/ByteRange")
    found = BYTE_RANGE.search(data) if count == 1 else None
    if found is None:
        raise ValueError(f"the file carries {count} signatures instead of one")
    first, length, second, rest = (int(number) for number in found.groups())
    if first != 0 or second + rest != len(data) or not 0 < length < second:
        raise ValueError("the signature does not cover the entire file")
    if data[length : length + 1] != b"<" or data[second - 1 : second] != b">":
        raise ValueError("the signature's place is not closed")
    if second - length > LONGEST_SEAL:
        raise ValueError("the signature is longer than any of ours")
    return Hole(length + 1, second - 1)


def container_of(data: bytes, hole: Hole) -> tuple[der.Container, bool]:
    """The signature's container, and whether it stands there in its one spelling: lower-case
    hexadecimal DER as our signer writes it, then zeros. Raises `ValueError`."""
    digits = data[hole.start : hole.end]
    raw = bytes.fromhex(digits.decode("ascii"))
    container, end = der.take_apart(raw)
    exact = raw.hex().encode("ascii") == digits and not any(raw[end:])
    return container, exact and der.build(container) == raw[:end]


class _Sealed(NamedTuple):
    document: KeyDocument
    key: PublicKey
    container: der.Container


def judge_file(data: bytes, trust: Trust) -> Judgment:
    """The judgment of a file, apart from its status (see `apply_status`). Never raises on hostile
    bytes."""
    digest = hashlib.sha256(data).hexdigest()
    judgment = _judge(data, trust)
    judgment.sha256 = digest
    return judgment


def _verdict(verdict: Verdict, words: str, *faults: str) -> Judgment:
    return Judgment(verdict=verdict, in_words=words, faults=list(faults))


def _judge(data: bytes, trust: Trust) -> Judgment:
    if len(data) > MAX_BYTES or b"%PDF-" not in data[:1024]:
        return _verdict(Verdict.FOREIGN, "This is not a PDF document of this kind.")
    claimed = claimed_issuer(data)
    if b"/ByteRange" not in data:
        if claimed is None:
            return _verdict(
                Verdict.FOREIGN,
                "This file carries no seal. An unofficial copy proves nothing; scan its code instead.",
            )
        return _verdict(
            Verdict.FORGED,
            "FORGED: it says it is a sealed document, but it carries no seal.",
            "the seal is missing",
        )
    faults: list[str] = []
    container, exact = None, False
    try:
        container, exact = container_of(data, find_hole(data))
    except ValueError as failure:
        faults.append(str(failure))
        container = _any_container(data)
    known = trust.find_certificate(container.certificates[0]) if container else None
    if container is None or known is None:
        return _stranger(claimed, trust, container, faults)
    sealed = _Sealed(*known, container)
    if not _signed(sealed):
        return _verdict(
            Verdict.FORGED,
            f"FORGED: it carries the name of {sealed.document.institution}, whose key did not seal it.",
            "the seal's signature does not hold under the institution's key",
        )
    if not exact:
        faults.append("the seal is not in its one spelling (bits around the signature were changed)")
    faults += _byte_faults(data, sealed)
    code: SignedContent | None = None
    if not faults:
        try:
            code, found = _read(data, sealed, trust)
            faults += found
        except Exception as failure:  # pikepdf raises many kinds on a file not of our form
            faults.append(f"the file is not built as ours are: {failure}")
    if not faults:
        faults += second_opinion(data, sealed)
    if faults or code is None:
        return _verdict(
            Verdict.ALTERED,
            f"ALTERED: {sealed.document.institution} sealed a document, but not these bytes.",
            *faults,
        )
    return vouched(code, sealed.document)


def _stranger(
    claimed: str | None, trust: Trust, container: der.Container | None, faults: list[str]
) -> Judgment:
    if claimed is None:
        return _verdict(
            Verdict.FOREIGN, "This PDF is not a sealed document of this kind; somebody else made it.", *faults
        )
    if container is None and trust.knows_issuer(claimed):
        return _verdict(
            Verdict.ALTERED, "ALTERED: the seal of this document is damaged beyond reading.", *faults
        )
    if trust.knows_issuer(claimed):
        return _verdict(
            Verdict.FORGED,
            "FORGED: it says it was issued by an institution that did not seal it.",
            "it is sealed by a certificate that the institution never published",
            *faults,
        )
    return _verdict(
        Verdict.UNKNOWN_KEY,
        f"UNKNOWN KEY: sealed in the name of “{claimed}”, whose keys this verifier does not have. "
        "It proves nothing until they are at hand.",
        *faults,
    )


def _any_container(data: bytes) -> der.Container | None:
    """Some signature's container in a file that is not of our form, to tell whose seal was tampered
    with."""
    for match in itertools.islice(BYTE_RANGE.finditer(data), LOOKED_AT):
        _, length, second, _ = (int(number) for number in match.groups())
        if second - length > LONGEST_SEAL:
            continue
        try:
            raw = bytes.fromhex(data[length + 1 : second - 1].decode("ascii"))
            return der.take_apart(raw)[0]
        except (ValueError, IndexError):
            continue
    return None


def _signed(sealed: _Sealed) -> bool:
    container, key = sealed.container, sealed.key
    try:
        public = serialization.load_der_public_key(key.raw())
        if isinstance(public, ec.EllipticCurvePublicKey) and key.algorithm == "ES256":
            if container.algorithm != der.ECDSA_SHA256:
                return False
            public.verify(container.signature, container.attributes, ec.ECDSA(hashes.SHA256()))
            return True
        if isinstance(public, rsa.RSAPublicKey) and key.algorithm == "RS256":
            if container.algorithm != der.RSA_SHA256:
                return False
            public.verify(container.signature, container.attributes, padding.PKCS1v15(), hashes.SHA256())
            return True
    except (InvalidSignature, ValueError):
        return False
    return False


def _byte_faults(data: bytes, sealed: _Sealed) -> list[str]:
    """What the bytes alone show."""
    faults = []
    container, key = sealed.container, sealed.key
    if key.algorithm == "ES256" and not der.low_s(container.signature):
        faults.append("the signature is not in its one spelling")
    if sorted(container.certificates) != sorted(key.chain()):
        faults.append("the seal carries other certificates than the institution published")
    try:
        hole = find_hole(data)
        covered = hashlib.sha256(data[: hole.start - 1] + data[hole.end + 1 :]).digest()
        if container.attribute(der.MESSAGE_DIGEST) != der.encode(der.OCTETS, covered):
            faults.append("the bytes changed after they were sealed")
        if container.attribute(der.CONTENT_TYPE) != der.DATA:
            faults.append("the seal is over something else than a file")
        named = container.attribute(der.SIGNING_CERTIFICATE_2) or b""
        if der.encode(der.OCTETS, hashlib.sha256(container.certificates[0]).digest()) not in named:
            faults.append("the seal does not name its certificate")
    except ValueError as failure:
        faults.append(str(failure))
    for mark, what in ((b"%%EOF", "revisions"), (b"startxref", "cross-reference sections")):
        if data.count(mark) != 1:
            faults.append(f"the file has {data.count(mark)} {what} instead of one")
    if not data.startswith(b"%PDF-"):
        faults.append("something stands before the document")
    return list(dict.fromkeys(faults))


def claimed_issuer(data: bytes) -> str | None:
    """The issuer that a file says it is from, believed or not; None when it says nothing of our
    kind. No library opens the file for this: whose it is nobody knows yet, and 700 bytes of a stranger
    unpack to as many gigabytes as he likes."""
    for stream in _streams(data):
        try:
            return str(read_canonical(stream)["issuer"]["id"])
        except Exception:  # whatever a broken or foreign file holds, it claims nothing
            continue
    return (
        ""
        if b"/" + FIELD_NAME.encode() in data
        and b"ETSI.CAdES.detached" in data
        and (CONTENT_NAME.encode() in data)
        else None
    )


_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_STREAMS_MAX = 5_000
_CONTENT_MAX = 4 << 20
_UNPACKED_MAX = 64 << 20


def _streams(data: bytes) -> Iterator[bytes]:
    """What may be our content among the streams of a file: so many, and so much of them, as ours has."""
    left = _UNPACKED_MAX
    whole = memoryview(data)
    for match in itertools.islice(_STREAM.finditer(data), _STREAMS_MAX):
        packed = whole[match.end() : match.end() + _CONTENT_MAX]
        begins = data[match.end() : match.end() + 1]
        if begins == b"{":
            end = data.find(b"endstream", match.end(), match.end() + _CONTENT_MAX)
            found = data[match.end() : max(end, match.end())].rstrip(b"\r\n")
        elif begins == b"\x78":
            try:
                found = zlib.decompressobj().decompress(packed, min(left, _CONTENT_MAX))
            except zlib.error:
                continue
            left -= len(found)
        else:
            continue
        if found.startswith(b"{"):
            yield found
        if left <= 0:
            return


def _attachment(document: pikepdf.Pdf, name: str) -> bytes:
    names = document.Root["/Names"]["/EmbeddedFiles"]["/Names"]
    for place in range(0, len(names), 2):
        if str(names[place]) == name:
            return bytes(names[place + 1]["/EF"]["/F"].read_bytes())
    raise KeyError(name)


def _read(data: bytes, sealed: _Sealed, trust: Trust) -> tuple[SignedContent | None, list[str]]:
    with pikepdf.open(io.BytesIO(data), attempt_recovery=False, suppress_warnings=True) as document:
        faults = _structure_faults(document)
        if document.get_warnings():
            faults.append("the file is damaged")
        raw = _attachment(document, CONTENT_NAME)
        address = _attachment(document, CODE_NAME).decode("ascii")
        try:
            content = read_canonical(raw)
        except NotCanonical as failure:
            return None, [*faults, f"the attached data is not canonical: {failure}"]
        code, found = _code_faults(raw, content, address, sealed, trust)
        faults += found
        try:
            faults += _paper_faults(Shown(document), content, address)
        except PageUnreadable as failure:
            faults.append(f"the paper cannot be read back: {failure}")
        return code, faults


def _structure_faults(document: pikepdf.Pdf) -> list[str]:
    faults = []
    root = document.Root
    for item in document.objects:
        if isinstance(item, (pikepdf.Dictionary, pikepdf.Stream)):
            found = _active(item, 0)
            if found:
                faults.append(f"the file holds an active part ({found})")
    fields = root["/AcroForm"]["/Fields"]
    if len(fields) != 1 or str(fields[0].get("/T", "")) != FIELD_NAME or "/Kids" in fields[0]:
        return [*faults, "the file holds a form"]
    signature = fields[0]["/V"]
    annotations = [note for page in document.pages for note in page.get("/Annots", [])]
    if any(note.objgen != fields[0].objgen for note in annotations):
        faults.append("the file holds annotations")
    if [float(side) for side in fields[0].get("/Rect", [0, 0, 0, 0])] != [0, 0, 0, 0]:
        faults.append("the seal draws something on the page")
    permissions = root.get("/Perms", pikepdf.Dictionary())
    if list(permissions.keys()) != ["/DocMDP"] or permissions["/DocMDP"].objgen != signature.objgen:
        faults.append("the seal does not certify the document")
    references: Any = signature.get("/Reference", [])
    if (
        len(references) != 1
        or str(references[0]["/TransformMethod"]) != "/DocMDP"
        or int(references[0]["/TransformParams"]["/P"]) != 1
    ):
        faults.append("the seal permits changes")
    if str(signature.get("/SubFilter", "")) != "/ETSI.CAdES.detached":
        faults.append("the seal is of another kind")
    if list(root["/Names"].keys()) != ["/EmbeddedFiles"]:
        faults.append("the file holds named actions")
    return faults


def _active(item: Any, depth: int) -> str | None:
    """An active key in a dictionary or in what it holds directly."""
    if depth > 20:
        return "nesting"
    if isinstance(item, (pikepdf.Dictionary, pikepdf.Stream)):
        for key in item.keys():  # noqa: SIM118 - a stream is not a mapping
            if key in ACTIVE:
                return str(key)
            found = _active_value(item[key], depth)
            if found:
                return found
    return None


def _active_value(value: Any, depth: int) -> str | None:
    if isinstance(value, pikepdf.Array):
        return next((found for part in value if (found := _active_value(part, depth + 1))), None)
    if isinstance(value, pikepdf.Dictionary) and not value.is_indirect:
        return _active(value, depth + 1)
    return None


def _code_faults(
    raw: bytes, content: dict[str, Any], address: str, sealed: _Sealed, trust: Trust
) -> tuple[SignedContent | None, list[str]]:
    """Whether what the code says is what the data says, both under the same institution's keys."""
    try:
        message, code = read_token(token_of(address))
    except TokenMalformed as failure:
        return None, [f"the code cannot be read: {failure}"]
    faults = []
    known = trust.find_key(code.issuer, message.key_id, "code")
    if known is None or known[0] is not sealed.document:
        faults.append("the code is signed by an unknown key")
    elif not message.is_signed_by(known[1].raw()):
        faults.append("the code's signature does not hold")
    elif not known[1].in_force(code.issued_on):
        faults.append("the code is signed by a key that was not in force")
    if not sealed.key.in_force(code.issued_on):
        faults.append("the document is sealed by a key that was not in force")
    if hashlib.sha256(raw).digest() != code.content_sha256:
        faults.append("the code speaks of other data than is attached")
    told = {
        "issuer": content["issuer"]["id"],
        "serial": content["serial"],
        "document": content["document"],
        "name": content["holder"]["name"],
        "reg_no": content["registration"]["reg_no"],
        "program": content["registration"]["program"],
        "status_index": content["status_index"],
        "demo": content["demo"],
        "issued_on": date.fromisoformat(content["issued_on"]),
        "valid_until": date.fromisoformat(last_day) if (last_day := content.get("valid_until")) else None,
    }
    faults += [
        f"the code and the data differ in {name}"
        for name, value in told.items()
        if getattr(code, name) != value
    ]
    if code.courses is not None and content["document"] == "transcript":
        rows = [
            (row["code"], row["credits"], row["grade"]) for term in content["terms"] for row in term["rows"]
        ]
        if rows != [(course.code, course.credits, course.grade) for course in code.courses]:
            faults.append("the code and the data differ in the courses")
    if content.get("summary") and (content["summary"]["cgpa"], content["summary"]["earned"]) != (
        code.cgpa,
        code.credits,
    ):
        faults.append("the code and the data differ in the totals")
    return code, faults


def _leaves(value: Any, pointer: str) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [
            leaf
            for key, part in value.items()
            if key not in UNPRINTED
            for leaf in _leaves(part, f"{pointer}/{key}")
        ]
    if isinstance(value, list):
        return [leaf for index, part in enumerate(value) for leaf in _leaves(part, f"{pointer}/{index}")]
    return [(pointer, value)] if isinstance(value, str) and value else []


def _at(content: Any, pointer: str) -> str | None:
    place = content
    try:
        for step in pointer.split("/")[1:]:
            place = place[int(step)] if isinstance(place, list) else place[step]
    except (KeyError, IndexError, ValueError, TypeError):
        return None
    return place if isinstance(place, str) else None


def _paper_faults(shown: Shown, content: dict[str, Any], address: str) -> list[str]:
    """Whether the paper shows the data, all of it, and nothing else as data."""
    faults = []
    if shown.code != address:
        faults.append("the printed code is not the one that was sealed")
    for number in range(len(shown.by_page)):
        if not shown.says("/serial", content["serial"], number):
            faults.append(f"page {number + 1} does not carry the serial")
    wanted = [leaf for name in PRINTED for leaf in _leaves(content.get(name), f"/{name}")]
    wanted += [(f"/registration/{name}", content["registration"][name]) for name in ("reg_no", "program")]
    wanted.append(("/issued_on", content["issued_on"]))
    wanted += _leaves(content.get("valid_until"), "/valid_until")
    missing = [pointer for pointer, _ in wanted if pointer not in shown.pieces]
    wrong = [pointer for pointer in shown.pieces if not shown.says(pointer, _at(content, pointer) or "\x00")]
    faults += [f"the paper does not show {pointer}" for pointer in missing[:5]]
    faults += [f"the paper shows something else than the data at {pointer}" for pointer in wrong[:5]]
    return faults


def second_opinion(data: bytes, sealed: _Sealed) -> list[str]:
    """What pyHanko says of the same file: signature, coverage and changes."""
    from pyhanko.keys import load_certs_from_pemder_data
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.diff_analysis import ModificationLevel
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.settings import KeyUsageConstraints
    from pyhanko.sign.validation.status import SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext

    signatures = PdfFileReader(io.BytesIO(data), strict=True).embedded_signatures
    if len(signatures) != 1:
        return [f"the file carries {len(signatures)} signatures instead of one"]
    told = DATE.match(str(signatures[0].sig_object.get("/M", "")))
    if told is None:
        return ["the seal does not say when it was made"]
    moment = datetime.strptime(told.group(1), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    days = [moment.date() + timedelta(days=shift) for shift in (-1, 0, 1)]
    if not any(sealed.key.in_force(day) for day in days):
        return ["the seal was made when its key was not in force"]
    chain = [found for one in sealed.key.chain() for found in load_certs_from_pemder_data(one)]
    status = validate_pdf_signature(
        signatures[0],
        signer_validation_context=ValidationContext(
            trust_roots=chain[-1:], other_certs=chain, allow_fetching=False, moment=moment
        ),
        key_usage_settings=KeyUsageConstraints(key_usage={"digital_signature", "non_repudiation"}),
    )
    faults = []
    if not (status.intact and status.valid):
        faults.append("a second verifier finds the signature broken")
    if not status.trusted:
        faults.append("a second verifier does not find the institution's authority behind the seal")
    if status.coverage != SignatureCoverageLevel.ENTIRE_FILE:
        faults.append("a second verifier finds parts of the file not covered")
    if status.modification_level not in (None, ModificationLevel.NONE):
        faults.append("a second verifier finds changes after the seal")
    if not status.docmdp_ok:
        faults.append("a second verifier finds changes that the seal forbids")
    return faults
