"""Password hashes and tokens. Secrets live in files of the data folder (0600) or the environment.

Hashing costs 46 MiB and tens of milliseconds, so it stands behind a small semaphore with a bounded
queue: a flood of sign-ins waits and is then told to come back, and everybody else keeps working.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
from datetime import timedelta
from pathlib import Path

import jwt
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from sims_server.kernel import clock
from sims_shared.problems import Kind, Refusal

ACCESS_LIFETIME = timedelta(minutes=15)
REFRESH_LIFETIME = timedelta(days=60)
TOKENS_KEPT = 20_000
_hasher = PasswordHasher(time_cost=1, memory_cost=47104, parallelism=1)
_at_once = threading.BoundedSemaphore(2)
_queue = threading.BoundedSemaphore(24)
_NOBODY = (
    "$argon2id$v=19$m=47104,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$Zm9yYSB1c2VyIHdobyBkb2VzIG5vdCBleGlzdCBhdCBhbGw"
)


class SignInBusy(Refusal):
    code = "auth.busy"
    title = "Many people are signing in; try again in a moment"
    kind = Kind.UNAVAILABLE


def hash_password(password: str) -> str:
    """argon2id, salted."""
    if not _queue.acquire(blocking=False):
        raise SignInBusy(retry_after=2)
    try:
        with _at_once:
            return _hasher.hash(password)
    finally:
        _queue.release()


def is_password(stored: str | None, password: str) -> bool:
    """Whether it matches; takes as long for nobody as for somebody."""
    if not _queue.acquire(blocking=False):
        raise SignInBusy(retry_after=2)
    try:
        with _at_once:
            return _hasher.verify(stored or _NOBODY, password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False
    finally:
        _queue.release()


def new_refresh_token() -> str:
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def read_or_make_secret(data: Path) -> bytes:
    """The key that signs access tokens: from SIMS_SECRET_KEY, else a file only the server can read."""
    from_environment = os.environ.get("SIMS_SECRET_KEY")
    if from_environment:
        return hashlib.sha256(from_environment.encode()).digest()
    path = data / "secret.key"
    try:
        return path.read_bytes()
    except FileNotFoundError:
        data.mkdir(parents=True, exist_ok=True)
        key = secrets.token_bytes(32)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_bytes()
        with os.fdopen(descriptor, "wb") as file:
            file.write(key)
        return key


class AccessTokens:
    """Makes and reads access tokens. A token names subject and session and carries no power."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        # The same bytes were verified before; checking the signature again is a quarter of a bare list
        # page. The session behind it is read on each request all the same.
        self._verified: dict[str, tuple[str, float]] = {}

    def make(self, account_id: int, session_id: str) -> str:
        expires = clock.now() + ACCESS_LIFETIME
        return jwt.encode(
            {"sub": str(account_id), "sid": session_id, "exp": expires}, self._secret, algorithm="HS256"
        )

    def read(self, header: str) -> str | None:
        """The session id in an Authorization header, or None when it is missing, bad or expired."""
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            return None
        known = self._verified.get(token)
        if known is None:
            known = self._verify(token.strip())
            if known is None:
                return None
            if len(self._verified) >= TOKENS_KEPT:
                self._verified.clear()
            self._verified[token] = known
        session, expires = known
        return session if expires > clock.now().timestamp() else None

    def _verify(self, token: str) -> tuple[str, float] | None:
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=["HS256"],
                options={"verify_exp": False, "require": ["exp", "sid"]},
            )
            expires = float(claims["exp"])
        except (jwt.PyJWTError, TypeError, ValueError):
            return None
        session = claims["sid"]
        return (session, expires) if isinstance(session, str) and len(session) == 36 else None
