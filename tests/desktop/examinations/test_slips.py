"""Slips at the eligibility desk and on a student's page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from sims_desktop.client.eligibility import EligibilityCalls
from sims_desktop.client.examinations import SlipCalls
from sims_desktop.client.http import Client
from sims_desktop.eligibility.page import EligibilityPage
from sims_desktop.eligibility.presenter import EligibilityPresenter
from sims_desktop.eligibility.slips import SlipPrinter
from sims_desktop.kit.tasks import Cancelled, Progress
from sims_desktop.students.page import StudentPage
from sims_server.kernel.jobs import run_job
from tests.desktop.approvals.program import WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look
from tests.server.examinations.conftest import paper, room
from tests.support.api import Api
from tests.support.signed_in import SignIn

WATCH = Progress(lambda done, total, words: None)


@dataclass
class WorkedOff(SlipCalls):
    """The desk's own calls, with a worker that takes the job up as soon as it is asked for."""

    api: Api

    def __init__(self, client: Client, api: Api, *, works: bool = True) -> None:
        super().__init__(client)
        self.api, self.works = api, works

    def print_slips(
        self, term_id: int, section_id: int | None, student_ids: list[int] | None, key: str
    ) -> int:
        job_id = super().print_slips(term_id, section_id, student_ids, key)
        if self.works:
            run_job(self.api.database, self.api.data, job_id)
        return job_id


def desk(api: Api, sign_in: SignIn, scene: dict[str, Any], *, works: bool = True) -> EligibilityPresenter:
    client, user = sign_in("examcell")
    slips = SlipPrinter(WorkedOff(client, api, works=works))
    presenter = EligibilityPresenter(
        EligibilityCalls(client), user.permissions, lambda: datetime.now(UTC), slips
    )
    presenter.take(presenter.load())
    section = next(one for one in presenter.sections if one.id == scene["section"])
    presenter.take_shown(presenter.read(section))
    return presenter


def test_slips_are_of_the_marked_or_of_all_whom_the_list_admits(
    api: Api, scene: dict[str, Any], sign_in: SignIn
) -> None:
    paper(api, scene["section"], 20, "09:00", [{"room_id": room(api, "Hall A", 100)}])
    cell = desk(api, sign_in, scene)
    assert cell.slips_question.startswith("Make the slips of 2 students, ")
    made = cell.make_slips(WATCH)
    assert (made.sentence, made.lines) == ("2 slips made.", [])
    assert cell.read_slips(made.job_id).startswith(b"%PDF")
    barred = next(line for line in cell.lines if line.is_barred)
    cell.toggle(barred)
    made = cell.make_slips(WATCH)
    assert made.sentence == "0 slips made. 1 student got none."
    assert made.lines == ["Student Number 3 \u20662024-CS-0003\u2069: Barred by the notified list: CS-101 A."]
    second = next(one for one in cell.sections if one.id == scene["second"])
    cell.take_shown(cell.read(second))
    assert cell.why_not_slips() == "No list is notified yet; N notifies one, and slips are made from it."


def test_a_job_that_the_person_stopped_is_stopped_on_the_server(
    api: Api, scene: dict[str, Any], sign_in: SignIn
) -> None:
    cell = desk(api, sign_in, scene, works=False)
    watch = Progress(lambda done, total, words: None)
    watch._stop.set()
    with pytest.raises(Cancelled):
        cell.make_slips(watch)
    (job,) = api.as_("examcell").get("/api/jobs/?kind=examinations.slips").json["results"]
    assert job["status"] == "cancelled"


def test_s_makes_the_slips_by_keys_and_x_shows_a_student_the_own_one(
    qtbot: QtBot, program: Program, api: Api, scene: dict[str, Any], tmp_path: Any
) -> None:
    paper(api, scene["section"], 20, "09:00", [{"room_id": room(api, "Hall A", 100)}])
    window = program.enter("examcell")
    window.activateWindow()
    page = window.open("eligibility")
    assert isinstance(page, EligibilityPage)
    qtbot.waitUntil(lambda: page.presenter.shown is not None and page._reading is None, timeout=WAIT)
    page.list.setFocus()
    press("S")
    assert "Make the slips of 2 students" in page.asking.question.text()
    press("S")

    def asked() -> list[dict[str, Any]]:
        found = api.as_("examcell").get("/api/jobs/?kind=examinations.slips&status=queued").json["results"]
        return list(found)

    qtbot.waitUntil(lambda: bool(asked()), timeout=WAIT)
    run_job(api.database, api.data, asked()[0]["id"])
    qtbot.waitUntil(lambda: page.slips.preview.page_count == 2, timeout=WAIT)
    look(window, "eligibility_slips")
    assert page.note.text() == "2 slips made."
    assert not page.rows.isVisible()
    page.slips.save(tmp_path / "slips.pdf")
    assert (tmp_path / "slips.pdf").read_bytes().startswith(b"%PDF")
    press(Qt.Key.Key_Escape)
    assert page.rows.isVisible()
    assert not page.slips.isVisible()
    window = program.enter("student")
    window.activateWindow()
    own = window.open("record")
    assert isinstance(own, StudentPage)
    qtbot.waitUntil(lambda: own.presenter.record is not None, timeout=WAIT)
    assert own.slip_button.isVisible()
    own.tabs.setFocus()
    press("X")
    qtbot.waitUntil(lambda: own.slip_card.preview.page_count == 1, timeout=WAIT)
    look(window, "student_slip")
    press("2")
    assert not own.slip_card.isVisible()
    held = {"student_id": scene["students"][0], "kind": "fee", "reason": "Two semesters"}
    assert api.as_("accounts").post("/api/holds/", held).status == 201
    press("X")
    qtbot.waitUntil(
        lambda: "There is no slip: Fee hold: Two semesters." in own.slip_card.preview.title.text(),
        timeout=WAIT,
    )
