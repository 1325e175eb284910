"""The real store under the simulator: `SheetStore` with the window into it that histories need."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path

import apsw

from sims_desktop.offline import upgrades
from sims_desktop.offline.outbox import read_fates
from sims_desktop.offline.store import SheetStore
from sims_shared.merge import Key
from sims_shared.sheet_copy import Fate

KEY = "5a" * 32
_numbers = itertools.count(1)


class StoredDevice(SheetStore):
    """A `SheetStore` in a folder of its own. Nobody waits for the disk here: these devices lose their
    process, never their power. That what was shown as saved survives a power cut is asked of the real
    store by `test_disk_faults.py`."""

    def __init__(self, folder: Path, path: Path | None = None) -> None:
        self.folder = folder
        if path is None:
            blank = folder / "blank.db"
            if not blank.exists():
                upgrades.prepare(blank, KEY)
            path = folder / f"device-{next(_numbers)}.db"
            shutil.copyfile(blank, path)
        super().__init__(path, KEY)

    @property
    def _db(self) -> apsw.Connection:
        is_new = getattr(self._local, "connection", None) is None
        connection = super()._db
        if is_new:
            connection.pragma("synchronous", "OFF")
        return connection

    def sections(self) -> list[int]:
        return self.held_sections()

    def fates(self, section_id: int) -> list[Fate]:
        return [fate for fate, _ in read_fates(self._db, section_id)]

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


def stored_devices(folder: Path) -> Callable[[str, Callable[[], str]], StoredDevice]:
    """Makes devices for a `History`. The store invents its own ids."""

    def make(client_id: str, new_id: Callable[[], str]) -> StoredDevice:
        return StoredDevice(folder)

    return make
