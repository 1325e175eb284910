"""A disk that fails when told to, below the cipher: what SQLite believes to be synced is on it, and of what
was not yet synced any part may be missing or torn when the power goes.

`Disk` is a VFS of SQLite. The encryption lies above it, so it sees what a thief would see.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw

from sims_desktop.offline import upgrades
from sims_desktop.offline.store import SheetStore

SECTOR = 512
_names = itertools.count(1)


class PowerCut(apsw.IOError):
    """Nothing reaches the disk any more."""


@dataclass
class Unsynced:
    """One write, as it was before: what a power cut may bring back."""

    path: str
    offset: int
    before: bytes
    size_before: int
    data: bytes


@dataclass
class Disk:
    """`calls` counts writes, syncs, truncations and deletions. At call `fault_at` happens `fault`; `lasts`
    says for how many calls, None for ever."""

    random: random.Random
    calls: int = 0
    fault_at: int | None = None
    fault: type[apsw.Error] | None = None
    lasts: int | None = None
    is_dead: bool = False
    is_not_waited_for: bool = False  # a store that shows before the disk has it
    unsynced: list[Unsynced] = field(default_factory=list)
    # Every byte that ever went to the disk, temporary files too: what `strings` could ever find.
    written: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        self.name = f"disk{next(_names)}"
        self._vfs = _Vfs(self)

    def arm(self, at: int, fault: type[apsw.Error], lasts: int | None = 1) -> None:
        """`at` counts from now."""
        self.fault_at, self.fault, self.lasts = self.calls + at, fault, lasts

    def disarm(self) -> None:
        self.fault_at = self.fault = None

    def call(self, act: Callable[[], Any], torn: Callable[[], object] = lambda: None) -> Any:
        """One call that changes the disk, unless it fails. `torn` is what a power cut in its midst leaves."""
        self.calls += 1
        if self.is_dead:
            raise PowerCut("the power is off")
        if self.fault is None or self.fault_at is None or self.calls < self.fault_at:
            return act()
        if self.lasts is not None and self.calls >= self.fault_at + self.lasts:
            return act()
        if self.fault is PowerCut:
            torn()
            self.is_dead = True
        raise self.fault("told to fail")

    def cut_power(self, path: Path, rescued: Path) -> None:
        """What had not been synced is there, is not there, or is torn at a sector, write by write. The files
        as they then are go to `rescued`: the dead process still lives in this one, and holds its locks."""
        for write in reversed(self.unsynced):
            fate = self.random.random()
            if fate < 0.5 or not os.path.exists(write.path):
                continue
            with open(write.path, "rb+") as file:
                kept = 0
                if fate < 0.75:
                    kept = SECTOR * self.random.randrange(len(write.data) // SECTOR + 1)
                file.seek(write.offset + kept)
                file.write(write.before[kept:])
                if write.offset + len(write.data) > write.size_before and not kept:
                    file.truncate(max(write.size_before, write.offset))
        self.unsynced.clear()
        for ending in ("", "-wal", "-journal"):
            left = path.with_name(path.name + ending)
            if left.exists():
                shutil.copyfile(left, rescued.with_name(rescued.name + ending))
        self.is_dead = False
        self.disarm()

    def synced(self, path: str) -> None:
        self.unsynced = [write for write in self.unsynced if write.path != path]


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        self._disk = disk
        self._path = name.filename() if isinstance(name, apsw.URIFilename) else name
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        data = bytes(data)
        self._disk.written += data
        write = super().xWrite
        size = self.xFileSize()
        before = b""
        if offset < size:
            before = self.xRead(min(len(data), size - offset), offset)
        before = before.ljust(len(data), b"\0")
        self._disk.unsynced.append(Unsynced(self._path, offset, before, size, data))

        def half() -> None:
            cut = self._disk.random.randrange(len(data) + 1)
            if cut:
                write(data[:cut], offset)

        try:
            self._disk.call(lambda: write(data, offset), half)
        except apsw.Error:
            if not self._disk.is_dead:
                self._disk.unsynced.pop()
            raise

    def xSync(self, flags: int) -> None:
        self._disk.call(lambda: self._disk.synced(self._path))

    def xTruncate(self, newsize: int) -> None:
        truncate = super().xTruncate
        self._disk.call(lambda: truncate(newsize))


class _Vfs(apsw.VFS):
    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        super().__init__(disk.name, "")

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        return _File(self._disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        delete = super().xDelete

        def gone() -> None:
            delete(filename, syncdir)
            self._disk.synced(filename)

        self._disk.call(gone)


class _Connection(apsw.Connection):
    """Opened on the faulty disk. A VFS written in Python has no shared memory, so WAL runs in exclusive mode:
    the same pages in the same order, with one connection."""

    disk: Disk

    def __init__(self, path: str) -> None:
        super().__init__(path, vfs=f"multipleciphers-{self.disk.name}")

    def pragma(self, name: str, value: Any = None, *, schema: str | None = None) -> Any:
        if name == "journal_mode":
            super().pragma("locking_mode", "EXCLUSIVE")
        if name == "synchronous" and self.disk.is_not_waited_for:
            value = "OFF"
        return super().pragma(name) if value is None else super().pragma(name, value)


def open_on(disk: Disk, path: Path, key: str) -> SheetStore:
    """The product's own store, whose one connection goes over this disk."""

    class OnDisk(_Connection):
        pass

    OnDisk.disk = disk
    real = apsw.Connection
    store = SheetStore(path, key)
    try:
        upgrades.apsw.Connection = OnDisk  # type: ignore[attr-defined]
        assert store._db.filename  # opens this thread's connection
    finally:
        upgrades.apsw.Connection = real  # type: ignore[attr-defined]
    return store
