"""The desk of whoever audits: what was changed, and who read. Today's alarms lead to their part of it."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from sims_desktop.audit.entries_part import EntriesPart
from sims_desktop.audit.presenter import AuditPresenter
from sims_desktop.audit.readers import ReadersPresenter
from sims_desktop.audit.readers_part import ReadersPart
from sims_desktop.kit.language import later
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.tabbed import TabbedPage

POWER, READERS, PAST_THE_SERVER = 1, 2, 3  # what an alarm of Today brings here


class AuditPage(TabbedPage):
    title = later("Audit")

    def __init__(
        self,
        around: Surroundings,
        entries: AuditPresenter,
        readers: ReadersPresenter,
        parent: QWidget | None = None,
    ) -> None:
        parts = EntriesPart(around, entries), ReadersPart(around, readers)
        super().__init__(around, "audit", parts, parent)
        self.changes, self.readers = parts

    def bring(self, id: int) -> None:
        if id == READERS:
            self.turn(1)
        elif id == POWER:
            self.turn(0)
            self.changes.show_alarms("power_alarm")
        elif id == PAST_THE_SERVER:
            self.turn(0)
            self.changes.show_past_the_server()
