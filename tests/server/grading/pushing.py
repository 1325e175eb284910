"""What the sync tests push with: a device of one person, and a desk with its scene."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.support.api import Client, Reply

CLIENT = "11111111-1111-4111-8111-11111111111{}"


@dataclass
class Device:
    """A device that pushes batches for one section. `mid` counts what it sealed."""

    client: Client
    section: int
    client_id: str = CLIENT.format(1)
    mid: int = 0
    edits: int = 0
    sealed: dict[int, dict[str, Any]] = field(default_factory=dict)

    def op(
        self, enrollment: int, assessment: int, base_ver: int, mark: Any, score: Any = None
    ) -> dict[str, Any]:
        self.edits += 1
        return {
            "edit_id": f"edit-{self.edits}",
            "enrollment_id": enrollment,
            "assessment_id": assessment,
            "base_ver": base_ver,
            "mark": mark,
            "score": score,
        }

    def seal(self, *ops: dict[str, Any], mid: int | None = None) -> dict[str, Any]:
        self.mid = self.mid + 1 if mid is None else mid
        batch = {"client_id": self.client_id, "mid": self.mid, "protocol": 1, "ops": list(ops)}
        self.sealed[self.mid] = batch
        return batch

    def send(self, batch: dict[str, Any]) -> Reply:
        return self.client.post(f"/api/sheets/{self.section}/sync/", batch)

    def push(self, *ops: dict[str, Any]) -> Reply:
        return self.send(self.seal(*ops))

    def write(
        self, enrollment: int, assessment: int, base_ver: int, mark: Any, score: Any = None
    ) -> dict[str, Any]:
        """One edit in a batch of its own; its outcome."""
        answer = self.push(self.op(enrollment, assessment, base_ver, mark, score))
        assert answer.status == 200, answer.content
        outcome: dict[str, Any] = answer.json["outcomes"][0]
        return outcome
