"""The scans kept with a change request, read beside it: what they are, and copies of them. Qt-free.

The rule a newcomer would get wrong: a stranger's file is saved where the person says; this program never
opens it by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import plural, when
from sims_shared.cases import ChangeEvidenceView


class ScanCalls(Protocol):
    """Raises `ClientError`s only; called off the window's thread."""

    def change_evidence(self, change_id: int) -> list[ChangeEvidenceView]: ...

    def read_change_evidence(self, change_id: int, evidence_id: int) -> bytes: ...


@dataclass(slots=True)
class Scans:
    """Of one change request."""

    calls: ScanCalls
    change_id: int
    files: Sequence[ChangeEvidenceView] = ()

    def load(self) -> list[ChangeEvidenceView]:
        return self.calls.change_evidence(self.change_id)

    def words(self, now: datetime) -> str:
        lines = [
            phrase(
                "Filed with it: {name}, {size:,} KB, by {who}, {when}{note}",
                name=file.name,
                size=-(-file.size // 1024),
                who=file.filed_by.name,
                when=when(file.filed_at, now),
                note=f": {file.note}" if file.note else "",
            )
            for file in self.files
        ]
        if lines:
            lines.append(phrase("E saves a copy."))
        return "\n".join(lines)

    def save(self, folder: Path, names: Sequence[str]) -> str:
        """Copies of all, in the order of `files`, under these names. Raises OSError as well."""
        for file, name in zip(self.files, names, strict=True):
            (folder / name).write_bytes(self.calls.read_change_evidence(self.change_id, file.id))
        return phrase("Saved {files} in {folder}.", files=plural(len(names), "file"), folder=folder.name)

    @property
    def names(self) -> list[str]:
        """Each once: two scans may be called alike."""
        taken: list[str] = []
        for file in self.files:
            name, count = Path(file.name), 2
            while str(name) in taken:
                name = Path(file.name).with_stem(f"{Path(file.name).stem} {count}")
                count += 1
            taken.append(str(name))
        return taken
