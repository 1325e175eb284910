"""A person's place at this computer: profile folder, encrypted store, client and sync thread. Qt-free.

The rule a newcomer would get wrong: the profile belongs to a person at an institution, not to a network
address. A server on this very computer listens on another port after each start, and the marks typed
yesterday are still its marks.
"""

from __future__ import annotations

import hashlib
import re
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from sims_desktop.client.errors import ClientError, ProblemAnswer
from sims_desktop.client.http import Client
from sims_desktop.client.session import Session
from sims_desktop.client.sheets import SheetCalls
from sims_desktop.kit.language import phrase
from sims_desktop.offline.failures import NotKept
from sims_desktop.offline.keys import (
    KeyLost,
    PassphraseNeeded,
    WrongKey,
    WrongPassphrase,
    change_passphrase,
)
from sims_desktop.offline.store import FILE_NAME, SheetStore, open_store
from sims_desktop.offline.sync import Link, SyncStatus, SyncThread
from sims_desktop.offline.upgrades import StoreTooNew, StoreTooOld
from sims_desktop.shell.presenter import Identity, LocallyLocked
from sims_shared.access import SignInInvalid, User
from sims_shared.messages import PROTOCOL_MAX, PROTOCOL_MIN

IDENTITY = "identity"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
UNSAFE = re.compile(r"[^a-z0-9.-]+")
STOP_SECONDS = 2.0
ROUND_SECONDS = 15.0


class StoreUnusable(ClientError):
    """The marks on this computer cannot be opened; `str()` says why and what to do."""


class VersionsApart(ClientError):
    """Program and server do not understand each other."""


def institution_of(server: str) -> str:
    """What a profile folder is named by: the host, and the port unless it is this very computer's."""
    address = urlsplit(server)
    host = address.hostname or "unknown"
    if host in LOOPBACK or address.port is None:
        return host.replace(":", "-")
    return f"{host}-{address.port}"


def account_folder(profile: Path, server: str, username: str) -> Path:
    """Where one person's store lies. Two names that look alike as folders still differ by their hash."""
    name = username.casefold()
    told = hashlib.sha256(name.encode()).hexdigest()[:6]
    return profile / institution_of(server) / f"{UNSAFE.sub('-', name)}-{told}"


class Workplace:
    """What one signed-in person works with. `start` begins to sync; `close` leaves everything durable."""

    def __init__(self, identity: Identity, client: Client, store: SheetStore) -> None:
        self.identity = identity
        self.client = client
        self.store = store
        self.calls = SheetCalls(client)
        self._on_status: Callable[[SyncStatus], None] = lambda status: None
        self._is_closed = False
        self.sync = SyncThread(store, self.calls, lambda status: self._on_status(status))

    def start(self, on_status: Callable[[SyncStatus], None]) -> None:
        """`on_status` is called on the sync thread."""
        self._on_status = on_status
        self.sync.start()

    def catch_up(self) -> bool:
        """Waits for a whole round of syncing; whether the server was reached. Never on the window's
        thread."""
        return self.sync.sync_now(ROUND_SECONDS) and self.sync.status.link is Link.CONNECTED

    def submit_sheet(self, section_id: int, rev: int, acknowledge: list[str]) -> None:
        """Submits, and waits for the new state to arrive here. Never on the window's thread. Raises
        ProblemAnswer: `sheets.stale`, `sheets.devices_unsynced`."""
        self.calls.submit_sheet(section_id, rev, acknowledge)
        self.catch_up()

    def recall(self, name: str) -> str | None:
        return self.store.recall(name)

    def remember(self, name: str, value: str | None) -> None:
        """What a page keeps for the next start, encrypted. An answer that comes after the person has left is
        not kept, and a disk that is full costs nobody the page."""
        if not self._is_closed:
            with suppress(NotKept):
                self.store.remember(name, value)

    def close(self) -> None:
        """A request that hangs is not waited for: what was typed is durable, and its batch is sent again
        at the next start."""
        self._is_closed = True
        self._on_status = lambda status: None
        self.store.on_change = lambda section_id: None
        if self.sync.stop(STOP_SECONDS):
            self.store.close()
        self.client.close()


class ProfileDoor:
    """Signing in against a server, or against what this computer keeps. Called off the window's thread."""

    def __init__(self, profile: Path) -> None:
        self._profile = profile
        self.opened: Workplace | None = None

    def enter(self, server: str, username: str, password: str, otp: str) -> Identity:
        client = Client(server)
        try:
            hello = client.hello()
            if hello.protocol_min > PROTOCOL_MAX or hello.protocol_max < PROTOCOL_MIN:
                raise VersionsApart(
                    phrase(
                        "The server is of version {version}; update this program first.",
                        version=hello.version,
                    )
                )
            user = client.sign_in(username, password, otp or None, device=socket.gethostname())
            store = self._open(server, username, password)
        except BaseException:
            client.close()
            raise
        client.session.move_to(store)
        identity = _identity(user, server, is_demo=hello.demo)
        store.remember(IDENTITY, msgspec.json.encode(identity).decode())
        store.remember_passphrase(password)
        self.opened = Workplace(identity, client, store)
        return identity

    def enter_offline(self, server: str, username: str, password: str) -> Identity:
        if username not in self.known_users(server):
            raise StoreUnusable(
                phrase("{username} has not signed in on this computer before.", username=username)
            )
        try:
            store = self._open(server, username, password)
        except LocallyLocked:
            raise ProblemAnswer(401, SignInInvalid.code) from None
        kept = store.recall(IDENTITY)
        if kept is None or not store.passphrase_matches(password):
            store.close()
            raise ProblemAnswer(401, SignInInvalid.code)
        identity = msgspec.structs.replace(
            msgspec.json.decode(kept, type=Identity), server=server, is_offline=True
        )
        self.opened = Workplace(identity, Client(server, Session(store)), store)
        return identity

    def unlock(self, server: str, username: str, previous: str, password: str) -> None:
        """After a change of password: wraps the key of this computer's marks anew."""
        try:
            change_passphrase(account_folder(self._profile, server, username), previous, password)
        except WrongPassphrase:
            raise LocallyLocked(phrase("That is not the previous password.")) from None

    def keep_password(self, place: Workplace, previous: str, password: str) -> None:
        """The password was changed here: what this computer keeps opens with the new one, off line too."""
        self.unlock(place.identity.server, place.identity.username, previous, password)
        place.store.remember_passphrase(password)

    def known_users(self, server: str) -> Sequence[str]:
        """Who has a store on this computer for this server."""
        folder = self._profile / institution_of(server)
        return [
            name.read_text(encoding="utf-8")
            for name in sorted(folder.glob("*/username"))
            if (name.parent / FILE_NAME).exists()
        ]

    def _open(self, server: str, username: str, password: str) -> SheetStore:
        folder = account_folder(self._profile, server, username)
        account = (
            f"{username}@{institution_of(server)} {hashlib.sha256(str(folder).encode()).hexdigest()[:8]}"
        )
        try:
            store = open_store(folder, account, password)
        except WrongPassphrase:
            raise LocallyLocked(
                phrase("Your password has changed. Type the previous one too, once.")
            ) from None
        except StoreTooNew:
            raise StoreUnusable(
                phrase("A newer program wrote the marks on this computer; update this one.")
            ) from None
        except (PassphraseNeeded, KeyLost, WrongKey, StoreTooOld) as error:
            raise StoreUnusable(
                phrase(
                    "The marks on this computer cannot be opened: {error}. Ask the help desk.", error=error
                )
            ) from error
        (folder / "username").write_text(username, encoding="utf-8")
        return store


def _identity(user: User, server: str, *, is_demo: bool) -> Identity:
    return Identity(
        user_id=user.id,
        username=user.username,
        name=user.name,
        roles=tuple(user.roles),
        permissions=tuple(user.permissions),
        server=server,
        student_id=user.student_id,
        is_demo=is_demo,
    )
