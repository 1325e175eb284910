"""The institution's keys in this installation: where they lie, and the command that makes them.

The private halves lie in the data folder, never in the database; the database keeps the public ones,
so that a backup without the folder can still verify. The passphrase comes from
`SIMS_KEYS_PASSPHRASE`, from the file that `SIMS_KEYS_PASSPHRASE_FILE` names, or from
`keys/passphrase`, which only the server's own user can read.
"""

from __future__ import annotations

import base64
import functools
import getpass
import os
import secrets
import sys
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from sims_server.kernel.database import Database
from sims_server.kernel.execute import execute_as_system
from sims_server.kernel.work import Work
from sims_server.sealing import keys as sealing_keys
from sims_server.sealing.keys import DEMO_PASSPHRASE, Keyring, KeysLocked, load_keys, make_keys
from sims_server.transcripts.model import signing_key
from sims_server.transcripts.queries import is_demo
from sims_shared.transcripts import NoKeys

if TYPE_CHECKING:
    from sims_server.sealing.signing import PdfSealer

FOLDER = "keys"


def keys_folder(data: Path) -> Path:
    return data / FOLDER


def issuer_id(institution: str) -> str:
    """A short id from the institution's name: the initials of its capitalised words."""
    initials = "".join(word[0] for word in institution.split() if word[:1].isupper() and word[0].isascii())
    return (initials or "SIMS")[:12].upper()


def _passphrase(data: Path) -> bytes:
    given = os.environ.get("SIMS_KEYS_PASSPHRASE")
    if given:
        return given.encode()
    named = os.environ.get("SIMS_KEYS_PASSPHRASE_FILE")
    place = Path(named) if named else keys_folder(data) / "passphrase"
    try:
        return place.read_bytes().strip()
    except OSError as failure:
        raise KeysLocked(f"the passphrase cannot be read: {failure.strerror}") from failure


@functools.lru_cache(maxsize=8)
def _loaded(folder: Path, stamp: tuple[int, int], passphrase: bytes) -> Keyring:
    return load_keys(folder, passphrase)


@functools.lru_cache(maxsize=8)
def _sealer(ring: Keyring, key_id: str) -> PdfSealer:
    # Late: what signs takes a second to import, and a server that starts should answer first.
    from sims_server.sealing.signing import PdfSealer

    return PdfSealer(next(key for key in ring.keys if key.id == key_id))


def sealer_of(ring: Keyring, day: date) -> PdfSealer:
    """The sealer with the key in force on a day; made once per process and key."""
    return _sealer(ring, ring.current("document", day).id)


def find_keyring(data: Path) -> Keyring | None:
    """The keys of this installation, loaded once per process and change; None when there are none.
    Raises `KeysLocked`."""
    folder = keys_folder(data)
    try:
        state = (folder / sealing_keys.RING).stat()
    except FileNotFoundError:
        return None
    return _loaded(folder, (state.st_mtime_ns, state.st_size), _passphrase(data))


def keyring_of(work: Work) -> Keyring:
    """The keys to seal with. In a demo they are made when first needed; elsewhere their absence is the
    refusal `transcripts.no_keys`."""
    try:
        ring = find_keyring(work.data)
    except KeysLocked as failure:
        raise NoKeys(
            "The keys are there but cannot be opened; whoever runs the server must see to it."
        ) from failure
    if ring is None and is_demo(work):
        ring = _make(work, DEMO_PASSPHRASE, demo=True)
    if ring is None:
        raise NoKeys("Nothing is sealed before “sims server keys make” was run.")
    return ring


def _make(work: Work, passphrase: bytes, *, demo: bool) -> Keyring:
    folder = keys_folder(work.data)
    # One at a time over all processes: two authorities in one folder would be none.
    work.run("SELECT pg_advisory_xact_lock(hashtext('sims.keys'))")
    if (folder / sealing_keys.RING).exists():
        return load_keys(folder, _passphrase(work.data))
    if not os.environ.get("SIMS_KEYS_PASSPHRASE") and not os.environ.get("SIMS_KEYS_PASSPHRASE_FILE"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(folder / "passphrase", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(passphrase)
    institution = work.setting("institution")
    ring = make_keys(
        folder,
        issuer=issuer_id(institution),
        institution=institution,
        passphrase=_passphrase(work.data),
        day=work.today,
        demo=demo,
    )
    _record(work, ring)
    return ring


def _record(work: Work, ring: Keyring) -> None:
    """The public halves into the database; what is there stays."""
    known = {row["key_id"] for row in work.rows("SELECT key_id FROM signing_key")}
    for key in ring.keys:
        public = key.public
        if public.id not in known:
            work.insert(
                signing_key,
                {
                    "key_id": public.id,
                    "purpose": public.purpose,
                    "public_key": public.public_key,
                    "certificate": "\n".join(public.certificates) or None,
                    "demo": ring.demo,
                    "not_before": datetime.combine(public.valid_from, time(), UTC),
                    "not_after": datetime.combine(public.valid_until, time(23, 59, 59), UTC),
                },
            )


def _pin(work: Work, ring: Keyring) -> None:
    """The public halves where `sims verify --data` looks: an installation believes its own institution."""
    folder = work.data / "institutions"
    folder.mkdir(parents=True, exist_ok=True)
    whole = folder / f"{ring.issuer}.part"
    whole.write_bytes(msgspec.json.encode(ring.key_document(str(work.setting("public_url")))))
    whole.replace(folder / f"{ring.issuer}.json")


def ensure_demo_keys(database: Database, data: Path) -> None:
    """Makes the demo authority of a demo installation, once."""

    def ensure(work: Work, _: None) -> None:
        if is_demo(work):
            _pin(work, keyring_of(work))

    execute_as_system(database, ensure, None, action="keys.make", data=data)


def manage_keys(database: Database, data: Path, action: str, file: Path | None = None) -> int:
    """`sims server keys list|make|take-in|rotate`: 0 when it is done, with the keys listed."""
    try:
        ring = execute_as_system(
            database, lambda work, _: _managed(work, action, file), None, action=f"keys.{action}", data=data
        )
    except (sealing_keys.NoKeys, KeysLocked, FileExistsError, OSError) as failure:
        sys.stderr.write(f"sims server keys: {failure}\n")
        return 1
    for key in ring.keys:
        public = key.public
        told = base64.b64decode(public.public_key)[-6:].hex()
        ended = f", withdrawn {public.withdrawn_on}" if public.withdrawn_on else ""
        period = f"{public.valid_from} to {public.valid_until}{ended}"
        mark = " DEMO" if ring.demo else ""
        sys.stdout.write(f"{public.id}  {public.purpose:9} {public.algorithm:8} {period}  …{told}{mark}\n")
    return 0


def _managed(work: Work, action: str, file: Path | None) -> Keyring:
    ring = _manage(work, action, file)
    _pin(work, ring)
    return ring


def _manage(work: Work, action: str, file: Path | None) -> Keyring:
    folder = keys_folder(work.data)
    if action == "make":
        if (folder / sealing_keys.RING).exists():
            raise FileExistsError(f"{folder} holds keys already; rotate them instead")
        return _make(work, secrets.token_urlsafe(24).encode(), demo=is_demo(work))
    ring = find_keyring(work.data)
    if action == "rotate":
        if ring is None:
            raise sealing_keys.NoKeys(f"{folder} holds no keys; make them first")
        for purpose in sealing_keys.PURPOSES:
            ring = sealing_keys.rotate_key(folder, purpose, passphrase=_passphrase(work.data), day=work.today)
        _record(work, ring)
        work.run(
            "UPDATE signing_key SET retired_at = %(now)s "
            "WHERE retired_at IS NULL AND key_id <> ALL (%(current)s)",
            now=work.now,
            current=[ring.current(purpose, work.today).id for purpose in sealing_keys.PURPOSES],
        )
        return ring
    if action == "take-in":
        if file is None:
            raise KeysLocked("name the PKCS#12 file to take in")
        given = os.environ.get("SIMS_PKCS12_PASSPHRASE")
        opened = given if given is not None else getpass.getpass("Passphrase of the file: ")
        if ring is None:
            ring = _make(work, secrets.token_urlsafe(24).encode(), demo=is_demo(work))
        ring = sealing_keys.take_in_key(
            folder,
            file,
            "document",
            issuer=ring.issuer,
            institution=ring.institution,
            file_passphrase=opened.encode(),
            passphrase=_passphrase(work.data),
            day=work.today,
        )
        _record(work, ring)
        return ring
    if ring is None:
        raise sealing_keys.NoKeys(f"{folder} holds no keys")
    return ring
