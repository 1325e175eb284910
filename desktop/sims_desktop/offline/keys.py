"""The key of the local store: in the system's keyring, else wrapped by the person's passphrase.

The rule a newcomer would get wrong: there is no third way. A key in a file beside the database is no
key, so without a keyring and without a passphrase no store is opened.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from pathlib import Path

WRAPPED = "key.wrapped"
SERVICE = "sims-desktop"
_SCRYPT_COST = 2**15  # 32 MiB and about a tenth of a second
_MEMORY = 128 * 8 * _SCRYPT_COST * 2


class WrongKey(Exception):
    """The store exists and this key does not open it."""


class PassphraseNeeded(Exception):
    """There is no keyring on this computer, so the person's passphrase has to unlock the store."""


class WrongPassphrase(Exception):
    """The wrapped key does not open with this passphrase."""


class KeyLost(Exception):
    """A store is here, its key is not: neither keyring nor wrapped file has it."""


def obtain_key(folder: Path, account: str, passphrase: str | None, *, store_exists: bool) -> str:
    """The store's key, 64 hex digits; a new one when there is no store yet.

    Args:
        folder: the profile's folder, private to the person.
        account: names the entry in the keyring; unique among the profiles of this computer.
        passphrase: only used where the key is, or has to be, wrapped.
        store_exists: whether a new key would be too late.

    Raises:
        PassphraseNeeded, WrongPassphrase, KeyLost.
    """
    wrapped = folder / WRAPPED
    if wrapped.exists():
        if passphrase is None:
            raise PassphraseNeeded
        return _unwrap(wrapped.read_bytes(), passphrase)
    kept = _from_keyring(account)
    if kept is not None:
        return kept
    if store_exists:
        raise KeyLost(f"the key of {account} is no longer in the keyring")
    key = secrets.token_hex(32)
    if not _into_keyring(account, key):
        if passphrase is None:
            raise PassphraseNeeded
        _write_wrapped(wrapped, _wrap(key, passphrase))
    return key


def change_passphrase(folder: Path, old: str, new: str) -> None:
    """Wraps the key anew. Nothing to do where the keyring holds it. Raises WrongPassphrase."""
    wrapped = folder / WRAPPED
    if wrapped.exists():
        _write_wrapped(wrapped, _wrap(_unwrap(wrapped.read_bytes(), old), new))


def passphrase_hash(passphrase: str) -> str:
    """For signing in off line; kept inside the encrypted store, never beside it."""
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}${_derived(passphrase, salt).hex()}"


def passphrase_matches(passphrase: str, hashed: str) -> bool:
    salt, _, expected = hashed.partition("$")
    return hmac.compare_digest(_derived(passphrase, bytes.fromhex(salt)).hex(), expected)


def _derived(passphrase: str, salt: bytes) -> bytes:
    return hashlib.scrypt(passphrase.encode(), salt=salt, n=_SCRYPT_COST, r=8, p=1, maxmem=_MEMORY, dklen=32)


def _wrap(key: str, passphrase: str) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    sealed = ChaCha20Poly1305(_derived(passphrase, salt)).encrypt(nonce, bytes.fromhex(key), b"sims key 1")
    return json.dumps(
        {"version": 1, "salt": salt.hex(), "nonce": nonce.hex(), "sealed": sealed.hex()}
    ).encode()


def _unwrap(wrapped: bytes, passphrase: str) -> str:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    parts = json.loads(wrapped)
    cipher = ChaCha20Poly1305(_derived(passphrase, bytes.fromhex(parts["salt"])))
    try:
        key = cipher.decrypt(bytes.fromhex(parts["nonce"]), bytes.fromhex(parts["sealed"]), b"sims key 1")
    except InvalidTag:
        raise WrongPassphrase from None
    return key.hex()


def _write_wrapped(path: Path, wrapped: bytes) -> None:
    """Replaced in one step: half a wrapped key would lock the marks away for good."""
    partial = path.with_name(f"{path.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(wrapped)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _from_keyring(account: str) -> str | None:
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(SERVICE, account)
    except KeyringError:
        return None


def _into_keyring(account: str, key: str) -> bool:
    """Whether the keyring took it and gives it back; some accept anything and keep nothing."""
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(SERVICE, account, key)
        return keyring.get_password(SERVICE, account) == key
    except KeyringError:
        return False
