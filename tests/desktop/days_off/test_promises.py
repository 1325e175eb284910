"""Days off and kinds of request by keys at a real server, and what the counter then says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from sims_desktop.client.request_kinds import RequestKindCalls
from sims_desktop.days_off.page import DaysOffPage
from sims_desktop.kit.entries import Draft, Meanwhile
from sims_desktop.requests.kinds_page import PapersControl, RequestKindsPage
from sims_desktop.requests.presenter.applying import ApplyingPresenter
from sims_desktop.requests.presenter.kinds import RequestKindsPresenter
from sims_desktop.requests.presenter.words import date_words
from sims_server.kernel import clock
from tests.desktop.approvals.program import CONTROL, WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look
from tests.support.api import Api
from tests.support.signed_in import SignIn
from tests.support.university import University


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=1)


class Types:
    """What an applying presenter asks of the server."""

    def __init__(self, calls: RequestKindCalls) -> None:
        self._calls = calls

    def list_types(self) -> list[Any]:
        return list(self._calls.list_entries({}).results)

    def ask_for(self, body: dict[str, Any], key: str) -> Any:
        raise AssertionError(body)


def test_a_kind_of_request_is_added_met_when_somebody_else_changed_it_and_offered_no_more(
    api: Api, scene: dict[str, Any], sign_in: SignIn
) -> None:
    calls = RequestKindCalls(sign_in("registrar")[0])
    kinds = RequestKindsPresenter(calls)
    kinds.take(kinds.load())
    typed = {**kinds.proposal(), "type": "Duplicate Degree", "fee": "-1", "promised_days": "400"}
    assert kinds.check(Draft(None, typed)) is None
    assert [fault.pointer for fault in kinds.faults] == ["/title", "/fee", "/promised_days"]
    typed |= {"title": "Duplicate degree", "fee": "2500,50", "promised_days": "10"}
    typed["checklist"] = ("police report", "", " attested  CNIC ")
    draft: Draft[Any] = Draft(None, typed)
    made = kinds.save(draft, kinds.check(draft) or {})
    assert (made.type, f"{made.fee}", made.checklist) == (
        "duplicate_degree",
        "2500.50",
        ["police report", "attested CNIC"],
    )
    applying = ApplyingPresenter(Types(calls))
    applying.take_types(applying.read_types())
    assert made.promised_on is not None
    day = date_words(made.promised_on)
    assert applying.about(made.type) == (
        f"Fee 2,500.50 a copy. Promised for {day}, within 10 working days. "
        "To be brought: police report and attested CNIC."
    )
    assert kinds.effect_of(made, kinds.typed_of(made)).startswith(
        f"Asked for today it is promised for {day}; days off are passed over.\n"
    )
    # Somebody else asks for another paper while the fee is typed here.
    path = "/api/request-types/duplicate_degree/"
    api.as_("admin").patch(path, {"checklist": ["police report"], "is_offered": False})
    mine = Draft(made, {**kinds.typed_of(made), "fee": "3000"})
    with pytest.raises(Meanwhile) as other:
        kinds.save(mine, kinds.check(mine) or {})
    words = kinds.meet(mine, other.value.now)
    assert "Papers is now police report, Can be asked for is now no" in words
    changed = kinds.save(kinds.drafts[made.id], kinds.check(kinds.drafts[made.id]) or {})
    assert (f"{changed.fee}", changed.checklist, changed.is_offered) == ("3000.00", ["police report"], False)
    applying.take_types(applying.read_types())
    assert "duplicate_degree" not in applying.types
    assert applying.titles["duplicate_degree"] == "Duplicate degree"


def test_both_desks_work_by_keys(qtbot: QtBot, program: Program, api: Api, scene: dict[str, Any]) -> None:
    window = program.enter("registrar")
    window.activateWindow()
    page = window.open("days_off")
    assert isinstance(page, DaysOffPage)

    def settled(page: Any) -> bool:
        return page.presenter.is_loaded and page._loading is None and page._task is None

    qtbot.waitUntil(lambda: settled(page), timeout=WAIT)
    assert page.summary.text() == "There is none yet. Ctrl+N makes the first."
    first = clock.now().date() + timedelta(days=10)
    page.list.setFocus()
    press("N", CONTROL)
    press("Eid-ul-Fitr")
    page.controls["first_day"].setFocus()
    press(first.isoformat())
    page.controls["last_day"].setFocus()
    press((first - timedelta(days=1)).isoformat())
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: bool(page.presenter.faults) and settled(page), timeout=WAIT)
    assert page.presenter.faults[0].pointer == "/last_day"
    page.controls["last_day"].selectAll()
    press((first + timedelta(days=2)).isoformat())
    assert "are no working days." in page.effect_words.text()
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: page.note.text() == "Added: Eid-ul-Fitr." and settled(page), timeout=WAIT)
    look(window, "days_off")
    (made,) = api.as_("counter").get("/api/days-off/").json["results"]
    assert (made["first_day"], made["last_day"]) == (str(first), str(first + timedelta(days=2)))
    page.controls["last_day"].setFocus()
    page.controls["last_day"].selectAll()
    press(Qt.Key.Key_Backspace)  # a single day after all
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: page.note.text() == "Saved: Eid-ul-Fitr." and settled(page), timeout=WAIT)
    assert api.as_("counter").get("/api/days-off/").json["results"][0]["last_day"] == str(first)
    page.list.setFocus()
    press(Qt.Key.Key_Delete, CONTROL)
    press(Qt.Key.Key_Delete, CONTROL)
    qtbot.waitUntil(lambda: page.note.text() == "Deleted: Eid-ul-Fitr." and settled(page), timeout=WAIT)

    kinds = window.open("request_kinds")
    assert isinstance(kinds, RequestKindsPage)
    qtbot.waitUntil(lambda: settled(kinds) and kinds.model.rowCount() > 5, timeout=WAIT)
    assert not kinds.delete_button.isVisible()
    kinds.list.setFocus()
    kinds.choose_again({one.id for one in kinds.presenter.records if one.type == "degree"})
    papers = kinds.controls["checklist"]
    assert isinstance(papers, PapersControl)
    papers.lines.setFocus()
    press(Qt.Key.Key_End, CONTROL)
    press(Qt.Key.Key_Return)
    press("fee challan")
    look(window, "request_kinds")
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: kinds.note.text() == "Saved: Degree." and settled(kinds), timeout=WAIT)
    assert api.as_("counter").get("/api/request-types/degree/").json["checklist"][-1] == "fee challan"
