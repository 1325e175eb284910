"""The real store under the simulator: `SheetStore` with the window into it that histories need."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import apsw

from sims_desktop.offline import upgrades
from sims_desktop.offline.outbox import read_fates
from sims_desktop.offline.store import SheetStore
from sims_shared.merge import Key
from sims_shared.sheet_copy import Fate, Head, Inflight, SheetCopy

KEY = "5a" * 32
T = TypeVar("T")
_numbers = itertools.count(1)


class StoredDevice(SheetStore):
    """A `SheetStore` in a folder of its own. Nobody waits for the disk here: these devices lose their
    process, never their power. That what was shown as saved survives a power cut is asked of the real
    store by `test_disk_faults.py`.

    Nobody else writes the file, so what was read of it is read again only when a row has changed since:
    the invariants look at a device a hundred times for each thing that happens to it."""

    def __init__(self, folder: Path, path: Path | None = None) -> None:
        self.folder = folder
        if path is None:
            blank = folder / "blank.db"
            if not blank.exists():
                upgrades.prepare(blank, KEY)
            path = folder / f"device-{next(_numbers)}.db"
            shutil.copyfile(blank, path)
        super().__init__(path, KEY)
        self._found: dict[Any, Any] = {}
        self._found_at = -1  # rows that had ever been changed by then

    def _once(self, name: Any, read: Callable[[], T]) -> T:
        changed = self._db.total_changes()
        if changed != self._found_at:
            self._found.clear()
            self._found_at = changed
        if name not in self._found:
            self._found[name] = read()
        found: T = self._found[name]
        return found

    def head(self, section_id: int) -> Head | None:
        return self._once(("head", section_id), lambda: super(StoredDevice, self).head(section_id))

    def inflight(self, section_id: int) -> Inflight | None:
        return self._once(("inflight", section_id), lambda: super(StoredDevice, self).inflight(section_id))

    def held(self, section_id: int) -> SheetCopy:
        return self._once(("held", section_id), lambda: super(StoredDevice, self).held(section_id))

    def _connect(self) -> apsw.Connection:
        connection = super()._connect()
        connection.pragma("synchronous", "OFF")
        return connection

    def sections(self) -> list[int]:
        return self.held_sections()

    def fates(self, section_id: int) -> list[Fate]:
        return self._once(
            ("fates", section_id), lambda: [fate for fate, _ in read_fates(self._db, section_id)]
        )

    def lose_base_row(self, section_id: int, key: Key) -> None:
        self._db.execute(
            "DELETE FROM base WHERE section_id = ? AND enrollment_id = ? AND assessment_id = ?",
            (section_id, *key),
        )

    def twin(self) -> StoredDevice:
        """What a copied profile is: the same file under another name."""
        self._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        path = self.folder / f"device-{next(_numbers)}.db"
        shutil.copyfile(self.path, path)
        return StoredDevice(self.folder, path)

    def discard(self) -> None:
        """Closes it and removes its files, without tidying them up first."""
        for connection in self._connections._open:
            connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        self.close()
        for end in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + end).unlink(missing_ok=True)


def stored_devices(folder: Path) -> Callable[[str, Callable[[], str]], StoredDevice]:
    """Makes devices for a `History`. The store invents its own ids."""

    def make(client_id: str, new_id: Callable[[], str]) -> StoredDevice:
        return StoredDevice(folder)

    return make
