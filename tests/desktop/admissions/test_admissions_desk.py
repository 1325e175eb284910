"""Applications moved on and admitted: over the real application, and by keys at a real server."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from sims_desktop.admissions.page import AdmissionsPage
from sims_desktop.admissions.presenter import AdmissionsPresenter, papers_words
from sims_desktop.client.admissions import AdmissionCalls
from sims_desktop.client.errors import Offline, ProblemAnswer
from sims_shared.admissions import ApplicantView
from tests.desktop.approvals.program import CONTROL, WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look
from tests.server.admissions.test_applicants import accept, apply
from tests.support.api import Api
from tests.support.signed_in import SignIn
from tests.support.university import University


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=1)


def nobody_hears(done: int, total: int, words: str) -> None:
    """Progress that is shown to no one."""


def test_applicants_are_entered_moved_and_admitted_all_or_nobody(
    api: Api, scene: dict[str, Any], university: University, sign_in: SignIn
) -> None:
    client, user = sign_in("registrar")
    desk = AdmissionsPresenter(AdmissionCalls(client), user.permissions)

    def applicants() -> list[ApplicantView]:
        desk.take(desk.load())
        assert desk.loaded is not None
        return sorted(desk.loaded.applicants, key=lambda one: one.id)

    assert applicants() == []
    assert desk.sentence == "No application is waiting."
    assert desk.check({"name": " ", "program_id": None, "term_id": None}) is None
    assert [fault.pointer for fault in desk.faults] == ["/name", "/program_id", "/term_id"]
    given = {"name": " Zara Ahmed ", "phone": "", "program_id": scene["program"], "term_id": scene["term"]}
    application = desk.check({**given, "documents": "Certificate, Photograph"})
    assert application is not None
    assert desk.enter(application) == "Entered: Zara Ahmed."
    (zara,) = applicants()
    assert papers_words(zara) == "0 of 2, Certificate and Photograph missing"
    assert desk.receive(zara) == "Certificate of Zara Ahmed is there."
    assert desk.why_not_admit([zara]) == "Only accepted applicants are admitted, not Zara Ahmed."
    assert (
        desk.move([zara], "accepted", "", nobody_hears)
        == "0 applicants: accepted. 1 could not move; see the list."
    )
    assert desk.outcome_words(zara)
    for status in ("shortlisted", "offered", "accepted"):
        assert desk.move(applicants(), status, "", nobody_hears).startswith("1 applicant: ")
    # A student has this identity number already: who is it?
    university.run(
        "UPDATE student SET national_id = '00000-7654321-0' WHERE id = %(id)s", id=scene["students"][0]
    )
    accept(api.as_("registrar"), scene, "Known Already", national_id="00000-7654321-0")
    both = applicants()
    assert desk.why_not_admit(both) == ""
    with pytest.raises(ProblemAnswer) as refused:
        desk.admit(both)
    assert "1 the same person, 2 another person" in desk.not_admitted(refused.value, both)
    assert "Known Already" in desk.why_not_admit(both)
    assert university.row("SELECT count(*) FROM student") == 1
    assert desk.settle(both[0], is_same=True).startswith("Nobody with this identity number")
    assert desk.settle(both[1], is_same=False) == ""
    assert desk.outcome_words(both[1]) == "another person"
    assert desk.admit(both).startswith("Admitted: 2 students, ")
    assert university.row("SELECT count(*) FROM student") == 3
    desk.filter = "admitted"
    assert all(desk.outcome_words(one) for one in applicants())
    assert "counts only once" in desk.refused(Offline("away"))


def test_a_pile_of_applications_goes_from_the_form_to_the_number_by_keys(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api, university: University
) -> None:
    for name in ("Amna Khan", "Bilal Ahmed"):
        apply(api.as_("registrar"), scene, name)
    window = program.enter("registrar")
    window.activateWindow()
    page = window.open("admissions")
    assert isinstance(page, AdmissionsPage)

    def settled() -> bool:
        return page.presenter.loaded is not None and page._loading is None and page._task is None

    qtbot.waitUntil(settled, timeout=WAIT)
    press("N", CONTROL)
    press(Qt.Key.Key_Return, CONTROL)
    assert page.fields["name"].hasFocus()
    look(window, "admissions_form")
    press("Zara Ahmed")
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: page.note.text() == "Entered: Zara Ahmed." and settled(), timeout=WAIT)
    press(Qt.Key.Key_Escape)
    qtbot.waitUntil(page.list.hasFocus, timeout=WAIT)
    press("A", CONTROL)
    for key, words in (("S", "shortlisted"), ("O", "offered a place"), ("A", "accepted")):
        press(key)
        said = f"3 applicants: {words}."
        qtbot.waitUntil(lambda said=said: page.note.text() == said and settled(), timeout=WAIT)  # type: ignore[misc]
        assert len(page.list.chosen()) == 3
    press(Qt.Key.Key_Return, CONTROL)
    assert page.question.text().startswith("3 applicants become students")
    look(window, "admissions_question")
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: page.note.text().startswith("Admitted: 3 students") and settled(), timeout=WAIT)
    assert university.row("SELECT count(*) FROM student") == 4
    assert page.summary.text() == "No application is waiting."
    page.filter.setCurrentIndex(page.filter.findData("admitted"))
    page.filter.activated.emit(page.filter.currentIndex())
    qtbot.waitUntil(lambda: page.model.rowCount() == 3 and settled(), timeout=WAIT)
    look(window, "admissions_done")
    program.server.kill()
    press(Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: "Admissions need the server" in page.summary.text(), timeout=WAIT)
