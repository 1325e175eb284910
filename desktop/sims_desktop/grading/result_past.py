"""Shift+F4: two versions of the result of the student under the cursor, below the grid.

F4 compares the sheet, this one student's result: what was declared, what was changed later, by whom and why.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from sims_desktop.client.errors import ClientError
from sims_desktop.grading.panels import Panel
from sims_desktop.kit.language import phrase
from sims_desktop.results.versions.card import VersionsCard
from sims_desktop.results.versions.presenter import VersionsPresenter
from sims_shared.result_versions import ResultVersions

if TYPE_CHECKING:
    from sims_desktop.grading.page import GridPage


class ResultPastPanel(Panel):
    is_wide = True
    share = 0.5

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__("result_past", phrase("Two versions of the result of {name}", name=name), parent)
        self.card = VersionsCard(self)
        self.body.addWidget(self.card, 1)
        self.setFocusProxy(self.card.list)


class ResultPastDesk:
    """The result's past, for the panel of Shift+F4 and for the card of a correction."""

    def __init__(self, page: GridPage) -> None:
        self._page = page

    def toggle(self) -> None:
        page, at = self._page, self._page.view.here()
        if isinstance(page.panel, ResultPastPanel):
            page.close_panel()
            return
        if at is None or at[0] >= page.grid.row_count:
            return
        page.view.finish_typing()
        row = page.grid.row(at[0])
        panel = ResultPastPanel(row.name, page)
        page.open_panel(panel)
        panel.card.list.setFocus()

        def done(presenter: VersionsPresenter | None) -> None:
            if page.panel is not panel:
                return
            if presenter is None:
                panel.card.failed(
                    phrase(
                        "{name} has no result yet: it comes when the head approves the sheet.", name=row.name
                    )
                )
            else:
                panel.heading.setText(presenter.heading)
                panel.card.show_versions(presenter)

        self.read(
            row.enrollment_id,
            panel,
            done,
            lambda why: panel.card.failed(
                phrase("{why}. Versions are compared on line.", why=why.rstrip("."))
            ),
        )

    def read(
        self,
        enrollment_id: int,
        owner: QWidget,
        done: Callable[[VersionsPresenter | None], None],
        refused: Callable[[str], None] = lambda why: None,
    ) -> None:
        """`done` with None where the student has no result."""
        page, office = self._page, self._page.office

        def work(progress: object) -> ResultVersions | None:
            found = [
                one for one in office.read_results(page.section_id) if one.enrollment_id == enrollment_id
            ]
            return office.read_result_versions(found[0].id) if found else None

        def told(known: ResultVersions | None) -> None:
            done(None if known is None else VersionsPresenter(known, page.around.now()))

        def failed(error: Exception) -> None:
            if not isinstance(error, ClientError):
                raise error
            refused(str(error))

        page.around.tasks.run(work, told, failed, owner=owner)
