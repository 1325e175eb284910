"""The administrator's desk of accounts and roles, under two tabs."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from sims_desktop.accounts.accounts_part import AccountsPart
from sims_desktop.accounts.presenter import AccountsPresenter
from sims_desktop.accounts.roles import RolesPresenter
from sims_desktop.accounts.roles_part import RolesPart
from sims_desktop.kit.language import later
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.tabbed import TabbedPage


class AccountsPage(TabbedPage):
    title = later("Accounts and roles")

    def __init__(
        self,
        around: Surroundings,
        accounts: AccountsPresenter,
        roles: RolesPresenter,
        parent: QWidget | None = None,
    ) -> None:
        parts = AccountsPart(around, accounts), RolesPart(around, roles)
        super().__init__(around, "accounts", parts, parent)
        self.accounts, self.roles = parts
