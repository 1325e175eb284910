"""Heads, signed and written down outside the database: in a file, in every backup, on every device.

The key is a file of the data folder, made when it is first needed, and the list of public keys beside it
says whose heads are believed: a superuser of the database has neither. The file of heads is only ever
appended to; `SIMS_AUDIT_HEADS` puts it elsewhere, best on another machine. The rule a newcomer would get
wrong: a head that does not follow from the one before is not written. It would cover up what happened.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import os
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import psycopg
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sims_server.audit import queries, rules
from sims_server.audit.rules import recovery_in_words
from sims_server.kernel import clock
from sims_server.kernel.database import Database
from sims_server.kernel.folder_lock import FolderLock
from sims_server.settings import from_environment
from sims_shared.audit import AuditHead, Recovery, signed_bytes

__all__ = ["HistoryBroken", "anchor", "head_of", "recover", "recovery_in_words", "sign"]

EVERY = timedelta(minutes=5)
_TAIL = 16 * 1024  # bytes at the end of the file that surely hold the last head
_S = TypeVar("_S", AuditHead, Recovery)

Statement = AuditHead | Recovery
decode_statement = msgspec.json.Decoder(Statement).decode


class HistoryBroken(Exception):
    """The database's audit does not follow from the last head written down. Carries the finding."""

    def __init__(self, finding: rules.Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


def folder_of(data: Path) -> Path:
    """Where the key, the heads and what was verified last lie."""
    folder = data / "audit"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def heads_file(data: Path) -> Path:
    return from_environment(data).audit_heads or folder_of(data) / "heads.jsonl"


# --- the key --------------------------------------------------------------------------------------


def _passphrase() -> bytes | None:
    given = os.environ.get("SIMS_KEYS_PASSPHRASE")
    if given:
        return given.encode()
    named = os.environ.get("SIMS_KEYS_PASSPHRASE_FILE")
    return Path(named).read_bytes().strip() if named else None


@functools.lru_cache(maxsize=8)
def _loaded(path: Path, stamp: int) -> Ed25519PrivateKey:
    pem, passphrase = path.read_bytes(), _passphrase() if b"ENCRYPTED" in path.read_bytes() else None
    key = serialization.load_pem_private_key(pem, passphrase)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{path} holds no Ed25519 key")
    return key


def _public(key: Ed25519PrivateKey) -> str:
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def signing_key(data: Path) -> Ed25519PrivateKey:
    """The key that signs heads; made, and its public half listed, when there is none."""
    path = folder_of(data) / "signing.key"
    if not path.exists():
        with FolderLock(folder_of(data) / "key.lock").exclusive():
            if not path.exists():
                _make_key(path)
    key = _loaded(path, path.stat().st_mtime_ns)
    if _public(key) not in trusted_keys(data):
        _append(_keys_list(data), _public(key).encode())
    return key


def _make_key(path: Path) -> None:
    passphrase = _passphrase()
    protection: serialization.KeySerializationEncryption = (
        serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    )
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection
    )
    unfinished = path.with_suffix(".unfinished")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def _keys_list(data: Path) -> Path:
    return folder_of(data) / "public_keys.txt"


def trusted_keys(data: Path) -> list[str]:
    """The public keys, base64, whose heads this installation believes; old ones stay."""
    try:
        return _keys_list(data).read_text().split()
    except FileNotFoundError:
        return []


def sign(data: Path, statement: _S) -> _S:
    """The statement with our key and signature."""
    key = signing_key(data)
    named = msgspec.structs.replace(statement, key=_public(key))
    signature = base64.b64encode(key.sign(signed_bytes(named))).decode()
    return msgspec.structs.replace(named, signature=signature)


# --- the file of heads ----------------------------------------------------------------------------


def _append(path: Path, line: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "ab+") as file:
        # After a line that a crash cut off in the middle.
        if file.seek(0, os.SEEK_END) > 0 and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n":
            line = b"\n" + line
        file.write(line + b"\n")
        file.flush()
        os.fsync(file.fileno())


def read_statements(path: Path) -> list[Statement]:
    """Every head and recovery in a file: JSON lines as the server writes them, or any JSON document that
    holds some (a backup's manifest, a list). Raises ValueError when it holds none that can be read."""
    content = path.read_bytes()
    found = [decode_statement(line) for line in _whole_lines(content) if line.startswith(b'{"kind":')]
    return found or list(_within(msgspec.json.decode(content))) if content.strip() else []


def _whole_lines(content: bytes) -> Iterator[bytes]:
    """A last line that a crash cut off in the middle of writing says nothing."""
    for line in content.split(b"\n"):
        if line.endswith(b"}"):
            yield line.strip()


def _within(value: Any) -> Iterator[Statement]:
    if isinstance(value, dict):
        if "kind" in value and "signature" in value:
            yield msgspec.convert(value, Statement)
            return
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _within(one)


def last_statements(path: Path) -> tuple[AuditHead | None, int]:
    """The last head in the file of heads, and how many recoveries it knows of."""
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _TAIL))
            lines = [line for line in _whole_lines(file.read()) if line.startswith(b'{"kind":')]
    except FileNotFoundError:
        return None, 0
    statements = [decode_statement(line) for line in lines]
    heads = [one for one in statements if isinstance(one, AuditHead)]
    return heads[-1] if heads else None, max((one.generation for one in statements), default=0)


def head_shown(data: Path) -> tuple[AuditHead | None, str | None]:
    """The last head, and what is wrong with the file that should hold it: whoever asks how the audit stands
    is told that somebody wrote into it, rather than nothing at all."""
    try:
        return last_statements(heads_file(data))[0], None
    except (msgspec.DecodeError, ValueError, OSError):
        return None, "the file of heads outside the database cannot be read"


# --- anchoring ------------------------------------------------------------------------------------


def head_of(
    driver: psycopg.Connection[Any], data: Path, block: rules.Block | None = None
) -> AuditHead | None:
    """A signed head of the newest block that this connection sees; None while there is none."""
    newest = block or queries.newest_block(driver)
    if newest is None:
        return None
    generation = max((one.generation for one in queries.known_recoveries(driver)), default=0)
    return sign(
        data,
        AuditHead(
            number=newest.number,
            hash=newest.hash.hex(),
            signed_at=clock.now(),
            generation=generation,
            key="",
        ),
    )


def anchor(database: Database, data: Path) -> AuditHead | None:
    """Sign the newest block's head and write it down; what is written already is not written again.
    Raises HistoryBroken when the audit does not follow from the last head."""
    path = heads_file(data)
    with FolderLock(folder_of(data) / "heads.lock").exclusive(), database.reading() as connection:
        driver = connection.driver
        last, generation = last_statements(path)
        trusted = trusted_keys(data)
        for recovery in queries.known_recoveries(driver):
            if recovery.generation > generation and rules.is_signed(recovery, trusted):
                _append(path, msgspec.json.encode(recovery))
                generation = recovery.generation
                last = None if last is None or last.number > recovery.kept_number else last
        newest = queries.newest_block(driver)
        if newest is None and last is None:
            return None
        if last is not None:
            check_follows(driver, last, generation)
            if newest is not None and last.number == newest.number and last.generation == generation:
                return last
        head = head_of(driver, data, newest)
        if head is None:
            return None
        _append(path, msgspec.json.encode(head))
        connection.run(
            "INSERT INTO audit_head (number, body) VALUES (%(number)s, %(body)s::jsonb) "
            "ON CONFLICT DO NOTHING",
            number=head.number,
            body=msgspec.json.encode(head).decode(),
        )
        return head


def check_follows(driver: psycopg.Connection[Any], last: AuditHead, generation: int) -> None:
    """Raises HistoryBroken unless the block that `last` ends in is still the same."""
    known = max((one.generation for one in queries.known_recoveries(driver)), default=0)
    if known < generation:
        words = f"the database is of before restore {generation}, which is on record outside"
        raise HistoryBroken(rules.Finding(words))
    hashes = queries.hashes_of(driver, [last.number])
    if last.number not in hashes:
        words = f"it was anchored at {last.signed_at:%Y-%m-%d %H:%M} UTC and is gone; no restore is on record"
        raise HistoryBroken(rules.Finding(words, last.number))
    if hashes[last.number] != last.hash:
        words = f"it is not the one anchored at {last.signed_at:%Y-%m-%d %H:%M} UTC: history was rewritten"
        raise HistoryBroken(rules.Finding(words, last.number))


def recover(driver: psycopg.Connection[Any], data: Path, backup: str, known: Iterable[int] = ()) -> Recovery:
    """In a database restored from `backup`, not yet in place: sign what it has kept of the history that is
    anchored, and record it there. `known` are numbers of blocks that existed besides those anchored. The
    next `anchor` writes it down outside. The caller commits."""
    anchored: list[Statement] = []
    with contextlib.suppress(FileNotFoundError):
        anchored = read_statements(heads_file(data))
    heads = [one for one in anchored if isinstance(one, AuditHead)]
    newest = queries.newest_block(driver)
    kept = newest.number if newest is not None else 0
    hashes = queries.hashes_of(driver, [head.number for head in heads])
    # Of two restores one after the other the second may bring back other blocks of the same numbers.
    strangers = [h.number for h in heads if h.number in hashes and hashes[h.number] != h.hash]
    kept = min([kept, *(number - 1 for number in strangers)])
    kept_block = queries.find_block(driver, kept)
    generations = [one.generation for one in [*anchored, *queries.known_recoveries(driver)]]
    recovery = sign(
        data,
        Recovery(
            generation=max(generations, default=0) + 1,
            kept_number=kept,
            kept_hash="" if kept_block is None else kept_block.hash.hex(),
            lost_number=max([kept, *known, *(head.number for head in heads)]),
            backup=backup,
            signed_at=clock.now(),
            key="",
        ),
    )
    driver.execute(
        "INSERT INTO audit_recovery (generation, body) VALUES (%s, %s)",
        [recovery.generation, msgspec.json.encode(recovery).decode()],
    )
    return recovery
