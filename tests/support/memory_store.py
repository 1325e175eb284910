"""A device's store over dictionaries, for histories by the thousand. `SheetStore` is the real one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Protocol, TypeVar

from sims_desktop.offline.exchange import Decide, DeviceStore, Heartbeat, Scope
from sims_shared.grading import SheetChanges, SheetView
from sims_shared.merge import Key
from sims_shared.sheet_copy import AckedOp, Changes, Fate, Head, Inflight, SheetCopy

K = TypeVar("K")
V = TypeVar("V")


class SimulatedStore(DeviceStore, Protocol):
    """A store as the simulator needs it: what the exchange uses, and a window into it."""

    def sections(self) -> list[int]: ...

    def fates(self, section_id: int) -> list[Fate]: ...

    def incidents(self) -> list[str]: ...

    def lose_base_row(self, section_id: int, key: Key) -> None: ...

    def twin(self) -> SimulatedStore: ...


class MemoryStore:
    """Dictionaries in place of SQLite. Each `change` is durable when it returns."""

    def __init__(self, client_id: str, new_id: Callable[[], str]) -> None:
        self._client_id = client_id
        self._new_id = new_id
        self.copies: dict[int, SheetCopy] = {}
        self.log: dict[int, list[Fate]] = {}
        self.acked: dict[int, dict[str, AckedOp]] = {}  # by edit, in the order they came
        self.found: list[str] = []

    def client_id(self) -> str:
        return self._client_id

    def renew_client_id(self) -> str:
        self._client_id = self._new_id()
        return self._client_id

    def sections(self) -> list[int]:
        return list(self.copies)

    def head(self, section_id: int) -> Head | None:
        copy = self.copies.get(section_id)
        return copy.head if copy else None

    def inflight(self, section_id: int) -> Inflight | None:
        copy = self.copies.get(section_id)
        return copy.inflight if copy else None

    def heartbeat(self, section_id: int) -> Heartbeat:
        copy = self.copies[section_id]
        return Heartbeat(copy.head.client_id, len(copy.dirty), len(copy.conflict))

    def remembered(self, section_id: int) -> list[AckedOp]:
        return list(self.acked.get(section_id, {}).values())

    def held(self, section_id: int) -> SheetCopy:
        return self.copies[section_id]

    def fates(self, section_id: int) -> list[Fate]:
        return self.log.get(section_id, [])

    def incidents(self) -> list[str]:
        return self.found

    def record_incident(self, section_id: int, what: str) -> None:
        self.found.append(what)

    def change(
        self,
        section_id: int,
        scope: Scope | Collection[Key],
        decide: Decide,
        details: SheetView | SheetChanges | None = None,
    ) -> Changes | None:
        copy = self.copies.get(section_id) or SheetCopy(section_id, Head(self._client_id))
        changes = decide(copy)
        if changes is not None:
            self.copies[section_id] = written(copy, changes)
            self.log.setdefault(section_id, []).extend(changes.fates)
            acked = self.acked.setdefault(section_id, {})
            for op in changes.acked:
                acked.pop(op.edit_id, None)
                acked[op.edit_id] = op
        return changes

    def purge(self, section_id: int) -> bool:
        copy = self.copies[section_id]
        judged = all(refused.code.startswith("sync.") for refused in copy.refused.values())
        if copy.dirty or copy.inflight is not None or not judged:
            return False
        unfinished = [c.mine for c in copy.conflict.values()] + [r.mine for r in copy.refused.values()]
        self.log[section_id].extend(
            Fate((0, 0), mine.edit_id, "purged", mine.mark, mine.score) for mine in unfinished
        )
        del self.copies[section_id]
        self.acked.pop(section_id, None)
        return True

    def lose_base_row(self, section_id: int, key: Key) -> None:
        copy = self.copies[section_id]
        self.copies[section_id] = replace(copy, base={k: c for k, c in copy.base.items() if k != key})

    def twin(self) -> MemoryStore:
        twin = MemoryStore(self._client_id, self._new_id)
        twin.copies = dict(self.copies)
        twin.log = {section: list(fates) for section, fates in self.log.items()}
        twin.acked = {section: dict(acked) for section, acked in self.acked.items()}
        return twin


def written(copy: SheetCopy, changes: Changes) -> SheetCopy:
    """The copy after the changes, as a new object: copies are shared with twins and snapshots."""
    inflight = None if changes.landed else copy.inflight
    return SheetCopy(
        section_id=copy.section_id,
        head=changes.head or copy.head,
        roster=_after(copy.roster, changes.roster),
        base=_after(copy.base, changes.base),
        dirty=_after(copy.dirty, changes.dirty),
        inflight=changes.sealed or inflight,
        conflict=_after(copy.conflict, changes.conflict),
        refused=_after(copy.refused, changes.refused),
    )


def _after(old: Mapping[K, V], new: Mapping[K, V | None]) -> Mapping[K, V]:
    if not new:
        return old
    result = dict(old)
    for key, value in new.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = value
    return result
