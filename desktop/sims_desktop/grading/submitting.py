"""Submitting from the grade page: checked with the server first, then confirmed as the server has it.

The rule a newcomer would get wrong: what a person confirms is not what this window shows but what the
server holds, and whose computers still hold marks. So the first Ctrl+Enter only asks; the second submits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sims_desktop.client.errors import ClientError, ProblemAnswer
from sims_desktop.grading.panels import SubmitPanel
from sims_desktop.grading.presenter.sheet import Sheet
from sims_desktop.grading.presenter.submission import Device, Stage, Submission
from sims_desktop.kit.language import phrase
from sims_desktop.kit.tasks import Progress
from sims_shared.grading import DevicesUnsynced, SheetStale

if TYPE_CHECKING:
    from sims_desktop.grading.page import GridPage


class Submitting:
    """`state` is what the panel shows."""

    def __init__(self, page: GridPage) -> None:
        self._page = page
        self.state = Submission(page.grid)

    def submit(self) -> None:
        """The first Ctrl+Enter checks with the server and shows what is missing, the second submits."""
        page = self._page
        page.view.finish_typing()
        panel = page.panel
        if panel is not None and panel.confirm():
            return
        if not isinstance(panel, SubmitPanel):
            panel = SubmitPanel(page.around.now, self.submit, page)
            page.open_panel(panel)
            panel.begin(returned=bool(page.grid.sheet.returned_because))
            self._check(panel)
        elif self.state.stage is Stage.AWAY or (self.state.stage is Stage.READY and self.state.obstacles):
            self._check(panel)
        elif self.state.may_submit:
            self._send(panel)

    def show(self) -> None:
        """After the sheet changed."""
        if isinstance(self._page.panel, SubmitPanel):
            self._page.panel.show_submission(self.state)

    def _check(self, panel: SubmitPanel) -> None:
        page, office = self._page, self._page.office
        self.state.stage = Stage.CHECKING
        self.state.devices_reported([])
        panel.complaint.say("")
        panel.show_submission(self.state)
        since = page.grid.moment

        def work(progress: Progress) -> tuple[bool, Sheet, list[Device]]:
            reached = office.catch_up()
            waiting = office.waiting_devices(page.section_id) if reached else []
            return reached, page.grid.shelf.read_sheet(page.section_id), list(map(Device.seen, waiting))

        def checked(answer: tuple[bool, Sheet, list[Device]]) -> None:
            reached, fresh, devices = answer
            self.state.stage = Stage.READY if reached else Stage.AWAY
            self.state.devices_reported(devices)
            page.show_sheet(fresh, since)

        page.around.tasks.run(work, checked, page.gone, title="Checking the sheet", owner=page)

    def _send(self, panel: SubmitPanel) -> None:
        page, office = self._page, self._page.office
        self.state.stage = Stage.SUBMITTING
        panel.complaint.say("")
        panel.show_submission(self.state)
        rev = page.grid.sheet.rev
        acknowledge = [device.client_id for device in self.state.devices]
        note = panel.note.text().strip()

        def work(progress: Progress) -> None:
            office.submit_sheet(page.section_id, rev, acknowledge, note)

        page.around.tasks.run(
            work, lambda _: self._sent(), self._refused, title="Submitting the sheet", owner=page
        )

    def _sent(self) -> None:
        self._page.close_panel()
        self._page.refresh()
        self._page.note.say(phrase("Submitted. It waits for the head of department."))

    def _refused(self, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        self.state.stage = Stage.READY
        panel = self._page.panel if isinstance(self._page.panel, SubmitPanel) else None
        if isinstance(error, ProblemAnswer) and error.code == DevicesUnsynced.code:
            told = error.facts.get("devices", [])
            self.state.devices_reported([Device.reported(device) for device in told])
        elif panel is None:
            self._page.note.say(str(error))
        elif isinstance(error, ProblemAnswer) and error.code == SheetStale.code:
            self._check(panel)
            panel.complaint.say(
                phrase("A colleague has just changed the sheet. Look again before you submit.")
            )
        else:
            panel.complaint.say(str(error))
        self.show()
