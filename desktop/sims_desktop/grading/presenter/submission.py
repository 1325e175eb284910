"""Submitting a sheet: what is missing, what still waits, whose devices hold marks, and then one word.

The rule a newcomer would get wrong: missing marks do not forbid a submit (results without a mark need a
recorded reason later, at publish), but marks that the server has not got do: a submitted sheet refuses
them when they arrive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from sims_desktop.grading.presenter.grid import GridPresenter
from sims_desktop.grading.presenter.sheet import OPEN, Badge
from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import plural, when
from sims_shared.grading import DeviceView


@dataclass(frozen=True, slots=True)
class Device:
    """A computer of a colleague that reported marks it has not sent."""

    client_id: str
    name: str
    account: str
    last_seen: datetime | str | None
    pending: int
    conflicts: int = 0

    @classmethod
    def reported(cls, told: Mapping[str, Any]) -> Device:
        """From the facts of the refusal `sheets.devices_unsynced`."""
        account = told.get("account")
        return cls(
            client_id=str(told["client_id"]),
            name=str(told.get("name", "")),
            account=str(account.get("name", "")) if isinstance(account, Mapping) else str(account or ""),
            last_seen=told.get("last_seen"),
            pending=int(told.get("pending", 0)),
            conflicts=int(told.get("conflicts", 0)),
        )

    @classmethod
    def seen(cls, device: DeviceView) -> Device:
        """From the list of sheets."""
        return cls(
            client_id=device.client_id,
            name=device.name,
            account=device.account.name,
            last_seen=device.last_seen,
            pending=device.pending,
            conflicts=device.conflicts,
        )

    def in_words(self, now: datetime) -> str:
        marks = plural(self.pending, "mark")
        also = (
            phrase(" and {conflicts}", conflicts=plural(self.conflicts, "conflict")) if self.conflicts else ""
        )
        return phrase(
            "{account} on {name}: {marks} not sent{also}, last seen {when}",
            account=self.account,
            name=self.name,
            marks=marks,
            also=also,
            when=when(self.last_seen, now),
        )


class Stage(Enum):
    """Where a submit stands. It is asked for, checked with the server, and only then confirmed: what a
    person confirms is the sheet as the server has it."""

    CHECKING = "checking"
    AWAY = "away"
    READY = "ready"
    SUBMITTING = "submitting"


@dataclass(slots=True)
class Submission:
    """The panel's state. `obstacles` must be gone first; `missing` and `devices` are acknowledged."""

    grid: GridPresenter
    stage: Stage = Stage.CHECKING
    devices: list[Device] = field(default_factory=list)

    @property
    def obstacles(self) -> list[str]:
        if self.grid.sheet.state != OPEN:
            return [self.grid.state_words]
        found = []
        for badges, words in (
            ((Badge.INVALID,), phrase("not a mark (F7 shows the next)")),
            ((Badge.CONFLICT,), phrase("in conflict (Ctrl+J opens the tray)")),
            ((Badge.REFUSED,), phrase("refused by the server (F7 shows the next)")),
            ((Badge.WAITING, Badge.SENDING), phrase("waiting to be sent")),
        ):
            count = self.grid.counted(*badges)
            if count:
                found.append(f"{plural(count, 'cell')} {words}")
        return found

    @property
    def missing(self) -> list[str]:
        """`Final: 3 missing`, for each column that lacks marks; and what no cell shows any more."""
        heads = self.grid.columns
        lines = [
            phrase("{name}: {count:,} missing", name=heads[c].name, count=count)
            for c, count in self.grid.missing().items()
            if count
        ]
        gone = self.grid.sheet.refused_elsewhere
        if gone:
            lines.append(
                phrase(
                    "{marks} refused and kept here, of students or assessments no longer on the sheet: "
                    "Ctrl+R",
                    marks=plural(gone, "mark"),
                )
            )
        return lines

    def devices_reported(self, devices: Sequence[Device]) -> None:
        """The server named devices that still hold marks; the next Ctrl+Enter acknowledges them."""
        self.devices = list(devices)

    @property
    def may_submit(self) -> bool:
        return self.stage is Stage.READY and not self.obstacles

    def question(self) -> str:
        if self.stage is Stage.CHECKING:
            return phrase("Checking with the server …")
        if self.stage is Stage.AWAY:
            return phrase("The server cannot be reached. Your marks are safe here; Ctrl+Enter tries again.")
        if self.stage is Stage.SUBMITTING:
            return phrase("Submitting …")
        if self.obstacles:
            return phrase("Not yet: ") + "; ".join(self.obstacles) + "."
        if self.devices:
            return phrase("Ctrl+Enter submits without the marks on these computers; they are refused later.")
        blank = sum(self.grid.missing().values())
        what = phrase("with {marks} missing", marks=plural(blank, "mark")) if blank else phrase("complete")
        return phrase(
            "Ctrl+Enter submits revision {rev:,}, {what}, to the head of department.",
            rev=self.grid.sheet.rev,
            what=what,
        )
