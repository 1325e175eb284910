"""Holds placed, changed and lifted: over the real application, and by keys at a real server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from sims_desktop.client.errors import Offline, ProblemAnswer
from sims_desktop.client.holds import HoldCalls
from sims_desktop.holds.page import HoldsPage
from sims_desktop.holds.presenter import HoldsPresenter, amount_of
from sims_desktop.shell.window import MainWindow
from tests.desktop.approvals.program import CONTROL, WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look
from tests.support.api import Api
from tests.support.signed_in import SignIn
from tests.support.university import University


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=3)


def place(api: Api, student: int, by: str = "registrar", **more: Any) -> int:
    body = {"student_id": student, "kind": "fee", "reason": "Fall 2026 unpaid", **more}
    made: int = api.as_(by).post("/api/holds/", body).json["id"]
    return made


def nobody_hears(done: int, total: int, words: str) -> None:
    """Progress that is shown to no one."""


def desk(sign_in: SignIn, username: str, student_id: int = 0) -> HoldsPresenter:
    client, user = sign_in(username)
    presenter = HoldsPresenter(HoldCalls(client), user.permissions, user.roles, student_id)
    presenter.take(presenter.load())
    return presenter


def lifted_by(api: Api, hold_id: int) -> str | None:
    by = api.as_("registrar").get(f"/api/holds/{hold_id}/").json["lifted_by"]
    return by and str(by["name"])


def test_who_may_lift_follows_from_the_kind_and_is_said_before_anybody_tries(
    api: Api, scene: dict[str, Any], sign_in: SignIn
) -> None:
    fee = place(api, scene["students"][0], amount="12400")
    place(api, scene["students"][1], kind="library", reason="Two books")
    accounts = desk(sign_in, "accounts")
    # What Today counts for them: the one kind that they lift.
    assert (accounts.kind, [hold.id for hold in accounts.holds]) == ("fee", [fee])
    accounts.kind = ""
    accounts.take(accounts.load())
    library, own = accounts.holds
    assert accounts.why_not(own) == ""
    assert accounts.why_not(library) == "A hold of the kind Library is placed and lifted by: the registrar."
    assert [one.kind for one in accounts.kinds_to_place] == ["fee"]
    for reader in ("counter", "examcell", "auditor"):
        seen = desk(sign_in, reader)
        assert len(seen.holds) == 2
        assert not seen.may_place
        assert seen.why_not(seen.holds[1]).endswith("You may only read holds.")
    registrar = desk(sign_in, "registrar")
    assert [registrar.why_not(hold) for hold in registrar.holds] == ["", ""]
    registrar.words = "CS-0002"
    registrar.take(registrar.load())
    assert [hold.student_name for hold in registrar.holds] == ["Student Number 2"]
    # The student's own desk has none of it: it stands on their record.
    _, student = sign_in("student")
    assert student.student_id == scene["students"][0]


def test_of_many_each_is_lifted_by_itself_and_what_is_refused_says_why(
    api: Api, scene: dict[str, Any], sign_in: SignIn
) -> None:
    holds = [place(api, student) for student in scene["students"]]
    accounts = desk(sign_in, "accounts")
    accounts.choose_every()
    meant = accounts.meant(None)
    assert [hold.id for hold in meant] == holds[::-1]
    api.as_("registrar").post(f"/api/holds/{holds[1]}/lift/", {"reason": "By order"})
    said = accounts.lift(meant, "Paid", nobody_hears)
    assert said == "Lifted: 2 holds. 1 were refused; see the list."
    assert accounts.refusals == {holds[1]: "It was lifted by Registrar."}
    assert [lifted_by(api, hold) for hold in holds] == ["Accounts", "Registrar", "Accounts"]
    with pytest.raises(ProblemAnswer) as alone:
        accounts.lift(meant[:1], "Paid again", nobody_hears)
    assert accounts.refused(alone.value) == "It was lifted by Accounts."
    assert "counts only once" in accounts.refused(Offline("away"))


def test_a_long_list_is_read_on_where_it_ends(
    api: Api, scene: dict[str, Any], university: University, sign_in: SignIn
) -> None:
    university.run(
        "INSERT INTO hold (student_id, kind, blocks, reason) SELECT %(student)s, 'fee', '{transcript}', "
        "'Unpaid ' || n FROM generate_series(1, 130) n",
        student=scene["students"][0],
    )
    registrar = desk(sign_in, "registrar")
    assert registrar.sentence == "The newest 100 holds · Open"
    assert registrar.next is not None
    registrar.take_more(registrar.read_on(registrar.next))
    assert registrar.sentence == "130 holds · Open"
    assert len({hold.id for hold in registrar.holds}) == 130
    assert registrar.next is None


def test_amounts_are_read_as_people_type_them() -> None:
    assert [amount_of(typed) for typed in ("", "12,400", "12400.50", "1 200,5", "1,234,567.89")] == [
        (None, False),
        ("12400", False),
        ("12400.50", False),
        ("1200.5", False),
        ("1234567.89", False),
    ]
    assert all(amount_of(typed)[1] for typed in ("-1", "1.005", "Rs 5", "1e3", "12,34,5"))


def settled(page: HoldsPage) -> Callable[[], bool]:
    return lambda: page.presenter.is_loaded and page._loading is None and page._task is None


def open_desk(qtbot: QtBot, window: MainWindow, student_id: int = 0) -> HoldsPage:
    window.activateWindow()
    page = window.open("holds", student_id)
    assert isinstance(page, HoldsPage)
    qtbot.waitUntil(settled(page), timeout=WAIT)
    return page


def test_a_hold_is_placed_changed_and_lifted_by_keys_while_another_changes_it(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api
) -> None:
    window = program.enter("accounts")
    assert [window.navigation.item(row).text() for row in range(3)] == ["Today", "Students", "Holds"]
    page = open_desk(qtbot, window)
    assert page.heading.text() == "Nothing here is held back."
    press("N", CONTROL)
    press(Qt.Key.Key_Return, CONTROL)
    assert "Say why, as the student reads it." in [one.text() for one in page.form._complaints.values()]
    assert page.finding.search.hasFocus()
    look(window, "holds_faults")
    press("CS-0002")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.reason.hasFocus(), timeout=WAIT)
    press("Tuition of autumn")
    page.amount.setFocus()
    press("12,400")
    look(window, "holds_form")
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: page.note.text() == "Placed on Student Number 2: Fee.", timeout=WAIT)
    qtbot.waitUntil(lambda: settled(page)() and page.model.rowCount() == 1, timeout=WAIT)
    hold = page.presenter.holds[0]
    assert (hold.student_id, str(hold.amount), hold.contact) == (
        scene["students"][1],
        "12400.00",
        "Accounts office",
    )
    # Two people change it.
    press("E")
    qtbot.waitUntil(lambda: page.is_entering and page.reason.hasFocus(), timeout=WAIT)
    api.as_("registrar").patch(f"/api/holds/{hold.id}/", {"amount": "9000"})
    press("Tuition and hostel")
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: "the amount is now 9,000.00" in page.form.complaint.text(), timeout=WAIT)
    assert (page.reason.text(), page.amount.text()) == ("Tuition and hostel", "9,000.00")
    look(window, "holds_meanwhile")
    qtbot.waitUntil(settled(page), timeout=WAIT)
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: page.note.text() == "Changed: Fee, Student Number 2.", timeout=WAIT)
    qtbot.waitUntil(lambda: settled(page)() and "hostel" in page.about.text(), timeout=WAIT)
    # Lifted with a reason; without one it says so and stays.
    qtbot.waitUntil(page.list.hasFocus, timeout=WAIT)
    press("L")
    press(Qt.Key.Key_Return)
    assert page.asking.complaint.text() == "Say why; it stays on record."
    press("Paid at the bank")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.note.text() == "Lifted: Fee, Student Number 2.", timeout=WAIT)
    qtbot.waitUntil(lambda: settled(page)() and not page.presenter.holds, timeout=WAIT)
    assert lifted_by(api, hold.id) == "Accounts"
    program.server.kill()
    press(Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: "Holds need the server" in page.summary.text(), timeout=WAIT)


def test_several_are_chosen_and_lifted_at_once_and_readers_are_told_who_lifts(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api
) -> None:
    holds = [place(api, student, amount="500") for student in scene["students"]]
    place(api, scene["students"][0], kind="library", reason="Two books")
    window = program.enter("registrar")
    today = window.open("today")
    qtbot.waitUntil(lambda: any(line.desk == "holds" for line in today.presenter.lines), timeout=WAIT)  # type: ignore[attr-defined]
    page = open_desk(qtbot, window)
    qtbot.waitUntil(lambda: page.model.rowCount() == 4, timeout=WAIT)
    page.kind.setCurrentIndex(page.kind.findData("fee"))
    page.kind.activated.emit(page.kind.currentIndex())
    qtbot.waitUntil(lambda: settled(page)() and page.model.rowCount() == 3, timeout=WAIT)
    page.list.setFocus()
    press(Qt.Key.Key_Space)
    press(Qt.Key.Key_Space)
    assert page.lift_button.text() == "Lift 2 chosen (L)"
    look(window, "holds_chosen")
    press("L")
    press("Scholarship")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.note.text() == "Lifted: 2 holds.", timeout=WAIT)
    qtbot.waitUntil(lambda: settled(page)() and page.model.rowCount() == 1, timeout=WAIT)
    assert [bool(lifted_by(api, hold)) for hold in holds] == [False, True, True]
    # One student's own page of holds places on that student.
    own = open_desk(qtbot, window, scene["students"][0])
    assert own.title == "Holds: Student Number 1"
    assert own.model.rowCount() == 2
    press("N", CONTROL)
    assert own.finding.isHidden()
    press(Qt.Key.Key_Escape)

    window = program.enter("counter")
    page = open_desk(qtbot, window)
    page.list.setFocus()
    press("L")
    assert page.barred.text().endswith("You may only read holds.")
    assert page.lift_button.isHidden()
    assert page.place_button.isHidden()
    look(window, "holds_reader")
