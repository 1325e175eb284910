"""The office's queue: without a screen over the real application, and by keys at a real server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from sims_desktop.client.errors import Offline
from sims_desktop.client.requests import RequestCalls
from sims_desktop.counter.page import CounterPage
from sims_desktop.requests.applying_page import NewRequestPage
from sims_desktop.requests.page import RequestsPage
from sims_desktop.requests.presenter.queue import Outcome, Plan, QueuePresenter
from sims_desktop.requests.presenter.words import both_words, taken_by, with_said
from sims_shared.requests import RequestView
from tests.desktop.approvals.program import CONTROL, WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look
from tests.desktop.reach import faults
from tests.support.api import Api
from tests.support.signed_in import SignIn
from tests.support.university import University

NOW = datetime.now(UTC)


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=3)


def ask(api: Api, student_id: int, type: str = "transcript", **more: Any) -> int:
    made = api.as_("counter").post("/api/requests/", {"student_id": student_id, "type": type, **more})
    assert made.status == 201, made.json
    id: int = made.json["id"]
    return id


def decide(api: Api, request_id: int, status: str = "approved", by: str = "registrar") -> None:
    moved = api.as_(by).post(f"/api/requests/{request_id}/transition/", {"status": status})
    assert moved.status == 200, moved.json


def queue(sign_in: SignIn, username: str) -> QueuePresenter:
    client, user = sign_in(username)
    presenter = QueuePresenter(RequestCalls(client), user.permissions)
    presenter.take(presenter.load())
    return presenter


def nobody_hears(done: int, total: int, words: str) -> None:
    """Progress that is shown to no one."""


def carry_out(presenter: QueuePresenter, plan: Plan | str) -> str:
    assert isinstance(plan, Plan), plan
    outcomes: list[Outcome] = []
    presenter.carry_out(plan, nobody_hears, outcomes)
    return presenter.take_outcomes(plan, outcomes, NOW)


def at(presenter: QueuePresenter, request_id: int) -> RequestView:
    found = presenter.request(request_id)
    assert found is not None
    return found


def test_what_was_chosen_is_approved_and_a_refusal_stops_nothing(
    api: Api, scene: dict[str, Any], sign_in: SignIn
) -> None:
    ids = [ask(api, student) for student in scene["students"]]
    other = ask(api, scene["students"][0], "noc", notes="For the visa")
    registrar = queue(sign_in, "registrar")
    assert registrar.sentence == "4 requests waiting for a decision"
    assert [one.id for one in registrar.requests] == [*ids, other]
    assert registrar.choose_like(at(registrar, ids[0])) == ""
    assert registrar.chosen == set(ids)
    decide(api, ids[1], "rejected", by="admin")
    plan = registrar.plan(None, approves=True)
    assert isinstance(plan, Plan)
    assert registrar.question(plan) == "Approve 3 Transcript? A approves them, Esc leaves them."
    said = carry_out(registrar, plan)
    assert said == "Approved: 2 requests. Not done: Student Number 2 \u20662024-CS-0002\u2069."
    assert registrar.refusals[ids[1]].startswith("Somebody was quicker. Rejected by Admin, ")
    # It stays in the list, as it is now, until it was read.
    registrar.take(registrar.load())
    assert [one.id for one in registrar.requests] == [ids[1], other]
    assert registrar.why_not_decide(at(registrar, ids[1])) == "It is decided already."
    assert registrar.state(at(registrar, other), NOW) == "just now"
    assert registrar.state(at(registrar, ids[1]), NOW).startswith("rejected, ")
    registrar.forget()
    assert [one.id for one in registrar.requests] == [other]
    assert registrar.plan(at(registrar, other), approves=False) == "A rejection needs a reason."
    said = carry_out(registrar, registrar.plan(at(registrar, other), approves=False, reason="Library books"))
    assert said == "Rejected: No-objection certificate, Student Number 1 \u20662024-CS-0001\u2069."
    notes = api.as_("student").get(f"/api/requests/{other}/").json["notes"]
    assert both_words(notes) == ("For the visa", "Library books")
    assert both_words(with_said("x" * 3990, "No money is due")) == ("", "No money is due")
    # The network breaks off: what was not sent stays chosen, and the same key sends it once.
    again = [ask(api, student) for student in scene["students"][:2]]
    registrar.take(registrar.load())
    registrar.choose_like(at(registrar, again[0]))
    wire, plan = registrar.calls, registrar.plan(None, approves=True)
    assert isinstance(plan, Plan)
    said = registrar.take_outcomes(plan, [Outcome(plan.requests[0], Offline("Off line"))], NOW)
    assert said == "Off line. 2 requests not decided; asked again each counts only once."
    assert registrar.chosen == set(again)
    assert wire is registrar.calls
    assert carry_out(registrar, registrar.plan(None, approves=True)) == "Approved: 2 requests."


def test_the_queue_is_read_a_page_at_a_time_and_each_office_sees_what_is_its(
    api: Api, scene: dict[str, Any], university: University, sign_in: SignIn
) -> None:
    university.run(
        "INSERT INTO request (student_id, type, requested_by) "
        "SELECT %(student)s, 'noc', NULL FROM generate_series(1, 120)",
        student=scene["students"][0],
    )
    registrar = queue(sign_in, "registrar")
    assert registrar.sentence == "100 requests waiting for a decision, and more below"
    assert registrar.loaded is not None
    after = registrar.loaded.next
    page = registrar.read_more()
    registrar.take_more(page, after)
    registrar.take_more(page, after)  # of another list than the one in sight it is no part
    assert len(registrar.requests) == 120
    registrar.take(registrar.load())
    assert len(registrar.requests) == 120  # read anew as far as the person had read
    registrar.narrow("pending", "transcript", "2024-CS-0001")
    registrar.take(registrar.load())
    assert registrar.sentence == "No request waiting for a decision for “2024-CS-0001” (Transcript)."

    admin, counter = queue(sign_in, "admin"), queue(sign_in, "counter")
    waiting = admin.requests[0]
    assert admin.handing.why_not(waiting) == "The counter hands out what is approved."
    assert counter.filter == "approved"
    assert counter.why_not_decide(waiting).startswith("The registrar decides")
    assert counter.handing.why_not(waiting).startswith("It waits for a decision")


def test_who_takes_a_paper_is_written_down_once(api: Api, scene: dict[str, Any], sign_in: SignIn) -> None:
    ids = [ask(api, student) for student in scene["students"]]
    for id in ids:
        decide(api, id)
    counter, colleague = queue(sign_in, "counter"), queue(sign_in, "registrar")
    first, second, third = counter.requests
    for typed, why in (
        ("", "Type 1, or 2"),
        ("4", "Type 1, or 2"),
        ("1 me", "Type 1, or 2"),
        ("2", "Who is the bearer?"),
        ("2 35202-1234567-1", "Who is the bearer?"),
        ("2 Ahmed Khan", "The bearer's identity number"),
        ("2 Ahmed Khan 12", "The bearer's identity number"),
        (f"2 {'A' * 199} 35202-1234567-1", "That is longer"),
    ):
        assert taken_by(typed, first)[1].startswith(why), typed
    assert taken_by("2Ahmed Khan,35202 1234567 1", first) == (
        "Ahmed Khan, 35202 1234567 1, letter of authority",
        "",
    )
    hand_out = counter.handing.hand_out
    assert hand_out(first, "1", counter.titles, NOW) == (
        "Handed out: Transcript, Student Number 1 \u20662024-CS-0001\u2069, to Student Number 1."
    )
    assert hand_out(second, "3", counter.titles, NOW).startswith("Ready: Transcript, Student Number 2")
    counter.narrow("ready", None, "")
    counter.take(counter.load())
    (ready,) = counter.requests
    assert taken_by("3", ready)[1].startswith("Type 1")
    # Of two who hand it out the second is told to whom it went.
    colleague.handing.hand_out(ready, "2 Ahmed Khan 35202-1234567-1", {}, NOW)
    by_letter = r"Handed out by .*, to Ahmed Khan, 35202-1234567-1, letter of authority\."
    with pytest.raises(Exception, match=by_letter) as refused:
        hand_out(ready, "1", counter.titles, NOW)
    told = counter.look_again(ready, refused.value)
    assert isinstance(told, RequestView)
    assert counter.keep(told, NOW).startswith("Somebody was quicker. Handed out by ")
    decide(api, third.id, "completed", by="registrar")
    with pytest.raises(Exception, match="cannot become completed"):
        hand_out(third, "1", counter.titles, NOW)


def settled(page: RequestsPage) -> bool:
    return page.presenter.loaded is not None and page._loading is None and not page.is_busy


def test_a_queue_is_worked_off_by_keys_and_a_colleague_who_was_quicker_costs_no_words(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api
) -> None:
    ids = [ask(api, student, notes="For the embassy", addressee="HEC") for student in scene["students"]]
    window = program.enter("registrar")
    window.activateWindow()
    page = window.open("requests")
    assert isinstance(page, RequestsPage)
    qtbot.waitUntil(lambda: settled(page) and page.list.hasFocus(), timeout=WAIT)
    look(window, "requests_queue")
    assert "Addressed to HEC" in page.detail.text()
    press("A")
    qtbot.waitUntil(
        lambda: page.note.text().startswith("Approved: Transcript, Student") and settled(page), timeout=WAIT
    )
    # The second is rejected; a colleague is quicker, the reason stays in its line.
    press("R")
    decide(api, ids[1], by="admin")
    press("Library books")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(
        lambda: "Somebody was quicker" in page.asking.complaint.text() and settled(page), timeout=WAIT
    )
    assert page.asking.line.text() == "Library books"
    assert page.asking.line.hasFocus()
    assert page.list.current().id == ids[1]
    assert page.detail.text().startswith("Approved by Admin, ")
    look(window, "requests_quicker")
    press(Qt.Key.Key_Escape)
    qtbot.waitUntil(page.list.hasFocus, timeout=WAIT)
    assert [one.id for one in page.model.records] == ids[2:]
    press("R")
    press(Qt.Key.Key_Return)
    assert page.asking.complaint.text() == "A rejection needs a reason."
    press("Library books")
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(
        lambda: page.note.text().startswith("Rejected: Transcript") and settled(page), timeout=WAIT
    )
    assert page.summary.text() == "No request waiting for a decision."
    press("F")
    qtbot.waitUntil(lambda: page.model.rowCount() == 2 and settled(page), timeout=WAIT)
    press(Qt.Key.Key_Return)
    assert page.asking.line.hasFocus()
    look(window, "requests_handing")
    press("2 Ahmed Khan")
    press(Qt.Key.Key_Return)
    assert page.asking.complaint.text().startswith("The bearer's identity number")
    press(" 35202-1234567-1")
    press(Qt.Key.Key_Return)
    assert page.asking.complaint.text().startswith("Is the student's letter of authority there?")
    press(Qt.Key.Key_Return)
    by_letter = "to Ahmed Khan, 35202-1234567-1, letter of authority."
    qtbot.waitUntil(lambda: page.note.text().endswith(by_letter) and settled(page), timeout=WAIT)
    assert page.model.rowCount() == 1
    # What waits is corrected; what somebody changed meanwhile is read before it is overwritten.
    page.filter.setCurrentIndex(page.filter.findData("pending"))
    page.filter.activated.emit(0)
    extra = ask(api, scene["students"][1])
    press(Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: [one.id for one in page.model.records] == [extra] and settled(page), timeout=WAIT)
    press("E")
    form = page.correction
    qtbot.waitUntil(lambda: form.copies.hasFocus(), timeout=WAIT)
    press("3")
    assert api.as_("counter").patch(f"/api/requests/{extra}/", {"addressee": "HEC"}).status == 200
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: form.complaint.text().startswith("Changed meanwhile"), timeout=WAIT)
    assert "1 copy, Addressed to HEC" in form.complaint.text()
    look(window, "requests_correcting")
    assert (form.copies.value(), form.addressee.text()) == (3, "HEC")  # what was not touched follows
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(
        lambda: page.note.text().startswith("Corrected: Student Number 2") and settled(page), timeout=WAIT
    )
    assert "3 copies\nAddressed to HEC" in page.detail.text()
    # Decided by somebody else, and the list read anew: the form and what stands in it stay.
    press("E")
    qtbot.waitUntil(lambda: form.is_open, timeout=WAIT)
    form.notes.setText("In Urdu as well")
    decide(api, extra, by="admin")
    press(Qt.Key.Key_F5)
    qtbot.waitUntil(
        lambda: page.summary.text() == "No request waiting for a decision." and settled(page), timeout=WAIT
    )
    assert form.notes.text() == "In Urdu as well"
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(
        lambda: form.complaint.text().startswith("Somebody was quicker. Approved by Admin"), timeout=WAIT
    )
    assert page.leaving() == "What you typed about a request is not sent."
    press(Qt.Key.Key_Escape)
    assert page.leaving() == ""
    page.filter.setCurrentIndex(page.filter.findData("approved"))
    page.filter.activated.emit(1)
    qtbot.waitUntil(lambda: page.model.rowCount() == 2 and settled(page), timeout=WAIT)
    # To the counter with the student of the next one, and a new request for the same student.
    press("T")
    counter = window.page
    assert isinstance(counter, CounterPage)
    qtbot.waitUntil(lambda: counter.headline.text().startswith("Student Number 2"), timeout=WAIT)
    assert "Transcript approved, not ready yet." in counter.standing.text()
    assert window.open("counter") is counter
    window.open("requests")
    press("N", CONTROL)
    new = window.page
    assert isinstance(new, NewRequestPage)
    press("2024-CS-0003")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: new.student is not None and new.form.type.hasFocus(), timeout=WAIT)
    press(Qt.Key.Key_Return)
    look(window, "requests_new")
    assert faults(new, window._around.actions) == []
    assert "Choose what is asked for" in new.form.findChild(type(new.form.complaint), "complaint_type").text()
    press("4")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.page is page and settled(page), timeout=WAIT)
    assert new.note.text().startswith("Asked for: No-objection certificate")
    program.server.kill()
    press(Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: "Requests need the server" in page.summary.text(), timeout=WAIT)
    press("C")
    press("1")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "counts only once" in page.asking.complaint.text(), timeout=WAIT)
    assert page.asking.line.text() == "1"
