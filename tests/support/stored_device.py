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
    """A `SheetStore` in a folder of its own."""

    def __init__(self, folder: Path, path: Path | None = None) -> None:
        self.folder = folder
        path = path or folder / f"device-{next(_numbers)}.db"
        upgrades.prepare(path, KEY)
        super().__init__(path, KEY)

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
