"""The tokens of whoever is signed in, kept across restarts and shared by every thread.

The rule a newcomer would get wrong: a refresh token is used once. Two threads that both refreshed would
look like a thief and end the session, so one of them refreshes and the others take what it got; and the
new pair is written down before it is used, for the old one is worth nothing afterwards.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from sims_shared.access import Tokens, User

REFRESH = "refresh_token"
USER = "user"
# Refreshed this many seconds before the access token ends, so that slow requests do not arrive late.
MARGIN = 30.0


class Keeper(Protocol):
    """Where tokens survive a restart: the person's encrypted store."""

    def recall(self, name: str) -> str | None: ...

    def remember(self, name: str, value: str | None) -> None: ...


class ForgetfulKeeper:
    """Keeps for as long as the program runs: for a first sign-in, before there is a store."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    def recall(self, name: str) -> str | None:
        return self._kept.get(name)

    def remember(self, name: str, value: str | None) -> None:
        if value is None:
            self._kept.pop(name, None)
        else:
            self._kept[name] = value


class Session:
    """Who is signed in. `exchange` turns a refresh token into a new pair; it raises what the HTTP client
    raises."""

    def __init__(self, keeper: Keeper, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._keeper = keeper
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._access: str | None = None
        self._ends = 0.0
        self.user: User | None = None

    @property
    def signed_in(self) -> bool:
        """Whether there is something to sign in with: perhaps only a token that the server no longer
        takes."""
        return self._access is not None or self._keeper.recall(REFRESH) is not None

    def take(self, tokens: Tokens) -> None:
        with self._lock:
            self._take(tokens)

    def _take(self, tokens: Tokens) -> None:
        self._keeper.remember(REFRESH, tokens.refresh)
        self._access = tokens.access
        self._ends = self._monotonic() + tokens.expires_in
        self.user = tokens.user

    def move_to(self, keeper: Keeper) -> None:
        """From now on tokens are kept there: the store that signing in has opened."""
        with self._lock:
            keeper.remember(REFRESH, self._keeper.recall(REFRESH))
            self._keeper = keeper

    def forget(self) -> None:
        with self._lock:
            self._keeper.remember(REFRESH, None)
            self._access, self.user = None, None

    def access_token(self, exchange: Callable[[str], Tokens], *, refused: str | None = None) -> str | None:
        """A token for the next request, refreshed when it is about to end or is the one that the server
        has just `refused`. None when nobody is signed in."""
        with self._lock:
            fresh = self._access is not None and self._monotonic() < self._ends - MARGIN
            if fresh and self._access != refused:
                return self._access
            refresh = self._keeper.recall(REFRESH)
            if refresh is None:
                return None
            self._take(exchange(refresh))
            return self._access
