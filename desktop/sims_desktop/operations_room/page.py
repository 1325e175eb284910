"""The system on one page: health, backups, settings and keys under tabs, each for whoever may."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtWidgets import QWidget

from sims_desktop.client.operations_room import SystemCalls
from sims_desktop.kit.language import later
from sims_desktop.kit.page import Page, Surroundings
from sims_desktop.kit.tabbed import TabbedPage
from sims_desktop.operations_room.backups_page import BackupsPage
from sims_desktop.operations_room.health_page import HealthPage
from sims_desktop.operations_room.keys_page import KeysPage
from sims_desktop.operations_room.presenter import BackupsPresenter, HealthPresenter, KeysPresenter
from sims_desktop.operations_room.settings import SettingsPresenter
from sims_desktop.operations_room.settings_page import SettingsPage
from sims_shared.access import Permission


class SystemPage(TabbedPage):
    title = later("The system")

    def __init__(
        self,
        around: Surroundings,
        calls: SystemCalls,
        permissions: Collection[str],
        parent: QWidget | None = None,
    ) -> None:
        parts: list[Page] = [HealthPage(around, HealthPresenter(calls))]
        if Permission.MANAGE_BACKUPS in permissions:
            parts.append(BackupsPage(around, BackupsPresenter(calls)))
        self.settings: SettingsPage | None = None
        if Permission.MANAGE_SETTINGS in permissions:
            self.settings = SettingsPage(around, SettingsPresenter(calls))
            parts.append(self.settings)
        parts.append(KeysPage(around, KeysPresenter(calls)))
        super().__init__(around, "system", parts, parent)

    def show_setting(self, key: str) -> None:
        """The setting in its editor, as the palette asks for it."""
        if self.settings is not None:
            self.turn(self.parts.index(self.settings))
            self.settings.choose(key)
