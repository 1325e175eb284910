"""The institutions whose seals this computer can judge without a network: pinned keys and status lists.

One key document and one signed list an institution, in the profile's folder `institutions`, as `sims
verify --data PROFILE` reads them too. The rule a newcomer would get wrong: published keys are never taken
away, so a key document that lacks or alters a pinned key is not an update but an attack or an accident,
and the pinned one stays. Demo keys are made anew with every demo and may be replaced.
"""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path

from sims_desktop.kit.language import phrase
from sims_shared.seal import (
    KeyDocument,
    KeysUnreadable,
    StatusList,
    StatusListUnreadable,
    Trust,
    read_key_document,
    read_status_list,
)

_UNSAFE = re.compile(r"[^A-Za-z0-9-]+")


class KeysChanged(Exception):
    """A key that was pinned is gone or another one now."""


class Institutions:
    """What is pinned in a folder. Safe to use from any thread: files are replaced whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self) -> tuple[Trust, list[StatusList]]:
        """What can be read; a file that cannot is passed over and proves nothing."""
        documents, lists = [], []
        for path in sorted(self._folder.glob("*.json")):
            try:
                documents.append(read_key_document(path.read_bytes()))
            except (KeysUnreadable, OSError):
                continue
        trust = Trust(documents)
        for path in sorted(self._folder.glob("*.cbor")):
            try:
                lists.append(read_status_list(path.read_bytes(), trust))
            except (StatusListUnreadable, OSError):
                continue
        return trust, lists

    def pin(self, data: bytes) -> KeyDocument:
        """Keep an institution's key document. Raises KeysUnreadable, KeysChanged."""
        document = read_key_document(data)
        before = next((one for one in self.read()[0].documents if one.issuer == document.issuer), None)
        if before is not None and not before.demo:
            now = {key.id: (key.purpose, key.public_key, key.certificates) for key in document.keys}
            for key in before.keys:
                if now.get(key.id) != (key.purpose, key.public_key, key.certificates):
                    raise KeysChanged(
                        phrase(
                            "{institution} shows other keys than before: {id} is missing or altered. "
                            "The pinned keys stay; ask the operator.",
                            institution=document.institution,
                            id=key.id,
                        )
                    )
        if document.keys:
            self._write(document.issuer, "json", data)
        return document

    def keep_list(self, data: bytes) -> StatusList:
        """Keep a status list of a pinned institution, unless a newer one is here. Raises
        StatusListUnreadable."""
        trust, lists = self.read()
        fresh = read_status_list(data, trust)
        older = [one for one in lists if one.issuer == fresh.issuer and one.listed_at > fresh.listed_at]
        if not older:
            self._write(fresh.issuer, "cbor", data)
        return fresh

    def _write(self, issuer: str, suffix: str, data: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{_UNSAFE.sub('-', issuer)}.{suffix}"
        # Two questions may be under way at once, each in a thread of this process.
        fresh = path.with_suffix(f".{suffix}.{os.getpid()}-{threading.get_ident()}.new")
        fresh.write_bytes(data)
        fresh.replace(path)
