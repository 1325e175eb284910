"""The institution's keys: one Ed25519 key for codes and status lists, one P-256 key for PDFs.

Each lies in a PKCS#12 file behind a passphrase; `keys.json` beside them holds ids, purposes and
validity periods. A key is never deleted: `rotate` adds a new one and ends the old one's period, and
the public half is published for ever. The rule a newcomer would get wrong: private keys are read
once per process, not per document (most of the time a seal took).
"""

from __future__ import annotations

import base64
import os
import secrets
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID, ObjectIdentifier

from sims_shared.seal.keys import KeyDocument, PublicKey, Purpose

RING = "keys.json"
DOCUMENT_SIGNING = ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # RFC 9336, id-kp-documentSigning
YEARS = 5
PURPOSES: tuple[Purpose, ...] = ("code", "document", "status")
# A demo's passphrase guards nothing and says so; a real one comes from a file or the environment.
DEMO_PASSPHRASE = b"demo"

PrivateKey = Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class NoKeys(ValueError):
    """The folder holds no key for this purpose that is in force."""


class KeysLocked(ValueError):
    """The passphrase does not open a key file, or the file is damaged."""


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    file: str
    key: PublicKey


class _Ring(msgspec.Struct, frozen=True, kw_only=True):
    issuer: str
    institution: str
    demo: bool
    entries: list[_Entry]


class SealingKey:
    """A private key in memory with what is published of it."""

    def __init__(self, public: PublicKey, private: PrivateKey) -> None:
        self.id = public.id
        self.public = public
        self.private = private

    def sign(self, data: bytes) -> bytes:
        """The raw 64-byte Ed25519 signature."""
        if not isinstance(self.private, Ed25519PrivateKey):
            raise TypeError(f"the key {self.id} is not an Ed25519 key")
        return self.private.sign(data)


class Keyring:
    """All keys of an institution, private halves loaded."""

    def __init__(self, ring: _Ring, keys: list[SealingKey]) -> None:
        self.issuer = ring.issuer
        self.institution = ring.institution
        self.demo = ring.demo
        self.keys = keys

    def current(self, purpose: Purpose, day: date) -> SealingKey:
        """The key for a purpose on a day of the institution's calendar: the newest in force. Raises
        `NoKeys`."""
        fitting = [key for key in self.keys if key.public.purpose == purpose and key.public.in_force(day)]
        if not fitting:
            raise NoKeys(f"no key for {purpose} is in force on {day}")
        return max(fitting, key=lambda key: (key.public.valid_from, self.keys.index(key)))

    def key_document(self, public_url: str) -> KeyDocument:
        """What `/.well-known/sims-seal.json` publishes."""
        return KeyDocument(
            issuer=self.issuer,
            institution=self.institution,
            public_url=public_url,
            demo=self.demo,
            keys=[key.public for key in self.keys],
        )


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, readable by the owner only."""
    fresh = path.with_name(path.name + ".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _name(institution: str, what: str, demo: bool) -> x509.Name:
    common = f"{institution} {what}"
    if demo:
        common = f"DEMO {common}"
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, institution[:64]),
            x509.NameAttribute(NameOID.COMMON_NAME, common[:64]),
        ]
    )


def _bounds(start: date, end: date) -> tuple[datetime, datetime]:
    # A day early and late: the calendar is the institution's, certificates speak UTC.
    return (
        datetime.combine(start - timedelta(days=1), time(), UTC),
        datetime.combine(end + timedelta(days=1), time(23, 59, 59), UTC),
    )


def _authority(
    institution: str, demo: bool, start: date
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    private = ec.generate_private_key(ec.SECP256R1())
    name = _name(institution, "Sealing Authority", demo)
    begin, end = _bounds(start, start + timedelta(days=365 * 30))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(False, False, False, False, False, True, True, False, False), critical=True
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .sign(private, hashes.SHA256())
    )
    return private, certificate


def _certify(
    private: PrivateKey,
    institution: str,
    demo: bool,
    what: str,
    period: tuple[date, date],
    authority: tuple[ec.EllipticCurvePrivateKey, x509.Certificate],
) -> x509.Certificate:
    begin, end = _bounds(*period)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(institution, what, demo))
        .issuer_name(authority[1].subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(True, True, False, False, False, False, False, False, False), critical=True
        )
        .add_extension(x509.ExtendedKeyUsage([DOCUMENT_SIGNING]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority[0].public_key()), critical=False
        )
        .sign(authority[0], hashes.SHA256())
    )


def _public(
    private: PrivateKey,
    key_id: str,
    purpose: Purpose,
    certificates: list[x509.Certificate],
    period: tuple[date, date],
) -> PublicKey:
    public = private.public_key()
    if isinstance(private, Ed25519PrivateKey):
        algorithm, raw = "Ed25519", private.public_key().public_bytes_raw()
    else:
        algorithm = "RS256" if isinstance(private, rsa.RSAPrivateKey) else "ES256"
        raw = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return msgspec.convert(
        {
            "id": key_id,
            "purpose": purpose,
            "algorithm": algorithm,
            "public_key": base64.b64encode(raw).decode(),
            "certificates": [
                base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()
                for certificate in certificates
            ],
            "valid_from": period[0],
            "valid_until": period[1],
        },
        type=PublicKey,
    )


def _read_ring(folder: Path) -> _Ring | None:
    try:
        return msgspec.json.decode((folder / RING).read_bytes(), type=_Ring)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as failure:
        raise KeysLocked(f"{folder / RING} is damaged: {failure}") from failure


def _save_ring(folder: Path, ring: _Ring) -> None:
    _write(folder / RING, msgspec.json.format(msgspec.json.encode(ring), indent=1))


def _seal_file(
    name: str, private: PrivateKey, certificates: list[x509.Certificate], passphrase: bytes
) -> bytes:
    return pkcs12.serialize_key_and_certificates(
        name.encode(),
        private,
        certificates[0],
        certificates[1:] or None,
        serialization.BestAvailableEncryption(passphrase),
    )


def _open_file(path: Path, passphrase: bytes) -> tuple[PrivateKey, list[x509.Certificate]]:
    try:
        private, certificate, more = pkcs12.load_key_and_certificates(path.read_bytes(), passphrase)
    except (ValueError, OSError) as failure:
        raise KeysLocked(f"{path.name} does not open: {failure}") from failure
    if (
        not isinstance(private, (Ed25519PrivateKey, ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey))
        or not certificate
    ):
        raise KeysLocked(f"{path.name} holds no usable key with its certificate")
    return private, [certificate, *more]


def _new_key(
    folder: Path,
    ring: _Ring,
    purpose: Purpose,
    day: date,
    passphrase: bytes,
    authority: tuple[ec.EllipticCurvePrivateKey, x509.Certificate],
) -> _Entry:
    private: PrivateKey = (
        ec.generate_private_key(ec.SECP256R1()) if purpose == "document" else Ed25519PrivateKey.generate()
    )
    period = (day, day + timedelta(days=365 * YEARS))
    key_id = f"{purpose[0]}{day:%y%m}{secrets.token_hex(2)}"
    what = {"code": "Code Seal", "document": "Document Seal", "status": "Status List"}[purpose]
    certificates = [_certify(private, ring.institution, ring.demo, what, period, authority), authority[1]]
    file = f"{key_id}.p12"
    _write(folder / file, _seal_file(key_id, private, certificates, passphrase))
    published = certificates if purpose == "document" else []
    return _Entry(file=file, key=_public(private, key_id, purpose, published, period))


def make_keys(
    folder: Path, *, issuer: str, institution: str, passphrase: bytes, day: date, demo: bool = False
) -> Keyring:
    """Makes an authority and a key for each purpose in an empty folder (made 0700). With `demo` every
    certificate and every sheet of paper says DEMO. Raises `FileExistsError` when keys are there."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if (folder / RING).exists():
        raise FileExistsError(f"{folder} holds keys already; use rotate")
    authority = _authority(institution, demo, day)
    _write(folder / "authority.p12", _seal_file("authority", authority[0], [authority[1]], passphrase))
    ring = _Ring(issuer=issuer, institution=institution, demo=demo, entries=[])
    entries = [_new_key(folder, ring, purpose, day, passphrase, authority) for purpose in PURPOSES]
    _save_ring(folder, msgspec.structs.replace(ring, entries=entries))
    return load_keys(folder, passphrase)


def load_keys(folder: Path, passphrase: bytes) -> Keyring:
    """The keys of a folder, private halves decrypted once. Raises `NoKeys` when there are none,
    `KeysLocked` when the passphrase is wrong."""
    ring = _read_ring(folder)
    if ring is None or not ring.entries:
        raise NoKeys(f"{folder} holds no keys")
    return Keyring(
        ring,
        [SealingKey(entry.key, _open_file(folder / entry.file, passphrase)[0]) for entry in ring.entries],
    )


def rotate_key(folder: Path, purpose: Purpose, *, passphrase: bytes, day: date) -> Keyring:
    """A new key for a purpose from `day` on. The old one keeps judging what it sealed until then."""
    ring = _read_ring(folder)
    if ring is None:
        raise NoKeys(f"{folder} holds no keys")
    private, certificates = _open_file(folder / "authority.p12", passphrase)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise KeysLocked("authority.p12 holds no P-256 key")
    fresh = _new_key(folder, ring, purpose, day, passphrase, (private, certificates[0]))
    entries = [_ended(entry, purpose, day) for entry in ring.entries]
    _save_ring(folder, msgspec.structs.replace(ring, entries=[*entries, fresh]))
    return load_keys(folder, passphrase)


def withdraw_key(folder: Path, key_id: str, *, passphrase: bytes, day: date) -> Keyring:
    """Ends the trust in a key from `day` on (it was stolen): what it seals later is refused."""
    ring = _read_ring(folder)
    if ring is None or key_id not in {entry.key.id for entry in ring.entries}:
        raise NoKeys(f"there is no key {key_id}")
    entries = [
        msgspec.structs.replace(entry, key=msgspec.structs.replace(entry.key, withdrawn_on=day))
        if entry.key.id == key_id
        else entry
        for entry in ring.entries
    ]
    _save_ring(folder, msgspec.structs.replace(ring, entries=entries))
    return load_keys(folder, passphrase)


def take_in_key(
    folder: Path,
    file: Path,
    purpose: Purpose,
    *,
    issuer: str,
    institution: str,
    file_passphrase: bytes,
    passphrase: bytes,
    day: date,
) -> Keyring:
    """Takes in a PKCS#12 key made elsewhere (a national authority's, say) for a purpose."""
    private, certificates = _open_file(file, file_passphrase)
    if (purpose == "document") == isinstance(private, Ed25519PrivateKey):
        raise KeysLocked(f"a key for {purpose} is {'P-256 or RSA' if purpose == 'document' else 'Ed25519'}")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    ring = _read_ring(folder) or _Ring(issuer=issuer, institution=institution, demo=False, entries=[])
    key_id = f"{purpose[0]}{day:%y%m}{secrets.token_hex(2)}"
    _write(folder / f"{key_id}.p12", _seal_file(key_id, private, certificates, passphrase))
    published = certificates if purpose == "document" else []
    until = min(day + timedelta(days=365 * YEARS), certificates[0].not_valid_after_utc.date())
    fresh = _Entry(file=f"{key_id}.p12", key=_public(private, key_id, purpose, published, (day, until)))
    entries = [_ended(entry, purpose, day) for entry in ring.entries]
    _save_ring(folder, msgspec.structs.replace(ring, entries=[*entries, fresh]))
    return load_keys(folder, passphrase)


def _ended(entry: _Entry, purpose: Purpose, day: date) -> _Entry:
    if entry.key.purpose != purpose or entry.key.valid_until <= day:
        return entry
    return msgspec.structs.replace(
        entry, key=msgspec.structs.replace(entry.key, valid_until=max(day, entry.key.valid_from))
    )
