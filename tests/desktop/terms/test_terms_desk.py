"""Terms and their days changed in place: over the real application, and by keys at a real server."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from sims_desktop.client.errors import ProblemAnswer
from sims_desktop.client.terms import TermCalls
from sims_desktop.kit.entries import Draft, Meanwhile
from sims_desktop.terms.page import TermsPage
from sims_desktop.terms.presenter import TermsPresenter
from sims_shared.terms import TermView
from tests.desktop.approvals.program import CONTROL, WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look
from tests.support.api import Api
from tests.support.signed_in import SignIn
from tests.support.university import University


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=1)


def desk(sign_in: SignIn) -> TermsPresenter:
    presenter = TermsPresenter(TermCalls(sign_in("registrar")[0]))
    presenter.take(presenter.load())
    return presenter


def test_the_next_term_is_proposed_from_the_same_kind_a_year_before(
    scene: dict[str, Any], university: University, sign_in: SignIn
) -> None:
    university.term(
        "Spring 2026",
        kind="spring",
        academic_year="2025-26",
        start_date=date(2026, 2, 2),
        end_date=date(2026, 6, 12),
        enroll_until=date(2026, 2, 13),
        drop_until=None,
        withdraw_until=None,
        marks_due=date(2026, 6, 26),
    )
    terms = desk(sign_in)
    assert [term.name for term in terms.records] == ["Fall 2026", "Spring 2026"]
    typed = terms.proposal()
    assert (typed["name"], typed["kind"], typed["academic_year"]) == ("Spring 2027", "spring", "2026-27")
    # The same days of the week; a limit that there was not, there is not.
    assert (typed["start_date"], typed["enroll_until"], typed["drop_until"]) == (
        "2027-02-01",
        "2027-02-12",
        "",
    )
    draft: Draft[TermView] = Draft(None, typed)
    made = terms.save(draft, terms.check(draft) or {})
    assert terms.saved(draft, made) == "Added: Spring 2027."
    with pytest.raises(ProblemAnswer) as taken:
        terms.save(draft, terms.check(draft) or {})
    words = terms.refused(taken.value)
    assert [(one.pointer, one.detail) for one in terms.faults] == [("/name", words)]
    assert terms.check(Draft(None, {**typed, "name": " ", "start_date": "2027-2-30", "end_date": ""})) is None
    assert [one.pointer for one in terms.faults] == ["/name", "/start_date", "/end_date"]
    assert terms.marks(typed)[0].words == "Begins · Mon 1 February 2027"


def test_what_another_changed_meanwhile_is_said_and_taken_over_where_nothing_was_typed(
    api: Api, scene: dict[str, Any], sign_in: SignIn
) -> None:
    terms = desk(sign_in)
    (fall,) = terms.records
    terms.keep(fall, {**terms.typed_of(fall), "marks_due": "2027-02-01"})
    assert terms.sentence == "1 term · 1 not saved"
    theirs = {"marks_due": "2027-03-01", "recheck_until": "2027-04-01"}
    api.as_("admin").patch(f"/api/terms/{fall.id}/", theirs)
    draft = terms.drafts[fall.id]
    with pytest.raises(Meanwhile) as met:
        terms.save(draft, terms.check(draft) or {})
    assert terms.meet(draft, met.value.now) == (
        "Somebody changed it meanwhile: Marks due is now 2027-03-01, Rechecking until is now 2027-04-01. "
        "What you typed stands; Ctrl+Enter saves it."
    )
    draft = terms.drafts[fall.id]
    assert terms.check(draft) == {"marks_due": "2027-02-01"}
    assert terms.saved(draft, terms.save(draft, {"marks_due": "2027-02-01"})) == "Saved: Fall 2026."
    now = api.as_("registrar").get(f"/api/terms/{fall.id}/").json
    assert (now["marks_due"], now["recheck_until"]) == ("2027-02-01", "2027-04-01")
    assert terms.sentence == "1 term"


def test_what_is_typed_waits_in_its_form_and_survives_what_others_do(
    qtbot: QtBot, program: Program, scene: dict[str, Any], university: University, api: Api
) -> None:
    university.term("Spring 2026", kind="spring", start_date=date(2026, 2, 2), end_date=date(2026, 6, 12))
    window = program.enter("registrar")
    window.activateWindow()
    page = window.open("terms")
    assert isinstance(page, TermsPage)

    def settled() -> bool:
        return page.presenter.is_loaded and page._loading is None and page._task is None

    qtbot.waitUntil(lambda: settled() and page.model.rowCount() == 2, timeout=WAIT)
    marks, recheck = page.controls["marks_due"], page.controls["recheck_until"]
    marks.setFocus()
    marks.selectAll()
    press("2027-02-01")
    page.list.setFocus()
    press("J")
    assert page.heading.text() == "Spring 2026"
    assert marks.text() != "2027-02-01"
    press(Qt.Key.Key_F5)
    qtbot.waitUntil(settled, timeout=WAIT)
    press("K")
    assert marks.text() == "2027-02-01"
    fall = page.entry
    assert fall is not None
    theirs = {"marks_due": "2027-03-01", "recheck_until": "2027-04-01"}
    api.as_("admin").patch(f"/api/terms/{fall.id}/", theirs)
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: "Marks due is now 2027-03-01" in page.form.complaint.text(), timeout=WAIT)
    assert (marks.text(), recheck.text()) == ("2027-02-01", "2027-04-01")
    look(window, "terms_meanwhile")
    qtbot.waitUntil(settled, timeout=WAIT)
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: page.note.text() == "Saved: Fall 2026." and settled(), timeout=WAIT)
    # Another kind for a new term brings the days of that kind.
    press("N", CONTROL)
    assert page.controls["name"].text() == "Spring 2027"
    kind = page.controls["kind"]
    kind.setCurrentIndex(kind.findData("fall"))
    kind.activated.emit(kind.currentIndex())
    assert page.controls["name"].text() == "Fall 2027"
    # Deleted by somebody else: said, and what was typed stays.
    press(Qt.Key.Key_Escape)
    press("J")
    page.controls["academic_year"].setFocus()
    press("2025")
    spring = page.entry
    assert spring is not None
    api.as_("admin").delete(f"/api/terms/{spring.id}/")
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: "somebody deleted it" in page.form.complaint.text(), timeout=WAIT)
    assert page.controls["academic_year"].text().endswith("2025")


def test_days_are_changed_by_keys_and_a_term_is_closed_and_opened_with_one(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api
) -> None:
    window = program.enter("registrar")
    window.activateWindow()
    page = window.open("terms")
    assert isinstance(page, TermsPage)

    def settled() -> bool:
        return page.presenter.is_loaded and page._loading is None and page._task is None

    qtbot.waitUntil(lambda: settled() and page.entry is not None, timeout=WAIT)
    fall = page.presenter.records[0]
    line = page.controls["recheck_until"]
    line.setFocus()
    press(Qt.Key.Key_Up)
    assert line.text() == page.today.isoformat()
    press(Qt.Key.Key_PageUp)
    press(Qt.Key.Key_Down)
    wanted = page.today + timedelta(days=6)
    assert line.text() == wanted.isoformat()
    assert page.save_button.isVisible()
    assert page.model.data(page.model.index(0, 0)).startswith("● ")
    look(window, "terms_typed")
    end = page.controls["end_date"]
    end.setFocus()
    end.selectAll()
    press("2020-01-01")
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: page.form._complaints["end_date"].text() != "", timeout=WAIT)
    assert page.form._complaints["end_date"].text() == "A term ends on the day it starts or later."
    look(window, "terms_refused")
    qtbot.waitUntil(settled, timeout=WAIT)
    end.selectAll()
    press(fall.end_date.isoformat())
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: page.note.text() == "Saved: Fall 2026." and settled(), timeout=WAIT)
    read = api.as_("registrar").get(f"/api/terms/{fall.id}/").json
    assert read["recheck_until"] == wanted.isoformat()
    qtbot.waitUntil(page.list.hasFocus, timeout=WAIT)
    press("O")
    assert "From then on nobody is enrolled in it" in page.asking.question.text()
    look(window, "terms_closing")
    press(Qt.Key.Key_Escape)
    assert not page.asking.is_asking
    press("O")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(
        lambda: "Marks, results and papers go on." in page.note.text() and settled(), timeout=WAIT
    )
    assert api.as_("registrar").get(f"/api/terms/{fall.id}/").json["status"] == "closed"
    press("O")
    assert page.asking.question.text().startswith("Open Fall 2026? Students are enrolled in it again")
    press("O")
    qtbot.waitUntil(lambda: page.note.text().startswith("Fall 2026 is open") and settled(), timeout=WAIT)
    press("N", CONTROL)
    assert page.controls["name"].text() == "Fall 2027"
    look(window, "terms_new")
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: page.note.text() == "Added: Fall 2027." and settled(), timeout=WAIT)
    qtbot.waitUntil(lambda: page.entry is not None and page.entry.name == "Fall 2027", timeout=WAIT)
    press(Qt.Key.Key_Delete, CONTROL)
    press(Qt.Key.Key_Delete, CONTROL)
    qtbot.waitUntil(lambda: page.note.text() == "Deleted: Fall 2027." and settled(), timeout=WAIT)
    press(Qt.Key.Key_Delete, CONTROL)
    press(Qt.Key.Key_Delete, CONTROL)
    qtbot.waitUntil(lambda: "belong" in page.asking.complaint.text(), timeout=WAIT)
    # Without the server nothing that was typed is lost.
    program.server.kill()
    line.setFocus()
    press(Qt.Key.Key_Up)
    typed = line.text()
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: "counts only once" in page.form.complaint.text(), timeout=WAIT)
    assert line.text() == typed
    assert window.page is not None
    assert window.page.leaving() == "Terms: what you typed is not saved."
    window.ask_before_leaving = False
    press(Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: "needs the server" in page.summary.text(), timeout=WAIT)
