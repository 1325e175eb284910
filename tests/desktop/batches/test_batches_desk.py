"""An intake enrolled: without a screen over the real application, and by keys at a real server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from sims_desktop.batches.page import BatchesPage
from sims_desktop.batches.presenter import BatchesPresenter, course_seats_words
from sims_desktop.client.batches import BatchCalls
from sims_desktop.client.errors import Offline, ProblemAnswer
from tests.desktop.approvals.program import CONTROL, WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look
from tests.support.signed_in import SignIn
from tests.support.university import University


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    """Three of an intake; the second semester has CS-201 with two seats, and CS-203 to choose."""
    scene = university.stand(students=3)
    university.run("UPDATE enrollment SET status = 'dropped', ended_at = now()")
    for code, kind, seats in (("CS-201", "core", 2), ("CS-203", "elective", 9)):
        course = university.course(scene["department"], code)
        university.insert(
            "curriculum_course",
            program_id=scene["program"],
            intake_from="2022F",
            semester=2,
            course_id=course,
            kind=kind,
        )
        scene[code] = university.section(course, scene["term"], "A", seats)
    return scene


def seated(university: University, section: int) -> int:
    found: int = university.row(
        "SELECT count(*) FROM enrollment WHERE section_id = %(id)s AND status = 'enrolled'", id=section
    )
    return found


def test_an_intake_is_planned_without_a_seat_enrolled_and_undone(
    university: University, scene: dict[str, Any], sign_in: SignIn
) -> None:
    client, user = sign_in("registrar")
    desk = BatchesPresenter(BatchCalls(client), user.permissions)
    desk.take(desk.load())
    assert desk.sentence == "No batch is waiting."
    assert desk.check(None, "24F", 2, None, "", "") is None
    assert [fault.pointer for fault in desk.faults] == ["/program_id", "/intake", "/term_id"]
    wish = desk.check(scene["program"], "2024f", 2, scene["term"], "", "cs-203, CS-999")
    assert wish is not None
    with pytest.raises(LookupError) as unknown:
        desk.plan(wish)
    assert desk.refused(unknown.value) == "There is no course CS-999."
    assert desk.faults[0].pointer == "/electives"
    wish["electives"] = ["cs-203"]
    desk.take_shown(desk.plan(wish))
    assert (len(desk.seats), len(desk.exceptions)) == (5, 1)
    assert "Nobody is enrolled yet" in desk.lead(datetime.now(UTC))
    assert [course_seats_words(course) for course in desk.courses] == ["A 2 of 2", "A 3 of 9"]
    # The last one finds no seat; who is left out makes room.
    first = next(seat for seat in desk.seats if seat.course_code == "CS-201")
    assert desk.toggle((first.student_id, first.course_id)) == ""
    assert "1 seat to be left out" in desk.lead(datetime.now(UTC))
    desk.take_shown(desk.plan_without())
    assert (len(desk.seats), len(desk.exceptions), desk.left_out) == (5, 0, set())
    assert desk.why_not_commit == ""
    desk.take_shown(desk.commit())
    assert "Carried out by Registrar" in desk.lead(datetime.now(UTC))
    assert seated(university, scene["CS-201"]) == 2
    assert desk.why_not_commit == "It is carried out."
    assert desk.toggle((1, 1)) == "Only a plan can leave seats out."
    enrollment = university.row(
        "SELECT id FROM enrollment WHERE section_id = %(id)s ORDER BY id LIMIT 1", id=scene["CS-203"]
    )
    final = university.assessment(scene["CS-203"])
    university.score(enrollment, final, "50")
    with pytest.raises(ProblemAnswer) as stands:
        desk.undo("The wrong semester")
    assert "CS-203: " in desk.refused(stands.value)
    assert seated(university, scene["CS-203"]) == 3
    # A plan that somebody else made is read, and made anew to be changed.
    other, user = sign_in("head")
    head = BatchesPresenter(BatchCalls(other), user.permissions)
    head.take(head.load())
    assert head.loaded is not None
    planned = next(one for one in head.loaded.batches if one.state == "planned")
    head.take_shown(head.calls.read(planned.id))
    assert head.toggle((1, 1)).startswith("This plan was made elsewhere")
    with pytest.raises(ProblemAnswer) as stale:
        head.commit()
    assert stale.value.code == "batches.stale"
    assert head.refused(stale.value).endswith("Ctrl+N plans anew.")
    # Planned once more, whoever needs something stands before those who sit in it already.
    desk.take_shown(desk.plan(wish))
    codes = [one.code for one in desk.exceptions]
    assert codes[0] == "enrollment.section_full"
    assert set(codes[1:]) == {"enrollment.duplicate"}
    assert "counts only once" in head.refused(Offline("away"))


def test_an_intake_is_enrolled_and_taken_out_again_by_keys(
    qtbot: QtBot, program: Program, university: University, scene: dict[str, Any]
) -> None:
    window = program.enter("registrar")
    window.activateWindow()
    page = window.open("batches")
    assert isinstance(page, BatchesPage)
    qtbot.waitUntil(lambda: page.presenter.loaded is not None and page._loading is None, timeout=WAIT)
    page.list.setFocus()
    look(window, "batches_empty")
    page.begin_for(scene["program"], 2, 2024)  # as the palette does: `enroll batch bscs-24 sem 2`
    assert (page.intake.text(), page.semester.currentData()) == ("2024F", 2)
    page.intake.clear()
    page.semester.setCurrentIndex(0)
    press("N", CONTROL)
    page.semester.setCurrentIndex(1)
    press(Qt.Key.Key_Return, CONTROL)
    look(window, "batches_faults")
    assert page.intake.hasFocus()
    press("2024f")
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: page.seats.rowCount() == 2 and page._loading is None, timeout=WAIT)
    assert page.exceptions.rowCount() == 1
    assert "Not seated: no seat 1." in page.lead.text()
    look(window, "batches_plan")
    press("2")
    press(Qt.Key.Key_Space)
    assert "1 seat to be left out" in page.lead.text()
    look(window, "batches_left_out")
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: page.exceptions.rowCount() == 0 and page._loading is None, timeout=WAIT)
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: page.note.text() == "Enrolled: 2 seats.", timeout=WAIT)
    assert seated(university, scene["CS-201"]) == 2
    look(window, "batches_done")
    press("Z", CONTROL)
    press(Qt.Key.Key_Return)
    assert page.asking.complaint.text() == "Say why it is undone."
    press("The wrong semester")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.note.text() == "Undone." and page._loading is None, timeout=WAIT)
    assert seated(university, scene["CS-201"]) == 0
    assert "Undone by Registrar" in page.lead.text()
    program.server.kill()
    press(Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: "Enrolling needs the server" in page.summary.text(), timeout=WAIT)
